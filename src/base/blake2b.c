/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 7693, chapters 2.6 to 3.3, for words of 64 bits. */
#include "blake2b.h"

#include <stdbool.h>
#include <string.h>

#include "util.h"

#define ROUNDS 12

static const uint64_t start[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b,
	0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static const uint8_t order[10][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

/* Columns, then diagonals. */
static const uint8_t lanes[8][4] = {{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14},
	{3, 7, 11, 15}, {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14}};

static uint64_t turn(uint64_t word, unsigned by)
{
	return word >> by | word << (64 - by);
}

static void mix(uint64_t v[16], const uint8_t lane[4], uint64_t x, uint64_t y)
{
	uint64_t *a = &v[lane[0]], *b = &v[lane[1]], *c = &v[lane[2]], *d = &v[lane[3]];

	*a += *b + x;
	*d = turn(*d ^ *a, 32);
	*c += *d;
	*b = turn(*b ^ *c, 24);
	*a += *b + y;
	*d = turn(*d ^ *a, 16);
	*c += *d;
	*b = turn(*b ^ *c, 63);
}

static void compress(struct blake2b *hash, bool last)
{
	uint64_t v[16], words[16];

	hash->length += hash->used;
	for (size_t i = 0; i < 16; i++)
		words[i] = get_number(hash->block + 8 * i, 4) |
			(uint64_t)get_number(hash->block + 8 * i + 4, 4) << 32;
	memcpy(v, hash->state, sizeof(hash->state));
	memcpy(v + 8, start, sizeof(start));
	v[12] ^= hash->length;
	v[14] ^= last ? UINT64_MAX : 0;
	for (size_t i = 0; i < ROUNDS; i++)
		for (size_t j = 0; j < 8; j++)
			mix(v, lanes[j], words[order[i % 10][2 * j]],
				words[order[i % 10][2 * j + 1]]);
	for (size_t i = 0; i < 8; i++)
		hash->state[i] ^= v[i] ^ v[i + 8];
	hash->used = 0;
}

void blake2b_begin(struct blake2b *hash)
{
	memset(hash, 0, sizeof(*hash));
	memcpy(hash->state, start, sizeof(start));
	hash->state[0] ^= 0x01010000 | BLAKE2B_SIZE;
}

void blake2b_add(struct blake2b *hash, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	while (size) {
		size_t len;

		if (hash->used == sizeof(hash->block))
			compress(hash, false);
		len = sizeof(hash->block) - hash->used;
		len = len < size ? len : size;
		memcpy(hash->block + hash->used, from, len);
		hash->used += len;
		from += len;
		size -= len;
	}
}

void blake2b_end(struct blake2b *hash, uint8_t ret[static BLAKE2B_SIZE])
{
	memset(hash->block + hash->used, 0, sizeof(hash->block) - hash->used);
	compress(hash, true);
	for (size_t i = 0; i < BLAKE2B_SIZE; i++)
		ret[i] = (uint8_t)(hash->state[i / 8] >> 8 * (i % 8));
}
