/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot protect`: the protect list of this host, to stdout or into a file. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../core/util.h"
#include "../host/atomicfile.h"
#include "../host/hosttree.h"
#include "../host/protect.h"
#include "cli.h"

static const char header[] = "# vfioboot protect list 1\n";

struct arguments {
	const char *root, *output;
};

/* Returns CLI_OK, or CLI_MISUSE after a message. */
static enum cli_exit parse_arguments(int argc, char **argv, struct arguments *ret)
{
	enum { ROOT = CLI_FIRST_OPTION, OUTPUT };
	static const struct option options[] = {
		{"root", required_argument, NULL, ROOT},
		{"output", required_argument, NULL, OUTPUT},
		{0},
	};
	struct arguments arguments = {.root = "/"};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
		if (c == ROOT)
			arguments.root = optarg;
		else if (c == OUTPUT)
			arguments.output = optarg;
		else
			return cli_bad_option(argv, c);
	}
	if (optind < argc)
		return cli_extra_argument(argv, optind);
	*ret = arguments;
	return CLI_OK;
}

static enum cli_exit report_trace(const char *root, int error)
{
	if (error == -EHOSTUNREACH)
		return cli_error("protect",
			"%s is not the root of a running host, but a chroot or a "
			"container; run this on the host itself, where / is mounted, and "
			"so are proc and sysfs",
			root);
	return cli_error(
		"protect", "cannot trace what %s uses: %s", root, strerror(-error));
}

static enum cli_exit report_write(const char *path, int error)
{
	if (error == -ENOTSUP)
		return cli_error("protect",
			"%s is there and is not a regular file; name another with "
			"--output",
			path);
	return cli_error("protect", "cannot write %s: %s", path, strerror(-error));
}

/* Our own directory of the running system may not be there yet; others are not made. */
static void make_run_directory(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	if (copy && strcmp(dirname(copy), RUN_DIRECTORY) == 0)
		mkdir(RUN_DIRECTORY, 0755);
}

/* The text of the list, which the caller frees; NULL without memory. */
static char *format_list(const struct protect_list *list)
{
	size_t size = sizeof(header) + (list->n_entries + 1) * PROTECT_LINE_SIZE;
	char *text = malloc(size), *end = text;

	if (!text)
		return NULL;
	end = stpcpy(end, header);
	for (unsigned i = 0; i < list->n_entries; i++) {
		char line[PROTECT_LINE_SIZE];

		protect_format(&list->entries[i], line);
		end = stpcpy(end, line);
	}
	if (list->incomplete)
		strcpy(end, PROTECT_INCOMPLETE "\n");
	return text;
}

enum cli_exit cmd_protect(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	_cleanup_free_ char *text = NULL;
	struct arguments arguments = {0};
	struct protect_list list;
	int r;

	if (parse_arguments(argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	r = sysfs_root_open(arguments.root, &root);
	if (r < 0)
		return cli_error(
			"protect", "cannot open %s: %s", arguments.root, strerror(-r));
	r = protect_trace(&root, &list);
	if (r < 0)
		return report_trace(arguments.root, r);
	text = format_list(&list);
	if (!text)
		return cli_error("protect", "%s", strerror(ENOMEM));
	if (!arguments.output) {
		fputs(text, stdout);
		return CLI_OK;
	}
	make_run_directory(arguments.output);
	r = atomicfile_write(arguments.output, text, strlen(text));
	return r < 0 ? report_write(arguments.output, r) : CLI_OK;
}
