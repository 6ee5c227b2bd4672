/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a unified kernel image out of another one, by ukify(1).  First it has a name that no
 * loader shows, so that several can be made before any takes effect.  All of it is on this machine
 * alone: it is no matter of a root.
 */
#ifndef VFIOBOOT_UKIMAKE_H
#define VFIOBOOT_UKIMAKE_H

#include <stddef.h>

#include "ukimenu.h"

struct ukimake_job {
	const char *ukify;  /* the program */
	const char *config; /* the text of its settings */
	const struct uki
		*image; /* whose kernel, initramfs and all that belongs to them it gets */
	const char *name; /* of the file, beside the image; it may be the same */
	const char *osrel, *cmdline;
};

/*
 * Makes it, aside; @work is of ukiwork_open().  Returns 0; -EREMOTEIO with ukify's last words in
 * @ret_why; or another -errno.  Nothing is left on failure.
 */
int ukimake_run(const struct ukimake_job *job, int work, char *ret_why, size_t size);

/* Puts what was made aside in place: what has the name is replaced as a whole.  0 or -errno. */
int ukimake_place(const char *directory, const char *name);

/* Deletes what was made aside, if it is there. */
void ukimake_forget(const char *directory, const char *name);

#endif
