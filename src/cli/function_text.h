/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a function at this boot, as `status` and `explain` show it. */
#ifndef VFIOBOOT_FUNCTION_TEXT_H
#define VFIOBOOT_FUNCTION_TEXT_H

#include "cli/ui/json.h"
#include "outlook/outlook.h"

#define FUNCTION_TEXT_SIZE 512

/* Whether a run left a record that cannot be read: what it did is not known. */
bool function_record_lost(const struct thisboot *boot);

/* The result in a few words, such as "bound in the initramfs". */
const char *function_result(
	const struct thisboot *boot, const struct thisboot_function *function);

/*
 * What that means and what to do, as the end of a sentence without full stop; "" when all is
 * well.
 */
void function_remark(const struct thisboot *boot,
	const struct thisboot_function *function, char ret[static FUNCTION_TEXT_SIZE]);

/* Adds all of it to a JSON object. */
void function_add_json(
	struct json_object *object, const struct thisboot_function *function);

#endif
