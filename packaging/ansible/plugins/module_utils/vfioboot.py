# SPDX-License-Identifier: GPL-2.0-or-later
"""What the modules share: the program `vfioboot`, whose answers with --json are described in its schema/1."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

MISSING = "is not installed; install the package vfioboot, with vfioboot-initramfs or vfioboot-dracut for its images"

SHARED = dict(
    program=dict(type="str", default="vfioboot"),
    root=dict(type="path", default="/"),
)


class Vfioboot(object):
    """The program on the host, or on the files of another one below root."""

    def __init__(self, module):
        self.module = module
        name = module.params["program"]
        self.program = name if "/" in name else module.get_bin_path(name, opt_dirs=["/usr/sbin", "/sbin"])
        if self.program and not os.access(self.program, os.X_OK):
            self.program = None

    def require(self):
        """Ends the module where the program is not there: in check mode it may be about to be installed."""
        if self.program:
            return
        if self.module.check_mode:
            self.module.exit_json(changed=True, msg="vfioboot " + MISSING)
        self.module.fail_json(msg="%s %s" % (self.module.params["program"], MISSING))

    def run(self, *arguments):
        """Runs a command. Returns its exit status, what it printed, and its messages."""
        command = [self.program] + list(arguments)
        if self.module.params["root"] != "/":
            command += ["--root", self.module.params["root"]]
        status, out, err = self.module.run_command(command, environ_update=dict(LC_ALL="C.UTF-8"))
        return status, out, self._without_name(err)

    def ask(self, *arguments):
        """The answer to a command, with its exit status and messages; the module fails without one."""
        status, out, err = self.run(*(arguments + ("--json",)))
        try:
            return status, json.loads(out), err
        except ValueError:
            self.fail(status, out, err, *arguments)

    def steps(self, *arguments):
        """The same of a command that says its steps, an object a line."""
        status, out, err = self.run(*(arguments + ("--json",)))
        try:
            return status, [json.loads(line) for line in out.splitlines()], err
        except ValueError:
            self.fail(status, out, err, *arguments)

    def fail(self, status, out, err, *arguments):
        self.module.fail_json(
            msg=err or out.strip() or "vfioboot %s ended with status %d" % (arguments[0], status),
            rc=status, stdout=out, stderr=err)

    @staticmethod
    def _without_name(err):
        """Messages begin with the name of the command, which the task has already."""
        lines = []
        for line in err.strip().splitlines():
            head, colon, text = line.partition(": ")
            lines.append(text if colon and head.startswith("vfioboot") else line)
        return "\n".join(lines)


def reboot_reasons(status):
    """Why the host has to be restarted, by the answer of `vfioboot status`: a sentence a function."""
    reasons = []
    for function in status["functions"]:
        if function["next_boot"] == "bind" and not function["as_wanted"]:
            reasons.append("%s has to get %s" % (function["address"], function["wanted"]))
        elif (function["next_boot"] is None and function["result"] == "bound" and function["as_wanted"]
              and function["section"] not in [section["section"] for section in status["inactive"]]
              and function["section"] not in status["handed_over"]):
            reasons.append("%s has to get its own driver back" % function["address"])
    return reasons
