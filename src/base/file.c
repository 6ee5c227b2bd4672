/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, reads and lists files below a root directory, and never beside it. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "text.h"
#include "tree.h"
#include "util.h"

#define FILE_MAX ((size_t)16 << 20)

int file_read_own_link(const char *link, char *ret, size_t size)
{
	ssize_t n = readlink(link, ret, size);

	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	ret[n] = '\0';
	return 0;
}

int file_read_own_path(int fd, char *ret, size_t size)
{
	char link[32];

	snprintf(link, sizeof(link), TREE_OWN_FD, fd);
	return file_read_own_link(link, ret, size);
}

void root_close(struct root *root)
{
	close_fd(&root->fd);
	root->fd = -1;
}

int root_open(const char *dir, struct root *ret)
{
	bool live = strcmp(dir, "/") == 0;
	/* musl's open() sets O_CLOEXEC by a second call, for kernels that were before it. */
	_cleanup_close_ int fd = openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ret->path[0] = '\0';
	if (!live && file_read_own_path(fd, ret->path, sizeof(ret->path)) < 0)
		return -ENAMETOOLONG;
	ret->is_bridge = false;
	/* However it is written. */
	ret->live = live || strcmp(ret->path, "/") == 0;
	ret->fd = TAKE_FD(fd);
	return 0;
}

/*
 * Whether the open file lies below the root.  The links of another machine's tree could
 * lead out of it, and writing through one would change this machine.
 */
static bool is_confined(const struct root *root, int fd)
{
	char target[sizeof(root->path)];
	size_t len = strlen(root->path);

	return file_read_own_path(fd, target, sizeof(target)) == 0 &&
		strncmp(target, root->path, len) == 0 && target[len] == '/';
}

/* The kernel's struct open_how and one of its flags (include/uapi/linux/openat2.h). */
struct kernel_open_how {
	uint64_t flags, mode, resolve;
};

#define KERNEL_RESOLVE_IN_ROOT 0x10

/*
 * Without openat2(2), which Linux has since 5.6 and a sandbox may forbid, relative links are followed
 * alone: an absolute one leads to a file of this machine.
 */
static int open_checked(const struct root *root, const char *path, int flags)
{
	_cleanup_close_ int there = -1;
	char link[32];
	int fd;

	/* Looked at before it is opened: opening a device or a pipe may do something. */
	there = openat(root->fd, path, O_PATH | (flags & O_NOFOLLOW) | O_CLOEXEC);
	if (there < 0)
		return -errno;
	if (!is_confined(root, there))
		return -ENOENT; /* what is elsewhere is not there */
	if (flags & O_PATH)
		return TAKE_FD(there);
	snprintf(link, sizeof(link), TREE_OWN_FD, there);
	fd = open(link, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Opens a file of another machine's tree, whose links start at its own root. */
static int open_confined(const struct root *root, const char *path, int flags)
{
	struct kernel_open_how how = {.resolve = KERNEL_RESOLVE_IN_ROOT};
	int fd, tries = 100;

	/* A pipe in the place of a file is not waited for. */
	if (!(flags & O_PATH))
		flags |= O_NONBLOCK;
	how.flags = (uint64_t)flags | O_CLOEXEC;
	/* While somebody mounts or renames, ".." cannot be followed safely. */
	do
		fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN && --tries);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_checked(root, path, flags);
	return fd < 0 ? -errno : fd;
}

int file_open(const struct root *root, const char *path, int flags)
{
	int fd;

	path += strspn(path, "/");
	if (!root->live)
		return open_confined(root, path, flags);
	fd = openat(root->fd, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool root_is_initramfs(const struct root *root)
{
	static const char *const marks[] = {
		"/etc/initrd-release",     /* dracut with systemd, mkinitcpio */
		"/conf/initramfs.conf",    /* initramfs-tools */
		"/usr/lib/initrd-release", /* dracut without systemd */
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		_cleanup_close_ int fd = file_open(root, marks[i], O_PATH);

		if (fd >= 0)
			return true;
	}
	return false;
}

bool file_exists(const struct root *root, const char *format, ...)
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
	fd = file_open(root, path, O_PATH);
	return fd >= 0;
}

/* ---- Reading */

ssize_t file_read_fixed(
	const struct root *root, const char *path, char *buffer, size_t size)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY);
	size_t len = 0;

	if (fd < 0)
		return fd;
	while (len < size - 1) {
		ssize_t n = read(fd, buffer + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buffer[len] = '\0';
	return len < size - 1 ? (ssize_t)len : -EFBIG;
}

__attribute__((noinline)) static void take_long_text(
	const struct root *root, const char *path, file_take *take, void *data)
{
	char text[FILE_TAKE_MAX];

	take(data, path, text, file_read_fixed(root, path, text, sizeof(text)));
}

void file_take_text(
	const struct root *root, const char *path, file_take *take, void *data)
{
	char text[FILE_TAKE_SHORT];
	ssize_t n = file_read_fixed(root, path, text, sizeof(text));

	if (n == -EFBIG)
		take_long_text(root, path, take, data);
	else
		take(data, path, text, n);
}

int file_read_line(const struct root *root, const char *path, char *ret, size_t size)
{
	ssize_t n = file_read_fixed(root, path, ret, size);

	if (n < 0)
		return (int)n;
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

int file_each_line(const struct root *root, const char *path,
	bool (*found)(void *data, const char *line), void *data)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY);
	char text[1024];
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0 || len) {
		char *line = text, *newline;

		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
		while ((newline = strchr(line, '\n'))) {
			*newline = '\0';
			if (!found(data, line))
				return 0;
			line = newline + 1;
		}
		len -= (size_t)(line - text);
		/* The end of the file, or a line that does not fit. */
		if (len && (n <= 0 || len == sizeof(text) - 1)) {
			if (!found(data, line))
				return 0;
			len = 0;
		}
		memmove(text, line, len);
	}
	return n < 0 ? -errno : 0;
}

int file_read(const struct root *root, const char *path, char **ret, size_t *ret_size)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = 0;

	/* A pipe in the place of a file is not waited for. */
	fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
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

char *file_read_value(const struct root *root, const char *path, const char *key)
{
	_cleanup_free_ char *text = NULL;

	return file_read(root, path, &text, NULL) == 0 ? text_value(text, key) : NULL;
}

int file_read_link(const struct root *root, const char *path, char *ret, size_t size)
{
	_cleanup_close_ int fd = -1;
	bool confined;
	ssize_t n;

	path += strspn(path, "/");
	/* On the way to a single name no other link is followed. */
	confined = !root->live && strchr(path, '/');
	if (confined) {
		fd = open_confined(root, path, O_PATH | O_NOFOLLOW);
		if (fd < 0)
			return fd;
		path = "";
	}
	n = readlinkat(confined ? fd : root->fd, path, ret, size);
	/* An empty name of what is no link is ENOENT. */
	if (n < 0)
		return confined ? -EINVAL : -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	ret[n] = '\0';
	return 0;
}

bool file_is_link(const struct root *root, const char *path)
{
	char target[1];
	int r = file_read_link(root, path, target, sizeof(target));

	return r == 0 || r == -ENAMETOOLONG;
}

int file_resolve(const struct root *root, const char *path, char **ret)
{
	_cleanup_close_ int fd = file_open(root, path, O_PATH);
	size_t len = strlen(root->path);
	char real[PATH_MAX];
	int r = fd < 0 ? fd : file_read_own_path(fd, real, sizeof(real));

	if (r < 0)
		return r;
	*ret = strdup(real + len + strspn(real + len, "/"));
	return *ret ? 0 : -ENOMEM;
}

/* ---- Directories */

/* The kernel's struct linux_dirent64 (include/linux/dirent.h). */
struct kernel_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/*
 * Reads with getdents64 itself: opendir() would take its buffer from the heap.  A directory that is
 * not there costs no page of the stack.
 */
__attribute__((noinline)) int file_each_entry(
	int fd, bool (*found)(void *data, const char *name), void *data)
{
	char buffer[4096] __attribute__((aligned(8)));
	long n;

	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			const struct kernel_dirent *entry = (const void *)(buffer + at);

			at += entry->reclen;
			if (!found(data, entry->name))
				return 0;
		}
	}
	return n < 0 ? -errno : 0;
}

int file_each_name(const struct root *root, const char *dir,
	bool (*found)(void *data, const char *name), void *data)
{
	_cleanup_close_ int fd = file_open(root, dir, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? fd : file_each_entry(fd, found, data);
}

int file_stat(const struct root *root, const char *path, struct stat *ret)
{
	_cleanup_close_ int fd = file_open(root, path, O_PATH);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

int file_open_stream(const struct root *root, const char *path, FILE **ret)
{
	int fd = file_open(root, path, O_RDONLY), r;

	if (fd < 0)
		return fd;
	*ret = fdopen(fd, "r");
	if (*ret)
		return 0;
	r = -errno;
	close(fd);
	return r;
}

void file_close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

int file_open_directory(const struct root *root, const char *path, DIR **ret)
{
	int fd = file_open(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		int r = -errno;

		close(fd);
		return r;
	}
	*ret = dir;
	return 0;
}

const char *file_next_name(DIR *dir)
{
	struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry ? entry->d_name : NULL;
}

void file_close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int file_append_name(struct file_names *names, const char *name)
{
	_cleanup_free_ char *copy = strdup(name);
	char **added = copy ? LIST_ADD(names->names, names->n) : NULL;

	if (added)
		*added = TAKE_PTR(copy);
	return added ? 0 : -ENOMEM;
}

bool file_has_name(const struct file_names *names, const char *name)
{
	return text_is_one_of(name, (const char *const *)names->names, names->n);
}

int file_add_name(struct file_names *names, const char *name)
{
	return file_has_name(names, name) ? 0 : file_append_name(names, name);
}

int file_add_directory(struct file_names *names, const char *path)
{
	_cleanup_free_ char *directory =
		strndup(path, (size_t)(strrchr(path, '/') - path));

	return directory ? file_add_name(names, directory) : -ENOMEM;
}

void file_free_names(struct file_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct file_names){0};
}

struct listing {
	struct file_names *names;
	int error;
};

static bool list_name(void *data, const char *name)
{
	struct listing *listing = data;

	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		listing->error = file_append_name(listing->names, name);
	return listing->error == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

void file_sort_names(struct file_names *names)
{
	if (names->n)
		qsort(names->names, names->n, sizeof(*names->names), compare_names);
}

int file_list(const struct root *root, const char *directory, struct file_names *ret)
{
	struct file_names names = {0};
	struct listing listing = {&names, 0};
	int r = file_each_name(root, directory, list_name, &listing);

	r = r == 0 ? listing.error : r;
	if (r < 0 && r != -ENOENT) {
		file_free_names(&names);
		return r;
	}
	file_sort_names(&names);
	*ret = names;
	return 0;
}

int file_list_paths(const struct root *root, const char *directory, const char *pattern,
	int flags, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(root, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (fnmatch(pattern, names.names[i], flags) != 0)
			continue;
		if (asprintf(&path, "%s/%s", directory, names.names[i]) < 0)
			return -ENOMEM;
		r = file_append_name(ret, path);
	}
	return r;
}

static int compare_dropins(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;

	return strcmp(strrchr(*one, '/'), strrchr(*other, '/'));
}

/* Adds the files of one directory, but for names that were @seen before. */
static int add_dropins(const struct root *root, const char *directory,
	struct file_names *seen, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = file_list_paths(root, directory, "*.conf", 0, &paths);

	/* Whoever reads them goes on without it, too. */
	r = r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		size_t before = seen->n;

		r = file_add_name(seen, strrchr(paths.names[i], '/'));
		if (r == 0 && seen->n > before)
			r = file_add_name(ret, paths.names[i]);
	}
	return r;
}

int file_list_dropins(const struct root *root, const char *const *directories, size_t n,
	const char *kind, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names seen = {0}, paths = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		char directory[PATH_MAX];

		text_join(directory, sizeof(directory), directories[i], "/", kind, NULL);
		r = add_dropins(root, directory, &seen, &paths);
	}
	if (r < 0)
		return r;
	if (paths.n)
		qsort(paths.names, paths.n, sizeof(*paths.names), compare_dropins);
	*ret = TAKE_STRUCT(paths);
	return 0;
}
