/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial: one boot with a setting that may cost the machine, which comes back by itself.
 *
 * What is tried are the sections that only a boot entry asks for, by a profile or by
 * `when = selected` (vfioboot.conf(5)).  So nothing of the setting has to be undone: the normal
 * entry has no such parameter and leaves the devices alone, whatever the trial did.  To keep
 * the setting is to drop that condition (trialkeep.h).
 *
 * A trial goes through these phases, each written to disk before what it stands for begins:
 *
 *	armed      the loader takes the entry of the trial at the next boot, once
 *	started    the trial's boot has come as far as a writable /var
 *	confirmed  all was as it should be, or a person said so
 *	kept       and its sections are done at every boot from now on
 *	failed     it was given up, or its boot ended without being confirmed
 *
 * Whatever becomes of a trial's boot, the one after it is normal.  It comes by a panic
 * (panic=30), by the unit that watches (vfioboot-confirm.service), by the person who resets
 * the machine; what is found there as "armed" or "started" has failed.
 *
 * This file is pure; trialstore.h keeps it, trialwatch.h looks at the machine.
 */
#ifndef VFIOBOOT_TRIALSTATE_H
#define VFIOBOOT_TRIALSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decide/decide.h"
#include "outlook/outlook.h"

#define TRIAL_ID_SIZE         24
#define TRIAL_TEXT_SIZE       320
#define TRIAL_PARAMETERS_SIZE 768
#define TRIAL_TRIED_SIZE      512
#define TRIAL_DIGEST_SIZE     17
#define TRIAL_SECTION_SIZE    72 /* bytes of a section's line, and more */
#define TRIAL_FORMAT_SIZE     (4096 + CONFIG_SECTIONS_MAX * TRIAL_SECTION_SIZE)

/* So long a display manager has to run: one that has no display ends, and is started again. */
#define TRIAL_MANAGER_SECONDS 15

enum trial_phase {
	TRIAL_ARMED,
	TRIAL_STARTED,
	TRIAL_CONFIRMED,
	TRIAL_KEPT,
	TRIAL_FAILED
};

/* Why a trial is not confirmed; TRIAL_FINE: it is. */
enum trial_reason {
	TRIAL_FINE,
	TRIAL_NO_RECORD, /* the early program left nothing */
	TRIAL_CHANGED,   /* the image has another configuration than when it was armed */
	TRIAL_NOT_BOUND, /* a function has not the driver that it should have */
	TRIAL_NOT_UP,    /* what PID 1 is to start is not reached */
	TRIAL_DISPLAY_MANAGER, /* it does not run, or not for long enough */
	TRIAL_NO_DISPLAY,      /* the host had a display, and has none now */
	TRIAL_FRAMEBUFFER, /* the firmware's is still in a function that was to be free of it */
	/* Found afterwards: */
	TRIAL_NOT_TAKEN, /* the loader never took the entry */
	TRIAL_NEVER_UP,  /* its boot did not come as far as a writable /var */
	TRIAL_ENDED,     /* its boot ended before it was confirmed or given up */
	TRIAL_REASONS,
};

/* A section that is tried, and what it asked for when the trial was armed (trialkeep.h). */
struct trial_section {
	char name[CONFIG_NAME_SIZE];
	char digest[TRIAL_DIGEST_SIZE];
};

struct trialstate {
	char id[TRIAL_ID_SIZE]; /* "" for no trial */
	enum trial_phase phase;
	enum trial_reason reason;
	char text[TRIAL_TEXT_SIZE]; /* the reason in a sentence, or "" */
	char loader[32];            /* name of its struct bootloader */
	char profile[CONFIG_NAME_SIZE];
	char parameters
		[TRIAL_PARAMETERS_SIZE]; /* that its entry has beyond the normal one */
	/* Those of them that the setting needs, or a person asked for; not what is for the trial. */
	char tried[TRIAL_TRIED_SIZE];
	char config
		[TRIAL_DIGEST_SIZE]; /* config.digest when it was armed; "": not known */
	char armed_boot[37];         /* boot id in which it was armed */
	char boot[37];               /* its own, once started */
	bool had_display;            /* when it was armed: the host itself had one */
	bool display_manager;        /* when it was armed: one was running */
	bool by_person;              /* confirmed by hand */
	struct trial_section sections[CONFIG_SECTIONS_MAX];
	unsigned n_sections; /* 0: an older version armed it, and they are not known */
};

/*
 * The state as text, one "key value" a line, the first line being "vfioboot-trial 1"; a tried
 * section is "section NAME DIGEST".  Keys that are not known are skipped in reading.  trial_parse() returns 0 or -EBADMSG.
 */
void trial_format(const struct trialstate *trial, char ret[static TRIAL_FORMAT_SIZE]);
int trial_parse(const char *text, struct trialstate *ret);

/* The digest as struct trialstate has it. */
void trial_format_digest(uint64_t digest, char ret[static TRIAL_DIGEST_SIZE]);

/* Whether all was as it should be, or a person said so. */
bool trial_is_confirmed(const struct trialstate *trial);

/*
 * Those of the parameters that were tried which @cmdline does not have, with blanks between;
 * all of them in the trial's own boot, where they come from its entry.
 */
void trial_missing_parameters(const struct trialstate *trial, const char *cmdline,
	char ret[static TRIAL_TRIED_SIZE]);

const char *trial_phase_word(enum trial_phase phase);
const char *trial_reason_word(enum trial_reason reason);

/* What the running system shows of a trial's boot. */
struct trial_sight {
	bool recorded; /* the early program left a record, and did something */
	char config[TRIAL_DIGEST_SIZE]; /* of the image, by that record; "": not known */
	size_t n_functions;             /* that were asked for */
	size_t n_wrong;                 /* that have not their driver */
	char wrong[TRIAL_TEXT_SIZE];    /* one of them, with its reason */
	char unit[BOOTUNIT_SIZE];       /* that PID 1 is to start */
	bool target_reached;            /* that one is active */
	char waiting[128];              /* for what it waits, or "" */
	bool manager_runs;
	uint64_t manager_ms;       /* for so long, with the same invocation */
	unsigned manager_restarts; /* that systemd did by itself */
	bool has_display;
	char framebuffer
		[128]; /* the firmware's, and the function that it is in; "" for none */
};

/* Judges; TRIAL_FINE, or the reason with a sentence without full stop in @text. */
enum trial_reason trial_judge(const struct trialstate *trial,
	const struct trial_sight *sight, char text[static TRIAL_TEXT_SIZE]);

/*
 * At another boot than its own: what became of a trial that is neither confirmed nor given
 * up.  @still_armed: the loader has the choice still.  @boot: the boot id of now.  Changes
 * *@trial to TRIAL_FAILED and returns true, or leaves it alone: it is over already, or its
 * boot is still to come.
 */
bool trial_settle(struct trialstate *trial, const char *boot, bool still_armed);

/* The value of vfioboot.trial= of a command line, "" for none. */
void trial_of_cmdline(const char *cmdline, char ret[static TRIAL_ID_SIZE]);

#endif
