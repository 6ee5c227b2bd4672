/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns that are found by their form alone, each tried where a word begins. */
#include "redact.h"

#include <ctype.h>
#include <strings.h>

#include "base/base.h"

/* "h": a digit in hex; "d": one to three decimal digits; "l": a lower-case letter. */
static const struct {
	const char *head, *more; /* what may follow, any number of times */
} patterns[] = {
	{"hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", ""}, /* a UUID */
	{"llxhhhhhhhhhhhh", ""}, /* named by udev by its MAC address: enx, wlx, wwx */
	/* A MAC address, or a longer address of its kind, such as those of InfiniBand. */
	{"hh:hh:hh:hh:hh:hh", ":hh"}, {"hh-hh-hh-hh-hh-hh", "-hh"},
	/* World wide names, machine ids; no kernel name has so many digits. */
	{"0xhhhhhhhhhhhhhhhh", "h"}, {"hhhhhhhhhhhhhhhh", "h"},
	{"d.d.d.d", ""}, /* an address of IPv4 */
};

#define IPV4  (ARRAY_SIZE(patterns) - 1)
#define GIVEN ARRAY_SIZE(patterns) /* a kind of its own: a name that somebody gave */

void redactor_free(struct redactor *redactor)
{
	for (size_t i = 0; i < redactor->n; i++)
		free(redactor->aliases[i].text);
	free(redactor->aliases);
	*redactor = (struct redactor){0};
}

/* The number that stands for a text of the kind, from 1. */
static unsigned find_number(
	struct redactor *redactor, size_t kind, const char *text, size_t len)
{
	_cleanup_free_ char *copy = NULL;
	struct redact_alias *added;
	unsigned number = 1;

	for (size_t i = 0; i < redactor->n; i++) {
		const struct redact_alias *alias = &redactor->aliases[i];

		if (alias->kind != kind)
			continue;
		if (strlen(alias->text) == len &&
			(kind == GIVEN ? memcmp(alias->text, text, len)
				       : strncasecmp(alias->text, text, len)) == 0)
			return number;
		number++;
	}
	copy = strndup(text, len);
	added = copy ? LIST_ADD(redactor->aliases, redactor->n) : NULL;
	if (added)
		*added = (struct redact_alias){TAKE_PTR(copy), kind};
	redactor->failed |= !added;
	return number;
}

/* How many bytes of the text are of the pattern, 0 for none. */
static size_t match(const char *pattern, const char *text, size_t len)
{
	size_t at = 0;

	for (; *pattern; pattern++) {
		unsigned char c = at < len ? (unsigned char)text[at] : '\0';
		bool digit = *pattern == 'd' && isdigit(c);

		if (!digit && !(*pattern == 'h' && isxdigit(c)) &&
			!(*pattern == 'l' && islower(c)) && (!c || *pattern != (char)c))
			return 0;
		at++;
		for (int i = 1;
			digit && i < 3 && at < len && isdigit((unsigned char)text[at]);
			i++)
			at++;
	}
	return at;
}

/* Writes the text with zeros for the digits of its pattern, the last ones its number. */
static void put_number(
	const char *pattern, const char *text, size_t len, unsigned number, FILE *out)
{
	_cleanup_free_ char *copy = strndup(text, len);

	for (size_t i = len, head = strcspn(pattern, "hd"); copy && i-- > head;) {
		if (!isxdigit((unsigned char)copy[i]))
			continue;
		copy[i] = (char)('0' + number % 10);
		number /= 10;
	}
	fprintf(out, "%s", copy ? copy : "");
}

/* Returns how many bytes it has replaced, 0 for none. */
static size_t put_pattern(
	struct redactor *redactor, size_t kind, const char *text, size_t len, FILE *out)
{
	size_t n = match(patterns[kind].head, text, len), more = n;

	while (more && (more = match(patterns[kind].more, text + n, len - n)))
		n += more;
	if (!n || (n < len && isalnum((unsigned char)text[n])))
		return 0;
	put_number(
		patterns[kind].head, text, n, find_number(redactor, kind, text, n), out);
	return n;
}

void redact_put(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	char last = '\0';

	for (size_t at = 0; at < len;) {
		size_t n = 0;

		for (size_t i = 0; n == 0 && i < ARRAY_SIZE(patterns); i++) {
			/* Inside of a word; and a port behind USB hubs is no address. */
			if (isalnum((unsigned char)last) ||
				(i == IPV4 && (last == '-' || last == '.')))
				continue;
			n = put_pattern(redactor, i, text + at, len - at, out);
		}
		if (n == 0)
			fputc(text[at++], out);
		at += n;
		last = text[at - 1];
	}
}

void redact_put_given(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	fprintf(out, "name%u", find_number(redactor, GIVEN, text, len));
}

static size_t component(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);

	return slash ? (size_t)(slash - text) : len;
}

/* "sda1", "nvme0n1p2", "dm-0", "md127": what the kernel calls its devices by itself. */
static bool is_kernel_name(const char *name, size_t len)
{
	static const char *const heads[] = {"sd", "hd", "vd", "xvd", "nvme", "mmcblk",
		"md", "dm-", "loop", "sr", "zram", "nbd", "bcache", "dasd", "ram", "pmem",
		"rbd", "drbd", "zd", "cciss", "rd", "ida", "root", "fuse"};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		size_t at = strlen(heads[i]), letters = 0;

		if (len < at || strncmp(name, heads[i], at) != 0)
			continue;
		while (at < len && letters < 3 && islower((unsigned char)name[at])) {
			at++;
			letters++;
		}
		while (at < len && strchr("0123456789pncd", name[at]))
			at++;
		if (at == len)
			return true;
	}
	return false;
}

void redact_put_device(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	static const char dev[] = TREE_DEV;
	size_t at = strlen(dev), n;

	if (len < at || strncmp(text, dev, at) != 0) {
		redact_put_given(redactor, text, len, out);
		return;
	}
	fprintf(out, "%s", dev);
	for (bool first = true; at < len; first = false, at += n + 1) {
		const char *name = text + at;
		bool plain, own;

		n = component(name, len - at);
		/* Directories of links: what is in them was given, or has a serial number. */
		plain = first && at + n < len &&
			((n == 4 && strncmp(name, "disk", n) == 0) ||
				(n == 6 && strncmp(name, "mapper", n) == 0));
		own = n > 3 && strncmp(name, "by-", 3) == 0 && at + n < len;
		if (!first)
			fputc('/', out);
		if (plain || own || is_kernel_name(name, n))
			fwrite(name, 1, n, out);
		else
			redact_put_given(redactor, name, n, out);
	}
}

void redact_put_path(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	static const char *const given[] = {
		"/home/", "/media/", "/run/media/", "/run/user/", "/mnt/"};
	size_t at = 0;

	for (size_t i = 0; at == 0 && i < ARRAY_SIZE(given); i++)
		if (len > strlen(given[i]) &&
			strncmp(text, given[i], strlen(given[i])) == 0)
			at = strlen(given[i]);
	if (at == 0) {
		redact_put(redactor, text, len, out);
		return;
	}
	fwrite(text, 1, at, out);
	for (size_t n; at < len; at += n + 1) {
		n = component(text + at, len - at);
		redact_put_given(redactor, text + at, n, out);
		if (at + n < len)
			fputc('/', out);
	}
}
