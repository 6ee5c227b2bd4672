/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions a section of the configuration names.  Pure. */
#ifndef VFIOBOOT_MATCH_H
#define VFIOBOOT_MATCH_H

#include "config.h"

enum match {
	MATCH_NONE,
	MATCH_STRANGER, /* at the place that the section names, with other ids or class */
	MATCH_MEMBER,   /* all kinds of selectors of the section hold */
};

/* What the section says of the function. */
enum match match_section(const struct config *config,
	const struct config_section *section, const struct pcidev *dev);

/* Whether the id and class selectors of the section hold, if any, wherever the function is. */
bool match_identity(const struct config *config, const struct config_section *section,
	const struct pcidev *dev);

#endif
