/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the next boot starts: the images, who makes them, and what loads them. */
#include "base/base.h"
#include "chain/chain.h"
#include "private.h"

/* The problem has its remedy behind a colon. */
static void add_generator(struct check_host *host, const struct images *images)
{
	const char *colon = strstr(images->problem, ": ");
	size_t len = colon ? (size_t)(colon - images->problem) : strlen(images->problem);

	if (images->generator) {
		check_pass(host, "", "%s makes the images", images->generator->name);
	} else if (initramfs_has_programs(host->root)) {
		check_fail(host, "", "%.*s", (int)len, images->problem);
		check_remedy(host, "%s",
			colon ? colon + 2 : "install a generator of initramfs images");
	} else {
		check_unseen(host, "",
			"what makes the images of this machine is not known: no programs "
			"are here");
	}
}

static void add_image(struct check_host *host, const struct image *image)
{
	const char *apply = "run 'sudo vfioboot apply'";

	switch (image->state) {
	case IMAGE_FRESH:
		check_pass(host, image->kernel, "%s contains the current configuration",
			image->path);
		return;
	case IMAGE_WITHOUT:
		if (!host->next->config.n_sections) {
			check_pass(host, image->kernel,
				"%s is without vfioboot, and nothing is configured",
				image->path);
			return;
		}
		check_fail(host, image->kernel, "%s is without vfioboot", image->path);
		break;
	case IMAGE_STALE:
		check_fail(host, image->kernel, "%s is stale%s%s", image->path,
			*image->why ? ": " : "", image->why);
		break;
	case IMAGE_MISSING:
		check_fail(host, image->kernel, "it has no image (%s)", image->path);
		break;
	default:
		check_unknown(host, image->kernel, "cannot read %s: %s", image->path,
			image->why);
		apply = "run 'sudo vfioboot check'";
	}
	check_remedy(host, "%s", apply);
}

static void report_images(struct check_host *host, const struct images *images)
{
	for (size_t i = 0; i < images->n; i++)
		add_image(host, &images->images[i]);
	if (images->n)
		return;
	check_unseen(host, "", "no installed kernel was found, and no image");
}

/* Opening them is slow: once for both of their points. */
static void check_images(struct check_host *host)
{
	_cleanup_(images_free) struct images images = {0};
	const struct nextboot *next = host->next;
	int r = images_inspect(
		host->root, next->protect_traced ? &next->protect : NULL, &images);

	if (r < 0) {
		check_unknown(host, "", "cannot read the images: %s", check_why(r));
		check_remedy(host, "run 'sudo vfioboot check'");
		return;
	}
	host->name = "generator";
	add_generator(host, &images);
	host->name = "image";
	report_images(host, &images);
}

static const char *sign_of(
	const struct bootloader_search *search, const struct bootloader *loader)
{
	for (size_t i = 0; i < search->n; i++)
		if (search->found[i].loader == loader)
			return search->found[i].sign;
	return "";
}

static void list_found(const struct bootloader_search *search, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < search->n && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s (/%s)",
			i ? ", " : "", search->found[i].loader->title,
			search->found[i].sign);
}

static void check_loader(struct check_host *host)
{
	struct bootloader_search search;
	char found[512] = "";

	bootloader_find(host->root, &search);
	list_found(&search, found, sizeof(found));
	if (search.owner && *search.named) {
		check_pass(host, "", "%s starts the kernel, as it reports itself (%s)",
			search.owner->title, search.named);
	} else if (search.owner) {
		check_pass(host, "", "%s starts the kernel (/%s)", search.owner->title,
			sign_of(&search, search.owner));
	} else if (search.hidden) {
		check_unknown(host, "",
			"what starts the kernel is not known: only root can read some of "
			"the files");
		check_remedy(host, "run 'sudo vfioboot check'");
	} else if (search.n) {
		check_unknown(host, "",
			"which of these starts the kernel is not known: %s", found);
		check_remedy(host, "nothing: the images work with any of them");
	} else if (file_exists(host->root, "boot") &&
		initramfs_has_programs(host->root)) {
		check_fail(host, "", "no boot loader that vfioboot knows was found");
		check_remedy(host,
			"the images work with any boot loader; if kernel parameters are "
			"needed, add them in its configuration");
	} else {
		check_unseen(host, "",
			"what starts the kernel is not known: none of its files is here");
	}
}

static const struct check checks[] = {
	{"image", check_images, NULL},
	{"boot-loader", check_loader, NULL},
};

const struct check_theme check_boot_theme = {"Next boot", checks, ARRAY_SIZE(checks)};
