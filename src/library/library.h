/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands say of a machine: vfioboot.h, and below it what the program alone needs.  The library
 * exports no more than vfioboot.h has.
 */
#ifndef VFIOBOOT_LIBRARY_LIBRARY_H
#define VFIOBOOT_LIBRARY_LIBRARY_H

#include "candidates.h"
#include "context.h"
#include "devices.h"
#include "export.h"
#include "function.h"
#include "machine.h"
#include "obstacle_text.h"
#include "plan.h"
#include "points.h"
#include "readiness.h"
#include "sections.h"

#endif
