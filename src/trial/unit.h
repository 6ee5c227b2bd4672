/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which unit PID 1 starts, by the kernel command line: systemd.unit=NAME, or a word of System V
 * such as "single" or "3" (kernel-command-line(7); systemd's parse_proc_cmdline_item() in
 * src/core/main.c and runlevel_to_target()).  default.target is not active then.  Pure.
 */
#ifndef VFIOBOOT_TRIAL_UNIT_H
#define VFIOBOOT_TRIAL_UNIT_H

#define TRIAL_UNIT_SIZE 256 /* bytes of the longest name of a unit with its NUL */

#define TRIAL_UNIT_DEFAULT "default.target"
#define TRIAL_UNIT_EMERGENCY                                                             \
	"emergency.target" /* nothing but a shell, not even sysinit.target */

/*
 * The unit that @cmdline asks for, the last one counting, or TRIAL_UNIT_DEFAULT.  What is for the
 * initramfs ("rd.") is passed over, and so is what systemd would not take for a unit.
 */
void trial_unit_of_cmdline(const char *cmdline, char ret[static TRIAL_UNIT_SIZE]);

#endif
