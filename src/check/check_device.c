/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device itself must be able to: to be reset, to be awake, to have its memory. */
#include "base/base.h"
#include "facts/facts.h"
#include "private.h"

#define BUS_FUNCTIONS 256 /* at most */

enum reset { RESET_OWN, RESET_OFF, RESET_NONE, RESET_UNKNOWN };

/* Whether another function is on the same bus. */
static bool has_neighbour(
	const struct check_host *host, const struct check_function *function)
{
	for (size_t i = 0; i < host->n; i++) {
		const struct check_function *other = &host->functions[i];

		if (other != function &&
			other->pci->dev.address.domain ==
				function->pci->dev.address.domain &&
			other->pci->dev.address.bus == function->pci->dev.address.bus)
			return true;
	}
	return false;
}

/*
 * Whether the kernel can reset a function alone.  Only a function that it can has the files
 * reset_method (since 5.15) and reset (drivers/pci/pci.c, pci_reset_supported).
 */
static enum reset read_reset(const struct check_host *host,
	const struct check_function *function, char *ret_methods, size_t size)
{
	int r = check_read_attribute(host, function, "reset_method", ret_methods, size);

	/*
	 * The first function of a slot has "bus" since it was alone when it was found; a
	 * bus with others is reset for none of them (pci_parent_bus_reset).
	 */
	if (r == 0 && strcmp(ret_methods, "bus") == 0 && has_neighbour(host, function))
		return RESET_NONE;
	if (r == 0)
		return *ret_methods ? RESET_OWN : RESET_OFF;
	if (r != -ENODATA)
		return r == -ENOENT ? RESET_NONE : RESET_UNKNOWN;
	/* It can be written, and not read. */
	text_join(ret_methods, size, "in some way", NULL);
	if (file_exists(host->root, TREE_PCI "/%s/reset", function->name))
		return RESET_OWN;
	return host->root->live || check_has_attribute(host, "reset") ? RESET_NONE
								      : RESET_UNKNOWN;
}

/* Functions of the same bus that stay with the host: in @ret, "" for none. */
static void list_neighbours(const struct check_host *host,
	const struct check_function *function, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < host->n; i++) {
		const struct check_function *other = &host->functions[i];
		size_t len = strlen(ret);

		if (other->pci->dev.address.domain == function->pci->dev.address.domain &&
			other->pci->dev.address.bus == function->pci->dev.address.bus &&
			!other->target && !other->planned)
			text_join(
				ret + len, size - len, len ? " " : "", other->name, NULL);
	}
}

/* vfio resets the whole bus when one guest has all of it (vfio_pci_core.c, hot reset). */
static void report_no_reset(
	struct check_host *host, const struct check_function *function)
{
	bool behind = function->pci->dev.path.depth > 1 && !function->pci->dev.is_virtual;
	char others[BUS_FUNCTIONS * PCI_ADDRESS_SIZE];

	list_neighbours(host, function, others, sizeof(others));
	if (behind && !*others) {
		check_pass(host, function->name,
			"cannot be reset alone, but together with its slot, all of which "
			"goes to guests");
		return;
	}
	check_fail(host, function->name,
		"the kernel cannot reset it: a guest may fail to start a second time");
	if (behind)
		check_remedy(host,
			"run 'sudo vfioboot add %s' to add the rest of its slot, for the "
			"same guest",
			others);
	else
		check_remedy(host,
			"start its guest once per boot, or look for a reset module for "
			"this device");
}

static void check_reset(struct check_host *host, const struct check_function *function)
{
	char methods[128];

	switch (read_reset(host, function, methods, sizeof(methods))) {
	case RESET_OWN:
		check_pass(
			host, function->name, "can be reset by the kernel (%s)", methods);
		break;
	case RESET_OFF:
		check_fail(
			host, function->name, "all its reset methods have been disabled");
		check_remedy(host, "run 'echo default > /%s/%s/reset_method' as root",
			TREE_PCI, function->name);
		break;
	case RESET_NONE: report_no_reset(host, function); break;
	default:
		check_unseen(host, function->name,
			"cannot read whether the kernel can reset it");
	}
}

static void report_off(
	struct check_host *host, const struct check_function *function, bool allowed)
{
	check_fail(host, function->name,
		"its power is off (D3cold), and not every device wakes up from that");
	if (allowed)
		check_remedy(host,
			"if its guest cannot use it, run 'echo 0 > /%s/%s/d3cold_allowed' as "
			"root to keep it awake",
			TREE_PCI, function->name);
	else
		check_remedy(host, "power the machine off and on again");
}

/* A driver puts an idle device to sleep, and wakes it up; without one it may stay asleep. */
static void check_power(struct check_host *host, const struct check_function *function)
{
	char state[32], allowed[8] = "";
	const char *driver = function->pci->dev.driver;
	int r = check_read_attribute(host, function, "power_state", state, sizeof(state));

	check_read_attribute(host, function, "d3cold_allowed", allowed, sizeof(allowed));
	if (r == 0 && strcmp(state, "unknown") == 0) {
		check_unknown(host, function->name,
			"the kernel does not know its power state before a driver has "
			"it");
		check_remedy(host, "run it again after the next boot");
	} else if (r < 0) {
		check_unseen(host, function->name, "cannot read its power state");
	} else if (strcmp(state, "error") == 0) {
		check_fail(
			host, function->name, "it does not respond (power state error)");
		check_remedy(host, "power the machine off and on again");
	} else if (strcmp(state, "D3cold") != 0) {
		check_pass(host, function->name, "has power (%s)", state);
	} else if (*driver && !pcidev_driver_is_vfio(driver)) {
		check_pass(
			host, function->name, "asleep (D3cold); its driver wakes it up");
	} else if (*driver && *allowed != '0' &&
		facts_compare_kernel(host->facts, 5, 19) >= 0) {
		check_pass(host, function->name,
			"asleep (D3cold), as vfio-pci leaves a device that no guest has; "
			"a guest wakes it up");
	} else {
		report_off(host, function, *allowed != '0');
	}
}

static void check_memory(struct check_host *host, const struct check_function *function)
{
	struct pci_bar bars[PCI_BARS];
	int r = pci_bars_read(host->root, function->pci->dev.address, bars);

	if (r < 0) {
		check_unseen(host, function->name, "cannot read where its memory is: %s",
			check_why(r));
		return;
	}
	for (int i = 0; i < PCI_BARS; i++) {
		if (!bars[i].unplaced)
			continue;
		check_fail(host, function->name,
			"no address space is assigned to its BAR %d", i);
		check_remedy(host,
			host->facts->hypervisor
				? "give this virtual machine more address space for PCI "
				  "(QEMU with OVMF: -fw_cfg "
				  "opt/ovmf/X-PciMmio64Mb,string=65536)"
				: "enable Above 4G Decoding in the firmware setup");
		return;
	}
	check_pass(host, function->name, "its memory is mapped");
}

/* "256 MiB" or "16 GiB". */
static void format_size(uint64_t bytes, char *ret, size_t size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	while (unit + 1 < ARRAY_SIZE(units) && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(ret, size, "%llu %s", (unsigned long long)bytes, units[unit]);
}

/* Adds "BAR 1 is 256 MiB of up to 16 GiB" for each BAR that can be resized. */
static void list_sizes(const struct pci_bar bars[static PCI_BARS], char *ret, size_t size)
{
	*ret = '\0';
	for (int i = 0; i < PCI_BARS; i++) {
		char now[32], most[32], number[4] = {(char)('0' + i)};
		/* Bit 43, 8 EiB, is the largest that there is. */
		uint64_t sizes = bars[i].sizes & 0xfffffffffff;
		size_t len = strlen(ret);

		if (!bars[i].used || bars[i].unplaced || !sizes)
			continue;
		format_size(pci_bar_size(&bars[i]), now, sizeof(now));
		format_size((uint64_t)1 << (20 + 63 - __builtin_clzll(sizes)), most,
			sizeof(most));
		text_join(ret + len, size - len, len ? ", " : "", "BAR ", number, " is ",
			now, " of up to ", most, NULL);
	}
}

static void check_resizable(
	struct check_host *host, const struct check_function *function)
{
	struct pci_bar bars[PCI_BARS];
	char sizes[256];

	if (pcidev_base_class(&function->pci->dev) != PCI_BASE_DISPLAY)
		return;
	if (pci_bars_read(host->root, function->pci->dev.address, bars) < 0) {
		check_unseen(host, function->name, "cannot read its sizes");
		return;
	}
	list_sizes(bars, sizes, sizeof(sizes));
	if (*sizes) {
		check_pass(host, function->name, "%s", sizes);
	} else if (facts_compare_kernel(host->facts, 6, 1) >= 0) {
		check_pass(host, function->name, "memory of one size only");
	} else {
		check_pass(host, function->name,
			"kernels before 6.1 do not show whether its memory can be "
			"resized, and guests work without");
	}
}

/* What loses its driver with a function, and stays with the host. */
static void check_consumers(
	struct check_host *host, const struct check_function *function)
{
	char list[512], address[PCI_ADDRESS_SIZE];

	if (pcibus_consumers(host->root, function->pci->dev.address, list, sizeof(list)) <
		0)
		return;
	for (char *at = list, *name; (name = strsep(&at, ","));) {
		bool goes_too = false;

		name += strspn(name, " ");
		for (size_t i = 0; i < host->n && text_begins_with(name, "pci:"); i++) {
			pci_address_format(host->functions[i].pci->dev.address, address);
			goes_too |= host->functions[i].target &&
				strcmp(name + strlen("pci:"), address) == 0;
		}
		if (*name && !goes_too)
			check_pass(host, function->name,
				"%s depends on it, and loses its driver with it", name);
	}
}

static const struct check checks[] = {
	{"reset", NULL, check_reset},
	{"consumers", NULL, check_consumers},
	{"power-state", NULL, check_power},
	{"memory", NULL, check_memory},
	{"resizable-bar", NULL, check_resizable},
};

const struct check_theme check_device_theme = {"Devices", checks, ARRAY_SIZE(checks)};
