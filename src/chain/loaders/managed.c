/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that make the entries of a boot loader by themselves: the commands that a person gives
 * so that they have ours, too.
 */
#include <limits.h>

#include "base/base.h"
#include "chain/bootmenu.h"

/* ---- kernelstub: entries of systemd-boot, whose kernel has a name that does not change ----- */

static char *edit_kernelstub(const struct root *root, const struct bootentries *wanted)
{
	static const char entries[] = "/boot/efi/loader/entries";
	_cleanup_(file_free_names) struct file_names names = {0};
	char stem[NAME_MAX + 1] = "Pop_OS-current";
	struct text_stream sheet;

	if (!text_stream_open(&sheet))
		return NULL;
	file_list(root, entries, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *end = strstr(names.names[i], "-current.conf");

		if (end)
			copy_text(stem, sizeof(stem), names.names[i],
				(size_t)(end - names.names[i]) + strlen("-current"));
	}
	fprintf(sheet.out,
		"Run as root; kernelstub leaves the new file alone, and kernels keep their "
		"name:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		fprintf(sheet.out,
			"\nsed -e '/^title/s/$/ (%s)/' -e '/^options/s|$| %s|' \\\n"
			"    %s/%s.conf > %s/%s-%s.conf\n",
			wanted->entries[i].title, wanted->entries[i].arguments, entries,
			stem, entries, stem, wanted->entries[i].id);
	return text_stream_take(&sheet);
}

/* ---- rpm-ostree(1) and bootc(8): deployments are entries, and there are no others -------- */

static void print_kargs(FILE *out, const struct bootentry *entry)
{
	const char *p = entry->arguments;

	fprintf(out, "\n# %s\nrpm-ostree kargs", entry->title);
	for (size_t len; (len = strcspn(p, " ")) > 0; p += len + (p[len] == ' '))
		fprintf(out, " --append-if-missing=%.*s", (int)len, p);
	p = entry->arguments;
	fprintf(out,
		"\n# bootc: /usr/lib/bootc/kargs.d/50-vfioboot.toml of the image\nkargs = [");
	for (size_t len; (len = strcspn(p, " ")) > 0; p += len + (p[len] == ' '))
		fprintf(out, "%s\"%.*s\"", p == entry->arguments ? "" : ", ", (int)len,
			p);
	fprintf(out, "]\n");
}

static char *edit_ostree(const struct root *root, const struct bootentries *wanted)
{
	struct text_stream sheet;

	(void)root;
	if (!text_stream_open(&sheet))
		return NULL;
	fprintf(sheet.out,
		"Entries are deployments here, and none can be added to them.  These arguments "
		"make a\nnew deployment with them; the one before stays in the menu as the way "
		"back.\nTake one of these at a time; --delete-if-present= takes an argument "
		"out again:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		print_kargs(sheet.out, &wanted->entries[i]);
	return text_stream_take(&sheet);
}

const struct bootloader_ops bootloader_ops_kernelstub = {
	.edit = edit_kernelstub,
	.hand_what = "files",
	.hand_where = "/boot/efi/loader/entries",
	.permanent = "with 'kernelstub --add-options \"PARAMETER ...\"'",
};
const struct bootloader_ops bootloader_ops_ostree = {
	.edit = edit_ostree,
	.hand_what = "arguments",
	.hand_where = "the deployments ('rpm-ostree kargs')",
	.permanent =
		"with 'rpm-ostree kargs --append-if-missing=PARAMETER', or, with bootc, in "
		"kargs.d of the image",
};
