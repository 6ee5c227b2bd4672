/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a PCI function in two steps: what it is, and what state it is in. */
#include "pcidev.h"

int pcidev_read(const struct root *root, struct pci_address address, struct pcidev *ret)
{
	struct pcidev dev = {.address = address};
	int r = sysfs_read_ids(root, address, &dev.ids);

	if (r == 0)
		*ret = dev;
	return r;
}

/*
 * The links tell how many there are: to read sriov_numvfs waits for the driver of the physical function
 * while that starts (drivers/pci/iov.c, since 5.5).
 */
void pcidev_read_virtual(const struct root *root, struct pcidev *dev)
{
	char driver[SYSFS_DRIVER_SIZE], total[8];
	const char *number = total;
	struct pci_address address;

	dev->total_vfs = dev->num_vfs = 0;
	dev->virtual_used = false;
	if (sysfs_read_attribute(
		    root, dev->address, SYSFS_TOTAL_VFS, total, sizeof(total)) < 0 ||
		!text_take_number(&number, &dev->total_vfs))
		return;
	while (sysfs_read_virtual(root, dev->address, dev->num_vfs, &address) == 0) {
		dev->num_vfs++;
		dev->virtual_used |=
			sysfs_read_driver(root, address, driver) < 0 || *driver;
	}
}

bool pcidev_is_given(const struct pcidev *dev, const char *asked)
{
	return text_is(dev->driver, asked) && pcidev_driver_is_vfio(asked);
}

int pcidev_read_holder(const struct root *root, struct pcidev *dev, const char *asked)
{
	int r = sysfs_read_driver(root, dev->address, dev->driver);

	if (r < 0)
		return r;
	/* Nobody asks it of others. */
	dev->is_virtual = pcidev_base_class(dev) == PCI_BASE_DISPLAY &&
		!pcidev_is_given(dev, asked) && sysfs_is_virtual(root, dev->address);
	dev->has_connector = dev->ids.class >> 8 == PCI_CLASS_DISPLAY_OTHER &&
		sysfs_has_connector(root, dev->address);
	/* A function of unknown path can be bound all the same. */
	if (!dev->path.depth && sysfs_read_path(root, dev->address, &dev->path) < 0)
		dev->path.depth = 0;
	return 0;
}

int pcidev_read_details(const struct root *root, struct pcidev *dev, const char *asked)
{
	int r = pcidev_read_holder(root, dev, asked);

	if (r < 0)
		return r;
	dev->has_iommu_group = sysfs_has_iommu_group(root, dev->address);
	/* Without a driver it has none, and with the one that is asked for it keeps them. */
	if (*dev->driver && !pcidev_is_given(dev, asked))
		pcidev_read_virtual(root, dev);
	dev->detailed = true;
	return 0;
}

/*
 * Classes (include/linux/pci_ids.h) that Linux has block devices, flash or networks behind, as
 * class and how many of its bits are not looked at.  Bridges to them are never taken.
 */
static const struct {
	uint32_t class;
	int shift;
} root_carriers[] = {
	{0x00, 16},  /* made before classes; QEMU's virtio-9p and virtio-pmem */
	{0x01, 16},  /* storage */
	{0x02, 16},  /* network: NFS, iSCSI, NVMe over TCP; also InfiniBand, 0207 */
	{0x05, 16},  /* memory: CXL, flash */
	{0x0805, 8}, /* SD and eMMC */
	{0x0880, 8}, /* "other": SD readers (Ricoh, JMicron), Thunderbolt before USB4 */
	{0x0c00, 8}, /* FireWire */
	{0x0c02, 8}, /* SSA */
	{0x0c03, 8}, /* USB; as interface 40 USB4, with Thunderbolt's PCIe tunnels */
	{0x0c04, 8}, /* Fibre Channel */
	{0x0c06, 8}, /* InfiniBand */
	{0x0c80, 8}, /* "other": SPI flash */
	{0x0d, 16},  /* wireless networks */
	{0x0e, 16},  /* I2O */
	{0xff, 16},  /* of no class: SD readers of Realtek, Xen's platform device */
};

bool pcidev_can_carry_root(const struct pcidev *dev)
{
	for (size_t i = 0; i < ARRAY_SIZE(root_carriers); i++)
		if (dev->ids.class >> root_carriers[i].shift == root_carriers[i].class)
			return true;
	return false;
}

bool pcidev_driver_is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

bool pcidev_driver_is_native(const char *driver)
{
	return *driver && !pcidev_driver_is_vfio(driver) &&
		strcmp(driver, "pci-stub") != 0;
}

enum pcidev_display pcidev_display(const struct pcidev *dev)
{
	uint32_t class = dev->ids.class >> 8;

	if (pcidev_base_class(dev) != PCI_BASE_DISPLAY || class == PCI_CLASS_3D ||
		dev->is_virtual)
		return PCIDEV_NO_DISPLAY;
	if (class != PCI_CLASS_DISPLAY_OTHER || dev->has_connector)
		return PCIDEV_DISPLAY;
	return pcidev_driver_is_native(dev->driver) ? PCIDEV_NO_DISPLAY
						    : PCIDEV_PERHAPS_DISPLAY;
}
