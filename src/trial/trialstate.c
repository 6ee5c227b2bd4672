/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of a trial as text, and the judgement on it. */
#include "trialstate.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define FIRST_LINE "vfioboot-trial 1\n"

static const char *const phase_words[] = {
	[TRIAL_ARMED] = "armed",
	[TRIAL_STARTED] = "started",
	[TRIAL_CONFIRMED] = "confirmed",
	[TRIAL_KEPT] = "kept",
	[TRIAL_FAILED] = "failed",
};

static const char *const reason_words[TRIAL_REASONS] = {
	[TRIAL_FINE] = "-",
	[TRIAL_NO_RECORD] = "no-record",
	[TRIAL_CHANGED] = "changed",
	[TRIAL_NOT_BOUND] = "not-bound",
	[TRIAL_NOT_UP] = "not-up",
	[TRIAL_DISPLAY_MANAGER] = "display-manager",
	[TRIAL_NO_DISPLAY] = "no-display",
	[TRIAL_FRAMEBUFFER] = "framebuffer",
	[TRIAL_NOT_TAKEN] = "not-taken",
	[TRIAL_NEVER_UP] = "never-up",
	[TRIAL_ENDED] = "ended",
};

#define FIELD(name)                                                                      \
	{                                                                                \
#name, offsetof(struct trialstate, name),                                \
			sizeof(((struct trialstate *)0)->name)                           \
	}

static const struct {
	const char *key;
	size_t offset, size;
} texts[] = {FIELD(id), FIELD(text), FIELD(loader), FIELD(profile), FIELD(parameters),
	FIELD(tried), FIELD(config), FIELD(armed_boot), FIELD(boot)};

static const struct {
	const char *key;
	size_t offset;
} flags[] = {
	{"had_display", offsetof(struct trialstate, had_display)},
	{"display_manager", offsetof(struct trialstate, display_manager)},
	{"by_person", offsetof(struct trialstate, by_person)},
};

const char *trial_phase_word(enum trial_phase phase)
{
	return phase_words[phase];
}

const char *trial_reason_word(enum trial_reason reason)
{
	return reason_words[reason];
}

void trial_format_digest(uint64_t digest, char ret[static TRIAL_DIGEST_SIZE])
{
	snprintf(ret, TRIAL_DIGEST_SIZE, "%016" PRIx64, digest);
}

bool trial_is_confirmed(const struct trialstate *trial)
{
	return trial->phase == TRIAL_CONFIRMED || trial->phase == TRIAL_KEPT;
}

void trial_of_cmdline(const char *cmdline, char ret[static TRIAL_ID_SIZE])
{
	struct cmdline_param param;

	ret[0] = '\0';
	if (cmdline_find_last(cmdline, CONFIG_PARAM_TRIAL, &param))
		copy_text(ret, TRIAL_ID_SIZE, param.value, param.value_len);
}

void trial_missing_parameters(const struct trialstate *trial, const char *cmdline,
	char ret[static TRIAL_TRIED_SIZE])
{
	const char *cursor = trial->tried;
	struct cmdline_param param;
	char id[TRIAL_ID_SIZE], *end = ret;

	trial_of_cmdline(cmdline, id);
	*end = '\0';
	while (cmdline_next(&cursor, &param)) {
		size_t len = param.name_len + (param.value ? 1 + param.value_len : 0);

		if (strcmp(id, trial->id) != 0 && cmdline_has_param(cmdline, &param))
			continue;
		/* What is cut out of a text has room where the text had. */
		if (end > ret)
			*end++ = ' ';
		end = mempcpy(end, param.name, len);
		*end = '\0';
	}
}

void trial_format(const struct trialstate *trial, char ret[static TRIAL_FORMAT_SIZE])
{
	const char *base = (const char *)trial;
	char *end = stpcpy(ret, FIRST_LINE);

	/* There is room for all of it; see the tests. */
	end += sprintf(end, "phase %s\nreason %s\n", phase_words[trial->phase],
		reason_words[trial->reason]);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (base[texts[i].offset])
			end += sprintf(
				end, "%s %s\n", texts[i].key, base + texts[i].offset);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		end += sprintf(end, "%s %s\n", flags[i].key,
			*(const bool *)(base + flags[i].offset) ? "yes" : "no");
	for (unsigned i = 0; i < trial->n_sections; i++)
		end += sprintf(end, "section %s %s\n", trial->sections[i].name,
			trial->sections[i].digest);
}

/* The index of @word among @words, or -1. */
static int find_word(const char *const words[], size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

/* @value: "NAME DIGEST". */
static bool add_section(struct trialstate *trial, const char *value)
{
	struct trial_section *section = &trial->sections[trial->n_sections];
	const char *digest = strchr(value, ' ');

	if (!digest || trial->n_sections == CONFIG_SECTIONS_MAX ||
		!copy_text(section->name, sizeof(section->name), value,
			(size_t)(digest - value)) ||
		!copy_text(section->digest, sizeof(section->digest), digest + 1,
			strlen(digest + 1)))
		return false;
	trial->n_sections++;
	return true;
}

static bool set_value(struct trialstate *trial, const char *key, const char *value)
{
	char *base = (char *)trial;
	int word;

	if (strcmp(key, "phase") == 0) {
		word = find_word(phase_words, ARRAY_SIZE(phase_words), value);
		trial->phase = (enum trial_phase)word;
		return word >= 0;
	}
	if (strcmp(key, "reason") == 0) {
		word = find_word(reason_words, TRIAL_REASONS, value);
		trial->reason = (enum trial_reason)word;
		return word >= 0;
	}
	if (strcmp(key, "section") == 0)
		return add_section(trial, value);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(key, texts[i].key) == 0)
			return copy_text(base + texts[i].offset, texts[i].size, value,
				strlen(value));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(key, flags[i].key) == 0)
			*(bool *)(base + flags[i].offset) = strcmp(value, "yes") == 0;
	return true;
}

int trial_parse(const char *text, struct trialstate *ret)
{
	struct trialstate trial = {0};

	if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return -EBADMSG;
	for (text += strlen(FIRST_LINE); *text;) {
		char line[TRIAL_PARAMETERS_SIZE + 64], *value;
		size_t len = strcspn(text, "\n");

		if (!copy_text(line, sizeof(line), text, len))
			return -EBADMSG;
		value = strchr(line, ' ');
		if (!value)
			return -EBADMSG;
		*value++ = '\0';
		if (!set_value(&trial, line, value))
			return -EBADMSG;
		text += len + (text[len] == '\n');
	}
	*ret = trial;
	return trial.id[0] ? 0 : -EBADMSG;
}

/* What the early program did: nothing that the system does later changes it. */
static enum trial_reason judge_devices(
	const struct trialstate *trial, const struct trial_sight *sight, char *text)
{
	if (!sight->recorded || !sight->n_functions) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"vfioboot-early has done nothing in this boot; is it in the image "
			"(vfioboot apply), and does the entry select a section?");
		return TRIAL_NO_RECORD;
	}
	if (trial->config[0] && sight->config[0] &&
		strcmp(trial->config, sight->config) != 0) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"the image has another configuration than the one that 'vfioboot "
			"try' has shown; was it changed after that?");
		return TRIAL_CHANGED;
	}
	if (sight->n_wrong) {
		snprintf(text, TRIAL_TEXT_SIZE, "%zu of %zu functions not bound: %.200s",
			sight->n_wrong, sight->n_functions, sight->wrong);
		return TRIAL_NOT_BOUND;
	}
	return TRIAL_FINE;
}

/* Of a system that is not up. */
static enum trial_reason judge_unit(const struct trial_sight *sight, char *text)
{
	bool known = sight->unit[0];
	bool asked = known && strcmp(sight->unit, BOOTUNIT_DEFAULT) != 0;

	snprintf(text, TRIAL_TEXT_SIZE, "the system did not reach %.80s%s%s%s",
		asked ? sight->unit
			: known
			? "its default target"
			: "its target, since the kernel command line cannot be read",
		asked ? ", which its kernel command line asks for" : "",
		sight->waiting[0] ? "; it was waiting for " : "", sight->waiting);
	return TRIAL_NOT_UP;
}

static enum trial_reason judge_manager(
	const struct trialstate *trial, const struct trial_sight *sight, char *text)
{
	if (!trial->display_manager ||
		(sight->manager_runs &&
			sight->manager_ms >= TRIAL_MANAGER_SECONDS * 1000))
		return TRIAL_FINE;
	/* No numbers that change with each look: each text is written to disk. */
	snprintf(text, TRIAL_TEXT_SIZE,
		"the display manager %s%s; see 'journalctl -u display-manager'",
		sight->manager_runs ? "has not run for 15 seconds" : "does not run",
		sight->manager_restarts ? ", and was restarted" : "");
	return TRIAL_DISPLAY_MANAGER;
}

enum trial_reason trial_judge(const struct trialstate *trial,
	const struct trial_sight *sight, char text[static TRIAL_TEXT_SIZE])
{
	enum trial_reason reason;

	text[0] = '\0';
	reason = judge_devices(trial, sight, text);
	if (reason != TRIAL_FINE)
		return reason;
	if (trial->had_display && !sight->has_display) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"the host has no display left: the one that it had belongs to the "
			"guest now, and nobody said that this is meant");
		return TRIAL_NO_DISPLAY;
	}
	if (sight->framebuffer[0] && strstr(trial->tried, "sysfb_init")) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"the firmware's framebuffer stayed in spite of "
			"initcall_blacklist=sysfb_init, so that a guest can't use the "
			"display: %s",
			sight->framebuffer);
		return TRIAL_FRAMEBUFFER;
	}
	if (!sight->target_reached)
		return judge_unit(sight, text);
	return judge_manager(trial, sight, text);
}

static void fail(struct trialstate *trial, enum trial_reason reason, const char *text)
{
	trial->phase = TRIAL_FAILED;
	trial->reason = reason;
	snprintf(trial->text, sizeof(trial->text), "%s", text);
}

bool trial_settle(struct trialstate *trial, const char *boot, bool still_armed)
{
	if (trial->phase == TRIAL_STARTED) {
		char last[TRIAL_TEXT_SIZE];

		/* What it was still waiting for when it was last looked at. */
		strcpy(last, trial->text);
		fail(trial, TRIAL_ENDED, "");
		snprintf(trial->text, sizeof(trial->text),
			"its boot ended before it was confirmed: by a panic, a reset or a "
			"power cut%s%.190s",
			last[0] ? "; until then: " : "", last);
		return true;
	}
	if (trial->phase != TRIAL_ARMED || strcmp(boot, trial->armed_boot) == 0)
		return false;
	if (still_armed)
		fail(trial, TRIAL_NOT_TAKEN,
			"the boot loader did not take the entry, and started another one");
	else
		fail(trial, TRIAL_NEVER_UP,
			"its boot never came as far as a writable /var: the kernel "
			"panicked or hung early, the root file system was not found, or "
			"another entry was chosen at the menu");
	return true;
}
