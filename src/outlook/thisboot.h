/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This boot: what the early program was to do with each function, what it did by its records,
 * which driver the function has now, and what the next boot does with it.
 */
#ifndef VFIOBOOT_THISBOOT_H
#define VFIOBOOT_THISBOOT_H

#include "bind/bind.h"
#include "nextboot.h"

struct thisboot_function {
	/*
	 * Of the record.  Of one that is in no record, because it was configured since:
	 * section, address, path, id and wanted as the next boot plans them.
	 */
	struct record_function recorded;
	bool in_record;
	/* Which run bound it; of one that is not bound, which one tried last. */
	enum boot_stage stage;
	bool present; /* a function is at its address now: */
	struct pci_ids ids;
	char driver_now[SYSFS_DRIVER_SIZE]; /* "": none */
	bool as_wanted;                     /* by the driver that it has now */
	/* What the next boot does with it; NULL: nothing, as it is not configured any more, or: */
	const struct plan_entry *next;
	bool inactive;               /* it is configured, and not for the next boot */
	enum nextboot_action action; /* of @next */
	const char *refusal;         /* why that refuses it (nextboot_reason_text()) */
};

/* Whether the image that was booted has today's configuration. */
enum thisboot_config {
	THISBOOT_CONFIG_UNKNOWN, /* the early program did not run in the initramfs */
	THISBOOT_CONFIG_TODAYS,
	THISBOOT_CONFIG_OTHER,
};

struct thisboot {
	struct record records[BOOT_STAGES];
	int problems[BOOT_STAGES]; /* 0: read; else what record_read() returned */
	const struct record *last; /* of the later run of the boot; NULL: none ran */
	enum thisboot_config image_config;
	struct thisboot_function *functions;
	size_t n;
	size_t n_not_as_wanted;
	/*
	 * The settings of functions, by the later run; what was as asked before it, by the run that set
	 * it.  They belong to the records.
	 */
	const struct record_step **steps;
	size_t n_steps;
};

/*
 * Reads the records and the present drivers below @root.  Of a section that is in the records of
 * several runs the latest one counts.  @next has to last as long as *@ret, and adds what is
 * configured and in no record.  Returns 0 with *@ret for thisboot_free(), also where records
 * cannot be read (problems); or -ENOMEM.
 */
int thisboot_read(
	const struct root *root, const struct nextboot *next, struct thisboot *ret);

void thisboot_free(struct thisboot *state);

/* Whether the setting is one of the function. */
bool thisboot_is_step_of(
	const struct record_step *step, const struct thisboot_function *function);

/* The function at @address, or NULL. */
const struct thisboot_function *thisboot_find(
	const struct thisboot *state, struct pci_address address);

#endif
