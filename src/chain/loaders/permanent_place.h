/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a machine keeps parameters of its normal entries, as permanent.h finds it. */
#ifndef VFIOBOOT_PERMANENT_PLACE_H
#define VFIOBOOT_PERMANENT_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "param_text.h"

#define PERMANENT_TEXT_SIZE    512
#define PERMANENT_COMMAND_SIZE 128
#define PERMANENT_FILES_MAX    2

/* What stands for a parameter in the place; " ..." behind it, where it may be several. */
#define PERMANENT_WORD "PARAMETER"

/* A file in which they are written. */
struct permanent_file {
	char path[PATH_MAX];
	enum param_form form;
	const char *variable; /* of PARAM_SHELL */
	/* It is of vfioboot alone, begins with a comment that says so, and goes when it is empty. */
	bool own;
	/* Where it is missing, the command line of this boot is what its program takes. */
	bool seeded;
};

/* A program that keeps them itself. */
struct permanent_program {
	const char *args[3];      /* how its command line begins, up to a NULL */
	const char *add, *remove; /* before the parameters, in one word with them */
	bool each;                /* once for each of them */
	const char *show[3]; /* prints those of the next boot; args[0] NULL: none does */
};

enum permanent_update {
	PERMANENT_NOTHING, /* the files are read at each boot */
	PERMANENT_MENU,    /* the loader's finish() (loader.h) */
	PERMANENT_RUN,     /* permanent.update_args */
};

struct permanent {
	/* For a person: where, such as "in FILE", or with which command, for permanent_text(). */
	char place[PERMANENT_TEXT_SIZE];
	/* What makes it count then, as an imperative: "run 'COMMAND'"; "": nothing has to. */
	char command[PERMANENT_COMMAND_SIZE];
	/*
	 * What vfioboot does instead: writes the files, and into the entries of the Boot Loader
	 * Specification, if @entries says so, or runs the program; then the update.  With none of
	 * these a person does it.
	 */
	struct permanent_file files[PERMANENT_FILES_MAX];
	size_t n;
	bool entries;
	const struct permanent_program *program;
	enum permanent_update update;
	const char *update_args[3];
};

#endif
