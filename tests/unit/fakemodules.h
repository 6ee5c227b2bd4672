/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes what depmod(8) makes, for kernels that are not there: the indexes of libkmod, a trie
 * with one character a node (the format is told in libkmod/libkmod-index.c), and modules that
 * have nothing but their aliases.
 */
#ifndef VFIOBOOT_FAKEMODULES_H
#define VFIOBOOT_FAKEMODULES_H

#include <arpa/inet.h>
#include <elf.h>
#include <stdio.h>

#include "support.h"

struct fake_index_line {
	const char *key, *value;
};

struct fake_index {
	unsigned char bytes[65536];
	size_t size;
	const struct fake_index_line *lines;
	size_t n;
};

static inline void fake_put_number(struct fake_index *index, uint32_t number)
{
	number = htonl(number);
	assert_true(index->size + sizeof(number) < sizeof(index->bytes));
	memcpy(index->bytes + index->size, &number, sizeof(number));
	index->size += sizeof(number);
}

/* Whether the line goes on behind the first @depth characters of @prefix. */
static inline bool fake_is_below(
	const struct fake_index_line *line, const char *prefix, size_t depth)
{
	return strncmp(line->key, prefix, depth) == 0;
}

static inline void fake_put_values(
	struct fake_index *index, const char *prefix, size_t depth, uint32_t count)
{
	fake_put_number(index, count);
	for (size_t i = 0; i < index->n; i++) {
		const struct fake_index_line *line = &index->lines[i];

		if (!fake_is_below(line, prefix, depth) || line->key[depth])
			continue;
		fake_put_number(index, (uint32_t)i);
		strcpy((char *)index->bytes + index->size, line->value);
		index->size += strlen(line->value) + 1;
	}
}

/* Writes the nodes below, then the one itself.  Returns its offset with its flags. */
static inline uint32_t fake_put_node(
	struct fake_index *index, const char *prefix, size_t depth)
{
	uint32_t children[128] = {0}, count = 0, offset;
	unsigned first = 127, last = 0;

	for (size_t i = 0; i < index->n; i++) {
		const struct fake_index_line *line = &index->lines[i];
		unsigned next;

		if (!fake_is_below(line, prefix, depth))
			continue;
		next = (unsigned char)line->key[depth];
		count += !next;
		if (!next || children[next])
			continue;
		children[next] = fake_put_node(index, line->key, depth + 1);
		first = next < first ? next : first;
		last = next > last ? next : last;
	}
	offset = (uint32_t)index->size | (last ? 0x20000000u : 0) |
		(count ? 0x40000000u : 0);
	if (last) {
		index->bytes[index->size++] = (unsigned char)first;
		index->bytes[index->size++] = (unsigned char)last;
		for (unsigned i = first; i <= last; i++)
			fake_put_number(index, children[i]);
	}
	if (count)
		fake_put_values(index, prefix, depth, count);
	return offset;
}

/* Makes the index @name, such as "modules.alias", in the directory @dir below the root. */
static inline void fake_put_index(
	const char *dir, const char *name, const struct fake_index_line *lines, size_t n)
{
	static struct fake_index index;
	uint32_t root;
	char path[1024];

	index.size = 0;
	index.lines = lines;
	index.n = n;
	fake_put_number(&index, 0xb007f457);
	fake_put_number(&index, 0x00020001);
	fake_put_number(&index, 0);
	root = htonl(fake_put_node(&index, "", 0));
	memcpy(index.bytes + 8, &root, sizeof(root));
	snprintf(path, sizeof(path), "%s/%s.bin", dir, name);
	fake_put_bytes(path, index.bytes, index.size);
}

/* Makes the module @path with the section .modinfo @info, of @size bytes. */
static inline void fake_put_module(const char *path, const char *info, size_t size)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	struct {
		Elf64_Ehdr header;
		Elf64_Shdr sections[3];
		char names[sizeof(names)];
		char info[512];
	} elf = {
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				   ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_REL,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 3,
			.e_shstrndx = 2},
	};

	assert_true(size <= sizeof(elf.info));
	elf.header.e_shoff = offsetof(__typeof__(elf), sections);
	elf.sections[1] = (Elf64_Shdr){.sh_name = 1,
		.sh_type = SHT_PROGBITS,
		.sh_offset = offsetof(__typeof__(elf), info),
		.sh_size = size};
	elf.sections[2] = (Elf64_Shdr){.sh_name = 10,
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(__typeof__(elf), names),
		.sh_size = sizeof(names)};
	memcpy(elf.names, names, sizeof(names));
	memcpy(elf.info, info, size);
	fake_put_bytes(path, &elf, sizeof(elf));
}

#endif
