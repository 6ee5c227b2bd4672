/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the default from where systemd-boot has it: bootctl(1), loader.conf(5). */
#include "sddefault.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "blsentry.h"
#include "chain/esp.h"
#include "facts/facts.h"

#define SAVED "@saved"
#define AUTO  "auto-" /* how the ids of what the loader finds by itself begin */

/*
 * Where a default may be set, in the order of config_select_default_entry() of systemd (v260):
 * what matches no entry is passed over, and so is, for `preferred`, one that has no try left.
 */
static const struct place {
	const char *variable, *key; /* of which one is NULL; the key is loader.conf's */
	bool not_exhausted;
	const char *command; /* of bootctl, to set what counts before it */
} places[] = {
	{"LoaderEntryPreferred", NULL, true, "set-preferred"},
	{NULL, "preferred", true, "set-preferred"},
	{"LoaderEntryDefault", NULL, false, "set-default"},
	{NULL, "default", false, "set-default"},
};

/* It is on the ESP alone, and not on XBOOTLDR, the other partition that systemd-boot reads. */
static char *read_loader_conf(const struct sysfs_root *root)
{
	const char *esp = esp_find(root);
	char path[64], *text = NULL;

	text_join(path, sizeof(path), esp ? esp : "", "/loader/loader.conf", NULL);
	return esp && hostfile_read(root, path, &text, NULL) == 0 ? text : NULL;
}

/* The value without white space behind it, and without quotes; "" for none. */
static void read_key(const char *conf, const char *key, char *ret, size_t size)
{
	size_t len;

	ret[0] = '\0';
	if (!conf || !bls_last_value(conf, key, ret, size))
		return;
	len = strlen(ret);
	while (len && strchr(" \t", ret[len - 1]))
		ret[--len] = '\0';
	if (len > 1 && ret[0] == '"' && ret[len - 1] == '"') {
		ret[len - 1] = '\0';
		memmove(ret, ret + 1, len - 1);
	}
}

static void read_variable(
	const struct sysfs_root *root, const char *variable, char *ret, size_t size)
{
	if (efivar_read_text(root, variable, EFI_LOADER, ret, size) < 0)
		ret[0] = '\0';
}

/* Without any timeout the menu is hidden, too. */
static int check_hidden(
	const struct sysfs_root *root, const char *conf, struct bootmenu_change *change)
{
	char timeout[32];

	read_variable(root, "LoaderConfigTimeout", timeout, sizeof(timeout));
	if (!timeout[0])
		read_key(conf, "timeout", timeout, sizeof(timeout));
	if (timeout[0] && strcmp(timeout, "0") != 0 &&
		strcmp(timeout, "menu-hidden") != 0 &&
		strcmp(timeout, "menu-disabled") != 0)
		return 0;
	return bootmenu_advise(change,
		"the menu of systemd-boot is hidden: hold the space bar while the machine "
		"starts, or show it with 'bootctl set-timeout 5'");
}

/* Images are started by other loaders, too. */
static bool has_systemd_boot(const struct sysfs_root *root)
{
	for (size_t i = 0; i < ESP_PLACES_N; i++)
		if (hostfile_exists(root, "%s/loader", esp_places[i]))
			return true;
	return false;
}

static int advise_of_saved(const struct place *place, struct bootmenu_change *change)
{
	char text[256];

	snprintf(text, sizeof(text),
		"%s%s " SAVED "': the entry that was chosen last, be it one of these, is "
		"started by itself the next time",
		place->key ? "loader.conf has '" : "the loader has '",
		place->key ? place->key : place->variable);
	return bootmenu_advise(change, text);
}

static int refuse(const struct sdorder_entry *entry, const struct place *place,
	const char *pattern, struct bootmenu_change *change)
{
	char why[320] = "as the first one of the menu";

	if (place)
		snprintf(why, sizeof(why), "by the default '%s' (%s)", pattern,
			place->key ? "loader.conf" : place->variable);
	return bootmenu_fail(change,
		"%s would be started by itself then, %s; name the entry that is meant, with "
		"'bootctl %s ID' (bootctl list shows the IDs)",
		entry->id, why, place ? place->command : "set-default");
}

/* Returns 1 when the setting decides, and not for one of ours; 0 when it does not; -errno. */
static int judge_place(const struct sysfs_root *root, const struct place *place,
	const char *conf, const struct sdorder_entry *entries, size_t n,
	struct bootmenu_change *change)
{
	const struct sdorder_entry *entry;
	char pattern[256];
	bool saved;
	int r = 0;

	if (place->variable)
		read_variable(root, place->variable, pattern, sizeof(pattern));
	else
		read_key(conf, place->key, pattern, sizeof(pattern));
	saved = strcasecmp(pattern, SAVED) == 0;
	if (saved) {
		r = advise_of_saved(place, change);
		read_variable(root, "LoaderEntryLastBooted", pattern, sizeof(pattern));
	}
	if (r < 0 || !pattern[0])
		return r;
	if (strncasecmp(pattern, AUTO, strlen(AUTO)) == 0)
		return 1;
	entry = sdorder_find(entries, n, pattern, place->not_exhausted);
	if (!entry)
		return 0;
	/* What was chosen last is so by a person's wish. */
	return entry->ours && !saved ? refuse(entry, place, pattern, change) : 1;
}

int sddefault_check(const struct sysfs_root *root, struct sdorder_entry *entries,
	size_t n, struct bootmenu_change *change)
{
	_cleanup_free_ char *conf = NULL;
	int r = 0;

	if (!has_systemd_boot(root))
		return 0;
	conf = read_loader_conf(root);
	sdorder_sort(entries, n);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++)
		r = judge_place(root, &places[i], conf, entries, n, change);
	if (r == 0 && n && entries[0].ours)
		r = refuse(&entries[0], NULL, NULL, change);
	return r < 0 ? r : check_hidden(root, conf, change);
}
