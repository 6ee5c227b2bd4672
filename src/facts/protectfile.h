/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protect list as a file: its header and its entries (core/protect.h). */
#ifndef VFIOBOOT_PROTECTFILE_H
#define VFIOBOOT_PROTECTFILE_H

#include "decide/decide.h"

/* The whole text of the list, which the caller frees; NULL without memory. */
char *protectfile_format(const struct protect_list *list);

#endif
