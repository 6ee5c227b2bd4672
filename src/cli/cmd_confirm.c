/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot confirm`, which the units of a trial run.  In the trial's boot it watches, and fails
 * when the trial does: systemd then restarts the machine, by the unit's FailureAction=.  In any
 * other boot it finds out how the trial ended.
 */
#include "cli.h"

#define WAIT_SECONDS 300
#define WAIT_MAX     86400

struct arguments {
	const char *wait;
};

static const struct cli_option options[] = {
	{"wait", "SECONDS", "how long to wait for a trial (300)", 0, CLI_STORE(wait)},
	{0},
};

/* Reads the number of seconds, or says why it is none.  0 after a message. */
static unsigned parse_seconds(const char *text)
{
	char *end;
	unsigned long seconds = text ? strtoul(text, &end, 10) : WAIT_SECONDS;

	if (!text || (!*end && end != text && seconds && seconds <= WAIT_MAX))
		return (unsigned)seconds;
	cli_error("confirm", "--wait takes 1 to %d seconds, not '%s'", WAIT_MAX, text);
	return 0;
}

/* The messages go to the journal. */
static enum cli_exit watch(const struct root *root, const char *id, unsigned seconds)
{
	struct trial trial;
	int r;

	printf("trial %s: watching for up to %u seconds\n", id, seconds);
	fflush(stdout);
	r = trial_watch(root, id, seconds, &trial);
	if (r == 0) {
		printf("trial %s: confirmed%s\n", id, trial.by_person ? " by hand" : "");
		return CLI_OK;
	}
	if (r == -EINTR) {
		printf("trial %s: the watch was stopped\n", id);
		return CLI_OK;
	}
	if (r == -ESTALE) {
		cli_warning("confirm",
			"this boot has vfioboot.trial=%s, and there is no such trial; remove "
			"the parameter from the boot loader's entry",
			id);
		return CLI_OK;
	}
	if (r < 0)
		return cli_error("confirm", "trial %s: %s", id, errno_text(r));
	return cli_error("confirm",
		"trial %s is not confirmed (%s): %s; returning to the normal entry", id,
		trial_reason_word(trial.reason), trial.text);
}

static enum cli_exit settle(const struct root *root)
{
	struct trial trial = {0};
	int r = trial_settle(root, &trial);

	if (r < 0)
		return cli_error("confirm",
			"cannot settle the trial of " TRIAL_STATE ": %s", errno_text(r));
	if (r > 0)
		printf("trial %s failed (%s): %s; see 'vfioboot status'\n", trial.id,
			trial_reason_word(trial.reason), trial.text);
	if (trial.id[0] && trial.phase != TRIAL_ARMED && oneshot_is_armed(root, NULL))
		return cli_error("confirm",
			"the boot loader still has the choice of a trial that has "
			"ended; run 'sudo vfioboot try --cancel'");
	return CLI_OK;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	unsigned seconds = parse_seconds(arguments->wait);
	char id[TRIAL_ID_SIZE];
	int r;

	if (!seconds)
		return CLI_MISUSE;
	if (cli_need_root("confirm") != CLI_OK)
		return CLI_FAILED;
	r = trial_of_this_boot(&cli->root, id);
	if (r < 0)
		return cli_error("confirm",
			"cannot read the kernel command line, so it is unknown whether "
			"this boot is a trial: %s",
			errno_text(r));
	return id[0] ? watch(&cli->root, id, seconds) : settle(&cli->root);
}

const struct cli_command cmd_confirm = {
	.name = "confirm",
	.operands = "",
	.summary = "watch a trial boot (run by its services)",
	.details = "Called by vfioboot-confirm.service and vfioboot-settle.service.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.run = run,
};
