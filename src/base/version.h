/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version that both programs tell. */
#ifndef VFIOBOOT_VERSION_H
#define VFIOBOOT_VERSION_H

#define VFIOBOOT_VERSION "0.1.0"

#endif
