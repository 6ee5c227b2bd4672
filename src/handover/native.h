/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Native drivers: in which order they give functions up and take them again, what goes along with
 * them, and their modules.  A table, with a row for each driver that is not plain.
 */
#ifndef VFIOBOOT_HANDOVER_NATIVE_H
#define VFIOBOOT_HANDOVER_NATIVE_H

#include "base/base.h"
#include "facts/facts.h"

/* A PCI driver; the lists end with NULL, and are NULL when empty. */
struct native_driver {
	const char *name; /* as in /sys/bus/pci/drivers; of the plain one "" */
	/*
	 * Unloaded in this order instead of an unbind, if no function that stays has the
	 * driver; loaded in the reverse one.  NULL: it is unbound, its module stays.
	 */
	const char *const *modules;
	/*
	 * Units of the system that are stopped before, if they are active; where other functions
	 * keep the driver they can be started again as soon as these have left it.
	 */
	const char *const *units;
	/* Its functions are given with all others of their card, or not at all. */
	bool whole_card;
	/*
	 * An unbind while a node is open does not end before that is closed, and cannot be
	 * killed: it has to be known beforehand that nobody has one open.
	 */
	bool hangs;
	/* Sound functions of other devices have components of it: native_find_sound(). */
	bool has_sound;
	/* What cannot be found out of it, in a sentence without full stop; "": nothing. */
	const char *unknown;
};

/* The row of the driver; never NULL: most are plain. */
const struct native_driver *native_find(const char *driver);

/*
 * Sorts functions into the order in which their drivers give them up: sound before what it comes
 * from, displays last, and else by address.  The way back is the reverse.
 */
void native_sort(const struct pcibus *bus, struct pci_address *functions, size_t n);

/*
 * Functions of @bus that are not given but have to be unbound while the @n functions are: the
 * sound of the processor's graphics, whose driver holds a component of i915 or xe.  Each is to be
 * unbound before the first of them, and probed again when all are done, on both ways.  Writes at
 * most @size addresses to @ret.  Returns how many; or -ENOBUFS.
 */
int native_find_sound(const struct pcibus *bus, const struct pci_address *functions,
	size_t n, struct pci_address *ret, size_t size);

/*
 * Whether a function that is not among the @n has the driver: then modules stay loaded, and nodes
 * of the driver alone are not of these functions.  Returns 1, 0, or -errno.
 */
int native_has_others(const struct root *root, const char *driver,
	const struct pci_address *functions, size_t n);

/*
 * Why functions with the driver can't be given up, besides who has them open (holders.h) and
 * modules in use, which native_unload() finds.  Returns 0; or -EBUSY with @message: another
 * function of the card stays.
 */
int native_refuse(const struct pcibus *bus, const struct native_driver *driver,
	const struct pci_address *functions, size_t n, struct message *message);

/* ---- modules, by libkmod, of the running machine ----------------------------------------- */

/* Whether the module is loaded, and not built in.  In names '-' and '_' are the same. */
bool native_is_loaded(const struct root *root, const char *module);

/*
 * Unloads it, never by force.  One that is not loaded is done.  Returns 0; -EBUSY with what uses
 * it; -ETIMEDOUT; or another -errno; with @message.
 */
int native_unload(const struct root *root, const char *module, struct message *message);

/* Loads it as modprobe(8) does, with its dependencies and options.  The same otherwise. */
int native_load(const struct root *root, const char *module, struct message *message);

#endif
