/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks functions up in the index that depmod(8) made of a kernel's modules.  No file of
 * modprobe.d(5) is read: what matters is what a module could claim, not what is loaded.
 */
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>

#include "base/base.h"

/* Bytes of the text that modules.alias has patterns for. */
#define MODALIAS_SIZE 128

#define VFIO_PREFIX "vfio_pci"

struct modules {
	struct kmod_ctx *kmod;
};

/* Modules below drivers/vfio/pci whose PCI driver is not named as the module is. */
static const struct {
	const char *module, *driver;
} driver_names[] = {
	{"vfio_pci", "vfio-pci"},
	{"xe_vfio_pci", "xe-vfio-pci"},
};

/* libkmod would tell what it meets; callers do, in their words. */
static void stay_silent(void *data, int priority, const char *file, int line,
	const char *function, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function, (void)format,
		(void)args;
}

/*
 * Where the index is, without links that could lead out of the root.  Returns 0, -ENOENT,
 * or another -errno.
 */
static int find_index(
	const struct sysfs_root *root, const char *release, char ret[static PATH_MAX])
{
	static const char *const places[] = {TREE_MODULES, TREE_USR_MODULES};
	char name[NAME_MAX + 64], link[32];
	ssize_t n;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_cleanup_close_ int fd = -1;

		text_join(name, sizeof(name), places[i], "/", release, NULL);
		fd = sysfs_root_open_file(root, name, O_PATH | O_DIRECTORY);
		if (fd < 0 || faccessat(fd, "modules.dep.bin", F_OK, 0) < 0)
			continue;
		snprintf(link, sizeof(link), TREE_OWN_FD, fd);
		n = readlink(link, ret, PATH_MAX);
		if (n < 0)
			return -errno;
		if (n == PATH_MAX)
			return -ENAMETOOLONG;
		ret[n] = '\0';
		return 0;
	}
	return -ENOENT;
}

int modules_open(const struct sysfs_root *root, const char *release, struct modules **ret)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	const char *const no_config = NULL;
	char directory[PATH_MAX];
	int r;

	if (!*release || strchr(release, '/') || strlen(release) > NAME_MAX)
		return -EINVAL;
	r = find_index(root, release, directory);
	if (r < 0)
		return r;
	modules = calloc(1, sizeof(*modules));
	if (modules)
		modules->kmod = kmod_new(directory, &no_config);
	if (!modules || !modules->kmod)
		return -ENOMEM;
	kmod_set_log_fn(modules->kmod, stay_silent, NULL);
	/* Without it, such as where an older depmod made no index of one kind, it is slower. */
	kmod_load_resources(modules->kmod);
	*ret = TAKE_PTR(modules);
	return 0;
}

void modules_close(struct modules **modules)
{
	if (!*modules)
		return;
	kmod_unref((*modules)->kmod);
	free(*modules);
	*modules = NULL;
}

static void unref_list(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}

static void unref_module(struct kmod_module **module)
{
	kmod_module_unref(*module);
}

/* The modules whose aliases match @prefix and @ids.  The caller unrefs @ret. */
static int look_up(struct modules *modules, const char *prefix, const struct pci_ids *ids,
	char modalias[static MODALIAS_SIZE], struct kmod_list **ret)
{
	struct kmod_list *list = NULL;
	int r;

	snprintf(modalias, MODALIAS_SIZE, "%s:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		prefix, ids->vendor, ids->device, ids->subvendor, ids->subdevice,
		ids->class >> 16 & 0xffu, ids->class >> 8 & 0xffu, ids->class & 0xffu);
	r = kmod_module_new_from_lookup(modules->kmod, modalias, &list);
	/* An index that is not there has nothing in it. */
	if (r < 0 && r != -ENOENT && r != -ENOSYS)
		return r;
	*ret = list;
	return 0;
}

bool modules_is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

int modules_claiming(
	struct modules *modules, const struct pci_ids *ids, char *ret, size_t size)
{
	_cleanup_(unref_list) struct kmod_list *list = NULL;
	char modalias[MODALIAS_SIZE], text[1024] = "";
	struct kmod_list *item;
	size_t len = 0;
	int r = look_up(modules, "pci", ids, modalias, &list);

	if (r < 0)
		return r;
	kmod_list_foreach(item, list)
	{
		_cleanup_(unref_module) struct kmod_module *module =
			kmod_module_get_module(item);
		const char *name = kmod_module_get_name(module);

		if (modules_is_listed(text, name))
			continue;
		len += text_join(
			text + len, sizeof(text) - len, len ? ", " : "", name, NULL);
	}
	return copy_text(ret, size, text, len) ? 0 : -ENOBUFS;
}

/* How much a pattern leaves open. */
static unsigned count_wildcards(const char *pattern)
{
	unsigned n = 0;

	for (; *pattern; pattern++)
		n += *pattern == '*';
	return n;
}

/*
 * Wildcards of the module's closest alias for @modalias; many where the module itself can't
 * be read.  The one for all functions leaves the most open.
 */
static unsigned count_open(struct kmod_module *module, const char *modalias)
{
	struct kmod_list *info = NULL, *item;
	unsigned best = 100;

	if (strcmp(kmod_module_get_name(module), VFIO_PREFIX) == 0)
		return best + 1;
	if (kmod_module_get_info(module, &info) < 0)
		return best;
	kmod_list_foreach(item, info)
	{
		const char *value = kmod_module_info_get_value(item);

		if (strcmp(kmod_module_info_get_key(item), "alias") == 0 &&
			fnmatch(value, modalias, 0) == 0 && count_wildcards(value) < best)
			best = count_wildcards(value);
	}
	kmod_module_info_free_list(info);
	return best;
}

/* KBUILD_MODNAME for most, in which the kernel's build puts '_' for '-'. */
static const char *driver_of_module(const char *module)
{
	for (size_t i = 0; i < ARRAY_SIZE(driver_names); i++)
		if (strcmp(driver_names[i].module, module) == 0)
			return driver_names[i].driver;
	return module;
}

int modules_vfio_driver(
	struct modules *modules, const struct pci_ids *ids, char *ret, size_t size)
{
	_cleanup_(unref_list) struct kmod_list *list = NULL;
	char modalias[MODALIAS_SIZE], best[128] = VFIO_PREFIX;
	unsigned least = UINT_MAX;
	struct kmod_list *item;
	const char *driver;
	int r = look_up(modules, VFIO_PREFIX, ids, modalias, &list);

	if (r < 0)
		return r;
	kmod_list_foreach(item, list)
	{
		_cleanup_(unref_module) struct kmod_module *module =
			kmod_module_get_module(item);
		const char *name = kmod_module_get_name(module);
		/* Nearly always there is one, and then its file need not be read. */
		unsigned open =
			kmod_list_next(list, list) ? count_open(module, modalias) : 0;

		if (open < least && copy_text(best, sizeof(best), name, strlen(name)))
			least = open;
	}
	driver = driver_of_module(best);
	return copy_text(ret, size, driver, strlen(driver)) ? 0 : -ENOBUFS;
}

enum module_kind modules_find(struct modules *modules, const char *name)
{
	_cleanup_(unref_list) struct kmod_list *list = NULL;
	_cleanup_(unref_module) struct kmod_module *module = NULL;

	if (kmod_module_new_from_lookup(modules->kmod, name, &list) < 0 || !list)
		return MODULE_NONE;
	module = kmod_module_get_module(list);
	if (kmod_module_get_path(module))
		return MODULE_FILE;
	/* Of another state it would tell that of the running kernel. */
	return kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN ? MODULE_BUILTIN
									: MODULE_NONE;
}
