/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened: the record in /run/vfioboot, which lasts from the initramfs into the running
 * system, and one line a function in the kernel's log.
 *
 * The record is text, one fact a line.  The first line is "vfioboot-record 1".  Then:
 *
 *	version VERSION
 *	stage initramfs|system
 *	kernel RELEASE
 *	config DIGEST
 *	state done|off|nothing
 *	error FILE LINE MESSAGE
 *	function section=S address=A path=P id=V:D wanted=W before=B driver=D result=R reason=X
 *
 * In a "function" line the value of what is not known or not there is "-".
 */
#ifndef VFIOBOOT_REPORT_H
#define VFIOBOOT_REPORT_H

#include "binding.h"

#define REPORT_LINE_SIZE                                                                 \
	(CONFIG_NAME_SIZE + PCI_ADDRESS_SIZE + PCI_PATH_SIZE + CONFIG_DRIVER_SIZE +      \
		2 * SYSFS_DRIVER_SIZE + 160)

/* All that there is to tell; the parts are the caller's. */
struct report {
	const struct config *config;
	const struct machine *machine;
	const struct plan *plan;
	const struct outcome *outcomes; /* one an entry of the plan */
};

/* One "function" line of a record; its texts are "" for "-". */
struct report_function {
	char section[CONFIG_NAME_SIZE];
	char address[PCI_ADDRESS_SIZE];
	char path[PCI_PATH_SIZE];
	char id[sizeof("ffff:ffff")];
	char wanted[CONFIG_DRIVER_SIZE];
	char before[SYSFS_DRIVER_SIZE];
	char driver[SYSFS_DRIVER_SIZE];
	enum result result;
	enum reason reason;
};

/* Tells in one sentence, without newline, what became of the entry @index of the plan. */
void report_sentence(const struct report *report, unsigned index, char *ret, size_t size);

/* Replaces the record of this stage of the boot as a whole.  Returns 0, or -errno. */
int report_write_record(const struct sysfs_root *root, const struct report *report);

/*
 * In the initramfs: leaves the image's protect list for the run on the real root, where the
 * image is gone and not all is mounted yet.  Elsewhere it does nothing.  Returns 0, or -errno.
 */
int report_keep_protect(
	const struct sysfs_root *root, const struct protect_list *protect);

/* Writes to the kernel's log: each error of the configuration, each function. */
void report_write_kmsg(const struct sysfs_root *root, const struct report *report);

/* Reads a "function" line of a record, newline or not.  Returns 0, or -EINVAL. */
int report_parse_function(const char *line, struct report_function *ret);

#endif
