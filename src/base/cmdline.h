/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel command line: the one reader of /proc/cmdline, and the questions that are asked
 * about such a text.  It is cut into parameters as the kernel does it (lib/cmdline.c, next_arg,
 * and kernel/params.c, parse_args): white space separates, '"' toggles quoting and has no
 * escapes, '-' equals '_' in names.  A bare "--" ends what is the kernel's; all behind it goes
 * to init (Documentation/admin-guide/kernel-parameters.rst), so no question finds it.
 *
 * An unread command line is not an empty one: who gets an error must not go on as if a
 * parameter was not there.  All but the readers is pure.
 */
#ifndef VFIOBOOT_CMDLINE_H
#define VFIOBOOT_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "file.h"

/* How this machine was booted: reads the whole text, however long.  0 with *@ret for free(). */
int cmdline_read(const struct root *root, char **ret);

/* The same; another machine's files may lack it, which is "" then. */
int cmdline_read_if_any(const struct root *root, char **ret);

/* Calls @take with the same, as file_take_text() does. */
void cmdline_take(const struct root *root, file_take *take, void *data);

/* ---- Parameters */

/* One parameter; both texts point into the command line and are not terminated. */
struct cmdline_param {
	const char *name;
	size_t name_len;
	const char *value; /* NULL: no "=" */
	size_t value_len;
};

/*
 * Takes the next parameter at *@cursor, which starts as the whole text and is moved
 * behind it.  Returns false at the end.
 */
bool cmdline_next(const char **cursor, struct cmdline_param *ret);

/* How many bytes of @cmdline are the kernel's: up to the last parameter before a bare "--". */
size_t cmdline_length(const char *cmdline);

/* Whether the parameter has the name @name, '-' and '_' being equal. */
bool cmdline_name_is(const struct cmdline_param *param, const char *name);

/*
 * Whether a parameter @name is there that has @item in its value, a list with commas; NULL: with
 * any value, or none.  Where a later one replaces it (module_blacklist=), the last one.
 */
bool cmdline_has(const char *cmdline, const char *name, const char *item);

/* The same where the kernel looks at the first item alone, as in video=. */
bool cmdline_has_first(const char *cmdline, const char *name, const char *item);

/*
 * Whether @item is there and holds: the last of @item and @undo does, whether in one parameter or
 * in several.  @undo NULL: nothing takes it back; @item NULL: as cmdline_has().
 */
bool cmdline_holds(
	const char *cmdline, const char *name, const char *item, const char *undo);

/* Finds the last parameter @name that has a value. */
bool cmdline_find_last(const char *cmdline, const char *name, struct cmdline_param *ret);

/*
 * The value as kstrtobool() takes it (lib/kstrtox.c): the first character decides, or two.  1, 0, or
 * -1 for neither, and without a value.
 */
int cmdline_read_bool(const struct cmdline_param *param);

/*
 * Whether the host's own drivers bypass the IOMMU: the last of iommu.passthrough=, a bool, and
 * with @x86 of "pt" and "nopt" in iommu= holds (drivers/iommu/iommu.c,
 * iommu_set_def_domain_type; arch/x86/kernel/pci-dma.c, iommu_setup).
 */
bool cmdline_passes_through(const char *cmdline, bool x86);

/* ---- Words: parameters as they are written */

/* Cuts the next word, of any kind, off *@cursor.  Returns its length, 0 at the end. */
size_t cmdline_next_word(const char **cursor, const char **ret);

/* Whether the word is a parameter @name, with or without a value. */
bool cmdline_word_is(const char *word, size_t len, const char *name);

/* Whether the word is one of @text's parameters. */
bool cmdline_has_word(const char *text, const char *word, size_t len);

/* Puts a word behind @text of @size bytes.  Returns false when it does not fit. */
bool cmdline_append_word(char *text, size_t size, const char *word, size_t len);

/* @text with the parameters @more behind its own, for free(); NULL without memory. */
char *cmdline_join(const char *text, const char *more);

/* Whether both have the same parameters, in any order and number, and the same for init. */
bool cmdline_same_words(const char *a, const char *b);

#endif
