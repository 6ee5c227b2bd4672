/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a context is inside of the library: it keeps what is said to its owner. */
#ifndef VFIOBOOT_LIBRARY_CONTEXT_H
#define VFIOBOOT_LIBRARY_CONTEXT_H

#include "base/base.h"
#include "export.h"

struct vfioboot_ctx {
	unsigned refs;
	char *directory; /* NULL: "/" */
	char *program;   /* NULL: the one that is installed */
	void (*log)(struct vfioboot_ctx *ctx, int priority, const char *text, void *data);
	void *log_data;
	struct message failure; /* of the last one */
};

/* Where to say what goes wrong now: what was kept before is forgotten. */
struct message *context_failure(struct vfioboot_ctx *ctx);

/* Keeps what went wrong.  Returns its code. */
int context_fail(struct vfioboot_ctx *ctx, const struct message *failure);

/* The same of an -errno that says all there is to say; of 0 and more nothing.  Returns @code. */
int context_errno(struct vfioboot_ctx *ctx, int code);

/* Gives a warning to who wants it. */
void context_warn(struct vfioboot_ctx *ctx, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
