/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what makes virtual functions, in this order: no driver but that of an override
 * (pci_device_can_probe() in drivers/pci/pci-driver.c, since 5.3), then the number, and when the
 * overrides are written, all drivers.  The number is never written when it is there already: to
 * change it the kernel wants 0 first (drivers/pci/iov.c), and what others have set for each of them,
 * such as addresses and VLANs, would be gone.
 */
#include "virtual.h"

int virtual_make(const struct root *root, struct virtual_made *made,
	struct pci_address physical, const char *n)
{
	struct pci_address first;
	char before[4];
	bool shut;
	int r = 0;

	if (made->n == VIRTUAL_MADE_MAX)
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
	made->list[made->n].physical = physical;
	made->list[made->n++].shut = shut;
	return 0;
}

bool virtual_is_new(const struct virtual_made *made, struct pci_address physical)
{
	for (unsigned i = 0; i < made->n; i++)
		if (pci_address_equal(made->list[i].physical, physical))
			return true;
	return false;
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

struct ending {
	const struct root *root;
	const struct virtual_made *made;
};

static int end(void *data)
{
	const struct ending *ending = data;

	for (unsigned i = 0; i < ending->made->n; i++)
		if (ending->made->list[i].shut)
			open_all(ending->root, ending->made->list[i].physical);
	return 0;
}

void virtual_end(const struct root *root, struct virtual_made *made, uint64_t deadline)
{
	struct ending ending = {root, made};

	child_run_shared(end, &ending, deadline);
	made->n = 0;
}
