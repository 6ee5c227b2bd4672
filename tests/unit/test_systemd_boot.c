/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which entry bootctl shows as the default; the texts are what it printed, cut short. */
#include "chain/loaders/systemd_boot.h"
#include "support.h"

/* Version 257: one array, that says which one it is. */
#define ENTRY_257(id, is_default)                                                        \
	"{\"type\":\"type1\",\"source\":\"esp\",\"id\":\"" id                            \
	"\",\"title\":\"Arch\",\"isReported\":false,\"isDefault\":" is_default           \
	",\"addons\":null,\"cmdline\":\"ro\"}"

/* Version 252: an object a line, that does not. */
#define ENTRY_252 "{\"id\":\"arch.conf\",\"title\":\"Arch Linux\",\"linux\":\"/l\"}\n"

static void json_has(const char *text, const char *wanted)
{
	_cleanup_free_ char *id = systemd_boot_parse_json(text);

	if (wanted)
		assert_string_equal(id, wanted);
	else
		assert_null(id);
}

static void list_has(const char *text, const char *wanted)
{
	_cleanup_free_ char *id = systemd_boot_parse_list(text);

	if (wanted)
		assert_string_equal(id, wanted);
	else
		assert_null(id);
}

static void test_json(void **state)
{
	(void)state;
	json_has("[" ENTRY_257("a.conf", "false") "," ENTRY_257("b.conf", "true") "]\n",
		"b.conf");
	json_has("[" ENTRY_257("a.conf", "false") "]\n", NULL);
	json_has("/boot/loader/loader.conf:3: Unknown line 'preferred', ignoring.\n"
		 "[" ENTRY_257("a.conf", "true") "]\nmore\n",
		"a.conf");
	json_has(ENTRY_252 ENTRY_252, NULL);
	json_has("", NULL);
	json_has("[]", NULL);
	json_has("[1,{\"isDefault\":true},{\"isDefault\":true,\"id\":null}]", NULL);
	json_has("Failed to open", NULL);
}

static void test_list(void **state)
{
	static const char start[] = "         type: Boot Loader Specification Type #1\n";
	char text[512];

	(void)state;
	snprintf(text, sizeof(text),
		"%s        title: Arch (6.1) (not reported/new)\n           id: a.conf\n"
		"       source: /boot/loader/entries/a.conf\n\n"
		"%s        title: Arch (default) (selected)\n           id: b.conf\n"
		"        linux: /l\n",
		start, start);
	list_has(text, "b.conf");
	list_has("", NULL);
	list_has("        title: Arch (default)\n", NULL);
	list_has("        title: Arch\n           id: a (default)\n", NULL);
	/* A title that has the words is not told from the mark. */
	list_has(
		"title: A (default)\nid: a.conf\ntitle: B (default)\nid: b.conf\n", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
