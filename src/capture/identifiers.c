/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns that are found by their form alone, each tried where a word begins. */
#include "identifiers.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"

#define UUID_LENGTH  36
#define HEX_MIN      16 /* digits: world wide names, machine ids; no kernel name has them */
#define PAIRS_MIN    6 /* of hex digits: a MAC address */
#define PAIR_LENGTH  3 /* with the colon or dash behind it */
#define MAC_DIGITS   12
#define PREFIX_LEN   3 /* "enx" */
#define OCTETS       4 /* of an address of IPv4 */
#define OCTET_DIGITS 3

void redactor_free(struct redactor *redactor)
{
	for (size_t i = 0; i < redactor->n; i++)
		free(redactor->aliases[i].text);
	free(redactor->aliases);
	*redactor = (struct redactor){0};
}

/* The number that stands for a text of the kind. */
static unsigned find_number(
	struct redactor *redactor, enum redact_kind kind, const char *text, size_t len)
{
	struct redact_alias *more;

	for (size_t i = 0; i < redactor->n; i++) {
		const struct redact_alias *alias = &redactor->aliases[i];

		if (alias->kind == kind && strlen(alias->text) == len &&
			(kind == REDACT_GIVEN ? memcmp(alias->text, text, len)
					      : strncasecmp(alias->text, text, len)) == 0)
			return alias->number;
	}
	more = reallocarray(
		redactor->aliases, redactor->n + 1, sizeof(*redactor->aliases));
	if (!more) {
		redactor->failed = true;
		return 0;
	}
	redactor->aliases = more;
	more += redactor->n;
	*more = (struct redact_alias){.text = strndup(text, len), .kind = kind};
	if (!more->text) {
		redactor->failed = true;
		return 0;
	}
	more->number = ++redactor->count[kind];
	redactor->n++;
	return more->number;
}

static size_t count_hex(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && isxdigit((unsigned char)text[n]))
		n++;
	return n;
}

/* Whether no letter or digit follows the word of @n bytes. */
static bool ends(const char *text, size_t len, size_t n)
{
	return n >= len || !isalnum((unsigned char)text[n]);
}

/* Each matcher returns how many bytes it has replaced, 0 for none. */

static size_t put_uuid(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	static const size_t groups[] = {8, 4, 4, 4, 12};
	size_t at = 0;

	if (len < UUID_LENGTH)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (count_hex(text + at, len - at) != groups[i])
			return 0;
		at += groups[i];
		if (i + 1 < ARRAY_SIZE(groups) && text[at++] != '-')
			return 0;
	}
	if (!ends(text, len, at))
		return 0;
	fprintf(out, "00000000-0000-0000-0000-%012u",
		find_number(redactor, REDACT_UUID, text, at));
	return at;
}

/* An interface that udev named by its MAC address: enx, wlx, wwx, and so on. */
static size_t put_interface(
	struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	size_t n = PREFIX_LEN + MAC_DIGITS;

	if (len < n || text[2] != 'x' || !islower((unsigned char)text[0]) ||
		!islower((unsigned char)text[1]) ||
		count_hex(text + PREFIX_LEN, len - PREFIX_LEN) != MAC_DIGITS ||
		!ends(text, len, n))
		return 0;
	fprintf(out, "%.*s%012u", PREFIX_LEN, text,
		find_number(redactor, REDACT_MAC, text + PREFIX_LEN, MAC_DIGITS));
	return n;
}

/* A MAC address, or a longer address of its kind, such as those of InfiniBand. */
static size_t put_mac(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	size_t pairs = 0, n;
	char separator = len > 2 ? text[2] : '\0';

	(void)redactor;
	if (separator != ':' && separator != '-')
		return 0;
	for (size_t at = 0; at + 2 <= len; at += PAIR_LENGTH) {
		if (count_hex(text + at, len - at) != 2)
			break;
		pairs++;
		if (at + 2 == len || text[at + 2] != separator)
			break;
	}
	n = pairs * PAIR_LENGTH - 1;
	if (pairs < PAIRS_MIN || !ends(text, len, n))
		return 0;
	for (size_t i = 0; i < pairs; i++)
		fprintf(out, "%s00", i ? (char[]){separator, '\0'} : "");
	return n;
}

static size_t put_hex(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	size_t prefix = len > 2 && text[0] == '0' && text[1] == 'x' ? 2 : 0;
	size_t n = count_hex(text + prefix, len - prefix);

	if (n < HEX_MIN || !ends(text, len, prefix + n))
		return 0;
	fprintf(out, "%.*s%0*u", (int)prefix, text, (int)n,
		find_number(redactor, REDACT_HEX, text + prefix, n));
	return prefix + n;
}

static size_t put_ipv4(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	size_t at = 0;

	(void)redactor;
	for (int i = 0; i < OCTETS; i++) {
		size_t digits = 0;

		if (i && (at >= len || text[at++] != '.'))
			return 0;
		while (at + digits < len && isdigit((unsigned char)text[at + digits]))
			digits++;
		if (!digits || digits > OCTET_DIGITS)
			return 0;
		at += digits;
	}
	if (!ends(text, len, at))
		return 0;
	fprintf(out, "0.0.0.0");
	return at;
}

void redact_put(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	static size_t (*const matchers[])(struct redactor * redactor, const char *text,
		size_t len,
		FILE *out) = {put_uuid, put_interface, put_mac, put_hex, put_ipv4};
	char last = '\0';

	for (size_t at = 0; at < len;) {
		size_t n = 0;

		for (size_t i = 0; n == 0 && i < ARRAY_SIZE(matchers); i++) {
			/* Inside of a word; and a port behind USB hubs is no address. */
			if (isalnum((unsigned char)last) ||
				(matchers[i] == put_ipv4 && (last == '-' || last == '.')))
				continue;
			n = matchers[i](redactor, text + at, len - at, out);
		}
		if (n == 0)
			fputc(text[at++], out);
		at += n;
		last = text[at - 1];
	}
}

void redact_put_given(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	fprintf(out, "name%u", find_number(redactor, REDACT_GIVEN, text, len));
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
