/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot status` for people: what is, what would happen, what to do. */
#include "status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/ui/table.h"
#include "facts/facts.h"
#include "sections.h"

enum { SECTION, ADDRESS, ID, WANTED, DRIVER, RESULT, NAME };

static const struct column columns[] = {
	[SECTION] = {"SECTION", COLUMN_DEFAULT, NULL},
	[ADDRESS] = {"ADDRESS", COLUMN_DEFAULT, NULL},
	[ID] = {"ID", COLUMN_DEFAULT, NULL},
	[WANTED] = {"WANTED", COLUMN_DEFAULT, NULL},
	[DRIVER] = {"DRIVER NOW", COLUMN_DEFAULT, NULL},
	[RESULT] = {"AT THIS BOOT", COLUMN_DEFAULT, NULL},
	[NAME] = {"NAME", COLUMN_DEFAULT | COLUMN_TRUNC, NULL},
};

/* Whether a run left a record that can't be read: what it did is not known. */
static bool is_record_lost(const struct bootstate *boot)
{
	for (int i = 0; i < BOOT_STAGES; i++)
		if (boot->problems[i] && boot->problems[i] != -ENOENT)
			return true;
	return false;
}

const char *status_result(
	const struct bootstate *boot, const struct bootstate_function *function)
{
	if (!function->in_record)
		return is_record_lost(boot) ? "not known"
			: boot->last        ? "configured since"
					    : "not tried";
	if (function->told.result != RESULT_BOUND)
		return result_word(function->told.result);
	return function->stage == BOOT_INITRAMFS ? "bound in the initramfs"
						 : "bound on the running system";
}

/* Of a function that was bound. */
static void explain_bound(
	const struct bootstate_function *function, char *ret, size_t size)
{
	const char *now = function->driver_now;

	ret[0] = '\0';
	if (!function->present)
		snprintf(ret, size, "it was bound, and is gone since");
	else if (!function->as_wanted)
		snprintf(ret, size,
			"it was bound, and has been %s%s since; what did that? The next "
			"boot binds it again",
			now[0] ? "given to " : "left without a driver", now);
	else if (!function->next)
		snprintf(ret, size,
			"it is not configured any more; after 'vfioboot apply' the next "
			"boot leaves it to its own driver");
	else if (function->next->reason != REASON_NONE)
		snprintf(ret, size, "the next boot would refuse it: %s",
			reason_text(function->next->reason));
}

/* Of a function that no record tells of. */
static void explain_untried(const struct bootstate *boot,
	const struct bootstate_function *function, char *ret, size_t size)
{
	const struct plan_entry *next = function->next;

	ret[0] = '\0';
	if (next && next->reason != REASON_NONE)
		snprintf(ret, size, "the next boot refuses it: %s",
			reason_text(next->reason));
	else if (!is_record_lost(boot))
		snprintf(ret, size, "%s: run 'vfioboot apply', then reboot",
			boot->last ? "it was configured after this boot began"
				   : "vfioboot did not run at this boot");
}

void status_explain(const struct bootstate *boot,
	const struct bootstate_function *function, char *ret, size_t size)
{
	const struct plan_entry *next = function->next;
	const char *after = "";

	if (function->in_record && function->told.result == RESULT_BOUND) {
		explain_bound(function, ret, size);
		return;
	}
	if (!function->in_record) {
		explain_untried(boot, function, ret, size);
		return;
	}
	if (function->as_wanted)
		after = "; something has bound it since";
	else if (!next)
		after = "; it is not configured any more";
	else if (next->reason == REASON_NONE)
		after = "; as things are now the next boot binds it";
	snprintf(ret, size, "%s%s", reason_text(function->told.reason), after);
}

static void print_headline(const struct status *status)
{
	const struct bootstate *boot = &status->boot;
	bool off = boot->last && strcmp(boot->last->state, "off") == 0;

	if (boot->n == 1)
		printf("The one function that is configured is %sas wanted.\n",
			boot->n_not_as_wanted ? "not " : "");
	else if (boot->n && !boot->n_not_as_wanted)
		printf("All %zu functions are as wanted.\n", boot->n);
	else if (boot->n)
		printf("%zu of %zu functions %s not as wanted.\n", boot->n_not_as_wanted,
			boot->n, boot->n_not_as_wanted == 1 ? "is" : "are");
	else if (off)
		printf("vfioboot was switched off for this boot: vfioboot.off is on the "
		       "kernel command line.\n");
	else if (!status->next->config.n_sections)
		printf("Nothing is configured: every device keeps its own driver.\n"
		       "'vfioboot list' shows the devices; 'vfioboot add DEVICE' gives "
		       "one to vfio-pci at boot.\n");
	else
		printf("Nothing was to be done at this boot.\n");
}

/* Which runs there were, and with which configuration. */
static void print_runs(const struct status *status)
{
	const struct bootstate *boot = &status->boot;
	bool initramfs = boot->problems[BOOT_INITRAMFS] == 0;
	bool system = boot->problems[BOOT_SYSTEM] == 0;

	if (!boot->last) {
		if (status->next->config.n_sections && !is_record_lost(boot))
			printf("vfioboot did not run at this boot: most likely the "
			       "image that was booted does not hold it.\n"
			       "Run 'vfioboot apply', then reboot.\n");
		return;
	}
	printf("vfioboot %s ran %s%s%s, with kernel %s.\n", boot->last->version,
		initramfs ? "in the initramfs" : "", initramfs && system ? " and " : "",
		system ? "on the running system" : "", boot->last->kernel);
	if (!initramfs && status->next->config.n_sections)
		printf("It did not run in the initramfs, where it comes before all other "
		       "drivers: run 'vfioboot apply', then reboot.\n");
	else if (boot->image_config == BOOT_CONFIG_TODAYS)
		printf("The image that was booted has today's configuration.\n");
	else if (boot->image_config == BOOT_CONFIG_OTHER)
		printf("The configuration has been changed since the image that was "
		       "booted was made: run 'vfioboot apply', then reboot.\n");
}

static int add_function(struct table *table, const struct bootstate *boot,
	const struct bootstate_function *function, struct names *names)
{
	const struct report_function *told = &function->told;
	struct function_name name;
	const char *driver = function->driver_now[0] ? function->driver_now : "none";
	struct table_line *line = table_add(table, NULL);
	int r;

	if (!line)
		return -ENOMEM;
	r = table_set(table, line, SECTION, told->section);
	if (r == 0)
		r = table_set(table, line, ADDRESS, told->address);
	if (r == 0)
		r = table_set(table, line, ID, told->id);
	if (r == 0)
		r = table_set(table, line, WANTED, told->wanted);
	if (r == 0)
		r = table_set(table, line, DRIVER, function->present ? driver : "");
	if (r == 0)
		r = table_set(table, line, RESULT, status_result(boot, function));
	if (r == 0 && function->present) {
		names_look_up(names, &function->ids, &name);
		r = table_set(table, line, NAME, name.name);
	}
	if (!function->as_wanted)
		table_colour(table, line, "red");
	return r;
}

static int print_functions(const struct bootstate *boot)
{
	_cleanup_(table_free) struct table *table = NULL;
	_cleanup_(names_close) struct names *names = NULL;
	int r;

	if (!boot->n)
		return 0;
	putchar('\n');
	r = names_open(&names);
	if (r == 0)
		r = table_new("functions", columns, ARRAY_SIZE(columns), false, &table);
	for (size_t i = 0; r == 0 && i < boot->n; i++)
		r = add_function(table, boot, &boot->functions[i], names);
	return r < 0 ? r : table_print(table);
}

/* Says of each function that needs words what is the matter, the same once a section. */
static void print_explanations(const struct bootstate *boot)
{
	char last[512] = "";
	bool any = false;

	for (size_t i = 0; i < boot->n; i++) {
		const struct bootstate_function *function = &boot->functions[i];
		const struct report_function *told = &function->told;
		bool same = i &&
			strcmp(told->section, boot->functions[i - 1].told.section) == 0;
		bool lost = told->result == RESULT_BOUND && !function->as_wanted &&
			function->in_record;
		char text[512];

		/* That nothing ran has been said of all. */
		if (!boot->last && function->next->reason == REASON_NONE)
			continue;
		status_explain(boot, function, text, sizeof(text));
		if (text[0] && (lost || !same || strcmp(text, last) != 0)) {
			/* A section is bound whole or not, but can be lost in part. */
			printf("%s%s%s%s: %s%s\n", any ? "" : "\n", told->section,
				lost ? " " : "", lost ? told->address : "", text,
				sections_full_stop(text));
			any = true;
		}
		strcpy(last, text);
	}
}

/* Errors that this boot came upon, unless they are there still and have been told. */
static void print_errors(const struct status *status)
{
	const struct bootrecord *last = status->boot.last;

	if (!last || status->boot.image_config == BOOT_CONFIG_TODAYS ||
		status->next->config.n_errors)
		return;
	for (size_t i = 0; i < last->n_errors; i++) {
		const struct bootrecord_error *error = &last->errors[i];

		printf("%sAt this boot: %s", i ? "" : "\n", error->file);
		if (error->line)
			printf(":%u", error->line);
		printf(": %s\n", error->message);
	}
}

static void print_images(const struct status *status)
{
	const struct images *images = &status->images;
	size_t fresh = 0, repairable = 0;

	if (status->images_error < 0 || !status->next->config.n_sections)
		return;
	putchar('\n');
	for (size_t i = 0; i < images->n; i++) {
		const struct image *image = &images->images[i];

		fresh += image->state == IMAGE_FRESH;
		repairable +=
			image->state != IMAGE_FRESH && image->state != IMAGE_UNKNOWN;
		if (image->state != IMAGE_FRESH)
			printf("%s (kernel %s): %s: %s%s\n", image->path, image->kernel,
				image_state_word(image->state), image->why,
				sections_full_stop(image->why));
	}
	if (repairable)
		printf("'vfioboot apply' makes %s anew.\n",
			repairable == 1 ? "it" : "them");
	else if (fresh && fresh == images->n)
		printf("The image%s of %s ready for the next boot.\n",
			fresh == 1 ? "" : "s",
			fresh == 1 ? "the installed kernel is"
				   : "all installed kernels are");
	if (!images->n)
		printf("No initramfs image was found%s%s%s\n",
			images->problem[0] ? ": " : "", images->problem,
			sections_full_stop(images->problem[0] ? images->problem : "-"));
	else if (images->problem[0])
		printf("Nothing makes new images: %s%s\n", images->problem,
			sections_full_stop(images->problem));
}

static void print_next(const struct nextboot *next)
{
	struct nextboot_counts counts = nextboot_count(next);

	if (next->plan.n_entries)
		printf("The next boot: %u given away, %u refused; 'vfioboot plan' shows "
		       "them.\n",
			counts.bound, counts.refused);
}

int status_print(const struct status *status)
{
	int r;

	print_headline(status);
	print_runs(status);
	r = print_functions(&status->boot);
	if (r < 0)
		return r;
	print_explanations(&status->boot);
	print_errors(status);
	print_images(status);
	sections_print_inactive(&status->next->config);
	print_next(status->next);
	return 0;
}
