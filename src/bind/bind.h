/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying a plan out, and the record of it. */
#ifndef VFIOBOOT_BIND_BIND_H
#define VFIOBOOT_BIND_BIND_H

#include "binding.h"
#include "driver.h"
#include "record.h"
#include "report.h"

#endif
