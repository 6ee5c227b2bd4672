/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other ways of giving devices to vfio-pci have left on a machine: what people write into
 * modprobe.d, onto the command line and into scripts by the guides of the net.  Each with the place
 * where it is and the functions of this machine that it names; what becomes of them is for who
 * knows the plan.
 */
#ifndef VFIOBOOT_LEFTOVERS_H
#define VFIOBOOT_LEFTOVERS_H

#include "snapshot.h"

/* What was taken away is kept below it in directories 0, 1, ..., one a run, at its own path. */
#define LEFTOVERS_ARCHIVE STATE_DIRECTORY "/leftovers"
/* Before a line that was taken away. */
#define LEFTOVERS_COMMENT "# vfioboot check --fix: "

enum leftover_kind {
	LEFTOVER_IDS,       /* ids= of a driver, in modprobe.d or beside its name */
	LEFTOVER_CMDLINE,   /* the same on the kernel command line */
	LEFTOVER_INSTALL,   /* modprobe.d has a command in place of loading the driver */
	LEFTOVER_BLACKLIST, /* modprobe.d keeps a native driver from being loaded */
	LEFTOVER_DRIVERCTL, /* an override that driverctl(8) sets at each boot */
	LEFTOVER_SCRIPT, /* a script, unit, rule or line of each boot that binds devices */
	LEFTOVER_HOOK,   /* a script of libvirt, which runs when guests start and end */
};

struct leftover {
	enum leftover_kind kind;
	char *path;    /* absolute; "": the kernel command line */
	unsigned line; /* from 1 on; 0: all of the file */
	char *name;    /* of the driver that it is about; of a script "" */
	char *text;    /* the line, the parameter, the address; of a script "" */
	char *ids;     /* of ids=, its value; else "" */
	bool binds;    /* of an install line: the command binds devices, as scripts do */
	bool replaces; /* and this: it is in place of what vfio-pci needs, and does not load that */
	const struct pcibus_function **functions; /* of the facts: that it names */
	size_t n;
};

struct leftovers {
	struct leftover *list;
	size_t n;
};

/*
 * Finds them on the machine of @facts, which has to last as long, and on the command line @cmdline
 * (NULL: it is not known), for leftovers_free().  Files that cannot be read are left out.  Returns
 * 0, or -ENOMEM.
 *
 * Formats: modprobe.d(5), whose lines kmod's libkmod-config.c reads; drivers/vfio/pci/vfio_pci.c,
 * vfio_pci_fill_ids, for ids=; driverctl(8), files BUS-DEVICE with a driver; initramfs-tools(7),
 * conf/modules, where words behind a name are its options; crontab(5), @reboot; Unraid's vfio-pci.cfg, a line
 * BIND=ADDRESS|VENDOR:DEVICE ... (github.com/unraid/webgui, vfio-pci in its plugin dynamix).
 */
int leftovers_find(struct facts *facts, const char *cmdline, struct leftovers *ret);

/*
 * Adds those of another command line of the same machine, unless a parameter with the same text is
 * in the list.  Returns 0, or -ENOMEM, and the list is still to be freed.
 */
int leftovers_add_cmdline(
	struct facts *facts, const char *cmdline, struct leftovers *leftovers);

/* Whether one of the @ids, as ids= takes them, is that of the function.  Pure. */
bool leftovers_id_fits(const char *ids, const struct pcibus_function *function);

void leftovers_free(struct leftovers *leftovers);

/* Whether @now is @was but for lines that became comments.  Pure. */
bool leftovers_is_commented(const char *now, const char *was);

#endif
