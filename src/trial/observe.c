/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks sysfs, the records of the early program and systemctl, and judges what they say. */
#include <ctype.h>

#include "facts/facts.h"
#include "private.h"

/* Whether there is a device of that name and a number. */
static bool has_device(const struct root *root, const char *dir, const char *name)
{
	_cleanup_closedir_ DIR *names = NULL;
	const char *found = NULL;

	if (file_open_directory(root, dir, &names) < 0)
		return false;
	while ((found = file_next_name(names)))
		if (strncmp(found, name, strlen(name)) == 0 &&
			isdigit((unsigned char)found[strlen(name)]))
			return true;
	return false;
}

bool trial_host_has_display(const struct root *root)
{
	return has_device(root, TREE_DRM, "card") ||
		has_device(root, TREE_GRAPHICS, "fb");
}

bool trial_unit_is_active(const char *unit)
{
	const char *const argv[] = {"systemctl", "--quiet", "is-active", unit, NULL};

	return run_program(argv, NULL, NULL) == 0;
}

/* The value of a property, which has a line of its own; "" when it is not there. */
static const char *find_property(const char *text, const char *name)
{
	const char *value = text_find_value(text, name);

	return value ? value : "";
}

static bool is_word(const char *value, const char *word)
{
	return strncmp(value, word, strlen(word)) == 0 &&
		strchr("\n", value[strlen(word)]);
}

void trial_parse_manager(const char *text, uint64_t now, struct trial_sight *ret)
{
	const char *state = find_property(text, "ActiveState");
	/* In microseconds, of the activation that lasts: each one has an invocation of its own. */
	uint64_t since =
		strtoull(find_property(text, "ActiveEnterTimestampMonotonic"), NULL, 10) /
		1000;

	ret->manager_runs = is_word(state, "active") || is_word(state, "reloading");
	ret->manager_ms = ret->manager_runs && since && since < now ? now - since : 0;
	ret->manager_restarts =
		(unsigned)strtoul(find_property(text, "NRestarts"), NULL, 10);
}

static void look_at_manager(struct trial_sight *sight)
{
	static const char *const argv[] = {"systemctl", "show",
		"--property=ActiveState,NRestarts,ActiveEnterTimestampMonotonic",
		TRIAL_DISPLAY_MANAGER_UNIT, NULL};
	_cleanup_free_ char *text = NULL;

	if (run_read(argv, &text) == 0)
		trial_parse_manager(text, child_now(), sight);
}

/* By lines of "JOB UNIT TYPE STATE"; list-jobs has no JSON (systemctl-list-jobs.c). */
void trial_parse_jobs(const char *text, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (; *text; text = text_next_line(text)) {
		char unit[64], type[16], state[16];

		if (sscanf(text, "%*u %63s %15s %15s", unit, type, state) == 3 &&
			strcmp(type, "start") == 0 && strcmp(state, "running") == 0 &&
			len < size)
			len += text_join(
				ret + len, size - len, len ? ", " : "", unit, NULL);
	}
}

/* The units that are being started, by their names. */
static void find_waiting(char *ret, size_t size)
{
	static const char *const argv[] = {
		"systemctl", "list-jobs", "--no-legend", "--plain", NULL};
	_cleanup_free_ char *text = NULL;

	ret[0] = '\0';
	if (run_read(argv, &text) == 0)
		trial_parse_jobs(text, ret, size);
}

/* The framebuffer of the firmware, if it is still in the function. */
static void look_for_framebuffer(
	const struct facts *facts, const char *address, struct trial_sight *sight)
{
	const struct pcibus_function *function = NULL;
	enum boot_display_sight seen;
	struct pci_address parsed;
	char name[32] = "";

	if (pci_address_parse(address, PCI_NAME_WHOLE, &parsed, NULL) == 0)
		function = pcibus_find(&facts->bus, parsed);
	if (!sight->framebuffer[0] && function &&
		boot_display_look(facts, function, &seen, name, sizeof(name)) == 0 &&
		*name)
		text_join(sight->framebuffer, sizeof(sight->framebuffer), name, " in ",
			address, NULL);
}

static void look_at_functions(const struct root *root, struct trial_sight *sight)
{
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	_cleanup_(thisboot_free) struct thisboot state = {0};
	_cleanup_(facts_free) struct facts facts = {0};
	const struct record *image = &state.records[BOOT_INITRAMFS];

	if (facts_read(root, &facts) < 0 || nextboot_read(&facts, NULL, &next) < 0 ||
		thisboot_read(root, next, &state) < 0)
		return;
	sight->recorded = state.last && strcmp(state.last->state, "done") == 0;
	if (!state.problems[BOOT_INITRAMFS] && image->has_digest)
		trial_format_digest(image->digest, sight->config);
	sight->n_functions = state.n;
	sight->n_wrong = state.n_not_as_wanted;
	for (size_t i = 0; i < state.n; i++) {
		const struct thisboot_function *function = &state.functions[i];
		const struct record_function *recorded = &function->recorded;

		look_for_framebuffer(&facts, recorded->address, sight);
		if (function->as_wanted || sight->wrong[0])
			continue;
		text_join(sight->wrong, sizeof(sight->wrong), recorded->address,
			recorded->address[0] ? " " : "", recorded->section, ": ",
			reason_word(recorded->reason), " (",
			reason_text(recorded->reason), ")", NULL);
	}
}

void trial_observe(const struct root *root, struct trial_sight *ret)
{
	_cleanup_free_ char *cmdline = NULL;

	*ret = (struct trial_sight){.has_display = trial_host_has_display(root)};
	look_at_functions(root, ret);
	/* Without the command line it is not known which unit is to come, so none has. */
	if (cmdline_read_if_any(root, &cmdline) < 0)
		return;
	trial_unit_of_cmdline(cmdline, ret->unit);
	if (!root->live)
		return;
	ret->target_reached = trial_unit_is_active(ret->unit);
	look_at_manager(ret);
	if (!ret->target_reached)
		find_waiting(ret->waiting, sizeof(ret->waiting));
}

/* ---- The judgement */

/* What the early program did: nothing that the system does later changes it. */
static enum trial_reason judge_devices(
	const struct trial *trial, const struct trial_sight *sight, char *text)
{
	if (!sight->recorded || !sight->n_functions) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"vfioboot-early did nothing in this boot; is it in the image "
			"(vfioboot apply), and does the entry select a section?");
		return TRIAL_NO_RECORD;
	}
	if (trial->config[0] && sight->config[0] &&
		strcmp(trial->config, sight->config) != 0) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"the image does not have the configuration that 'vfioboot try' "
			"showed; was it changed after that?");
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
	const char *unit = "its default target", *asked = "";

	if (!sight->unit[0])
		unit = "its target, since the kernel command line cannot be read";
	else if (strcmp(sight->unit, TRIAL_UNIT_DEFAULT) != 0) {
		unit = sight->unit;
		asked = ", which its kernel command line asks for";
	}
	snprintf(text, TRIAL_TEXT_SIZE, "the system did not reach %.80s%s%s%s", unit,
		asked, sight->waiting[0] ? "; it was waiting for " : "", sight->waiting);
	return TRIAL_NOT_UP;
}

static enum trial_reason judge_manager(
	const struct trial *trial, const struct trial_sight *sight, char *text)
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

enum trial_reason trial_judge(const struct trial *trial, const struct trial_sight *sight,
	char text[static TRIAL_TEXT_SIZE])
{
	enum trial_reason reason;

	text[0] = '\0';
	reason = judge_devices(trial, sight, text);
	if (reason != TRIAL_FINE)
		return reason;
	if (trial->had_display && !sight->has_display) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"the host has no display left: the guest has the one that there "
			"was, and nobody confirmed that this is intended");
		return TRIAL_NO_DISPLAY;
	}
	if (sight->framebuffer[0] && strstr(trial->tried, "sysfb_init")) {
		snprintf(text, TRIAL_TEXT_SIZE,
			"the firmware's framebuffer stayed in spite of "
			"initcall_blacklist=sysfb_init, so a guest cannot use the "
			"display: %s",
			sight->framebuffer);
		return TRIAL_FRAMEBUFFER;
	}
	if (!sight->target_reached)
		return judge_unit(sight, text);
	return judge_manager(trial, sight, text);
}
