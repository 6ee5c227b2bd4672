/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot loaders, one struct each, and the search for the one that counts. */
#include "bootloader.h"

#include <fcntl.h>

#include "base/base.h"
#include "chain/loaders/loader.h"
#include "esp.h"
#include "facts/facts.h"

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
	_cleanup_free_ char *text = NULL, *value = NULL;

	if (file_read(root, "/etc/default/grub", &text, NULL) < 0)
		return false;
	value = text_value(text, "GRUB_ENABLE_BLSCFG");
	return value && strcmp(value, "true") == 0;
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

/* Of two that name themselves alike the one whose files are there counts. */
static const struct bootloader bootloaders[] = {
	{"rpm-ostree", "rpm-ostree or bootc", NULL, NULL, true, {"/run/ostree-booted"},
		BOOTLOADER_ANY_BLS, &bootloader_ops_ostree},
	{"kernelstub", "kernelstub", NULL, NULL, true, {"/etc/kernelstub/configuration"},
		BOOTLOADER_ANY_BLS, &bootloader_ops_kernelstub},
	{"uki", "unified kernel image", "StubInfo", "", false, {"EFI/Linux" ANY_IMAGE},
		BOOTLOADER_ANY_BLS, &bootloader_ops_uki},
	{"systemd-boot", "systemd-boot", "LoaderInfo", "systemd-boot", false,
		{"loader/loader.conf", "EFI/systemd"}, BOOTLOADER_ANY_BLS,
		&bootloader_ops_systemd_boot},
	/* Its entries may be closed to all but root; that their directory is there can be seen. */
	{"grub-bls", "GRUB with entries of the Boot Loader Specification", "LoaderInfo",
		"GRUB", false, {"/boot/loader/entries", "/boot/loader"},
		BOOTLOADER_WITH_BLS, &bootloader_ops_grub_bls},
	{"grub", "GRUB", "LoaderInfo", "GRUB", false,
		{"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"}, BOOTLOADER_WITHOUT_BLS,
		&bootloader_ops_grub},
	{"refind", "rEFInd", "LoaderInfo", "rEFInd", false,
		{"refind_linux.conf", "EFI/refind/refind.conf"}, BOOTLOADER_ANY_BLS,
		&bootloader_ops_refind},
	{"limine", "Limine", "LoaderInfo", "Limine", false,
		{"limine.conf", "limine/limine.conf", "EFI/limine/limine.conf",
			"EFI/BOOT/limine.conf", "limine.cfg"},
		BOOTLOADER_ANY_BLS, &bootloader_ops_limine},
	{"extlinux", "extlinux or U-Boot", NULL, NULL, false,
		{"/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf",
			"/boot/syslinux/syslinux.cfg"},
		BOOTLOADER_ANY_BLS, &bootloader_ops_extlinux},
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
		int r = bootloader_detect(root, &bootloaders[i], sign);

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
