# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for vfioboot-early(8)

complete -c vfioboot-early -f
complete -c vfioboot-early -l root -x -a '(__fish_complete_directories)' -d 'use the files of another machine'
complete -c vfioboot-early -l config -r -F -d 'read another configuration'
complete -c vfioboot-early -l trace -r -F -d 'have vfioboot find out what the host needs'
complete -c vfioboot-early -l late -x -a '(ls /sys/bus/pci/devices 2>/dev/null)' \
    -d 'only the section of a function that has just appeared'
complete -c vfioboot-early -l dry-run -d 'print what would be done'
complete -c vfioboot-early -l verbose -d 'print what was done'
complete -c vfioboot-early -l help -d 'show the help'
complete -c vfioboot-early -l version -d 'show the version'
