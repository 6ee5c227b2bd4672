/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each kind of step is called. */
#include <stdio.h>

#include "base/base.h"
#include "deploy.h"

/* With the two names in the place of %1 and %2. */
static const char *const texts[DEPLOY_KINDS] = {
	[DEPLOY_PUT_BACK] = "put back %2 from %1, which an earlier run has left",
	[DEPLOY_CLEAR] = "remove %1, which an earlier run has left",
	[DEPLOY_WRITE] = "write %1",
	[DEPLOY_REMOVE] = "remove %1",
	[DEPLOY_MOVE] = "move %1 to %2",
	[DEPLOY_KEEP] = "keep %1 as %2",
	[DEPLOY_COPY] = "copy %1 to %2",
	[DEPLOY_VERIFY] = "look into %1",
	[DEPLOY_REPLACE] = "rename %1 to %2",
	[DEPLOY_DROP] = "remove %1",
	[DEPLOY_TIDY] = "remove the directory %1, if it is empty",
};

/* A line of shell for people: generators' arguments have no odd characters. */
static void format_command(
	const struct initramfs_command *command, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < command->n && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s", i ? " " : "run ",
			command->args[i]);
}

void deploy_format_step(const struct deploy_step *step, char *ret, size_t size)
{
	const char *text = texts[step->kind];
	size_t len = 0;

	*ret = '\0';
	if (step->command.n) {
		format_command(&step->command, ret, size);
		return;
	}
	while (text && *text && len + 1 < size) {
		const char *name = strncmp(text, "%1", 2) == 0 ? step->path
			: strncmp(text, "%2", 2) == 0          ? step->other
							       : NULL;
		int n = name ? snprintf(ret + len, size - len, "%s", name)
			     : snprintf(ret + len, size - len, "%c", *text);

		len += (size_t)n;
		text += name ? 2 : 1;
	}
}
