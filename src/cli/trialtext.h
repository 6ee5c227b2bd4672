/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to say of the last trial; `status` says it too. */
#ifndef VFIOBOOT_TRIALTEXT_H
#define VFIOBOOT_TRIALTEXT_H

#include "base/base.h"
#include "cli.h"
#include "decide/decide.h"
#include "trial/trial.h"

/*
 * Prints what became of the last trial, and what to do now: of one that failed also what its
 * records say, and the end of its journal.  Nothing without a trial.  Returns 0, -ENOENT when
 * there was none, or -errno when its state cannot be read.
 */
int trialtext_print(const struct root *root);

/* Says that the state of the trial cannot be read, with the remedy. */
enum cli_exit trialtext_say_unreadable(const char *command, int error);

/* Says which parameters that were tried the normal entry lacks, and how it gets them. */
void trialtext_print_missing(const struct root *root, const struct trial *trial);

/*
 * Warns, for @command, of a trial that waits for its boot and was started when the
 * configuration was not the one of @config: it would not be what was shown.
 */
void trialtext_warn_changed(
	const char *command, const struct root *root, const struct config *config);

#endif
