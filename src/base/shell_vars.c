/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads assignments: quotes, lists, "+=", and the variables that were set before. */
#include "shell_vars.h"

#include <ctype.h>
#include <errno.h>

#include "text.h"
#include "util.h"

#define ENDS   " \t\n;&|()<>" /* what an unquoted word ends at */
#define GLOBS  "*?[{"
#define DEEP   16 /* expansions in expansions */
#define NAMES_ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static const char a_command[] = "a command", a_substitution[] = "a command substitution",
		  an_expansion[] = "an expansion that only a shell can do",
		  a_variable[] = "a variable that is set elsewhere",
		  a_pattern[] = "a pattern", no_end[] = "a quote without an end";

/* ---- variables --------------------------------------------------------------------------- */

static struct shell_var *find(const struct shell_vars *vars, const char *name, size_t len)
{
	for (size_t i = 0; i < vars->n; i++)
		if (strlen(vars->vars[i].name) == len &&
			memcmp(vars->vars[i].name, name, len) == 0)
			return &vars->vars[i];
	return NULL;
}

/* The variable of the name, made if there is none; NULL without memory. */
static struct shell_var *get(struct shell_vars *vars, const char *name, size_t len)
{
	struct shell_var *var = find(vars, name, len);
	_cleanup_free_ char *copy = var ? NULL : strndup(name, len);

	if (var)
		return var;
	var = copy ? LIST_ADD(vars->vars, vars->n) : NULL;
	if (var)
		var->name = TAKE_PTR(copy);
	return var;
}

static const char *text_of(const struct shell_var *var)
{
	return var && var->words.n ? var->words.names[0] : "";
}

int shell_vars_set(struct shell_vars *vars, const char *name, const char *value)
{
	struct shell_var *var = get(vars, name, strlen(name));

	if (!var)
		return -ENOMEM;
	file_free_names(&var->words);
	var->words = (struct file_names){0};
	var->unknown = NULL;
	var->is_list = false;
	return file_append_name(&var->words, value);
}

static void unset(struct shell_vars *vars, const char *name, size_t len)
{
	struct shell_var *var = find(vars, name, len);

	if (!var)
		return;
	free(var->name);
	file_free_names(&var->words);
	*var = vars->vars[--vars->n];
}

/* ---- words ------------------------------------------------------------------------------- */

struct reader {
	struct shell_vars *vars;
	const char *start, *at;
	size_t value; /* where that of the assignment begins */
	unsigned line;
	bool in_list;
	/* The word that is read: what of it cannot be known, or NULL. */
	const char *unknown;
	FILE *out;
};

static char take(struct reader *reader)
{
	reader->line += *reader->at == '\n';
	return *reader->at++;
}

static void doubt(struct reader *reader, const char *what)
{
	reader->unknown = reader->unknown ? reader->unknown : what;
}

/* Skips to the bracket that closes one that was taken; where that fails, a command is left. */
static void skip_to(struct reader *reader, char open, char close)
{
	for (unsigned depth = 1; *reader->at && depth;) {
		char c = take(reader);

		depth += c == open;
		depth -= c == close;
		if (c == '\\' && *reader->at)
			take(reader);
		else if ((c == '\'' || c == '"') && close == ')')
			while (*reader->at && take(reader) != c)
				;
	}
}

static void put_value(struct reader *reader, const struct shell_var *var, bool quoted)
{
	const char *text = text_of(var);

	if (!var || var->unknown)
		doubt(reader, var ? var->unknown : a_variable);
	else if (reader->in_list && !quoted && strpbrk(text, " \t\n" GLOBS))
		doubt(reader, an_expansion);
	fprintf(reader->out, "%s", text);
}

static void read_word(struct reader *reader, const char *ends, unsigned deep);

/* Behind "${": NAME}, NAME:-WORD} and NAME-WORD} are known. */
static void read_braces(struct reader *reader, bool quoted, unsigned deep)
{
	const char *name = reader->at;
	size_t len = strspn(name, NAMES_);
	const struct shell_var *var = find(reader->vars, name, len);
	bool unless_empty = name[len] == ':' && name[len + 1] == '-';
	bool has_default = unless_empty || name[len] == '-';

	if (len && name[len] == '}') {
		reader->at += len + 1;
		put_value(reader, var, quoted);
	} else if (len && has_default && deep < DEEP) {
		bool set = var && (!unless_empty || var->unknown || *text_of(var));

		reader->at += len + (unless_empty ? 2 : 1);
		if (set) {
			put_value(reader, var, quoted);
			skip_to(reader, '{', '}');
			return;
		}
		read_word(reader, "}", deep + 1);
		if (*reader->at == '}')
			reader->at++;
		else
			doubt(reader, no_end);
	} else {
		doubt(reader, an_expansion);
		skip_to(reader, '{', '}');
	}
}

/* Behind a '$'. */
static void read_dollar(struct reader *reader, bool quoted, unsigned deep)
{
	size_t len = strspn(reader->at, NAMES_);

	if (*reader->at == '{') {
		reader->at++;
		read_braces(reader, quoted, deep);
	} else if (*reader->at == '(') {
		reader->at++;
		doubt(reader, a_substitution);
		skip_to(reader, '(', ')');
	} else if (len && !isdigit((unsigned char)*reader->at)) {
		put_value(reader, find(reader->vars, reader->at, len), quoted);
		reader->at += len;
	} else if (*reader->at && strchr("'@*#?$!-0123456789", *reader->at)) {
		doubt(reader, an_expansion);
	} else {
		fputc('$', reader->out);
	}
}

static void read_backquotes(struct reader *reader)
{
	doubt(reader, a_substitution);
	while (*reader->at && take(reader) != '`')
		;
}

/* Behind a backslash: the next byte, or an end of a line that counts for nothing. */
static void put_escaped(struct reader *reader)
{
	char c = take(reader);

	if (c != '\n')
		fputc(c, reader->out);
}

static void read_double_quoted(struct reader *reader, unsigned deep)
{
	while (*reader->at && *reader->at != '"') {
		char c = take(reader);

		if (c == '$')
			read_dollar(reader, true, deep);
		else if (c == '`')
			read_backquotes(reader);
		else if (c == '\\' && *reader->at && strchr("$`\"\\\n", *reader->at))
			put_escaped(reader);
		else
			fputc(c, reader->out);
	}
	if (*reader->at)
		reader->at++;
	else
		doubt(reader, no_end);
}

static void read_single_quoted(struct reader *reader)
{
	while (*reader->at && *reader->at != '\'')
		fputc(take(reader), reader->out);
	if (*reader->at)
		reader->at++;
	else
		doubt(reader, no_end);
}

/* Takes one word, up to one of @ends. */
static void read_word(struct reader *reader, const char *ends, unsigned deep)
{
	if (*reader->at == '~')
		doubt(reader, an_expansion);
	while (*reader->at && !strchr(ends, *reader->at)) {
		char c = take(reader);

		if (c == '\'')
			read_single_quoted(reader);
		else if (c == '"')
			read_double_quoted(reader, deep);
		else if (c == '$')
			read_dollar(reader, false, deep);
		else if (c == '`')
			read_backquotes(reader);
		else if (c == '\\' && *reader->at)
			put_escaped(reader);
		else
			fputc(c, reader->out);
		if (reader->in_list && strchr(GLOBS, c))
			doubt(reader, a_pattern);
	}
}

/* Reads a word, and adds it. */
static int take_word(struct reader *reader, struct file_names *words)
{
	struct text_stream stream;
	char *text;
	int r;

	if (!text_stream_open(&stream))
		return -ENOMEM;
	reader->out = stream.out;
	read_word(reader, ENDS, 0);
	text = text_stream_take(&stream);
	r = text ? file_append_name(words, text) : -ENOMEM;
	free(text);
	return r;
}

/* ---- lists ------------------------------------------------------------------------------- */

/* Blanks, ends of lines that are escaped, comments; with @lines, the ends of all lines. */
static void skip_blanks(struct reader *reader, bool lines)
{
	for (;;) {
		if (*reader->at == '#') {
			reader->at += strcspn(reader->at, "\n");
		} else if (strncmp(reader->at, "\\\n", 2) == 0) {
			take(reader);
			take(reader);
		} else if (*reader->at == ' ' || *reader->at == '\t' ||
			(lines && *reader->at == '\n')) {
			take(reader);
		} else {
			return;
		}
	}
}

/* "${NAME[@]}" as a word: all of that list.  Returns 1 if it was one; 0; or -ENOMEM. */
static int take_whole_list(struct reader *reader, struct file_names *words)
{
	bool quoted = *reader->at == '"';
	const char *name = reader->at + quoted + 2, *end;
	const struct shell_var *var;
	size_t len;
	int r = 0;

	if (strncmp(reader->at + quoted, "${", 2) != 0)
		return 0;
	len = strspn(name, NAMES_);
	end = name + len + 4;
	if (strncmp(name + len, "[@]}", 4) != 0 || (quoted && *end++ != '"') ||
		!strchr(ENDS, *end))
		return 0;
	reader->at = end;
	var = find(reader->vars, name, len);
	if (!var || var->unknown || !quoted)
		doubt(reader, var && var->unknown ? var->unknown : an_expansion);
	for (size_t i = 0; var && r == 0 && i < var->words.n; i++)
		r = file_append_name(words, var->words.names[i]);
	return r < 0 ? r : 1;
}

/* Behind "(". */
static int take_list(struct reader *reader, struct file_names *words)
{
	int r = 0;

	reader->in_list = true;
	for (skip_blanks(reader, true); r == 0 && *reader->at && *reader->at != ')';
		skip_blanks(reader, true)) {
		if (strchr(ENDS, *reader->at)) {
			doubt(reader, an_expansion);
			reader->at++;
			continue;
		}
		r = take_whole_list(reader, words);
		if (r == 0)
			r = take_word(reader, words);
		r = r < 0 ? r : 0;
	}
	reader->in_list = false;
	if (*reader->at)
		reader->at++;
	else
		doubt(reader, no_end);
	return r;
}

/* ---- assignments ------------------------------------------------------------------------- */

static int append(struct shell_var *var, const struct file_names *words, bool is_list)
{
	char *text;
	int r = 0;

	for (size_t i = 0; is_list && r == 0 && i < words->n; i++)
		r = file_append_name(&var->words, words->names[i]);
	if (is_list || r < 0)
		return r;
	if (!var->words.n)
		return file_append_name(&var->words, words->names[0]);
	if (asprintf(&text, "%s%s", var->words.names[0], words->names[0]) < 0)
		return -ENOMEM;
	free(var->words.names[0]);
	var->words.names[0] = text;
	return 0;
}

static int store(struct reader *reader, const char *name, size_t len, bool add,
	bool is_list, struct file_names *words, unsigned line)
{
	struct shell_vars *vars = reader->vars;
	struct shell_var *var = get(vars, name, len);
	int r = 0;

	if (!var)
		return -ENOMEM;
	var->file = vars->files.names[vars->files.n - 1];
	var->line = line;
	var->at = reader->value;
	var->end = (size_t)(reader->at - reader->start);
	if (add) {
		if (!var->unknown)
			var->unknown = reader->unknown;
		var->is_list |= is_list;
		r = append(var, words, is_list);
	} else {
		file_free_names(&var->words);
		var->words = TAKE_STRUCT(*words);
		var->unknown = reader->unknown;
		var->is_list = is_list;
	}
	return r;
}

/* Takes NAME=VALUE or NAME+=VALUE.  Returns 1; 0 where there is none; or -ENOMEM. */
static int take_assignment(struct reader *reader)
{
	_cleanup_(file_free_names) struct file_names words = {0};
	const char *name = reader->at;
	size_t len = strspn(name, NAMES_);
	unsigned line = reader->line;
	bool add = name[len] == '+' && name[len + 1] == '=', is_list;
	int r;

	if (!len || isdigit((unsigned char)*name) || (!add && name[len] != '='))
		return 0;
	reader->at += len + 1 + add;
	reader->value = (size_t)(reader->at - reader->start);
	reader->unknown = NULL;
	is_list = *reader->at == '(';
	reader->at += is_list;
	r = is_list ? take_list(reader, &words) : take_word(reader, &words);
	if (r == 0)
		r = store(reader, name, len, add, is_list, &words, line);
	return r < 0 ? r : 1;
}

/* A word that declares, with its options. */
static bool take_declaration(struct reader *reader)
{
	static const char *const words[] = {
		"export", "declare", "local", "readonly", "typeset"};
	size_t len = strspn(reader->at, NAMES_);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) != len || memcmp(words[i], reader->at, len) != 0 ||
			!strchr(" \t", reader->at[len]))
			continue;
		reader->at += len;
		skip_blanks(reader, false);
		/* A reference to another variable makes later assignments odd. */
		while (*reader->at == '-' &&
			!memchr(reader->at, 'n', strcspn(reader->at, ENDS))) {
			reader->at += strcspn(reader->at, ENDS);
			skip_blanks(reader, false);
		}
		return true;
	}
	return false;
}

static bool take_unset(struct reader *reader)
{
	if (strncmp(reader->at, "unset ", 6) != 0)
		return false;
	for (reader->at += 6;;) {
		size_t len;

		skip_blanks(reader, false);
		len = strspn(reader->at, NAMES_);
		if (!len)
			return true;
		unset(reader->vars, reader->at, len);
		reader->at += len;
	}
}

static int read_text(struct reader *reader)
{
	struct shell_vars *vars = reader->vars;

	for (;;) {
		int r;

		skip_blanks(reader, true);
		if (*reader->at == '\0')
			return 0;
		if (*reader->at == ';') {
			reader->at++;
			continue;
		}
		r = take_assignment(reader);
		if (r < 0)
			return r;
		/* Two of them may stand on a line; an operator makes it a command. */
		if (r > 0 && (!*reader->at || strchr(" \t\n;", *reader->at)))
			continue;
		if (r == 0 && (take_declaration(reader) || take_unset(reader)))
			continue;
		vars->odd = a_command;
		vars->odd_line = reader->line;
		vars->odd_file = vars->files.names[vars->files.n - 1];
		return 0;
	}
}

int shell_vars_read_text(const char *text, const char *path, struct shell_vars *vars)
{
	struct reader reader = {.vars = vars, .start = text, .at = text, .line = 1};
	int r = file_append_name(&vars->files, path);

	return r < 0 || vars->odd ? r : read_text(&reader);
}

int shell_vars_read(const struct root *root, const char *path, struct shell_vars *vars)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, path, &text, NULL);

	return r < 0 ? r : shell_vars_read_text(text, path, vars);
}

void shell_vars_free(struct shell_vars *vars)
{
	for (size_t i = 0; i < vars->n; i++) {
		free(vars->vars[i].name);
		file_free_names(&vars->vars[i].words);
	}
	free(vars->vars);
	file_free_names(&vars->files);
	*vars = (struct shell_vars){0};
}

const struct shell_var *shell_vars_find(const struct shell_vars *vars, const char *name)
{
	return find(vars, name, strlen(name));
}

const char *shell_vars_text(
	const struct shell_vars *vars, const char *name, struct message *why)
{
	const struct shell_var *var = shell_vars_find(vars, name);

	if (vars->odd)
		message_set(why, -EOPNOTSUPP, "%s:%u has %s", vars->odd_file,
			vars->odd_line, vars->odd);
	else if (var && var->unknown)
		message_set(why, -EOPNOTSUPP, "%s:%u has %s", var->file, var->line,
			var->unknown);
	else
		return text_of(var);
	return NULL;
}
