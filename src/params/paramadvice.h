/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of kernelparams_decide(), each adding what there is to say.  For kernelparams.c. */
#ifndef VFIOBOOT_PARAMADVICE_H
#define VFIOBOOT_PARAMADVICE_H

#include "kernelparams.h"

/* KERNEL_VERSION() of include/linux/version.h, as far as facts have it. */
#define KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

/* Adds an item about @parameter ("": about none), with its reason in printf's manner. */
void paramadvice_add(struct kernelparams *params, enum kernelparams_kind kind,
	const char *parameter, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* As cmdline_has(), of the command line of the boot that is asked about. */
bool paramadvice_has(
	const struct kernelparams_facts *facts, const char *name, const char *item);

/* What the display needs that the firmware shows itself on. */
void paramadvice_display(
	const struct kernelparams_facts *facts, struct kernelparams *params);

/*
 * Whether the kernel leaves the firmware's framebuffer in the boot display when vfio-pci takes
 * it, so that what keeps it out by a parameter is of use.
 */
bool paramadvice_keeps_framebuffer(const struct kernelparams_facts *facts);

/* What is on the command line and not needed. */
void paramadvice_useless(
	const struct kernelparams_facts *facts, struct kernelparams *params);

#endif
