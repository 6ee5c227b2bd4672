/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot loaders, one struct each, and the search for the one that counts. */
#include "bootloader.h"

#include <ctype.h>
#include <fcntl.h>
#include <fnmatch.h>

#include "base/base.h"
#include "efi_entry.h"
#include "facts/facts.h"
#include "grub_cfg.h"
#include "loader.h"
#include "sdbootutil.h"

#define ANY_IMAGE "/*.efi"

static bool found_image(void *data, const char *name)
{
	size_t len = strlen(name);

	if (len < 5 || strcasecmp(name + len - 4, ".efi") != 0)
		return true;
	text_join(data, BOOTLOADER_SIGN_SIZE, name, NULL);
	return false;
}

/* 1 when the directory has an image, whose name is in @path then; else as file_each_name(). */
static int has_image(const struct root *root, char path[static BOOTLOADER_SIGN_SIZE])
{
	char name[BOOTLOADER_SIGN_SIZE] = "", *end = strstr(path, ANY_IMAGE);
	int r;

	*end = '\0';
	r = file_each_name(root, path, found_image, name);
	if (name[0])
		text_join(end, BOOTLOADER_SIGN_SIZE - (size_t)(end - path), "/", name,
			NULL);
	return name[0] ? 1 : r;
}

/* 1, 0, or -errno when a directory above it is closed to us. */
static int is_there(const struct root *root, char path[static BOOTLOADER_SIGN_SIZE])
{
	_cleanup_close_ int fd = -1;
	int r;

	if (strstr(path, ANY_IMAGE))
		r = has_image(root, path);
	else
		r = fd = file_open(root, path, O_PATH);
	if (fd >= 0 || r > 0)
		return 1;
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static bool uses_bls(const struct root *root)
{
	_cleanup_free_ char *value =
		file_read_value(root, "/etc/default/grub", "GRUB_ENABLE_BLSCFG");

	return (value && strcmp(value, "true") == 0) || sdbootutil_has_grub(root);
}

int bootloader_detect(const struct root *root, const struct bootloader *loader,
	char ret_sign[static BOOTLOADER_SIGN_SIZE])
{
	int hidden = 0;

	if (loader->bls != BOOTLOADER_ANY_BLS &&
		uses_bls(root) != (loader->bls == BOOTLOADER_WITH_BLS))
		return 0;
	for (size_t i = 0; loader->files[i / ESP_PLACES_N]; i++) {
		const char *file = loader->files[i / ESP_PLACES_N];
		const char *place = esp_places[i % ESP_PLACES_N];
		char path[BOOTLOADER_SIGN_SIZE];
		int r;

		if (*file == '/' && i % ESP_PLACES_N)
			continue;
		text_join(path, sizeof(path), *file == '/' ? "" : place + 1,
			*file == '/' ? "" : "/", file + (*file == '/'), NULL);
		r = is_there(root, path);
		if (r > 0 || (r < 0 && !hidden))
			text_join(ret_sign, BOOTLOADER_SIGN_SIZE, path, NULL);
		if (r > 0)
			return 1;
		if (r < 0)
			hidden = r;
	}
	return hidden;
}

#define GRUB_CONFIG(directory, tools) directory "/grub.cfg",

/* Of two that name themselves alike the one whose files are there counts. */
static const struct bootloader bootloaders[] = {
	{.name = "rpm-ostree",
		.title = "rpm-ostree or bootc",
		.manages = true,
		.files = {"/run/ostree-booted"},
		.ops = &bootloader_ops_ostree},
	{.name = "nixos",
		.title = "NixOS",
		.manages = true,
		.files = {"/etc/NIXOS"},
		.ops = &bootloader_ops_nixos},
	{.name = "kernelstub",
		.title = "kernelstub",
		.variable = "LoaderInfo",
		.value = "systemd-boot",
		.manages = true,
		.files = {"/etc/kernelstub/configuration"},
		.ops = &bootloader_ops_kernelstub},
	{.name = "proxmox",
		.title = "proxmox-boot-tool",
		.manages = true,
		.files = {"/etc/kernel/proxmox-boot-uuids"},
		.ops = &bootloader_ops_proxmox},
	{.name = "zfsbootmenu",
		.title = "ZFSBootMenu",
		.programs = {"*/zbm/*.efi", "*/zfsbootmenu*.efi"},
		.files = {"EFI/ZBM", "EFI/zbm", "EFI/zfsbootmenu",
			"/etc/zfsbootmenu/config.yaml"},
		.ops = &bootloader_ops_zfsbootmenu},
	{.name = "uki",
		.title = "a unified kernel image",
		.variable = "StubInfo",
		.value = "",
		.programs = {"/efi/linux/*.efi"},
		.files = {"EFI/Linux" ANY_IMAGE},
		.ops = &bootloader_ops_uki},
	{.name = "systemd-boot",
		.title = "systemd-boot",
		.variable = "LoaderInfo",
		.value = "systemd-boot",
		.programs = {"*/systemd-boot*.efi"},
		.files = {"loader/loader.conf", "EFI/systemd"},
		.ops = &bootloader_ops_systemd_boot},
	/* Its entries may be closed to all but root; that their directory is there can be seen. */
	{.name = "grub-bls",
		.title = "GRUB with entries of the Boot Loader Specification",
		.variable = "LoaderInfo",
		.value = "GRUB",
		.programs = {"*/grub*.efi", "*/shim*.efi"},
		.files = {"/boot/loader/entries", "/boot/loader", "loader/entries"},
		.bls = BOOTLOADER_WITH_BLS,
		.ops = &bootloader_ops_grub_bls},
	{.name = "grub",
		.title = "GRUB",
		.variable = "LoaderInfo",
		.value = "GRUB",
		.programs = {"*/grub*.efi", "*/shim*.efi"},
		.files = {GRUB_CFG_DIRECTORIES(GRUB_CONFIG)},
		.bls = BOOTLOADER_WITHOUT_BLS,
		.ops = &bootloader_ops_grub},
	{.name = "refind",
		.title = "rEFInd",
		.variable = "LoaderInfo",
		.value = "rEFInd",
		.programs = {"*/refind*.efi"},
		.files = {"refind_linux.conf", "EFI/refind/refind.conf"},
		.ops = &bootloader_ops_refind},
	{.name = "limine",
		.title = "Limine",
		.variable = "LoaderInfo",
		.value = "Limine",
		.programs = {"*/limine*.efi", "*/*limine*/*.efi"},
		.files = {"EFI/limine/limine.conf", "limine.conf", "limine/limine.conf",
			"boot/limine.conf", "boot/limine/limine.conf",
			"EFI/BOOT/limine.conf", "limine.cfg"},
		.ops = &bootloader_ops_limine},
	{.name = "extlinux",
		.title = "extlinux or U-Boot",
		.files = {"/boot/extlinux/extlinux.conf", "/boot/extlinux.conf",
			"/extlinux/extlinux.conf", "/boot/syslinux/syslinux.cfg"},
		.ops = &bootloader_ops_extlinux},
};

/* What is said of the loader: by this boot, and by the firmware of the next one. */
struct words {
	char loader[64], stub[64]; /* LoaderInfo and StubInfo; "" */
	struct efi_entry entry;    /* that starts by default; {0}: not known */
	bool other;                /* it is not the one of this boot */
};

static bool is_of_stub(const struct bootloader *loader)
{
	return loader->variable && strcmp(loader->variable, "StubInfo") == 0;
}

static const char *word_for(const struct words *words, const struct bootloader *loader)
{
	const char *word = is_of_stub(loader) ? words->stub : words->loader;

	return loader->variable && *word &&
			strncmp(word, loader->value, strlen(loader->value)) == 0
		? word
		: "";
}

static bool matches(const struct efi_entry *entry, const char *const *patterns, size_t n)
{
	for (size_t i = 0; i < n && patterns[i]; i++)
		if (fnmatch(patterns[i], entry->path, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

static bool is_program(const struct efi_entry *entry, const struct bootloader *loader)
{
	return matches(entry, loader->programs, ARRAY_SIZE(loader->programs));
}

/*
 * Whether it has a name that says nothing of what is in it: of a copy, or what starts others.  Firmware that
 * knows no name but that of Windows is given a copy under it, which has started this system.
 */
static bool may_be_any(const struct words *words)
{
	static const char *const names[] = {"*/shim*.efi", "/efi/boot/boot*.efi",
		"*/bootx64.efi", "*/bootaa64.efi", "*/bootia32.efi", "*/bootmgfw.efi"};

	return !words->entry.path[0] || matches(&words->entry, names, ARRAY_SIZE(names));
}

/* A kernel has a stub for the firmware, which needs no loader. */
static bool is_kernel(const struct efi_entry *entry)
{
	static const char *const kernels[] = {"*vmlinu*", "*bzimage*", "*/linux*.efi",
		"*/kernel*.efi", "*/linux", "*/kernel"};

	return matches(entry, kernels, ARRAY_SIZE(kernels));
}

/* A stub may have been started by a loader: that has the menu, unless it is systemd-boot (uki.c). */
static bool is_between(const struct words *words)
{
	if (words->loader[0])
		return !text_begins_with(words->loader, "systemd-boot");
	for (size_t i = 0; i < ARRAY_SIZE(bootloaders) && !may_be_any(words); i++)
		if (bootloaders[i].variable && !is_of_stub(&bootloaders[i]) &&
			is_program(&words->entry, &bootloaders[i]))
			return true;
	return false;
}

static bool is_loader(const struct efi_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(bootloaders); i++)
		if (is_program(entry, &bootloaders[i]))
			return true;
	return false;
}

int bootloader_entry(const struct root *root, struct efi_entry *ret, bool *ret_other,
	char ret_instead[static BOOTLOADER_SIGN_SIZE])
{
	int r = efi_entry_default(root, ret, ret_other);

	ret_instead[0] = '\0';
	if (r == 0 && *ret_other && !is_loader(ret)) {
		text_join(ret_instead, BOOTLOADER_SIGN_SIZE, ret->path, NULL);
		*ret_other = false;
		r = efi_entry_current(root, ret);
	}
	if (r < 0) {
		*ret = (struct efi_entry){0};
		*ret_other = false;
	}
	return r;
}

static void read_words(
	const struct root *root, struct words *ret, struct bootloader_search *search)
{
	*ret = (struct words){0};
	bootloader_entry(root, &ret->entry, &ret->other, search->instead);
	if (ret->other)
		return;
	if (efivar_read_text(root, "LoaderInfo", ret->loader, sizeof(ret->loader)) < 0)
		ret->loader[0] = '\0';
	if (efivar_read_text(root, "StubInfo", ret->stub, sizeof(ret->stub)) < 0 ||
		is_between(ret))
		ret->stub[0] = '\0';
}

const char *bootloader_sign(
	const struct bootloader_search *search, const struct bootloader *loader)
{
	for (size_t i = 0; i < search->n; i++)
		if (search->found[i].loader == loader)
			return search->found[i].sign;
	return "";
}

/* A program that writes the entries of others, unless one that it does not know has started. */
static const struct bootloader *find_manager(
	const struct words *words, const struct bootloader_search *search)
{
	for (size_t i = 0; i < search->n; i++) {
		const struct bootloader *loader = search->found[i].loader;

		if (loader->manages &&
			(!loader->variable || !words->loader[0] ||
				*word_for(words, loader)))
			return loader;
	}
	return NULL;
}

/* The one that the words name, best one whose files are there. */
static const struct bootloader *find_named(const struct words *words,
	const struct bootloader_search *search, bool by_program)
{
	const struct bootloader *named = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bootloaders); i++) {
		const struct bootloader *loader = &bootloaders[i];

		if (loader->manages ||
			!(by_program ? is_program(&words->entry, loader)
				     : *word_for(words, loader)))
			continue;
		if (*bootloader_sign(search, loader))
			return loader;
		named = loader;
	}
	return named;
}

/* A stub has started what ZFSBootMenu is, too, and what that starts afterwards is the system. */
static const struct bootloader *find_owner(
	const struct words *words, struct bootloader_search *search)
{
	const struct bootloader *manager = find_manager(words, search);
	const struct bootloader *program = find_named(words, search, true);
	const struct bootloader *named = find_named(words, search, false);

	if (!program && !words->loader[0] && !words->stub[0] && !may_be_any(words) &&
		(!manager || is_kernel(&words->entry))) {
		text_join(search->named, sizeof(search->named), words->entry.path, NULL);
		search->is_program = true;
		return NULL;
	}
	if (manager)
		return manager;
	if (program && !program->variable)
		return program;
	/* shim starts the one or the other. */
	if (named && is_of_stub(named) && !words->loader[0] && program &&
		program != named && *bootloader_sign(search, program))
		return NULL;
	if (named)
		text_join(search->named, sizeof(search->named), word_for(words, named),
			NULL);
	if (named || words->loader[0])
		return named;
	if (program)
		return program;
	return search->n == 1 && !search->hidden ? search->found[0].loader : NULL;
}

/* The partition from which it was started, in lower case; "" where nothing says it. */
static void find_partition(const struct root *root, const struct words *words,
	const struct bootloader *loader, char ret[static EFI_UUID_SIZE])
{
	if (words->other ||
		efivar_read_text(root,
			is_of_stub(loader) ? "StubDevicePartUUID"
					   : "LoaderDevicePartUUID",
			ret, EFI_UUID_SIZE) < 0)
		text_join(ret, EFI_UUID_SIZE, words->entry.partition, NULL);
	for (char *p = ret; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

/*
 * Whether the partition would have to be mounted at one of the places to see what the loader does.  A menu on
 * the root file system can be seen as it is; but another ESP that is mounted has to be kept like the
 * one from which this boot was started.
 */
static bool is_missing(const struct root *root, const struct words *words,
	const struct bootloader_search *search, const char *partition)
{
	const char *sign = bootloader_sign(search, search->owner);
	bool is_on_esp = search->owner->files[0][0] != '/';

	if (!*sign)
		return !search->hidden &&
			!(*partition && esp_is_mounted(root, partition, !is_on_esp));
	if (!*partition || !esp_is_other(root, partition, is_on_esp ? sign : ""))
		return false;
	return is_on_esp || words->other || !words->entry.path[0] ||
		!esp_may_have(root, words->entry.path);
}

/* Whether it is a loader whose files no mounted partition has. */
static void check_mounted(const struct root *root, const struct words *words,
	struct bootloader_search *search)
{
	char partition[EFI_UUID_SIZE] = "";
	const char *place;

	if (!search->owner || search->owner->manages)
		return;
	find_partition(root, words, search->owner, partition);
	if (!is_missing(root, words, search, partition))
		return;
	if (!*partition || esp_is_mounted(root, partition, true)) {
		text_join(search->unmounted, sizeof(search->unmounted), "its partition",
			*partition ? " at /efi, /boot/efi or /boot" : "", NULL);
		return;
	}
	text_join(search->unmounted, sizeof(search->unmounted), "/" TREE_BY_PARTUUID "/",
		partition, NULL);
	place = esp_free_place(root);
	if (place)
		text_join(search->mount, sizeof(search->mount), "sudo mount ",
			file_exists(root, "%s", place) ? "" : "--mkdir ",
			search->unmounted, " ", place, NULL);
}

int bootloader_say_unmounted(
	const struct bootloader_search *search, struct message *message)
{
	if (search->mount[0])
		message_remedy(message, "run '%s' and then this again", search->mount);
	else
		message_remedy(message,
			"mount the EFI system partition%s and run this again",
			search->unmounted[0] == '/'
				? " from which it was started, in place of the other"
				: strchr(search->unmounted, '/')
				? " at one of these places"
				: "");
	return message_set(message, -ENODEV,
		"%s starts this machine, and %s is not mounted", search->owner->title,
		search->unmounted);
}

void bootloader_find(const struct root *root, struct bootloader_search *ret)
{
	struct bootloader_search search = {0};
	struct words words;

	for (size_t i = 0; i < ARRAY_SIZE(bootloaders); i++) {
		char sign[BOOTLOADER_SIGN_SIZE] = "";
		int r = bootloader_detect(root, &bootloaders[i], sign);

		if (r > 0) {
			strcpy(search.found[search.n].sign, sign);
			search.found[search.n++].loader = &bootloaders[i];
		}
		if (r < 0 && !search.hidden)
			strcpy(search.hidden_at, sign);
		search.hidden |= r < 0;
	}
	read_words(root, &words, &search);
	search.owner = find_owner(&words, &search);
	if (!search.named[0] && words.loader[0])
		text_join(search.named, sizeof(search.named), words.loader, NULL);
	check_mounted(root, &words, &search);
	*ret = search;
}

const struct bootloader *bootloader_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(bootloaders); i++)
		if (strcmp(bootloaders[i].name, name) == 0)
			return &bootloaders[i];
	return NULL;
}

const struct bootloader *bootloader_at(size_t index)
{
	return index < ARRAY_SIZE(bootloaders) ? &bootloaders[index] : NULL;
}

void bootloader_names(char ret[static BOOTLOADER_NAMES_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bootloaders); i++)
		used += text_join(ret + used, BOOTLOADER_NAMES_SIZE - used,
			i == 0                                     ? ""
				: i + 1 == ARRAY_SIZE(bootloaders) ? " or "
								   : ", ",
			bootloaders[i].name, NULL);
}
