/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot entry remove`: takes our entries out of all menus that can be read. */
#include "entryremove.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "entrychange.h"
#include "entryhand.h"

static enum cli_exit say_unseen(const char *failed, int error)
{
	return cli_error("entry", "cannot look at %s: %s%s", failed, strerror(-error),
		bootmenu_remedy(error));
}

/* What would be taken out of one menu.  Returns 1 when there is something, 0, or -errno. */
static int remove_dry_from(const struct sysfs_root *root, const struct bootloader *loader)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	struct bootentries none = {0};
	char failed[BOOTMENU_PLACE_SIZE];
	int r = loader->ops->plan ? bootmenu_loader_has_ours(root, loader, failed) : 0;

	if (r < 0)
		say_unseen(failed, r);
	if (r <= 0)
		return r;
	r = bootmenu_plan(root, loader, &none, &change);
	if (r < 0) {
		entrychange_fail(&change, r);
		return r;
	}
	entrychange_print(&change);
	return 1;
}

/* Of all loaders: one that counted once may have some still. */
static enum cli_exit remove_dry(const struct sysfs_root *root)
{
	enum cli_exit status = CLI_OK;
	struct bootloader_search search;
	struct bootentries wanted;
	char hidden[BOOTMENU_PLACE_SIZE];
	bool told = false, asked;

	if (entrychange_read_wanted(root, &wanted, &asked) != CLI_OK)
		return CLI_FAILED;
	bootloader_find(root, &search);
	for (size_t i = 0; i < search.n; i++) {
		int r = remove_dry_from(root, search.found[i].loader);

		told |= r != 0;
		status = r < 0 ? CLI_FAILED : status;
	}
	if (search.hidden && status == CLI_OK) {
		text_join(hidden, sizeof(hidden), "/", search.hidden_at, NULL);
		status = say_unseen(hidden, -EACCES);
	}
	if (!told && status == CLI_OK)
		printf("Would delete " BOOTENTRY_FILE "\n");
	return status == CLI_OK ? entryhand_warn("entry", root) : status;
}

enum cli_exit entryremove(const struct sysfs_root *root, bool dry_run)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	char failed[BOOTMENU_PLACE_SIZE];
	int r = bootmenu_has_ours(root, failed);

	if (r < 0)
		return say_unseen(failed, r);
	if (r == 0) {
		enum cli_exit status = entryhand_warn("entry", root);

		if (status == CLI_OK)
			printf("The boot menu has no entry of vfioboot.\n");
		return status;
	}
	if (dry_run)
		return remove_dry(root);
	r = bootmenu_remove_all(root, &change);
	entrychange_warn(&change);
	if (r < 0)
		return entrychange_fail(&change, r);
	entrychange_say_undone(root, &change);
	if (root->live || !change.steps.n)
		printf("The boot menu has no entry of vfioboot any more.\n");
	return entryhand_warn("entry", root);
}
