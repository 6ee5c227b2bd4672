/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens each image of EFI/Linux. */
#include "ukimenu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/base.h"
#include "blsentry.h"
#include "bootidentity.h"
#include "chain/peimage.h"
#include "change/change.h"
#include "ukiosrel.h"

#define DOT_EFI ".efi"

static const char *const directories[] = {
	"/boot/EFI/Linux", "/efi/EFI/Linux", "/boot/efi/EFI/Linux"};

static void free_image(struct uki *image)
{
	free(image->directory);
	free(image->name);
	free(image->cmdline);
	free(image->version);
	free(image->title);
	free(image->osrel);
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

static int read_texts(int fd, const struct pe_image *pe, struct uki *image)
{
	int r = pe_read_text(fd, pe, ".osrel", &image->osrel);

	if (r == 0 || r == -ENOENT)
		r = pe_read_text(fd, pe, ".cmdline", &image->cmdline);
	if (r == 0 || r == -ENOENT)
		r = pe_read_text(fd, pe, ".uname", &image->version);
	if (r < 0 && r != -ENOENT)
		return r;
	image->osrel = image->osrel ? image->osrel : strdup("");
	image->cmdline = image->cmdline ? image->cmdline : strdup("");
	image->version = image->version ? image->version : strdup("");
	image->title = image->osrel ? hostfile_value(image->osrel, "PRETTY_NAME") : NULL;
	image->title = image->title ? image->title : strdup(image->name);
	if (!image->osrel || !image->cmdline || !image->version || !image->title)
		return -ENOMEM;
	strip_end(image->cmdline);
	strip_end(image->version);
	return 0;
}

/* Returns 1 for an image of this machine, 0 for another file, or -errno. */
static int read_image(const struct sysfs_root *root, struct uki *image)
{
	_cleanup_close_ int fd = -1;
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
	r = read_texts(fd, &pe, image);
	if (r < 0)
		return r == -EBADMSG || r == -EFBIG ? 0 : r;
	image->changed = st.st_mtim;
	image->size = (uint64_t)st.st_size;
	image->is_signed = pe.is_signed;
	image->has_signed_measurements = pe_find(&pe, ".pcrsig");
	ukiparts_read(&pe, &image->parts);
	ukiosrel_is_ours(image->osrel, image->id);
	return is_of_system(root, image->osrel);
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
		if (r < 0)
			ret->failed = directories[i];
	}
	if (r < 0)
		return r;
	*ret = images;
	images = (struct ukis){0};
	return 0;
}

void uki_id(
	const struct uki *original, const struct bootentry *entry, char *ret, size_t size)
{
	char stem[NAME_MAX + 1];

	/* A count of tries is the original's. */
	copy_text(stem, sizeof(stem), original->name,
		bls_stem_length(original->name, true, NULL));
	text_join(
		ret, size, stem, entry ? "-" : "", entry ? entry->id : "", DOT_EFI, NULL);
}

static struct uki *find_named(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry, bool ours)
{
	char name[NAME_MAX + 1];

	uki_id(original, entry, name, sizeof(name));
	for (size_t i = 0; i < images->n; i++)
		if ((images->images[i].id[0] != '\0') == ours &&
			strcmp(images->images[i].directory, original->directory) == 0 &&
			strcasecmp(images->images[i].name, name) == 0)
			return &images->images[i];
	return NULL;
}

const struct uki *uki_find_copy(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry)
{
	return find_named(images, original, entry, true);
}

struct uki *uki_find_rival(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry)
{
	return find_named(images, original, entry, false);
}

void uki_temporary(const char *directory, const char *name, char ret[static PATH_MAX])
{
	text_join(ret, PATH_MAX, directory, "/.", name, ATOMICFILE_TEMPORARY, NULL);
}

/* Whether the name is one of uki_temporary(). */
static bool is_temporary(const char *name)
{
	static const char end[] = DOT_EFI ATOMICFILE_TEMPORARY;
	size_t len = strlen(name), end_len = strlen(end);

	return name[0] == '.' && len > end_len &&
		strcasecmp(name + len - end_len, end) == 0;
}

int ukis_read_left(const struct sysfs_root *root, struct hostfile_names *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++) {
		_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
		char path[PATH_MAX];

		r = hostfile_list(root, directories[i], &names);
		r = r == -ENOTDIR ? 0 : r;
		for (size_t j = 0; r == 0 && j < names.n; j++) {
			if (!is_temporary(names.names[j]))
				continue;
			text_join(path, sizeof(path), directories[i], "/", names.names[j],
				NULL);
			r = hostfile_add_name(ret, path);
		}
	}
	return r;
}
