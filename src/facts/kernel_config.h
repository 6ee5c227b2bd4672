/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel was built with, as its build left it: "CONFIG_NAME=y", or "=m", a line each. */
#ifndef VFIOBOOT_KERNELCONFIG_H
#define VFIOBOOT_KERNELCONFIG_H

#include "base/base.h"

/*
 * Reads that of the kernel @release from where distributions put it, or with @running from the
 * kernel itself (/proc/config.gz, CONFIG_IKCONFIG_PROC), or from where it was built.  The caller
 * frees *@ret.  Returns 0; -ENODATA when the last of these is no configuration; or -errno.
 */
int kernel_config_read(
	const struct root *root, const char *release, bool running, char **ret);

/* Whether the option @name, without "CONFIG_", is y or m. */
bool kernel_config_has(const char *config, const char *name);

#endif
