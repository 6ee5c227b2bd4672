# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for vfioboot(8). Commands and options are those of the
# program's own help, so this file is always up to date.

# The words typed so far: the program, and the command if there is one.
function __vfioboot_typed
    commandline -opc
end

function __vfioboot_commands
    set -l typed (__vfioboot_typed)
    $typed[1] --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) */\1\t/p'
end

# The help of the command that was typed
function __vfioboot_help
    set -l typed (__vfioboot_typed)
    $typed[1] help $typed[2] 2>/dev/null
end

# "--long<TAB>help" a line, of the command that was typed
function __vfioboot_options
    __vfioboot_help | sed -nE -e 's/^  (-., |    )(--[a-z-]+)( ([A-Z]+|json)[^ ]*)? +(.*)/\2\t\5/p'
    printf '%s\t%s\n' --help 'show the help of the command'
end

# Whether the word is an option that takes such a value
function __vfioboot_takes --argument-names word value
    string match -q -- '-*' $word
    and __vfioboot_help | grep -qE -- "(^|[ ,])$word(, --[a-z-]+)? $value([ ,]|\$)"
end

# Whether the last word is an option that takes such a value
function __vfioboot_wants --argument-names value
    set -l typed (__vfioboot_typed)
    test (count $typed) -gt 2; and __vfioboot_takes $typed[-1] $value
end

# The directory of --root, as it was typed
function __vfioboot_root
    set -l typed (commandline -opc)
    for i in (seq (count $typed))
        if test "$typed[$i]" = --root
            set -f root $typed[(math $i + 1)]
        else if string match -q -- '--root=*' $typed[$i]
            set -f root (string replace -- --root= '' $typed[$i])
        end
    end
    echo $root
end

# What the configuration has, of which sed prints the names: "section" or "profile"
function __vfioboot_configured --argument-names what
    set -l root (__vfioboot_root)
    set -l name '\([A-Za-z0-9._-]*\).*/\1/p'
    set -l wanted "s/^[ \t]*profile[ \t]*[=:][ \t]*$name"
    if test $what = section
        set wanted "s/^[ \t]*\[device[ \t][ \t]*$name"
    end
    set -l files $root/{usr/lib,run,etc}/vfioboot.conf.d/*.conf
    sed -n $wanted $root/etc/vfioboot.conf $files 2>/dev/null | sort -u
end

# What the help says that a name can be: "NAME is WORD, WORD or WORD."
function __vfioboot_names
    set -l typed (__vfioboot_typed)
    switch $typed[-1]
        case --loader --format
            set -l command entry
            test $typed[-1] = --format; and set command $typed[2]
            $typed[1] help $command 2>/dev/null |
                awk '$1 == "NAME" && $2 == "is" {on = 1} on; on && /\.$/ {exit}' |
                tr -cs a-z- '\n' | grep -vxE 'is|or|'
        case --profile
            __vfioboot_configured profile
    end
end

# The words, each behind the items of a list that are typed already
function __vfioboot_list
    set -l before (commandline -ct | string match -r -- '.*[,+]')
    printf "$before%s\n" $argv
end

function __vfioboot_columns
    __vfioboot_list (__vfioboot_help | sed -n '/^Columns:/,/^Options:/s/^  \([A-Z_]\{1,\}\) .*/\1/p')
end

# The word of "WHAT is WORD" in the help
function __vfioboot_what
    __vfioboot_help | sed -n 's/.*; WHAT is \([a-z]*\)$/\1/p'
end

# The words of "WHEN is WORD, WORD or WORD."
function __vfioboot_whens
    __vfioboot_help | sed -n 's/^WHEN is \(.*\)\.$/\1/p' | tr -cs a-z '\n' | grep -vxE 'or|'
end

# The actions of the command, "ACTION|ACTION" in its usage, unless one was typed already: it takes
# one.
function __vfioboot_actions
    set -l typed (__vfioboot_typed)
    set -l actions (__vfioboot_help | sed -nE '1s/.* ([a-z]+(\|[a-z]+)+)( .*)?$/\1/p' | string split '|')
    for i in (seq 3 (count $typed))
        if contains -- $typed[$i] $actions; and not __vfioboot_takes $typed[(math $i - 1)] '([A-Z]+|json)'
            return
        end
    end
    printf '%s\n' $actions
end

function __vfioboot_devices
    ls (__vfioboot_root)/sys/bus/pci/devices 2>/dev/null
end

# Devices of which there may be only one that the host can spare
function __vfioboot_auto
    printf '%s\n' gpu:auto nvme:auto usb:auto
end

# What the option is about
function __vfioboot_optional_devices
    set -l typed (__vfioboot_typed)
    test $typed[-1] = --device; and __vfioboot_auto
    __vfioboot_list (__vfioboot_devices)
end

# Whether an action was typed already
function __vfioboot_after_action
    __vfioboot_at_operand; and test -z "$(__vfioboot_actions)"
end

# What the command is about
function __vfioboot_operands
    set -l typed (__vfioboot_typed)
    switch $typed[2]
        case add
            __vfioboot_auto
        case remove explain check bind release
            __vfioboot_configured section
    end
    __vfioboot_devices
end

function __vfioboot_at_command
    test (count (__vfioboot_typed)) = 1
end

# Whether this is after the command, or one of them; its arguments may have the names of others
function __vfioboot_behind
    set -l typed (__vfioboot_typed)
    test (count $typed) -gt 1; and contains -- $typed[2] $argv
end

function __vfioboot_at_help
    __vfioboot_behind help; and test (count (__vfioboot_typed)) = 2
end

function __vfioboot_at_option
    not __vfioboot_at_command; and not __vfioboot_behind help
    and string match -q -- '-*' (commandline -ct)
end

function __vfioboot_at_operand
    not __vfioboot_at_command; and not __vfioboot_behind help
    and not __vfioboot_wants '([A-Z]+|json)'
end

function __vfioboot_at_device
    __vfioboot_behind add remove explain check bind release; and not __vfioboot_wants '([A-Z]+|json)'
end

complete -c vfioboot -f
complete -c vfioboot -n __vfioboot_at_command -a '(__vfioboot_commands)'
complete -c vfioboot -n __vfioboot_at_command -l version -d 'show the version'
complete -c vfioboot -n __vfioboot_at_command -l help -d 'show the help'
complete -c vfioboot -n __vfioboot_at_help -a '(__vfioboot_commands)'
complete -c vfioboot -n __vfioboot_at_option -a '(__vfioboot_options)'
complete -c vfioboot -n '__vfioboot_wants DIR' -a '(__fish_complete_directories)'
complete -c vfioboot -n '__vfioboot_wants FILE' -F
complete -c vfioboot -n '__vfioboot_wants NAME' -a '(__vfioboot_names)'
complete -c vfioboot -n '__vfioboot_wants DEVICE' -a '(__vfioboot_optional_devices)'
complete -c vfioboot -n '__vfioboot_wants json' -a json
complete -c vfioboot -n '__vfioboot_wants LIST' -a '(__vfioboot_columns)'
complete -c vfioboot -n '__vfioboot_wants WHAT' -a '(__vfioboot_what)'
complete -c vfioboot -n '__vfioboot_wants WHEN' -a '(__vfioboot_whens)'
complete -c vfioboot -n __vfioboot_at_operand -a '(__vfioboot_actions)'
complete -c vfioboot -n '__vfioboot_behind vm; and __vfioboot_after_action' -a '(__vfioboot_configured section)'
complete -c vfioboot -n '__vfioboot_behind capture; and __vfioboot_at_operand' -F
complete -c vfioboot -n __vfioboot_at_device -a '(__vfioboot_operands)'
