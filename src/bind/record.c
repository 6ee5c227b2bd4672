/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes and reads records.  The reader takes bounded time and memory, whatever is in a file. */
#include "record.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/base.h"
#include "word.h"

#define RUN_DIR    "run"
#define RECORD_DIR "vfioboot"

#define MARK "vfioboot-record "

#define LATE_RECORD "late.record"
#define LATE_LOCK   "late.lock"

#define STEPS_MAX   (4 * PLAN_ENTRIES_MAX)
#define SKIPPED_MAX 1000 /* lines of garbage after which no more is read */

static const char *const result_words[RESULTS] = {"bound", "refused", "failed", "absent"};

const char *result_word(enum result result)
{
	return result_words[result];
}

static const char *const stage_words[BOOT_STAGES] = {
	[BOOT_INITRAMFS] = "initramfs",
	[BOOT_SYSTEM] = "system",
	[BOOT_LATE] = "late",
};

const char *boot_stage_word(enum boot_stage stage)
{
	return stage_words[stage];
}

/* ---- Writing */

/* Output gathered before it is written; the first error stays. */
struct output {
	int fd;
	int error;
	size_t len;
	char buffer[6144]; /* within the pages of the stack that reading takes */
};

static void flush(struct output *output)
{
	ssize_t n = output->len ? write(output->fd, output->buffer, output->len) : 0;

	if (!output->error && n != (ssize_t)output->len)
		output->error = n < 0 ? -errno : -EIO;
	output->len = 0;
}

static void put_bytes(struct output *output, const char *bytes, size_t n)
{
	if (n > sizeof(output->buffer) - output->len)
		flush(output);
	memcpy(output->buffer + output->len, bytes, n);
	output->len += n;
}

static void put(struct output *output, const char *text)
{
	put_bytes(output, text, strlen(text));
}

/* How the lines of a section begin. */
#define FUNCTION "function section="
#define STEP     "step section="

/* Puts @key and a word; see record.h. */
static void put_word(struct output *output, const char *key, const char *word)
{
	size_t room = WORD_SIZE(CONFIG_PATH_SIZE);

	put(output, key);
	if (room > sizeof(output->buffer) - output->len)
		flush(output);
	output->len += word_format(word, output->buffer + output->len, room);
}

static void format_id(const struct pci_ids *ids, char ret[static sizeof("ffff:ffff")])
{
	char *to = pci_put_hex(ret, ids->vendor, 4);

	*to++ = ':';
	pci_put_hex(to, ids->device, 4);
}

static void put_function(
	struct output *output, const struct report *report, unsigned index)
{
	const struct plan_entry *entry = &report->plan->entries[index];
	const struct config_section *section = &report->config->sections[entry->section];
	const struct outcome *outcome = &report->outcomes[index];
	const struct pcidev *dev = entry->function == PLAN_NO_FUNCTION
		? NULL
		: &report->machine->functions[entry->function];
	char address[PCI_ADDRESS_SIZE] = "", path[PCI_PATH_SIZE] = "";
	char id[sizeof("ffff:ffff")] = "";

	if (dev) {
		pci_address_format(dev->address, address);
		format_id(&dev->ids, id);
	}
	if (dev && dev->path.depth)
		pci_path_format(&dev->path, path);
	put_word(output, FUNCTION, section->name);
	put_word(output, " address=", address);
	put_word(output, " path=", path);
	put_word(output, " id=", id);
	put_word(output, " wanted=", section->driver);
	put_word(output, " before=", dev ? dev->driver : "");
	put_word(output, " driver=", outcome->driver);
	put_word(output, " result=", result_word(outcome->result));
	put(output, " reason=");
	put(output, reason_word(outcome->reason));
	put(output, "\n");
}

void record_make_step(
	const struct report *report, const struct step *step, struct record_step *ret)
{
	const struct plan_entry *entry = &report->plan->entries[step->entry];
	const struct config_section *section = &report->config->sections[entry->section];

	strcpy(ret->section, section->name);
	pci_address_format(
		report->machine->functions[entry->function].address, ret->address);
	text_join(ret->key, sizeof(ret->key), setting_key(step->setting), NULL);
	setting_format_wanted(section, step, ret->wanted);
	strcpy(ret->value, step->value);
	ret->result = step->result;
	ret->reason = step->reason;
}

static void put_step(
	struct output *output, const struct report *report, const struct step *step)
{
	struct record_step record;

	record_make_step(report, step, &record);
	put_word(output, STEP, record.section);
	put_word(output, " address=", record.address);
	put_word(output, " key=", record.key);
	put_word(output, " wanted=", record.wanted);
	put_word(output, " value=", record.value);
	put_word(output, " result=", step_result_words[record.result]);
	put(output, " reason=");
	put(output, reason_word(record.reason));
	put(output, "\n");
}

/* Whether a line of a record, up to @end, is of a section that the plan does not speak of. */
static bool is_other(const struct report *report, const char *line, const char *end)
{
	static const char *const starts[] = {FUNCTION, STEP};
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if ((size_t)(end - line) > strlen(starts[i]) &&
			memcmp(line, starts[i], strlen(starts[i])) == 0)
			name = line + strlen(starts[i]);
	for (unsigned i = 0; name && i < report->plan->n_entries; i++) {
		const char *other =
			report->config->sections[report->plan->entries[i].section].name;
		size_t len = strlen(other);

		if ((size_t)(end - name) > len && memcmp(name, other, len) == 0 &&
			name[len] == ' ')
			return false;
	}
	return name;
}

/* What an earlier run left in the file of other sections. */
static void put_others(struct output *output, const struct report *report, int dir)
{
	_cleanup_close_ int fd =
		openat(dir, LATE_RECORD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	const char *text, *line, *newline;

	if (fd < 0 || fstat(fd, &st) < 0 || !st.st_size)
		return;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return;
	for (line = text;
		(newline = memchr(line, '\n', (size_t)(text + st.st_size - line)));
		line = newline + 1)
		if (newline - line < RECORD_LINE_SIZE && is_other(report, line, newline))
			put_bytes(output, line, (size_t)(newline - line) + 1);
	munmap((void *)text, (size_t)st.st_size);
}

static void put_error(struct output *output, const struct config *config,
	const struct config_error *error)
{
	char line[16];

	put_word(output, "error ", config->files[error->place.file]);
	snprintf(line, sizeof(line), " %u ", error->place.line);
	put(output, line);
	put(output, error->message);
	put(output, "\n");
}

static const char *state_of(const struct report *report)
{
	if (report->config->off)
		return "off";
	return report->plan->n_entries ? "done" : "nothing";
}

/* What record_write() and record_keep_protect() write. */
struct content {
	const char *name; /* of the file */
	enum boot_stage stage;
	const struct report *report;
	const struct protect_list *protect;
};

static void put_record(struct output *output, const struct content *content, int dir)
{
	const struct report *report = content->report;
	const struct config *config = report->config;
	struct utsname kernel = {.release = "-"};
	char head[256], digest[sizeof("0123456789abcdef")];

	uname(&kernel);
	pci_put_hex(pci_put_hex(digest, (uint32_t)(config->digest >> 32), 8),
		(uint32_t)config->digest, 8);
	text_join(head, sizeof(head), MARK "2\nversion " VFIOBOOT_VERSION "\nstage ",
		boot_stage_word(content->stage), "\nkernel ", kernel.release, "\nconfig ",
		digest, "\nstate ", state_of(report), "\n", NULL);
	put(output, head);
	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++)
		put_error(output, config, &config->errors[i]);
	if (content->stage == BOOT_LATE)
		put_others(output, report, dir);
	for (unsigned i = 0; i < report->plan->n_entries; i++)
		put_function(output, report, i);
	for (unsigned i = 0; i < report->n_steps; i++)
		put_step(output, report, &report->steps[i]);
}

static void put_protect(struct output *output, const struct content *content)
{
	const struct protect_list *protect = content->protect;
	char line[PROTECT_LINE_SIZE];

	for (unsigned i = 0; i < protect->n_entries; i++) {
		protect_format(&protect->entries[i], line);
		put(output, line);
	}
	if (protect->incomplete)
		put(output, PROTECT_INCOMPLETE "\n");
}

/* Opens the directory @name in @dir, and makes it before if need be. */
static int open_dir(int dir, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);

	if (fd < 0 && errno == ENOENT) {
		mkdirat(dir, name, 0755);
		fd = openat(dir, name, flags);
	}
	return fd < 0 ? -errno : fd;
}

static int open_record_dir(const struct root *root)
{
	_cleanup_close_ int run = -1;
	int fd = file_open(root, TREE_RUN, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	if (fd >= 0)
		return fd;
	run = open_dir(root->fd, RUN_DIR);
	return run < 0 ? run : open_dir(run, RECORD_DIR);
}

/* Replaces the file of the record's directory, which has no other writer. */
static int replace_file(const struct root *root, const struct content *content)
{
	_cleanup_close_ int dir = open_record_dir(root);
	_cleanup_close_ int fd = -1;
	struct output output;
	char temporary[40];

	if (dir < 0)
		return dir;
	text_join(temporary, sizeof(temporary), ".", content->name, ".new", NULL);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		0644);
	if (fd < 0)
		return -errno;
	output.fd = fd;
	output.error = 0;
	output.len = 0;
	if (content->report)
		put_record(&output, content, dir);
	else
		put_protect(&output, content);
	flush(&output);
	if (output.error == 0 && renameat(dir, temporary, dir, content->name) < 0)
		output.error = -errno;
	if (output.error)
		unlinkat(dir, temporary, 0);
	return output.error;
}

/* A lock of a process, unlike one of flock(2), does not stay with a child that hangs. */
int record_lock(const struct root *root, uint64_t deadline)
{
	_cleanup_close_ int dir = open_record_dir(root);
	_cleanup_close_ int fd = dir < 0
		? dir
		: openat(dir, LATE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fd < 0)
		return dir < 0 ? dir : -errno;
	while (fcntl(fd, F_SETLK, &lock) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (child_now() >= deadline)
			return -ETIMEDOUT;
		poll(NULL, 0, 10);
	}
	return TAKE_FD(fd);
}

int record_write(const struct root *root, bool early, const struct report *report)
{
	struct content content = {.name = early ? "initramfs.record" : "system.record",
		.stage = early ? BOOT_INITRAMFS : BOOT_SYSTEM,
		.report = report};

	if (report->plan->late) {
		content.name = LATE_RECORD;
		content.stage = BOOT_LATE;
	}
	return replace_file(root, &content);
}

int record_keep_protect(
	const struct root *root, bool early, const struct protect_list *protect)
{
	struct content content = {.name = "initramfs.protect", .protect = protect};

	/* An image without a list knows nothing that the real root does not. */
	if (!early || !protect->n_entries)
		return 0;
	return replace_file(root, &content);
}

/* ---- Reading */

/* Takes " NAME=WORD". */
static bool take_field(const char **text, const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	if (**text != ' ' || strncmp(*text + 1, name, len) != 0 ||
		(*text)[len + 1] != '=')
		return false;
	*text += len + 2;
	return word_take(text, ret, size);
}

/* Takes " result=R reason=X" and the end of the line; R is one of the @n @words, by its number. */
static bool take_result(const char **text, const char *const *words, int n,
	int *ret_result, enum reason *ret_reason)
{
	char result[16], reason[32];

	if (!take_field(text, "result", result, sizeof(result)) ||
		!take_field(text, "reason", reason, sizeof(reason)) ||
		(**text && **text != '\n'))
		return false;
	for (*ret_result = 0; strcmp(result, words[*ret_result]) != 0;)
		if (++*ret_result == n)
			return false;
	return reason_parse(reason[0] ? reason : "-", ret_reason);
}

#define TAKE(text, into, name) take_field(text, #name, (into)->name, sizeof((into)->name))

int record_parse_function(const char *line, struct record_function *ret)
{
	static const char keyword[] = "function";
	struct record_function function = {0};
	const char *text = line + strlen(keyword);
	int result;

	if (strncmp(line, keyword, strlen(keyword)) != 0 ||
		!TAKE(&text, &function, section) || !TAKE(&text, &function, address) ||
		!TAKE(&text, &function, path) || !TAKE(&text, &function, id) ||
		!TAKE(&text, &function, wanted) || !TAKE(&text, &function, before) ||
		!TAKE(&text, &function, driver) ||
		!take_result(&text, result_words, RESULTS, &result, &function.reason))
		return -EINVAL;
	function.result = (enum result)result;
	*ret = function;
	return 0;
}

static bool parse_step(const char *line, struct record_step *ret)
{
	const char *text = line + strlen("step");
	int result;

	if (!TAKE(&text, ret, section) || !TAKE(&text, ret, address) ||
		!TAKE(&text, ret, key) || !TAKE(&text, ret, wanted) ||
		!TAKE(&text, ret, value) ||
		!take_result(
			&text, step_result_words, STEP_RESULTS, &result, &ret->reason))
		return false;
	ret->result = (enum step_result)result;
	return true;
}

/*
 * Adds an item of @size bytes to the array that *@array (of any type) points to.  Returns 0;
 * -EINVAL with @max in it; or -ENOMEM.
 */
static int add_item(void *array, size_t *n, size_t max, const void *item, size_t size)
{
	char **items = array;
	char *more = *n < max ? reallocarray(*items, *n + 1, size) : NULL;

	if (!more)
		return *n < max ? -ENOMEM : -EINVAL;
	*items = more;
	memcpy(more + *n * size, item, size);
	++*n;
	return 0;
}

/*
 * Version 1: where the name of a file in "FILE LINE MESSAGE" ends, before the first number that is
 * a word of its own: the name can have blanks.
 */
static const char *find_number(const char *text)
{
	while ((text = strchr(text, ' '))) {
		size_t digits = strspn(++text, "0123456789");

		if (digits && digits < 6 && text[digits] == ' ')
			return text - 1;
	}
	return NULL;
}

/* Adds the error of "FILE LINE MESSAGE". */
static int add_error(struct record *record, const char *text, int version)
{
	struct record_error error = {0};
	char *message;

	if (version > 1) {
		if (!word_take(&text, error.file, sizeof(error.file)))
			return -EINVAL;
	} else {
		const char *end = find_number(text);

		if (!end ||
			!copy_text(error.file, sizeof(error.file), text,
				(size_t)(end - text)))
			return -EINVAL;
		text = end;
	}
	if (*text != ' ' || !strchr("0123456789", text[1]))
		return -EINVAL;
	error.line = (unsigned)strtoul(text, &message, 10);
	if (*message++ != ' ' || error.line > UINT16_MAX ||
		!copy_text(
			error.message, sizeof(error.message), message, strlen(message)))
		return -EINVAL;
	return add_item(&record->errors, &record->n_errors, CONFIG_ERRORS_MAX, &error,
		sizeof(error));
}

static int add_function(struct record *record, const char *line)
{
	struct record_function function;
	int r = record_parse_function(line, &function);

	return r < 0 ? r
		     : add_item(&record->functions, &record->n_functions,
			       PLAN_ENTRIES_MAX, &function, sizeof(function));
}

static int add_step(struct record *record, const char *line)
{
	struct record_step step = {0};

	return parse_step(line, &step) ? add_item(&record->steps, &record->n_steps,
						 STEPS_MAX, &step, sizeof(step))
				       : -EINVAL;
}

/* Takes the value of the line "NAME VALUE". */
static bool take_value(const char *line, const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0 || line[len] != ' ')
		return false;
	return copy_text(ret, size, line + len + 1, strlen(line + len + 1));
}

/* Returns 0, -EINVAL for a line that can't be read, or -ENOMEM. */
static int read_line(struct record *record, const char *line, int version)
{
	char word[32], *end;

	if (text_begins_with(line, "function "))
		return add_function(record, line);
	if (text_begins_with(line, "step "))
		return add_step(record, line);
	if (text_begins_with(line, "error "))
		return add_error(record, line + strlen("error "), version);
	if (take_value(line, "config", word, sizeof(word))) {
		record->digest = strtoull(word, &end, 16);
		record->has_digest = end != word && !*end;
		return record->has_digest ? 0 : -EINVAL;
	}
	/* The stage is in the file's name, too. */
	if (take_value(line, "version", record->version, sizeof(record->version)) ||
		take_value(line, "kernel", record->kernel, sizeof(record->kernel)) ||
		take_value(line, "state", record->state, sizeof(record->state)) ||
		take_value(line, "stage", word, sizeof(word)))
		return 0;
	return -EINVAL;
}

/*
 * Ends the line at *@text, and moves *@text behind it.  Returns 1; 0 at @end; or -EINVAL for what
 * is in no record: a line too long or without an end, or a byte that would upset a terminal.
 */
static int take_line(char **text, const char *end, const char **ret)
{
	char *line = *text, *newline = memchr(line, '\n', (size_t)(end - line));

	if (line == end)
		return 0;
	*text = newline ? newline + 1 : (char *)end;
	if (!newline || newline - line >= RECORD_LINE_SIZE)
		return -EINVAL;
	*newline = '\0';
	for (const char *p = line; p < newline; p++)
		if ((*p >= 0 && *p < ' ') || *p == 0x7f)
			return -EINVAL;
	*ret = line;
	return 1;
}

static int read_version(char **text, const char *end)
{
	const char *line;

	if (take_line(text, end, &line) <= 0)
		return 0;
	return strcmp(line, MARK "1") == 0 ? 1 : strcmp(line, MARK "2") == 0 ? 2 : 0;
}

int record_read(const struct root *root, enum boot_stage stage, struct record *ret)
{
	_cleanup_(record_free) struct record record = {0};
	_cleanup_free_ char *text = NULL;
	char path[64], *cursor;
	const char *line, *end;
	size_t size;
	int version, r;

	text_join(path, sizeof(path), "/" RUN_DIR "/" RECORD_DIR "/",
		boot_stage_word(stage), ".record", NULL);
	r = file_read(root, path, &text, &size);
	if (r < 0)
		return r == -EISDIR ? -EBADMSG : r;
	cursor = text;
	end = text + size;
	version = read_version(&cursor, end);
	if (!version)
		return -EBADMSG;
	while (record.n_skipped < SKIPPED_MAX &&
		(r = take_line(&cursor, end, &line)) != 0) {
		if (r > 0)
			r = read_line(&record, line, version);
		if (r == -ENOMEM)
			return r;
		record.n_skipped += r < 0;
	}
	*ret = record;
	record = (struct record){0};
	return 0;
}

void record_free(struct record *record)
{
	free(record->errors);
	free(record->functions);
	free(record->steps);
	*record = (struct record){0};
}
