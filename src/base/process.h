/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs programs: by their argument list, never through a shell, with nothing to read. */
#ifndef VFIOBOOT_RUN_H
#define VFIOBOOT_RUN_H

#include <stddef.h>

/*
 * Runs @argv, found in PATH, to its end; what that leaves in the background is not waited for,
 * but for a second in which it may still print.  Calls @line (NULL: nobody) for each line that it
 * prints, be it as an error, without newline.  Returns its exit status, 128 + N when
 * signal N ended it, or -errno when it could not be started (-ENOENT: no such program).
 */
int run_program(
	const char *const argv[], void (*line)(void *data, const char *text), void *data);

/*
 * The same, and keeps the last line that is not empty, "" for none, cut to @size: what a program
 * has to say when it fails.
 */
int run_last_line(const char *const argv[], char *ret_last, size_t size);

/* The same, with all its output but errors in @ret, a text for free(). */
int run_read(const char *const argv[], char **ret);

/* Adds the directories of system programs to PATH: su(1) may leave root with a user's. */
void run_extend_path(void);

/*
 * From now on SIGINT, SIGTERM and SIGHUP do not end this process: they end the program that
 * runs, with all that it started, and are noted.  SIGPIPE is ignored.
 */
void run_catch_signals(void);

/* The first signal that was noted, 0 for none. */
int run_caught_signal(void);

#endif
