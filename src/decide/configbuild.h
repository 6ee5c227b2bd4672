/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a struct config is filled, for its two readers: of files (configini.c) and of the kernel
 * command line (configparams.c).  Others use config.h alone.
 */
#ifndef VFIOBOOT_CONFIGBUILD_H
#define VFIOBOOT_CONFIGBUILD_H

#include "config.h"

/*
 * Copies the name of a section, profile or driver: a word that needs no quoting in a shell, in
 * GRUB or on the command line.  Returns false when it is none, or too long.
 */
bool config_set_name(char *dst, size_t size, const char *text);

struct config_section *config_find_section(struct config *config, const char *name);

/* Adds a section with the defaults.  Returns NULL, with an error added, without room. */
struct config_section *config_new_section(
	struct config *config, struct config_place place, const char *name);

/* Adds a selector to the newest section.  Returns false, with an error added, without room. */
bool config_add_selector(struct config *config, struct config_place place,
	struct config_section *section, const struct selector *selector);

/* Checks what only a whole section shows; marks it bad, with an error added. */
void config_finish_section(struct config *config, struct config_section *section);

/*
 * Cuts the next item, without the blanks around it, off the comma-separated *@list, which
 * becomes NULL behind the last one.  Returns false when there is none.
 */
bool config_next_item(const char **list, char *item, size_t size);

#endif
