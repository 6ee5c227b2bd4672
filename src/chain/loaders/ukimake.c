/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes an image apart into a directory, and has ukify put it together again. */
#include "ukimake.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/base.h"
#include "chain/peimage.h"
#include "ukiwork.h"

#define ARGS_MAX 24
#define TEXT_MAX (PATH_MAX + 64)

/* The arguments of ukify, with their texts. */
struct command {
	const char *args[ARGS_MAX + 1];
	char texts[ARGS_MAX][TEXT_MAX];
	size_t n;
};

static void add_argument(struct command *command, const char *name, const char *value)
{
	char *text = command->texts[command->n];

	text_join(text, TEXT_MAX, name, value, NULL);
	command->args[command->n++] = text;
}

static void add_file(struct command *command, const char *option, const char *name)
{
	char path[PATH_MAX];

	text_join(path, sizeof(path), UKIWORK_DIRECTORY "/", name, NULL);
	add_argument(command, option, path);
}

/* The parts of the image, taken out of it. */
static int add_parts(
	const struct ukimake_job *job, int fd, int work, struct command *command)
{
	struct pe_image pe;
	int r = pe_read(fd, &pe);

	for (size_t i = 0; r == 0 && i < UKIPARTS_N; i++) {
		const struct pe_section *section = pe_find(&pe, ukiparts[i].section);
		_cleanup_close_ int out = -1;

		if (!section || !job->image->parts.has[i])
			continue;
		out = ukiwork_make(work, ukiparts[i].file);
		r = out < 0 ? out : pe_copy(fd, section, out);
		add_file(command, ukiparts[i].option, ukiparts[i].file);
	}
	return r;
}

/*
 * What is a text goes by files: ukify would change blanks in an argument.  Settings are given in
 * any case, or it would look for others.
 */
static int add_texts(const struct ukimake_job *job, int work, struct command *command)
{
	int r = ukiwork_write(work, "config", job->config);

	if (r == 0)
		r = ukiwork_write(work, "osrel", job->osrel);
	if (r == 0)
		r = ukiwork_write(work, "cmdline", job->cmdline);
	add_file(command, "--config=", "config");
	if (*job->osrel)
		add_file(command, "--os-release=@", "osrel");
	else
		add_argument(command, "--os-release=", "");
	add_file(command, "--cmdline=@", "cmdline");
	if (job->image->version[0])
		add_argument(command, "--uname=", job->image->version);
	return r;
}

struct words {
	char *last;
	size_t size;
};

static void keep_last_line(void *data, const char *text)
{
	const struct words *words = data;

	if (*text)
		text_join(words->last, words->size, text, NULL);
}

/* Whether it can be read, and has inside what was asked for; then it is synced. */
static int check_made(const char *path, const char *cmdline, struct words *words)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *inside = NULL;
	struct pe_image pe;
	int r = fd < 0 ? -errno : pe_read(fd, &pe);

	if (r == 0)
		r = pe_read_text(fd, &pe, ".cmdline", &inside);
	if (r == 0 && (strcmp(inside, cmdline) != 0 || !pe_find(&pe, ".linux")))
		r = -EBADMSG;
	if (r == -EBADMSG || r == -ENOENT) {
		keep_last_line(words, "what ukify made has not inside what it was given");
		return -EREMOTEIO;
	}
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

static int run_ukify(
	struct command *command, const struct ukimake_job *job, struct words *words)
{
	char path[PATH_MAX];
	int r;

	uki_temporary(job->image->directory, job->name, path);
	add_argument(command, "--output=", path);
	r = run_program(command->args, keep_last_line, words);
	r = r > 0 ? -EREMOTEIO : r;
	if (r == 0)
		r = check_made(path, job->cmdline, words);
	if (r < 0)
		unlink(path);
	return r;
}

int ukimake_run(const struct ukimake_job *job, int work, char *ret_why, size_t size)
{
	_cleanup_free_ struct command *command = calloc(1, sizeof(*command));
	struct words words = {ret_why, size};
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	int r;

	text_join(ret_why, size, "it ended without a word", NULL);
	if (!command)
		return -ENOMEM;
	ukiwork_empty(work);
	text_join(path, sizeof(path), job->image->directory, "/", job->image->name, NULL);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	add_argument(command, job->ukify, "");
	add_argument(command, "build", "");
	r = add_parts(job, fd, work, command);
	if (r == 0)
		r = add_texts(job, work, command);
	return r < 0 ? r : run_ukify(command, job, &words);
}

int ukimake_place(const char *directory, const char *name)
{
	char made[PATH_MAX], path[PATH_MAX];
	_cleanup_close_ int dir = -1;

	uki_temporary(directory, name, made);
	text_join(path, sizeof(path), directory, "/", name, NULL);
	if (rename(made, path) < 0)
		return -errno;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		fsync(dir);
	return 0;
}

void ukimake_forget(const char *directory, const char *name)
{
	char made[PATH_MAX];

	uki_temporary(directory, name, made);
	unlink(made);
}
