/* SPDX-License-Identifier: GPL-2.0-or-later */
/* open_memstream(3), and what to do when it fails. */
#include "memstream.h"

#include <stdlib.h>

bool sheet_open(struct sheet *sheet)
{
	*sheet = (struct sheet){0};
	sheet->out = open_memstream(&sheet->text, &sheet->size);
	return sheet->out;
}

char *sheet_take(struct sheet *sheet)
{
	if (fclose(sheet->out) == 0)
		return sheet->text;
	free(sheet->text);
	return NULL;
}
