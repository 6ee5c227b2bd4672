#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by dracut's init as its first cmdline hook: an exit here would end PID 1.

/usr/lib/vfioboot/vfioboot-early || :
