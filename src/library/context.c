/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All state of the library is in contexts, and in what is made of them. */
#include "context.h"

#include <stdarg.h>
#include <syslog.h>

int vfioboot_new(struct vfioboot_ctx **ret_ctx)
{
	struct vfioboot_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return -ENOMEM;
	ctx->refs = 1;
	*ret_ctx = ctx;
	return 0;
}

struct vfioboot_ctx *vfioboot_ref(struct vfioboot_ctx *ctx)
{
	ctx->refs++;
	return ctx;
}

struct vfioboot_ctx *vfioboot_unref(struct vfioboot_ctx *ctx)
{
	if (!ctx || --ctx->refs)
		return NULL;
	free(ctx->directory);
	free(ctx->program);
	free(ctx);
	return NULL;
}

int vfioboot_set_root(struct vfioboot_ctx *ctx, const char *directory)
{
	char *copy;

	if (!*directory)
		return message_set(context_failure(ctx), -EINVAL,
			"the name of the root directory is empty");
	copy = strdup(directory);
	if (!copy)
		return context_errno(ctx, -ENOMEM);
	free(ctx->directory);
	ctx->directory = copy;
	return 0;
}

GET(const char *, vfioboot_get_root, ctx, ctx->directory ? ctx->directory : "/")

void vfioboot_set_log(struct vfioboot_ctx *ctx,
	void (*log)(struct vfioboot_ctx *ctx, int priority, const char *text, void *data),
	void *data)
{
	ctx->log = log;
	ctx->log_data = data;
}

GET(const char *, vfioboot_get_message, ctx,
	*ctx->failure.text ? ctx->failure.text : NULL)
GET(const char *, vfioboot_get_remedy, ctx,
	*ctx->failure.remedy ? ctx->failure.remedy : NULL)

const char *vfioboot_version(void)
{
	return VFIOBOOT_VERSION;
}

struct message *context_failure(struct vfioboot_ctx *ctx)
{
	ctx->failure = (struct message){0};
	return &ctx->failure;
}

int context_fail(struct vfioboot_ctx *ctx, const struct message *failure)
{
	ctx->failure = *failure;
	return failure->code;
}

int context_errno(struct vfioboot_ctx *ctx, int code)
{
	return code >= 0
		? code
		: message_set(context_failure(ctx), code, "%s", errno_text(code));
}

void context_warn(struct vfioboot_ctx *ctx, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	if (!ctx->log)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		ctx->log(ctx, LOG_WARNING, text, ctx->log_data);
}
