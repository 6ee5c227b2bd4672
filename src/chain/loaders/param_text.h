/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel parameters in the texts where machines keep them.  What is added is found again, and
 * taken out so that the text is byte for byte what it was, whatever else it holds.  Pure.
 */
#ifndef VFIOBOOT_PARAM_TEXT_H
#define VFIOBOOT_PARAM_TEXT_H

#include <stdbool.h>

enum param_form {
	PARAM_LINE,    /* nothing else: /etc/kernel/cmdline (kernel-install(8)) */
	PARAM_OPTIONS, /* behind "options" of a type 1 entry (bls_entry.h) */
	PARAM_SHELL,   /* a shell's variable: /etc/default/grub */
};

/*
 * What of a PARAM_LINE text are parameters for whoever reads it: all but lines of comment, for free();
 * NULL: no memory.  kernel-install of systemd 257 leaves these out (90-loaderentry.install); that of
 * 252, and dracut 106 with a unified image (50-dracut.install), take their words for parameters.
 */
char *param_text_line(const char *text);

/*
 * Puts @words, kernel parameters with blanks between that need no quoting (bootentry_is_plain()),
 * behind those that are there, and before a bare "--".  Of PARAM_SHELL, whose variable is
 * @variable, they go into the quotes of the last assignment; where that is more than a quoted
 * text, or some command may set the variable, into an assignment of their own at the end.  The
 * caller frees *@ret.  Returns 0 or -ENOMEM.
 */
int param_text_add(enum param_form form, const char *variable, const char *text,
	const char *words, char **ret);

/*
 * Takes each of @words out where it is, with what param_text_add() put around them.  Words that are
 * not there, and comments, count for nothing.  Otherwise as that.
 */
int param_text_remove(enum param_form form, const char *variable, const char *text,
	const char *words, char **ret);

/*
 * Whether @cmdline has the parameter in the kernel's meaning: among others in a list with
 * commas; of video= as the first item.
 */
bool param_text_holds(const char *cmdline, const char *parameter);

#endif
