/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows by printing into it: what a person has to do by hand. */
#ifndef VFIOBOOT_SHEET_H
#define VFIOBOOT_SHEET_H

#include <stdbool.h>
#include <stdio.h>

struct sheet {
	FILE *out; /* to print into */
	char *text;
	size_t size;
};

/* Begins one; false without memory. */
bool sheet_open(struct sheet *sheet);

/* Ends it.  Returns the text, for free(), or NULL without memory. */
char *sheet_take(struct sheet *sheet);

#endif
