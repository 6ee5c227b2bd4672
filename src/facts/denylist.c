/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ids are those of include/linux/pci_ids.h. */
#include "denylist.h"

#include "module_files.h"

#define VENDOR_INTEL 0x8086

static const uint16_t devices[] = {
	0x0435, 0x0443, /* QAT DH895xCC and its virtual functions */
	0x19e2, 0x19e3, /* QAT C3xxx */
	0x37c8, 0x37c9, /* QAT C62x */
	0x0b25,         /* DSA of Sapphire Rapids; both since Linux 6.9 */
	0x0cfe,         /* IAX */
};

bool denylist_has(const struct pci_ids *ids)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (ids->vendor == VENDOR_INTEL && ids->device == devices[i])
			return true;
	return false;
}

/* A bool of a module, which without a value is on. */
static bool read_bool(const struct cmdline_param *param, bool before)
{
	int value = param->value ? cmdline_read_bool(param) : 1;

	return value < 0 ? before : value;
}

static bool read_params(const char *params, const char *name, bool before)
{
	struct cmdline_param param;

	while (cmdline_next(&params, &param))
		if (cmdline_name_is(&param, name))
			before = read_bool(&param, before);
	return before;
}

bool denylist_read(const char *text, bool before)
{
	char *line;

	while (module_files_next_line(&text, &line)) {
		_cleanup_free_ char *own = line;
		char command[16] = "", module[16] = "";
		int end = 0;

		if (own && sscanf(own, " %15s %15s %n", command, module, &end) == 2 &&
			strcmp(command, "options") == 0 &&
			(strcmp(module, "vfio-pci") == 0 ||
				strcmp(module, "vfio_pci") == 0))
			before = read_params(own + end, "disable_denylist", before);
	}
	return before;
}

bool denylist_is_disabled(const struct root *root, bool built_in, const char *cmdline)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	bool disabled = false;

	if (!built_in)
		module_files_list(root, MODULE_FILES_OPTIONS, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		_cleanup_free_ char *text = NULL;

		if (file_read(root, paths.names[i], &text, NULL) == 0)
			disabled = denylist_read(text, disabled);
	}
	return cmdline ? read_params(cmdline, "vfio_pci.disable_denylist", disabled)
		       : disabled;
}
