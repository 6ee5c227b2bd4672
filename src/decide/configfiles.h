/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the configuration of a machine lies: the main file, then the drop-ins "*.conf" of
 * three directories in the order of their names; of two with the same name the one in the
 * later directory counts, and a link to /dev/null masks.
 */
#ifndef VFIOBOOT_CONFIGFILES_H
#define VFIOBOOT_CONFIGFILES_H

#include "base/base.h"
#include "config.h"
#include "protect.h"

#define CONFIGFILES_MAIN       "/etc/vfioboot.conf"
#define CONFIGFILES_VENDOR_DIR "/usr/lib/vfioboot.conf.d"
#define CONFIGFILES_RUN_DIR    "/run/vfioboot.conf.d"
#define CONFIGFILES_LOCAL_DIR  "/etc/vfioboot.conf.d"
#define CONFIGFILES_PROTECT    "/etc/vfioboot.protect"

enum configfiles_of {
	CONFIGFILES_OF_NOW,   /* all that there are */
	CONFIGFILES_OF_IMAGE, /* those that an image is made with: none of /run */
};

/* Whether a file of this name in one of the directories is a drop-in. */
bool configfiles_is_dropin(const char *name);

/* Reads the main file and the drop-ins.  None of them must be there. */
void configfiles_read(
	const struct root *root, enum configfiles_of of, struct config *config);

/* A file that is at hand, of the image or the system whose configuration is looked at. */
struct configfiles_text {
	const char *path; /* absolute */
	const char *data; /* NULL: it is a link to /dev/null */
	size_t size;
};

/* Reads those that configfiles_read() would read at @root, in the same order.  Returns 0, or -errno. */
int configfiles_read_texts(const struct root *root, const struct configfiles_text *texts,
	size_t n, struct config *config);

/* Reads all protect lists that there are: of the image, and of this boot. */
void configfiles_read_protect(
	const struct root *root, struct config *config, struct protect_list *ret);

/* Reads the vfioboot.* parameters that the kernel was started with. */
void configfiles_read_cmdline(const struct root *root, struct config *config);

#endif
