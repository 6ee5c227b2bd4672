/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of points over all of the facts. */
#ifndef VFIOBOOT_CHECK_CHECK_H
#define VFIOBOOT_CHECK_CHECK_H

#include "checks.h"

#endif
