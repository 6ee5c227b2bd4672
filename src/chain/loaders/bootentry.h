/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The extra entries of the boot menu that are wanted: decided once, by `vfioboot entry add`,
 * and written down in a file that the boot loaders' own scripts read whenever a kernel comes or
 * goes, also in a chroot or without our program.  Pure: texts in, texts out.
 *
 * Format of BOOTENTRY_FILE: a line an entry, "ID<TAB>TITLE<TAB>ARGUMENTS"; '#' begins a comment.
 * Nothing in it needs quoting in a shell, in GRUB's scripts or in a file name.
 */
#ifndef VFIOBOOT_BOOTENTRY_H
#define VFIOBOOT_BOOTENTRY_H

#include "decide/decide.h"

#define BOOTENTRY_FILE      "/etc/vfioboot.entries"
#define BOOTENTRIES_MAX     (CONFIG_PROFILES_MAX + 1)
#define BOOTENTRY_ID_SIZE   (CONFIG_NAME_SIZE + 16)
#define BOOTENTRY_ARGS_SIZE 768

/*
 * What is behind vfioboot.trial= in the entry of a trial, and brings its boot back where
 * nothing of us runs (yet): after a panic; from the emergency shell of dracut(8); when PID 1
 * crashes; and where there is a hardware watchdog also when it, or all of the kernel, hangs
 * (systemd(1), kernel-command-line(7)).
 */
#define BOOTENTRY_WAYS_BACK                                                              \
	"panic=30 rd.shell=0 rd.emergency=reboot systemd.crash_reboot=1 "                \
	"systemd.watchdog_sec=60"

struct bootentry {
	char id[BOOTENTRY_ID_SIZE];          /* part of the loader's ids and file names */
	char title[BOOTENTRY_ID_SIZE];       /* in parentheses behind the normal title */
	char arguments[BOOTENTRY_ARGS_SIZE]; /* behind those of the normal entry */
};

struct bootentries {
	struct bootentry entries[BOOTENTRIES_MAX];
	unsigned n;
	unsigned left_out; /* profiles for which there was no room */
	unsigned
		damaged; /* number of the first line that is no entry, from 1 on; 0: none */
	char loader[24]; /* whose menu has them, a word for programs; "": not known */
	/* GRUB's menu had no section of our generator before; see grub.c. */
	bool grub_without_section;
};

/*
 * Which entries the configuration asks for: one a profile ("Passthrough"), and the way out ("no
 * passthrough") where the normal entry gives something away.  None where there is nothing to
 * choose.  Each has the one argument that selects it.
 */
void bootentry_decide(const struct config *config, struct bootentries *ret);

/* Whether it is one that gives something away. */
bool bootentry_is_passthrough(const struct bootentry *entry);

/*
 * In a passthrough boot the machine has what our parameters gave it, and so seems to need them
 * no more: those of @old that @cmdline, of this boot, has stay in the same entry of @entries.
 */
void bootentry_keep(
	struct bootentries *entries, const struct bootentries *old, const char *cmdline);

/* Whether both have the same entries. */
bool bootentry_same(const struct bootentries *a, const struct bootentries *b);

/*
 * Whether @written, which may have what the machine needed besides, has the entries that the
 * configuration asks for by @decided of bootentry_decide().
 */
bool bootentry_fits(const struct bootentries *written, const struct bootentries *decided);

/* The text of the file, for free(); NULL without memory. */
char *bootentry_format(const struct bootentries *entries);

/* Reads the text of the file; lines that are none are left out. */
void bootentry_parse(const char *text, struct bootentries *ret);

/*
 * Whether @text can be an argument everywhere: it has but characters that need no quoting, at
 * least one, and does not end the kernel's arguments as "--" does.
 */
bool bootentry_is_plain(const char *text);

/*
 * Whether the word is a parameter that only our entries have, and those of trials.  A permanent
 * vfioboot.device= is none: a person gave it to the normal entry.
 */
bool bootentry_is_own(const char *word, size_t len);

/* Whether one of the parameters is such: they are of an entry of ours, or of a trial. */
bool bootentry_has_own(const char *options);

/* Those arguments of @entry that @options does not have yet, in @ret; cmdline_join() adds them. */
void bootentry_missing_arguments(const char *options, const struct bootentry *entry,
	char ret[static BOOTENTRY_ARGS_SIZE]);

/*
 * Takes out of @options what an entry of ours, or a trial, had added to them: kernel-install
 * copies the command line of the running boot where it has no other.  Returns 1 with the
 * rest in *@ret for free(); 0 when there is nothing of ours; or -ENOMEM.
 */
int bootentry_strip(const char *options, const struct bootentries *entries, char **ret);

#endif
