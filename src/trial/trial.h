/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial: one boot with a setting that may cost the machine, which comes back by itself.
 *
 * What is tried are the sections that only a boot entry asks for, by a profile or by
 * `when = selected` (vfioboot.conf(5)).  So nothing of the setting has to be undone: the normal
 * entry has no such parameter and leaves the devices alone, whatever the trial did.  To keep
 * the setting is to drop that condition.
 *
 * A trial goes through these phases, each written to disk before what it means begins:
 *
 *	armed      the loader takes the entry of the trial at the next boot, once
 *	started    the trial's boot has come as far as a writable /var
 *	confirmed  all was as it should be, or a person said so
 *	kept       and its sections are bound at every boot from now on
 *	failed     it was given up, or its boot ended without being confirmed
 *
 * Whatever becomes of a trial's boot, the one after it is normal.  It comes by a panic
 * (panic=30), by the unit that watches (vfioboot-confirm.service), by the person who resets
 * the machine; what is found there as "armed" or "started" has failed.
 *
 * Whoever starts, cancels or keeps one holds change_lock() from its beginning; what the units
 * run, trial_watch() and trial_settle(), takes it whenever it writes.
 */
#ifndef VFIOBOOT_TRIAL_TRIAL_H
#define VFIOBOOT_TRIAL_TRIAL_H

#include "base/base.h"
#include "chain/chain.h"
#include "outlook/outlook.h"
#include "params/params.h"

#define TRIAL_ID_SIZE         24
#define TRIAL_TEXT_SIZE       320
#define TRIAL_PARAMETERS_SIZE 768
#define TRIAL_TRIED_SIZE      512
#define TRIAL_DIGEST_SIZE     17

#define TRIAL_DIRECTORY STATE_DIRECTORY "/trial" /* removed when empty, like its parent */
#define TRIAL_STATE     TRIAL_DIRECTORY "/state"
#define TRIAL_JOURNAL   TRIAL_DIRECTORY "/journal" /* the end of its boot's */

/* ---- What is known of a trial */

enum trial_phase {
	TRIAL_ARMED,
	TRIAL_STARTED,
	TRIAL_CONFIRMED,
	TRIAL_KEPT,
	TRIAL_FAILED,
};

/* Why a trial is not confirmed; TRIAL_FINE: it is. */
enum trial_reason {
	TRIAL_FINE,
	TRIAL_NO_RECORD, /* the early program left no record */
	TRIAL_CHANGED,   /* the image has another configuration than when it was armed */
	TRIAL_NOT_BOUND, /* a function does not have the driver that it should have */
	TRIAL_NOT_UP,    /* the unit that PID 1 is to start is not reached */
	TRIAL_DISPLAY_MANAGER, /* it does not run, or not for long enough */
	TRIAL_NO_DISPLAY,      /* the host had a display, and has none now */
	TRIAL_FRAMEBUFFER, /* the firmware's is still in a function that was to be free of it */
	/* Found afterwards: */
	TRIAL_NOT_TAKEN, /* the loader never took the entry */
	TRIAL_NEVER_UP,  /* its boot did not come as far as a writable /var */
	TRIAL_ENDED,     /* its boot ended before it was confirmed or given up */
	TRIAL_REASONS,
};

/* A section that is tried, and what it asked for when the trial was armed. */
struct trial_section {
	char name[CONFIG_NAME_SIZE];
	char digest[TRIAL_DIGEST_SIZE];
};

struct trial {
	char id[TRIAL_ID_SIZE];
	enum trial_phase phase;
	enum trial_reason reason;
	char text
		[TRIAL_TEXT_SIZE]; /* the reason in a sentence without full stop, or "" */
	char loader[32];           /* name of its struct bootloader */
	char profile[CONFIG_NAME_SIZE];
	char parameters
		[TRIAL_PARAMETERS_SIZE]; /* that its entry adds to the normal one */
	/* Those of them that the setting needs, or a person asked for; not what is for the trial. */
	char tried[TRIAL_TRIED_SIZE];
	char config
		[TRIAL_DIGEST_SIZE]; /* config.digest when it was armed; "": not known */
	char armed_boot[37];         /* boot id in which it was armed */
	char boot[37];               /* its own, once started */
	bool had_display;            /* when it was armed: the host itself had one */
	bool display_manager;        /* when it was armed: one was running */
	bool by_person;              /* confirmed by hand */
	struct trial_section sections[CONFIG_SECTIONS_MAX];
	unsigned n_sections; /* 0: an older version armed it, and they are not known */
};

const char *trial_phase_word(enum trial_phase phase);
const char *trial_reason_word(enum trial_reason reason);

/* Whether all was as it should be, or a person said so. */
bool trial_is_confirmed(const struct trial *trial);

/* Whether it waits for its boot, which would have another configuration than it was armed with. */
bool trial_is_outdated(const struct trial *trial, const struct config *config);

/*
 * Those of the parameters that were tried which @cmdline does not have, with blanks between;
 * all of them in the trial's own boot, where they come from its entry.
 */
void trial_missing_parameters(const struct trial *trial, const char *cmdline,
	char ret[static TRIAL_TRIED_SIZE]);

/*
 * Reads the last trial of this machine as trial_settle() will find it, if that has not run yet;
 * changes nothing.  Returns 0; -ENOENT when there was none; -EBADMSG; or another -errno.
 */
int trial_read(const struct root *root, struct trial *ret);

/*
 * The trial that this boot is, "" for none.  Returns 0, or -errno when the command line cannot
 * be read: then it is not known.
 */
int trial_of_this_boot(const struct root *root, char ret[static TRIAL_ID_SIZE]);

/* ---- Starting one (plan.c) */

struct trial_request {
	const char *profile; /* NULL: the only one there is */
	const char *append;  /* parameters that a person asks for, with blanks between */
	bool dry_run;
};

/* What starts a trial; starts as {0}. */
struct trial_plan {
	struct trial trial;     /* as it will be written */
	struct nextboot *next;  /* its boot */
	struct oneshot oneshot; /* what the loader needs for it */
	unsigned n_always;      /* sections that the normal entry binds too */
	unsigned
		n_groupless; /* functions without IOMMU group, which a parameter may bring */
	bool takes_last_display; /* a section that is tried may take the host's last display */
	struct file_names warnings; /* sentences */
};

/*
 * Plans a trial; writes nothing.  Returns 0, or -errno with why it cannot be tried in @message;
 * trial_plan_free(@ret) in each case.
 */
int trial_plan_make(const struct root *root, const struct trial_request *request,
	struct trial_plan *ret, struct message *message);
void trial_plan_free(struct trial_plan *plan);

/*
 * Replaces the last trial by this one, and has the loader take it.  Returns 0; or -errno with no trial at
 * all, and what of the last one is gone in @message.
 */
int trial_start(
	const struct root *root, struct trial_plan *plan, struct message *message);

/* ---- Ending one (end.c) */

enum trial_stage {
	TRIAL_ABSENT,    /* there is none, and no loader has one */
	TRIAL_NEXT_BOOT, /* the next boot would be it */
	TRIAL_THIS_BOOT, /* this boot is it, or may be: it cannot be cancelled now */
	TRIAL_PAST, /* only what was stored of it is left, or a state that is unreadable */
};

/* Looks how far it is; changes nothing. */
enum trial_stage trial_find_stage(const struct root *root);

/*
 * Makes the loaders forget it, and removes its entry and all that was stored of it.  Returns 0,
 * or -errno with the reason in @message: then its state is still there.
 */
int trial_cancel(const struct root *root, struct message *message);

/*
 * Confirms the trial if it is this boot; the watch finds this, and ends.  Returns 1 when it is
 * confirmed by this, 0 when it was already; or -errno with @message.
 */
int trial_confirm(const struct root *root, bool dry_run, struct trial *ret,
	struct message *message);

/* What keeping a trial means for a section. */
enum trial_keep {
	TRIAL_KEEP_NOTHING, /* it was not tried, or is permanent already */
	TRIAL_KEEP_TODO,    /* its drop-in gets a text without a profile */
	TRIAL_KEEP_CHANGED, /* it asks for something else than it did when it was tried */
	TRIAL_KEEP_NEW,     /* the trial did not try it */
	TRIAL_KEEP_BY_HAND, /* the profile has to be removed by hand: */
};

/*
 * Adds to @change what makes a section of @config, read without a command line, permanent: that takes
 * the profile out of its drop-in where `vfioboot add` wrote that.  Only what was tried is kept, not a section that
 * was added or edited since.  *@ret_error, of TRIAL_KEEP_BY_HAND: -EPERM when the file is not
 * ours alone to change, -ENODATA when no line of it sets the key, or another -errno.
 */
enum trial_keep trial_keep_section(struct change *change, const struct trial *trial,
	const struct config *config, const struct config_section *section,
	int *ret_error);

/* Notes that nothing is left to keep.  Returns 0, or -errno. */
int trial_note_kept(const struct root *root, struct trial *trial);

/* ---- What the units run (watch.c) */

/*
 * In the boot of the trial @id: looks again and again, until all is as it should be for two
 * looks, a person confirms, or @seconds are over; sooner where more time would not help.
 * Takes the loader's choice back as soon as that can be written.  Returns 0 when the trial
 * is confirmed, and 1 when it is given up, with the trial in *@ret; -EINTR when the watch
 * was stopped (SIGTERM); or -ESTALE when the system came up, and there is no such trial: its
 * parameters have come into an entry that stays, and to restart would never end.
 */
int trial_watch(
	const struct root *root, const char *id, unsigned seconds, struct trial *ret);

/*
 * In any other boot: finds out what became of a trial that has no end yet, and removes what
 * is left of its entry.  Returns 1 with the trial when it has failed, 0 when there is nothing
 * new, or -errno.
 */
int trial_settle(const struct root *root, struct trial *ret);

#endif
