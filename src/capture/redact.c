/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function for each form of text: mostly line by line. */
#include "redact.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "decide/decide.h"

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

static void (*const forms[REDACT_FORMS])(
	struct redactor *redactor, char *line, FILE *out) = {
	[REDACT_FORM_NAME] = NULL,
	[REDACT_FORM_MAPPED] = put_mapped,
	[REDACT_FORM_CMDLINE] = put_cmdline,
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
		/* An empty line ends what is said of a processor. */
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
