/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands print: text, lists and JSON.  Without memory the program ends, so that nobody
 * above has to look: nothing is half done then.
 */
#ifndef VFIOBOOT_UI_H
#define VFIOBOOT_UI_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* ---- text.c: text as standard output can show it */

/* Columns of the terminal; 0: standard output is none, or its width is not known. */
int terminal_columns(void);

/* Whether to print colours: on a terminal that has them, unless https://no-color.org. */
bool terminal_wants_colour(void);

/* Returns @pointer, or ends the program with a message where it is NULL, without memory. */
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

/* ---- json.c: all JSON, by json-c; valid UTF-8 whatever bytes the texts hold */

/* An object that nothing holds yet, for json_print(). */
struct json_object *json_new_top(void);

/* A new object, or array, as the member @key (NULL in an array) of @parent, which owns it. */
struct json_object *json_add_object(struct json_object *parent, const char *key);
struct json_object *json_add_array(struct json_object *parent, const char *key);

/* Add a member to an object, or with a @key of NULL to an array.  A text "" or NULL is null. */
void json_add_text(struct json_object *parent, const char *key, const char *text);
void json_add_number(struct json_object *parent, const char *key, unsigned long number);
void json_add_bool(struct json_object *parent, const char *key, bool value);
void json_add_null(struct json_object *parent, const char *key);

/* The same, and null for what is not known. */
void json_add_number_if(
	struct json_object *parent, const char *key, bool known, unsigned long number);
void json_add_bool_if(
	struct json_object *parent, const char *key, bool known, bool value);

/* The text of @top, in its memory. */
const char *json_to_text(struct json_object *top);

/* Prints that to standard output and frees @top. */
void json_print(struct json_object *top);

/* The same in one line, at once: of a program that goes on (https://jsonlines.org). */
void json_print_line(struct json_object *top);

/*
 * ---- table.c: a list for people and for programs out of one description
 *
 * libsmartcols prints it as a table or a tree, json.c as objects.  Colour, and lines cut to the
 * width, on a terminal alone.
 */

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
	/* The heading, NULL ends the list; JSON's key in lower case, with '_' for ' ' and '-'. */
	const char *name;
	unsigned flags;
	const char *help; /* for the help of a command */
};

/* A table; with @json the object that has its lines as the array @name. */
struct table *table_new(const char *name, const struct column *columns, bool json);
void table_free(struct table **table);

/*
 * Selects columns as lsblk's -o: "NAME,NAME", or with a leading '+' those besides the usual
 * ones.  Before the first line.  JSON has all, whatever is selected.  Returns 0, or -EINVAL
 * with the name in *@ret_bad, which points into @list.
 */
int table_select(struct table *table, const char *list, const char **ret_bad);

/* Adds a line, below @parent or at the top (NULL).  JSON has no tree. */
struct table_line *table_add(struct table *table, struct table_line *parent);

/* Sets a cell by its column's name; NULL and "" are empty, in JSON null.  The text is copied. */
void table_set(struct table *table, struct table_line *line, const char *column,
	const char *text);

/* The same of a number; less than 0 is empty. */
void table_set_number(
	struct table *table, struct table_line *line, const char *column, int number);

/* The object that a line is in JSON, for what is no column; NULL: it is a table. */
struct json_object *table_line_json(struct table *table, struct table_line *line);

/* Colours a line, on a terminal: an ANSI name such as "red"; see terminal-colors.d(5). */
void table_colour(struct table *table, struct table_line *line, const char *colour);

/* Prints it to standard output. */
void table_print(struct table *table);

/* The object that table_print() prints in JSON, to add to; the table's own. */
struct json_object *table_json(struct table *table);

#endif
