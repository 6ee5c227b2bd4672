/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides, for each active section, which functions go to its driver, or why none does.
 * Pure: configuration and machine in, entries out.  A section is bound whole or refused.
 */
#ifndef VFIOBOOT_PLAN_H
#define VFIOBOOT_PLAN_H

#include "config.h"
#include "machine.h"
#include "protect.h"
#include "reason.h"

/* Each function once, and each section that has an entry without one. */
#define PLAN_ENTRIES_MAX (MACHINE_FUNCTIONS_MAX + CONFIG_SECTIONS_MAX)

#define PLAN_NO_FUNCTION (-1)

struct plan_entry {
	uint16_t section;   /* index into config.sections */
	int16_t function;   /* index into machine.functions, or PLAN_NO_FUNCTION */
	enum reason reason; /* REASON_NONE: bind it, else it is refused for this */
};

/* Whether an entry is refused, as against one that is bound, or there later. */
static inline bool plan_refuses(const struct plan_entry *entry)
{
	return entry->reason != REASON_NONE && entry->reason != REASON_LATER;
}

/* Entries are in the order of sections; those of one section are neighbours. */
struct plan {
	unsigned n_entries;
	/* The function that has just appeared, which all of it is about; NULL: it is of a boot. */
	const struct pci_address *late;
	struct plan_entry entries[PLAN_ENTRIES_MAX];
};

/* Makes the plan.  @ret is in static storage. */
void plan_make(const struct config *config, const struct machine *machine,
	const struct protect_list *protect, struct plan *ret);

/*
 * Makes the plan for the function at @address, which udev says has just appeared: that of a boot,
 * but without the sections that it is no function of.  Others of its section may be on their way;
 * and a native driver that has one already keeps it, unless the section says otherwise.  @address
 * lasts as long as *@ret.
 */
void plan_late(const struct config *config, const struct machine *machine,
	const struct protect_list *protect, const struct pci_address *address,
	struct plan *ret);

/* The entry of the function that has just appeared, or NULL. */
const struct plan_entry *plan_find_late(
	const struct machine *machine, const struct plan *plan);

/*
 * Whether the section of an entry lacks functions, and nothing else is wrong with it: the others
 * may appear, too.
 */
bool plan_is_incomplete(const struct config *config, const struct plan *plan,
	const struct plan_entry *entry);

/* Adds the entries of a section by its index, active or not, behind those that the plan has. */
void plan_add(const struct config *config, const struct machine *machine,
	const struct protect_list *protect, unsigned section, struct plan *ret);

/* Bytes of the longest line of plan_format_entry(), with its NUL. */
#define PLAN_LINE_SIZE (PCI_ADDRESS_SIZE + CONFIG_NAME_SIZE + CONFIG_DRIVER_SIZE + 32)

/*
 * Writes an entry as a line without newline: "ADDRESS SECTION bind DRIVER", "ADDRESS SECTION
 * refuse REASON", or "ADDRESS SECTION vfs NUMBER" of a function that stays with its native driver;
 * ADDRESS is "-" where there is none.
 */
void plan_format_entry(const struct config *config, const struct machine *machine,
	const struct plan_entry *entry, char ret[static PLAN_LINE_SIZE]);

#endif
