/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the kernel command line and cuts it into parameters by the kernel's own rules. */
#include "cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tree.h"
#include "util.h"

#define WHITE " \t\r\n"

#define READ_MAX ((size_t)16 << 20) /* no kernel has so much */

/*
 * What the early program takes is enough: COMMAND_LINE_SIZE is 4096 at most on PCs, and bootconfig
 * (Documentation/admin-guide/bootconfig.rst) adds up to 32767 bytes.
 */
_Static_assert(FILE_TAKE_MAX > 4096 + 32767, "the longest command line has room");

void cmdline_take(const struct root *root, file_take *take, void *data)
{
	file_take_text(root, TREE_CMDLINE, take, data);
}

int cmdline_read(const struct root *root, char **ret)
{
	for (size_t size = FILE_TAKE_MAX; size <= READ_MAX; size *= 2) {
		_cleanup_free_ char *text = malloc(size);
		ssize_t n =
			text ? file_read_fixed(root, TREE_CMDLINE, text, size) : -ENOMEM;

		if (n >= 0)
			*ret = TAKE_PTR(text);
		if (n != -EFBIG)
			return n < 0 ? (int)n : 0;
	}
	return -EFBIG;
}

int cmdline_read_if_any(const struct root *root, char **ret)
{
	int r = cmdline_read(root, ret);

	if (r != -ENOENT || root->live)
		return r;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the parameter at @start: the first white space outside of quotes. */
static const char *param_end(const char *start)
{
	bool quoted = false;
	const char *p = start;

	for (; *p && (quoted || !is_space(*p)); p++)
		if (*p == '"')
			quoted = !quoted;
	return p;
}

static struct cmdline_param split(const char *start, const char *end)
{
	struct cmdline_param param = {.name = start};
	bool quoted = *start == '"';
	const char *equals;

	if (quoted)
		param.name++;
	/* A leading '=' is a part of the name. */
	equals = end - param.name > 1
		? memchr(param.name + 1, '=', (size_t)(end - param.name - 1))
		: NULL;
	/* The kernel cuts one closing quote off a parameter or a value that opens with one. */
	if (end - param.name > 0 && end[-1] == '"' &&
		(quoted || (equals && equals + 1 < end - 1 && equals[1] == '"')))
		end--;
	if (!equals) {
		param.name_len = (size_t)(end - param.name);
		return param;
	}
	param.name_len = (size_t)(equals - param.name);
	param.value = equals + 1;
	if (param.value < end && *param.value == '"')
		param.value++;
	param.value_len = (size_t)(end - param.value);
	return param;
}

bool cmdline_next(const char **cursor, struct cmdline_param *ret)
{
	const char *start = *cursor, *end;
	struct cmdline_param param;

	while (is_space(*start))
		start++;
	if (!*start)
		return false;
	end = param_end(start);
	param = split(start, end);
	if (param.name_len == 2 && !param.value && memcmp(param.name, "--", 2) == 0)
		return false;
	*cursor = end;
	*ret = param;
	return true;
}

size_t cmdline_length(const char *cmdline)
{
	const char *cursor = cmdline;
	struct cmdline_param param;

	while (cmdline_next(&cursor, &param))
		;
	return (size_t)(cursor - cmdline);
}

bool cmdline_name_is(const struct cmdline_param *param, const char *name)
{
	if (param->name_len != strlen(name))
		return false;
	for (size_t i = 0; i < param->name_len; i++) {
		char a = param->name[i] == '-' ? '_' : param->name[i];
		char b = name[i] == '-' ? '_' : name[i];

		if (a != b)
			return false;
	}
	return true;
}

bool cmdline_find_last(const char *cmdline, const char *name, struct cmdline_param *ret)
{
	struct cmdline_param param;
	bool found = false;

	while (cmdline_next(&cmdline, &param)) {
		if (!param.value || !cmdline_name_is(&param, name))
			continue;
		*ret = param;
		found = true;
	}
	return found;
}

struct item {
	const char *text;
	size_t len;
	bool first; /* of its value */
};

/* Where the walk is; starts with the command line and all else 0. */
struct walk {
	const char *cursor;
	struct cmdline_param param;
	size_t at; /* in the value, where the next item begins */
	bool inside;
};

static bool item_is(const struct item *item, const char *text)
{
	return item->len == strlen(text) && memcmp(item->text, text, item->len) == 0;
}

static bool next_param(struct walk *walk, const char *name)
{
	while (cmdline_next(&walk->cursor, &walk->param))
		if (cmdline_name_is(&walk->param, name))
			return true;
	return false;
}

/* The next item of the values of all parameters @name; false behind the last. */
static bool next_item(struct walk *walk, const char *name, struct item *ret)
{
	const char *text, *comma;
	size_t left;

	while (!walk->inside || !walk->param.value || walk->at > walk->param.value_len) {
		walk->inside = next_param(walk, name);
		walk->at = 0;
		if (!walk->inside)
			return false;
	}
	text = walk->param.value + walk->at;
	left = walk->param.value_len - walk->at;
	comma = memchr(text, ',', left);
	*ret = (struct item){text, comma ? (size_t)(comma - text) : left, !walk->at};
	walk->at += ret->len + 1;
	return true;
}

/*
 * Whether the last parameter of the name replaces those before it: it is one text in the kernel
 * (kernel/params.c, param_set_charp()), or a variable of mkinitcpio's init (init_functions).
 */
static bool keeps_one(const char *name)
{
	return strcmp(name, "module_blacklist") == 0 || strcmp(name, "disablehooks") == 0;
}

bool cmdline_has(const char *cmdline, const char *name, const char *item)
{
	return cmdline_holds(cmdline, name, item, NULL);
}

bool cmdline_has_first(const char *cmdline, const char *name, const char *item)
{
	struct walk walk = {.cursor = cmdline};
	struct item found;

	while (next_item(&walk, name, &found))
		if (found.first && item_is(&found, item))
			return true;
	return false;
}

bool cmdline_holds(
	const char *cmdline, const char *name, const char *item, const char *undo)
{
	struct walk walk = {.cursor = cmdline};
	bool counts = false, one = keeps_one(name);
	struct item found;

	if (!item)
		return next_param(&walk, name);
	while (next_item(&walk, name, &found)) {
		if (found.first && one)
			counts = false;
		if (item_is(&found, item))
			counts = true;
		else if (undo && item_is(&found, undo))
			counts = false;
	}
	return counts;
}

int cmdline_read_bool(const struct cmdline_param *param)
{
	const char *text = param->value;
	size_t len = text ? param->value_len : 0;
	bool is_word = len > 1 && strchr("oO", text[0]);

	if (!len)
		return -1;
	if (strchr("yYtT1", text[0]) || (is_word && strchr("nN", text[1])))
		return 1;
	return strchr("nNfF0", text[0]) || (is_word && strchr("fF", text[1])) ? 0 : -1;
}

bool cmdline_passes_through(const char *cmdline, bool x86)
{
	struct cmdline_param param;
	bool passes = false;

	while (cmdline_next(&cmdline, &param)) {
		int set = -1;

		if (cmdline_name_is(&param, "iommu.passthrough")) {
			set = cmdline_read_bool(&param);
		} else if (x86 && cmdline_name_is(&param, "iommu")) {
			/* The walk takes the rest for others of the name: only this one. */
			struct walk walk = {.cursor = "", .param = param, .inside = true};
			struct item found;

			while (next_item(&walk, "iommu", &found))
				set = item_is(&found, "pt")       ? 1
					: item_is(&found, "nopt") ? 0
								  : set;
		}
		passes = set < 0 ? passes : set;
	}
	return passes;
}

size_t cmdline_next_word(const char **cursor, const char **ret)
{
	*ret = *cursor + strspn(*cursor, WHITE);
	*cursor = *ret + strcspn(*ret, WHITE);
	return (size_t)(*cursor - *ret);
}

bool cmdline_word_is(const char *word, size_t len, const char *name)
{
	struct cmdline_param param = {word, len, NULL, 0};
	const char *equals = memchr(word, '=', len);

	if (equals)
		param.name_len = (size_t)(equals - word);
	return cmdline_name_is(&param, name);
}

bool cmdline_has_word(const char *text, const char *word, size_t len)
{
	const char *end = text + cmdline_length(text), *found;
	size_t n;

	while ((n = cmdline_next_word(&text, &found)) > 0 && found < end)
		if (n == len && memcmp(found, word, len) == 0)
			return true;
	return false;
}

bool cmdline_append_word(char *text, size_t size, const char *word, size_t len)
{
	size_t used = strlen(text), space = used ? 1 : 0;

	if (used + space + len >= size)
		return false;
	memcpy(text + used, " ", space);
	return copy_text(text + used + space, size - used - space, word, len);
}

char *cmdline_join(const char *text, const char *more)
{
	size_t len = cmdline_length(text);
	const char *rest = text + len + strspn(text + len, WHITE);
	char *all;

	return asprintf(&all, "%.*s%s%s%s%s", (int)len, text, len && *more ? " " : "",
		       more, *rest && (len || *more) ? " " : "", rest) < 0
		? NULL
		: all;
}

/* Whether all arguments of @some are in @all. */
static bool are_in(const char *some, const char *all)
{
	const char *end = some + cmdline_length(some), *word;
	size_t len;

	while ((len = cmdline_next_word(&some, &word)) > 0 && word < end)
		if (!cmdline_has_word(all, word, len))
			return false;
	return true;
}

/* Whether both have the same words in the same order. */
static bool are_equal(const char *a, const char *b)
{
	const char *word_a, *word_b;
	size_t len;

	do {
		len = cmdline_next_word(&a, &word_a);
		if (cmdline_next_word(&b, &word_b) != len ||
			memcmp(word_a, word_b, len) != 0)
			return false;
	} while (len > 0);
	return true;
}

bool cmdline_same_words(const char *a, const char *b)
{
	return are_in(a, b) && are_in(b, a) &&
		are_equal(a + cmdline_length(a), b + cmdline_length(b));
}
