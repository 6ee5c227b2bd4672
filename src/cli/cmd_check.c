/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot check`: what is ready, what is not, and what to do about it. */
#include "cli.h"

/* Where texts begin. */
#define TEXT_COLUMN 32
#define NAME_WIDTH  20

/* What a point can be; no check notes anything. */
#define LEVELS 3

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

static bool is_alike(const struct vfioboot_point *a, const struct vfioboot_point *b)
{
	return a->code == b->code && a->level == b->level &&
		strcmp(a->text, b->text) == 0 && strcmp(a->remedy, b->remedy) == 0;
}

/* Whether a point was printed with an earlier one that is alike; all of a check are neighbours. */
static bool is_printed(const struct vfioboot_points *list, size_t first, size_t index)
{
	for (size_t i = first; i < index; i++)
		if (is_alike(&list->list[i], &list->list[index]))
			return true;
	return false;
}

/* "A, B: ", or of many "A, B, C and 61 more: ". */
static char *format_subjects(const struct vfioboot_points *list, size_t index, size_t end)
{
	size_t n = 0, printed = 0, size;
	FILE *stream;
	char *text;

	stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	for (size_t i = index; i < end; i++)
		n += is_alike(&list->list[i], &list->list[index]);
	for (size_t i = index; i < end; i++) {
		if (!is_alike(&list->list[i], &list->list[index]) ||
			!*list->list[i].subject)
			continue;
		if (n > SUBJECTS_MAX && printed == SUBJECTS_MAX - 1) {
			fprintf(stream, " and %zu more", n - printed);
			break;
		}
		fprintf(stream, "%s%s", printed++ ? ", " : "", list->list[i].subject);
	}
	fputs(printed ? ": " : "", stream);
	return fclose(stream) == 0 ? text : NULL;
}

static void print_state(const struct vfioboot_point *point)
{
	static const char *const colours[LEVELS] = {[VFIOBOOT_PASS] = "\033[32m",
		[VFIOBOOT_FAIL] = "\033[1;31m",
		[VFIOBOOT_UNKNOWN] = "\033[33m"};
	bool colour = terminal_wants_colour();

	printf("  %s%-7s%s  %-*s ", colour ? colours[point->level] : "",
		vfioboot_level_word(point->level), colour ? "\033[0m" : "", NAME_WIDTH,
		point->code);
}

/* Prints the remedy of the points before this one, when that has another or none. */
static void print_remedy(
	const struct vfioboot_point **pending, const struct vfioboot_point *next)
{
	const struct vfioboot_point *point = *pending;

	*pending = next && next->level != VFIOBOOT_PASS && *next->remedy ? next : NULL;
	if (!point || (*pending && strcmp(point->remedy, next->remedy) == 0))
		return;
	printf("%*s-> ", TEXT_COLUMN, "");
	cli_print_wrapped(point->remedy, TEXT_COLUMN + 3, TEXT_COLUMN + 3);
}

/* A point and those that are alike. */
static int print_point(const struct vfioboot_points *list, size_t index, size_t end)
{
	const struct vfioboot_point *point = &list->list[index];
	_cleanup_free_ char *subjects = format_subjects(list, index, end), *text = NULL;
	size_t len = strlen(point->code);

	if (!subjects || asprintf(&text, "%s%s", subjects, point->text) < 0)
		return -ENOMEM;
	print_state(point);
	cli_print_wrapped(text,
		TEXT_COLUMN + (len > NAME_WIDTH ? (int)len - NAME_WIDTH : 0),
		TEXT_COLUMN);
	return 0;
}

/* How many lines those of a check that pass would take. */
static size_t count_pass_lines(
	const struct vfioboot_points *list, size_t first, size_t end)
{
	size_t n = 0;

	for (size_t i = first; i < end; i++)
		n += list->list[i].level == VFIOBOOT_PASS && !is_printed(list, first, i);
	return n;
}

/* All those of one check that pass, where they are many and each has another text. */
static void print_passes(const struct vfioboot_points *list, size_t first, size_t end)
{
	struct vfioboot_point all = {
		.code = list->list[first].code, .level = VFIOBOOT_PASS};
	size_t n = 0;

	for (size_t i = first; i < end; i++)
		n += list->list[i].level == VFIOBOOT_PASS;
	print_state(&all);
	printf("all %zu passed; --json lists them\n", n);
}

/* The points of one check. */
static int print_check(const struct vfioboot_points *list, size_t first, size_t end,
	const struct vfioboot_point **pending)
{
	bool many = count_pass_lines(list, first, end) > PASSES_MAX;
	int r = 0;

	if (many) {
		print_remedy(pending, NULL);
		print_passes(list, first, end);
	}
	for (size_t i = first; r == 0 && i < end; i++) {
		if ((many && list->list[i].level == VFIOBOOT_PASS) ||
			is_printed(list, first, i))
			continue;
		print_remedy(pending, &list->list[i]);
		r = print_point(list, i, end);
	}
	return r;
}

static void count(const struct vfioboot_points *list, size_t ret[static LEVELS])
{
	memset(ret, 0, LEVELS * sizeof(*ret));
	for (size_t i = 0; i < list->n; i++)
		ret[list->list[i].level]++;
}

/* What to do about the point, with its name and what it is about: remedies may say "it". */
static int print_first(const struct vfioboot_point *point)
{
	_cleanup_free_ char *text = NULL;
	int indent;

	if (asprintf(&text, "%s%s%s): %s", point->code, *point->subject ? ", " : "",
		    point->subject, point->remedy) < 0)
		return -ENOMEM;
	indent = printf("\nFirst (") - 1;
	cli_print_wrapped(text, indent, indent);
	return 0;
}

/* What is wrong comes before what is not known. */
static int print_summary(const struct vfioboot_points *list)
{
	size_t n[LEVELS];
	enum vfioboot_level worst;

	count(list, n);
	printf("\n%zu pass, %zu fail, %zu unknown", n[VFIOBOOT_PASS], n[VFIOBOOT_FAIL],
		n[VFIOBOOT_UNKNOWN]);
	worst = n[VFIOBOOT_FAIL] ? VFIOBOOT_FAIL : VFIOBOOT_UNKNOWN;
	for (size_t i = 0; i < list->n; i++) {
		const struct vfioboot_point *point = &list->list[i];

		if (point->level != worst || !*point->remedy)
			continue;
		return print_first(point);
	}
	if (n[VFIOBOOT_PASS] == list->n)
		printf("\nThis machine is ready.\n");
	else
		putchar('\n');
	return 0;
}

/* Where the points of the check of @list->list[@first] end. */
static size_t check_end(const struct vfioboot_points *list, size_t first)
{
	size_t end = first;

	while (end < list->n && list->list[end].code == list->list[first].code)
		end++;
	return end;
}

static int print_text(const struct vfioboot_points *list)
{
	const struct vfioboot_point *pending = NULL;
	const char *theme = "";
	int r = 0;

	for (size_t first = 0, end; r == 0 && first < list->n; first = end) {
		end = check_end(list, first);
		if (strcmp(list->list[first].theme, theme) != 0) {
			print_remedy(&pending, NULL);
			printf("%s%s\n", *theme ? "\n" : "", list->list[first].theme);
		}
		theme = list->list[first].theme;
		r = print_check(list, first, end, &pending);
	}
	print_remedy(&pending, NULL);
	return r < 0 ? r : print_summary(list);
}

static void print_json(const struct vfioboot_points *list)
{
	_cleanup_(table_free) struct table *table = table_new("checks", columns, true);

	for (size_t i = 0; i < list->n; i++) {
		const struct vfioboot_point *point = &list->list[i];
		struct table_line *line = table_add(table, NULL);

		table_set(table, line, "NAME", point->code);
		table_set(table, line, "SUBJECT", point->subject);
		table_set(table, line, "STATE", vfioboot_level_word(point->level));
		table_set(table, line, "FOUND", point->text);
		table_set(table, line, "REMEDY", point->remedy);
	}
	table_print(table);
}

static enum cli_exit judge(const struct vfioboot_points *list)
{
	size_t n[LEVELS];

	count(list, n);
	return n[VFIOBOOT_FAIL] ? CLI_FAILED : n[VFIOBOOT_UNKNOWN] ? CLI_UNKNOWN : CLI_OK;
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
	_cleanup_(points_clear) struct vfioboot_points list = {0};
	struct message message = {0};
	char line[MESSAGE_LINE_SIZE];
	int r;

	if (arguments->fix)
		return check_fix_leftovers(cli, arguments->yes);
	if (cli_read_next(cli, NULL) != CLI_OK)
		return CLI_FAILED;
	if (cli->machine->next->machine_error < 0)
		cli_warning("check",
			"cannot read the PCI functions of %s: %s; their checks are left "
			"out",
			cli->dir, errno_text(cli->machine->next->machine_error));
	r = readiness_check(cli->machine, (const char *const *)cli->operands,
		(size_t)cli->n_operands, &list);
	message = cli->context->failure;
	if (r == -EINVAL)
		return cli_misuse("check", "%s", message_line(&message, line));
	if (r < 0)
		return cli_say("check", &message);
	if (cli->json)
		print_json(&list);
	else
		r = print_text(&list);
	return r < 0 ? cli_error("check", "%s", errno_text(r)) : judge(&list);
}

const struct cli_command cmd_check = {
	.name = "check",
	.operands = "[SET|DEVICE]...",
	.summary = "check whether this machine is ready, and say what to fix",
	.details =
		"Each point passes, fails, or is unknown; where it does not pass, the next line\n"
		"says what to do. The devices that are checked are those that are configured,\n"
		"or those of each SET, a device set, and DEVICE: an address, a path, an id or a\n"
		"class.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check_options,
	.run = run,
};
