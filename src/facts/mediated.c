/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what drivers show of mediated devices below the function that they are made of. */
#include "mediated.h"

#define PATH_SIZE 512

static void types_path(struct pci_address function, char *ret, size_t size)
{
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(function, address);
	snprintf(ret, size, TREE_PCI "/%s/mdev_supported_types", address);
}

bool mediated_is_offered(const struct root *root, struct pci_address function)
{
	char path[PATH_SIZE];

	types_path(function, path, sizeof(path));
	return file_exists(root, "%s", path);
}

int mediated_list(
	const struct root *root, struct pci_address function, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names types = {0}, found = {0};
	char directory[128], path[PATH_SIZE];
	int r;

	types_path(function, directory, sizeof(directory));
	r = file_list(root, directory, &types);
	for (size_t i = 0; r == 0 && i < types.n; i++) {
		_cleanup_(file_free_names) struct file_names devices = {0};

		snprintf(path, sizeof(path), "%s/%.128s/devices", directory,
			types.names[i]);
		r = file_list(root, path, &devices);
		for (size_t j = 0; r == 0 && j < devices.n; j++)
			r = file_add_name(&found, devices.names[j]);
	}
	if (r == 0)
		*ret = TAKE_STRUCT(found);
	return r;
}
