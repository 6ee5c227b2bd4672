/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the entries of the boot menu start, as text and JSON: "ready" is said of an entry, not of an image. */
#include <ctype.h>

#include "cli.h"

#define HAS "an image that has today's configuration"

/* ---- text -------------------------------------------------------------------------------- */

/* What is to be said of an image, as the end of a sentence; @why: one of its own, or "". */
static void print_state(enum image_state state, const char *why)
{
	static const char *const texts[] = {
		[IMAGE_FRESH] = "is up to date",
		[IMAGE_STALE] = "is out of date",
		[IMAGE_WITHOUT] = "is without vfioboot",
		[IMAGE_MISSING] = "is missing",
		[IMAGE_UNKNOWN] = "may be out of date",
	};
	bool is_told = state == IMAGE_MISSING || state == IMAGE_FRESH;

	cli_print(" %s%s%s%s\n", texts[state], *why && !is_told ? ": " : "",
		is_told ? "" : why, full_stop(*why && !is_told ? why : "-"));
}

/* What an entry starts, behind its title. */
static void print_started(const struct chain *chain, const struct chain_entry *entry)
{
	const struct chain_image *image =
		entry->image == CHAIN_NO_IMAGE ? NULL : &chain->images[entry->image];
	bool of_image = image && image->state == entry->state;

	if (entry->state == IMAGE_FRESH) {
		cli_print(" starts " HAS ".\n");
	} else if (!image) {
		cli_print(": %s%s\n", entry->why.text, full_stop(entry->why.text));
	} else if (entry->state == IMAGE_MISSING && !of_image) {
		cli_print(" lacks a file that it loads: %s%s\n", entry->why.text,
			full_stop(entry->why.text));
	} else if (of_image || entry->state == IMAGE_UNKNOWN) {
		cli_print(" starts %s%s%s%s, which", image->path,
			*entry->kernel ? " (kernel " : "", entry->kernel,
			*entry->kernel ? ")" : "");
		print_state(entry->state, entry->why.text);
	} else if (entry->state == IMAGE_STALE) {
		cli_print(
			" starts %s with other files, and together they are out of date: "
			"%s%s\n",
			image->path, entry->why.text, full_stop(entry->why.text));
	} else {
		cli_print(" starts %s, but %s: %s%s\n", image->path,
			entry->why.code == -ENODEV
				? "does not bind all that is configured"
				: "binds nothing",
			entry->why.text, full_stop(entry->why.text));
	}
}

/* The one that is known to start when nobody chooses: several menus have a default each. */
static const struct chain_entry *find_default(const struct chain *chain)
{
	const struct chain_entry *entry;

	chain_ready(chain, &entry);
	return chain->unknown.code ? NULL : entry;
}

static bool all_are_fresh(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_entries; i++)
		if (chain->entries[i].state != IMAGE_FRESH)
			return false;
	return true;
}

/* The entry of the next boot, when nobody chooses. */
static void print_default(const struct chain *chain)
{
	const struct chain_entry *entry;
	enum image_state state = chain_ready(chain, &entry);

	if (chain->unknown.code) {
		cli_print("Whether the next boot starts " HAS " is not known: %s; %s.\n",
			chain->unknown.text, chain->unknown.remedy);
	} else if (entry) {
		cli_print("The default entry '%s'", entry->said->title);
		print_started(chain, entry);
	} else if (state == IMAGE_FRESH) {
		printf("Every entry of the boot menu starts " HAS ".\n");
	} else {
		printf("Which entry starts by default is not known, and %s.\n",
			all_are_fresh(chain) ? "it may be one of another system"
					     : "not every entry starts " HAS);
	}
}

static void print_next(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *entry = &chain->entries[i];

		if (!entry->is_next || entry == find_default(chain))
			continue;
		cli_print("The next boot, once, is that of the entry '%s', which",
			entry->said->title);
		print_started(chain, entry);
	}
}

/* Whether an entry before this one says the same. */
static bool is_repeated(const struct chain *chain, size_t number)
{
	const struct chain_entry *entry = &chain->entries[number];

	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *other = &chain->entries[i];
		bool told = i < number || other == find_default(chain);

		if (told && other->image == entry->image &&
			other->state == entry->state &&
			strcmp(other->why.text, entry->why.text) == 0)
			return true;
	}
	return false;
}

static void print_others(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *entry = &chain->entries[i];

		if (entry->state == IMAGE_FRESH || entry->is_next ||
			entry == find_default(chain) || is_repeated(chain, i))
			continue;
		cli_print("The entry '%s'", entry->said->title);
		print_started(chain, entry);
	}
}

/* Those that no entry starts, as far as that is known. */
static void print_images(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_images; i++) {
		const struct chain_image *image = &chain->images[i];

		if (image->is_started ||
			(chain->unknown.code && image->state == IMAGE_FRESH))
			continue;
		if (chain->unknown.code) {
			cli_print("%s (kernel %s)", image->path, image->kernel);
			print_state(image->state, image->why.text);
			continue;
		}
		if (image->state != IMAGE_MISSING)
			cli_print("No entry of the boot menu starts %s.\n", image->path);
		else if (image->maker && image->maker->adds_entry)
			cli_print("The kernel %s has no image and no entry.\n",
				image->kernel);
	}
}

void chain_text_print(const struct chain *chain)
{
	char problem[MESSAGE_LINE_SIZE];
	unsigned repairable = 0;
	size_t fresh = 0;

	print_default(chain);
	print_next(chain);
	print_others(chain);
	print_images(chain);
	for (size_t i = 0; i < chain->n_images; i++) {
		fresh += chain->images[i].state == IMAGE_FRESH;
		repairable += chain->images[i].state != IMAGE_UNKNOWN &&
			apply_makes(chain, &chain->images[i], IMAGECHECK_NOW);
	}
	if (repairable && !chain->loaders.unmounted[0])
		printf("Run 'sudo vfioboot apply' to rebuild %s.\n",
			repairable == 1 ? "it" : "them");
	else if (chain->unknown.code && fresh && fresh == chain->n_images)
		printf("The initramfs image%s of %s up to date.\n", fresh == 1 ? "" : "s",
			fresh == 1 ? "the installed kernel is"
				   : "all installed kernels are");
	message_line(&chain->problem, problem);
	if (*problem)
		cli_print("%s: %s%s\n",
			chain->n_images ? "Images cannot be rebuilt"
					: "No initramfs image was found",
			problem, full_stop(problem));
	else if (!chain->n_images)
		printf("No initramfs image was found.\n");
}

/* ---- what the next boot depends on ------------------------------------------------------- */

/* Whatever starts, as far as that is known. */
static bool may_be_outdated(const struct chain *chain)
{
	for (size_t i = 0; chain->unknown.code && i < chain->n_images; i++)
		if (chain->images[i].state != IMAGE_FRESH)
			return true;
	return !all_are_fresh(chain);
}

const char *chain_text_condition(const struct nextboot *next, const struct chain *chain)
{
	const struct chain_entry *entry = chain_next(chain, NULL);

	if (next->unknown.code)
		return may_be_outdated(chain)
			? ", if it has the parameters of this one and an image that is up to "
			  "date"
			: ", if it has the parameters of this one";
	if (nextboot_iommu_unknown(next))
		return ", if it has an IOMMU";
	if (!entry || entry->state == IMAGE_FRESH)
		return "";
	if (entry->state == IMAGE_WITHOUT && entry->why.code == -ENODEV)
		return ", but for what needs a driver that its kernel lacks";
	if (nextboot_hindrance(next) ||
		(entry->lacks.code && entry->lacks.code != -ENODEV) ||
		(entry->image != CHAIN_NO_IMAGE && entry->state == IMAGE_WITHOUT &&
			chain->images[entry->image].state == IMAGE_FRESH))
		return NULL;
	return entry->state == IMAGE_UNKNOWN ? ", if its image is up to date"
					     : ", once its image is up to date";
}

const char *chain_text_hindrance(const struct nextboot *next)
{
	const struct chain_entry *entry = next->entry;

	if (nextboot_hindrance(next))
		return nextboot_hindrance(next);
	return entry->lacks.code ? entry->lacks.text : entry->why.text;
}

static bool can_apply(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_images; i++)
		if (apply_makes(chain, &chain->images[i], IMAGECHECK_NOW))
			return true;
	return chain->lacks_file;
}

/* Of a default entry that apply does not make ready; "": it is not known. */
static const char *remedy_by_hand(
	const struct chain *chain, const struct chain_entry *entry)
{
	const struct chain_image *image =
		entry->image == CHAIN_NO_IMAGE ? NULL : &chain->images[entry->image];

	if (*entry->why.remedy)
		return entry->why.remedy;
	if (image && image->state == IMAGE_FRESH)
		return "correct the boot entry";
	return *chain->problem.remedy || !image ? chain->problem.remedy
						: image->by_hand.remedy;
}

void chain_text_remedy(
	const struct chain *chain, bool active, char ret[static MESSAGE_LINE_SIZE])
{
	const struct chain_entry *entry;
	enum image_state state = chain_ready(chain, &entry);
	const char *by_hand = entry && state != IMAGE_UNKNOWN && !can_apply(chain)
		? remedy_by_hand(chain, entry)
		: "";
	const char *mount = chain->loaders.mount;

	if (chain->elsewhere)
		strcpy(ret, "see vfioboot-images(7)");
	/* What is not mounted is in nobody's reach, that of apply neither. */
	else if (*chain->loaders.unmounted)
		snprintf(ret, MESSAGE_LINE_SIZE,
			"%s%s%s, then run 'sudo vfioboot apply'%s",
			*mount ? "run '" : "mount the EFI system partition", mount,
			*mount ? "'" : "", active ? ", then reboot" : "");
	else if (entry && state == IMAGE_FRESH)
		strcpy(ret,
			active ? "reboot, as the image of the default entry is up to date"
			       : "the image of the default entry is up to date");
	else
		snprintf(ret, MESSAGE_LINE_SIZE, "%s%s",
			*by_hand ? by_hand : "run 'sudo vfioboot apply'",
			active ? ", then reboot" : "");
}

void chain_text_nothing(const struct config *config, const struct chain *chain,
	bool bound, char *ret, size_t size)
{
	const struct chain_entry *entry = chain_next(chain, NULL);
	char remedy[MESSAGE_LINE_SIZE];

	if (config->n_errors || !entry || entry->state != IMAGE_STALE) {
		text_join(ret, size,
			bound && !config->n_errors
				? "Nothing is configured any more: the next boot leaves every "
				  "device to its native driver."
				: sections_none(config),
			NULL);
		return;
	}
	chain_text_remedy(chain, true, remedy);
	*remedy = (char)toupper((unsigned char)*remedy);
	snprintf(ret, size,
		"Nothing is configured%s, but the entry '%s' starts an image that may still "
		"bind devices.\n%s.",
		config->n_others ? " for this machine" : "", entry->said->title, remedy);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void add_entry(struct json_object *list, const struct chain_entry *entry)
{
	struct json_object *object = json_add_object(list, NULL), *images;

	json_add_text(object, "title", entry->said->title);
	json_add_text(object, "id", entry->said->boot_id);
	json_add_text(object, "loader", entry->loader->name);
	json_add_bool(object, "default", entry->is_default);
	json_add_bool(object, "next", entry->is_next);
	json_add_text(object, "kernel", entry->kernel);
	images = json_add_array(object, "images");
	for (size_t i = 0; i < entry->said->initrds.n; i++)
		json_add_text(images, NULL, entry->said->initrds.names[i]);
	json_add_text(object, "state", image_state_word(entry->state));
	json_add_text(object, "why", entry->why.text);
}

static void add_ready(struct json_object *top, const struct chain *chain)
{
	const struct chain_entry *entry;
	enum image_state state = chain_ready(chain, &entry);

	json_add_bool_if(top, "ready", state != IMAGE_UNKNOWN, state == IMAGE_FRESH);
	json_add_text(top, "ready_unknown", chain->unknown.text);
}

void chain_text_add_json(struct json_object *top, const struct chain *chain)
{
	const struct bootloader *loader = chain->loaders.owner;
	struct json_object *list;
	char problem[MESSAGE_LINE_SIZE];

	json_add_text(top, "loader", loader ? loader->name : "");
	add_ready(top, chain);
	list = json_add_array(top, "entries");
	for (size_t i = 0; i < chain->n_entries; i++)
		add_entry(list, &chain->entries[i]);
	list = json_add_array(top, "images");
	for (size_t i = 0; i < chain->n_images; i++) {
		const struct chain_image *image = &chain->images[i];
		struct json_object *object = json_add_object(list, NULL);

		json_add_text(object, "kernel", image->kernel);
		json_add_text(object, "path", image->path);
		json_add_text(object, "state", image_state_word(image->state));
		json_add_text(object, "why", image->why.text);
		json_add_bool_if(
			object, "started", !chain->unknown.code, image->is_started);
	}
	json_add_text(top, "images_problem", message_line(&chain->problem, problem));
}
