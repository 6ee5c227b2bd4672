/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text as standard output can show it: the width and colours of a terminal, and no byte that a
 * terminal or a parser of JSON would stumble over.
 */
#ifndef VFIOBOOT_UI_TEXT_H
#define VFIOBOOT_UI_TEXT_H

#include <stdbool.h>

/* Columns of the terminal; 0: standard output is none, or its width is not known. */
int terminal_columns(void);

/* Whether to print colours: on a terminal that has them, unless https://no-color.org. */
bool terminal_wants_colour(void);

/*
 * Returns @pointer, or ends the program with a message where it is NULL, without memory.  What
 * is printed is not checked for memory anywhere else, as nothing is half done then.
 */
void *or_no_memory(void *pointer);

/*
 * A copy of @text for free(), in which each byte that is not part of a valid UTF-8 character
 * (RFC 3629) is replaced by U+FFFD: for JSON.
 */
char *text_to_utf8(const char *text);

/* The same for a terminal: control characters other than '\n' are replaced, too, and all by '?'. */
char *text_to_printable(const char *text);

/* "." for a sentence that needs one at its end, else "". */
const char *full_stop(const char *sentence);

#endif
