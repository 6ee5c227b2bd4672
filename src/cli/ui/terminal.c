/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asked for by the tables, and by the commands that print more than a table. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Any value of NO_COLOR but an empty one. */
bool terminal_wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no_color || !*no_color) &&
		(!term || strcmp(term, "dumb") != 0);
}
