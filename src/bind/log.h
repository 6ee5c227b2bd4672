/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the early program says of its run: sentences, and the kernel's log. */
#ifndef VFIOBOOT_LOG_H
#define VFIOBOOT_LOG_H

#include "record.h"

/* Writes the result of the entry @index of the plan as one sentence, without newline. */
void log_sentence(const struct report *report, unsigned index, char *ret, size_t size);

/* The same of a step. */
void log_step_sentence(const struct record_step *step, char *ret, size_t size);

/*
 * Writes to the kernel's log: each error of the configuration, each function, each step; of a
 * function that appeared later, itself and what was done with others for it.
 */
void log_write(const struct root *root, const struct report *report);

#endif
