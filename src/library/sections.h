/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of the sections of a configuration, and of what becomes of them. */
#ifndef VFIOBOOT_LIBRARY_SECTIONS_H
#define VFIOBOOT_LIBRARY_SECTIONS_H

#include "handover/handover.h"
#include "outlook/outlook.h"

#define SECTIONS_TEXT_SIZE (CONFIG_NAME_SIZE * 2 + 384)

/* Why a section that is not active is not: "demand", "off" or "profile". */
const char *sections_inactive_word(
	const struct config *config, const struct config_section *section);

/* The same as a part of a sentence, such as "its profile 'x' is not selected". */
void sections_inactive_text(const struct nextboot *next,
	const struct config_section *section, char ret[static SECTIONS_TEXT_SIZE]);

/*
 * Who has a set that was handed over, and how it comes back, as the end of a sentence about it; @hook is
 * whether libvirt's hook is there.
 */
void sections_owner_text(const struct handover_owner *owner, const char *set, bool hook,
	char ret[static SECTIONS_TEXT_SIZE]);

/*
 * Why a function is there only after udev has started, as the end of a sentence about it; NULL: of a
 * virtual function that is not there yet, as a sentence.
 */
void sections_later_text(
	const struct pcibus_function *function, char ret[static SECTIONS_TEXT_SIZE]);

/* What binds such a function, as a sentence without full stop. */
#define SECTIONS_LATER_REMEDY                                                            \
	"it is bound when it appears, before udev loads another driver for it"

/*
 * Why an entry of the plan is not bound in the initramfs, as a sentence without full stop; "" of one
 * that is.
 */
#define SECTIONS_REMARK_SIZE (2 * SECTIONS_TEXT_SIZE)
void sections_remark(const struct nextboot *next, const struct plan_entry *entry,
	char ret[static SECTIONS_REMARK_SIZE]);

#endif
