/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a PCI function: its BARs as the kernel placed them, the sizes that they could
 * have, and who else has memory inside of them.
 */
#ifndef VFIOBOOT_PCIBARS_H
#define VFIOBOOT_PCIBARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"
#include "pciname.h"

#define PCI_BARS 6

struct pci_bar {
	uint64_t start, end; /* both within it; not used: both 0 */
	bool used;           /* there is memory at all: not what has only I/O ports */
	bool unplaced;       /* it got no place, or is switched off */
	uint64_t sizes;      /* bit N: it could have 2^N MiB; 0: that is not known */
};

/*
 * Reads the attributes resource and resourceN_resize of a function (drivers/pci/pci-sysfs.c,
 * resource_show and __resource_resize_show; flags of include/linux/ioport.h).  Returns 0;
 * -EINVAL for other text; or -errno.
 */
int pci_bars_read(const struct root *root, struct pci_address address,
	struct pci_bar ret[static PCI_BARS]);

/* The size of a used BAR in bytes. */
uint64_t pci_bar_size(const struct pci_bar *bar);

/*
 * Finds the framebuffer that the firmware left in one of the @bars, by its name in
 * /proc/iomem ("BOOTFB", "efifb", ...), with that name in @ret, or "" where there is none.
 * Returns 0; -EACCES when all addresses read as 0, as they do without root; or -errno.
 */
int pci_bars_find_framebuffer(const struct root *root,
	const struct pci_bar bars[static PCI_BARS], char *ret, size_t size);

#endif
