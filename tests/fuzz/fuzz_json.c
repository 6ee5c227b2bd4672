/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any texts as the cells of a list: its JSON is valid UTF-8 and one value, each text that was
 * valid comes back as it was, and a terminal gets no control character.
 */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "cli/ui/ui.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 3629 by code points, where text.c goes by bytes. */
static bool next_character(const char **text, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = (const unsigned char *)*text;
	unsigned len = *at < 0x80 ? 1 : *at >> 5 == 6 ? 2 : *at >> 4 == 14 ? 3 : 4;

	*ret = len == 1 ? *at : *at & (0x7fu >> len);
	if (len == 4 && *at >> 3 != 30)
		return false;
	for (unsigned i = 1; i < len; i++) {
		if (at[i] >> 6 != 2)
			return false;
		*ret = *ret << 6 | (at[i] & 0x3f);
	}
	*text += len;
	return *ret >= least[len] && *ret <= 0x10ffff && (*ret < 0xd800 || *ret > 0xdfff);
}

static bool is_utf8(const char *text)
{
	uint32_t character;

	while (*text)
		if (!next_character(&text, &character))
			return false;
	return true;
}

static void check_printable(const char *text)
{
	char *printable = text_to_printable(text);
	const char *at = printable;
	uint32_t character;

	while (*at) {
		CHECK(next_character(&at, &character));
		CHECK(character == '\n' || character >= ' ');
		CHECK(character < 0x7f || character > 0x9f);
	}
	free(printable);
}

static void check_member(
	struct json_object *parsed, unsigned n, const char *key, const char *text)
{
	struct json_object *object = json_object_array_get_idx(parsed, n), *member;

	CHECK(json_object_object_get_ex(object, key, &member));
	CHECK(*text ? json_object_is_type(member, json_type_string) : !member);
	CHECK(!*text || !is_utf8(text) ||
		strcmp(json_object_get_string(member), text) == 0);
}

/* The texts behind each other in @data, each with its NUL. */
static void check_list(const char *data, size_t size)
{
	struct json_object *top = json_new_top(), *list = json_add_array(top, "list");
	struct json_object *parsed;
	const char *printed;
	char *again;
	unsigned n = 0;

	for (size_t i = 0; i < size; i += strlen(data + i) + 1) {
		json_add_text(json_add_object(list, NULL), "text", data + i);
		check_printable(data + i);
	}
	printed = json_to_text(top);
	CHECK(is_utf8(printed));
	parsed = json_tokener_parse(printed);
	CHECK(parsed && json_object_object_get_ex(parsed, "list", &list));
	for (size_t i = 0; i < size; i += strlen(data + i) + 1)
		check_member(list, n++, "text", data + i);
	CHECK(json_object_array_length(list) == n);
	/* What was parsed is written as it was. */
	again = strdup(json_to_text(parsed));
	CHECK(again && strcmp(again, json_to_text(top)) == 0);
	free(again);
	json_object_put(parsed);
	json_object_put(top);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_list(text, size + 1);
	free(text);
	return 0;
}
