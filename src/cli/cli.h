/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands share.  Commands print, and only they: results to stdout, errors
 * with their remedy to stderr.  Each describes itself in a struct cli_command, of which the
 * help is made and by which its options are parsed.
 */
#ifndef VFIOBOOT_CLI_H
#define VFIOBOOT_CLI_H

#include <getopt.h>
#include <stddef.h>

#include "base/base.h"

/* What a command returns, and the program exits with. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_MISUSE = 2,
	CLI_UNKNOWN = 3, /* nothing is wrong, but something is not known */
};

#define CLI_OPTIONS_MAX 24

struct cli_option {
	const char *name;  /* long, without "--"; NULL ends the list */
	const char *value; /* what it takes, such as "DIR"; NULL: nothing */
	const char *help;
	char letter;  /* short form; 0: none */
	size_t store; /* CLI_STORE(); 0: the command takes it itself */
};

/*
 * Where an option goes in the command's struct arguments: its value to a const char *, or
 * that it is there to a bool.
 */
#define CLI_STORE(member) (offsetof(struct arguments, member) + 1)

/* Options that mean the same wherever they are. */
#define CLI_OPTION_ROOT                                                                  \
	{                                                                                \
		"root", "DIR", "use the files of another machine below DIR", 0,          \
			CLI_STORE(root)                                                  \
	}
#define CLI_OPTION_JSON                                                                  \
	{                                                                                \
		"json", NULL, "print JSON", 0, CLI_STORE(json)                           \
	}
#define CLI_OPTION_DRY_RUN                                                               \
	{                                                                                \
		"dry-run", NULL, "print what would be done, and change nothing", 0,      \
			CLI_STORE(dry_run)                                               \
	}

struct cli_command {
	const char *name;
	const char *operands; /* such as "DEVICE..." for one or more; "" for none */
	const char *missing;  /* says that there is none; NULL: none is needed */
	const char *summary;  /* one line of the help of all commands */
	const char *details;  /* more for its own help; NULL for nothing */
	const struct cli_option *options;
	/*
	 * Gets its own name as argv[0] and its arguments after it; --help is dealt with
	 * before.  main() flushes and checks stdout.
	 */
	enum cli_exit (*run)(int argc, char **argv);
};

/*
 * Parses what the command was called with, by getopt_long(3): options go where they say, in
 * its struct arguments at @arguments, and the operands, as many as it takes, are those from
 * argv[optind] on.  Returns CLI_OK, or CLI_MISUSE after a message.
 */
enum cli_exit cli_parse(
	const struct cli_command *command, int argc, char **argv, void *arguments);

#define CLI_END_OF_OPTIONS (-1)
#define CLI_BAD_OPTION     (-2) /* a message was printed: return CLI_MISUSE */

/*
 * The two halves of it, for a command that has an option to take itself.  The first stores
 * options until one of those comes: returns its index in @command->options, its value being
 * in optarg, or one of the above.  The other looks at the operands, as cli_parse().
 */
int cli_next_option(
	const struct cli_command *command, int argc, char **argv, void *arguments);
enum cli_exit cli_check_operands(
	const struct cli_command *command, int argc, char **argv);

/* Says what a lower layer could not do, with the remedy.  Returns CLI_FAILED. */
enum cli_exit cli_say(const char *command, const struct message *message);

/*
 * Prints to standard output as printf(3).  For texts that come out of files: characters that
 * would upset a terminal are replaced (text_to_printable()).  Messages do the same.
 */
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "vfioboot COMMAND: " and the message to stderr, as printf(3).  Returns CLI_FAILED. */
enum cli_exit cli_error(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for what does not stop the command: "vfioboot COMMAND: warning: ". */
void cli_warning(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Opens the root directory @dir ("/": this machine), or says why not.  CLI_OK on success. */
enum cli_exit cli_open_root(const char *command, const char *dir, struct root *ret);

/* CLI_OK for root; else says at once that the command needs it. */
enum cli_exit cli_need_root(const char *command);

extern const struct cli_command cmd_list;
extern const struct cli_command cmd_check;
extern const struct cli_command cmd_add;
extern const struct cli_command cmd_remove;
extern const struct cli_command cmd_plan;
extern const struct cli_command cmd_apply;
extern const struct cli_command cmd_status;
extern const struct cli_command cmd_explain;
extern const struct cli_command cmd_undo;
extern const struct cli_command cmd_capture;
extern const struct cli_command cmd_cmdline;
extern const struct cli_command cmd_entry;
extern const struct cli_command cmd_try;
extern const struct cli_command cmd_confirm;
extern const struct cli_command cmd_protect;

#endif
