/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the next boot starts: the images, who makes them, and what loads them. */
#include "base/base.h"
#include "chain/chain.h"
#include "params/params.h"
#include "private.h"

static void add_generator(struct check_host *host, const struct chain *chain)
{
	const struct message *problem = &chain->problem;
	bool needed = false;

	for (size_t i = 0; check_needs_image(host) && i < chain->n_images; i++)
		needed |= chain->images[i].state != IMAGE_FRESH;
	if (!problem->code) {
		check_pass(host, "", "%s makes the images", chain->generator->name);
	} else if (!chain->generator && initramfs_has_programs(host->root) && !needed &&
		(chain->n_images || !check_needs_image(host))) {
		check_pass(host, "", "%s, and no image has to be made", problem->text);
	} else if (initramfs_has_programs(host->root)) {
		check_fail(host, "", "%s", problem->text);
		check_remedy(host, "%s", problem->remedy);
	} else {
		check_unseen(host, "",
			"what makes the images of this machine is not known: no programs "
			"are here");
	}
}

/* The entries that load an image: the default one by its title, or another, and how many more. */
static void name_starters(const struct chain *chain, size_t image, char *ret, size_t size)
{
	const struct chain_entry *named = NULL;
	unsigned n = 0;
	char more[32] = "";

	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *entry = &chain->entries[i];

		if (entry->image != image)
			continue;
		named = named && !entry->is_default ? named : entry;
		n++;
	}
	*ret = '\0';
	if (!named)
		return;
	if (n > 1)
		snprintf(more, sizeof(more), " and %u other%s", n - 1, n > 2 ? "s" : "");
	snprintf(ret, size, "%s'%s'%s start%s ",
		named->is_default ? "the default entry " : "", named->said->title, more,
		n > 1 ? "" : "s");
}

/* What to do for an image that is not as it should be. */
static const char *image_remedy(const struct chain *chain,
	const struct chain_image *image, char line[static MESSAGE_LINE_SIZE])
{
	/* apply builds nothing beside a menu that is out of sight. */
	if (chain->loaders.unmounted[0])
		return chain->unknown.remedy;
	if (apply_makes(chain, image, IMAGECHECK_NOW))
		return "run 'sudo vfioboot apply'";
	if (chain->generator || !*chain->problem.remedy)
		return message_line(&image->by_hand, line);
	return chain->problem.remedy;
}

/* What is wrong with an image that has to be rebuilt; false: nothing. */
static bool add_fault(struct check_host *host, const struct chain_image *image,
	const char *by, const char *which)
{
	const char *kernel = image->kernel, *path = image->path, *why = image->why.text;

	if (image->state == IMAGE_WITHOUT && check_needs_image(host))
		check_fail(host, kernel, "%s%s%s is without vfioboot", by, path, which);
	else if (image->state == IMAGE_STALE)
		check_fail(host, kernel, "%s%s%s is out of date%s%s", by, path, which,
			*why ? ": " : "", why);
	else if (image->state == IMAGE_MISSING && *by)
		check_fail(host, kernel, "%s%s, which is missing", by, path);
	else if (image->state == IMAGE_MISSING && check_needs_image(host))
		check_fail(host, kernel, "it has no image (%s)", path);
	else
		return false;
	return true;
}

static void add_image(struct check_host *host, const struct chain *chain,
	const struct chain_image *image)
{
	const char *kernel = image->kernel, *path = image->path, *which;
	char by[512], line[MESSAGE_LINE_SIZE];

	name_starters(chain, (size_t)(image - chain->images), by, sizeof(by));
	which = *by ? ", which" : "";
	if (add_fault(host, image, by, which)) {
		check_remedy(host, "%s", image_remedy(chain, image, line));
	} else if (image->state == IMAGE_FRESH) {
		check_pass(host, kernel, "%s%s%s contains the current configuration", by,
			path, which);
	} else if (image->state == IMAGE_MISSING) {
		check_pass(host, kernel, "it has no image, and nothing is configured");
	} else if (image->state == IMAGE_WITHOUT) {
		check_pass(host, kernel,
			"%s%s%s is without vfioboot, and nothing is configured", by, path,
			which);
	} else {
		check_unknown(host, kernel, "%s%s%s cannot be read: %s", by, path, which,
			image->why.text);
		check_remedy(host, "run 'sudo vfioboot check'");
	}
}

/* Whether the next boot depends on it, or a person can choose it as an entry of ours. */
static bool is_of_interest(const struct chain *chain, size_t image)
{
	const struct chain_image *what = &chain->images[image];
	const struct chain_entry *first;

	chain_ready(chain, &first);
	if (chain->unknown.code || apply_makes(chain, what, IMAGECHECK_NOW) ||
		(what->is_started && what->state == IMAGE_FRESH))
		return true;
	for (size_t i = 0; i < chain->n_entries; i++)
		if (chain->entries[i].image == image &&
			(!first || &chain->entries[i] == first ||
				chain->entries[i].said->kind == BOOTMENU_OURS))
			return true;
	return false;
}

/* What the entries come to where that is not told by their images. */
static void add_ready(struct check_host *host, const struct chain *chain)
{
	const struct chain_entry *entry;
	enum image_state state = chain_ready(chain, &entry);
	const struct chain_image *image = entry && entry->image != CHAIN_NO_IMAGE
		? &chain->images[entry->image]
		: NULL;

	if (chain->unknown.code) {
		check_unknown(host, "", "%s is not known: %s",
			chain->n_images
				? "whether the next boot starts one of these images"
				: "which image the next boot starts",
			chain->unknown.text);
		check_remedy_live(host, "%s", chain->unknown.remedy);
	} else if (entry && (!image || image->state != state)) {
		check_add(host,
			state == IMAGE_FRESH             ? CHECK_PASS
				: state == IMAGE_UNKNOWN ? CHECK_UNKNOWN
							 : CHECK_FAIL,
			"", "the default entry '%s': %s", entry->said->title,
			entry->why.text);
		check_remedy(host, "%s",
			entry->why.remedy[0] ? entry->why.remedy : "correct that entry");
	} else if (!entry && state == IMAGE_UNKNOWN && chain->n_entries) {
		check_unknown(host, "", "which entry starts by default is not known");
		check_remedy(host,
			"set a default entry, or bring the images of all of them up to date");
	}
}

static void report_images(struct check_host *host, const struct chain *chain)
{
	size_t before = host->list->n;

	for (size_t i = 0; i < chain->n_images; i++)
		if (is_of_interest(chain, i))
			add_image(host, chain, &chain->images[i]);
	if (chain->n_images || chain->n_entries ||
		(chain->loaders.owner && chain->unknown.code))
		add_ready(host, chain);
	if (host->list->n > before)
		return;
	if (!check_needs_image(host) && facts_kernels(host->facts)->n)
		check_pass(host, "", "no image was found, and nothing is configured");
	else
		check_unseen(host, "", "no installed kernel was found, and no image");
}

/* Opening them is slow: once for both of their points. */
static void check_images(struct check_host *host)
{
	const struct nextboot *next = host->next;
	int r = chain_follow(
		host->root, next->protect_traced ? &next->protect : NULL, host->chain);

	if (r < 0) {
		check_unknown(host, "", "cannot read the images: %s", check_why(r));
		check_remedy(host, "run 'sudo vfioboot check'");
		return;
	}
	host->name = "generator";
	add_generator(host, host->chain);
	host->name = "image";
	report_images(host, host->chain);
}

/* Of a rule that is in effect nothing is said; images have theirs looked at with them. */
static void check_udev_rule(struct check_host *host)
{
	static const char own[] = "/etc/udev/rules.d/60-vfioboot.rules";
	bool there = file_exists(host->root, IMAGECHECK_RULE);

	if (!check_needs_image(host) || !file_exists(host->root, IMAGECHECK_PROGRAM) ||
		(there && !file_exists(host->root, own)))
		return;
	check_fail(host, "", "functions that appear later are not bound: %s %s",
		there ? own : IMAGECHECK_RULE,
		there ? "takes the place of the rule that binds them" : "is missing");
	if (there)
		check_remedy(host, "remove %s", own);
	else
		check_remedy(host, "install vfioboot again");
}

static void list_found(const struct bootloader_search *search, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < search->n && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s (/%s)",
			i ? ", " : "", search->found[i].loader->title,
			search->found[i].sign);
}

/* Whether something has to be written for the loader: an entry, or a parameter. */
static bool needs_loader(const struct check_host *host)
{
	_cleanup_free_ struct params *params = calloc(1, sizeof(*params));
	const struct params_request request = {0};
	const struct config *config = &host->next->config;
	bool needed = check_needs_image(host) && config->when_selected;

	for (unsigned i = 0; i < config->n_sections; i++)
		needed |= *config->sections[i].profile;
	needed |= file_exists(host->root, BOOTENTRY_FILE);
	if (!params || params_find(host->facts, host->next, &request, params) < 0)
		return needed;
	needed |= params->refused;
	for (unsigned i = 0; i < params->n; i++)
		needed |= params->items[i].kind == PARAMS_NEEDED;
	return needed;
}

#define NOT_NEEDED "neither an entry nor a kernel parameter is needed"

/* Whatever it is, the images work with it: it fails where something has to be written for it. */
static void report_unknown(
	struct check_host *host, const struct bootloader_search *search)
{
	bool needed = needs_loader(host);
	char found[512] = "";

	list_found(search, found, sizeof(found));
	if (search->is_program)
		check_unknown(host, "",
			"the firmware starts %s, which vfioboot does not know",
			search->named);
	else if (*search->named)
		check_unknown(host, "",
			"%s starts the kernel, which vfioboot does not know",
			search->named);
	else if (search->n)
		check_unknown(host, "",
			"which of these starts the kernel is not known: %s", found);
	else
		check_add(host,
			needed && check_is_configured(host) ? CHECK_FAIL : CHECK_UNKNOWN,
			"", "no boot loader that vfioboot knows was found");
	if (!needed && search->n)
		check_remedy(host,
			"nothing: the entries of each are looked at, and " NOT_NEEDED);
	else if (!needed)
		check_remedy(host,
			"see in its configuration which images it starts; " NOT_NEEDED);
	else if (search->n && !search->is_program)
		check_remedy(host,
			"run 'sudo vfioboot entry add --loader NAME' with the one that "
			"starts it");
	else
		check_remedy(host,
			"run 'vfioboot cmdline', and add what it prints, and "
			"vfioboot.profile= for a profile, in the configuration of the "
			"boot loader");
}

static void say_owner(struct check_host *host, const struct bootloader_search *search)
{
	struct message unmounted = {0};
	char how[96] = "";

	if (*search->named)
		text_join(how, sizeof(how), ", as it reports itself (", search->named,
			")", NULL);
	else if (*bootloader_sign(search, search->owner))
		text_join(how, sizeof(how), " (/", bootloader_sign(search, search->owner),
			")", NULL);
	if (!search->unmounted[0]) {
		check_pass(host, "", "%s starts the kernel%s", search->owner->title, how);
		return;
	}
	bootloader_say_unmounted(search, &unmounted);
	check_unknown(host, "",
		"%s starts the kernel%s; what it reads is not known, since %s is not mounted",
		search->owner->title, how, search->unmounted);
	check_remedy(host, "%s", unmounted.remedy);
}

static void check_loader(struct check_host *host)
{
	const struct bootloader_search *search = &host->chain->loaders;
	bool is_whole =
		file_exists(host->root, "boot") && initramfs_has_programs(host->root);

	if (search->owner) {
		say_owner(host, search);
	} else if (search->hidden) {
		check_unknown(host, "",
			"what starts the kernel is not known: only root can read some of "
			"the files");
		check_remedy(host, "run 'sudo vfioboot check'");
	} else if (search->n || *search->named || is_whole) {
		report_unknown(host, search);
	} else {
		check_unseen(host, "",
			"what starts the kernel is not known: none of its files is here");
	}
}

static const struct check checks[] = {
	{"image", check_images, NULL},
	{"udev-rule", check_udev_rule, NULL},
	{"boot-loader", check_loader, NULL},
};

const struct check_theme check_boot_theme = {"Next boot", checks, ARRAY_SIZE(checks)};
