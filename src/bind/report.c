/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes and reads the record, and tells the kernel's log. */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/base.h"

#define RUN_DIR    "run"
#define RECORD_DIR "vfioboot"

/* Levels of the kernel's log (include/linux/kern_levels.h). */
#define LEVEL_WARNING "<4>"
#define LEVEL_INFO    "<6>"

/* Output gathered before it is written; the first error stays. */
struct output {
	int fd;
	int error;
	size_t len;
	char buffer[8192];
};

static void flush(struct output *output)
{
	ssize_t n = output->len ? write(output->fd, output->buffer, output->len) : 0;

	if (!output->error && n != (ssize_t)output->len)
		output->error = n < 0 ? -errno : -EIO;
	output->len = 0;
}

static void __attribute__((format(printf, 2, 3)))
put(struct output *output, const char *format, ...)
{
	va_list args;
	int n;

	if (sizeof(output->buffer) - output->len < REPORT_LINE_SIZE)
		flush(output);
	va_start(args, format);
	n = vsnprintf(output->buffer + output->len, REPORT_LINE_SIZE, format, args);
	va_end(args);
	if (n >= 0 && n < (int)REPORT_LINE_SIZE)
		output->len += (size_t)n;
	else if (!output->error)
		output->error = -EOVERFLOW;
}

static void format_id(const struct pci_ids *ids, char ret[static sizeof("ffff:ffff")])
{
	char *to = pci_put_hex(ret, ids->vendor, 4);

	*to++ = ':';
	pci_put_hex(to, ids->device, 4);
}

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static const struct pcidev *function_of(const struct report *report, unsigned index)
{
	int function = report->plan->entries[index].function;

	return function == PLAN_NO_FUNCTION ? NULL
					    : &report->machine->functions[function];
}

static void put_function(
	struct output *output, const struct report *report, unsigned index)
{
	const struct config_section *section =
		&report->config->sections[report->plan->entries[index].section];
	const struct outcome *outcome = &report->outcomes[index];
	const struct pcidev *dev = function_of(report, index);
	char address[PCI_ADDRESS_SIZE] = "-", path[PCI_PATH_SIZE] = "-";
	char id[sizeof("ffff:ffff")] = "-";

	if (dev) {
		pci_address_format(dev->address, address);
		format_id(&dev->ids, id);
	}
	if (dev && dev->path.depth)
		pci_path_format(&dev->path, path);
	if (sizeof(output->buffer) - output->len < REPORT_LINE_SIZE)
		flush(output);
	output->len += text_join(output->buffer + output->len, REPORT_LINE_SIZE,
		"function section=", section->name, " address=", address, " path=", path,
		" id=", id, " wanted=", section->driver,
		" before=", dev ? or_dash(dev->driver) : "-",
		" driver=", or_dash(outcome->driver),
		" result=", result_word(outcome->result),
		" reason=", reason_word(outcome->reason), "\n", NULL);
}

static const char *state_of(const struct report *report)
{
	if (report->config->off)
		return "off";
	return report->plan->n_entries ? "done" : "nothing";
}

static unsigned errors_kept(const struct config *config)
{
	return config->n_errors < CONFIG_ERRORS_MAX ? config->n_errors
						    : CONFIG_ERRORS_MAX;
}

static void put_record(
	struct output *output, const struct report *report, const char *stage)
{
	const struct config *config = report->config;
	struct utsname kernel = {.release = "-"};

	uname(&kernel);
	put(output, "vfioboot-record 1\nversion " VFIOBOOT_VERSION "\nstage %s\n", stage);
	put(output, "kernel %s\nconfig %016llx\nstate %s\n", kernel.release,
		(unsigned long long)config->digest, state_of(report));
	for (unsigned i = 0; i < errors_kept(config); i++)
		put(output, "error %s %u %s\n",
			config->files[config->errors[i].place.file],
			config->errors[i].place.line, config->errors[i].message);
	for (unsigned i = 0; i < report->plan->n_entries; i++)
		put_function(output, report, i);
}

/* Opens the directory @name in @dir, and makes it before if need be. */
static int open_dir(int dir, const char *name)
{
	int fd;

	mkdirat(dir, name, 0755);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Replaces the file @name of the record's directory by what @put_all writes. */
static int replace_file(const struct sysfs_root *root, const char *name,
	void (*put_all)(struct output *output, const void *data), const void *data)
{
	_cleanup_close_ int run = open_dir(root->fd, RUN_DIR);
	_cleanup_close_ int dir = run < 0 ? run : open_dir(run, RECORD_DIR);
	_cleanup_close_ int fd = -1;
	struct output output = {0};
	char temporary[40];

	if (dir < 0)
		return dir;
	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		0644);
	if (fd < 0)
		return -errno;
	output.fd = fd;
	put_all(&output, data);
	flush(&output);
	if (output.error == 0 && renameat(dir, temporary, dir, name) < 0)
		output.error = -errno;
	if (output.error)
		unlinkat(dir, temporary, 0);
	return output.error;
}

static void put_initramfs_record(struct output *output, const void *report)
{
	put_record(output, report, "initramfs");
}

static void put_system_record(struct output *output, const void *report)
{
	put_record(output, report, "system");
}

int report_write_record(const struct sysfs_root *root, const struct report *report)
{
	if (sysfs_root_is_initramfs(root))
		return replace_file(
			root, "initramfs.record", put_initramfs_record, report);
	return replace_file(root, "system.record", put_system_record, report);
}

static void put_protect(struct output *output, const void *data)
{
	const struct protect_list *protect = data;
	char line[PROTECT_LINE_SIZE];

	for (unsigned i = 0; i < protect->n_entries; i++) {
		protect_format(&protect->entries[i], line);
		put(output, "%s", line);
	}
	if (protect->incomplete)
		put(output, PROTECT_INCOMPLETE "\n");
}

int report_keep_protect(const struct sysfs_root *root, const struct protect_list *protect)
{
	/* An image without a list knows nothing that the real root does not. */
	if (!sysfs_root_is_initramfs(root) || !protect->n_entries)
		return 0;
	return replace_file(root, "initramfs.protect", put_protect, protect);
}

void report_sentence(const struct report *report, unsigned index, char *ret, size_t size)
{
	const struct config_section *section =
		&report->config->sections[report->plan->entries[index].section];
	const struct outcome *outcome = &report->outcomes[index];
	const struct pcidev *dev = function_of(report, index);
	bool bound = outcome->result == RESULT_BOUND;
	char address[PCI_ADDRESS_SIZE] = "", id[sizeof("ffff:ffff")] = "";
	char name[PCI_ADDRESS_SIZE + CONFIG_NAME_SIZE], what[48] = "absent";

	if (dev) {
		pci_address_format(dev->address, address);
		format_id(&dev->ids, id);
	}
	text_join(name, sizeof(name), address, dev ? " " : "", section->name, NULL);
	if (outcome->result != RESULT_ABSENT)
		text_join(what, sizeof(what), result_word(outcome->result), " (",
			reason_word(outcome->reason), ")", NULL);
	if (bound && strcmp(section->driver, CONFIG_DRIVER_NONE) == 0)
		text_join(ret, size, name, ": kept without a driver", NULL);
	else if (bound)
		text_join(ret, size, name, ": bound to ", outcome->driver, NULL);
	else if (!dev)
		text_join(ret, size, name, ": ", what, ": ", reason_text(outcome->reason),
			NULL);
	else
		text_join(ret, size, name, " [", id, "]: ", what, ": ",
			reason_text(outcome->reason),
			" (driver: ", outcome->driver[0] ? outcome->driver : "none", ")",
			NULL);
}

/* The kernel's log.  Of one open file it takes ten lines in five seconds, and no more. */
#define LOG_LINES_MAX 8

struct log {
	const struct sysfs_root *root;
	int fd;
	unsigned lines; /* written to fd */
};

/* One record of the kernel's log is one write (Documentation/ABI/testing/dev-kmsg). */
static void log_line(struct log *log, const char *level, const char *text)
{
	char line[768];
	size_t len = text_join(line, sizeof(line), level, "vfioboot: ", text, "\n", NULL);

	if (log->fd < 0 || log->lines == LOG_LINES_MAX) {
		close_fd(&log->fd);
		log->fd = sysfs_open_kmsg(log->root);
		log->lines = 0;
	}
	log->lines++;
	if (log->fd >= 0 && write(log->fd, line, len) < 0)
		return; /* a full log is no reason to stop */
}

void report_write_kmsg(const struct sysfs_root *root, const struct report *report)
{
	const struct config *config = report->config;
	struct log log = {.root = root, .fd = -1};
	char sentence[512];

	for (unsigned i = 0; i < errors_kept(config); i++) {
		const struct config_error *error = &config->errors[i];
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, error->place, place);
		text_join(sentence, sizeof(sentence), place, ": ", error->message, NULL);
		log_line(&log, LEVEL_WARNING, sentence);
	}
	if (config->off)
		log_line(&log, LEVEL_INFO, "off by the kernel command line");
	for (unsigned i = 0; i < report->plan->n_entries; i++) {
		report_sentence(report, i, sentence, sizeof(sentence));
		log_line(&log,
			report->outcomes[i].result == RESULT_BOUND ? LEVEL_INFO
								   : LEVEL_WARNING,
			sentence);
	}
	close_fd(&log.fd);
}

/* Takes " NAME=VALUE" at *@text into @ret, "-" as "". */
static bool take_field(const char **text, const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	if (**text != ' ' || strncmp(*text + 1, name, len) != 0 ||
		(*text)[len + 1] != '=')
		return false;
	*text += len + 2;
	len = strcspn(*text, " \n");
	if (!len || !copy_text(ret, size, *text, len))
		return false;
	*text += len;
	if (strcmp(ret, "-") == 0)
		ret[0] = '\0';
	return true;
}

static bool parse_result(const char *word, enum result *ret)
{
	for (int i = 0; i < RESULTS; i++) {
		if (strcmp(word, result_word((enum result)i)) == 0) {
			*ret = (enum result)i;
			return true;
		}
	}
	return false;
}

#define TAKE(text, into, name) take_field(text, #name, (into)->name, sizeof((into)->name))

int report_parse_function(const char *line, struct report_function *ret)
{
	static const char keyword[] = "function";
	struct report_function function = {0};
	char result[16], reason[32];
	const char *text = line + strlen(keyword);

	if (strncmp(line, keyword, strlen(keyword)) != 0 ||
		!TAKE(&text, &function, section) || !TAKE(&text, &function, address) ||
		!TAKE(&text, &function, path) || !TAKE(&text, &function, id) ||
		!TAKE(&text, &function, wanted) || !TAKE(&text, &function, before) ||
		!TAKE(&text, &function, driver) ||
		!take_field(&text, "result", result, sizeof(result)) ||
		!take_field(&text, "reason", reason, sizeof(reason)) ||
		(*text && *text != '\n'))
		return -EINVAL;
	if (!parse_result(result, &function.result) ||
		!reason_parse(or_dash(reason), &function.reason))
		return -EINVAL;
	*ret = function;
	return 0;
}
