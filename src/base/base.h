/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all folders use: text, the kernel command line, files below a root, programs; and of the C
 * library what nearly every file needs.
 */
#ifndef VFIOBOOT_BASE_BASE_H
#define VFIOBOOT_BASE_BASE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "blake2b.h"
#include "child.h"
#include "cmdline.h"
#include "file.h"
#include "imagefile.h"
#include "message.h"
#include "pack.h"
#include "pcibars.h"
#include "pciname.h"
#include "peimage.h"
#include "run.h"
#include "shell_vars.h"
#include "sysfs.h"
#include "text.h"
#include "tree.h"
#include "unpack.h"
#include "util.h"
#include "version.h"

#endif
