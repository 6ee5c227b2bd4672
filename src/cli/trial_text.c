/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a trial in sentences. */
#include "cli.h"

#define JOURNAL_LINES 12 /* that are shown */

static void print_functions(const struct root *root)
{
	_cleanup_free_ char *text = NULL;
	char *cursor, *line;

	if (file_read(root, TRIAL_DIRECTORY "/system.record", &text, NULL) < 0 &&
		file_read(root, TRIAL_DIRECTORY "/initramfs.record", &text, NULL) < 0)
		return;
	cursor = text;
	while ((line = strsep(&cursor, "\n"))) {
		struct record_function function;

		if (record_parse_function(line, &function) < 0)
			continue;
		printf("  %s %s: %s", function.address[0] ? function.address : "-",
			function.section, result_word(function.result));
		if (function.reason != REASON_NONE)
			printf(" (%s): %s", reason_word(function.reason),
				reason_text(function.reason));
		putchar('\n');
	}
}

static void print_journal(const struct root *root)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	char *start;
	int r;

	r = file_read(root, TRIAL_JOURNAL, &text, &size);
	if (r == -EACCES)
		printf("Only root can read the end of its journal (" TRIAL_JOURNAL
		       ").\n");
	if (r < 0 || !size)
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

static void print_failed(const struct root *root, const struct trial *trial)
{
	printf("Trial %s failed (%s): %s.\n", trial->id, trial_reason_word(trial->reason),
		trial->text);
	printf("Its entry had: %s\n", trial->parameters);
	print_functions(root);
	print_journal(root);
	printf("The normal entry is unchanged. Fix this and run 'sudo vfioboot try' "
	       "again, or delete the trial with 'sudo vfioboot try --cancel'.\n");
}

void trial_text_print_missing(const struct root *root, const struct trial *trial)
{
	const struct bootloader *loader = bootloader_named(trial->loader);
	_cleanup_free_ char *cmdline = NULL;
	char missing[TRIAL_TRIED_SIZE], text[PERMANENT_TEXT_SIZE];
	struct permanent way = {0};
	int r = cmdline_read_if_any(root, &cmdline);

	if (r < 0) {
		printf("Cannot read the kernel command line (%s), so whether it lacks what was "
		       "tried is unknown.\n",
			errno_text(r));
		return;
	}
	trial_missing_parameters(trial, cmdline, missing);
	if (loader)
		bootmenu_permanent(root, loader, &way);
	if (!missing[0])
		return;
	printf("Tried with it, and not in the normal entry: %s\n", missing);
	if (loader && trial_is_confirmed(trial) && cmdline_can_apply(root, loader))
		puts("Run 'sudo vfioboot cmdline --apply' to make them permanent.");
	else
		printf("Make them permanent by hand%s%s; 'vfioboot cmdline --explain' "
		       "shows what the machine needs.\n",
			loader ? ": " : "", permanent_text(&way, NULL, text));
}

void trial_text_warn_changed(
	const char *command, const struct root *root, const struct config *config)
{
	struct trial trial;

	if (trial_read(root, &trial) == 0 && trial_is_outdated(&trial, config))
		cli_warning(command,
			"trial %s is the next boot, and was started with another "
			"configuration: it would fail (changed); run 'sudo vfioboot "
			"try' again, or cancel it with 'sudo vfioboot try --cancel'",
			trial.id);
}

static void print_armed(const struct root *root, const struct trial *trial)
{
	const struct bootloader *loader = bootloader_named(trial->loader);
	_cleanup_free_ struct config *config = NULL;

	if (loader && !oneshot_is_armed(root, loader)) {
		printf("Trial %s was to be the next boot, but the boot loader no longer "
		       "has that choice: run 'sudo vfioboot try' again, or delete it "
		       "with 'sudo vfioboot try --cancel'.\n",
			trial->id);
		return;
	}
	printf("Trial %s is the next boot, once: 'systemctl reboot' starts it, 'sudo "
	       "vfioboot try --cancel' cancels it.\n",
		trial->id);
	config = cli_read_config(root, CONFIGFILES_OF_IMAGE);
	if (trial_is_outdated(trial, config))
		printf("The configuration was changed since; run 'sudo vfioboot apply' "
		       "and 'sudo vfioboot try' again.\n");
}

static void print_confirmed(const struct root *root, const struct trial *trial)
{
	printf("Trial %s: confirmed%s.\n", trial->id,
		trial->by_person
			? " by hand"
			: ": all its devices were bound, and the system came up");
	if (trial->phase == TRIAL_KEPT)
		printf("Its setting is permanent ('vfioboot try --keep').\n");
	else
		printf("'sudo vfioboot try --keep' makes its setting permanent; 'sudo "
		       "vfioboot entry add' adds it to the boot menu.\n");
	trial_text_print_missing(root, trial);
}

static void print_state(const struct root *root, const struct trial *trial)
{
	switch (trial->phase) {
	case TRIAL_ARMED: print_armed(root, trial); break;
	case TRIAL_STARTED:
		printf("Trial %s is this boot, and not confirmed yet%s%s.\n"
		       "'sudo vfioboot try --keep' confirms it by hand.\n",
			trial->id, trial->text[0] ? ": " : "", trial->text);
		break;
	case TRIAL_CONFIRMED:
	case TRIAL_KEPT: print_confirmed(root, trial); break;
	case TRIAL_FAILED: print_failed(root, trial); break;
	}
}

int trial_text_print(const struct root *root)
{
	struct trial trial;
	int r = trial_read(root, &trial);

	if (r == 0)
		print_state(root, &trial);
	return r;
}

enum cli_exit trial_text_say_unreadable(const char *command, int error)
{
	struct message message = {0};

	message_remedy(&message, "'sudo vfioboot try --cancel' deletes it");
	message_errno(&message, error, "cannot read " TRIAL_STATE);
	return cli_say(command, &message);
}
