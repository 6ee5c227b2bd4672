/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkinitcpio's images are what presets name: /etc/mkinitcpio.d/NAME.preset, a piece of bash
 * (process_preset() of its sources, version 41).  With little room it writes in place, so it
 * writes to another name, and we rename.
 */
#include "base/base.h"
#include "generators.h"

#define PRESETS "/etc/mkinitcpio.d"
#define SUFFIX  ".preset"

/* What one of PRESETS says. */
struct preset {
	const struct shell_vars *vars;
	const char *file; /* without its suffix */
	const char *name;
};

/* Of a search for the presets of a kernel. */
struct search {
	const struct root *root;
	const struct kernel *kernel;
	/* Is called until it returns something else than 0. */
	int (*found)(struct search *search, const struct preset *preset);
	void *data;
	const char *path, *output;
	struct message why; /* what could not be known; code 0: nothing */
};

static const struct shell_var *find_var(const struct preset *preset, const char *key)
{
	char name[128];

	text_join(name, sizeof(name), preset->name, "_", key, NULL);
	return shell_vars_find(preset->vars, name);
}

/* The value of NAME_KEY; NULL when it cannot be known. */
static const char *own_value(
	struct search *search, const struct preset *preset, const char *key)
{
	char name[128];

	text_join(name, sizeof(name), preset->name, "_", key, NULL);
	return shell_vars_text(preset->vars, name, &search->why);
}

/* The value of NAME_KEY, or of ALL_KEY. */
static const char *value(
	struct search *search, const struct preset *preset, const char *key)
{
	const char *own = own_value(search, preset, key);
	char name[128];

	if (!own || *own)
		return own;
	text_join(name, sizeof(name), "ALL_", key, NULL);
	return shell_vars_text(preset->vars, name, &search->why);
}

/* Where the unified image goes; the older name counts where the newer one is not set. */
static const char *unified(struct search *search, const struct preset *preset)
{
	return own_value(search, preset, find_var(preset, "uki") ? "uki" : "efi_image");
}

/* A release, or the file to boot, whatever its name is. */
static bool is_of_kernel(const struct search *search, const char *version)
{
	const struct kernel *kernel = search->kernel;
	char own[KERNEL_RELEASE_SIZE], with_modules[512];

	if (*version != '/')
		return strcmp(version, kernel->release) == 0;
	if (kernel_release_read(search->root, version, own, sizeof(own)) == 0)
		return strcmp(own, kernel->release) == 0;
	/* It does not show it: then its place has to. */
	text_join(with_modules, sizeof(with_modules), "/" TREE_USR_MODULES "/",
		kernel->release, "/vmlinuz", NULL);
	return strcmp(version, kernel->file) == 0 || strcmp(version, with_modules) == 0;
}

/* Whether the settings, which are not understood, are those of another package's kernel. */
static bool is_of_other(const struct search *search, const char *file)
{
	char path[512], package[128];

	text_join(path, sizeof(path), TREE_USR_MODULES "/", search->kernel->release,
		"/pkgbase", NULL);
	return file_read_line(search->root, path, package, sizeof(package)) == 0 &&
		strcmp(package, file) != 0;
}

/* Package managers leave others beside it: .preset.pacsave, .preset.pacnew. */
static bool take_suffix(char *name)
{
	if (!text_ends_with(name, SUFFIX) || strcmp(name, SUFFIX) == 0)
		return false;
	name[strlen(name) - strlen(SUFFIX)] = '\0';
	return true;
}

/* The presets of one file that are of the kernel. */
static int each_of_file(
	struct search *search, const struct shell_vars *vars, const char *file)
{
	const struct shell_var *names = shell_vars_find(vars, "PRESETS");
	const struct message before = search->why;
	int r = 0;

	if (!shell_vars_text(vars, "PRESETS", &search->why)) {
		if (is_of_other(search, file))
			search->why = before;
		return 0;
	}
	for (size_t i = 0; names && r == 0 && i < names->words.n; i++) {
		struct preset preset = {vars, file, names->words.names[i]};
		const char *version = value(search, &preset, "kver");

		if (version && *version && is_of_kernel(search, version))
			r = search->found(search, &preset);
		else if (!version && is_of_other(search, file))
			search->why = before;
	}
	return r;
}

static int each_preset(struct search *search)
{
	_cleanup_(file_free_names) struct file_names files = {0};
	int r = file_list(search->root, PRESETS, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		_cleanup_(shell_vars_free) struct shell_vars vars = {0};
		char path[512];

		text_join(path, sizeof(path), PRESETS "/", files.names[i], NULL);
		if (!take_suffix(files.names[i]))
			continue;
		r = shell_vars_read(search->root, path, &vars);
		if (r == 0)
			r = each_of_file(search, &vars, files.names[i]);
		else if (r != -ENOMEM) { /* cannot be followed */
			message_errno(&search->why, r, "%s cannot be read", path);
			r = 0;
		}
	}
	return r;
}

/* ---- which images ------------------------------------------------------------------------ */

static int add_images(struct search *search, const struct preset *preset)
{
	const char *paths[] = {
		own_value(search, preset, "image"), unified(search, preset)};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(paths); i++)
		if (paths[i] && *paths[i] == '/')
			r = file_add_name(search->data, paths[i]);
	return r;
}

static int find(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	struct search search = {root, kernel, add_images, .data = ret};

	return each_preset(&search);
}

/* Where there are presets, a kernel without one gets no image. */
static int expect(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	_cleanup_free_ char *path = initramfs_name(kernel, "/boot/initramfs-", ".img");
	_cleanup_(file_free_names) struct file_names files = {0};
	int r = file_list(root, PRESETS, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++)
		if (take_suffix(files.names[i]))
			return 0;
	return path ? file_add_name(ret, path) : -ENOMEM;
}

/* ---- how each is made -------------------------------------------------------------------- */

/* Calls @take for each word of the options: a list's, or what is between the blanks of a text. */
static int each_option(const struct preset *preset,
	int (*take)(void *data, const char *word), void *data)
{
	const struct shell_var *options = find_var(preset, "options");
	int r = 0;

	for (size_t i = 0; options && r == 0 && i < options->words.n; i++) {
		const char *word = options->words.names[i];

		while (!options->is_list && r == 0 && *(word += strspn(word, " "))) {
			size_t len = strcspn(word, " ");
			_cleanup_free_ char *part = strndup(word, len);

			r = part ? take(data, part) : -ENOMEM;
			word += len;
		}
		if (options->is_list)
			r = take(data, word);
	}
	return r;
}

static int add_option(void *data, const char *word)
{
	return change_add_args(data, word, NULL);
}

/* The option with its value, if there is one. */
static int add_value(struct search *search, const struct preset *preset, const char *key,
	const char *option)
{
	const char *text = value(search, preset, key);

	return text && *text ? change_add_args(search->data, option, text, NULL) : 0;
}

/* The command of a unified image: what is in it says of which preset it is. */
static int begin_unified(struct search *search, const struct preset *preset)
{
	char name[256];

	text_join(name, sizeof(name), "MKINITCPIO_PROCESS_PRESET=", preset->file, "-",
		preset->name, NULL);
	return change_add_args(search->data, "env", name, NULL);
}

/* What mkinitcpio itself would be called with, for the image that is asked for alone. */
static int add_command(struct search *search, const struct preset *preset)
{
	const char *image = own_value(search, preset, "image"),
		   *uki = unified(search, preset);
	bool is_uki = uki && strcmp(uki, search->path) == 0;
	const char *version = value(search, preset, "kver");
	int r;

	if (!is_uki && (!image || strcmp(image, search->path) != 0))
		return 0;
	r = is_uki ? begin_unified(search, preset) : 0;
	r = r < 0 ? r
		  : change_add_args(search->data, "mkinitcpio", "-k",
			    is_uki ? version : search->kernel->release,
			    is_uki ? "-U" : "-g", search->output, NULL);
	r = r < 0 ? r : add_value(search, preset, "config", "-c");
	if (is_uki) {
		r = r < 0 ? r : add_value(search, preset, "cmdline", "--cmdline");
		r = r < 0 ? r : add_value(search, preset, "splash", "--splash");
	}
	r = r < 0 ? r : each_option(preset, add_option, search->data);
	return r < 0 ? r : 1;
}

static int command(const struct root *root, const struct kernel *kernel, const char *path,
	const char *output, struct change_step *ret)
{
	struct search search = {
		root, kernel, add_command, .data = ret, .path = path, .output = output};
	int r = each_preset(&search);

	if (r != 0)
		return r < 0 ? r : 0;
	return change_add_args(
		ret, "mkinitcpio", "-k", kernel->release, "-g", output, NULL);
}

/* ---- what is by hand --------------------------------------------------------------------- */

struct options {
	bool moves;       /* another image, or of another kernel */
	bool has_cmdline; /* or none on purpose */
};

static int note_option(void *data, const char *word)
{
	static const char *const moving[] = {"-g", "--generate", "-U", "--uki", "--uefi",
		"-k", "--kernel", "-d", "--generatedir"};
	struct options *options = data;

	if (text_is_one_of(word, moving, ARRAY_SIZE(moving)))
		options->moves = true;
	if (strcmp(word, "--cmdline") == 0 || strcmp(word, "--no-cmdline") == 0)
		options->has_cmdline = true;
	return 0;
}

/* Without any of these mkinitcpio takes the command line of the running kernel, whatever entry that is of. */
static bool has_cmdline(const struct root *root)
{
	_cleanup_(file_free_names) struct file_names paths = {0};

	file_list_paths(root, "/etc/cmdline.d", "*.conf", FNM_PERIOD, &paths);
	return paths.n || initramfs_cmdline_file(root);
}

/* Whether HOOKS, a list or a text, is known and lacks ours. */
static bool lacks_hook(const struct root *root, const char *config)
{
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	const struct shell_var *hooks;

	if (shell_vars_read(root, config, &vars) < 0 ||
		!shell_vars_text(&vars, "HOOKS", NULL))
		return false;
	hooks = shell_vars_find(&vars, "HOOKS");
	for (size_t i = 0; hooks && i < hooks->words.n; i++)
		if (strstr(hooks->words.names[i], "vfioboot"))
			return false;
	return hooks;
}

/* With a configuration of its own (`-c`) a preset gets no drop-ins, and ours adds our hook. */
static void note_config(struct search *search, const struct preset *preset)
{
	const char *config = value(search, preset, "config");
	const struct shell_var *own = find_var(preset, "config");

	if (!config || !*config || !lacks_hook(search->root, config))
		return;
	if (!own || !*own->words.names[0])
		own = shell_vars_find(preset->vars, "ALL_config");
	message_set(&search->why, -EOPNOTSUPP,
		"%s:%u names a configuration, for which drop-ins do not count", own->file,
		own->line);
	message_remedy(
		&search->why, "delete that line, or add vfioboot to HOOKS in %s", config);
}

static void note_cmdline(struct search *search, const char *uki)
{
	message_set(&search->why, -ENOENT,
		"mkinitcpio would put the command line of this boot into %s", uki);
	message_remedy(&search->why, "write /etc/kernel/cmdline");
}

static int note_doubts(struct search *search, const struct preset *preset)
{
	static const char *const keys[] = {"kver", "config", "cmdline", "splash"};
	const struct shell_var *all = find_var(preset, "options");
	const char *image = own_value(search, preset, "image"),
		   *uki = unified(search, preset);
	struct options options = {0};
	bool is_uki = uki && search->path && strcmp(uki, search->path) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		value(search, preset, keys[i]);
	own_value(search, preset, "options");
	if (search->why.code || each_option(preset, note_option, &options) < 0)
		return 0;
	if (options.moves)
		message_set(&search->why, -EOPNOTSUPP,
			"%s:%u has options that name an image or a kernel", all->file,
			all->line);
	else if ((image && *image && *image != '/') || (uki && *uki && *uki != '/'))
		message_set(&search->why, -EOPNOTSUPP,
			PRESETS "/%s" SUFFIX " names an image without its directory",
			preset->file);
	else if (is_uki && !options.has_cmdline && !has_cmdline(search->root) &&
		!*value(search, preset, "cmdline"))
		note_cmdline(search, uki);
	else if (is_uki || (image && search->path && strcmp(image, search->path) == 0))
		note_config(search, preset);
	return 0;
}

static bool knows(const struct root *root, const struct kernel *kernel, const char *path,
	struct message *why)
{
	struct search search = {root, kernel, note_doubts, .path = path};

	if (each_preset(&search) < 0 || !search.why.code)
		return true;
	if (!*search.why.remedy)
		message_remedy(&search.why, "run 'mkinitcpio -P' by hand");
	if (why)
		*why = search.why;
	return false;
}

const struct initramfs_generator initramfs_mkinitcpio = {
	.name = "mkinitcpio",
	.programs = {"/usr/bin/mkinitcpio", "/usr/sbin/mkinitcpio"},
	.marks = {"buildconfig"},
	.hooks = {"/usr/lib/initcpio/install/vfioboot", "/etc/initcpio/install/vfioboot"},
	.followers = {"/etc/initcpio/post", "/usr/lib/initcpio/post"},
	.package = "vfioboot",
	.find = find,
	.expect = expect,
	.command = command,
	.knows = knows,
};
