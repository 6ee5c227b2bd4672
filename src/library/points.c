/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points have one form, whoever found them, so that one loop reads them all. */
#include "points.h"

#include "function.h"

int points_add(struct vfioboot_points *points, enum vfioboot_level level,
	const char *code, const char *subject, const char *text, const char *remedy)
{
	struct vfioboot_point *point = LIST_ADD(points->list, points->n);

	if (!point)
		return -ENOMEM;
	*point = (struct vfioboot_point){.level = level,
		.code = code,
		.theme = "",
		.subject = strdup(subject),
		.text = strdup(text),
		.remedy = strdup(remedy)};
	return point->subject && point->text && point->remedy ? 0 : -ENOMEM;
}

int points_take_checks(struct vfioboot_points *points, struct check_list *checks)
{
	for (size_t i = 0; i < checks->n; i++) {
		struct check_point *check = &checks->points[i];
		struct vfioboot_point *point = LIST_ADD(points->list, points->n);

		if (!point)
			return -ENOMEM;
		*point = (struct vfioboot_point){
			.level = (enum vfioboot_level)check->state,
			.code = check->name,
			.theme = check->theme,
			.subject = TAKE_PTR(check->subject),
			.text = TAKE_PTR(check->found),
			.remedy = TAKE_PTR(check->remedy)};
	}
	return 0;
}

int points_add_errors(struct vfioboot_points *points, const struct config *config)
{
	char place[CONFIG_PLACE_SIZE], more[64];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < config->n_errors && i < CONFIG_ERRORS_MAX;
		i++) {
		config_place_text(config, config->errors[i].place, place);
		r = points_add(points, VFIOBOOT_FAIL, "config", place,
			config->errors[i].message, "");
	}
	if (r < 0 || config->n_errors <= CONFIG_ERRORS_MAX)
		return r;
	snprintf(more, sizeof(more), "%u more error%s in the configuration",
		config->n_errors - CONFIG_ERRORS_MAX,
		config->n_errors - CONFIG_ERRORS_MAX == 1 ? "" : "s");
	return points_add(points, VFIOBOOT_FAIL, "config", "", more, "");
}

void points_clear(struct vfioboot_points *points)
{
	for (size_t i = 0; i < points->n; i++) {
		free(points->list[i].subject);
		free(points->list[i].text);
		free(points->list[i].remedy);
	}
	free(points->list);
	*points = (struct vfioboot_points){0};
}

int points_hand_over(struct vfioboot_points *points, struct vfioboot_points **ret)
{
	struct vfioboot_points *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *points;
	*points = (struct vfioboot_points){0};
	*ret = copy;
	return 0;
}

/* ---- what the header has */

_Static_assert((int)VFIOBOOT_PASS == (int)CHECK_PASS &&
		(int)VFIOBOOT_FAIL == (int)CHECK_FAIL &&
		(int)VFIOBOOT_UNKNOWN == (int)CHECK_UNKNOWN,
	"the numbers of levels are part of the library's ABI");

const char *vfioboot_level_word(enum vfioboot_level level)
{
	if (level == VFIOBOOT_NOTE)
		return "note";
	return (unsigned)level < CHECK_STATES ? check_state_word((enum check_state)level)
					      : NULL;
}

void vfioboot_points_free(struct vfioboot_points *points)
{
	if (points)
		points_clear(points);
	free(points);
}

GET(size_t, vfioboot_points_count, points, points->n)
GET_AT(point, vfioboot_points_get, points, points->list, points->n)
GET(enum vfioboot_level, vfioboot_point_get_level, point, point->level)
GET(const char *, vfioboot_point_get_code, point, point->code)
GET(const char *, vfioboot_point_get_subject, point, function_text(point->subject))
GET(const char *, vfioboot_point_get_text, point, point->text)
GET(const char *, vfioboot_point_get_remedy, point, function_text(point->remedy))
