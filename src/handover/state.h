/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was handed over, and what has to be put back: a file a set in /run/vfioboot/handover, with
 * the name of the set.  Each line is there before what it says is done.
 *
 * Text, one fact a line, its parts being words (bind/word.h):
 *
 *	vfioboot-handover 1
 *	version VERSION
 *	guest NAME                                  "-": no guest, a person asked
 *	phase binding|bound|releasing
 *	function ADDRESS PATH VENDOR:DEVICE NATIVE WANTED OVERRIDE
 *	sound ADDRESS DRIVER                        unbound meanwhile, and not given
 *	power ADDRESS CONTROL                       its power/control was this
 *	unit NAME                                   stopped
 *	user-unit UID NAME                          stopped, of this user's manager
 *	module NAME                                 unloaded
 *	console NAME                                taken from the virtual terminals
 *	timer NAME                                  releases the set at its time
 */
#ifndef VFIOBOOT_HANDOVER_STATE_H
#define VFIOBOOT_HANDOVER_STATE_H

#include "bind/bind.h"
#include "decide/decide.h"

#define STATE_HANDOVERS RUN_DIRECTORY "/handover"

#define STATE_WORD_SIZE 256 /* bytes of the longest word, unescaped, with its NUL */

enum state_phase { STATE_BINDING, STATE_BOUND, STATE_RELEASING, STATE_PHASES };

struct state_function {
	struct pci_address address;
	char path[PCI_PATH_SIZE]; /* "": it has none */
	uint16_t vendor, device;
	char native[SYSFS_DRIVER_SIZE]; /* that had it before; "": none */
	char wanted[CONFIG_DRIVER_SIZE];
	char override[SYSFS_DRIVER_SIZE]; /* that was set before, by others; "": none */
};

/* A step that has a way back. */
enum state_kind {
	STATE_SOUND,
	STATE_POWER,
	STATE_UNIT,
	STATE_USER_UNIT,
	STATE_MODULE,
	STATE_CONSOLE,
	STATE_TIMER,
	STATE_KINDS,
};

struct state_step {
	enum state_kind kind;
	char of[PCI_ADDRESS_SIZE]; /* the address, or the uid; "": neither */
	char name[STATE_WORD_SIZE];
};

/* Starts as {0}, for state_free(). */
struct state {
	char set[CONFIG_NAME_SIZE];
	char guest[STATE_WORD_SIZE]; /* "": none */
	enum state_phase phase;
	struct state_function *functions; /* in the order in which they are given up */
	size_t n_functions;
	struct state_step *steps; /* in the order in which they were done */
	size_t n_steps;
};

/*
 * Reads what is known of a set.  Returns 0 with *@ret; -ENOENT: it was not handed over; -EBADMSG
 * for a file that is none; or another -errno.
 */
int state_read(const struct root *root, const char *set, struct state *ret);

/* Says that it failed with @error, but for -ENOENT.  Returns @error. */
int state_say_unreadable(const char *set, int error, struct message *message);

/* Writes the file as a whole.  0 or -errno. */
int state_write(const struct root *root, const struct state *state);

/* The path of its file. */
#define STATE_PATH_SIZE (sizeof(STATE_HANDOVERS) + CONFIG_NAME_SIZE)
void state_path(const char *set, char ret[static STATE_PATH_SIZE]);

/* The names of the sets that were handed over, sorted, for file_free_names().  0 or -errno. */
int state_list(const struct root *root, struct file_names *ret);

/*
 * The set that has the function: its name in @ret.  Returns 0; -ENOENT: none has; or -errno, with
 * the name of the set whose file cannot be read in @ret.
 */
int state_find(const struct root *root, struct pci_address address,
	char ret[static CONFIG_NAME_SIZE]);

/*
 * Adds a function, or a step, unless it is there; another device at the address takes its place.  0 or
 * -ENOMEM.
 */
int state_add_function(struct state *state, const struct state_function *function);
int state_add(
	struct state *state, enum state_kind kind, const char *of, const char *name);

/* The function at @address, or NULL. */
struct state_function *state_function(
	const struct state *state, struct pci_address address);

/* Whether the function is in the machine, and still the device that was handed over. */
bool state_is_there(const struct root *root, const struct state_function *function);

void state_free(struct state *state);

#endif
