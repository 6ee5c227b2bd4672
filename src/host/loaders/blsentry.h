/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of the Boot Loader Specification, type 1: one file an entry, a key and its value a
 * line (https://uapi-group.org/specifications/specs/boot_loader_specification).  Pure.
 */
#ifndef VFIOBOOT_BLSENTRY_H
#define VFIOBOOT_BLSENTRY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies the entry @text with @note behind its title and @parameters behind its options.
 * GRUB reads one line of options alone, so there is one in the copy.  All other keys stay,
 * the ones it is sorted by too.  The caller frees *@ret.  Returns 0; -EBADMSG for an entry
 * that starts no kernel (a unified image has its command line inside); or -ENOMEM.
 */
int bls_copy(const char *text, const char *note, const char *parameters, char **ret);

/* The value of the first line with the key.  Returns false when there is none. */
bool bls_value(const char *text, const char *key, char *ret, size_t size);

#endif
