/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only owner of what lies in /sys, /proc and /dev: every access of the core goes
 * through a root directory, so that the files of another machine can be read in its place.
 *
 * Attributes: Documentation/ABI/testing/sysfs-bus-pci of the kernel.
 */
#ifndef VFIOBOOT_SYSFS_H
#define VFIOBOOT_SYSFS_H

#include <stdbool.h>
#include <sys/types.h>

#include "file.h"
#include "pciname.h"

#define SYSFS_DRIVER_SIZE 64 /* bytes of a driver's name with its NUL */

/*
 * Whether PID 1 has this root, too: in an initramfs until the real root is taken.  /proc moves
 * there as well then (switch_root(8), run-init(8)).
 */
bool sysfs_is_root_of_init(const struct root *root);

/* Opens the kernel's log for writing.  Returns a descriptor, or -errno. */
int sysfs_open_kmsg(const struct root *root);

/* Reads a file with the modalias of a function.  Returns as sysfs_read_ids(). */
int sysfs_read_modalias(const struct root *root, const char *path, struct pci_ids *ret);

/* Reads the modalias of a function.  Returns 0, -ENOENT when there is none, or -errno. */
int sysfs_read_ids(
	const struct root *root, struct pci_address address, struct pci_ids *ret);

/* The driver that holds a function, "" for none.  Returns 0, or -errno. */
int sysfs_read_driver(const struct root *root, struct pci_address address,
	char ret[static SYSFS_DRIVER_SIZE]);

/* The path of a function.  Returns 0, -EINVAL when it has none of its own, or -errno. */
int sysfs_read_path(
	const struct root *root, struct pci_address address, struct pci_path *ret);

/* What stays with a device, or with its place, when root buses get other numbers. */
enum sysfs_identity {
	SYSFS_SERIAL, /* of the device itself: PCIe's serial number, since 6.18, for root */
	SYSFS_SLOT,   /* the name of the slot that it is in: /sys/bus/pci/slots */
	SYSFS_HOST_BRIDGE, /* the firmware's name of the root bus: its firmware_node/path */
	SYSFS_IDENTITIES,
};

#define SYSFS_IDENTITY_SIZE 64 /* bytes of the longest one with its NUL */

/* Reads one of them.  Returns 0; -ENOENT where the kernel shows none; or another -errno. */
int sysfs_read_identity(const struct root *root, struct pci_address address,
	enum sysfs_identity kind, char ret[static SYSFS_IDENTITY_SIZE]);

bool sysfs_has_iommu_group(const struct root *root, struct pci_address address);

/* Whether its driver shows a connector for a display: drm/cardN/cardN-* (drm_sysfs.c). */
bool sysfs_has_connector(const struct root *root, struct pci_address address);

/* Whether it is a virtual function (SR-IOV), which the driver of a physical one makes. */
bool sysfs_is_virtual(const struct root *root, struct pci_address address);

/*
 * The @n-th virtual function of a physical one, from 0 on, by the link virtfnN (drivers/pci/iov.c).
 * Returns 0, -ENOENT where there is none, or another -errno.
 */
int sysfs_read_virtual(const struct root *root, struct pci_address physical, unsigned n,
	struct pci_address *ret);

/* Whether a PCI driver of the name is registered. */
bool sysfs_has_driver(const struct root *root, const char *driver);

/*
 * Calls @found for each function of the machine, or below the bridge that @root is, until it returns
 * false.  Returns 0, or -errno.
 */
int sysfs_each_function(const struct root *root,
	bool (*found)(void *data, struct pci_address address), void *data);

/*
 * Opens the directory of a bridge.  As a root it has the functions below the bridge, for
 * sysfs_each_function() and what reads or writes a file in the directory of one: by two names in place
 * of the dozen that the kernel walks over links otherwise.  Returns 0, with *@ret for root_close(), or
 * -errno.
 */
int sysfs_open_bridge(
	const struct root *root, struct pci_address bridge, struct root *ret);

/*
 * The driver_override of a function: "" for none, and where the kernel has no such attribute.  Returns 0;
 * -EFBIG for what is no name of a driver; or another -errno.
 */
int sysfs_read_override(const struct root *root, struct pci_address address,
	char ret[static SYSFS_DRIVER_SIZE]);

/* Sets, or with "" clears, the driver_override of a function.  Returns 0, or -errno. */
int sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver);

/* Lets the kernel look for a driver of a function.  Success says nothing about finding one. */
int sysfs_write_probe(const struct root *root, struct pci_address address);

/* Attributes that are read, and some of them written, as they are. */
enum sysfs_attribute {
	/*
	 * Whether the kernel may switch the function off while it is idle: "on" or "auto"
	 * (Documentation/ABI/testing/sysfs-devices-power).  To write "on" waits until it is switched on.
	 */
	SYSFS_POWER_CONTROL,
	SYSFS_POWER_STATE,  /* now, such as "D0" or "D3cold"; since 5.11 */
	SYSFS_D3COLD,       /* d3cold_allowed: "0" or "1"; since 3.6 */
	SYSFS_RESET_METHOD, /* words with blanks between; since 5.15, where there is one */
	SYSFS_BOOT_VGA,     /* "0" or "1"; of class 0300 alone */
	SYSFS_RESOURCE,     /* lines; see pcibars.h */
	/*
	 * SR-IOV (drivers/pci/iov.c): how many virtual functions a physical one can have; how many it has,
	 * which waits, to be read, too, for its driver; and whether drivers other than that of an
	 * override may have these, "0" or "1", since 4.12.
	 */
	SYSFS_TOTAL_VFS,
	SYSFS_NUM_VFS,
	SYSFS_VF_AUTOPROBE,
	SYSFS_PHYSFN_AUTOPROBE, /* the same, of the physical function of a virtual one */
	/*
	 * Of BAR 0, 1, ... 5: a mask of the sizes that it could have, bit N for 2^N MiB; takes N.
	 * Since 6.1, where there is one of more than its own size.
	 */
	SYSFS_RESIZE,
	SYSFS_ATTRIBUTES = SYSFS_RESIZE + 6,
};

/*
 * Reads all of an attribute, without its last newline.  Returns its length, -ENOENT where there is no
 * such attribute, or another -errno.
 */
ssize_t sysfs_read_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, char *ret, size_t size);

/* Returns 0, -ENOENT, or another -errno. */
int sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value);

/* Bytes of the longest power state with its NUL. */
#define SYSFS_POWER_SIZE 16

/* The module of a PCI driver; "" for one that is built in.  Returns 0, or -errno. */
int sysfs_read_driver_module(
	const struct root *root, const char *driver, char ret[static SYSFS_DRIVER_SIZE]);

/* Takes the function away from @driver.  May wait for as long as the device is in use. */
int sysfs_write_unbind(
	const struct root *root, struct pci_address address, const char *driver);

/* Takes a device of the platform bus, such as "simple-framebuffer.0", away from its driver. */
int sysfs_write_platform_unbind(
	const struct root *root, const char *device, const char *driver);

/* Binds a console (vtcon1) to the virtual terminals, or takes it from them. */
int sysfs_write_console(const struct root *root, const char *console, bool bind);

#endif
