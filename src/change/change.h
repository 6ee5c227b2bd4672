/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of files that are whole at any moment and can be undone. */
#ifndef VFIOBOOT_CHANGE_CHANGE_H
#define VFIOBOOT_CHANGE_CHANGE_H

#include "atomicfile.h"
#include "diskroom.h"
#include "fileattrs.h"
#include "filechange.h"
#include "filestep.h"

#endif
