/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes as the kernel prints them, and interfaces in sysfs. */
#include "network.h"

#include <limits.h>
#include <net/if.h>
#include <sys/stat.h>

#include "base/base.h"

/* include/uapi/linux/route.h, whose header does not go together with that of libc */
#define FLAG_UP     0x0001
#define FLAG_REJECT 0x0200

#define LOOPBACK "lo"

static bool is_usable(unsigned flags, const char *interface)
{
	return flags & FLAG_UP && !(flags & FLAG_REJECT) &&
		strcmp(interface, LOOPBACK) != 0;
}

/* "Iface Destination Gateway Flags RefCnt Use Metric Mask ...": the head is no route. */
static bool parse_route4(const char *line, char *interface)
{
	unsigned destination, flags, mask;

	return sscanf(line, "%15s %8x %*x %x %*d %*u %*d %8x", interface, &destination,
		       &flags, &mask) == 4 &&
		!destination && !mask && is_usable(flags, interface);
}

/* "destination length source length gateway metric references uses flags interface" */
static bool parse_route6(const char *line, char *interface)
{
	unsigned length, flags;
	char destination[33];

	return sscanf(line, "%32s %2x %*s %*x %*s %*x %*x %*x %8x %15s", destination,
		       &length, &flags, interface) == 4 &&
		!destination[strspn(destination, "0")] && !length &&
		is_usable(flags, interface);
}

static int add_routes(const struct root *root, const char *path,
	bool (*parse)(const char *line, char *interface), struct file_names *ret)
{
	_cleanup_free_ char *line = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	size_t size = 0;
	int r = file_open_stream(root, path, &file);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (r == 0 && getline(&line, &size, file) > 0) {
		char interface[IF_NAMESIZE];

		if (parse(line, interface))
			r = file_add_name(ret, interface);
	}
	return r == 0 && ferror(file) ? -EIO : r;
}

int network_add_default(const struct root *root, struct file_names *ret)
{
	int r = add_routes(root, TREE_ROUTE, parse_route4, ret);

	return r < 0 ? r : add_routes(root, TREE_ROUTE6, parse_route6, ret);
}

static bool is_up(const struct root *root, const char *interface)
{
	char path[PATH_MAX], text[32];
	unsigned flags;

	snprintf(path, sizeof(path), TREE_NET "/%s/operstate", interface);
	if (file_read_line(root, path, text, sizeof(text)) == 0 &&
		strcmp(text, "unknown") != 0)
		return strcmp(text, "up") == 0;
	snprintf(path, sizeof(path), TREE_NET "/%s/flags", interface);
	return file_read_line(root, path, text, sizeof(text)) == 0 &&
		sscanf(text, "%x", &flags) == 1 && flags & IFF_UP;
}

int network_add_up(const struct root *root, struct file_names *ret)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r = file_open_directory(root, TREE_NET, &dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (r == 0 && (name = file_next_name(dir)))
		if (strcmp(name, LOOPBACK) != 0 && is_up(root, name))
			r = file_add_name(ret, name);
	return r;
}

/* Adds the interfaces that the one at the sysfs directory @real is made of. */
static int add_lower(
	const struct root *root, const char *real, struct file_names *interfaces)
{
	static const char prefix[] = "lower_";
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r = file_open_directory(root, real, &dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (r == 0 && (name = file_next_name(dir)))
		if (strncmp(name, prefix, strlen(prefix)) == 0)
			r = file_add_name(interfaces, name + strlen(prefix));
	return r;
}

/* One step: to functions, or to the interfaces below.  Returns whether it led on. */
static int follow(const struct root *root, const char *interface,
	struct file_names *interfaces, struct backing *backing)
{
	_cleanup_free_ char *real = NULL;
	size_t before = interfaces->n;
	char link[PATH_MAX];
	int r;

	snprintf(link, sizeof(link), TREE_NET "/%s", interface);
	r = file_resolve(root, link, &real);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = backing_add_functions(root, real, backing);
	if (r != 0)
		return r;
	r = add_lower(root, real, interfaces);
	/* What is no virtual device is on a bus other than PCI. */
	return r < 0 ? r : interfaces->n > before || !strstr(real, "/virtual/");
}

int network_add_functions(const struct root *root, const char *interface, bool needed,
	struct backing *backing)
{
	_cleanup_(file_free_names) struct file_names interfaces = {0};
	int r = file_add_name(&interfaces, interface);

	for (size_t i = 0; r >= 0 && i < interfaces.n; i++) {
		r = follow(root, interfaces.names[i], &interfaces, backing);
		/* Ports of a bridge, such as the guests' own, may lead nowhere. */
		if (r == 0 && i == 0 && needed)
			backing->network = true;
	}
	return r < 0 ? r : 0;
}

unsigned network_count_elsewhere(const struct root *root, const char *directory)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	struct stat status;
	unsigned listed = 2; /* with "." and ".." */

	if (file_open_directory(root, directory, &dir) < 0 ||
		fstat(dirfd(dir), &status) < 0)
		return 0;
	while ((entry = readdir(dir)))
		listed += entry->d_type == DT_DIR && entry->d_name[0] != '.';
	if (listed == 2 && status.st_nlink <= 2)
		return 1; /* a copy of sysfs, whose links are others */
	return status.st_nlink > listed ? (unsigned)status.st_nlink - listed : 0;
}
