/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys by which a machine signs its unified kernel images, in the settings that kernel-install
 * hands to ukify(1).  Only what signs is taken over: its other settings would add to, or change,
 * what is copied out of an image.
 */
#ifndef VFIOBOOT_UKIKEYS_H
#define VFIOBOOT_UKIKEYS_H

#include "base/base.h"

/* Starts as {0}. */
struct ukikeys {
	bool secureboot;   /* there are keys for Secure Boot */
	bool measurements; /* there are keys for signed measurements (.pcrsig) */
	char *config;      /* settings for ukify, with the keys */
	char *keyless;     /* the same without */
};

/* Takes them out of the text of a file.  Returns 0, or -ENOMEM. */
int ukikeys_parse(const char *text, struct ukikeys *ret);

/*
 * Reads the first file that there is of those that 60-ukify.install takes: uki.conf of
 * kernel-install, or ukify.conf.  Without any there are no keys.  Returns 0, or -errno.
 */
int ukikeys_read(const struct sysfs_root *root, struct ukikeys *ret);

void ukikeys_free(struct ukikeys *keys);

#endif
