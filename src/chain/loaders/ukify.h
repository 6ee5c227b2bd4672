/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a unified kernel image out of another one, by ukify(1), with the keys that a machine has
 * for such images in the settings of kernel-install.
 */
#ifndef VFIOBOOT_UKIFY_H
#define VFIOBOOT_UKIFY_H

#include "change/change.h"
#include "uki_image.h"

/* Starts as {0}. */
struct ukify {
	const char *program; /* NULL: it is not installed */
	bool secureboot;     /* there are keys for Secure Boot */
	bool measurements;   /* there are keys for signed measurements (.pcrsig) */
	char *signing;       /* settings for ukify, with the keys */
	char *plain;         /* the same without */
};

/*
 * Finds the program, and reads the first of the files that 60-ukify.install takes: uki.conf of
 * kernel-install, or ukify.conf.  Without any there are no keys.  Returns 0, or -errno.
 */
int ukify_read(const struct root *root, struct ukify *ret);
void ukify_free(struct ukify *ukify);

/*
 * Takes the keys, and how images are made, out of such a file: what else it has would add to what
 * is copied out of an image, or change it.  Pure.  Returns 0, or -ENOMEM.
 */
int ukify_parse(const char *text, struct ukify *ret);

/* Why vfioboot cannot make another image out of one; a person can, by hand. */
enum ukify_obstacle {
	UKIFY_MISSING = 1 << 0,
	UKIFY_NO_KEYS = 1 << 1,         /* it is signed for Secure Boot */
	UKIFY_NO_MEASURE_KEYS = 1 << 2, /* its measurements are signed */
	UKIFY_UNKNOWN_SECTION = 1 << 3, /* @image->unknown would be lost */
};

/* The obstacles for the image, 0 for none. */
unsigned ukify_obstacles(const struct ukify *ukify, const struct uki *image);

/* The first of them, as a part of a sentence. */
const char *ukify_obstacle_text(unsigned obstacles);

/*
 * Makes @image's copy for @entry in the file @output below the root, looks into it and syncs it.
 * Returns 0; -EREMOTEIO with the last words of ukify in @why; or another -errno, without a text.
 * Nothing is left on failure.
 */
int ukify_make(const struct root *root, const struct ukify *ukify,
	const struct uki *image, const struct bootentry *entry, const char *output,
	struct message *why);

/*
 * Whether ukify can make the unified image @path of the running machine again, with all that it
 * has.  @has_keys: the keys of the settings are those that it is signed with.
 */
bool ukify_can_extend(const struct root *root, const char *path, bool has_keys);

/*
 * Makes that image in the file @output, with something behind its initramfs.  Returns as
 * ukify_make(), or -ESTALE when it is no such image any more.
 */
int ukify_extend(const struct root *root, const char *path,
	const struct change_extension *extension, const char *output,
	struct message *why);

/* Prints the commands by which a person makes that copy. */
void ukify_print(FILE *out, const struct uki *image, const struct bootentry *entry);

/* Prints what can be done so that vfioboot makes it. */
void ukify_print_obstacles(FILE *out, unsigned obstacles);

#endif
