/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes initramfs images in memory, such as generators make them: cpio archives in the
 * format "newc", some of them compressed.  Any error ends the process.
 */
#ifndef VFIOBOOT_TESTS_IMAGEMAKER_H
#define VFIOBOOT_TESTS_IMAGEMAKER_H

#include <stddef.h>
#include <sys/types.h>

/* Begins as {0}. */
struct imagemaker {
	char *bytes;
	size_t size;
	size_t archive;        /* where the archive begins that is being made */
	unsigned inode, nlink; /* of what is added next; 0: as it comes */
};

void imagemaker_add(struct imagemaker *maker, const char *path, mode_t mode,
	const void *data, size_t size);

/* A plain file with a text, and a link. */
void imagemaker_add_text(struct imagemaker *maker, const char *path, const char *text);
void imagemaker_add_link(struct imagemaker *maker, const char *path, const char *target);

/* Ends the archive, and pads it with zeros; the next one begins then. */
void imagemaker_end(struct imagemaker *maker);

/* Zeros between archives. */
void imagemaker_add_zeros(struct imagemaker *maker, size_t n);

/* Zeros up to where the kernel looks for the next archive that is not compressed. */
void imagemaker_align(struct imagemaker *maker);

/*
 * Ends the archive, compressed in the way that libarchive calls @filter, such as "zstd"; "lz4" is
 * the old format.
 */
void imagemaker_end_compressed(struct imagemaker *maker, const char *filter);

/* A section of a unified kernel image. */
struct imagemaker_section {
	const char *name;
	const void *data;
	size_t size;
};

/* Makes a PE file, as far as its headers go, of up to eight sections. */
void imagemaker_unify(
	struct imagemaker *maker, const struct imagemaker_section *sections, size_t n);

void imagemaker_free(struct imagemaker *maker);

#endif
