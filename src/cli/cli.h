/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands share.  Commands print, and only they: results to stdout, errors
 * with their remedy to stderr.  Each is one line of the table in main.c, which is also
 * the help.
 */
#ifndef VFIOBOOT_CLI_H
#define VFIOBOOT_CLI_H

/* What a command returns, and the program exits with. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_MISUSE = 2,
};

/*
 * A command gets its own name as argv[0] and its arguments after it, in a form that
 * getopt_long(3) takes; --help is dealt with before.  main() flushes and checks stdout.
 */
typedef enum cli_exit cli_command(int argc, char **argv);

/* The values of long options begin here, so that none is taken for a letter. */
#define CLI_FIRST_OPTION 256

/* Says "vfioboot COMMAND: " and the message, in printf's manner.  Returns CLI_FAILED. */
enum cli_exit cli_error(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Says what is wrong with the arguments and where the help is.  Return CLI_MISUSE.
 * The first is for what getopt_long(3), with opterr 0 and ":" first, has answered with
 * '?' or ':' (@answer); the other for the argument at argv[@index].
 */
enum cli_exit cli_bad_option(char **argv, int answer);
enum cli_exit cli_extra_argument(char **argv, int index);

cli_command cmd_protect;

#endif
