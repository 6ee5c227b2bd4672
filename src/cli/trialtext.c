/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the state of a trial in sentences. */
#include "trialtext.h"

#include <stdio.h>
#include <string.h>

#include "../core/report.h"
#include "../core/util.h"
#include "../host/hostfile.h"
#include "../host/loaders/oneshot.h"
#include "../host/trial/trialstore.h"

#define JOURNAL_LINES 12 /* that are shown */

static void print_functions(const struct sysfs_root *root)
{
	_cleanup_free_ char *text = NULL;
	char *cursor, *line;

	if (hostfile_read(root, TRIAL_DIRECTORY "/system.record", &text, NULL) < 0 &&
		hostfile_read(root, TRIAL_DIRECTORY "/initramfs.record", &text, NULL) < 0)
		return;
	cursor = text;
	while ((line = strsep(&cursor, "\n"))) {
		struct report_function function;

		if (report_parse_function(line, &function) < 0)
			continue;
		printf("  %s %s: %s", function.address[0] ? function.address : "-",
			function.section, result_word(function.result));
		if (function.reason != REASON_NONE)
			printf(" (%s): %s", reason_word(function.reason),
				reason_text(function.reason));
		putchar('\n');
	}
}

static void print_journal(const struct sysfs_root *root)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	char *start;

	if (hostfile_read(root, TRIAL_JOURNAL, &text, &size) < 0 || !size)
		return;
	if (text[size - 1] == '\n')
		text[--size] = '\0';
	start = text + size;
	for (unsigned lines = 0; start > text; start--)
		if (start[-1] == '\n' && ++lines == JOURNAL_LINES)
			break;
	printf("The end of its journal (more: " TRIAL_JOURNAL "):\n");
	for (char *line; (line = strsep(&start, "\n"));)
		printf("  %s\n", line);
}

static void print_failed(const struct sysfs_root *root, const struct trialstate *trial)
{
	printf("Trial %s failed (%s): %s.\n", trial->id, trial_reason_word(trial->reason),
		trial->text);
	printf("Its entry had: %s\n", trial->parameters);
	print_functions(root);
	print_journal(root);
	printf("The normal entry is as it was.  Mend it and run 'vfioboot try' again, or "
	       "forget it with 'vfioboot try --cancel'.\n");
}

static void print_state(const struct sysfs_root *root, const struct trialstate *trial)
{
	switch (trial->phase) {
	case TRIAL_ARMED:
		printf("Trial %s: the next boot is it, once; 'systemctl reboot' starts "
		       "it, 'vfioboot try --cancel' takes it back.\n",
			trial->id);
		break;
	case TRIAL_STARTED:
		printf("Trial %s: this boot is it, and it is not confirmed yet%s%s.\n"
		       "'vfioboot try --keep' confirms it by hand.\n",
			trial->id, trial->text[0] ? ": " : "", trial->text);
		break;
	case TRIAL_CONFIRMED:
		printf("Trial %s: confirmed%s.\n"
		       "'vfioboot try --keep' makes its setting permanent; 'vfioboot entry "
		       "add' puts it into the boot menu, to be chosen there.\n",
			trial->id,
			trial->by_person ? " by hand"
					 : ": all its devices were bound, and the system "
					   "came up");
		break;
	case TRIAL_FAILED: print_failed(root, trial); break;
	}
}

int trialtext_print(const struct sysfs_root *root)
{
	struct trialstate trial;
	char boot[37], id[TRIAL_ID_SIZE];
	const struct oneshot *oneshot;
	int r = trial_read(root, &trial);

	if (r < 0)
		return r;
	trial_read_boot(root, boot, id);
	oneshot = oneshot_find(trial.loader);
	/* As the service will find it, if that has not run yet. */
	if (strcmp(id, trial.id) != 0)
		trial_settle(&trial, boot, oneshot && oneshot->armed(root));
	print_state(root, &trial);
	return 0;
}
