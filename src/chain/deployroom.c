/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether there is room for the images that are made, and who else is making some. */
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/base.h"
#include "change/change.h"
#include "deploy.h"
#include "facts/facts.h"

#define UNKNOWN ((uint64_t)96 << 20) /* bytes of an image whose like is not there */
#define LOCK    "lock"

/* A file system that gets images. */
struct place {
	struct diskroom room;
	char directory[PATH_MAX]; /* below the root */
	uint64_t needed;
};

struct places {
	struct place list[16];
	size_t n;
};

/* The directory of an image that is to be made, opened. */
static int open_directory(const struct deploy *deploy, const char *path, char *ret)
{
	const char *slash = strrchr(path, '/');
	size_t len = (size_t)(slash - path);

	if (!copy_text(ret, PATH_MAX, path, len ? len : 1))
		return -ENAMETOOLONG;
	return sysfs_root_open_file(deploy->root, ret, O_RDONLY | O_DIRECTORY);
}

static struct place *find_place(struct places *places, int fd, const char *directory)
{
	struct diskroom room;
	struct place *place;

	if (diskroom_read(fd, &room) < 0)
		return NULL;
	for (size_t i = 0; i < places->n; i++)
		if (places->list[i].room.device == room.device)
			return &places->list[i];
	if (places->n == ARRAY_SIZE(places->list))
		return NULL;
	place = &places->list[places->n++];
	*place = (struct place){.room = room};
	strcpy(place->directory, directory);
	return place;
}

static uint64_t size_of(const struct deploy *deploy, const char *path)
{
	_cleanup_close_ int fd = sysfs_root_open_file(deploy->root, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size
								: 0;
}

/* What an image will need, a quarter more than the one that there is. */
static uint64_t size_needed(const struct deploy *deploy, const char *path)
{
	uint64_t size = size_of(deploy, path);

	for (size_t i = 0; !size && i < deploy->images->n; i++)
		size = size_of(deploy, deploy->images->images[i].path);
	return size ? size + size / 4 : UNKNOWN;
}

static bool makes_image(const struct deploy_step *step)
{
	return step->kind == DEPLOY_BUILD || step->kind == DEPLOY_COPY;
}

static void add_step(const struct deploy *deploy, const struct deploy_step *step,
	struct places *places)
{
	bool made = makes_image(step);
	char directory[PATH_MAX];
	_cleanup_close_ int fd = -1;
	struct place *place;

	if (!made && step->kind != DEPLOY_KEEP)
		return;
	fd = open_directory(deploy, made ? step->other : step->path, directory);
	place = fd < 0 ? NULL : find_place(places, fd, directory);
	if (!place)
		return; /* the step will tell what is wrong with it */
	if (made)
		place->needed += size_needed(deploy, step->path);
	else if (place->room.fat)
		place->needed += size_of(deploy, step->path);
}

static int judge_place(const struct place *place, char *why, size_t size)
{
	if (place->room.read_only) {
		snprintf(why, size, "%s is mounted read-only: mount it writable",
			place->directory);
		return -EROFS;
	}
	if (place->room.available >= place->needed)
		return 0;
	snprintf(why, size,
		"%s has %lu MiB free, and the old images and the new ones need %lu MiB more "
		"for a while: remove kernels that are not used any more",
		place->directory, diskroom_mebibytes(place->room.available),
		diskroom_mebibytes(place->needed));
	return -ENOSPC;
}

/*
 * What the machine does not mount by itself is mounted by hand: an image that is made below the
 * empty place is one that nobody boots.
 */
static int check_mounted(const struct deploy *deploy, char *why, size_t size)
{
	_cleanup_(mounts_unref) struct libmnt_table *asked = NULL, *mounts = NULL;

	if (mounts_read_fstab(deploy->root, &asked) < 0 ||
		mounts_read(deploy->root, &mounts) < 0)
		return 0;
	for (size_t i = 0; i < deploy->n; i++) {
		struct libmnt_fs *fs = makes_image(&deploy->steps[i])
			? mounts_find_holder(asked, deploy->steps[i].other)
			: NULL;
		const char *target = fs ? mnt_fs_get_target(fs) : "/";

		if (strcmp(target, "/") == 0 || mounts_find(mounts, target))
			continue;
		snprintf(why, size,
			"%s is in /etc/fstab and not mounted, and images belong there: "
			"mount it",
			target);
		return -ENODEV;
	}
	return 0;
}

int deploy_check_room(const struct deploy *deploy, char *why, size_t size)
{
	struct places places = {.n = 0};
	int r = check_mounted(deploy, why, size);

	for (size_t i = 0; i < deploy->n; i++)
		add_step(deploy, &deploy->steps[i], &places);
	for (size_t i = 0; r == 0 && i < places.n; i++)
		r = judge_place(&places.list[i], why, size);
	return r;
}

int deploy_lock(const struct sysfs_root *root)
{
	_cleanup_close_ int dir = atomicfile_open_directory(root, RUN_DIRECTORY, true);
	int fd;

	if (dir < 0)
		return dir;
	/*
	 * Not closed at exec: as long as a generator runs whose vfioboot was killed, nobody
	 * else may start.  Nor open to others, who could keep the lock from us.
	 */
	fd = openat(dir, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = errno == EWOULDBLOCK ? -EBUSY : -errno;

		close(fd);
		return r;
	}
	return 0;
}
