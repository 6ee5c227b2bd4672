/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and reads the configuration of a kernel. */
#include "kernel_config.h"

#include "base/base.h"

#define PREFIX "CONFIG_"

/* An empty file, or another, says nothing: to say that an option is off would be wrong. */
static bool is_config(const char *text)
{
	return strncmp(text, PREFIX, strlen(PREFIX)) == 0 || strstr(text, "\n" PREFIX);
}

static int read_one(const struct root *root, const char *path, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = unpack_file(root, path, &text, &size);

	if (r < 0)
		return r;
	if (!is_config(text))
		return -ENODATA;
	*ret = TAKE_PTR(text);
	return 0;
}

/* What a build left behind comes last: another one may have followed in the same directory. */
int kernel_config_read(
	const struct root *root, const char *release, bool running, char **ret)
{
	static const char *const places[][2] = {{"boot/config-", ""},
		{TREE_MODULES "/", "/config"}, {TREE_USR_MODULES "/", "/config"},
		{TREE_CONFIG_GZ, NULL}, {TREE_MODULES "/", "/build/.config"}};
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		bool of_release = places[i][1];
		char path[192];

		if (!of_release && !running)
			continue;
		text_join(path, sizeof(path), places[i][0], of_release ? release : "",
			of_release ? places[i][1] : "", NULL);
		r = read_one(root, path, ret);
		if (r == 0)
			return 0;
	}
	return r;
}

static bool is_on(char value)
{
	return value == 'y' || value == 'm';
}

bool kernel_config_has(const char *config, const char *name)
{
	char line[64];
	size_t len;

	text_join(line, sizeof(line), "\n" PREFIX, name, "=", NULL);
	len = strlen(line);
	if (strncmp(config, line + 1, len - 1) == 0)
		return is_on(config[len - 1]);
	config = strstr(config, line);
	return config && is_on(config[len]);
}
