/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the next boot will do, what this one did, and what speaks against an add. */
#ifndef VFIOBOOT_OUTLOOK_OUTLOOK_H
#define VFIOBOOT_OUTLOOK_OUTLOOK_H

#include "conflicts.h"
#include "inventory.h"
#include "next_iommu.h"
#include "nextboot.h"
#include "obstacles.h"
#include "offer.h"
#include "thisboot.h"

#endif
