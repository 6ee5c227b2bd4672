# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for vfioboot(8). Commands and options are those that the program's own help
# tells, so that this file does not age.

# The words typed so far: the program, and the command if there is one.
function __vfioboot_typed
    commandline -opc
end

function __vfioboot_commands
    set -l typed (__vfioboot_typed)
    $typed[1] --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) */\1\t/p'
end

# "--long<TAB>help" a line, of the command that was typed
function __vfioboot_options
    set -l typed (__vfioboot_typed)
    $typed[1] help $typed[2] 2>/dev/null | sed -nE \
        -e 's/^  (-., |    )(--[a-z-]+)( [A-Z]+)? +(.*)/\2\t\4/p'
    printf '%s\t%s\n' --help 'show the help of the command'
end

# Whether the last word is an option that takes such a value
function __vfioboot_wants
    set -l typed (__vfioboot_typed)
    test (count $typed) -gt 2; or return 1
    $typed[1] help $typed[2] 2>/dev/null | grep -qE -- "(^|[ ,])$typed[-1] $argv[1]( |\$)"
end

function __vfioboot_devices
    set -l typed (__vfioboot_typed)
    switch $typed[2]
        case add
            printf '%s\n' gpu:auto nvme:auto usb:auto
        case remove
            sed -n 's/^\[device \([^]]*\)\].*/\1/p' /etc/vfioboot.conf.d/*.conf 2>/dev/null
    end
    ls /sys/bus/pci/devices 2>/dev/null
end

function __vfioboot_at_command
    test (count (__vfioboot_typed)) = 1
end

function __vfioboot_at_option
    not __vfioboot_at_command; and not __fish_seen_subcommand_from help
    and string match -q -- '-*' (commandline -ct)
end

function __vfioboot_at_device
    not __vfioboot_at_command; and __fish_seen_subcommand_from add remove explain check
    and not __vfioboot_wants '[A-Z]+'
end

complete -c vfioboot -f
complete -c vfioboot -n __vfioboot_at_command -a '(__vfioboot_commands)'
complete -c vfioboot -n __vfioboot_at_command -l version -d 'show the version'
complete -c vfioboot -n __vfioboot_at_command -l help -d 'show the help'
complete -c vfioboot -n '__fish_seen_subcommand_from help' -a '(__vfioboot_commands)'
complete -c vfioboot -n __vfioboot_at_option -a '(__vfioboot_options)'
complete -c vfioboot -n '__vfioboot_wants DIR' -a '(__fish_complete_directories)'
complete -c vfioboot -n '__vfioboot_wants FILE' -F
complete -c vfioboot -n '__fish_seen_subcommand_from entry; and not __vfioboot_wants "[A-Z]+"' \
    -a 'add remove list update'
complete -c vfioboot -n __vfioboot_at_device -a '(__vfioboot_devices)'
