/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules by what they say of themselves, read by libkmod (kmod(8), modules.alias). */
#ifndef VFIOBOOT_MODULES_H
#define VFIOBOOT_MODULES_H

#include "base/base.h"
#include "decide/decide.h"

/*
 * @of(each module without which vfio-pci is not loaded), where the kernel has it as one
 * (drivers/vfio, modules.dep(5)).  Guests need the type 1 driver besides.
 */
#define MODULES_BELOW_VFIO_PCI(of)                                                       \
	of("vfio"), of("vfio_virqfd"), of("vfio_pci_core"), of("iommufd"), of("irqbypass")
#define MODULES_OF_GUESTS "vfio_iommu_type1"

/* The index of the modules of one kernel release. */
struct modules;

/*
 * Opens it below @root, for modules_close().  Returns 0; -ENOENT without one; -EBADMSG when
 * it is damaged, which each of the questions may find, too; or another -errno.
 */
int modules_open(const struct root *root, const char *release, struct modules **ret);
void modules_close(struct modules **modules);

/* Whether all nodes of a file of the index are in it.  Pure. */
bool modules_index_is_whole(const unsigned char *bytes, size_t size);

/* Whether a question found out that the index is damaged: no answer is to be had any more. */
bool modules_are_damaged(const struct modules *modules);

/*
 * The modules that would claim a function by its ids, by name, joined by ", " in @ret;
 * "" for none.  Built-in ones count where modules.builtin.modinfo lists them.  0 or -errno.
 */
int modules_claiming(
	struct modules *modules, const struct pci_ids *ids, char *ret, size_t size);

/*
 * Who will hold a function for the host when nothing is configured for it: the driver that it has; of
 * one that vfio has by hand, those that would claim it, as above, since a boot starts without that.
 * "" for nobody, or one that leaves the IOMMU group to a guest.  @modules NULL: -ENOENT then.
 */
int modules_holder(
	struct modules *modules, const struct pcidev *dev, char *ret, size_t size);

/* Whether @name is one of the names, joined by ", ", in @list. */
bool modules_is_listed(const char *list, const char *name);

/*
 * The vfio driver for a function: "vfio-pci", or the variant driver of which a
 * `vfio_pci:` alias matches the ids closest (drivers/vfio/pci, scripts/mod/file2alias.c).
 * The name is that of the PCI driver, with the '-' or '_' that the kernel registers.
 */
int modules_vfio_driver(
	struct modules *modules, const struct pci_ids *ids, char *ret, size_t size);

/*
 * Whether the module is there: as a file, whose path below the root goes into @ret_path (NULL:
 * not wanted; "" for others), or built into the kernel.  Returns 0, or -errno.
 */
enum module_kind { MODULE_NONE, MODULE_FILE, MODULE_BUILTIN };
int modules_find(struct modules *modules, const char *name, enum module_kind *ret,
	char *ret_path, size_t size);

/* Whether the kernel is known not to have the driver, neither as a file nor built in. */
bool modules_lack(struct modules *modules, const char *driver);

#endif
