/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which machine this is, by what its firmware says of it: the strings that 'machine' of a [device]
 * section is compared with.  Attributes: drivers/firmware/dmi-id.c of the kernel; where there is no
 * DMI, the model of the device tree.
 */
#ifndef VFIOBOOT_DMI_H
#define VFIOBOOT_DMI_H

#include <stdbool.h>

#include "base/base.h"

#define DMI_SIZE 1200 /* bytes of all the strings with their NUL */

struct dmi {
	bool read;
	bool hidden;         /* one of the strings is for root alone, and was not read */
	char text[DMI_SIZE]; /* the strings, a line each; none where nothing is known */
};

/* Reads the strings, unless they are read already.  @root NULL: nothing is known. */
void dmi_read(const struct root *root, struct dmi *dmi);

/* Whether one of the strings is as the glob (* and ?) says; upper and lower case are the same. */
bool dmi_matches(const struct dmi *dmi, const char *glob);

#endif
