/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of the configuration, as `plan`, `status` and `explain` tell of them: why
 * one does not count at this boot, and why the planner refuses it.
 */
#ifndef VFIOBOOT_SECTIONS_H
#define VFIOBOOT_SECTIONS_H

#include "outlook/outlook.h"

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
