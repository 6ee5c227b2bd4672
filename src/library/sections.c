/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences about sections, the same for all who ask. */
#include "sections.h"

const char *sections_inactive_word(
	const struct config *config, const struct config_section *section)
{
	return section->demand ? "demand" : config->off ? "off" : "profile";
}

void sections_owner_text(const struct handover_owner *owner, const char *set, bool hook,
	char ret[static SECTIONS_TEXT_SIZE])
{
	if (owner->in_part)
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"was handed over, or put back, only in part; 'sudo vfioboot "
			"release %s' puts back the rest",
			set);
	else if (!*owner->guest)
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"has been handed over while this system runs; 'sudo vfioboot "
			"release %s' takes it back",
			set);
	else if (hook)
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"was given to the guest %s; it comes back when that ends",
			owner->guest);
	else
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"was given to the guest %s; 'sudo vfioboot release %s' takes it "
			"back when that has ended, since the hook of libvirt is not there",
			owner->guest, set);
}

/*
 * Of a section of demand: what a boot does with it, and who has it now, or why it would not be handed
 * over.
 */
static void demand_text(const struct nextboot *next, const struct config_section *section,
	char ret[static SECTIONS_TEXT_SIZE])
{
	const struct root *root = next->config.root;
	enum reason reason = nextboot_demand_reason(next, section);
	bool hook = root && file_exists(root, "%s", LIBVIRT_HOOK);
	char text[SECTIONS_TEXT_SIZE];
	struct handover_owner owner;

	if (root && handover_find_owner(root, section->name, &owner, NULL) == 0) {
		sections_owner_text(&owner, section->name, hook, text);
		text_join(ret, SECTIONS_TEXT_SIZE, "left to the host at boot; it ", text,
			NULL);
		return;
	}
	text_join(ret, SECTIONS_TEXT_SIZE,
		"left to the host at boot; 'sudo vfioboot bind ", section->name,
		hook ? "' or its guest takes it" : "' takes it",
		reason == REASON_NONE ? "" : ", which would be refused now: ",
		reason == REASON_NONE ? "" : reason_text(reason), NULL);
}

void sections_inactive_text(const struct nextboot *next,
	const struct config_section *section, char ret[static SECTIONS_TEXT_SIZE])
{
	char place[CONFIG_PLACE_SIZE];

	if (section->demand)
		demand_text(next, section, ret);
	else if (next->config.off)
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"vfioboot.off is on the kernel command line%s",
			next->entry ? " of the next boot" : "");
	else if (section->profile[0])
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"its profile '%s' is not selected (vfioboot.profile=%s on the "
			"kernel command line selects it); 'sudo vfioboot try --profile %s' "
			"boots with it once, 'sudo vfioboot entry add' adds an entry",
			section->profile, section->profile, section->profile);
	else if (next->config.when_error.line) {
		config_place_text(&next->config, next->config.when_error, place);
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"'when' counts as selected, since %s has an error, and the kernel "
			"command line names no profile",
			place);
	} else
		strcpy(ret,
			"'when = selected' is set, and the kernel command line names no "
			"profile");
}

void sections_later_text(
	const struct pcibus_function *function, char ret[static SECTIONS_TEXT_SIZE])
{
	char maker[PCI_ADDRESS_SIZE];

	if (!function) {
		strcpy(ret,
			"the driver of its physical function creates it after udev has started");
		return;
	}
	pci_address_format(function->maker, maker);
	if (function->later == PCIBUS_TUNNELLED)
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"is in an external port, such as Thunderbolt, and may be there only after "
			"udev has started");
	else
		snprintf(ret, SECTIONS_TEXT_SIZE,
			"is %s %s, whose driver creates it after udev has started",
			function->later == PCIBUS_VIRTUAL ? "a virtual function of"
							  : "behind",
			maker);
}

void sections_remark(const struct nextboot *next, const struct plan_entry *entry,
	char ret[static SECTIONS_REMARK_SIZE])
{
	enum nextboot_action action = nextboot_action(next, entry);
	const struct pcibus_function *function = nextboot_later(next, entry);
	char address[PCI_ADDRESS_SIZE] = "", text[SECTIONS_TEXT_SIZE];

	ret[0] = '\0';
	if (action == NEXTBOOT_DEMAND)
		demand_text(next, &next->config.sections[entry->section], ret);
	if (action == NEXTBOOT_REFUSE)
		text_join(ret, SECTIONS_REMARK_SIZE, nextboot_reason_text(next, entry),
			NULL);
	if (action != NEXTBOOT_LATER)
		return;
	if (function)
		pci_address_format(function->dev.address, address);
	sections_later_text(function, text);
	snprintf(ret, SECTIONS_REMARK_SIZE, "%s%s%s; " SECTIONS_LATER_REMEDY, address,
		*address ? " " : "", text);
}
