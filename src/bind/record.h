/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the early program did at this boot: the records in /run/vfioboot that each of its two
 * runs left (core/report.h has their format).
 */
#ifndef VFIOBOOT_BOOTRECORD_H
#define VFIOBOOT_BOOTRECORD_H

#include <stddef.h>
#include <stdint.h>

#include "report.h"

enum boot_stage {
	BOOT_INITRAMFS, /* the run in the initramfs */
	BOOT_SYSTEM,    /* the run on the real root, for what the first one missed */
	BOOT_STAGES,
};

/* An error in the configuration that the run came upon. */
struct bootrecord_error {
	char file[CONFIG_PATH_SIZE];
	unsigned line;
	char message[CONFIG_MESSAGE_SIZE];
};

/* Texts are "" when the record does not tell. */
struct bootrecord {
	char version[32]; /* of the program that ran */
	char kernel[65];  /* release */
	char state[16];   /* "done", "off" or "nothing" */
	bool has_digest;
	uint64_t digest; /* config.digest of the files that it read */
	struct bootrecord_error *errors;
	size_t n_errors;
	struct report_function *functions;
	size_t n_functions;
	unsigned n_skipped; /* lines that could not be read */
};

/*
 * Reads the record of the run @stage below @root into *@ret, for bootrecord_free().  Lines
 * that can't be read are skipped and counted.  Returns 0; -ENOENT when there is none;
 * -EBADMSG when the file is no record; or another -errno.
 */
int bootrecord_read(
	const struct sysfs_root *root, enum boot_stage stage, struct bootrecord *ret);

void bootrecord_free(struct bootrecord *record);

/* "initramfs" or "system". */
const char *boot_stage_word(enum boot_stage stage);

#endif
