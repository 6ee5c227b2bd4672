/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfioboot status` has gathered, and how it tells people of it. */
#ifndef VFIOBOOT_STATUS_H
#define VFIOBOOT_STATUS_H

#include "chain/chain.h"
#include "cli/ui/json.h"
#include "outlook/outlook.h"

struct status {
	struct nextboot *next;
	struct bootstate boot;
	struct images images;
	int images_error; /* -errno: images is empty */
};

/* Prints all of it for people.  Returns 0, or -errno. */
int status_print(const struct status *status);

/* Adds the members of a function to a JSON object, for `explain` too. */
void status_put_function(struct json_builder *builder, struct json_object *object,
	const struct bootstate_function *function);

/*
 * In a few words, such as "bound in the initramfs", what became of a function; and in a
 * sentence without full stop what that means and what to do, "" when all is well.
 */
const char *status_result(
	const struct bootstate *boot, const struct bootstate_function *function);
void status_explain(const struct bootstate *boot,
	const struct bootstate_function *function, char *ret, size_t size);

#endif
