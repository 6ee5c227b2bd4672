/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at each image, and makes a list of steps: what goes comes first, it makes room. */
#include "ukiplan.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"

#define BLANKS     " \t\n"
#define MACHINE_ID "systemd.machine_id="

static const char *find_ukify(const struct sysfs_root *root)
{
	static const char *const programs[] = {
		"/usr/bin/ukify", "/usr/lib/systemd/ukify"};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (hostfile_exists(root, "%s", programs[i]))
			return programs[i];
	return NULL;
}

int ukiplan_look(const struct sysfs_root *root, struct bootmenu_change *change,
	struct ukiplan *ret)
{
	int r = ukis_read(root, &ret->images);

	if (r < 0)
		return bootmenu_fail(change, "cannot read the images in %s: %s%s",
			ret->images.failed, strerror(-r), bootmenu_remedy(r));
	r = ukikeys_read(root, &ret->keys);
	if (r < 0)
		return bootmenu_fail(change,
			"cannot read ukify's settings, uki.conf or ukify.conf: %s%s",
			strerror(-r), bootmenu_remedy(r));
	ret->ukify = find_ukify(root);
	return 0;
}

void ukiplan_free(struct ukiplan *plan)
{
	ukis_free(&plan->images);
	ukikeys_free(&plan->keys);
	free(plan->steps);
	*plan = (struct ukiplan){0};
}

unsigned ukiplan_obstacles(const struct ukiplan *plan, const struct uki *image)
{
	unsigned obstacles = plan->ukify ? 0 : UKIPLAN_NO_UKIFY;

	/* It would not start without signatures, or not open the disk. */
	if (image->is_signed && !plan->keys.secureboot)
		obstacles |= UKIPLAN_NO_KEYS;
	if (image->has_signed_measurements && !plan->keys.measurements)
		obstacles |= UKIPLAN_NO_MEASURE_KEYS;
	if (image->parts.unknown[0])
		obstacles |= UKIPLAN_UNKNOWN_SECTION;
	return obstacles;
}

void ukiplan_name(const struct ukiplan_step *step, char ret[static NAME_MAX + 1])
{
	if (step->kind == UKIPLAN_COPY)
		uki_id(step->image, step->entry, ret, NAME_MAX + 1);
	else
		text_join(ret, NAME_MAX + 1, step->image->name, NULL);
}

char *ukiplan_cmdline(const struct uki *original, const struct bootentry *entry)
{
	char missing[BOOTENTRY_ARGS_SIZE], *text;

	bootentry_missing_arguments(original->cmdline, entry, missing);
	return asprintf(&text, "%s%s%s", original->cmdline, *missing ? " " : "",
		       missing) < 0
		? NULL
		: text;
}

int ukiplan_is_fresh(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry)
{
	const struct uki *copy = uki_find_copy(images, original, entry);
	_cleanup_free_ char *cmdline = ukiplan_cmdline(original, entry);

	if (!cmdline)
		return -ENOMEM;
	return copy && !original->leaks && strcmp(copy->cmdline, cmdline) == 0 &&
		copy->changed.tv_sec >= original->changed.tv_sec;
}

/* What the images are judged by. */
struct judge {
	const struct ukiplan *plan;
	const struct bootentries *wanted;
	struct bootmenu_change *change;
	bool leaks;          /* see bootmenu_may_leak() */
	const char *running; /* the command line of this boot */
};

/* Others can still be copied when the first ones are there, and can always go. */
static bool is_lenient(const struct judge *judge)
{
	return judge->change->update || !judge->wanted->n;
}

/* Skips the image, or stops. */
static int object(
	const struct judge *judge, struct uki *image, const char *start, const char *end)
{
	image->skipped = true;
	if (is_lenient(judge))
		return bootmenu_warn(judge->change, "%s%s/%s%s", start, image->directory,
			image->name, end);
	return bootmenu_fail(
		judge->change, "%s%s/%s%s", start, image->directory, image->name, end);
}

/* A file that has a copy's name: neither it nor what it would be a copy of is touched. */
static int judge_rivals(const struct judge *judge, struct uki *image)
{
	int r = 0;

	for (unsigned j = 0; r == 0 && !image->id[0] && j < judge->wanted->n; j++) {
		struct uki *rival = uki_find_rival(
			&judge->plan->images, image, &judge->wanted->entries[j]);

		if (!rival)
			continue;
		image->skipped = true;
		r = object(judge, rival, "",
			" is there and was not made by vfioboot; rename it or delete it");
	}
	return r;
}

/* Whether all of it is from this boot, but for what kernel-install adds. */
static bool is_copied_from(const char *running, const char *cmdline)
{
	const char *word;
	size_t len;

	while ((len = cmdline_next_word(&cmdline, &word)) > 0)
		if (strncmp(word, MACHINE_ID, strlen(MACHINE_ID)) != 0 &&
			!cmdline_has_word(running, word, len))
			return false;
	return true;
}

/* Takes the arguments of this boot out of a normal image that got them, or objects. */
static int judge_arguments(const struct judge *judge, struct uki *image)
{
	_cleanup_free_ char *rest = NULL;
	int r = bootentry_strip(image->cmdline, judge->wanted, &rest);

	if (r <= 0 || (!judge->wanted->n && !judge->leaks))
		return r < 0 ? r : 0;
	if (!judge->leaks || !*rest || ukiplan_obstacles(judge->plan, image) ||
		!is_copied_from(judge->running, image->cmdline))
		return object(judge, image, "the normal image ",
			" has arguments of a passthrough boot inside: write the normal "
			"command line into /etc/kernel/cmdline, make the image anew "
			"('kernel-install add-all'), and run this again");
	image->leaks = true;
	free(image->cmdline);
	image->cmdline = TAKE_PTR(rest);
	return bootmenu_warn(judge->change,
		"the normal image %s/%s had got the arguments of this passthrough boot, "
		"since /etc/kernel/cmdline is missing; it is made anew without them",
		image->directory, image->name);
}

static int judge_obstacles(const struct judge *judge, struct uki *image)
{
	unsigned obstacles = ukiplan_obstacles(judge->plan, image);
	const char *why = obstacles & UKIPLAN_NO_UKIFY ? "ukify is not installed"
		: obstacles & UKIPLAN_NO_KEYS          ? "uki.conf has no keys to sign it"
		: obstacles & UKIPLAN_NO_MEASURE_KEYS
		? "uki.conf has no keys to sign its measurements"
		: "it has a section that vfioboot can't pass on";

	if (!obstacles)
		return 0;
	if (!is_lenient(judge))
		return -EOPNOTSUPP;
	image->skipped = true;
	return bootmenu_warn(judge->change,
		"%s/%s was not copied, since %s; 'vfioboot entry add' tells how to do it by "
		"hand",
		image->directory, image->name, why);
}

/* Addons and credentials lie beside an image, and count for its name alone. */
static int check_extras(const struct sysfs_root *root, const struct uki *image,
	struct bootmenu_change *change)
{
	char text[3 * NAME_MAX];

	if (!hostfile_exists(root, "%s/%s.extra.d", image->directory, image->name))
		return 0;
	text_join(text, sizeof(text), image->directory, "/", image->name,
		".extra.d counts for the normal image alone: copy what the others need into "
		"directories of their names",
		NULL);
	return bootmenu_advise(change, text);
}

static int judge_original(
	const struct sysfs_root *root, const struct judge *judge, struct uki *image)
{
	int r;

	if (judge->wanted->n && !image->cmdline[0])
		return object(judge, image, "",
			" has no command line inside, to which arguments could be added");
	r = judge_arguments(judge, image);
	if (r < 0 || image->skipped || !judge->wanted->n)
		return r;
	r = judge_obstacles(judge, image);
	return r < 0 ? r : check_extras(root, image, judge->change);
}

static int judge_all(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu_change *change, struct ukiplan *plan)
{
	_cleanup_free_ char *running = NULL;
	int r = cmdline_read_if_any(root, &running);
	int leaks = r < 0 ? r : bootmenu_may_leak(root, wanted);
	struct judge judge = {plan, wanted, change, leaks > 0, running};
	struct ukis *images = &plan->images;
	bool originals = false;

	if (leaks < 0)
		return leaks;
	for (size_t i = 0; r == 0 && i < images->n; i++)
		r = judge_rivals(&judge, &images->images[i]);
	for (size_t i = 0; r == 0 && i < images->n; i++) {
		struct uki *image = &images->images[i];

		originals |= !image->id[0];
		if (!image->id[0] && !image->skipped)
			r = judge_original(root, &judge, image);
	}
	if (r == 0 && wanted->n && !originals)
		return bootmenu_fail(
			change, "no unified kernel image of this system is in EFI/Linux");
	return r;
}

static bool is_wanted(const struct ukis *images, const struct uki *ours,
	const struct bootentries *wanted)
{
	for (size_t i = 0; i < images->n; i++)
		for (unsigned j = 0; !images->images[i].id[0] && j < wanted->n; j++)
			if (uki_find_copy(images, &images->images[i],
				    &wanted->entries[j]) == ours)
				return true;
	return false;
}

static int add_step(struct ukiplan *plan, enum ukiplan_kind kind, const struct uki *image,
	const struct bootentry *entry)
{
	struct ukiplan_step *more =
		realloc(plan->steps, (plan->n + 1) * sizeof(*plan->steps));

	if (!more)
		return -ENOMEM;
	plan->steps = more;
	more[plan->n++] = (struct ukiplan_step){kind, image, entry};
	return 0;
}

static int add_copies(
	struct ukiplan *plan, const struct uki *image, const struct bootentries *wanted)
{
	int r = 0;

	for (unsigned j = 0; r == 0 && j < wanted->n; j++) {
		r = ukiplan_is_fresh(&plan->images, image, &wanted->entries[j]);
		if (r == 0)
			r = add_step(plan, UKIPLAN_COPY, image, &wanted->entries[j]);
		else if (r > 0)
			r = 0;
	}
	return r;
}

int ukiplan_make(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu_change *change, struct ukiplan *ret)
{
	const struct ukis *images = &ret->images;
	int r = ukiplan_look(root, change, ret);

	if (r == 0)
		r = judge_all(root, wanted, change, ret);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (images->images[i].id[0] &&
			!is_wanted(images, &images->images[i], wanted))
			r = add_step(ret, UKIPLAN_DELETE, &images->images[i], NULL);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (images->images[i].leaks)
			r = add_step(ret, UKIPLAN_REPAIR, &images->images[i], NULL);
	for (size_t i = 0; r == 0 && i < images->n; i++)
		if (!images->images[i].id[0] && !images->images[i].skipped)
			r = add_copies(ret, &images->images[i], wanted);
	return r;
}
