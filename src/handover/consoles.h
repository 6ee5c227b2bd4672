/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text console on a display, and the framebuffer that the firmware left in it: found by what
 * the kernel says they are, never by their numbers.
 *
 * The kernel has one "frame buffer device" console for all framebuffers (drivers/video/fbdev/core/
 * fbcon.c).  One that has none of the functions that leave is never touched.
 */
#ifndef VFIOBOOT_HANDOVER_CONSOLES_H
#define VFIOBOOT_HANDOVER_CONSOLES_H

#include "base/base.h"

#define CONSOLES_MAX       8
#define CONSOLES_NAME_SIZE 16 /* bytes of "vtcon1" and its like */

/* What of the console is on some functions. */
struct consoles {
	/*
	 * Consoles that are bound now, as in /sys/class/vtconsole, with text on the functions.
	 * To be unbound first: where no other display stays, or a module will be unloaded that
	 * text could keep in use.  None where the kernel would not bind it again when that is
	 * undone; it unbinds it by itself when the driver goes.
	 */
	char names[CONSOLES_MAX][CONSOLES_NAME_SIZE];
	unsigned n;
	/*
	 * To be bound again once the functions have left, where another display stays: the kernel
	 * has chosen that one then, and shows nothing on it if no terminal was there before.
	 */
	char moving[CONSOLES_MAX][CONSOLES_NAME_SIZE];
	unsigned n_moving;
	/*
	 * The firmware's framebuffer in their memory, while it has a driver; else "", also where root
	 * alone can see whose memory it is in.
	 */
	char firmware_device[48]; /* "simple-framebuffer.0" */
	char firmware_driver[48]; /* "simple-framebuffer": a platform driver */
};

/* Finds them for the @n functions.  Returns 0, or -errno. */
int consoles_find(const struct root *root, const struct pci_address *functions, size_t n,
	struct consoles *ret);

/*
 * Takes the console @name from the virtual terminals, or gives it to them, and reads that back.  One
 * that is so already is left, and so is one that is to be taken and is gone.  A console that was
 * gone meanwhile may have come back by another number: any of its kind is given.  Returns 0; -ENOENT
 * when there is none to give; -EOPNOTSUPP where the kernel began in the text mode of VGA and binds
 * none; -EIO when it did not do it; or another -errno.
 */
int consoles_bind(const struct root *root, const char *name, bool bind);

/*
 * Takes the firmware's framebuffer from its driver.  It is never given back: its memory is the
 * guest's then, and after that the native driver's.  One that is gone is no error, since a native
 * driver removes it.  Returns 0; -EIO when the kernel did not do it; or another -errno.
 */
int consoles_release_firmware(const struct root *root, const struct consoles *consoles);

#endif
