/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt: which devices of the host a guest gets, and the hook by which libvirt says when.
 *
 * The hook is a drop-in (https://libvirt.org/hooks.html; since libvirt 6.5.0), a copy of
 * libvirt/libvirt-hook.  A link would not do: AppArmor lets libvirtd run hooks that lie in libvirt's
 * own directory alone, and to SELinux it is the label of the file there that makes it a hook.
 */
#ifndef VFIOBOOT_HANDOVER_LIBVIRT_H
#define VFIOBOOT_HANDOVER_LIBVIRT_H

#include "change/change.h"
#include "decide/decide.h"
#include "facts/facts.h"

#define LIBVIRT_HOOKS     "/etc/libvirt/hooks"
#define LIBVIRT_MAIN_HOOK LIBVIRT_HOOKS "/qemu"
#define LIBVIRT_HOOK      LIBVIRT_HOOKS "/qemu.d/vfioboot"

/* ---- what a guest gets: libvirt_domain.c ------------------------------------------------ */

/* A longer definition is not read. */
#define LIBVIRT_XML_MAX ((size_t)4 << 20)

/* The functions of the host that a guest is given as such, each once. */
struct libvirt_domain {
	struct pci_address *functions;
	size_t n;
};

/*
 * Reads the definition of a guest (https://libvirt.org/formatdomain.html): its <hostdev type='pci'>,
 * <interface type='hostdev'> and <disk type='nvme'>, managed or not, and the drives that disks are
 * based on (<backingStore type='nvme'>).  One that declares entities is refused; nothing is fetched.
 * Returns 0 with *@ret for libvirt_free_domain(); or, with @message, -EBADMSG, -EFBIG or -ENOMEM.
 */
int libvirt_read_domain(const char *xml, size_t size, struct libvirt_domain *ret,
	struct message *message);
void libvirt_free_domain(struct libvirt_domain *domain);

bool libvirt_domain_has(const struct libvirt_domain *domain, struct pci_address address);

/* A device set that the guest gets when it starts. */
struct libvirt_set {
	char name[CONFIG_NAME_SIZE];
	char lacking
		[128]; /* those of its functions that the guest does not get; "": none */
};

/* In the order of the configuration; for free(). */
struct libvirt_sets {
	struct libvirt_set *list;
	size_t n;
};

/*
 * Finds the sets with 'bind = demand' of which the guest has a function.  They are handed over
 * whole, as at boot: what shares an IOMMU group has to leave the host together.  With 'all = yes' in
 * [libvirt] there is another one, added to @config, of the functions that no section has and no person
 * has handed over.
 * Returns 0, or -errno.
 */
int libvirt_find_sets(struct config *config, const struct pcibus *bus,
	const struct libvirt_domain *domain, struct libvirt_sets *ret);

/* ---- devices in a definition: libvirt_edit.c -------------------------------------------- */

/* A definition that was changed; starts as {0}, for libvirt_free_edit(). */
struct libvirt_edit {
	char *xml;
	struct file_names done; /* what was changed, in the imperative, a line each */
};

/*
 * Adds host devices to a definition that libvirt wrote: the functions of one slot of the host come
 * into one slot of the guest, below a new root port where the machine has PCI Express.
 * @no_graphics: all that shows a screen of QEMU's goes, and all that needs it; serial consoles
 * and input stay.  managed='no': a device that nobody has handed over is never taken from the host.
 * Returns 0; or, with @message, -EEXIST: the guest has one of them already; -ENOSPC: it has no free
 * slot; -EBADMSG; or -ENOMEM.
 */
int libvirt_attach(const char *xml, const struct libvirt_domain *functions,
	bool no_graphics, struct libvirt_edit *ret, struct message *message);

/*
 * Removes the host devices of functions that are in the definition @attached and not in @before.
 * Nothing else changes.  As above.
 */
int libvirt_detach(const char *xml, const char *before, const char *attached,
	struct libvirt_edit *ret, struct message *message);
void libvirt_free_edit(struct libvirt_edit *edit);

/* The <uuid> of a definition.  0, or -EBADMSG with @message. */
#define LIBVIRT_UUID_SIZE 37
int libvirt_read_uuid(
	const char *xml, char ret[static LIBVIRT_UUID_SIZE], struct message *message);

/* ---- the hook, and what is in its way: libvirt.c ---------------------------------------- */

enum libvirt_dropin {
	LIBVIRT_ABSENT,
	LIBVIRT_CURRENT,
	LIBVIRT_OUTDATED, /* as another version wrote it, or not executable */
	LIBVIRT_EDITED,   /* somebody has changed it */
	LIBVIRT_FOREIGN,  /* somebody else's, of our name */
};

/* A daemon looks once whether there is any hook: when it starts, and when it is reloaded. */
enum libvirt_reload {
	LIBVIRT_NO_RELOAD,
	LIBVIRT_RELOAD,        /* it runs for longer than there is a hook */
	LIBVIRT_NOTHING_KNOWN, /* there is no hook, or no daemon */
};

enum libvirt_boolean {
	LIBVIRT_NO_SELINUX, /* or it does not enforce anything, or has no such boolean */
	LIBVIRT_CONFINED,   /* hooks may do what the daemon may */
	LIBVIRT_UNCONFINED, /* virt_hooks_unconfined is on */
};

/* A hook for guests of QEMU that is not ours. */
struct libvirt_other {
	char *path;
	bool executable;    /* else libvirt ignores it */
	bool calls_libvirt; /* which waits for it */
	bool binds;         /* it changes drivers of PCI devices, too */
};

/* Something about the hook, with its remedy. */
struct libvirt_remark {
	bool wrong; /* the hand-over will not work like this */
	struct message message;
};

/* What there is of libvirt on a machine; for libvirt_free(). */
struct libvirt {
	unsigned version;   /* major * 1000000 + minor * 1000 + micro; 0: not known */
	const char *daemon; /* "virtqemud" or "libvirtd"; NULL: none is installed */
	bool running;
	enum libvirt_dropin dropin;
	enum libvirt_reload reload;
	enum libvirt_boolean selinux;
	struct libvirt_other *others;
	size_t n_others;
	struct libvirt_remark *remarks;
	size_t n_remarks;
};

/* By the files below @root alone: libvirt is not asked.  0 or -errno. */
int libvirt_look(const struct root *root, struct libvirt *ret);
void libvirt_free(struct libvirt *libvirt);

/*
 * Add the steps that write the hook, or remove it; none when it is so already.  Return 0, or, with
 * @message, -EEXIST: what lies there is somebody else's; -ENOENT: there is no libvirt;
 * -EOPNOTSUPP: it is too old; or another -errno.
 */
int libvirt_enable(
	struct change *change, const struct libvirt *libvirt, struct message *message);
int libvirt_disable(
	struct change *change, const struct libvirt *libvirt, struct message *message);

#endif
