/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot loaders whose entries a person makes: what exactly is to be written where, made of the
 * files of this machine as far as they say; or the commands to give, where a program makes them.
 */
#include "manual.h"

#include "base/base.h"
#include "bls_files.h"
#include "bootmenu.h"
#include "facts/facts.h"
#include "permanent.h"
#include "systemd_boot.h"
#include "uki_image.h"

char *manual_read_found(
	const struct root *root, const char *loader, char ret_path[static PATH_MAX])
{
	char sign[BOOTLOADER_SIGN_SIZE] = "", *text;

	bootloader_detect(root, bootloader_named(loader), sign);
	text_join(ret_path, PATH_MAX, "/", sign, NULL);
	return *sign && file_read(root, ret_path, &text, NULL) == 0 ? text : NULL;
}

char *manual_usual_arguments(const struct root *root, const struct bootentries *entries)
{
	_cleanup_free_ char *cmdline = NULL, *stripped = NULL, *usual = NULL;
	const char *p, *word = "";

	if (cmdline_read(root, &cmdline) < 0)
		return strdup("root=... ro");
	if (bootentry_strip(cmdline, entries, &stripped) < 0)
		return NULL;
	p = stripped ? stripped : cmdline;
	usual = calloc(1, strlen(p) + sizeof("root=... ro"));
	for (size_t len; usual && (len = strcspn(p += strspn(p, " \n"), " \n")) > 0;
		p += len)
		if (strncmp(p, "BOOT_IMAGE=", 11) != 0 && strncmp(p, "initrd=", 7) != 0) {
			strncat(strcat(usual, word), p, len);
			word = " ";
		}
	if (usual && !*usual)
		strcpy(usual, "root=... ro");
	return TAKE_PTR(usual);
}

size_t manual_line_length(const char *line)
{
	return strcspn(line, "\n");
}

bool manual_line_is(const char *line, const char *word, const char *ends)
{
	size_t len = strlen(word);

	line += strspn(line, " \t");
	return strncasecmp(line, word, len) == 0 && line[len] && strchr(ends, line[len]);
}

void manual_print_incomplete(FILE *out)
{
	fprintf(out,
		"\nThat file has no entry of a kernel to make this from. For each \"...\" take "
		"what is there\nin the entry that starts this system, in whatever file "
		"that is:\n");
}

int manual_add_file(struct manual_entry *entry, const struct places *places,
	const struct place *place, const char *path, bool is_kernel)
{
	struct place found;
	char file[PATH_MAX];

	if (!place && !place_find(places, NULL, path, &found)) {
		entry->is_lost = true;
		return 0;
	}
	place_path(place ? place : &found, path, file);
	entry->is_lost |= !*file;
	if (!is_kernel)
		return *file ? file_add_name(&entry->initrds, file) : 0;
	text_join(entry->kernel, sizeof(entry->kernel), file, NULL);
	return 0;
}

void manual_set_options(struct manual_entry *entry, const char *text, size_t len)
{
	entry->options[0] = '\0';
	entry->is_lost |= !copy_text(entry->options, sizeof(entry->options), text, len);
}

static void empty(struct manual_entry *entry)
{
	file_free_names(&entry->initrds);
	file_free_names(&entry->checksums);
	*entry = (struct manual_entry){0};
}

/* What starts without an initrd is a unified image, or maybe no kernel at all. */
static int follow_program(const struct root *root, struct uki *image,
	struct manual_entry *entry, struct bootmenu_entry *added)
{
	int r = entry->initrds.n ? 0 : uki_follow(root, entry->kernel, 0, image, added);

	entry->initrds = added->initrds;
	if (r == 0 && entry->is_program)
		added->kind = BOOTMENU_ELSE;
	return r < 0 ? r : 0;
}

int manual_add_entry(
	const struct root *root, struct manual_entry *entry, struct bootmenu *menu)
{
	const char *name = strrchr(entry->kernel, '/');
	_cleanup_(uki_free) struct uki image = {0};
	struct bootmenu_entry added = {.kind = BOOTMENU_SYSTEM,
		.boot_id = entry->title,
		.title = entry->title,
		.options = entry->options,
		.is_default = entry->is_default};
	int r = 0;

	if (entry->is_lost || !entry->kernel[0]) {
		added.kind = BOOTMENU_ELSE;
	} else {
		added.kernel = (char *)name + 1;
		added.kernel_path = entry->kernel;
		added.initrds = entry->initrds;
		added.checksums = entry->checksums;
		r = follow_program(root, &image, entry, &added);
	}
	if (r == 0 && (entry->kernel[0] || entry->is_lost || entry->title[0]))
		r = bootmenu_add(menu, &added);
	empty(entry);
	return r;
}

/* ---- kernelstub: entries of systemd-boot, whose kernel has a name that does not change ----- */

static int read_kernelstub(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	int r = bls_read_systemd_boot(root, wanted, ret);

	bootmenu_keep_apart(ret, 0, ret->n);
	return r;
}

static int edit_kernelstub(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	static const char entries[] = "/boot/efi/loader/entries";
	_cleanup_(file_free_names) struct file_names names = {0};
	char stem[NAME_MAX + 1] = "Pop_OS-current";

	file_list(root, entries, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *end = strstr(names.names[i], "-current.conf");

		if (end)
			copy_text(stem, sizeof(stem), names.names[i],
				(size_t)(end - names.names[i]) + strlen("-current"));
	}
	fprintf(out,
		"Run as root; kernelstub leaves the new file alone, and kernels keep their "
		"name:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		fprintf(out,
			"\nsed -e '/^title/s/$/ (%s)/' -e '/^options/s|$| %s|' \\\n"
			"    %s/%s.conf > %s/%s-%s.conf\n",
			wanted->entries[i].title, wanted->entries[i].arguments, entries,
			stem, entries, stem, wanted->entries[i].id);
	return 0;
}

/* ---- rpm-ostree(1) and bootc(8): deployments are entries, and there are no others -------- */

/* A new deployment gets its entry while the system shuts down (ostree-admin-finalize-staged). */
static void read_staged(const struct root *root, struct bootmenu *menu)
{
	if (!file_exists(root, "%s", "run/ostree/staged-deployment"))
		return;
	message_remedy(&menu->replaced, "run this again after the reboot");
	message_set(&menu->replaced, -EBUSY,
		"a deployment is staged, which the next boot starts");
}

/* GRUB reads the entries in /boot, and systemd-boot those on the ESP. */
static int read_ostree(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	int r = file_exists(root, "%s", "/boot/loader/entries") ||
			!systemd_boot_is_installed(root)
		? bls_read_grub(root, wanted, ret)
		: bls_read_systemd_boot(root, wanted, ret);

	bootmenu_keep_apart(ret, 0, ret->n);
	read_staged(root, ret);
	return r;
}

static void print_kargs(FILE *out, const struct bootentry *entry)
{
	const char *p = entry->arguments;

	fprintf(out, "\n# %s\nrpm-ostree kargs", entry->title);
	for (size_t len; (len = strcspn(p, " ")) > 0; p += len + (p[len] == ' '))
		fprintf(out, " --append-if-missing=%.*s", (int)len, p);
	p = entry->arguments;
	fprintf(out,
		"\n# bootc: /usr/lib/bootc/kargs.d/50-vfioboot.toml of the image\nkargs = [");
	for (size_t len; (len = strcspn(p, " ")) > 0; p += len + (p[len] == ' '))
		fprintf(out, "%s\"%.*s\"", p == entry->arguments ? "" : ", ", (int)len,
			p);
	fprintf(out, "]\n");
}

static int edit_ostree(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	(void)root;
	fprintf(out,
		"Entries are deployments here, and none can be added to them. These arguments "
		"make a\nnew deployment with them; the one before stays in the menu as the way "
		"back.\nTake one of these at a time; --delete-if-present= takes an argument "
		"out again:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		print_kargs(out, &wanted->entries[i]);
	return 0;
}

/* ---- proxmox-boot-tool(8): one command line, and entries on partitions that it mounts ----- */

static int read_proxmox(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	int r;

	if (!systemd_boot_is_installed(root)) {
		text_join(ret->failed, sizeof(ret->failed),
			"the partitions of /etc/kernel/proxmox-boot-uuids", NULL);
		return -ENODEV;
	}
	r = bls_read_systemd_boot(root, wanted, ret);
	bootmenu_keep_apart(ret, 0, ret->n);
	return r;
}

static int edit_proxmox(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	struct permanent permanent = {0};
	char text[PERMANENT_TEXT_SIZE];

	permanent_proxmox(root, &permanent);
	fprintf(out,
		"proxmox-boot-tool makes one entry for each kernel, all with the same command "
		"line: no entry\ncan be added. At the menu, 'e' edits the command line for "
		"one boot. To add arguments for\ngood, write them %s:\n",
		permanent_text(&permanent, NULL, text));
	for (unsigned i = 0; i < wanted->n; i++)
		fprintf(out, "\n# %s\n%s\n", wanted->entries[i].title,
			wanted->entries[i].arguments);
	return 0;
}

/* ---- NixOS: menus of GRUB and of systemd-boot, made of its configuration ------------------- */

#define NIXOS_CONFIG "/etc/nixos/configuration.nix"

/* The loader's own word, if it has one, and else whose files are there. */
static int read_nixos(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	char sign[BOOTLOADER_SIGN_SIZE], word[64] = "";
	bool grub = bootloader_detect(root, bootloader_named("grub"), sign) > 0;
	bool other = systemd_boot_is_installed(root);
	int r;

	if (grub && other &&
		efivar_read_text(root, "LoaderInfo", word, sizeof(word)) == 0)
		grub = !text_begins_with(word, "systemd-boot");
	else if (grub == other) {
		text_join(ret->failed, sizeof(ret->failed), "of GRUB or of systemd-boot",
			NULL);
		return -ENODEV;
	}
	r = grub ? bootloader_ops_grub.read(root, wanted, ret)
		 : bls_read_systemd_boot(root, wanted, ret);
	bootmenu_keep_apart(ret, 0, ret->n);
	return r;
}

static void print_specialisation(FILE *out, const struct bootentry *entry)
{
	const char *p = entry->arguments;

	fprintf(out, "\nspecialisation.%s.configuration.boot.kernelParams = [",
		entry->id);
	for (size_t len; (len = strcspn(p, " ")) > 0; p += len + (p[len] == ' '))
		fprintf(out, " \"%.*s\"", (int)len, p);
	fprintf(out, " ];\n");
}

static int edit_nixos(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	(void)root;
	fprintf(out,
		"NixOS makes its menu from its configuration, with an entry for each "
		"specialisation. Add to\n" NIXOS_CONFIG
		", and run 'sudo nixos-rebuild boot':\n");
	for (unsigned i = 0; i < wanted->n; i++)
		print_specialisation(out, &wanted->entries[i]);
	return 0;
}

/* ---- ZFSBootMenu: a command line a dataset (zfsbootmenu(7)) -------------------------------- */

static int edit_zfsbootmenu(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	(void)root;
	fprintf(out,
		"ZFSBootMenu has one command line for each boot environment. At its menu, "
		"CTRL+E edits it\nfor one boot. To add arguments for good, run "
		"'zbm-kcl -a ARGUMENT':\n");
	for (unsigned i = 0; i < wanted->n; i++)
		fprintf(out, "\n# %s\n%s\n", wanted->entries[i].title,
			wanted->entries[i].arguments);
	return 0;
}

const struct bootloader_ops bootloader_ops_kernelstub = {
	.read = read_kernelstub,
	.edit = edit_kernelstub,
	.copies = true,
	.hand_what = "files",
	.hand_where = "/boot/efi/loader/entries",
	.find_permanent = permanent_kernelstub,
};
const struct bootloader_ops bootloader_ops_ostree = {
	.read = read_ostree,
	.edit = edit_ostree,
	.hand_what = "arguments",
	.hand_where = "the deployments ('rpm-ostree kargs')",
	.find_permanent = permanent_ostree,
};
const struct bootloader_ops bootloader_ops_proxmox = {
	.read = read_proxmox,
	.edit = edit_proxmox,
	.hand_what = "parameters",
	.find_permanent = permanent_proxmox,
};
const struct bootloader_ops bootloader_ops_zfsbootmenu = {
	.edit = edit_zfsbootmenu,
	.hand_what = "parameters",
	.hand_where = "the properties ('zfs get org.zfsbootmenu:commandline')",
	.permanent_place =
		"in the property org.zfsbootmenu:commandline of the boot environment: 'zbm-kcl "
		"-a " PERMANENT_WORD "', or 'zfs set'",
};
const struct bootloader_ops bootloader_ops_nixos = {
	.read = read_nixos,
	.edit = edit_nixos,
	.hand_what = "specialisations",
	.hand_where = NIXOS_CONFIG,
	.permanent_place = "in boot.kernelParams in " NIXOS_CONFIG,
	.permanent_command = "run 'sudo nixos-rebuild boot'",
};
