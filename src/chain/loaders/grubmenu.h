/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The menu in a grub.cfg that grub-mkconfig made, and which of its entries a default means
 * (GRUB manual, "menuentry", "submenu" and "default").  Pure.
 */
#ifndef VFIOBOOT_GRUBMENU_H
#define VFIOBOOT_GRUBMENU_H

#include <stdbool.h>
#include <stddef.h>

#define GRUBMENU_TOP       (-1) /* the parent of what is in no submenu */
#define GRUBMENU_GENERATOR "11_linux_passthrough" /* ours, in /etc/grub.d */

/* Which script of /etc/grub.d printed an item: grub-mkconfig frames the output of each. */
enum grubmenu_maker {
	GRUBMENU_OTHER,
	GRUBMENU_LINUX, /* 10_linux, or Ubuntu's 10_linux_zfs: the normal entries */
	GRUBMENU_OURS,
};

struct grubmenu_item {
	char *title;
	char *id;         /* "": it has none */
	char *linux_line; /* what its `linux` takes: a file and arguments; "" for a submenu */
	int parent;       /* index, or GRUBMENU_TOP */
	unsigned number;      /* among those of its parent, from 0 */
	bool conditional;     /* in an `if`: the menu has it, or has not */
	unsigned firm_number; /* among those that are not */
	enum grubmenu_maker maker;
};

/* Starts as {0}. */
struct grubmenu {
	struct grubmenu_item *items; /* in the order of the file */
	size_t n;
};

/*
 * Reads the text of a grub.cfg; what is in a function is left out, since nobody can tell where
 * that is called.  Returns 0 with *@ret for grubmenu_free(), or -ENOMEM.
 */
int grubmenu_parse(const char *text, struct grubmenu *ret);
void grubmenu_free(struct grubmenu *menu);

/*
 * The item that a default, or a one-shot, such as "0", "1>2", "gnulinux-advanced-X>ID" or a
 * title means, in a menu with all that is in an `if`, or with @conditional false, with nothing of
 * it; NULL for none.
 */
const struct grubmenu_item *grubmenu_find(
	const struct grubmenu *menu, const char *name, bool conditional);

/* By which name grub-reboot takes the item: ids, with '>' between; in @ret. */
void grubmenu_name(const struct grubmenu *menu, const struct grubmenu_item *item,
	char *ret, size_t size);

/*
 * The file that `linux` of the item loads, without quotes, in @ret; "" if it does not fit.
 * Returns what is behind it, its arguments.
 */
const char *grubmenu_kernel(const struct grubmenu_item *item, char *ret, size_t size);

/* What `set default=` says in the text, but for a one-shot, in @ret.  False without any. */
bool grubmenu_default(const char *text, char *ret, size_t size);

/* Whether the menu is not shown unless a key is pressed, or too short to see. */
bool grubmenu_is_hidden(const char *text);

#endif
