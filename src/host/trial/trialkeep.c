/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells what a trial tries, and writes drop-ins without their profile. */
#include "trialkeep.h"

#include <errno.h>
#include <string.h>

#include "../../core/util.h"
#include "../atomicfile.h"
#include "../config/dropin.h"
#include "../hostfile.h"

#define ANY_PROFILE "passthrough"

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
		const char *word = text + strspn(text, " \t");
		size_t word_len = strcspn(word, " \t=\n");

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
	return atomicfile_write_below(root, path, made, strlen(made));
}
