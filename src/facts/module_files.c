/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists the files of a kind, in the order of the five directories that systemd and kmod look into. */
#include "module_files.h"

static const char *const directories[] = {
	"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"};

int module_files_list(const struct root *root, const char *kind, struct file_names *ret)
{
	return file_list_dropins(root, directories, ARRAY_SIZE(directories), kind, ret);
}

unsigned module_files_next_line(const char **cursor, char **ret)
{
	unsigned lines = 0;
	size_t len;
	char *text;

	*ret = NULL;
	if (!**cursor)
		return 0;
	text = *ret = malloc(strlen(*cursor) + 1);
	do {
		len = strcspn(*cursor, "\n");
		if (text)
			memcpy(text, *cursor, len);
		text = text ? text + len : NULL;
		*cursor += len + ((*cursor)[len] == '\n');
		lines++;
		if (!text || !len || text[-1] != '\\')
			break;
		*--text = '\0';
	} while (**cursor);
	if (text)
		*text = '\0';
	return lines;
}
