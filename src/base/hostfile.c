/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files whose size nobody knows, below a root directory. */
#include "hostfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util.h"

#define FILE_MAX ((size_t)16 << 20)

bool hostfile_exists(const struct sysfs_root *root, const char *format, ...)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	fd = sysfs_root_open_file(root, path, O_PATH);
	return fd >= 0;
}

int hostfile_read(
	const struct sysfs_root *root, const char *path, char **ret, size_t *ret_size)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = 0;

	/* A pipe in the place of a file is not waited for. */
	fd = sysfs_root_open_file(root, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n;

		if (size + 1 >= room) {
			char *more =
				room < FILE_MAX ? realloc(text, room * 2 + 4096) : NULL;

			if (!more)
				return room < FILE_MAX ? -ENOMEM : -EFBIG;
			text = more;
			room = room * 2 + 4096;
		}
		n = read(fd, text + size, room - size - 1);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
	}
	text[size] = '\0';
	if (ret_size)
		*ret_size = size;
	*ret = TAKE_PTR(text);
	return 0;
}

int hostfile_add_name(struct hostfile_names *names, const char *name)
{
	char **more;

	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->names[i], name) == 0)
			return 0;
	more = realloc(names->names, (names->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->names = more;
	more[names->n] = strdup(name);
	if (!more[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

void hostfile_free_names(struct hostfile_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct hostfile_names){0};
}

struct listing {
	struct hostfile_names *names;
	int error;
};

static bool list_name(void *data, const char *name)
{
	struct listing *listing = data;

	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		listing->error = hostfile_add_name(listing->names, name);
	return listing->error == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

int hostfile_list(
	const struct sysfs_root *root, const char *directory, struct hostfile_names *ret)
{
	struct hostfile_names names = {0};
	struct listing listing = {&names, 0};
	int r = sysfs_root_each_name(root, directory, list_name, &listing);

	r = r == 0 ? listing.error : r;
	if (r < 0 && r != -ENOENT) {
		hostfile_free_names(&names);
		return r;
	}
	if (names.n)
		qsort(names.names, names.n, sizeof(*names.names), compare_names);
	*ret = names;
	return 0;
}

const char *hostfile_find_value(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *value = NULL;

	while (text) {
		text += strspn(text, " \t");
		if (strncmp(text, key, len) == 0 && text[len] == '=')
			value = text + len + 1;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return value;
}

char *hostfile_value(const char *text, const char *key)
{
	const char *value = hostfile_find_value(text, key);

	if (!value)
		return NULL;
	if (*value == '\'' || *value == '"') {
		char quote[] = {*value, '\n', '\0'};

		return strndup(value + 1, strcspn(value + 1, quote));
	}
	return strndup(value, strcspn(value, " \t\r\n#"));
}
