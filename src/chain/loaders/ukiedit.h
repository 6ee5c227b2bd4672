/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands by which a person makes another unified kernel image by hand. */
#ifndef VFIOBOOT_UKIEDIT_H
#define VFIOBOOT_UKIEDIT_H

#include <stdio.h>

#include "ukiplan.h"

/* Writes them for each normal image of @plan, which ukiplan_look() filled, and why it is so. */
void ukiedit_print(
	FILE *out, const struct ukiplan *plan, const struct bootentries *wanted);

#endif
