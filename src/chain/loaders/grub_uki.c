/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes as entries of grub.cfg what the command makes. */
#include "grub_uki.h"

#include "bls_order.h"
#include "facts/facts.h"
#include "grub_cfg.h"
#include "uki_image.h"

/* As grub-mkconfig quotes it. */
static void print_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++)
		if (*text == '\'')
			fprintf(out, "'\\''");
		else
			fputc(*text == '\n' ? ' ' : *text, out);
	fputc('\'', out);
}

/* One without a title is left out. */
static void print_entry(FILE *out, const struct uki *image)
{
	if (!*image->osrel)
		return;
	fprintf(out, "menuentry ");
	print_quoted(out, image->title);
	fprintf(out, " --id ");
	print_quoted(out, image->name);
	fprintf(out, " {\n\tchainloader ");
	print_quoted(out, image->directory);
	fprintf(out, "/");
	print_quoted(out, image->name);
	fprintf(out, "\n}\n");
}

static int compare_images(const void *left, const void *right)
{
	const struct uki *a = left, *b = right;

	return bls_compare_files(b->name, a->name);
}

/* Firmware of UEFI starts the GRUB that has it, so that an `if` for that is one that holds. */
static bool is_for_efi(const char *condition)
{
	size_t len = strcspn(condition, "\n");

	return memmem(condition, len, "grub_platform", strlen("grub_platform")) &&
		memmem(condition, len, "efi", strlen("efi"));
}

static void print_expanded(FILE *out, const char *text, const struct ukis *images)
{
	const char *condition = "";

	for (; *text; text = text_next_line(text)) {
		size_t len = (size_t)(text_next_line(text) - text);
		bool holds = is_for_efi(condition);

		if (grub_cfg_is_command(text, GRUB_UKI)) {
			fprintf(out, "%s", holds ? "fi\n" : "");
			for (size_t i = 0; i < images->n; i++)
				print_entry(out, &images->images[i]);
			fprintf(out, "%s", holds ? "if true\nthen\n" : "");
			continue;
		}
		if (text_begins_with(text + strspn(text, " \t"), "if "))
			condition = text;
		else if (grub_cfg_is_command(text, "fi") ||
			grub_cfg_is_command(text, "else"))
			condition = "";
		fprintf(out, "%.*s", (int)len, text);
	}
}

int grub_uki_expand(const struct root *root, char **text, char *ret_failed, size_t size)
{
	_cleanup_(ukis_free) struct ukis images = {0};
	struct text_stream stream;
	int r;

	if (!grub_cfg_runs(*text, GRUB_UKI))
		return 0;
	r = ukis_read(root, true, &images);
	if (r < 0) {
		text_join(ret_failed, size, images.failed, NULL);
		return r;
	}
	if (images.n)
		qsort(images.images, images.n, sizeof(*images.images), compare_images);
	if (!text_stream_open(&stream))
		return -ENOMEM;
	print_expanded(stream.out, *text, &images);
	free(*text);
	*text = text_stream_take(&stream);
	return *text ? 0 : -ENOMEM;
}
