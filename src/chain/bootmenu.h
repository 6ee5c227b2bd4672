/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our entries in the menu of a boot loader: what each loader has to change so that the wanted
 * ones are there and no others of ours, and the work around it that is the same for all.
 * Decided in one place, bootentry.h; here are files, and the loaders' own programs.
 */
#ifndef VFIOBOOT_BOOTMENU_H
#define VFIOBOOT_BOOTMENU_H

#include "base/base.h"
#include "bootentry.h"
#include "bootloader.h"
#include "change/change.h"

#define BOOTMENU_PLACE_SIZE 128

/* What is to be done, and what there is to say about it. */
struct bootmenu_change {
	struct change files; /* bootmenu_write() */
	bool update;         /* a kernel came or went: advice was given before */
	bool finish; /* then the loader's own program runs, on the running machine alone */
	bool default_moves;   /* a number is the default, and means another entry then */
	bool default_unknown; /* which entry is the default cannot be asked for */
	struct hostfile_names steps; /* what that will do, such as "make X"; "delete X" */
	struct hostfile_names warnings; /* sentences without full stop */
	char problem[640];              /* why it is not possible, and the remedy; "" */
};

/* One entry that a menu has: ours, or a normal one of a kernel of this system. */
struct bootmenu_entry {
	char id[BOOTENTRY_ID_SIZE]; /* of struct bootentry; "": none of ours */
	char *boot_id;              /* by which the loader's one-shot takes it */
	char *title;
	char *kernel; /* its release, or the name of its file */
	char *options;
	bool outdated; /* ours: what it is a copy of has changed, or is gone */
};

/* Starts as {0}. */
struct bootmenu {
	struct bootmenu_entry *entries;
	size_t n;
	char failed[BOOTMENU_PLACE_SIZE]; /* what cannot be read, where it is known */
};

struct bootloader_ops {
	/*
	 * Adds to @change what makes the loader's files have the entries @wanted for each
	 * kernel.  Returns 0; -EREMOTEIO with a sentence in @change->problem; -EOPNOTSUPP
	 * when a person has to, by hand; or another -errno.  NULL: always by hand.
	 */
	int (*plan)(const struct sysfs_root *root, struct bootentries *wanted,
		struct bootmenu_change *change);
	/*
	 * Runs the loader's own program, after the files are written, and sees to it that the
	 * default entry stays.  NULL: there is none.  Returns as plan does; nothing of its
	 * own is changed then.
	 */
	int (*finish)(const struct sysfs_root *root, const struct bootentries *wanted,
		struct bootmenu_change *change);
	/* Whether a run of it that was killed left something behind.  NULL: it can't. */
	bool (*has_left)(const struct sysfs_root *root);
	/* That program runs by itself whenever a kernel comes or goes. */
	bool follows;
	/* Reads the menu as it is.  0; or -errno, with @ret->failed.  NULL: it is not read. */
	int (*read)(const struct sysfs_root *root, const struct bootentries *wanted,
		struct bootmenu *ret);
	/*
	 * Which entry starts when nobody chooses, by its boot_id, for free().  Returns 0;
	 * -ENOENT when nothing that is added could be it; or another -errno when it is not
	 * known.  NULL: none of ours can be it.
	 */
	int (*find_default)(const struct sysfs_root *root, char **ret);
	/* Deletes files that a `finish` that was killed has left.  NULL: it leaves none. */
	void (*tidy)(const struct sysfs_root *root);
	/* Where plan can't: the exact edit by hand, for free(); NULL without memory. */
	char *(*edit)(const struct sysfs_root *root, const struct bootentries *wanted);
	/*
	 * For one boot with one more entry (oneshot.h): what has to be written so that the
	 * menu has @trial, a copy of the entry that was booted, with the loader's own name
	 * for it in @ret_id, of ONESHOT_ID_SIZE bytes; with NULL: so that it has no entry
	 * of a trial.  Returns 0; -EOPNOTSUPP when the loader could not forget the choice;
	 * -EREMOTEIO; in both cases with the reason in @change->problem; or -errno.
	 * NULL, as are the next three: it has no choice that it forgets by itself.
	 */
	int (*plan_trial)(const struct sysfs_root *root, const struct bootentry *trial,
		struct bootmenu_change *change, char *ret_id);
	/* Makes it take the entry at the next boot, once.  0, or -errno with @why. */
	int (*arm)(const struct sysfs_root *root, const char *id, char *why);
	/* Which entry it takes so; "" for none, or if that is not known. */
	void (*armed)(const struct sysfs_root *root, char *ret_id, size_t size);
	/* Takes that choice back, whatever it is.  0, or -errno with @why. */
	int (*disarm)(const struct sysfs_root *root, char *why);
	/* How a person adds parameters to the normal entry, as the end of a sentence. */
	const char *permanent;
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
extern const struct bootloader_ops bootloader_ops_ostree;

/* The entries that were asked for, by BOOTENTRY_FILE.  0, -ENOENT when none were, or -errno. */
int bootmenu_read_wanted(const struct sysfs_root *root, struct bootentries *ret);

/*
 * Finds out what makes the menu of @loader have the entries @wanted; with none: have none of
 * ours.  Returns 0; -EREMOTEIO with a sentence in @ret->problem; or -errno.
 * bootmenu_free_change(@ret) in each case.  What a loader has to remember is noted in @wanted.
 */
int bootmenu_plan(const struct sysfs_root *root, const struct bootloader *loader,
	struct bootentries *wanted, struct bootmenu_change *ret);

/*
 * The same for entries that were asked for before, when a kernel came or went: BOOTENTRY_FILE
 * stays, and so does what the loader's own program makes by itself then.
 */
int bootmenu_plan_update(const struct sysfs_root *root, const struct bootloader *loader,
	const struct bootentries *wanted, struct bootmenu_change *ret);

/* Whether kernel-install has no command line to write but that of the running boot. */
bool bootmenu_copies_cmdline(const struct sysfs_root *root);

/*
 * Whether what kernel-install writes into normal entries comes from the running boot, and that
 * is one of ours, of an entry or a trial.  Otherwise, who has our parameters in an entry has
 * put them there.
 */
int bootmenu_may_leak(const struct sysfs_root *root, const struct bootentries *wanted);

/* Carries the plan out, or takes back what was done of it.  Returns as bootmenu_plan(). */
int bootmenu_carry_out(const struct sysfs_root *root, const struct bootloader *loader,
	const struct bootentries *wanted, struct bootmenu_change *change);

/*
 * Takes our entries out of the menus of all loaders that there are, and deletes
 * BOOTENTRY_FILE; this is what `vfioboot undo` needs.  Nothing is done where there is nothing.
 * Returns 0, or as bootmenu_plan(); the first problem is in @ret, the others are tried still.
 */
int bootmenu_remove_all(const struct sysfs_root *root, struct bootmenu_change *ret);

/*
 * Whether the menu of @loader has something of ours, or what a killed run left: 1, 0, or
 * -errno when it cannot be read, with the directory or the file in @ret_failed.  A menu that is
 * not read has not.
 */
int bootmenu_loader_has_ours(const struct sysfs_root *root,
	const struct bootloader *loader, char ret_failed[static BOOTMENU_PLACE_SIZE]);

/* The same of all menus and BOOTENTRY_FILE; 1 also when only one of them can be read. */
int bootmenu_has_ours(
	const struct sysfs_root *root, char ret_failed[static BOOTMENU_PLACE_SIZE]);

/* Where the entries are that a person made for @loader, whose menu is not read. */
void bootmenu_hand_place(const struct sysfs_root *root, const struct bootloader *loader,
	char ret[static BOOTMENU_PLACE_SIZE]);

void bootmenu_free_change(struct bootmenu_change *change);

/*
 * For the loaders, after something was added: fails if an entry of ours is the default now that was
 * not before, by what @ops->find_default returned then, @known, and its @before.
 */
int bootmenu_check_default(const struct sysfs_root *root,
	const struct bootloader_ops *ops, int known, const char *before,
	struct bootmenu_change *change);

/* For the loaders: adds a warning; sets the problem.  0 or -ENOMEM; -EREMOTEIO. */
int bootmenu_warn(struct bootmenu_change *change, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int bootmenu_fail(struct bootmenu_change *change, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As bootmenu_fail(), but returns -EOPNOTSUPP. */
int bootmenu_refuse(struct bootmenu_change *change, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * For the loaders: adds a file that gets the text @text, or with NULL goes; nothing where it is so
 * already.  Returns as change_put_text().
 */
int bootmenu_write(struct bootmenu_change *change, const struct sysfs_root *root,
	const char *path, const char *text);

/* Writes the files of the plan, or none.  Returns 0, or -EREMOTEIO with the problem. */
int bootmenu_write_files(struct bootmenu_change *change);

/* What to do about it, as the end of a sentence: "; run this as root", or "". */
const char *bootmenu_remedy(int error);

/* The same as bootmenu_warn(), but not for an update. */
int bootmenu_advise(struct bootmenu_change *change, const char *text);

/* Adds a copy of @entry's texts, any of which may be NULL.  0 or -ENOMEM. */
int bootmenu_add(struct bootmenu *menu, const struct bootmenu_entry *entry);
void bootmenu_free(struct bootmenu *menu);

#endif
