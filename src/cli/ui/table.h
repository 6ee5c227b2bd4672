/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list for people and for programs out of one description: libsmartcols prints it as a table
 * or a tree, json.h as objects.  Colour, and lines cut to the width, on a terminal alone.
 * Without memory the program ends (text.h).
 */
#ifndef VFIOBOOT_TABLE_H
#define VFIOBOOT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct table;
struct table_line;

enum column_flags {
	COLUMN_TREE = 1 << 0,    /* lines below others are drawn here */
	COLUMN_RIGHT = 1 << 1,   /* numbers */
	COLUMN_TRUNC = 1 << 2,   /* is cut first where the terminal is narrow */
	COLUMN_WRAP = 1 << 3,    /* continues below itself where the terminal is narrow */
	COLUMN_NUMBER = 1 << 4,  /* in JSON: a number */
	COLUMN_BOOLEAN = 1 << 5, /* "1": true, people see "yes"; "0": false */
	COLUMN_EXTRA =
		1 << 6, /* in JSON, and in the table where table_select() asks for it */
	COLUMN_TEXT = 1 << 7, /* in the table only */
};

struct column {
	const char *
		name; /* the heading; JSON's key in lower case, with '_' for ' ' and '-' */
	unsigned flags;
};

/* A table of @n columns; with @json the object that has its lines as the array @name. */
struct table *table_new(
	const char *name, const struct column *columns, size_t n, bool json);

/* One whose lines are added to @array at once, for whoever prints that. */
struct table *table_new_in(
	struct json_object *array, const struct column *columns, size_t n);

void table_free(struct table **table);

/*
 * Selects columns as lsblk's -o: "NAME,NAME", or with a leading '+' those besides the usual
 * ones.  Before the first line.  JSON has all, whatever is selected.  Returns 0, or -EINVAL
 * with the name in *@ret_bad, which points into @list.
 */
int table_select(struct table *table, const char *list, const char **ret_bad);

/* Adds a line, below @parent or at the top (NULL).  JSON has no tree. */
struct table_line *table_add(struct table *table, struct table_line *parent);

/* Sets a cell; NULL and "" are empty, in JSON null.  The text is copied. */
void table_set(
	struct table *table, struct table_line *line, size_t column, const char *text);

/* Colours a line, on a terminal: an ANSI name such as "red"; see terminal-colors.d(5). */
void table_colour(struct table *table, struct table_line *line, const char *colour);

/* Prints it to standard output. */
void table_print(struct table *table);

#endif
