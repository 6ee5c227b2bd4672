/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the text of a machine, and writes what a kernel would show of it. */
#include "compose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree.h"

#define LINES_MAX 1024
#define NAME_SIZE TREE_NAME_SIZE
#define PATH_SIZE TREE_PATH_SIZE
#define NO_GROUP  (-1)

struct address {
	unsigned domain, bus, devfn;
};

struct line {
	unsigned number, depth;
	char *text;
};

/* A function as its line tells, at one place of a repetition. */
struct function {
	struct address at, physfn;
	unsigned vendor, device, subvendor, subdevice, class;
	int group;
	const char *driver, *override, *boot_vga, *sriov;
	const char *reset, *d3cold, *power, *bar;
	bool virtual;
};

/* Where a block of lines goes: below which function, and how far its numbers have grown. */
struct block {
	const char *path; /* below sys/, "devices" at the top */
	const struct address *parent;
	unsigned routing, bus;
};

struct composer {
	struct tree tree;
	struct line lines[LINES_MAX];
	unsigned n_lines;
	int next_group;
	struct address
		physfn; /* of the latest virtual function, and how many that has by now */
	unsigned n_virtual;
	unsigned bad_line;
};

static void format_address(struct address at, char ret[static NAME_SIZE])
{
	snprintf(ret, NAME_SIZE, "%04x:%02x:%02x.%x", at.domain, at.bus, at.devfn >> 3,
		at.devfn & 7);
}

static bool parse_address(const char *text, struct address *ret)
{
	unsigned device, function;
	char end;

	if (sscanf(text, "%x:%x:%x.%x%c", &ret->domain, &ret->bus, &device, &function,
		    &end) != 4 ||
		device > 0x1f || function > 7)
		return false;
	ret->devfn = device << 3 | function;
	return true;
}

/* Moves an address on by so many routing ids (bus << 8 | devfn) and buses. */
static struct address shift(struct address at, const struct block *block)
{
	unsigned routing = (at.bus << 8 | at.devfn) + (block->bus << 8) + block->routing;

	return (struct address){at.domain, routing >> 8 & 0xff, routing & 0xff};
}

static bool parse_group(struct composer *composer, const char *text, int *ret)
{
	char *end;

	if (strcmp(text, "next") == 0)
		*ret = composer->next_group++;
	else if (strcmp(text, "last") == 0)
		*ret = composer->next_group - 1;
	else
		*ret = (int)strtol(text, &end, 10);
	return *text >= 'a' || (*text && !*end);
}

static bool parse_option(struct composer *composer, char *word, struct function *ret)
{
	const struct {
		const char *name, **value;
	} texts[] = {{"driver", &ret->driver}, {"override", &ret->override},
		{"boot_vga", &ret->boot_vga}, {"sriov", &ret->sriov},
		{"reset", &ret->reset}, {"d3cold", &ret->d3cold}, {"power", &ret->power},
		{"bar", &ret->bar}};
	char *value = strchr(word, '=');

	if (!value)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(word, texts[i].name) == 0) {
			*texts[i].value = value;
			return true;
		}
	if (strcmp(word, "group") == 0)
		return parse_group(composer, value, &ret->group);
	ret->virtual = strcmp(word, "physfn") == 0 && parse_address(value, &ret->physfn);
	return ret->virtual;
}

/* Reads the line of a function; its texts stay in @text, which is cut into words. */
static bool parse_function(struct composer *composer, const struct block *block,
	char *text, struct function *ret)
{
	char *address = strsep(&text, " ");
	char *ids = strsep(&text, " ");
	char *class = strsep(&text, " ");
	char *word;
	int n;

	*ret = (struct function){.group = NO_GROUP};
	if (!class || !parse_address(address, &ret->at))
		return false;
	n = sscanf(ids, "%4x:%4x:%4x:%4x", &ret->vendor, &ret->device, &ret->subvendor,
		&ret->subdevice);
	if ((n != 2 && n != 4) || strlen(class) != 6 ||
		sscanf(class, "%x", &ret->class) != 1)
		return false;
	while ((word = strsep(&text, " ")))
		if (*word && !parse_option(composer, word, ret))
			return false;
	ret->at = shift(ret->at, block);
	ret->physfn.bus +=
		block->bus; /* its devfn stays while those of the others grow */
	return true;
}

static void put_driver(struct composer *composer, const char *driver)
{
	static const char *const files[] = {
		"bind", "unbind", "new_id", "remove_id", "uevent"};
	char dir[PATH_SIZE];

	snprintf(dir, sizeof(dir), "sys/bus/pci/drivers/%s", driver);
	if (faccessat(composer->tree.fd, dir, F_OK, 0) == 0)
		return;
	tree_make_dir(&composer->tree, dir);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tree_put(&composer->tree, dir, files[i], "");
}

static void put_group(
	struct composer *composer, const char *path, const char *address, int group)
{
	char dir[NAME_SIZE], full[PATH_SIZE];

	snprintf(dir, sizeof(dir), "kernel/iommu_groups/%d", group);
	snprintf(full, sizeof(full), "sys/%s/devices", dir);
	tree_make_dir(&composer->tree, full);
	snprintf(full, sizeof(full), "sys/%s", dir);
	tree_put(&composer->tree, full, "type", "DMA-FQ\n");
	tree_put_link(&composer->tree, path, "iommu_group", dir);
	snprintf(full, sizeof(full), "%s/devices", dir);
	tree_put_link(&composer->tree, full, address, path);
}

/* What the function is: the attributes of drivers/pci/pci-sysfs.c that hold its ids. */
static void put_ids(struct composer *composer, const char *dir, const struct function *f)
{
	const struct {
		const char *name;
		unsigned value;
		int digits;
	} numbers[] = {{"class", f->class, 6}, {"vendor", f->vendor, 4},
		{"device", f->device, 4}, {"subsystem_vendor", f->subvendor, 4},
		{"subsystem_device", f->subdevice, 4}, {"revision", 0xa1, 2}};
	char modalias[NAME_SIZE * 2], text[512], address[NAME_SIZE];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(text, sizeof(text), "0x%0*x\n", numbers[i].digits,
			numbers[i].value);
		tree_put(&composer->tree, dir, numbers[i].name, text);
	}
	snprintf(modalias, sizeof(modalias),
		"pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", f->vendor, f->device,
		f->subvendor, f->subdevice, f->class >> 16, f->class >> 8 & 0xff,
		f->class & 0xff);
	tree_put(&composer->tree, dir, "modalias", modalias);
	format_address(f->at, address);
	snprintf(text, sizeof(text),
		"%s%s%sPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
		"PCI_SLOT_NAME=%s\nMODALIAS=%s",
		f->driver ? "DRIVER=" : "", f->driver ? f->driver : "",
		f->driver ? "\n" : "", f->class, f->vendor, f->device, f->subvendor,
		f->subdevice, address, modalias);
	tree_put(&composer->tree, dir, "uevent", text);
}

/* A virtual function and its physical one name each other. */
static void put_sriov(
	struct composer *composer, const char *path, const struct function *f)
{
	char physfn[NAME_SIZE], target[PATH_SIZE + NAME_SIZE], link[NAME_SIZE];
	const char *slash = strrchr(path, '/');

	format_address(f->physfn, physfn);
	snprintf(target, sizeof(target), "%.*s/%s", (int)(slash - path), path, physfn);
	tree_put_link(&composer->tree, path, "physfn", target);
	if (memcmp(&composer->physfn, &f->physfn, sizeof(f->physfn)) != 0)
		composer->n_virtual = 0;
	composer->physfn = f->physfn;
	snprintf(link, sizeof(link), "virtfn%u", composer->n_virtual++);
	tree_put_link(&composer->tree, target, link, path);
}

/* drivers/pci/pci-sysfs.c: resource_show(), and __resource_resize_show(). */
static bool put_bar(struct composer *composer, const char *dir, const char *bar)
{
	char text[1024] = "", name[NAME_SIZE];
	unsigned number, bits;
	unsigned long long mask;

	if (sscanf(bar, "%u:%u:%llx", &number, &bits, &mask) != 3 || number > 5 ||
		bits > 40)
		return false;
	for (unsigned i = 0; i < 7; i++) {
		unsigned long long start = i == number ? 0x6000000000ull : 0;
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "0x%016llx 0x%016llx 0x%016x\n",
			start, start ? start + (1ull << (20 + bits)) - 1 : 0,
			start ? 0x14220c : 0);
	}
	tree_put(&composer->tree, dir, "resource", text);
	if (!mask)
		return true;
	snprintf(name, sizeof(name), "resource%u_resize", number);
	snprintf(text, sizeof(text), "%016llx\n", mask);
	tree_put(&composer->tree, dir, name, text);
	return true;
}

/* What can be set of a function. */
static bool put_settings(
	struct composer *composer, const char *dir, const struct function *f)
{
	char text[NAME_SIZE], power[PATH_SIZE + 16];

	if (f->reset) {
		snprintf(text, sizeof(text), "%.60s\n", f->reset);
		for (char *comma = text; (comma = strchr(comma, ','));)
			*comma = ' ';
		tree_put(&composer->tree, dir, "reset_method", text);
	}
	if (f->d3cold) {
		snprintf(text, sizeof(text), "%.10s\n", f->d3cold);
		tree_put(&composer->tree, dir, "d3cold_allowed", text);
	}
	if (f->power) {
		snprintf(power, sizeof(power), "%s/power", dir);
		tree_make_dir(&composer->tree, power);
		snprintf(text, sizeof(text), "%.10s\n", f->power);
		tree_put(&composer->tree, power, "control", text);
	}
	return !f->bar || put_bar(composer, dir, f->bar);
}

/* Makes the function, whose directory is @path below sys/. */
static bool put_function(
	struct composer *composer, const char *path, const struct function *f)
{
	char dir[PATH_SIZE + 8], address[NAME_SIZE], driver[PATH_SIZE], text[NAME_SIZE];

	format_address(f->at, address);
	snprintf(dir, sizeof(dir), "sys/%s", path);
	tree_make_dir(&composer->tree, dir);
	put_ids(composer, dir, f);
	snprintf(text, sizeof(text), "%.40s\n", f->override ? f->override : "(null)");
	tree_put(&composer->tree, dir, "driver_override", text);
	tree_put_link(&composer->tree, path, "subsystem", "bus/pci");
	tree_put_link(&composer->tree, "bus/pci/devices", address, path);
	if (f->driver) {
		put_driver(composer, f->driver);
		snprintf(driver, sizeof(driver), "bus/pci/drivers/%s", f->driver);
		tree_put_link(&composer->tree, path, "driver", driver);
		tree_put_link(&composer->tree, driver, address, path);
	}
	if (f->group != NO_GROUP)
		put_group(composer, path, address, f->group);
	if (f->class >> 8 == 0x0300)
		tree_put(&composer->tree, dir, "boot_vga",
			f->boot_vga && *f->boot_vga == '1' ? "1\n" : "0\n");
	if (f->sriov) {
		snprintf(text, sizeof(text), "%.40s\n", f->sriov);
		tree_put(&composer->tree, dir, "sriov_totalvfs", text);
		tree_put(&composer->tree, dir, "sriov_numvfs", "0\n");
		tree_put(&composer->tree, dir, "sriov_drivers_autoprobe", "1\n");
	}
	if (f->virtual)
		put_sriov(composer, path, f);
	return put_settings(composer, dir, f);
}

/* "file", "dir", "link" and "driver" lines.  Returns false for any other. */
static bool put_other(struct composer *composer, char *text)
{
	char *what = strsep(&text, " ");
	char *path = strsep(&text, " ");
	char dir[PATH_SIZE], content[PATH_SIZE];
	char *slash;

	if (!path)
		return false;
	if (strcmp(what, "driver") == 0)
		return put_driver(composer, path), true;
	snprintf(dir, sizeof(dir), "%s", path + strspn(path, "/"));
	if (strcmp(what, "dir") == 0)
		return tree_make_dir(&composer->tree, dir), true;
	slash = strrchr(dir, '/');
	if (!slash || !text)
		return false;
	*slash = '\0';
	tree_make_dir(&composer->tree, dir);
	snprintf(content, sizeof(content), "%s\n", text);
	if (strcmp(what, "file") == 0)
		return tree_put(&composer->tree, dir, slash + 1, content), true;
	*slash = '/';
	if (strcmp(what, "link") != 0)
		return false;
	tree_put_plain_link(&composer->tree, dir, text);
	return true;
}

/* The first line behind @index that is not deeper than it. */
static unsigned block_end(const struct composer *composer, unsigned index)
{
	unsigned end = index + 1;

	while (end < composer->n_lines &&
		composer->lines[end].depth > composer->lines[index].depth)
		end++;
	return end;
}

/* Makes the function of a line, and returns its path below sys/ and its address. */
static bool compose_function(struct composer *composer, const struct block *block,
	const char *line, char ret_path[static PATH_SIZE], struct address *ret_at)
{
	char text[PATH_SIZE], address[NAME_SIZE], root_bus[NAME_SIZE] = "";
	struct function f;

	snprintf(text, sizeof(text), "%s", line);
	if (!parse_function(composer, block, text, &f))
		return false;
	if (!block->parent || block->parent->domain != f.at.domain)
		snprintf(root_bus, sizeof(root_bus), "pci%04x:%02x/", f.at.domain,
			f.at.bus);
	format_address(f.at, address);
	if (snprintf(ret_path, PATH_SIZE, "%s/%s%s", block->path, root_bus, address) >=
		PATH_SIZE)
		return false;
	*ret_at = f.at;
	return put_function(composer, ret_path, &f);
}

static void compose_lines(struct composer *composer, const struct block *block,
	unsigned first, unsigned end)
{
	for (unsigned i = first, next; i < end && !composer->bad_line; i = next) {
		const struct line *line = &composer->lines[i];
		char path[PATH_SIZE], copy[PATH_SIZE];
		struct address at;
		unsigned times;

		next = block_end(composer, i);
		snprintf(copy, sizeof(copy), "%s", line->text);
		if (sscanf(line->text, "repeat %u", &times) == 1) {
			struct block copy_of = *block;

			for (unsigned k = 0; k < times; k++) {
				compose_lines(composer, &copy_of, i + 1, next);
				copy_of.routing++;
			}
		} else if (compose_function(composer, block, line->text, path, &at)) {
			struct block behind = {path, &at, 0, block->bus + block->routing};

			compose_lines(composer, &behind, i + 1, next);
		} else if (!put_other(composer, copy)) {
			composer->bad_line = line->number;
		}
	}
}

static void split_lines(struct composer *composer, char *text)
{
	char *line;

	for (unsigned number = 1; (line = strsep(&text, "\n")); number++) {
		unsigned depth = (unsigned)strspn(line, "\t");

		if (!line[depth] || line[depth] == '#')
			continue;
		if (composer->n_lines == LINES_MAX) {
			composer->bad_line = number;
			return;
		}
		composer->lines[composer->n_lines++] =
			(struct line){number, depth, line + depth};
	}
}

/* What every machine has. */
static void put_common(struct composer *composer)
{
	static const char *const dirs[] = {"sys/bus/pci/devices", "sys/bus/pci/drivers",
		"sys/devices", "sys/kernel/iommu_groups", "proc", "etc", "run"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		tree_make_dir(&composer->tree, dirs[i]);
	tree_put(&composer->tree, "sys/bus/pci", "drivers_probe", "");
	tree_put(&composer->tree, "sys/bus/pci", "drivers_autoprobe", "1\n");
	tree_put(&composer->tree, "proc", "cmdline",
		"BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet\n");
}

static int compose_text(char *text, const char *dir)
{
	static struct composer composer;
	struct block top = {.path = "devices"};

	composer =
		(struct composer){.tree.fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC),
			.next_group = 100};
	if (composer.tree.fd < 0)
		return -errno;
	put_common(&composer);
	split_lines(&composer, text);
	compose_lines(&composer, &top, 0, composer.n_lines);
	close(composer.tree.fd);
	return composer.bad_line ? (int)composer.bad_line : composer.tree.error;
}

int compose_machine(const char *machine, const char *dir)
{
	static char text[65536];
	int fd = open(machine, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -errno;
	if (n == sizeof(text) - 1)
		return -EFBIG;
	text[n] = '\0';
	return compose_text(text, dir);
}
