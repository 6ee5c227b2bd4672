/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot capture`: this machine as a tar archive that others can replay. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "capture/capture.h"
#include "change/change.h"
#include "cli.h"

#define GAPS_TOLD 5 /* the others are counted */

struct arguments {
	const char *root, *file;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{0},
};

static void say_gaps(const struct capture *capture, bool live)
{
	bool denied = false;

	for (size_t i = 0; i < capture->n_gaps; i++) {
		int error = capture->gaps[i].error;

		denied |= error == -EACCES || error == -EPERM;
		if (i < GAPS_TOLD)
			cli_warning("capture", "left out %s: %s", capture->gaps[i].path,
				strerror(-error));
	}
	if (capture->n_gaps > GAPS_TOLD)
		cli_warning("capture", "left out %zu more that could not be read",
			capture->n_gaps - GAPS_TOLD);
	if (denied)
		cli_warning("capture",
			"root can read those: run it with sudo if they are needed");
	else if (live && geteuid() != 0) /* kernel/resource.c, r_show(): no error */
		cli_warning("capture",
			"the kernel shows memory addresses only to root: run it with "
			"sudo if they are needed");
}

static enum cli_exit report_write(const char *path, int error)
{
	if (error == -ENOTSUP)
		return cli_error("capture",
			"%s exists and is not a regular file; name another, or - for "
			"standard output",
			path);
	return cli_error("capture", "cannot write %s: %s", path, strerror(-error));
}

static enum cli_exit write_archive(
	const struct arguments *arguments, const char *data, size_t size)
{
	int r;

	if (strcmp(arguments->file, "-") == 0) {
		fwrite(data, 1, size, stdout);
		return CLI_OK;
	}
	r = atomicfile_write(arguments->file, data, size);
	return r < 0 ? report_write(arguments->file, r) : CLI_OK;
}

static void print_done(const struct arguments *arguments, const struct capture *capture)
{
	size_t n = 0;

	if (strcmp(arguments->file, "-") == 0)
		return;
	for (size_t i = 0; i < capture->n; i++)
		n += !S_ISDIR(capture->entries[i].type);
	printf("%s has %zu files and links of this machine, without serial numbers, "
	       "MAC\naddresses and UUIDs.  Look through it before you pass it on: "
	       "section\nnames and file names are as you gave them.\n\nTo replay it:\n  "
	       "mkdir machine; tar -xf %s -C machine; vfioboot plan --root machine\n",
		arguments->file, n, arguments->file);
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(root_close) struct root root = {.fd = -1};
	_cleanup_(capture_free) struct capture capture = {0};
	struct arguments arguments = {.root = "/"};
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r;

	if (cli_parse(&cmd_capture, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	arguments.file = argv[optind];
	if (strcmp(arguments.file, "-") == 0 && isatty(STDOUT_FILENO)) {
		cli_error("capture",
			"an archive is not written to a terminal; name a "
			"file");
		return CLI_MISUSE;
	}
	if (cli_open_root("capture", arguments.root, &root) != CLI_OK)
		return CLI_FAILED;
	r = capture_read(&root, &capture);
	if (r < 0)
		return cli_error(
			"capture", "cannot capture %s: %s", arguments.root, strerror(-r));
	r = capture_pack(&capture, arguments.file, &data, &size);
	if (r == -ENOTSUP)
		return cli_error("capture",
			"this system's libarchive cannot compress %s; name a file that "
			"ends in .tar",
			arguments.file);
	if (r < 0)
		return cli_error("capture", "cannot make the archive: %s", strerror(-r));
	if (write_archive(&arguments, data, size) != CLI_OK)
		return CLI_FAILED;
	say_gaps(&capture, root.live);
	print_done(&arguments, &capture);
	return CLI_OK;
}

const struct cli_command cmd_capture = {
	.name = "capture",
	.operands = "FILE",
	.missing = "no file given",
	.summary = "save what plan, list, check and protect need of this machine",
	.details =
		"FILE becomes a tar archive, compressed if it ends in .gz, .xz or .zst; "
		"- is\nstandard output.  Nothing in it identifies this machine or its "
		"owner.",
	.options = options,
	.run = run,
};
