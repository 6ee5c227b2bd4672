/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is not active now, for a reason of its own, would be taken for the trial's fault. */
#include "trytarget.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "outlook/outlook.h"
#include "trial/trial.h"

#define NAME "try"

static void warn_of_inactive(const char *unit)
{
	if (strcmp(unit, BOOTUNIT_DEFAULT) == 0)
		cli_warning(NAME,
			"the default target is not active in this boot; if the trial's does "
			"not reach it either, the trial fails (not-up); 'systemctl "
			"list-jobs' and 'systemctl --failed' tell what is in the way");
	else
		cli_warning(NAME,
			"%s, which the kernel command line asks for, is not active in this "
			"boot; if the trial's does not reach it either, the trial fails "
			"(not-up); see 'systemctl status %s', or boot without that "
			"parameter first",
			unit, unit);
}

enum cli_exit trytarget_check(const struct sysfs_root *root, const char *parameters)
{
	_cleanup_free_ char *cmdline = NULL, *whole = NULL;
	char unit[BOOTUNIT_SIZE];
	int r = cmdline_read_if_any(root, &cmdline);

	if (r == 0 && asprintf(&whole, "%s %s", cmdline, parameters) < 0)
		r = -ENOMEM;
	if (r < 0)
		return cli_error(
			NAME, "cannot read the kernel command line: %s", strerror(-r));
	bootunit_of_cmdline(whole, unit);
	if (strcmp(unit, BOOTUNIT_EMERGENCY) == 0)
		return cli_error(NAME,
			"the kernel command line asks for " BOOTUNIT_EMERGENCY
			", in which nothing would bring the machine back; boot without "
			"that first");
	if (root->live && !trialsight_is_active(unit))
		warn_of_inactive(unit);
	return CLI_OK;
}
