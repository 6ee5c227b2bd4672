/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as an entry of the Boot Loader Specification, its first line also as the name of its
 * file: a copy has all options and ours, what is taken out of it is gone, and a name without its
 * count of tries is a beginning of the name.
 */
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "chain/loaders/bls_entry.h"
#include "chain/loaders/bls_files.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bootentries entries = {
	.entries = {{"passthrough", "Passthrough", "vfioboot.profile=p x.y=1"}}, .n = 1};

static void check_copy(const char *text)
{
	const struct bls_addition addition = {
		.title = " (new)", .sort_key = "-new", .options = "added=1"};
	char *copy = NULL, *options = bls_options(text), *wanted, *own;
	char kernel[512];

	if (bls_copy(text, &addition, &copy) < 0) {
		CHECK(!bls_value(text, "linux", kernel, sizeof(kernel)));
		free(options);
		return;
	}
	wanted = cmdline_join(options, addition.options);
	own = bls_options(copy);
	CHECK(strchr(text, '\r') || cmdline_same_words(own, wanted));
	CHECK(bls_same(copy, copy));
	free(options);
	free(wanted);
	free(own);
	free(copy);
}

static void check_stripped(char *text)
{
	struct bls_file file = {.text = text};
	char *stripped = NULL, *again = NULL;

	if (bls_strip(&file, &entries, &stripped) > 0) {
		file.text = stripped;
		CHECK(bls_strip(&file, &entries, &again) == 0);
	}
	free(stripped);
	free(again);
}

static void check_stem(const char *text)
{
	size_t len = strcspn(text, "\n");
	char name[NAME_MAX + 1], stem[NAME_MAX + 1], whole[NAME_MAX + 1];

	if (!copy_text(name, sizeof(name), text, len))
		return;
	bls_stem(name, false, whole, sizeof(whole));
	bls_stem(name, true, stem, sizeof(stem));
	CHECK(strncmp(name, whole, strlen(whole)) == 0);
	CHECK(strncmp(whole, stem, strlen(stem)) == 0);
	CHECK(!whole[strlen(stem)] || whole[strlen(stem)] == '+');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	CHECK(text);
	check_stem(text);
	check_copy(text);
	check_stripped(text);
	free(text);
	return 0;
}
