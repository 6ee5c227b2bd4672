# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for vfioboot(8)

complete -c vfioboot -f
complete -c vfioboot -n __fish_use_subcommand -a protect -d 'List the functions that this host cannot spare'
complete -c vfioboot -n __fish_use_subcommand -a help -d 'Show the help'
complete -c vfioboot -n __fish_use_subcommand -l version -d 'Show the version'
complete -c vfioboot -l help -d 'Show the help'
complete -c vfioboot -n '__fish_seen_subcommand_from help' -a protect
complete -c vfioboot -n '__fish_seen_subcommand_from protect' -l root -xa '(__fish_complete_directories)' -d 'Use the files of another machine'
complete -c vfioboot -n '__fish_seen_subcommand_from protect' -l output -rF -d 'Write the list into a file'
