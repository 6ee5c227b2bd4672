/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Displays: whether the host keeps one, and whether the firmware's picture is in the way. */
#include <errno.h>
#include <stdio.h>

#include "../../core/util.h"
#include "../devices/pcibars.h"
#include "checkhost.h"

#define CLASS_VGA 0x0300 /* include/linux/pci_ids.h, PCI_CLASS_DISPLAY_VGA */

static bool is_display(const struct check_function *function)
{
	return pcidev_base_class(&function->pci->dev) == PCI_BASE_DISPLAY &&
		!function->pci->is_virtual;
}

static bool is_vga(const struct check_function *function)
{
	return function->pci->dev.ids.class >> 8 == CLASS_VGA;
}

/* Whether another function is known to be the display of the firmware. */
static bool is_other_boot_display(
	const struct check_host *host, const struct check_function *function)
{
	for (size_t i = 0; i < host->n; i++)
		if (&host->functions[i] != function && is_display(&host->functions[i]) &&
			host->functions[i].pci->boot_display)
			return true;
	return false;
}

static bool display_stays(const struct check_host *host)
{
	for (size_t i = 0; i < host->n; i++) {
		const struct check_function *function = &host->functions[i];

		if (is_display(function) && !function->target && !function->planned &&
			!pcibus_is_vfio(function->pci->dev.driver))
			return true;
	}
	return false;
}

static bool may_be_last(
	const struct check_host *host, const struct check_function *function)
{
	const struct plan_entry *entry =
		nextboot_find(host->next, function->pci->dev.address);

	return entry && host->next->config.sections[entry->section].last_display;
}

static void tell_boot_display(
	struct check_host *host, const struct check_function *function)
{
	if (function->pci->boot_display) {
		check_pass(host, function->name,
			"the firmware shows itself on it: from the next boot on the "
			"console is on another display");
	} else if (function->pci->has_boot_vga || is_other_boot_display(host, function)) {
		check_pass(host, function->name, "the firmware uses another display");
	} else {
		check_unknown(host, function->name,
			"whether the firmware uses it can't be told: it has no boot_vga");
		check_remedy(host,
			"keep a way in besides the screen, such as ssh, for the "
			"next boot");
	}
}

static void check_boot_display(struct check_host *host)
{
	bool stays = display_stays(host);
	const struct check_function *function;
	size_t at = 0;

	while ((function = check_next_target(host, &at))) {
		if (!is_display(function))
			continue;
		if (stays) {
			tell_boot_display(host, function);
		} else if (may_be_last(host, function)) {
			check_pass(host, function->name,
				"the host will have no display, as last-display = yes "
				"asks for");
		} else {
			check_fail(host, function->name,
				"it is the last display: the host would have none");
			check_remedy(host,
				"switch another one on (often the integrated GPU in the "
				"firmware setup), or write last-display = yes into its "
				"section");
		}
	}
}

/*
 * What becomes of the firmware's framebuffer, known to be on the function at the next boot:
 * vfio-pci takes it away from VGA devices since 6.0 (drivers/video/aperture.c).
 */
static void judge_framebuffer(struct check_host *host,
	const struct check_function *function, const char *framebuffer)
{
	int age = check_compare_kernel(host, 6, 0);

	if (is_vga(function) && age == -2) {
		check_unknown(host, function->name,
			"the firmware draws into it, and what the kernel does about that "
			"depends on its version, which can't be read");
		check_remedy_elsewhere(host);
	} else if (is_vga(function) && age >= 0 &&
		!pcibus_is_vfio(function->pci->dev.driver)) {
		check_pass(host, function->name,
			"the firmware draws into it, and vfio-pci takes that away");
	} else {
		check_fail(host, function->name,
			"the firmware's framebuffer%s%s lies in its memory: it would be "
			"bound, but not usable",
			*framebuffer ? " " : "", framebuffer);
		check_remedy(host,
			is_vga(function) && strcmp(framebuffer, "efifb") == 0
				? "add video=efifb:off to the kernel command line"
				: "make another display the first one in the firmware setup; if "
				  "there is none, initcall_blacklist=sysfb_init on the kernel "
				  "command line keeps it away, and the screen dark");
	}
}

/* Nothing is there now; the driver that has the device may have taken it away. */
static void judge_absence(struct check_host *host, const struct check_function *function)
{
	const char *driver = function->pci->dev.driver;

	if (function->pci->boot_display && *driver && !pcibus_is_vfio(driver)) {
		judge_framebuffer(host, function, "");
	} else if (!function->pci->has_boot_vga && *driver && !pcibus_is_vfio(driver) &&
		!is_other_boot_display(host, function)) {
		check_unknown(host, function->name,
			"its driver %s may have taken the firmware's framebuffer away",
			driver);
		check_remedy(host, "run it again after the next boot");
	} else {
		check_pass(host, function->name, "the firmware does not draw into it");
	}
}

static void check_one_framebuffer(
	struct check_host *host, const struct check_function *function)
{
	struct pci_bar bars[PCI_BARS];
	char framebuffer[32];
	int r = pci_bars_read(host->root, function->pci->dev.address, bars);

	if (r == 0)
		r = pci_bars_find_framebuffer(
			host->root, bars, framebuffer, sizeof(framebuffer));
	if (r == -EACCES) {
		check_unknown(host, function->name,
			"only root can see what lies in its memory (/proc/iomem)");
		check_remedy(host, "run 'sudo vfioboot check'");
	} else if (r < 0) {
		check_unknown(host, function->name,
			"what lies in its memory can't be read (resource, /proc/iomem): %s",
			check_why(r));
		check_remedy_elsewhere(host);
	} else if (*framebuffer) {
		judge_framebuffer(host, function, framebuffer);
	} else {
		judge_absence(host, function);
	}
}

static void check_framebuffer(struct check_host *host)
{
	const struct check_function *function;
	size_t at = 0;

	while ((function = check_next_target(host, &at)))
		if (is_display(function))
			check_one_framebuffer(host, function);
}

static const struct check checks[] = {
	{"boot-display", check_boot_display},
	{"framebuffer", check_framebuffer},
};

const struct check_theme check_display_theme = {"Devices", checks, ARRAY_SIZE(checks)};
