/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel parameters we wrote is kept in a file: they look like those that a person has written. */
#include "parameters_record.h"

#include "base/base.h"
#include "chain/loaders/bls_files.h"
#include "chain/loaders/permanent.h"

void parameters_record_free(struct parameters_record *record)
{
	for (size_t i = 0; i < record->n; i++) {
		free(record->lines[i].key);
		free(record->lines[i].words);
		free(record->lines[i].made);
	}
	free(record->lines);
}

struct parameters_line *parameters_record_find(
	const struct parameters_record *record, const char *key)
{
	for (size_t i = 0; i < record->n; i++)
		if (strcmp(record->lines[i].key, key) == 0)
			return &record->lines[i];
	return NULL;
}

int parameters_record_add(struct parameters_record *record, const char *key,
	const char *words, const char *made)
{
	struct parameters_line *line = parameters_record_find(record, key);
	const char *word;
	char *all;
	size_t len;

	if (!line) {
		line = LIST_ADD(record->lines, record->n);
		if (!line)
			return -ENOMEM;
		*line = (struct parameters_line){
			strdup(key), strdup(""), made ? strdup(made) : NULL};
	}
	if (!line->key || !line->words || (made && !line->made))
		return -ENOMEM;
	/* A run that was killed may have been about to add them. */
	while ((len = cmdline_next_word(&words, &word))) {
		if (cmdline_has_word(line->words, word, len))
			continue;
		if (asprintf(&all, "%s%s%.*s", line->words, *line->words ? " " : "",
			    (int)len, word) < 0)
			return -ENOMEM;
		free(line->words);
		line->words = all;
	}
	return 0;
}

static int damaged(unsigned line, struct message *message)
{
	message_remedy(message,
		"correct it: a file, a tab, and the parameters that 'vfioboot cmdline --apply' added to it");
	return message_set(message, -EBADMSG, PARAMETERS_RECORD ":%u is damaged", line);
}

int parameters_record_read(
	const struct root *root, struct parameters_record *ret, struct message *message)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, PARAMETERS_RECORD, &text, NULL);
	char *rest = text, *line;

	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR
			? 0
			: message_errno(message, r, "cannot read " PARAMETERS_RECORD);
	for (unsigned number = 1; r == 0 && (line = strsep(&rest, "\n")); number++) {
		const char *key = strsep(&line, "\t"), *words = strsep(&line, "\t");

		if (words && *key && *key != '#')
			r = parameters_record_add(ret, key, words, line);
		else if (*key && *key != '#')
			r = damaged(number, message);
	}
	return r;
}

int parameters_record_put(struct change *change, const struct parameters_record *record)
{
	_cleanup_free_ char *text = NULL;
	struct text_stream out;
	size_t n = change->n;
	int r;

	if (!text_stream_open(&out))
		return -ENOMEM;
	fprintf(out.out, "# Kernel parameters that 'vfioboot cmdline --apply' added\n");
	for (size_t i = 0; i < record->n; i++)
		fprintf(out.out, "%s\t%s%s%s\n", record->lines[i].key,
			record->lines[i].words, record->lines[i].made ? "\t" : "",
			record->lines[i].made ?: "");
	text = text_stream_take(&out);
	r = text ? change_put_text(change, PARAMETERS_RECORD, text) : -ENOMEM;
	if (change->n > n)
		change->steps[n].record = true;
	return r;
}

/* ---- taking words out ----------------------------------------------------------------- */

static enum param_form form_of(const char *path)
{
	return strstr(path, BLS_ENTRIES "/")              ? PARAM_OPTIONS
		: text_begins_with(path, "/etc/default/") ? PARAM_SHELL
							  : PARAM_LINE;
}

/* Takes the words out of the text of that file; of GRUB's, whichever variable has them. */
static int remove_words(const char *path, const char *text, const char *words, char **ret)
{
	_cleanup_free_ char *half = NULL;
	int r;

	if (form_of(path) != PARAM_SHELL)
		return param_text_remove(form_of(path), NULL, text, words, ret);
	r = param_text_remove(
		PARAM_SHELL, "GRUB_CMDLINE_LINUX_DEFAULT", text, words, &half);
	return r < 0 ? r
		: strcmp(half, text) != 0
		? (*ret = TAKE_PTR(half), 0)
		: param_text_remove(PARAM_SHELL, "GRUB_CMDLINE_LINUX", text, words, ret);
}

static bool is_own(const char *path)
{
	for (const char *const *own = permanent_own_files; *own; own++)
		if (strcmp(*own, path) == 0)
			return true;
	return false;
}

/* Whether there is nothing in the file but what it was made with. */
static bool is_as_made(const struct parameters_line *line, const char *rest)
{
	size_t len = line->made ? strlen(line->made) : 0;

	if (!line->made)
		return false;
	return is_own(line->key)
		? strcmp(rest, PERMANENT_HEADER) == 0
		: strncmp(rest, line->made, len) == 0 && strcmp(rest + len, "\n") == 0;
}

int parameters_record_strip(
	const struct parameters_line *line, const char *text, char **ret)
{
	_cleanup_free_ char *rest = NULL;
	int r = remove_words(line->key, text, line->words, &rest);

	if (r == 0)
		*ret = is_as_made(line, rest) ? NULL : TAKE_PTR(rest);
	return r;
}
