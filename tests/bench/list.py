# SPDX-License-Identifier: GPL-2.0-or-later
"""What `vfioboot list --all --json --root DIRECTORY` says, by the module: list.py DIRECTORY"""

import json
import sys

import vfioboot

machine = vfioboot.open(sys.argv[1])
print(json.dumps({"functions": [function.as_dict() for function in machine.functions]}))
