/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares versions part by part. */
#include "bls_order.h"

#include <ctype.h>
#include <limits.h>

#include "bootmenu.h"

#define DIGITS "0123456789"

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static size_t letters(const char *text)
{
	size_t len = 0;

	while (isalpha((unsigned char)text[len]))
		len++;
	return len;
}

/* Numbers of any length, without the zeros before them; moves behind both. */
static int compare_numbers(const char **a, const char **b)
{
	size_t len_a, len_b;
	int r;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	len_a = strspn(*a, DIGITS);
	len_b = strspn(*b, DIGITS);
	r = compare(len_a, len_b);
	if (r == 0)
		r = memcmp(*a, *b, len_a);
	*a += len_a;
	*b += len_b;
	return r;
}

static int compare_letters(const char **a, const char **b)
{
	size_t len_a = letters(*a), len_b = letters(*b);
	int r = memcmp(*a, *b, len_a < len_b ? len_a : len_b);

	*a += len_a;
	*b += len_b;
	return r ? r : compare(len_a, len_b);
}

/* A separator is lower than anything else at its place.  Moves behind it where both have it. */
static int compare_separator(const char **a, const char **b, char separator)
{
	int r = compare(**a != separator, **b != separator);

	if (r == 0 && **a == separator) {
		(*a)++;
		(*b)++;
	}
	return r;
}

/* One step: the separators, then a number or letters. */
static int compare_part(const char **a, const char **b)
{
	static const char separators[] = "-^.";
	int r = 0;

	for (const char *p = separators; r == 0 && *p; p++)
		r = compare_separator(a, b, *p);
	if (r)
		return r;
	if (!isdigit((unsigned char)**a) && !isdigit((unsigned char)**b))
		return compare_letters(a, b);
	/* A number is higher than none. */
	r = compare(isdigit((unsigned char)**a) != 0, isdigit((unsigned char)**b) != 0);
	return r ? r : compare_numbers(a, b);
}

/* What is no letter, no digit and none of the @marks counts for nothing. */
static const char *skip(const char *text, const char *marks)
{
	while (*text && !isalnum((unsigned char)*text) && !strchr(marks, *text))
		text++;
	return text;
}

/* <0, 0 or >0, as strcmp(3): the versions by UAPI.10, Version Format Specification. */
static int compare_versions(const char *a, const char *b)
{
	for (;;) {
		int r;

		a = skip(a, "~-^.");
		b = skip(b, "~-^.");
		r = compare_separator(&a, &b, '~');
		if (r)
			return r;
		if (!*a || !*b)
			return compare(*a != '\0', *b != '\0');
		r = compare_part(&a, &b);
		if (r)
			return r;
	}
}

/* ---- as rpm compares them --------------------------------------------------------------- */

/* '~' is lower than nothing, '+' higher than nothing and lower than the rest.  2: neither. */
static int compare_marks(const char **a, const char **b)
{
	if (**a != '~' && **b != '~' && **a != '+' && **b != '+')
		return 2;
	if (**a == '~' || **b == '~')
		return compare_separator(a, b, '~');
	if (!**a || !**b)
		return compare(**a != '\0', **b != '\0');
	return compare_separator(a, b, '+');
}

static int compare_rpm(const char *a, const char *b)
{
	for (;;) {
		int r;

		a = skip(a, "~+");
		b = skip(b, "~+");
		r = compare_marks(&a, &b);
		if (r != 2 && r != 0)
			return r;
		if (r == 0)
			continue;
		if (!*a || !*b)
			return compare(*a != '\0', *b != '\0');
		r = compare(
			isdigit((unsigned char)*a) != 0, isdigit((unsigned char)*b) != 0);
		if (r == 0)
			r = isdigit((unsigned char)*a) ? compare_numbers(&a, &b)
						       : compare_letters(&a, &b);
		if (r)
			return r;
	}
}

/* Takes the part behind the last '-' off; the whole name where there is none. */
static char *take_part(char *name)
{
	char *dash = strrchr(name, '-');

	if (!dash)
		return NULL;
	*dash = '\0';
	return dash + 1;
}

struct parts {
	char *whole;
	const char *parts[3]; /* name, version, release */
};

/* What there is less of than three comes first. */
static bool split(const char *name, struct parts *ret)
{
	char *release, *version;

	ret->whole = strdup(name);
	if (!ret->whole)
		return false;
	release = take_part(ret->whole);
	version = release ? take_part(ret->whole) : NULL;
	ret->parts[0] = ret->whole;
	ret->parts[1] = version ? version : release ? release : "";
	ret->parts[2] = version ? release : "";
	return true;
}

/*
 * The same of the names of two entries' files without ".conf", as GRUB orders them: in three parts
 * at their last two '-', each as rpm does (rhboot's grub-core/commands/blscfg.c).
 */
static int compare_names(const char *a, const char *b)
{
	struct parts parts_a = {0}, parts_b = {0};
	int r = 0;

	if (split(a, &parts_a) && split(b, &parts_b))
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts_a.parts); i++)
			r = compare_rpm(parts_a.parts[i], parts_b.parts[i]);
	free(parts_a.whole);
	free(parts_b.whole);
	return r;
}

/* ---- as files are compared, by gnulib's filevercmp() --------------------------------------- */

/* Up to the extensions, such as ".efi" or ".tar.gz". */
static size_t prefix_length(const char *name)
{
	size_t at = 0, len = 0;

	while (name[at]) {
		len = ++at;
		while (name[at] == '.' &&
			(isalpha((unsigned char)name[at + 1]) || name[at + 1] == '~'))
			for (at += 2;
				isalnum((unsigned char)name[at]) || name[at] == '~';)
				at++;
	}
	return len;
}

/* '~' is lower than an end, that than a digit, and letters are lower than all else. */
static int order_of(const char *text, const char *end)
{
	int c = text == end ? 0 : (unsigned char)*text;

	if (text == end || c == '~')
		return c ? -2 : -1;
	return isdigit(c) ? 0 : isalpha(c) ? c : c + 256;
}

static bool is_text(const char *text, const char *end)
{
	return text < end && !isdigit((unsigned char)*text);
}

static int compare_up_to(
	const char *a, const char *end_a, const char *b, const char *end_b)
{
	int r = 0;

	while (r == 0 && (a < end_a || b < end_b)) {
		while (r == 0 && (is_text(a, end_a) || is_text(b, end_b))) {
			r = order_of(a, end_a) - order_of(b, end_b);
			a += a < end_a;
			b += b < end_b;
		}
		if (r == 0)
			r = compare_numbers(&a, &b);
	}
	return r;
}

int bls_compare_files(const char *a, const char *b)
{
	int r = compare_up_to(a, a + prefix_length(a), b, b + prefix_length(b));

	return r ? r : compare_up_to(a, a + strlen(a), b, b + strlen(b));
}

/* ---- menus ------------------------------------------------------------------------------ */

/* A sort key before none; then by it, by the machine, and the newest version first. */
static int compare_keys(const struct bootmenu_order *a, const struct bootmenu_order *b)
{
	int r = compare(!a->sort_key[0], !b->sort_key[0]);

	if (r || !a->sort_key[0])
		return r;
	r = strcmp(a->sort_key, b->sort_key);
	if (r == 0)
		r = strcmp(a->machine_id, b->machine_id);
	return r ? r : compare_versions(b->version, a->version);
}

static void lower(const char *id, char ret[static NAME_MAX + 1])
{
	text_join(ret, NAME_MAX + 1, id, NULL);
	for (char *p = ret; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

static int compare_entries(const void *left, const void *right)
{
	const struct bootmenu_entry *a = left, *b = right;
	char id_a[NAME_MAX + 1], id_b[NAME_MAX + 1];
	int r = compare(a->order.has_failed, b->order.has_failed);

	if (r == 0)
		r = compare_keys(&a->order, &b->order);
	lower(a->boot_id, id_a);
	lower(b->boot_id, id_b);
	return r ? r : compare_versions(id_b, id_a);
}

static int compare_by_names(const void *left, const void *right)
{
	const struct bootmenu_entry *a = left, *b = right;

	return compare_names(b->boot_id, a->boot_id);
}

void bls_sort(struct bootmenu *menu)
{
	if (menu->n)
		qsort(menu->entries, menu->n, sizeof(*menu->entries), compare_entries);
}

void bls_sort_by_names(struct bootmenu *menu)
{
	if (menu->n)
		qsort(menu->entries, menu->n, sizeof(*menu->entries), compare_by_names);
}
