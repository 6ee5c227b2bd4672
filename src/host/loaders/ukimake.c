/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes an image apart into a directory of its own, and has ukify put it together again. */
#include "ukimake.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "../run.h"
#include "peimage.h"

#define PRETTY_NAME "PRETTY_NAME="
#define ARGS_MAX    24
#define TEXT_MAX    (2 * PATH_MAX)

/* The sections that are copied, and the options by which ukify takes them. */
static const struct {
	const char *name, *option;
} parts[] = {
	{".linux", "--linux="},
	{".initrd", "--initrd="},
	{".ucode", "--microcode="},
	{".splash", "--splash="},
	{".dtb", "--devicetree="},
};

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

static void part_path(const char *directory, size_t part, char ret[static PATH_MAX])
{
	text_join(ret, PATH_MAX, directory, "/part", parts[part].name, NULL);
}

/* Takes the parts of the image out into @directory. */
static int take_parts(int fd, const char *directory, struct command *command)
{
	struct pe_image pe;
	int r = pe_read(fd, &pe);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		const struct pe_section *section = pe_find(&pe, parts[i].name);
		_cleanup_close_ int out = -1;
		char path[PATH_MAX];

		if (!section)
			continue;
		part_path(directory, i, path);
		out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		r = out < 0 ? -errno : pe_copy(fd, section, out);
		add_argument(command, parts[i].option, path);
	}
	return r;
}

/* os-release(5) of the image, in which the name for the menu stands. */
static int write_osrel(
	int fd, const char *title, const char *path, struct command *command)
{
	_cleanup_free_ char *text = NULL;
	struct pe_image pe;
	const char *line;
	bool plain;
	FILE *out;
	int r = pe_read(fd, &pe);

	r = r < 0 ? r : pe_read_text(fd, &pe, ".osrel", &text);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	out = fopen(path, "we");
	if (!out)
		return -errno;
	/* A title that would need an escape stays the original's. */
	plain = !strpbrk(title, "\"$`\\");
	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!plain || strncmp(line, PRETTY_NAME, strlen(PRETTY_NAME)) != 0)
			fprintf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
	if (plain)
		fprintf(out, PRETTY_NAME "\"%s\"\n", title);
	add_argument(command, "--os-release=@", path);
	return fclose(out) == 0 ? 0 : -errno;
}

static void osrel_path(const char *directory, char ret[static PATH_MAX])
{
	text_join(ret, PATH_MAX, directory, "/osrel", NULL);
}

static void remove_directory(char **directory)
{
	for (size_t i = 0; *directory && i < ARRAY_SIZE(parts); i++) {
		char path[PATH_MAX];

		part_path(*directory, i, path);
		unlink(path);
	}
	if (*directory) {
		char path[PATH_MAX];

		osrel_path(*directory, path);
		unlink(path);
		rmdir(*directory);
	}
	free(*directory);
}

static int make_directory(char **ret)
{
	_cleanup_free_ char *directory = strdup("/var/tmp/vfioboot.XXXXXX");

	if (!directory)
		return -ENOMEM;
	if (!mkdtemp(directory))
		return -errno;
	*ret = TAKE_PTR(directory);
	return 0;
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

/* Makes it aside, with a name that no loader shows, and puts it in place. */
static int run_ukify(struct command *command, const char *path, struct words *words)
{
	_cleanup_close_ int fd = -1;
	char made[PATH_MAX];
	int r;

	text_join(made, sizeof(made), path, ".new", NULL);
	add_argument(command, "--output=", made);
	r = run_program(command->args, keep_last_line, words);
	if (r == 0) {
		fd = open(made, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fsync(fd) < 0 || rename(made, path) < 0)
			r = -errno;
	}
	if (r != 0)
		unlink(made);
	return r > 0 ? -EREMOTEIO : r;
}

int uki_make(const char *ukify, const char *config, const struct uki *image,
	const struct uki_copy *copy, char *ret_why, size_t size)
{
	_cleanup_(remove_directory) char *directory = NULL;
	_cleanup_free_ struct command *command = calloc(1, sizeof(*command));
	struct words words = {ret_why, size};
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	int r;

	*ret_why = '\0';
	if (!command)
		return -ENOMEM;
	text_join(path, sizeof(path), image->directory, "/", image->name, NULL);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : make_directory(&directory);
	if (r < 0)
		return r;
	add_argument(command, ukify, "");
	add_argument(command, "build", "");
	r = take_parts(fd, directory, command);
	osrel_path(directory, path);
	if (r == 0)
		r = write_osrel(fd, copy->title, path, command);
	if (r < 0)
		return r;
	if (config)
		add_argument(command, "--config=", config);
	if (image->version[0])
		add_argument(command, "--uname=", image->version);
	add_argument(command, "--cmdline=", copy->cmdline);
	text_join(path, sizeof(path), image->directory, "/", copy->name, NULL);
	return run_ukify(command, path, &words);
}
