/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a line of a record: what is read from it is written by the real writer into a
 * record of its own, and reads back as the same.
 */
#include <ftw.h>
#include <stdint.h>
#include <string.h>

#include "bind/report.h"
#include "check.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sysfs_root root;
static char top[] = "/tmp/vfioboot-fuzz-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_top(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	CHECK(mkdtemp(top));
	CHECK(sysfs_root_open(top, &root) == 0);
	atexit(remove_top);
	return 0;
}

/* Makes the function that a line tells of.  Returns false where no writer writes such a line. */
static bool make_device(const struct report_function *function, struct pcidev *ret)
{
	unsigned vendor, device;
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE] = "", id[sizeof("ffff:ffff")];

	if (pci_address_parse(function->address, PCI_NAME_WHOLE, &ret->address, NULL) <
			0 ||
		sscanf(function->id, "%4x:%4x", &vendor, &device) != 2)
		return false;
	if (function->path[0] &&
		pci_path_parse(function->path, PCI_NAME_WHOLE, &ret->path, NULL) < 0)
		return false;
	ret->ids.vendor = (uint16_t)vendor;
	ret->ids.device = (uint16_t)device;
	memcpy(ret->driver, function->before, sizeof(ret->driver));
	pci_address_format(ret->address, address);
	if (ret->path.depth)
		pci_path_format(&ret->path, path);
	snprintf(id, sizeof(id), "%04x:%04x", ret->ids.vendor, ret->ids.device);
	return strcmp(address, function->address) == 0 &&
		strcmp(path, function->path) == 0 && strcmp(id, function->id) == 0;
}

/* Writes a record with the one function, and finds its line in it. */
static void write_back(const struct report_function *function, struct pcidev *dev,
	struct report_function *ret)
{
	static struct config config;
	static struct machine machine;
	static struct plan plan = {.n_entries = 1};
	static struct outcome outcome;
	const struct report report = {&config, &machine, &plan, &outcome};
	static char record[4096];
	const char *line;

	plan.entries[0].function = dev ? 0 : PLAN_NO_FUNCTION;
	if (dev)
		machine.functions[0] = *dev;
	memcpy(config.sections[0].name, function->section, CONFIG_NAME_SIZE);
	memcpy(config.sections[0].driver, function->wanted, CONFIG_DRIVER_SIZE);
	outcome.result = function->result;
	outcome.reason = function->reason;
	memcpy(outcome.driver, function->driver, sizeof(outcome.driver));
	CHECK(report_write_record(&root, &report) == 0);
	CHECK(sysfs_root_read_file(
		      &root, "/run/vfioboot/system.record", record, sizeof(record)) > 0);
	line = strstr(record, "\nfunction ");
	CHECK(line && !strstr(line + 1, "\nfunction "));
	CHECK(report_parse_function(line + 1, ret) == 0);
}

static void check_same(const struct report_function *a, const struct report_function *b)
{
	CHECK(strcmp(a->section, b->section) == 0);
	CHECK(strcmp(a->address, b->address) == 0);
	CHECK(strcmp(a->path, b->path) == 0);
	CHECK(strcmp(a->id, b->id) == 0);
	CHECK(strcmp(a->wanted, b->wanted) == 0);
	CHECK(strcmp(a->before, b->before) == 0);
	CHECK(strcmp(a->driver, b->driver) == 0);
	CHECK(a->result == b->result && a->reason == b->reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct report_function function, again;
	struct pcidev dev = {.detailed = true};
	bool bare, read;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read = report_parse_function(text, &function) == 0;
	free(text);
	/* A section and what it wants always have a name. */
	if (!read || !function.section[0] || !function.wanted[0])
		return 0;
	bare = !function.address[0] && !function.path[0] && !function.id[0] &&
		!function.before[0];
	if (!bare && !make_device(&function, &dev))
		return 0;
	write_back(&function, bare ? NULL : &dev, &again);
	check_same(&function, &again);
	return 0;
}
