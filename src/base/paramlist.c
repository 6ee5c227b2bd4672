/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks over the items as the kernel's own parsers of such values do. */
#include "paramlist.h"

#include <string.h>

#include "cmdline.h"
#include "util.h"

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

bool paramlist_has(const char *cmdline, const char *name, const char *item)
{
	struct walk walk = {.cursor = cmdline};
	struct item found;

	if (!item)
		return next_param(&walk, name);
	while (next_item(&walk, name, &found))
		if (item_is(&found, item))
			return true;
	return false;
}

bool paramlist_has_first(const char *cmdline, const char *name, const char *item)
{
	struct walk walk = {.cursor = cmdline};
	struct item found;

	while (next_item(&walk, name, &found))
		if (found.first && item_is(&found, item))
			return true;
	return false;
}

bool paramlist_ends(
	const char *cmdline, const char *name, const char *item, const char *undo)
{
	struct walk walk = {.cursor = cmdline};
	struct item found;
	bool counts = false;

	if (!item)
		return next_param(&walk, name);
	while (next_item(&walk, name, &found)) {
		if (item_is(&found, item))
			counts = true;
		else if (undo && item_is(&found, undo))
			counts = false;
	}
	return counts;
}

/* As kstrtobool() (lib/kstrtox.c): the first character tells, or two.  -1: neither. */
static int read_bool(const struct cmdline_param *param)
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

bool paramlist_passes_through(const char *cmdline, bool x86)
{
	struct cmdline_param param;
	bool passes = false;

	while (cmdline_next(&cmdline, &param)) {
		int set = -1;

		if (cmdline_name_is(&param, "iommu.passthrough")) {
			set = read_bool(&param);
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
