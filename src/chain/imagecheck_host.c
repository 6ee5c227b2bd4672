/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image has to have is read from the host: its configuration, our program, and modules of drivers. */
#include "imagecheck.h"

#include <fcntl.h>
#include <limits.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"

/* The module of the driver that sections get by themselves, and the one that guests need. */
static const char *const own_modules[] = {"vfio_pci", "vfio_iommu_type1"};

/* Notes where a file is that was opened through a link. */
static int note_target(
	const struct root *root, const char *path, struct imagecheck *check)
{
	char target[PATH_MAX];
	_cleanup_close_ int fd = file_open(root, path, O_PATH);
	size_t len = root->live ? 0 : strlen(root->path);

	return fd < 0 || file_read_own_path(fd, target, sizeof(target)) < 0 ||
			strlen(target) <= len + 1
		? 0
		: file_add_name(&check->targets, target + len + 1);
}

/* Adds it with @file.data, which is the list's then, or freed. */
static int append(struct imagecheck *check, const char *path, struct imagecheck_file file)
{
	struct imagecheck_file *added = LIST_ADD(check->files, check->n_files);

	if (!added) {
		free(file.data);
		return -ENOMEM;
	}
	file.path = strdup(path);
	*added = file;
	return file.path ? 0 : -ENOMEM;
}

/* Adds a file of the configuration, if it is there. */
static int add_file(const struct root *root, const char *path, struct imagecheck *check)
{
	struct imagecheck_file file = {0};
	char target[PATH_MAX];
	int link = file_read_link(root, path, target, sizeof(target)), r;

	if (link < 0 || strcmp(target, TREE_NULL) != 0) {
		r = file_read(root, path, &file.data, &file.size);
		if (r == -ENOENT || r == -EISDIR)
			return 0; /* a link to nowhere: no hook takes it */
		if (r < 0)
			return r;
	}
	r = append(check, path, file);
	return r == 0 && link == 0 ? note_target(root, path, check) : r;
}

/* The hooks take all of them, also those that another one hides. */
static int add_dropins(
	const struct root *root, const char *directory, struct imagecheck *check)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = file_list_paths(root, directory, "*.conf", FNM_PERIOD, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++)
		r = add_file(root, paths.names[i], check);
	return r;
}

static int add_module(struct imagecheck *check, const char *driver)
{
	char name[CONFIG_DRIVER_SIZE];

	snprintf(name, sizeof(name), "%s", driver);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return file_add_name(&check->modules, name);
}

/* A section, and what the functions of the machine make of it. */
struct open_section {
	const struct root *root;
	const struct config *config;
	const struct config_section *section;
	char driver[CONFIG_DRIVER_SIZE];
	bool denied; /* vfio-pci itself refuses one of them */
};

static bool found_function(void *data, struct pci_address address)
{
	struct open_section *open = data;
	struct pcidev dev = {0};

	if (pcidev_read(open->root, address, &dev) == 0 &&
		pcidev_read_details(open->root, &dev, "") == 0 &&
		match_section(open->config, open->section, &dev) == MATCH_MEMBER) {
		variant_add(open->root, &dev.ids, open->driver);
		open->denied |= denylist_has(&dev.ids);
	}
	return true;
}

static int add_variant(struct imagecheck *check, const struct config *config,
	const struct config_section *section)
{
	struct open_section open = {check->root, config, section, "", false};

	sysfs_each_function(check->root, found_function, &open);
	return *open.driver ? add_module(check, open.driver) : 0;
}

/* Whether boots give something to vfio-pci that it has only with an option, and the host sets that. */
static bool allows_denied(const struct imagecheck *check, const struct config *config)
{
	bool denied = false, disabled = denylist_is_disabled(check->root, false, NULL);

	for (unsigned i = 0; disabled && i < config->n_sections && !denied; i++) {
		struct open_section open = {
			check->root, config, &config->sections[i], "", false};

		if (open.section->bad || open.section->demand ||
			strcmp(open.section->driver, "vfio-pci") != 0)
			continue;
		sysfs_each_function(check->root, found_function, &open);
		denied = open.denied && !(open.section->auto_driver && *open.driver);
	}
	return denied;
}

/* The modules of what boots bind. */
static int add_modules(struct imagecheck *check, const struct config *config)
{
	int r = 0;

	file_free_names(&check->modules);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(own_modules); i++)
		r = add_module(check, own_modules[i]);
	for (unsigned i = 0; r == 0 && i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (!section->bad && !section->demand && *section->driver &&
			strcmp(section->driver, CONFIG_DRIVER_NONE) != 0)
			r = section->auto_driver ? add_variant(check, config, section)
						 : add_module(check, section->driver);
	}
	return r;
}

/* Reads what the files say. */
static int read_files(struct imagecheck *check)
{
	_cleanup_free_ struct config *config = calloc(1, sizeof(*config));
	_cleanup_free_ struct configfiles_text *texts =
		calloc(check->n_files + 1, sizeof(*texts));
	int r = config && texts ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < check->n_files; i++)
		texts[i] = (struct configfiles_text){
			check->files[i].path, check->files[i].data, check->files[i].size};
	if (r == 0)
		r = configfiles_read_texts(check->root, texts, check->n_files, config);
	if (r < 0)
		return r;
	check->needed = false;
	for (size_t i = 0; i < check->n_files; i++) {
		check->files[i].optional =
			config_file_is_runtime(config, check->files[i].path);
		check->needed |= !check->files[i].optional;
	}
	/* Settings of boots alone, where all that is configured is left to the host. */
	if (config->n_sections + config->n_others && !config_count_boot(config) &&
		!config->n_errors)
		check->needed = false;
	check->allows_denied = allows_denied(check, config);
	r = add_modules(check, config);
	free(check->config);
	check->config = TAKE_PTR(config);
	return r;
}

int imagecheck_add_file(struct imagecheck *check, const char *path, const char *text)
{
	struct imagecheck_file file = {.data = strdup(text), .size = strlen(text)};

	int r = file.data ? append(check, path, file) : -ENOMEM;

	return r < 0 ? r : read_files(check);
}

static int read_installed(
	const struct root *root, const char *path, char **ret, size_t *ret_size)
{
	int r = file_read(root, path, ret, ret_size);

	return r == -ENOENT ? 0 : r;
}

int imagecheck_read(const struct root *root, enum imagecheck_of of,
	const struct protect_list *protect, struct imagecheck *ret)
{
	struct imagecheck check = {.root = root, .of = of, .protect = protect};
	int r = add_dropins(root, CONFIGFILES_VENDOR_DIR, &check);

	if (of == IMAGECHECK_NOW) {
		r = r < 0 ? r : add_file(root, CONFIGFILES_MAIN, &check);
		r = r < 0 ? r : add_dropins(root, CONFIGFILES_LOCAL_DIR, &check);
	}
	r = r < 0 ? r : read_files(&check);
	r = r < 0 ? r
		  : read_installed(root, IMAGECHECK_PROGRAM, &check.program,
			    &check.program_size);
	r = r < 0 ? r
		  : read_installed(root, IMAGECHECK_RULE, &check.rule, &check.rule_size);
	if (r < 0)
		imagecheck_free(&check);
	else
		*ret = check;
	return r;
}

void imagecheck_free(struct imagecheck *check)
{
	for (size_t i = 0; i < check->n_files; i++) {
		free(check->files[i].path);
		free(check->files[i].data);
	}
	free(check->files);
	free(check->config);
	free(check->program);
	free(check->rule);
	file_free_names(&check->targets);
	file_free_names(&check->modules);
	*check = (struct imagecheck){0};
}
