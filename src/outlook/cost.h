/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What it would cost this host to give a device set away, and what stands in the way. */
#ifndef VFIOBOOT_COST_H
#define VFIOBOOT_COST_H

#include "decide/decide.h"
#include "facts/facts.h"

enum cost_kind {
	COST_CONFIGURED,   /* section: has it already */
	COST_BRIDGE,       /* no guest can have it */
	COST_USED,         /* usage: what the host uses it for */
	COST_UNKNOWN,      /* what the host uses it for can't be told */
	COST_PART,         /* what: a RAID, LVM or LUKS device that is on it */
	COST_BOOT_DISPLAY, /* the firmware and the boot messages are on it */
	COST_LAST_DISPLAY, /* no other stays for the host */
	COST_USB_DEVICE,   /* what: is plugged into it */
	COST_NO_GROUP,     /* it has no IOMMU group */
	COST_GROUP,        /* other: keeps the group of the function for the host */
};

struct cost {
	enum cost_kind kind;
	const struct pcibus_function *function; /* of the set */
	const struct pcibus_function *other;
	const struct usage_entry *usage;
	const struct config_section *section;
	char what[128];
};

/* In the order of the kinds within each function. */
struct costs {
	struct cost *costs;
	size_t n;
};

/* What is known of the host, all of it the caller's. */
struct cost_host {
	const struct sysfs_root *root;
	const struct pcibus *machine;
	const struct config *config; /* files and command line */
	const struct usage *usage;   /* NULL: not known */
	const char *profile; /* of the boots that the set is given away in; NULL: all */
};

/* Finds them, for costs_free().  Returns 0, or -errno. */
int costs_find(
	const struct cost_host *host, const struct deviceset *set, struct costs *ret);

void costs_free(struct costs *costs);

#endif
