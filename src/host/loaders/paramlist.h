/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel command line has of parameters whose values are lists with commas.  Pure. */
#ifndef VFIOBOOT_PARAMLIST_H
#define VFIOBOOT_PARAMLIST_H

#include <stdbool.h>

/* Whether some parameter @name has @item in its list; NULL: has any value, or none. */
bool paramlist_has(const char *cmdline, const char *name, const char *item);

/* The same where the kernel looks at the first item alone, as in video=. */
bool paramlist_has_first(const char *cmdline, const char *name, const char *item);

/*
 * Whether the list switches something off.  With @has_on an "on" switches it on again, and the
 * last of both counts, be it in one parameter or in several.
 */
bool paramlist_is_off(const char *cmdline, const char *name, bool has_on);

#endif
