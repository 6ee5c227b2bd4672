/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What starts this machine: loader, entries, images, and who makes them. */
#ifndef VFIOBOOT_CHAIN_CHAIN_H
#define VFIOBOOT_CHAIN_CHAIN_H

#include "apply.h"
#include "bootentry.h"
#include "bootloader.h"
#include "bootmenu.h"
#include "chain/generators/generators.h"
#include "chain/loaders/permanent.h"
#include "follow.h"
#include "imagecheck.h"
#include "oneshot.h"
#include "parameters.h"

#endif
