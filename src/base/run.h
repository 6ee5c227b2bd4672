/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs programs: by their argument list, never through a shell, with nothing on standard input and
 * no other descriptor of ours.  A process of ours stays with each until it ends, and so do our locks
 * even if we are killed.
 *
 * A program has a process group of its own, so that a signal reaches all that a generator's shell
 * has started, and reaches it once.  When we are the terminal's foreground, the program is while it
 * runs: it may ask for a pass phrase, and ^C is for it.  Else it has no terminal at all, since to
 * read from one in the background would stop it for ever: opening /dev/tty is an error for it.
 */
#ifndef VFIOBOOT_RUN_H
#define VFIOBOOT_RUN_H

#include <signal.h>
#include <stddef.h>

/*
 * Runs @argv, found in PATH, to its end; what that leaves in the background is not waited for,
 * but for a second in which it may still print.  Calls @line (NULL: nobody) for each line that it
 * prints on either output, without newline.  Returns its exit status, 128 + N when signal N ended
 * it, or -errno when it could not be started (-ENOENT: no such program).
 */
int run_program(
	const char *const argv[], void (*line)(void *data, const char *text), void *data);

/* The same, and calls @tick with the same @data about once a second while it runs. */
int run_watched(const char *const argv[], void (*line)(void *data, const char *text),
	void (*tick)(void *data), void *data);

/*
 * As run_program(), and keeps the last line that is not empty, "" for none, cut to @size: what a
 * program has to say when it fails.
 */
int run_last_line(const char *const argv[], char *ret_last, size_t size);

/* The same, with all its output but errors in @ret, a text for free(). */
int run_read(const char *const argv[], char **ret);

/* The whole path of this program.  Returns 0, or -errno. */
int run_own_path(char *ret, size_t size);

/* Adds the directories of system programs to PATH: su(1) may leave root with a user's. */
void run_extend_path(void);

/* What run_catch_signals() found, for run_let_signals(). */
struct run_signals {
	sigset_t blocked;
	void (*on_pipe)(int);
};

/*
 * From now on SIGINT, SIGTERM and SIGHUP do not end this process, which blocks them: they end the
 * program that runs, with all that it started, and stay pending.  Those that are ignored, as by
 * nohup(1), stay so.  SIGPIPE is ignored.  @ret may be NULL where this lasts to the end.
 */
void run_catch_signals(struct run_signals *ret);

/* As it was before.  Unless they were caught then, too, a signal that is pending ends this process. */
void run_let_signals(const struct run_signals *before);

/* One of the signals that came since, 0 for none. */
int run_caught_signal(void);

/*
 * The same, and none is pending any more: programs that are started then run to their end.  Whoever
 * takes one raises it again (raise(3)) when that is done.
 */
int run_take_signal(void);

#endif
