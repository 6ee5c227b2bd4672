/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a boot loader does for our entries: one const struct of functions a loader, in
 * loaders/NAME.c.  bootmenu.h is for those who use them; bootloader.c has the table.
 */
#ifndef VFIOBOOT_LOADER_H
#define VFIOBOOT_LOADER_H

#include "base/base.h"
#include "bootentry.h"
#include "change/change.h"
#include "permanent_place.h"

#define BOOTMENU_PLACE_SIZE 128

/* What is to be done, and what there is to say about it. */
struct bootmenu_change {
	struct change files; /* bootmenu_write() */
	bool update;         /* a kernel came or went: advice was given before */
	bool parameters;     /* those of the normal entries change, and not the entries */
	bool finish; /* then the loader's own program runs, on the running machine alone */
	bool default_moves;   /* a number is the default, and means another entry then */
	bool default_unknown; /* which entry is the default cannot be asked for */
	struct file_names steps;    /* what that will do, such as "make X"; "delete X" */
	struct file_names warnings; /* sentences without full stop */
	struct message message;     /* why it is not possible; code 0: nothing was said */
};

/* For the loaders: say why a person has to fix something, or that the loader cannot do it. */
#define bootmenu_fail(change, ...)                                                       \
	message_set(&(change)->message, -EREMOTEIO, __VA_ARGS__)
/* The same of what @error says, with its remedy. */
#define bootmenu_fail_errno(change, error, ...)                                          \
	(message_errno(&(change)->message, error, __VA_ARGS__),                          \
		(change)->message.code = -EREMOTEIO)
#define bootmenu_refuse(change, ...)                                                     \
	message_set(&(change)->message, -EOPNOTSUPP, __VA_ARGS__)

enum bootmenu_kind {
	BOOTMENU_ELSE, /* of another system, or what is no kernel; it may be the default */
	BOOTMENU_SYSTEM, /* starts a kernel of this system, and gets no copies: a rescue */
	BOOTMENU_NORMAL, /* the same, and `vfioboot entry` makes copies of it */
	BOOTMENU_OURS,   /* one of these copies */
};

/* By what systemd-boot sorts its menu; "" for what an entry does not have. */
struct bootmenu_order {
	char sort_key[64], machine_id[40], version[128];
	char tries[24];  /* as its file's name has them: "+2-1" */
	bool has_failed; /* no try is left */
};

/* One entry that a menu has. */
struct bootmenu_entry {
	enum bootmenu_kind kind;
	struct bootmenu_order order;
	char id[BOOTENTRY_ID_SIZE]; /* of struct bootentry; "": none of ours */
	char *boot_id;              /* by which the loader's one-shot takes it */
	char *title;
	char *kernel; /* its release, or the name of its file */
	char *options;
	/*
	 * What it loads: absolute paths below the root, in the loader's order.  "" and none
	 * where they could not be followed; a unified image is its own initrd, and alone.
	 */
	char *kernel_path;
	struct file_names initrds;
	bool unified;
	/*
	 * "HASH PATH" of each file that is loaded with one content alone: its BLAKE2b in hexadecimal
	 * digits, as the menu has it.  Whoever makes such a file again has to write the menu, too.
	 */
	struct file_names checksums;
	bool is_default; /* starts when nobody chooses; of none, if that is not known */
	bool is_next;    /* starts at the next boot, once */
	bool outdated;   /* ours: what it is a copy of has changed, or is gone */
};

/* Starts as {0}. */
struct bootmenu {
	struct bootmenu_entry *entries;
	size_t n;
	char failed[BOOTMENU_PLACE_SIZE]; /* what cannot be read, where it is known */
	bool default_elsewhere;           /* what starts may be none of the entries */
	bool next_elsewhere; /* what starts once, at the next boot, is none of them */
	/* Why the next boot may have another menu, and what to do; code 0: it has this one. */
	struct message replaced;
};

struct bootloader_ops {
	/*
	 * Adds to @change what makes the loader's files have the entries @wanted for each
	 * kernel.  Returns 0; -EREMOTEIO with @change->message; -EOPNOTSUPP
	 * when a person has to, by hand; or another -errno.  NULL: always by hand.
	 */
	int (*plan)(const struct root *root, struct bootentries *wanted,
		struct bootmenu_change *change);
	/*
	 * Runs the loader's own program, after the files are written, and sees to it that the
	 * default entry stays.  NULL: there is none.  Returns as plan does; nothing of its
	 * own is changed then.
	 */
	int (*finish)(const struct root *root, const struct bootentries *wanted,
		struct bootmenu_change *change);
	/* Whether a run of it that was killed left something behind.  NULL: it can't. */
	bool (*has_left)(const struct root *root);
	/* That program runs by itself whenever a kernel comes or goes. */
	bool follows;
	/* Its entries start copies of what generators write, under other names. */
	bool copies;
	/* What makes an image together with its checksum in the menu.  NULL: it has none of these. */
	void (*remake)(const struct root *root, struct message *ret);
	/*
	 * Reads the menu as it is into @ret, for bootmenu_free() in each case.  0; or
	 * -errno, with @ret->failed.  NULL: it is not read.
	 */
	int (*read)(const struct root *root, const struct bootentries *wanted,
		struct bootmenu *ret);
	/* Deletes files that a `finish` that was killed has left.  NULL: it leaves none. */
	void (*tidy)(const struct root *root);
	/* Where plan can't: prints the exact edit by hand.  0 or -errno. */
	int (*edit)(const struct root *root, const struct bootentries *wanted, FILE *out);
	/*
	 * For one boot with one more entry (oneshot.h): what has to be written so that the
	 * menu has @trial, a copy of the entry that was booted, with the loader's own name
	 * for it in @ret_id, of ONESHOT_ID_SIZE bytes; with NULL: so that it has no entry
	 * of a trial.  Returns 0; -EOPNOTSUPP when the loader could not forget the choice;
	 * -EREMOTEIO; in both cases with @change->message; or -errno.
	 * NULL, as are the next three: it has no choice that it forgets by itself.
	 */
	int (*plan_trial)(const struct root *root, const struct bootentry *trial,
		struct bootmenu_change *change, char *ret_id);
	/* Makes it take the entry at the next boot, once.  0, or -errno with @message. */
	int (*arm)(const struct root *root, const char *id, struct message *message);
	/* Which entry it takes so; "" for none, or if that is not known. */
	void (*armed)(const struct root *root, char *ret_id, size_t size);
	/* Takes that choice back, whatever it is.  0, or -errno with @message. */
	int (*disarm)(const struct root *root, struct message *message);
	/*
	 * How a person adds parameters to the normal entry: place and command of struct
	 * permanent; where it depends on the machine, or vfioboot can do it, by a function, into
	 * @ret, which is {0}.
	 */
	const char *permanent_place, *permanent_command;
	void (*find_permanent)(const struct root *root, struct permanent *ret);
	/* Without read: what of a person's has our arguments, such as "lines", and where. */
	const char *hand_what, *hand_where; /* NULL: in the file by which it was found */
};

extern const struct bootloader_ops bootloader_ops_grub;
extern const struct bootloader_ops bootloader_ops_grub_bls;
extern const struct bootloader_ops bootloader_ops_systemd_boot;
extern const struct bootloader_ops bootloader_ops_uki;
extern const struct bootloader_ops bootloader_ops_refind;
extern const struct bootloader_ops bootloader_ops_limine;
extern const struct bootloader_ops bootloader_ops_extlinux;
extern const struct bootloader_ops bootloader_ops_kernelstub;
extern const struct bootloader_ops bootloader_ops_proxmox;
extern const struct bootloader_ops bootloader_ops_zfsbootmenu;
extern const struct bootloader_ops bootloader_ops_ostree;
extern const struct bootloader_ops bootloader_ops_nixos;

#endif
