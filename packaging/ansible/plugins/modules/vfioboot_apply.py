#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: vfioboot_apply
short_description: Bring the initramfs images of a host up to date with its device sets
version_added: 0.1.0
description:
  - Does what C(vfioboot apply) does, if one of its steps is needed.
  - Images that are up to date are not changed, and a run that fails leaves those that were there.
  - The configuration takes effect at the next boot; whether one is needed is returned.
attributes:
  check_mode:
    support: full
    description: Says which steps would be taken.
  diff_mode:
    support: full
    description: The steps are the difference.
extends_documentation_fragment:
  - vfioboot.vfioboot.vfioboot
author:
  - The vfioboot maintainers
"""

EXAMPLES = r"""
- name: Put the device sets into the images
  vfioboot.vfioboot.vfioboot_apply:
"""

RETURN = r"""
steps:
  description: What was done, or would be.
  returned: always
  type: list
  elements: str
reboot_required:
  description: Whether a restart would change which driver a device has; null in check mode, if something would be done.
  returned: always
  type: bool
reboot_reasons:
  description: Why, a sentence for each function.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfioboot.vfioboot.plugins.module_utils.vfioboot import SHARED, Vfioboot, reboot_reasons


def finish(module, vfioboot, changed, steps):
    status = vfioboot.ask("status")[1]
    reasons = reboot_reasons(status)
    result = dict(changed=changed, steps=steps, reboot_reasons=reasons, reboot_required=bool(reasons))
    if changed and module.check_mode:
        result["reboot_required"] = None
    if changed and module._diff:
        result["diff"] = dict(before="", after="".join(step + "\n" for step in steps),
                              before_header="images", after_header="images, by vfioboot apply")
    module.exit_json(**result)


def main():
    module = AnsibleModule(argument_spec=dict(SHARED), supports_check_mode=True)
    vfioboot = Vfioboot(module)
    vfioboot.require()
    status, planned, err = vfioboot.steps("apply", "--dry-run")
    if status != 0:
        vfioboot.fail(status, "", err, "apply")
    steps = [step["text"] for step in planned if step["state"] == "planned"]
    if steps and not module.check_mode:
        status, done, err = vfioboot.steps("apply")
        if status != 0:
            failed = [step["text"] for step in done if step["state"] in ("failed", "interrupted")]
            vfioboot.fail(status, "\n".join(failed), err, "apply")
    finish(module, vfioboot, bool(steps), steps)


if __name__ == "__main__":
    main()
