/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as ukify's settings, and as the os-release text of an image: what is taken of the
 * settings is read as the same again, without keys where there shall be none; a copy has our mark.
 */
#include <stdint.h>
#include <string.h>

#include "chain/loaders/ukify.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_settings(const char *text)
{
	struct ukify ukify = {0}, again = {0}, plain = {0};

	CHECK(ukify_parse(text, &ukify) == 0);
	CHECK(ukify_parse(ukify.signing, &again) == 0);
	CHECK(ukify_parse(ukify.plain, &plain) == 0);
	CHECK(strcmp(ukify.signing, again.signing) == 0);
	CHECK(strcmp(ukify.plain, again.plain) == 0);
	CHECK(strcmp(ukify.plain, plain.signing) == 0);
	CHECK(ukify.secureboot == again.secureboot);
	CHECK(ukify.measurements == again.measurements);
	CHECK(!plain.secureboot && !plain.measurements);
	ukify_free(&ukify);
	ukify_free(&again);
	ukify_free(&plain);
}

static void check_osrel(const char *text)
{
	static const struct bootentry entry = {"passthrough", "Passthrough", "x"};
	char *copy = uki_copy_osrel(text, &entry), id[BOOTENTRY_ID_SIZE] = "";

	CHECK(copy && strncmp(copy, text, strlen(text)) == 0);
	CHECK(uki_osrel_is_ours(copy, id) && strcmp(id, entry.id) == 0);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	CHECK(text);
	check_settings(text);
	check_osrel(text);
	free(text);
	return 0;
}
