/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in an initramfs image: cpio archives (format "newc"), each compressed or not, such as
 * microcode and then what a generator made, padded with zeros.  See the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst.  In a unified kernel image
 * sections of a PE file hold it (peimage.h).
 */
#ifndef VFIOBOOT_IMAGEFILE_H
#define VFIOBOOT_IMAGEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "file.h"
#include "message.h"

/*
 * The first name in the archive that apply puts behind an image (chain/segment.h), and in no other.  The
 * file says which version of vfioboot did so.
 */
#define IMAGEFILE_SEGMENT "usr/lib/vfioboot/segment"

#define IMAGEFILE_KEEP_MAX ((size_t)16 << 20) /* bytes of a file whose content is kept */

struct imagefile_entry {
	char *path; /* without a '/' or "./" at its beginning */
	mode_t mode;
	uint64_t size;
	char *data;     /* with a NUL behind it: of a link its target; NULL: not kept */
	uint64_t inode; /* for files of several names: only one of them has the content */
	size_t order;
	bool appended; /* only in the last archive, which begins with IMAGEFILE_SEGMENT */
};

/* Sorted by path; of two with the same path the later one counts, and is alone here. */
struct imagefile {
	struct imagefile_entry *entries;
	size_t n;
	/*
	 * Bytes of the file, or of a unified image's section .initrd, in front of where another archive
	 * can be put: its end, or the beginning of the last archive if that begins with
	 * IMAGEFILE_SEGMENT.  0: the kernel would not find one.
	 */
	uint64_t end;
	bool has_segment; /* such an archive is there */
	bool is_unified; /* it is in a unified kernel image, of which the first profile counts */
};

/*
 * Reads an image from the open file @fd, once.  The content of links, and
 * of files that @keep wants, is kept.  Returns 0 with *@ret for imagefile_free(); -EBADMSG
 * for what is no image or a broken one; or another -errno.
 */
int imagefile_read(int fd, bool (*keep)(const void *data, const char *path),
	const void *data, struct imagefile *ret, struct message *message);

/* The same for the image at @path; @keep NULL: no content is kept but that of links. */
int imagefile_open(const struct root *root, const char *path,
	bool (*keep)(const void *data, const char *path), const void *data,
	struct imagefile *ret, struct message *message);

/* Whether the file is an image that can be read from its beginning to its end. */
bool imagefile_is_whole(const struct root *root, const char *path);

void imagefile_free(struct imagefile *image);

/*
 * What the kernel unpacks of several images that a boot loader gives it one behind the other: of
 * files with one path that of the last.  Returns 0 with *@ret, which points into @images: of it
 * only ->entries is for free(); or -ENOMEM.
 */
int imagefile_join(
	const struct imagefile *const *images, size_t n, struct imagefile *ret);

/*
 * Whether there is nothing in it but what the kernel takes before it unpacks anything: microcode
 * and ACPI tables (Documentation/arch/x86/microcode.rst, admin-guide/acpi/initrd_table_override.rst).
 */
bool imagefile_is_early(const struct imagefile *image);

/* The entry of a path, or NULL. */
const struct imagefile_entry *imagefile_find(
	const struct imagefile *image, const char *path);

/* The first entry whose path begins with @prefix, or NULL; others follow it. */
const struct imagefile_entry *imagefile_find_below(
	const struct imagefile *image, const char *prefix);

#endif
