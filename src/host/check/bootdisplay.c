/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel tells it by boot_vga, and by what lies in the memory of a display. */
#include "bootdisplay.h"

#include "../../core/util.h"
#include "../devices/pcibars.h"

#define CLASS_VGA 0x0300 /* include/linux/pci_ids.h, PCI_CLASS_DISPLAY_VGA */

bool bootdisplay_is_display(const struct check_function *function)
{
	return pcidev_base_class(&function->pci->dev) == PCI_BASE_DISPLAY &&
		!function->pci->is_virtual;
}

bool bootdisplay_is_vga(const struct check_function *function)
{
	return function->pci->dev.ids.class >> 8 == CLASS_VGA;
}

bool bootdisplay_is_other(
	const struct check_host *host, const struct check_function *function)
{
	for (size_t i = 0; i < host->n; i++)
		if (&host->functions[i] != function &&
			bootdisplay_is_display(&host->functions[i]) &&
			host->functions[i].pci->boot_display)
			return true;
	return false;
}

/* Nothing is there now; the driver that has the device may have taken it away. */
static enum bootdisplay_sight judge_absence(
	const struct check_host *host, const struct check_function *function)
{
	const char *driver = function->pci->dev.driver;

	if (!*driver || pcibus_is_vfio(driver))
		return BOOTDISPLAY_ABSENT;
	if (function->pci->boot_display)
		return BOOTDISPLAY_TAKEN;
	return function->pci->has_boot_vga || bootdisplay_is_other(host, function)
		? BOOTDISPLAY_ABSENT
		: BOOTDISPLAY_PERHAPS;
}

int bootdisplay_look(const struct check_host *host, const struct check_function *function,
	enum bootdisplay_sight *ret, char *name, size_t size)
{
	struct pci_bar bars[PCI_BARS];
	int r = pci_bars_read(host->root, function->pci->dev.address, bars);

	if (r == 0)
		r = pci_bars_find_framebuffer(host->root, bars, name, size);
	if (r < 0)
		return r;
	*ret = *name ? BOOTDISPLAY_SEEN : judge_absence(host, function);
	return 0;
}
