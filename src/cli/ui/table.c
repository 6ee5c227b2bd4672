/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our columns in libsmartcols' terms, and in JSON's. */
#include "ui.h"

#include <ctype.h>
#include <libsmartcols.h>
#include <locale.h>
#include <strings.h>

#include "base/base.h"

/* Narrower columns are not worth words that are whole. */
#define WRAP_MIN 8

#define KEY_SIZE 32

struct table {
	const struct column *columns;
	size_t n;
	size_t next;               /* index of the column that is likely to be set */
	struct json_object *top;   /* what table_print() prints; NULL: text */
	struct json_object *lines; /* of it */
	/* Text only: */
	size_t *shown; /* indexes of columns, in the order of printing */
	size_t n_shown;
	struct libscols_column **cells; /* by index of column; NULL: not shown */
	bool *foreign; /* by index of column: has other characters than printable ASCII */
	struct libscols_table *scols;
};

/* Every answer of libsmartcols but 0 is no memory: nothing else can be wrong here. */
static void check(int r)
{
	or_no_memory(r < 0 ? NULL : &r);
}

static void show(struct table *table, size_t column)
{
	for (size_t i = 0; i < table->n_shown; i++)
		if (table->shown[i] == column)
			return;
	table->shown[table->n_shown++] = column;
}

struct table *table_new(const char *name, const struct column *columns, bool json)
{
	struct table *table = or_no_memory(calloc(1, sizeof(*table)));

	table->columns = columns;
	while (columns[table->n].name)
		table->n++;
	if (json) {
		table->top = json_new_top();
		table->lines = json_add_array(table->top, name);
		return table;
	}
	table->shown = or_no_memory(calloc(table->n, sizeof(*table->shown)));
	table->cells = or_no_memory(calloc(table->n, sizeof(*table->cells)));
	table->foreign = or_no_memory(calloc(table->n, sizeof(*table->foreign)));
	table->scols = or_no_memory(scols_new_table());
	check(scols_table_enable_minout(
		table->scols, 1)); /* no blanks at ends of lines */
	check(scols_table_enable_colors(table->scols, terminal_wants_colour()));
	for (size_t i = 0; i < table->n; i++)
		if (!(columns[i].flags & COLUMN_EXTRA))
			show(table, i);
	return table;
}

void table_free(struct table **table)
{
	if (!*table)
		return;
	json_object_put((*table)->top);
	scols_unref_table((*table)->scols);
	free((*table)->shown);
	free((*table)->cells);
	free((*table)->foreign);
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
	if (table->lines)
		return 0;
	if (!more)
		table->n_shown = 0;
	for (at = list;; at += len + 1) {
		len = strcspn(at, ",");
		show(table, find_column(table, at, len));
		if (!at[len])
			return 0;
	}
}

/* The columns can't change any more: makes those that are shown. */
static void make_columns(struct table *table)
{
	if (scols_table_get_ncols(table->scols))
		return;
	for (size_t i = 0; i < table->n_shown; i++) {
		const struct column *column = &table->columns[table->shown[i]];
		int flags = (column->flags & COLUMN_TREE ? SCOLS_FL_TREE : 0) |
			(column->flags & COLUMN_RIGHT ? SCOLS_FL_RIGHT : 0) |
			(column->flags & COLUMN_TRUNC ? SCOLS_FL_TRUNC : 0) |
			(column->flags & COLUMN_WRAP ? SCOLS_FL_WRAP : 0);

		table->cells[table->shown[i]] = or_no_memory(
			scols_table_new_column(table->scols, column->name, 0, flags));
	}
}

static void make_key(const char *name, char ret[static KEY_SIZE])
{
	size_t i;

	for (i = 0; name[i] && i < KEY_SIZE - 1; i++)
		ret[i] = isalnum((unsigned char)name[i])
			? (char)tolower((unsigned char)name[i])
			: '_';
	ret[i] = '\0';
}

/* An object has all keys, whatever is known. */
static struct json_object *add_object(struct table *table)
{
	struct json_object *object = json_add_object(table->lines, NULL);
	char key[KEY_SIZE];

	for (size_t i = 0; i < table->n; i++) {
		if (table->columns[i].flags & COLUMN_TEXT)
			continue;
		make_key(table->columns[i].name, key);
		json_add_null(object, key);
	}
	return object;
}

struct table_line *table_add(struct table *table, struct table_line *parent)
{
	if (table->lines)
		return (struct table_line *)add_object(table);
	make_columns(table);
	return or_no_memory(
		scols_table_new_line(table->scols, (struct libscols_line *)parent));
}

struct json_object *table_line_json(struct table *table, struct table_line *line)
{
	return table->lines ? (struct json_object *)line : NULL;
}

static void set_member(
	struct json_object *object, const struct column *column, const char *text)
{
	char key[KEY_SIZE];

	if (column->flags & COLUMN_TEXT)
		return;
	make_key(column->name, key);
	if (!text || !*text)
		json_add_null(object, key);
	else if (column->flags & COLUMN_NUMBER)
		json_add_number(object, key, strtoul(text, NULL, 10));
	else if (column->flags & COLUMN_BOOLEAN)
		json_add_bool(object, key, strcmp(text, "1") == 0);
	else
		json_add_text(object, key, text);
}

/* Most lines are set in the order of the columns. */
static size_t next_column(struct table *table, const char *name)
{
	size_t i = table->next;

	if (i >= table->n || strcmp(table->columns[i].name, name) != 0)
		i = find_column(table, name, strlen(name));
	table->next = i + 1;
	return i;
}

/* What libsmartcols prints as it is, and each byte in one column. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '\\')
			return false;
	return true;
}

void table_set(
	struct table *table, struct table_line *line, const char *name, const char *text)
{
	size_t i = next_column(table, name);
	const struct column *column = &table->columns[i];

	if (table->lines) {
		set_member((struct json_object *)line, column, text);
		return;
	}
	if (text && column->flags & COLUMN_BOOLEAN)
		text = strcmp(text, "1") == 0 ? "yes" : NULL;
	if (!table->cells[i] || !text)
		return;
	table->foreign[i] |= !is_plain(text);
	check(scols_line_set_column_data(
		(struct libscols_line *)line, table->cells[i], text));
}

void table_set_number(
	struct table *table, struct table_line *line, const char *name, int number)
{
	size_t i = next_column(table, name);
	char text[16] = "";

	table->next = i;
	if (number >= 0 && (table->lines || table->cells[i]))
		snprintf(text, sizeof(text), "%d", number);
	table_set(table, line, name, text);
}

void table_colour(struct table *table, struct table_line *line, const char *colour)
{
	if (!table->lines && scols_table_colors_wanted(table->scols))
		check(scols_line_set_color((struct libscols_line *)line, colour));
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

/* libsmartcols breaks inside of words; it is given lines, now that it has shown the width. */
static void break_column(struct table *table, size_t column)
{
	struct libscols_column *cell = table->cells[column];
	size_t width = width_left(table, column);

	if (width < WRAP_MIN) {
		check(scols_column_set_flags(
			cell, scols_column_get_flags(cell) & ~SCOLS_FL_WRAP));
		return;
	}
	for (size_t i = 0; i < scols_table_get_nlines(table->scols); i++) {
		struct libscols_cell *at = scols_line_get_column_cell(
			scols_table_get_line(table->scols, i), cell);
		const char *data = scols_cell_get_data(at);
		char *text = data ? or_no_memory(strdup(data)) : NULL;

		if (!text)
			continue;
		break_lines(text, width);
		check(scols_cell_refer_data(at, text));
	}
	check(scols_column_set_safechars(cell, "\n"));
	check(scols_column_set_wrapfunc(
		cell, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL));
}

/* On a terminal the first printing, to nowhere, shows how wide the columns are. */
static void break_columns(struct table *table)
{
	_cleanup_free_ char *text = NULL;

	for (size_t i = 0; i < table->n_shown; i++) {
		if (!(table->columns[table->shown[i]].flags & COLUMN_WRAP))
			continue;
		check(scols_print_table_to_string(table->scols, &text));
		break_column(table, table->shown[i]);
		return;
	}
}

/* ASCII, and perhaps what a tree is drawn with, in UTF-8 or ASCII: each character in one column. */
static size_t plain_width(
	const struct libscols_column *column, const char *text, void *data)
{
	size_t width = 0;

	(void)column;
	(void)data;
	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static char *plain_next(const struct libscols_column *column, char *text, void *data)
{
	(void)column;
	(void)text;
	(void)data;
	return NULL;
}

/*
 * libsmartcols asks the C library for the width of each character, and whether it can be printed, twice: for
 * a long list that takes longer than to read the machine.
 */
static void measure_plainly(struct table *table)
{
	bool foreign = false;

	for (size_t i = 0; i < table->n_shown; i++) {
		struct libscols_column *cell = table->cells[table->shown[i]];

		foreign |= table->foreign[table->shown[i]];
		if (table->foreign[table->shown[i]])
			continue;
		check(scols_column_set_flags(
			cell, scols_column_get_flags(cell) | SCOLS_FL_WRAP));
		check(scols_column_set_wrapfunc(cell, plain_width, plain_next, NULL));
	}
	check(scols_table_enable_noencoding(table->scols, !foreign));
}

struct json_object *table_json(struct table *table)
{
	return table->top;
}

void table_print(struct table *table)
{
	if (table->lines) {
		json_print(json_object_get(table->top));
		return;
	}
	/* Lines are drawn, and characters counted, as in the language of the terminal. */
	setlocale(LC_CTYPE, "");
	make_columns(table);
	if (terminal_columns())
		break_columns(table);
	else
		measure_plainly(table);
	check(scols_print_table(table->scols));
}
