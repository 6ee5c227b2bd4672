/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what a device is known by, and looks for it in the lists of a section. */
#include "identity.h"

#include <string.h>

#include "base/base.h"

/* Whether the list, with commas and blanks between, has the item. */
static bool has_item(const char *list, const char *item)
{
	size_t len = strlen(item);

	for (const char *p = list; *p; p += !!*p) {
		size_t n;

		p += strspn(p, " \t");
		n = strcspn(p, ",");
		if (n >= len && memcmp(p, item, len) == 0 &&
			strspn(p + len, " \t") == n - len)
			return true;
		p += n;
	}
	return false;
}

bool identity_is_said(const struct config_section *section)
{
	for (int kind = 0; kind < SYSFS_IDENTITIES; kind++)
		if (section->identity[kind][0])
			return true;
	return false;
}

enum identity identity_compare(const struct root *root,
	const struct config_section *section, struct pci_address address)
{
	enum identity identity = IDENTITY_UNKNOWN;
	char item[SYSFS_IDENTITY_SIZE];

	for (int kind = 0; kind < SYSFS_IDENTITIES; kind++) {
		const char *list = section->identity[kind];

		if (!*list ||
			sysfs_read_identity(
				root, address, (enum sysfs_identity)kind, item) < 0)
			continue;
		if (!has_item(list, item))
			return IDENTITY_OTHER;
		identity = IDENTITY_SAME;
	}
	return identity;
}

void identity_add(const struct root *root, struct pci_address address,
	char ret[static SYSFS_IDENTITIES][SYSFS_IDENTITY_SIZE])
{
	char item[SYSFS_IDENTITY_SIZE];

	for (int kind = 0; kind < SYSFS_IDENTITIES; kind++) {
		size_t len = strlen(ret[kind]);

		if (sysfs_read_identity(root, address, (enum sysfs_identity)kind, item) <
				0 ||
			strpbrk(item, ",;") || has_item(ret[kind], item) ||
			len + strlen(item) + sizeof(", ") > SYSFS_IDENTITY_SIZE)
			continue;
		text_join(ret[kind] + len, SYSFS_IDENTITY_SIZE - len, len ? ", " : "",
			item, NULL);
	}
}
