/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists the files of a kind, in the order of the five directories that systemd and kmod look into. */
#include "module_files.h"

static const char *const directories[] = {
	"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"};

int module_files_list(const struct root *root, const char *kind, struct file_names *ret)
{
	return file_list_dropins(root, directories, ARRAY_SIZE(directories), kind, ret);
}

unsigned module_files_next_line(const char **cursor, char **ret)
{
	unsigned lines = 0;
	size_t len;
	char *text;

	*ret = NULL;
	if (!**cursor)
		return 0;
	text = *ret = malloc(strlen(*cursor) + 1);
	do {
		len = strcspn(*cursor, "\n");
		if (text)
			memcpy(text, *cursor, len);
		text = text ? text + len : NULL;
		*cursor += len + ((*cursor)[len] == '\n');
		lines++;
		if (!text || !len || text[-1] != '\\')
			break;
		*--text = '\0';
	} while (**cursor);
	if (text)
		*text = '\0';
	return lines;
}

/* Without a value it is on. */
static bool read_bool(const struct cmdline_param *param, bool before)
{
	int value = param->value ? cmdline_read_bool(param) : 1;

	return value < 0 ? before : value;
}

static bool read_params(const char *params, const char *name, bool before)
{
	struct cmdline_param param;

	while (cmdline_next(&params, &param))
		if (cmdline_name_is(&param, name))
			before = read_bool(&param, before);
	return before;
}

bool module_files_bool_in(
	const char *text, const char *module, const char *name, bool before)
{
	char *line;

	while (module_files_next_line(&text, &line)) {
		_cleanup_free_ char *own = line;
		char command[16] = "", of[64] = "";
		int end = 0;

		if (own && sscanf(own, " %15s %63s %n", command, of, &end) == 2 &&
			strcmp(command, "options") == 0 &&
			cmdline_word_is(of, strlen(of), module))
			before = read_params(own + end, name, before);
	}
	return before;
}

bool module_files_bool(const struct root *root, const char *module, const char *name)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	bool value = false;

	module_files_list(root, MODULE_FILES_OPTIONS, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		_cleanup_free_ char *text = NULL;

		if (file_read(root, paths.names[i], &text, NULL) == 0)
			value = module_files_bool_in(text, module, name, value);
	}
	return value;
}

bool module_files_bool_on(
	const char *cmdline, const char *module, const char *name, bool before)
{
	char parameter[128];

	text_join(parameter, sizeof(parameter), module, ".", name, NULL);
	return read_params(cmdline, parameter, before);
}
