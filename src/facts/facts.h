/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host is: functions, groups, IOMMU, displays, what it uses, kernels and modules. */
#ifndef VFIOBOOT_FACTS_FACTS_H
#define VFIOBOOT_FACTS_FACTS_H

#include "backing.h"
#include "boot_display.h"
#include "card.h"
#include "denylist.h"
#include "deviceset.h"
#include "drives.h"
#include "efivar.h"
#include "esp.h"
#include "gvt.h"
#include "hypervisor.h"
#include "iommu.h"
#include "kernel_config.h"
#include "kernel_release.h"
#include "kernels.h"
#include "leftovers.h"
#include "mediated.h"
#include "module_files.h"
#include "modules.h"
#include "mounts.h"
#include "names.h"
#include "network.h"
#include "pcibus.h"
#include "protect_list.h"
#include "signature.h"
#include "snapshot.h"
#include "usage.h"

#endif
