/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings that are pieces of shell: presets of mkinitcpio, dracut.conf(5).  Their assignments are
 * read as bash(1) would carry them out; nothing is ever run, so what only a run would show is
 * unknown, with its place.
 */
#ifndef VFIOBOOT_SHELL_VARS_H
#define VFIOBOOT_SHELL_VARS_H

#include <stdbool.h>
#include <stddef.h>

#include "file.h"
#include "message.h"

struct shell_var {
	char *name;
	struct file_names words; /* one, unless it is a list */
	bool is_list;
	const char *unknown; /* what of its value cannot be known; NULL: it is known */
	const char *file;    /* of the assignment; belongs to struct shell_vars */
	unsigned line;
	size_t at,
		end; /* its value, from and to before these bytes of that file's text */
};

/* Begins as {0}. */
struct shell_vars {
	struct shell_var *vars;
	size_t n;
	struct file_names files; /* that were read */
	/* What is no assignment, and may set anything; NULL: nothing is. */
	const char *odd, *odd_file;
	unsigned odd_line;
};

/* Sets a variable as whoever reads the files has it.  Returns 0, or -ENOMEM. */
int shell_vars_set(struct shell_vars *vars, const char *name, const char *value);

/* Carries out the assignments of one more file.  Returns 0, or -errno. */
int shell_vars_read(const struct root *root, const char *path, struct shell_vars *vars);

/* The same of the text @text, which is in that file.  Pure. */
int shell_vars_read_text(const char *text, const char *path, struct shell_vars *vars);

void shell_vars_free(struct shell_vars *vars);

/* The variable, NULL when it is not set. */
const struct shell_var *shell_vars_find(const struct shell_vars *vars, const char *name);

/*
 * The variable's text, of a list its first word, "" when it is not set.  NULL when it cannot be
 * known, with the reason in @why: "FILE:LINE has a command".
 */
const char *shell_vars_text(
	const struct shell_vars *vars, const char *name, struct message *why);

#endif
