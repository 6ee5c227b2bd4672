/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks who enables GVT-g, and what loads its module. */
#include "gvt.h"

#include "module_files.h"

#define INTEL 0x8086

const char gvt_file_text[] =
	"# Written by 'vfioboot setup': GVT-g is enabled, and nothing else loads this.\n"
	"# 'vfioboot undo' removes it.\n" GVT_MODULE "\n";

/* ---- what enables it --------------------------------------------------------------------- */

/* Where the parameter @name, a bool, is the last word on it; without a value it is true, too. */
static void find_parameter(
	const char *text, const char *name, const char *where, struct gvt *ret)
{
	struct cmdline_param param;

	while (cmdline_next(&text, &param))
		if (cmdline_name_is(&param, name))
			text_join(ret->enabled_by, sizeof(ret->enabled_by),
				!param.value || cmdline_read_bool(&param) > 0 ? where
									      : "",
				NULL);
}

/* A line of modprobe.d(5): "options i915 enable_gvt=1", "softdep i915 post: kvmgt". */
static void look_at_options(const char *path, const char *line, struct gvt *ret)
{
	char command[16] = "", module[64] = "";
	int end = 0;

	if (sscanf(line, " %15s %63s %n", command, module, &end) < 2 || !end)
		return;
	if (strcmp(command, "options") == 0 && strcmp(module, "i915") == 0)
		find_parameter(line + end, "enable_gvt", path, ret);
	if (strcmp(command, "softdep") == 0 && cmdline_has(line + end, GVT_MODULE, NULL))
		text_join(ret->loaded_by, sizeof(ret->loaded_by), path, NULL);
}

/* ---- what loads its module ---------------------------------------------------------------- */

/* A line of modules-load.d(5), and of initramfs-tools' modules: a name, and maybe options. */
static void look_at_name(const char *path, const char *line, struct gvt *ret)
{
	char module[64] = "";

	if (sscanf(line, " %63s", module) == 1 && strcmp(module, GVT_MODULE) == 0)
		text_join(ret->loaded_by, sizeof(ret->loaded_by), path, NULL);
}

static int look_at_file(const struct root *root, const char *path,
	void (*look)(const char *path, const char *line, struct gvt *ret),
	struct gvt *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, path, &text, NULL);

	for (const char *cursor = text; r == 0 && *cursor;) {
		_cleanup_free_ char *line = NULL;

		module_files_next_line(&cursor, &line);
		if (!line)
			return -ENOMEM;
		look(path, line, ret);
	}
	return r == -ENOMEM ? r : 0;
}

static int look_at_files(const struct root *root, const char *kind,
	void (*look)(const char *path, const char *line, struct gvt *ret),
	struct gvt *ret)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = module_files_list(root, kind, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++)
		r = look_at_file(root, paths.names[i], look, ret);
	return r;
}

/* The graphics of the processor: on the root bus. */
static const struct pcibus_function *find_gpu(const struct pcibus *bus)
{
	for (size_t i = 0; i < bus->n; i++) {
		const struct pcidev *dev = &bus->functions[i].dev;

		if (dev->ids.vendor == INTEL && !dev->address.bus &&
			pcidev_base_class(dev) == PCI_BASE_DISPLAY)
			return &bus->functions[i];
	}
	return NULL;
}

int gvt_look(const struct facts *facts, const char *cmdline, struct gvt *ret)
{
	static const char *const lists[] = {
		"/etc/modules", "/etc/initramfs-tools/modules"};
	const struct root *root = facts->root;
	int r;

	*ret = (struct gvt){
		.gpu = find_gpu(&facts->bus),
		.loaded = file_exists(root, TREE_MODULE "/" GVT_MODULE),
	};
	r = look_at_files(root, MODULE_FILES_OPTIONS, look_at_options, ret);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
		r = look_at_file(root, lists[i], look_at_name, ret);
	r = r < 0 ? r : look_at_files(root, MODULE_FILES_LOADED, look_at_name, ret);
	if (r < 0 || !cmdline)
		return r;
	/* kmod has these behind those of files; systemd-modules-load.service(8). */
	find_parameter(cmdline, "i915.enable_gvt", GVT_CMDLINE, ret);
	if (cmdline_has(cmdline, "modules-load", GVT_MODULE) ||
		cmdline_has(cmdline, "rd.modules-load", GVT_MODULE))
		text_join(ret->loaded_by, sizeof(ret->loaded_by), GVT_CMDLINE, NULL);
	return 0;
}
