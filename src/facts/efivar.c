/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads efivarfs, and distinguishes a machine without UEFI from one whose variables are hidden. */
#include "efivar.h"

#include "base/base.h"

#define ATTRIBUTES 4 /* bytes before the value */

/* Why a variable can't be found: each answer is another fact. */
static int judge_missing(const struct root *root)
{
	DIR *dir = NULL;
	int r = file_open_directory(root, TREE_EFIVARS, &dir);

	if (r == 0) {
		bool empty = !file_next_name(dir);

		closedir(dir);
		return empty ? -ENODATA : -ENOENT;
	}
	if (r != -ENOENT || file_exists(root, "%s/%s", TREE_FIRMWARE, "efi"))
		return r == -ENOENT ? -ENODATA : r;
	/* A tree that has nothing of the firmware does not say what is not there. */
	return file_exists(root, "%s/%s", TREE_FIRMWARE, ".") ? -EOPNOTSUPP : -ENODATA;
}

ssize_t efivar_read(const struct root *root, const char *name, const char *vendor,
	uint8_t *ret, size_t size)
{
	char path[256], bytes[1024];
	ssize_t n;

	text_join(path, sizeof(path), TREE_EFIVARS "/", name, "-", vendor, NULL);
	n = file_read_fixed(root, path, bytes, sizeof(bytes));
	if (n == -ENOENT)
		return judge_missing(root);
	if (n < 0)
		return n;
	n -= ATTRIBUTES;
	if (n < 0 || (size_t)n > size)
		return -EBADMSG;
	memcpy(ret, bytes + ATTRIBUTES, (size_t)n);
	return n;
}

int efivar_read_text(const struct root *root, const char *name, char *ret, size_t size)
{
	uint8_t bytes[512];
	ssize_t n = efivar_read(root, name, EFI_LOADER, bytes, sizeof(bytes));
	size_t len = 0;

	if (n < 0)
		return (int)n;
	for (ssize_t i = 0; i + 1 < n && (bytes[i] || bytes[i + 1]); i += 2) {
		if (len + 1 >= size)
			return -ENAMETOOLONG;
		ret[len++] = bytes[i + 1] || bytes[i] < ' ' || bytes[i] > '~'
			? '?'
			: (char)bytes[i];
	}
	ret[len] = '\0';
	return 0;
}
