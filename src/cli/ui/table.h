/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list for people and for programs out of one description: libsmartcols prints it as a
 * table, as a tree, or as JSON.  Colour and cutting to the width only on a terminal.
 */
#ifndef VFIOBOOT_TABLE_H
#define VFIOBOOT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum column_flags {
	COLUMN_TREE = 1 << 0,    /* lines below others are drawn here */
	COLUMN_RIGHT = 1 << 1,   /* numbers */
	COLUMN_TRUNC = 1 << 2,   /* is cut first where the terminal is narrow */
	COLUMN_NUMBER = 1 << 3,  /* in JSON: a number */
	COLUMN_BOOLEAN = 1 << 4, /* "1": true, people see "yes"; "0": false */
	COLUMN_DEFAULT = 1 << 5, /* shown when nobody selects columns */
	COLUMN_JSON_ONLY =
		1 << 6,       /* in JSON always, never in the table unless selected */
	COLUMN_WRAP = 1 << 7, /* goes on below itself where the terminal is narrow */
};

struct column {
	const char
		*name; /* the header, and in -o in any case; JSON's key in lower case */
	unsigned flags;
	const char *help;
};

struct table;
struct table_line;

/*
 * Makes a table of @n columns; in JSON it is the array @name.  JSON has all columns,
 * whatever is selected, and no tree: its lines stand in the order of table_add().
 * Returns 0 with *@ret for table_free(), or -errno.
 */
int table_new(const char *name, const struct column *columns, size_t n, bool json,
	struct table **ret);
void table_free(struct table **table);

/*
 * Selects columns as lsblk's -o: "NAME,NAME", or with a leading '+' those besides the
 * default ones.  Before the first line.  Returns 0, or -EINVAL with the name in *@ret_bad,
 * which points into @list.
 */
int table_select(struct table *table, const char *list, const char **ret_bad);

/* Adds a line, below @parent or at the top (NULL).  NULL without memory. */
struct table_line *table_add(struct table *table, struct table_line *parent);

/* Sets a cell; NULL is empty, in JSON null.  The text is copied.  Returns 0 or -errno. */
int table_set(
	struct table *table, struct table_line *line, size_t column, const char *text);

/* Colours a line, on a terminal: an ANSI name such as "red"; see terminal-colors.d(5). */
void table_colour(struct table *table, struct table_line *line, const char *colour);

/* Prints it to stdout.  Returns 0, or -errno. */
int table_print(struct table *table);

#endif
