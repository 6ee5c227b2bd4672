/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grows a capture entry by entry, with the directories above each. */
#include "set.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base.h"

static int add_gap(struct captureset *set, const char *path, int error)
{
	struct capture *capture = set->capture;

	if (capture->n_gaps == set->gaps_room) {
		size_t room = set->gaps_room ? 2 * set->gaps_room : 16;
		struct capture_gap *more =
			reallocarray(capture->gaps, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		capture->gaps = more;
		set->gaps_room = room;
	}
	capture->gaps[capture->n_gaps].path = strdup(path);
	capture->gaps[capture->n_gaps].error = error;
	if (!capture->gaps[capture->n_gaps].path)
		return -ENOMEM;
	capture->n_gaps++;
	return 0;
}

/* Takes over both texts, whatever happens. */
static int add_entry(
	struct captureset *set, char *path, mode_t type, char *data, size_t size)
{
	_cleanup_free_ char *own_path = path, *own_data = data;
	struct capture *capture = set->capture;

	if (capture->n == set->room) {
		size_t room = set->room ? 2 * set->room : 256;
		struct capture_entry *more =
			reallocarray(capture->entries, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		capture->entries = more;
		set->room = room;
	}
	capture->entries[capture->n++] = (struct capture_entry){
		TAKE_PTR(own_path), type, TAKE_PTR(own_data), size};
	return 0;
}

/* Whether the newest entry lies in the directory of @len bytes: it has been added then. */
static bool has_directory(const struct captureset *set, const char *path, size_t len)
{
	const struct capture *capture = set->capture;
	const char *last = capture->n ? capture->entries[capture->n - 1].path : "";

	return strncmp(last, path, len) == 0 && (last[len] == '/' || !last[len]);
}

static int add_parents(struct captureset *set, const char *path)
{
	const char *slash = path;

	while ((slash = strchr(slash, '/'))) {
		size_t len = (size_t)(slash++ - path);
		char *directory;
		int r;

		if (has_directory(set, path, len))
			continue;
		directory = strndup(path, len);
		r = directory ? add_entry(set, directory, S_IFDIR, NULL, 0) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Names of the kernel's files may reveal something; others were given by us or the system. */
static int redact_path(struct captureset *set, const char *path, char **ret)
{
	path += strspn(path, "/");
	if (strncmp(path, TREE_EFIVARS, strlen(TREE_EFIVARS)) == 0 ||
		strncmp(path, TREE_SYS, strlen(TREE_SYS)) != 0) {
		*ret = strdup(path);
		return *ret ? 0 : -ENOMEM;
	}
	return redact_text(&set->redactor, REDACT_FORM_NAME, path, ret);
}

/* Adds an entry of the @type, taking over its @data. */
static int add(
	struct captureset *set, const char *path, mode_t type, char *data, size_t size)
{
	_cleanup_free_ char *name = NULL, *own = data;
	int r = redact_path(set, path, &name);

	if (r == 0)
		r = add_parents(set, name);
	return r < 0 ? r : add_entry(set, TAKE_PTR(name), type, TAKE_PTR(own), size);
}

int captureset_add_text(
	struct captureset *set, const char *path, enum redact_form form, const char *text)
{
	char *redacted;
	int r = redact_text(&set->redactor, form, text, &redacted);

	return r < 0 ? r : add(set, path, S_IFREG, redacted, strlen(redacted));
}

int captureset_add_file(struct captureset *set, const char *path, enum redact_form form)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = file_read(set->root, path, &text, &size);

	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT || r == -ENOTDIR || r == -EISDIR)
		return 0;
	if (r < 0)
		return add_gap(set, path, r);
	if (form == CAPTURE_PLAIN)
		return add(set, path, S_IFREG, TAKE_PTR(text), size);
	return captureset_add_text(set, path, form, text);
}

int captureset_add_link(struct captureset *set, const char *path)
{
	char target[PATH_MAX], *redacted;
	int r = file_read_link(set->root, path, target, sizeof(target));

	if (r == -ENOENT || r == -EINVAL || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return add_gap(set, path, r);
	r = redact_text(&set->redactor, REDACT_FORM_NAME, target, &redacted);
	return r < 0 ? r : add(set, path, S_IFLNK, redacted, strlen(redacted));
}

int captureset_add_directory(struct captureset *set, const char *path)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int r = file_open_directory(set->root, path, &dir);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0 && r != -EACCES)
		return add_gap(set, path, r);
	return add(set, path, S_IFDIR, NULL, 0);
}

int captureset_add_name(struct captureset *set, const char *path)
{
	char *nothing;

	if (!file_exists(set->root, "%s", path))
		return 0;
	nothing = strdup("");
	return nothing ? add(set, path, S_IFREG, nothing, 0) : -ENOMEM;
}

int captureset_each(struct captureset *set, const char *directory,
	int (*add)(struct captureset *set, const char *path, const char *name))
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r = captureset_add_directory(set, directory);

	if (r == 0)
		r = file_open_directory(set->root, directory, &dir);
	if (r == -ENOENT || r == -ENOTDIR || r == -ENOMEM)
		return r == -ENOMEM ? r : 0;
	if (r < 0)
		return add_gap(set, directory, r);
	while (r == 0 && (name = file_next_name(dir))) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s", directory, name) <
			(int)sizeof(path))
			r = add(set, path, name);
	}
	return r;
}

static int compare_entries(const void *a, const void *b)
{
	const struct capture_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int compare_gaps(const void *a, const void *b)
{
	const struct capture_gap *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void captureset_finish(struct captureset *set)
{
	struct capture *capture = set->capture;
	size_t kept = 0;

	redactor_free(&set->redactor);
	if (capture->n_gaps)
		qsort(capture->gaps, capture->n_gaps, sizeof(*capture->gaps),
			compare_gaps);
	if (!capture->n)
		return;
	qsort(capture->entries, capture->n, sizeof(*capture->entries), compare_entries);
	for (size_t i = 1; i < capture->n; i++) {
		struct capture_entry *entry = &capture->entries[i];

		if (strcmp(entry->path, capture->entries[kept].path) == 0) {
			free(entry->path);
			free(entry->data);
		} else {
			capture->entries[++kept] = *entry;
		}
	}
	capture->n = kept + 1;
}
