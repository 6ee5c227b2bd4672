/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What standard output can show. */
#ifndef VFIOBOOT_TERMINAL_H
#define VFIOBOOT_TERMINAL_H

#include <stdbool.h>

/* Columns of the terminal that it is; 0: it is none, or does not tell. */
int terminal_columns(void);

/* Whether colours are wanted there: https://no-color.org, and a terminal that has them. */
bool terminal_wants_colour(void);

#endif
