/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host program reads of /proc, /sys and /run: the one place of these names here.
 * All of them are below a root directory, so that a captured machine can stand in for
 * the running one; a path therefore has no leading '/'.
 */
#ifndef VFIOBOOT_TREE_H
#define VFIOBOOT_TREE_H

#define TREE_SYS         "sys/"
#define TREE_CMDLINE     "proc/cmdline"
#define TREE_MOUNTINFO   "proc/self/mountinfo"
#define TREE_SWAPS       "proc/swaps"
#define TREE_BOOT_ID     "proc/sys/kernel/random/boot_id"
#define TREE_DRM         "sys/class/drm"
#define TREE_GRAPHICS    "sys/class/graphics"
#define TREE_RESUME      "sys/power/resume"
#define TREE_UDEV        "run/udev/data" /* what udev knows, by number: libudev's own */
#define TREE_BLOCK_BY_NO "sys/dev/block"
#define TREE_BLOCK       "sys/class/block"
#define TREE_BTRFS       "sys/fs/btrfs"
#define TREE_BCACHEFS    "sys/fs/bcachefs"
#define TREE_BY_UUID     "dev/disk/by-uuid"
#define TREE_BY_LABEL    "dev/disk/by-label"
#define TREE_BY_PARTUUID "dev/disk/by-partuuid"
#define TREE_PCI         "sys/bus/pci/devices"
#define TREE_PCI_DRIVERS "sys/bus/pci/drivers"
#define TREE_NET         "sys/class/net"
#define TREE_ROUTE       "proc/net/route" /* of the network name space of the reader */
#define TREE_ROUTE6      "proc/net/ipv6_route"
#define TREE_MODULES     "lib/modules"
#define TREE_USR_MODULES "usr/lib/modules"
#define TREE_OWN_FD      "/proc/self/fd/%d" /* of this process, not below a root */
#define TREE_OWN_PROGRAM "/proc/self/exe"
#define TREE_PROC_STAT   "proc/%d/stat"
#define TREE_PROC_COMM   "proc/%d/comm"   /* below a root */
#define TREE_FD_OF       "/proc/%d/fd/%d" /* the same for others: process, descriptor */
#define TREE_OSRELEASE   "proc/sys/kernel/osrelease"
#define TREE_NO_MODULES  "proc/sys/kernel/modules_disabled"
#define TREE_PROC        "proc"
#define TREE_DEVICES     "proc/devices"
#define TREE_OWN_CGROUP  "proc/self/cgroup"
#define TREE_NVIDIA      "proc/driver/nvidia/gpus"
#define TREE_VTCONSOLE   "sys/class/vtconsole"
#define TREE_TTYS        "sys/class/tty"
#define TREE_VFIO        "sys/class/vfio" /* IOMMU groups that have a node */
#define TREE_PLATFORM    "sys/bus/platform/devices"
#define TREE_SYSTEMD     "run/systemd/system" /* is there when systemd is PID 1 */
#define TREE_NULL        "/dev/null"          /* of this machine, or the text of a link */
#define TREE_TTY         "/dev/tty"           /* of this process */
#define TREE_CPUINFO     "proc/cpuinfo"
#define TREE_IOMEM       "proc/iomem"
#define TREE_INTERRUPTS  "proc/interrupts"
#define TREE_CONFIG_GZ   "proc/config.gz"
#define TREE_IRQ         "sys/kernel/irq"
#define TREE_IOMMU       "sys/class/iommu"
#define TREE_GROUPS      "sys/kernel/iommu_groups"
#define TREE_SECURITY    "sys/kernel/security"
#define TREE_SELINUX     "sys/fs/selinux"
#define TREE_MODULE      "sys/module"
#define TREE_ACPI_TABLES "sys/firmware/acpi/tables"
#define TREE_FIRMWARE    "sys/firmware"
#define TREE_DMI         "sys/class/dmi/id"
#define TREE_EFI         "sys/firmware/efi"
#define TREE_EFIVARS     "sys/firmware/efi/efivars"
#define TREE_RUN         "run/vfioboot" /* records of the early program */
#define TREE_DEV         "/dev/" /* lint: how the kernel tells a node, never opened */

/* Absolute: directories of what belongs to this boot alone, and of what lasts. */
#define RUN_DIRECTORY   "/" TREE_RUN
#define STATE_DIRECTORY "/var/lib/vfioboot"

/*
 * Files that container managers make inside.  Not /.dockerenv, which is left in what was
 * a container's image once and is a machine's disk now.
 */
#define TREE_CONTAINER_MARKS "run/systemd/container", "run/.containerenv"

#endif
