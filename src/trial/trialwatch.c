/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks, judges, writes down, and sleeps until the next look. */
#include "trialwatch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "chain/chain.h"
#include "trialsight.h"
#include "trialstore.h"

#define LOOK_SECONDS 3
#define LOOKS_NEEDED 2 /* that are fine, one after the other */

#define NOTES_A_JOURNAL 5 /* it is kept as often: journald may have it in memory only */

#define NOT_WRITTEN TRIAL_STATE " can't be written"

/* A link of a target stays, also to a unit that is masked or gone. */
static bool is_started_by(const char *unit, const char *target)
{
	const char *const argv[] = {
		"systemctl", "show", "--property=LoadState,WantedBy", unit, NULL};
	_cleanup_free_ char *text = NULL;

	return run_read(argv, &text) == 0 && strstr(text, "LoadState=loaded") &&
		strstr(text, target);
}

bool trialwatch_is_installed(void)
{
	return is_started_by("vfioboot-confirm.service", "sysinit.target") &&
		is_started_by("vfioboot-settle.service", "multi-user.target");
}

struct watch {
	const struct sysfs_root *root;
	const char *id;
	struct trialstate trial;
	bool known;     /* the state could be read, and is that of this boot */
	bool foreign;   /* there is none of this boot */
	bool disarmed;  /* the loader's choice is taken back */
	unsigned looks; /* that were fine, one after the other */
	unsigned notes; /* looks that were noted */
};

/* Takes the choice back, and at the end the entry: this boot needs neither. */
static void disarm(const struct sysfs_root *root, const struct trialstate *trial,
	bool remove, bool *ret_done)
{
	const struct bootloader *loader = bootloader_named(trial->loader);
	char why[ONESHOT_WHY_SIZE];

	*ret_done = loader && oneshot_disarm(root, loader, remove, why) == 0;
}

/*
 * Whether there is no trial of this boot's parameter.  Without /var/lib it is not known: a /var of
 * its own did not come, maybe because of the trial.
 */
static bool is_foreign(const struct sysfs_root *root, int error, bool known)
{
	return !known &&
		(error == 0 || (error == -ENOENT && hostfile_exists(root, "/var/lib")));
}

/* Whether the trial was another boot's: its entry was taken again. */
static bool is_over(const struct trialstate *trial, const char *boot)
{
	return trial->phase == TRIAL_FAILED ||
		(trial->phase == TRIAL_STARTED && strcmp(trial->boot, boot) != 0);
}

/* As at any other boot after a trial; to restart from here would never end. */
static void end_again(struct watch *watch, const char *boot)
{
	bool done;

	if (trial_settle(&watch->trial, boot, false))
		trial_write(watch->root, &watch->trial);
	disarm(watch->root, &watch->trial, true, &done);
	watch->known = false;
	watch->foreign = true;
}

/* Finds the state once /var is there, and notes that the boot has begun. */
static void begin(struct watch *watch)
{
	char id[TRIAL_ID_SIZE], boot[37];
	struct trialstate *trial = &watch->trial;
	int r;

	r = trial_read(watch->root, trial);
	watch->known = r == 0 && strcmp(trial->id, watch->id) == 0;
	watch->foreign = is_foreign(watch->root, r, watch->known);
	if (!watch->known)
		return;
	trial_read_boot(watch->root, boot, id);
	if (is_over(trial, boot)) {
		end_again(watch, boot);
		return;
	}
	if (trial->phase == TRIAL_ARMED) {
		trial->phase = TRIAL_STARTED;
		strcpy(trial->boot, boot);
		if (trial_write(watch->root, trial) < 0) {
			watch->known = false; /* not writable yet */
			return;
		}
	}
	if (!watch->disarmed)
		disarm(watch->root, trial, false, &watch->disarmed);
}

/* What is lost otherwise, if the machine stops at this moment. */
static void note(struct watch *watch, const char *text)
{
	_cleanup_close_ int lock = -1;

	if (watch->root->live)
		run_program(
			(const char *const[]){"journalctl", "--sync", NULL}, NULL, NULL);
	if (watch->known && watch->notes++ % NOTES_A_JOURNAL == 0)
		trial_keep_evidence(watch->root, "");
	if (!watch->known || strcmp(watch->trial.text, text) == 0)
		return;
	/* A look takes a while: a person may have confirmed the trial meanwhile. */
	lock = trial_lock(watch->root);
	begin(watch);
	if (!watch->known || trial_is_confirmed(&watch->trial))
		return;
	snprintf(watch->trial.text, sizeof(watch->trial.text), "%s", text);
	trial_write(watch->root, &watch->trial);
}

/*
 * Ends the trial as judged, unless a person has confirmed it meanwhile.  What takes long comes
 * first: between reading the state and writing it nobody may be told anything else.  Returns
 * as look().
 */
static int end(struct watch *watch, enum trial_reason reason, const char *text)
{
	_cleanup_close_ int lock = -1;
	bool done;
	int r;

	if (watch->known) {
		trial_keep_evidence(watch->root, "");
		disarm(watch->root, &watch->trial, true, &done);
	}
	lock = trial_lock(watch->root);
	begin(watch);
	if (watch->known && trial_is_confirmed(&watch->trial))
		return 0;
	snprintf(watch->trial.text, sizeof(watch->trial.text), "%s",
		watch->known ? text : NOT_WRITTEN);
	watch->trial.phase = reason == TRIAL_FINE ? TRIAL_CONFIRMED : TRIAL_FAILED;
	watch->trial.reason = reason;
	r = watch->known ? trial_write(watch->root, &watch->trial) : 0;
	if (reason != TRIAL_FINE)
		return 1;
	/* What can't be written down would be taken for a failure at the next boot. */
	return r < 0 || !watch->known ? -EAGAIN : 0;
}

/* Whether time won't mend it: the system is up, and nobody binds anything any more. */
static bool is_final(enum trial_reason reason, const struct trial_sight *sight)
{
	return sight->target_reached &&
		(reason == TRIAL_NO_RECORD || reason == TRIAL_CHANGED ||
			reason == TRIAL_NOT_BOUND);
}

/* One look.  Returns 0 confirmed, 1 given up, or -EAGAIN. */
static int look(struct watch *watch, bool time_is_over)
{
	struct trial_sight sight;
	char text[TRIAL_TEXT_SIZE];
	enum trial_reason reason;

	begin(watch);
	if (watch->known && trial_is_confirmed(&watch->trial))
		return end(watch, TRIAL_FINE, "");
	trialsight_look(watch->root, &sight);
	reason = trial_judge(&watch->trial, &sight, text);
	watch->looks = reason == TRIAL_FINE && watch->known ? watch->looks + 1 : 0;
	note(watch, text);
	if (watch->looks && watch->looks < LOOKS_NEEDED)
		return -EAGAIN;
	if (watch->looks && end(watch, TRIAL_FINE, "") == 0)
		return 0;
	if (!time_is_over && (!watch->known || !is_final(reason, &sight)))
		return -EAGAIN;
	if (watch->foreign && sight.target_reached)
		return -ESTALE;
	return reason == TRIAL_FINE ? end(watch, TRIAL_ENDED, NOT_WRITTEN)
				    : end(watch, reason, text);
}

/* Sleeps until the next look.  Whether the watch was stopped. */
static bool sleep_or_stop(const sigset_t *signals)
{
	const struct timespec time = {.tv_sec = LOOK_SECONDS};

	return sigtimedwait(signals, NULL, &time) > 0;
}

int trialwatch_run(const struct sysfs_root *root, const char *id, unsigned seconds,
	struct trialstate *ret)
{
	struct watch watch = {.root = root, .id = id};
	uint64_t deadline = child_now() + seconds * 1000ULL;
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (;;) {
		r = look(&watch, child_now() >= deadline);
		if (r != -EAGAIN)
			break;
		if (sleep_or_stop(&signals)) {
			note(&watch,
				"the machine was shut down, or the watch was stopped");
			r = -EINTR;
			break;
		}
	}
	*ret = watch.trial;
	return r;
}

bool trialwatch_is_running(const struct sysfs_root *root, const struct trialstate *trial)
{
	char boot[37], id[TRIAL_ID_SIZE];
	bool known = trial_read_boot(root, boot, id) == 0;

	return trial->phase == TRIAL_STARTED && (!known || strcmp(id, trial->id) == 0);
}

/*
 * At another boot than the trial's: whether it has failed, 1 or 0.  *@ret_pending: it is still to
 * come.  -errno when it is not known which boot this is.
 */
static int find_end(
	const struct sysfs_root *root, struct trialstate *trial, bool *ret_pending)
{
	const struct bootloader *loader = bootloader_named(trial->loader);
	char boot[37], id[TRIAL_ID_SIZE];
	bool failed;
	int r = trial_read_boot(root, boot, id);

	*ret_pending = r < 0 || strcmp(id, trial->id) == 0;
	if (*ret_pending)
		return r;
	failed = trial_settle(trial, boot, loader && oneshot_is_armed(root, loader));
	*ret_pending = trial->phase == TRIAL_ARMED;
	return failed;
}

int trialwatch_read(const struct sysfs_root *root, struct trialstate *ret)
{
	bool pending;
	int r = trial_read(root, ret);

	if (r == 0)
		r = find_end(root, ret, &pending);
	return r < 0 ? r : 0;
}

int trialwatch_settle(const struct sysfs_root *root, struct trialstate *ret)
{
	char why[ONESHOT_WHY_SIZE];
	bool pending;
	int r = trial_read(root, ret), failed;

	if (r < 0) {
		/* Of which loader it was is not known then. */
		if (r != -ENOENT)
			oneshot_disarm_all(root, why);
		return r == -ENOENT ? 0 : r;
	}
	failed = find_end(root, ret, &pending);
	if (failed < 0)
		return failed;
	/* Of a trial that is over, too: its own boot may not have been able to. */
	if (!pending)
		oneshot_disarm_all(root, why);
	if (!failed)
		return 0;
	if (ret->boot[0])
		trial_keep_evidence(root, ret->boot);
	r = trial_write(root, ret);
	return r < 0 ? r : 1;
}
