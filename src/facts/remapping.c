/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing tells it outright; the names of the interrupt controllers do. */
#include "remapping.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* What the names of interrupt controllers say, seen together. */
struct seen {
	bool on;  /* an interrupt goes through a remapping unit */
	bool off; /* one that would, does not */
};

/*
 * x86: the I/O APIC is "IR-IO-APIC" when its interrupts are remapped, else "IO-APIC"
 * (arch/x86/kernel/apic/io_apic.c); there, it is all or none.  arm64: an ITS keeps those of
 * devices apart (drivers/irqchip/irq-gic-v3-its.c).
 */
static void judge_chip(struct seen *seen, const char *chip)
{
	seen->on |= strncmp(chip, "IR-", 3) == 0 || strncmp(chip, "ITS-", 4) == 0;
	seen->off |= strncmp(chip, "IO-APIC", 7) == 0;
}

static int scan_chips(const struct sysfs_root *root, struct seen *seen)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int r = tree_open_directory(root, TREE_IRQ, &dir);
	const char *name;

	if (r < 0)
		return r;
	while (!seen->on && (name = tree_next(dir))) {
		char path[320], chip[64];

		snprintf(path, sizeof(path), TREE_IRQ "/%s/chip_name", name);
		if (tree_read_line(root, path, chip, sizeof(chip)) == 0)
			judge_chip(seen, chip);
	}
	return 0;
}

/* "  8:  0  12  IR-IO-APIC  8-edge  rtc0": any of the words may be it. */
static void scan_interrupts(const struct sysfs_root *root, struct seen *seen)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	int fd = sysfs_root_open_file(root, TREE_INTERRUPTS, O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file) {
		close_fd(&fd);
		return;
	}
	while (!seen->on && getline(&line, &room, file) > 0) {
		char *rest = line, *word;

		while ((word = strsep(&rest, " \t\n")))
			judge_chip(seen, word);
	}
	fclose(file);
}

enum remapping remapping_read(const struct sysfs_root *root)
{
	struct seen seen = {0};

	if (scan_chips(root, &seen) < 0 || (!seen.on && !seen.off))
		scan_interrupts(root, &seen);
	return seen.on ? REMAPPING_ON : seen.off ? REMAPPING_OFF : REMAPPING_UNKNOWN;
}
