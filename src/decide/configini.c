/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the sections and keys of a configuration file into a struct config. */
#include <stddef.h>
#include <string.h>

#include "base/base.h"
#include "configbuild.h"
#include "inifile.h"

#define EXPECT_MAX 4096

#define FNV_BASIS 0xcbf29ce484222325 /* where FNV-1a starts */

/* What is being read: the section that keys go to, or none when they are to be skipped. */
struct parser {
	struct config *config;
	struct config_section *section;
	uint16_t file;
	bool in_boot;
	bool headed;              /* a section began, be it one to skip */
	struct config_place boot; /* the file's [boot]; line 0: none yet */
	uint8_t boot_seen;        /* bits of boot_keys */
};

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

static void finish_section(struct parser *parser)
{
	config_finish_section(parser->config, parser->section);
	parser->section = NULL;
	parser->in_boot = false;
}

static void start_device(
	struct parser *parser, struct config_place place, const char *name)
{
	struct config *config = parser->config;
	char checked[CONFIG_NAME_SIZE];
	const struct config_section *other;

	if (!config_set_name(checked, sizeof(checked), name)) {
		config_add_error(config, place,
			"bad name '%.60s' in [device NAME]; use up to %d of A-Z a-z 0-9 . _ -",
			name, CONFIG_NAME_SIZE - 1);
		return;
	}
	other = config_find_section(config, checked);
	if (other) {
		config_add_error(config, place,
			"[device %s] stands already at %s:%u; rename one of them",
			checked, config->files[other->place.file], other->place.line);
		return;
	}
	parser->section = config_new_section(config, place, checked);
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

static bool set_selectors(struct parser *parser, struct config_place place,
	enum selector_kind kind, const char *value)
{
	char item[SELECTOR_SIZE];
	const char *list = value;
	struct selector selector;

	while (config_next_item(&list, item, sizeof(item))) {
		if (selector_parse_kind(kind, item, &selector) < 0) {
			config_add_error(parser->config, place,
				"bad %s '%.80s' in '%.60s'; write it like %s",
				selector_kind_name(kind), item, value,
				selector_kind_example(kind));
			return false;
		}
		if (!config_add_selector(
			    parser->config, place, parser->section, &selector))
			return false;
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
	return config_set_name(section->profile, sizeof(section->profile), value);
}

static bool set_driver(struct config_section *section, const char *value)
{
	return config_set_name(section->driver, sizeof(section->driver), value);
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

/*
 * The keys of [boot], each a choice of two words.  One that can't be read counts as the
 * second, the careful one: it must not take a device that nobody meant to give.
 */
static const struct {
	const char *name, *no, *yes;
	size_t value; /* of a bool in struct config */
} boot_keys[] = {
	{"when", "always", "selected", offsetof(struct config, when_selected)},
	{"protect-network", "no", "yes", offsetof(struct config, protect_network)},
};

static bool *boot_value(struct parser *parser, unsigned key)
{
	return (bool *)((char *)parser->config + boot_keys[key].value);
}

static void set_boot_key(struct parser *parser, struct config_place place,
	const char *key, const char *value)
{
	for (unsigned i = 0; i < ARRAY_SIZE(boot_keys); i++) {
		bool seen = parser->boot_seen & 1 << i;

		if (strcmp(key, boot_keys[i].name) != 0)
			continue;
		parser->boot_seen |= (uint8_t)(1 << i);
		if (!seen &&
			set_choice(boot_value(parser, i), value, boot_keys[i].no,
				boot_keys[i].yes))
			return;
		*boot_value(parser, i) = true;
		if (seen)
			config_add_error(parser->config, place,
				"'%s' stands twice in [boot]; keep one (taken as %s)",
				key, boot_keys[i].yes);
		else
			config_add_error(parser->config, place,
				"bad value '%.60s' of '%s'; it is %s or %s (taken as %s)",
				value, key, boot_keys[i].no, boot_keys[i].yes,
				boot_keys[i].yes);
		return;
	}
	config_add_error(parser->config, place,
		"unknown key '%.60s' in [boot]; the keys are when, protect-network", key);
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
	/* The line may have been one of these. */
	for (unsigned i = 0; parser->in_boot && i < ARRAY_SIZE(boot_keys); i++)
		*boot_value(parser, i) = true;
}

void config_read_file(struct config *config, int fd, const char *path)
{
	static const struct inifile_events events = {on_section, on_key, on_error};
	struct parser parser = {.config = config, .file = config_add_file(config, path)};
	int r;

	if (!config->digest)
		config->digest = FNV_BASIS;
	r = inifile_read(fd, &events, &parser, &config->digest);

	if (r < 0)
		on_error(&parser, 0, strerror(-r));
	finish_section(&parser);
}
