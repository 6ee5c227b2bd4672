/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What identifies a machine, or its owner, found in any text: MAC addresses, UUIDs,
 * world wide names, addresses of networks, names that people gave.  For redact.h; the same
 * text has the same replacement everywhere, so that what belongs together still does.
 */
#ifndef VFIOBOOT_CAPTURE_IDENTIFIERS_H
#define VFIOBOOT_CAPTURE_IDENTIFIERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum redact_kind {
	REDACT_UUID,  /* 00000000-0000-0000-0000-000000000001 */
	REDACT_MAC,   /* of interfaces named by it: enx000000000001 */
	REDACT_HEX,   /* a long number in hex, as long with zeros */
	REDACT_GIVEN, /* a name that somebody gave: name1 */
	REDACT_KINDS,
};

struct redact_alias {
	char *text;
	enum redact_kind kind;
	unsigned number; /* from 1, of its kind */
};

/* Starts as {0}. */
struct redactor {
	struct redact_alias *aliases;
	size_t n;
	unsigned count[REDACT_KINDS];
	bool failed; /* no memory: nothing of it may be used */
};

void redactor_free(struct redactor *redactor);

/* Writes @text of @len bytes with all that is found in it replaced. */
void redact_put(struct redactor *redactor, const char *text, size_t len, FILE *out);

/* Writes a replacement for the whole text, a name that somebody gave. */
void redact_put_given(struct redactor *redactor, const char *text, size_t len, FILE *out);

/* The same of a device node: names of the kernel stay, such as "/dev/nvme0n1p2". */
void redact_put_device(
	struct redactor *redactor, const char *text, size_t len, FILE *out);

/* The same of a path: what is below directories of users' own things is replaced. */
void redact_put_path(struct redactor *redactor, const char *text, size_t len, FILE *out);

#endif
