/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares as systemd-boot does. */
#include "sdorder.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What else is skipped: it separates. */
static bool counts(char c)
{
	return is_digit(c) || is_letter(c) || (c && strchr("~-^.", c));
}

static int sign(bool less, bool greater)
{
	return greater - less;
}

/* Numbers of any length, of which one may be missing; moved behind. */
static int compare_numbers(const char **a, const char **b)
{
	size_t len_a, len_b;
	int r;

	/* A number is above a word. */
	if (!is_digit(**a) || !is_digit(**b))
		return sign(is_digit(**b), is_digit(**a));
	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	len_a = strspn(*a, "0123456789");
	len_b = strspn(*b, "0123456789");
	r = sign(len_a<len_b, len_a> len_b);
	r = r ? r : memcmp(*a, *b, len_a);
	*a += len_a;
	*b += len_b;
	return r;
}

static int compare_letters(const char **a, const char **b)
{
	while (is_letter(**a) && **a == **b) {
		++*a;
		++*b;
	}
	if (is_letter(**a) && is_letter(**b))
		return sign(**a<**b, **a> * *b);
	return sign(is_letter(**b), is_letter(**a));
}

/* The separators, the lowest first: one that only one of them has makes that one lower. */
static int compare_separators(const char **a, const char **b)
{
	static const char separators[] = "-^.";

	for (const char *s = separators; *s; s++) {
		if (**a != *s && **b != *s)
			continue;
		if (**a != **b)
			return **a == *s ? -1 : 1;
		++*a;
		++*b;
	}
	return 0;
}

int sdorder_compare_versions(const char *a, const char *b)
{
	for (;;) {
		int r;

		while (*a && !counts(*a))
			a++;
		while (*b && !counts(*b))
			b++;
		if (*a == '~' || *b == '~') {
			if (*a != *b)
				return *a == '~' ? -1 : 1;
			a++;
			b++;
		}
		if (!*a || !*b)
			return sign(!*a && *b, *a && !*b);
		r = compare_separators(&a, &b);
		if (r == 0)
			r = is_digit(*a) || is_digit(*b) ? compare_numbers(&a, &b)
							 : compare_letters(&a, &b);
		if (r != 0)
			return r;
	}
}

static int compare(const void *one, const void *other)
{
	const struct sdorder_entry *a = one, *b = other;
	int r = sign(b->exhausted && !a->exhausted, a->exhausted && !b->exhausted);

	if (r == 0)
		r = sign(a->sort_key[0] && !b->sort_key[0],
			!a->sort_key[0] && b->sort_key[0]);
	if (r == 0 && a->sort_key[0]) {
		r = strcmp(a->sort_key, b->sort_key);
		r = r ? r : strcmp(a->machine_id, b->machine_id);
		r = r ? r : sdorder_compare_versions(b->version, a->version);
	}
	return r ? r : sdorder_compare_versions(b->id, a->id);
}

void sdorder_sort(struct sdorder_entry *entries, size_t n)
{
	if (n)
		qsort(entries, n, sizeof(*entries), compare);
}

const struct sdorder_entry *sdorder_find(const struct sdorder_entry *entries, size_t n,
	const char *pattern, bool not_exhausted)
{
	for (size_t i = 0; i < n; i++)
		if (!(not_exhausted && entries[i].exhausted) &&
			fnmatch(pattern, entries[i].id, FNM_CASEFOLD) == 0)
			return &entries[i];
	return NULL;
}
