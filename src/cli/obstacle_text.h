/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why `add` refuses a device set, and what to do about it. */
#ifndef VFIOBOOT_OBSTACLE_TEXT_H
#define VFIOBOOT_OBSTACLE_TEXT_H

#include "outlook/outlook.h"

#define OBSTACLE_TEXT_SIZE 512

/*
 * What an obstacle is, as the end of a sentence that begins with the function: "carries
 * /data".  @config is that of the machine.
 */
void obstacle_text(const struct config *config, const struct obstacle *obstacle,
	char ret[static OBSTACLE_TEXT_SIZE]);

/*
 * Says each of them on stderr: an error if it is a reason to refuse, else a warning.  @operands: what was
 * asked for, to propose more.
 */
void obstacles_say(const struct config *config, const struct obstacles *obstacles,
	char **operands, int n_operands);

#endif
