/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One text for all who write the list: `vfioboot protect`, for the images, and `apply`. */
#include "protectfile.h"

#include "base/base.h"

static const char header[] = "# vfioboot protect list 1\n";

char *protectfile_format(const struct protect_list *list)
{
	size_t size = sizeof(header) + (list->n_entries + 1) * PROTECT_LINE_SIZE;
	char *text = malloc(size), *end = text;

	if (!text)
		return NULL;
	end = stpcpy(end, header);
	for (unsigned i = 0; i < list->n_entries; i++) {
		char line[PROTECT_LINE_SIZE];

		protect_format(&list->entries[i], line);
		end = stpcpy(end, line);
	}
	if (list->incomplete)
		strcpy(end, PROTECT_INCOMPLETE "\n");
	return text;
}
