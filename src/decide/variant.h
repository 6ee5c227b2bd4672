/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver = auto: the variant of vfio-pci that the kernel has for a device, such as mlx5_vfio_pci, by
 * the lines "alias vfio_pci:... MODULE" of modules.alias (scripts/mod/file2alias.c, depmod(8)).  The
 * closest one counts, which leaves the least open; without any it is vfio-pci.
 */
#ifndef VFIOBOOT_VARIANT_H
#define VFIOBOOT_VARIANT_H

#include "config.h"
#include "machine.h"

/*
 * The PCI driver of a module, with the '-' or '_' that the kernel registers; KBUILD_MODNAME for most,
 * in which the kernel's build puts '_' for '-'.
 */
const char *variant_driver_of(const char *module);

/*
 * Takes the function of @ids into account for @driver, which starts as "": a section has one driver,
 * so with functions that differ it is vfio-pci.  The modules are those of the running kernel, below
 * @root.
 */
void variant_add(const struct root *root, const struct pci_ids *ids,
	char driver[static CONFIG_DRIVER_SIZE]);

/*
 * Sets the driver of each section that leaves it open, by its functions among those that @get gives, by
 * their index, until it returns NULL.
 */
void variant_resolve(const struct root *root, struct config *config,
	const struct pcidev *(*get)(const void *data, size_t index), const void *data);

/* For @get: the functions of a struct machine. */
const struct pcidev *variant_machine(const void *machine, size_t index);

#endif
