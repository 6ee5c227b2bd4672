/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of the configuration, as `plan`, `status` and `explain` tell of them: where
 * each stands, why it does not count at this boot, and why the planner refuses it.
 */
#ifndef VFIOBOOT_SECTIONS_H
#define VFIOBOOT_SECTIONS_H

#include "../host/config/nextboot.h"

/* Bytes of the longest place, with its NUL. */
#define SECTIONS_PLACE_SIZE (CONFIG_PATH_SIZE + 8)

/* Where it was written: "FILE:LINE"; of the command line, and of a whole file, no line. */
void sections_place(const struct config *config, struct config_place place,
	char ret[static SECTIONS_PLACE_SIZE]);

/* Why a section that is not active does not count: "off" or "profile". */
const char *sections_inactive_word(const struct config *config);

/* "." for a sentence that needs one at its end, else "". */
const char *sections_full_stop(const char *sentence);

/* Says each error of the configuration on stderr. */
void sections_say_errors(const char *command, const struct config *config);

/* Prints, for each section that does not count, a line that says why. */
void sections_print_inactive(const struct config *config);

/* Prints, for each section that is refused, why and what to do. */
void sections_print_refused(const struct nextboot *next);

#endif
