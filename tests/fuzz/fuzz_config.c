/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a configuration file: limits hold, what is accepted is sound, and a file
 * that says the same in the plainest way is read as the same.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bind/bind.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_NAME "/etc/vfioboot.conf"

static struct config config, again;

static void read_bytes(struct config *ret, const void *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	memset(ret, 0, sizeof(*ret));
	config_read_file(ret, fd, FILE_NAME);
	close(fd);
}

/* The settings, as the record has them: words with blanks, where the file has commas. */
static void write_settings(FILE *file, const struct config_section *section)
{
	struct step steps[STEPS_OF_FUNCTION_MAX];
	unsigned n = settings_list(section, 0, steps);
	bool rebar = false;

	CHECK(n <= STEPS_OF_FUNCTION_MAX);
	for (unsigned i = 0; i < n; i++) {
		char wanted[SETTING_VALUE_SIZE];

		setting_format_wanted(section, &steps[i], wanted);
		for (char *blank = wanted; (blank = strchr(blank, ' '));)
			*blank = ',';
		if (steps[i].setting == SETTING_REBAR && rebar)
			fprintf(file, ", %s", wanted);
		else
			fprintf(file, "\n%s = %s", setting_key(steps[i].setting), wanted);
		rebar |= steps[i].setting == SETTING_REBAR;
	}
	fputs("\n", file);
}

static void write_section(FILE *file, const struct config_section *section)
{
	fprintf(file, "[device %s]\n", section->name);
	for (unsigned i = 0; i < section->n_selectors; i++) {
		const struct selector *selector =
			&config.selectors[section->first_selector + i];
		char text[SELECTOR_SIZE];

		selector_format(selector, text);
		fprintf(file, "%s = %s\n", selector_kind_name(selector->kind), text);
	}
	fprintf(file, "driver = %s\non-move = %s\nlast-display = %s\nbind = %s\n",
		section->auto_driver ? CONFIG_DRIVER_AUTO : section->driver,
		section->follow ? "follow" : "refuse",
		section->last_display ? "yes" : "no",
		section->demand ? "demand" : "boot");
	if (section->expect)
		fprintf(file, "expect = %u\n", section->expect);
	if (section->profile[0])
		fprintf(file, "profile = %s\n", section->profile);
	write_settings(file, section);
}

/* Writes the good sections.  Returns their number. */
static unsigned write_good(FILE *file)
{
	unsigned n = 0;

	for (unsigned i = 0; i < config.n_sections; i++) {
		if (config.sections[i].bad)
			continue;
		write_section(file, &config.sections[i]);
		n++;
	}
	return n;
}

static void check_same(const struct config_section *a, const struct config_section *b)
{
	CHECK(strcmp(a->name, b->name) == 0);
	CHECK(strcmp(a->driver, b->driver) == 0 && a->auto_driver == b->auto_driver);
	CHECK(strcmp(a->reset, b->reset) == 0);
	CHECK(memcmp(a->rebar, b->rebar, sizeof(a->rebar)) == 0);
	CHECK(a->d3cold == b->d3cold && a->power == b->power);
	CHECK(strcmp(a->profile, b->profile) == 0);
	CHECK(a->expect == b->expect && a->kinds == b->kinds);
	CHECK(a->follow == b->follow && a->last_display == b->last_display &&
		a->demand == b->demand);
	CHECK(a->n_selectors == b->n_selectors);
	for (unsigned i = 0; i < a->n_selectors; i++) {
		char one[SELECTOR_SIZE], other[SELECTOR_SIZE];

		selector_format(&config.selectors[a->first_selector + i], one);
		selector_format(&again.selectors[b->first_selector + i], other);
		CHECK(strcmp(one, other) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = NULL;
	size_t length = 0;
	unsigned n, good = 0;
	FILE *file;

	read_bytes(&config, data, size);
	check_config(&config);
	file = open_memstream(&text, &length);
	CHECK(file);
	n = write_good(file);
	CHECK(fclose(file) == 0);
	read_bytes(&again, text, length);
	free(text);
	check_config(&again);
	CHECK(again.n_errors == 0 && again.n_sections == n);
	for (unsigned i = 0; i < config.n_sections; i++)
		if (!config.sections[i].bad)
			check_same(&config.sections[i], &again.sections[good++]);
	return 0;
}
