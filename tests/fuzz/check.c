/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The invariants of a struct config. */
#include "check.h"

#include <string.h>

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static void check_name(const char *name, size_t size)
{
	CHECK(memchr(name, '\0', size));
	CHECK(name[0] && !name[strspn(name, NAME_CHARS)]);
}

static void check_selectors(
	const struct config *config, const struct config_section *section)
{
	unsigned kinds = 0;

	CHECK(section->first_selector + section->n_selectors <= config->n_selectors);
	for (unsigned i = 0; i < section->n_selectors; i++)
		kinds |= 1u << config->selectors[section->first_selector + i].kind;
	CHECK(kinds == section->kinds);
	CHECK(kinds < 1u << SELECTOR_KINDS);
}

static void check_section(
	const struct config *config, const struct config_section *section)
{
	CHECK(section->place.file < config->n_files);
	check_name(section->name, sizeof(section->name));
	for (const struct config_section *other = config->sections; other < section;
		other++)
		CHECK(strcmp(other->name, section->name) != 0);
	check_selectors(config, section);
	if (section->bad) {
		CHECK(config->n_errors > 0);
		return;
	}
	CHECK(section->n_selectors > 0);
	CHECK(section->expect <= 4096);
	CHECK(!section->follow || section->kinds & 1 << SELECTOR_ID);
	check_name(section->driver, sizeof(section->driver));
	if (section->profile[0])
		check_name(section->profile, sizeof(section->profile));
}

static void check_error(const struct config *config, const struct config_error *error)
{
	CHECK(error->place.file < config->n_files);
	CHECK(memchr(error->message, '\0', sizeof(error->message)));
	CHECK(strlen(error->message) > 5);
	CHECK(!strchr(error->message, '\n'));
}

void check_config(const struct config *config)
{
	CHECK(config->n_sections <= CONFIG_SECTIONS_MAX);
	CHECK(config->n_selectors <= CONFIG_SELECTORS_MAX);
	CHECK(config->n_files <= CONFIG_FILES_MAX);
	CHECK(config->n_profiles <= CONFIG_PROFILES_MAX);
	for (unsigned i = 0; i < config->n_profiles; i++)
		check_name(config->profiles[i], sizeof(config->profiles[i]));
	for (unsigned i = 0; i < config->n_sections; i++)
		check_section(config, &config->sections[i]);
	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++)
		check_error(config, &config->errors[i]);
}
