/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads modules.alias, a line at a time, as the early program has no libkmod. */
#include "variant.h"

#include "base/base.h"
#include "match.h"

#define GENERIC "vfio-pci"
#define PREFIX  "alias vfio_pci:"

static const struct {
	const char *module, *driver;
} driver_names[] = {
	{"vfio_pci", GENERIC},
	{"xe_vfio_pci", "xe-vfio-pci"},
};

const char *variant_driver_of(const char *module)
{
	for (size_t i = 0; i < ARRAY_SIZE(driver_names); i++)
		if (strcmp(driver_names[i].module, module) == 0)
			return driver_names[i].driver;
	return module;
}

struct search {
	const struct pci_ids *ids;
	unsigned least; /* wildcards of the closest alias so far */
	char module[CONFIG_DRIVER_SIZE];
};

/* Takes a number of @digits digits; what is behind it may be one of these, too. */
static bool take_value(const char **text, int digits, uint32_t *ret)
{
	char number[sizeof("0123abcd")];
	const char *start = number;
	size_t n = strnlen(*text, (size_t)digits);

	memcpy(number, *text, n);
	number[n] = '\0';
	*text += n;
	return pci_take_hex(&start, digits, digits, ret) && !*start;
}

/*
 * Compares "v000015B3d*sv*sd*bc*sc*i* MODULE" with the ids.  Returns how many fields are open, with
 * *@alias at the blank; or -1 for other ids.
 */
static int match(const char **alias, const struct pci_ids *ids)
{
	const struct {
		const char *name;
		uint32_t value;
	} fields[] = {{"v", ids->vendor}, {"d", ids->device}, {"sv", ids->subvendor},
		{"sd", ids->subdevice}, {"bc", ids->class >> 16 & 0xff},
		{"sc", ids->class >> 8 & 0xff}, {"i", ids->class & 0xff}};
	int open = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		uint32_t value;

		if (!text_begins_with(*alias, fields[i].name))
			return -1;
		*alias += strlen(fields[i].name);
		if (**alias == '*') {
			++*alias;
			open++;
		} else if (!take_value(alias, i < 4 ? 8 : 2, &value) ||
			value != fields[i].value) {
			return -1;
		}
	}
	return open;
}

static bool look_at(void *data, const char *line)
{
	struct search *search = data;
	const char *alias = line + strlen(PREFIX);
	int open;

	if (!text_begins_with(line, PREFIX))
		return true;
	open = match(&alias, search->ids);
	if (open >= 0 && (unsigned)open < search->least && *alias++ == ' ' &&
		copy_text(search->module, sizeof(search->module), alias, strlen(alias)))
		search->least = (unsigned)open;
	return true;
}

void variant_add(const struct root *root, const struct pci_ids *ids,
	char driver[static CONFIG_DRIVER_SIZE])
{
	static const char *const places[] = {TREE_MODULES, TREE_USR_MODULES};
	struct search search = {.ids = ids, .least = 7, .module = "vfio_pci"};
	char release[65], path[128];
	const char *found;

	if (file_read_line(root, TREE_OSRELEASE, release, sizeof(release)) < 0)
		*release = '\0';
	for (size_t i = 0; *release && i < ARRAY_SIZE(places); i++) {
		text_join(path, sizeof(path), places[i], "/", release, "/modules.alias",
			NULL);
		if (file_each_line(root, path, look_at, &search) == 0)
			break;
	}
	found = variant_driver_of(search.module);
	if (*driver && strcmp(driver, found) != 0)
		found = GENERIC;
	text_join(driver, CONFIG_DRIVER_SIZE, found, NULL);
}

const struct pcidev *variant_machine(const void *machine, size_t index)
{
	const struct machine *functions = machine;

	return index < functions->n_functions ? &functions->functions[index] : NULL;
}

void variant_resolve(const struct root *root, struct config *config,
	const struct pcidev *(*get)(const void *data, size_t index), const void *data)
{
	for (unsigned i = 0; i < config->n_sections; i++) {
		struct config_section *section = &config->sections[i];
		char driver[CONFIG_DRIVER_SIZE] = "";
		const struct pcidev *dev;

		if (!section->auto_driver)
			continue;
		for (size_t j = 0; (dev = get(data, j)); j++)
			if (match_section(config, section, dev) == MATCH_MEMBER)
				variant_add(root, &dev->ids, driver);
		strcpy(section->driver, *driver ? driver : GENERIC);
	}
}
