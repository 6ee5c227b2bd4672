/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving a device set to a guest while the host runs, and taking it back.
 *
 * Both ways are lists of steps (change/change.h), made first and carried out then: the commands
 * bind and release, their --dry-run and libvirt's hook use the same ones.
 *
 *	lock = handover_lock(root, wait_ms);
 *	r = handover_bind(&facts, config, &request, &handover, &message);
 *	r = r < 0 ? r : change_check(&handover.change, &message);
 *	r = r < 0 ? r : handover_carry_out(&handover, NULL, &failure);
 *	handover_free(&handover);
 *	change_unlock(&lock);
 *
 * What has to be put back is written to /run/vfioboot/handover/SET before each step is done, so
 * that the next command can go on, or go back, from wherever one was killed (state.h).  Nothing
 * of it lasts longer than this boot.
 */
#ifndef VFIOBOOT_HANDOVER_HANDOVER_H
#define VFIOBOOT_HANDOVER_HANDOVER_H

#include "change/change.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "libvirt.h"
#include "request.h"

/* Starts as {0}, for handover_free(). */
struct handover {
	struct change change;   /* the steps */
	struct message nothing; /* why there are none of the last set; else "" */
	struct work **works;    /* what they work on: one a set */
	size_t n_works;
};

/* As change_lock(), with a lock of its own, for change_unlock(): one set after the other. */
int handover_lock(const struct root *root, unsigned wait_ms);

/*
 * Makes the steps that bring the functions of a set to its driver, behind those of sets before it
 * in @ret: they are planned as if those had left, and all are handed over, or none.  The section
 * counts, whether this boot asks for it or not.  A set that has its driver already needs none.  Returns 0; or,
 * with @message: -EBUSY when it is in use, or another guest has it; -EPERM when it may not be given
 * away; -ENOENT when there is no such section; or another -errno.  Whether processes have it open is
 * for change_check(), which waits for them; with the lock, so nobody should for long (handover_wait()).
 */
int handover_bind(struct facts *facts, const struct config *config,
	const struct handover_request *request, struct handover *ret,
	struct message *message);

/*
 * Makes the steps that bring them back to what was before handover_bind(), also where that was
 * killed half-way.  A set that was not handed over, or to another guest than the one that is
 * named, needs none.  Returns as above; -EBUSY: a guest runs with it.
 */
int handover_release(const struct root *root, const struct handover_request *request,
	struct handover *ret, struct message *message);

/*
 * change_carry_out(), with a line in the system's log for each step.  After 0 @ret->rest says what
 * of a release is still to be done: units that did not start, ...
 */
int handover_carry_out(struct handover *handover, const struct change_watcher *watcher,
	struct change_failure *ret);

/*
 * Waits for at most @wait_ms milliseconds until no process has a device open that change_check() would refuse
 * for; 0: looks once.  Without the lock, what was planned is worth nothing then.  0; -EBUSY: one has; or
 * another -errno; with @message.
 */
int handover_wait(
	const struct handover *handover, unsigned wait_ms, struct message *message);

/* Whether the steps may end this process: they stop the session that it is in. */
bool handover_ends_caller(const struct handover *handover);

/*
 * Starts @argv, whole path first, as a unit of its own, outside of any session, and does not wait
 * for its end.  Returns 0 with the unit's name in @ret; or -errno with @message.
 */
#define HANDOVER_UNIT_SIZE 80
int handover_run_apart(const struct root *root, const char *set, const char *const argv[],
	char ret[static HANDOVER_UNIT_SIZE], struct message *message);

/*
 * The set that the function was handed over with.  Returns 0; -ENOENT: it was not; or -errno, with
 * the set whose state cannot be read in @ret.
 */
int handover_find(const struct root *root, struct pci_address address,
	char ret[static CONFIG_NAME_SIZE]);

/*
 * The sets that were handed over with functions which the selector names, on @bus or gone since.  Returns
 * 0 with *@ret for file_free_names(), none of them being no error; or -errno with @message.
 */
int handover_find_sets(const struct root *root, const struct pcibus *bus,
	const struct selector *selector, struct file_names *ret, struct message *message);

/* The names of all sets that are handed over, for file_free_names().  0 or -errno. */
int handover_list(const struct root *root, struct file_names *ret);

/* Who has such a set. */
#define HANDOVER_GUEST_SIZE 256
struct handover_owner {
	char guest
		[HANDOVER_GUEST_SIZE]; /* it comes back when that ends; "": a release takes it back */
	bool in_part; /* nobody: a run was interrupted, or could not put back all */
};

/*
 * Reads it.  Returns 0; -ENOENT: it was not handed over, or has been taken back since it was listed; or
 * -errno with a message: what is known of it cannot be read.
 */
int handover_find_owner(const struct root *root, const char *set,
	struct handover_owner *ret, struct message *message);

/* The functions of all sets that are in the machine, with commas between, for people. */
void handover_name_functions(const struct handover *handover, char *ret, size_t size);

void handover_free(struct handover *handover);

#endif
