/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Combines the selectors of a section: ORed within a kind, ANDed over the kinds. */
#include "match.h"

#define PLACE_KINDS (1 << SELECTOR_PATH | 1 << SELECTOR_ADDRESS | 1 << SELECTOR_VF)

/* The kinds among @wanted of which at least one selector holds, as bits 1 << kind. */
static unsigned matching_kinds(const struct config *config,
	const struct config_section *section, unsigned wanted, const struct pcidev *dev)
{
	const struct selector *selectors = &config->selectors[section->first_selector];
	unsigned kinds = 0;

	for (unsigned i = 0; i < section->n_selectors; i++)
		if (wanted & 1u << selectors[i].kind &&
			selector_match(&selectors[i], dev))
			kinds |= 1u << selectors[i].kind;
	return kinds;
}

bool match_identity(const struct config *config, const struct config_section *section,
	const struct pcidev *dev)
{
	unsigned wanted = section->kinds & ~(unsigned)PLACE_KINDS;

	return matching_kinds(config, section, wanted, dev) == wanted;
}

__attribute__((noinline)) static enum match match_place(const struct config *config,
	const struct config_section *section, const struct pcidev *dev)
{
	unsigned wanted = section->kinds & PLACE_KINDS;
	unsigned places = matching_kinds(config, section, wanted, dev);

	if (wanted && !places)
		return MATCH_NONE;
	/* "path" and "address" together: a function that only one of them names is the
	 * sign that something has moved. */
	if (places == wanted && match_identity(config, section, dev))
		return MATCH_MEMBER;
	return wanted ? MATCH_STRANGER : MATCH_NONE;
}

enum match match_section(const struct config *config,
	const struct config_section *section, const struct pcidev *dev)
{
	/* Of a section that is bad there may be no selector. */
	if (!section->kinds)
		return MATCH_NONE;
	if (section->kinds & PLACE_KINDS && !config_may_be_place(section, &dev->path))
		return MATCH_NONE;
	return match_place(config, section, dev);
}
