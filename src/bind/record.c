/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads records line by line; whatever is in the file, it takes bounded time and memory. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base.h"

#define FIRST_LINE   "vfioboot-record 1\n"
#define SKIPPED_MAX  1000 /* lines of garbage after which no more is read */
#define ERROR_PREFIX "error "

static const char *const stage_words[BOOT_STAGES] = {
	[BOOT_INITRAMFS] = "initramfs",
	[BOOT_SYSTEM] = "system",
};

const char *boot_stage_word(enum boot_stage stage)
{
	return stage_words[stage];
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* Opens a record.  What is no plain file could make the reader wait. */
static int open_record(const struct sysfs_root *root, enum boot_stage stage, FILE **ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), TREE_RUN "/%s.record", boot_stage_word(stage));
	fd = sysfs_root_open_file(root, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	*ret = fdopen(fd, "r");
	if (!*ret)
		return -errno;
	TAKE_FD(fd);
	return 0;
}

/* Takes the value of the line "NAME VALUE\n". */
static bool take_value(const char *line, const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0 || line[len] != ' ')
		return false;
	line += len + 1;
	return copy_text(ret, size, line, strcspn(line, "\n"));
}

/* Where the first number stands that is a word of its own: a file's name can have blanks. */
static const char *find_number(const char *text)
{
	while ((text = strchr(text, ' '))) {
		size_t digits = strspn(++text, "0123456789");

		if (digits && digits < 6 && text[digits] == ' ')
			return text;
	}
	return NULL;
}

/* Adds the error of the line "error FILE LINE MESSAGE\n". */
static int add_error(struct bootrecord *record, const char *line)
{
	const char *file = line + strlen(ERROR_PREFIX), *number = find_number(file);
	struct bootrecord_error error = {0}, *more;
	char *message;

	if (!number || record->n_errors == CONFIG_ERRORS_MAX ||
		!copy_text(error.file, sizeof(error.file), file,
			(size_t)(number - file) - 1))
		return -EINVAL;
	error.line = (unsigned)strtoul(number, &message, 10);
	message++;
	if (!copy_text(error.message, sizeof(error.message), message,
		    strcspn(message, "\n")))
		return -EINVAL;
	more = reallocarray(
		record->errors, record->n_errors + 1, sizeof(*record->errors));
	if (!more)
		return -ENOMEM;
	record->errors = more;
	more[record->n_errors++] = error;
	return 0;
}

static int add_function(struct bootrecord *record, const char *line)
{
	struct report_function function, *more;
	int r = report_parse_function(line, &function);

	if (r < 0)
		return r;
	if (record->n_functions == PLAN_ENTRIES_MAX)
		return -EINVAL;
	more = reallocarray(
		record->functions, record->n_functions + 1, sizeof(*record->functions));
	if (!more)
		return -ENOMEM;
	record->functions = more;
	more[record->n_functions++] = function;
	return 0;
}

static int add_digest(struct bootrecord *record, const char *line)
{
	char text[20], *end;

	if (!take_value(line, "config", text, sizeof(text)))
		return -EINVAL;
	record->digest = strtoull(text, &end, 16);
	record->has_digest = end != text && !*end;
	return record->has_digest ? 0 : -EINVAL;
}

/* Returns 0, -EINVAL for a line that can't be read, or -ENOMEM. */
static int read_line(struct bootrecord *record, const char *line)
{
	char stage[16]; /* the file's name says it */

	if (strncmp(line, "function ", strlen("function ")) == 0)
		return add_function(record, line);
	if (strncmp(line, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0)
		return add_error(record, line);
	if (strncmp(line, "config ", strlen("config ")) == 0)
		return add_digest(record, line);
	if (take_value(line, "version", record->version, sizeof(record->version)) ||
		take_value(line, "kernel", record->kernel, sizeof(record->kernel)) ||
		take_value(line, "state", record->state, sizeof(record->state)) ||
		take_value(line, "stage", stage, sizeof(stage)))
		return 0;
	return -EINVAL;
}

/*
 * Takes the next line, with its newline.  Returns its length, 0 at the end of the file, or
 * -EINVAL for what is in no record: a line too long, or a byte that would upset a terminal.
 */
static int take_line(FILE *file, char *line, size_t size)
{
	size_t len = 0;
	bool bad = false;
	int c;

	while ((c = getc(file)) != EOF) {
		bad |= len + 1 == size || (c != '\n' && (c < ' ' || c == 0x7f));
		if (!bad)
			line[len++] = (char)c;
		if (c == '\n')
			break;
	}
	line[len] = '\0';
	if (c == EOF && (len || bad)) /* the end of a line is missing */
		return -EINVAL;
	return bad ? -EINVAL : (int)len;
}

/* Reads what comes behind the first line. */
static int read_lines(FILE *file, struct bootrecord *record)
{
	char line[REPORT_LINE_SIZE];

	while (record->n_skipped < SKIPPED_MAX) {
		int r = take_line(file, line, sizeof(line));

		if (r == 0)
			break;
		if (r > 0)
			r = read_line(record, line);
		if (r == -ENOMEM)
			return r;
		record->n_skipped += r < 0;
	}
	return ferror(file) ? -EIO : 0;
}

int bootrecord_read(
	const struct sysfs_root *root, enum boot_stage stage, struct bootrecord *ret)
{
	_cleanup_(close_file) FILE *file = NULL;
	_cleanup_(bootrecord_free) struct bootrecord record = {0};
	char line[sizeof(FIRST_LINE) + 1];
	int r = open_record(root, stage, &file);

	if (r < 0)
		return r;
	if (take_line(file, line, sizeof(line)) <= 0 || strcmp(line, FIRST_LINE) != 0)
		return ferror(file) ? -EIO : -EBADMSG;
	r = read_lines(file, &record);
	if (r < 0)
		return r;
	*ret = record;
	record = (struct bootrecord){0};
	return 0;
}

void bootrecord_free(struct bootrecord *record)
{
	free(record->errors);
	free(record->functions);
	*record = (struct bootrecord){0};
}
