/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file has beside its content and its times: who owns it, and who may do what with it. */
#ifndef VFIOBOOT_FILEATTRS_H
#define VFIOBOOT_FILEATTRS_H

/*
 * Gives the open file @to the owner, the mode, the ACL and the SELinux label of @from, as far
 * as this process may and the file system can.  Returns 0, or -errno.
 */
int fileattrs_copy(int from, int to);

#endif
