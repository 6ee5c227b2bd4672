/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is behind a block device: the PCI functions that lose their data when they go.
 *
 * Follows partitions to their disk, dm (LUKS, LVM, multipath), MD and bcache devices down
 * their `slaves` (Documentation/ABI/testing/sysfs-block, slaves being the links that
 * bd_link_disk_holder() makes), NVMe namespaces with several paths to each controller
 * (drivers/nvme/host/multipath.c), zram and loop devices to the device that they may have in
 * place of memory or a file, and disks up their sysfs path to the nearest PCI
 * function; on from there to the function that makes the PCI domain (Intel VMD), to
 * the physical function of an SR-IOV one, and to the controller that tunnels (Thunderbolt).
 */
#ifndef VFIOBOOT_BACKING_H
#define VFIOBOOT_BACKING_H

#include <sys/types.h>

#include "base/base.h"

struct backing {
	struct file_names functions; /* sysfs directories below the root, none twice */
	struct file_names disks;     /* and those of the disks on them, as whole ones */
	bool network;  /* some of it is on another machine (iSCSI, NBD, NVMe-oF) */
	bool file;     /* some of it is in a file (a loop device) of some file system */
	bool untraced; /* some of it could not be followed, and may be on any function */
};

/*
 * Each of these adds to *@backing, which starts as {0} and may hold some functions
 * already when an error is returned.  What is in memory (zram) or on no PCI bus (eMMC,
 * virtio-mmio) adds nothing.  @node is a device node as the kernel names it in mountinfo
 * and /proc/swaps, "/dev/dm-0" or "/dev/mapper/NAME"; only its name is looked at.
 * A device that is not there is untraced.  Return 0, or -errno.
 */
int backing_add_number(const struct root *root, dev_t number, struct backing *backing);
int backing_add_node(const struct root *root, const char *node, struct backing *backing);

/* Whether file systems of the type have a list of their devices: btrfs, bcachefs. */
bool backing_is_pool(const char *type);

/*
 * All devices of the file system of such a @type that is mounted from @source, one of its
 * devices, several with colons between, or /dev/disk/by-uuid/UUID (bcachefs); where it is not
 * found, those of all file systems of the type.  A btrfs mount names one of its devices, which
 * may be gone.
 */
int backing_add_pool(const struct root *root, const char *type, const char *source,
	struct backing *backing);

/*
 * The nearest function at or above the sysfs directory @real, and those that it depends
 * on.  Returns how many are on the way, 0 for none, or -errno.
 */
int backing_add_functions(
	const struct root *root, const char *real, struct backing *backing);

/* Whether the function is among them. */
bool backing_has_function(const struct backing *backing, struct pci_address function);

/* Frees what is in *@backing, not itself; for the clean-up attribute too. */
void backing_free(struct backing *backing);

#endif
