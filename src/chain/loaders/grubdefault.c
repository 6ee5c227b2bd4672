/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the default from where Fedora's 00_header takes it, and 10_linux its settings. */
#include "grubdefault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "chain/oneshot.h"
#include "grubconfig.h"
#include "grubonce.h"

#define SAVED "${saved_entry}"

struct setting {
	const struct grubonce *grub;
	const char *tools; /* how the names of its programs begin */
	char value[256];   /* "": the first entry */
	bool saved;        /* in the environment block, by grub2-set-default(8) */
};

static bool read_default(const struct sysfs_root *root, struct setting *ret)
{
	_cleanup_free_ char *config = NULL;
	struct bootmenu_change ignored = {0};
	struct setting setting = {0};

	if (grubonce_read_config(root, &setting.grub, &config, &ignored) < 0)
		return false;
	setting.tools = strrchr(setting.grub->directory, '/') + 1;
	/* One that is made by hand may set none. */
	setting.saved = !grub_default(config, setting.value, sizeof(setting.value)) ||
		strcmp(setting.value, SAVED) == 0;
	if (setting.saved)
		grubonce_variable(root, setting.grub, "saved_entry", setting.value,
			sizeof(setting.value));
	*ret = setting;
	return true;
}

/* Below the first entry, ours come between; "1>2" is the third one of the second submenu. */
static bool would_shift(const char *value)
{
	size_t digits = strspn(value, "0123456789");

	return digits && strspn(value, "0") < digits && strchr(">", value[digits]);
}

static int warn_of_number(const struct setting *setting, struct bootmenu_change *change)
{
	char first[128] = "";

	if (!would_shift(setting->value))
		return 0;
	change->default_moves = true;
	if (!setting->saved)
		snprintf(first, sizeof(first),
			"set GRUB_DEFAULT=saved in /etc/default/grub, run '%s-mkconfig -o "
			"%s/grub.cfg', and ",
			setting->tools, setting->grub->directory);
	return bootmenu_warn(change,
		"GRUB's default is entry number %s, and the new entries come between: %sname "
		"the one that is meant, with '%s-set-default ID', where ID is the name of its "
		"file in /boot/loader/entries without .conf",
		setting->value, first, setting->tools);
}

static int advise_of_choice(const struct sysfs_root *root, const struct setting *setting,
	struct bootmenu_change *change)
{
	char keeps[8], text[512];

	if (!setting->saved ||
		!grubonce_variable(
			root, setting->grub, "save_default", keeps, sizeof(keeps)) ||
		strcmp(keeps, "true") != 0)
		return 0;
	snprintf(text, sizeof(text),
		"GRUB has save_default=true: the entry that was chosen last, be it one of "
		"these, is started by itself the next time; '%s-editenv - unset save_default' "
		"and GRUB_SAVEDEFAULT=false in /etc/default/grub end that",
		setting->tools);
	return bootmenu_advise(change, text);
}

static int advise_of_hidden(const struct sysfs_root *root, const struct setting *setting,
	struct bootmenu_change *change)
{
	char hidden[8], text[256];

	if (!grubonce_variable(
		    root, setting->grub, "menu_auto_hide", hidden, sizeof(hidden)) ||
		!hidden[0] || strcmp(hidden, "0") == 0)
		return 0;
	snprintf(text, sizeof(text),
		"GRUB's menu is hidden after a boot that went well: hold Shift or press Esc "
		"while the machine starts, or show it with '%s-editenv - unset "
		"menu_auto_hide'",
		setting->tools);
	return bootmenu_advise(change, text);
}

int grubdefault_check(const struct sysfs_root *root, struct bootmenu_change *change)
{
	struct setting setting;
	int r;

	if (!read_default(root, &setting))
		return 0;
	r = advise_of_hidden(root, &setting, change);
	if (r == 0)
		r = advise_of_choice(root, &setting, change);
	return r < 0 ? r : warn_of_number(&setting, change);
}
