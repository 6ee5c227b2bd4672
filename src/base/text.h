/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts put together within a bound, for lines that are written once a function. */
#ifndef VFIOBOOT_TEXT_H
#define VFIOBOOT_TEXT_H

#include <stddef.h>

/*
 * Writes the texts that follow, up to a NULL, one behind the other into @dst of @size bytes,
 * with a NUL.  What does not fit is cut.  Returns the length of what was written.
 */
size_t text_join(char *dst, size_t size, ...) __attribute__((sentinel));

/* Makes '?' of what would break a line, or upset a terminal: control characters. */
void text_make_printable(char *text);

#endif
