/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of the Boot Loader Specification, type 1: one file an entry, a key and its value a
 * line (https://uapi-group.org/specifications/specs/boot_loader_specification).  Pure.
 */
#ifndef VFIOBOOT_BLS_ENTRY_H
#define VFIOBOOT_BLS_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a copy has behind the values of its original; "" for nothing.  Options go before a bare
 * "--", behind which all is init's.
 */
struct bls_addition {
	const char *title;
	/* So that it never sorts above the original, whatever its tries. */
	const char *sort_key;
	const char *options;
};

/*
 * Copies the entry @text with @addition.  Each line stays where it is, since GRUB stops reading
 * at one that has no value; the options are all on the first line of them, since GRUB reads no
 * other.  An entry without a sort-key gets none.  The caller frees *@ret.  Returns 0; -EBADMSG
 * for an entry that starts no kernel (a unified image has its command line inside); or -ENOMEM.
 */
int bls_copy(const char *text, const struct bls_addition *addition, char **ret);

/*
 * Whether two entries say the same: line by line, and the same options in any order, since other
 * programs add theirs behind all that are there (grubby(8); tuned's 92-tuned.install).
 */
bool bls_same(const char *a, const char *b);

/* All options of an entry, from however many lines; for free(), NULL without memory. */
char *bls_options(const char *text);

/* Where the value begins on a line with the key, or NULL; it goes up to the newline. */
const char *bls_line_value(const char *line, const char *key);

/* The value of the first line with the key.  Returns false when there is none. */
bool bls_value(const char *text, const char *key, char *ret, size_t size);

/* The same of the last line, which is the one that counts in loader.conf(5). */
bool bls_last_value(const char *text, const char *key, char *ret, size_t size);

/*
 * What a file is called without its extension, in @ret.  With @tries also without the count of
 * tries before that, "+LEFT" or "+LEFT-DONE", which systemd-boot and systemd-bless-boot change
 * (https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT); GRUB has no such count, and a kernel's version
 * may end in '+' and a number.
 */
void bls_stem(const char *name, bool tries, char *ret, size_t size);

/* That count, such as "+2-1", into @ret; "" for none.  Whether no try is left by it. */
bool bls_tries(const char *name, char *ret, size_t size);

#endif
