/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unified kernel images of a machine in EFI/Linux, and what is inside them
 * (https://uapi-group.org/specifications/specs/unified_kernel_image).
 */
#ifndef VFIOBOOT_UKI_IMAGE_H
#define VFIOBOOT_UKI_IMAGE_H

#include <limits.h>
#include <time.h>

#include "base/base.h"
#include "bootentry.h"
#include "loader.h"

#define UKI_DIRECTORY "/EFI/Linux" /* below one of esp_places */
#define UKI_PARTS_N   6

/* A section that is copied into another image, by an option of ukify(1), and its file's name. */
struct uki_part {
	const char *section, *option, *file;
};

extern const struct uki_part uki_parts[UKI_PARTS_N];

struct uki {
	char *directory; /* absolute, below the root */
	char *name;      /* of the file, with ".efi" */
	char *cmdline, *version, *title;
	char *options;              /* cmdline, and what addons add to it */
	char *osrel;                /* os-release(5) of its system */
	char id[BOOTENTRY_ID_SIZE]; /* of ours: of the struct bootentry; "": an original */
	struct timespec changed;
	uint64_t size;         /* of the file */
	unsigned stub;         /* version of its systemd-stub; 0: not known */
	bool has[UKI_PARTS_N]; /* which of uki_parts are copied */
	char unknown[9]; /* a section that a copy would lack, as ".hwids"; "": none */
	bool is_signed, has_signed_measurements;
	struct file_names
		initrds; /* addons that have one, which the kernel unpacks behind its own */
	/* It starts another one than that of the first profile, or what an addon has cannot be read. */
	bool has_other_initrd;
	bool foreign; /* by its name or os-release it is of another system */
	bool skipped; /* for uki.c: it gets no copies, and why was said */
};

/* The files whose initrds it starts, in their order: the image at @path, and addons.  0 or -ENOMEM. */
int uki_add_initrds(const struct uki *image, const char *path, struct file_names *names);

/* Starts as {0}. */
struct ukis {
	struct uki *images;
	size_t n;
	char failed[PATH_MAX]; /* the directory that cannot be read */
};

/*
 * Reads the images of this system, and with @foreign the others; what is no unified image is left
 * out.  0; or -errno with @ret->failed; ukis_free(@ret), which begins as {0}, in each case.
 */
int ukis_read(const struct root *root, bool foreign, struct ukis *ret);
void ukis_free(struct ukis *images);

/*
 * Reads one image, whoever's it is, as it is started with profile @profile, usually 0.  Returns 1
 * with @ret for uki_free(); 0 for another file; or -errno.
 */
int uki_read(
	const struct root *root, const char *path, unsigned profile, struct uki *ret);
void uki_free(struct uki *image);

/*
 * Makes @entry, of a loader that starts programs of EFI, one of the unified image at @path.  That
 * heeds the options of the entry, or its own where it has some and Secure Boot is on (systemd-stub(7)).
 * Returns 1, with texts in @image for uki_free(), which is {0}; 0 where it is another
 * file, or an image that cannot be followed; or -ENOMEM.
 */
int uki_follow(const struct root *root, const char *path, unsigned profile,
	struct uki *image, struct bootmenu_entry *entry);

/*
 * Adds to @menu the images that a loader would show, in uki.c.  0, or -errno with @menu->failed.
 */
int uki_add_entries(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *menu);

/* Finds out which @sections can be copied: fills @ret->has and @ret->unknown.  Pure. */
void uki_sort_sections(const struct pe_image *sections, struct uki *ret);

/* The id by which systemd-boot knows an image: its name without a count of tries. */
void uki_boot_id(const struct uki *image, char ret[static NAME_MAX + 1]);

/* By what systemd-boot sorts it. */
void uki_order(const struct uki *image, struct bootmenu_order *ret);

/* The name of @original's copy for @entry.  It sorts below the original's. */
void uki_copy_name(const struct uki *original, const struct bootentry *entry,
	char ret[static NAME_MAX + 1]);

/*
 * What has the name of that copy: with @ours an image of ours, else one of somebody else.  NULL
 * for none.
 */
struct uki *uki_find_copy(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry, bool ours);

/* The command line of that copy, for free(); NULL without memory. */
char *uki_copy_cmdline(const struct uki *original, const struct bootentry *entry);

/*
 * The lines that make the os-release text of an image that of its copy for @entry, when they are
 * behind it: the last of several with one key counts.  systemd-boot names and sorts its entry by
 * them.  The copy sorts behind all normal images: one that has no try left is shown last, and its
 * copy, which has no count, must not become the default.  For free(); NULL without memory.
 */
char *uki_osrel_lines(const char *osrel, const struct bootentry *entry);

/* The whole text of the copy, for free(); NULL without memory. */
char *uki_copy_osrel(const char *osrel, const struct bootentry *entry);

/* Whether the text has our mark; then the id of the entry is in @ret. */
bool uki_osrel_is_ours(const char *osrel, char ret[static BOOTENTRY_ID_SIZE]);

#endif
