/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the kernel command line as PID 1 does. */
#include "private.h"

#define BLANKS " \t\n\v\f\r"

#define UNIT_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@"

static const struct {
	const char *word, *unit;
} runlevels[] = {
	{"emergency", TRIAL_UNIT_EMERGENCY},
	{"-b", TRIAL_UNIT_EMERGENCY},
	{"rescue", "rescue.target"},
	{"single", "rescue.target"},
	{"-s", "rescue.target"},
	{"s", "rescue.target"},
	{"S", "rescue.target"},
	{"1", "rescue.target"},
	{"2", "multi-user.target"},
	{"3", "multi-user.target"},
	{"4", "multi-user.target"},
	{"5", "graphical.target"},
};

/* As cmdline_next(), and beyond the "--": what is behind it is for PID 1 all the more. */
static bool next_word(const char **cursor, struct cmdline_param *ret)
{
	while (!cmdline_next(cursor, ret)) {
		*cursor += strspn(*cursor, BLANKS);
		if (!**cursor)
			return false;
		*cursor += strcspn(*cursor, BLANKS);
	}
	return true;
}

/* Whether it can be started: foo.service and foo@bar.service, but not foo, and no template. */
static bool is_unit(const char *name)
{
	static const char *const types[] = {".service", ".socket", ".target", ".device",
		".mount", ".automount", ".swap", ".timer", ".path", ".slice", ".scope"};
	const char *type = strrchr(name, '.'), *at = strchr(name, '@');

	return type && type != name && (!at || (at != name && at + 1 != type)) &&
		!name[strspn(name, UNIT_CHARS)] &&
		text_is_one_of(type, types, ARRAY_SIZE(types));
}

/* The unit that a single parameter asks for, or "". */
static void read_word(const struct cmdline_param *param, char ret[static TRIAL_UNIT_SIZE])
{
	char name[16];

	ret[0] = '\0';
	if (!copy_text(name, sizeof(name), param->name, param->name_len))
		return;
	if (param->value && strcmp(name, "systemd.unit") == 0) {
		if (copy_text(ret, TRIAL_UNIT_SIZE, param->value, param->value_len) &&
			!is_unit(ret))
			ret[0] = '\0';
		return;
	}
	for (size_t i = 0; !param->value && i < ARRAY_SIZE(runlevels); i++)
		if (strcmp(name, runlevels[i].word) == 0)
			strcpy(ret, runlevels[i].unit);
}

void trial_unit_of_cmdline(const char *cmdline, char ret[static TRIAL_UNIT_SIZE])
{
	struct cmdline_param param;
	char unit[TRIAL_UNIT_SIZE];

	strcpy(ret, TRIAL_UNIT_DEFAULT);
	while (next_word(&cmdline, &param)) {
		read_word(&param, unit);
		if (unit[0])
			strcpy(ret, unit);
	}
}
