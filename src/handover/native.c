/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of native drivers, and their modules.  libkmod works in a child, with a deadline: what a
 * module does when it begins or ends may hang.
 */
#include "native.h"

#include <libkmod.h>

#define MODULE_MS        60000 /* NVIDIA's takes seconds for each card */
#define MODULE_NAME_SIZE 64

#define CLASS_SOUND   0x04
#define CLASS_DISPLAY 0x03
#define INTEL         0x8086

#define VFIO "vfio-pci"

/* Those that use one another, the users first. */
static const char *const nvidia_modules[] = {
	"nvidia_peermem", "nvidia_uvm", "nvidia_drm", "nvidia_modeset", "nvidia", NULL};
static const char *const nvidia_units[] = {
	"nvidia-persistenced.service", "nvidia-powerd.service", NULL};

/*
 * The first one is of all others.
 *
 * nvidia: nv_pci_remove_helper() waits in a loop until nobody uses the card (kernel-open/nvidia/
 * nv-pci.c of its open modules).
 * snd_hda_intel: snd_card_free() waits until all files of the card are closed (sound/core/init.c).
 * vfio-pci: vfio_unregister_group_dev() waits for the guest (drivers/vfio/vfio_main.c).
 * i915, xe: sound/hda/hdac_i915.c.
 */
static const struct native_driver drivers[] = {
	{.name = "", .unknown = ""},
	{.name = "nvidia",
		.modules = nvidia_modules,
		.units = nvidia_units,
		.hangs = true,
		.unknown = "persistence mode that was set without nvidia-persistenced is "
			   "shown nowhere"},
	{.name = "amdgpu", .whole_card = true, .unknown = ""},
	{.name = "i915", .has_sound = true, .unknown = ""},
	{.name = "xe", .has_sound = true, .unknown = ""},
	{.name = "snd_hda_intel", .hangs = true, .unknown = ""},
	{.name = VFIO, .hangs = true, .unknown = ""},
};

const struct native_driver *native_find(const char *driver)
{
	if (pcidev_driver_is_vfio(driver))
		driver = VFIO; /* its variants do as it does */
	for (size_t i = 1; i < ARRAY_SIZE(drivers); i++)
		if (strcmp(drivers[i].name, driver) == 0)
			return &drivers[i];
	return &drivers[0];
}

/* ---- Functions -------------------------------------------------------------------------- */

static unsigned base_class(const struct pcibus *bus, struct pci_address address)
{
	const struct pcibus_function *function = pcibus_find(bus, address);

	return function ? function->dev.ids.class >> 16 : 0;
}

static int rank(const struct pcibus *bus, struct pci_address address)
{
	unsigned class = base_class(bus, address);

	return class == CLASS_SOUND ? 0 : class == CLASS_DISPLAY ? 2 : 1;
}

static int compare(const void *a, const void *b, void *bus)
{
	const struct pci_address *one = a, *other = b;
	int order = rank(bus, *one) - rank(bus, *other);

	return order ? order : pci_address_compare(*one, *other);
}

void native_sort(const struct pcibus *bus, struct pci_address *functions, size_t n)
{
	if (n)
		qsort_r(functions, n, sizeof(*functions), compare, (void *)bus);
}

static bool is_given(
	struct pci_address address, const struct pci_address *functions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pci_address_equal(functions[i], address))
			return true;
	return false;
}

/* Whether both paths have the same first @n bridges. */
static bool begin_alike(const struct pci_path *a, const struct pci_path *b, int n)
{
	return n >= 0 && a->domain == b->domain && a->bus == b->bus &&
		memcmp(a->devfn, b->devfn, (size_t)n * sizeof(*a->devfn)) == 0;
}

/*
 * As the kernel judges it (connectivity_check() of sound/hda/hdac_i915.c): on one bus, or both two
 * bridges below one, as on a card with a switch.
 */
static bool are_connected(const struct pcidev *display, const struct pcidev *sound)
{
	int depth = display->path.depth;

	if (display->address.domain == sound->address.domain &&
		display->address.bus == sound->address.bus)
		return true;
	return depth == sound->path.depth &&
		begin_alike(&display->path, &sound->path, depth - 3);
}

/* Whether the display's driver may have given the sound a component. */
static bool is_sound_of(const struct pcibus *bus, const struct pcidev *sound,
	const struct pci_address *functions, size_t n)
{
	if (sound->ids.class >> 16 != CLASS_SOUND || sound->ids.vendor != INTEL ||
		!*sound->driver || pcidev_driver_is_vfio(sound->driver))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct pcibus_function *display = pcibus_find(bus, functions[i]);

		if (display && native_find(display->dev.driver)->has_sound &&
			are_connected(&display->dev, sound))
			return true;
	}
	return false;
}

int native_find_sound(const struct pcibus *bus, const struct pci_address *functions,
	size_t n, struct pci_address *ret, size_t size)
{
	size_t found = 0;

	for (size_t i = 0; i < bus->n; i++) {
		const struct pcidev *dev = &bus->functions[i].dev;

		if (is_given(dev->address, functions, n) ||
			!is_sound_of(bus, dev, functions, n))
			continue;
		if (found == size)
			return -ENOBUFS;
		ret[found++] = dev->address;
	}
	return (int)found;
}

int native_has_others(const struct root *root, const char *driver,
	const struct pci_address *functions, size_t n)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	char path[sizeof(TREE_PCI_DRIVERS) + SYSFS_DRIVER_SIZE];
	int r;

	text_join(path, sizeof(path), TREE_PCI_DRIVERS "/", driver, NULL);
	r = file_list(root, path, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct pci_address address;

		if (pci_address_parse(names.names[i], PCI_NAME_WHOLE, &address, NULL) ==
				0 &&
			!is_given(address, functions, n))
			return 1;
	}
	return r;
}

int native_refuse(const struct pcibus *bus, const struct native_driver *driver,
	const struct pci_address *functions, size_t n, struct message *message)
{
	for (size_t i = 0; driver->whole_card && i < n; i++) {
		const struct pcibus_function *function = pcibus_find(bus, functions[i]);

		if (!function || strcmp(function->dev.driver, driver->name) != 0)
			continue;
		for (size_t j = 0; j < bus->n; j++) {
			const struct pcibus_function *other = &bus->functions[j];
			char name[PCI_ADDRESS_SIZE], rest[PCI_ADDRESS_SIZE];

			if (card_bond(bus, function, other) != CARD_PART ||
				is_given(other->dev.address, functions, n))
				continue;
			pci_address_format(function->dev.address, name);
			pci_address_format(other->dev.address, rest);
			message_remedy(message, "add it to the device set, too");
			return message_set(message, -EBUSY,
				"%s is part of the same card as %s, and %s gives up a "
				"card only as a whole",
				rest, name, driver->name);
		}
	}
	return 0;
}

/* ---- Modules ---------------------------------------------------------------------------- */

/* A file of the loaded module, with the name that the kernel gives it. */
static void module_path(const char *module, const char *file, char *ret, size_t size)
{
	char name[MODULE_NAME_SIZE];

	text_join(name, sizeof(name), module, NULL);
	for (char *at = name; (at = strchr(at, '-'));)
		*at = '_';
	text_join(ret, size, TREE_MODULE "/", name, "/", file, NULL);
}

bool native_is_loaded(const struct root *root, const char *module)
{
	char path[128];

	module_path(module, "initstate", path, sizeof(path));
	return file_exists(root, "%s", path);
}

/* Why it is in use: by other modules, or so often by something that has no name. */
static int say_users(const struct root *root, const char *module, const char *count,
	struct message *message)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	char path[128], users[256] = "";
	size_t len = 0;

	module_path(module, "holders", path, sizeof(path));
	file_list(root, path, &names);
	for (size_t i = 0; i < names.n; i++)
		len += text_join(users + len, sizeof(users) - len, i ? ", " : "",
			names.names[i], NULL);
	if (len)
		return message_set(
			message, -EBUSY, "the module %s is in use by %s", module, users);
	return message_set(
		message, -EBUSY, "the module %s is in use (%s times)", module, count);
}

/* It is read once more by the kernel itself: what comes meanwhile is no danger. */
static int refuse_used(
	const struct root *root, const char *module, struct message *message)
{
	char path[128], count[16];

	module_path(module, "refcnt", path, sizeof(path));
	if (file_read_line(root, path, count, sizeof(count)) < 0 ||
		strcmp(count, "0") == 0)
		return 0;
	return say_users(root, module, count, message);
}

/* libkmod would log what it meets; the callers say it. */
static void stay_silent(void *data, int priority, const char *file, int line,
	const char *function, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function, (void)format,
		(void)args;
}

struct module_job {
	const char *module;
	bool load;
};

/* In the child: returns an errno. */
static int do_module_job(void *data)
{
	const struct module_job *job = data;
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	struct kmod_module *module = NULL;
	int r = kmod ? 0 : -ENOMEM;

	child_unprepare();
	if (r == 0) {
		kmod_set_log_fn(kmod, stay_silent, NULL);
		r = kmod_module_new_from_name(kmod, job->module, &module);
	}
	if (r == 0 && job->load)
		/* No flag: a blacklist is about aliases, and this one is asked for by name. */
		r = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
	else if (r == 0)
		r = kmod_module_remove_module(module, 0);
	return r < 0 ? -r : 0;
}

static int run_module_job(const char *module, bool load)
{
	struct module_job job = {module, load};
	int r;

	child_prepare();
	r = child_run(do_module_job, &job, child_now() + MODULE_MS);
	child_unprepare();
	return r > 0 ? -r : r;
}

/* What a job left, which counts more than what it returned. */
static int judge(const struct root *root, const char *module, bool load, int r,
	struct message *message)
{
	const char *verb = load ? "load" : "unload";

	if (native_is_loaded(root, module) == load)
		return 0;
	if (r == -ETIMEDOUT)
		return message_set(message, r,
			"the module %s did not %s within %d seconds", module, verb,
			MODULE_MS / 1000);
	message_remedy(message, "see 'dmesg'");
	return message_errno(
		message, r < 0 ? r : -EIO, "cannot %s the module %s", verb, module);
}

int native_unload(const struct root *root, const char *module, struct message *message)
{
	int r;

	if (!native_is_loaded(root, module))
		return 0;
	r = refuse_used(root, module, message);
	if (r < 0)
		return r;
	r = run_module_job(module, false);
	/* Somebody was faster. */
	if (r == -EAGAIN || r == -EBUSY)
		return say_users(root, module, "some", message);
	return judge(root, module, false, r, message);
}

int native_load(const struct root *root, const char *module, struct message *message)
{
	if (native_is_loaded(root, module))
		return 0;
	return judge(root, module, true, run_module_job(module, true), message);
}
