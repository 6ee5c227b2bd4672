/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether what is in an image would do at the next boot what the configuration says now:
 * our program is there, starts before any driver, and finds what it needs.
 */
#ifndef VFIOBOOT_IMAGECHECK_H
#define VFIOBOOT_IMAGECHECK_H

#include <paths.h>

#include "base/base.h"
#include "decide/decide.h"

enum image_state {
	IMAGE_FRESH, /* our program, first of all, with today's configuration and modules */
	IMAGE_STALE,   /* we are in it, with something older: `why` says what */
	IMAGE_WITHOUT, /* we are not in it */
	IMAGE_MISSING, /* the kernel has none */
	IMAGE_UNKNOWN, /* it can't be read: `why` says why */
	IMAGE_STATES,
};

/* "fresh", "stale", "without", "missing" or "unknown". */
const char *image_state_word(enum image_state state);

/* Where the early program is, on the host and in an image. */
#define IMAGECHECK_PROGRAM PATHS_LIBDIR "/vfioboot-early"

/* The rule of udev for functions that appear later, the same way. */
#define IMAGECHECK_RULE "/usr/lib/udev/rules.d/60-vfioboot.rules"

/* A file of the configuration as an image has to hold it. */
struct imagecheck_file {
	char *path; /* absolute */
	char *data; /* NULL: a link to /dev/null, and that is all of it */
	size_t size;
	bool optional; /* no boot needs it: an image may hold it as it was at any time */
};

enum imagecheck_of {
	IMAGECHECK_NOW,
	IMAGECHECK_UNDONE, /* as if nothing was configured in /etc */
};

/* What an image is compared with. */
struct imagecheck {
	const struct root *root; /* the caller's: the machine that they are of */
	enum imagecheck_of of;
	struct imagecheck_file *files; /* none: no generator puts us into an image */
	size_t n_files;
	/* A boot needs what they say, or us for its command line; else an image may be without us. */
	bool needed;
	struct config *config;     /* what these files say */
	struct file_names targets; /* where those that are links lead */
	char *program, *rule;      /* NULL: it is not installed */
	size_t program_size, rule_size;
	struct file_names modules;          /* of drivers, with '_' for '-' */
	const struct protect_list *protect; /* the caller's; NULL: not compared */
	bool allows_denied; /* boots need what disables the denylist in modprobe.d (facts/denylist.h) */
	bool elsewhere; /* images are made where no protect list of this host can be */
};

/* Reads what the host at @root has.  Returns 0 with *@ret for imagecheck_free(), or -errno. */
int imagecheck_read(const struct root *root, enum imagecheck_of of,
	const struct protect_list *protect, struct imagecheck *ret);
void imagecheck_free(struct imagecheck *check);

/* Adds a file of the configuration that is not there yet.  0 or -ENOMEM. */
int imagecheck_add_file(struct imagecheck *check, const char *path, const char *text);

/* Whether an image's file of this name, which has no '/' at its beginning, is of the configuration. */
bool imagecheck_is_config(const char *path);

/*
 * Opens the image file @path, for imagefile_free().  IMAGE_FRESH: it could be read; else, with
 * @why, IMAGE_MISSING or IMAGE_UNKNOWN.
 */
enum image_state imagecheck_open(const struct imagecheck *check, const struct root *root,
	const char *path, struct imagefile *ret, struct message *why);

/* Judges an image that was opened so, which is of the kernel @release.  @why: of one that is not fresh. */
enum image_state imagecheck_judge(const struct imagecheck *check, const struct root *root,
	const char *release, const struct imagefile *image, struct message *why);

/* Both. */
enum image_state imagecheck_file(const struct imagecheck *check, const struct root *root,
	const char *release, const char *path, struct message *why);

#endif
