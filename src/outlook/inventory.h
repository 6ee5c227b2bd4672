/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All PCI functions of a machine, with what each is, which driver has it, what the host uses it
 * for, and what is configured for it.
 */
#ifndef VFIOBOOT_INVENTORY_H
#define VFIOBOOT_INVENTORY_H

#include "facts/facts.h"
#include "nextboot.h"
#include "thisboot.h"

/* What functions with the same ids have in common. */
struct inventory_kind {
	struct pci_ids ids;
	char *name, *vendor, *model; /* as in names.h */
	char *modules; /* that could claim it, joined by ", "; NULL: not known */
};

/* What became of a function that a section names. */
enum inventory_result {
	INVENTORY_FREE,    /* no section names it */
	INVENTORY_BOUND,   /* its driver is the one that is asked for */
	INVENTORY_PENDING, /* the next boot binds it */
	INVENTORY_LATER,   /* after udev has made it, at the earliest: NEXTBOOT_LATER */
	INVENTORY_DEMAND,  /* no boot does: the host has it until it is handed over */
	INVENTORY_REFUSED, /* at the next boot, or at this one with this configuration */
	INVENTORY_FAILED,  /* at this boot */
	INVENTORY_NATIVE, /* the host keeps it, for its virtual functions: NEXTBOOT_NATIVE */
	INVENTORY_INACTIVE, /* the next boot does not ask for its section */
	INVENTORY_RESULTS,
};

struct inventory_function {
	const struct pcibus_function *pci;
	const struct inventory_kind *kind;
	const struct usage_entry *uses; /* the first of them; NULL: none */
	size_t n_uses;
	const struct drives *drives;          /* of the facts: of all functions */
	const struct config_section *section; /* NULL: none */
	enum inventory_result result;
	/* Of the result; of a bound one, why not at the next boot; on demand, why it would not be. */
	enum reason reason;
};

struct inventory {
	const struct pcibus *bus;             /* of the facts */
	struct inventory_function *functions; /* of the same order */
	size_t n;
	struct inventory_kind **kinds;
	size_t n_kinds;
	const struct usage *usage; /* of the facts; NULL: not known */
	int usage_error;           /* of facts_usage() */
};

/*
 * Lists the functions of the machine of @facts, which have to last as long, for
 * inventory_free().  Names are by the database of this machine; modules by the index of the
 * kernel that runs there.  What is configured is not read yet.  Returns 0, or -errno when there
 * is no list of functions.
 */
int inventory_read(struct facts *facts, struct inventory *ret);

/* Notes what is configured by @next, which has to last as long, and how far that got in @boot. */
void inventory_mark(struct inventory *inventory, const struct nextboot *next,
	const struct thisboot *boot);

void inventory_free(struct inventory *inventory);

/* The function at @address, or NULL. */
struct inventory_function *inventory_find(
	const struct inventory *inventory, struct pci_address address);

/* "bound", "pending", "later", "native", "demand", "refused" or "failed"; "" for INVENTORY_FREE. */
const char *inventory_result_word(enum inventory_result result);

/* Whether two functions can only go together: of one group, or without one of one slot. */
bool inventory_same_group(
	const struct inventory_function *a, const struct inventory_function *b);

#endif
