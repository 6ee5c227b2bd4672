/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot protect`: the protect list of this host, to stdout or into a file. */
#include "cli.h"

#include <libgen.h>
#include <sys/stat.h>

struct arguments {
	const char *output;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"output", "FILE", "write the list into FILE", 0, CLI_STORE(output)},
	{0},
};

static enum cli_exit report_trace(const char *root, int error)
{
	if (error == -EHOSTUNREACH)
		return cli_error("protect",
			"%s is not the root of a running host, but a chroot or a "
			"container; run this on the host itself, with /, proc and sysfs "
			"mounted",
			root);
	return cli_error(
		"protect", "cannot trace what %s uses: %s", root, errno_text(error));
}

/* Whether it is in our own directory of the running system. */
static bool is_ours(const char *path)
{
	_cleanup_free_ char *copy = or_no_memory(strdup(path));

	return strcmp(dirname(copy), RUN_DIRECTORY) == 0;
}

static enum cli_exit report_write(const char *path, int error)
{
	if (error == -ENOTSUP)
		return cli_error("protect",
			"%s exists and is not a regular file; name another with --output",
			path);
	if (geteuid() != 0 && (error == -EACCES || error == -ENOENT) && is_ours(path))
		return cli_error("protect",
			"cannot write %s: this needs root; run it with sudo", path);
	return cli_error("protect", "cannot write %s: %s", path, errno_text(error));
}

/* Our own directory of the running system may not be there yet; others are not made. */
static void make_run_directory(const char *path)
{
	if (is_ours(path))
		mkdir(RUN_DIRECTORY, 0755);
}

static enum cli_exit run(struct cli *cli)
{
	_cleanup_free_ struct config *config =
		cli_read_config(&cli->root, CONFIGFILES_OF_NOW);
	const struct arguments *arguments = cli->arguments;
	_cleanup_free_ char *text = NULL;
	struct protect_list list;
	int r = facts_read(&cli->root, &cli->machine->facts);

	if (r == 0)
		r = protect_list_trace(&cli->machine->facts, config, &list);
	if (r < 0)
		return report_trace(cli->dir, r);
	text = or_no_memory(protect_list_format(&list));
	if (!arguments->output) {
		fputs(text, stdout);
		return CLI_OK;
	}
	make_run_directory(arguments->output);
	r = atomicfile_write(arguments->output, text, strlen(text));
	return r < 0 ? report_write(arguments->output, r) : CLI_OK;
}

const struct cli_command cmd_protect = {
	.name = "protect",
	.operands = "",
	.summary = "list the functions that this host cannot spare",
	.options = options,
	.arguments = sizeof(struct arguments),
	.run = run,
};
