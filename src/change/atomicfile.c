/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Write beside, sync, rename, sync the directory. */
#include "atomicfile.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/base.h"

#define CHUNK    ((size_t)1 << 30) /* bytes that one call copies */
#define WAIT_MAX 200               /* milliseconds that a rename takes at most, by far */

#define ACL   "system.posix_acl_access"
#define LABEL "security.selinux"

/* A name in an open directory. */
struct place {
	int dir;
	const char *name; /* the end of the path that was opened */
};

static void close_place(struct place *place)
{
	close_fd(&place->dir);
}

#define _cleanup_place_ _cleanup_(close_place)

/* What a file is to have: a text, and in front of it what is in an open file. */
struct content {
	const char *data;
	size_t size;
	int from;      /* -1: the text; else it is behind what is in this */
	mode_t mode;   /* 0: of the old file, 0644 if there is none */
	uint64_t keep; /* bytes of it, at most */
};

/* Cuts @path into its directory, "" for the current one or the root, and the name there. */
static int split(const char *path, char **ret_dir, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	*ret_dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
	if (!*ret_dir)
		return -ENOMEM;
	return **ret_name ? 0 : -EISDIR;
}

char *atomicfile_beside(const char *path, const char *end)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *beside;

	if (asprintf(&beside, "%.*s.%s%s", (int)(name - path), path, name, end) < 0)
		return NULL;
	return beside;
}

int atomicfile_open_directory(const struct root *root, const char *path, bool make)
{
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int above = -1;
	size_t len = strlen(path);
	char *slash;
	int dir, r;

	while (len && path[len - 1] == '/')
		len--;
	dir = file_open(root, len ? path : ".", O_RDONLY | O_DIRECTORY);
	if (dir != -ENOENT || !make || !len)
		return dir;
	parent = strndup(path, len);
	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	above = atomicfile_open_directory(root, slash ? parent : "", true);
	r = above < 0 ? above : 0;
	if (r == 0 && mkdirat(above, slash ? slash + 1 : parent, 0755) < 0 &&
		errno != EEXIST)
		r = -errno;
	return r < 0 ? r : file_open(root, path, O_RDONLY | O_DIRECTORY);
}

static int open_place(
	const struct root *root, const char *path, bool make, struct place *ret)
{
	_cleanup_free_ char *parent = NULL;
	int r = split(path, &parent, &ret->name);

	if (r == 0)
		ret->dir = atomicfile_open_directory(root, parent, make);
	return r < 0 ? r : ret->dir < 0 ? ret->dir : 0;
}

/* File systems that can't sync a directory need not. */
static void sync_directory(const struct place *place)
{
	if (fsync(place->dir) < 0)
		syncfs(place->dir);
}

/* Whether the name is a regular file, or nothing yet. */
static int check_regular(const struct place *place, bool must_be)
{
	struct stat st;

	if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && !must_be ? 0 : -errno;
	return S_ISREG(st.st_mode) ? 0 : -ENOTSUP;
}

/* ---- attributes ------------------------------------------------------------------------ */

static void copy_xattr(int from, int to, const char *name)
{
	char value[4096];
	ssize_t n = fgetxattr(from, name, value, sizeof(value));

	if (n > 0)
		fsetxattr(to, name, value, (size_t)n, 0);
}

/* What is made of the content, or means another content. */
static const char *const of_content[] = {
	"security.ima", "security.evm", "security.capability"};

/* As far as this process may and the file system can. */
static void copy_xattrs(int from, int to)
{
	char names[4096];
	ssize_t n = flistxattr(from, names, sizeof(names));

	/* The new one may have got one from its directory. */
	fremovexattr(to, ACL);
	for (const char *name = names; n > 0 && name < names + n;
		name += strlen(name) + 1)
		if (!text_is_one_of(name, of_content, ARRAY_SIZE(of_content)))
			copy_xattr(from, to, name);
	/* Not every file system lists them. */
	copy_xattr(from, to, LABEL);
}

/* Gives the open file @to the owner, the mode and the extended attributes of @from. */
static int copy_attributes(int from, int to)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	/* FAT has neither. */
	if (fchown(to, st.st_uid, st.st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(to, st.st_mode & 07777) < 0 && errno != EPERM)
		return -errno;
	copy_xattrs(from, to);
	return 0;
}

/* ---- the temporary file ---------------------------------------------------------------- */

/*
 * Makes the temporary file, or opens the one that is there: it always has the same name, so that
 * none is left for ever.  *@ret_private: nobody else can have the file, or its lock; on FAT
 * that is so for what was made right now alone.
 */
static int make_or_open(const struct place *place, struct stat *ret, bool *ret_private)
{
	const int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	_cleanup_close_ int fd =
		openat(place->dir, place->name, flags | O_CREAT | O_EXCL, 0600);
	bool made = fd >= 0;

	if (!made && errno == EEXIST)
		fd = openat(place->dir, place->name, flags);
	if (fd < 0 || fstat(fd, ret) < 0)
		return -errno;
	*ret_private = made ||
		(S_ISREG(ret->st_mode) && ret->st_uid == geteuid() &&
			ret->st_nlink == 1 && !(ret->st_mode & 077));
	return TAKE_FD(fd);
}

/* Takes the lock, if the name still is the file then.  Returns 1, 0 if not, or -errno. */
static int lock_if_there(const struct place *place, int fd, const struct stat *own)
{
	struct stat there;

	if (flock(fd, LOCK_EX) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fstatat(place->dir, place->name, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
		there.st_dev != own->st_dev || there.st_ino != own->st_ino)
		return 0; /* whoever had it has renamed it */
	return ftruncate(fd, 0) < 0 ? -errno : 1;
}

/*
 * Opens the temporary file, empty, when nobody else writes it any more.  The lock is on the file,
 * which nobody else may open: a directory can be locked by anybody who may read it.
 */
static int open_temporary(const struct place *place, int *ret)
{
	for (unsigned tries = 0;; tries++) {
		bool private = false;
		struct stat own;
		_cleanup_close_ int fd = make_or_open(place, &own, &private);
		int r;

		if (fd == -ENOENT && tries < WAIT_MAX)
			continue; /* it was renamed between two looks at it */
		if (fd < 0)
			return fd;
		if (private) {
			r = lock_if_there(place, fd, &own);
			if (r > 0)
				*ret = TAKE_FD(fd);
			if (r != 0)
				return r < 0 ? r : 0;
		} else if (tries < WAIT_MAX) {
			usleep(1000); /* about to be renamed, or left like that */
		} else if (unlinkat(place->dir, place->name, 0) < 0 && errno != ENOENT) {
			return -errno;
		}
	}
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Shares the bytes where the file system can, and copies them where it cannot, or there are two. */
static ssize_t copy_some(int from, off_t *at, int to, size_t size)
{
	ssize_t n = copy_file_range(from, at, to, NULL, size, 0);

	return n > 0 ? n : sendfile(to, from, at, size);
}

static int copy_bytes(int from, int to, uint64_t size)
{
	off_t at = 0;
	ssize_t n = 1;

	while (n > 0 && size) {
		n = copy_some(from, &at, to, size < CHUNK ? (size_t)size : CHUNK);
		size -= n > 0 ? (uint64_t)n : 0;
	}
	return n < 0 ? -errno : 0;
}

/* The attributes of what is written again, of the file that is replaced, or of a new one. */
static int set_attributes(
	const struct place *place, const struct content *content, int fd)
{
	_cleanup_close_ int old = content->from >= 0
		? dup(content->from)
		: openat(place->dir, place->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (old >= 0)
		r = copy_attributes(old, fd);
	else if (errno != ENOENT)
		r = -errno;
	if (r == 0 && (content->mode || old < 0) &&
		fchmod(fd, content->mode ? content->mode : 0644) < 0)
		r = -errno;
	if (r == 0 && content->from >= 0 && fstat(old, &st) == 0)
		futimens(fd, (struct timespec[]){st.st_atim, st.st_mtim});
	return r;
}

static int fill(const struct place *place, const struct content *content, int fd)
{
	int r = content->from >= 0 ? copy_bytes(content->from, fd, content->keep) : 0;

	r = r < 0 ? r : write_all(fd, content->data, content->size);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	/* Last: with the new mode it is about to be renamed, for others. */
	return r < 0 ? r : set_attributes(place, content, fd);
}

static int write_place(const struct place *place, const struct content *content)
{
	_cleanup_free_ char *name = atomicfile_beside(place->name, ATOMICFILE_TEMPORARY);
	struct place temporary = {place->dir, name};
	_cleanup_close_ int fd = -1;
	int r = check_regular(place, false);

	if (r < 0 || !name)
		return r < 0 ? r : -ENOMEM;
	r = open_temporary(&temporary, &fd);
	if (r < 0)
		return r;
	r = fill(place, content, fd);
	if (r == 0 && renameat(place->dir, name, place->dir, place->name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(place->dir, name, 0);
		return r;
	}
	fsync(fd);
	sync_directory(place);
	return 0;
}

/* ---- the public functions -------------------------------------------------------------- */

int atomicfile_write(const char *path, const char *data, size_t size)
{
	const struct content content = {data, size, -1, 0, 0};
	_cleanup_place_ struct place place = {.dir = -1};
	_cleanup_free_ char *parent = NULL;
	int r = split(path, &parent, &place.name);

	if (r < 0)
		return r;
	place.dir = open(*parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place.dir < 0 ? -errno : write_place(&place, &content);
}

static int write_below(
	const struct root *root, const char *path, const struct content *content)
{
	_cleanup_place_ struct place place = {.dir = -1};
	int r = open_place(root, path, true, &place);

	return r < 0 ? r : write_place(&place, content);
}

int atomicfile_write_below(
	const struct root *root, const char *path, const char *data, size_t size)
{
	return write_below(root, path, &(struct content){data, size, -1, 0, 0});
}

int atomicfile_write_mode_below(const struct root *root, const char *path,
	const char *data, size_t size, mode_t mode)
{
	return write_below(root, path, &(struct content){data, size, -1, mode, 0});
}

int atomicfile_restore(const struct root *root, const char *path, int from)
{
	return write_below(
		root, path, &(struct content){.from = from, .keep = UINT64_MAX});
}

int atomicfile_remove_below(const struct root *root, const char *path)
{
	_cleanup_place_ struct place place = {.dir = -1};
	_cleanup_free_ char *temporary = NULL;
	int r = open_place(root, path, false, &place);

	if (r < 0)
		return r;
	r = check_regular(&place, true);
	if (r == 0 && unlinkat(place.dir, place.name, 0) < 0)
		r = -errno;
	temporary = atomicfile_beside(place.name, ATOMICFILE_TEMPORARY);
	if (temporary)
		unlinkat(place.dir, temporary, 0); /* of a process that was killed */
	if (r == 0)
		sync_directory(&place);
	return r;
}

int atomicfile_copy(const struct root *root, const char *from, const char *to)
{
	_cleanup_close_ int fd = file_open(root, from, O_RDONLY);

	return fd < 0 ? fd : atomicfile_restore(root, to, fd);
}

int atomicfile_extend(const struct root *root, const char *from, uint64_t keep,
	const char *data, size_t size, const char *to)
{
	_cleanup_close_ int fd = file_open(root, from, O_RDONLY);

	return fd < 0 ? fd
		      : write_below(root, to, &(struct content){data, size, fd, 0, keep});
}

int atomicfile_keep(const struct root *root, const char *path, const char *kept)
{
	_cleanup_place_ struct place old = {.dir = -1}, new = {.dir = -1};
	int r = open_place(root, path, false, &old);

	r = r < 0 ? r : open_place(root, kept, false, &new);
	if (r < 0)
		return r;
	if (unlinkat(new.dir, new.name, 0) < 0 && errno != ENOENT)
		return -errno;
	if (linkat(old.dir, old.name, new.dir, new.name, 0) == 0) {
		sync_directory(&new);
		return 0;
	}
	return errno == ENOENT ? -errno : atomicfile_copy(root, path, kept);
}

static int rename_over(const struct place *from, const struct place *to)
{
	if (renameat(from->dir, from->name, to->dir, to->name) < 0)
		return -errno;
	sync_directory(to);
	return 0;
}

int atomicfile_put_back(const struct root *root, const char *kept, const char *path)
{
	_cleanup_place_ struct place from = {.dir = -1}, to = {.dir = -1};
	struct stat old, now;
	int r = open_place(root, kept, false, &from);

	r = r < 0 ? r : open_place(root, path, false, &to);
	if (r < 0)
		return r;
	if (fstatat(from.dir, from.name, &old, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* Of two names of one file rename(2) would leave both. */
	if (fstatat(to.dir, to.name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		old.st_dev == now.st_dev && old.st_ino == now.st_ino)
		return atomicfile_clear(root, kept);
	return rename_over(&from, &to);
}

int atomicfile_sync(const struct root *root, const char *path)
{
	_cleanup_place_ struct place place = {.dir = -1};
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY);
	int r = fd < 0 ? fd : open_place(root, path, false, &place);

	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		sync_directory(&place);
	return r;
}

int atomicfile_replace(const struct root *root, const char *from, const char *to)
{
	_cleanup_place_ struct place made = {.dir = -1}, place = {.dir = -1};
	_cleanup_close_ int fd = file_open(root, from, O_RDONLY), old = -1;
	int r = fd < 0 ? fd : open_place(root, from, false, &made);

	r = r < 0 ? r : open_place(root, to, false, &place);
	if (r < 0)
		return r;
	old = openat(place.dir, place.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (old >= 0)
		copy_xattr(old, fd, LABEL);
	return fsync(fd) < 0 ? -errno : rename_over(&made, &place);
}

int atomicfile_clear(const struct root *root, const char *path)
{
	_cleanup_place_ struct place place = {.dir = -1};
	int r = open_place(root, path, false, &place);

	if (r == 0 && unlinkat(place.dir, place.name, 0) < 0)
		r = -errno;
	if (r == 0)
		sync_directory(&place);
	return r == -ENOENT ? 0 : r;
}

int atomicfile_remove_directory(const struct root *root, const char *path)
{
	_cleanup_place_ struct place place = {.dir = -1};
	int r = open_place(root, path, false, &place);

	return r == 0 && unlinkat(place.dir, place.name, AT_REMOVEDIR) < 0 ? -errno : r;
}

/* A copy of a link, or of a file. */
static int copy_any(const struct root *root, const char *from, const char *to,
	const struct place *place)
{
	char target[PATH_MAX];
	int r = file_read_link(root, from, target, sizeof(target));

	if (r < 0)
		return r == -EINVAL ? atomicfile_copy(root, from, to) : r;
	if (symlinkat(target, place->dir, place->name) < 0)
		return -errno;
	sync_directory(place);
	return 0;
}

int atomicfile_move(const struct root *root, const char *from, const char *to)
{
	_cleanup_place_ struct place old = {.dir = -1}, new = {.dir = -1};
	struct stat st;
	int r = open_place(root, from, false, &old);

	r = r < 0 ? r : open_place(root, to, true, &new);
	if (r < 0)
		return r;
	if (fstatat(new.dir, new.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	r = rename_over(&old, &new);
	if (r == 0)
		sync_directory(&old);
	if (r != -EXDEV)
		return r;
	r = copy_any(root, from, to, &new);
	return r < 0 ? r : atomicfile_clear(root, from);
}
