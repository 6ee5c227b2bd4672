/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells a person of what a person has done. */
#include "entryhand.h"

#include "chain/chain.h"

enum cli_exit entryhand_warn(const char *command, const struct sysfs_root *root)
{
	enum cli_exit status = CLI_OK;
	struct bootloader_search search;

	bootloader_find(root, &search);
	for (size_t i = 0; i < search.n; i++) {
		const struct bootloader *loader = search.found[i].loader;
		char place[BOOTMENU_PLACE_SIZE];

		if (loader->ops->read || (search.owner && search.owner != loader))
			continue;
		bootmenu_hand_place(root, loader, place);
		cli_warning(command,
			"the menu of %s is not read; take the %s with vfioboot. out of %s by "
			"hand",
			loader->title, loader->ops->hand_what, place);
		status = CLI_UNKNOWN;
	}
	return status;
}
