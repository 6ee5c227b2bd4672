/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of a function that its section asks for beside its driver: the keys rebar, reset, d3cold
 * and power (vfioboot.conf(5)).  Each is a step that has a result of its own, read back from the
 * kernel, and none keeps the function from being bound.
 *
 * drivers/pci/pci-sysfs.c: d3cold_allowed_store, __resource_resize_store (6.1), reset_method_store
 * (5.15; in pci.c before 6.13).
 */
#ifndef VFIOBOOT_SETTINGS_H
#define VFIOBOOT_SETTINGS_H

#include "decide/decide.h"
#include "virtual.h"

/* In the order in which they are carried out. */
enum setting {
	SETTING_D3COLD,
	SETTING_REBAR,
	SETTING_RESET,
	/* From here on, once the driver has the function: vfio-pci sets this one itself before. */
	SETTING_POWER,
	SETTING_VFS, /* virtual functions, which the driver makes */
	SETTINGS,
};

/* The key in the configuration. */
const char *setting_key(enum setting setting);

enum step_result {
	STEP_SET,     /* as asked, or as near to it as the reason says; read back */
	STEP_SAME,    /* it was so before */
	STEP_SKIPPED, /* nothing was changed */
	STEP_FAILED,  /* the kernel did not do it */
	STEP_RESULTS,
};

/* "set", "same", "skipped" and "failed". */
extern const char *const step_result_words[STEP_RESULTS];

/* Bytes of the longest value with its NUL. */
#define SETTING_VALUE_SIZE CONFIG_RESET_SIZE

struct step {
	unsigned entry; /* of the plan */
	enum setting setting;
	unsigned bar; /* of rebar: index into config_section.rebar */
	enum step_result result;
	enum reason reason;             /* REASON_NONE: all as asked, or not got to yet */
	char value[SETTING_VALUE_SIZE]; /* that the kernel has now; "": not known */
};

/* A BAR each, and the other settings. */
#define STEPS_OF_FUNCTION_MAX (CONFIG_REBARS + SETTINGS - 1)

/*
 * Lists the steps of a function of the section, all STEP_SKIPPED with REASON_NONE, into @ret, where it
 * is not NULL.  Returns how many there are.
 */
unsigned settings_list(
	const struct config_section *section, unsigned entry, struct step *ret);

/* What a step asks for: "1:8G", "flr bus", "no". */
void setting_format_wanted(const struct config_section *section, const struct step *step,
	char ret[static SETTING_VALUE_SIZE]);

/* The steps of one function. */
struct settings {
	const struct root *root;
	const struct config_section *section;
	struct pci_address address;
	struct step *steps;
	unsigned n;
	struct virtual_made *made; /* by this run; nobody's if look_only */
	bool look_only;            /* nothing is written: STEP_SET is what would be set */
	bool late; /* those for a function that has its driver; else those before */
};

/* Does them, which may wait for ever for a device that hangs. */
void settings_do(const struct settings *settings);

/* Does them in a child, until @deadline.  Returns 0, or -ETIMEDOUT. */
int settings_run(const struct settings *settings, uint64_t deadline);

#endif
