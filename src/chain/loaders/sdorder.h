/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order in which systemd-boot shows its entries, and so which one it starts by itself
 * (Boot Loader Specification, "Sorting"; src/boot/boot.c of systemd).  Pure.
 */
#ifndef VFIOBOOT_SDORDER_H
#define VFIOBOOT_SDORDER_H

#include <stdbool.h>
#include <stddef.h>

/* What counts of an entry.  Texts are "" where it has none. */
struct sdorder_entry {
	char id[256]; /* name of its file, without a count of tries */
	char sort_key[192], machine_id[64], version[128];
	bool exhausted; /* no try is left */
	bool ours;
};

/* strverscmp_improved() of systemd: below, at or above 0. */
int sdorder_compare_versions(const char *a, const char *b);

/* Sorts them: the first is at the top of the menu. */
void sdorder_sort(struct sdorder_entry *entries, size_t n);

/*
 * The first of the sorted ones that @pattern takes, with @not_exhausted among those that have a
 * try left or need none; NULL for none.
 */
const struct sdorder_entry *sdorder_find(const struct sdorder_entry *entries, size_t n,
	const char *pattern, bool not_exhausted);

#endif
