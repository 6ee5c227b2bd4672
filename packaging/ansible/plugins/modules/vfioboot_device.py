#!/usr/bin/python
# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: vfioboot_device
short_description: Reserve PCI devices of a host for virtual machines
version_added: 0.1.0
description:
  - Writes a device set of vfioboot, or removes it, as C(vfioboot add) and C(vfioboot remove) do.
  - The devices are named by their place, or by what they are. C(vfioboot add) adds what belongs to the same
    card, and refuses what the host cannot spare, such as its last display or a drive in use; the reasons
    and their remedies are in the message then.
  - The set takes effect when M(vfioboot.vfioboot.vfioboot_apply) has run and the host was restarted.
options:
  name:
    description:
      - The name of the device set, and of its file below F(/etc/vfioboot.conf.d).
    type: str
    required: true
  state:
    description:
      - Whether the set is to be there.
    type: str
    choices: [present, absent]
    default: present
  devices:
    description:
      - Selectors of the devices, such as C(00:01.0/00), C(01:00.0) or C(10de:2206).
    type: list
    elements: str
  gpu:
    description:
      - As many graphics cards of a kind as I(count) says, without the one that the firmware uses as the
        display and without those that the host uses or another set has.
      - Cards that the set has already are kept; of others the first ones by their path are taken.
    type: dict
    suboptions: &kind
      vendor:
        description:
          - The maker, C(nvidia), C(amd) or C(intel), or four digits such as C(10de). Any without it.
        type: str
      device:
        description:
          - The four digits of the model, such as C(2206). Any without it.
        type: str
      count:
        description:
          - How many; 0 for all that there are.
        type: int
        default: 1
  nvme:
    description:
      - NVMe drives, chosen in the same way, without those that have something on them.
    type: dict
    suboptions: *kind
  usb:
    description:
      - USB controllers, chosen in the same way.
    type: dict
    suboptions: *kind
  only:
    description:
      - Take the named functions alone, and not the rest of their cards.
    type: bool
    default: false
  profile:
    description:
      - Bind at boots with this profile alone.
    type: str
  demand:
    description:
      - Bind at no boot, but when a guest that has the devices starts.
    type: bool
    default: false
  machine:
    description:
      - Globs of machines that the set is of, see C(machine) in vfioboot.conf(5).
    type: list
    elements: str
  allow:
    description:
      - What may be given away although the host has a use for it.
    type: list
    elements: str
    choices: [mounted, data, network, last-display, partial-group]
    default: []
attributes:
  check_mode:
    support: full
    description: Says whether the file would change, and whether the devices would be refused.
  diff_mode:
    support: full
    description: Of the file of the set.
extends_documentation_fragment:
  - vfioboot.vfioboot.vfioboot
author:
  - The vfioboot maintainers
"""

EXAMPLES = r"""
- name: Reserve two cards of NVIDIA, wherever they are
  vfioboot.vfioboot.vfioboot_device:
    name: gpus
    gpu:
      vendor: nvidia
      count: 2

- name: Reserve the drive in a slot
  vfioboot.vfioboot.vfioboot_device:
    name: scratch
    devices:
      - 00:1d.0/00
    demand: true

- name: Give them back
  vfioboot.vfioboot.vfioboot_device:
    name: gpus
    state: absent
"""

RETURN = r"""
functions:
  description: The functions of the set, as C(vfioboot add --json) has them.
  returned: with state C(present)
  type: list
  elements: dict
file:
  description: The file of the set.
  returned: always
  type: str
left_out:
  description: What is on the same cards and was left to the host, with the reasons.
  returned: with state C(present)
  type: list
  elements: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfioboot.vfioboot.plugins.module_utils.vfioboot import SHARED, Vfioboot

KINDS = {
    # The digits that the class begins with, and what people call it.
    "gpu": ("03", "graphics cards"),
    "nvme": ("0108", "NVMe drives"),
    "usb": ("0c03", "USB controllers"),
}
VENDORS = {"nvidia": "10de", "amd": "1002", "intel": "8086"}
DIRECTORY = "/etc/vfioboot.conf.d"


def file_of(module):
    return "%s/%s.conf" % (DIRECTORY, module.params["name"])


def read_file(module):
    path = os.path.join(module.params["root"], file_of(module).lstrip("/"))
    try:
        with open(path, "r") as stream:
            return stream.read()
    except IOError:
        return ""


def is_of_kind(function, kind, wanted):
    vendor = (wanted["vendor"] or "").lower()
    vendor = VENDORS.get(vendor, vendor)
    own_vendor, own_device = function["id"].split(":")
    return (function["class"].startswith(KINDS[kind][0])
            and vendor in ("", own_vendor)
            and (wanted["device"] or "").lower() in ("", own_device))


def why_not(function, name, allow):
    """Why the host has a use for the function; None if the set may have it."""
    if function["section"] == name:
        return None
    if function["section"]:
        return "is in the device set %s" % function["section"]
    if function["boot_display"]:
        return "is the display that the firmware uses"
    if function["uses"] and "mounted" not in allow:
        return "is in use: %s" % function["uses"]
    if function["data"] and "data" not in allow:
        return "has data: %s" % function["data"]
    return None


def choose(module, vfioboot, kind):
    """The addresses of those of the kind that the set is to have."""
    wanted = module.params[kind]
    name = module.params["name"]
    functions = vfioboot.ask("list", "--all")[1]["functions"]
    fitting = [function for function in functions if is_of_kind(function, kind, wanted)]
    obstacles = [(function, why_not(function, name, module.params["allow"])) for function in fitting]
    free = [function for function, why in obstacles if why is None]
    free.sort(key=lambda function: (function["section"] != name, function["path"] or "", function["address"]))
    count = wanted["count"] or len(free)
    if count <= len(free) and count > 0:
        return [function["address"] for function in free[:count]]
    text = "this host has %d of the %s %s that are wanted" % (
        len(free), wanted["count"] if wanted["count"] else "one or more", KINDS[kind][1])
    if wanted["vendor"] or wanted["device"]:
        text += " (%s:%s)" % (wanted["vendor"] or "any maker", wanted["device"] or "any model")
    for function, why in obstacles:
        if why:
            text += "; %s %s %s" % (function["address"], function["name"], why)
    module.fail_json(msg=text + "; see 'vfioboot list' there, and name them by 'devices' or change the count")


def make_arguments(module, devices):
    arguments = ["add", "--replace", "--name", module.params["name"]]
    for option in ("only", "demand"):
        if module.params[option]:
            arguments.append("--" + option)
    if module.params["profile"]:
        arguments += ["--profile", module.params["profile"]]
    if module.params["machine"]:
        arguments += ["--machine", ", ".join(module.params["machine"])]
    return arguments + ["--allow-" + what for what in module.params["allow"]] + devices


def refusal(answer):
    lines = []
    for obstacle in answer["obstacles"]:
        if obstacle["refuses"]:
            remedy = obstacle["remedy"]
            lines.append("%s%s" % (obstacle["text"], "; " + remedy if remedy else ""))
    return "\n".join(lines)


def make_present(module, vfioboot):
    kinds = [kind for kind in KINDS if module.params[kind]]
    devices = module.params["devices"] if module.params["devices"] else choose(module, vfioboot, kinds[0])
    arguments = make_arguments(module, devices)
    before = read_file(module)
    status, answer, err = vfioboot.ask(*(arguments + ["--dry-run"]))
    if status != 0:
        module.fail_json(msg=refusal(answer) or err, rc=status, obstacles=answer["obstacles"])
    if answer["differs"] and not module.check_mode:
        status, answer, err = vfioboot.ask(*arguments)
        if status != 0:
            module.fail_json(msg=refusal(answer) or err, rc=status, obstacles=answer["obstacles"])
    result = dict(changed=answer["differs"], functions=answer["functions"], file=answer["file"],
                  left_out=answer["left_out"])
    if answer["differs"] and module._diff:
        result["diff"] = dict(before=before, after=answer["text"],
                              before_header=answer["file"], after_header=answer["file"])
    module.exit_json(**result)


def make_absent(module, vfioboot):
    before = read_file(module)
    result = dict(changed=bool(before), file=file_of(module))
    if before:
        arguments = ["remove", module.params["name"]] + (["--dry-run"] if module.check_mode else [])
        status, out, err = vfioboot.run(*arguments)
        if status != 0:
            vfioboot.fail(status, out, err, *arguments)
        if module._diff:
            result["diff"] = dict(before=before, after="", before_header=file_of(module),
                                  after_header=file_of(module))
    module.exit_json(**result)


def main():
    kind = dict(type="dict", options=dict(
        vendor=dict(type="str"), device=dict(type="str"), count=dict(type="int", default=1)))
    named = ["devices"] + sorted(KINDS)
    module = AnsibleModule(
        argument_spec=dict(
            SHARED,
            name=dict(type="str", required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            devices=dict(type="list", elements="str"),
            gpu=kind, nvme=kind, usb=kind,
            only=dict(type="bool", default=False),
            profile=dict(type="str"),
            demand=dict(type="bool", default=False),
            machine=dict(type="list", elements="str"),
            allow=dict(type="list", elements="str", default=[],
                       choices=["mounted", "data", "network", "last-display", "partial-group"])),
        mutually_exclusive=[named, ["profile", "demand"]],
        required_if=[("state", "present", named, True)],
        supports_check_mode=True)
    vfioboot = Vfioboot(module)
    vfioboot.require()
    if module.params["state"] == "present":
        make_present(module, vfioboot)
    make_absent(module, vfioboot)


if __name__ == "__main__":
    main()
