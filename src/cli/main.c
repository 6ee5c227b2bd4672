/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program `vfioboot`: its commands in one table, and the help that is made of it. */
#include "cli.h"

#include <fcntl.h>

static const struct cli_command *const commands[] = {
	&cmd_setup,
	&cmd_list,
	&cmd_check,
	&cmd_add,
	&cmd_remove,
	&cmd_import,
	&cmd_plan,
	&cmd_apply,
	&cmd_status,
	&cmd_explain,
	&cmd_undo,
	&cmd_bind,
	&cmd_release,
	&cmd_capture,
	&cmd_cmdline,
	&cmd_entry,
	&cmd_try,
	&cmd_libvirt,
	&cmd_vm,
	&cmd_confirm,
	&cmd_protect,
};

/* Shown for all commands together: the program's own options. */
static const struct cli_option own_options[] = {
	{"help", NULL, "show this help, or that of a command", 0, 0},
	{"version", NULL, "show the version", 0, 0},
	{0},
};

static void print_options(const struct cli_option *options)
{
	for (; options->name; options++) {
		char text[64];

		snprintf(text, sizeof(text), "%s%c%s--%s%s%s", options->letter ? "-" : "",
			options->letter ? options->letter : ' ',
			options->letter ? ", " : "   ", options->name,
			options->value ? " " : "", options->value ? options->value : "");
		printf("  %-28s %s\n", text, options->help);
	}
}

static void print_usage(const struct cli_command *command)
{
	printf("Usage: vfioboot %s%s%s%s\n%s\n", command->name,
		command->options->name ? " [OPTION]..." : "",
		*command->operands ? " " : "", command->operands, command->summary);
	if (command->details)
		printf("\n%s\n", command->details);
	if (command->columns)
		printf("\nColumns:\n");
	for (const struct column *column = command->columns; column && column->name;
		column++)
		printf("  %-13s %s\n", column->name, column->help);
	if (command->options->name)
		printf("\nOptions:\n");
	print_options(command->options);
	printf("\nMore: man vfioboot-%s\n", command->name);
}

static void print_help(void)
{
	printf("Usage: vfioboot COMMAND [ARGUMENT]...\n"
	       "Binds PCI devices to vfio-pci before any other driver, at every boot.\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("  %-10s %s\n\nOptions:\n", "help", "show this help, or that of COMMAND");
	print_options(own_options);
	printf("\nMore: vfioboot help COMMAND, man vfioboot\n");
}

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static enum cli_exit misuse(const char *what, const char *name)
{
	fprintf(stderr, "vfioboot: %s%s%s%s; see 'vfioboot --help'\n", what,
		*name ? " '" : "", name, *name ? "'" : "");
	return CLI_MISUSE;
}

/* `help`, `--help` and `COMMAND --help`; @name NULL for all commands. */
static enum cli_exit help(const char *name)
{
	const struct cli_command *command = name ? find_command(name) : NULL;

	if (command)
		print_usage(command);
	else if (!name)
		print_help();
	else
		return misuse("unknown command", name);
	return CLI_OK;
}

/* Whether --help is among the arguments, before a bare "--". */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "help") == 0;
}

static enum cli_exit run(int argc, char **argv)
{
	const struct cli_command *command;

	if (argc < 2)
		return misuse("no command given", "");
	if (strcmp(argv[1], "--version") == 0) {
		puts("vfioboot " VFIOBOOT_VERSION);
		return CLI_OK;
	}
	if (is_help(argv[1]))
		return argc > 3 ? misuse("unexpected argument", argv[3])
				: help(argc > 2 && !is_help(argv[2]) ? argv[2] : NULL);
	command = find_command(argv[1]);
	if (!command)
		return misuse(argv[1][0] == '-' ? "unknown option" : "unknown command",
			argv[1]);
	if (asks_for_help(argc - 1, argv + 1))
		return help(command->name);
	return cli_run(command, argc - 1, argv + 1);
}

/* A file that is opened later must not become what messages go to. */
static void fill_standard_files(void)
{
	int fd;

	do
		fd = open(TREE_NULL, O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close_fd(&fd);
}

int main(int argc, char **argv)
{
	enum cli_exit status;

	fill_standard_files();
	run_extend_path();
	status = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "vfioboot: cannot write to standard output: %m\n");
		status = status == CLI_OK ? CLI_FAILED : status;
	}
	return (int)status;
}
