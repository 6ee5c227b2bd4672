/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers that every layer uses: clean-up attributes and array sizes. */
#ifndef VFIOBOOT_UTIL_H
#define VFIOBOOT_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The value of a pointer variable, which is set to NULL: hands ownership over. */
#define TAKE_PTR(p)                                                                      \
	({                                                                               \
		__typeof__(p) *take_ = &(p);                                             \
		__typeof__(p) taken_ = *take_;                                           \
		*take_ = NULL;                                                           \
		taken_;                                                                  \
	})

/* The same of a struct variable, which becomes zeros. */
#define TAKE_STRUCT(s)                                                                   \
	({                                                                               \
		__typeof__(s) *take_ = &(s);                                             \
		__typeof__(s) taken_ = *take_;                                           \
		*take_ = (__typeof__(s)){0};                                             \
		taken_;                                                                  \
	})

/* The value of a descriptor variable, which is set to -1. */
#define TAKE_FD(fd)                                                                      \
	({                                                                               \
		int *take_ = &(fd);                                                      \
		int taken_ = *take_;                                                     \
		*take_ = -1;                                                             \
		taken_;                                                                  \
	})

/*
 * Adds an element of zeros behind the @n (size_t) of @list, both variables or members: the pointer starts
 * as NULL, and only this makes the list longer, in an array that doubles.  Returns the element, until
 * another one is added; NULL without memory.
 */
#define LIST_ADD(list, n)                                                                \
	({                                                                               \
		size_t *n_ = &(n);                                                       \
		__typeof__(list) added_ = (list);                                        \
		if ((*n_ & (*n_ - 1)) == 0)                                              \
			added_ = reallocarray(                                           \
				added_, *n_ ? 2 * *n_ : 1, sizeof(*added_));             \
		if (added_) {                                                            \
			(list) = added_;                                                 \
			added_ = memset(&added_[(*n_)++], 0, sizeof(*added_));           \
		}                                                                        \
		added_;                                                                  \
	})

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/*
 * A large variable of vfioboot-early, which alone is compiled for size: they lie behind all small ones,
 * which so share a page (the Makefile has the linker sort them by name).  Each page that is touched is a
 * page fault.
 */
#ifdef __OPTIMIZE_SIZE__
#define _large_ __attribute__((section(".bss.zz"), aligned(4096)))
#else
#define _large_
#endif

#define _cleanup_(f)    __attribute__((cleanup(f)))
#define _cleanup_free_  _cleanup_(free_ptr)
#define _cleanup_close_ _cleanup_(close_fd)

/* The number in the @n bytes at @p (at most 4), the lowest first. */
static inline uint32_t get_number(const void *p, unsigned n)
{
	const uint8_t *bytes = p;
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | bytes[n];
	return value;
}

/*
 * Copies the text @src of @len bytes into @dst of @size bytes, with a NUL.
 * Returns false, and leaves @dst alone, when it does not fit.
 */
static inline bool copy_text(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size)
		return false;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

/* FNV-1a of 64 bits (draft-eastlake-fnv): it begins as DIGEST_BASIS. */
#define DIGEST_BASIS 0xcbf29ce484222325

static inline uint64_t digest_add(uint64_t digest, char c)
{
	return (digest ^ (unsigned char)c) * 0x100000001b3;
}

#endif
