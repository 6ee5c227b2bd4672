/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This boot: what the early program was to do with each function, what became of it by its
 * records, what the kernel says now, and what today's configuration says of it.
 */
#ifndef VFIOBOOT_BOOTSTATE_H
#define VFIOBOOT_BOOTSTATE_H

#include "bind/bind.h"
#include "nextboot.h"

struct bootstate_function {
	/*
	 * Of the record.  Of one that is in no record, because it was configured since:
	 * section, address, path, id and wanted as the next boot plans them.
	 */
	struct report_function told;
	bool in_record;
	/* Which run bound it; of one that is not bound, which one tried last. */
	enum boot_stage stage;
	bool present; /* a function is at its address now: */
	struct pci_ids ids;
	char driver_now[SYSFS_DRIVER_SIZE]; /* "": none */
	bool as_wanted;                     /* by the driver that it has now */
	/* What the next boot does with it; NULL: nothing, as it is not configured any more. */
	const struct plan_entry *next;
};

/* Whether the image that was booted has today's configuration. */
enum bootstate_config {
	BOOT_CONFIG_UNKNOWN, /* the early program did not run in the initramfs */
	BOOT_CONFIG_TODAYS,
	BOOT_CONFIG_OTHER,
};

struct bootstate {
	struct bootrecord records[BOOT_STAGES];
	int problems[BOOT_STAGES];     /* 0: read; else what bootrecord_read() returned */
	const struct bootrecord *last; /* of the later run; NULL: none ran */
	enum bootstate_config image_config;
	struct bootstate_function *functions;
	size_t n;
	size_t n_not_as_wanted;
};

/*
 * Reads the records and the drivers of now below @root.  Of a section that both runs tell
 * of the later one counts.  @next is nextboot_read()'s, has to last as long as *@ret, and
 * adds what is configured and in no record.  Returns 0 with *@ret for bootstate_free(), or
 * -ENOMEM: whatever can't be read is told in `problems`.
 */
int bootstate_read(const struct sysfs_root *root, const struct nextboot *next,
	struct bootstate *ret);

void bootstate_free(struct bootstate *state);

/* The function at @address, or NULL. */
const struct bootstate_function *bootstate_find(
	const struct bootstate *state, struct pci_address address);

#endif
