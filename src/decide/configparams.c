/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the vfioboot.* parameters of the kernel command line into a struct config. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "configbuild.h"

#define CMDLINE_FILE "kernel command line"

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
		else if (config_add_selector(config, place, section, &selector))
			section->bad = false;
	}
	config_finish_section(config, section);
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

/* A switch that is misspelt at the boot menu must not seem to have been heard. */
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
		bool device = cmdline_name_is(&param, "vfioboot.device");

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
