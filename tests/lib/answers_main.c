/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what `vfioboot list --all --json`, `plan --json` and `check --json` say, by the library:
 *     answers DIRECTORY list|plan|check|cards|obstacles|ready|bind|release [DEVICE]...
 * Of "cards" a line each, and what the others say of points in the form of `check`.
 * FLAGS are those of a hand-over, and HAND_OVER_BY is the program that carries it out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vfioboot.h>

/* A member, with null for NULL. */
static void put(const char *key, const char *text, const char *end)
{
	printf("\"%s\":", key);
	if (!text) {
		printf("null%s", end);
		return;
	}
	putchar('"');
	for (; *text; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned)*text);
		else
			putchar(*text);
	printf("\"%s", end);
}

static void put_number(const char *key, int number, const char *end)
{
	if (number < 0)
		printf("\"%s\":null%s", key, end);
	else
		printf("\"%s\":%d%s", key, number, end);
}

static void put_function(const struct vfioboot_function *function)
{
	static const char *const truth[] = {"null", "false", "true"};

	put("address", vfioboot_function_get_address(function), ",");
	put("path", vfioboot_function_get_path(function), ",");
	put("id", vfioboot_function_get_id(function), ",");
	put("class", vfioboot_function_get_class(function), ",");
	put("driver", vfioboot_function_get_driver(function), ",");
	put_number("iommu_group", vfioboot_function_get_iommu_group(function), ",");
	put("name", vfioboot_function_get_name(function), ",");
	put("notes", vfioboot_function_get_notes(function), ",");
	put("type", vfioboot_function_get_type(function), ",");
	put("vendor", vfioboot_function_get_vendor(function), ",");
	put("model", vfioboot_function_get_model(function), ",");
	put("subsystem", vfioboot_function_get_subsystem(function), ",");
	put("modules", vfioboot_function_get_modules(function), ",");
	printf("\"boot_display\":%s,",
		truth[1 + vfioboot_function_get_boot_display(function)]);
	put("uses", vfioboot_function_get_uses(function), ",");
	put("data", vfioboot_function_get_data(function), ",");
	put("section", vfioboot_function_get_section(function), ",");
	put("wanted", vfioboot_function_get_wanted(function), ",");
	put("result", vfioboot_result_word(vfioboot_function_get_result(function)), ",");
	put("reason", vfioboot_function_get_reason(function), ",");
	put_number("vf", vfioboot_function_get_vf(function), ",");
	put("physical", vfioboot_function_get_physical(function), "");
}

/* Of sections that are for other machines, and the end of the answer. */
static void put_others(const struct vfioboot_machine *machine)
{
	printf("],\"other_machines\":[");
	for (size_t i = 0; i < vfioboot_machine_count_others(machine); i++) {
		printf("%s{", i ? "," : "");
		put("section", vfioboot_machine_get_other_section(machine, i), ",");
		put("file", vfioboot_machine_get_other_file(machine, i), ",");
		put_number("line", (int)vfioboot_machine_get_other_line(machine, i), ",");
		put("machine", vfioboot_machine_get_other_machine(machine, i), "}");
	}
	puts("]}");
}

static int list(struct vfioboot_machine *machine)
{
	size_t n = vfioboot_machine_count_functions(machine);

	printf("{\"functions\":[");
	for (size_t i = 0; i < n; i++) {
		printf("%s{", i ? "," : "");
		put_function(vfioboot_machine_get_function(machine, i));
		putchar('}');
	}
	put_others(machine);
	return 0;
}

static void put_setting(const struct vfioboot_setting *setting, const char *before)
{
	printf("%s{", before);
	put("key", vfioboot_setting_get_key(setting), ",");
	put("wanted", vfioboot_setting_get_wanted(setting), ",");
	put("value", vfioboot_setting_get_value(setting), ",");
	put("result", vfioboot_setting_get_result(setting), ",");
	put("reason", vfioboot_setting_get_reason(setting), ",");
	put("remark", vfioboot_setting_get_remark(setting), "}");
}

static void put_entry(const struct vfioboot_entry *entry)
{
	unsigned line = vfioboot_entry_get_line(entry);

	put("section", vfioboot_entry_get_section(entry), ",");
	put("address", vfioboot_entry_get_address(entry), ",");
	put("path", vfioboot_entry_get_path(entry), ",");
	put("id", vfioboot_entry_get_id(entry), ",");
	put("driver", vfioboot_entry_get_driver(entry), ",");
	put("action", vfioboot_action_word(vfioboot_entry_get_action(entry)), ",");
	put("wanted", vfioboot_entry_get_wanted(entry), ",");
	put("reason", vfioboot_entry_get_reason(entry), ",");
	put("file", vfioboot_entry_get_file(entry), ",");
	put_number("line", line ? (int)line : -1, ",");
	put("at_the_next_boot", vfioboot_entry_get_summary(entry), ",");
	put("name", vfioboot_entry_get_name(entry), ",");
	put("remark", vfioboot_entry_get_remark(entry), ",\"settings\":[");
	for (size_t i = 0; i < vfioboot_entry_count_settings(entry); i++)
		put_setting(vfioboot_entry_get_setting(entry, i), i ? "," : "");
	putchar(']');
}

static int plan(struct vfioboot_machine *machine)
{
	struct vfioboot_plan *made;
	int r = vfioboot_plan_make(machine, NULL, &made);

	if (r < 0)
		return r;
	printf("{\"plan\":[");
	for (size_t i = 0; i < vfioboot_plan_count(made); i++) {
		printf("%s{", i ? "," : "");
		put_entry(vfioboot_plan_get(made, i));
		putchar('}');
	}
	put_others(machine);
	vfioboot_plan_free(made);
	return 0;
}

static void put_points(const struct vfioboot_points *points)
{
	for (size_t i = 0; i < vfioboot_points_count(points); i++) {
		const struct vfioboot_point *point = vfioboot_points_get(points, i);

		printf("%s{", i ? "," : "");
		put("name", vfioboot_point_get_code(point), ",");
		put("subject", vfioboot_point_get_subject(point), ",");
		put("state", vfioboot_level_word(vfioboot_point_get_level(point)), ",");
		put("found", vfioboot_point_get_text(point), ",");
		put("remedy", vfioboot_point_get_remedy(point), "}");
	}
}

static int ask(struct vfioboot_machine *machine, const char *what,
	const char *const *devices, size_t n, struct vfioboot_points **ret)
{
	if (strcmp(what, "check") == 0)
		return vfioboot_check(machine, devices, n, ret);
	if (strcmp(what, "ready") == 0)
		return vfioboot_readiness(machine, devices, n, ret);
	return vfioboot_obstacles_find(machine, devices, n, 0, ret);
}

/* Prints the points that were found the second time: the first one changes nothing. */
static int find(struct vfioboot_machine *machine, const char *what,
	const char *const *devices, size_t n)
{
	struct vfioboot_points *points = NULL;
	int r = ask(machine, what, devices, n, &points);

	vfioboot_points_free(points);
	points = NULL;
	if (r >= 0)
		r = ask(machine, what, devices, n, &points);
	if (r < 0)
		return r;
	printf("{\"checks\":[");
	put_points(points);
	printf("],\"answer\":%d}\n", r);
	vfioboot_points_free(points);
	return 0;
}

static int cards(struct vfioboot_machine *machine)
{
	struct vfioboot_cards *cards;
	int r = vfioboot_cards_list(machine, &cards);

	if (r < 0)
		return r;
	for (size_t i = 0; i < vfioboot_cards_count(cards); i++)
		for (size_t j = 0; j < vfioboot_cards_count_functions(cards, i); j++)
			printf("%s%s",
				vfioboot_function_get_address(
					vfioboot_cards_get_function(cards, i, j)),
				j + 1 == vfioboot_cards_count_functions(cards, i) ? "\n"
										  : " ");
	vfioboot_cards_free(cards);
	return 0;
}

/* Prints what a hand-over says, also where it fails. */
static int hand_over(
	struct vfioboot_ctx *ctx, const char *what, const char *const *names, size_t n)
{
	const char *program = getenv("HAND_OVER_BY"), *flags = getenv("FLAGS");
	unsigned bits = flags ? (unsigned)atoi(flags) : 0;
	struct vfioboot_points *points = NULL;
	int r = program ? vfioboot_set_program(ctx, program) : 0;

	if (r == 0 && strcmp(what, "bind") == 0)
		r = vfioboot_bind(ctx, names, n, bits, 7, &points);
	else if (r == 0)
		r = vfioboot_release(ctx, names, n, bits, 7, &points);
	if (points) {
		printf("{\"checks\":[");
		put_points(points);
		printf("],\"answer\":%d}\n", r);
	}
	vfioboot_points_free(points);
	return r;
}

static int answer(struct vfioboot_machine *machine, const char *what,
	const char *const *devices, size_t n)
{
	if (strcmp(what, "list") == 0)
		return list(machine);
	if (strcmp(what, "plan") == 0)
		return plan(machine);
	if (strcmp(what, "cards") == 0)
		return cards(machine);
	return find(machine, what, devices, n);
}

static void warn(struct vfioboot_ctx *ctx, int priority, const char *text, void *data)
{
	(void)ctx;
	(void)data;
	fprintf(stderr, "<%d> %s\n", priority, text);
}

int main(int argc, char **argv)
{
	struct vfioboot_machine *machine = NULL;
	const char *remedy;
	struct vfioboot_ctx *ctx;
	int r = argc < 3 ? -EINVAL : vfioboot_new(&ctx);

	if (r < 0)
		return 2;
	r = strcmp(argv[1], "/") == 0 ? 0 : vfioboot_set_root(ctx, argv[1]);
	vfioboot_set_log(ctx, warn, NULL);
	if (strcmp(argv[2], "bind") == 0 || strcmp(argv[2], "release") == 0)
		r = hand_over(
			ctx, argv[2], (const char *const *)argv + 3, (size_t)argc - 3);
	else if (r == 0)
		r = vfioboot_machine_read(ctx, &machine);
	if (machine)
		r = answer(machine, argv[2], (const char *const *)argv + 3,
			(size_t)argc - 3);
	remedy = vfioboot_get_remedy(ctx);
	if (r < 0)
		fprintf(stderr, "%s%s%s\n", vfioboot_get_message(ctx), remedy ? "; " : "",
			remedy ? remedy : "");
	vfioboot_machine_unref(machine);
	vfioboot_unref(ctx);
	return r < 0;
}
