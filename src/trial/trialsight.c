/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks sysfs, the records of the early program, and systemctl. */
#include "trialsight.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "facts/facts.h"
#include "outlook/outlook.h"

#define MANAGER "display-manager.service"

/* Whether there is a device of that name and a number. */
static bool has_device(const struct sysfs_root *root, const char *dir, const char *name)
{
	_cleanup_closedir_ DIR *names = NULL;
	const char *found = NULL;

	if (tree_open_directory(root, dir, &names) < 0)
		return false;
	while ((found = tree_next(names)))
		if (strncmp(found, name, strlen(name)) == 0 &&
			isdigit((unsigned char)found[strlen(name)]))
			return true;
	return false;
}

bool trialsight_has_display(const struct sysfs_root *root)
{
	return has_device(root, TREE_DRM, "card") ||
		has_device(root, TREE_GRAPHICS, "fb");
}

bool trialsight_is_active(const char *unit)
{
	const char *const argv[] = {"systemctl", "--quiet", "is-active", unit, NULL};

	return run_program(argv, NULL, NULL) == 0;
}

bool trialsight_manager_runs(void)
{
	return trialsight_is_active(MANAGER);
}

/* The value of a property, which stands alone on its line; "" when it is not there. */
static const char *find_property(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, name, len) == 0 && text[len] == '=')
			return text + len + 1;
	return "";
}

static bool is_word(const char *value, const char *word)
{
	return strncmp(value, word, strlen(word)) == 0 &&
		strchr("\n", value[strlen(word)]);
}

void trialsight_parse_manager(const char *text, uint64_t now, struct trial_sight *ret)
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
		"--property=ActiveState,NRestarts,ActiveEnterTimestampMonotonic", MANAGER,
		NULL};
	_cleanup_free_ char *text = NULL;

	if (run_read(argv, &text) == 0)
		trialsight_parse_manager(text, child_now(), sight);
}

/* The units that are being started, by their names. */
static void find_waiting(char *ret, size_t size)
{
	static const char *const argv[] = {
		"systemctl", "list-jobs", "--no-legend", "--plain", NULL};
	_cleanup_free_ char *text = NULL;
	char *cursor, *line;
	size_t len = 0;

	ret[0] = '\0';
	if (run_read(argv, &text) != 0)
		return;
	cursor = text;
	while ((line = strsep(&cursor, "\n"))) {
		char unit[64];

		if (sscanf(line, "%*s %63s start running", unit) == 1 &&
			strstr(line, " running") && len < size)
			len += text_join(
				ret + len, size - len, len ? ", " : "", unit, NULL);
	}
}

/* The framebuffer of the firmware, if it is still in the function. */
static void look_for_framebuffer(
	const struct sysfs_root *root, const char *address, struct trial_sight *sight)
{
	struct pci_address parsed;
	struct pci_bar bars[PCI_BARS];
	char name[32];

	if (sight->framebuffer[0] ||
		pci_address_parse(address, PCI_NAME_WHOLE, &parsed, NULL) < 0 ||
		pci_bars_read(root, parsed, bars) < 0 ||
		pci_bars_find_framebuffer(root, bars, name, sizeof(name)) < 0 || !*name)
		return;
	text_join(sight->framebuffer, sizeof(sight->framebuffer), name, " in ", address,
		NULL);
}

static void look_at_functions(const struct sysfs_root *root, struct trial_sight *sight)
{
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	_cleanup_(bootstate_free) struct bootstate state = {0};
	const struct bootrecord *image = &state.records[BOOT_INITRAMFS];

	if (nextboot_read(root, NULL, &next) < 0 ||
		bootstate_read(root, next, &state) < 0)
		return;
	sight->recorded = state.last && strcmp(state.last->state, "done") == 0;
	if (!state.problems[BOOT_INITRAMFS] && image->has_digest)
		trial_format_digest(image->digest, sight->config);
	sight->n_functions = state.n;
	sight->n_wrong = state.n_not_as_wanted;
	for (size_t i = 0; i < state.n; i++) {
		const struct bootstate_function *function = &state.functions[i];

		look_for_framebuffer(root, function->told.address, sight);
		if (function->as_wanted || sight->wrong[0])
			continue;
		text_join(sight->wrong, sizeof(sight->wrong), function->told.address,
			function->told.address[0] ? " " : "", function->told.section,
			": ", reason_word(function->told.reason), " (",
			reason_text(function->told.reason), ")", NULL);
	}
}

void trialsight_look(const struct sysfs_root *root, struct trial_sight *ret)
{
	_cleanup_free_ char *cmdline = NULL;

	*ret = (struct trial_sight){.has_display = trialsight_has_display(root)};
	look_at_functions(root, ret);
	/* Without the command line it is not known which unit is to come, so none has. */
	if (cmdline_read_if_any(root, &cmdline) == 0)
		bootunit_of_cmdline(cmdline, ret->unit);
	if (!root->live || !cmdline)
		return;
	ret->target_reached = trialsight_is_active(ret->unit);
	look_at_manager(ret);
	if (!ret->target_reached)
		find_waiting(ret->waiting, sizeof(ret->waiting));
}
