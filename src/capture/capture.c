/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is captured: a list of files, each with what is done to it, and its walk. */
#include "capture.h"

#include <fnmatch.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "redact.h"

/* How a file is kept, besides as a text of a form of redact.h. */
enum {
	AS_IS = REDACT_FORM_PLAIN,
	AS_LINK = REDACT_FORMS,
	AS_DIRECTORY, /* without what is in it */
	AS_NAME,      /* that it is there, with nothing in it */
	AS_DEVICE,    /* the link of a class or bus, and the directory it leads to */
	AS_DROPIN,    /* a part of the configuration */
};

/*
 * What is captured, and nothing else.  In @path a "*" stands for every entry, through links.
 * @names are files in that directory, NULL: @path is one itself.  What is not there is left out.
 */
static const struct rule {
	const char *path, *names;
	int how;
} rules[] = {
	{TREE_CMDLINE, NULL, REDACT_FORM_CMDLINE},
	{TREE_MOUNTINFO, NULL, REDACT_FORM_MOUNTS},
	{TREE_SWAPS, NULL, REDACT_FORM_SWAPS},
	{TREE_ROUTE, NULL, REDACT_FORM_ROUTES},
	{TREE_ROUTE6, NULL, REDACT_FORM_ROUTES6},
	{TREE_CPUINFO, NULL, REDACT_FORM_CPUINFO},
	{TREE_IOMEM, NULL, REDACT_FORM_IOMEM},
	{TREE_INTERRUPTS, NULL, REDACT_FORM_INTERRUPTS},
	{TREE_OSRELEASE, NULL, AS_IS},
	{TREE_RESUME, NULL, AS_IS},
	/* Of these strings none is of one machine alone. */
	{TREE_DMI, "board_name board_vendor product_name product_version sys_vendor",
		AS_IS},
	{TREE_SECURITY, "lockdown lsm", AS_IS},
	{TREE_MODULE "/module/parameters", "sig_enforce", AS_IS},
	{TREE_MODULE "/vfio_iommu_type1/parameters", "allow_unsafe_interrupts", AS_IS},
	{TREE_MODULE "/iommufd/parameters", "allow_unsafe_interrupts", AS_IS},
	{TREE_EFIVARS, "SecureBoot-" EFI_GLOBAL, AS_IS},
	{TREE_EFIVARS, "LoaderInfo-" EFI_LOADER " StubInfo-" EFI_LOADER, AS_IS},
	{CONFIGFILES_MAIN, NULL, REDACT_FORM_CONFIG},
	{CONFIGFILES_PROTECT, NULL, REDACT_FORM_PROTECT},
	{TREE_RUN, "protect initramfs.protect", REDACT_FORM_PROTECT},
	{TREE_RUN, "initramfs.record system.record late.record", REDACT_FORM_RECORD},
	/* Directories whose presence says something. */
	{TREE_FIRMWARE, NULL, AS_DIRECTORY},
	{TREE_EFI, NULL, AS_DIRECTORY},
	{TREE_EFIVARS, NULL, AS_DIRECTORY},
	{TREE_SECURITY, NULL, AS_DIRECTORY},
	{TREE_MODULE, NULL, AS_DIRECTORY},
	/* Attributes of a PCI function: Documentation/ABI/testing/sysfs-bus-pci. */
	{TREE_PCI, "*", AS_DEVICE},
	{TREE_PCI "/*",
		"boot_vga class d3cold_allowed device driver_override modalias numa_node "
		"power_state reset_method resource resource0_resize resource1_resize "
		"resource2_resize resource3_resize resource4_resize resource5_resize "
		"revision sriov_numvfs sriov_totalvfs subsystem_device subsystem_vendor "
		"vendor",
		AS_IS},
	{TREE_PCI "/*", "driver iommu_group physfn supplier:pci:* virtfn*", AS_LINK},
	{TREE_PCI_DRIVERS, "*", AS_DIRECTORY},
	{TREE_GROUPS, "*", AS_DIRECTORY},
	{TREE_GROUPS "/*", "name type", AS_IS},
	{TREE_GROUPS "/*/devices", "*", AS_LINK},
	{TREE_IOMMU, "*", AS_DEVICE},
	{TREE_BLOCK, "*", AS_DEVICE},
	{TREE_BLOCK "/*", "backing_dev dev partition size", AS_IS},
	{TREE_UDEV, "b*", REDACT_FORM_UDEV},
	{TREE_BLOCK "/*/dm", "name", REDACT_FORM_MAPPED},
	/* Which file it is in is its owner's. */
	{TREE_BLOCK "/*/loop", "backing_file", AS_NAME},
	{TREE_BLOCK "/*/slaves", "*", AS_LINK},
	/* Of an NVMe disk with several paths, in its subsystem: the controllers. */
	{TREE_BLOCK "/*/..", "nvme[0-9]*", AS_LINK},
	{TREE_BLOCK_BY_NO, "*", AS_LINK},
	{TREE_BTRFS "/*/devices", "*", AS_LINK},
	{TREE_NET, "*", AS_DEVICE},
	{TREE_NET "/*", "flags operstate", AS_IS},
	{TREE_NET "/*", "lower_* device", AS_LINK},
	{TREE_TTYS "/console", "active", AS_IS},
	{TREE_TTYS, "tty[A-Z]*", AS_DEVICE},
	/* "DMAR", "SSDT12": their content has serial numbers. */
	{TREE_ACPI_TABLES, "[A-Z]*", AS_NAME},
	{TREE_IRQ "/*", "chip_name", AS_IS},
	{CONFIGFILES_VENDOR_DIR, "*.conf", AS_DROPIN},
	{CONFIGFILES_RUN_DIR, "*.conf", AS_DROPIN},
	{CONFIGFILES_LOCAL_DIR, "*.conf", AS_DROPIN},
};

static const char *const marks[] = {TREE_CONTAINER_MARKS};

/* A capture while it is made. */
struct making {
	const struct root *root;
	struct capture *capture;
	struct redactor redactor;
};

/* Adds what is there and can't be read; several rules may come by. */
static int add_gap(struct making *making, const char *path, int error)
{
	struct capture *capture = making->capture;
	_cleanup_free_ char *copy = NULL;
	struct capture_gap *added;

	for (size_t i = 0; i < capture->n_gaps; i++)
		if (strcmp(capture->gaps[i].path, path) == 0)
			return 0;
	copy = strdup(path);
	added = copy ? LIST_ADD(capture->gaps, capture->n_gaps) : NULL;
	if (added)
		*added = (struct capture_gap){TAKE_PTR(copy), error};
	return added ? 0 : -ENOMEM;
}

/* Takes over both texts, whatever happens. */
static int add_entry(
	struct making *making, char *path, mode_t type, char *data, size_t size)
{
	struct capture *capture = making->capture;
	struct capture_entry *added =
		path ? LIST_ADD(capture->entries, capture->n) : NULL;

	if (!added) {
		free(path);
		free(data);
		return -ENOMEM;
	}
	*added = (struct capture_entry){path, type, data, size};
	return 0;
}

/* Whether the newest entry lies in the directory of @len bytes: it has been added then. */
static bool has_directory(const struct making *making, const char *path, size_t len)
{
	const struct capture *capture = making->capture;
	const char *last = capture->n ? capture->entries[capture->n - 1].path : "";

	return strncmp(last, path, len) == 0 && (last[len] == '/' || !last[len]);
}

static int add_parents(struct making *making, const char *path)
{
	const char *slash = path;

	while ((slash = strchr(slash, '/'))) {
		size_t len = (size_t)(slash++ - path);

		if (!has_directory(making, path, len) &&
			add_entry(making, strndup(path, len), S_IFDIR, NULL, 0) < 0)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Adds an entry, taking over its @data.  Names of the kernel's files may reveal something; others
 * were given by us or the system.
 */
static int add(
	struct making *making, const char *path, mode_t type, char *data, size_t size)
{
	_cleanup_free_ char *name = NULL, *own = data;
	size_t slash = strspn(path, "/");
	bool kernel = text_begins_with(path + slash, TREE_SYS) &&
		!text_begins_with(path + slash, TREE_EFIVARS);
	int r = redact_text(&making->redactor,
		kernel ? REDACT_FORM_NAME : REDACT_FORM_PLAIN, path + slash, &name);

	if (r == 0)
		r = add_parents(making, name);
	return r < 0 ? r : add_entry(making, TAKE_PTR(name), type, TAKE_PTR(own), size);
}

static int add_text(struct making *making, const char *path, mode_t type,
	enum redact_form form, const char *text)
{
	char *redacted;
	int r = redact_text(&making->redactor, form, text, &redacted);

	return r < 0 ? r : add(making, path, type, redacted, strlen(redacted));
}

/* What is not there, or is something else, is left out; what can't be read is a gap. */
static int left_out(struct making *making, const char *path, int r)
{
	if (r == -ENOENT || r == -ENOTDIR || r == -EISDIR)
		return 0;
	return r == -ENOMEM ? r : add_gap(making, path, r);
}

static int add_file(struct making *making, const char *path, int form)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = file_read(making->root, path, &text, &size);

	if (r < 0)
		return left_out(making, path, r);
	if (form == AS_IS)
		return add(making, path, S_IFREG, TAKE_PTR(text), size);
	return add_text(making, path, S_IFREG, (enum redact_form)form, text);
}

static int add_link(struct making *making, const char *path)
{
	char target[PATH_MAX];
	int r = file_read_link(making->root, path, target, sizeof(target));

	if (r == -EINVAL)
		return 0; /* it is no link */
	if (r < 0)
		return left_out(making, path, r);
	return add_text(making, path, S_IFLNK, REDACT_FORM_NAME, target);
}

static int add_directory(struct making *making, const char *path)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int r = file_open_directory(making->root, path, &dir);

	if (r < 0 && r != -EACCES)
		return left_out(making, path, r);
	return add(making, path, S_IFDIR, NULL, 0);
}

static int add_device(struct making *making, const char *path)
{
	_cleanup_free_ char *real = NULL;
	int r = add_link(making, path);

	if (r < 0 || file_resolve(making->root, path, &real) < 0)
		return r;
	return add_directory(making, real);
}

/* A mask counts by being a link; another one as what it leads to. */
static int add_dropin(struct making *making, const char *path)
{
	char target[PATH_MAX];

	if (file_read_link(making->root, path, target, sizeof(target)) == 0 &&
		strcmp(target, TREE_NULL) == 0)
		return add_link(making, path);
	return add_file(making, path, REDACT_FORM_CONFIG);
}

static int add_path(struct making *making, const char *path, int how)
{
	switch (how) {
	case AS_LINK: return add_link(making, path);
	case AS_DIRECTORY: return add_directory(making, path);
	case AS_DEVICE: return add_device(making, path);
	case AS_DROPIN: return add_dropin(making, path);
	case AS_NAME:
		return file_exists(making->root, "%s", path)
			? add_text(making, path, S_IFREG, REDACT_FORM_PLAIN, "")
			: 0;
	default: return add_file(making, path, how);
	}
}

/* Lists a directory that is walked over, and adds it. */
static int list(struct making *making, const char *directory, struct file_names *ret)
{
	int r = add_directory(making, directory);

	if (r == 0)
		r = file_list(making->root, directory, ret);
	return r < 0 ? left_out(making, directory, r) : 0;
}

/* Adds the entries of the directory whose names are of the @pattern. */
static int add_matching(
	struct making *making, const char *directory, const char *pattern, int how)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = list(making, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		char path[PATH_MAX];

		text_join(path, sizeof(path), directory, "/", names.names[i], NULL);
		if (fnmatch(pattern, names.names[i], FNM_PERIOD) == 0)
			r = add_path(making, path, how);
	}
	return r;
}

/* Adds what the @rule names of the directory. */
static int add_names(
	struct making *making, const char *directory, const struct rule *rule)
{
	_cleanup_free_ char *names = strdup(rule->names);
	char *rest = names, *name, path[PATH_MAX];
	int r = names ? 0 : -ENOMEM;

	while (r == 0 && (name = strsep(&rest, " "))) {
		text_join(path, sizeof(path), directory, "/", name, NULL);
		r = strchr(name, '*') ? add_matching(making, directory, name, rule->how)
				      : add_path(making, path, rule->how);
	}
	return r;
}

static int add_rule(struct making *making, const struct rule *rule)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	const char *star = strstr(rule->path, "/*");
	char path[PATH_MAX];
	int r;

	if (!rule->names)
		return add_path(making, rule->path, rule->how);
	if (!star)
		return add_names(making, rule->path, rule);
	copy_text(path, sizeof(path), rule->path, (size_t)(star - rule->path));
	r = list(making, path, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *real = NULL;

		snprintf(path, sizeof(path), "%.*s/%s%s", (int)(star - rule->path),
			rule->path, names.names[i], star + strlen("/*"));
		if (file_resolve(making->root, path, &real) == 0)
			r = add_names(making, real, rule);
	}
	return r;
}

/* What the kernel that runs was built with, unpacked; the files of its modules are too large. */
static int add_kernel(struct making *making)
{
	_cleanup_free_ char *config = NULL;
	char release[128], path[PATH_MAX];

	if (kernels_running(making->root, release, sizeof(release)) < 0)
		return 0;
	snprintf(path, sizeof(path), "boot/config-%s", release);
	/* One that is closed to us is a gap as any other file. */
	if (kernel_config_read(making->root, release, true, &config) < 0)
		return add_file(making, path, REDACT_FORM_KERNEL);
	return add_text(making, path, S_IFREG, REDACT_FORM_KERNEL, config);
}

static int add_all(struct making *making)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rules); i++)
		r = add_rule(making, &rules[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(marks); i++)
		r = add_path(making, marks[i], AS_NAME);
	return r < 0 ? r : add_kernel(making);
}

/* Entries and gaps begin with their path. */
static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the entries by path, and leaves each there once. */
static void finish(struct capture *capture)
{
	size_t kept = 0;

	if (capture->n_gaps)
		qsort(capture->gaps, capture->n_gaps, sizeof(*capture->gaps),
			compare_paths);
	if (!capture->n)
		return;
	qsort(capture->entries, capture->n, sizeof(*capture->entries), compare_paths);
	for (size_t i = 1; i < capture->n; i++) {
		struct capture_entry *entry = &capture->entries[i];

		if (strcmp(entry->path, capture->entries[kept].path) == 0) {
			free(entry->path);
			free(entry->data);
		} else {
			capture->entries[++kept] = *entry;
		}
	}
	capture->n = kept + 1;
}

#define DIGEST_LINE "config %016llx\n"

static struct capture_entry *find_entry(struct capture *capture, const char *path)
{
	path += strspn(path, "/");
	for (size_t i = 0; i < capture->n; i++)
		if (strcmp(capture->entries[i].path, path) == 0)
			return &capture->entries[i];
	return NULL;
}

static void replace_digest(struct capture_entry *record, uint64_t from, uint64_t to)
{
	char old[sizeof(DIGEST_LINE) + 16], new[sizeof(old)];
	char *line;

	snprintf(old, sizeof(old), DIGEST_LINE, (unsigned long long)from);
	snprintf(new, sizeof(new), DIGEST_LINE, (unsigned long long)to);
	line = record && record->data ? strstr(record->data, old) : NULL;
	if (line)
		memcpy(line, new, strlen(new));
}

/*
 * Where a record has the digest of the current configuration (bind/record.h), puts the one of the
 * configuration in the capture in its place: the digest is of the bytes, comments included, and
 * those are not in a capture.
 */
static int update_digest(const struct root *root, struct capture *capture)
{
	static const char *const records[] = {TREE_RUN "/initramfs.record",
		TREE_RUN "/system.record", TREE_RUN "/late.record"};
	_cleanup_free_ struct config *today = calloc(1, sizeof(*today));
	_cleanup_free_ struct config *captured = calloc(1, sizeof(*captured));
	int r = today && captured ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	configfiles_read(root, CONFIGFILES_OF_IMAGE, today);
	captured->root = root;
	/* They are named in the order in which they were read. */
	for (unsigned i = 0; r == 0 && i < today->n_files; i++) {
		const struct capture_entry *entry = find_entry(capture, today->files[i]);

		if (entry && entry->data)
			r = config_read_bytes(
				captured, entry->data, entry->size, today->files[i]);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(records); i++)
		replace_digest(
			find_entry(capture, records[i]), today->digest, captured->digest);
	return r;
}

int capture_read(const struct root *root, struct capture *ret)
{
	_cleanup_(capture_free) struct capture capture = {0};
	struct making making = {.root = root, .capture = &capture};
	int r = add_all(&making);

	redactor_free(&making.redactor);
	finish(&capture);
	if (r == 0)
		r = update_digest(root, &capture);
	if (r < 0)
		return r;
	*ret = capture;
	capture = (struct capture){0};
	return 0;
}

void capture_free(struct capture *capture)
{
	for (size_t i = 0; i < capture->n; i++) {
		free(capture->entries[i].path);
		free(capture->entries[i].data);
	}
	for (size_t i = 0; i < capture->n_gaps; i++)
		free(capture->gaps[i].path);
	free(capture->entries);
	free(capture->gaps);
	*capture = (struct capture){0};
}
