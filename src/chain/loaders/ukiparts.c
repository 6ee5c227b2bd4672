/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two tables of names. */
#include "ukiparts.h"

#include <string.h>

#include "base/base.h"

#define KEY ".pcrpkey"

const struct ukipart ukiparts[UKIPARTS_N] = {
	{".linux", "--linux=", "linux"},
	{".initrd", "--initrd=", "initrd"},
	{".ucode", "--microcode=", "ucode"},
	{".splash", "--splash=", "splash"},
	{".dtb", "--devicetree=", "dtb"},
	{KEY, "--pcrpkey=", "pcrpkey"},
};

/* Made anew, of texts and keys; the stub has the last two. */
static const char *const made[] = {
	".osrel", ".cmdline", ".uname", ".pcrsig", ".sbat", ".sdmagic"};

#define STUB_HAS 2

static bool is_made(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(made[i], name) == 0)
			return true;
	return false;
}

static bool is_copied(const char *name)
{
	for (size_t i = 0; i < UKIPARTS_N; i++)
		if (strcmp(ukiparts[i].section, name) == 0)
			return true;
	return false;
}

void ukiparts_read(const struct pe_image *image, struct ukiparts *ret)
{
	bool begun = false;

	*ret = (struct ukiparts){0};
	for (unsigned i = 0; i < image->n && !ret->unknown[0]; i++) {
		const char *name = image->sections[i].name;

		begun |= is_copied(name) || is_made(name, ARRAY_SIZE(made) - STUB_HAS);
		if (begun && !is_copied(name) && !is_made(name, ARRAY_SIZE(made)))
			strcpy(ret->unknown, name);
	}
	/* Where measurements are signed, the public key comes from the private one. */
	for (size_t i = 0; i < UKIPARTS_N; i++)
		ret->has[i] = pe_find(image, ukiparts[i].section) &&
			(strcmp(ukiparts[i].section, KEY) != 0 ||
				!pe_find(image, ".pcrsig"));
}
