/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What starts this machine: loader, entries, images, and who makes them. */
#ifndef VFIOBOOT_CHAIN_CHAIN_H
#define VFIOBOOT_CHAIN_CHAIN_H

#include "apply.h"
#include "chain/generators/generators.h"
#include "chain/loaders/bootentry.h"
#include "chain/loaders/bootloader.h"
#include "chain/loaders/bootmenu.h"
#include "chain/loaders/oneshot.h"
#include "chain/loaders/permanent.h"
#include "follow.h"
#include "imagecheck.h"
#include "parameters.h"

#endif
