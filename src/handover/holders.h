/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds functions while their driver is to give them up: processes that have one of their
 * device nodes open, or mapped, and what the kernel has made of them.
 *
 * Nodes are those that the kernel names below the functions (their attributes `dev`), with
 * whatever name in whatever mount name space a process has opened them by; of NVIDIA's driver
 * those that it names by number, and of vfio the node of the IOMMU group.  Input devices do not
 * count: sessions have them open all the time, and they are unplugged at any time.
 */
#ifndef VFIOBOOT_HANDOVER_HOLDERS_H
#define VFIOBOOT_HANDOVER_HOLDERS_H

#include "base/base.h"
#include "units.h"

enum holders_kind {
	HOLDERS_OPEN,      /* a process has the node open */
	HOLDERS_MAPPED,    /* it has closed it, and its memory is still of it */
	HOLDERS_VIRTUAL,   /* @node, a virtual function (SR-IOV), has the driver @comm */
	HOLDERS_MEDIATED,  /* @node, a mediated device (GVT-g, vGPU), was made of it */
	HOLDERS_ELSEWHERE, /* its network interface is in another network namespace */
};

/* Texts are printable. */
struct holders_one {
	enum holders_kind kind;
	struct pci_address function;
	/* As the kernel names it: /dev/dri/card1. */
	char node[80];
	/* Of a process: */
	pid_t pid;
	char comm[SYSFS_DRIVER_SIZE];
	struct units_name unit;
	bool broker; /* it has it for another one, see units_is_broker() */
};

/* Of root, a security module alone keeps descriptors and mappings (ptrace_may_access(), kernel/ptrace.c). */
#define HOLDERS_PARTIAL                                                                  \
	"some processes cannot be looked at: AppArmor or SELinux does not allow it"

/* Sorted by kind, and by pid. */
struct holders {
	struct holders_one *list;
	size_t n;
	size_t n_processes; /* those of the first two kinds: they come first */
	bool partial;       /* some processes could not be looked at: HOLDERS_PARTIAL */
};

/*
 * Looks once for all that holds one of the @n functions: one pass over /proc for all of them.  A
 * process that ends meanwhile holds nothing; this one does not count.  Returns 0 with *@ret for
 * holders_free(); -ENODATA when NVIDIA's driver does not say which node is the function's; -ETIME when
 * the kernel does not answer about a process, after ten seconds; or another -errno.
 */
int holders_read(const struct root *root, const struct pci_address *functions, size_t n,
	struct holders *ret);

/*
 * The same until no process holds one any more, ten times a second, for at most @wait_ms
 * milliseconds.  Returns 0; -ETIMEDOUT; -EINTR after a signal (run_caught_signal()); or -errno.
 * *@ret is what was seen last, after 0 and after -ETIMEDOUT.
 */
int holders_wait(const struct root *root, const struct pci_address *functions, size_t n,
	unsigned wait_ms, struct holders *ret);

void holders_free(struct holders *holders);

/*
 * Says it as a sentence without full stop, such as "weston (process 812 of weston.service) has
 * /dev/dri/card1 open".  Returns @ret.
 */
char *holders_describe(const struct holders_one *holder, char *ret, size_t size);

#endif
