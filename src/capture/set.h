/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a capture (capture.h) while it is made: each read, redacted and kept. */
#ifndef VFIOBOOT_CAPTURE_SET_H
#define VFIOBOOT_CAPTURE_SET_H

#include "capture.h"
#include "redact.h"

/* A form of text besides those of redact.h: as it is, since it cannot reveal anything. */
#define CAPTURE_PLAIN REDACT_FORMS

struct captureset {
	const struct root *root;
	struct capture *capture;
	struct redactor redactor;
	size_t room, gaps_room;
};

/*
 * Add what is at @path below the root: a file with its text in the @form; a link; a
 * directory, without what is in it; a name that is there, with nothing in it.  What is not
 * there, or something else, is left out; what can't be read is a gap of the capture.
 * Return 0, or -ENOMEM.  captureset_add_text() adds a file that has been read otherwise.
 */
int captureset_add_text(struct captureset *set, const char *path, enum redact_form form,
	const char *text);
int captureset_add_file(struct captureset *set, const char *path, enum redact_form form);
int captureset_add_link(struct captureset *set, const char *path);
int captureset_add_directory(struct captureset *set, const char *path);
int captureset_add_name(struct captureset *set, const char *path);

/* Calls @add for each entry of a directory, with its name and its path.  0 or -errno. */
int captureset_each(struct captureset *set, const char *directory,
	int (*add)(struct captureset *set, const char *path, const char *name));

/* Sorts the entries by path, and leaves each there once. */
void captureset_finish(struct captureset *set);

#endif
