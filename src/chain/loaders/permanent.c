/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the files that make command lines, in the order in which their programs do. */
#include "permanent.h"

#include "base/base.h"
#include "bls_files.h"
#include "bootloader.h"
#include "chain/generators/generators.h"
#include "facts/facts.h"
#include "grub_cfg.h"
#include "grub_env.h"
#include "grub_uki.h"

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

static struct permanent_file *add_file(struct permanent *permanent, const char *path,
	enum param_form form, const char *variable)
{
	struct permanent_file *file = &permanent->files[permanent->n++];

	*file = (struct permanent_file){.form = form, .variable = variable};
	text_join(file->path, sizeof(file->path), path, NULL);
	return file;
}

/* For a person: the place is PLACE and FILE together; "": no command. */
static void say(struct permanent *permanent, const char *place, const char *file,
	const char *command)
{
	text_join(permanent->place, sizeof(permanent->place), place, file, NULL);
	text_join(permanent->command, sizeof(permanent->command), command, NULL);
}

static void set_update(struct permanent *permanent, const char *program, const char *arg)
{
	permanent->update = PERMANENT_RUN;
	permanent->update_args[0] = program;
	permanent->update_args[1] = arg;
}

/* ---- GRUB ------------------------------------------------------------------------------ */

#define GRUB_FILE      "/etc/default/grub"
#define GRUB_DIRECTORY "/etc/default/grub.d"
/*
 * Of the normal entries alone: a recovery entry takes GRUB_CMDLINE_LINUX, and stays the way out where
 * a parameter does harm.
 */
#define GRUB_VARIABLE "GRUB_CMDLINE_LINUX_DEFAULT"
#define GRUB_OF_ALL   "GRUB_CMDLINE_LINUX"

/* The second one where another file, behind the first, sets the variable without its old value. */
const char *const permanent_own_files[] = {
	GRUB_DIRECTORY "/vfioboot.cfg", GRUB_DIRECTORY "/zz-vfioboot.cfg", NULL};

/* Debian's grub-mkconfig, a script, reads them; that of Fedora and of openSUSE may not. */
static bool reads_directory(const struct root *root)
{
	static const char *const programs[] = {"usr/sbin/grub-mkconfig",
		"usr/bin/grub-mkconfig", "usr/sbin/grub2-mkconfig",
		"usr/bin/grub2-mkconfig"};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (file_exists(root, "%s", programs[i]))
			return file_has(root, programs[i], "/default/grub.d");
	return file_exists(root, "%s", "etc/debian_version");
}

/* All files that it reads, in order. */
static void list_grub_files(const struct root *root, struct file_names *ret)
{
	file_add_name(ret, GRUB_FILE);
	if (reads_directory(root))
		file_list_paths(root, GRUB_DIRECTORY, "*.cfg", FNM_PERIOD, ret);
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

	text_join(ret, size, GRUB_FILE, NULL);
	list_grub_files(root, &files);
	for (size_t i = 1; i < files.n; i++)
		if (sets_anew(root, files.names[i]))
			text_join(ret, size, files.names[i], NULL);
}

/* A file of our own behind the one with the last word; else that one. */
static void add_grub_file(const struct root *root, struct permanent *permanent)
{
	const char *const *own = permanent_own_files;
	char last[PATH_MAX];

	find_grub_file(root, last, sizeof(last));
	if (!reads_directory(root)) {
		if (file_exists(root, GRUB_FILE))
			add_file(permanent, GRUB_FILE, PARAM_SHELL, GRUB_VARIABLE);
		return;
	}
	while (*own && strcmp(last, GRUB_FILE) != 0 && strverscmp(*own, last) < 0)
		own++;
	if (*own)
		add_file(permanent, *own, PARAM_SHELL, GRUB_VARIABLE)->own = true;
}

char *permanent_grub_value(const struct root *root)
{
	_cleanup_(file_free_names) struct file_names files = {0};
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	const char *all, *normal;
	char *value;

	list_grub_files(root, &files);
	for (size_t i = 0; i < files.n; i++)
		shell_vars_read(root, files.names[i], &vars);
	all = shell_vars_text(&vars, GRUB_OF_ALL, NULL);
	normal = shell_vars_text(&vars, GRUB_VARIABLE, NULL);
	return all && normal && asprintf(&value, "%s %s", all, normal) >= 0 ? value
									    : NULL;
}

static void name_grub_command(const struct root *root, char *ret, size_t size)
{
	const struct grub_names *names = grub_find(root);

	if (has_program(root, "update-grub") || !names)
		text_join(ret, size, "run 'update-grub'", NULL);
	else
		text_join(ret, size, "run '", names->tools, "-mkconfig -o ",
			names->config, "'", NULL);
}

/* Whether its menu is one of unified images, which contain their command line. */
static bool has_images(const struct root *root)
{
	const struct grub_names *names = grub_find(root);
	_cleanup_free_ char *text = NULL;

	return names && file_read(root, names->config, &text, NULL) == 0 &&
		grub_cfg_runs(text, GRUB_UKI) &&
		!grub_cfg_has(text, "$menuentry_id_option 'gnulinux-");
}

void permanent_grub(const struct root *root, struct permanent *ret)
{
	char file[PATH_MAX], command[PERMANENT_COMMAND_SIZE];

	if (has_images(root)) {
		permanent_uki(root, ret);
		return;
	}
	find_grub_file(root, file, sizeof(file));
	name_grub_command(root, command, sizeof(command));
	say(ret, "in " GRUB_VARIABLE "= in ", file, command);
	add_grub_file(root, ret);
	ret->update = PERMANENT_MENU;
}

/* Which takes a parameter that is there by another value for the one to be replaced. */
static const struct permanent_program grubby = {
	.args = {"grubby", "--update-kernel=ALL"},
	.add = "--args=",
	.remove = "--remove-args=",
};

static void add_cmdline(struct permanent *permanent)
{
	add_file(permanent, INITRAMFS_CMDLINE, PARAM_LINE, NULL)->seeded = true;
}

/* grub2-mkconfig can write the options of all entries again, from GRUB_CMDLINE_LINUX. */
void permanent_grub_bls(const struct root *root, struct permanent *ret)
{
	const struct grub_names *names = grub_find(root);
	char options[4096] = "";

	if (has_program(root, "sdbootutil")) {
		permanent_kernel_install(root, ret);
		return;
	}
	if (names)
		grub_env_read(root, names, "kernelopts", options, sizeof(options));
	text_join(ret->place, sizeof(ret->place),
		"with 'grubby --update-kernel=ALL --args=\"" PERMANENT_WORD " ...\"'",
		options[0] ? ", which changes kernelopts in " : "",
		options[0] ? names->environment : "", NULL);
	if (options[0]) {
		ret->program = &grubby;
		return;
	}
	add_cmdline(ret);
	if (file_exists(root, GRUB_FILE))
		add_file(ret, GRUB_FILE, PARAM_SHELL, GRUB_OF_ALL);
	ret->entries = true;
}

/* ---- kernel-install(8) and unified images ------------------------------------------------- */

/* A file that an administrator has goes before the distribution's. */
static void name_cmdline(const struct root *root, char *ret, size_t size)
{
	const char *file = initramfs_cmdline_file(root);
	bool vendor = file && strcmp(file, INITRAMFS_CMDLINE) != 0;

	text_join(ret, size, "in " INITRAMFS_CMDLINE WHOLE,
		vendor ? " and counts instead of " : "", vendor ? file : "", NULL);
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
		if (bls_is_installed(&identity, file))
			return false;
		text_join(ret, size, file->directory, "/", file->name, NULL);
		own = true;
	}
	return own;
}

void permanent_kernel_install(const struct root *root, struct permanent *ret)
{
	const char *command = "run 'kernel-install add-all', or reinstall the kernel";
	bool sdbootutil = has_program(root, "sdbootutil");
	char file[PATH_MAX];

	ret->entries = !sdbootutil;
	if (sdbootutil)
		command = "run 'sdbootutil update-all-entries'";
	else if (has_program(root, "reinstall-kernels"))
		command = "run 'reinstall-kernels'";
	else if (find_own_entry(root, file, sizeof(file))) {
		*strrchr(file, '/') = '\0';
		say(ret, "after 'options' in the entries in ", file, "");
		return;
	}
	name_cmdline(root, file, sizeof(file));
	say(ret, file, "", command);
	add_cmdline(ret);
	if (sdbootutil)
		set_update(ret, "sdbootutil", "update-all-entries");
}

static bool find_dracut_file(const struct root *root, char *ret, size_t size)
{
	_cleanup_(file_free_names) struct file_names files = {0};
	bool uefi = false;

	text_join(ret, size, "/etc/dracut.conf.d/cmdline.conf", NULL);
	file_add_name(&files, "/etc/dracut.conf");
	file_list_paths(root, "/etc/dracut.conf.d", "*.conf", FNM_PERIOD, &files);
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
	file_list_paths(root, "/etc/cmdline.d", "*.conf", FNM_PERIOD, &files);
	if (files.n)
		text_join(ret, size, files.names[files.n - 1], NULL);
	return files.n > 0;
}

void permanent_uki(const struct root *root, struct permanent *ret)
{
	char file[PATH_MAX];

	if (find_dracut_file(root, file, sizeof(file))) {
		say(ret, "in kernel_cmdline= in ", file,
			"run 'dracut --regenerate-all --force'");
		return;
	}
	if (has_directory(root, file, sizeof(file))) {
		say(ret, "in ", file, "run 'mkinitcpio -P'");
		return;
	}
	name_cmdline(root, file, sizeof(file));
	say(ret, file, "",
		has_program(root, "mkinitcpio") ? "rebuild the images ('mkinitcpio -P')"
			: has_program(root, "kernel-install")
			? "rebuild the images ('kernel-install add-all')"
			: "rebuild the images ('kernel-install add-all', 'mkinitcpio -P')");
}

/* ---- others ----------------------------------------------------------------------------- */

void permanent_proxmox(const struct root *root, struct permanent *ret)
{
	static const char refresh[] = "run 'proxmox-boot-tool refresh'";
	char file[PATH_MAX], info[64];

	set_update(ret, "proxmox-boot-tool", "refresh");
	/* Without the loader's word: only systemd-boot needs that file. */
	if (efivar_read_text(root, "LoaderInfo", info, sizeof(info)) == 0
			? text_begins_with(info, "systemd-boot")
			: file_exists(root, INITRAMFS_CMDLINE)) {
		say(ret, "in " INITRAMFS_CMDLINE ", on its one line", "", refresh);
		if (file_exists(root, INITRAMFS_CMDLINE))
			add_file(ret, INITRAMFS_CMDLINE, PARAM_LINE, NULL);
		return;
	}
	find_grub_file(root, file, sizeof(file));
	say(ret, "in " GRUB_VARIABLE "= in ", file, refresh);
	add_grub_file(root, ret);
}

void permanent_limine(const struct root *root, struct permanent *ret)
{
	bool tool = file_exists(root, "etc/default/limine");

	say(ret,
		tool ? ""
		     : "after 'cmdline:' in limine.conf; if limine-entry-tool writes that "
		       "file, ",
		"in KERNEL_CMDLINE[default] in /etc/default/limine",
		"run 'limine-update'");
}

void permanent_extlinux(const struct root *root, struct permanent *ret)
{
	bool alpine = has_program(root, "update-extlinux");
	char sign[BOOTLOADER_SIGN_SIZE] = "extlinux.conf";

	bootloader_detect(root, bootloader_named("extlinux"), sign);
	if (alpine)
		say(ret, "in default_kernel_opts= in /etc/update-extlinux.conf", "",
			"run 'update-extlinux'");
	else if (has_program(root, "u-boot-update"))
		say(ret, "in U_BOOT_PARAMETERS in /etc/default/u-boot", "",
			"run 'u-boot-update'");
	else
		say(ret, "after 'append' in /", sign, "");
}

/* The new deployment has its entry when the machine is shut down. */
static const struct permanent_program rpm_ostree = {
	.args = {"rpm-ostree", "kargs"},
	.add = "--append-if-missing=",
	.remove = "--delete-if-present=",
	.each = true,
	.show = {"rpm-ostree", "kargs"},
};

#define OSTREE_WITH "with 'rpm-ostree kargs --append-if-missing=" PERMANENT_WORD "'"

void permanent_ostree(const struct root *root, struct permanent *ret)
{
	bool present = has_program(root, "rpm-ostree");

	say(ret,
		present ? OSTREE_WITH
			: "in a file of /usr/lib/bootc/kargs.d in the image",
		present || has_program(root, "bootc") ? "" : ", or " OSTREE_WITH, "");
	ret->program = present ? &rpm_ostree : NULL;
}

static const struct permanent_program kernelstub = {
	.args = {"kernelstub"},
	.add = "--add-options=",
	.remove = "--delete-options=",
};

void permanent_kernelstub(const struct root *root, struct permanent *ret)
{
	(void)root;
	say(ret, "with 'kernelstub --add-options \"" PERMANENT_WORD " ...\"'", "", "");
	ret->program = &kernelstub;
}

const char *permanent_text(const struct permanent *permanent, const char *word,
	char ret[static PERMANENT_TEXT_SIZE])
{
	static const char name[] = PERMANENT_WORD, more[] = PERMANENT_WORD " ...";
	const char *place = permanent->place, *at = word ? strstr(place, name) : NULL;
	const char *rest =
		at ? at + strlen(text_begins_with(at, more) ? more : name) : "";

	snprintf(ret, PERMANENT_TEXT_SIZE, "%.*s%s%s%s%s",
		(int)(at ? at - place : (ptrdiff_t)strlen(place)), place, at ? word : "",
		rest, *permanent->command ? "; then " : "", permanent->command);
	return ret;
}

bool permanent_is_written(const struct permanent *permanent)
{
	return permanent->n || permanent->entries || permanent->program;
}

char *permanent_value(const struct root *root, const struct permanent *permanent)
{
	char *text = NULL;

	if (permanent->n && permanent->files[0].form == PARAM_SHELL)
		return permanent_grub_value(root);
	if (permanent->n)
		file_read(root, permanent->files[0].path, &text, NULL);
	return text;
}

/* ---- where one is written ----------------------------------------------------------------- */

/* The number of the last line that has the word, between blanks or quotes; 0: none has. */
static unsigned find_line_with(
	const struct root *root, const char *path, const char *word)
{
	_cleanup_free_ char *text = NULL;
	unsigned number = 0, found = 0;
	size_t len = strlen(word);

	if (file_read(root, path, &text, NULL) < 0)
		return 0;
	for (const char *line = text; *line; line = text_next_line(line)) {
		size_t end = strcspn(line, "\n");

		number++;
		if (line[strspn(line, " \t")] == '#')
			continue;
		for (size_t i = 0; i + len <= end; i++)
			if (memcmp(line + i, word, len) == 0 &&
				(!i || strchr(" \t\"'", line[i - 1])) &&
				strchr(" \t\"'\r\n", line[i + len]))
				found = number;
	}
	return found;
}

bool permanent_find_word(const struct root *root, const struct permanent *permanent,
	const char *word, char *ret, size_t size)
{
	_cleanup_(file_free_names) struct file_names files = {0};
	_cleanup_(bls_files_free) struct bls_files entries = {0};

	list_grub_files(root, &files);
	for (size_t i = 0; i < permanent->n; i++)
		file_add_name(&files, permanent->files[i].path);
	if (permanent->entries)
		bls_files_read(root, esp_places, ESP_PLACES_N, &entries);
	for (size_t i = 0; i < entries.n; i++) {
		char path[PATH_MAX];

		text_join(path, sizeof(path), entries.files[i].directory, "/",
			entries.files[i].name, NULL);
		if (entries.files[i].kind == BLS_ORIGINAL)
			file_add_name(&files, path);
	}
	for (size_t i = files.n; i-- > 0;) {
		unsigned line = find_line_with(root, files.names[i], word);

		if (line) {
			snprintf(ret, size, "%s:%u", files.names[i], line);
			return true;
		}
	}
	return false;
}
