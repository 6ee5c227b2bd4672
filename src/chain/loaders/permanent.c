/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the files that make command lines, in the order in which their programs do. */
#include "permanent.h"

#include <limits.h>

#include "base/base.h"
#include "bls_files.h"
#include "chain/esp.h"
#include "facts/facts.h"
#include "grub_env.h"

#define WHOLE ", which must contain the whole command line"

static bool has_program(const struct root *root, const char *name)
{
	static const char *const directories[] = {"usr/bin", "usr/sbin", "sbin", "bin"};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (file_exists(root, "%s/%s", directories[i], name))
			return true;
	return false;
}

static bool file_has(const struct root *root, const char *path, const char *text)
{
	_cleanup_free_ char *content = NULL;

	return file_read(root, path, &content, NULL) == 0 && strstr(content, text);
}

/* The files of a directory whose names end so, in order, with their directory. */
static void list_files(const struct root *root, const char *directory, const char *end,
	struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	char path[PATH_MAX];

	file_list(root, directory, &names);
	for (size_t i = 0; i < names.n; i++) {
		text_join(path, sizeof(path), directory, "/", names.names[i], NULL);
		if (names.names[i][0] != '.' && text_ends_with(path, end))
			file_add_name(ret, path);
	}
}

/* ---- GRUB ------------------------------------------------------------------------------ */

#define GRUB_VARIABLE "GRUB_CMDLINE_LINUX_DEFAULT"

/* Debian's grub-mkconfig, a script, reads them; the one of Fedora and of openSUSE does not. */
static bool reads_directory(const struct root *root)
{
	static const char *const programs[] = {
		"usr/sbin/grub-mkconfig", "usr/bin/grub-mkconfig"};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (file_exists(root, "%s", programs[i]))
			return file_has(root, programs[i], "/default/grub.d");
	return file_exists(root, "%s", "etc/debian_version");
}

/* Whether a line sets the variable to something that its old value is no part of. */
static bool sets_anew(const struct root *root, const char *path)
{
	_cleanup_free_ char *text = NULL;
	bool sets = false;

	if (file_read(root, path, &text, NULL) < 0)
		return false;
	for (const char *line = text; *line; line = text_next_line(line)) {
		const char *word = line + strspn(line, " \t");
		size_t len = strlen(GRUB_VARIABLE);

		if (text_begins_with(word, "export "))
			word += strlen("export ");
		sets |= strncmp(word, GRUB_VARIABLE, len) == 0 && word[len] == '=' &&
			!memmem(word + len, strcspn(word + len, "\n"), GRUB_VARIABLE,
				len);
	}
	return sets;
}

static void find_grub_file(const struct root *root, char *ret, size_t size)
{
	_cleanup_(file_free_names) struct file_names files = {0};

	text_join(ret, size, "/etc/default/grub", NULL);
	if (reads_directory(root))
		list_files(root, "/etc/default/grub.d", ".cfg", &files);
	for (size_t i = 0; i < files.n; i++)
		if (sets_anew(root, files.names[i]))
			text_join(ret, size, files.names[i], NULL);
}

static void name_grub_command(const struct root *root, char *ret, size_t size)
{
	const struct grub_names *names = grub_find(root);

	if (has_program(root, "update-grub") || !names)
		text_join(ret, size, "update-grub", NULL);
	else
		text_join(ret, size, names->tools, "-mkconfig -o ", names->config, NULL);
}

void permanent_grub(const struct root *root, char *ret, size_t size)
{
	char file[PATH_MAX], command[PATH_MAX];

	find_grub_file(root, file, sizeof(file));
	name_grub_command(root, command, sizeof(command));
	text_join(ret, size, "in " GRUB_VARIABLE "= in ", file, "; then run '", command,
		"'", NULL);
}

void permanent_grub_bls(const struct root *root, char *ret, size_t size)
{
	const struct grub_names *names = grub_find(root);
	char options[8] = "";

	if (has_program(root, "sdbootutil")) {
		permanent_kernel_install(root, ret, size);
		return;
	}
	if (names)
		grub_env_read(root, names, "kernelopts", options, sizeof(options));
	text_join(ret, size, "with 'grubby --update-kernel=ALL --args=\"PARAMETER ...\"'",
		options[0] ? ", which changes kernelopts in " : "",
		options[0] ? names->environment : "", NULL);
}

/* ---- kernel-install(8) and unified images ------------------------------------------------- */

/* A file that an administrator has goes before the distribution's. */
static void name_cmdline(const struct root *root, char *ret, size_t size)
{
	bool vendor = !file_exists(root, "etc/kernel/cmdline") &&
		file_exists(root, "usr/lib/kernel/cmdline");

	text_join(ret, size, "in /etc/kernel/cmdline" WHOLE,
		vendor ? " and counts instead of /usr/lib/kernel/cmdline" : "", NULL);
}

/* Whether all entries were written by hand, and so are changed by hand: their names say it. */
static bool find_own_entry(const struct root *root, char *ret, size_t size)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	struct bls_identity identity;
	bool own = false;

	bls_identity_read(root, &identity);
	if (bls_files_read(root, esp_places, ESP_PLACES_N, &files) < 0)
		return false;
	for (size_t i = 0; i < files.n; i++) {
		const struct bls_file *file = &files.files[i];

		if (file->kind != BLS_ORIGINAL)
			continue;
		if (bls_identity_judge(&identity, file->name) > 0 ||
			strstr(file->text, "90-loaderentry"))
			return false;
		text_join(ret, size, file->directory, "/", file->name, NULL);
		own = true;
	}
	return own;
}

void permanent_kernel_install(const struct root *root, char *ret, size_t size)
{
	const char *command = "kernel-install add-all', or reinstall the kernel";
	char file[PATH_MAX];

	if (has_program(root, "sdbootutil"))
		command = "sdbootutil update-all-entries'";
	else if (has_program(root, "reinstall-kernels"))
		command = "reinstall-kernels'";
	else if (find_own_entry(root, file, sizeof(file))) {
		*strrchr(file, '/') = '\0';
		text_join(ret, size, "after 'options' in the entries in ", file, NULL);
		return;
	}
	name_cmdline(root, file, sizeof(file));
	text_join(ret, size, file, "; then run '", command, NULL);
}

static bool find_dracut_file(const struct root *root, char *ret, size_t size)
{
	_cleanup_(file_free_names) struct file_names files = {0};
	bool uefi = false;

	text_join(ret, size, "/etc/dracut.conf.d/cmdline.conf", NULL);
	file_add_name(&files, "/etc/dracut.conf");
	list_files(root, "/etc/dracut.conf.d", ".conf", &files);
	for (size_t i = 0; i < files.n; i++) {
		_cleanup_free_ char *text = NULL, *value = NULL;

		if (file_read(root, files.names[i], &text, NULL) < 0)
			continue;
		value = text_value(text, "uefi");
		uefi |= value && strcmp(value, "yes") == 0;
		if (strstr(text, "kernel_cmdline"))
			text_join(ret, size, files.names[i], NULL);
	}
	return uefi;
}

/* mkinitcpio puts the files of this directory behind /etc/kernel/cmdline. */
static bool has_directory(const struct root *root, char *ret, size_t size)
{
	_cleanup_(file_free_names) struct file_names files = {0};

	if (!has_program(root, "mkinitcpio"))
		return false;
	list_files(root, "/etc/cmdline.d", ".conf", &files);
	if (files.n)
		text_join(ret, size, files.names[files.n - 1], NULL);
	return files.n > 0;
}

void permanent_uki(const struct root *root, char *ret, size_t size)
{
	char file[PATH_MAX];

	if (find_dracut_file(root, file, sizeof(file))) {
		text_join(ret, size, "in kernel_cmdline= in ", file,
			"; then run 'dracut --regenerate-all --force'", NULL);
		return;
	}
	if (has_directory(root, file, sizeof(file))) {
		text_join(ret, size, "in ", file, "; then run 'mkinitcpio -P'", NULL);
		return;
	}
	name_cmdline(root, file, sizeof(file));
	text_join(ret, size, file, "; then rebuild the images (",
		has_program(root, "mkinitcpio")
			? "'mkinitcpio -P')"
			: "'kernel-install add-all', 'mkinitcpio -P')",
		NULL);
}

/* ---- others ----------------------------------------------------------------------------- */

void permanent_proxmox(const struct root *root, char *ret, size_t size)
{
	char file[PATH_MAX], info[64];

	/* Without the loader's word: only systemd-boot needs that file. */
	if (efivar_read_text(root, "LoaderInfo", EFI_LOADER, info, sizeof(info)) == 0
			? text_begins_with(info, "systemd-boot")
			: file_exists(root, "etc/kernel/cmdline")) {
		text_join(ret, size,
			"in /etc/kernel/cmdline, on its one line; then run "
			"'proxmox-boot-tool refresh'",
			NULL);
		return;
	}
	find_grub_file(root, file, sizeof(file));
	text_join(ret, size, "in " GRUB_VARIABLE "= in ", file,
		"; then run 'proxmox-boot-tool refresh'", NULL);
}

void permanent_limine(const struct root *root, char *ret, size_t size)
{
	if (file_exists(root, "etc/default/limine"))
		text_join(ret, size,
			"in KERNEL_CMDLINE[default] in /etc/default/limine; then run "
			"'limine-update'",
			NULL);
	else
		text_join(ret, size,
			"after 'cmdline:' in limine.conf; if limine-entry-tool writes that "
			"file, in KERNEL_CMDLINE[default] in /etc/default/limine; then run "
			"'limine-update'",
			NULL);
}

void permanent_ostree(const struct root *root, char *ret, size_t size)
{
	if (has_program(root, "rpm-ostree"))
		text_join(ret, size,
			"with 'rpm-ostree kargs --append-if-missing=PARAMETER'", NULL);
	else
		text_join(ret, size,
			"with 'rpm-ostree kargs --append-if-missing=PARAMETER', or, with "
			"bootc, in kargs.d of the image",
			NULL);
}
