/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device set that could be added: what is in it, what was left out and why, and whether `add`
 * would write it.  Whoever prints an `add` command asks here first whether it would be refused.
 */
#ifndef VFIOBOOT_OFFER_H
#define VFIOBOOT_OFFER_H

#include "decide/decide.h"
#include "facts/facts.h"
#include "obstacles.h"

/* Why a function that is near is not in the set. */
enum offer_why {
	OFFER_NEIGHBOR, /* another device, of processor or chipset, in the same slot */
	OFFER_UNWANTED, /* of the same card, whose rest is not wanted */
	OFFER_OBSTACLE, /* of the same card: something is against it */
	OFFER_MADE,     /* a member's driver makes it: it goes and comes with that */
};

struct offer_left {
	const struct pcibus_function *function;
	enum offer_why why;
	struct obstacle obstacle; /* of OFFER_OBSTACLE */
};

/* A section that has the driver of a physical function make the virtual ones that there are now. */
struct offer_physical {
	const struct pcibus_function *function;
	unsigned vfs;
	char name[CONFIG_NAME_SIZE];
	char *text; /* of its file */
};

/* Starts as {0}, and gets its set by deviceset_add(); for offer_free(). */
struct offer {
	struct deviceset set;
	struct offer_left *left; /* in the order of their addresses */
	size_t n_left;
	struct obstacles obstacles; /* of the set */
	char name[CONFIG_NAME_SIZE];
	/* Of offer_weigh(): */
	struct dropin dropin;
	char *text; /* of the drop-in's file */
	struct pcidev *functions;
	bool *whole_slots;
	char identity[SYSFS_IDENTITIES][SYSFS_IDENTITY_SIZE];
	/* Of offer_add_physical(): */
	struct offer_physical *physical;
	size_t n_physical;
};

/* The section that has the function, of offer_settle(), or NULL. */
const struct config_section *offer_find_section(
	const struct offer *offer, const struct pcibus_function *function);

/*
 * Takes out of the set what is there only for a member's sake and has something against it that
 * @allow does not allow, and what a member's driver makes; lists what was left out, and finds the
 * obstacles of what stays.  Returns 0, or -errno.
 */
int offer_settle(const struct obstacles_host *host, const struct obstacles_allowed *allow,
	struct offer *offer);

/* Chooses a name that is free, by what was named first: "gpu", "gpu2". */
void offer_choose_name(const struct obstacles_host *host, struct offer *offer);

/* Whether a file would be hidden, or hide another one, if it had the name of a section. */
bool offer_name_is_taken(const struct obstacles_host *host, const char *name);

/*
 * Makes the drop-in of a set that is settled and has a name, with the @driver ("": vfio-pci) and
 * the @titles of its functions (NULL: none), and weighs its obstacles (obstacles_weigh()).
 * Returns 0; -EINVAL when a function has no path of its own; or another -errno.
 */
int offer_weigh(const struct obstacles_host *host, const struct obstacles_allowed *allow,
	const char *driver, const char *const *titles, struct offer *offer);

/*
 * Adds a section for each physical function that makes virtual ones of the set, where there is none.
 * Returns 0, or -errno.
 */
int offer_add_physical(const struct obstacles_host *host, struct offer *offer);

/*
 * All of these steps for the set that was put into @offer.  Returns 1 if `add` would write it, 0
 * if the obstacles that block it are in @offer, or it has a function without a path; or -errno.
 */
int offer_try(const struct obstacles_host *host, const struct obstacles_allowed *allow,
	struct offer *offer);

void offer_free(struct offer *offer);

#endif
