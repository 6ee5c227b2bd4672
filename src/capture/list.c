/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is captured: lists of files, and walks over what has no fixed name. */
#include "capture.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "set.h"

/* Attributes of a PCI function: Documentation/ABI/testing/sysfs-bus-pci. */
static const char *const pci_files[] = {"boot_vga", "class", "d3cold_allowed", "device",
	"driver_override", "modalias", "numa_node", "power_state", "reset_method",
	"resource", "resource0_resize", "resource1_resize", "resource2_resize",
	"resource3_resize", "resource4_resize", "resource5_resize", "revision",
	"sriov_numvfs", "sriov_totalvfs", "subsystem_device", "subsystem_vendor",
	"vendor"};

static const char *const pci_links[] = {"driver", "iommu_group", "physfn"};

/* Files with a fixed name. */
static const struct {
	const char *path;
	enum redact_form form;
} files[] = {
	{TREE_CMDLINE, REDACT_FORM_CMDLINE},
	{TREE_MOUNTINFO, REDACT_FORM_MOUNTS},
	{TREE_SWAPS, REDACT_FORM_SWAPS},
	{TREE_ROUTE, REDACT_FORM_ROUTES},
	{TREE_ROUTE6, REDACT_FORM_ROUTES6},
	{TREE_CPUINFO, REDACT_FORM_CPUINFO},
	{TREE_IOMEM, REDACT_FORM_IOMEM},
	{TREE_INTERRUPTS, REDACT_FORM_INTERRUPTS},
	{TREE_OSRELEASE, CAPTURE_PLAIN},
	{TREE_RESUME, CAPTURE_PLAIN},
	{TREE_SECURITY "/lockdown", CAPTURE_PLAIN},
	{TREE_SECURITY "/lsm", CAPTURE_PLAIN},
	{TREE_MODULE "/module/parameters/sig_enforce", CAPTURE_PLAIN},
	{TREE_MODULE "/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
		CAPTURE_PLAIN},
	{TREE_MODULE "/iommufd/parameters/allow_unsafe_interrupts", CAPTURE_PLAIN},
	{TREE_EFIVARS "/SecureBoot-" EFI_GLOBAL, CAPTURE_PLAIN},
	{TREE_EFIVARS "/LoaderInfo-" EFI_LOADER, CAPTURE_PLAIN},
	{TREE_EFIVARS "/StubInfo-" EFI_LOADER, CAPTURE_PLAIN},
	{CONFIGFILES_MAIN, REDACT_FORM_CONFIG},
	{CONFIGFILES_PROTECT, REDACT_FORM_PROTECT},
	{TREE_RUN "/protect", REDACT_FORM_PROTECT},
	{TREE_RUN "/initramfs.protect", REDACT_FORM_PROTECT},
	{TREE_RUN "/initramfs.record", REDACT_FORM_RECORD},
	{TREE_RUN "/system.record", REDACT_FORM_RECORD},
};

/* Directories whose presence says something. */
static const char *const directories[] = {
	TREE_FIRMWARE, TREE_EFI, TREE_EFIVARS, TREE_SECURITY, TREE_MODULE};

static const char *const marks[] = {TREE_CONTAINER_MARKS};

/* Adds attributes @names of the directory @directory. */
static int add_files(
	struct captureset *set, const char *directory, const char *const *names, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s", directory, names[i]) <
			(int)sizeof(path))
			r = captureset_add_file(set, path, CAPTURE_PLAIN);
	}
	return r;
}

static int add_file_of(struct captureset *set, const char *directory, const char *name,
	enum redact_form form)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return 0;
	return captureset_add_file(set, path, form);
}

static int add_link(struct captureset *set, const char *path, const char *name)
{
	(void)name;
	return captureset_add_link(set, path);
}

static int add_directory(struct captureset *set, const char *path, const char *name)
{
	(void)name;
	return captureset_add_directory(set, path);
}

/*
 * Adds a link of a class or a bus, and the directory that it leads to, which is what it is
 * about: *@ret for free(), NULL for none.
 */
static int add_device(struct captureset *set, const char *path, char **ret)
{
	int r = captureset_add_link(set, path);

	*ret = NULL;
	if (r == 0 && file_resolve(set->root, path, ret) < 0)
		*ret = NULL;
	return r == 0 && *ret ? captureset_add_directory(set, *ret) : r;
}

static int add_function(struct captureset *set, const char *path, const char *name)
{
	_cleanup_free_ char *real = NULL;
	int r = add_device(set, path, &real);

	(void)name;
	if (r < 0 || !real)
		return r;
	r = add_files(set, real, pci_files, ARRAY_SIZE(pci_files));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(pci_links); i++) {
		char link[PATH_MAX];

		if (snprintf(link, sizeof(link), "%s/%s", real, pci_links[i]) <
			(int)sizeof(link))
			r = captureset_add_link(set, link);
	}
	return r;
}

static int add_group(struct captureset *set, const char *path, const char *name)
{
	static const char *const names[] = {"name", "type"};
	char members[PATH_MAX];
	int r = captureset_add_directory(set, path);

	(void)name;
	if (r == 0)
		r = add_files(set, path, names, ARRAY_SIZE(names));
	if (r < 0 ||
		snprintf(members, sizeof(members), "%s/devices", path) >=
			(int)sizeof(members))
		return r;
	return captureset_each(set, members, add_link);
}

static int add_iommu(struct captureset *set, const char *path, const char *name)
{
	_cleanup_free_ char *real = NULL;

	(void)name;
	return add_device(set, path, &real);
}

static bool is_controller(const char *name)
{
	return strncmp(name, "nvme", 4) == 0 && isdigit((unsigned char)name[4]) &&
		!name[4 + strspn(name + 4, "0123456789")];
}

static int add_controller(struct captureset *set, const char *path, const char *name)
{
	return is_controller(name) ? captureset_add_link(set, path) : 0;
}

/* What a block device is made of; of an NVMe disk with several paths its controllers. */
static int add_parts(struct captureset *set, const char *real)
{
	char path[PATH_MAX];
	char *slash;

	if (strstr(real, "/virtual/nvme-subsystem/")) {
		if (snprintf(path, sizeof(path), "%s", real) >= (int)sizeof(path))
			return 0;
		slash = strrchr(path, '/');
		*slash = '\0';
		return captureset_each(set, path, add_controller);
	}
	if (snprintf(path, sizeof(path), "%s/slaves", real) >= (int)sizeof(path))
		return 0;
	return captureset_each(set, path, add_link);
}

static int add_block(struct captureset *set, const char *path, const char *name)
{
	static const char *const names[] = {"dev", "partition"};
	_cleanup_free_ char *real = NULL;
	char file[PATH_MAX];
	int r = add_device(set, path, &real);

	(void)name;
	if (r < 0 || !real)
		return r;
	r = add_files(set, real, names, ARRAY_SIZE(names));
	if (r == 0)
		r = add_file_of(set, real, "dm/name", REDACT_FORM_MAPPED);
	/* Which file it is in is its owner's. */
	if (r == 0 &&
		snprintf(file, sizeof(file), "%s/loop/backing_file", real) <
			(int)sizeof(file))
		r = captureset_add_name(set, file);
	return r < 0 ? r : add_parts(set, real);
}

static int add_lower(struct captureset *set, const char *path, const char *name)
{
	bool lower = strncmp(name, "lower_", strlen("lower_")) == 0;

	return lower || strcmp(name, "device") == 0 ? captureset_add_link(set, path) : 0;
}

static int add_interface(struct captureset *set, const char *path, const char *name)
{
	static const char *const names[] = {"flags", "operstate"};
	_cleanup_free_ char *real = NULL;
	int r = add_device(set, path, &real);

	(void)name;
	if (r < 0 || !real)
		return r;
	r = add_files(set, real, names, ARRAY_SIZE(names));
	return r < 0 ? r : captureset_each(set, real, add_lower);
}

static int add_btrfs(struct captureset *set, const char *path, const char *name)
{
	char devices[PATH_MAX];

	(void)name;
	if (snprintf(devices, sizeof(devices), "%s/devices", path) >=
		(int)sizeof(devices))
		return 0;
	return captureset_each(set, devices, add_link);
}

static int add_table(struct captureset *set, const char *path, const char *name)
{
	/* "DMAR", "SSDT12": their content has serial numbers. */
	for (const char *c = name; *c; c++)
		if (!isupper((unsigned char)*c) && !isdigit((unsigned char)*c))
			return 0;
	return captureset_add_name(set, path);
}

static int add_interrupt(struct captureset *set, const char *path, const char *name)
{
	(void)name;
	return add_file_of(set, path, "chip_name", CAPTURE_PLAIN);
}

static int add_dropin(struct captureset *set, const char *path, const char *name)
{
	const char *end = strrchr(name, '.');
	char target[PATH_MAX];

	if (name[0] == '.' || !end || strcmp(end, ".conf") != 0)
		return 0;
	/* A mask counts by being a link; another one as what it leads to. */
	if (file_read_link(set->root, path, target, sizeof(target)) == 0 &&
		strcmp(target, TREE_NULL) == 0)
		return captureset_add_link(set, path);
	return captureset_add_file(set, path, REDACT_FORM_CONFIG);
}

/* Directories whose entries are walked over. */
static const struct {
	const char *path;
	int (*add)(struct captureset *set, const char *path, const char *name);
} walks[] = {
	{TREE_PCI, add_function},
	{TREE_PCI_DRIVERS, add_directory},
	{TREE_GROUPS, add_group},
	{TREE_IOMMU, add_iommu},
	{TREE_BLOCK, add_block},
	{TREE_BLOCK_BY_NO, add_link},
	{TREE_BTRFS, add_btrfs},
	{TREE_NET, add_interface},
	{TREE_ACPI_TABLES, add_table},
	{TREE_IRQ, add_interrupt},
	{CONFIGFILES_VENDOR_DIR, add_dropin},
	{CONFIGFILES_RUN_DIR, add_dropin},
	{CONFIGFILES_LOCAL_DIR, add_dropin},
};

/* What the kernel that runs was built with, unpacked; the files of its modules are too large. */
static int add_kernel(struct captureset *set)
{
	_cleanup_free_ char *config = NULL;
	char release[128], path[PATH_MAX];

	if (kernels_running(set->root, release, sizeof(release)) < 0)
		return 0;
	snprintf(path, sizeof(path), "boot/config-%s", release);
	/* One that is closed to us is a gap as any other file. */
	if (kernel_config_read(set->root, release, true, &config) < 0)
		return captureset_add_file(set, path, REDACT_FORM_KERNEL);
	return captureset_add_text(set, path, REDACT_FORM_KERNEL, config);
}

static int add_all(struct captureset *set)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = captureset_add_file(set, files[i].path, files[i].form);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++)
		r = captureset_add_directory(set, directories[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(marks); i++)
		r = captureset_add_name(set, marks[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(walks); i++)
		r = captureset_each(set, walks[i].path, walks[i].add);
	return r < 0 ? r : add_kernel(set);
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

/* Reads the file of the capture as the reader of files would. */
static int read_entry(
	struct config *config, const struct capture_entry *entry, const char *path)
{
	_cleanup_close_ int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, entry->data, entry->size) != (ssize_t)entry->size)
		return -EIO;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	config_read_file(config, fd, path);
	return 0;
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
 * Where a record has the digest of today's configuration (bind/report.h), puts the one of the
 * configuration in the capture in its place: the digest is of the bytes, comments included, and
 * those are not in a capture.
 */
static int update_digest(const struct root *root, struct capture *capture)
{
	_cleanup_free_ struct config *today = calloc(1, sizeof(*today));
	_cleanup_free_ struct config *captured = calloc(1, sizeof(*captured));
	int r = today && captured ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	configfiles_read(root, CONFIGFILES_OF_IMAGE, today);
	/* They are named in the order in which they were read. */
	for (unsigned i = 0; r == 0 && i < today->n_files; i++) {
		const struct capture_entry *entry = find_entry(capture, today->files[i]);

		if (entry && entry->data)
			r = read_entry(captured, entry, today->files[i]);
	}
	if (r < 0)
		return r;
	replace_digest(find_entry(capture, TREE_RUN "/initramfs.record"), today->digest,
		captured->digest);
	replace_digest(find_entry(capture, TREE_RUN "/system.record"), today->digest,
		captured->digest);
	return 0;
}

int capture_read(const struct root *root, struct capture *ret)
{
	_cleanup_(capture_free) struct capture capture = {0};
	struct captureset set = {.root = root, .capture = &capture};
	int r = add_all(&set);

	captureset_finish(&set);
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
