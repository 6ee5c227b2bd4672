/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of reasons: the word and the sentence of each. */
#include "reason.h"

#include <string.h>

static const struct {
	const char *word, *text;
} reasons[REASONS] = {
	[REASON_NONE] = {"-", "as asked"},
	[REASON_BAD_CONFIG] = {"bad-config",
		"its section has an error; correct it in the file and line that are reported with it"},
	[REASON_ABSENT] = {"absent",
		"no function that its section names is present; is the device plugged in and "
		"powered on, or does a driver create it later?"},
	[REASON_LATER] = {"later",
		"its physical function has not made it yet: the driver of that does"},
	[REASON_MOVED] = {"moved",
		"another device is, or may be, at the place that its section names; name the "
		"new place, or "
		"set on-move = follow"},
	[REASON_AMBIGUOUS] = {"ambiguous",
		"the device has moved, and more than one set of functions has its ids; name the "
		"new place"},
	[REASON_COUNT] = {"count",
		"there are more or fewer functions than its section expects"},
	[REASON_CLAIMED] = {"claimed", "an earlier section takes the function"},
	[REASON_BRIDGE] = {"bridge", "it is a bridge, which cannot be passed to a guest"},
	[REASON_NO_IOMMU_GROUP] = {"no-iommu-group",
		"it has no IOMMU group; enable the IOMMU (VT-d, AMD-Vi, SMMU) in the firmware "
		"and the kernel"},
	[REASON_DENYLISTED] = {"denylisted",
		"vfio-pci refuses it for its errata, unless it has the parameter "
		"disable_denylist=1"},
	[REASON_PROTECTED] = {"protected", "this host runs on it, by its protect list"},
	[REASON_NO_PROTECT_LIST] = {"no-protect-list",
		"the protect list is missing or incomplete, so every function that could carry "
		"the root is left alone; run 'sudo vfioboot apply'"},
	[REASON_LAST_DISPLAY] = {"last-display",
		"the host would have no display left; set last-display = yes to allow that"},
	[REASON_HAS_DRIVER] = {"has-driver",
		"it appeared while the system ran, and another driver was faster; set late = take "
		"to have it taken from that driver, or keep that driver from loading"},
	[REASON_NO_SRIOV] = {"no-sriov",
		"it, or its driver, cannot make virtual functions; is SR-IOV enabled in the firmware?"},
	[REASON_TOTAL_VFS] = {"total-vfs",
		"its section asks for more virtual functions than it can make"},
	[REASON_VIRTUAL_IN_USE] = {"virtual-in-use",
		"a driver has one of its virtual functions, which would be gone"},
	[REASON_IO_ERROR] = {"io-error",
		"the kernel rejected what was written; see the kernel log"},
	[REASON_NO_DRIVER] = {"no-driver",
		"its driver is missing; is the module in the image, and not blacklisted?"},
	[REASON_UNBIND_TIMEOUT] = {"unbind-timeout",
		"its driver did not release it in time; what is using it?"},
	[REASON_NOT_BOUND] = {"not-bound",
		"its driver did not bind it; see the kernel log"},
	[REASON_SECTION_FAILED] = {"section-failed",
		"another function of its section failed, and a section is bound as a whole or not at all"},
	[REASON_DEADLINE] = {"deadline", "the time limit of the run was reached before"},
	[REASON_NO_KERNEL] = {"no-kernel",
		"written, but below --root there is no kernel to act on it"},
	[REASON_SETTING_TIMEOUT] = {"setting-timeout",
		"a setting of its section did not end in time, so that its driver was not tried"},
	[REASON_NOT_OFFERED] = {"not-offered",
		"the kernel does not offer it for this device, or is too old for it"},
	[REASON_NO_SUCH_SIZE] = {"no-such-size", "its BAR cannot have that size"},
	[REASON_SMALLER] = {"smaller", "its BAR is larger, and is never made smaller"},
	[REASON_CONSOLE] = {"console",
		"the console is on it, and a resize would take it away"},
	[REASON_IN_USE] = {"in-use",
		"it has its driver already; a BAR is resized only before"},
	[REASON_BRIDGE_WINDOW] = {"bridge-window",
		"a bridge above it has no room for that size; does the firmware have an option "
		"'Above 4G Decoding'?"},
	[REASON_NOT_KEPT] = {"not-kept",
		"the kernel took it, but has another value afterwards"},
};

const char *reason_word(enum reason reason)
{
	return reasons[reason].word;
}

const char *reason_text(enum reason reason)
{
	return reasons[reason].text;
}

bool reason_parse(const char *word, enum reason *ret)
{
	for (int i = 0; i < REASONS; i++) {
		if (strcmp(word, reasons[i].word) == 0) {
			*ret = (enum reason)i;
			return true;
		}
	}
	return false;
}
