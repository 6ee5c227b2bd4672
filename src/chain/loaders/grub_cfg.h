/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grub.cfg that grub-mkconfig made: its menu, which of its entries a default means, and what
 * else it sets (GRUB manual, "menuentry", "submenu" and "default").  Pure.
 */
#ifndef VFIOBOOT_GRUB_CFG_H
#define VFIOBOOT_GRUB_CFG_H

#include <stdbool.h>
#include <stddef.h>

#define GRUB_CFG_TOP       (-1) /* the parent of what is in no submenu */
#define GRUB_CFG_GENERATOR "11_linux_passthrough" /* ours, in /etc/grub.d */

/*
 * Where GRUB's directory may be, and how the names of its programs begin there: --boot-directory of
 * grub-install(8) is /boot, or the ESP.  By its grub.cfg GRUB is found, and this is what is read.
 */
#define GRUB_CFG_DIRECTORIES(X)                                                          \
	X("/boot/grub", "grub")                                                          \
	X("/boot/grub2", "grub2")                                                        \
	X("/efi/grub", "grub")                                                           \
	X("/boot/efi/grub", "grub")

#define GRUB_CFG_ESP_DIRECTORIES(X)                                                      \
	X("/boot/efi/EFI/redhat", "grub2")                                               \
	X("/boot/efi/EFI/centos", "grub2")                                               \
	X("/boot/efi/EFI/fedora", "grub2")                                               \
	X("/boot/efi/EFI/rocky", "grub2")                                                \
	X("/boot/efi/EFI/almalinux", "grub2")                                            \
	X("/boot/efi/EFI/eurolinux", "grub2")                                            \
	X("/boot/efi/EFI/openEuler", "grub2")

/* Which script of /etc/grub.d printed an item: grub-mkconfig frames the output of each. */
enum grub_cfg_maker {
	GRUB_CFG_OTHER,
	GRUB_CFG_LINUX, /* 10_linux, or Ubuntu's 10_linux_zfs: the normal entries */
	GRUB_CFG_OURS,
};

struct grub_cfg_item {
	char *title;
	char *id;         /* "": it has none */
	char *linux_line; /* what its `linux` takes: a file and arguments; "" for a submenu */
	int parent;       /* index, or GRUB_CFG_TOP */
	unsigned number;      /* among those of its parent, from 0 */
	bool conditional;     /* in an `if`: the menu has it, or has not */
	unsigned firm_number; /* among those that are not */
	enum grub_cfg_maker maker;
	/* In the text: its first line, the line behind that, and the "}"; NULL: it never ends. */
	const char *header, *body, *end;
};

/* Starts as {0}. */
struct grub_cfg {
	struct grub_cfg_item *items; /* in the order of the file */
	size_t n;
};

/*
 * The text with each command on a line of its own, and without lines that go on in the next one,
 * for free(); NULL without memory.
 */
char *grub_cfg_split(const char *text);

/*
 * Reads the text of a grub.cfg, which has to stay; what is in a function is left out, since
 * nobody can know where that is called.  Returns 0 with *@ret for grub_cfg_free(), or -ENOMEM.
 */
int grub_cfg_parse(const char *text, struct grub_cfg *ret);
void grub_cfg_free(struct grub_cfg *menu);

/*
 * The item that a default, or a one-shot, such as "0", "1>2", "gnulinux-advanced-X>ID" or a
 * title means, in a menu with all that is in an `if`, or with @conditional false, with nothing of
 * it; NULL for none.  In a submenu it is the first one where what is named is not there, as in
 * GRUB (grub-core/normal/menu.c).
 */
const struct grub_cfg_item *grub_cfg_find(
	const struct grub_cfg *menu, const char *name, bool conditional);

/* Whether others are below it. */
bool grub_cfg_is_submenu(const struct grub_cfg *menu, const struct grub_cfg_item *item);

/* By which name grub-reboot takes the item: ids, with '>' between; in @ret. */
void grub_cfg_name(const struct grub_cfg *menu, const struct grub_cfg_item *item,
	char *ret, size_t size);

/*
 * The file that `linux` of the item loads, without quotes, in @ret; "" if it does not fit.
 * Returns what is behind it, its arguments.
 */
const char *grub_cfg_kernel(const struct grub_cfg_item *item, char *ret, size_t size);

/*
 * The arguments of the commands @name, as "initrd" with "initrdefi" and "initrd16", one after the
 * other: *@cursor starts as NULL.  The text goes up to its newline; NULL behind the last.
 */
const char *grub_cfg_next_command(
	const struct grub_cfg_item *item, const char *name, const char **cursor);

/* Whether it has the command twice, where the last one counts, or where an `if` decides. */
bool grub_cfg_has_choice(const struct grub_cfg_item *item, const char *name);

/*
 * Whether the argument is the variable of tuned(8), which is empty but where a profile has an image
 * of its own, with settings of the kernel (its bootloader plugin).
 */
bool grub_cfg_is_tuned(const char *word);

/*
 * Takes the next argument at *@cursor without its quotes into @ret, and moves behind it.  False
 * at the end of the line, and for one that does not fit.
 */
bool grub_cfg_next_word(const char **cursor, char *ret, size_t size);

/* How an entry is copied. */
struct grub_cfg_copy {
	const char *kernel;     /* the file that the entry starts, as in BOOT_IMAGE= */
	const char *title;      /* of the copy, without a quote */
	const char *id;         /* of the copy */
	const char *parameters; /* behind those that the entry has */
};

/*
 * Copies the first entry of @text that starts the kernel, is none of ours and no recovery,
 * to the outer level.  What would note it as the default (savedefault), or a failure of it
 * (recordfail), is left out.  The caller frees *@ret.  Returns 0; -ENOENT when there is no
 * such entry; -EBADMSG when it has no end; or -ENOMEM.
 */
int grub_cfg_copy_entry(const char *text, const struct grub_cfg_copy *copy, char **ret);

/* On what it depends whether the default is what was found: bits. */
enum grub_cfg_condition {
	GRUB_CFG_ALWAYS = 0,
	GRUB_CFG_PERHAPS = 1, /* an `if` */
	GRUB_CFG_COUNTED = 2, /* boot_counter (08_fallback_counting of Fedora) */
};

/*
 * What `set default=` says in the text, the last one, but for a one-shot and for what counts boots,
 * in @ret.  False without any.
 */
bool grub_cfg_default(
	const char *text, char *ret, size_t size, enum grub_cfg_condition *ret_condition);

/* What a text sets a variable to. */
enum grub_cfg_setting {
	GRUB_CFG_UNSET,
	GRUB_CFG_MAYBE_SET, /* in an `if`, or a block */
	GRUB_CFG_SET,
	GRUB_CFG_UNKNOWN, /* to several values, or by another command */
};

/* Finds out, with the one value that is not empty in @ret, "" for none. */
enum grub_cfg_setting grub_cfg_variable(
	const char *text, const char *name, char *ret, size_t size);

/* Whether the menu is not shown unless a key is pressed, or too short to see. */
bool grub_cfg_is_hidden(const char *text);

/* Whether a line that is no comment has the text @what. */
bool grub_cfg_has(const char *text, const char *what);

/*
 * Whether `configfile` or `source`, outside of the entries, leads to another menu, or `uki` to images that
 * are elsewhere.
 */
bool grub_cfg_leaves(const char *text);

/* Whether the line, or one of the text, is the command without any argument: "blscfg", "uki". */
bool grub_cfg_is_command(const char *line, const char *name);
bool grub_cfg_runs(const char *text, const char *name);

#endif
