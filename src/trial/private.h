/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of trial/ have for one another; tests may use it too. */
#ifndef VFIOBOOT_TRIAL_PRIVATE_H
#define VFIOBOOT_TRIAL_PRIVATE_H

#include "trial.h"

/* So long a display manager has to run: one that has no display ends, and is started again. */
#define TRIAL_MANAGER_SECONDS 15

/* ---- state.c: pure */

/*
 * The state as text, one "key value" a line, the first line being "vfioboot-trial 1"; a tried
 * section is "section NAME DIGEST".  Keys that are not known are skipped in reading.
 * trial_format() returns a text for free(), or NULL without memory; trial_parse() 0, -EBADMSG or
 * -ENOMEM.
 */
char *trial_format(const struct trial *trial);
int trial_parse(const char *text, struct trial *ret);

/* The digest as struct trial has it. */
void trial_format_digest(uint64_t digest, char ret[static TRIAL_DIGEST_SIZE]);

/* The value of vfioboot.trial= of a command line, "" for none. */
void trial_of_cmdline(const char *cmdline, char ret[static TRIAL_ID_SIZE]);

/*
 * At another boot than its own: what became of a trial that is neither confirmed nor given
 * up.  @still_armed: the loader has the choice still.  @boot: the id of this boot.  Changes
 * *@trial to TRIAL_FAILED and returns true, or leaves it alone: it is over already, or its
 * boot is still to come.
 */
bool trial_find_end(struct trial *trial, const char *boot, bool still_armed);

/* Which sections a trial of a profile is about. */
enum trial_part {
	TRIAL_PART_NONE,   /* not bound in the trial */
	TRIAL_PART_ALWAYS, /* bound by the normal entry as well */
	TRIAL_PART_TRIED,  /* bound in the trial alone */
};
enum trial_part trial_part_of(const struct config *config,
	const struct config_section *section, const char *profile);

/* Notes which sections a trial with @profile tries, and what they ask for. */
void trial_remember_sections(
	const struct config *config, const char *profile, struct trial *ret);

enum trial_change {
	TRIAL_SECTION_SAME,
	TRIAL_SECTION_CHANGED, /* it asks for something else than it did then */
	TRIAL_SECTION_NEW,     /* the trial did not try it */
};

/*
 * What became of a section since the trial was armed, but for its profile.  Where the trial
 * remembers none nothing is known to have changed.
 */
enum trial_change trial_compare_section(const struct trial *trial,
	const struct config *config, const struct config_section *section);

/* @text without the lines that set @key.  NULL without memory, else for free(). */
char *trial_without_key(const char *text, const char *key);

/*
 * ---- unit.c: which unit PID 1 starts, by the kernel command line
 *
 * systemd.unit=NAME, or a word of System V such as "single" or "3" (kernel-command-line(7);
 * systemd's parse_proc_cmdline_item() in src/core/main.c and runlevel_to_target()).
 * default.target is not active then.  Pure.
 */

#define TRIAL_UNIT_SIZE 256 /* bytes of the longest name of a unit with its NUL */

#define TRIAL_UNIT_DEFAULT "default.target"
#define TRIAL_UNIT_EMERGENCY                                                             \
	"emergency.target" /* only a shell, not even sysinit.target */

/*
 * The unit that @cmdline asks for, the last one counting, or TRIAL_UNIT_DEFAULT.  What is for the
 * initramfs ("rd.") is passed over, and so is what systemd would not take for a unit.
 */
void trial_unit_of_cmdline(const char *cmdline, char ret[static TRIAL_UNIT_SIZE]);

/* ---- store.c */

/* Reads the state as it is stored.  Returns 0; -ENOENT; -EBADMSG; or another -errno. */
int trial_load(const struct root *root, struct trial *ret);

/* Replaces the state, and makes that last before it returns.  Returns 0, or -errno. */
int trial_save(const struct root *root, const struct trial *trial);

/* Removes the state and all that is left of the boot.  Returns 0, or -errno. */
int trial_forget(const struct root *root);

/*
 * Keeps the end of the journal of the boot @boot; "" is the running one, and the records are
 * kept too then.  What is not there is not kept.
 */
void trial_keep_evidence(const struct root *root, const char *boot);

/* The id of the running boot, "" if that is not known. */
void trial_read_boot_id(const struct root *root, char ret[static 37]);

/* ---- observe.c */

/* What the running system shows of a trial's boot. */
struct trial_sight {
	bool recorded; /* the early program left a record, and did something */
	char config[TRIAL_DIGEST_SIZE]; /* of the image, by that record; "": not known */
	size_t n_functions;             /* that were asked for */
	size_t n_wrong;                 /* that do not have their driver */
	char wrong[TRIAL_TEXT_SIZE];    /* one of them, with its reason */
	char unit[TRIAL_UNIT_SIZE];     /* that PID 1 is to start; "": not known */
	bool target_reached;            /* that one is active */
	char waiting[128];              /* for what it waits, or "" */
	bool manager_runs;
	uint64_t manager_ms;       /* for so long, with the same invocation */
	unsigned manager_restarts; /* that systemd did by itself */
	bool has_display;
	char framebuffer[128]; /* the firmware's, and the function that it is in; or "" */
};

/* Looks at the running system, by its records, its sysfs and its service manager. */
void trial_observe(const struct root *root, struct trial_sight *ret);

/* Judges, purely; TRIAL_FINE, or the reason with a sentence without full stop in @text. */
enum trial_reason trial_judge(const struct trial *trial, const struct trial_sight *sight,
	char text[static TRIAL_TEXT_SIZE]);

/* Whether the host itself has a display: a screen of DRM or a framebuffer. */
bool trial_host_has_display(const struct root *root);

/* Whether the unit is active now. */
bool trial_unit_is_active(const char *unit);

#define TRIAL_DISPLAY_MANAGER_UNIT "display-manager.service"

/*
 * What `systemctl show` said of the display manager: @text with the properties ActiveState,
 * NRestarts and ActiveEnterTimestampMonotonic (org.freedesktop.systemd1(5)), at @now in
 * milliseconds of CLOCK_MONOTONIC.  Sets what *@ret has of it.  Pure.
 */
void trial_parse_manager(const char *text, uint64_t now, struct trial_sight *ret);

/* The units that are being started, by `systemctl list-jobs --no-legend` in @text.  Pure. */
void trial_parse_jobs(const char *text, char *ret, size_t size);

/* ---- watch.c */

/* Whether the watch would be started at the next boot, and what settles it at the one behind. */
bool trial_watch_is_installed(const struct root *root);

#endif
