/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop-ins as text: written, read back, and distinguished from those that people wrote. */
#include "dropin.h"

#include <fcntl.h>

#include "base/base.h"
#include "inifile.h"

#define IDS_A_LINE   8
#define VFS_A_LINE   16
#define TITLE_LENGTH 100 /* of a line, which must not be longer than INIFILE_LINE_MAX */

void dropin_path(const char *name, char ret[static CONFIG_PATH_SIZE])
{
	snprintf(ret, CONFIG_PATH_SIZE, "%s/%s.conf", DROPIN_DIRECTORY, name);
}

static void write_head(FILE *out, const struct dropin *dropin)
{
	fprintf(out, "%s\n", DROPIN_MARK);
	for (size_t i = 0; i < dropin->n_functions; i++) {
		const struct pcidev *dev = &dropin->functions[i];
		const char *title = dropin->titles ? dropin->titles[i] : NULL;
		char place[SELECTOR_SIZE];

		selector_format(
			&(struct selector){.kind = SELECTOR_PATH, .path = dev->path},
			place);
		if (dev->physical.depth)
			selector_format(&(struct selector){.kind = SELECTOR_VF,
						.vf = {dev->physical, dev->vf, dev->vf}},
				place);
		fprintf(out, "# %s %04x:%04x %.*s\n", place, dev->ids.vendor,
			dev->ids.device, TITLE_LENGTH, title ? title : "");
	}
	fprintf(out, "[device %s]\n", dropin->name);
}

/* Whether an earlier function is in the same slot. */
static bool slot_is_written(const struct dropin *dropin, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pci_path_equal(
			    &dropin->functions[i].path, &dropin->functions[n].path, true))
			return true;
	return false;
}

/* Whether the section is to name the whole slot of the function. */
static bool is_whole(const struct dropin *dropin, size_t n)
{
	for (size_t i = 0; i < dropin->n_functions; i++)
		if (!dropin->whole_slots[i] &&
			pci_path_equal(&dropin->functions[i].path,
				&dropin->functions[n].path, true))
			return false;
	return true;
}

static void write_paths(FILE *out, const struct dropin *dropin)
{
	for (size_t i = 0; i < dropin->n_functions; i++) {
		struct selector selector = {.kind = SELECTOR_PATH,
			.slot = is_whole(dropin, i),
			.path = dropin->functions[i].path};
		char text[SELECTOR_SIZE];

		if (selector.slot && slot_is_written(dropin, i))
			continue;
		selector_format(&selector, text);
		fprintf(out, "path = %s\n", text);
	}
}

/* The virtual functions of the physical one of @first: "vf = 0, 2 of 00:01.0/00.0" */
static void write_virtual_of(FILE *out, const struct dropin *dropin, size_t first)
{
	const struct pci_path *physical = &dropin->functions[first].physical;
	char path[PCI_PATH_SIZE];
	unsigned n = 0;

	pci_path_format(physical, path);
	for (size_t i = first; i < dropin->n_functions; i++) {
		if (!pci_path_equal(physical, &dropin->functions[i].physical, false))
			continue;
		if (n && n % VFS_A_LINE == 0)
			fprintf(out, " of %s\n", path);
		fprintf(out, "%s%u",
			n % VFS_A_LINE ? ", " : "vf = ", dropin->functions[i].vf);
		n++;
	}
	fprintf(out, " of %s\n", path);
}

static void write_virtual(FILE *out, const struct dropin *dropin)
{
	for (size_t i = 0; i < dropin->n_functions; i++) {
		bool written = false;

		for (size_t j = 0; j < i && !written; j++)
			written = pci_path_equal(&dropin->functions[i].physical,
				&dropin->functions[j].physical, false);
		if (!written)
			write_virtual_of(out, dropin, i);
	}
}

/* Keys have to hold all of them: virtual functions beside others are named as these are. */
static bool all_are_virtual(const struct dropin *dropin)
{
	for (size_t i = 0; i < dropin->n_functions; i++)
		if (!dropin->functions[i].physical.depth)
			return false;
	return true;
}

/* Where the root bus may get another number, what it is has to say more. */
static void format_id(const struct pcidev *dev, char ret[static SELECTOR_SIZE])
{
	const struct pci_ids *ids = &dev->ids;
	struct selector id = {.kind = SELECTOR_ID,
		.id = {.value = {ids->vendor, ids->device, ids->subvendor,
			       ids->subdevice}}};

	id.id.any[2] = id.id.any[3] = !dev->path.bus || !ids->subvendor;
	selector_format(&id, ret);
}

static void write_ids(FILE *out, const struct dropin *dropin)
{
	unsigned n = 0;

	for (size_t i = 0; i < dropin->n_functions; i++) {
		char id[SELECTOR_SIZE], other[SELECTOR_SIZE];
		bool written = false;

		format_id(&dropin->functions[i], id);
		for (size_t j = 0; j < i && !written; j++) {
			format_id(&dropin->functions[j], other);
			written = strcmp(id, other) == 0;
		}
		if (written)
			continue;
		fprintf(out, "%s%s", n % IDS_A_LINE ? ", " : n ? "\nid = " : "id = ", id);
		n++;
	}
	fputc('\n', out);
}

static void write_identity(FILE *out, const struct dropin *dropin)
{
	for (int kind = 0; dropin->identity && kind < SYSFS_IDENTITIES; kind++)
		if (dropin->identity[kind][0])
			fprintf(out, "%s = %s\n",
				config_identity_key((enum sysfs_identity)kind),
				dropin->identity[kind]);
}

int dropin_format(const struct dropin *dropin, char **ret)
{
	_cleanup_free_ char *text = NULL;
	bool virtual = all_are_virtual(dropin);
	size_t size;
	FILE *out;

	for (size_t i = 0; i < dropin->n_functions; i++)
		if (!virtual && !dropin->functions[i].path.depth)
			return -EINVAL;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	write_head(out, dropin);
	if (virtual)
		write_virtual(out, dropin);
	else
		write_paths(out, dropin);
	write_ids(out, dropin);
	fprintf(out, "expect = %zu\n", dropin->n_functions);
	write_identity(out, dropin);
	if (dropin->machine)
		fprintf(out, "machine = %s\n", dropin->machine);
	if (dropin->vfs)
		fprintf(out, "vfs = %u\n", dropin->vfs);
	if (dropin->driver)
		fprintf(out, "driver = %s\n", dropin->driver);
	if (dropin->profile)
		fprintf(out, "profile = %s\n", dropin->profile);
	if (dropin->demand)
		fprintf(out, "bind = demand\n");
	if (dropin->last_display)
		fprintf(out, "last-display = yes\n");
	if (fclose(out) != 0)
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return 0;
}

int dropin_read_text(struct config *config, const char *text, const char *path)
{
	return config_read_bytes(config, text, strlen(text), path);
}

static const char *skip_comments(const char *line)
{
	while (*line == '#' || *line == ';')
		line = text_next_line(line);
	return line;
}

bool dropin_equal(const char *a, const char *b)
{
	for (;;) {
		size_t len;

		a = skip_comments(a);
		b = skip_comments(b);
		len = (size_t)(text_next_line(a) - a);
		if (strncmp(a, b, len ? len : 1) != 0)
			return false;
		if (!len)
			return true;
		a += len;
		b += len;
	}
}

/* What a file is made of. */
struct content {
	unsigned devices;
	bool other; /* another section, or a line that can't be read */
};

static void on_section(void *data, unsigned line, const char *name)
{
	struct content *content = data;

	(void)line;
	if (strncmp(name, "device", 6) == 0)
		content->devices++;
	else
		content->other = true;
}

static void on_key(void *data, unsigned line, const char *key, const char *value)
{
	struct content *content = data;

	(void)line, (void)key, (void)value;
	content->other |= !content->devices;
}

static void on_error(void *data, unsigned line, const char *message)
{
	struct content *content = data;

	(void)line, (void)message;
	content->other = true;
}

int dropin_is_ours(const struct root *root, const char *path)
{
	static const struct inifile_events events = {on_section, on_key, on_error};
	static const char mark[] = DROPIN_MARK "\n";
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	struct content content = {0};
	char head[sizeof(mark)] = "";
	uint64_t digest = 0;
	int r;

	if (fd < 0)
		return fd;
	if (read(fd, head, strlen(mark)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = inifile_read(fd, &events, &content, &digest);
	return r < 0 ? r
		     : strcmp(head, mark) == 0 && content.devices == 1 && !content.other;
}
