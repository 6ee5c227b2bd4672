/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redacts each form of text by a function of its own, mostly line by line. */
#include "redact.h"

#include <ctype.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"

#define MOUNT_FIELDS_MAX 32

/* File systems without a device, which nothing here depends on, unless they hold the host. */
static const char *const pseudo_types[] = {"autofs", "binfmt_misc", "bpf", "cgroup",
	"cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl",
	"fuse.gvfsd-fuse", "fuse.portal", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore",
	"ramfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tmpfs", "tracefs"};

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
		in_use_weigh_mount(words[4]) == IN_USE_SPARED)
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

static void put_place(struct redactor *redactor, const char *text, size_t len, FILE *out)
{
	if (len > strlen(TREE_DEV) && text_begins_with(text, TREE_DEV))
		redact_put_device(redactor, text, len, out);
	else
		redact_put_path(redactor, text, len, out);
}

/* Whether the line has all of the @fields, and zeros where these say so. */
static bool is_wanted(const char *fields, const char *line)
{
	for (; *fields; fields++) {
		size_t len;

		line += strspn(line, " \t");
		len = strcspn(line, " \t");
		if (!len || (*fields == '0' && strspn(line, "0") < len))
			return false;
		line += len;
	}
	return true;
}

/*
 * A line of words, each as @fields says, the last of these for all that follow: 'p' a path or
 * node, 'n' a name of the kernel, 'z' zeros instead, '0' zeros or no line at all, '=' stays.
 */
static void put_fields(
	struct redactor *redactor, const char *fields, const char *line, FILE *out)
{
	size_t len;

	if (*line == '#') {
		fprintf(out, "#\n");
		return;
	}
	if (!is_wanted(fields, line))
		return;
	for (; *line; line += len, fields += !!fields[1]) {
		size_t blank = strspn(line, " \t");

		fwrite(line, 1, blank, out);
		line += blank;
		len = strcspn(line, " \t");
		if (*fields == 'p')
			put_place(redactor, line, len, out);
		else if (*fields == 'n')
			redact_put(redactor, line, len, out);
		else if (*fields == 'z')
			fprintf(out, "%0*d", (int)len, 0);
		else
			fwrite(line, 1, len, out);
	}
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

/* What facts/signature.c reads, but for links, which are named after serial numbers. */
static void put_udev(struct redactor *redactor, char *line, FILE *out)
{
	static const char *const kept[] = {
		"E:ID_FS_TYPE=", "E:ID_FS_USAGE=", "E:ID_PART_TABLE_TYPE="};
	static const char *const given[] = {"E:ID_FS_LABEL_ENC=", "E:ID_FS_UUID="};

	if (text_begins_with(line, "I:"))
		fprintf(out, "I:1\n"); /* when it was looked at does not matter */
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (text_begins_with(line, kept[i]))
			fprintf(out, "%s\n", line);
	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		size_t len = strlen(given[i]);

		if (!text_begins_with(line, given[i]))
			continue;
		fprintf(out, "%s", given[i]);
		redact_put_given(redactor, line + len, strlen(line + len), out);
		fputc('\n', out);
	}
}

#define REDACTED "redacted"

/*
 * The kernel's command line: a list of what stays, since nobody can list what may be revealed by a
 * parameter.  Of all others stays the name; what is meant for init, behind "--", is left out.
 */

/* Parameters whose value stays; one that ends in '.' or '_' stands for all that begin so. */
static const char *const plain[] = {"vfioboot.", "vfio", "vfio_", "vfio.", "iommu",
	"iommu.", "intel_iommu", "amd_iommu", "amd_iommu_", "arm-smmu.", "arm-smmu-v3.",
	"intremap", "pci", "pci_", "pcie_", "pcie_aspm", "pcie_ports",
	"pcie_acs_override", "efi", "acpi", "acpi_", "video", "fbcon", "console",
	"module_blacklist", "modprobe.blacklist", "rd.driver.", "initcall_blacklist",
	"sysfb", "drm.", "i915.", "xe.", "amdgpu.", "radeon.", "nouveau.", "nvidia.",
	"nvidia_", "nvidia-drm.", "snd_", "nvme.", "nvme_core.", "usbcore.", "xhci_hcd.",
	"kvm.", "kvm_", "kvm-", "hugepages", "hugepagesz", "default_hugepagesz",
	"isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity", "mitigations", "lockdown",
	"security", "lsm", "apparmor", "selinux", "panic", "loglevel", "mem", "memmap",
	"crashkernel", "BOOT_IMAGE", "rootfstype", "resume_offset", "swiotlb",
	"nomodeset", "maxcpus"};

/* Those that name a device or a file system. */
static const char *const devices[] = {"root", "resume"};

static bool is_listed(
	const struct cmdline_param *param, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);
		struct cmdline_param head = *param;

		if (strchr("._-", list[i][len - 1]) && head.name_len > len)
			head.name_len = len;
		if (cmdline_name_is(&head, list[i]))
			return true;
	}
	return false;
}

/* "/dev/NAME", "UUID=...", "LABEL=...", "PARTUUID=..."; others, such as "ZFS=POOL". */
static void put_parameter_device(
	struct redactor *redactor, const struct cmdline_param *param, FILE *out)
{
	const char *equals = memchr(param->value, '=', param->value_len);

	if (equals) {
		size_t key = (size_t)(equals - param->value) + 1;

		fwrite(param->value, 1, key, out);
		redact_put_given(redactor, equals + 1, param->value_len - key, out);
	} else if (param->value_len > strlen(TREE_DEV) &&
		strncmp(param->value, TREE_DEV, strlen(TREE_DEV)) == 0) {
		redact_put_device(redactor, param->value, param->value_len, out);
	} else {
		fprintf(out, REDACTED);
	}
}

static void put_value(
	struct redactor *redactor, const struct cmdline_param *param, FILE *out)
{
	if (is_listed(param, devices, ARRAY_SIZE(devices)))
		put_parameter_device(redactor, param, out);
	else if (is_listed(param, plain, ARRAY_SIZE(plain)))
		redact_put(redactor, param->value, param->value_len, out);
	else
		fprintf(out, REDACTED);
}

/* What is no name of a parameter may be anything, such as a path or an address. */
static bool is_name(const struct cmdline_param *param)
{
	for (size_t i = 0; i < param->name_len; i++)
		if (!isalnum((unsigned char)param->name[i]) &&
			!strchr("._-", param->name[i]))
			return false;
	return param->name_len > 0;
}

static void put_cmdline(struct redactor *redactor, char *line, FILE *out)
{
	const char *cursor = line;
	struct cmdline_param param;
	bool first = true;

	while (cmdline_next(&cursor, &param)) {
		bool quoted = param.value && memchr(param.value, ' ', param.value_len);

		if (!first)
			fputc(' ', out);
		first = false;
		if (quoted)
			fputc('"', out);
		if (is_name(&param))
			redact_put(redactor, param.name, param.name_len, out);
		else
			fprintf(out, REDACTED);
		if (param.value) {
			fputc('=', out);
			put_value(redactor, &param, out);
		}
		if (quoted)
			fputc('"', out);
	}
	fputc('\n', out);
}

/* Lines are put by a function, or by their fields. */
static const struct {
	void (*put)(struct redactor *redactor, char *line, FILE *out);
	const char *fields;
} forms[REDACT_FORMS] = {
	[REDACT_FORM_MAPPED] = {.put = put_mapped},
	[REDACT_FORM_UDEV] = {.put = put_udev},
	[REDACT_FORM_CMDLINE] = {.put = put_cmdline},
	[REDACT_FORM_MOUNTS] = {.put = put_mount},
	/* "Filename Type Size Used Priority", with a line of these names first */
	[REDACT_FORM_SWAPS] = {.fields = "p="},
	/* "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT" */
	[REDACT_FORM_ROUTES] = {.fields = "n0z====0==="},
	/* "DESTINATION LENGTH SOURCE LENGTH GATEWAY METRIC REFERENCES USES FLAGS INTERFACE" */
	[REDACT_FORM_ROUTES6] = {.fields = "00z=z====n"},
	[REDACT_FORM_CPUINFO] = {.put = put_cpu},
	[REDACT_FORM_KERNEL] = {.put = put_option},
	[REDACT_FORM_IOMEM] = {.put = put_iomem},
	[REDACT_FORM_INTERRUPTS] = {.put = put_interrupt},
	[REDACT_FORM_CONFIG] = {.put = put_config},
	/* "KIND PATH ID WORD...": the words are mount points, interfaces, or our own. */
	[REDACT_FORM_PROTECT] = {.fields = "p"},
	[REDACT_FORM_RECORD] = {.put = put_record},
};

static void put_lines(
	struct redactor *redactor, enum redact_form form, char *text, FILE *out)
{
	char *line;

	/* The last line may have no newline; behind it is nothing. */
	while (text && *text && (line = strsep(&text, "\n"))) {
		/* An empty line ends what is said of a processor. */
		if (form == REDACT_FORM_CPUINFO && !*line)
			return;
		if (forms[form].put)
			forms[form].put(redactor, line, out);
		else
			put_fields(redactor, forms[form].fields, line, out);
	}
}

int redact_text(
	struct redactor *redactor, enum redact_form form, const char *text, char **ret)
{
	_cleanup_free_ char *copy = strdup(text), *result = NULL;
	struct text_stream stream;

	if (!copy || !text_stream_open(&stream))
		return -ENOMEM;
	if (form == REDACT_FORM_PLAIN)
		fprintf(stream.out, "%s", text);
	else if (form == REDACT_FORM_NAME)
		redact_put(redactor, text, strlen(text), stream.out);
	else
		put_lines(redactor, form, copy, stream.out);
	result = text_stream_take(&stream);
	if (!result || redactor->failed)
		return -ENOMEM;
	*ret = TAKE_PTR(result);
	return 0;
}
