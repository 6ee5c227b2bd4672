/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kernel parameters a machine needs so that its devices can be given away, each with
 * its reason, and which of those that it has stand in the way or do nothing.  Pure: facts
 * in, advice out.  Documentation/admin-guide/kernel-parameters.txt names the parameters.
 */
#ifndef VFIOBOOT_PARAMS_RULES_H
#define VFIOBOOT_PARAMS_RULES_H

#include "base/base.h"
#include "facts/facts.h"

#define PARAMS_MAX 48

/* What the firmware leaves on the screen, and in which the kernel writes on. */
enum framebuffer {
	FRAMEBUFFER_UNKNOWN,
	FRAMEBUFFER_NONE,
	FRAMEBUFFER_EFIFB,
	FRAMEBUFFER_SIMPLE
};

struct params_facts {
	enum iommu_kind iommu;
	enum iommu_default iommu_default;
	const struct hypervisor *hypervisor; /* that the machine runs on; NULL: none */
	bool remapping_is_off;               /* of interrupts */
	bool has_groups;                     /* there are IOMMU groups */
	unsigned kernel;                     /* major << 16 | minor; 0: not known */
	bool lto;           /* the kernel was built with link-time optimisation */
	size_t limit;       /* bytes of a command line, COMMAND_LINE_SIZE */
	const char *booted; /* the command line of this boot */
	const char *own;    /* that of the next entry, as it is; NULL: not known */
	const char
		*cmdline; /* of the boot that is asked about: its entry may add to that */
	bool cmdline_is_unread;
	bool is_off; /* vfioboot.off: whatever is configured, nothing is given away */
	/* Of the functions that are to be given away: */
	char groupless
		[PCI_ADDRESS_SIZE]; /* one that has no IOMMU group; "": all have one */
	char native_modules[256];   /* that would claim them, joined by ", " */
	bool takes_integrated_gpu;
	bool binds_display;       /* any, and to a driver of vfio */
	bool takes_other_display; /* one that is not of class 0300: it has no boot_vga */
	bool takes_boot_display;
	bool boot_display_is_sure; /* else that is what it most likely is */
	bool boot_display_is_vga;  /* its class is 0300 */
	bool binds_boot_display; /* to a driver of vfio; else it has none (driver = none) */
	enum framebuffer
		framebuffer; /* that would lie in the boot display at the next boot */
	bool framebuffer_is_seen;   /* it lies there at this boot */
	bool framebuffer_is_hidden; /* root could see more of it */
	/* What the person asks for: */
	bool host_dma_speed;
	bool trial;          /* for one boot that comes back by itself */
	const char *profile; /* NULL: none */
};

enum params_kind {
	PARAMS_NEEDED,   /* to be added */
	PARAMS_WARNING,  /* what will happen, or what does nothing */
	PARAMS_CONFLICT, /* nothing is to be added before this is gone */
	PARAMS_OBSTACLE, /* no parameter helps: the firmware's, or another kernel, does */
};

struct params_item {
	enum params_kind kind;
	char parameter[96]; /* "" where it is about none */
	char reason[768];   /* a sentence without full stop */
};

struct params {
	struct params_item items[PARAMS_MAX];
	unsigned n;
	bool refused; /* by a conflict, or since it would be too long */
};

/* Decides.  Beside a conflict nothing is needed: it has to go first. */
void params_decide(const struct params_facts *facts, struct params *ret);

#endif
