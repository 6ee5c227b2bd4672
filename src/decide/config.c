/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A struct config: how it is filled, and which of its sections a boot asks for. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "configbuild.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

uint16_t config_add_file(struct config *config, const char *path)
{
	unsigned file = config->n_files;

	/* One that is told of again and again must not take the room of others. */
	if (file && strcmp(config->files[file - 1], path) == 0)
		return (uint16_t)(file - 1);
	if (file == CONFIG_FILES_MAX)
		return CONFIG_FILES_MAX - 1;
	snprintf(config->files[file], CONFIG_PATH_SIZE, "%s", path);
	config->n_files++;
	return (uint16_t)file;
}

void config_add_error(
	struct config *config, struct config_place place, const char *format, ...)
{
	struct config_error *error;
	va_list args;

	if (config->n_errors++ >= CONFIG_ERRORS_MAX)
		return;
	error = &config->errors[config->n_errors - 1];
	error->place = place;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	text_make_printable(error->message);
}

void config_place_text(const struct config *config, struct config_place place,
	char ret[static CONFIG_PLACE_SIZE])
{
	const char *file = config->files[place.file];

	if (place.line)
		snprintf(ret, CONFIG_PLACE_SIZE, "%s:%u", file, place.line);
	else
		snprintf(ret, CONFIG_PLACE_SIZE, "%s", file);
	text_make_printable(ret);
}

bool config_set_name(char *dst, size_t size, const char *text)
{
	size_t len = strspn(text, NAME_CHARS);

	return len && !text[len] && !strchr(".-", text[0]) &&
		copy_text(dst, size, text, len);
}

struct config_section *config_find_section(struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->n_sections; i++)
		if (strcmp(config->sections[i].name, name) == 0)
			return &config->sections[i];
	return NULL;
}

struct config_section *config_new_section(
	struct config *config, struct config_place place, const char *name)
{
	struct config_section *section = &config->sections[config->n_sections];

	if (config->n_sections == CONFIG_SECTIONS_MAX) {
		config_add_error(config, place, "more than %d [device] sections",
			CONFIG_SECTIONS_MAX);
		return NULL;
	}
	config->n_sections++;
	*section = (struct config_section){
		.driver = "vfio-pci",
		.place = place,
		.first_selector = (uint16_t)config->n_selectors,
	};
	strcpy(section->name, name);
	return section;
}

bool config_add_selector(struct config *config, struct config_place place,
	struct config_section *section, const struct selector *selector)
{
	if (config->n_selectors == CONFIG_SELECTORS_MAX) {
		config_add_error(
			config, place, "more than %d selectors", CONFIG_SELECTORS_MAX);
		return false;
	}
	config->selectors[config->n_selectors++] = *selector;
	section->n_selectors++;
	section->kinds |= (uint8_t)(1 << selector->kind);
	return true;
}

void config_finish_section(struct config *config, struct config_section *section)
{
	if (!section || section->bad)
		return;
	section->bad = true;
	if (!section->kinds)
		config_add_error(config, section->place,
			"section [device %s] names no device; add path, address, id or class",
			section->name);
	else if (section->follow && !(section->kinds & 1 << SELECTOR_ID))
		config_add_error(config, section->place,
			"section [device %s] has on-move = follow, which needs an id to find "
			"the device by",
			section->name);
	else
		section->bad = false;
}

bool config_next_item(const char **list, char *item, size_t size)
{
	const char *start, *end;

	if (!*list)
		return false;
	start = *list + strspn(*list, " \t");
	end = start + strcspn(start, ",");
	*list = *end ? end + 1 : NULL;
	while (end > start && strchr(" \t", end[-1]))
		end--;
	/* What does not fit is no selector or name either: an empty item says so too. */
	if (!copy_text(item, size, start, (size_t)(end - start)))
		item[0] = '\0';
	return true;
}

static bool profile_selected(const struct config *config, const char *profile)
{
	for (unsigned i = 0; i < config->n_profiles; i++)
		if (strcmp(config->profiles[i], profile) == 0)
			return true;
	return false;
}

bool config_section_active(
	const struct config *config, const struct config_section *section)
{
	if (config->off || config->cmdline_unread)
		return false;
	if (section->from_cmdline)
		return true;
	if (section->profile[0])
		return profile_selected(config, section->profile);
	return !config->when_selected || config->n_profiles;
}

bool config_section_has_place(const struct config_section *section)
{
	return section->kinds & (1 << SELECTOR_PATH | 1 << SELECTOR_ADDRESS);
}
