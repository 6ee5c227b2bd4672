/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a section in among the others, and plans with it and without it. */
#include "rehearsal.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"

/* A profile that asks for the sections without one, where those wait for any. */
#define ANY_PROFILE "_any_"

/*
 * The command line of a boot that asks for the section: the last one's, after the profile;
 * without it, if it switches everything off.  The caller frees @ret.
 */
static int make_cmdline(const struct sysfs_root *root, const char *profile, char **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = cmdline_read_if_any(root, &text);

	if (r < 0)
		return r;
	if (cmdline_has(text, "vfioboot.off", NULL))
		text[0] = '\0';
	if (asprintf(ret, "vfioboot.profile=%s %s", profile ? profile : ANY_PROFILE,
		    text) < 0)
		return -ENOMEM;
	return 0;
}

/* Whether the section stands behind a drop-in with the file name @name. */
static bool is_behind(const struct config *config, const struct config_section *section,
	const char *name)
{
	const char *path = config->files[section->place.file];
	const char *base = strrchr(path, '/');

	if (section->from_cmdline)
		return true;
	return base && strstr(path, ".conf.d/") && strcmp(base + 1, name) > 0;
}

/* Moves the first section, which was read before all others, to its place. */
static struct config_section *put_in_place(struct config *config, const char *path)
{
	struct config_section section = config->sections[0];
	unsigned at = 0;

	while (at + 1 < config->n_sections &&
		!is_behind(config, &config->sections[at + 1], strrchr(path, '/') + 1)) {
		config->sections[at] = config->sections[at + 1];
		at++;
	}
	config->sections[at] = section;
	return &config->sections[at];
}

/* The reason of the first entry of a section. */
static enum reason reason_of(const struct plan *plan, unsigned section)
{
	for (unsigned i = 0; i < plan->n_entries; i++)
		if (plan->entries[i].section == section)
			return plan->entries[i].reason;
	return REASON_ABSENT;
}

/* Plans without the section, which is in @next: what it takes from others. */
static int find_displaced(struct nextboot *next, struct config_section *section,
	const struct config_section **ret)
{
	_cleanup_free_ struct plan *without = calloc(1, sizeof(*without));

	if (!without)
		return -ENOMEM;
	/* A bad one takes nothing. */
	section->bad = true;
	plan_make(&next->config, &next->machine, &next->protect, without);
	section->bad = false;
	*ret = NULL;
	for (unsigned i = 0; i < next->config.n_sections && !*ret; i++)
		if (reason_of(&next->plan, i) == REASON_LAST_DISPLAY &&
			reason_of(without, i) == REASON_NONE)
			*ret = &next->config.sections[i];
	return 0;
}

int rehearsal_run(struct facts *facts, const struct dropin *dropin, const char *text,
	struct rehearsal *ret)
{
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	_cleanup_free_ char *cmdline = NULL;
	struct config_section *section;
	char path[CONFIG_PATH_SIZE];
	int r = nextboot_new(&next);

	dropin_path(dropin->name, path);
	if (r == 0)
		r = dropin_read_text(&next->config, text, path);
	if (r == 0)
		r = make_cmdline(facts->root, dropin->profile, &cmdline);
	if (r < 0)
		return r;
	nextboot_plan(facts, cmdline, next);
	if (next->machine_error < 0)
		return next->machine_error;
	if (next->config.n_sections == 0)
		return -EINVAL;
	section = put_in_place(&next->config, path);
	plan_make(&next->config, &next->machine, &next->protect, &next->plan);
	r = find_displaced(next, section, &ret->displaced);
	if (r < 0)
		return r;
	ret->reason = reason_of(&next->plan, (unsigned)(section - next->config.sections));
	ret->section = section;
	ret->next = TAKE_PTR(next);
	return 0;
}

void rehearsal_free(struct rehearsal *rehearsal)
{
	nextboot_free(&rehearsal->next);
}
