/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of the configuration, in the words that several commands use: which are inactive
 * at this boot, which the planner refuses, and why.
 */
#ifndef VFIOBOOT_SECTIONS_H
#define VFIOBOOT_SECTIONS_H

#include "outlook/outlook.h"

#define SECTIONS_TEXT_SIZE (CONFIG_NAME_SIZE * 2 + 128)

/* Why a section that is not active is not: "off" or "profile". */
const char *sections_inactive_word(const struct config *config);

/* The same as a part of a sentence, such as "its profile 'x' is not selected". */
void sections_inactive_text(const struct config *config,
	const struct config_section *section, char ret[static SECTIONS_TEXT_SIZE]);

/* Prints that nothing is configured, and what to do. */
void sections_print_none(void);

/* Prints each error of the configuration to stderr. */
void sections_say_errors(const char *command, const struct config *config);

/* Prints, for each section that is not active, a line that says why. */
void sections_print_inactive(const struct config *config);

/* Prints, for each section that is refused, why and what to do. */
void sections_print_refused(const struct nextboot *next);

#endif
