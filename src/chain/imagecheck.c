/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens images, and compares them with what the host has.  What each generator makes of our hooks
 * was seen in its images: the name and place of what runs us is theirs.
 */
#include "imagecheck.h"

#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/base.h"
#include "chain/generators/generators.h"
#include "decide/decide.h"
#include "facts/facts.h"

#define UNIT     "vfioboot-early.service"
#define WANTS    "sysinit.target.wants/" UNIT
#define ORDER    "scripts/init-top/ORDER"
#define INIT_TOP "scripts/init-top/00-vfioboot"
#define RUN_HOOK "hooks/vfioboot"

static const char *const words[IMAGE_STATES] = {
	[IMAGE_FRESH] = "fresh",
	[IMAGE_STALE] = "stale",
	[IMAGE_WITHOUT] = "without",
	[IMAGE_MISSING] = "missing",
	[IMAGE_UNKNOWN] = "unknown",
};

const char *image_state_word(enum image_state state)
{
	return words[state];
}

/* ---- what an image has ------------------------------------------------------------------ */

struct judge {
	const struct imagecheck *check;
	const struct imagefile *image;
	const char *release;
	const struct file_names *needed;
	struct message *why;
};

/* Says why it is not good.  Returns false. */
static bool complain(const struct judge *judge, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool complain(const struct judge *judge, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message_set(judge->why, -ESTALE, "%s", text);
	return false;
}

/* The entry of an absolute name, as an image has it. */
static const struct imagefile_entry *find(const struct judge *judge, const char *path)
{
	return imagefile_find(judge->image, path + strspn(path, "/"));
}

static bool has_end(const struct judge *judge, const char *end)
{
	for (size_t i = 0; i < judge->image->n; i++)
		if (text_ends_with(judge->image->entries[i].path, end))
			return true;
	return false;
}

/* What is behind the absolute @directory in @path, as an image has it; NULL: it is elsewhere. */
static const char *name_below(const char *path, const char *directory)
{
	size_t len = strlen(directory) - 1;

	return strncmp(path, directory + 1, len) == 0 && path[len] == '/' ? path + len + 1
									  : NULL;
}

bool imagecheck_is_config(const char *path)
{
	const char *name = name_below(path, CONFIGFILES_VENDOR_DIR);

	name = name ? name : name_below(path, CONFIGFILES_LOCAL_DIR);
	return strcmp(path, &CONFIGFILES_MAIN[1]) == 0 ||
		(name && configfiles_is_dropin(name));
}

/* dracut's hooks lie in lib/dracut/hooks, or in var/lib/dracut/hooks since 109. */
static bool is_dracut_hook(const char *path)
{
	const char *hook = strstr(path, "lib/dracut/hooks/cmdline/00");

	return hook && strstr(hook, "vfioboot");
}

/* Anything of us, in the place where it would work. */
static bool holds_us(const struct judge *judge)
{
	for (size_t i = 0; i < judge->image->n; i++)
		if (imagecheck_is_config(judge->image->entries[i].path) ||
			is_dracut_hook(judge->image->entries[i].path))
			return true;
	return find(judge, IMAGECHECK_PROGRAM) || find(judge, CONFIGFILES_PROTECT) ||
		find(judge, INIT_TOP) || find(judge, RUN_HOOK) ||
		has_end(judge, "/" UNIT);
}

/* Puts the directory of @path and the relative or absolute @target together. */
static bool resolve(const char *path, const char *target, char ret[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash && *target != '/' ? (size_t)(slash - path) : 0;

	if (!copy_text(ret, PATH_MAX, path, len))
		return false;
	while (*target) {
		size_t n = strcspn(target, "/");

		if (n == 2 && strncmp(target, "..", 2) == 0) {
			char *cut = strrchr(ret, '/');

			len = cut ? (size_t)(cut - ret) : 0;
			ret[len] = '\0';
		} else if (n && !(n == 1 && *target == '.')) {
			int added = snprintf(ret + len, PATH_MAX - len, "%s%.*s",
				len ? "/" : "", (int)n, target);

			if (added < 0 || (size_t)added >= PATH_MAX - len)
				return false;
			len += (size_t)added;
		}
		target += n + (target[n] == '/');
	}
	return true;
}

static bool is_mask(const struct imagefile_entry *entry)
{
	return S_ISLNK(entry->mode) && entry->data && strcmp(entry->data, TREE_NULL) == 0;
}

/* What the image has where a link of it leads; NULL for nothing.  What is no link is itself. */
static const struct imagefile_entry *follow(
	const struct judge *judge, const struct imagefile_entry *entry)
{
	char target[PATH_MAX];

	return S_ISLNK(entry->mode) && entry->data &&
			resolve(entry->path, entry->data, target)
		? imagefile_find(judge->image, target)
		: entry;
}

static bool check_file(const struct judge *judge, const struct imagecheck_file *file)
{
	const struct imagefile_entry *entry = find(judge, file->path);

	if (!entry)
		return complain(judge, "it lacks %s", file->path);
	if (is_mask(entry))
		return !file->data ||
			complain(judge, "it masks %s, which this system does not",
				file->path);
	entry = follow(judge, entry);
	if (!file->data || !entry || !entry->data || entry->size != file->size ||
		memcmp(entry->data, file->data, file->size) != 0)
		return complain(judge, "it contains an outdated %s", file->path);
	return true;
}

/* The files of the image's own configuration, and what the early program would read in them. */
struct image_config {
	struct configfiles_text *texts;
	char **paths;
	size_t n;
	struct config *config;
};

static void free_image_config(struct image_config *own)
{
	for (size_t i = 0; i < own->n; i++)
		free(own->paths[i]);
	free(own->paths);
	free(own->texts);
	free(own->config);
}

/* A link leads to a file of the image, or to /dev/null. */
static int add_own_file(const struct judge *judge, const struct imagefile_entry *entry,
	struct image_config *own)
{
	struct configfiles_text *text = &own->texts[own->n];

	if (asprintf(&own->paths[own->n], "/%s", entry->path) < 0)
		return -ENOMEM;
	text->path = own->paths[own->n++];
	if (!is_mask(entry))
		entry = follow(judge, entry);
	if (entry && !S_ISLNK(entry->mode)) {
		text->data = entry->data;
		text->size = entry->size;
	}
	return 0;
}

static int read_own_config(const struct judge *judge, struct image_config *ret)
{
	size_t n = judge->image->n;
	int r = 0;

	ret->texts = calloc(n + 1, sizeof(*ret->texts));
	ret->paths = calloc(n + 1, sizeof(*ret->paths));
	ret->config = calloc(1, sizeof(*ret->config));
	if (!ret->texts || !ret->paths || !ret->config)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (imagecheck_is_config(judge->image->entries[i].path))
			r = add_own_file(judge, &judge->image->entries[i], ret);
	return r < 0 ? r
		     : configfiles_read_texts(
			       judge->check->root, ret->texts, ret->n, ret->config);
}

/* The host's files: those that no boot needs may be missing, or be another such one. */
static bool check_files(const struct judge *judge, const struct config *own)
{
	const struct imagecheck *check = judge->check;

	for (size_t i = 0; i < check->n_files; i++) {
		const struct imagecheck_file *file = &check->files[i];

		if (file->optional &&
			(!find(judge, file->path) ||
				config_file_is_runtime(own, file->path)))
			continue;
		if (!check_file(judge, file))
			return false;
	}
	return true;
}

/* Whether an empty file does nothing: it does not hide one of the same name elsewhere. */
static bool is_harmless(
	const struct imagecheck *check, const struct configfiles_text *file)
{
	const char *name = strrchr(file->path, '/');

	if (!file->data || file->size)
		return false;
	for (size_t i = 0; i < check->n_files; i++)
		if (text_ends_with(check->files[i].path, name))
			return false;
	return true;
}

/* The image's files, of which the host may not have those that no boot needs. */
static bool check_own_files(const struct judge *judge, const struct image_config *own)
{
	const struct imagecheck *check = judge->check;

	for (size_t i = 0; i < own->n; i++) {
		bool wanted = config_file_is_runtime(own->config, own->texts[i].path) ||
			is_harmless(check, &own->texts[i]);

		for (size_t j = 0; j < check->n_files && !wanted; j++)
			wanted = strcmp(check->files[j].path, own->texts[i].path) == 0;
		if (!wanted)
			return complain(judge, "it contains %s, which no longer exists",
				own->texts[i].path);
	}
	return true;
}

static bool check_config(const struct judge *judge)
{
	_cleanup_(free_image_config) struct image_config own = {0};
	const struct imagecheck *check = judge->check;

	if (read_own_config(judge, &own) < 0)
		return complain(judge, "its configuration cannot be read");
	if (!check_files(judge, own.config) || !check_own_files(judge, &own))
		return false;
	/* Files that are of no boot can hide others, and have names that these have. */
	if (own.config->digest != check->config->digest ||
		own.config->n_errors > check->config->n_errors)
		return complain(judge, "it contains an outdated configuration");
	return true;
}

/* Whether we are in what is run one after the other, and before udev; NULL: it is not there. */
static bool check_order(const struct judge *judge, const char *own, const char *udev)
{
	if (!own)
		return complain(judge, "nothing in it starts vfioboot-early");
	return !udev || udev > own ||
		complain(judge, "it starts vfioboot-early after udev");
}

/* update-initramfs lists in ORDER what is run, in this order. */
static bool check_init_top(const struct judge *judge)
{
	const struct imagefile_entry *order = imagefile_find(judge->image, ORDER);
	const char *list = order && order->data ? order->data : "";

	return check_order(judge,
		imagefile_find(judge->image, INIT_TOP) ? strstr(list, "/" INIT_TOP)
						       : NULL,
		strstr(list, "/scripts/init-top/udev "));
}

static bool is_systemd(const struct judge *judge)
{
	return imagefile_find(judge->image, "usr/lib/systemd/systemd") ||
		imagefile_find(judge->image, "lib/systemd/systemd");
}

static bool check_unit(const struct judge *judge)
{
	if (has_end(judge, "/systemd/system/" UNIT) && has_end(judge, "/" WANTS))
		return true;
	return complain(judge, "nothing in it starts the unit " UNIT);
}

static bool check_dracut(const struct judge *judge)
{
	if (is_systemd(judge))
		return check_unit(judge);
	for (size_t i = 0; i < judge->image->n; i++)
		if (is_dracut_hook(judge->image->entries[i].path))
			return true;
	return check_order(judge, NULL, NULL);
}

/* The word in the list of a line EARLYHOOKS="..."; NULL: it is not there. */
static const char *find_hook(const char *list, const char *name)
{
	const char *word;
	size_t len;

	while ((len = cmdline_next_word(&list, &word)))
		if (len == strlen(name) && strncmp(word, name, len) == 0)
			return word;
	return NULL;
}

static bool check_mkinitcpio(const struct judge *judge)
{
	const struct imagefile_entry *config = imagefile_find(judge->image, "config");
	_cleanup_free_ char *hooks =
		config && config->data ? text_value(config->data, "EARLYHOOKS") : NULL;
	const char *list = hooks && imagefile_find(judge->image, RUN_HOOK) ? hooks : "";

	return is_systemd(judge) ? check_unit(judge)
				 : check_order(judge, find_hook(list, "vfioboot"),
					   find_hook(list, "udev"));
}

static bool check_start(const struct judge *judge)
{
	const struct initramfs_generator *maker = initramfs_maker(judge->image);

	if (maker == &initramfs_tools)
		return check_init_top(judge);
	if (maker == &initramfs_dracut)
		return check_dracut(judge);
	if (maker == &initramfs_mkinitcpio)
		return check_mkinitcpio(judge);
	return complain(judge, "it was built by a generator that vfioboot does not know");
}

static bool is_module(const char *path, size_t len, const char *name)
{
	const char *base = memrchr(path, '/', len);
	size_t n = strlen(name);

	base = base ? base + 1 : path;
	len -= (size_t)(base - path);
	if (len < n + 3 || strncmp(base + n, ".ko", 3) != 0 ||
		(len > n + 3 && base[n + 3] != '.'))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((base[i] == '-' ? '_' : base[i]) != name[i])
			return false;
	return true;
}

static bool has_module(const struct judge *judge, const char *name)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "lib/modules/%s/", judge->release);
	for (size_t i = 0; i < judge->image->n; i++) {
		const char *path = judge->image->entries[i].path;

		if (is_module(path, strlen(path), name) && strstr(path, part))
			return true;
	}
	return false;
}

/* Who loads vfio-pci in the initramfs has the options that are there; what is built in reads none. */
static bool check_options(const struct judge *judge)
{
	bool disabled = false;

	for (size_t i = 0; i < judge->image->n; i++) {
		const struct imagefile_entry *entry = &judge->image->entries[i];

		if (entry->data && strstr(entry->path, "/" MODULE_FILES_OPTIONS "/"))
			disabled = denylist_read(entry->data, disabled);
	}
	return disabled || !judge->check->allows_denied ||
		!file_has_name(judge->needed, "vfio_pci") ||
		complain(judge,
			"it lacks the option disable_denylist of vfio-pci, which "
			"is in " MODULE_FILES_OPTIONS);
}

static bool check_modules(const struct judge *judge)
{
	for (size_t i = 0; i < judge->needed->n; i++)
		if (!has_module(judge, judge->needed->names[i]))
			return complain(
				judge, "it lacks the module %s", judge->needed->names[i]);
	if (judge->needed->n && !has_end(judge, "bin/modprobe"))
		return complain(judge, "it lacks modprobe, which loads the modules");
	return true;
}

/* What an image's list says and today's does not, beside what boots are to bind. */
struct surplus {
	const struct imagecheck *check;
	const struct protect_entry *entry; /* NULL: that the list is incomplete */
	bool in_place;                     /* what the entry names is where it was */
	bool at_place,
		alike; /* what is configured is there; has the same ids; or may be meant */
};

/* Whether boots bind the function, or would once it is the right one. */
static bool is_configured(const struct config *config, const struct pcidev *dev)
{
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (section->bad || section->demand || config_section_is_native(section))
			continue;
		if (match_section(config, section, dev) != MATCH_NONE ||
			(section->follow && match_identity(config, section, dev)))
			return true;
	}
	return false;
}

static bool compare_function(void *data, struct pci_address address)
{
	struct surplus *surplus = data;
	const struct protect_entry *entry = surplus->entry;
	struct pcidev dev = {0};
	bool there, same;

	if (pcidev_read(surplus->check->root, address, &dev) < 0 ||
		pcidev_read_details(surplus->check->root, &dev, "") < 0)
		return true;
	there = entry && pci_path_equal(&entry->path, &dev.path, false);
	same = entry ? entry->vendor == dev.ids.vendor && entry->device == dev.ids.device
		     : pcidev_can_carry_root(&dev);
	surplus->in_place |= there && same;
	if ((there || same) && is_configured(surplus->check->config, &dev)) {
		surplus->at_place |= there;
		surplus->alike |= same;
	}
	return true;
}

/* Whether it keeps the early program from what today's list allows, as is_protected() decides. */
static bool is_in_the_way(
	const struct imagecheck *check, const struct protect_entry *entry)
{
	struct surplus surplus = {.check = check, .entry = entry};

	sysfs_each_function(check->root, compare_function, &surplus);
	return surplus.at_place || (surplus.alike && !surplus.in_place);
}

/*
 * What more the image's list has.  Where nothing configured is concerned it does no harm, nor where it
 * is a display: one that shows a connector as long as it has its native driver is gone from today's.
 */
static bool check_surplus(const struct judge *judge, const struct protect_list *list)
{
	const struct protect_list *today = judge->check->protect;
	char path[PCI_PATH_SIZE];

	if (list->incomplete && !today->incomplete && is_in_the_way(judge->check, NULL))
		return complain(judge, "it contains an outdated protect list");
	for (unsigned i = 0; i < list->n_entries; i++) {
		const struct protect_entry *entry = &list->entries[i];

		if (entry->kind == PROTECT_DISPLAY || protect_has(today, entry) ||
			!is_in_the_way(judge->check, entry))
			continue;
		pci_path_format(&entry->path, path);
		return complain(judge,
			"its protect list has %s, which this host does not need any more",
			path);
	}
	return true;
}

static bool check_protect(const struct judge *judge)
{
	const struct imagefile_entry *entry = find(judge, CONFIGFILES_PROTECT);
	_cleanup_free_ struct protect_list *list = calloc(1, sizeof(*list));
	_cleanup_free_ char *text = entry && entry->data ? strdup(entry->data) : NULL;
	const struct protect_list *today = judge->check->protect;
	char path[PCI_PATH_SIZE];

	/* Without one the early program leaves what the root may be on to the real root. */
	if (!today || (!entry && judge->check->elsewhere))
		return true;
	if (!text || !list)
		return complain(judge, "it has no protect list");
	if (protect_parse(list, text) != 0)
		return complain(judge, "its protect list cannot be read");
	if (today->incomplete && !list->incomplete)
		return complain(judge, "it contains an outdated protect list");
	for (unsigned i = 0; i < today->n_entries; i++) {
		if (protect_has(list, &today->entries[i]))
			continue;
		pci_path_format(&today->entries[i].path, path);
		return complain(judge,
			"its protect list lacks %s, which this host needs now", path);
	}
	return check_surplus(judge, list);
}

/* Whether the image has what is installed; a tree of another machine may lack it. */
static bool has_installed(
	const struct judge *judge, const char *path, const char *data, size_t size)
{
	const struct imagefile_entry *entry = find(judge, path);

	return !data ||
		(entry && entry->data && entry->size == size &&
			memcmp(entry->data, data, size) == 0);
}

static bool check_program(const struct judge *judge)
{
	const struct imagecheck *check = judge->check;

	if (!has_installed(
		    judge, IMAGECHECK_PROGRAM, check->program, check->program_size))
		return complain(judge, "it contains another version of vfioboot-early");
	if (!has_installed(judge, IMAGECHECK_RULE, check->rule, check->rule_size))
		return complain(judge,
			"it lacks the rule of udev for functions that appear later, or "
			"contains another version of it");
	return true;
}

static enum image_state judge_image(const struct judge *judge)
{
	const struct imagecheck *check = judge->check;

	if (check->n_files == 0 && !check->needed) {
		if (!holds_us(judge))
			return IMAGE_FRESH;
		complain(judge, "it contains vfioboot although nothing is configured");
		return IMAGE_STALE;
	}
	if (!check->needed)
		return !holds_us(judge) || check_config(judge) ? IMAGE_FRESH
							       : IMAGE_STALE;
	if (!find(judge, IMAGECHECK_PROGRAM)) {
		complain(judge, "it does not contain vfioboot-early");
		return IMAGE_WITHOUT;
	}
	if (check_program(judge) && check_start(judge) && check_config(judge) &&
		check_modules(judge) && check_options(judge) && check_protect(judge))
		return IMAGE_FRESH;
	return IMAGE_STALE;
}

/* ---- an image file ---------------------------------------------------------------------- */

/* The modules of the list that the kernel has as files: what is built in is in no image. */
static int find_needed(const struct root *root, const char *release,
	const struct file_names *modules, struct file_names *ret)
{
	_cleanup_(modules_close) struct modules *index = NULL;
	int r = modules_open(root, release, &index);

	if (r == -ENOENT)
		return 0;
	for (size_t i = 0; r == 0 && i < modules->n; i++) {
		enum module_kind kind;

		r = modules_find(index, modules->names[i], &kind, NULL, 0);
		if (r == 0 && kind == MODULE_FILE)
			r = file_add_name(ret, modules->names[i]);
	}
	return r;
}

static bool keep(const void *data, const char *path)
{
	static const char *const wanted[] = {
		"etc/vfioboot", "usr/lib/vfioboot", &IMAGECHECK_RULE[1]};
	const struct imagecheck *check = data;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (strncmp(path, wanted[i], strlen(wanted[i])) == 0)
			return true;
	if (strcmp(path, "scripts/init-top/ORDER") == 0 || strcmp(path, "config") == 0 ||
		text_ends_with(path, INITRAMFS_HOW_MADE) ||
		(check->allows_denied && strstr(path, "/" MODULE_FILES_OPTIONS "/")))
		return true;
	return file_has_name(&check->targets, path);
}

enum image_state imagecheck_open(const struct imagecheck *check, const struct root *root,
	const char *path, struct imagefile *ret, struct message *why)
{
	int r = imagefile_open(root, path, keep, check, ret, why);

	if (r == -ENOENT || r == -ENOTDIR) {
		message_set(why, r, "there is no such file");
		return IMAGE_MISSING;
	}
	return r < 0 ? IMAGE_UNKNOWN : IMAGE_FRESH;
}

enum image_state imagecheck_judge(const struct imagecheck *check, const struct root *root,
	const char *release, const struct imagefile *image, struct message *why)
{
	_cleanup_(file_free_names) struct file_names needed = {0};
	int r = *release && check->needed
		? find_needed(root, release, &check->modules, &needed)
		: 0;
	enum image_state state;

	if (r < 0) {
		message_errno(why, r, "the modules of %s cannot be read", release);
		return IMAGE_UNKNOWN;
	}
	state = judge_image(&(struct judge){check, image, release, &needed, why});
	if (state != IMAGE_FRESH || *release || !check->needed)
		return state;
	message_set(why, -ENOENT, "the modules of its kernel are not in /lib/modules");
	return IMAGE_UNKNOWN;
}

enum image_state imagecheck_file(const struct imagecheck *check, const struct root *root,
	const char *release, const char *path, struct message *why)
{
	_cleanup_(imagefile_free) struct imagefile image = {0};
	enum image_state state = imagecheck_open(check, root, path, &image, why);

	return state == IMAGE_FRESH ? imagecheck_judge(check, root, release, &image, why)
				    : state;
}
