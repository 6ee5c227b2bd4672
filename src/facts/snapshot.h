/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The facts of a machine, each read once for a whole command: all who ask get the same
 * answer, and nothing is read twice.
 */
#ifndef VFIOBOOT_SNAPSHOT_H
#define VFIOBOOT_SNAPSHOT_H

#include "base/base.h"
#include "drives.h"
#include "hypervisor.h"
#include "in_use.h"
#include "iommu.h"
#include "kernels.h"
#include "modules.h"
#include "pcibus.h"
#include "usage.h"

/* Points to itself: it is passed by its address, and never copied. */
struct facts {
	const struct root *root;
	struct pcibus bus;
	int bus_error;     /* -errno: there is no list of functions; or 0 */
	char running[72];  /* release of the running kernel; "": not known */
	char *cmdline;     /* without newline; NULL: not known */
	int cmdline_error; /* -errno: why it is not known */
	char *cpuinfo;     /* the beginning of /proc/cpuinfo; NULL: not known */
	enum iommu_kind iommu;
	const struct hypervisor *hypervisor; /* that the machine runs on; NULL: none */
	/* What is read when it is first asked for, by the functions below: */
	struct in_use in_use; /* in_use_trace() does that */
	struct {
		/* Which of them has been read: */
		bool kernels, groups, remapping, modules, config, usage, drives;
		struct kernels installed;
		unsigned n_groups;
		enum remapping interrupts;
		struct modules *running;
		int modules_error;
		char *kernel_config;
		struct usage uses;
		int usage_error;
		struct drives drives_found;
	} later;
};

/*
 * Reads what most parts of a command need of the machine at @root, for facts_free() in any
 * case.  A machine without PCI has no functions.  Returns 0, or -ENOMEM.
 */
int facts_read(const struct root *root, struct facts *ret);
void facts_free(struct facts *facts);

/*
 * The kernels that are installed, for good.  They are looked for below /boot, which may be mounted when
 * it is first touched: what runs before udev, such as 'vfioboot protect', would wait for its disk.
 * None where they cannot be read.
 */
const struct kernels *facts_kernels(struct facts *facts);

/* As iommu_count_groups(). */
unsigned facts_count_groups(struct facts *facts);

/* As iommu_read_remapping(). */
enum remapping facts_remapping(struct facts *facts);

/*
 * The index of the running kernel's modules; NULL: there is none, or none that can be read;
 * facts_modules_are_damaged() distinguishes these.
 */
struct modules *facts_modules(struct facts *facts);
bool facts_modules_are_damaged(const struct facts *facts);

/* What the running kernel was built with (kernel_config.h); NULL: not known. */
const char *facts_kernel_config(struct facts *facts);

/* What the host uses its functions for.  Returns 0 with *@ret, or as usage_read(). */
int facts_usage(struct facts *facts, const struct usage **ret);

/*
 * The drives behind the functions, with what is on those that the host does not use; where that is
 * not known, on all of them.  Returns 0 with *@ret, or -errno.
 */
int facts_drives(struct facts *facts, struct drives **ret);

/* -1, 0 or 1 as the running kernel is older than, of, or newer than @major.@minor; -2: unknown. */
int facts_compare_kernel(const struct facts *facts, unsigned major, unsigned minor);

#endif
