/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host can spare a device: what it runs on, and what else it uses now. */
#include "base/base.h"
#include "facts/facts.h"
#include "private.h"

#include <fnmatch.h>
#include <libmount.h>

#define FSTAB    "/etc/fstab"
#define CRYPTTAB "/etc/crypttab"

/* More uses than these are counted. */
#define USES_MAX 4

/* "/data, swap"; what may be on another function as well is not said of this one. */
static void list_uses(
	const struct usage *usage, struct pci_address address, char *ret, size_t size)
{
	const struct usage_entry *entry = usage_find(usage, address);
	const struct usage_entry *end = usage->entries + usage->n;
	size_t len = 0;
	unsigned n = 0;

	*ret = '\0';
	for (; entry && entry < end && pci_address_equal(entry->address, address);
		entry++) {
		if (!entry->untraced && n++ < USES_MAX)
			len += text_join(ret + len, size - len, len ? ", " : "",
				entry->what, NULL);
	}
	if (n > USES_MAX)
		snprintf(ret + len, size - len, " and %u more", n - USES_MAX);
}

/* Whether the boot goes on without it. */
static bool is_optional(const char *options)
{
	static const char *const words[] = {"noauto", "nofail", "x-systemd.automount"};

	for (size_t i = 0; options && i < ARRAY_SIZE(words); i++)
		if (mnt_optstr_get_option(options, words[i], NULL, NULL) == 0)
			return true;
	return false;
}

/*
 * Whether the boot waits for what is on the function's drives: @ret says which, and who says so.
 * Returns 1, 0, or -errno when the table cannot be read.
 */
static int is_mounted_at_boot(const struct check_host *host, const struct drives *drives,
	struct pci_address function, char *ret, size_t size)
{
	_cleanup_(mounts_unref) struct libmnt_table *asked = NULL;
	const struct drives_device *device = NULL;
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int r = iter ? mounts_read_fstab(host->root, &asked) : -ENOMEM;

	while (r == 0 && !device && mnt_table_next_fs(asked, iter, &fs) == 0)
		if (mnt_fs_get_source(fs) && !is_optional(mnt_fs_get_options(fs)))
			device = drives_find_named(
				drives, function, mnt_fs_get_source(fs));
	if (device)
		text_join(ret, size, device->node, " (" FSTAB ", ",
			mnt_fs_is_swaparea(fs) ? "swap" : mnt_fs_get_target(fs), ")",
			NULL);
	mnt_free_iter(iter);
	return r < 0 && r != -ENOENT ? r : !!device;
}

/* The same of what is opened then: "NAME DEVICE KEY OPTIONS" (crypttab(5)). */
static int is_opened_at_boot(const struct check_host *host, const struct drives *drives,
	struct pci_address function, char *ret, size_t size)
{
	_cleanup_free_ char *text = NULL;
	const struct drives_device *device = NULL;
	char *rest, *line;
	int r = file_read(host->root, CRYPTTAB, &text, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	rest = text;
	while (!device && (line = strsep(&rest, "\n"))) {
		char *name = NULL, *spec = NULL, *options = NULL;

		if (sscanf(line, " %ms %ms %*s %ms", &name, &spec, &options) >= 2 &&
			*name != '#' && !is_optional(options))
			device = drives_find_named(drives, function, spec);
		if (device)
			text_join(ret, size, device->node, " (" CRYPTTAB ", ", name, ")",
				NULL);
		free(name);
		free(spec);
		free(options);
	}
	return !!device;
}

/* Where systemd looks for units that no generator has made (systemd.unit(5)). */
static const char *const unit_directories[] = {"/etc/systemd/system",
	"/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system"};

/* Lists the mounts and swaps that targets want or require. */
static int list_units(const struct root *root, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names targets = {0}, links = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(unit_directories); i++)
		r = file_list_paths(root, unit_directories[i],
			"*.target.@(wants|requires)", FNM_EXTMATCH, &targets);
	for (size_t i = 0; r == 0 && i < targets.n; i++)
		r = file_list_paths(
			root, targets.names[i], "*.@(mount|swap)", FNM_EXTMATCH, &links);
	for (size_t i = 0; r == 0 && i < links.n; i++)
		r = file_add_name(ret, strrchr(links.names[i], '/') + 1);
	return r;
}

/* Lists the file of the unit, which may be a link to /dev/null, and its drop-ins. */
static int list_unit_files(
	const struct root *root, const char *unit, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names dropins = {0};
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && !ret->n && i < ARRAY_SIZE(unit_directories); i++) {
		text_join(path, sizeof(path), unit_directories[i], "/", unit, NULL);
		if (file_exists(root, "%s", path) || file_is_link(root, path))
			r = file_add_name(ret, path);
	}
	text_join(path, sizeof(path), unit, ".d", NULL);
	if (r == 0)
		r = file_list_dropins(root, unit_directories,
			ARRAY_SIZE(unit_directories), path, &dropins);
	for (size_t i = 0; r == 0 && i < dropins.n; i++)
		r = file_add_name(ret, dropins.names[i]);
	return r;
}

/* Takes the last What= and Options= of the file. */
static int read_unit_file(
	const struct root *root, const char *path, char **what, char **options)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, path, &text, NULL);
	char *rest = text, *line;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *key = NULL, *value = NULL;
		char **known;

		if (sscanf(line, " %m[A-Za-z] = %ms", &key, &value) != 2)
			continue;
		known = strcmp(key, "What") == 0      ? what
			: strcmp(key, "Options") == 0 ? options
						      : NULL;
		if (!known)
			continue;
		free(*known);
		*known = TAKE_PTR(value);
	}
	return r == -ENOENT ? 0 : r;
}

/* The same of what units of systemd ask for; those that a generator makes of fstab are not looked at. */
static int is_wanted_by_target(const struct check_host *host, const struct drives *drives,
	struct pci_address function, char *ret, size_t size)
{
	_cleanup_(file_free_names) struct file_names units = {0};
	const struct drives_device *device = NULL;
	int r = list_units(host->root, &units);

	for (size_t i = 0; r == 0 && !device && i < units.n; i++) {
		_cleanup_(file_free_names) struct file_names files = {0};
		_cleanup_free_ char *what = NULL, *options = NULL;

		r = list_unit_files(host->root, units.names[i], &files);
		for (size_t j = 0; r == 0 && j < files.n; j++)
			r = read_unit_file(host->root, files.names[j], &what, &options);
		/* Of the options that fstab has for systemd this one alone is a unit's, too. */
		if (r == 0 && what &&
			(!options ||
				mnt_optstr_get_option(options, "nofail", NULL, NULL) !=
					0))
			device = drives_find_named(drives, function, what);
		if (device)
			text_join(
				ret, size, device->node, " (", units.names[i], ")", NULL);
	}
	return r < 0 ? r : !!device;
}

static bool has_drive(const struct drives *drives, struct pci_address function)
{
	for (size_t i = 0; i < drives->n; i++)
		if (backing_has_function(&drives->list[i].backing, function))
			return true;
	return false;
}

#define LINE "remove that line or add the option 'nofail' to it"

/* Who can ask for a drive at boot, and what is to be done about that. */
static const struct {
	const char *title, *remedy;
	int (*asks)(const struct check_host *host, const struct drives *drives,
		struct pci_address function, char *ret, size_t size);
} sources[] = {
	{FSTAB, LINE, is_mounted_at_boot},
	{CRYPTTAB, LINE, is_opened_at_boot},
	{"the units of systemd",
		"disable that unit ('systemctl disable'), or add 'nofail' to its "
		"Options= ('systemctl edit')",
		is_wanted_by_target},
};

/* Whether the boot waits for what a guest is to have.  Returns whether there is a point of that. */
static bool check_boot(struct check_host *host, const struct check_function *function)
{
	const struct pci_address address = function->pci->dev.address;
	const char *unread = NULL;
	struct drives *drives;
	char asked[512];
	int error = 0;

	if (facts_drives(host->facts, &drives) < 0 || !has_drive(drives, address))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		int r = sources[i].asks(host, drives, address, asked, sizeof(asked));

		if (r > 0) {
			check_fail(host, function->name,
				"the host waits at boot for what is on it: %s", asked);
			check_remedy(
				host, "if a guest is to have it, %s", sources[i].remedy);
			return true;
		}
		if (r < 0 && !unread) {
			unread = sources[i].title;
			error = r;
		}
	}
	if (unread) {
		check_unknown(host, function->name,
			"whether the host waits at boot for what is on it is not known: cannot read "
			"%s: %s",
			unread, check_why(error));
		check_remedy(host, "run 'sudo vfioboot check'");
	}
	return unread;
}

static void check_use(struct check_host *host, const struct check_function *function)
{
	const struct protect_entry *entry =
		nextboot_protected(host->next, &function->pci->dev);
	const struct usage *usage = NULL;
	char uses[512] = "";

	if (facts_usage(host->facts, &usage) == 0)
		list_uses(usage, function->pci->dev.address, uses, sizeof(uses));
	if (pcidev_base_class(&function->pci->dev) == PCI_BASE_BRIDGE) {
		check_fail(
			host, function->name, "it is a bridge, which no guest can have");
		check_remedy(host, "name the device behind it");
	} else if (entry) {
		check_fail(host, function->name, "the host runs on it%s%s",
			*entry->why ? ": " : "", entry->why);
		check_remedy(host,
			"leave it with the host, or move what is on it to another device "
			"first");
	} else if (check_boot(host, function)) {
		return;
	} else if (!usage) {
		check_unseen(
			host, function->name, "cannot trace what the host uses it for");
	} else if (*uses) {
		check_pass(host, function->name,
			"the host uses it now, and would lose: %s", uses);
	} else {
		check_pass(host, function->name, "the host does not use it");
	}
}

static const struct check checks[] = {{"host-use", NULL, check_use}};

const struct check_theme check_use_theme = {"Devices", checks, ARRAY_SIZE(checks)};
