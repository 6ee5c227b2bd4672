/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine is, by the points of `check` that do not depend on a device. */
#include "setup.h"

#define NAME_COLUMN 10
#define TEXT_COLUMN 13

/* The others are about what is configured, which is to come. */
static bool is_shown(const struct check_point *point)
{
	static const char *const others[] = {
		"config", "section", "protect-list", "image", "host-use"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(point->name, others[i]) == 0)
			return false;
	return !*point->subject || strcmp(point->theme, "Kernels") == 0;
}

/* The names of the checks with points of the state, each once. */
static void print_names(const struct check_list *list, enum check_state state)
{
	const char *last = "", *remedy = "";
	_cleanup_free_ char *line = NULL;
	char names[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct check_point *point = &list->points[i];

		if (!is_shown(point) || point->state != state || point->name == last)
			continue;
		len += text_join(names + len, sizeof(names) - len, len ? ", " : "",
			point->name, NULL);
		last = point->name;
	}
	if (!len)
		return;
	if (state != CHECK_PASS)
		remedy = "; 'sudo vfioboot check' says why";
	if (asprintf(&line, "%s%s", names, remedy) < 0)
		line = or_no_memory(NULL);
	printf("  %-7s ", check_state_word(state));
	cli_print_wrapped(line, NAME_COLUMN, NAME_COLUMN);
}

static void print_failure(const struct check_point *point)
{
	_cleanup_free_ char *line = NULL;

	if (asprintf(&line, "%s: %s%s%s", point->name, point->subject,
		    *point->subject ? ": " : "", point->found) < 0)
		line = or_no_memory(NULL);
	printf("  %-7s ", check_state_word(point->state));
	cli_print_wrapped(line, NAME_COLUMN, NAME_COLUMN);
	if (!*point->remedy)
		return;
	printf("%*s", TEXT_COLUMN, "-> ");
	cli_print_wrapped(point->remedy, TEXT_COLUMN, TEXT_COLUMN);
}

/* Those that pass in a line, those that fail with what to do. */
static void print_points(const struct check_list *list)
{
	puts("This machine");
	print_names(list, CHECK_PASS);
	print_names(list, CHECK_UNKNOWN);
	for (size_t i = 0; i < list->n; i++)
		if (is_shown(&list->points[i]) && list->points[i].state == CHECK_FAIL)
			print_failure(&list->points[i]);
	putchar('\n');
}

/* Whether no installed kernel has what it needs. */
static bool lacks(const struct check_list *list, const char *name)
{
	size_t n = 0, failed = 0;

	for (size_t i = 0; i < list->n; i++) {
		n += strcmp(list->points[i].name, name) == 0;
		failed += strcmp(list->points[i].name, name) == 0 &&
			list->points[i].state == CHECK_FAIL;
	}
	return n && n == failed;
}

static const struct params_item *find_item(
	const struct params *params, enum params_kind kind)
{
	for (unsigned i = 0; i < params->n; i++)
		if (params->items[i].kind == kind)
			return &params->items[i];
	return NULL;
}

/* Without groups nothing can be chosen, as what leaves the host together is not seen. */
static enum cli_exit judge_iommu(struct setup *setup)
{
	struct cli *cli = setup->cli;
	_cleanup_(parameters_free) struct parameters parameters = {0};
	const struct params_item *obstacle;
	int r = setup_find_params(setup, NULL);

	if (r < 0 && r != -ENODATA)
		return cli_error(
			SETUP, "cannot read what this machine is: %s", errno_text(r));
	if (setup->params.refused)
		return cmdline_plan(cli, &setup->params, NULL, &parameters);
	obstacle = find_item(&setup->params, PARAMS_OBSTACLE);
	if (obstacle)
		return cli_error(SETUP, "nothing was changed: %s", obstacle->reason);
	if (cli->machine->facts.bus.has_groups)
		return CLI_OK;
	if (!find_item(&setup->params, PARAMS_NEEDED))
		return cli_error(SETUP,
			"nothing was changed: there are no IOMMU groups, so no device can be "
			"given to a guest; 'sudo vfioboot check' says what is missing");
	setup->iommu_first = true;
	cli_print_wrapped(
		"The IOMMU is off, and which devices a guest can have is only seen in a "
		"boot with it. So the first step is to enable it: after a reboot run "
		"this again.\n",
		0, 0);
	return CLI_OK;
}

static enum cli_exit judge(struct setup *setup, const struct check_list *list)
{
	struct chain *chain = &setup->cli->machine->chain;
	bool demand = setup->wanted && setup->when == SETUP_DEMAND;
	enum cli_exit status = judge_iommu(setup);
	char problem[MESSAGE_LINE_SIZE];

	if (status != CLI_OK || setup->iommu_first)
		return status;
	if (lacks(list, "kernel-config") || lacks(list, "vfio-modules"))
		return cli_error(SETUP,
			"nothing was changed: no installed kernel has vfio-pci and what it "
			"needs; see above");
	if (demand)
		return CLI_OK;
	if (chain->problem.code)
		status = cli_error(SETUP, "nothing was changed: %s",
			message_line(&chain->problem, problem));
	else
		status = progress_check_images(SETUP, chain, IMAGECHECK_NOW);
	if (status == CLI_OK)
		return CLI_OK;
	return cli_error(SETUP,
		"'--when demand' needs no image: a device is bound when its guest starts");
}

enum cli_exit setup_look(struct setup *setup)
{
	_cleanup_(checks_free) struct check_list list = {0};
	struct cli *cli = setup->cli;
	size_t bad;
	int r;

	if (cli_read_next(cli, NULL) != CLI_OK)
		return CLI_FAILED;
	if (cli->machine->facts.bus_error < 0)
		return cli_error(SETUP,
			"cannot read the PCI functions of %s: %s; is sysfs mounted there?",
			cli->dir, errno_text(cli->machine->facts.bus_error));
	sections_say_errors(SETUP, &cli->machine->next->config);
	if (cli->machine->next->config.n_errors)
		return cli_error(
			SETUP, "nothing was changed; correct this and try again");
	r = checks_run(&cli->machine->facts, &cli->machine->chain, cli->machine->next,
		NULL, 0, &list, &bad);
	if (r < 0)
		return cli_error(SETUP, "%s", errno_text(r));
	print_points(&list);
	return judge(setup, &list);
}
