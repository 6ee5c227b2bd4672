/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds up, a directory at a time; an image is about as large as what it is made of. */
#include "ukiroom.h"

#include <errno.h>
#include <fcntl.h>

#include "base/base.h"
#include "change/change.h"

#define MORE 65536 /* bytes that a new image may be larger: another stub, a signature */

/* All in bytes. */
struct sum {
	uint64_t made, replaced, deleted;
	uint64_t largest; /* normal image */
};

static bool is_in(const struct uki *image, const char *directory)
{
	return strcmp(image->directory, directory) == 0;
}

static void add_step(
	const struct ukiplan *plan, const struct ukiplan_step *step, struct sum *sum)
{
	const struct uki *old = step->image;

	if (step->kind == UKIPLAN_DELETE) {
		sum->deleted += old->size;
		return;
	}
	sum->made += step->image->size + MORE;
	if (step->kind == UKIPLAN_COPY)
		old = uki_find_copy(&plan->images, step->image, step->entry);
	sum->replaced += old ? old->size : 0;
}

static struct sum add_up(const struct ukiplan *plan, const char *directory)
{
	struct sum sum = {0};

	for (size_t i = 0; i < plan->n; i++)
		if (is_in(plan->steps[i].image, directory))
			add_step(plan, &plan->steps[i], &sum);
	for (size_t i = 0; i < plan->images.n; i++) {
		const struct uki *image = &plan->images.images[i];

		if (is_in(image, directory) && !image->id[0] && image->size > sum.largest)
			sum.largest = image->size;
	}
	return sum;
}

static int check_directory(const struct sysfs_root *root, const struct sum *sum,
	const char *directory, bool deletes, struct bootmenu_change *change)
{
	_cleanup_close_ int fd =
		sysfs_root_open_file(root, directory, O_RDONLY | O_DIRECTORY);
	uint64_t needed = sum->made, after = sum->made + sum->largest;
	struct diskroom room;

	if (!sum->made)
		return 0;
	if (fd < 0 || diskroom_read(fd, &room) < 0)
		return bootmenu_fail(
			change, "cannot tell how much room %s has", directory);
	if (root->live && room.read_only)
		return bootmenu_fail(
			change, "%s is mounted read-only: mount it writable", directory);
	after -= sum->replaced < after ? sum->replaced : after;
	needed = after > needed ? after : needed;
	room.available += deletes ? sum->deleted : 0;
	if (room.available >= needed)
		return 0;
	return bootmenu_fail(change,
		"%s has %lu MiB free, and the images of the entries need %lu MiB, with room "
		"left for that of the next kernel: remove kernels that are not used any "
		"more, or make the partition larger",
		directory, diskroom_mebibytes(room.available),
		diskroom_mebibytes(needed));
}

int ukiroom_check(const struct sysfs_root *root, const struct ukiplan *plan, bool deletes,
	struct bootmenu_change *change)
{
	int r = 0;

	/* Images of one directory stand together. */
	for (size_t i = 0; r == 0 && i < plan->images.n; i++) {
		const char *directory = plan->images.images[i].directory;
		struct sum sum;

		if (i && is_in(&plan->images.images[i - 1], directory))
			continue;
		sum = add_up(plan, directory);
		r = check_directory(root, &sum, directory, deletes, change);
	}
	return r;
}
