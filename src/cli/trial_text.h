/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to say of the last trial; `status` says it too. */
#ifndef VFIOBOOT_TRIAL_TEXT_H
#define VFIOBOOT_TRIAL_TEXT_H

#include "base/base.h"
#include "cli.h"
#include "decide/decide.h"
#include "trial/trial.h"

/*
 * Prints what became of the last trial, and what to do now: of one that failed also what its
 * records say, and the end of its journal.  Nothing without a trial.  Returns 0, -ENOENT when
 * there was none, or -errno when its state cannot be read.
 */
int trial_text_print(const struct root *root);

/* Says that the state of the trial cannot be read, with the remedy. */
enum cli_exit trial_text_say_unreadable(const char *command, int error);

/* Says which parameters that were tried the normal entry lacks, and how it gets them. */
void trial_text_print_missing(const struct root *root, const struct trial *trial);

/*
 * Warns, for @command, of a trial that waits for its boot and was started when the
 * configuration was not the one of @config: it would not be what was shown.
 */
void trial_text_warn_changed(
	const char *command, const struct root *root, const struct config *config);

#endif
