/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot capture`: this machine as a tar archive that others can replay. */
#include "capture/capture.h"
#include "cli.h"

#include <sys/stat.h>

#define GAPS_MAX 5 /* the others are counted */

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
		if (i < GAPS_MAX)
			cli_warning("capture", "left out %s: %s", capture->gaps[i].path,
				errno_text(error));
	}
	if (capture->n_gaps > GAPS_MAX)
		cli_warning("capture", "left out %zu more that could not be read",
			capture->n_gaps - GAPS_MAX);
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
	return cli_error("capture", "cannot write %s: %s", path, errno_text(error));
}

static enum cli_exit write_archive(const char *path, const char *data, size_t size)
{
	int r;

	if (strcmp(path, "-") == 0) {
		fwrite(data, 1, size, stdout);
		return CLI_OK;
	}
	r = atomicfile_write(path, data, size);
	return r < 0 ? report_write(path, r) : CLI_OK;
}

static void print_done(const char *path, const struct capture *capture)
{
	size_t n = 0;

	if (strcmp(path, "-") == 0)
		return;
	for (size_t i = 0; i < capture->n; i++)
		n += !S_ISDIR(capture->entries[i].type);
	printf("%s has %zu files and links of this machine, without serial numbers, "
	       "MAC\naddresses and UUIDs. Look through it before you pass it on: "
	       "section\nnames and file names are as you gave them.\n\nTo replay it:\n  "
	       "mkdir machine; tar -xf %s -C machine; vfioboot plan --root machine\n",
		path, n, path);
}

static enum cli_exit run(struct cli *cli)
{
	_cleanup_(capture_free) struct capture capture = {0};
	const char *path = cli->operands[0];
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r;

	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return cli_misuse("capture",
			"an archive is not written to a terminal; name a file");
	r = capture_read(&cli->root, &capture);
	if (r < 0)
		return cli_error(
			"capture", "cannot capture %s: %s", cli->dir, errno_text(r));
	r = capture_pack(&capture, path, &data, &size);
	if (r == -ENOTSUP)
		return cli_error("capture",
			"this system's libarchive cannot compress %s; name a file that "
			"ends in .tar",
			path);
	if (r < 0)
		return cli_error("capture", "cannot make the archive: %s", errno_text(r));
	if (write_archive(path, data, size) != CLI_OK)
		return CLI_FAILED;
	say_gaps(&capture, cli->root.live);
	print_done(path, &capture);
	return CLI_OK;
}

const struct cli_command cmd_capture = {
	.name = "capture",
	.operands = "FILE",
	.missing = "no file given",
	.summary = "save what plan, list, check and protect need of this machine",
	.details =
		"FILE becomes a tar archive, compressed if it ends in .gz, .xz or .zst; "
		"- is\nstandard output. Serial numbers, MAC addresses and UUIDs are not in it; "
		"names\nof sections and files are as you gave them.",
	.options = options,
	.run = run,
};
