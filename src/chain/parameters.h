/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel parameters of the normal entries, written where this machine keeps them for good
 * (loaders/permanent.h), as a list of steps (change/change.h): the record of what is ours, the files,
 * what makes them count, and a look at the entries, which must have them then.
 *
 * A run that was killed has left the record (parameters_record.h) first, so the next one knows its
 * words; what is missing is done then, or taken back.
 */
#ifndef VFIOBOOT_CHAIN_PARAMETERS_H
#define VFIOBOOT_CHAIN_PARAMETERS_H

#include "base/base.h"
#include "chain/loaders/bootmenu.h"
#include "change/change.h"

#define PARAMETERS_WORDS_SIZE 1024

struct parameters {
	const struct root *root;
	const struct bootloader *loader;
	struct permanent permanent;
	bool remove;
	char words[PARAMETERS_WORDS_SIZE]; /* that are to be there, or to go */
	struct change change;
	struct bootmenu menu; /* before; with all that GRUB's finish() said, below */
	struct bootmenu_change said;
	struct message
		unknown; /* why the entries cannot be looked at; code 0: they can */
	bool ran;        /* the program that makes the files count */
};

/*
 * Makes the list of steps that give the normal entries of @loader the parameters @words, each of
 * them where it is not there yet in the kernel's meaning; for parameters_free() whatever is
 * returned.  An empty list: all have them.  Returns 0; -EOPNOTSUPP when a person has to, as
 * @ret->permanent.text says; or -errno with @message.
 */
int parameters_plan(const struct root *root, const struct bootloader *loader,
	const char *words, struct parameters *ret, struct message *message);

/* The same to take back what such lists have added; an empty one if there is nothing of ours. */
int parameters_plan_removal(const struct root *root, const struct bootloader *loader,
	struct parameters *ret, struct message *message);

/* Whether there is something to take back. */
bool parameters_has_ours(const struct root *root);

/* Whether the entry is to have the parameters: the normal ones, and what starts without a choice. */
bool parameters_are_for(const struct bootmenu *menu, const struct bootmenu_entry *entry);

void parameters_free(struct parameters *parameters);

#endif
