/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands say of the entries in the boot menu. */
#include "cli.h"

void entry_say_params(const char *command, int error, const struct kernelparams *params,
	const char *bad)
{
	for (unsigned i = 0; error == -EPERM && i < params->n; i++)
		if (params->items[i].kind == KERNELPARAMS_CONFLICT)
			cli_error(command, "%s%s%s", params->items[i].parameter,
				params->items[i].parameter[0] ? ": " : "",
				params->items[i].reason);
	if (error == -EINVAL)
		cli_error(command, "'%s' cannot be an argument in a boot entry", bad);
	else if (error == -E2BIG)
		cli_error(command,
			"there is no room for '%s' in the arguments of an entry", bad);
	else if (error != -EPERM)
		cli_error(command, "cannot read what this machine is: %s",
			strerror(-error));
}

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
			"the boot menu has outdated entries; run 'vfioboot entry add'");
	else
		cli_warning(command,
			"the boot menu has entries, and no device is configured; run "
			"'vfioboot entry remove'");
}

enum cli_exit entry_warn_by_hand(const char *command, const struct root *root)
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
			"vfioboot does not read the menu of %s; delete the %s with "
			"'vfioboot.' in %s by hand",
			loader->title, loader->ops->hand_what, place);
		status = CLI_UNKNOWN;
	}
	return status;
}
