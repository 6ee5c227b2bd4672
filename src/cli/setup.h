/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guided first use.  What it does other commands do as well, and their functions do it here;
 * what is its own are the questions, and one list of all steps before the first of them.  For
 * setup*.c alone.
 */
#ifndef VFIOBOOT_CLI_SETUP_H
#define VFIOBOOT_CLI_SETUP_H

#include "cli.h"

#define SETUP "setup"

/* What to do where there is no terminal. */
#define SETUP_OPTIONS                                                                         \
	"this asks questions, and standard input is not a terminal; use --yes with --device " \
	"DEVICE and --when boot, menu or demand, or --dry-run with these"

/* Of a boot that binds the devices, when the configuration names none. */
#define SETUP_PROFILE "passthrough"

enum setup_when {
	SETUP_BOOT,   /* at every boot */
	SETUP_MENU,   /* at those that an entry of the boot menu starts */
	SETUP_DEMAND, /* when a guest starts */
	SETUP_WHENS,
};

/* What has to be agreed to. */
struct setup_traits {
	bool demand_only;  /* a boot without it would show nothing, or only elsewhere */
	bool last_display; /* no other stays for the host */
	bool has_data;     /* on its drives: the guest gets it */
	bool refused;      /* whenever it is for a guest */
};

/* A card, and whether it can be chosen. */
struct setup_card {
	const struct pcibus_function *function; /* its first */
	bool offered; /* neither is anything against it, nor is it set up already */
	struct setup_traits is;
	unsigned number;                /* from 1 on; 0: it is not offered */
	bool chosen, named;             /* to be added; by --device */
	char section[CONFIG_NAME_SIZE]; /* that has it; "": none */
	enum setup_when configured;     /* of that */
	char with[1024];                /* addresses of what else leaves the host */
	char notes[1024];               /* what it is used for, why it is not offered */
	struct offer offer;             /* of a chosen one */
};

struct setup {
	struct cli *cli;
	bool yes, reboot, last_display, data; /* what the options say */
	const char *wanted;                   /* --when; NULL: it is asked for */
	struct devices devices;
	struct obstacles_allowed
		allow; /* at most the last display, on demand, and data */
	struct candidates candidates;
	struct setup_card *cards; /* of the same order */
	size_t n_cards;
	unsigned n_offered;
	/* Of the files of the configuration that all of it goes by. */
	uint64_t digest;
	unsigned n_sections;
	bool iommu_first; /* without the IOMMU no card can be chosen: its parameter is all */
	enum setup_when when;
	char profile[CONFIG_NAME_SIZE]; /* of SETUP_MENU */
	struct params params;
	bool changed;         /* something was carried out */
	bool by_hand;         /* something of it is left for a person, or is not known */
	bool rewrote_entries; /* they have parameters that count at the next boot */
};

/* ---- setup_machine.c: whether this machine can give devices to guests */

/* Prints it.  CLI_OK, or what has to be done first was said. */
enum cli_exit setup_look(struct setup *setup);

/* ---- setup_cards.c: which cards there are, and which are chosen */

/* How many sections are in files. */
unsigned setup_count_sections(const struct config *config);

/* Finds them all. */
enum cli_exit setup_find_cards(struct setup *setup);

/* Prints them, as a table or as JSON. */
void setup_print_cards(const struct setup *setup, bool json);

/* By --device, or by asking.  CLI_OK with one that is chosen, or that is set up already. */
enum cli_exit setup_choose_cards(struct setup *setup);

/* Whether a chosen card is so. */
struct setup_traits setup_chosen(const struct setup *setup);

/* Makes the drop-ins of the chosen cards, each beside those before it. */
enum cli_exit setup_plan_cards(struct setup *setup);

void setup_free_cards(struct setup *setup);

/* ---- setup_steps.c: what is done */

/*
 * Finds the kernel parameters that are needed to give away what @next plans, or with NULL what is
 * configured, for setup->params.  0, or as params_find().
 */
int setup_find_params(struct setup *setup, const struct nextboot *next);

/* Prints the steps and whether they can be done.  *@ret_any: there is something to do. */
enum cli_exit setup_print_steps(struct setup *setup, bool *ret_any);

/* Carries them out. */
enum cli_exit setup_carry_out(struct setup *setup);

#endif
