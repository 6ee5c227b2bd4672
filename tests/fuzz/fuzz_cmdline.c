/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any kernel command line: cut as the kernel's rules say, which are written down here a
 * second time and in another way, and read into a configuration that is sound.
 */
#include <stdint.h>
#include <string.h>

#include "base/cmdline.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One parameter of a text that is changed on the way, as next_arg() of the kernel tells it. */
struct word {
	char *name, *value;
};

static bool is_blank(char c)
{
	return c && strchr(" \t\n\v\f\r", c);
}

/* Takes a word off *@text.  Returns false at its end and at "--". */
static bool next_word(char **text, struct word *ret)
{
	char *start = *text + strspn(*text, " \t\n\v\f\r"), *p = start;
	bool inside = false, opened = *start == '"';

	if (!*start)
		return false;
	for (; *p && (inside || !is_blank(*p)); p++)
		inside ^= *p == '"';
	*text = *p ? p + 1 : p;
	*p = '\0';
	start += opened;
	ret->name = start;
	ret->value = *start ? strchr(start + 1, '=') : NULL;
	if (ret->value)
		*ret->value++ = '\0';
	if (ret->value && *ret->value == '"') {
		ret->value++;
		opened = true;
	}
	if (opened && p > start && p[-1] == '"')
		p[-1] = '\0';
	return ret->value || strcmp(ret->name, "--") != 0;
}

static bool same(const char *text, size_t len, const char *other)
{
	return strlen(other) == len && memcmp(text, other, len) == 0;
}

static void check_words(const char *text, char *copy)
{
	struct cmdline_param param;
	const char *cursor = text;
	struct word word;

	while (next_word(&copy, &word)) {
		CHECK(cmdline_next(&cursor, &param));
		CHECK(same(param.name, param.name_len, word.name));
		CHECK(!param.value == !word.value);
		CHECK(!word.value || same(param.value, param.value_len, word.value));
	}
	CHECK(!cmdline_next(&cursor, &param));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	char *text = malloc(size + 1), *copy;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	copy = strdup(text);
	if (copy)
		check_words(text, copy);
	memset(&config, 0, sizeof(config));
	config_read_cmdline(&config, text);
	check_config(&config);
	for (unsigned i = 0; i < config.n_sections; i++)
		CHECK(config.sections[i].from_cmdline);
	free(copy);
	free(text);
	return 0;
}
