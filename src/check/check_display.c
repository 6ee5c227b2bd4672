/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Displays: whether the host keeps one, and whether the firmware's picture is in the way. */
#include "base/base.h"
#include "facts/facts.h"
#include "private.h"

/*
 * Whether the host keeps a display.  A boot does not wait for one that is there only after udev has
 * started: *@ret_late.
 */
static bool display_stays(
	const struct check_host *host, const struct check_function *of, bool *ret_late)
{
	*ret_late = false;
	for (size_t i = 0; i < host->n; i++) {
		const struct check_function *function = &host->functions[i];

		if (!boot_display_is_display(function->pci) || function->target ||
			function->planned)
			continue;
		if (!function->pci->later || of->demand)
			return true;
		*ret_late = true;
	}
	return false;
}

static bool may_be_last(
	const struct check_host *host, const struct check_function *function)
{
	const struct pci_address address = function->pci->dev.address;
	const struct plan_entry *entry = nextboot_find(host->next, address);

	entry = entry ? entry : nextboot_find_demand(host->next, address);
	return entry && host->next->config.sections[entry->section].last_display;
}

static void report_boot_display(
	struct check_host *host, const struct check_function *function)
{
	if (function->pci->boot_display && function->demand) {
		check_pass(host, function->name,
			"the firmware uses it: the host has no console on it while a guest "
			"has it");
	} else if (function->pci->boot_display) {
		check_pass(host, function->name,
			"the firmware uses it: from the next boot on the console is on "
			"another display");
	} else if (function->pci->has_boot_vga ||
		boot_display_is_other(&host->facts->bus, function->pci)) {
		check_pass(host, function->name, "the firmware uses another display");
	} else {
		check_unknown(host, function->name,
			"whether the firmware uses it is not known: it has no boot_vga");
		check_remedy(host,
			"make sure that you can log in without the screen, such as by "
			"ssh");
	}
}

static void check_boot_display(
	struct check_host *host, const struct check_function *function)
{
	bool late;

	if (!boot_display_is_display(function->pci))
		return;
	if (display_stays(host, function, &late)) {
		report_boot_display(host, function);
	} else if (may_be_last(host, function)) {
		check_pass(host, function->name,
			"the host will have no display, as last-display = yes asks for");
	} else {
		check_fail(host, function->name,
			late ? "it is the last display that a boot has: another one is "
			       "there only after udev has started"
			     : "it is the last display: the host would have none");
		check_remedy(host, "%s, or write last-display = yes into its section",
			host->facts->hypervisor
				? "add another one to this virtual machine"
				: "enable another one (often the integrated GPU in the "
				  "firmware setup)");
	}
}

/* Whether this boot was to keep the firmware's framebuffer out. */
static bool is_blacklisted(const struct check_host *host)
{
	return host->facts->cmdline &&
		cmdline_has(host->facts->cmdline, "initcall_blacklist", "sysfb_init");
}

/*
 * What becomes of the firmware's framebuffer, known to be on the function at the next boot:
 * vfio-pci takes it away from VGA devices since 6.0 (drivers/video/aperture.c).
 */
static void judge_framebuffer(struct check_host *host,
	const struct check_function *function, const char *framebuffer)
{
	int age = facts_compare_kernel(host->facts, 6, 0);

	if (boot_display_is_vga(function->pci) && age == -2) {
		check_unseen(host, function->name,
			"the firmware draws into it, and the kernel's version, on which "
			"the outcome depends, is not known");
	} else if (boot_display_is_vga(function->pci) && age >= 0 &&
		!pcidev_driver_is_vfio(function->pci->dev.driver)) {
		check_pass(host, function->name,
			"the firmware draws into it, and vfio-pci will stop that");
	} else {
		check_fail(host, function->name,
			"the firmware's framebuffer%s%s lies in its memory: it would be "
			"bound, but not usable",
			*framebuffer ? " " : "", framebuffer);
		if (boot_display_is_vga(function->pci) &&
			strcmp(framebuffer, "efifb") == 0)
			check_remedy_parameter(host, true, "video=efifb:off");
		else if (is_blacklisted(host))
			check_remedy(host,
				"initcall_blacklist=sysfb_init has no effect on this "
				"kernel: use one without CONFIG_SYSFB_SIMPLEFB, or make "
				"another display the first one in the firmware setup");
		else
			check_remedy(host,
				"make another display the first one in the firmware "
				"setup; if there is none, initcall_blacklist=sysfb_init "
				"on the kernel command line keeps it away, and the "
				"screen dark");
	}
}

static void check_framebuffer(
	struct check_host *host, const struct check_function *function)
{
	enum boot_display_sight sight;
	char framebuffer[32];
	int r;

	/* Where it lies is where the firmware's screen is, whatever the class says. */
	if (pcidev_base_class(&function->pci->dev) != PCI_BASE_DISPLAY ||
		function->pci->dev.is_virtual)
		return;
	/* By then its driver has removed that, or handing it over does. */
	if (function->demand)
		return;
	r = boot_display_look(
		host->facts, function->pci, &sight, framebuffer, sizeof(framebuffer));

	if (r == -EACCES) {
		check_unknown(host, function->name,
			"only root can see what uses its memory (/proc/iomem)");
		check_remedy(host, "run 'sudo vfioboot check'");
	} else if (r < 0) {
		check_unseen(host, function->name,
			"cannot read what uses its memory (resource, /proc/iomem): %s",
			check_why(r));
	} else if (sight == BOOTDISPLAY_SEEN || sight == BOOTDISPLAY_TAKEN) {
		judge_framebuffer(host, function, framebuffer);
	} else if (sight == BOOTDISPLAY_PERHAPS) {
		check_unknown(host, function->name,
			"its driver %s may have removed the firmware's framebuffer",
			function->pci->dev.driver);
		check_remedy(host, "run it again after the next boot");
	} else {
		check_pass(host, function->name, "the firmware does not draw into it");
	}
}

static const struct check checks[] = {
	{"boot-display", NULL, check_boot_display},
	{"framebuffer", NULL, check_framebuffer},
};

const struct check_theme check_display_theme = {"Devices", checks, ARRAY_SIZE(checks)};
