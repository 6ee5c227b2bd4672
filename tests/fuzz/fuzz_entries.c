/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as /etc/vfioboot.entries: what is read can be written and read again, and needs no
 * quoting anywhere.  And as options of an entry: what ours added is gone after one time.
 */
#include <stdint.h>
#include <string.h>

#include "chain/loaders/bootentry.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const struct bootentries *entries)
{
	_cleanup_free_ struct bootentries *again = calloc(1, sizeof(*again));
	_cleanup_free_ char *text = bootentry_format(entries);

	CHECK(again && text);
	bootentry_parse(text, again);
	CHECK(bootentry_same(entries, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ struct bootentries *entries = calloc(1, sizeof(*entries));
	_cleanup_free_ char *text = strndup((const char *)data, size);
	char *rest = NULL, *again = NULL;

	CHECK(entries && text);
	bootentry_parse(text, entries);
	CHECK(entries->n <= BOOTENTRIES_MAX);
	check_written(entries);
	if (bootentry_strip(text, entries, &rest) > 0)
		CHECK(bootentry_strip(rest, entries, &again) == 0);
	free(rest);
	free(again);
	return 0;
}
