/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked for, and what the planner makes of it; in both programs. */
#ifndef VFIOBOOT_DECIDE_DECIDE_H
#define VFIOBOOT_DECIDE_DECIDE_H

#include "config.h"
#include "configfiles.h"
#include "dropin.h"
#include "identity.h"
#include "inifile.h"
#include "machine.h"
#include "match.h"
#include "pcidev.h"
#include "plan.h"
#include "protect.h"
#include "reason.h"
#include "selector.h"
#include "variant.h"

#endif
