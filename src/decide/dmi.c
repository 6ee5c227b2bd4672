/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the strings of the firmware, and compares them with globs. */
#include "dmi.h"

#define STRING_SIZE 96 /* bytes of a string with its NUL; what is longer is left out */

/* A maker's name alone is no machine, and a product's name may be that of several makers. */
static const char *const strings[][2] = {
	{TREE_DMI "/sys_vendor", TREE_DMI "/product_name"},
	{TREE_DMI "/sys_vendor", TREE_DMI "/product_version"}, /* Lenovo's names */
	{TREE_DMI "/board_vendor", TREE_DMI "/board_name"},
	{NULL, TREE_DMI "/product_sku"},
	{NULL, TREE_DMI "/product_uuid"},
	{NULL, TREE_FIRMWARE "/devicetree/base/model"},
};

_Static_assert(ARRAY_SIZE(strings) * (2 * STRING_SIZE + 2) < DMI_SIZE,
	"each line ends with a newline, whatever is read");

/* Reads one, without the blanks that firmware leaves at its end; "" for none.  0, or -errno. */
static int read_string(const struct root *root, const char *path, char *ret)
{
	int r = path ? file_read_line(root, path, ret, STRING_SIZE) : -ENOENT;
	size_t len = r == 0 ? strlen(ret) : 0;

	while (len && ret[len - 1] == ' ')
		len--;
	ret[len] = '\0';
	text_make_printable(ret);
	return r;
}

void dmi_read(const struct root *root, struct dmi *dmi)
{
	size_t len = 0;

	if (dmi->read || !root)
		return;
	dmi->read = true;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		char maker[STRING_SIZE], name[STRING_SIZE];

		read_string(root, strings[i][0], maker);
		dmi->hidden |= read_string(root, strings[i][1], name) == -EACCES;
		if (*name)
			len += text_join(dmi->text + len, DMI_SIZE - len, maker,
				*maker ? " " : "", name, "\n", NULL);
	}
}

/* In ASCII: what firmware says has no other letters. */
static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool line_matches(const char *line, const char *glob)
{
	const char *behind_star = NULL, *from = NULL;

	while (*line != '\n') {
		if (*glob == '*') {
			behind_star = ++glob;
			from = line;
		} else if (*glob && (*glob == '?' || lower(*glob) == lower(*line))) {
			glob++;
			line++;
		} else if (behind_star) {
			glob = behind_star;
			line = ++from;
		} else {
			return false;
		}
	}
	return !glob[strspn(glob, "*")];
}

bool dmi_matches(const struct dmi *dmi, const char *glob)
{
	for (const char *line = dmi->text; *line; line = text_next_line(line))
		if (line_matches(line, glob))
			return true;
	return false;
}
