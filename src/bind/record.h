/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each of the early program's two runs did at this boot, and since then with functions that
 * appeared: the records in /run/vfioboot, which last from the initramfs into the running system;
 * their writer and their reader.
 *
 * A record is text, one fact a line.  The first line is "vfioboot-record 2".  Then:
 *
 *	version VERSION
 *	stage initramfs|system|late
 *	kernel RELEASE
 *	config DIGEST
 *	state done|off|nothing
 *	error FILE LINE MESSAGE
 *	function section=S address=A path=P id=V:D wanted=W before=B driver=D result=R reason=X
 *	step section=S address=A key=K wanted=W value=V result=R reason=X
 *
 * "step" is a setting of a function (settings.h); V is what the kernel has afterwards.  FILE and the
 * values of "function" and "step" lines are words (word.h).  In version 1, which an older
 * image writes, FILE is as it is, blanks included.
 */
#ifndef VFIOBOOT_RECORD_H
#define VFIOBOOT_RECORD_H

#include "decide/decide.h"
#include "settings.h"

enum result {
	RESULT_BOUND,   /* as asked; read back from the kernel */
	RESULT_REFUSED, /* by the plan: nothing was touched */
	RESULT_FAILED,  /* tried, failed, and rolled back */
	RESULT_ABSENT,  /* nothing is there that could be bound */
	RESULTS,
};

/* "bound", "refused", "failed" or "absent". */
const char *result_word(enum result result);

/* What became of one entry of the plan. */
struct outcome {
	enum result result;
	enum reason reason;
	char driver[SYSFS_DRIVER_SIZE]; /* that has the function now; "": none */
};

/* All that there is to report; the parts are the caller's. */
struct report {
	const struct config *config;
	const struct machine *machine;
	const struct plan *plan;
	const struct outcome *outcomes; /* one an entry of the plan */
	const struct step *steps; /* of entries that were to be bound, in their order */
	unsigned n_steps;
	uint64_t began; /* when bind_plan() did (child_now()); 0: not yet */
	struct virtual_made made;
};

enum boot_stage {
	BOOT_INITRAMFS, /* the run in the initramfs */
	BOOT_SYSTEM,    /* the run on the real root, for what the first one missed */
	BOOT_LATE, /* those for functions that appeared since, for each section the last one */
	BOOT_STAGES,
};

/* "initramfs", "system" or "late". */
const char *boot_stage_word(enum boot_stage stage);

/*
 * Waits until @deadline (child_now()'s clock) for the other runs for functions that appeared.  No
 * child of this program holds what it gets.  Returns a descriptor to be closed, or -errno.
 */
int record_lock(const struct root *root, uint64_t deadline);

/*
 * @early: the run is that of the initramfs, as root_is_initramfs() says.
 *
 * Replaces the record of this stage of the boot as a whole; of that for functions that appeared,
 * which is locked then, the lines of these sections.  Returns 0, or -errno.
 */
int record_write(const struct root *root, bool early, const struct report *report);

/*
 * In the initramfs: leaves the image's protect list for the run on the real root, where the
 * image is gone and not all is mounted yet.  Elsewhere it does nothing.  Returns 0, or -errno.
 */
int record_keep_protect(
	const struct root *root, bool early, const struct protect_list *protect);

/* ---- Reading */

/* Bytes of the longest line that is read, with its newline. */
#define RECORD_LINE_SIZE 1024

/* One "function" line; its texts are "" for "-". */
struct record_function {
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

/* One "step" line; its texts are "" for "-". */
struct record_step {
	char section[CONFIG_NAME_SIZE];
	char address[PCI_ADDRESS_SIZE];
	char key[16];
	char wanted[SETTING_VALUE_SIZE];
	char value[SETTING_VALUE_SIZE];
	enum step_result result;
	enum reason reason;
};

/* What a record has of a step of the report, whose configuration, machine and plan are set. */
void record_make_step(
	const struct report *report, const struct step *step, struct record_step *ret);

/* An error in the configuration that the run found. */
struct record_error {
	char file[CONFIG_PATH_SIZE]; /* any bytes: make it printable before it is said */
	unsigned line;
	char message[CONFIG_MESSAGE_SIZE];
};

/* Texts are "" when the record does not say. */
struct record {
	char version[32]; /* of the program that ran */
	char kernel[65];  /* release */
	char state[16];   /* "done", "off" or "nothing" */
	bool has_digest;
	uint64_t digest; /* config.digest of the files that it read */
	struct record_error *errors;
	size_t n_errors;
	struct record_function *functions;
	size_t n_functions;
	struct record_step *steps;
	size_t n_steps;
	unsigned n_skipped; /* lines that could not be read */
};

/*
 * Reads the record of the run @stage below @root into *@ret, for record_free().  Lines that
 * can't be read are skipped and counted.  Returns 0; -ENOENT when there is none; -EBADMSG when
 * the file is no record; or another -errno.
 */
int record_read(const struct root *root, enum boot_stage stage, struct record *ret);

void record_free(struct record *record);

/* Reads a "function" line, newline or not.  Returns 0, or -EINVAL. */
int record_parse_function(const char *line, struct record_function *ret);

#endif
