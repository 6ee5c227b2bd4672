/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's own header: what it declares is exported, and nothing else is. */
#ifndef VFIOBOOT_LIBRARY_EXPORT_H
#define VFIOBOOT_LIBRARY_EXPORT_H

#pragma GCC visibility push(default)
#include <vfioboot.h>
#pragma GCC visibility pop

#endif
