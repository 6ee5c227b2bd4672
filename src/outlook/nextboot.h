/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the next boot of a machine will do: its configuration, its command line and its
 * functions, and the plan that the planner of the early program makes of them.
 */
#ifndef VFIOBOOT_NEXTBOOT_H
#define VFIOBOOT_NEXTBOOT_H

#include "bind/bind.h"
#include "chain/chain.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "next_iommu.h"

/* Over a megabyte, so always on the heap: nextboot_free(). */
struct nextboot {
	struct config config;
	struct protect_list protect;
	bool protect_traced; /* of this host as it runs; else what its files say */
	int machine_error; /* -errno: the PCI functions cannot be read; none is planned */
	struct machine machine;
	struct plan plan;
	struct plan
		demand; /* of sections of demand: what handing each of them over finds */
	const struct pcibus *bus; /* of the facts */
	char *cmdline; /* that it is planned with, a copy; NULL: it is not known */
	/*
	 * The entry that has it.  NULL: it is the caller's, or that of this boot, since which one
	 * starts next is not known: why, unless the code is 0.
	 */
	const struct chain_entry *entry;
	struct message unknown;
	struct next_iommu iommu;
	bool built_in; /* what vfio-pci refuses is there, and vfio-pci is part of the kernel */
};

/* What becomes of an entry of the plan. */
enum nextboot_action {
	NEXTBOOT_BIND,
	/* A function of its section is there only when udev has loaded a driver (pcibus.h): a rule
	 * of udev has the section bound when it appears. */
	NEXTBOOT_LATER,
	NEXTBOOT_REFUSE,
	NEXTBOOT_DEMAND, /* of the plan of demand: nothing, the host has it */
	NEXTBOOT_NATIVE, /* the host has it, and its driver makes virtual functions */
	NEXTBOOT_ACTIONS,
};

/*
 * Reads the configuration of the machine of @facts, and the vfioboot.* parameters of
 * @cmdline, or with NULL of the command line that it was booted with.  The protect list is
 * traced as apply would do it; where that is not possible (a tree that is no whole machine),
 * the list in its files counts.  Returns 0 with *@ret for nextboot_free(), also where the PCI
 * functions cannot be read (machine_error); or -ENOMEM.
 */
int nextboot_read(struct facts *facts, const char *cmdline, struct nextboot **ret);

/*
 * The same with the command line of the entry of @chain that starts next, where that is known, else
 * with that of this boot, and @more parameters (NULL: none) behind it.  @chain has at least its menus,
 * and lasts as long as *@ret.
 */
int nextboot_follow(struct facts *facts, const struct chain *chain, const char *more,
	struct nextboot **ret);

/* What keeps the early program from binding anything at all, as a sentence; NULL: nothing known. */
const char *nextboot_hindrance(const struct nextboot *next);

/*
 * The section of the name if it is configured and the next boot leaves it alone, by its profile or
 * vfioboot.off; else NULL.
 */
const struct config_section *nextboot_inactive(
	const struct nextboot *next, const char *section);

/* Why it is not known whether what has an IOMMU group now has one then, as a sentence; NULL: it is. */
const char *nextboot_iommu_unknown(const struct nextboot *next);

void nextboot_free(struct nextboot **next);

/*
 * The same with sections that no file holds yet: nextboot_new() makes an empty one, its config
 * is filled (config_read_file()), and nextboot_plan() adds what the machine has and plans.
 */
int nextboot_new(struct nextboot **ret);
void nextboot_plan(struct facts *facts, const char *cmdline, struct nextboot *next);

/* Plans once more, after something of the configuration was changed. */
void nextboot_plan_again(struct nextboot *next);

/*
 * The next boot of the same machine with the profiles of @cmdline alone, where @all was read with
 * these and others: nothing is read again.  Returns 0 with *@ret for nextboot_free(), or -ENOMEM.
 */
int nextboot_select(
	const struct nextboot *all, const char *cmdline, struct nextboot **ret);

/* What the plan comes to. */
struct nextboot_counts {
	unsigned bound, later, refused, native; /* functions */
	unsigned refused_sections, inactive_sections;
};
struct nextboot_counts nextboot_count(const struct nextboot *next);

/* What becomes of an entry of a plan; "bind", "later", "refuse", "demand" or "native". */
enum nextboot_action nextboot_action(
	const struct nextboot *next, const struct plan_entry *entry);
const char *nextboot_action_word(enum nextboot_action action);

/*
 * The settings of an entry that is to be bound (bind/settings.h), and what each would come to by what
 * the kernel shows now.  Returns how many there are.
 */
unsigned nextboot_settings(const struct root *root, const struct nextboot *next,
	const struct plan_entry *entry,
	struct record_step ret[static STEPS_OF_FUNCTION_MAX]);

/*
 * Why an entry is refused, as a sentence without full stop: that of its reason, or what takes the IOMMU
 * group away that it has now.
 */
const char *nextboot_reason_text(
	const struct nextboot *next, const struct plan_entry *entry);

/* The function of the first entry like @entry's section that is there later; NULL: none. */
const struct pcibus_function *nextboot_later(
	const struct nextboot *next, const struct plan_entry *entry);

/* The plan's entry of the function at @address, or NULL; the same of the plan of demand. */
const struct plan_entry *nextboot_find(
	const struct nextboot *next, struct pci_address address);
const struct plan_entry *nextboot_find_demand(
	const struct nextboot *next, struct pci_address address);

/* Why a section of demand would not be handed over; REASON_NONE: nothing is known. */
enum reason nextboot_demand_reason(
	const struct nextboot *next, const struct config_section *section);

/*
 * The entry of the protect list for the function, which keeps it for the host; NULL: none.
 * Displays are listed too, and only the last of them is kept.
 */
const struct protect_entry *nextboot_protected(
	const struct nextboot *next, const struct pcidev *dev);

#endif
