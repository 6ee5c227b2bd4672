/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a record of either version: what is read from it is written by the real writer, and
 * reads back as the same, whatever the names of files and drivers are.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <string.h>

#include "bind/bind.h"
#include "check.h"

#define MARK "vfioboot-record "

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct root root;
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
	static struct config config;
	static struct machine machine;
	static struct plan plan;
	const struct report report = {
		.config = &config, .machine = &machine, .plan = &plan};

	(void)argc;
	(void)argv;
	CHECK(mkdtemp(top));
	CHECK(root_open(top, &root) == 0);
	atexit(remove_top);
	CHECK(record_write(&root, root_is_initramfs(&root), &report) == 0);
	return 0;
}

/* Makes the function that a line is about.  Returns false where no writer writes such a line. */
static bool make_device(const struct record_function *function, struct pcidev *ret)
{
	struct pcidev dev = {.detailed = true};
	unsigned vendor, device;
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE] = "", id[sizeof("ffff:ffff")];

	if (pci_address_parse(function->address, PCI_NAME_WHOLE, &dev.address, NULL) <
			0 ||
		sscanf(function->id, "%4x:%4x", &vendor, &device) != 2)
		return false;
	if (function->path[0] &&
		pci_path_parse(function->path, PCI_NAME_WHOLE, &dev.path, NULL) < 0)
		return false;
	dev.ids.vendor = (uint16_t)vendor;
	dev.ids.device = (uint16_t)device;
	memcpy(dev.driver, function->before, sizeof(dev.driver));
	pci_address_format(dev.address, address);
	if (dev.path.depth)
		pci_path_format(&dev.path, path);
	snprintf(id, sizeof(id), "%04x:%04x", dev.ids.vendor, dev.ids.device);
	*ret = dev;
	return strcmp(address, function->address) == 0 &&
		strcmp(path, function->path) == 0 && strcmp(id, function->id) == 0;
}

/* Writes what was read, but for functions that no writer writes.  @kept: those written. */
static void write_back(struct record *record, size_t *ret_kept)
{
	static struct config config;
	static struct machine machine;
	static struct plan plan;
	static struct outcome outcomes[CONFIG_SECTIONS_MAX];
	const struct report report = {.config = &config,
		.machine = &machine,
		.plan = &plan,
		.outcomes = outcomes};
	unsigned n = 0;

	config.n_errors = (unsigned)record->n_errors;
	for (size_t i = 0; i < record->n_errors; i++) {
		memcpy(config.files[i], record->errors[i].file, CONFIG_PATH_SIZE);
		config.errors[i].place.file = (uint16_t)i;
		config.errors[i].place.line = (uint16_t)record->errors[i].line;
		memcpy(config.errors[i].message, record->errors[i].message,
			CONFIG_MESSAGE_SIZE);
	}
	for (size_t i = 0; i < record->n_functions && n < CONFIG_SECTIONS_MAX; i++) {
		struct record_function *function = &record->functions[i];
		bool bare = !function->address[0] && !function->path[0] &&
			!function->id[0] && !function->before[0];

		if (!bare && !make_device(function, &machine.functions[n]))
			continue;
		memcpy(config.sections[n].name, function->section, CONFIG_NAME_SIZE);
		memcpy(config.sections[n].driver, function->wanted, CONFIG_DRIVER_SIZE);
		plan.entries[n] = (struct plan_entry){.section = (uint16_t)n,
			.function = bare ? PLAN_NO_FUNCTION : (int16_t)n};
		outcomes[n].result = function->result;
		outcomes[n].reason = function->reason;
		memcpy(outcomes[n].driver, function->driver, sizeof(outcomes[n].driver));
		record->functions[n++] = *function;
	}
	plan.n_entries = n;
	*ret_kept = n;
	CHECK(record_write(&root, root_is_initramfs(&root), &report) == 0);
}

static void check_same(const struct record *a, const struct record *b, size_t n_functions)
{
	CHECK(a->n_errors == b->n_errors && b->n_functions == n_functions);
	CHECK(b->n_skipped == 0);
	for (size_t i = 0; i < a->n_errors; i++) {
		CHECK(strcmp(a->errors[i].file, b->errors[i].file) == 0);
		CHECK(a->errors[i].line == b->errors[i].line);
		CHECK(strcmp(a->errors[i].message, b->errors[i].message) == 0);
	}
	for (size_t i = 0; i < n_functions; i++) {
		const struct record_function *x = &a->functions[i], *y = &b->functions[i];

		CHECK(strcmp(x->section, y->section) == 0);
		CHECK(strcmp(x->address, y->address) == 0);
		CHECK(strcmp(x->path, y->path) == 0);
		CHECK(strcmp(x->id, y->id) == 0);
		CHECK(strcmp(x->wanted, y->wanted) == 0);
		CHECK(strcmp(x->before, y->before) == 0);
		CHECK(strcmp(x->driver, y->driver) == 0);
		CHECK(x->result == y->result && x->reason == y->reason);
	}
	for (size_t i = 0; i < a->n_steps; i++) {
		const struct record_step *step = &a->steps[i];
		char sentence[512];

		CHECK((unsigned)step->result < STEP_RESULTS && step->reason < REASONS);
		log_step_sentence(step, sentence, sizeof(sentence));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(record_free) struct record record = {0}, again = {0};
	int fd = file_open(&root, "/run/vfioboot/system.record", O_WRONLY | O_TRUNC);
	size_t kept;

	CHECK(fd >= 0);
	if (size < strlen(MARK) || memcmp(data, MARK, strlen(MARK)) != 0)
		CHECK(write(fd, MARK "2\n", strlen(MARK) + 2) > 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
	close(fd);
	if (record_read(&root, BOOT_SYSTEM, &record) < 0)
		return 0;
	write_back(&record, &kept);
	CHECK(record_read(&root, BOOT_SYSTEM, &again) == 0);
	check_same(&record, &again, kept);
	return 0;
}
