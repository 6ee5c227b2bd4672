/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a command: its options by its own table, its machine, and messages in one form. */
#include "cli.h"

#include <getopt.h>
#include <stdarg.h>

/* The values of long options begin here, so that none is taken for a letter. */
#define FIRST_OPTION 256

/* Lines are wrapped at this column, or where the terminal ends. */
#define WIDTH     90
#define WIDTH_MIN 60

static void print_to(FILE *stream, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL, *printable = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = or_no_memory(NULL);
	printable = text_to_printable(text);
	fputs(printable, stream);
}

void cli_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_to(stdout, format, args);
	va_end(args);
}

static int line_width(void)
{
	int columns = terminal_columns();

	if (columns && columns < WIDTH)
		return columns > WIDTH_MIN ? columns : WIDTH_MIN;
	return WIDTH;
}

void cli_print_wrapped(const char *text, int at, int indent)
{
	int width = line_width();

	for (size_t len; *text; text += len + strspn(text + len, " ")) {
		len = strcspn(text, " \n");
		if (*text == '\n') {
			printf("\n%*s", indent, "");
			at = indent;
			len = 1;
			continue;
		}
		if (at > indent && at + 1 + (int)len > width) {
			printf("\n%*s", indent, "");
			at = indent;
		}
		cli_print("%s%.*s", at > indent ? " " : "", (int)len, text);
		at += (at > indent) + (int)len;
	}
	putchar('\n');
}

enum cli_exit cli_report(enum cli_exit status, const char *command, const char *kind,
	const char *format, ...)
{
	va_list args;

	fflush(stdout); /* in the order of what happened, when both go to one file */
	fprintf(stderr, "vfioboot %s: %s", command, kind);
	va_start(args, format);
	print_to(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

enum cli_exit cli_say(const char *command, const struct message *message)
{
	char line[MESSAGE_LINE_SIZE];

	return cli_error(command, "%s", message_line(message, line));
}

enum cli_exit cli_warn(const char *command, const struct message *message)
{
	char line[MESSAGE_LINE_SIZE];

	return cli_warning(command, "%s", message_line(message, line));
}

enum cli_exit cli_need_root(const char *command)
{
	if (geteuid() == 0)
		return CLI_OK;
	return cli_error(command, "this needs root; run it with sudo");
}

const char *cli_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- options and operands ---- */

static enum cli_exit misuse(char **argv, const char *what, const char *argument)
{
	return cli_misuse(
		argv[0], "%s '%s'; see 'vfioboot help %s'", what, argument, argv[0]);
}

/* @answer is what getopt_long(3), with opterr 0 and ":" first, has said. */
static enum cli_exit bad_option(char **argv, int answer)
{
	char letter[] = {'-', (char)optopt, '\0'};

	/* optopt is 0 for a long option that is not known. */
	if (answer == ':')
		return misuse(argv, "no value for", argv[optind - 1]);
	if (optopt >= FIRST_OPTION)
		return misuse(argv, "no value allowed for", argv[optind - 1]);
	return misuse(argv, "unknown option", optopt ? letter : argv[optind - 1]);
}

/* The index in the command's options of the next one that is given, or what getopt_long() says. */
static int next_option(const struct cli_option *options, int argc, char **argv)
{
	struct option longs[CLI_OPTIONS_MAX + 1] = {0};
	char shorts[2 * CLI_OPTIONS_MAX + 2] = ":", *end = shorts + 1;
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
	for (int i = 0; options[i].name; i++)
		if (c > 0 && options[i].letter == c)
			return FIRST_OPTION + i;
	return c;
}

static void store(struct cli *cli, const struct cli_option *option, void *arguments)
{
	char *to = (char *)arguments + option->store - 1;

	if (option->store && option->value)
		memcpy(to, &optarg, sizeof(optarg));
	else if (option->store)
		*(bool *)to = true;
	else if (strcmp(option->name, "progress") == 0)
		cli->json = true;
	else if (strcmp(option->name, "root") == 0)
		cli->dir = optarg;
	else if (option->value)
		or_no_memory(file_add_name(&cli->values, optarg) < 0 ? NULL : cli);
	else
		*(strcmp(option->name, "json") == 0 ? &cli->json : &cli->dry_run) = true;
}

static enum cli_exit parse(struct cli *cli, int argc, char **argv, void *arguments)
{
	const struct cli_command *command = cli->command;
	bool many = command->takes_more || strstr(command->operands, "...");
	int most = *command->operands ? 1 : 0, c;

	while ((c = next_option(command->options, argc, argv)) >= FIRST_OPTION) {
		const struct cli_option *option = &command->options[c - FIRST_OPTION];

		if (strcmp(option->name, "progress") == 0 && strcmp(optarg, "json") != 0)
			return cli_misuse(
				command->name, "--progress takes json, not '%s'", optarg);
		store(cli, option, arguments);
	}
	if (c > 0)
		return bad_option(argv, c);
	cli->operands = argv + optind;
	cli->n_operands = argc - optind;
	if (command->missing && !cli->n_operands)
		return cli_misuse(command->name, "%s; see 'vfioboot help %s'",
			command->missing, command->name);
	if (!many && cli->n_operands > most)
		return misuse(argv, "unexpected argument", cli->operands[most]);
	return CLI_OK;
}

/* ---- the machine ---- */

void cli_close(struct cli *cli)
{
	file_free_names(&cli->values);
	vfioboot_machine_unref(cli->machine);
	vfioboot_unref(cli->context);
}

static void warn(struct vfioboot_ctx *context, int priority, const char *text, void *data)
{
	const struct cli *cli = data;

	(void)context;
	(void)priority;
	cli_warning(cli->command->name, "%s", text);
}

enum cli_exit cli_open(struct cli *cli)
{
	int r;

	if (!*cli->dir)
		return cli_misuse(cli->command->name,
			"--root takes a directory, and got an empty name");
	or_no_memory(vfioboot_new(&cli->context) < 0 ? NULL : cli);
	vfioboot_set_log(cli->context, warn, cli);
	or_no_memory(vfioboot_set_root(cli->context, cli->dir) < 0 ? NULL : cli);
	r = machine_new(cli->context, &cli->machine);
	if (r < 0)
		return cli_error(cli->command->name,
			"cannot open %s: %s; --root takes the directory with the files of "
			"another machine",
			cli->dir, errno_text(r));
	cli->root = cli->machine->root;
	return CLI_OK;
}

enum cli_exit cli_run(const struct cli_command *command, int argc, char **argv)
{
	_cleanup_free_ void *arguments = or_no_memory(calloc(1, command->arguments + 1));
	_cleanup_(cli_close) struct cli cli = {
		.command = command, .arguments = arguments, .dir = "/", .root.fd = -1};
	enum cli_exit status = parse(&cli, argc, argv, arguments);

	if (status == CLI_OK && command->check)
		status = command->check(&cli);
	if (status == CLI_OK)
		status = cli_open(&cli);
	return status == CLI_OK ? command->run(&cli) : status;
}

/* What reading @r came to; the context has the message. */
static enum cli_exit was_read(const struct cli *cli, int r)
{
	return r < 0 ? cli_say(cli->command->name, &cli->context->failure) : CLI_OK;
}

enum cli_exit cli_read_facts(struct cli *cli)
{
	return was_read(cli, machine_read_facts(cli->machine));
}

enum cli_exit cli_read_next(struct cli *cli, const char *cmdline)
{
	return was_read(cli, machine_read_next(cli->machine, cmdline));
}

enum cli_exit cli_read_entry(struct cli *cli, const char *more)
{
	return was_read(cli, machine_read_entry(cli->machine, more));
}

enum cli_exit cli_read_boot(struct cli *cli)
{
	return was_read(cli, machine_read_boot(cli->machine));
}

enum cli_exit cli_read_inventory(struct cli *cli)
{
	return was_read(cli, machine_read_functions(cli->machine));
}

struct config *cli_read_config(const struct root *root, enum configfiles_of of)
{
	struct config *config = or_no_memory(calloc(1, sizeof(*config)));

	configfiles_read(root, of, config);
	return config;
}
