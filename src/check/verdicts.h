/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What leftovers of other ways (facts/leftovers.h) do beside the configuration: which devices that
 * the host keeps they take, and which are not needed any more.  And how they are taken away.
 */
#ifndef VFIOBOOT_CHECK_VERDICTS_H
#define VFIOBOOT_CHECK_VERDICTS_H

#include "change/change.h"
#include "outlook/outlook.h"

enum verdict_effect {
	VERDICT_HARMLESS, /* nothing worth a word */
	VERDICT_NEEDLESS, /* it does what is configured, or nothing on this machine */
	VERDICT_UNKNOWN,  /* it binds devices, and does not say which */
	VERDICT_TAKES, /* it takes, or may take, what the next boot leaves to the host */
};

/* Of the leftover of the same index. */
struct verdict {
	enum verdict_effect effect;
	char *found;  /* one sentence without full stop, without the place */
	char *remedy; /* an imperative; "" where nothing has to be done */
	bool removable;
};

struct verdicts {
	struct leftovers leftovers;
	struct verdict *list;
	struct facts *facts;
	const struct nextboot *next;
};

/*
 * Finds and judges them, for verdicts_free(), by what @next plans.  Where no section is configured
 * nothing is taken that should not be.  Returns 0, or -ENOMEM.
 */
int verdicts_find(struct facts *facts, const struct nextboot *next, struct verdicts *ret);
void verdicts_free(struct verdicts *verdicts);

/* Where it is: "FILE:LINE", "FILE", or "kernel command line". */
void verdict_place(const struct leftover *leftover, char *ret, size_t size);

/*
 * Adds the steps that take away those that can be: what is a line becomes a comment, what is a file
 * goes, and the file as it was is kept below LEFTOVERS_ARCHIVE, from where `undo` restores it.
 * Returns 0, or -errno.
 */
int verdicts_add_steps(const struct verdicts *verdicts, struct change *change);

#endif
