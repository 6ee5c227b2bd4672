/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a driver, and takes a function away from one, in children. */
#include "driver.h"

/* What is done to a function and its driver, as a child gets it. */
struct driver_work {
	const struct root *root;
	struct pci_address address;
	const char *driver;
};

/*
 * In a child: becomes modprobe.  Its places are those of the distributions' images.
 *
 * modprobe.d and the command line may have options of the module.  Those stay, except for ids=:
 * of a value that is given twice the kernel takes the last, and an empty one names no device.
 * Install lines, which would run another program in place of the load, are ignored: by an option
 * in the environment, since busybox's modprobe knows neither those lines nor that option.
 */
static int exec_modprobe(void *data)
{
	static const char *const places[] = {"/sbin/modprobe", "/usr/sbin/modprobe",
		"/usr/bin/modprobe", "/bin/modprobe"};
	/* The drivers that take every device of the ids in that parameter. */
	static const char *const with_ids[] = {"vfio-pci", "pci-stub"};
	bool has_ids = text_is_one_of(data, with_ids, ARRAY_SIZE(with_ids));
	const char *argv[] = {
		"modprobe", "-q", "--", data, has_ids ? "ids=" : NULL, NULL};
	const char *envp[] = {
		"PATH=/sbin:/usr/sbin:/bin:/usr/bin", "MODPROBE_OPTIONS=-i", NULL};

	child_unprepare();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		execve(places[i], (char **)argv, (char **)envp);
	return 127;
}

bool driver_load(const struct root *root, const char *driver, uint64_t deadline)
{
	if (sysfs_has_driver(root, driver))
		return true;
	if (!root->live)
		return false;
	child_run_shared(exec_modprobe, (char *)driver, deadline);
	return sysfs_has_driver(root, driver);
}

static int unbind_work(void *data)
{
	const struct driver_work *work = data;

	return sysfs_write_unbind(work->root, work->address, work->driver) < 0;
}

/* It may be in use, hence the child. */
int driver_unbind(const struct root *root, struct pci_address address, const char *driver,
	uint64_t deadline)
{
	struct driver_work work = {root, address, driver};
	char now[SYSFS_DRIVER_SIZE];
	int r = child_run_shared(unbind_work, &work, deadline);

	if (r == 0 || r == -ETIMEDOUT)
		return r;
	if (sysfs_read_driver(root, address, now) == 0 && strcmp(now, driver) != 0)
		return 0;
	return -EIO;
}

static int override_work(void *data)
{
	const struct driver_work *work = data;

	if (sysfs_write_override(work->root, work->address, work->driver) < 0)
		return 1;
	return !*work->driver && sysfs_write_probe(work->root, work->address) < 0;
}

bool driver_override(const struct root *root, struct pci_address address,
	const char *driver, uint64_t deadline)
{
	struct driver_work work = {root, address, driver};

	return child_run_shared(override_work, &work, deadline) == 0;
}
