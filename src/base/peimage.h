/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images: programs of UEFI in PE format, with kernel, initramfs and command line
 * in sections of their own (https://uapi-group.org/specifications/specs/unified_kernel_image).
 */
#ifndef VFIOBOOT_PEIMAGE_H
#define VFIOBOOT_PEIMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define PEIMAGE_SECTIONS_MAX 64

struct pe_section {
	char name[9];
	uint32_t offset, size; /* of what it holds, in the file */
};

struct pe_image {
	struct pe_section sections[PEIMAGE_SECTIONS_MAX];
	unsigned n;
	bool is_signed; /* for Secure Boot */
};

/* Reads the headers of the open file.  Returns 0; -EBADMSG for what is no PE image; or -errno. */
int pe_read(int fd, struct pe_image *ret);

/*
 * The section of the name, the first of several: those behind belong to other profiles.  NULL
 * for none.
 */
const struct pe_section *pe_find(const struct pe_image *image, const char *name);

/*
 * The section that counts in profile @profile: its own, or the one of all profiles, which stand
 * before the first ".profile".  NULL for none, and where there is no such profile.
 */
const struct pe_section *pe_find_of_profile(
	const struct pe_image *image, const char *name, unsigned profile);

/* Leaves out the sections that do not count in profile @profile: all, where there is none. */
void pe_keep_profile(struct pe_image *image, unsigned profile);

/*
 * Reads a section as text, up to its first NUL, for free().  Returns 0; -ENOENT when there is
 * none; -EFBIG for more than 64 KiB; or another -errno.
 */
int pe_read_text(int fd, const struct pe_image *image, const char *name, char **ret);

/* Copies a section into the open file @out.  Returns 0 or -errno. */
int pe_copy(int fd, const struct pe_section *section, int out);

#endif
