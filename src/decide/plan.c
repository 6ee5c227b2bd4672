/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decisions: who is a member, what refuses a section, which displays stay. */
#include "plan.h"

#include "base/base.h"
#include "match.h"

struct planner {
	const struct config *config;
	const struct machine *machine;
	const struct protect_list *protect;
	struct plan *plan;
};

/* The entries of the section that is being planned: from @first on. */
struct draft {
	const struct config_section *section;
	uint16_t index;
	unsigned first;
	bool stranger; /* the place holds something else */
	bool overflow; /* the plan has no room for all of it */
	bool bound;    /* all of it has its driver */
	bool native;   /* all of it stays with the host */
};

/* Each section has room for one entry, however many others have. */
#define FUNCTION_ENTRIES_MAX (PLAN_ENTRIES_MAX - CONFIG_SECTIONS_MAX)

static const struct pcidev *function_of(
	const struct planner *planner, const struct plan_entry *entry)
{
	return &planner->machine->functions[entry->function];
}

static void add_entry(
	struct planner *planner, struct draft *draft, int function, enum reason reason)
{
	struct plan *plan = planner->plan;

	if (function != PLAN_NO_FUNCTION && plan->n_entries >= FUNCTION_ENTRIES_MAX) {
		draft->overflow = true;
		return;
	}
	plan->entries[plan->n_entries++] = (struct plan_entry){
		.section = draft->index, .function = (int16_t)function, .reason = reason};
}

/* Refuses the whole draft: for @reason each function that has none of its own. */
static void refuse(struct planner *planner, struct draft *draft, enum reason reason)
{
	struct plan *plan = planner->plan;

	if (plan->n_entries == draft->first)
		add_entry(planner, draft, PLAN_NO_FUNCTION, reason);
	for (unsigned i = draft->first; i < plan->n_entries; i++)
		if (plan->entries[i].reason == REASON_NONE)
			plan->entries[i].reason = reason;
}

/* Adds the members of a section, and with them the strangers at its place. */
static void add_members(struct planner *planner, struct draft *draft)
{
	for (unsigned i = 0; i < planner->machine->n_functions; i++) {
		const struct pcidev *dev = &planner->machine->functions[i];
		enum match match = match_section(planner->config, draft->section, dev);

		if (match == MATCH_NONE)
			continue;
		draft->stranger |= match == MATCH_STRANGER;
		add_entry(planner, draft, (int)i, REASON_NONE);
	}
}

static bool same_slot(const struct pcidev *a, const struct pcidev *b)
{
	return a->address.domain == b->address.domain &&
		a->address.bus == b->address.bus &&
		a->address.devfn >> 3 == b->address.devfn >> 3;
}

/* Adds the functions of @first's slot that have the section's ids.  Returns their number. */
static unsigned add_slot(
	struct planner *planner, struct draft *draft, const struct pcidev *first)
{
	unsigned n = 0;

	for (unsigned i = 0; i < planner->machine->n_functions; i++) {
		const struct pcidev *dev = &planner->machine->functions[i];

		if (!same_slot(first, dev) ||
			!match_identity(planner->config, draft->section, dev))
			continue;
		add_entry(planner, draft, (int)i, REASON_NONE);
		n++;
	}
	return n;
}

/* Whether the section has an id that no function of the draft has. */
static bool misses_id(const struct planner *planner, const struct draft *draft)
{
	const struct config_section *section = draft->section;

	for (unsigned i = 0; i < section->n_selectors; i++) {
		const struct selector *id =
			&planner->config->selectors[section->first_selector + i];
		bool found = id->kind != SELECTOR_ID;

		for (unsigned j = draft->first; !found && j < planner->plan->n_entries;
			j++) {
			const struct pcidev *dev =
				function_of(planner, &planner->plan->entries[j]);

			found = selector_match(id, dev);
		}
		if (!found)
			return true;
	}
	return false;
}

/* Whether an earlier function of the same slot has been looked at as the start of a set. */
static bool slot_seen(
	const struct planner *planner, const struct draft *draft, unsigned n)
{
	const struct pcidev *functions = planner->machine->functions;

	for (unsigned i = 0; i < n; i++)
		if (same_slot(&functions[i], &functions[n]) &&
			match_identity(planner->config, draft->section, &functions[i]))
			return true;
	return false;
}

/*
 * How many slots have functions with all ids of the section, and as many as it expects; the first
 * function of the last of them is *@ret.  Leaves no members in the draft.
 */
static unsigned count_sets(
	struct planner *planner, struct draft *draft, const struct pcidev **ret)
{
	const struct machine *machine = planner->machine;
	unsigned sets = 0;

	for (unsigned i = 0; i < machine->n_functions; i++) {
		unsigned n;

		if (!match_identity(
			    planner->config, draft->section, &machine->functions[i]) ||
			slot_seen(planner, draft, i))
			continue;
		planner->plan->n_entries = draft->first;
		n = add_slot(planner, draft, &machine->functions[i]);
		if ((draft->section->expect && n != draft->section->expect) ||
			misses_id(planner, draft))
			continue;
		sets++;
		*ret = &machine->functions[i];
	}
	planner->plan->n_entries = draft->first;
	return sets;
}

/* on-move = follow: the one such set.  Leaves its members in the draft. */
static enum reason follow(struct planner *planner, struct draft *draft)
{
	const struct pcidev *first;
	unsigned sets = count_sets(planner, draft, &first);

	if (sets != 1)
		return sets ? REASON_AMBIGUOUS : REASON_ABSENT;
	add_slot(planner, draft, first);
	return REASON_NONE;
}

/*
 * Whether the members may be another device than the one that the section was written for: what
 * they are known by says so; or the numbers of root buses may have moved, nothing says that they
 * did not, and a second device fits.
 */
static bool is_another(struct planner *planner, struct draft *draft)
{
	enum identity identity = planner->machine->identity[draft->index];
	const struct pcidev *first;
	unsigned sets;

	if (identity != IDENTITY_UNKNOWN)
		return identity == IDENTITY_OTHER;
	if (!(draft->section->kinds & 1 << SELECTOR_ID) ||
		!config_section_may_move(planner->config, draft->section))
		return false;
	sets = count_sets(planner, draft, &first);
	add_members(planner, draft);
	return sets > 1;
}

/* Why none of the virtual functions that the section names is there, unless that is absent, too. */
static enum reason why_absent(const struct planner *planner, const struct draft *draft)
{
	const struct selector *selectors =
		&planner->config->selectors[draft->section->first_selector];

	for (unsigned i = 0; i < draft->section->n_selectors; i++)
		for (unsigned j = 0; selectors[i].kind == SELECTOR_VF &&
			j < planner->machine->n_functions;
			j++)
			if (pci_path_equal(&selectors[i].vf.physical,
				    &planner->machine->functions[j].path, false))
				return REASON_LATER;
	return REASON_ABSENT;
}

static enum reason find_members_at_all(struct planner *planner, struct draft *draft)
{
	const struct config_section *section = draft->section;
	struct plan *plan = planner->plan;
	unsigned expect = config_expected(planner->config, section);

	add_members(planner, draft);
	if (!draft->stranger && plan->n_entries != draft->first)
		draft->stranger = is_another(planner, draft);
	if (section->follow && (draft->stranger || plan->n_entries == draft->first)) {
		plan->n_entries = draft->first;
		/* Not all functions are known: there may be a second set. */
		return planner->machine->truncated ? REASON_COUNT
						   : follow(planner, draft);
	}
	if (draft->stranger)
		return REASON_MOVED;
	if (plan->n_entries == draft->first)
		return why_absent(planner, draft);
	/* At the next boot its physical function has as many as the configuration says. */
	if (planner->machine->next_boot && !section->expect &&
		plan->n_entries - draft->first < expect)
		return REASON_LATER;
	if ((expect && plan->n_entries - draft->first != expect) ||
		(!config_section_has_place(section) && planner->machine->truncated))
		return REASON_COUNT;
	return REASON_NONE;
}

/* Fills the draft.  Returns why the section can't have these functions at all. */
static enum reason find_members(struct planner *planner, struct draft *draft)
{
	enum reason reason = find_members_at_all(planner, draft);

	if (!draft->overflow)
		return reason;
	/* Only a part of them is in the plan. */
	planner->plan->n_entries = draft->first;
	return REASON_COUNT;
}

static bool is_claimed(
	const struct planner *planner, const struct draft *draft, int function)
{
	for (unsigned i = 0; i < draft->first; i++)
		if (planner->plan->entries[i].function == function &&
			planner->plan->entries[i].reason == REASON_NONE)
			return true;
	return false;
}

/*
 * By its place; or by its ids, when the listed place does not hold it any more.  With an
 * incomplete list the root may be behind anything that can carry one, and is not bound already.
 */
static enum reason judge_protected(
	const struct protect_list *protect, const struct pcidev *dev, bool bound)
{
	for (unsigned i = 0; i < protect->n_entries; i++) {
		const struct protect_entry *entry = &protect->entries[i];
		bool same_ids = entry->vendor == dev->ids.vendor &&
			entry->device == dev->ids.device;

		if (entry->kind == PROTECT_DISPLAY)
			continue;
		if (pci_path_equal(&entry->path, &dev->path, false) ||
			(same_ids && entry->missing))
			return REASON_PROTECTED;
	}
	return protect->incomplete && !bound && pcidev_can_carry_root(dev)
		? REASON_NO_PROTECT_LIST
		: REASON_NONE;
}

/* Whether the function has been given away already: nothing of it is left to be taken from the host. */
static bool is_given(const struct planner *planner, const struct draft *draft,
	const struct pcidev *dev)
{
	return !planner->machine->next_boot &&
		text_is(dev->driver, draft->section->driver);
}

/* What is wrong with the virtual functions of one, those it has and those it is to get. */
static enum reason judge_virtual(const struct planner *planner, const struct draft *draft,
	const struct pcidev *dev)
{
	unsigned vfs = draft->section->vfs;

	/* It is looked at when its driver comes. */
	if (!planner->machine->next_boot && !*dev->driver)
		return REASON_NONE;
	if (vfs && !dev->total_vfs)
		return REASON_NO_SRIOV;
	if (vfs > dev->total_vfs)
		return REASON_TOTAL_VFS;
	/* They would be gone with its driver, or before there can be more or fewer of them. */
	if (!planner->machine->next_boot && dev->virtual_used &&
		(vfs ? vfs != dev->num_vfs : !is_given(planner, draft, dev)))
		return REASON_VIRTUAL_IN_USE;
	return REASON_NONE;
}

/* What is wrong with one function, whatever else the section has. */
static enum reason judge(const struct planner *planner, const struct draft *draft,
	const struct plan_entry *entry)
{
	const struct pcidev *dev = function_of(planner, entry);
	enum reason reason = draft->native
		? REASON_NONE
		: judge_protected(planner->protect, dev, draft->bound);

	if (is_claimed(planner, draft, entry->function))
		return REASON_CLAIMED;
	if (pcidev_base_class(dev) == PCI_BASE_BRIDGE)
		return REASON_BRIDGE;
	if (reason != REASON_NONE)
		return reason;
	if (!dev->detailed)
		return REASON_IO_ERROR;
	/* vfio-pci would refuse it, and the override would keep its native driver off. */
	if (!dev->has_iommu_group && !draft->native &&
		strcmp(draft->section->driver, CONFIG_DRIVER_NONE) != 0)
		return REASON_NO_IOMMU_GROUP;
	if (dev->denied && strcmp(draft->section->driver, "vfio-pci") == 0)
		return REASON_DENYLISTED;
	if (planner->plan->late && !draft->section->take && *dev->driver &&
		!config_driver_is(draft->section->driver, dev->driver))
		return REASON_HAS_DRIVER;
	return judge_virtual(planner, draft, dev);
}

/* What is wrong with any of them; else @reason. */
static enum reason judge_all(
	const struct planner *planner, const struct draft *draft, enum reason reason)
{
	for (unsigned i = draft->first; i < planner->plan->n_entries; i++) {
		enum reason one = judge(planner, draft, &planner->plan->entries[i]);

		if (one != REASON_NONE)
			return one;
	}
	return reason;
}

/* Whether the plan so far, the draft included, takes the function. */
static bool is_taken(const struct planner *planner, unsigned function)
{
	for (unsigned i = 0; i < planner->plan->n_entries; i++)
		if (planner->plan->entries[i].function == (int)function &&
			planner->plan->entries[i].reason == REASON_NONE &&
			!config_section_is_native(
				&planner->config
					 ->sections[planner->plan->entries[i].section]))
			return true;
	return false;
}

/* What is not known of the function itself, the protect list says: it has all displays. */
static enum pcidev_display display_of(
	const struct planner *planner, const struct pcidev *dev)
{
	const struct protect_list *list = planner->protect;
	enum pcidev_display display = pcidev_display(dev);

	if (display != PCIDEV_PERHAPS_DISPLAY)
		return display;
	for (unsigned i = 0; i < list->n_entries; i++)
		if (list->entries[i].kind == PROTECT_DISPLAY &&
			pci_path_equal(&list->entries[i].path, &dev->path, false))
			return PCIDEV_DISPLAY;
	return list->incomplete ? display : PCIDEV_NO_DISPLAY;
}

/*
 * Whether the host can use the display, as long as nobody takes it.  A boot does not wait for one that
 * udev brings.
 */
static bool is_usable_display(const struct planner *planner, const struct draft *draft,
	const struct pcidev *dev)
{
	return display_of(planner, dev) == PCIDEV_DISPLAY &&
		(!dev->late || draft->section->demand) &&
		(planner->machine->next_boot || !*dev->driver ||
			pcidev_driver_is_native(dev->driver));
}

/* Whether the draft takes a display and no other stays that the host could use. */
static bool takes_last_display(const struct planner *planner, const struct draft *draft)
{
	bool takes = false;

	if (draft->section->last_display || draft->native)
		return false;
	for (unsigned i = draft->first; i < planner->plan->n_entries; i++) {
		const struct pcidev *dev =
			function_of(planner, &planner->plan->entries[i]);

		takes |= !is_given(planner, draft, dev) &&
			display_of(planner, dev) != PCIDEV_NO_DISPLAY;
	}
	/* From the end: the listed displays were looked up last. */
	for (unsigned i = planner->machine->n_functions; takes && i-- > 0;)
		if (is_usable_display(planner, draft, &planner->machine->functions[i]) &&
			!is_taken(planner, i))
			return false;
	return takes;
}

/* Whether all of the draft has been bound as asked. */
static bool is_bound(const struct planner *planner, const struct draft *draft)
{
	for (unsigned i = draft->first; i < planner->plan->n_entries; i++)
		if (!is_given(planner, draft,
			    function_of(planner, &planner->plan->entries[i])))
			return false;
	return !planner->machine->next_boot;
}

static void plan_section(struct planner *planner, uint16_t index)
{
	struct plan *plan = planner->plan;
	struct draft draft = {.section = &planner->config->sections[index],
		.index = index,
		.first = plan->n_entries,
		.native = config_section_is_native(&planner->config->sections[index])};
	enum reason reason = REASON_NONE;

	if (draft.section->bad) {
		refuse(planner, &draft, REASON_BAD_CONFIG);
		return;
	}
	reason = find_members(planner, &draft);
	draft.bound = reason == REASON_NONE && is_bound(planner, &draft);
	/* A section that lacks functions for now is told from one that never gets these. */
	if (reason == REASON_NONE || (plan->late && reason == REASON_COUNT))
		reason = judge_all(planner, &draft, reason);
	if (reason == REASON_NONE && !draft.bound && takes_last_display(planner, &draft))
		reason = REASON_LAST_DISPLAY;
	if (reason != REASON_NONE)
		refuse(planner, &draft, reason);
}

static void make(const struct config *config, const struct machine *machine,
	const struct protect_list *protect, const struct pci_address *late,
	struct plan *ret)
{
	struct planner planner = {config, machine, protect, ret};

	ret->n_entries = 0;
	ret->late = late;
	for (unsigned i = 0; i < config->n_sections; i++)
		if (config_section_active(config, &config->sections[i]))
			plan_section(&planner, (uint16_t)i);
}

void plan_make(const struct config *config, const struct machine *machine,
	const struct protect_list *protect, struct plan *ret)
{
	make(config, machine, protect, NULL, ret);
}

/* Whether the entry is of the function that has just appeared. */
static bool is_late(const struct machine *machine, const struct plan *plan,
	const struct plan_entry *entry)
{
	return entry->function != PLAN_NO_FUNCTION &&
		pci_address_equal(
			machine->functions[entry->function].address, *plan->late);
}

/* Whether it is of a virtual function of that one. */
static bool is_late_virtual(const struct machine *machine, const struct plan *plan,
	const struct plan_entry *entry)
{
	const struct pcidev *dev = &machine->functions[entry->function];

	for (unsigned i = 0; entry->function != PLAN_NO_FUNCTION && dev->physical.depth &&
		i < machine->n_functions;
		i++)
		if (pci_address_equal(machine->functions[i].address, *plan->late))
			return pci_path_equal(
				&machine->functions[i].path, &dev->physical, false);
	return false;
}

/* How many entries the section has that the one at @first is of: they are neighbours. */
static unsigned section_size(const struct plan *plan, unsigned first)
{
	unsigned n = 0;

	while (first + n < plan->n_entries &&
		plan->entries[first + n].section == plan->entries[first].section)
		n++;
	return n;
}

void plan_late(const struct config *config, const struct machine *machine,
	const struct protect_list *protect, const struct pci_address *address,
	struct plan *ret)
{
	unsigned kept = 0, n;

	make(config, machine, protect, address, ret);
	for (unsigned i = 0; i < ret->n_entries; i += n) {
		bool about = false;

		n = section_size(ret, i);
		for (unsigned j = i; j < i + n; j++)
			about |= is_late(machine, ret, &ret->entries[j]) ||
				is_late_virtual(machine, ret, &ret->entries[j]);
		for (unsigned j = i; about && j < i + n; j++)
			ret->entries[kept++] = ret->entries[j];
	}
	ret->n_entries = kept;
}

const struct plan_entry *plan_find_late(
	const struct machine *machine, const struct plan *plan)
{
	for (unsigned i = 0; i < plan->n_entries; i++)
		if (is_late(machine, plan, &plan->entries[i]))
			return &plan->entries[i];
	return NULL;
}

bool plan_is_incomplete(const struct config *config, const struct plan *plan,
	const struct plan_entry *entry)
{
	unsigned first = (unsigned)(entry - plan->entries);

	while (first && plan->entries[first - 1].section == entry->section)
		first--;
	return entry->reason == REASON_COUNT &&
		section_size(plan, first) <
		config_expected(config, &config->sections[entry->section]);
}

void plan_add(const struct config *config, const struct machine *machine,
	const struct protect_list *protect, unsigned section, struct plan *ret)
{
	struct planner planner = {config, machine, protect, ret};

	plan_section(&planner, (uint16_t)section);
}

void plan_format_entry(const struct config *config, const struct machine *machine,
	const struct plan_entry *entry, char ret[static PLAN_LINE_SIZE])
{
	const struct config_section *section = &config->sections[entry->section];
	bool native = config_section_is_native(section);
	char address[PCI_ADDRESS_SIZE] = "-", vfs[16];

	if (entry->function != PLAN_NO_FUNCTION)
		pci_address_format(machine->functions[entry->function].address, address);
	snprintf(vfs, sizeof(vfs), "%u", section->vfs);
	if (entry->reason == REASON_NONE)
		text_join(ret, PLAN_LINE_SIZE, address, " ", section->name,
			native ? " vfs " : " bind ", native ? vfs : section->driver,
			NULL);
	else
		text_join(ret, PLAN_LINE_SIZE, address, " ", section->name, " refuse ",
			reason_word(entry->reason), NULL);
}
