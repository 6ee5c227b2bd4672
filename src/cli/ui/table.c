/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our columns in libsmartcols' terms; what it leaves to the caller is decided here. */
#include "table.h"

#include <ctype.h>
#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <strings.h>

#include "base/base.h"
#include "terminal.h"

/* Narrower columns are not worth words that are whole. */
#define WRAP_MIN 8

struct table {
	const struct column *columns;
	size_t n;
	size_t *shown; /* indexes of columns, in the order of printing */
	size_t n_shown;
	struct libscols_column **cells; /* by index of column; NULL: not shown */
	struct libscols_table *scols;
	bool json, begun;
};

static void show(struct table *table, size_t column)
{
	for (size_t i = 0; i < table->n_shown; i++)
		if (table->shown[i] == column)
			return;
	table->shown[table->n_shown++] = column;
}

static void show_default(struct table *table)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->json ||
			(table->columns[i].flags & (COLUMN_DEFAULT | COLUMN_JSON_ONLY)) ==
				COLUMN_DEFAULT)
			show(table, i);
}

/* A key of JSON is lower case, and a word in jq. */
static void make_key(char *name)
{
	for (; *name; name++)
		*name = isalnum((unsigned char)*name)
			? (char)tolower((unsigned char)*name)
			: '_';
}

static int json_type(unsigned flags)
{
	if (flags & COLUMN_NUMBER)
		return SCOLS_JSON_NUMBER;
	return flags & COLUMN_BOOLEAN ? SCOLS_JSON_BOOLEAN_OPTIONAL : SCOLS_JSON_STRING;
}

/* In JSON without the tree: libsmartcols would put the lines below others into these. */
static int scols_flags(const struct table *table, unsigned flags)
{
	return (flags & COLUMN_TREE && !table->json ? SCOLS_FL_TREE : 0) |
		(flags & COLUMN_RIGHT ? SCOLS_FL_RIGHT : 0) |
		(flags & COLUMN_TRUNC ? SCOLS_FL_TRUNC : 0) |
		(flags & COLUMN_WRAP ? SCOLS_FL_WRAP : 0);
}

static int add_column(struct table *table, size_t index)
{
	const struct column *column = &table->columns[index];
	_cleanup_free_ char *name = strdup(column->name);
	struct libscols_column *cell;

	if (!name)
		return -ENOMEM;
	if (table->json)
		make_key(name);
	cell = scols_table_new_column(
		table->scols, name, 0, scols_flags(table, column->flags));
	if (!cell)
		return -ENOMEM;
	table->cells[index] = cell;
	return scols_column_set_json_type(cell, json_type(column->flags));
}

/* The columns can't change any more: makes those that are shown. */
static int begin(struct table *table)
{
	int r = 0;

	if (table->begun)
		return 0;
	table->begun = true;
	for (size_t i = 0; r == 0 && i < table->n_shown; i++)
		r = add_column(table, table->shown[i]);
	return r;
}

int table_new(const char *name, const struct column *columns, size_t n, bool json,
	struct table **ret)
{
	_cleanup_(table_free) struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->columns = columns;
	table->n = n;
	table->json = json;
	table->shown = calloc(n, sizeof(*table->shown));
	table->cells = calloc(n, sizeof(*table->cells));
	table->scols = scols_new_table();
	if (!table->shown || !table->cells || !table->scols ||
		scols_table_set_name(table->scols, name) < 0)
		return -ENOMEM;
	scols_table_enable_json(table->scols, json);
	scols_table_enable_colors(table->scols, terminal_wants_colour());
	show_default(table);
	*ret = TAKE_PTR(table);
	return 0;
}

void table_free(struct table **table)
{
	if (!*table)
		return;
	scols_unref_table((*table)->scols);
	free((*table)->shown);
	free((*table)->cells);
	free(*table);
	*table = NULL;
}

/* The index of the column with the name that is @len bytes long, or @table->n. */
static size_t find_column(const struct table *table, const char *name, size_t len)
{
	size_t i = 0;

	while (i < table->n &&
		(strncasecmp(table->columns[i].name, name, len) != 0 ||
			table->columns[i].name[len]))
		i++;
	return i;
}

int table_select(struct table *table, const char *list, const char **ret_bad)
{
	bool more = *list == '+';
	const char *at;
	size_t len;

	list += more;
	for (at = list;; at += len + 1) {
		len = strcspn(at, ",");
		if (find_column(table, at, len) == table->n) {
			*ret_bad = at;
			return -EINVAL;
		}
		if (!at[len])
			break;
	}
	if (!more && !table->json)
		table->n_shown = 0;
	for (at = list;; at += len + 1) {
		len = strcspn(at, ",");
		show(table, find_column(table, at, len));
		if (!at[len])
			return 0;
	}
}

struct table_line *table_add(struct table *table, struct table_line *parent)
{
	if (begin(table) < 0)
		return NULL;
	return (struct table_line *)scols_table_new_line(
		table->scols, (struct libscols_line *)parent);
}

/* Bytes of the UTF-8 character at @text; 0: it is none. */
static size_t utf8_length(const unsigned char *text)
{
	size_t len = *text < 0x80 ? 1
		: *text < 0xc2    ? 0
		: *text < 0xe0    ? 2
		: *text < 0xf0    ? 3
		: *text < 0xf5    ? 4
				  : 0;

	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* JSON is UTF-8, and names of files may be anything.  Returns a text for free(), or NULL. */
static char *make_utf8(const char *text)
{
	char *copy = strdup(text);

	for (char *p = copy; p && *p;) {
		size_t len = utf8_length((unsigned char *)p);

		if (!len)
			*p = '?';
		p += len ? len : 1;
	}
	return copy;
}

int table_set(
	struct table *table, struct table_line *line, size_t column, const char *text)
{
	_cleanup_free_ char *copy = NULL;

	if (!table->cells[column])
		return 0;
	if (text && table->json) {
		text = copy = make_utf8(text);
		if (!copy)
			return -ENOMEM;
	} else if (text && table->columns[column].flags & COLUMN_BOOLEAN) {
		text = strcmp(text, "1") == 0 ? "yes" : NULL;
	}
	return scols_line_set_column_data(
		(struct libscols_line *)line, table->cells[column], text);
}

void table_colour(struct table *table, struct table_line *line, const char *colour)
{
	/* libsmartcols does not ask whether it is printing JSON. */
	if (scols_table_colors_wanted(table->scols) && !table->json)
		scols_line_set_color((struct libscols_line *)line, colour);
}

/* The width that libsmartcols left for @column beside the others that it has printed. */
static size_t width_left(const struct table *table, size_t column)
{
	size_t width = (size_t)terminal_columns();

	for (size_t i = 0; i < table->n_shown && width; i++) {
		size_t one = table->shown[i] == column
			? 0
			: scols_column_get_width(table->cells[table->shown[i]]) + 1;

		width = one < width ? width - one : 0;
	}
	return width;
}

/* Makes line ends of blanks, so that no line has more than @width bytes without need. */
static void break_lines(char *text, size_t width)
{
	char *start = text, *blank = NULL;

	for (; *text; text++) {
		if (*text != ' ')
			continue;
		if (blank && (size_t)(text - start) > width) {
			*blank = '\n';
			start = blank + 1;
		}
		blank = text;
	}
	if (blank && (size_t)(text - start) > width)
		*blank = '\n';
}

/* libsmartcols would break words; it is told where, which its printing has shown. */
static int break_column(struct table *table, size_t column)
{
	struct libscols_column *cell = table->cells[column];
	size_t width = width_left(table, column);
	int r;

	if (width < WRAP_MIN)
		return scols_column_set_flags(
			cell, scols_column_get_flags(cell) & ~SCOLS_FL_WRAP);
	for (size_t i = 0; i < scols_table_get_nlines(table->scols); i++) {
		struct libscols_cell *at = scols_line_get_column_cell(
			scols_table_get_line(table->scols, i), cell);
		const char *data = scols_cell_get_data(at);
		char *text = data ? strdup(data) : NULL;

		if (data && !text)
			return -ENOMEM;
		if (!text)
			continue;
		break_lines(text, width);
		if (scols_cell_refer_data(at, text) < 0)
			return -EINVAL;
	}
	r = scols_column_set_safechars(cell, "\n");
	return r < 0 ? r
		     : scols_column_set_wrapfunc(cell, scols_wrapnl_chunksize,
			       scols_wrapnl_nextchunk, NULL);
}

/* Prints into *@ret; on a terminal it is done twice where a column has to be broken. */
static int print_text(struct table *table, char **ret)
{
	int r = scols_print_table_to_string(table->scols, ret);

	for (size_t i = 0; r == 0 && i < table->n_shown; i++) {
		if (!(table->columns[table->shown[i]].flags & COLUMN_WRAP) ||
			!terminal_columns())
			continue;
		r = break_column(table, table->shown[i]);
		free(*ret);
		*ret = NULL;
		if (r == 0)
			r = scols_print_table_to_string(table->scols, ret);
	}
	return r;
}

/* libsmartcols fills empty cells with blanks, be they the last ones of a line. */
static void print_trimmed(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), end = len;

		while (end && text[end - 1] == ' ')
			end--;
		printf("%.*s\n", (int)end, text);
		text += len + (text[len] != '\0');
	}
}

int table_print(struct table *table)
{
	_cleanup_free_ char *text = NULL;
	int r = begin(table);

	if (r < 0)
		return r;
	if (table->json)
		return scols_print_table(table->scols);
	/* Lines are drawn, and characters counted, as in the language of the terminal. */
	setlocale(LC_CTYPE, "");
	r = print_text(table, &text);
	if (r == 0)
		print_trimmed(text);
	return r;
}
