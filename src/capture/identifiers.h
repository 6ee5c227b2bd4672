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

struct redact_alias {
	char *text;
	size_t kind; /* which pattern it is of */
};

/* Starts as {0}. */
struct redactor {
	struct redact_alias *aliases; /* in the order in which they were found */
	size_t n;
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
