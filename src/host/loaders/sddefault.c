/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the default from where systemd-boot has it: bootctl(1), loader.conf(5). */
#include "sddefault.h"

#include "../../core/util.h"
#include "../efivar.h"
#include "blsentry.h"

/* A setting: a variable that bootctl(1) sets, else in loader.conf(5); "" for none. */
static void read_setting(const struct sysfs_root *root, const char *variable,
	const char *key, char *ret, size_t size)
{
	static const char *const files[] = {"/boot/loader/loader.conf",
		"/efi/loader/loader.conf", "/boot/efi/loader/loader.conf"};

	ret[0] = '\0';
	if (efivar_read_text(root, variable, EFI_LOADER, ret, size) == 0 && *ret)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *text = NULL;

		if (hostfile_read(root, files[i], &text, NULL) == 0 &&
			bls_value(text, key, ret, size)) {
			ret[strcspn(ret, " \t\r")] = '\0';
			return;
		}
	}
}

/* Without any timeout the menu is hidden, too. */
static int check_hidden(const struct sysfs_root *root, struct bootmenu_change *change)
{
	char timeout[32];

	read_setting(root, "LoaderConfigTimeout", "timeout", timeout, sizeof(timeout));
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
	return hostfile_exists(root, "boot/loader") ||
		hostfile_exists(root, "efi/loader") ||
		hostfile_exists(root, "boot/efi/loader");
}

int sddefault_check(const struct sysfs_root *root, struct sdorder_entry *entries,
	size_t n, struct bootmenu_change *change)
{
	const struct sdorder_entry *first;
	char pattern[256];
	int r = 0;

	if (!has_systemd_boot(root))
		return 0;
	sdorder_sort(entries, n);
	read_setting(root, "LoaderEntryDefault", "default", pattern, sizeof(pattern));
	if (strcmp(pattern, "@saved") == 0) {
		r = bootmenu_advise(change,
			"loader.conf has 'default @saved': the entry that was chosen last, "
			"be it one of these, is started by itself the next time");
		return r < 0 ? r : check_hidden(root, change);
	}
	first = sdorder_default(entries, n, pattern);
	if (!first || !first->ours)
		return check_hidden(root, change);
	return bootmenu_fail(change,
		"%s would be started by itself then, by the default '%s'; name the entry that "
		"is meant, with 'bootctl set-default ID' (bootctl list shows the IDs)",
		first->id, pattern);
}
