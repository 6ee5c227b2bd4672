/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to see of a trial's boot, as trial_judge() wants it. */
#ifndef VFIOBOOT_TRIALSIGHT_H
#define VFIOBOOT_TRIALSIGHT_H

#include "base/base.h"
#include "trialstate.h"

/* Looks at the running system, by its records, its sysfs and its service manager. */
void trialsight_look(const struct sysfs_root *root, struct trial_sight *ret);

/* Whether the host itself has a display: a screen of DRM or a framebuffer. */
bool trialsight_has_display(const struct sysfs_root *root);

/* Whether the unit is active now. */
bool trialsight_is_active(const char *unit);

/* Whether there is a display manager that runs. */
bool trialsight_manager_runs(void);

/*
 * What `systemctl show` said of the display manager: @text with the properties ActiveState,
 * NRestarts and ActiveEnterTimestampMonotonic (org.freedesktop.systemd1(5)), at @now in
 * milliseconds of CLOCK_MONOTONIC.  Sets what *@ret has of it.  Pure.
 */
void trialsight_parse_manager(const char *text, uint64_t now, struct trial_sight *ret);

#endif
