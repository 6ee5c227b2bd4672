/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of a unified kernel image, by how they come into another one: out of the first by
 * an option of ukify(1), or made by ukify itself.  What is neither would be lost.  Pure.
 */
#ifndef VFIOBOOT_UKIPARTS_H
#define VFIOBOOT_UKIPARTS_H

#include "chain/peimage.h"

#define UKIPARTS_N 6

/* A section that is copied; @file is how it is called on the way. */
struct ukipart {
	const char *section, *option, *file;
};

extern const struct ukipart ukiparts[UKIPARTS_N];

struct ukiparts {
	bool has[UKIPARTS_N]; /* which of them are copied */
	char unknown[9]; /* a section that would be lost, such as ".hwids"; "": none */
};

/* Sorts the sections of @image.  Those of the stub, which are before them, do not count. */
void ukiparts_read(const struct pe_image *image, struct ukiparts *ret);

#endif
