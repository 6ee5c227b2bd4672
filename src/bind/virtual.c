/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what makes virtual functions, in this order: no driver but that of an override
 * (pci_device_can_probe() in drivers/pci/pci-driver.c, since 5.3), then the number, and when the
 * overrides are written, all drivers.  The number is never written when it is there already: to
 * change it the kernel wants 0 first (drivers/pci/iov.c), and what others have set for each of them,
 * such as addresses and VLANs, would be gone.
 */
#include "virtual.h"

#define NEW_MAX 256

/* The physical functions that have new ones.  Children that share this memory write it. */
static struct {
	struct pci_address physical;
	bool shut; /* other drivers are kept off */
} made[NEW_MAX];
static unsigned n_made;

int virtual_make(const struct root *root, struct pci_address physical, const char *n)
{
	struct pci_address first;
	char before[4];
	bool shut;
	int r = 0;

	if (n_made == NEW_MAX)
		return -E2BIG;
	/* Where somebody has switched it off, it stays off. */
	shut = sysfs_read_attribute(
		       root, physical, SYSFS_VF_AUTOPROBE, before, sizeof(before)) == 1 &&
		*before == '1' &&
		sysfs_write_attribute(root, physical, SYSFS_VF_AUTOPROBE, "0") == 0;
	if (sysfs_read_virtual(root, physical, 0, &first) == 0)
		r = sysfs_write_attribute(root, physical, SYSFS_NUM_VFS, "0");
	if (r == 0)
		r = sysfs_write_attribute(root, physical, SYSFS_NUM_VFS, n);
	if (r < 0 && shut)
		sysfs_write_attribute(root, physical, SYSFS_VF_AUTOPROBE, "1");
	if (r < 0)
		return r;
	made[n_made].physical = physical;
	made[n_made++].shut = shut;
	return 0;
}

bool virtual_is_new(struct pci_address physical)
{
	for (unsigned i = 0; i < n_made; i++)
		if (pci_address_equal(made[i].physical, physical))
			return true;
	return false;
}

bool virtual_any_new(void)
{
	return n_made;
}

static void open_all(const struct root *root, struct pci_address physical)
{
	char driver[SYSFS_DRIVER_SIZE];
	struct pci_address address;

	sysfs_write_attribute(root, physical, SYSFS_VF_AUTOPROBE, "1");
	for (unsigned n = 0; sysfs_read_virtual(root, physical, n, &address) == 0; n++)
		if (sysfs_read_driver(root, address, driver) == 0 && !*driver)
			sysfs_write_probe(root, address);
}

static int end(void *data)
{
	for (unsigned i = 0; i < n_made; i++)
		if (made[i].shut)
			open_all(data, made[i].physical);
	return 0;
}

void virtual_end(const struct root *root, uint64_t deadline)
{
	child_run_shared(end, (void *)root, deadline);
	n_made = 0;
}
