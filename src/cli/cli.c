/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses options by a command's own table, and prints messages in one form. */
#include "cli.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ui/text.h"

/* The values of long options begin here, so that none is taken for a letter. */
#define FIRST_OPTION 256

static void print_to(FILE *stream, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL, *printable = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = or_no_memory(NULL);
	printable = text_to_printable(text);
	fputs(printable, stream);
}

static void say(const char *command, const char *kind, const char *format, va_list args)
{
	fflush(stdout); /* in the order of what happened, when both go to one file */
	fprintf(stderr, "vfioboot %s: %s", command, kind);
	print_to(stderr, format, args);
	fputc('\n', stderr);
}

void cli_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_to(stdout, format, args);
	va_end(args);
}

enum cli_exit cli_error(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(command, "", format, args);
	va_end(args);
	return CLI_FAILED;
}

enum cli_exit cli_say(const char *command, const struct message *message)
{
	return cli_error(command, "%s%s%s", message->text, message->remedy[0] ? "; " : "",
		message->remedy);
}

void cli_warning(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(command, "warning: ", format, args);
	va_end(args);
}

static enum cli_exit misuse(char **argv, const char *what, const char *argument)
{
	cli_error(argv[0], "%s '%s'; see 'vfioboot help %s'", what, argument, argv[0]);
	return CLI_MISUSE;
}

/* @answer is what getopt_long(3), with opterr 0 and ":" first, has said. */
static int bad_option(char **argv, int answer)
{
	char letter[] = {'-', (char)optopt, '\0'};

	/* optopt is 0 for a long option that is not known. */
	if (answer == ':')
		misuse(argv, "no value for", argv[optind - 1]);
	else if (optopt >= FIRST_OPTION)
		misuse(argv, "no value allowed for", argv[optind - 1]);
	else
		misuse(argv, "unknown option", optopt ? letter : argv[optind - 1]);
	return CLI_BAD_OPTION;
}

/* The index in the command's options of the next one that is given, or as cli_next_option(). */
static int next_index(const struct cli_command *command, int argc, char **argv)
{
	struct option longs[CLI_OPTIONS_MAX + 1] = {0};
	char shorts[2 * CLI_OPTIONS_MAX + 2] = ":", *end = shorts + 1;
	const struct cli_option *options = command->options;
	int c;

	for (int i = 0; i < CLI_OPTIONS_MAX && options[i].name; i++) {
		longs[i] = (struct option){options[i].name,
			options[i].value ? required_argument : no_argument, NULL,
			FIRST_OPTION + i};
		if (options[i].letter)
			*end++ = options[i].letter;
		if (options[i].letter && options[i].value)
			*end++ = ':';
	}
	opterr = 0;
	c = getopt_long(argc, argv, shorts, longs, NULL);
	if (c < 0)
		return CLI_END_OF_OPTIONS;
	if (c == '?' || c == ':')
		return bad_option(argv, c);
	for (int i = 0; c < FIRST_OPTION; i++)
		if (options[i].letter == c)
			return i;
	return c - FIRST_OPTION;
}

int cli_next_option(
	const struct cli_command *command, int argc, char **argv, void *arguments)
{
	int i;

	while ((i = next_index(command, argc, argv)) >= 0) {
		const struct cli_option *option = &command->options[i];
		char *to = (char *)arguments + option->store - 1;

		if (!option->store)
			return i;
		if (option->value)
			memcpy(to, &optarg, sizeof(optarg));
		else
			*(bool *)to = true;
	}
	return i;
}

enum cli_exit cli_check_operands(const struct cli_command *command, int argc, char **argv)
{
	bool many = strstr(command->operands, "...");
	int most = *command->operands ? 1 : 0;

	if (command->missing && optind == argc) {
		cli_error(command->name, "%s; see 'vfioboot help %s'", command->missing,
			command->name);
		return CLI_MISUSE;
	}
	if (!many && argc - optind > most)
		return misuse(argv, "unexpected argument", argv[optind + most]);
	return CLI_OK;
}

enum cli_exit cli_parse(
	const struct cli_command *command, int argc, char **argv, void *arguments)
{
	if (cli_next_option(command, argc, argv, arguments) != CLI_END_OF_OPTIONS)
		return CLI_MISUSE;
	return cli_check_operands(command, argc, argv);
}

enum cli_exit cli_open_root(const char *command, const char *dir, struct root *ret)
{
	int r = root_open(dir, ret);

	if (r < 0)
		return cli_error(command,
			"cannot open %s: %s; --root takes the directory with the files of "
			"another machine",
			dir, strerror(-r));
	return CLI_OK;
}

enum cli_exit cli_need_root(const char *command)
{
	if (geteuid() == 0)
		return CLI_OK;
	return cli_error(command, "this needs root; run 'sudo vfioboot %s'", command);
}
