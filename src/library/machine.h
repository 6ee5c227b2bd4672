/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a machine, each on top of the one before it: its facts; its next boot; what this
 * boot did; all its functions, with both, as they are listed.  Commands that need no more than the
 * first stop there.
 */
#ifndef VFIOBOOT_LIBRARY_MACHINE_H
#define VFIOBOOT_LIBRARY_MACHINE_H

#include "chain/chain.h"
#include "context.h"
#include "facts/facts.h"
#include "function.h"
#include "outlook/outlook.h"

/* Functions of one IOMMU group, which are side by side. */
struct vfioboot_group {
	const struct vfioboot_function *functions;
	size_t n;
};

struct vfioboot_machine {
	unsigned refs;
	struct vfioboot_ctx *ctx;
	struct root root;
	struct facts facts;
	struct chain chain; /* its menus; with its images by machine_follow() */
	struct nextboot *next;
	struct thisboot boot;
	bool boot_read;
	struct inventory inventory;
	struct vfioboot_function *functions; /* of the inventory, as they are listed */
	size_t n_functions;
	struct vfioboot_group *groups;
	size_t n_groups;
};

/* Opens the root directory of the context, and reads nothing, for vfioboot_machine_unref(). */
int machine_new(struct vfioboot_ctx *ctx, struct vfioboot_machine **ret);

/*
 * Read more, unless it was read: the facts; the next boot, by the entry that starts then or, where it
 * was not read, with @cmdline; the same by that entry with @more parameters (NULL: none); what this boot
 * did; the list of functions.  0, or -errno with a message in the context.
 */
int machine_read_facts(struct vfioboot_machine *machine);
int machine_read_next(struct vfioboot_machine *machine, const char *cmdline);
int machine_read_entry(struct vfioboot_machine *machine, const char *more);
int machine_read_boot(struct vfioboot_machine *machine);
int machine_read_functions(struct vfioboot_machine *machine);

/* Warns of what cannot be known of the list, and of errors in the configuration. */
void machine_warn(const struct vfioboot_machine *machine);

/* Follows the chain to its images.  0 or -errno. */
int machine_follow(struct vfioboot_machine *machine);

/* Frees all of that: it is read again, when it is asked for. */
void machine_forget(struct vfioboot_machine *machine);

#endif
