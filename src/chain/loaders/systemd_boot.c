/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads loader.conf(5) and the variables of the loader
 * (https://systemd.io/BOOT_LOADER_INTERFACE).
 */
#include "systemd_boot.h"

#include <ctype.h>
#include <fnmatch.h>

#include "base/base.h"
#include "bls_entry.h"
#include "bls_files.h"
#include "bls_order.h"
#include "efi_entry.h"
#include "facts/facts.h"
#include "oneshot.h"

#define SAVED "@saved"

/* Bits of LoaderFeatures. */
#define KNOWS_ONCE      3
#define KNOWS_PREFERRED 19

bool systemd_boot_is_installed(const struct root *root)
{
	for (size_t i = 0; i < ESP_PLACES_N; i++)
		if (file_exists(root, "%s/loader", esp_places[i]))
			return true;
	return false;
}

static void read_variable(
	const struct root *root, const char *variable, char *ret, size_t size)
{
	if (efivar_read_text(root, variable, ret, size) < 0)
		ret[0] = '\0';
}

void systemd_boot_armed(const struct root *root, char *ret_id, size_t size)
{
	read_variable(root, "LoaderEntryOneShot", ret_id, size);
}

/* -ENOENT and the like: it is not known. */
static int knows(const struct root *root, unsigned feature)
{
	uint8_t features[8] = {0};
	ssize_t n = efivar_read(
		root, "LoaderFeatures", EFI_LOADER, features, sizeof(features));

	return n < 0 ? (int)n : features[feature / 8] >> feature % 8 & 1;
}

/* The ESP that it was started from, where the loader has said that. */
static const char *find_esp(const struct root *root)
{
	char partition[EFI_UUID_SIZE];
	const char *esp;

	read_variable(root, "LoaderDevicePartUUID", partition, sizeof(partition));
	for (char *p = partition; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	esp = *partition ? esp_place_of(root, partition) : NULL;
	return esp ? esp : esp_find(root);
}

/* It is on the ESP alone, and not on XBOOTLDR, the other partition that systemd-boot reads. */
static char *read_loader_conf(const struct root *root)
{
	const char *esp = find_esp(root);
	char path[64], *text = NULL;

	text_join(path, sizeof(path), esp ? esp : "", "/loader/loader.conf", NULL);
	return esp && file_read(root, path, &text, NULL) == 0 ? text : NULL;
}

/* The value of a key of loader.conf, without quotes and blanks behind it; "" for none. */
static void read_conf(const char *conf, const char *key, char *ret, size_t size)
{
	size_t len;

	ret[0] = '\0';
	if (!conf || !bls_last_value(conf, key, ret, size))
		return;
	len = strlen(ret);
	if (len > 1 && ret[0] == '"' && ret[len - 1] == '"') {
		ret[len - 1] = '\0';
		memmove(ret, ret + 1, len - 1);
	}
}

/* The value of a variable, else of a key of loader.conf. */
static void read_setting(const struct root *root, const char *conf, const char *variable,
	const char *key, char *ret, size_t size)
{
	read_variable(root, variable, ret, size);
	if (!ret[0])
		read_conf(conf, key, ret, size);
}

/* What the loader adds by itself, where it finds it. */
static bool may_be_auto(const char *pattern)
{
	static const char *const ids[] = {"auto-windows", "auto-osx", "auto-efi-shell",
		"auto-efi-default", "auto-reboot", "auto-poweroff",
		"auto-reboot-to-firmware-setup"};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (fnmatch(pattern, ids[i], FNM_CASEFOLD) == 0)
			return true;
	return false;
}

/* It leaves out what has no file to start. */
static bool is_shown(const struct root *root, const struct bootmenu_entry *entry)
{
	return *entry->kernel_path && file_exists(root, "%s", entry->kernel_path);
}

/* kernelstub names an entry without ".conf", which not each version of systemd-boot takes. */
static bool is_stem_of(const char *id, const char *pattern)
{
	size_t len = strlen(pattern);

	return strncasecmp(id, pattern, len) == 0 && strcmp(id + len, ".conf") == 0;
}

/* A setting that chooses the default entry, in a variable and in loader.conf. */
struct choice {
	const char *variable, *key;
	bool skips_failed; /* what has no try left is not taken */
};

/* The ids of the profiles of a unified image behind the first: "NAME.efi@1", "NAME.efi@ID" */
static bool is_profile(const char *pattern)
{
	const char *at = strrchr(pattern, '@');

	return at && at > pattern && at[1];
}

/* Before, and in some distributions up to it, the count of tries is part of the id. */
#define LEAVES_TRIES_OUT 259

static bool leaves_tries_out(const struct root *root)
{
	static const char name[] = "systemd-boot ";
	char info[64];

	read_variable(root, "LoaderInfo", info, sizeof(info));
	return text_begins_with(info, name) &&
		atoi(info + strlen(name)) >= LEAVES_TRIES_OUT;
}

/* Whether the pattern means the entry; -1: that depends on the version of the loader. */
static int is_meant(
	const struct root *root, const struct bootmenu_entry *entry, const char *pattern)
{
	const char *id = entry->boot_id, *end = strrchr(id, '.');
	bool found = fnmatch(pattern, id, FNM_CASEFOLD) == 0;
	char counted[NAME_MAX + sizeof(entry->order.tries)];

	if (!entry->order.tries[0] || leaves_tries_out(root))
		return found;
	snprintf(counted, sizeof(counted), "%.*s%s%s", (int)(end - id), id,
		entry->order.tries, end);
	return (fnmatch(pattern, counted, FNM_CASEFOLD) == 0) == found ? found : -1;
}

/* 1 when an entry is marked, 0 when the pattern means none, -1 when it is not known. */
static int mark(const struct root *root, const char *pattern, bool skips_failed,
	struct bootmenu *menu)
{
	int meant;

	for (size_t i = 0; *pattern && i < menu->n; i++) {
		struct bootmenu_entry *entry = &menu->entries[i];

		if (is_stem_of(entry->boot_id, pattern))
			return -1;
		if (!is_shown(root, entry) || (skips_failed && entry->order.has_failed))
			continue;
		meant = is_meant(root, entry, pattern);
		entry->is_default = meant > 0;
		if (meant)
			return meant;
	}
	menu->default_elsewhere =
		*pattern && (may_be_auto(pattern) || is_profile(pattern));
	return menu->default_elsewhere ? -1 : 0;
}

static int mark_choice(const struct root *root, const char *conf,
	const struct choice *choice, struct bootmenu *menu)
{
	char value[256];
	int r = 0;

	/* The variable first; "@saved" in either is the one that was booted last. */
	for (int i = 0; r == 0 && i < 2; i++) {
		if (i == 0)
			read_variable(root, choice->variable, value, sizeof(value));
		else
			read_conf(conf, choice->key, value, sizeof(value));
		if (strcasecmp(value, SAVED) == 0)
			read_variable(
				root, "LoaderEntryLastBooted", value, sizeof(value));
		r = mark(root, value, choice->skips_failed, menu);
	}
	return r;
}

/* A pattern, too; what means none is passed over. */
static void mark_once(const struct root *root, struct bootmenu *menu)
{
	char value[256];
	int meant;

	systemd_boot_armed(root, value, sizeof(value));
	for (size_t i = 0; *value && i < menu->n; i++) {
		if (!is_shown(root, &menu->entries[i]))
			continue;
		meant = is_meant(root, &menu->entries[i], value);
		menu->entries[i].is_next = meant > 0;
		menu->next_elsewhere = meant < 0;
		if (meant)
			return;
	}
	menu->next_elsewhere = *value && (may_be_auto(value) || is_profile(value));
}

void systemd_boot_order(const struct root *root, struct bootmenu *menu)
{
	static const struct choice preferred = {"LoaderEntryPreferred", "preferred",
					   true},
				   other = {"LoaderEntryDefault", "default", false};
	_cleanup_free_ char *conf = read_loader_conf(root);
	int r = 0;

	bls_sort(menu);
	if (knows(root, KNOWS_PREFERRED) != 0)
		r = mark_choice(root, conf, &preferred, menu);
	r = r ? r : mark_choice(root, conf, &other, menu);
	if (r == 0)
		mark(root, "*", false, menu);
	mark_once(root, menu);
}

/* Without any timeout the menu is hidden, too. */
static bool is_hidden(const char *timeout)
{
	return !timeout[0] || strcmp(timeout, "0") == 0 ||
		strcmp(timeout, "menu-hidden") == 0 ||
		strcmp(timeout, "menu-disabled") == 0;
}

int systemd_boot_advise(const struct root *root, struct bootmenu_change *change)
{
	_cleanup_free_ char *conf = NULL;
	char value[256];
	int r = 0;

	if (!systemd_boot_is_installed(root))
		return 0;
	conf = read_loader_conf(root);
	read_setting(root, conf, "LoaderEntryDefault", "default", value, sizeof(value));
	if (strcasecmp(value, SAVED) == 0)
		r = bootmenu_advise(change,
			"the default of systemd-boot is '" SAVED "': the entry that was "
			"chosen last, which may be one of these, is started the next time");
	read_setting(root, conf, "LoaderConfigTimeout", "timeout", value, sizeof(value));
	if (r == 0 && is_hidden(value))
		r = bootmenu_advise(change,
			"the menu of systemd-boot is hidden: hold the space bar while the "
			"machine starts, or show it with 'bootctl set-timeout 5'");
	return r;
}

int systemd_boot_check_trial(const struct root *root, struct bootmenu_change *change)
{
	char info[64];

	read_variable(root, "LoaderInfo", info, sizeof(info));
	if (strncmp(info, "systemd-boot", 12) != 0)
		return bootmenu_refuse(change,
			"this boot was not started by systemd-boot, or its EFI variables "
			"cannot be read");
	if (knows(root, KNOWS_ONCE) <= 0)
		return bootmenu_refuse(change,
			"this %s cannot take an entry once; update it with 'bootctl update'",
			info);
	return 0;
}

/*
 * The file of an entry by the loader's id for it, which may be in lower case, and have the tries that it had
 * then; NULL for none.
 */
static const struct bls_file *find_file(const struct bls_files *files, const char *id)
{
	char stem[NAME_MAX + 1], other[NAME_MAX + 1];

	bls_stem(id, true, stem, sizeof(stem));
	for (size_t i = 0; i < files->n; i++) {
		bls_stem(files->files[i].name, true, other, sizeof(other));
		if (strcasecmp(stem, other) == 0)
			return &files->files[i];
	}
	return NULL;
}

int systemd_boot_find_booted(const struct root *root, const struct bls_files *files,
	const struct bls_file **ret, struct bootmenu_change *change)
{
	char selected[NAME_MAX + 1];

	read_variable(root, "LoaderEntrySelected", selected, sizeof(selected));
	if (!text_ends_with(selected, ".conf"))
		return bootmenu_refuse(change,
			"this boot was not started by an entry in a file of its own (type "
			"1), but by a unified kernel image or the firmware; the command line "
			"inside such an image cannot be changed for one boot");
	*ret = find_file(files, selected);
	if (!*ret)
		return bootmenu_fail(change,
			"the entry that this boot was started by, %.100s, is missing",
			selected);
	return bls_has_own(*ret)
		? bootmenu_fail(change,
			  "this boot was started by %.100s, which has parameters of "
			  "vfioboot; boot the normal entry first",
			  selected)
		: 0;
}

static int set_oneshot(const struct root *root, const char *id, struct message *message)
{
	return oneshot_run(
		root, (const char *const[]){"bootctl", "set-oneshot", id, NULL}, message);
}

int systemd_boot_arm(const struct root *root, const char *id, struct message *message)
{
	char chosen[ONESHOT_ID_SIZE];
	int r = set_oneshot(root, id, message);

	systemd_boot_armed(root, chosen, sizeof(chosen));
	if (r < 0 || strcmp(chosen, id) == 0)
		return r;
	return message_set(message, -EIO,
		"bootctl has not set LoaderEntryOneShot; the firmware did not keep it");
}

int systemd_boot_disarm(const struct root *root, struct message *message)
{
	return set_oneshot(root, "", message);
}
