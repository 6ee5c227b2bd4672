/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads one ini file with inih, and adds what inih does not report: the line of each key, a
 * section's header even when it is empty or repeated, and every line that it would cut or
 * skip.  Leading white space has no meaning, whatever a distribution's inih was built for.
 */
#ifndef VFIOBOOT_INIFILE_H
#define VFIOBOOT_INIFILE_H

#include <stdint.h>

/* Bytes of a line, without its newline, that every build of inih takes whole. */
#define INIFILE_LINE_MAX 198

/* What the reader reports, each with the number of its line, from 1. */
struct inifile_events {
	void (*section)(void *data, unsigned line, const char *name);
	void (*key)(void *data, unsigned line, const char *key, const char *value);
	/* A line that was skipped, and what is wrong with it. */
	void (*error)(void *data, unsigned line, const char *message);
};

/*
 * Reads the open file @fd to its end and adds its bytes to the FNV-1a hash *@digest.
 * Returns 0, or -errno: nothing more came then.
 */
int inifile_read(
	int fd, const struct inifile_events *events, void *data, uint64_t *digest);

#endif
