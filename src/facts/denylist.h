/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that vfio-pci itself refuses: drivers/vfio/pci/vfio_pci.c, vfio_pci_dev_in_denylist() of
 * Linux 5.9, and since 6.9 with two more, which stable kernels got as well.  Its parameter disable_denylist
 * allows them; variants of vfio-pci do not look there.
 */
#ifndef VFIOBOOT_DENYLIST_H
#define VFIOBOOT_DENYLIST_H

#include "base/base.h"

/* What allows them, in a file of modprobe.d(5) and on the kernel command line. */
#define DENYLIST_OPTION    "options vfio-pci disable_denylist=1"
#define DENYLIST_PARAMETER "vfio_pci.disable_denylist=1"

bool denylist_has(const struct pci_ids *ids);

/* Whether the lines of modprobe.d(5) in @text disable it; @before: what those before them do. */
bool denylist_read(const char *text, bool before);

/*
 * Whether the files of the machine do, or then the kernel command line @cmdline (NULL: none).  @built_in:
 * vfio-pci is part of the kernel, and only the command line counts.
 */
bool denylist_is_disabled(const struct root *root, bool built_in, const char *cmdline);

#endif
