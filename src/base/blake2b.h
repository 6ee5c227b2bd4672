/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BLAKE2b with 64 bytes and no key (RFC 7693), as b2sum(1) makes it: menus of Limine have such
 * checksums.  No library of those that are linked already has it.
 */
#ifndef VFIOBOOT_BLAKE2B_H
#define VFIOBOOT_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE2B_SIZE       64
#define BLAKE2B_BLOCK_SIZE 128

struct blake2b {
	uint64_t state[8], length; /* length: of what was compressed */
	uint8_t block[BLAKE2B_BLOCK_SIZE];
	size_t used; /* of the block, which is compressed when more follows */
};

void blake2b_begin(struct blake2b *hash);
void blake2b_add(struct blake2b *hash, const void *bytes, size_t size);
void blake2b_end(struct blake2b *hash, uint8_t ret[static BLAKE2B_SIZE]);

#endif
