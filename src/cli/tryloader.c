/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try`: whether the loader takes an entry once, and whether the machine comes back. */
#include "tryloader.h"

#include <fcntl.h>

#include "base/base.h"
#include "chain/chain.h"
#include "trial/trial.h"

#define NAME "try"

/* What the next boot is for already.  CLI_OK, or a message. */
static enum cli_exit check_next_boot(
	const struct sysfs_root *root, const struct oneshot *oneshot)
{
	/* Links that replace the default target (systemd.offline-updates(7)). */
	static const char *const updates[] = {"/system-update", "/etc/system-update"};
	char id[ONESHOT_ID_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(updates); i++) {
		_cleanup_close_ int fd =
			sysfs_root_open_file(root, updates[i], O_PATH | O_NOFOLLOW);

		if (fd >= 0)
			return cli_error(NAME,
				"the next boot installs updates (%s is there); reboot for "
				"them first",
				updates[i]);
	}
	if (oneshot_is_foreign(oneshot, root, id, sizeof(id)))
		return cli_error(NAME,
			"the boot loader was told by somebody else to take '%s' at the "
			"next boot; reboot for that first",
			id);
	return CLI_OK;
}

const struct oneshot *tryloader_find(const struct sysfs_root *root)
{
	struct bootloader_search search;
	const struct oneshot *oneshot;
	char why[ONESHOT_WHY_SIZE] = "";

	bootloader_find(root, &search);
	if (!search.owner) {
		cli_error(NAME, "the boot loader can't be told%s%s%s; nothing is changed",
			search.hidden ? ", since /" : "", search.hidden_at,
			search.hidden ? " can't be looked at; run this as root" : "");
		return NULL;
	}
	oneshot = oneshot_find(search.owner->name);
	if (!oneshot) {
		cli_error(NAME,
			"%s has no entry for one boot alone that it forgets by itself, so "
			"a trial that fails would come again; choose the entry at the "
			"menu instead (vfioboot entry)",
			search.owner->title);
		return NULL;
	}
	if (oneshot->check(root, why) < 0) {
		cli_error(NAME,
			"a trial is not safe with this %s: %s; choose the entry at the "
			"menu instead (vfioboot entry)",
			search.owner->title, why);
		return NULL;
	}
	return check_next_boot(root, oneshot) == CLI_OK ? oneshot : NULL;
}

enum cli_exit tryloader_check_watch(const struct sysfs_root *root)
{
	if (!hostfile_exists(root, "/run/systemd/system"))
		return cli_error(NAME,
			"this machine does not run systemd, so nothing would bring it "
			"back from a trial that hangs");
	if (root->live && !trialwatch_is_installed())
		return cli_error(NAME,
			"vfioboot-confirm.service or vfioboot-settle.service is not there "
			"or masked, so nothing would bring the machine back; 'systemctl "
			"unmask' them, or install vfioboot as a whole");
	return CLI_OK;
}
