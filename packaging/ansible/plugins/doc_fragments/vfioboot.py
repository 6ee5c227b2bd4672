# SPDX-License-Identifier: GPL-2.0-or-later
"""The options that all modules have."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):

    DOCUMENTATION = r"""
options:
  program:
    description:
      - The program, by its name or its whole path.
    type: str
    default: vfioboot
  root:
    description:
      - A directory with the files of another host, such as an unpacked capture. Its images cannot be changed,
        so M(vfioboot.vfioboot.vfioboot_apply) takes one in check mode alone.
    type: path
    default: /
"""
