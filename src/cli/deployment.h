/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `apply` and `undo` say of a list of steps (host/deploy.h): before, during and after. */
#ifndef VFIOBOOT_DEPLOYMENT_H
#define VFIOBOOT_DEPLOYMENT_H

#include "chain/chain.h"
#include "cli.h"

/* Prints each step, in order: --dry-run. */
void deployment_print(const struct deploy *deploy);

/* Whether there is room for the images, in a place that can be written; or says what to do. */
enum cli_exit deployment_check_room(const char *command, const struct deploy *deploy);

/*
 * Carries the steps out and tells of each; says what failed, and that all was put back.
 * deployment_open_root() has taken the lock.
 */
enum cli_exit deployment_run(const char *command, struct deploy *deploy);

/*
 * Whether there are images, and somebody who makes those that need it.  CLI_OK, or a message
 * with the remedy.
 */
enum cli_exit deployment_check_images(const char *command, const struct images *images);

/* Warns of images that nothing here makes.  CLI_OK without any, else CLI_UNKNOWN. */
enum cli_exit deployment_warn_unified(const char *command, const struct images *images);

/* Takes the lock of deploy_lock(), or says who has it. */
enum cli_exit deployment_lock(const char *command, const struct sysfs_root *root);

/* Opens the root of a command that changes this machine, and looks only at another one. */
enum cli_exit deployment_open_root(
	const char *command, const char *dir, bool dry_run, struct sysfs_root *ret);

#endif
