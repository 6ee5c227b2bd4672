/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text console on a display, and the framebuffer that the firmware left in it: found by what
 * the kernel says they are, never by their numbers.
 *
 * The kernel has one "frame buffer device" console for all framebuffers (drivers/video/fbdev/core/
 * fbcon.c).  When a framebuffer goes, it moves the text to another one by itself; so the console
 * is unbound only where every framebuffer is of the functions that leave, and that of another
 * card is never touched.
 */
#ifndef VFIOBOOT_HANDOVER_CONSOLES_H
#define VFIOBOOT_HANDOVER_CONSOLES_H

#include "base/base.h"

#define CONSOLES_MAX       8
#define CONSOLES_NAME_SIZE 16 /* bytes of "vtcon1" and its like */

/* What of the console is on some functions. */
struct consoles {
	/* That have to be unbound, as in /sys/class/vtconsole: they are bound now. */
	char names[CONSOLES_MAX][CONSOLES_NAME_SIZE];
	unsigned n;
	bool moves; /* text is on them, and the kernel moves it to another display */
	/* The firmware's framebuffer in their memory, while it has a driver; else "". */
	char firmware_device[48]; /* "simple-framebuffer.0" */
	char firmware_driver[48]; /* "simple-framebuffer": a platform driver */
	struct pci_address firmware_function; /* in whose memory it is */
};

/*
 * Finds them for the @n functions.  Without them *@ret is all zero.  Returns 0; -EACCES when only
 * root can see whose memory a framebuffer is in; or another -errno.
 */
int consoles_find(const struct root *root, const struct pci_address *functions, size_t n,
	struct consoles *ret);

/*
 * Binds the console @name (of consoles.names) to the virtual terminals, or takes it from them, and
 * reads that back.  One that is so already, or is gone, is left.  Returns 0; -EIO when the kernel
 * did not do it; or another -errno.
 */
int consoles_bind(const struct root *root, const char *name, bool bind);

/*
 * Takes the firmware's framebuffer from its driver.  It is never given back: what it draws into is
 * the guest's then, and after that of the native driver.  One that is gone is no error, since a
 * native driver removes it.  Returns 0, or -errno.
 */
int consoles_release_firmware(const struct root *root, const struct consoles *consoles);

#endif
