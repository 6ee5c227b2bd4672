/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel parameters a machine needs, and which are useless or in conflict. */
#ifndef VFIOBOOT_PARAMS_PARAMS_H
#define VFIOBOOT_PARAMS_PARAMS_H

#include "kernel_params.h"

#endif
