/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers how long steps took, and finds it again. */
#include "base/base.h"
#include "change.h"

#define STEPS_MAX 32 /* that are remembered; kernels come and go */
#define STEP_SIZE 1024

/* Both are lines of one text.  "run PROGRAM " is the beginning that other kernels share. */
static size_t program_length(const char *what)
{
	size_t len = strcspn(what, " \n");

	return len + strspn(what + len, " ") +
		strcspn(what + len + strspn(what + len, " "), " \n");
}

/* What the line is about: behind its number. */
static const char *what_of(const char *line)
{
	line += strspn(line, "0123456789");
	return line + (*line == ' ');
}

static bool is_same(const char *what, const char *step, size_t len)
{
	return strcspn(what, "\n") == len && strncmp(what, step, len) == 0;
}

static void describe(const struct change_step *step, char ret[static STEP_SIZE])
{
	change_describe(step, ret, STEP_SIZE);
	text_make_printable(ret);
}

unsigned durations_expected(const char *text, const struct change_step *step)
{
	unsigned expected = 0;
	char what[STEP_SIZE];
	size_t len, program;

	describe(step, what);
	len = strlen(what);
	program = step->args ? program_length(what) : len;
	for (const char *line = text; line && *line; line = text_next_line(line)) {
		const char *known = what_of(line);
		unsigned seconds = (unsigned)strtoul(line, NULL, 10);

		if (is_same(known, what, len))
			return seconds;
		if (step->kernel && step->args && program_length(known) == program &&
			strncmp(known, what, program) == 0)
			expected = seconds;
	}
	return expected;
}

char *durations_read(const struct root *root)
{
	char *text;

	return file_read(root, DURATIONS_FILE, &text, NULL) == 0 ? text : NULL;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text = text_next_line(text))
		n++;
	return n;
}

void durations_remember(
	const struct root *root, const struct change_step *step, unsigned seconds)
{
	_cleanup_free_ char *old = NULL, *new = NULL;
	struct text_stream stream;
	char what[STEP_SIZE];
	size_t n;

	if (seconds < DURATIONS_LEAST || !text_stream_open(&stream))
		return;
	describe(step, what);
	old = durations_read(root);
	n = old ? count_lines(old) : 0;
	for (const char *line = old; line && *line; line = text_next_line(line)) {
		if (n-- < STEPS_MAX && !is_same(what_of(line), what, strlen(what)))
			fprintf(stream.out, "%.*s\n", (int)strcspn(line, "\n"), line);
	}
	fprintf(stream.out, "%u %s\n", seconds, what);
	new = text_stream_take(&stream);
	if (new)
		atomicfile_write_below(root, DURATIONS_FILE, new, strlen(new));
}

void durations_forget(const struct root *root)
{
	if (atomicfile_remove_below(root, DURATIONS_FILE) == 0)
		atomicfile_remove_directory(root, STATE_DIRECTORY);
}
