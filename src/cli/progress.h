/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands say of a list of steps (change/change.h): before, during and after. */
#ifndef VFIOBOOT_PROGRESS_H
#define VFIOBOOT_PROGRESS_H

#include "chain/chain.h"
#include "cli.h"

/* Prints each step, in order: --dry-run. */
void progress_print(const struct change *change);

/* Whether the steps of apply or undo can be done; or says what to do. */
enum cli_exit progress_check(const char *command, const struct apply *apply);

/* Carries the steps out and prints each; says what failed, and that all was undone. */
enum cli_exit progress_run(const char *command, struct change *change);

/*
 * Takes the lock (change/lock.h) until this process ends, after waiting for @wait_ms at most; or
 * says that another command has it.
 */
enum cli_exit progress_lock(
	const char *command, const struct root *root, unsigned wait_ms);

/*
 * For add and remove: as root with the lock, before anything is read, when they change a file of
 * this machine.  Two adds would else take the same free name, and apply find another configuration
 * than it began with.
 */
enum cli_exit progress_lock_for_file(
	const char *command, const struct root *root, bool dry_run);

/*
 * For apply and undo: opens the root, of this machine with the lock unless it is a dry run, and
 * of another one for a dry run alone.
 */
enum cli_exit progress_open_root(
	const char *command, const char *dir, bool dry_run, struct root *ret);

/*
 * For both: whether there are images, and somebody who builds those that need it.  CLI_OK, or a
 * message with the remedy.
 */
enum cli_exit progress_check_images(const char *command, const struct images *images);

/* For both: warns of images that nothing here builds.  CLI_OK without any, else CLI_UNKNOWN. */
enum cli_exit progress_warn_unbuilt(const char *command, const struct images *images);

#endif
