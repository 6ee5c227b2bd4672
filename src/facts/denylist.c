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

#define MODULE "vfio_pci"
#define NAME   "disable_denylist"

bool denylist_read(const char *text, bool before)
{
	return module_files_bool_in(text, MODULE, NAME, before);
}

bool denylist_is_disabled(const struct root *root, bool built_in, const char *cmdline)
{
	bool disabled = !built_in && module_files_bool(root, MODULE, NAME);

	return cmdline ? module_files_bool_on(cmdline, MODULE, NAME, disabled) : disabled;
}
