/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that all commands give in the same words. */
#include "cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

enum cli_exit cli_error(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "vfioboot %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

static enum cli_exit misuse(char **argv, const char *what, const char *argument)
{
	cli_error(argv[0], "%s '%s'; see 'vfioboot help %s'", what, argument, argv[0]);
	return CLI_MISUSE;
}

enum cli_exit cli_bad_option(char **argv, int answer)
{
	char letter[] = {'-', (char)optopt, '\0'};

	/* getopt_long(3) tells by optopt: 0 for a long option that is not known. */
	if (answer == ':')
		return misuse(argv, "no value for", argv[optind - 1]);
	if (optopt >= CLI_FIRST_OPTION)
		return misuse(argv, "no value belongs to", argv[optind - 1]);
	return misuse(argv, "unknown option", optopt ? letter : argv[optind - 1]);
}

enum cli_exit cli_extra_argument(char **argv, int index)
{
	return misuse(argv, "unexpected argument", argv[index]);
}
