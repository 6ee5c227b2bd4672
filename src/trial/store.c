/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a trial below /var/lib, each replaced as a whole. */
#include "change/change.h"
#include "private.h"

#define JOURNAL_LINES "400"

static const char *const records[] = {"initramfs.record", "system.record", "late.record"};

int trial_load(const struct root *root, struct trial *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, TRIAL_STATE, &text, NULL);

	return r < 0 ? r : trial_parse(text, ret);
}

int trial_save(const struct root *root, const struct trial *trial)
{
	_cleanup_free_ char *text = trial_format(trial);

	return text ? atomicfile_write_below(root, TRIAL_STATE, text, strlen(text))
		    : -ENOMEM;
}

static void format_record(const char *name, char *ret, size_t size)
{
	text_join(ret, size, TRIAL_DIRECTORY "/", name, NULL);
}

int trial_forget(const struct root *root)
{
	char path[128];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		format_record(records[i], path, sizeof(path));
		atomicfile_remove_below(root, path);
	}
	atomicfile_remove_below(root, TRIAL_JOURNAL);
	r = atomicfile_remove_below(root, TRIAL_STATE);
	if (atomicfile_remove_directory(root, TRIAL_DIRECTORY) == 0)
		atomicfile_remove_directory(root, STATE_DIRECTORY);
	return r == -ENOENT ? 0 : r;
}

static void keep_records(const struct root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		_cleanup_free_ char *text = NULL;
		char from[128], to[128];
		size_t size;

		text_join(from, sizeof(from), TREE_RUN "/", records[i], NULL);
		format_record(records[i], to, sizeof(to));
		if (file_read(root, from, &text, &size) == 0)
			atomicfile_write_below(root, to, text, size);
	}
}

/* As journalctl(1) takes it: the kernel writes boot ids with dashes. */
static void format_boot(const char *boot, char ret[static 37])
{
	for (; *boot; boot++)
		if (*boot != '-')
			*ret++ = *boot;
	*ret = '\0';
}

void trial_keep_evidence(const struct root *root, const char *boot)
{
	char id[37] = "0";
	const char *const argv[] = {"journalctl", "--no-pager", "--quiet",
		"--output=short-monotonic", "--lines=" JOURNAL_LINES, "--boot", id, NULL};
	_cleanup_free_ char *text = NULL;

	if (*boot)
		format_boot(boot, id);
	else
		keep_records(root);
	/* journald gives it to root and its own group alone. */
	if (root->live && run_read(argv, &text) == 0 && *text)
		atomicfile_write_mode_below(
			root, TRIAL_JOURNAL, text, strlen(text), 0600);
}

void trial_read_boot_id(const struct root *root, char ret[static 37])
{
	ret[0] = '\0';
	file_read_line(root, TREE_BOOT_ID, ret, 37);
}

int trial_of_this_boot(const struct root *root, char ret[static TRIAL_ID_SIZE])
{
	_cleanup_free_ char *cmdline = NULL;
	int r = cmdline_read_if_any(root, &cmdline);

	ret[0] = '\0';
	if (r == 0)
		trial_of_cmdline(cmdline, ret);
	return r;
}
