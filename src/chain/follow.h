/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What starts this machine, link by link: the boot loader, the entries of its menu, the image
 * that each of them loads, and who builds that.  Nothing is guessed from a file name that should
 * be there: an image counts because an entry names it, and what cannot be followed is unknown.
 */
#ifndef VFIOBOOT_CHAIN_FOLLOW_H
#define VFIOBOOT_CHAIN_FOLLOW_H

#include "base/base.h"
#include "chain/generators/generators.h"
#include "chain/loaders/bootloader.h"
#include "chain/loaders/bootmenu.h"
#include "decide/decide.h"
#include "imagecheck.h"

/*
 * An image that an entry starts or a generator writes, once however many entries start it.  Of
 * several files of an entry it is the one that a generator made: microcode and what a person puts
 * over it are none.
 */
struct chain_image {
	char *path; /* absolute, below the root; an entry's word for it, where one loads it */
	char *kernel; /* release; "" where it is not known */
	enum image_state state;
	struct message why; /* of one that is not fresh */
	/* What builds it; NULL: it is a copy, or nothing that vfioboot knows does. */
	const struct initramfs_generator *maker;
	/* Without maker and source: what to do by hand, perhaps with the reason; remedy "": not asked. */
	struct message by_hand;
	char *written; /* the path as its generator names it; NULL without one */
	/* The path of the image that it is a copy of, or that its maker puts into it. */
	const char *source;
	bool is_started; /* an entry starts it, or a copy of it */
	bool is_unified; /* it is in a unified kernel image */
	/*
	 * What brings it up to date behind it (segment.h), in a unified image by ukify; bytes NULL: the
	 * generator alone does.
	 */
	struct change_extension extension;
	size_t file; /* while it is followed: its index in struct initrds */
};

#define CHAIN_NO_IMAGE ((size_t)-1)

/* An entry of the menu, of a kernel of this system. */
struct chain_entry {
	const struct bootmenu_entry *said; /* by the loader: title, paths, command line */
	const struct bootloader *loader;   /* whose menu has it */
	const char *
		kernel; /* release of the installed kernel that it starts; "": not known */
	size_t image;   /* index of the one that it starts; or CHAIN_NO_IMAGE */
	bool is_default; /* starts when nobody chooses */
	bool is_next;    /* the next boot, once */
	/* What on its command line keeps the early program from its work; NULL: nothing. */
	const char *hindrance;
	bool names_devices; /* it has vfioboot.device=, for which its image needs us */
	/*
	 * Why it binds nothing whatever its image has, or -ENODEV, not all; code 0: it does, or is not
	 * to.
	 */
	struct message lacks;
	/* Of all that it loads together, as the kernel unpacks it: the last file of a name wins. */
	enum image_state state;
	struct message why; /* as of an image */
};

struct chain {
	struct bootloader_search loaders;
	/* Of the owner; where it is not known which loader that is, of each that was found. */
	struct bootmenu *menus;
	size_t n_menus;
	struct chain_entry *entries;
	size_t n_entries;
	bool firmware_chooses; /* the next boot, once: it may not come to that menu */
	/* Why the entries could not be followed, and what to do; code 0: they were. */
	struct message unknown;
	struct kernels kernels;
	const struct initramfs_generator *generator; /* owns the system; or NULL */
	bool elsewhere; /* the images come with the system, from where that is built */
	/* No generator, or two and no sign; or it has no hook of ours; code 0: none of it. */
	struct message problem;
	struct chain_image *images;
	size_t n_images;
	/*
	 * A boot gets devices by its command line; and no file of the configuration is there, without which
	 * no generator puts us into an image.
	 */
	bool names_devices, lacks_file;
};

/*
 * Reads which loader starts the machine at @root, and the entries of its menu: all of a chain but
 * its kernels and images.  Returns 0 with *@ret for chain_free(), also where something is not
 * known; or -ENOMEM.
 */
int chain_read_menus(const struct root *root, struct chain *ret);

/*
 * Follows the chain of the machine at @root, and opens each image once.  @protect is the current
 * list, or NULL not to compare it.  @chain is {0}, as chain_read_menus() left it, or was followed before,
 * which is forgotten; and for chain_free() in each case.  Returns 0, also where something could not be followed; or -errno, when
 * it has at most its menus.
 */
int chain_follow(
	const struct root *root, const struct protect_list *protect, struct chain *chain);

/* The same, with each image compared with @check. */
int chain_compare(
	const struct root *root, const struct imagecheck *check, struct chain *chain);

/* Has an entry whose image is right be without us all the same where it lacks something else. */
void chain_settle_entry(struct chain_entry *entry);

void chain_free(struct chain *chain);

/*
 * Which of the installed @kernels an entry starts: by what the loader says of it, by the file, or by
 * the release in the file.  NULL: it is not known; or with *@ret_is_another known to be none of them.
 */
const struct kernel *chain_kernel(const struct root *root, const struct kernels *kernels,
	const struct bootmenu_entry *said, bool *ret_is_another);

/*
 * What becomes of the next boot when nobody chooses: the state of the default entry, or of all of
 * them where the default is not known and they agree; else IMAGE_UNKNOWN.  The entry, if it is
 * one, is in *@ret_entry, else NULL there.
 */
enum image_state chain_ready(
	const struct chain *chain, const struct chain_entry **ret_entry);

/*
 * The entry that starts at the next boot: the one chosen for once, or the default.  NULL: it is not
 * known, and why is in @why, unless that is NULL.
 */
const struct chain_entry *chain_next(const struct chain *chain, struct message *why);

/*
 * The same, if its command line is known, too: not where it has a variable of the loader whose
 * value is not.
 */
const struct chain_entry *chain_next_cmdline(
	const struct chain *chain, struct message *why);

#endif
