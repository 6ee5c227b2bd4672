/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For boot loaders whose entries a person makes: what their readers and the texts of what is to be
 * edited by hand have in common.
 */
#ifndef VFIOBOOT_MANUAL_H
#define VFIOBOOT_MANUAL_H

#include <limits.h>

#include "bootmenu.h"
#include "place.h"

/* Reads the file by which the loader was found, with its name in @ret_path.  NULL for none. */
char *manual_read_found(
	const struct root *root, const char *loader, char ret_path[static PATH_MAX]);

/*
 * Normal arguments, where no file of the loader has any: those of this boot, without what the
 * loader and our entries add.  For free(); NULL without memory.
 */
char *manual_usual_arguments(const struct root *root, const struct bootentries *entries);

size_t manual_line_length(const char *line);

/* Whether the first word of the line, whatever its case, is @word, up to one of @ends. */
bool manual_line_is(const char *line, const char *word, const char *ends);

/* Before an entry that is a copy of none: what the person has to look up. */
void manual_print_incomplete(FILE *out);

/* An entry that is being read; starts as {0}. */
struct manual_entry {
	char title[256], options[2048];
	char kernel[PATH_MAX];                /* its path below the root; "" */
	struct file_names initrds, checksums; /* as of struct bootmenu_entry */
	bool is_lost;                         /* one of its files could not be followed */
	bool is_program; /* it is no kernel that is started, but for that of a unified image */
	bool is_default;
};

/* Adds the file that the loader calls @path, with @place for it, as the kernel or an initrd. */
int manual_add_file(struct manual_entry *entry, const struct places *places,
	const struct place *place, const char *path, bool is_kernel);

/* Sets the options to the text; what is too long for them makes the entry one that is lost. */
void manual_set_options(struct manual_entry *entry, const char *text, size_t len);

/*
 * Adds the entry to @menu: of this system, if its files are here; what has neither files nor
 * options is left out.  A kernel without initrd may be a unified image.  Empties it.  0 or -ENOMEM.
 */
int manual_add_entry(
	const struct root *root, struct manual_entry *entry, struct bootmenu *menu);

#endif
