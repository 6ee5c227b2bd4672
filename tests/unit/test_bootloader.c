/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boot loader counts, where several have left their files. */
#include "support.h"

#include <stdio.h>

#include "chain/bootloader.h"
#include "facts/efivar.h"

/* "OWNER: NAME=SIGN ...", with "-" for no owner. */
static void expect(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct bootloader_search search;
	char text[1024];
	size_t len;

	bootloader_find(&root, &search);
	len = (size_t)snprintf(text, sizeof(text),
		"%s%s%s:", search.owner ? search.owner->name : "-",
		*search.named ? " " : "", search.named);
	for (size_t i = 0; i < search.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%s",
			search.found[i].loader->name, search.found[i].sign);
	assert_string_equal(text, expected);
	assert_false(search.hidden);
}

static void test_names(void **state)
{
	char names[BOOTLOADER_NAMES_SIZE];

	(void)state;
	bootloader_names(names);
	assert_string_equal(names,
		"rpm-ostree, kernelstub, uki, systemd-boot, grub-bls, grub, refind, limine or "
		"extlinux");
}

static void test_one(void **state)
{
	(void)state;
	expect("-:");
	fake_put("boot/grub/grub.cfg", "");
	expect("grub: grub=boot/grub/grub.cfg");
	/* The directory alone is made by every kernel package. */
	fake_dir("boot/loader/entries");
	fake_dir("efi/EFI/Linux");
	fake_put("efi/EFI/Linux/readme.txt", "");
	expect("grub: grub=boot/grub/grub.cfg");
}

static void test_blscfg(void **state)
{
	(void)state;
	fake_put("boot/grub2/grub.cfg", "");
	fake_put("boot/loader/entries/a.conf", "");
	fake_put("etc/default/grub", "GRUB_TIMEOUT=5\nGRUB_ENABLE_BLSCFG=\"true\"\n");
	expect("grub-bls: grub-bls=boot/loader/entries");
	fake_efivar("LoaderInfo", "GRUB 2.12");
	expect("grub-bls GRUB 2.12: grub-bls=boot/loader/entries");
	fake_put("etc/default/grub", "GRUB_ENABLE_BLSCFG=false\n");
	expect("grub GRUB 2.12: grub=boot/grub2/grub.cfg");
}

static void test_several(void **state)
{
	(void)state;
	fake_put("boot/grub/grub.cfg", "");
	fake_put("boot/refind_linux.conf", "");
	expect("-: grub=boot/grub/grub.cfg refind=boot/refind_linux.conf");
	fake_efivar("LoaderInfo", "Something 1.0");
	expect("-: grub=boot/grub/grub.cfg refind=boot/refind_linux.conf");
	fake_efivar("LoaderInfo", "rEFInd 0.14.2");
	expect("refind rEFInd 0.14.2: grub=boot/grub/grub.cfg "
	       "refind=boot/refind_linux.conf");
}

static void test_uki(void **state)
{
	(void)state;
	fake_put("efi/EFI/systemd/systemd-bootx64.efi", "");
	fake_put("efi/EFI/Linux/linux.EFI", "");
	expect("-: uki=efi/EFI/Linux/linux.EFI systemd-boot=efi/EFI/systemd");
	fake_efivar("LoaderInfo", "systemd-boot 257.9");
	expect("systemd-boot systemd-boot 257.9: uki=efi/EFI/Linux/linux.EFI "
	       "systemd-boot=efi/EFI/systemd");
	fake_efivar("StubInfo", "systemd-stub 257.9");
	expect("uki systemd-stub 257.9: uki=efi/EFI/Linux/linux.EFI "
	       "systemd-boot=efi/EFI/systemd");
}

static void test_managers(void **state)
{
	(void)state;
	fake_put("boot/efi/loader/loader.conf", "");
	fake_put("etc/kernelstub/configuration", "{}");
	fake_efivar("LoaderInfo", "systemd-boot 257.9");
	expect("kernelstub: kernelstub=etc/kernelstub/configuration "
	       "systemd-boot=boot/efi/loader/loader.conf");
	fake_put("run/ostree-booted", "");
	expect("rpm-ostree: rpm-ostree=run/ostree-booted "
	       "kernelstub=etc/kernelstub/configuration "
	       "systemd-boot=boot/efi/loader/loader.conf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_one, fake_set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_blscfg, fake_set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(
			test_several, fake_set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_uki, fake_set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(
			test_managers, fake_set_up, fake_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
