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
 *	r = r < 0 ? r : change_carry_out(&handover.change, NULL, &failure);
 *	handover_free(&handover);
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

/* What is asked for; all of it the caller's. */
struct handover_request {
	const char *
		set; /* a section of the configuration; of a release, a set handed over */
	const char *
		guest; /* that is given the set, as libvirt calls it; NULL: a person asks */
	bool stop_session; /* a session that has the card may be ended */
	unsigned wait_s;   /* for how long to wait until nobody has the card open */
};

/* For handover_free(). */
struct handover {
	struct change
		change; /* the steps; none: there is nothing to do, and @nothing says why */
	struct message nothing;
	void *own; /* what the steps work on */
};

/* What nobody else may do meanwhile: as change_lock(), with a lock of its own. */
int handover_lock(const struct root *root, unsigned wait_ms);

/*
 * Makes the steps that bring the functions of a set to its driver.  The section counts, whether
 * this boot asks for it or not.  A set that has its driver already needs none.  Returns 0 with
 * *@ret; or, with @message, -EBUSY when it is in use, or another guest has it; -EPERM when it may
 * not be given away; -ENOENT when there is no such section; or another -errno.
 */
int handover_bind(struct facts *facts, const struct config *config,
	const struct handover_request *request, struct handover *ret,
	struct message *message);

/*
 * Makes the steps that bring them back to what was before handover_bind(), also where that was
 * killed half-way.  A set that was not handed over, or to another guest than the one that is
 * named, needs none.  Returns as above; -EBUSY: a guest runs with it.
 */
int handover_release(struct facts *facts, const struct handover_request *request,
	struct handover *ret, struct message *message);

void handover_free(struct handover *handover);

#endif
