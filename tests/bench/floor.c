/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor of the benchmark: for the slots named by path on the command line ("00:04.0/00")
 * it walks from bridge to bridge by directory as vfioboot-early does, and then, for each
 * function found, does nothing but read modalias, write driver_override and read the link
 * driver.  No configuration, no checks, no report.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEVICES   "/sys/bus/pci/devices/"
#define NAME_SIZE 64

/* The kernel's struct linux_dirent64. */
struct kernel_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static void handle_function(const char *address)
{
	char name[NAME_SIZE], text[256];
	int fd;

	snprintf(name, sizeof(name), DEVICES "%s/modalias", address);
	fd = open(name, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
		exit(1);
	close(fd);
	snprintf(name, sizeof(name), DEVICES "%s/driver_override", address);
	fd = open(name, O_WRONLY);
	if (fd < 0 || write(fd, "vfio-pci\n", 9) != 9)
		exit(1);
	close(fd);
	snprintf(name, sizeof(name), DEVICES "%s/driver", address);
	if (readlink(name, text, sizeof(text)) <= 0)
		exit(1);
}

/* Whether @name is an address whose end, behind its bus, begins with @devfn. */
static int is_at(const char *name, const char *devfn, size_t len)
{
	const char *colon = strrchr(name, ':');

	return colon && colon - name >= 7 && strncmp(colon + 1, devfn, len) == 0;
}

/* The functions below the bridge @at with the device or function @devfn, into @ret. */
static int find_below(
	const char *at, const char *devfn, size_t len, char ret[8][NAME_SIZE])
{
	static char buffer[8192] __attribute__((aligned(8)));
	char dir[NAME_SIZE];
	int n = 0, fd;
	long got;

	snprintf(dir, sizeof(dir), DEVICES "%s", at);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		exit(1);
	while ((got = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long i = 0; i < got;) {
			const struct kernel_dirent *entry = (const void *)(buffer + i);

			i += entry->reclen;
			if (n < 8 && is_at(entry->name, devfn, len))
				snprintf(ret[n++], NAME_SIZE, "%.31s", entry->name);
		}
	}
	close(fd);
	return n;
}

static void handle_path(const char *path)
{
	char found[8][NAME_SIZE] = {""};
	size_t len = strcspn(path, "/");
	int n = 1;

	snprintf(found[0], NAME_SIZE, "0000:%.*s", (int)len, path);
	for (path += len; *path; path += len) {
		path++;
		len = strcspn(path, "/");
		n = find_below(found[0], path, len, found);
		if (!n)
			exit(1);
	}
	for (int i = 0; i < n; i++)
		handle_function(found[i]);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		handle_path(argv[i]);
	return 0;
}
