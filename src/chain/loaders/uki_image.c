/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens each image of EFI/Linux, and names copies of them. */
#include "uki_image.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/base.h"
#include "bls_entry.h"
#include "bls_files.h"
#include "facts/facts.h"

#define DOT_EFI ".efi"
#define MARK    "VFIOBOOT_ENTRY"
#define KEY     ".pcrpkey"

const struct uki_part uki_parts[UKI_PARTS_N] = {
	{".linux", "--linux=", "linux"},
	{".initrd", "--initrd=", "initrd"},
	{".ucode", "--microcode=", "ucode"},
	{".splash", "--splash=", "splash"},
	{".dtb", "--devicetree=", "dtb"},
	{KEY, "--pcrpkey=", "pcrpkey"},
};

/* Sections that ukify makes of texts and keys; the last two are of the stub. */
static const char *const made[] = {
	".osrel", ".cmdline", ".uname", ".pcrsig", ".sbat", ".sdmagic"};

#define STUB_HAS 2

static bool is_copied(const char *name)
{
	for (size_t i = 0; i < UKI_PARTS_N; i++)
		if (strcmp(uki_parts[i].section, name) == 0)
			return true;
	return false;
}

/* The sections of the stub itself come first, and do not count. */
void uki_sort_sections(const struct pe_image *sections, struct uki *ret)
{
	bool begun = false;

	for (unsigned i = 0; i < sections->n && !ret->unknown[0]; i++) {
		const char *name = sections->sections[i].name;

		begun |= is_copied(name) ||
			text_is_one_of(name, made, ARRAY_SIZE(made) - STUB_HAS);
		if (begun && !is_copied(name) &&
			!text_is_one_of(name, made, ARRAY_SIZE(made)))
			strcpy(ret->unknown, name);
	}
	/* Where measurements are signed, the public key comes from the private one. */
	for (size_t i = 0; i < UKI_PARTS_N; i++)
		ret->has[i] = pe_find(sections, uki_parts[i].section) &&
			(strcmp(uki_parts[i].section, KEY) != 0 ||
				!pe_find(sections, ".pcrsig"));
}

void uki_free(struct uki *image)
{
	free(image->directory);
	free(image->name);
	free(image->cmdline);
	free(image->options);
	free(image->version);
	free(image->title);
	free(image->osrel);
	file_free_names(&image->initrds);
}

void ukis_free(struct ukis *images)
{
	for (size_t i = 0; i < images->n; i++)
		uki_free(&images->images[i]);
	free(images->images);
	*images = (struct ukis){0};
}

static void strip_end(char *text)
{
	size_t len = strlen(text);

	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
}

/* A section that is not there is read as "". */
static int read_text(int fd, const struct pe_image *pe, const char *name, char **ret)
{
	int r = pe_read_text(fd, pe, name, ret);

	if (r != -ENOENT)
		return r;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

static int read_texts(int fd, const struct pe_image *pe, struct uki *image)
{
	int r = read_text(fd, pe, ".osrel", &image->osrel);

	if (r == 0)
		r = read_text(fd, pe, ".cmdline", &image->cmdline);
	if (r == 0)
		r = read_text(fd, pe, ".uname", &image->version);
	if (r < 0)
		return r;
	strip_end(image->cmdline);
	strip_end(image->version);
	image->title = text_value(image->osrel, "PRETTY_NAME");
	image->title = image->title ? image->title : strdup(image->name);
	image->options = strdup(image->cmdline);
	return image->title && image->options ? 0 : -ENOMEM;
}

/* As the stub says it of itself for revocations (.sbat, src/boot of systemd); 0: it does not. */
static unsigned read_stub_version(int fd, const struct pe_image *pe)
{
	static const char before[] = "The systemd Developers,systemd,";
	_cleanup_free_ char *text = NULL;
	const char *at =
		read_text(fd, pe, ".sbat", &text) < 0 ? NULL : strstr(text, before);

	return at ? (unsigned)strtoul(at + strlen(before), NULL, 10) : 0;
}

static bool differs(
	const struct pe_image *pe, const struct pe_image *own, const char *section)
{
	const struct pe_section *first = pe_find_of_profile(pe, section, 0);
	const struct pe_section *other = pe_find(own, section);

	return first && other ? first->offset != other->offset : first || other;
}

/* Returns 1 for a unified image, 0 for another file, or -errno. */
static int read_image(int fd, unsigned profile, struct uki *image)
{
	struct pe_image pe, own;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || pe_read(fd, &pe) < 0 || !pe_find(&pe, ".linux"))
		return 0;
	own = pe;
	pe_keep_profile(&own, profile);
	r = read_texts(fd, &own, image);
	if (r < 0)
		return r == -EBADMSG || r == -EFBIG ? 0 : r;
	image->changed = st.st_mtim;
	image->size = (uint64_t)st.st_size;
	image->stub = read_stub_version(fd, &pe);
	image->is_signed = pe.is_signed;
	image->has_other_initrd =
		differs(&pe, &own, ".initrd") || differs(&pe, &own, ".ucode");
	image->has_signed_measurements = pe_find(&pe, ".pcrsig");
	uki_sort_sections(&pe, image);
	uki_osrel_is_ours(image->osrel, image->id);
	return 1;
}

static bool ends_with(const char *name, const char *ending)
{
	size_t len = strlen(name), end = strlen(ending);

	return len > end && strcasecmp(name + len - end, ending) == 0;
}

/* The versions of systemd whose stub reads addons, and an initrd in one (systemd-stub(7)). */
#define STUB_READS_ADDONS 254
#define STUB_ADDS_INITRDS 257

static bool is_older(const struct uki *image, unsigned version)
{
	return image->stub && image->stub < version;
}

static bool has_secure_boot(const struct root *root)
{
	unsigned char on[1];

	return efivar_read(root, "SecureBoot", EFI_GLOBAL, on, sizeof(on)) > 0 && on[0];
}

/* With Secure Boot the stub leaves out what nobody signed. */
static bool is_left_out(const struct root *root, const struct pe_image *addon)
{
	return !addon->is_signed && has_secure_boot(root);
}

/* What one addon adds, unless it is for another kernel.  One that cannot be read may add anything. */
static int read_addon(const struct root *root, const char *path, struct uki *image)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	_cleanup_free_ char *version = NULL, *cmdline = NULL;
	struct pe_image pe;
	char *both;
	int r;

	if (fd < 0 || pe_read(fd, &pe) < 0 || pe_find(&pe, ".linux") ||
		is_left_out(root, &pe))
		return 0;
	r = read_text(fd, &pe, ".uname", &version);
	if (r == 0)
		r = read_text(fd, &pe, ".cmdline", &cmdline);
	if (r < 0) {
		image->has_other_initrd = true;
		return r == -ENOMEM ? r : 0;
	}
	strip_end(version);
	strip_end(cmdline);
	if (*version && *image->version && strcmp(version, image->version) != 0)
		return 0;
	r = pe_find(&pe, ".initrd") && !is_older(image, STUB_ADDS_INITRDS)
		? file_add_name(&image->initrds, path)
		: 0;
	if (r < 0 || !*cmdline)
		return r;
	if (asprintf(&both, "%s%s%s", image->options, *image->options ? " " : "",
		    cmdline) < 0)
		return -ENOMEM;
	free(image->options);
	image->options = both;
	return 0;
}

static int read_addons(const struct root *root, const char *directory, struct uki *image)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = file_list_paths(
		root, directory, "*.addon.efi", FNM_PERIOD | FNM_CASEFOLD, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++)
		r = read_addon(root, paths.names[i], image);
	return r == -ENOTDIR ? 0 : r;
}

void uki_boot_id(const struct uki *image, char ret[static NAME_MAX + 1])
{
	char stem[NAME_MAX + 1];

	bls_stem(image->name, true, stem, sizeof(stem));
	text_join(ret, NAME_MAX + 1, stem, DOT_EFI, NULL);
}

/* For all images of the partition, and for one (systemd-stub(7)). */
static int read_all_addons(const struct root *root, struct uki *image)
{
	char directory[PATH_MAX], name[NAME_MAX + 1];
	size_t i = 0;
	int r = 0;

	if (is_older(image, STUB_READS_ADDONS))
		return 0;
	while (i < ESP_PLACES_N && !text_begins_with(image->directory, esp_places[i]))
		i++;
	if (i < ESP_PLACES_N) {
		text_join(directory, sizeof(directory), esp_places[i], "/loader/addons",
			NULL);
		r = read_addons(root, directory, image);
	}
	uki_boot_id(image, name);
	text_join(directory, sizeof(directory), image->directory, "/", name, ".extra.d",
		NULL);
	return r < 0 ? r : read_addons(root, directory, image);
}

int uki_add_initrds(const struct uki *image, const char *path, struct file_names *names)
{
	int r = file_add_name(names, image->has_other_initrd ? "" : path);

	for (size_t i = 0; r == 0 && i < image->initrds.n; i++)
		r = file_add_name(names, image->initrds.names[i]);
	return r;
}

int uki_read(const struct root *root, const char *path, unsigned profile, struct uki *ret)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	_cleanup_(uki_free) struct uki image = {0};
	const char *name = strrchr(path, '/');
	int r;

	if (fd < 0)
		return fd;
	image.directory = strndup(path, name ? (size_t)(name - path) : 0);
	image.name = strdup(name ? name + 1 : path);
	if (!image.directory || !image.name)
		return -ENOMEM;
	r = read_image(fd, profile, &image);
	if (r <= 0)
		return r;
	r = read_all_addons(root, &image);
	if (r < 0)
		return r;
	*ret = TAKE_STRUCT(image);
	return 1;
}

/* What a loader hands over replaces what the image has itself, and stands before that of addons. */
static int replace_options(
	const struct root *root, const char *options, struct uki *image)
{
	char *all;

	if (!options || !*options || (*image->cmdline && has_secure_boot(root)))
		return 0;
	if (asprintf(&all, "%s%s%s", options, *image->cmdline ? "" : " ",
		    image->options + strlen(image->cmdline)) < 0)
		return -ENOMEM;
	strip_end(all);
	free(image->options);
	image->options = all;
	return 0;
}

int uki_follow(const struct root *root, const char *path, unsigned profile,
	struct uki *image, struct bootmenu_entry *entry)
{
	int r = uki_read(root, path, profile, image);

	if (r <= 0 || image->has_other_initrd)
		return r == -ENOMEM ? r : 0;
	r = replace_options(root, entry->options, image);
	if (r < 0)
		return r;
	entry->unified = true;
	entry->options = image->options;
	if (image->version[0])
		entry->kernel = image->version;
	r = uki_add_initrds(image, path, &entry->initrds);
	return r < 0 ? r : 1;
}

/* Which system this is, by ID= of os-release(5): several may share a partition. */
static char *read_system(const struct root *root)
{
	static const char *const files[] = {"etc/os-release", "usr/lib/os-release"};
	_cleanup_free_ char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !text; i++)
		file_read(root, files[i], &text, NULL);
	return text ? text_value(text, "ID") : NULL;
}

static bool is_of_system(const struct uki *image, const char *system)
{
	_cleanup_free_ char *id = text_value(image->osrel, "ID");

	return !id || !system || strcmp(id, system) == 0;
}

/* What it takes to find all images. */
struct search {
	const struct root *root;
	struct bls_identity identity;
	char *system; /* ID= of this one */
	bool foreign;
	struct ukis *images;
};

static int add_image(const struct search *search, const char *directory, const char *name)
{
	_cleanup_(uki_free) struct uki image = {0};
	struct ukis *images = search->images;
	char path[PATH_MAX];
	struct uki *added;
	int r;

	text_join(path, sizeof(path), directory, "/", name, NULL);
	r = uki_read(search->root, path, 0, &image);
	if (r <= 0)
		return r;
	image.foreign = bls_identity_judge(&search->identity, name) == 0 ||
		!is_of_system(&image, search->system);
	if (image.foreign && !search->foreign)
		return 0;
	added = LIST_ADD(images->images, images->n);
	if (added)
		*added = TAKE_STRUCT(image);
	return added ? 0 : -ENOMEM;
}

static int read_directory(const struct search *search, const char *directory)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(search->root, directory, &names);

	if (r == -ENOTDIR)
		return 0;
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (names.names[i][0] != '.' && ends_with(names.names[i], DOT_EFI))
			r = add_image(search, directory, names.names[i]);
	return r;
}

int ukis_read(const struct root *root, bool foreign, struct ukis *ret)
{
	_cleanup_free_ char *system = read_system(root);
	struct search search = {
		.root = root, .system = system, .foreign = foreign, .images = ret};
	int r = 0;

	bls_identity_read(root, &search.identity);
	for (size_t i = 0; r == 0 && i < ESP_PLACES_N; i++) {
		char directory[PATH_MAX];

		text_join(
			directory, sizeof(directory), esp_places[i], UKI_DIRECTORY, NULL);
		r = read_directory(&search, directory);
		if (r < 0)
			strcpy(ret->failed, directory);
	}
	return r;
}

void uki_copy_name(const struct uki *original, const struct bootentry *entry,
	char ret[static NAME_MAX + 1])
{
	char stem[NAME_MAX + 1];

	bls_stem(original->name, true, stem, sizeof(stem));
	text_join(ret, NAME_MAX + 1, stem, "-", entry->id, DOT_EFI, NULL);
}

struct uki *uki_find_copy(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry, bool ours)
{
	char name[NAME_MAX + 1];

	uki_copy_name(original, entry, name);
	for (size_t i = 0; i < images->n; i++)
		if ((images->images[i].id[0] != '\0') == ours &&
			strcmp(images->images[i].directory, original->directory) == 0 &&
			strcasecmp(images->images[i].name, name) == 0)
			return &images->images[i];
	return NULL;
}

char *uki_copy_cmdline(const struct uki *original, const struct bootentry *entry)
{
	char missing[BOOTENTRY_ARGS_SIZE];

	bootentry_missing_arguments(original->cmdline, entry, missing);
	return cmdline_join(original->cmdline, missing);
}

/* The key by which systemd-boot sorts: bootspec_pick_name_version_sort_key() of systemd. */
static char *sort_key(const char *osrel)
{
	char *key = text_value(osrel, "IMAGE_ID");

	if (key && *key)
		return key;
	free(key);
	return text_value(osrel, "ID");
}

void uki_order(const struct uki *image, struct bootmenu_order *ret)
{
	static const char *const versions[] = {
		"IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"};
	_cleanup_free_ char *key = sort_key(image->osrel);

	*ret = (struct bootmenu_order){0};
	ret->has_failed = bls_tries(image->name, ret->tries, sizeof(ret->tries));
	text_join(ret->sort_key, sizeof(ret->sort_key), key ? key : "", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(versions) && !ret->version[0]; i++) {
		_cleanup_free_ char *value = text_value(image->osrel, versions[i]);

		text_join(ret->version, sizeof(ret->version), value ? value : "", NULL);
	}
}

/* A value that would need an escape stays the original's. */
static void add_line(FILE *out, const char *key, const char *value, const char *start,
	const char *more, const char *end)
{
	if (value && *value && !strpbrk(value, "\"$`\\"))
		fprintf(out, "%s=\"%s%s%s%s\"\n", key, value, start, more, end);
}

char *uki_osrel_lines(const char *osrel, const struct bootentry *entry)
{
	_cleanup_free_ char *key = sort_key(osrel),
			    *title = text_value(osrel, "PRETTY_NAME");
	struct text_stream stream;

	if (!text_stream_open(&stream))
		return NULL;
	add_line(stream.out, "IMAGE_ID", key, "-", entry->id, "");
	add_line(stream.out, "PRETTY_NAME", title, " (", entry->title, ")");
	fprintf(stream.out, MARK "=%s\n", entry->id);
	return text_stream_take(&stream);
}

char *uki_copy_osrel(const char *osrel, const struct bootentry *entry)
{
	_cleanup_free_ char *lines = uki_osrel_lines(osrel, entry);
	size_t len = strlen(osrel);
	char *text;

	if (!lines ||
		asprintf(&text, "%s%s%s", osrel,
			len && osrel[len - 1] != '\n' ? "\n" : "", lines) < 0)
		return NULL;
	return text;
}

bool uki_osrel_is_ours(const char *osrel, char ret[static BOOTENTRY_ID_SIZE])
{
	_cleanup_free_ char *id = text_value(osrel, MARK);

	return id && *id && copy_text(ret, BOOTENTRY_ID_SIZE, id, strlen(id));
}
