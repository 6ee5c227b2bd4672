/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot check`: what is ready, what is not, and what to do about it. */
#include "check/check.h"
#include "cli.h"

/* Where texts begin. */
#define TEXT_COLUMN 32

/* More lines than these of one check that passes are joined into one. */
#define PASSES_MAX 4

/* More subjects than these are counted. */
#define SUBJECTS_MAX 4

struct arguments {
	const char *fix;
	bool yes;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_JSON,
	{"fix", "WHAT", "remove what was found; WHAT is leftovers", 0, CLI_STORE(fix)},
	{"yes", NULL, "with --fix: do not ask", 0, CLI_STORE(yes)},
	CLI_OPTION_DRY_RUN,
	{0},
};

static const struct column columns[] = {
	{"NAME", 0, NULL},
	{"SUBJECT", 0, NULL},
	{"STATE", 0, NULL},
	{"FOUND", 0, NULL},
	{"REMEDY", 0, NULL},
	{0},
};

static bool is_alike(const struct check_point *a, const struct check_point *b)
{
	return a->name == b->name && a->state == b->state &&
		strcmp(a->found, b->found) == 0 && strcmp(a->remedy, b->remedy) == 0;
}

/* Whether a point was printed with an earlier one that is alike; all of a check are neighbours. */
static bool is_printed(const struct check_list *list, size_t first, size_t index)
{
	for (size_t i = first; i < index; i++)
		if (is_alike(&list->points[i], &list->points[index]))
			return true;
	return false;
}

/* "A, B: ", or of many "A, B, C and 61 more: ". */
static char *format_subjects(const struct check_list *list, size_t index, size_t end)
{
	size_t n = 0, printed = 0, size;
	FILE *stream;
	char *text;

	stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	for (size_t i = index; i < end; i++)
		n += is_alike(&list->points[i], &list->points[index]);
	for (size_t i = index; i < end; i++) {
		if (!is_alike(&list->points[i], &list->points[index]) ||
			!*list->points[i].subject)
			continue;
		if (n > SUBJECTS_MAX && printed == SUBJECTS_MAX - 1) {
			fprintf(stream, " and %zu more", n - printed);
			break;
		}
		fprintf(stream, "%s%s", printed++ ? ", " : "", list->points[i].subject);
	}
	fputs(printed ? ": " : "", stream);
	return fclose(stream) == 0 ? text : NULL;
}

static void print_state(const struct check_point *point)
{
	static const char *const colours[CHECK_STATES] = {[CHECK_PASS] = "\033[32m",
		[CHECK_FAIL] = "\033[1;31m",
		[CHECK_UNKNOWN] = "\033[33m"};
	bool colour = terminal_wants_colour();

	printf("  %s%-7s%s  %-20s ", colour ? colours[point->state] : "",
		check_state_word(point->state), colour ? "\033[0m" : "", point->name);
}

/* Prints the remedy of the points before this one, when that has another or none. */
static void print_remedy(
	const struct check_point **pending, const struct check_point *next)
{
	const struct check_point *point = *pending;

	*pending = next && next->state != CHECK_PASS && *next->remedy ? next : NULL;
	if (!point || (*pending && strcmp(point->remedy, next->remedy) == 0))
		return;
	printf("%*s-> ", TEXT_COLUMN, "");
	cli_print_wrapped(point->remedy, TEXT_COLUMN + 3, TEXT_COLUMN + 3);
}

/* A point and those that are alike. */
static int print_point(const struct check_list *list, size_t index, size_t end)
{
	const struct check_point *point = &list->points[index];
	_cleanup_free_ char *subjects = format_subjects(list, index, end), *text = NULL;

	if (!subjects || asprintf(&text, "%s%s", subjects, point->found) < 0)
		return -ENOMEM;
	print_state(point);
	cli_print_wrapped(text, TEXT_COLUMN, TEXT_COLUMN);
	return 0;
}

/* How many lines those of a check that pass would take. */
static size_t count_pass_lines(const struct check_list *list, size_t first, size_t end)
{
	size_t n = 0;

	for (size_t i = first; i < end; i++)
		n += list->points[i].state == CHECK_PASS && !is_printed(list, first, i);
	return n;
}

/* All those of one check that pass, where they are many and each has another text. */
static void print_passes(const struct check_list *list, size_t first, size_t end)
{
	struct check_point all = {.name = list->points[first].name, .state = CHECK_PASS};
	size_t n = 0;

	for (size_t i = first; i < end; i++)
		n += list->points[i].state == CHECK_PASS;
	print_state(&all);
	printf("all %zu passed; --json lists them\n", n);
}

/* The points of one check. */
static int print_check(const struct check_list *list, size_t first, size_t end,
	const struct check_point **pending)
{
	bool many = count_pass_lines(list, first, end) > PASSES_MAX;
	int r = 0;

	if (many) {
		print_remedy(pending, NULL);
		print_passes(list, first, end);
	}
	for (size_t i = first; r == 0 && i < end; i++) {
		if ((many && list->points[i].state == CHECK_PASS) ||
			is_printed(list, first, i))
			continue;
		print_remedy(pending, &list->points[i]);
		r = print_point(list, i, end);
	}
	return r;
}

static void count(const struct check_list *list, size_t ret[static CHECK_STATES])
{
	memset(ret, 0, CHECK_STATES * sizeof(*ret));
	for (size_t i = 0; i < list->n; i++)
		ret[list->points[i].state]++;
}

/* What is wrong comes before what is not known. */
static void print_summary(const struct check_list *list)
{
	size_t n[CHECK_STATES];
	enum check_state worst;

	count(list, n);
	printf("\n%zu pass, %zu fail, %zu unknown", n[CHECK_PASS], n[CHECK_FAIL],
		n[CHECK_UNKNOWN]);
	worst = n[CHECK_FAIL] ? CHECK_FAIL : CHECK_UNKNOWN;
	for (size_t i = 0; i < list->n; i++) {
		const struct check_point *point = &list->points[i];

		if (point->state != worst || !*point->remedy)
			continue;
		printf("\nFirst: ");
		cli_print_wrapped(point->remedy, 7, 7);
		return;
	}
	if (n[CHECK_PASS] == list->n)
		printf("\nThis machine is ready.\n");
	else
		putchar('\n');
}

/* Where the points of the check of @list->points[@first] end. */
static size_t check_end(const struct check_list *list, size_t first)
{
	size_t end = first;

	while (end < list->n && list->points[end].name == list->points[first].name)
		end++;
	return end;
}

static int print_text(const struct check_list *list)
{
	const struct check_point *pending = NULL;
	const char *theme = "";
	int r = 0;

	for (size_t first = 0, end; r == 0 && first < list->n; first = end) {
		end = check_end(list, first);
		if (strcmp(list->points[first].theme, theme) != 0) {
			print_remedy(&pending, NULL);
			printf("%s%s\n", *theme ? "\n" : "", list->points[first].theme);
		}
		theme = list->points[first].theme;
		r = print_check(list, first, end, &pending);
	}
	print_remedy(&pending, NULL);
	if (r == 0)
		print_summary(list);
	return r;
}

static void print_json(const struct check_list *list)
{
	_cleanup_(table_free) struct table *table = table_new("checks", columns, true);

	for (size_t i = 0; i < list->n; i++) {
		const struct check_point *point = &list->points[i];
		struct table_line *line = table_add(table, NULL);

		table_set(table, line, "NAME", point->name);
		table_set(table, line, "SUBJECT", point->subject);
		table_set(table, line, "STATE", check_state_word(point->state));
		table_set(table, line, "FOUND", point->found);
		table_set(table, line, "REMEDY", point->remedy);
	}
	table_print(table);
}

static enum cli_exit judge(const struct check_list *list)
{
	size_t n[CHECK_STATES];

	count(list, n);
	return n[CHECK_FAIL] ? CLI_FAILED : n[CHECK_UNKNOWN] ? CLI_UNKNOWN : CLI_OK;
}

/* CLI_OK with one selector an operand in *@ret, for free(); or a message. */
static enum cli_exit parse_operands(const struct cli *cli, struct selector **ret)
{
	*ret = or_no_memory(calloc((size_t)cli->n_operands + 1, sizeof(**ret)));
	for (int i = 0; i < cli->n_operands; i++)
		if (selector_parse(cli->operands[i], &(*ret)[i]) < 0)
			return cli_misuse("check",
				"'%s' is not a device; use an address (01:00.0), a path "
				"(00:01.0/00.0), an id (10de:2204) or a class (class:0300)",
				cli->operands[i]);
	return CLI_OK;
}

/* --fix is a command of its own: about all of the machine, and for people. */
static enum cli_exit check_options(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;

	if (!arguments->fix && (arguments->yes || cli->dry_run))
		return cli_misuse(
			"check", "--yes and --dry-run belong to --fix leftovers");
	if (arguments->fix && strcmp(arguments->fix, "leftovers") != 0)
		return cli_misuse("check", "'%s' cannot be fixed; use --fix leftovers",
			arguments->fix);
	if (arguments->fix && (cli->json || cli->n_operands))
		return cli_misuse(
			"check", "--fix leftovers takes neither --json nor devices");
	return CLI_OK;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	_cleanup_(checks_free) struct check_list list = {0};
	_cleanup_free_ struct selector *selectors = NULL;
	enum cli_exit status = parse_operands(cli, &selectors);
	size_t bad = 0;
	int r;

	if (arguments->fix)
		return check_fix_leftovers(cli, arguments->yes);
	if (status == CLI_OK)
		status = cli_read_next(cli, NULL);
	if (status != CLI_OK)
		return status;
	if (cli->next->machine_error < 0)
		cli_warning("check",
			"cannot read the PCI functions of %s: %s; their checks are left "
			"out",
			cli->dir, strerror(-cli->next->machine_error));
	r = checks_run(&cli->facts, &cli->chain, cli->next, selectors,
		(size_t)cli->n_operands, &list, &bad);
	if (r == -ENXIO)
		return cli_error("check",
			"no device matches '%s'; 'vfioboot list --all' shows all devices",
			cli->operands[bad]);
	if (r == 0 && cli->json)
		print_json(&list);
	else if (r == 0)
		r = print_text(&list);
	return r < 0 ? cli_error("check", "%s", strerror(-r)) : judge(&list);
}

const struct cli_command cmd_check = {
	.name = "check",
	.operands = "[DEVICE]...",
	.summary = "check whether this machine is ready, and say what to fix",
	.details =
		"Each point passes, fails, or is unknown; where it does not pass, the "
		"next\nline says what to do. Points of devices are about those that\nare "
		"configured, or about each DEVICE: an address, a path, an id or a class.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check_options,
	.run = run,
};
