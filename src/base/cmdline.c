/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cuts the kernel command line into parameters by the kernel's own rules. */
#include "cmdline.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the parameter at @start: the first white space outside of quotes. */
static const char *param_end(const char *start)
{
	bool quoted = false;
	const char *p = start;

	for (; *p && (quoted || !is_space(*p)); p++)
		if (*p == '"')
			quoted = !quoted;
	return p;
}

static struct cmdline_param split(const char *start, const char *end)
{
	struct cmdline_param param = {.name = start};
	bool quoted = *start == '"';
	const char *equals;

	if (quoted)
		param.name++;
	/* A leading '=' is a part of the name. */
	equals = end - param.name > 1
		? memchr(param.name + 1, '=', (size_t)(end - param.name - 1))
		: NULL;
	/* The kernel cuts one closing quote off a parameter or a value that opens with one. */
	if (end - param.name > 0 && end[-1] == '"' &&
		(quoted || (equals && equals + 1 < end - 1 && equals[1] == '"')))
		end--;
	if (!equals) {
		param.name_len = (size_t)(end - param.name);
		return param;
	}
	param.name_len = (size_t)(equals - param.name);
	param.value = equals + 1;
	if (param.value < end && *param.value == '"')
		param.value++;
	param.value_len = (size_t)(end - param.value);
	return param;
}

bool cmdline_next(const char **cursor, struct cmdline_param *ret)
{
	const char *start = *cursor, *end;
	struct cmdline_param param;

	while (is_space(*start))
		start++;
	if (!*start)
		return false;
	end = param_end(start);
	param = split(start, end);
	if (param.name_len == 2 && !param.value && memcmp(param.name, "--", 2) == 0)
		return false;
	*cursor = end;
	*ret = param;
	return true;
}

size_t cmdline_length(const char *cmdline)
{
	const char *cursor = cmdline;
	struct cmdline_param param;

	while (cmdline_next(&cursor, &param))
		;
	return (size_t)(cursor - cmdline);
}

bool cmdline_name_is(const struct cmdline_param *param, const char *name)
{
	if (param->name_len != strlen(name))
		return false;
	for (size_t i = 0; i < param->name_len; i++) {
		char a = param->name[i] == '-' ? '_' : param->name[i];
		char b = name[i] == '-' ? '_' : name[i];

		if (a != b)
			return false;
	}
	return true;
}
