/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's own header: what it declares is exported, and nothing else is. */
#ifndef VFIOBOOT_LIBRARY_EXPORT_H
#define VFIOBOOT_LIBRARY_EXPORT_H

#pragma GCC visibility push(default)
#include <vfioboot.h>
#pragma GCC visibility pop

/*
 * Defines what the header declares and explains: a function of one expression of its only argument,
 * by the name of which it goes; and one of the element @index of a list, NULL behind the last one.
 */
#define GET(type, name, object, value)                                                   \
	type name(const struct vfioboot_##object *object)                                \
	{                                                                                \
		return value;                                                            \
	}
#define GET_AT(element, name, object, list, n)                                           \
	const struct vfioboot_##element *name(                                           \
		const struct vfioboot_##object *object, size_t index)                    \
	{                                                                                \
		return index < (n) ? &(list)[index] : NULL;                              \
	}

#endif
