/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a driver, and takes a function away from one; both may take their time. */
#include "driver.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"

/* One unbind, as a child gets it. */
struct unbind {
	const struct sysfs_root *root;
	struct pci_address address;
	const char *driver;
};

static uint64_t earlier(uint64_t deadline, uint64_t milliseconds)
{
	uint64_t own = child_now() + milliseconds;

	return own < deadline ? own : deadline;
}

/* In a child: becomes modprobe.  Its places are those of the distributions' images. */
static int exec_modprobe(void *data)
{
	static const char *const places[] = {"/sbin/modprobe", "/usr/sbin/modprobe",
		"/usr/bin/modprobe", "/bin/modprobe"};
	const char *argv[] = {"modprobe", "-q", "--", data, NULL};
	const char *envp[] = {"PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL};

	child_unprepare();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		execve(places[i], (char **)argv, (char **)envp);
	return 127;
}

bool driver_load(const struct sysfs_root *root, const char *driver, uint64_t deadline)
{
	if (sysfs_has_driver(root, driver))
		return true;
	if (!root->live)
		return false;
	child_run(exec_modprobe, (char *)driver, earlier(deadline, DRIVER_LOAD_MS));
	return sysfs_has_driver(root, driver);
}

static int unbind_work(void *data)
{
	const struct unbind *unbind = data;

	return sysfs_write_unbind(unbind->root, unbind->address, unbind->driver) < 0;
}

int driver_unbind(const struct sysfs_root *root, struct pci_address address,
	const char *driver, uint64_t deadline)
{
	struct unbind work = {root, address, driver};
	char now[SYSFS_DRIVER_SIZE];
	int r = child_run(unbind_work, &work, earlier(deadline, DRIVER_UNBIND_MS));

	if (r == 0 || r == -ETIMEDOUT)
		return r;
	if (sysfs_read_driver(root, address, now) == 0 && strcmp(now, driver) != 0)
		return 0;
	return -EIO;
}
