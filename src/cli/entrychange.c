/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the actions of `vfioboot entry` say of a change in the same words. */
#include "entrychange.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void entrychange_warn(const struct bootmenu_change *change)
{
	for (size_t i = 0; i < change->warnings.n; i++)
		cli_warning("entry", "%s", change->warnings.names[i]);
}

enum cli_exit entrychange_fail(const struct bootmenu_change *change, int error)
{
	return cli_error(
		"entry", "%s", error == -EREMOTEIO ? change->problem : strerror(-error));
}

enum cli_exit entrychange_read_wanted(
	const struct sysfs_root *root, struct bootentries *ret, bool *ret_asked)
{
	int r = bootmenu_read_wanted(root, ret);

	*ret_asked = r == 0;
	if (r == 0 || r == -ENOENT)
		return CLI_OK;
	return cli_error("entry", "cannot read " BOOTENTRY_FILE ": %s%s", strerror(-r),
		r == -EISDIR ? "; move that away" : bootmenu_remedy(r));
}

static void print_text(const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		printf("    %.*s\n", (int)strcspn(text, "\n"), text);
}

void entrychange_print(const struct bootmenu_change *change)
{
	for (size_t i = 0; i < change->files.n; i++) {
		const struct change_step *file = &change->files.steps[i];

		printf("Would %s %s%s\n", file->text ? "write" : "delete", file->path,
			file->text ? ":" : "");
		if (file->text)
			print_text(file->text);
	}
	for (size_t i = 0; i < change->steps.n; i++)
		printf("Would %s\n", change->steps.names[i]);
	if (!change->files.n && !change->steps.n)
		printf("Nothing would change.\n");
}

void entrychange_say_undone(
	const struct sysfs_root *root, const struct bootmenu_change *change)
{
	for (size_t i = 0; i < change->steps.n && !root->live; i++)
		printf("Not done, since it is another machine: %s\n",
			change->steps.names[i]);
}
