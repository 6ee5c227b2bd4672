/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the result of each function as a sentence. */
#include "log.h"

#include "base/base.h"

/* Levels of the kernel's log (include/linux/kern_levels.h). */
#define LEVEL_WARNING "<4>"
#define LEVEL_INFO    "<6>"

void log_sentence(const struct report *report, unsigned index, char *ret, size_t size)
{
	const struct config_section *section =
		&report->config->sections[report->plan->entries[index].section];
	const struct outcome *outcome = &report->outcomes[index];
	int function = report->plan->entries[index].function;
	const struct pcidev *dev = function == PLAN_NO_FUNCTION
		? NULL
		: &report->machine->functions[function];
	char address[PCI_ADDRESS_SIZE] = "", id[sizeof("ffff:ffff")] = "";
	char what[48] = "absent";
	size_t len;

	if (dev)
		pci_address_format(dev->address, address);
	len = text_join(ret, size, address, dev ? " " : "", section->name, NULL);
	ret += len;
	size -= len;
	if (outcome->result == RESULT_BOUND) {
		if (strcmp(section->driver, CONFIG_DRIVER_NONE) == 0)
			text_join(ret, size, ": kept without a driver", NULL);
		else
			text_join(ret, size,
				config_section_is_native(section) ? ": left to "
								  : ": bound to ",
				outcome->driver, NULL);
		return;
	}
	if (outcome->result != RESULT_ABSENT)
		text_join(what, sizeof(what), result_word(outcome->result), " (",
			reason_word(outcome->reason), ")", NULL);
	if (dev) {
		strcpy(pci_put_hex(id, dev->ids.vendor, 4), ":");
		pci_put_hex(id + 5, dev->ids.device, 4);
	}
	text_join(ret, size, dev ? " [" : "", id, dev ? "]: " : ": ", what, ": ",
		reason_text(outcome->reason), dev ? " (driver: " : NULL,
		outcome->driver[0] ? outcome->driver : "none", ")", NULL);
}

void log_step_sentence(const struct record_step *step, char *ret, size_t size)
{
	size_t len =
		text_join(ret, size, step->address, " ", step->section, ": ", step->key,
			" = ", step->wanted, ": ", step_result_words[step->result], NULL);

	if (step->reason != REASON_NONE)
		text_join(ret + len, size - len, " (", reason_word(step->reason),
			"): ", reason_text(step->reason),
			" (now: ", *step->value ? step->value : "unknown", ")", NULL);
}

/* The kernel's log.  Of one open file it takes ten lines in five seconds, and no more. */
#define LOG_LINES_MAX 8

struct log {
	const struct root *root;
	int fd;
	unsigned lines; /* written to fd */
};

/* A line of it, which is put together behind its beginning. */
#define SENTENCE_SIZE (CONFIG_PLACE_SIZE + CONFIG_MESSAGE_SIZE)
struct line {
	size_t begin;
	char text[sizeof(LEVEL_INFO "vfioboot: \n") + SENTENCE_SIZE];
};

static char *begin_line(struct line *line, const char *level)
{
	line->begin =
		text_join(line->text, sizeof(line->text), level, "vfioboot: ", NULL);
	return line->text + line->begin;
}

/* One record of the kernel's log is one write (Documentation/ABI/testing/dev-kmsg). */
static void log_line(struct log *log, struct line *line)
{
	size_t len = line->begin + strlen(line->text + line->begin);

	line->text[len++] = '\n';
	if (log->fd < 0 || log->lines == LOG_LINES_MAX) {
		close_fd(&log->fd);
		log->fd = sysfs_open_kmsg(log->root);
		log->lines = 0;
	}
	log->lines++;
	if (log->fd >= 0 && write(log->fd, line->text, len) < 0)
		return; /* a full log is no reason to stop */
}

/* What the boot has said, or the run for another function of the section, is not said again. */
static bool is_news(const struct report *report, const struct plan_entry *entry)
{
	const struct plan *plan = report->plan;

	return !plan->late || entry == plan_find_late(report->machine, plan) ||
		(entry->reason == REASON_NONE &&
			!config_driver_is(report->config->sections[entry->section].driver,
				report->machine->functions[entry->function].driver));
}

static void log_config(struct log *log, const struct config *config)
{
	struct line line;

	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, error->place, place);
		text_join(begin_line(&line, LEVEL_WARNING), SENTENCE_SIZE, place, ": ",
			error->message, NULL);
		log_line(log, &line);
	}
	if (!config->off)
		return;
	strcpy(begin_line(&line, LEVEL_INFO),
		"vfioboot.off is on the kernel command line");
	log_line(log, &line);
}

void log_write(const struct root *root, const struct report *report)
{
	struct log log = {.root = root, .fd = -1};
	struct line line;

	if (!report->plan->late)
		log_config(&log, report->config);
	for (unsigned i = 0; i < report->plan->n_entries; i++) {
		if (!is_news(report, &report->plan->entries[i]))
			continue;
		log_sentence(report, i,
			begin_line(&line,
				report->outcomes[i].result == RESULT_BOUND ||
						report->outcomes[i].reason == REASON_LATER
					? LEVEL_INFO
					: LEVEL_WARNING),
			SENTENCE_SIZE);
		log_line(&log, &line);
	}
	for (unsigned i = 0; i < report->n_steps; i++) {
		struct record_step step;

		if (!is_news(report, &report->plan->entries[report->steps[i].entry]))
			continue;
		record_make_step(report, &report->steps[i], &step);
		log_step_sentence(&step,
			begin_line(&line,
				step.reason == REASON_NONE || step.reason == REASON_LATER
					? LEVEL_INFO
					: LEVEL_WARNING),
			SENTENCE_SIZE);
		log_line(&log, &line);
	}
	close_fd(&log.fd);
}
