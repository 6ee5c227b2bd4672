/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the checks, theme by theme. */
#include "checks.h"

#include "base/base.h"
#include "checkhost.h"

static const struct check_theme *const themes[] = {
	&check_config_theme,
	&check_iommu_theme,
	&check_kernel_theme,
	&check_security_theme,
	&check_use_theme,
	&check_group_theme,
	&check_display_theme,
	&check_device_theme,
	&check_boot_theme,
};

static void run_theme(struct check_host *host, const struct check_theme *theme)
{
	host->theme = theme->title;
	for (size_t i = 0; i < theme->n && host->error == 0; i++) {
		host->name = theme->checks[i].name;
		theme->checks[i].run(host);
	}
}

int checks_run(struct facts *facts, const struct nextboot *next,
	const struct selector *operands, size_t n, struct check_list *ret,
	size_t *ret_bad)
{
	_cleanup_(checks_free) struct check_list list = {0};
	_cleanup_(check_host_free) struct check_host host = {
		.root = facts->root, .facts = facts, .next = next, .list = &list};
	int r = check_host_read(&host, operands, n, ret_bad);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(themes); i++)
		run_theme(&host, themes[i]);
	if (host.error < 0)
		return host.error;
	*ret = list;
	list = (struct check_list){0};
	return 0;
}

void checks_free(struct check_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->points[i].subject);
		free(list->points[i].found);
		free(list->points[i].remedy);
	}
	free(list->points);
	*list = (struct check_list){0};
}

const char *check_state_word(enum check_state state)
{
	static const char *const words[CHECK_STATES] = {[CHECK_PASS] = "pass",
		[CHECK_FAIL] = "fail",
		[CHECK_UNKNOWN] = "unknown"};

	return words[state];
}
