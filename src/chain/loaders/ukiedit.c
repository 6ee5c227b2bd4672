/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints what ukimake.c does, as commands. */
#include "ukiedit.h"

#include "base/base.h"
#include "ukiosrel.h"

static void print_sections(FILE *out, const struct uki *image)
{
	fprintf(out, "objcopy");
	for (size_t i = 0; i < UKIPARTS_N; i++)
		if (image->parts.has[i])
			fprintf(out, " --dump-section %s=%s \\\n   ", ukiparts[i].section,
				ukiparts[i].file);
	if (image->osrel[0])
		fprintf(out, " --dump-section .osrel=osrel");
	fprintf(out, " %s/%s rest\n", image->directory, image->name);
}

/* What vfioboot knows its own by is in there, so that 'entry remove' finds it. */
static void print_osrel(FILE *out, const struct uki *image, const struct bootentry *entry)
{
	_cleanup_free_ char *lines = ukiosrel_lines(image->osrel, entry);

	fprintf(out, "cat %s osrel <<'END'\n%sEND\n", image->osrel[0] ? ">>" : ">",
		lines ? lines : "");
}

static void print_commands(
	FILE *out, const struct uki *image, const struct bootentry *entry)
{
	_cleanup_free_ char *cmdline = ukiplan_cmdline(image, entry);
	char name[NAME_MAX + 1];

	uki_id(image, entry, name, sizeof(name));
	fprintf(out, "\n# %s (%s)\n", image->name, entry->title);
	if (image->parts.unknown[0])
		fprintf(out, "# its section %s is missing here: add what makes it\n",
			image->parts.unknown);
	print_sections(out, image);
	print_osrel(out, image, entry);
	fprintf(out, "ukify build");
	for (size_t i = 0; i < UKIPARTS_N; i++)
		if (image->parts.has[i])
			fprintf(out, " %s%s", ukiparts[i].option, ukiparts[i].file);
	fprintf(out, " --os-release=@osrel \\\n");
	if (image->version[0])
		fprintf(out, "    --uname='%s' \\\n", image->version);
	fprintf(out, "    --cmdline='%s' \\\n    --output=%s/%s\n",
		cmdline ? cmdline : "", image->directory, name);
}

static const struct {
	enum ukiplan_obstacle obstacle;
	const char *text;
} reasons[] = {
	{UKIPLAN_NO_UKIFY,
		"With ukify (of systemd, in the package systemd-ukify) installed, "
		"'vfioboot entry add' does it.\n"},
	{UKIPLAN_NO_KEYS,
		"The image is signed: add --secureboot-private-key= and "
		"--secureboot-certificate=.\nWith SecureBootPrivateKey= and "
		"SecureBootCertificate= in /etc/kernel/uki.conf,\n'vfioboot entry add' does "
		"it.\n"},
	{UKIPLAN_NO_MEASURE_KEYS,
		"The image has signed measurements: add --pcr-private-key=, or the disk is "
		"not opened by\nthem.  With PCRPrivateKey= in a section [PCRSignature:NAME] "
		"of /etc/kernel/uki.conf,\n'vfioboot entry add' does it.\n"},
	{UKIPLAN_UNKNOWN_SECTION,
		"The image has a section that vfioboot does not know how to pass on.\n"},
};

void ukiedit_print(
	FILE *out, const struct ukiplan *plan, const struct bootentries *wanted)
{
	unsigned obstacles = 0;

	fprintf(out,
		"The command line of a unified kernel image is inside it, and an addon would "
		"count at\nevery boot: another entry is another image.  Run as root in an "
		"empty directory, and\nagain whenever the image is made anew:\n");
	for (size_t i = 0; i < plan->images.n; i++) {
		const struct uki *image = &plan->images.images[i];

		for (unsigned j = 0; !image->id[0] && j < wanted->n; j++) {
			print_commands(out, image, &wanted->entries[j]);
			obstacles |= ukiplan_obstacles(plan, image);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (obstacles & reasons[i].obstacle)
			fprintf(out, "\n%s", reasons[i].text);
}
