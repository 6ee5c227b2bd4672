/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens each image of EFI/Linux. */
#include "ukimenu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "../hostfile.h"
#include "bootidentity.h"
#include "peimage.h"

#define DOT_EFI ".efi"

static const char *const directories[] = {
	"/boot/EFI/Linux", "/efi/EFI/Linux", "/boot/efi/EFI/Linux"};

/* Ours end so, or with the name of a profile behind the first. */
static const char *const endings[] = {"-no-passthrough", "-passthrough"};

static void free_image(struct uki *image)
{
	free(image->directory);
	free(image->name);
	free(image->cmdline);
	free(image->version);
	free(image->title);
}

void ukis_free(struct ukis *images)
{
	for (size_t i = 0; i < images->n; i++)
		free_image(&images->images[i]);
	free(images->images);
	*images = (struct ukis){0};
}

static size_t stem_length(const char *name)
{
	size_t len = strlen(name), dot = strlen(DOT_EFI);

	return len > dot && strcasecmp(name + len - dot, DOT_EFI) == 0 ? len - dot : 0;
}

/* By its name and what it passes on: a person may have named one so, too. */
static void find_id(struct uki *image)
{
	size_t stem = stem_length(image->name);

	if (!strstr(image->cmdline, "vfioboot."))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		const char *at = strstr(image->name, endings[i]);

		if (!at)
			continue;
		copy_text(image->id, sizeof(image->id), at + 1,
			stem - (size_t)(at + 1 - image->name));
		return;
	}
}

/* The ID= of os-release(5) tells systems apart that share a partition. */
static bool is_of_system(const struct sysfs_root *root, const char *osrel)
{
	static const char *const files[] = {"etc/os-release", "usr/lib/os-release"};
	_cleanup_free_ char *own = NULL, *own_id = NULL,
			    *id = hostfile_value(osrel, "ID");

	for (size_t i = 0; i < ARRAY_SIZE(files) && !own; i++)
		hostfile_read(root, files[i], &own, NULL);
	own_id = own ? hostfile_value(own, "ID") : NULL;
	return !id || !own_id || strcmp(id, own_id) == 0;
}

static void strip_end(char *text)
{
	size_t len = strlen(text);

	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
}

static int read_texts(
	int fd, const struct pe_image *pe, struct uki *image, char **ret_osrel)
{
	_cleanup_free_ char *osrel = NULL;
	int r = pe_read_text(fd, pe, ".osrel", &osrel);

	if (r == 0 || r == -ENOENT)
		r = pe_read_text(fd, pe, ".cmdline", &image->cmdline);
	if (r == 0 || r == -ENOENT)
		r = pe_read_text(fd, pe, ".uname", &image->version);
	if (r < 0 && r != -ENOENT)
		return r;
	osrel = osrel ? osrel : strdup("");
	image->cmdline = image->cmdline ? image->cmdline : strdup("");
	image->version = image->version ? image->version : strdup("");
	image->title = osrel ? hostfile_value(osrel, "PRETTY_NAME") : NULL;
	image->title = image->title ? image->title : strdup(image->name);
	if (!osrel || !image->cmdline || !image->version || !image->title)
		return -ENOMEM;
	strip_end(image->cmdline);
	strip_end(image->version);
	*ret_osrel = TAKE_PTR(osrel);
	return 0;
}

/* Returns 1 for an image of this machine, 0 for another file, or -errno. */
static int read_image(const struct sysfs_root *root, struct uki *image)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *osrel = NULL;
	char path[PATH_MAX];
	struct pe_image pe;
	struct stat st;
	int r;

	text_join(path, sizeof(path), image->directory, "/", image->name, NULL);
	fd = sysfs_root_open_file(root, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || pe_read(fd, &pe) < 0 || !pe_find(&pe, ".linux"))
		return 0;
	r = read_texts(fd, &pe, image, &osrel);
	if (r < 0)
		return r == -EBADMSG || r == -EFBIG ? 0 : r;
	image->changed = st.st_mtim;
	image->needs_keys = pe.is_signed || pe_find(&pe, ".pcrsig");
	find_id(image);
	return is_of_system(root, osrel);
}

static int add_image(const struct sysfs_root *root, const char *directory,
	const char *name, struct ukis *images)
{
	_cleanup_(free_image) struct uki image = {0};
	struct uki *more;
	int r;

	image.directory = strdup(directory);
	image.name = strdup(name);
	if (!image.directory || !image.name)
		return -ENOMEM;
	r = read_image(root, &image);
	if (r <= 0)
		return r;
	more = realloc(images->images, (images->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	images->images = more;
	more[images->n++] = image;
	image = (struct uki){0};
	return 0;
}

int ukis_read(const struct sysfs_root *root, struct ukis *ret)
{
	_cleanup_(ukis_free) struct ukis images = {0};
	struct bootidentity identity;
	int r = 0;

	bootidentity_read(root, &identity);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++) {
		_cleanup_(hostfile_free_names) struct hostfile_names names = {0};

		r = hostfile_list(root, directories[i], &names);
		r = r == -ENOTDIR ? 0 : r;
		for (size_t j = 0; r == 0 && j < names.n; j++)
			if (names.names[j][0] != '.' && stem_length(names.names[j]) &&
				bootidentity_judge(&identity, names.names[j]) != 0)
				r = add_image(
					root, directories[i], names.names[j], &images);
	}
	if (r < 0)
		return r;
	*ret = images;
	images = (struct ukis){0};
	return 0;
}

void uki_copy_name(
	const struct uki *original, const struct bootentry *entry, char *ret, size_t size)
{
	size_t stem = stem_length(original->name);
	char start[NAME_MAX + 1] = "", *count;

	copy_text(start, sizeof(start), original->name, stem);
	/* "+LEFT-DONE", tries that systemd-boot counts: they are the original's. */
	count = strrchr(start, '+');
	if (count && count[1] && !count[1 + strspn(count + 1, "0123456789-")])
		*count = '\0';
	text_join(ret, size, start, "-", entry->id, DOT_EFI, NULL);
}

const struct uki *uki_find_copy(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry)
{
	char name[NAME_MAX + 1];

	uki_copy_name(original, entry, name, sizeof(name));
	for (size_t i = 0; i < images->n; i++)
		if (images->images[i].id[0] &&
			strcmp(images->images[i].directory, original->directory) == 0 &&
			strcmp(images->images[i].name, name) == 0)
			return &images->images[i];
	return NULL;
}
