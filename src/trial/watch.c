/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the units of a trial run: the watch over its boot, and what settles it afterwards. */
#include <signal.h>
#include <time.h>

#include "change/change.h"
#include "private.h"

#define LOOK_SECONDS 3
#define LOOKS_NEEDED 2 /* that are fine, one after the other */

#define NOTES_A_JOURNAL 5 /* it is kept as often: journald may have it in memory only */

/* The watch gets so much longer where another vfioboot holds the lock: below RuntimeMaxSec=. */
#define LOCK_SECONDS 30
/* And afterwards: below TimeoutStartSec= of vfioboot-settle.service. */
#define SETTLE_LOCK_MS 60000

/* Where packages, and `make install`, have units and the links to them. */
#define UNIT_DIRECTORY "/usr/lib/systemd/system"

#define NOT_WRITTEN "cannot write " TRIAL_STATE

/*
 * Whether boots do.  A link of a target stays, also to a unit that is masked or gone; of one that a package
 * has just brought the service manager only knows once it has read its files again.
 */
static bool is_started_by(const struct root *root, const char *unit, const char *target)
{
	const char *const argv[] = {
		"systemctl", "show", "--property=LoadState,WantedBy", unit, NULL};
	_cleanup_free_ char *text = NULL;

	return run_read(argv, &text) == 0 && strstr(text, "LoadState=loaded") &&
		(strstr(text, target) ||
			file_exists(root, UNIT_DIRECTORY "/%s.wants/%s", target, unit));
}

bool trial_watch_is_installed(const struct root *root)
{
	return is_started_by(root, "vfioboot-confirm.service", "sysinit.target") &&
		is_started_by(root, "vfioboot-settle.service", "multi-user.target");
}

struct watch {
	const struct root *root;
	const char *id;
	uint64_t deadline, last; /* the latter where the lock is not free */
	struct trial trial;
	bool busy;     /* another vfioboot has the lock */
	bool known;    /* the state could be read and written, and is that of this boot */
	bool foreign;  /* there is none of this boot */
	bool disarmed; /* the loader's choice is taken back */
	unsigned looks; /* that were fine, one after the other */
	unsigned notes; /* looks that were noted */
};

/* Takes the choice back, and at the end the entry: this boot needs neither. */
static bool disarm(const struct root *root, const struct trial *trial, bool remove)
{
	const struct bootloader *loader = bootloader_named(trial->loader);

	return loader && oneshot_disarm(root, loader, remove, NULL) == 0;
}

/*
 * Whether there is no trial of this boot's parameter.  Without /var/lib it is not known: a /var of
 * its own did not come, maybe because of the trial.
 */
static bool is_foreign(const struct root *root, int error, bool known)
{
	return !known &&
		(error == 0 || (error == -ENOENT && file_exists(root, "/var/lib")));
}

/* Whether the trial was another boot's: its entry was taken again. */
static bool is_over(const struct trial *trial, const char *boot)
{
	return trial->phase == TRIAL_FAILED ||
		(trial->phase == TRIAL_STARTED && strcmp(trial->boot, boot) != 0);
}

/* As at any other boot after a trial; to restart from here would never end. */
static void end_again(struct watch *watch, const char *boot)
{
	if (trial_find_end(&watch->trial, boot, false))
		trial_save(watch->root, &watch->trial);
	disarm(watch->root, &watch->trial, true);
	watch->known = false;
	watch->foreign = true;
}

/* Finds the state once /var is there, and notes that the boot has begun. */
static void find_state(struct watch *watch)
{
	struct trial *trial = &watch->trial;
	char boot[37];
	int r = trial_load(watch->root, trial);

	watch->known = r == 0 && strcmp(trial->id, watch->id) == 0;
	watch->foreign = is_foreign(watch->root, r, watch->known);
	if (!watch->known)
		return;
	trial_read_boot_id(watch->root, boot);
	if (is_over(trial, boot)) {
		end_again(watch, boot);
		return;
	}
	if (trial->phase == TRIAL_ARMED) {
		trial->phase = TRIAL_STARTED;
		strcpy(trial->boot, boot);
		if (trial_save(watch->root, trial) < 0) {
			watch->known = false; /* not writable yet */
			return;
		}
	}
	if (!watch->disarmed)
		watch->disarmed = disarm(watch->root, trial, false);
}

/*
 * Takes the lock and finds the state.  Without the lock nothing is known, since nothing may be
 * written.  It is not waited for, so that the watch can be stopped at any time: the next look
 * tries again.  Returns a descriptor for change_unlock(), or -errno.
 */
static int enter(struct watch *watch)
{
	int lock = change_lock(watch->root, 0);

	watch->busy = lock == -EBUSY;
	watch->known = watch->foreign = false;
	if (lock >= 0)
		find_state(watch);
	return lock;
}

/* Writes down for what it waits: that is lost otherwise, if the machine stops at this moment. */
static void note(struct watch *watch, const char *text)
{
	_cleanup_(change_unlock) int lock = -1;

	if (strcmp(watch->trial.text, text) == 0)
		return;
	/* A look takes a while: a person may have confirmed the trial meanwhile. */
	lock = enter(watch);
	if (!watch->known || trial_is_confirmed(&watch->trial))
		return;
	text_join(watch->trial.text, sizeof(watch->trial.text), text, NULL);
	trial_save(watch->root, &watch->trial);
}

static void keep_journal(struct watch *watch)
{
	static const char *const sync[] = {"journalctl", "--sync", NULL};

	if (watch->root->live)
		run_program(sync, NULL, NULL);
	if (watch->known && watch->notes++ % NOTES_A_JOURNAL == 0)
		trial_keep_evidence(watch->root, "");
}

/*
 * Ends the trial as judged, unless a person has confirmed it meanwhile.  The journal, which may
 * take long, comes before the lock.  Returns as look().
 */
static int end(struct watch *watch, enum trial_reason reason, const char *text)
{
	_cleanup_(change_unlock) int lock = -1;
	int r = -EAGAIN;

	if (watch->known)
		trial_keep_evidence(watch->root, "");
	lock = enter(watch);
	if (watch->known)
		disarm(watch->root, &watch->trial, true);
	if (watch->known && trial_is_confirmed(&watch->trial))
		return 0;
	text_join(watch->trial.text, sizeof(watch->trial.text),
		watch->known ? text : NOT_WRITTEN, NULL);
	watch->trial.phase = reason == TRIAL_FINE ? TRIAL_CONFIRMED : TRIAL_FAILED;
	watch->trial.reason = reason;
	if (watch->known)
		r = trial_save(watch->root, &watch->trial);
	if (reason != TRIAL_FINE)
		return 1;
	/* What is not written down would be taken for a failure at the next boot. */
	return r < 0 ? -EAGAIN : 0;
}

/* Whether more time does not help: the system is up, and nothing is bound any more. */
static bool is_final(const struct watch *watch, enum trial_reason reason,
	const struct trial_sight *sight)
{
	return watch->known && sight->target_reached &&
		(reason == TRIAL_NO_RECORD || reason == TRIAL_CHANGED ||
			reason == TRIAL_NOT_BOUND);
}

/* Has the boot noted as begun as soon as that can be written. */
static void begin_look(struct watch *watch)
{
	int lock = enter(watch);

	change_unlock(&lock);
}

/* One look.  Returns 0 confirmed, 1 given up, -ESTALE, or -EAGAIN. */
static int look(struct watch *watch)
{
	bool over = child_now() >= watch->deadline;
	struct trial_sight sight;
	char text[TRIAL_TEXT_SIZE];
	enum trial_reason reason;

	begin_look(watch);
	if (watch->known && trial_is_confirmed(&watch->trial))
		return end(watch, TRIAL_FINE, "");
	trial_observe(watch->root, &sight);
	reason = trial_judge(&watch->trial, &sight, text);
	watch->looks = reason == TRIAL_FINE && watch->known ? watch->looks + 1 : 0;
	keep_journal(watch);
	if (watch->known)
		note(watch, text);
	if (watch->looks && watch->looks < LOOKS_NEEDED)
		return -EAGAIN;
	if (watch->looks && end(watch, TRIAL_FINE, "") == 0)
		return 0;
	if (watch->busy && child_now() < watch->last)
		return -EAGAIN;
	if (!over && !is_final(watch, reason, &sight))
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

int trial_watch(
	const struct root *root, const char *id, unsigned seconds, struct trial *ret)
{
	struct watch watch = {.root = root, .id = id};
	sigset_t signals;
	int r;

	watch.deadline = child_now() + seconds * 1000ULL;
	watch.last = watch.deadline +
		(seconds < LOCK_SECONDS ? seconds : LOCK_SECONDS) * 1000ULL;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	while ((r = look(&watch)) == -EAGAIN) {
		if (!sleep_or_stop(&signals))
			continue;
		note(&watch, "the machine was shut down, or the watch was stopped");
		r = -EINTR;
		break;
	}
	*ret = watch.trial;
	return r;
}

/* ---- Afterwards */

/*
 * At another boot than the trial's: whether it has failed, 1 or 0.  *@ret_pending: it is still to
 * come.  -errno when it is not known which boot this is.
 */
static int find_end(const struct root *root, struct trial *trial, bool *ret_pending)
{
	const struct bootloader *loader = bootloader_named(trial->loader);
	char boot[37], id[TRIAL_ID_SIZE];
	bool failed;
	int r = trial_of_this_boot(root, id);

	if (r < 0)
		return r;
	trial_read_boot_id(root, boot);
	*ret_pending = strcmp(id, trial->id) == 0;
	if (*ret_pending)
		return 0;
	failed = trial_find_end(trial, boot, loader && oneshot_is_armed(root, loader));
	*ret_pending = trial->phase == TRIAL_ARMED;
	return failed;
}

int trial_read(const struct root *root, struct trial *ret)
{
	bool pending;
	int r = trial_load(root, ret);

	if (r == 0)
		r = find_end(root, ret, &pending);
	return r < 0 ? r : 0;
}

int trial_settle(const struct root *root, struct trial *ret)
{
	_cleanup_(change_unlock) int lock = change_lock(root, SETTLE_LOCK_MS);
	bool pending;
	int r, failed;

	if (lock < 0)
		return lock;
	r = trial_load(root, ret);
	if (r < 0) {
		/* Of which loader it was is not known then. */
		if (r != -ENOENT)
			oneshot_disarm_all(root, NULL);
		return r == -ENOENT ? 0 : r;
	}
	failed = find_end(root, ret, &pending);
	if (failed < 0)
		return failed;
	/* Of a trial that is over, too: its own boot may not have been able to. */
	if (!pending)
		oneshot_disarm_all(root, NULL);
	if (!failed)
		return 0;
	if (ret->boot[0])
		trial_keep_evidence(root, ret->boot);
	r = trial_save(root, ret);
	return r < 0 ? r : 1;
}
