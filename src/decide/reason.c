/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of reasons. */
#include "reason.h"

#include <string.h>

static const struct {
	const char *word, *text;
} reasons[REASONS] = {
	[REASON_NONE] = {"-", "as asked"},
	[REASON_BAD_CONFIG] = {"bad-config",
		"its section has an error, which is told with file and line; mend it there"},
	[REASON_ABSENT] = {"absent",
		"nothing that its section names is there; is the device plugged in and switched "
		"on?"},
	[REASON_MOVED] = {"moved",
		"another device is at the place that its section names; name the new place, or "
		"say on-move = follow"},
	[REASON_AMBIGUOUS] = {"ambiguous",
		"the device has moved, and more than one set with its ids is there; name the "
		"new place"},
	[REASON_COUNT] = {"count",
		"the number of functions is not the one that its section expects"},
	[REASON_CLAIMED] = {"claimed", "an earlier section has the function"},
	[REASON_BRIDGE] = {"bridge", "it is a bridge, which no guest can have"},
	[REASON_NO_IOMMU_GROUP] = {"no-iommu-group",
		"it has no IOMMU group; switch the IOMMU (VT-d, AMD-Vi, SMMU) on in the firmware "
		"and the kernel"},
	[REASON_PROTECTED] = {"protected",
		"this host runs on it, by its protect list; or there is no whole list, and "
		"whatever could carry the root is left alone"},
	[REASON_LAST_DISPLAY] = {"last-display",
		"no display would be left for the host; say last-display = yes if that is meant"},
	[REASON_IO_ERROR] = {"io-error", "the kernel did not take what was written"},
	[REASON_NO_DRIVER] = {"no-driver",
		"its driver is not there; is the module in the image and not blocked?"},
	[REASON_UNBIND_TIMEOUT] = {"unbind-timeout",
		"the driver that holds it did not let go in time; what uses it?"},
	[REASON_NOT_BOUND] = {"not-bound",
		"its driver did not take it; the kernel log tells why"},
	[REASON_SECTION_FAILED] = {"section-failed",
		"another function of its section failed, and a section is all or nothing"},
	[REASON_DEADLINE] = {"deadline", "the time for the whole run was over before"},
	[REASON_NO_KERNEL] = {"no-kernel",
		"written, but no kernel answers below --root: what it would do is not known"},
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
