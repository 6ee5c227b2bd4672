/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernels are installed, in the layouts of several distributions. */
#include <errno.h>
#include <stdio.h>

#include "facts/kernels.h"
#include "support.h"

static void expect(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(kernels_free) struct kernels kernels = {0};
	char text[1024] = "";

	assert_int_equal(kernels_find(&root, &kernels), 0);
	for (size_t i = 0; i < kernels.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s\n",
			kernels.kernels[i].release, kernels.kernels[i].file);
	assert_string_equal(text, expected);
}

static void test_none(void **state)
{
	expect("");
	fake_put("usr/lib/modules/6.1/modules.dep", "");
	expect(""); /* what is left of a kernel that was removed */
	fake_put("boot/vmlinuz-6.2", "");
	expect("");
}

static void test_order(void **state)
{
	fake_put("lib/modules/6.1.0-9-amd64/modules.dep", "");
	fake_put("boot/vmlinuz-6.1.0-9-amd64", "");
	fake_put("lib/modules/6.1.0-50-amd64/modules.dep", "");
	fake_put("boot/vmlinuz-6.1.0-50-amd64", "");
	fake_put("lib/modules/6.12.1/kernel/x", "");
	fake_put("boot/vmlinuz-6.12.1", "");
	expect("6.12.1 /boot/vmlinuz-6.12.1\n"
	       "6.1.0-50-amd64 /boot/vmlinuz-6.1.0-50-amd64\n"
	       "6.1.0-9-amd64 /boot/vmlinuz-6.1.0-9-amd64\n");
}

static void test_merged_usr(void **state)
{
	fake_link("lib", "usr/lib");
	fake_put("usr/lib/modules/6.1/modules.dep", "");
	fake_put("boot/vmlinuz-6.1", "");
	expect("6.1 /boot/vmlinuz-6.1\n");
}

static void test_arch(void **state)
{
	fake_put("usr/lib/modules/6.17.1-arch1-1/modules.dep", "");
	fake_put("usr/lib/modules/6.17.1-arch1-1/vmlinuz", "");
	fake_put("usr/lib/modules/6.17.1-arch1-1/pkgbase", "linux\n");
	expect("6.17.1-arch1-1 /usr/lib/modules/6.17.1-arch1-1/vmlinuz\n");
	fake_put("boot/vmlinuz-linux", "");
	expect("6.17.1-arch1-1 /boot/vmlinuz-linux\n");
}

/* Named by series, by package, on the ESP: what is in the file says whose it is. */
static void test_by_content(void **state)
{
	fake_put("usr/lib/modules/6.0.11-1-X/modules.dep", "");
	fake_put("usr/lib/modules/6.0.11-1-X/pkgbase", "linux60\n");
	fake_put("usr/lib/modules/6.0.11-1-X/vmlinuz", "");
	fake_put("usr/lib/modules/6.6.22-1-lts/modules.dep", "");
	fake_bzimage("boot/vmlinuz-6.0-x86_64", "6.0.11-1-X");
	fake_bzimage("efi/token/6.0.11-1-X/linux", "6.0.11-1-X"); /* a copy */
	fake_bzimage("efi/EFI/arch/vmlinuz-linux-lts", "6.6.22-1-lts");
	fake_put("boot/grub/x86_64-efi/linux.mod", "ELF");
	expect("6.6.22-1-lts /efi/EFI/arch/vmlinuz-linux-lts\n"
	       "6.0.11-1-X /boot/vmlinuz-6.0-x86_64\n");
}

/* The package was updated: the older modules have its name, too, and no kernel any more. */
static void test_package_of_two(void **state)
{
	fake_put("usr/lib/modules/6.17.1-arch1-1/modules.dep", "");
	fake_put("usr/lib/modules/6.17.1-arch1-1/pkgbase", "linux\n");
	fake_put("usr/lib/modules/6.18.2-arch1-1/modules.dep", "");
	fake_put("usr/lib/modules/6.18.2-arch1-1/pkgbase", "linux\n");
	fake_bzimage("boot/vmlinuz-linux", "6.18.2-arch1-1");
	expect("6.18.2-arch1-1 /boot/vmlinuz-linux\n");
}

static void test_links_of_another_machine(void **state)
{
	fake_put("usr/lib/modules/6.1/modules.dep", "");
	fake_put("data/vmlinuz", "");
	fake_link("boot/vmlinuz-6.1", "/data/vmlinuz");
	expect("6.1 /boot/vmlinuz-6.1\n");
}

static void test_running(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	char release[64];

	assert_int_equal(kernels_running(&root, release, sizeof(release)), -ENOENT);
	fake_put("proc/sys/kernel/osrelease", "6.1\n");
	assert_int_equal(kernels_running(&root, release, sizeof(release)), 0);
	assert_string_equal(release, "6.1");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_order),
		TEST(test_merged_usr),
		TEST(test_arch),
		TEST(test_by_content),
		TEST(test_package_of_two),
		TEST(test_links_of_another_machine),
		TEST(test_running),
	};

	return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
