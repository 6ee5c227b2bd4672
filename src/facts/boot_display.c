/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the boot display by boot_vga, and by the framebuffer in the memory of a display. */
#include "boot_display.h"

#include "base/base.h"

#define CLASS_VGA 0x0300 /* include/linux/pci_ids.h, PCI_CLASS_DISPLAY_VGA */

bool boot_display_is_display(const struct pcibus_function *function)
{
	return pcidev_display(&function->dev) == PCIDEV_DISPLAY;
}

bool boot_display_is_vga(const struct pcibus_function *function)
{
	return function->dev.ids.class >> 8 == CLASS_VGA;
}

bool boot_display_is_other(
	const struct pcibus *bus, const struct pcibus_function *function)
{
	for (size_t i = 0; i < bus->n; i++)
		if (&bus->functions[i] != function &&
			boot_display_is_display(&bus->functions[i]) &&
			bus->functions[i].boot_display)
			return true;
	return false;
}

/* Nothing is there now; the driver that has the device may have taken it away. */
static enum boot_display_sight judge_absence(
	const struct facts *facts, const struct pcibus_function *function)
{
	const char *driver = function->dev.driver;

	if (!*driver || pcidev_driver_is_vfio(driver))
		return BOOTDISPLAY_ABSENT;
	if (function->boot_display)
		return BOOTDISPLAY_TAKEN;
	return function->has_boot_vga || boot_display_is_other(&facts->bus, function)
		? BOOTDISPLAY_ABSENT
		: BOOTDISPLAY_PERHAPS;
}

int boot_display_look(const struct facts *facts, const struct pcibus_function *function,
	enum boot_display_sight *ret, char *name, size_t size)
{
	struct pci_bar bars[PCI_BARS];
	int r = pci_bars_read(facts->root, function->dev.address, bars);

	if (r == 0)
		r = pci_bars_find_framebuffer(facts->root, bars, name, size);
	if (r < 0)
		return r;
	*ret = *name ? BOOTDISPLAY_SEEN : judge_absence(facts, function);
	return 0;
}
