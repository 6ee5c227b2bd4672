#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: vfioboot_facts
short_description: PCI functions of a host, and what vfioboot does with them
version_added: 0.1.0
description:
  - Asks C(vfioboot) what the host has, what this boot bound and what the next boot will do.
  - The answers are those of the commands C(list), C(plan) and C(status) with C(--json), whose keys the
    schemas of vfioboot describe.
options:
  gather:
    description:
      - Which answers are wanted. C(check) is the one that takes longest.
    type: list
    elements: str
    choices: [list, plan, status, check]
    default: [list, plan, status]
extends_documentation_fragment:
  - vfioboot.vfioboot.vfioboot
author:
  - The vfioboot maintainers
"""

EXAMPLES = r"""
- name: Look at the PCI devices
  vfioboot.vfioboot.vfioboot_facts:

- name: Show what the host could spare
  ansible.builtin.debug:
    msg: "{{ ansible_facts.vfioboot.functions | selectattr('section', 'none') | map(attribute='name') }}"
"""

RETURN = r"""
ansible_facts:
  description: What was asked for, below C(vfioboot).
  returned: always
  type: dict
  contains:
    vfioboot:
      description: The answers.
      returned: always
      type: dict
      contains:
        installed:
          description: Whether the program is there. Without it there is nothing else.
          returned: always
          type: bool
        functions:
          description: The functions, as C(vfioboot list --all --json) has them.
          returned: with C(list)
          type: list
        plan:
          description: What the next boot will do, as C(vfioboot plan --json) has it.
          returned: with C(plan)
          type: list
        other_machines:
          description: Sections of the configuration that are of other machines.
          returned: with C(plan)
          type: list
        status:
          description: This boot and the next, as C(vfioboot status --json) has it.
          returned: with C(status)
          type: dict
        reboot_required:
          description: Whether a restart would change which driver a device has.
          returned: with C(status)
          type: bool
        reboot_reasons:
          description: Why, a sentence for each function.
          returned: with C(status)
          type: list
        problems:
          description: The points of C(vfioboot check --json) that failed, each with its remedy.
          returned: with C(check)
          type: list
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfioboot.vfioboot.plugins.module_utils.vfioboot import SHARED, Vfioboot, reboot_reasons


def gather(vfioboot, wanted):
    facts = dict(installed=True)
    if "list" in wanted:
        facts["functions"] = vfioboot.ask("list", "--all")[1]["functions"]
    if "plan" in wanted:
        plan = vfioboot.ask("plan")[1]
        facts["plan"] = plan["plan"]
        facts["other_machines"] = plan["other_machines"]
    if "status" in wanted:
        facts["status"] = vfioboot.ask("status")[1]
        facts["reboot_reasons"] = reboot_reasons(facts["status"])
        facts["reboot_required"] = bool(facts["reboot_reasons"])
    if "check" in wanted:
        points = vfioboot.ask("check")[1]["checks"]
        facts["problems"] = [point for point in points if point["state"] == "fail"]
    return facts


def main():
    module = AnsibleModule(
        argument_spec=dict(
            SHARED,
            gather=dict(type="list", elements="str", choices=["list", "plan", "status", "check"],
                        default=["list", "plan", "status"])),
        supports_check_mode=True)
    vfioboot = Vfioboot(module)
    facts = gather(vfioboot, module.params["gather"]) if vfioboot.program else dict(installed=False)
    module.exit_json(changed=False, ansible_facts=dict(vfioboot=facts))


if __name__ == "__main__":
    main()
