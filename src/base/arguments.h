/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel arguments as words.  A bare "--" ends them: the kernel hands all behind it to init
 * (Documentation/admin-guide/kernel-parameters.rst), so nothing there is an argument.  Pure.
 */
#ifndef VFIOBOOT_WORDS_H
#define VFIOBOOT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Cuts the next word, of any kind, off *@cursor.  Returns its length, 0 at the end. */
size_t words_next(const char **cursor, const char **ret);

/* Whether the word is one of @text's arguments. */
bool words_have(const char *text, const char *word, size_t len);

/* Puts a word behind @text of @size bytes.  Returns false when it does not fit. */
bool words_append(char *text, size_t size, const char *word, size_t len);

/* @text with the arguments @more behind its own, for free(); NULL without memory. */
char *words_add(const char *text, const char *more);

/*
 * Whether both have the same arguments, in whatever order and however often, and the same
 * for init.
 */
bool words_same(const char *a, const char *b);

#endif
