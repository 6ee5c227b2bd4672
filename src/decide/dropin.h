/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drop-ins that `vfioboot add` writes: one device set a file, with a mark as the first
 * line, by which `remove` knows that the file is ours to delete.
 */
#ifndef VFIOBOOT_DROPIN_H
#define VFIOBOOT_DROPIN_H

#include "config.h"
#include "configfiles.h"
#include "pcidev.h"

/* The first line, without its newline, of every drop-in that add writes. */
#define DROPIN_MARK "# Written by 'vfioboot add'; 'vfioboot remove NAME' deletes it."

/* Where they lie; the last of the directories that vfioboot.conf(5) names. */
#define DROPIN_DIRECTORY CONFIGFILES_LOCAL_DIR

/* What a drop-in is made of. */
struct dropin {
	const char *name;    /* of the section, and with ".conf" of the file */
	const char *profile; /* NULL: in every one */
	const char *driver;  /* NULL: vfio-pci */
	const char *machine; /* of which it is, as globs; NULL: every one */
	bool last_display;   /* may take the last display */
	bool demand;         /* no boot binds it */
	unsigned vfs;        /* virtual functions that each gets; 0: not said */
	const struct pcidev *functions; /* with their paths */
	const bool *whole_slots;        /* of each: the set has its slot's all */
	/* What the functions are known by, as in a section (identity_add()); NULL: not said. */
	const char (*identity)[SYSFS_IDENTITY_SIZE];
	const char *const *titles; /* what each of them is, for people; or NULL */
	size_t n_functions;
};

/* The name of the file, absolute. */
void dropin_path(const char *name, char ret[static CONFIG_PATH_SIZE]);

/*
 * Writes down the section, with path, id and count; of a slot that the set has whole the
 * path has no function; virtual functions alone are named by the path of the physical one.  The caller frees
 * *@ret.  Returns 0; -EINVAL when a function has no path of its own; or -ENOMEM.
 */
int dropin_format(const struct dropin *dropin, char **ret);

/* Adds the sections of @text to @config, as if it was in the file @path.  0 or -errno. */
int dropin_read_text(struct config *config, const char *text, const char *path);

/* Whether two of them say the same: their comments do not count. */
bool dropin_equal(const char *a, const char *b);

/*
 * Whether add wrote the file at the absolute @path below @root, and it still holds that
 * one section and nothing else.  Returns 1 or 0, or -errno.
 */
int dropin_is_ours(const struct root *root, const char *path);

#endif
