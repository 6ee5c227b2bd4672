/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the value that parameters are behind, and moves nothing but what is added or taken out. */
#include "param_text.h"

#include "base/base.h"
#include "bls_entry.h"

#define BLANKS " \t"
#define WHITE  BLANKS "\r\n\v\f"

/* A part of a text, up to before @end. */
struct span {
	size_t at, end;
};

static bool is_comment(const char *line)
{
	return line[strspn(line, BLANKS)] == '#';
}

static bool is_blank(const char *line)
{
	return strchr("\r\n", line[strspn(line, BLANKS)]);
}

static struct span span_of_line(const char *text, const char *line)
{
	size_t at = (size_t)(line - text);

	return (struct span){at, at + strcspn(line, "\r\n")};
}

char *param_text_line(const char *text)
{
	char *ret = calloc(1, strlen(text) + 1);

	for (const char *line = text; ret && *line; line = text_next_line(line))
		if (!is_comment(line))
			strncat(ret, line, (size_t)(text_next_line(line) - line));
	return ret;
}

/* ---- where the value is ------------------------------------------------------------------ */

/* The last line that has some; where none has, the first, unless that is a comment. */
static bool find_line(const char *text, struct span *ret)
{
	bool found = !is_comment(text);

	*ret = span_of_line(text, text);
	for (const char *line = text; *line; line = text_next_line(line))
		if (!is_comment(line) && !is_blank(line)) {
			*ret = span_of_line(text, line);
			found = true;
		}
	return found;
}

/* GRUB reads the first line alone.  One without options is taken for none. */
static bool find_options(const char *text, struct span *ret)
{
	for (const char *line = text; *line; line = text_next_line(line)) {
		const char *value = bls_line_value(line, "options");

		if (!value || is_blank(value))
			continue;
		*ret = span_of_line(text, value);
		return true;
	}
	return false;
}

/* Whether the value is one quoted text, in which nothing is run; without its quotes in *@ret. */
static bool is_quoted(const char *text, const struct shell_var *var, struct span *ret)
{
	char quote = text[var->at];

	*ret = (struct span){var->at + 1, var->end - 1};
	if ((quote != '"' && quote != '\'') || var->end < var->at + 2 || var->is_list ||
		text[ret->end] != quote)
		return false;
	for (size_t i = ret->at; i < ret->end; i++) {
		if (text[i] == quote ||
			(quote == '"' &&
				(text[i] == '`' || strncmp(text + i, "$(", 2) == 0)))
			return false;
		if (quote == '"' && text[i] == '\\' && ++i == ret->end)
			return false;
	}
	return true;
}

/* That is how our own assignment looks when nothing is left in it. */
static bool is_variable_alone(const char *text, struct span span, const char *variable)
{
	size_t len = strlen(variable);

	return span.end - span.at == len + 1 && text[span.at] == '$' &&
		strncmp(text + span.at + 1, variable, len) == 0;
}

static bool find_assignment(const char *text, const char *variable, struct span *ret)
{
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	const struct shell_var *var = shell_vars_read_text(text, "", &vars) == 0
		? shell_vars_find(&vars, variable)
		: NULL;

	return var && !vars.odd && is_quoted(text, var, ret) &&
		!is_variable_alone(text, *ret, variable);
}

static bool find_value(
	enum param_form form, const char *variable, const char *text, struct span *ret)
{
	switch (form) {
	case PARAM_OPTIONS: return find_options(text, ret);
	case PARAM_SHELL: return find_assignment(text, variable, ret);
	default: return find_line(text, ret);
	}
}

/* ---- adding ------------------------------------------------------------------------------- */

/* Puts @new in place of what is in the span. */
static int replace(const char *text, struct span span, const char *new, char **ret)
{
	char *made;

	if (asprintf(&made, "%.*s%s%s", (int)span.at, text, new, text + span.end) < 0)
		return -ENOMEM;
	*ret = made;
	return 0;
}

/* How a line of its own begins, and how it ends; NULL: no memory. */
static char *line_around(enum param_form form, const char *variable, const char *words)
{
	const char *blank = *words ? " " : "";
	char *line;
	int n;

	if (form == PARAM_SHELL)
		n = asprintf(&line, "%s=\"$%s%s%s\"", variable, variable, blank, words);
	else
		n = asprintf(&line, "%s%s%s", form == PARAM_OPTIONS ? "options" : "",
			form == PARAM_OPTIONS ? blank : "", words);
	return n < 0 ? NULL : line;
}

/* A last line of its own; a text without newline at its end has none afterwards, either. */
static int append_line(enum param_form form, const char *variable, const char *text,
	const char *words, char **ret)
{
	_cleanup_free_ char *line = line_around(form, variable, words);
	size_t len = strlen(text);
	bool whole = !len || text[len - 1] == '\n';

	return line &&
			asprintf(ret, "%s%s%s%s", text, whole ? "" : "\n", line,
				whole ? "\n" : "") >= 0
		? 0
		: -ENOMEM;
}

int param_text_add(enum param_form form, const char *variable, const char *text,
	const char *words, char **ret)
{
	_cleanup_free_ char *value = NULL, *new = NULL;
	struct span span;
	size_t len, at;

	if (!find_value(form, variable, text, &span))
		return append_line(form, variable, text, words, ret);
	value = strndup(text + span.at, span.end - span.at);
	if (!value)
		return -ENOMEM;
	len = cmdline_length(value);
	at = span.at + len;
	if (asprintf(&new, "%s%s%s", len ? " " : "", words, !len && *value ? " " : "") <
		0)
		return -ENOMEM;
	return replace(text, (struct span){at, at}, new, ret);
}

/* ---- taking out ---------------------------------------------------------------------------- */

/* The last place of the word between blanks in the span. */
static bool find_word(const char *text, struct span span, const char *word, size_t len,
	struct span *ret)
{
	for (size_t at = span.end; at-- > span.at;) {
		size_t end = at + len;

		if (end > span.end || memcmp(text + at, word, len) != 0 ||
			(at > span.at && !strchr(WHITE, text[at - 1])) ||
			(end < span.end && !strchr(WHITE, text[end])))
			continue;
		*ret = (struct span){at, end};
		return true;
	}
	return false;
}

/* What of a line can have parameters: all behind the variable, without the quotes around it. */
static bool value_of_line(enum param_form form, const char *variable, const char *text,
	const char *line, struct span *ret)
{
	size_t len = form == PARAM_SHELL ? strlen(variable) : 0;
	const char *value = line;

	if (form == PARAM_OPTIONS) {
		value = bls_line_value(line, "options");
	} else if (form == PARAM_SHELL) {
		value += strspn(value, BLANKS);
		if (text_begins_with(value, "export "))
			value += strlen("export ");
		if (strncmp(value, variable, len) != 0 ||
			(value[len] != '=' && strncmp(value + len, "+=", 2) != 0))
			return false;
		value = strchr(value, '=') + 1;
		value += strspn(value, "\"'");
	}
	if (!value || is_comment(line))
		return false;
	*ret = span_of_line(text, value);
	while (form == PARAM_SHELL && ret->end > ret->at &&
		strchr("\"'", text[ret->end - 1]))
		ret->end--;
	return true;
}

/* In the value that is added to; else in the last line that has it. */
static bool find_added(enum param_form form, const char *variable, const char *text,
	const char *word, size_t len, struct span *ret)
{
	struct span span;
	bool found = find_value(form, variable, text, &span) &&
		find_word(text, span, word, len, ret);

	if (found)
		return true;
	for (const char *line = text; *line; line = text_next_line(line))
		found |= value_of_line(form, variable, text, line, &span) &&
			find_word(text, span, word, len, ret);
	return found;
}

/* The line around @at, if it is one of ours in which nothing is left; with its newline. */
static bool is_left_empty(enum param_form form, const char *variable, const char *text,
	size_t at, struct span *ret)
{
	_cleanup_free_ char *empty = line_around(form, variable, "");
	size_t start = at, end = at + strcspn(text + at, "\n");
	struct span span;

	while (start && text[start - 1] != '\n')
		start--;
	if (!empty || end - start != strlen(empty) ||
		memcmp(text + start, empty, end - start) != 0 ||
		(form == PARAM_LINE && find_line(text, &span)))
		return false;
	*ret = (struct span){start - (!text[end] && start), end + (text[end] == '\n')};
	return true;
}

/* With the blank that went before it, or behind it. */
static int take_out(enum param_form form, const char *variable, const char *text,
	struct span word, char **ret)
{
	_cleanup_free_ char *rest = NULL;
	struct span line;
	int r;

	if (word.at && strchr(BLANKS, text[word.at - 1]))
		word.at--;
	else if (text[word.end] && strchr(BLANKS, text[word.end]))
		word.end++;
	r = replace(text, word, "", &rest);
	if (r == 0 && is_left_empty(form, variable, rest, word.at, &line))
		return replace(rest, line, "", ret);
	*ret = TAKE_PTR(rest);
	return r;
}

int param_text_remove(enum param_form form, const char *variable, const char *text,
	const char *words, char **ret)
{
	char *now = strdup(text), *rest;
	const char *word;
	size_t len;
	int r = now ? 0 : -ENOMEM;

	while (r == 0 && (len = cmdline_next_word(&words, &word))) {
		struct span found;

		if (!find_added(form, variable, now, word, len, &found))
			continue;
		r = take_out(form, variable, now, found, &rest);
		if (r == 0) {
			free(now);
			now = rest;
		}
	}
	if (r == 0)
		*ret = TAKE_PTR(now);
	free(now);
	return r;
}

bool param_text_holds(const char *cmdline, const char *parameter)
{
	const char *equals = strchr(parameter, '=');
	char name[64];

	if (!equals)
		return cmdline_has(cmdline, parameter, NULL);
	return copy_text(name, sizeof(name), parameter, (size_t)(equals - parameter)) &&
		(strcmp(name, "video") == 0 ? cmdline_has_first : cmdline_has)(
			cmdline, name, equals + 1);
}
