/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands say of the entries in the boot menu. */
#include "cli.h"

void entry_warn_outdated(const char *command, const struct root *root)
{
	_cleanup_free_ struct config *config = NULL;
	struct bootentries written, decided;

	if (bootmenu_read_wanted(root, &written) < 0)
		return;
	config = cli_read_config(root, CONFIGFILES_OF_IMAGE);
	bootentry_decide(config, &decided);
	if (bootentry_fits(&written, &decided))
		return;
	if (decided.n)
		cli_warning(command,
			"the boot menu has outdated entries; run 'sudo vfioboot "
			"entry add'");
	else
		cli_warning(command,
			"the boot menu has entries, and no device is configured; run "
			"'sudo vfioboot entry remove'");
}

enum cli_exit entry_warn_by_hand(const char *command, const struct root *root)
{
	enum cli_exit status = CLI_OK;
	struct bootloader_search search;

	bootloader_find(root, &search);
	for (size_t i = 0; i < search.n; i++) {
		const struct bootloader *loader = search.found[i].loader;
		char place[BOOTMENU_PLACE_SIZE];

		if (loader->ops->plan || (search.owner && search.owner != loader))
			continue;
		bootmenu_hand_place(root, loader, place);
		cli_warning(command,
			"vfioboot does not read the menu of %s; delete the %s with "
			"'vfioboot.' in %s by hand",
			loader->title, loader->ops->hand_what, place);
		status = CLI_UNKNOWN;
	}
	return status;
}
