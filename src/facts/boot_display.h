/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which display has the firmware's screen, and whether its framebuffer lies in it. */
#ifndef VFIOBOOT_BOOTDISPLAY_H
#define VFIOBOOT_BOOTDISPLAY_H

#include "snapshot.h"

/* Whether something can be seen on it, by all that is known now (decide/pcidev.h). */
bool boot_display_is_display(const struct pcibus_function *function);

/* Whether it is of the one class (0300) that has a boot_vga. */
bool boot_display_is_vga(const struct pcibus_function *function);

/* Whether another function is known to be the display of the firmware. */
bool boot_display_is_other(
	const struct pcibus *bus, const struct pcibus_function *function);

/* What the running boot shows of the firmware's framebuffer in a display. */
enum boot_display_sight {
	BOOTDISPLAY_SEEN,
	BOOTDISPLAY_ABSENT,
	/* Absent, and its own driver took it away (drivers/video/aperture.c): */
	BOOTDISPLAY_TAKEN,
	BOOTDISPLAY_PERHAPS, /* or may have: which one the boot display is, is not known */
};

/*
 * Looks for it, with its name in /proc/iomem in @name where it is seen, else "".  Returns 0;
 * -EACCES when only root could see it; or another -errno.
 */
int boot_display_look(const struct facts *facts, const struct pcibus_function *function,
	enum boot_display_sight *ret, char *name, size_t size);

#endif
