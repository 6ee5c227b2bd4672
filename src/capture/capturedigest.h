/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of a capture that go on to fit its configuration, though that was redacted. */
#ifndef VFIOBOOT_CAPTUREDIGEST_H
#define VFIOBOOT_CAPTUREDIGEST_H

#include "capture.h"

/*
 * Where a record in the finished @capture of @root has the digest of today's configuration
 * (core/report.h), puts the one of the configuration in the capture in its place.  Returns
 * 0, or -errno.
 */
int capturedigest_update(const struct sysfs_root *root, struct capture *capture);

#endif
