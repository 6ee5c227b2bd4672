/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of this machine as a list of steps that is made first and carried out then, so that
 * --dry-run shows what a run does.  All of it happens or nothing: when a step fails, or a signal
 * comes, the steps before it are undone, the last one first.
 *
 *	_cleanup_(change_free) struct change change = {.root = root};
 *	...
 *	r = change_put_text(&change, "/etc/file", text);
 *	r = r < 0 ? r : change_add_own(&change, &rebuild_menu, &menu);
 *	...
 *	lock = change_lock(root, 0);                     (lock.h; once a command)
 *	r = change_check(&change, &message);
 *	r = change_carry_out(&change, NULL, &failure);
 *
 * All paths are absolute below the root; but for those in the arguments of programs, which are
 * whole.  What replaces and removes the files themselves is in atomicfile.h.
 */
#ifndef VFIOBOOT_CHANGE_CHANGE_H
#define VFIOBOOT_CHANGE_CHANGE_H

#include "atomicfile.h"
#include "base/base.h"
#include "lock.h"

struct change;
struct change_step;

/*
 * What a kind of step is.  The kinds below are of all who change something; whoever needs another
 * one has a const struct of its own.  A callback that fails may say why in @message.
 */
struct change_kind {
	/* What it does, in the imperative; %1 and %2 become the step's path and other. */
	const char *text;
	/* Why, in the same way, where it is not plain; a step may have one of its own. */
	const char *why;
	bool quiet; /* it only keeps order: no news while it happens */
	bool final; /* nothing is undone any more, and a failure is none */
	/* The same, but a failure is told at the end; the steps behind it are done. */
	bool optional;
	/* Why it can't be done, before anything is.  0, or -errno.  NULL: it can. */
	int (*refuse)(const struct change *change, const struct change_step *step,
		struct message *message);
	/* 0, or -errno.  undo() is called in either case, and never where this was not. */
	int (*run)(const struct change *change, struct change_step *step,
		struct message *message);
	/* Of a step that may be done in part: step->done.  0, or -errno.  NULL: no need. */
	int (*undo)(const struct change *change, const struct change_step *step,
		struct message *message);
};

extern const struct change_kind change_write;  /* writes @text into @path */
extern const struct change_kind change_remove; /* removes the regular file @path */
extern const struct change_kind change_move;   /* moves @path to @other, a free name */
extern const struct change_kind change_keep;   /* keeps @path as @other, for an undo */
extern const struct change_kind change_copy;   /* copies @path to @other, over it */
/* Copies @path to @other, over it, with something behind it: @data is a struct change_extension. */
extern const struct change_kind change_extend;
extern const struct change_kind change_build; /* runs @args, which makes the file @path */
extern const struct change_kind change_replace; /* renames @path to @other, over it */
extern const struct change_kind change_program; /* runs @args */
extern const struct change_kind change_delete; /* deletes @path: no undo brings it back */
extern const struct change_kind change_discard; /* deletes @path that was kept; final */
extern const struct change_kind change_rmdir;   /* removes an empty directory; final */
/* Nothing: at this point @room bytes have to be free beside @path.  Not shown. */
extern const struct change_kind change_spare;
/* What an interrupted run has left: deletes @path; puts it back as @other. */
extern const struct change_kind change_clear, change_put_back;

/* The first @keep bytes of a file, and @bytes behind them. */
struct change_extension {
	uint64_t keep;
	char *bytes;
	size_t size;
};

/* All but @kind may be NULL or 0. */
struct change_step {
	const struct change_kind *kind;
	char *path, *other;
	char *text;    /* that is written */
	mode_t mode;   /* of what is written; 0: as it is now, 0644 if it is new */
	char **args;   /* of a program, ended by NULL; change_add_args() */
	char *title;   /* what is said while it happens, in place of the kind's text */
	char *kernel;  /* whose image it is about; NULL: it is about none */
	char *why;     /* in place of the kind's */
	void *data;    /* for a kind of somebody's own, whose memory it is */
	uint64_t room; /* bytes that what it makes will have, for change_check() */
	/* Of change_build: ends of what the program leaves beside @path when it fails. */
	const char *const *leavings;
	bool stays; /* of change_build: what was not there before is not removed by an undo */
	/* It says how to take the steps behind it back: stays when one of them cannot be undone. */
	bool record;

	/* Of a run. */
	bool began;     /* run() was called */
	bool done;      /* and returned 0 */
	bool was_there; /* what is made or replaced */
	int old; /* of change_write, _remove, _copy and _extend: the old file, open; -1 */
};

/* Starts as {.root = ROOT}. */
struct change {
	const struct root *root;
	const char *log; /* the file for all that programs print; NULL: none is written */
	bool unstoppable; /* signals do not stop it: it is short, or puts something right */
	struct change_step *steps;
	size_t n;
	struct change_output *output; /* of a run */
};

/* ---- making the list ------------------------------------------------------------------- */

/*
 * Adds a step with copies of the two names, either of which may be NULL.  Returns it, until
 * another one is added; NULL without memory.
 */
struct change_step *change_add(struct change *change, const struct change_kind *kind,
	const char *path, const char *other);

/* The same with @data for a kind of the caller's own.  0 or -ENOMEM. */
int change_add_own(struct change *change, const struct change_kind *kind, void *data);

/*
 * Adds what gives the file the text @text, or with NULL removes it; nothing when it is so
 * already.  Returns 0; -EFBIG for a file of many MiB; or another -errno of reading it.
 */
int change_put_text(struct change *change, const char *path, const char *text);

/* Adds arguments, up to a NULL, to a step's program.  0 or -ENOMEM. */
int change_add_args(struct change_step *step, ...) __attribute__((sentinel));

/*
 * Adds what clears up behind a run that was killed in the directory: temporary files go, and so
 * does what was kept, or it is put back as @path where @wanted (NULL: never) says so.
 */
int change_add_leftovers(struct change *change, const char *directory,
	bool (*wanted)(void *data, const char *kept, const char *path), void *data);

/* What the step does, in one line: --dry-run, and what is said of it.  "": nothing to show. */
void change_describe(const struct change_step *step, char *ret, size_t size);

/* Why it is in the list; "": that is plain. */
void change_describe_why(const struct change_step *step, char *ret, size_t size);

void change_free(struct change *change);

/* ---- carrying it out ------------------------------------------------------------------- */

/*
 * Whether each step can be done, with room for all: what is made is there beside what it
 * replaces.  Returns 0; or with @message -ENOSPC, -EROFS, or what a kind refuses with.
 */
int change_check(const struct change *change, struct message *message);

/* Called before and after each step, and about once a second while a program runs; NULL: not. */
struct change_watcher {
	void (*begin)(void *data, const struct change_step *step);
	void (*end)(
		void *data, const struct change_step *step, int result, unsigned seconds);
	void (*tick)(void *data, const struct change_step *step, unsigned seconds);
	void *data;
};

/* What a failure was; for change_free_failure(). */
struct change_failure {
	const struct change_step *step; /* that failed; NULL: a signal came */
	struct message message;
	char *output; /* the last lines of the program; NULL: it is not its failure */
	bool logged;  /* all of them are in the log */
	char undo[MESSAGE_SIZE]; /* what could not be put back, and why; "": all was */
	char rest[MESSAGE_SIZE]; /* which optional steps failed, and why; "": none */
};

/*
 * Carries the steps out.  Returns 0, where optional steps may have failed; -EINTR after a signal
 * (run_catch_signals()); or another -errno; with what it was in *@ret.  All is undone then, and what
 * that takes is not ended by a signal that came before.  One that came is still caught afterwards.
 */
int change_carry_out(struct change *change, const struct change_watcher *watcher,
	struct change_failure *ret);

/*
 * Undoes what was carried out, when the caller can't go on.  Returns 0; or -errno with what could
 * not be put back in *@ret.
 */
int change_undo(struct change *change, struct change_failure *ret);

void change_free_failure(struct change_failure *failure);

/*
 * For kinds: runs a program to its end, with its output kept for the failure and the log.
 * Returns 0; -EIO when it fails; -EINTR after a signal, unless the step is not stopped by one, as
 * none that undoes; or another -errno; with @message.
 */
int change_run_program(
	const struct change *change, const char *const argv[], struct message *message);

/* For kinds of one's own: run the step's @args; do nothing, since only the undo does something. */
int change_run_args(
	const struct change *change, struct change_step *step, struct message *message);
int change_run_nothing(
	const struct change *change, struct change_step *step, struct message *message);

/* For kinds that make the file @path under a name of its own: their undo, which deletes it. */
int change_undo_made(const struct change *change, const struct change_step *step,
	struct message *message);

/* For kinds that judge what a program made: their failure shows its last lines, too. */
void change_show_output(const struct change *change);

/*
 * ---- durations.c: how long steps took the last time, of those that people wait for ----------
 *
 * The file has a line for each, "SECONDS WHAT", the latest last; WHAT is what --dry-run shows, so
 * that it differs from kernel to kernel.
 */

#define DURATIONS_FILE STATE_DIRECTORY "/durations"

#define DURATIONS_LEAST 10 /* seconds; nobody needs to know it of less */

/*
 * Seconds that the step is to take, by the text of the file (NULL: there is none): what it took,
 * or else what its program took for another kernel.  0: not known.
 */
unsigned durations_expected(const char *text, const struct change_step *step);

/* The file of @root; NULL where there is none that can be read.  For free(). */
char *durations_read(const struct root *root);

/*
 * Remembers what the step took in the file, unless it is below DURATIONS_LEAST.  A failure is none:
 * the next time nothing is expected.
 */
void durations_remember(
	const struct root *root, const struct change_step *step, unsigned seconds);

/* Removes the file, and the directory if nothing else is in it.  Where that fails, it stays. */
void durations_forget(const struct root *root);

#endif
