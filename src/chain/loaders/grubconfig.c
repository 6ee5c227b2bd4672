/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cuts entries out of grub.cfg by the indentation that grub-mkconfig gives them. */
#include "grubconfig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define OURS_BEGIN "# --- begin: the trial of vfioboot, which removes it again ---\n"
/* Behind a last line that has no newline: it gets one, and loses it again. */
#define OURS_BEHIND                                                                        \
	"\n# --- begin: the trial of vfioboot, which removes it and the newline before --" \
	"-\n"
#define OURS_END "# --- end: the trial of vfioboot ---\n"

#define ENVIRONMENT_MARK "# GRUB Environment Block\n"

#define BLANKS " \t"

/* A line with its newline, within a text. */
struct line {
	const char *start;
	size_t len;
	size_t indent; /* blanks it begins with */
};

static bool next_line(const char **cursor, struct line *ret)
{
	const char *end;

	if (!**cursor)
		return false;
	end = strchr(*cursor, '\n');
	ret->start = *cursor;
	ret->len = end ? (size_t)(end - *cursor) + 1 : strlen(*cursor);
	ret->indent = strspn(*cursor, BLANKS);
	*cursor += ret->len;
	return true;
}

/* Whether the first word of the line is @word. */
static bool begins_with(const struct line *line, const char *word)
{
	size_t len = strlen(word);
	const char *text = line->start + line->indent;

	return strncmp(text, word, len) == 0 && strchr(" \t\n", text[len]);
}

static bool line_has(const struct line *line, const char *text)
{
	return memmem(line->start, line->len, text, strlen(text));
}

/* linux, linux16 and linuxefi load the kernel. */
static bool is_linux(const struct line *line)
{
	return begins_with(line, "linux") || begins_with(line, "linux16") ||
		begins_with(line, "linuxefi");
}

/* Whether the line loads the kernel @file, for a boot that is neither ours nor a rescue. */
static bool starts_kernel(const struct line *line, const char *file)
{
	const char *word = line->start + line->indent;
	size_t len = strlen(file);

	word += strcspn(word, BLANKS);
	word += strspn(word, BLANKS);
	if (*word == '"' || *word == '\'')
		word++;
	return strncmp(word, file, len) == 0 && strchr("\"' \t\n", word[len]) &&
		!line_has(line, " vfioboot.") && !line_has(line, " single");
}

/* Takes the lines behind the header up to the one that ends the entry. */
static bool find_end(const char *body, size_t indent, const char **ret)
{
	struct line line;

	while (next_line(&body, &line)) {
		if (line.indent == indent && begins_with(&line, "}")) {
			*ret = line.start;
			return true;
		}
		if (begins_with(&line, "menuentry") || begins_with(&line, "submenu"))
			return false;
	}
	return false;
}

static bool entry_starts(const char *body, const char *end, const char *kernel)
{
	struct line line;

	while (body < end && next_line(&body, &line))
		if (is_linux(&line))
			return starts_kernel(&line, kernel);
	return false;
}

static void write_copy(FILE *out, const struct line *header, const char *body,
	const char *end, const struct grub_copy *copy)
{
	struct line line;

	fprintf(out, "menuentry '%s' --class gnu-linux --class os%s --id '%s' {\n",
		copy->title, line_has(header, "--unrestricted") ? " --unrestricted" : "",
		copy->id);
	while (body < end && next_line(&body, &line)) {
		size_t len = line.len - (line.start[line.len - 1] == '\n');

		if (begins_with(&line, "savedefault") || begins_with(&line, "recordfail"))
			continue;
		/* In a submenu all of the entry is one step further in. */
		if (header->indent <= line.indent) {
			line.start += header->indent;
			len -= header->indent;
			line.indent -= header->indent;
		}
		fprintf(out, "%.*s", (int)len, line.start);
		if (is_linux(&line))
			fprintf(out, " %s", copy->parameters);
		fputc('\n', out);
	}
	fprintf(out, "}\n");
}

static int close_text(FILE *out, char **text, char **ret)
{
	bool failed = ferror(out);

	failed |= fclose(out) != 0;
	if (failed) {
		free(*text);
		return -ENOMEM;
	}
	*ret = *text;
	return 0;
}

int grub_copy_entry(const char *config, const struct grub_copy *copy, char **ret)
{
	const char *end, *cursor = config;
	bool cut = false;
	struct line line;
	char *text;
	size_t size;
	FILE *out;

	while (next_line(&cursor, &line)) {
		if (!begins_with(&line, "menuentry") || line_has(&line, "-recovery-"))
			continue;
		if (!find_end(cursor, line.indent, &end)) {
			cut = true;
			continue;
		}
		if (!entry_starts(cursor, end, copy->kernel))
			continue;
		out = open_memstream(&text, &size);
		if (!out)
			return -ENOMEM;
		write_copy(out, &line, cursor, end, copy);
		return close_text(out, &text, ret);
	}
	return cut ? -EBADMSG : -ENOENT;
}

int grub_set_ours(const char *text, const char *ours, char **ret)
{
	const char *behind = strstr(text, OURS_BEHIND), *mark = OURS_BEGIN;
	const char *begin = behind ? behind : strstr(text, OURS_BEGIN);
	const char *end = begin ? strstr(begin, OURS_END) : NULL;
	char *made;

	if (begin ? !end : strstr(text, OURS_END) != NULL)
		return -EBADMSG;
	if (!begin)
		begin = end = text + strlen(text);
	else
		end += strlen(OURS_END);
	if (begin > text && begin[-1] != '\n')
		mark = OURS_BEHIND;
	if (asprintf(&made, "%.*s%s%s%s%s", (int)(begin - text), text, ours ? mark : "",
		    ours ? ours : "", ours ? OURS_END : "", end) < 0)
		return -ENOMEM;
	*ret = made;
	return 0;
}

/* Whether a line that is no comment has the text. */
static bool config_has(const char *config, const char *text)
{
	struct line line;

	while (next_line(&config, &line))
		if (line.start[line.indent] != '#' && line_has(&line, text))
			return true;
	return false;
}

bool grub_knows_next_entry(const char *config)
{
	return config_has(config, "save_env next_entry");
}

bool grub_reads_custom(const char *config)
{
	return config_has(config, "custom.cfg");
}

bool grub_reads_bls(const char *config)
{
	struct line line;

	while (next_line(&config, &line)) {
		const char *end = line.start + line.indent + strlen("blscfg");

		if (begins_with(&line, "blscfg") &&
			end[strspn(end, BLANKS)] == (end < config ? '\n' : '\0'))
			return true;
	}
	return false;
}

bool grub_default(const char *config, char *ret, size_t size)
{
	static const char before[] = "set default=\"";
	bool found = false;
	struct line line;

	while (next_line(&config, &line)) {
		const char *value = line.start + line.indent;

		if (strncmp(value, before, strlen(before)) != 0)
			continue;
		value += strlen(before);
		/* Of 00_header the last is the one without next_entry; others use no quotes. */
		found |= copy_text(ret, size, value, strcspn(value, "\"\n"));
	}
	return found;
}

bool grub_variable(const char *lines, const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);
	struct line line;

	ret[0] = '\0';
	while (next_line(&lines, &line))
		if (strncmp(line.start, name, len) == 0 && line.start[len] == '=')
			return copy_text(ret, size, line.start + len + 1,
				strcspn(line.start + len + 1, "\n"));
	return true;
}

bool grub_environment(const char *block, const char *name, char *ret, size_t size)
{
	ret[0] = '\0';
	return strncmp(block, ENVIRONMENT_MARK, strlen(ENVIRONMENT_MARK)) == 0 &&
		grub_variable(block, name, ret, size);
}
