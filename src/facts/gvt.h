/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GVT-g: guests share the graphics of an Intel processor (Broadwell to Comet Lake) as mediated
 * devices, and i915 keeps it (drivers/gpu/drm/i915/intel_gvt.c).  It is there when i915 has
 * enable_gvt=1 and the module kvmgt is loaded.  That has no alias, and i915 waits for it to register
 * itself (4.x asked for it): a file has to name it.  What else it needs (mdev, vfio) it brings along.
 */
#ifndef VFIOBOOT_GVT_H
#define VFIOBOOT_GVT_H

#include "snapshot.h"

#define GVT_MODULE    "kvmgt"
#define GVT_PARAMETER "i915.enable_gvt=1"
#define GVT_CMDLINE   "the kernel command line" /* in place of a path */

/* The file of our own that has the module loaded, and what it holds. */
#define GVT_FILE "/etc/modules-load.d/vfioboot-kvmgt.conf"
extern const char gvt_file_text[];

struct gvt {
	/* The path of the file, or GVT_CMDLINE; "": nothing does. */
	char enabled_by[256]; /* enable_gvt=1 */
	char loaded_by[256];  /* at boot: the module */
	bool loaded;          /* now */
	const struct pcibus_function
		*gpu; /* that can be shared so; NULL: there is none */
};

/*
 * Looks for it on the machine of @facts, which has to last as long, and on the command line @cmdline
 * (NULL: it is not known).  Files that cannot be read are left out.  Returns 0, or -ENOMEM.
 */
int gvt_look(const struct facts *facts, const char *cmdline, struct gvt *ret);

#endif
