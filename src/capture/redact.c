/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function for each form of text: mostly line by line. */
#include "redact.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "decide/decide.h"
#include "redactcmdline.h"

#define MOUNT_FIELDS_MAX 32
#define ROUTE_FIELDS     11
#define ROUTE6_FIELDS    10
#define NO_ADDRESS6      "00000000000000000000000000000000"

/* File systems without a device, which nothing here depends on, unless they hold the host. */
static const char *const pseudo_types[] = {"autofs", "binfmt_misc", "bpf", "cgroup",
	"cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl",
	"fuse.gvfsd-fuse", "fuse.portal", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore",
	"ramfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tmpfs", "tracefs"};

static const char *const kept_mounts[] = {
	"/", "/usr", "/boot", "/boot/efi", "/efi", "/var", "/home", "/nix", "/sysroot"};

static const char *const cpu_keys[] = {"processor", "vendor_id", "cpu family", "model",
	"model name", "stepping", "flags", "Features", "CPU implementer",
	"CPU architecture"};

/* Cuts a line into its words.  Returns how many there are, @max at most. */
static size_t split(char *line, char **words, size_t max)
{
	char *rest = line, *word;
	size_t n = 0;

	while (n < max && (word = strsep(&rest, " \t")))
		if (*word)
			words[n++] = word;
	return n;
}

static void put_words(char **words, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? " " : "", words[i]);
}

/* A node, a path, or what is on another machine or was given its name by somebody. */
static void put_source(
	struct redactor *redactor, const char *source, const char *type, FILE *out)
{
	const char *rest = source;
	size_t n;

	if (strcmp(source, type) == 0 || strcmp(source, "none") == 0) {
		fprintf(out, "%s", source);
		return;
	}
	if (strncmp(source, TREE_DEV, strlen(TREE_DEV)) == 0) {
		for (; *rest; rest += n + (rest[n] == ':')) {
			n = strcspn(rest, ":"); /* bcachefs has several */
			redact_put_device(redactor, rest, n, out);
			fprintf(out, "%s", rest[n] ? ":" : "");
		}
	} else if (strncmp(source, "//", 2) == 0) {
		fprintf(out, "//server/name");
	} else if (strchr(source, ':')) {
		fprintf(out, "server:/name");
	} else {
		redact_put_given(redactor, source, strlen(source), out);
	}
}

/* "ID PARENT MAJOR:MINOR ROOT TARGET OPTIONS [OPTIONAL]... - TYPE SOURCE SUPER-OPTIONS" */
static void put_mount(struct redactor *redactor, char *line, FILE *out)
{
	char *words[MOUNT_FIELDS_MAX];
	size_t n = split(line, words, MOUNT_FIELDS_MAX), dash = 6;

	while (dash < n && strcmp(words[dash], "-") != 0)
		dash++;
	if (dash + 2 >= n)
		return;
	if (text_is_one_of(words[dash + 1], pseudo_types, ARRAY_SIZE(pseudo_types)) &&
		!text_is_one_of(words[4], kept_mounts, ARRAY_SIZE(kept_mounts)))
		return;
	put_words(words, 3, out);
	fprintf(out, " %s ", strcmp(words[3], "/") == 0 ? "/" : "/name");
	redact_put_path(redactor, words[4], strlen(words[4]), out);
	fprintf(out, " rw ");
	for (size_t i = 6; i < dash; i++)
		fprintf(out, "%s ", words[i]);
	fprintf(out, "- %s ", words[dash + 1]);
	put_source(redactor, words[dash + 2], words[dash + 1], out);
	fprintf(out, " rw\n");
}

/* "Filename Type Size Used Priority", with a line of these names first */
static void put_swap(struct redactor *redactor, char *line, FILE *out)
{
	char *words[5];
	size_t n = split(line, words, ARRAY_SIZE(words));

	if (n < 2)
		return;
	if (strcmp(words[0], "Filename") == 0)
		fprintf(out, "Filename");
	else if (strncmp(words[0], TREE_DEV, strlen(TREE_DEV)) == 0)
		redact_put_device(redactor, words[0], strlen(words[0]), out);
	else
		redact_put_path(redactor, words[0], strlen(words[0]), out);
	for (size_t i = 1; i < n; i++)
		fprintf(out, "\t%s", words[i]);
	fputc('\n', out);
}

/* "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT" */
static void put_route(struct redactor *redactor, char *line, FILE *out)
{
	char *words[ROUTE_FIELDS];

	if (split(line, words, ROUTE_FIELDS) != ROUTE_FIELDS)
		return;
	if (strcmp(words[0], "Iface") != 0) {
		if (words[1][strspn(words[1], "0")] || words[7][strspn(words[7], "0")])
			return;
		words[2] = (char *)"00000000";
	}
	redact_put(redactor, words[0], strlen(words[0]), out);
	for (size_t i = 1; i < ROUTE_FIELDS; i++)
		fprintf(out, "\t%s", words[i]);
	fputc('\n', out);
}

/* "DESTINATION LENGTH SOURCE LENGTH GATEWAY METRIC REFERENCES USES FLAGS INTERFACE" */
static void put_route6(struct redactor *redactor, char *line, FILE *out)
{
	char *words[ROUTE6_FIELDS];

	if (split(line, words, ROUTE6_FIELDS) != ROUTE6_FIELDS ||
		words[0][strspn(words[0], "0")] || words[1][strspn(words[1], "0")])
		return;
	words[2] = words[4] = (char *)NO_ADDRESS6;
	put_words(words, ROUTE6_FIELDS - 1, out);
	fputc(' ', out);
	redact_put(redactor, words[9], strlen(words[9]), out);
	fputc('\n', out);
}

static void put_cpu(struct redactor *redactor, char *line, FILE *out)
{
	size_t len = strcspn(line, ":");
	char key[32];

	(void)redactor;
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	if (copy_text(key, sizeof(key), line, len) &&
		text_is_one_of(key, cpu_keys, ARRAY_SIZE(cpu_keys)))
		fprintf(out, "%s\n", line);
}

/* Texts are paths of who built it, a host's name, a command line. */
static void put_option(struct redactor *redactor, char *line, FILE *out)
{
	char *text = strstr(line, "=\"");

	(void)redactor;
	if (text)
		text[1] = '\0';
	fprintf(out, "%s%s\n", line, text ? "\"\"" : "");
}

/* Where the kernel itself lies is nobody's business. */
static void put_iomem(struct redactor *redactor, char *line, FILE *out)
{
	if (strstr(line, " : Kernel "))
		return;
	redact_put(redactor, line, strlen(line), out);
	fputc('\n', out);
}

/* "IRQ: COUNT... CHIP HWIRQ ACTION...": the chip is the first word after the counts. */
static void put_interrupt(struct redactor *redactor, char *line, FILE *out)
{
	char *rest = line, *word;

	(void)redactor;
	while ((word = strsep(&rest, " \t"))) {
		size_t len = strlen(word);

		/* Not the label, not a count, not the head of a column. */
		if (!len || word[len - 1] == ':' || strspn(word, "0123456789") == len ||
			strncmp(word, "CPU", strlen("CPU")) == 0)
			continue;
		fprintf(out, "0: 0 %s\n", word);
		return;
	}
}

/* What was a comment; a line that was too long for inih is so still. */
static void put_comment(size_t line_len, size_t done, FILE *out)
{
	while (line_len > INIFILE_LINE_MAX && done++ < line_len)
		fputc('x', out);
	fputc('\n', out);
}

static void put_config(struct redactor *redactor, char *line, FILE *out)
{
	const char *text = line + strspn(line, " \t");
	size_t len = strlen(line);
	char *comment;

	if (strcmp(line, DROPIN_MARK) == 0) {
		fprintf(out, "%s\n", line);
		return;
	}
	if (*text == '#' || *text == ';') {
		fputc(*text, out);
		put_comment(len, 1, out);
		return;
	}
	/* inih: a comment behind a value begins at a ';' with white space before it */
	for (comment = line; (comment = strchr(comment, ';')); comment++) {
		if (comment > line && isspace((unsigned char)comment[-1])) {
			redact_put(redactor, line, (size_t)(comment - line), out);
			fputc(';', out);
			put_comment(len, (size_t)(comment - line) + 1, out);
			return;
		}
	}
	redact_put(redactor, line, len, out);
	fputc('\n', out);
}

/* "KIND PATH ID WORD...": the words are mount points, interfaces, or our own. */
static void put_protect(struct redactor *redactor, char *line, FILE *out)
{
	char *rest = line, *word;

	if (*line == '#') {
		fprintf(out, "#\n");
		return;
	}
	while ((word = strsep(&rest, " "))) {
		redact_put_path(redactor, word, strlen(word), out);
		fputc(rest ? ' ' : '\n', out);
	}
}

static void put_line(struct redactor *redactor, char *line, FILE *out)
{
	redact_put(redactor, line, strlen(line), out);
	fputc('\n', out);
}

/* An error quotes what it is about: only the message's place is kept. */
static void put_record(struct redactor *redactor, char *line, FILE *out)
{
	char *number = line;

	if (strncmp(line, "error ", strlen("error ")) == 0) {
		while (*number &&
			!(number[0] == ' ' && isdigit((unsigned char)number[1])))
			number++;
		number += *number ? 1 : 0;
		number[strspn(number, "0123456789")] = '\0';
		fprintf(out, "%s an error, whose text was left out\n", line);
		return;
	}
	if (strncmp(line, "config ", strlen("config ")) == 0)
		fprintf(out, "%s\n", line); /* a digest, and not the number of anything */
	else
		put_line(redactor, line, out);
}

static void put_mapped(struct redactor *redactor, char *line, FILE *out)
{
	redact_put_given(redactor, line, strlen(line), out);
	fputc('\n', out);
}

static void (*const forms[REDACT_FORMS])(
	struct redactor *redactor, char *line, FILE *out) = {
	[REDACT_FORM_NAME] = NULL,
	[REDACT_FORM_MAPPED] = put_mapped,
	[REDACT_FORM_CMDLINE] = redact_put_cmdline,
	[REDACT_FORM_MOUNTS] = put_mount,
	[REDACT_FORM_SWAPS] = put_swap,
	[REDACT_FORM_ROUTES] = put_route,
	[REDACT_FORM_ROUTES6] = put_route6,
	[REDACT_FORM_CPUINFO] = put_cpu,
	[REDACT_FORM_KERNEL] = put_option,
	[REDACT_FORM_IOMEM] = put_iomem,
	[REDACT_FORM_INTERRUPTS] = put_interrupt,
	[REDACT_FORM_CONFIG] = put_config,
	[REDACT_FORM_PROTECT] = put_protect,
	[REDACT_FORM_RECORD] = put_record,
};

int redact_text(
	struct redactor *redactor, enum redact_form form, const char *text, char **ret)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *line, *result = NULL;
	size_t size;
	FILE *out = copy ? open_memstream(&result, &size) : NULL;
	bool bad;

	if (!out)
		return -ENOMEM;
	if (form == REDACT_FORM_NAME)
		redact_put(redactor, text, strlen(text), out);
	/* The last line may have no newline; behind it is nothing. */
	while (form != REDACT_FORM_NAME && *rest && (line = strsep(&rest, "\n"))) {
		/* An empty line ends what is told of a processor. */
		if (form == REDACT_FORM_CPUINFO && !*line)
			break;
		forms[form](redactor, line, out);
		if (!rest)
			break;
	}
	bad = ferror(out) || redactor->failed;
	if (fclose(out) != 0 || bad) {
		free(result);
		return -ENOMEM;
	}
	*ret = result;
	return 0;
}
