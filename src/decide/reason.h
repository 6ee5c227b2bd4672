/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a function did not become what its section asks for: a fixed word for programs and a
 * sentence for people, the same everywhere.  vfioboot-early(8) lists the words.
 */
#ifndef VFIOBOOT_REASON_H
#define VFIOBOOT_REASON_H

#include <stdbool.h>

enum reason {
	REASON_NONE,
	/* Found before anything was touched: */
	REASON_BAD_CONFIG,
	REASON_ABSENT,
	REASON_LATER,
	REASON_MOVED,
	REASON_AMBIGUOUS,
	REASON_COUNT,
	REASON_CLAIMED,
	REASON_BRIDGE,
	REASON_NO_IOMMU_GROUP,
	REASON_DENYLISTED,
	REASON_PROTECTED,
	REASON_NO_PROTECT_LIST,
	REASON_LAST_DISPLAY,
	REASON_HAS_DRIVER,
	REASON_NO_SRIOV,
	REASON_TOTAL_VFS,
	REASON_VIRTUAL_IN_USE,
	/* Found while doing it: */
	REASON_IO_ERROR,
	REASON_NO_DRIVER,
	REASON_UNBIND_TIMEOUT,
	REASON_NOT_BOUND,
	REASON_SECTION_FAILED,
	REASON_DEADLINE,
	REASON_NO_KERNEL,
	REASON_SETTING_TIMEOUT,
	/* Of a setting (bind/settings.h): */
	REASON_NOT_OFFERED,
	REASON_NO_SUCH_SIZE,
	REASON_SMALLER,
	REASON_CONSOLE,
	REASON_IN_USE,
	REASON_BRIDGE_WINDOW,
	REASON_NOT_KEPT,
	REASONS,
};

/* The fixed word, "-" for REASON_NONE. */
const char *reason_word(enum reason reason);

/* What it means and what to do about it, without a full stop. */
const char *reason_text(enum reason reason);

/* Finds a reason by its word. */
bool reason_parse(const char *word, enum reason *ret);

#endif
