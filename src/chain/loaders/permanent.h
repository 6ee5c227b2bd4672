/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a person adds parameters to the normal entries for good: the file that has the last word on
 * this machine.
 */
#ifndef VFIOBOOT_PERMANENT_H
#define VFIOBOOT_PERMANENT_H

#include <stddef.h>

struct root;

/* Of each loader: the end of a sentence, such as "in FILE; then run 'COMMAND'", in @ret. */
void permanent_grub(const struct root *root, char *ret, size_t size);
void permanent_grub_bls(const struct root *root, char *ret, size_t size);
void permanent_kernel_install(const struct root *root, char *ret, size_t size);
void permanent_uki(const struct root *root, char *ret, size_t size);
void permanent_proxmox(const struct root *root, char *ret, size_t size);
void permanent_limine(const struct root *root, char *ret, size_t size);
void permanent_ostree(const struct root *root, char *ret, size_t size);

#endif
