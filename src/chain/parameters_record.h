/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kernel parameters are ours, and where: PARAMETERS_RECORD has a line a place,
 * "FILE<TAB>WORDS", with "<TAB>TEXT" of a file that was made, the line that it had without our
 * words.  In place of a file a program is named that keeps them, PARAMETERS_LATER for entries of
 * kernels that come later, and a directory that was made, with '/' at its end.
 */
#ifndef VFIOBOOT_CHAIN_PARAMETERS_RECORD_H
#define VFIOBOOT_CHAIN_PARAMETERS_RECORD_H

#include "base/base.h"
#include "change/change.h"

#define PARAMETERS_RECORD STATE_DIRECTORY "/cmdline"
#define PARAMETERS_LATER  "*"

struct parameters_line {
	char *key, *words;
	char *made; /* the text of a file that was made; NULL: there was one */
};

struct parameters_record {
	struct parameters_line *lines;
	size_t n;
};

/*
 * Reads it into @ret, which is {0}; nothing where there is none.  0 or -errno with a message; -EBADMSG where
 * a line is none: what it was about would stay where it is, and nobody would know of it.
 */
int parameters_record_read(
	const struct root *root, struct parameters_record *ret, struct message *message);
void parameters_record_free(struct parameters_record *record);

/* The line of the place, which belongs to @record; NULL for none. */
struct parameters_line *parameters_record_find(
	const struct parameters_record *record, const char *key);

/* Adds words to the line of @key, and the line with @made if it is a new one.  0 or -ENOMEM. */
int parameters_record_add(struct parameters_record *record, const char *key,
	const char *words, const char *made);

/*
 * @text, which is in the file of @line, without its words, in *@ret for free(); NULL there where
 * nothing is left but what the file was made with.  0 or -ENOMEM.
 */
int parameters_record_strip(
	const struct parameters_line *line, const char *text, char **ret);

/* Adds the step that writes it.  Returns as change_put_text(). */
int parameters_record_put(struct change *change, const struct parameters_record *record);

#endif
