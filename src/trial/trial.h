/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot that comes back by itself. */
#ifndef VFIOBOOT_TRIAL_TRIAL_H
#define VFIOBOOT_TRIAL_TRIAL_H

#include "trialend.h"
#include "trialkeep.h"
#include "trialplan.h"
#include "trialsight.h"
#include "trialstate.h"
#include "trialstore.h"
#include "trialwatch.h"

#endif
