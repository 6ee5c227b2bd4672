/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the loader to its entries, from these to the files that they load, and from a file to who
 * builds it.  What a generator would write counts for nothing unless an entry loads it.
 */
#include "follow.h"

#include "base/base.h"
#include "chain/loaders/ukify.h"
#include "checksums.h"
#include "initrds.h"
#include "segment.h"

#define VFIO_PCI "vfio-pci" /* the driver of sections that name none */

/* What is known while the chain is followed. */
struct search {
	const struct root *root;
	struct imagecheck *check; /* of initrds */
	bool needed;              /* as it is by the files */
	bool named; /* what is started is not known, and this boot has vfioboot.device= */
	struct initrds initrds;
	struct chain chain;
};

/* ---- images ------------------------------------------------------------------------------ */

/* The index of the image in this file; CHAIN_NO_IMAGE for none. */
static size_t find_image(const struct search *search, size_t file)
{
	for (size_t i = 0; i < search->chain.n_images; i++)
		if (search->chain.images[i].file == file)
			return i;
	return CHAIN_NO_IMAGE;
}

/* Adds the image that is in a file, if it is not there yet. */
static int add_image(
	struct search *search, const char *path, size_t file, size_t *ret_index)
{
	struct chain *chain = &search->chain;
	struct chain_image *image;

	*ret_index = find_image(search, file);
	if (*ret_index != CHAIN_NO_IMAGE)
		return 0;
	*ret_index = chain->n_images;
	image = LIST_ADD(chain->images, chain->n_images);
	if (!image)
		return -ENOMEM;
	image->file = file;
	image->path = strdup(path);
	return image->path ? 0 : -ENOMEM;
}

static int set_text(char **text, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

/* One that the generator writes, or would write. */
static int add_written(
	struct search *search, const struct kernel *kernel, const char *path)
{
	const struct initramfs_generator *generator = search->chain.generator;
	struct chain_image *image;
	size_t file, index;
	int r = initrds_open(&search->initrds, path, &file);

	r = r < 0 ? r : add_image(search, path, file, &index);
	if (r < 0)
		return r;
	image = &search->chain.images[index];
	/* One file system may be mounted at two of the places. */
	if (image->kernel)
		return 0;
	if (generator &&
		initramfs_knows(generator, search->root, kernel, path, &image->by_hand))
		image->maker = generator;
	r = set_text(&image->kernel, kernel->release);
	return r < 0 ? r : set_text(&image->written, path);
}

static int add_all_written(struct search *search)
{
	const struct chain *chain = &search->chain;
	int r = 0;

	for (size_t i = 0; r == 0 && i < chain->kernels.n; i++) {
		_cleanup_(file_free_names) struct file_names names = {0};
		const struct kernel *kernel = &chain->kernels.kernels[i];

		r = initramfs_find(chain->generator, search->root, kernel, &names);
		for (size_t j = 0; r == 0 && j < names.n; j++)
			r = add_written(search, kernel, names.names[j]);
	}
	return r;
}

/* ---- entries ----------------------------------------------------------------------------- */

/* The image of one file that an entry loads, which is called as the entry does. */
static int add_started(struct search *search, const char *path, size_t *ret_index)
{
	struct chain_image *image;
	size_t file;
	int r = initrds_open(&search->initrds, path, &file);

	r = r < 0 ? r : add_image(search, path, file, ret_index);
	if (r < 0)
		return r;
	image = &search->chain.images[*ret_index];
	image->is_started = true;
	/* A new image takes the place of the file that a link leads to. */
	return file_is_link(search->root, path) ? 0 : set_text(&image->path, path);
}

/*
 * Which of the files is the image: the last one that a generator makes, or the last at all that
 * has more than microcode.  Others are put over it, or below it.  NULL for none.
 */
static int find_main(
	struct search *search, const struct file_names *names, const char **ret)
{
	bool made = false;

	*ret = NULL;
	for (size_t i = 0; i < names->n; i++) {
		const struct initrd *initrd;
		size_t file;
		int r = initrds_open(&search->initrds, names->names[i], &file);

		if (r < 0)
			return r;
		initrd = &search->initrds.list[file];
		if (find_image(search, file) != CHAIN_NO_IMAGE ||
			initramfs_maker(&initrd->file)) {
			made = true;
			*ret = names->names[i];
		} else if (!made && !initrd->is_early) {
			*ret = names->names[i];
		}
	}
	return 0;
}

static const struct kernel *find_file(
	const struct root *root, const struct kernels *kernels, const char *path)
{
	struct stat own, other;

	if (file_stat(root, path, &own) < 0)
		return NULL;
	for (size_t i = 0; i < kernels->n; i++)
		if (file_stat(root, kernels->kernels[i].file, &other) == 0 &&
			own.st_dev == other.st_dev && own.st_ino == other.st_ino)
			return &kernels->kernels[i];
	return NULL;
}

const struct kernel *chain_kernel(const struct root *root, const struct kernels *kernels,
	const struct bootmenu_entry *said, bool *ret_is_another)
{
	const struct kernel *kernel = kernels_get(kernels, said->kernel);
	char release[NAME_MAX + 1];

	*ret_is_another = false;
	if (!kernel && said->kernel_path[0] && !said->unified)
		kernel = find_file(root, kernels, said->kernel_path);
	if (!kernel && said->kernel_path[0] &&
		kernel_release_read(root, said->kernel_path, release, sizeof(release)) ==
			0) {
		kernel = kernels_get(kernels, release);
		*ret_is_another = !kernel;
	}
	return kernel;
}

/* Which installed kernel an entry starts: that, or by the modules that its image has.  "": none. */
static const char *find_kernel(
	const struct search *search, const struct bootmenu_entry *said, size_t image)
{
	const struct chain *chain = &search->chain;
	bool is_another;
	const struct kernel *kernel =
		chain_kernel(search->root, &chain->kernels, said, &is_another);
	char release[NAME_MAX + 1];

	if (is_another)
		return "";
	if (kernel || image == CHAIN_NO_IMAGE)
		return kernel ? kernel->release : "";
	if (chain->images[image].kernel)
		return chain->images[image].kernel;
	kernel = kernels_get(&chain->kernels,
		initrds_release(&search->initrds.list[chain->images[image].file], release,
			sizeof(release)));
	return kernel ? kernel->release : "";
}

/* Whether all its files were found, on a file system that is mounted. */
static bool is_whole(const struct bootmenu_entry *said)
{
	for (size_t i = 0; i < said->initrds.n; i++)
		if (!said->initrds.names[i][0])
			return false;
	return said->kernel_path[0] || said->unified;
}

/* Opens the image of an entry, and finds out which kernel it starts. */
static int open_entry(struct search *search, struct chain_entry *entry)
{
	struct chain *chain = &search->chain;
	const struct bootmenu_entry *said = entry->said;
	const char *path = NULL;
	int r = 0;

	if (is_whole(said))
		r = find_main(search, &said->initrds, &path);
	if (r == 0 && path)
		r = add_started(search, path, &entry->image);
	if (r < 0)
		return r;
	entry->kernel = find_kernel(search, said, entry->image);
	if (entry->image != CHAIN_NO_IMAGE && !chain->images[entry->image].kernel)
		r = set_text(&chain->images[entry->image].kernel, entry->kernel);
	return r;
}

static int open_entries(struct search *search)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < search->chain.n_entries; i++)
		r = open_entry(search, &search->chain.entries[i]);
	return r;
}

/* ---- who builds what no generator names -------------------------------------------------- */

/*
 * The part of a path behind the release of its kernel as a directory, such as "/initrd" behind
 * TOKEN/RELEASE: kernel-install(8) makes such.  NULL for others.
 */
static const char *after_release(const struct chain_image *image, size_t *ret_before)
{
	const char *at = *image->kernel ? strstr(image->path, image->kernel) : NULL;
	size_t len = strlen(image->kernel);

	if (!at || at == image->path || at[-1] != '/' || at[len] != '/')
		return NULL;
	*ret_before = (size_t)(at - image->path);
	return at + len;
}

static bool is_copied(const struct chain *chain, const struct chain_image *image)
{
	size_t before;

	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *entry = &chain->entries[i];

		if (entry->image == (size_t)(image - chain->images) &&
			entry->loader->ops->copies)
			return true;
	}
	return after_release(image, &before) != NULL;
}

/* What a generator that is no plugin of kernel-install writes, and is in the copy. */
static void set_source(struct chain *chain, struct chain_image *copy)
{
	for (size_t i = 0; i < chain->n_images; i++) {
		struct chain_image *image = &chain->images[i];

		if (!image->maker || image->maker != chain->generator ||
			!image->maker->replaces ||
			strcmp(image->kernel, copy->kernel) != 0)
			continue;
		copy->source = image->path;
		image->is_started |= copy->is_started;
		return;
	}
}

/*
 * Debian with entries of kernel-install, or of kernelstub: a hook copies what the generator writes
 * to its own name, or packs it into a unified image, and that is what is started.
 */
static int find_source(struct search *search, struct chain_image *copy)
{
	struct chain *chain = &search->chain;
	const struct kernel *kernel = kernels_get(&chain->kernels, copy->kernel);

	if (copy->maker || copy->by_hand.remedy[0])
		return 0;
	if (!kernel ||
		!initramfs_kernel_install_unifies(search->root, kernel, copy->path)) {
		if (is_copied(chain, copy))
			set_source(chain, copy);
		return 0;
	}
	if (initramfs_knows(&initramfs_kernel_install, search->root, kernel, copy->path,
		    &copy->by_hand)) {
		copy->maker = &initramfs_kernel_install;
		set_source(chain, copy);
	}
	return set_text(&copy->written, copy->path);
}

/*
 * Where another kernel has its image in a directory of entries, one that is missing belongs
 * into such a directory too, with an entry: kernel-install makes both.
 */
static int place_missing(struct chain *chain, struct chain_image *missing)
{
	for (size_t i = 0; i < chain->n_images; i++) {
		const struct chain_image *other = &chain->images[i];
		size_t before;
		const char *after = after_release(other, &before);
		char *path;

		if (!after || other->state == IMAGE_MISSING || other->source)
			continue;
		if (asprintf(&path, "%.*s%s%s", (int)before, other->path, missing->kernel,
			    after) < 0)
			return -ENOMEM;
		free(missing->path);
		missing->path = path;
		missing->maker = &initramfs_kernel_install;
		return 0;
	}
	return 0;
}

/* A rescue stays as it was when it was made. */
static bool is_rescue(const struct chain *chain, size_t image)
{
	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *entry = &chain->entries[i];

		if (entry->image == image &&
			(entry->is_default || entry->said->unified ||
				entry->said->kind != BOOTMENU_SYSTEM))
			return false;
	}
	return true;
}

/* The generator may have made one that its settings do not name, as a hook wanted it. */
static bool is_remade(const struct search *search, size_t index)
{
	const struct initramfs_generator *generator = search->chain.generator;
	const struct initrd *initrd =
		&search->initrds.list[search->chain.images[index].file];

	return generator->remakes && !is_rescue(&search->chain, index) &&
		initrd->state == IMAGE_FRESH &&
		initramfs_maker(&initrd->file) == generator &&
		generator->remakes(&initrd->file);
}

/* Of one that the generator's settings do not name: whether it makes it, or what is by hand. */
static int find_maker(const struct search *search, size_t index)
{
	const struct chain *chain = &search->chain;
	struct chain_image *image = &chain->images[index];
	const struct kernel *kernel = kernels_get(&chain->kernels, image->kernel);

	if (image->maker || image->source || image->by_hand.remedy[0])
		return 0;
	if (chain->generator && kernel && is_remade(search, index)) {
		if (initramfs_knows(chain->generator, search->root, kernel, image->path,
			    &image->by_hand))
			image->maker = chain->generator;
		return set_text(&image->written, image->path);
	}
	if (chain->generator && kernel)
		initramfs_knows(
			chain->generator, search->root, kernel, NULL, &image->by_hand);
	if (!image->by_hand.remedy[0])
		initramfs_by_hand(search->root, kernel, image->path, &image->by_hand);
	return 0;
}

/* What has a checksum in the menu is for who writes that menu, too. */
static void keep_checksums(struct search *search)
{
	struct chain *chain = &search->chain;

	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *entry = &chain->entries[i];
		struct chain_image *image;

		if (entry->image == CHAIN_NO_IMAGE)
			continue;
		image = &chain->images[entry->image];
		if (!checksums_has(search->root, &entry->said->checksums, image->path))
			continue;
		image->maker = NULL;
		entry->loader->ops->remake(search->root, &image->by_hand);
	}
}

static int find_makers(struct search *search)
{
	struct chain *chain = &search->chain;
	int r = 0;

	keep_checksums(search);
	for (size_t i = 0; r == 0 && i < chain->n_images; i++)
		r = find_source(search, &chain->images[i]);
	for (size_t i = 0; r == 0 && i < chain->n_images; i++) {
		struct chain_image *image = &chain->images[i];

		if (image->state == IMAGE_MISSING && !image->is_started && image->maker &&
			!image->maker->replaces)
			r = place_missing(chain, image);
		r = r < 0 ? r : find_maker(search, i);
	}
	return r;
}

/* ---- verdicts ---------------------------------------------------------------------------- */

/* Whether a boot of the image has devices on its command line. */
static bool names_devices(const struct search *search, size_t image)
{
	bool named = search->named;

	for (size_t i = 0; i < search->chain.n_entries && !named; i++)
		named = search->chain.entries[i].image == image &&
			search->chain.entries[i].names_devices;
	return named;
}

/* What is judged next is compared with what its boots need: by files, or with devices @named. */
static void set_needed(struct search *search, bool named)
{
	search->check->needed =
		search->needed || (named && search->check->of == IMAGECHECK_NOW);
}

static int judge_images(struct search *search)
{
	for (size_t i = 0; i < search->chain.n_images; i++) {
		struct chain_image *image = &search->chain.images[i];
		int r = image->kernel ? 0 : set_text(&image->kernel, "");

		if (r < 0)
			return r;
		set_needed(search, names_devices(search, i));
		image->state = initrds_judge(
			&search->initrds, &image->file, 1, image->kernel, &image->why);
	}
	return 0;
}

/* Whether ukify signs what kernel-install makes. */
static bool is_of_ukify(const struct search *search, const struct chain_image *image)
{
	char where[512];
	_cleanup_free_ char *generator = initramfs_kernel_install_setting(
		search->root, "uki_generator", where, sizeof(where));

	return image->maker == &initramfs_kernel_install &&
		(generator ? strcmp(generator, "ukify") == 0 : image->source != NULL);
}

/*
 * Whether something can be put behind it without its generator.  Where that starts other programs
 * with a new image, which are for their own work, it is left to it.
 */
static bool is_extensible(const struct search *search, const struct chain_image *image)
{
	return image->state == IMAGE_STALE && image->maker &&
		!initramfs_has_followers(image->maker, search->root) &&
		(!image->is_unified ||
			ukify_can_extend(
				search->root, image->path, is_of_ukify(search, image)));
}

/* What would make outdated images fresh without their generator. */
static int extend_images(struct search *search)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < search->chain.n_images; i++) {
		struct chain_image *image = &search->chain.images[i];

		set_needed(search, names_devices(search, i));
		image->is_unified = search->initrds.list[image->file].file.is_unified;
		if (is_extensible(search, image))
			r = segment_make(search->initrds.check, search->root,
				image->kernel, &search->initrds.list[image->file].file,
				&image->extension);
	}
	return r;
}

/* An entry that loads no image. */
static void judge_bare(struct chain_entry *entry)
{
	const struct bootmenu_entry *said = entry->said;

	entry->state = said->kind == BOOTMENU_ELSE || !is_whole(said) ? IMAGE_UNKNOWN
								      : IMAGE_WITHOUT;
	message_set(&entry->why, -ENOENT, "%s",
		said->kind == BOOTMENU_ELSE ? "it starts no kernel of this system"
			: !is_whole(said)   ? "the files that it loads could not be found"
					  : "it starts the kernel without an initramfs");
}

/*
 * A driver that sections of the entry's boot name and its kernel lacks; "": none is known.  One that is
 * chosen at the boot ("auto") is one that the kernel has.
 */
static int find_lacking(const struct search *search, const struct chain_entry *entry,
	char ret[static CONFIG_DRIVER_SIZE])
{
	_cleanup_(modules_close) struct modules *index = NULL;
	_cleanup_free_ struct config *config = malloc(sizeof(*config));

	*ret = '\0';
	if (!config)
		return -ENOMEM;
	if (!*entry->kernel || modules_open(search->root, entry->kernel, &index) < 0)
		return 0;
	if (modules_lack(index, VFIO_PCI)) {
		strcpy(ret, VFIO_PCI);
		return 0;
	}
	*config = *search->check->config;
	config_read_cmdline(config, entry->said->options);
	for (unsigned i = 0; i < config->n_sections && !*ret; i++) {
		const struct config_section *section = &config->sections[i];

		if (config_section_active(config, section) &&
			config_section_needs_driver(section) &&
			modules_lack(index, section->driver))
			strcpy(ret, section->driver);
	}
	return 0;
}

/* Whether the file of the kernel is gone: the loader stops at such an entry, or goes on with another. */
static bool lacks_kernel(const struct search *search, struct chain_entry *entry)
{
	const char *path = entry->said->kernel_path;
	struct stat st;

	if (!*path || file_stat(search->root, path, &st) != -ENOENT)
		return false;
	entry->state = IMAGE_MISSING;
	message_remedy(
		&entry->why, "rebuild the boot menu, or install that kernel again");
	message_set(&entry->why, -ENOENT, "its kernel %s is missing", path);
	return true;
}

/*
 * What the entry lacks besides an image.  One of ours for a boot without passthrough does what it is for,
 * unless nobody asked.  -ENODEV as its code: it binds what needs no other driver.
 */
static int find_lacks(const struct search *search, struct chain_entry *entry)
{
	bool asked = entry->said->kind == BOOTMENU_OURS && !entry->is_default &&
		!entry->is_next;
	char driver[CONFIG_DRIVER_SIZE];
	int r;

	if (!search->initrds.check->needed)
		return 0;
	if (!asked && entry->hindrance) {
		message_set(&entry->lacks, -EOPNOTSUPP, "%s", entry->hindrance);
		return 0;
	}
	r = find_lacking(search, entry, driver);
	if (r < 0 || !*driver)
		return r;
	message_set(&entry->lacks, strcmp(driver, VFIO_PCI) == 0 ? -EOPNOTSUPP : -ENODEV,
		"its kernel has no %s", driver);
	message_remedy(&entry->lacks,
		"install the package with the rest of the modules of %s, or start another "
		"kernel",
		entry->kernel);
	return 0;
}

void chain_settle_entry(struct chain_entry *entry)
{
	if (entry->state != IMAGE_FRESH || !entry->lacks.code)
		return;
	entry->state = IMAGE_WITHOUT;
	entry->why = entry->lacks;
}

static int judge_start(const struct search *search, struct chain_entry *entry)
{
	int r;

	if (lacks_kernel(search, entry))
		return 0;
	r = find_lacks(search, entry);
	if (r < 0 || entry->state != IMAGE_FRESH)
		return r;
	entry->state =
		checksums_judge(search->root, entry->loader, entry->said, &entry->why);
	chain_settle_entry(entry);
	return 0;
}

/* As the image where that is all; several are judged as the kernel unpacks them. */
static int judge_files(struct search *search, struct chain_entry *entry)
{
	const struct file_names *initrds = &entry->said->initrds;
	_cleanup_free_ size_t *files = calloc(initrds->n + 1, sizeof(*files));
	const struct chain_image *image;
	bool named = search->named || entry->names_devices;
	size_t n = 0;
	int r = files ? 0 : -ENOMEM;

	set_needed(search, named);
	if (entry->image == CHAIN_NO_IMAGE) {
		judge_bare(entry);
		return r;
	}
	image = &search->chain.images[entry->image];
	for (size_t i = 0; r == 0 && i < initrds->n; i++) {
		r = initrds_open(&search->initrds, initrds->names[i], &files[n]);
		if (r == 0 && !search->initrds.list[files[n]].is_early)
			n++;
	}
	if (r < 0)
		return r;
	if (n == 1 && strcmp(entry->kernel, image->kernel) == 0 &&
		named == names_devices(search, entry->image)) {
		entry->state = image->state;
		entry->why = image->why;
		return 0;
	}
	entry->state =
		initrds_judge(&search->initrds, files, n, entry->kernel, &entry->why);
	return 0;
}

/* What an image lacks may be in the files that each of its entries loads with it, as in addons. */
static void complete_image(struct chain *chain, size_t image)
{
	bool complete = false;

	for (size_t i = 0; i < chain->n_entries; i++) {
		if (chain->entries[i].image != image)
			continue;
		if (chain->entries[i].state != IMAGE_FRESH)
			return;
		complete = true;
	}
	if (!complete)
		return;
	chain->images[image].state = IMAGE_FRESH;
	chain->images[image].why = (struct message){0};
}

static int judge_entries(struct search *search)
{
	struct chain *chain = &search->chain;
	int r = 0;

	for (size_t i = 0; r == 0 && i < chain->n_entries; i++) {
		r = judge_files(search, &chain->entries[i]);
		r = r < 0 ? r : judge_start(search, &chain->entries[i]);
	}
	for (size_t i = 0; r == 0 && i < chain->n_images; i++)
		complete_image(chain, i);
	return r;
}

/* ---- the chain --------------------------------------------------------------------------- */

/* Whose devices are on the command line: of entries, or else of this boot. */
static int look_at_cmdlines(struct search *search)
{
	struct chain *chain = &search->chain;
	_cleanup_free_ char *cmdline = NULL;
	int r = chain->unknown.code ? cmdline_read_if_any(search->root, &cmdline) : 0;

	search->named = cmdline && cmdline_has(cmdline, CONFIG_PARAM_DEVICE, NULL);
	chain->names_devices = search->named;
	for (size_t i = 0; i < chain->n_entries; i++)
		chain->names_devices |= chain->entries[i].names_devices;
	chain->names_devices &= search->check->of == IMAGECHECK_NOW;
	chain->lacks_file = chain->names_devices && !search->check->n_files;
	return r == -ENOMEM ? r : 0;
}

static int follow(struct search *search)
{
	struct chain *chain = &search->chain;
	int r = kernels_find(search->root, &chain->kernels);

	r = r < 0 ? r : look_at_cmdlines(search);
	if (r < 0)
		return r;
	chain->generator = initramfs_owner(
		search->root, &chain->kernels, &chain->elsewhere, &chain->problem);
	search->check->elsewhere = chain->elsewhere;
	if (chain->generator)
		initramfs_has_hook(chain->generator, search->root, &chain->problem);
	r = add_all_written(search);
	r = r < 0 ? r : open_entries(search);
	r = r < 0 ? r : judge_images(search);
	r = r < 0 ? r : find_makers(search);
	r = r < 0 ? r : extend_images(search);
	return r < 0 ? r : judge_entries(search);
}

static void free_images(struct chain *chain)
{
	for (size_t i = 0; i < chain->n_images; i++) {
		free(chain->images[i].path);
		free(chain->images[i].kernel);
		free(chain->images[i].written);
		free(chain->images[i].extension.bytes);
	}
	free(chain->images);
	chain->images = NULL;
	chain->n_images = 0;
	for (size_t i = 0; i < chain->n_entries; i++)
		chain->entries[i].image = CHAIN_NO_IMAGE;
}

/* Leaves what chain_read_menus() reads alone, to which others may point. */
static void forget(struct chain *chain)
{
	free_images(chain);
	kernels_free(&chain->kernels);
	chain->generator = NULL;
	chain->problem = (struct message){0};
	for (size_t i = 0; i < chain->n_entries; i++)
		chain->entries[i].kernel = "";
}

int chain_compare(
	const struct root *root, const struct imagecheck *check, struct chain *chain)
{
	struct imagecheck here = *check;
	struct search search = {.root = root,
		.check = &here,
		.needed = check->needed,
		.initrds = {root, &here, NULL, 0}};
	int r = chain->menus ? 0 : chain_read_menus(root, chain);

	if (r < 0)
		return r;
	forget(chain);
	search.chain = *chain;
	r = follow(&search);
	*chain = search.chain;
	initrds_free(&search.initrds);
	if (r < 0)
		free_images(chain);
	return r;
}

int chain_follow(
	const struct root *root, const struct protect_list *protect, struct chain *chain)
{
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	int r = imagecheck_read(root, IMAGECHECK_NOW, protect, &check);

	return r < 0 ? r : chain_compare(root, &check, chain);
}

void chain_free(struct chain *chain)
{
	free_images(chain);
	for (size_t i = 0; i < chain->n_menus; i++)
		bootmenu_free(&chain->menus[i]);
	free(chain->entries);
	free(chain->menus);
	kernels_free(&chain->kernels);
	*chain = (struct chain){0};
}
