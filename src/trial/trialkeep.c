/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells what a trial tries, and writes drop-ins without their profile. */
#include "trialkeep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "change/change.h"
#include "decide/decide.h"

#define ANY_PROFILE "passthrough"

#define BLANKS " \t\r\f\v" /* as inih has them within a line */

/* FNV-1a (draft-eastlake-fnv), 64 bits. */
#define FNV_BASIS 0xcbf29ce484222325
#define FNV_PRIME 0x100000001b3

enum trialkeep_section trialkeep_section(const struct config *config,
	const struct config_section *section, const char *profile)
{
	if (section->bad)
		return TRIALKEEP_OTHER;
	if (section->profile[0])
		return strcmp(section->profile, profile) == 0 ? TRIALKEEP_TRIED
							      : TRIALKEEP_OTHER;
	return config->when_selected ? TRIALKEEP_TRIED : TRIALKEEP_ALWAYS;
}

/* With its NUL, so that no two texts run together. */
static void digest_text(uint64_t *digest, const char *text)
{
	do {
		*digest ^= (unsigned char)*text;
		*digest *= FNV_PRIME;
	} while (*text++);
}

/* What the section asks for, by its meaning: not its file, comments, or the profile. */
static void digest_section(const struct config *config,
	const struct config_section *section, char ret[static TRIAL_DIGEST_SIZE])
{
	uint64_t digest = FNV_BASIS;
	char expect[8];

	snprintf(expect, sizeof(expect), "%u", section->expect);
	digest_text(&digest, section->driver);
	digest_text(&digest, expect);
	digest_text(&digest, section->follow ? "follow" : "refuse");
	digest_text(&digest, section->last_display ? "yes" : "no");
	for (unsigned i = 0; i < section->n_selectors; i++) {
		const struct selector *selector =
			&config->selectors[section->first_selector + i];
		char text[SELECTOR_SIZE];

		selector_format(selector, text);
		digest_text(&digest, selector_kind_name(selector->kind));
		digest_text(&digest, text);
	}
	trial_format_digest(digest, ret);
}

void trialkeep_remember(
	const struct config *config, const char *profile, struct trialstate *ret)
{
	ret->n_sections = 0;
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		struct trial_section *noted = &ret->sections[ret->n_sections];

		if (trialkeep_section(config, section, profile) != TRIALKEEP_TRIED)
			continue;
		strcpy(noted->name, section->name);
		digest_section(config, section, noted->digest);
		ret->n_sections++;
	}
}

enum trialkeep_change trialkeep_compare(const struct trialstate *trial,
	const struct config *config, const struct config_section *section)
{
	char digest[TRIAL_DIGEST_SIZE];

	digest_section(config, section, digest);
	for (unsigned i = 0; i < trial->n_sections; i++)
		if (strcmp(trial->sections[i].name, section->name) == 0)
			return strcmp(trial->sections[i].digest, digest) == 0
				? TRIALKEEP_SAME
				: TRIALKEEP_CHANGED;
	return trial->n_sections ? TRIALKEEP_NEW : TRIALKEEP_SAME;
}

const char *trialkeep_profile(const struct config *config, bool *ret_several)
{
	const char *found = NULL;

	*ret_several = false;
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (section->bad || !section->profile[0])
			continue;
		if (found && strcmp(found, section->profile) != 0) {
			*ret_several = true;
			return NULL;
		}
		found = section->profile;
	}
	if (!found && config->when_selected && config->n_sections)
		found = ANY_PROFILE;
	return found;
}

char *trialkeep_without_key(const char *text, const char *key)
{
	char *made = malloc(strlen(text) + 1), *end = made;

	while (made && *text) {
		size_t len = strcspn(text, "\n");
		const char *word = text + strspn(text, BLANKS);
		size_t word_len = strcspn(word, BLANKS "=:\n");

		len += text[len] == '\n';
		if (word_len != strlen(key) || strncmp(word, key, word_len) != 0)
			end = mempcpy(end, text, len);
		text += len;
	}
	if (made)
		*end = '\0';
	return made;
}

int trialkeep_drop_profile(const struct sysfs_root *root, const char *path)
{
	_cleanup_free_ char *text = NULL, *made = NULL;
	int r = dropin_is_ours(root, path);

	if (r <= 0)
		return r < 0 ? r : -EPERM;
	r = hostfile_read(root, path, &text, NULL);
	if (r < 0)
		return r;
	made = trialkeep_without_key(text, "profile");
	if (!made)
		return -ENOMEM;
	if (strlen(made) == strlen(text))
		return -ENODATA;
	return atomicfile_write_below(root, path, made, strlen(made));
}
