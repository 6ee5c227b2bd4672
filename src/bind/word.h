/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of the files in /run/vfioboot: any text without a blank in it.  "-" is nothing; blanks,
 * control characters and the backslash are written as in /proc/mounts, "\040".
 */
#ifndef VFIOBOOT_BIND_WORD_H
#define VFIOBOOT_BIND_WORD_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the word of a text of up to @n bytes, its NUL included. */
#define WORD_SIZE(n) (4 * (n))

/* Writes the word of a text; what does not fit is cut.  Returns its length. */
size_t word_format(const char *text, char *ret, size_t size);

/* Reads the word at *@text, and moves *@text behind it.  False: it is none, or does not fit. */
bool word_take(const char **text, char *ret, size_t size);

#endif
