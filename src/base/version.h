/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version of both programs. */
#ifndef VFIOBOOT_VERSION_H
#define VFIOBOOT_VERSION_H

#define VFIOBOOT_VERSION "0.1.0"

#endif
