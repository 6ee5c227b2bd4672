/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes out of a captured machine what nobody needs who replays it: serial numbers, MAC and
 * other addresses, UUIDs, names of people.  Of each file what is not known to be needed is
 * left out.  The same text has the same replacement in all files of one capture.
 */
#ifndef VFIOBOOT_REDACT_H
#define VFIOBOOT_REDACT_H

#include "base/base.h"

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

/* What a text is.  Formats: proc(5), and where one is read here. */
enum redact_form {
	REDACT_FORM_PLAIN,   /* it cannot reveal anything */
	REDACT_FORM_NAME,    /* of a file below sys, or where a link leads */
	REDACT_FORM_MAPPED,  /* attribute dm/name */
	REDACT_FORM_UDEV,    /* udev's notes on a block device */
	REDACT_FORM_CMDLINE, /* of the kernel */
	REDACT_FORM_MOUNTS,  /* mountinfo */
	REDACT_FORM_SWAPS,
	REDACT_FORM_ROUTES,  /* net/route: the default ones stay */
	REDACT_FORM_ROUTES6, /* net/ipv6_route: the same */
	REDACT_FORM_CPUINFO, /* of the first processor */
	REDACT_FORM_KERNEL,  /* what a kernel was built with, without texts */
	REDACT_FORM_IOMEM,
	REDACT_FORM_INTERRUPTS, /* the names of the chips stay */
	REDACT_FORM_CONFIG,     /* vfioboot.conf(5): without its comments */
	REDACT_FORM_PROTECT,    /* decide/protect.h */
	REDACT_FORM_RECORD,     /* bind/record.h */
	REDACT_FORMS,
};

/*
 * Writes @text as it may be shown to anyone into *@ret, for free().  Returns 0, or -ENOMEM,
 * after which the redactor is of no use.
 */
int redact_text(
	struct redactor *redactor, enum redact_form form, const char *text, char **ret);

/*
 * ---- identifiers.c: what identifies a machine, or its owner, found in any text
 *
 * MAC addresses, UUIDs, world wide names, addresses of networks, names that people gave.  The same
 * text has the same replacement everywhere, so that what belongs together still does.
 */

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
