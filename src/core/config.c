/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns the lines of configuration files and the command line into a struct config. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "inifile.h"
#include "util.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

#define EXPECT_MAX 4096

#define CMDLINE_FILE "kernel command line"

/* What is being read: the section that keys go to, or none when they are to be skipped. */
struct parser {
	struct config *config;
	struct config_section *section;
	uint16_t file;
	bool in_boot;
	bool headed;              /* a section began, be it one to skip */
	struct config_place boot; /* the file's [boot]; line 0: none yet */
	bool when_seen;
};

uint16_t config_add_file(struct config *config, const char *path)
{
	unsigned file = config->n_files;

	if (file == CONFIG_FILES_MAX)
		return CONFIG_FILES_MAX - 1;
	snprintf(config->files[file], CONFIG_PATH_SIZE, "%s", path);
	config->n_files++;
	return (uint16_t)file;
}

void config_add_error(
	struct config *config, struct config_place place, const char *format, ...)
{
	struct config_error *error = &config->errors[config->n_errors];
	va_list args;

	if (config->n_errors++ >= CONFIG_ERRORS_MAX)
		return;
	error->place = place;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
}

static struct config_place place_of(const struct parser *parser, unsigned line)
{
	return (struct config_place){
		parser->file, (uint16_t)(line < 0xffff ? line : 0xffff)};
}

static void mark_bad(struct parser *parser)
{
	if (parser->section)
		parser->section->bad = true;
}

/* Names are words without quoting in a shell, in GRUB and on the command line. */
static bool set_name(char *dst, size_t size, const char *text)
{
	size_t len = strspn(text, NAME_CHARS);

	return len && !text[len] && copy_text(dst, size, text, len);
}

static struct config_section *find_section(struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->n_sections; i++)
		if (strcmp(config->sections[i].name, name) == 0)
			return &config->sections[i];
	return NULL;
}

/* A new section with the defaults, or NULL when there is no room. */
static struct config_section *new_section(
	struct config *config, struct config_place place)
{
	struct config_section *section = &config->sections[config->n_sections];

	if (config->n_sections == CONFIG_SECTIONS_MAX)
		return NULL;
	config->n_sections++;
	*section = (struct config_section){
		.driver = "vfio-pci",
		.place = place,
		.first_selector = (uint16_t)config->n_selectors,
	};
	return section;
}

/* A section is complete: what only the whole of it shows. */
static void finish_section(struct parser *parser)
{
	struct config_section *section = parser->section;

	parser->section = NULL;
	parser->in_boot = false;
	if (!section || section->bad)
		return;
	section->bad = true;
	if (!section->kinds)
		config_add_error(parser->config, section->place,
			"section [device %s] names no device; add path, address, id or class",
			section->name);
	else if (section->follow && !(section->kinds & 1 << SELECTOR_ID))
		config_add_error(parser->config, section->place,
			"section [device %s] has on-move = follow, which needs an id to find "
			"the device by",
			section->name);
	else
		section->bad = false;
}

static void start_device(
	struct parser *parser, struct config_place place, const char *name)
{
	struct config *config = parser->config;
	char checked[CONFIG_NAME_SIZE];
	const struct config_section *other;

	if (!set_name(checked, sizeof(checked), name)) {
		config_add_error(config, place,
			"bad name '%.60s' in [device NAME]; use up to %d of A-Z a-z 0-9 . _ -",
			name, CONFIG_NAME_SIZE - 1);
		return;
	}
	other = find_section(config, checked);
	if (other) {
		config_add_error(config, place,
			"[device %s] stands already at %s:%u; rename one of them",
			checked, config->files[other->place.file], other->place.line);
		return;
	}
	parser->section = new_section(config, place);
	if (parser->section)
		strcpy(parser->section->name, checked);
	else
		config_add_error(config, place, "more than %d [device] sections",
			CONFIG_SECTIONS_MAX);
}

/* Drop-ins may change what another file says of the boot; within one file it is a mistake. */
static void start_boot(struct parser *parser, struct config_place place)
{
	parser->in_boot = !parser->boot.line;
	if (parser->in_boot)
		parser->boot = place;
	else
		config_add_error(parser->config, place,
			"[boot] stands already at line %u; put the two together",
			parser->boot.line);
}

static void on_section(void *data, unsigned line, const char *name)
{
	struct parser *parser = data;
	struct config_place place = place_of(parser, line);

	finish_section(parser);
	parser->headed = true;
	if (strcmp(name, "boot") == 0)
		start_boot(parser, place);
	else if (strncmp(name, "device", 6) == 0 && strchr(" \t", name[6]) && name[6])
		start_device(parser, place, name + 6 + strspn(name + 6, " \t"));
	else if (*name)
		config_add_error(parser->config, place,
			"unknown section [%s]; the sections are [boot] and [device NAME]",
			name);
}

static int add_selector(struct config *config, struct config_section *section,
	const struct selector *selector)
{
	if (config->n_selectors == CONFIG_SELECTORS_MAX)
		return -ENOSPC;
	config->selectors[config->n_selectors++] = *selector;
	section->n_selectors++;
	section->kinds |= (uint8_t)(1 << selector->kind);
	return 0;
}

/* Cuts the next item, without the blanks around it, off a comma-separated list. */
static bool next_item(const char **list, char *item, size_t size)
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

static bool set_selectors(struct parser *parser, struct config_place place,
	enum selector_kind kind, const char *value)
{
	char item[SELECTOR_SIZE];
	const char *list = value;
	struct selector selector;

	while (next_item(&list, item, sizeof(item))) {
		if (selector_parse_kind(kind, item, &selector) < 0) {
			config_add_error(parser->config, place,
				"bad %s '%.80s' in '%.60s'; write it like %s",
				selector_kind_name(kind), item, value,
				selector_kind_example(kind));
			return false;
		}
		if (add_selector(parser->config, parser->section, &selector) < 0) {
			config_add_error(parser->config, place, "more than %d selectors",
				CONFIG_SELECTORS_MAX);
			return false;
		}
	}
	return true;
}

static bool set_expect(struct config_section *section, const char *value)
{
	unsigned n = 0;

	for (; *value >= '0' && *value <= '9' && n <= EXPECT_MAX; value++)
		n = 10 * n + (unsigned)(*value - '0');
	section->expect = (uint16_t)n;
	return !*value && n >= 1 && n <= EXPECT_MAX;
}

static bool set_profile(struct config_section *section, const char *value)
{
	return set_name(section->profile, sizeof(section->profile), value);
}

static bool set_driver(struct config_section *section, const char *value)
{
	return set_name(section->driver, sizeof(section->driver), value);
}

/* Sets *@ret from one of two words. */
static bool set_choice(bool *ret, const char *value, const char *no, const char *yes)
{
	*ret = strcmp(value, yes) == 0;
	return *ret || strcmp(value, no) == 0;
}

static bool set_on_move(struct config_section *section, const char *value)
{
	return set_choice(&section->follow, value, "refuse", "follow");
}

static bool set_last_display(struct config_section *section, const char *value)
{
	return set_choice(&section->last_display, value, "no", "yes");
}

/* The keys of a [device] section that have one value. */
static const struct {
	const char *name;
	bool (*set)(struct config_section *section, const char *value);
	const char *allowed;
} keys[] = {
	{"expect", set_expect, "a number from 1 to 4096"},
	{"profile", set_profile, "a name of A-Z a-z 0-9 . _ -"},
	{"driver", set_driver, "the name of a driver, such as vfio-pci, or none"},
	{"on-move", set_on_move, "refuse or follow"},
	{"last-display", set_last_display, "yes or no"},
};

static bool set_key(struct parser *parser, struct config_place place, const char *key,
	const char *value)
{
	struct config_section *section = parser->section;

	for (int kind = 0; kind < SELECTOR_KINDS; kind++)
		if (strcmp(key, selector_kind_name((enum selector_kind)kind)) == 0)
			return set_selectors(
				parser, place, (enum selector_kind)kind, value);
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(key, keys[i].name) != 0)
			continue;
		if (section->keys & 1 << i)
			config_add_error(parser->config, place,
				"'%s' stands twice in [device %s]; keep one", key,
				section->name);
		else if (!keys[i].set(section, value))
			config_add_error(parser->config, place,
				"bad value '%.60s' of '%s'; it is %s", value, key,
				keys[i].allowed);
		else
			return section->keys |= (uint8_t)(1 << i), true;
		return false;
	}
	config_add_error(parser->config, place,
		"unknown key '%.60s' in [device %s]; the keys are path, address, id, class, "
		"expect, profile, driver, on-move, last-display",
		key, section->name);
	return false;
}

/* A choice that can't be read must not take devices that nobody selected. */
static void bad_boot_key(struct parser *parser, struct config_place place,
	const char *what, const char *text)
{
	parser->config->when_selected = true;
	config_add_error(parser->config, place, "%s '%.60s' %s", what, text,
		"in [boot] (taken as selected)");
}

static void set_boot_key(struct parser *parser, struct config_place place,
	const char *key, const char *value)
{
	bool seen = parser->when_seen;

	if (strcmp(key, "when") != 0) {
		config_add_error(parser->config, place,
			"unknown key '%.60s' in [boot]; the key is when", key);
		return;
	}
	parser->when_seen = true;
	if (seen)
		bad_boot_key(parser, place, "it stands twice; keep one", key);
	else if (!set_choice(&parser->config->when_selected, value, "always", "selected"))
		bad_boot_key(parser, place,
			"bad value of 'when', which is always or selected:", value);
}

static void on_key(void *data, unsigned line, const char *key, const char *value)
{
	struct parser *parser = data;
	struct config_place place = place_of(parser, line);

	if (parser->in_boot)
		set_boot_key(parser, place, key, value);
	else if (!parser->headed)
		config_add_error(parser->config, place,
			"'%.60s' stands before the first section; put it below [boot] or "
			"[device NAME]",
			key);
	else if (parser->section && !set_key(parser, place, key, value))
		mark_bad(parser);
}

static void on_error(void *data, unsigned line, const char *message)
{
	struct parser *parser = data;

	config_add_error(parser->config, place_of(parser, line), "%s", message);
	mark_bad(parser);
	/* The line may have been "when". */
	if (parser->in_boot)
		parser->config->when_selected = true;
}

void config_read_file(struct config *config, int fd, const char *path)
{
	static const struct inifile_events events = {on_section, on_key, on_error};
	struct parser parser = {.config = config, .file = config_add_file(config, path)};
	int r = inifile_read(fd, &events, &parser, &config->digest);

	if (r < 0)
		on_error(&parser, 0, strerror(-r));
	finish_section(&parser);
}

/* One vfioboot.device=SELECTOR[,SELECTOR]*: a section of its own, all selectors ANDed. */
static void read_device_param(struct parser *parser, const char *value, unsigned nth)
{
	struct config *config = parser->config;
	struct config_place place = place_of(parser, 0);
	struct config_section *section = new_section(config, place);
	char item[SELECTOR_SIZE];
	struct selector selector;

	if (!section) {
		config_add_error(config, place, "more than %d [device] sections",
			CONFIG_SECTIONS_MAX);
		return;
	}
	snprintf(section->name, sizeof(section->name), "cmdline%u", nth);
	section->from_cmdline = true;
	parser->section = section;
	while (!section->bad && next_item(&value, item, sizeof(item))) {
		section->bad = true;
		if (selector_parse(item, &selector) < 0)
			config_add_error(config, place,
				"bad selector '%.80s' in vfioboot.device=; write it like "
				"00:01.0/00.0, 0000:01:00.0, 10de:2204 or class:0300",
				item);
		else if (section->kinds & 1 << selector.kind)
			config_add_error(config, place,
				"two selectors of the kind %s in one vfioboot.device= never "
				"hold both; use the parameter twice",
				selector_kind_name(selector.kind));
		else if (add_selector(config, section, &selector) < 0)
			config_add_error(config, place, "more than %d selectors",
				CONFIG_SELECTORS_MAX);
		else
			section->bad = false;
	}
	finish_section(parser);
}

static void add_profiles(struct parser *parser, const char *list)
{
	struct config *config = parser->config;
	char item[CONFIG_NAME_SIZE], checked[CONFIG_NAME_SIZE];

	while (next_item(&list, item, sizeof(item))) {
		if (!set_name(checked, sizeof(checked), item))
			config_add_error(config, place_of(parser, 0),
				"bad name '%s' in vfioboot.profile=", item);
		else if (config->n_profiles == CONFIG_PROFILES_MAX)
			config_add_error(config, place_of(parser, 0),
				"more than %d profiles in vfioboot.profile=",
				CONFIG_PROFILES_MAX);
		else
			strcpy(config->profiles[config->n_profiles++], checked);
	}
}

void config_read_cmdline(struct config *config, const char *text)
{
	struct parser parser = {
		.config = config, .file = config_add_file(config, CMDLINE_FILE)};
	struct cmdline_param param;
	char value[512];
	unsigned devices = 0;

	while (cmdline_next(&text, &param)) {
		bool device = cmdline_name_is(&param, "vfioboot.device");

		if (cmdline_name_is(&param, "vfioboot.off")) {
			/* "vfioboot.off=0" is how an entry takes an inherited one back. */
			config->off = !param.value || param.value_len != 1 ||
				*param.value != '0';
			continue;
		}
		if (!device && !cmdline_name_is(&param, "vfioboot.profile"))
			continue;
		if (!copy_text(value, sizeof(value), param.value ? param.value : "",
			    param.value_len))
			config_add_error(config, place_of(&parser, 0),
				"a vfioboot.* parameter is longer than %zu bytes",
				sizeof(value) - 1);
		else if (device)
			read_device_param(&parser, value, ++devices);
		else
			add_profiles(&parser, value);
	}
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
	if (config->off)
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
