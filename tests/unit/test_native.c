/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Native drivers: the order of functions, what goes along with them, and modules of a kernel that is
 * played.  libkmod is asked in another process, so the played modules are files of the tree.
 *
 * Linked with --wrap for kmod_module_new_from_name, kmod_module_probe_insert_module and
 * kmod_module_remove_module.
 */
#include "support.h"

#include <errno.h>
#include <libkmod.h>

#include "handover/native.h"

static struct pcibus bus;
static struct pcibus_function functions[8];
static struct message message;
static int fault; /* what the kernel answers */

/* ---- the kernel ---------------------------------------------------------------------------- */

int __wrap_kmod_module_new_from_name(
	struct kmod_ctx *kmod, const char *name, struct kmod_module **ret);
int __wrap_kmod_module_probe_insert_module(struct kmod_module *module, unsigned int flags,
	const char *options,
	int (*run)(struct kmod_module *m, const char *command, void *data),
	const void *data,
	void (*print)(struct kmod_module *m, bool install, const char *options));
int __wrap_kmod_module_remove_module(struct kmod_module *module, unsigned int flags);

/* Its name is all that there is of a module. */
int __wrap_kmod_module_new_from_name(
	struct kmod_ctx *kmod, const char *name, struct kmod_module **ret)
{
	(void)kmod;
	*ret = (struct kmod_module *)name;
	return 0;
}

static void put_module(const char *name, const char *refcnt)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/module/%s/initstate", name);
	fake_put(path, "live\n");
	snprintf(path, sizeof(path), "sys/module/%s/refcnt", name);
	fake_put(path, refcnt);
	snprintf(path, sizeof(path), "sys/module/%s/holders", name);
	fake_dir(path);
}

int __wrap_kmod_module_probe_insert_module(struct kmod_module *module, unsigned int flags,
	const char *options,
	int (*run)(struct kmod_module *m, const char *command, void *data),
	const void *data,
	void (*print)(struct kmod_module *m, bool install, const char *options))
{
	(void)options, (void)run, (void)data, (void)print;
	if (fault)
		return fault;
	assert_int_equal(flags, 0);
	put_module((const char *)module, "0\n");
	return 0;
}

int __wrap_kmod_module_remove_module(struct kmod_module *module, unsigned int flags)
{
	char path[128];

	if (fault)
		return fault;
	if (flags) /* by force */
		return -EINVAL;
	snprintf(path, sizeof(path), "sys/module/%s/initstate", (const char *)module);
	fake_remove(path);
	return 0;
}

/* ---- functions ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
	bus = (struct pcibus){.functions = functions};
	message = (struct message){0};
	fault = 0;
	return fake_set_up(state);
}

/* A function by its path, on the bus @number; they come in the order of their addresses. */
static struct pci_address put(const char *path, uint8_t number, uint16_t vendor,
	uint32_t class, const char *driver)
{
	struct pcidev *dev = &functions[bus.n].dev;

	functions[bus.n] = (struct pcibus_function){.group = (int)bus.n};
	assert_int_equal(pci_path_parse(path, PCI_NAME_WHOLE, &dev->path, NULL), 0);
	dev->address.bus = number;
	dev->address.devfn = dev->path.devfn[dev->path.depth - 1];
	dev->ids = (struct pci_ids){.vendor = vendor, .class = class};
	strcpy(dev->driver, driver);
	bus.n++;
	return dev->address;
}

static void test_rows(void **state)
{
	assert_string_equal(native_find("nouveau")->name, "");
	assert_null(native_find("bochs")->modules);
	assert_false(native_find("")->hangs);
	assert_true(native_find("nvidia")->hangs);
	assert_string_equal(
		native_find("nvidia")->units[0], "nvidia-persistenced.service");
	assert_non_null(strstr(native_find("nvidia")->unknown, "persistence"));
	assert_true(native_find("mlx5_vfio_pci")->hangs);
	for (const char *const *at = native_find("nvidia")->modules; *at; at++)
		if (!at[1])
			assert_string_equal(*at, "nvidia");
}

static void test_order(void **state)
{
	struct pci_address all[4];

	all[0] = put("00:01.0/00.0", 1, 0x10de, 0x030000, "nvidia");
	all[1] = put("00:01.0/00.1", 1, 0x10de, 0x040300, "snd_hda_intel");
	all[2] = put("00:01.0/00.2", 1, 0x10de, 0x0c0330, "xhci_hcd");
	all[3] = put("00:01.0/00.3", 1, 0x10de, 0x0c8000, "");
	native_sort(&bus, all, 4);
	assert_int_equal(all[0].devfn, 1);
	assert_int_equal(all[1].devfn, 2);
	assert_int_equal(all[2].devfn, 3);
	assert_int_equal(all[3].devfn, 0);
	native_sort(&bus, NULL, 0);
}

static void test_sound(void **state)
{
	struct pci_address display = put("00:02.0", 0, 0x8086, 0x030000, "i915"),
			   found[2];
	struct pci_address sound = put("00:1f.3", 0, 0x8086, 0x040300, "snd_hda_intel");
	struct pci_address both[] = {display, sound};

	put("00:1f.4", 0, 0x8086, 0x0c0500, "i801_smbus");
	put("00:1b.0", 0, 0x1022, 0x040300, "snd_hda_intel");
	assert_int_equal(native_find_sound(&bus, &display, 1, found, 2), 1);
	assert_true(pci_address_equal(found[0], sound));
	assert_int_equal(native_find_sound(&bus, &display, 1, found, 0), -ENOBUFS);
	/* It is given, too; it is not asked for; nobody has it. */
	assert_int_equal(native_find_sound(&bus, both, 2, found, 2), 0);
	assert_int_equal(native_find_sound(&bus, &sound, 1, found, 2), 0);
	functions[1].dev.driver[0] = '\0';
	assert_int_equal(native_find_sound(&bus, &display, 1, found, 2), 0);
	strcpy(functions[1].dev.driver, "sof-audio-pci-intel-tgl");
	assert_int_equal(native_find_sound(&bus, &display, 1, found, 2), 1);
	strcpy(functions[0].dev.driver, "bochs");
	assert_int_equal(native_find_sound(&bus, &display, 1, found, 2), 0);
}

/* On a card with a switch its display and its sound are two bridges below the same one. */
static void test_sound_behind_switch(void **state)
{
	struct pci_address display, sound, found[2];

	put("00:1f.3", 0, 0x8086, 0x040300, "snd_hda_intel");
	display = put("00:01.0/00.0/01.0/00.0", 3, 0x8086, 0x030000, "xe");
	sound = put("00:01.0/00.0/04.0/00.0", 4, 0x8086, 0x040300, "snd_hda_intel");
	put("00:06.0/00.0/04.0/00.0", 9, 0x8086, 0x040300, "snd_hda_intel");
	assert_int_equal(native_find_sound(&bus, &display, 1, found, 2), 1);
	assert_true(pci_address_equal(found[0], sound));
}

static void test_others(void **state)
{
	const struct pci_address given[] = {{.bus = 1}, {.bus = 2}};
	_cleanup_(root_close) struct root root = {.fd = -1};

	root = fake_open();
	assert_int_equal(native_has_others(&root, "nvidia", given, 2), 0);
	fake_link("sys/bus/pci/drivers/nvidia/0000:01:00.0", "x");
	fake_link("sys/bus/pci/drivers/nvidia/module", "x");
	fake_put("sys/bus/pci/drivers/nvidia/unbind", "");
	assert_int_equal(native_has_others(&root, "nvidia", given, 2), 0);
	fake_link("sys/bus/pci/drivers/nvidia/0000:41:00.0", "x");
	assert_int_equal(native_has_others(&root, "nvidia", given, 2), 1);
}

static void test_card(void **state)
{
	const struct native_driver *amdgpu = native_find("amdgpu");
	struct pci_address both[2];

	both[0] = put("00:01.0/00.0", 3, 0x1002, 0x030000, "amdgpu");
	both[1] = put("00:01.0/00.1", 3, 0x1002, 0x040300, "snd_hda_intel");
	functions[0].dev.ids.subvendor = functions[1].dev.ids.subvendor = 0x1043;
	functions[0].dev.ids.subdevice = functions[1].dev.ids.subdevice = 1;
	assert_int_equal(native_refuse(&bus, amdgpu, both, 2, &message), 0);
	assert_int_equal(native_refuse(&bus, amdgpu, both + 1, 1, &message), 0);
	assert_int_equal(native_refuse(&bus, amdgpu, both, 1, &message), -EBUSY);
	assert_string_equal(message.text,
		"0000:03:00.1 is part of the same card as 0000:03:00.0, and amdgpu gives up "
		"a card only as a whole");
	assert_int_equal(native_refuse(&bus, native_find("bochs"), both, 1, NULL), 0);
}

/* ---- modules --------------------------------------------------------------------------------- */

static void test_unload(void **state)
{
	_cleanup_(root_close) struct root root = {.fd = -1};

	root = fake_open();
	assert_int_equal(native_unload(&root, "nvidia_uvm", &message), 0); /* not there */
	put_module("nvidia_uvm", "0\n");
	assert_true(native_is_loaded(&root, "nvidia-uvm"));
	assert_int_equal(native_unload(&root, "nvidia_uvm", &message), 0);
	assert_false(native_is_loaded(&root, "nvidia_uvm"));
	/* What is built in has a directory, and no state. */
	fake_put("sys/module/vga/parameters/x", "");
	assert_false(native_is_loaded(&root, "vga"));
}

static void test_module_in_use(void **state)
{
	_cleanup_(root_close) struct root root = {.fd = -1};

	root = fake_open();
	put_module("nvidia", "2\n");
	assert_int_equal(native_unload(&root, "nvidia", &message), -EBUSY);
	assert_string_equal(message.text, "the module nvidia is in use (2 times)");
	fake_link("sys/module/nvidia/holders/nvidia_uvm", "x");
	fake_link("sys/module/nvidia/holders/nvidia_modeset", "x");
	assert_int_equal(native_unload(&root, "nvidia", &message), -EBUSY);
	assert_string_equal(message.text,
		"the module nvidia is in use by nvidia_modeset, nvidia_uvm");
	assert_true(native_is_loaded(&root, "nvidia"));
	/* Somebody opens it between the look and the call. */
	put_module("nvidia_uvm", "0\n");
	fault = -EAGAIN;
	assert_int_equal(native_unload(&root, "nvidia_uvm", &message), -EBUSY);
	assert_non_null(strstr(message.text, "the module nvidia_uvm is in use"));
	fault = -EPERM;
	assert_int_equal(native_unload(&root, "nvidia_uvm", &message), -EPERM);
	assert_non_null(strstr(message.text, "cannot unload the module nvidia_uvm"));
}

static void test_load(void **state)
{
	_cleanup_(root_close) struct root root = {.fd = -1};

	root = fake_open();
	assert_int_equal(native_load(&root, "nvidia", &message), 0);
	assert_true(native_is_loaded(&root, "nvidia"));
	fault = -ENOENT;
	assert_int_equal(native_load(&root, "nvidia", &message), 0); /* it is */
	assert_int_equal(native_load(&root, "nvidia_drm", &message), -ENOENT);
	assert_string_equal(message.text,
		"cannot load the module nvidia_drm: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_order, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_sound, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(
			test_sound_behind_switch, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_others, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_card, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_unload, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(
			test_module_in_use, set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(test_load, set_up, fake_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
