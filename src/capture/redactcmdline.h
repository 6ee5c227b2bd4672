/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line without what it may tell of a machine's owner; for redact.h. */
#ifndef VFIOBOOT_REDACTCMDLINE_H
#define VFIOBOOT_REDACTCMDLINE_H

#include "redactwords.h"

/*
 * Writes the command line @line, with a newline.  Values stay of parameters that matter to
 * devices and drivers, and are known to tell no more; of all others stays the name.  What is
 * meant for init, behind "--", is left out.
 */
void redact_put_cmdline(struct redactor *redactor, char *line, FILE *out);

#endif
