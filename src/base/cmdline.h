/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel command line, cut into parameters as the kernel does it (lib/cmdline.c,
 * next_arg, and kernel/params.c, parse_args): white space separates, '"' toggles quoting
 * and has no escapes, '-' equals '_' in names, and a bare "--" ends what is ours.  Pure.
 */
#ifndef VFIOBOOT_CMDLINE_H
#define VFIOBOOT_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
