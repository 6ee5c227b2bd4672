/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what kernel-install names files by. */
#include "bootidentity.h"

#include "base/base.h"

#define ID_DIGITS 32 /* of a machine's id */
#define HEX       "0123456789abcdef"

void bootidentity_read(const struct sysfs_root *root, struct bootidentity *ret)
{
	_cleanup_free_ char *info = NULL, *id = NULL;

	*ret = (struct bootidentity){0};
	tree_read_line(root, "etc/machine-id", ret->machine_id, sizeof(ret->machine_id));
	tree_read_line(root, "etc/kernel/entry-token", ret->token, sizeof(ret->token));
	if (hostfile_read(root, "etc/machine-info", &info, NULL) == 0)
		id = hostfile_value(info, "KERNEL_INSTALL_MACHINE_ID");
	if (id && *id)
		text_join(ret->machine_id, sizeof(ret->machine_id), id, NULL);
}

int bootidentity_judge(const struct bootidentity *identity, const char *name)
{
	if (identity->token[0] &&
		strncmp(name, identity->token, strlen(identity->token)) == 0)
		return 1;
	if (!identity->machine_id[0] || strspn(name, HEX) != ID_DIGITS)
		return -1;
	return strncmp(name, identity->machine_id, ID_DIGITS) == 0;
}
