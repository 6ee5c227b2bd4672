/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads from a kernel's file which release it is: x86 has it in the header; the others have it in the
 * banner that the kernel prints first (init/version.c), which is compressed like the rest.
 */
#include "kernel_release.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/base.h"

#define BANNER    "Linux version "
#define BLOCK     (64 << 10)
#define BYTES_MAX ((uint64_t)512 << 20) /* of an unpacked kernel */

/* A kernel in the open file. */
struct part {
	int fd;
	uint64_t start, end;
};

static int read_at(const struct part *part, uint64_t at, void *buffer, size_t size)
{
	ssize_t n;

	if (at > part->end - part->start || size > part->end - part->start - at)
		return -ENODATA;
	n = pread(part->fd, buffer, size, (off_t)(part->start + at));
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -ENODATA;
}

/* The word at the beginning of a text, if it looks like a release. */
static int take_release(const char *text, size_t len, char *ret, size_t size)
{
	size_t n = 0;

	while (n < len && isgraph((unsigned char)text[n]) && text[n] != '/')
		n++;
	/* One that reaches the end was cut off. */
	if (n == 0 || n == len || !isdigit((unsigned char)*text) || !memchr(text, '.', n))
		return -ENODATA;
	return copy_text(ret, size, text, n) ? 0 : -ENODATA;
}

/* ---- in the banner ----------------------------------------------------------------------- */

/* Reads a block of the part, or of what is in it. */
static ssize_t read_block(
	const struct part *part, struct unpack *unpack, uint64_t at, char *buffer)
{
	uint64_t left = part->end - part->start - at;
	ssize_t n;

	if (unpack)
		return unpack_read(unpack, buffer, BLOCK);
	n = pread(part->fd, buffer, left < BLOCK ? (size_t)left : BLOCK,
		(off_t)(part->start + at));
	return n < 0 ? -errno : n;
}

/* Looks for the banner in @len bytes; what it has of it may be told from what follows only. */
static int find_banner(const char *bytes, size_t len, char *ret, size_t size)
{
	const char *at = bytes, *end = bytes + len;
	size_t head = strlen(BANNER);

	while ((at = memmem(at, (size_t)(end - at), BANNER, head))) {
		at += head;
		if (take_release(at, (size_t)(end - at), ret, size) == 0)
			return 0;
	}
	return -ENODATA;
}

static int search(const struct part *part, struct unpack *unpack, char *ret, size_t size)
{
	const size_t overlap = strlen(BANNER) + KERNEL_RELEASE_SIZE;
	_cleanup_free_ char *buffer = malloc(overlap + BLOCK);
	size_t kept = 0;
	uint64_t at = 0;
	ssize_t n;

	if (!buffer)
		return -ENOMEM;
	while (at < BYTES_MAX && (n = read_block(part, unpack, at, buffer + kept)) > 0) {
		size_t len = kept + (size_t)n;

		if (find_banner(buffer, len, ret, size) == 0)
			return 0;
		at += (size_t)n;
		kept = len < overlap ? len : overlap;
		memmove(buffer, buffer + len - kept, kept);
	}
	return -ENODATA;
}

static int search_packed(const struct part *part, char *ret, size_t size)
{
	_cleanup_(unpack_close) struct unpack *unpack = NULL;
	int r = unpack_open(part->fd, part->start, part->end, &unpack);

	return r == 0 ? search(part, unpack, ret, size) : r == -ENOMEM ? r : -ENODATA;
}

/* ---- kinds of files ---------------------------------------------------------------------- */

static int read_bzimage(const struct part *part, char *ret, size_t size)
{
	unsigned char header[0x10];
	char text[KERNEL_RELEASE_SIZE];
	int r = read_at(part, 0x200, header, sizeof(header));
	uint32_t at, left;

	if (r < 0 || memcmp(header + 2, "HdrS", 4) != 0)
		return r < 0 ? r : -ENODATA;
	at = get_number(header + 0xe, 2) + 0x200;
	left = (uint32_t)sizeof(text);
	if (at > part->end - part->start)
		return -ENODATA;
	if (left > part->end - part->start - at)
		left = (uint32_t)(part->end - part->start - at);
	r = read_at(part, at, text, left);
	return r < 0 ? r : take_release(text, left, ret, size);
}

/* An EFI program that unpacks what is in it: where that is stands in its first bytes. */
static int read_zboot(const struct part *part, char *ret, size_t size)
{
	struct part inner = *part;
	unsigned char header[16];
	uint64_t offset, len;
	int r = read_at(part, 0, header, sizeof(header));

	if (r < 0 || memcmp(header, "MZ\0\0zimg", 8) != 0)
		return r < 0 ? r : -ENODATA;
	offset = get_number(header + 8, 4);
	len = get_number(header + 12, 4);
	if (offset > part->end - part->start || len > part->end - part->start - offset)
		return -ENODATA;
	inner.start += offset;
	inner.end = inner.start + len;
	return search_packed(&inner, ret, size);
}

/* What is neither compressed nor has the release in a header. */
static int read_plain(const struct part *part, char *ret, size_t size)
{
	static const struct {
		const char *magic;
		size_t at, len;
	} kinds[] = {
		{"ARM\x64", 0x38, 4}, /* Documentation/arch/arm64/booting.rst */
		{"RSC\x05", 0x38, 4}, /* Documentation/arch/riscv/boot-image-header.rst */
		{"\x7f"
		 "ELF",
			0, 4},
	};
	char magic[4];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (read_at(part, kinds[i].at, magic, kinds[i].len) == 0 &&
			memcmp(magic, kinds[i].magic, kinds[i].len) == 0)
			return search(part, NULL, ret, size);
	return -ENODATA;
}

static int read_kernel(const struct part *part, char *ret, size_t size)
{
	static int (*const readers[])(const struct part *, char *, size_t) = {
		read_bzimage, read_zboot, read_plain, search_packed};
	int r = -ENODATA;

	for (size_t i = 0; r == -ENODATA && i < ARRAY_SIZE(readers); i++)
		r = readers[i](part, ret, size);
	return r;
}

/* -ENOENT: it is no unified kernel image. */
static int read_unified(int fd, char *ret, size_t size)
{
	_cleanup_free_ char *name = NULL;
	const struct pe_section *section;
	struct pe_image pe;

	if (pe_read(fd, &pe) < 0)
		return -ENOENT;
	section = pe_find(&pe, ".linux");
	if (!section)
		return -ENOENT;
	if (pe_read_text(fd, &pe, ".uname", &name) == 0) {
		size_t len = strlen(name);

		/* With a NUL, which ends it. */
		if (take_release(name, len + 1, ret, size) == 0)
			return 0;
	}
	return read_kernel(&(struct part){fd, section->offset,
				   (uint64_t)section->offset + section->size},
		ret, size);
}

int kernel_release_read(const struct root *root, const char *path, char *ret, size_t size)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENODATA;
	r = read_unified(fd, ret, size);
	return r == -ENOENT
		? read_kernel(&(struct part){fd, 0, (uint64_t)st.st_size}, ret, size)
		: r;
}
