/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as the state of a trial: what is read from it can be shown, and is written as a text
 * that reads back as the same.  And any text as what systemctl says in a trial's boot.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "trial/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_texts(const struct trial *trial)
{
	CHECK(trial->id[0] && memchr(trial->id, '\0', sizeof(trial->id)));
	CHECK(memchr(trial->text, '\0', sizeof(trial->text)));
	CHECK(memchr(trial->parameters, '\0', sizeof(trial->parameters)));
	CHECK(*trial_phase_word(trial->phase));
	CHECK(*trial_reason_word(trial->reason));
	CHECK(trial->n_sections <= CONFIG_SECTIONS_MAX);
	for (unsigned i = 0; i < trial->n_sections; i++)
		CHECK(memchr(trial->sections[i].name, '\0', CONFIG_NAME_SIZE));
}

/* Its end is found once, and the missing parameters are some of those that were tried. */
static void check_end(const struct trial *trial)
{
	struct trial ended = *trial;
	char missing[TRIAL_TRIED_SIZE];

	trial_missing_parameters(trial, trial->parameters, missing);
	CHECK(strlen(missing) <= strlen(trial->tried));
	if (trial_find_end(&ended, "another boot", false))
		CHECK(ended.phase == TRIAL_FAILED && ended.text[0]);
	CHECK(!trial_find_end(&ended, "another boot", false) ||
		ended.phase == TRIAL_FAILED);
}

static void check_state(const char *text)
{
	static struct trial trial, again;
	char *written, *rewritten;

	if (trial_parse(text, &trial) < 0)
		return;
	check_texts(&trial);
	check_end(&trial);
	written = trial_format(&trial);
	if (!written)
		return;
	CHECK(trial_parse(written, &again) == 0);
	rewritten = trial_format(&again);
	CHECK(!rewritten || strcmp(written, rewritten) == 0);
	free(rewritten);
	free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "vfioboot-trial 1\n";
	struct trial_sight sight = {0};
	char jobs[64], unit[TRIAL_UNIT_SIZE];
	char *text = malloc(sizeof(head) + size);

	if (!text)
		return 0;
	/* With its first line, which is hard to guess, and without. */
	memcpy(mempcpy(text, head, strlen(head)), data, size);
	text[strlen(head) + size] = '\0';
	check_state(text);
	check_state(text + strlen(head));
	trial_parse_jobs(text + strlen(head), jobs, sizeof(jobs));
	CHECK(memchr(jobs, '\0', sizeof(jobs)));
	trial_parse_manager(text + strlen(head), 1000000, &sight);
	CHECK(sight.manager_runs || !sight.manager_ms);
	trial_unit_of_cmdline(text + strlen(head), unit);
	CHECK(unit[0] && memchr(unit, '\0', sizeof(unit)));
	free(text);
	return 0;
}
