/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot loaders, one struct each, and the search for the one that counts. */
#include "bootloader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/base.h"
#include "chain/loaders/loader.h"
#include "esp.h"
#include "facts/facts.h"

/* 1, 0, or -errno when a directory above it is closed to us. */
static int is_there(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = file_open(root, path, O_PATH);

	if (fd >= 0)
		return 1;
	return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
}

/* Looks for files by their whole names. */
static int find_file(const struct root *root, const char *const *paths, size_t n,
	char *ret_sign, size_t size)
{
	int hidden = 0;

	for (size_t i = 0; i < n; i++) {
		int r = is_there(root, paths[i]);

		if (r > 0) {
			text_join(ret_sign, size, paths[i], NULL);
			return 1;
		}
		if (r < 0 && !hidden)
			text_join(ret_sign, size, paths[i], NULL);
		if (r < 0)
			hidden = r;
	}
	return hidden;
}

/* Looks for files by their names on whatever the firmware reads. */
static int find_boot_file(const struct root *root, const char *const *names, size_t n,
	char *ret_sign, size_t size)
{
	int hidden = 0;

	for (size_t i = 0; i < n * ESP_PLACES_N; i++) {
		char path[BOOTLOADER_SIGN_SIZE];
		int r;

		text_join(path, sizeof(path), esp_places[i % ESP_PLACES_N] + 1, "/",
			names[i / ESP_PLACES_N], NULL);
		r = is_there(root, path);
		if (r > 0) {
			text_join(ret_sign, size, path, NULL);
			return 1;
		}
		if (r < 0 && !hidden)
			text_join(ret_sign, size, path, NULL);
		if (r < 0)
			hidden = r;
	}
	return hidden;
}

static int detect_ostree(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const paths[] = {"run/ostree-booted"};

	return find_file(root, paths, ARRAY_SIZE(paths), ret_sign, size);
}

static int detect_kernelstub(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const paths[] = {"etc/kernelstub/configuration"};

	return find_file(root, paths, ARRAY_SIZE(paths), ret_sign, size);
}

struct uki_search {
	char name[BOOTLOADER_SIGN_SIZE];
};

static bool found_efi_file(void *data, const char *name)
{
	struct uki_search *search = data;
	size_t len = strlen(name);

	if (len < 5 || strcasecmp(name + len - 4, ".efi") != 0)
		return true;
	text_join(search->name, sizeof(search->name), name, NULL);
	return false;
}

static int detect_uki(const struct root *root, char *ret_sign, size_t size)
{
	int hidden = 0;

	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		struct uki_search search = {0};
		char path[BOOTLOADER_SIGN_SIZE];
		int r;

		text_join(path, sizeof(path), esp_places[i] + 1, "/EFI/Linux", NULL);
		r = file_each_name(root, path, found_efi_file, &search);
		if (search.name[0]) {
			text_join(ret_sign, size, path, "/", search.name, NULL);
			return 1;
		}
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0 && !hidden)
			text_join(ret_sign, size, path, NULL);
		if (r < 0)
			hidden = r;
	}
	return hidden;
}

static int detect_systemd_boot(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const names[] = {"loader/loader.conf", "EFI/systemd"};

	return find_boot_file(root, names, ARRAY_SIZE(names), ret_sign, size);
}

static bool uses_bls(const struct root *root)
{
	_cleanup_free_ char *text = NULL, *value = NULL;

	if (file_read(root, "/etc/default/grub", &text, NULL) < 0)
		return false;
	value = text_value(text, "GRUB_ENABLE_BLSCFG");
	return value && strcmp(value, "true") == 0;
}

/* Its entries may be closed to all but root; that their directory is there can be seen. */
static int detect_grub_bls(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const paths[] = {"boot/loader/entries", "boot/loader"};

	if (!uses_bls(root))
		return 0;
	return find_file(root, paths, ARRAY_SIZE(paths), ret_sign, size);
}

static int detect_grub(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const paths[] = {"boot/grub/grub.cfg", "boot/grub2/grub.cfg"};

	if (uses_bls(root))
		return 0;
	return find_file(root, paths, ARRAY_SIZE(paths), ret_sign, size);
}

static int detect_refind(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const names[] = {
		"refind_linux.conf", "EFI/refind/refind.conf"};

	return find_boot_file(root, names, ARRAY_SIZE(names), ret_sign, size);
}

static int detect_limine(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const names[] = {"limine.conf", "limine/limine.conf",
		"EFI/limine/limine.conf", "EFI/BOOT/limine.conf", "limine.cfg"};

	return find_boot_file(root, names, ARRAY_SIZE(names), ret_sign, size);
}

static int detect_extlinux(const struct root *root, char *ret_sign, size_t size)
{
	static const char *const paths[] = {"boot/extlinux/extlinux.conf",
		"extlinux/extlinux.conf", "boot/syslinux/syslinux.cfg"};

	return find_file(root, paths, ARRAY_SIZE(paths), ret_sign, size);
}

/* Of two that name themselves alike the one whose files are there counts. */
static const struct bootloader bootloaders[] = {
	{"rpm-ostree", "rpm-ostree or bootc", NULL, NULL, true, detect_ostree,
		&bootloader_ops_ostree},
	{"kernelstub", "kernelstub", NULL, NULL, true, detect_kernelstub,
		&bootloader_ops_kernelstub},
	{"uki", "unified kernel image", "StubInfo", "", false, detect_uki,
		&bootloader_ops_uki},
	{"systemd-boot", "systemd-boot", "LoaderInfo", "systemd-boot", false,
		detect_systemd_boot, &bootloader_ops_systemd_boot},
	{"grub-bls", "GRUB with entries of the Boot Loader Specification", "LoaderInfo",
		"GRUB", false, detect_grub_bls, &bootloader_ops_grub_bls},
	{"grub", "GRUB", "LoaderInfo", "GRUB", false, detect_grub, &bootloader_ops_grub},
	{"refind", "rEFInd", "LoaderInfo", "rEFInd", false, detect_refind,
		&bootloader_ops_refind},
	{"limine", "Limine", "LoaderInfo", "Limine", false, detect_limine,
		&bootloader_ops_limine},
	{"extlinux", "extlinux or U-Boot", NULL, NULL, false, detect_extlinux,
		&bootloader_ops_extlinux},
};

/* Whether the loader named itself to the system at this boot; how, in @ret. */
static bool names_itself(
	const struct root *root, const struct bootloader *loader, char *ret, size_t size)
{
	char text[64];

	if (!loader->variable ||
		efivar_read_text(root, loader->variable, EFI_LOADER, text, sizeof(text)) <
			0 ||
		strncmp(text, loader->value, strlen(loader->value)) != 0)
		return false;
	text_join(ret, size, text, NULL);
	return true;
}

/* One that manages others; else one that names itself; else the only one. */
static const struct bootloader *find_owner(
	const struct root *root, struct bootloader_search *search)
{
	for (size_t i = 0; i < search->n; i++)
		if (search->found[i].loader->manages)
			return search->found[i].loader;
	for (size_t i = 0; i < search->n; i++)
		if (names_itself(root, search->found[i].loader, search->named,
			    sizeof(search->named)))
			return search->found[i].loader;
	/* With hidden files there may be more than these; what names itself is sure. */
	for (size_t i = ARRAY_SIZE(bootloaders); search->hidden && i-- > 0;)
		if (names_itself(
			    root, &bootloaders[i], search->named, sizeof(search->named)))
			return &bootloaders[i];
	return search->n == 1 && !search->hidden ? search->found[0].loader : NULL;
}

void bootloader_find(const struct root *root, struct bootloader_search *ret)
{
	struct bootloader_search search = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bootloaders); i++) {
		char sign[BOOTLOADER_SIGN_SIZE] = "";
		int r = bootloaders[i].detect(root, sign, sizeof(sign));

		if (r > 0) {
			strcpy(search.found[search.n].sign, sign);
			search.found[search.n++].loader = &bootloaders[i];
		}
		if (r < 0 && !search.hidden)
			strcpy(search.hidden_at, sign);
		search.hidden |= r < 0;
	}
	search.owner = find_owner(root, &search);
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
