/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trial would try: the sections that wait for a profile, planned as the early program
 * would plan them in the trial's boot, and what speaks against starting one.
 */
#ifndef VFIOBOOT_TRIALPLAN_H
#define VFIOBOOT_TRIALPLAN_H

#include "outlook/outlook.h"
#include "params/params.h"
#include "trialstate.h"

struct trialplan_request {
	const char *profile; /* NULL: the only one there is */
	const char
		*append; /* parameters that a person asks for, with blanks between; "" */
	const char *id;  /* of the trial */
};

struct trialplan {
	struct nextboot
		*next; /* with the profile; NULL where there is a problem before */
	char profile[CONFIG_NAME_SIZE];
	unsigned n_tried;  /* sections that the trial's entry alone has done */
	unsigned n_always; /* sections that are done by the normal entry too */
	unsigned
		n_groupless; /* functions without IOMMU group, which a parameter is to mend */
	bool last_display; /* one that is tried may take the host's last display */
	char parameters[TRIAL_PARAMETERS_SIZE]; /* as struct trialstate has them */
	char tried[TRIAL_TRIED_SIZE];
	/* What entryparams_add() returned and told of what the machine needs. */
	int params_error;
	struct kernelparams params;
	const char *bad_param;
	char problem[TRIAL_TEXT_SIZE]; /* why it can't be tried, with the remedy; "" */
};

/*
 * Plans it; *@ret starts as {0} and is for trialplan_free().  Returns 0, with or without a problem or an error of the
 * parameters; or -errno when the PCI functions can't be read.
 */
int trialplan_make(const struct sysfs_root *root, const struct trialplan_request *request,
	struct trialplan *ret);

void trialplan_free(struct trialplan *plan);

/*
 * Whether the initramfs image of the running kernel, which the trial starts too, would do
 * what is configured now.  Returns false with a sentence in @why.
 */
bool trialplan_image_is_fresh(
	const struct sysfs_root *root, char why[static TRIAL_TEXT_SIZE]);

#endif
