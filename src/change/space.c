/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether there is room for a list of steps: what it writes, for each file system. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/base.h"
#include "change.h"

#define FAT_MAGIC 0x4d44 /* MSDOS_SUPER_MAGIC of linux/magic.h */

/* A file system that gets files, by one of its mounts: another may be read-only. */
struct place {
	dev_t device;
	uint64_t available; /* bytes */
	bool read_only;
	bool fat;           /* which has no second names */
	const char *path;   /* of the file with which it is fullest, of which the first */
	int len;            /* bytes are its directory, for people */
	int64_t used, most; /* bytes more than now: at a step, and the most so far */
};

struct places {
	struct place *list;
	size_t n;
};

static void free_places(struct places *places)
{
	free(places->list);
}

/* Reads how much room the file system has that the open file is on.  0 or -errno. */
static int read_room(int fd, struct place *ret)
{
	struct statvfs fs;
	struct statfs kind;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0 || fstatfs(fd, &kind) < 0)
		return -errno;
	ret->device = st.st_dev;
	ret->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	ret->read_only = fs.f_flag & ST_RDONLY;
	ret->fat = kind.f_type == FAT_MAGIC;
	return 0;
}

/* In MiB, a begun one as a whole one. */
static unsigned long mebibytes(uint64_t bytes)
{
	return (unsigned long)((bytes + (1 << 20) - 1) >> 20);
}

/* Bytes of the path that are its directory. */
static int directory_length(const char *path)
{
	int len = (int)(strrchr(path, '/') - path);

	return len ? len : 1;
}

/* The place of a file.  NULL when it can't be seen: the step will say what is wrong. */
static struct place *find_place(
	const struct change *change, struct places *places, const char *path)
{
	struct place place = {.path = path, .len = directory_length(path)}, *added;
	_cleanup_free_ char *directory = strndup(path, (size_t)place.len);
	_cleanup_close_ int fd = -1;

	fd = directory ? file_open(change->root, directory, O_RDONLY | O_DIRECTORY) : -1;
	if (fd < 0 || read_room(fd, &place) < 0)
		return NULL;
	for (size_t i = 0; i < places->n; i++)
		if (places->list[i].device == place.device &&
			places->list[i].read_only == place.read_only)
			return &places->list[i];
	added = LIST_ADD(places->list, places->n);
	if (added)
		*added = place;
	return added;
}

/* What goes when the name goes: nothing of a file with another name. */
static int64_t size_of(const struct change *change, const char *path)
{
	_cleanup_close_ int fd = file_open(change->root, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1
		? st.st_size
		: 0;
}

/* Whether a step before it keeps the file. */
static bool is_kept(
	const struct change *change, const struct change_step *before, const char *path)
{
	for (const struct change_step *step = change->steps; step < before; step++)
		if (step->kind == &change_keep && strcmp(step->path, path) == 0)
			return true;
	return false;
}

/* The name that the step gives to something, or takes from it; NULL for none. */
static const char *name_of(const struct change_step *step)
{
	static const struct change_kind *const to_other[] = {&change_move, &change_keep,
		&change_copy, &change_extend, &change_replace, &change_put_back};

	for (size_t i = 0; i < ARRAY_SIZE(to_other); i++)
		if (step->kind == to_other[i])
			return step->other;
	return step->path;
}

static void add_step(const struct change *change, const struct change_step *step,
	struct places *places)
{
	const char *name = name_of(step);
	struct place *place = name ? find_place(change, places, name) : NULL;

	if (!place)
		return;
	if (step->kind == &change_keep && place->fat)
		place->used += size_of(change, step->path);
	else if (step->kind == &change_replace && !is_kept(change, step, name))
		place->used -= size_of(change, name);
	else if (step->kind == &change_delete || step->kind == &change_clear)
		place->used -= size_of(change, name);
	else
		place->used += (int64_t)step->room;
	if (place->used <= place->most)
		return;
	place->most = place->used;
	place->path = name;
	place->len = directory_length(name);
}

static int judge_place(
	const struct change *change, const struct place *place, struct message *message)
{
	if (place->read_only && change->root->live) {
		message_remedy(message, "mount it writable");
		return message_set(message, -EROFS, "%.*s is mounted read-only",
			place->len, place->path);
	}
	if ((int64_t)place->available >= place->most)
		return 0;
	message_remedy(message,
		"remove kernels that are no longer used, or enlarge the file system");
	return message_set(message, -ENOSPC,
		"%.*s has %lu MiB free, but the new files need %lu MiB beside the old ones",
		place->len, place->path, mebibytes(place->available),
		mebibytes((uint64_t)place->most));
}

int change_check(const struct change *change, struct message *message)
{
	_cleanup_(free_places) struct places places = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < change->n; i++) {
		const struct change_step *step = &change->steps[i];

		if (step->kind->refuse)
			r = step->kind->refuse(change, step, message);
		add_step(change, step, &places);
	}
	for (size_t i = 0; r == 0 && i < places.n; i++)
		r = judge_place(change, &places.list[i], message);
	return r;
}
