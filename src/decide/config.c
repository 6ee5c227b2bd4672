/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fills a struct config from files and the kernel command line, and answers what it says. */
#include "config.h"

#include <stdarg.h>
#include <sys/mman.h>

#include "base/base.h"
#include "inifile.h"

uint16_t config_add_file(struct config *config, const char *path)
{
	unsigned file = config->n_files;

	/* A file with many errors must not use up the room of others. */
	if (file && strcmp(config->files[file - 1], path) == 0)
		return (uint16_t)(file - 1);
	if (file == CONFIG_FILES_MAX)
		return CONFIG_FILES_MAX - 1;
	text_join(config->files[file], CONFIG_PATH_SIZE, path, NULL);
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

/* "A-Z a-z 0-9 . _ -".  strspn(3) makes its set for each name again. */
static bool is_name_char(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') ||
		c == '.' || c == '_' || c == '-';
}

bool config_set_name(char *dst, size_t size, const char *text)
{
	size_t len = 0;

	while (is_name_char(text[len]))
		len++;
	return len && !text[len] && text[0] != '.' && text[0] != '-' &&
		copy_text(dst, size, text, len);
}

struct config_section *config_find_section(struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->n_sections; i++)
		if (strcmp(config->sections[i].name, name) == 0)
			return &config->sections[i];
	return NULL;
}

void config_remove_section(struct config *config, struct config_section *section)
{
	size_t behind = (size_t)(config->sections + config->n_sections - section) - 1;

	memmove(section, section + 1, behind * sizeof(*section));
	config->n_sections--;
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
		.place = place,
		.first_selector = (uint16_t)config->n_selectors,
	};
	strcpy(section->name, name);
	return section;
}

/* Checks what only a whole section shows; marks it bad, with an error added. */
static void check_section(struct config *config, struct config_section *section)
{
	if (section && !section->driver[0])
		strcpy(section->driver, section->vfs ? CONFIG_DRIVER_NATIVE : "vfio-pci");
	if (!section || section->bad)
		return;
	section->bad = true;
	if (!section->kinds)
		config_add_error(config, section->place,
			"section [device %s] names no device; add path, address, id, class or vf",
			section->name);
	else if (section->follow && !(section->kinds & 1 << SELECTOR_ID))
		config_add_error(config, section->place,
			"section [device %s] has on-move = follow, which needs an id to find "
			"the device by",
			section->name);
	else if (section->demand && section->profile[0])
		config_add_error(config, section->place,
			"section [device %s] has a profile, but no boot binds it with "
			"bind = demand; remove one of the two",
			section->name);
	else if (section->kinds & 1 << SELECTOR_VF ? section->vfs || section->follow
						   : section->vfs &&
				(section->demand ||
					strcmp(section->driver, CONFIG_DRIVER_NONE) == 0))
		config_add_error(config, section->place,
			"section [device %s] cannot have vf with vfs or on-move = follow, nor "
			"vfs with bind = demand or driver = none; remove one of the two",
			section->name);
	else
		section->bad = false;
}

/* ---- Files */

/* The sections that are of no device. */
#define GENERALS     2
#define GENERAL_BOOT 0
#define GENERAL_NONE (-1)

/* What is being read: the section that keys go to, or none when they are to be skipped. */
struct parser {
	struct config *config;
	struct config_section *section;
	uint16_t file;
	bool headed;       /* a section has begun, even one that is skipped */
	unsigned n_errors; /* as the section began */
	int general;       /* index into generals of the section that it is, or -1 */
	struct config_place generals[GENERALS]; /* of the file; line 0: none yet */
	uint8_t seen[GENERALS];                 /* bits of the keys of each */
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

static void drop_section(struct config *config, const struct config_section *section)
{
	config->n_selectors = section->first_selector;
	config->n_sections--;
}

/* Nothing but its name is kept of it, so that it has no part in anything. */
static void set_aside(struct config *config, const struct config_section *section)
{
	struct config_other *other;

	drop_section(config, section);
	if (config->n_others++ >= CONFIG_SECTIONS_MAX)
		return;
	other = &config->others[config->n_others - 1];
	strcpy(other->name, section->name);
	strcpy(other->machine, section->machine);
	other->place = section->place;
}

/* Sections of different machines may have one name, so it is looked for when that is known. */
static bool is_repeated(struct parser *parser)
{
	struct config *config = parser->config;
	const struct config_section *section = parser->section,
				    *other = config_find_section(config, section->name);

	if (other == section)
		return false;
	/* What else is wrong with it will be told when it has a name of its own. */
	config->n_errors = parser->n_errors;
	config_add_error(config, section->place,
		"[device %s] is already defined at %s:%u; rename one of them",
		section->name, config->files[other->place.file], other->place.line);
	drop_section(config, section);
	return true;
}

static void finish_section(struct parser *parser)
{
	struct config_section *section = parser->section;

	if (section && section->elsewhere)
		set_aside(parser->config, section);
	else if (section && !is_repeated(parser))
		check_section(parser->config, section);
	parser->section = NULL;
	parser->general = GENERAL_NONE;
}

static void start_device(
	struct parser *parser, struct config_place place, const char *name)
{
	struct config *config = parser->config;
	char checked[CONFIG_NAME_SIZE];

	if (!config_set_name(checked, sizeof(checked), name)) {
		config_add_error(config, place,
			"bad name '%.60s' in [device NAME]; use up to %d of A-Z a-z 0-9 . _ -",
			name, CONFIG_NAME_SIZE - 1);
		return;
	}
	parser->n_errors = config->n_errors;
	parser->section = config_new_section(config, place, checked);
}

/*
 * The sections that are of no device, and their keys, each a choice of two words: for false and for
 * true.  One that can't be read counts as the careful one: it must not take a device that nobody
 * meant to give.
 */
struct general_key {
	const char *name, *no, *yes;
	bool careful;
	size_t value; /* of a bool in struct config */
};

static const struct general_key boot_keys[] = {
	{"when", "always", "selected", true, offsetof(struct config, when_selected)},
	{"protect-network", "no", "yes", true, offsetof(struct config, protect_network)},
};

static const struct general_key libvirt_keys[] = {
	{"all", "no", "yes", false, offsetof(struct config, libvirt_all)},
	{"stop-session", "no", "yes", false,
		offsetof(struct config, libvirt_stop_session)},
};

static const struct {
	const char *name;
	const struct general_key *keys;
	unsigned n_keys;
	const char *allowed;
} generals[GENERALS] = {
	[GENERAL_BOOT] = {"boot", boot_keys, ARRAY_SIZE(boot_keys),
		"when, protect-network"},
	{"libvirt", libvirt_keys, ARRAY_SIZE(libvirt_keys), "all, stop-session"},
};

/* Drop-ins may change what another file says of these; within one file it is a mistake. */
static bool start_general(
	struct parser *parser, struct config_place place, const char *name)
{
	for (int i = 0; i < GENERALS; i++) {
		if (strcmp(name, generals[i].name) != 0)
			continue;
		if (parser->generals[i].line) {
			config_add_error(parser->config, place,
				"[%s] is already defined at line %u; merge the two", name,
				parser->generals[i].line);
			return true;
		}
		parser->general = i;
		parser->generals[i] = place;
		return true;
	}
	return false;
}

static void on_section(void *data, unsigned line, const char *name)
{
	struct parser *parser = data;
	struct config_place place = place_of(parser, line);

	finish_section(parser);
	parser->headed = true;
	if (start_general(parser, place, name))
		return;
	if (strncmp(name, "device", 6) == 0 && strchr(" \t", name[6]) && name[6])
		start_device(parser, place, name + 6 + strspn(name + 6, " \t"));
	else if (*name)
		config_add_error(parser->config, place,
			"unknown section [%s]; the sections are [boot], [libvirt] and "
			"[device NAME]",
			name);
}

static void set_careful(
	struct parser *parser, struct config_place place, const struct general_key *key)
{
	*(bool *)((char *)parser->config + key->value) = key->careful;
	if (key->value == offsetof(struct config, when_selected))
		parser->config->when_error = place;
}

static void set_general_key(struct parser *parser, struct config_place place,
	const struct general_key *key, const char *value)
{
	const char *section = generals[parser->general].name;
	const char *careful = key->careful ? key->yes : key->no;
	uint8_t bit = (uint8_t)(1 << (key - generals[parser->general].keys));
	bool seen = parser->seen[parser->general] & bit;
	bool *ret = (bool *)((char *)parser->config + key->value);

	parser->seen[parser->general] |= bit;
	if (!seen && config_set_choice(ret, value, key->no, key->yes))
		return;
	set_careful(parser, place, key);
	if (seen)
		config_add_error(parser->config, place,
			"'%s' is set twice in [%s]; keep one (taken as %s)", key->name,
			section, careful);
	else
		config_add_error(parser->config, place,
			"bad value '%.60s' of '%s'; use %s or %s (taken as %s)", value,
			key->name, key->no, key->yes, careful);
}

static void find_general_key(struct parser *parser, struct config_place place,
	const char *key, const char *value)
{
	unsigned n = generals[parser->general].n_keys;
	const struct general_key *keys = generals[parser->general].keys;

	for (unsigned i = 0; i < n; i++)
		if (strcmp(key, keys[i].name) == 0) {
			set_general_key(parser, place, &keys[i], value);
			return;
		}
	config_add_error(parser->config, place,
		"unknown key '%.60s' in [%s]; the keys are %s", key,
		generals[parser->general].name, generals[parser->general].allowed);
}

static void on_key(void *data, unsigned line, const char *key, const char *value)
{
	struct parser *parser = data;
	struct config_place place = place_of(parser, line);

	if (parser->general != GENERAL_NONE)
		find_general_key(parser, place, key, value);
	else if (!parser->headed)
		config_add_error(parser->config, place,
			"'%.60s' is set before the first section; move it below [boot] or "
			"[device NAME]",
			key);
	else if (parser->section &&
		!config_set_key(parser->config, place, parser->section, key, value))
		mark_bad(parser);
}

static void on_error(void *data, unsigned line, const char *message)
{
	struct parser *parser = data;
	struct config_place place = place_of(parser, line);

	config_add_error(parser->config, place, "%s", message);
	mark_bad(parser);
	/* The line may have been one of these. */
	for (unsigned i = 0;
		parser->general != GENERAL_NONE && i < generals[parser->general].n_keys;
		i++)
		set_careful(parser, place, &generals[parser->general].keys[i]);
}

/* Whether the file says something, its sections being those from @first on, and to no boot. */
static bool is_of_no_boot(const struct parser *parser, unsigned first)
{
	const struct config *config = parser->config;

	for (unsigned i = first; i < config->n_sections; i++)
		if (!config->sections[i].demand)
			return false;
	return parser->headed && !parser->generals[GENERAL_BOOT].line;
}

void config_read_file(struct config *config, int fd, const char *path)
{
	static const struct inifile_events events = {on_section, on_key, on_error};
	struct parser parser = {.config = config,
		.file = config_add_file(config, path),
		.general = GENERAL_NONE};
	unsigned n_sections = config->n_sections, n_errors = config->n_errors;
	uint64_t digest = config->digest ? config->digest : DIGEST_BASIS;
	int r = inifile_read(fd, &events, &parser, &digest);

	if (r < 0)
		on_error(&parser, 0, strerror(-r));
	finish_section(&parser);
	if (config->n_errors == n_errors && is_of_no_boot(&parser, n_sections))
		config->runtime_files |= (uint64_t)1 << parser.file;
	else
		config->digest = digest;
}

int config_read_bytes(
	struct config *config, const void *data, size_t size, const char *path)
{
	_cleanup_close_ int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, data, size) != (ssize_t)size)
		return -EIO;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	config_read_file(config, fd, path);
	return 0;
}

bool config_file_is_runtime(const struct config *config, const char *path)
{
	for (unsigned i = 0; i < config->n_files; i++)
		if (strcmp(config->files[i], path) == 0)
			return config->runtime_files >> i & 1;
	return false;
}

/* ---- The kernel command line */

#define CMDLINE_FILE "kernel command line"
#define VFS_PREFIX   "vfs:" /* the key "vfs", between selectors */

/* One vfioboot.device=SELECTOR[,SELECTOR]*: a section of its own, all selectors ANDed. */
static void read_device_param(
	struct config *config, struct config_place place, const char *value, unsigned nth)
{
	struct config_section *section;
	char item[SELECTOR_SIZE], name[CONFIG_NAME_SIZE];
	struct selector selector;

	do /* a file may have a section of that name */
		snprintf(name, sizeof(name), "cmdline%u", nth++);
	while (config_find_section(config, name));
	section = config_new_section(config, place, name);
	if (!section)
		return;
	section->from_cmdline = true;
	while (!section->bad && config_next_item(&value, item, sizeof(item))) {
		section->bad = true;
		if (text_begins_with(item, VFS_PREFIX))
			section->bad = !config_set_key(
				config, place, section, "vfs", item + strlen(VFS_PREFIX));
		else if (selector_parse(item, &selector) < 0)
			config_add_error(config, place,
				"bad selector '%.80s' in vfioboot.device=; write it like "
				"00:01.0/00.0, 0000:01:00.0, 10de:2204, class:0300 or "
				"vf:0-3@00:01.0/00.0",
				item);
		else if (section->kinds & 1 << selector.kind)
			config_add_error(config, place,
				"two selectors of the kind %s in one vfioboot.device= never "
				"hold both; use the parameter twice",
				selector_kind_name(selector.kind));
		else if (config_add_selector(config, place, section, &selector))
			section->bad = false;
	}
	check_section(config, section);
}

static void add_profiles(
	struct config *config, struct config_place place, const char *list)
{
	char item[CONFIG_NAME_SIZE], checked[CONFIG_NAME_SIZE];

	while (config_next_item(&list, item, sizeof(item))) {
		if (!config_set_name(checked, sizeof(checked), item))
			config_add_error(config, place,
				"bad name '%s' in vfioboot.profile=", item);
		else if (config->n_profiles == CONFIG_PROFILES_MAX)
			config_add_error(config, place,
				"more than %d profiles in vfioboot.profile=",
				CONFIG_PROFILES_MAX);
		else
			strcpy(config->profiles[config->n_profiles++], checked);
	}
}

/* A switch that is misspelt at the boot menu must not be ignored silently. */
static void check_unknown(struct config *config, struct config_place place,
	const struct cmdline_param *param)
{
	static const char prefix[] = "vfioboot.";

	if (cmdline_name_is(param, CONFIG_PARAM_TRIAL))
		config->trial = true;
	else if (param->name_len >= strlen(prefix) &&
		memcmp(param->name, prefix, strlen(prefix)) == 0)
		config_add_error(config, place,
			"unknown parameter %.*s; there are vfioboot.off, vfioboot.profile= "
			"and vfioboot.device=",
			param->name_len > 60 ? 60 : (int)param->name_len, param->name);
}

void config_read_cmdline(struct config *config, const char *text)
{
	struct config_place place = {.file = config_add_file(config, CMDLINE_FILE)};
	struct cmdline_param param;
	char value[512];
	unsigned devices = 0;

	while (cmdline_next(&text, &param)) {
		bool device = cmdline_name_is(&param, CONFIG_PARAM_DEVICE);

		if (cmdline_name_is(&param, "vfioboot.off")) {
			/* "vfioboot.off=0" is how an entry takes an inherited one back. */
			config->off = !param.value || param.value_len != 1 ||
				*param.value != '0';
			continue;
		}
		if (!device && !cmdline_name_is(&param, "vfioboot.profile")) {
			check_unknown(config, place, &param);
			continue;
		}
		if (!copy_text(value, sizeof(value), param.value ? param.value : "",
			    param.value_len))
			config_add_error(config, place,
				"a vfioboot.* parameter is longer than %zu bytes",
				sizeof(value) - 1);
		else if (device)
			read_device_param(config, place, value, ++devices);
		else
			add_profiles(config, place, value);
	}
}

/* ---- Questions */

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
	if (config->selected)
		return section == &config->sections[config->selected - 1];
	if (config->off || config->cmdline_unread || section->demand)
		return false;
	if (section->from_cmdline)
		return true;
	if (section->profile[0])
		return profile_selected(config, section->profile);
	return !config->when_selected || config->n_profiles;
}

void config_select(struct config *config, unsigned index)
{
	config->selected = index + 1;
}

unsigned config_count_boot(const struct config *config)
{
	unsigned n = 0;

	for (unsigned i = 0; i < config->n_sections; i++)
		n += !config->sections[i].demand;
	return n;
}

bool config_section_has_place(const struct config_section *section)
{
	return section->kinds &
		(1 << SELECTOR_PATH | 1 << SELECTOR_ADDRESS | 1 << SELECTOR_VF);
}

bool config_section_is_native(const struct config_section *section)
{
	return text_is(section->driver, CONFIG_DRIVER_NATIVE);
}

unsigned config_expected(
	const struct config *config, const struct config_section *section)
{
	unsigned n = section->expect;

	for (unsigned i = 0; !section->expect && i < section->n_selectors; i++) {
		const struct selector *selector =
			&config->selectors[section->first_selector + i];

		if (selector->kind == SELECTOR_VF)
			n += selector->vf.last - selector->vf.first + 1u;
	}
	return n;
}

/* Domains from here on are made by drivers, which number their root buses themselves. */
#define DRIVER_DOMAINS 0x10000 /* drivers/pci/controller/vmd.c, vmd_find_free_domain() */

bool config_section_may_move(
	const struct config *config, const struct config_section *section)
{
	for (unsigned i = 0; i < section->n_selectors; i++) {
		const struct selector *selector =
			&config->selectors[section->first_selector + i];

		if (selector->kind == SELECTOR_PATH && selector->path.bus &&
			selector->path.domain < DRIVER_DOMAINS)
			return true;
	}
	return false;
}
