/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try`: whether the loader takes an entry once, and whether the machine comes back. */
#include "tryloader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/base.h"
#include "chain/chain.h"
#include "trial/trial.h"

#define NAME "try"

/* What the next boot is for already.  CLI_OK, or a message. */
static enum cli_exit check_next_boot(
	const struct sysfs_root *root, const struct bootloader *loader)
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
	if (oneshot_is_foreign(root, loader, id, sizeof(id)))
		return cli_error(NAME,
			"the boot loader was told by somebody else to take '%s' at the "
			"next boot; reboot for that first",
			id);
	return CLI_OK;
}

static enum cli_exit say_problem(
	const struct bootloader *loader, const struct oneshot *oneshot, int error)
{
	const char *problem = oneshot->change.problem;

	if (error != -EOPNOTSUPP)
		return cli_error(NAME, "%s", problem[0] ? problem : strerror(-error));
	return cli_error(NAME,
		"a trial is not safe with this %s: %s; choose the entry at the menu instead "
		"(vfioboot entry)",
		loader->title, problem);
}

enum cli_exit tryloader_plan(
	const struct sysfs_root *root, const char *parameters, struct oneshot *ret)
{
	struct bootloader_search search;
	int r;

	bootloader_find(root, &search);
	if (!search.owner)
		return cli_error(NAME,
			"the boot loader is not known%s%s%s; nothing was changed",
			search.hidden ? ", since /" : "", search.hidden_at,
			search.hidden ? " cannot be read; run this as root" : "");
	if (!oneshot_is_possible(search.owner))
		return cli_error(NAME,
			"%s has no entry for one boot alone that it forgets by itself, so "
			"a trial that fails would come again; choose the entry at the "
			"menu instead (vfioboot entry)",
			search.owner->title);
	r = oneshot_plan(root, search.owner, parameters, ret);
	return r < 0 ? say_problem(search.owner, ret, r)
		     : check_next_boot(root, search.owner);
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
