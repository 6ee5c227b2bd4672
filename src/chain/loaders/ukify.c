/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes an image apart and has ukify put it together again.  The parts are files in memory, which
 * ukify and what it runs open by the descriptors of this process: an initramfs may hold keys, and
 * a killed run leaves nothing.
 */
#include "ukify.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>

#define ARGS_MAX  24
#define BLANKS    " \t\r"
#define SIGNATURE "[PCRSignature:"
#define PLAIN     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-=/@:,%"

/* What says how images are made, and does not come from the image that is copied. */
static const char *const making[] = {"Stub", "EFIArch", "SBAT", NULL};

static const char *const signing[] = {"SecureBootSigningTool", "SecureBootPrivateKey",
	"SecureBootCertificate", "SecureBootCertificateDir", "SecureBootCertificateName",
	"SignKernel", "SigningEngine", "SigningProvider", "CertificateProvider",
	"PCRBanks", "PCRPKey", NULL};

static bool is_one_of(const char *const *names, const char *name, size_t len)
{
	for (; *names; names++)
		if (strlen(*names) == len && strncmp(*names, name, len) == 0)
			return true;
	return false;
}

/* Which part of the file a line is in, and where the lines of the last key went. */
struct reader {
	FILE *signing, *plain;
	bool in_uki, in_signature;
	bool to_signing, to_plain;
	bool private_key, certificate, certificate_name, measurements;
};

static void put(struct reader *reader, const char *line, size_t len)
{
	if (reader->to_signing)
		fprintf(reader->signing, "%.*s\n", (int)len, line);
	if (reader->to_plain)
		fprintf(reader->plain, "%.*s\n", (int)len, line);
}

static void take_section(struct reader *reader, const char *line, size_t len)
{
	reader->in_uki = strncmp(line, "[UKI]", 5) == 0;
	reader->in_signature = strncmp(line, SIGNATURE, strlen(SIGNATURE)) == 0;
	reader->to_signing = reader->in_uki || reader->in_signature;
	reader->to_plain = reader->in_uki;
	put(reader, line, len);
	reader->to_signing = reader->to_plain = false;
}

static void note_key(struct reader *reader, const char *key, size_t len)
{
	const struct {
		const char *name;
		bool *found;
	} keys[] = {
		{"SecureBootPrivateKey", &reader->private_key},
		{"SecureBootCertificate", &reader->certificate},
		{"SecureBootCertificateName", &reader->certificate_name},
		{"PCRPrivateKey", &reader->measurements},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (is_one_of((const char *const[]){keys[i].name, NULL}, key, len))
			*keys[i].found = true;
}

static void take_key(struct reader *reader, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len), *value;
	size_t key_len = equals ? (size_t)(equals - line) : 0;

	while (key_len && strchr(BLANKS, line[key_len - 1]))
		key_len--;
	reader->to_plain = reader->in_uki && is_one_of(making, line, key_len);
	reader->to_signing = reader->to_plain || reader->in_signature ||
		(reader->in_uki && is_one_of(signing, line, key_len));
	put(reader, line, len);
	value = equals ? equals + 1 + strspn(equals + 1, BLANKS) : "";
	if (reader->to_signing && *value && !strchr("#\n", *value))
		note_key(reader, line, key_len);
}

/*
 * As Python's configparser does, by which ukify reads them: '#' begins a comment, and a line that
 * begins with a blank belongs to the key before.
 */
static void take_line(struct reader *reader, const char *line, size_t len)
{
	size_t blanks = strspn(line, BLANKS);

	if (blanks >= len)
		reader->to_signing = reader->to_plain = false;
	else if (line[blanks] == '#')
		return;
	else if (blanks)
		put(reader, line, len);
	else if (*line == '[')
		take_section(reader, line, len);
	else
		take_key(reader, line, len);
}

int ukify_parse(const char *text, struct ukify *ret)
{
	struct text_stream with_keys = {0}, without = {0};
	bool opened = text_stream_open(&with_keys) && text_stream_open(&without);
	struct reader reader = {.signing = with_keys.out, .plain = without.out};

	for (; opened && *text; text = text_next_line(text))
		take_line(&reader, text, strcspn(text, "\n"));
	ret->signing = with_keys.out ? text_stream_take(&with_keys) : NULL;
	ret->plain = without.out ? text_stream_take(&without) : NULL;
	ret->secureboot =
		(reader.private_key && reader.certificate) || reader.certificate_name;
	ret->measurements = reader.measurements;
	return ret->signing && ret->plain ? 0 : -ENOMEM;
}

int ukify_read(const struct root *root, struct ukify *ret)
{
	static const char *const files[] = {"etc/kernel/uki.conf", "run/kernel/uki.conf",
		"usr/local/lib/kernel/uki.conf", "usr/lib/kernel/uki.conf",
		"etc/systemd/ukify.conf", "run/systemd/ukify.conf",
		"usr/local/lib/systemd/ukify.conf", "usr/lib/systemd/ukify.conf"};
	static const char *const programs[] = {
		"/usr/bin/ukify", "/usr/lib/systemd/ukify"};
	_cleanup_free_ char *text = NULL;
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(programs) && !ret->program; i++)
		if (file_exists(root, "%s", programs[i]))
			ret->program = programs[i];
	for (size_t i = 0; (r == -ENOENT || r == -ENOTDIR) && i < ARRAY_SIZE(files); i++)
		r = file_read(root, files[i], &text, NULL);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return r;
	return ukify_parse(text ? text : "", ret);
}

void ukify_free(struct ukify *ukify)
{
	free(ukify->signing);
	free(ukify->plain);
	*ukify = (struct ukify){0};
}

static const struct {
	enum ukify_obstacle obstacle;
	const char *text, *remedy;
} obstacle_texts[] = {
	{UKIFY_MISSING, "ukify is not installed",
		"Install ukify (of systemd, in the package systemd-ukify), which makes it, "
		"and run\n'sudo vfioboot entry add' again.\n"},
	{UKIFY_NO_KEYS, "uki.conf has no keys to sign it",
		"The image is signed: add --secureboot-private-key= and "
		"--secureboot-certificate=.\nWith SecureBootPrivateKey= and "
		"SecureBootCertificate= in /etc/kernel/uki.conf,\n'sudo vfioboot entry add' "
		"does it.\n"},
	{UKIFY_NO_MEASURE_KEYS, "uki.conf has no keys to sign its measurements",
		"The image has signed measurements: add --pcr-private-key=, or the disk is "
		"not opened by\nthem. With PCRPrivateKey= in a section [PCRSignature:NAME] "
		"of /etc/kernel/uki.conf,\n'sudo vfioboot entry add' does it.\n"},
	{UKIFY_UNKNOWN_SECTION, "it has a section that vfioboot cannot copy",
		"The image has a section that vfioboot cannot copy.\n"},
};

unsigned ukify_obstacles(const struct ukify *ukify, const struct uki *image)
{
	unsigned obstacles = ukify->program ? 0 : UKIFY_MISSING;

	/* It would not start without signatures, or not open the disk. */
	if (image->is_signed && !ukify->secureboot)
		obstacles |= UKIFY_NO_KEYS;
	if (image->has_signed_measurements && !ukify->measurements)
		obstacles |= UKIFY_NO_MEASURE_KEYS;
	if (image->unknown[0])
		obstacles |= UKIFY_UNKNOWN_SECTION;
	return obstacles;
}

const char *ukify_obstacle_text(unsigned obstacles)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(obstacle_texts) - 1 &&
		!(obstacles & obstacle_texts[i].obstacle))
		i++;
	return obstacle_texts[i].text;
}

void ukify_print_obstacles(FILE *out, unsigned obstacles)
{
	for (size_t i = 0; i < ARRAY_SIZE(obstacle_texts); i++)
		if (obstacles & obstacle_texts[i].obstacle)
			fprintf(out, "\n%s", obstacle_texts[i].remedy);
}

/* The arguments of ukify, and the descriptors of the files that they name. */
struct command {
	char *args[ARGS_MAX + 1];
	size_t n;
	int fds[ARGS_MAX];
	size_t n_fds;
	int error;    /* the first -errno, 0 for none */
	bool printed; /* for a person: files have plain names, and are made by hand */
};

static void free_command(struct command *command)
{
	for (size_t i = 0; i < command->n; i++)
		free(command->args[i]);
	for (size_t i = 0; i < command->n_fds; i++)
		close(command->fds[i]);
}

__attribute__((format(printf, 2, 3))) static void add(
	struct command *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (command->n == ARGS_MAX ||
		vasprintf(&command->args[command->n], format, args) < 0)
		command->error = command->error ? command->error : -ENOMEM;
	else
		command->n++;
	va_end(args);
}

/* A file in memory for one of the arguments.  Returns its descriptor, the command's, or -1. */
static int add_file(struct command *command, const char *option, const char *name)
{
	int fd = -1;

	if (command->printed) {
		add(command, "%s%s", option, name);
		return -1;
	}
	if (command->n_fds < ARGS_MAX)
		fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0) {
		command->error = command->error ? command->error : -errno;
		return -1;
	}
	command->fds[command->n_fds++] = fd;
	add(command, "%s" TREE_FD_OF, option, (int)getpid(), fd);
	return fd;
}

static int put_bytes(int fd, const char *bytes, size_t size)
{
	ssize_t n = write(fd, bytes, size);

	return n == (ssize_t)size ? 0 : n < 0 ? -errno : -EIO;
}

static void add_text(
	struct command *command, const char *option, const char *name, const char *text)
{
	int fd = add_file(command, option, name);
	int r = fd < 0 ? 0 : put_bytes(fd, text, strlen(text));

	if (r < 0)
		command->error = r;
}

/* What is made out of an image; @extension NULL: the parts stay as they are. */
struct making {
	const struct root *root;
	const struct uki *image;
	const char *cmdline, *osrel;
	const struct change_extension *extension; /* behind .initrd */
};

/* Copies a section of the open image @fd into the file @out. */
static int take_part(
	int fd, const struct pe_section *section, const struct making *making, int out)
{
	const struct change_extension *extension =
		strcmp(section->name, ".initrd") == 0 ? making->extension : NULL;
	struct pe_section part = *section;
	int r;

	if (extension && extension->keep > part.size)
		return -ESTALE;
	if (extension)
		part.size = (uint32_t)extension->keep;
	r = pe_copy(fd, &part, out);
	return r < 0 || !extension ? r
				   : put_bytes(out, extension->bytes, extension->size);
}

/* The parts of the image, taken out of it. */
static void add_parts(struct command *command, const struct making *making)
{
	const struct uki *image = making->image;
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	struct pe_image pe;

	text_join(path, sizeof(path), image->directory, "/", image->name, NULL);
	if (!command->printed) {
		fd = file_open(making->root, path, O_RDONLY);
		command->error = fd < 0 ? fd : pe_read(fd, &pe);
	}
	for (size_t i = 0; command->error == 0 && i < UKI_PARTS_N; i++) {
		const struct uki_part *part = &uki_parts[i];
		const struct pe_section *section;
		int out =
			image->has[i] ? add_file(command, part->option, part->file) : -1;

		if (out < 0)
			continue;
		section = pe_find(&pe, part->section);
		command->error = section ? take_part(fd, section, making, out) : -ESTALE;
	}
}

/*
 * What is a text goes by files: ukify would change blanks in an argument.  Settings are given in
 * any case, or it would look for others; a person's are those that it finds.
 */
static void add_arguments(struct command *command, const struct ukify *ukify,
	const struct making *making, const char *output)
{
	const struct uki *image = making->image;
	bool signs = image->is_signed || image->has_signed_measurements;

	add(command, "%s", command->printed ? "ukify" : ukify->program);
	add(command, "build");
	add_parts(command, making);
	if (!command->printed)
		add_text(command, "--config=", "config",
			signs ? ukify->signing : ukify->plain);
	add_text(command, "--os-release=@", "osrel", making->osrel);
	add_text(command, "--cmdline=@", "cmdline", making->cmdline);
	if (image->version[0])
		add(command, "--uname=%s", image->version);
	add(command, "--output=%s", output);
}

/* Whether it can be read, and has inside what was asked for; then it is synced. */
static int check_made(const char *path, const char *cmdline, struct message *why)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *inside = NULL;
	struct pe_image pe;
	int r = fd < 0 ? -errno : pe_read(fd, &pe);

	if (r == 0)
		r = pe_read_text(fd, &pe, ".cmdline", &inside);
	if (r == 0 && (strcmp(inside, cmdline) != 0 || !pe_find(&pe, ".linux")))
		r = -EBADMSG;
	if (r == -EBADMSG || r == -ENOENT)
		return message_set(why, -EREMOTEIO,
			"ukify's output lacks the requested command line");
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

static int make(const struct ukify *ukify, const struct making *making, const char *name,
	struct message *why)
{
	_cleanup_(free_command) struct command command = {0};
	char output[2 * PATH_MAX], last[MESSAGE_SIZE];
	int r;

	text_join(output, sizeof(output), making->root->path, name, NULL);
	add_arguments(&command, ukify, making, output);
	if (command.error < 0)
		return command.error;
	r = run_last_line((const char *const *)command.args, last, sizeof(last));
	if (r > 0)
		r = message_set(why, -EREMOTEIO, "%s",
			*last ? last : "ukify exited without output");
	else if (r == 0)
		r = check_made(output, making->cmdline, why);
	if (r < 0)
		unlink(output);
	return r;
}

int ukify_make(const struct root *root, const struct ukify *ukify,
	const struct uki *image, const struct bootentry *entry, const char *output,
	struct message *why)
{
	_cleanup_free_ char *cmdline = uki_copy_cmdline(image, entry),
			    *osrel = uki_copy_osrel(image->osrel, entry);
	const struct making making = {root, image, cmdline, osrel, NULL};

	if (!cmdline || !osrel)
		return -ENOMEM;
	return make(ukify, &making, output, why);
}

bool ukify_can_extend(const struct root *root, const char *path, bool has_keys)
{
	_cleanup_(ukify_free) struct ukify ukify = {0};
	_cleanup_(uki_free) struct uki image = {0};

	if (!root->live || uki_read(root, path, 0, &image) <= 0 ||
		ukify_read(root, &ukify) < 0 || ukify_obstacles(&ukify, &image))
		return false;
	/* What is not there ukify would take from elsewhere. */
	if (!image.cmdline[0] || !image.osrel[0] || !image.version[0])
		return false;
	return has_keys || (!image.is_signed && !image.has_signed_measurements);
}

int ukify_extend(const struct root *root, const char *path,
	const struct change_extension *extension, const char *output, struct message *why)
{
	_cleanup_(ukify_free) struct ukify ukify = {0};
	_cleanup_(uki_free) struct uki image = {0};
	struct making making = {.root = root, .image = &image, .extension = extension};
	int r = uki_read(root, path, 0, &image);

	if (r <= 0)
		return r < 0 ? r : -ESTALE;
	r = ukify_read(root, &ukify);
	if (r < 0)
		return r;
	making.cmdline = image.cmdline;
	making.osrel = image.osrel;
	return make(&ukify, &making, output, why);
}

/* A word as a shell takes it: in quotes where it needs them. */
static void print_word(FILE *out, const char *option, const char *word)
{
	if (*word && !word[strspn(word, PLAIN)]) {
		fprintf(out, "%s%s", option, word);
		return;
	}
	fprintf(out, "%s'", option);
	for (; *word; word++)
		fprintf(out, *word == '\'' ? "'\\''" : "%c", *word);
	fprintf(out, "'");
}

static void print_sections(FILE *out, const struct uki *image)
{
	fprintf(out, "objcopy");
	for (size_t i = 0; i < UKI_PARTS_N; i++)
		if (image->has[i])
			fprintf(out, " --dump-section %s=%s \\\n   ",
				uki_parts[i].section, uki_parts[i].file);
	if (image->osrel[0])
		fprintf(out, " --dump-section .osrel=osrel");
	print_word(out, " ", image->directory);
	print_word(out, "/", image->name);
	fprintf(out, " rest\n");
}

/* What vfioboot knows its own by is in there, so that 'entry remove' finds it. */
static void print_osrel(FILE *out, const struct uki *image, const struct bootentry *entry)
{
	_cleanup_free_ char *lines = uki_osrel_lines(image->osrel, entry);
	size_t len = strlen(image->osrel);

	fprintf(out, "cat %s osrel <<'END'\n%s%sEND\n", len ? ">>" : ">",
		len && image->osrel[len - 1] != '\n' ? "\n" : "", lines ? lines : "");
}

void ukify_print(FILE *out, const struct uki *image, const struct bootentry *entry)
{
	_cleanup_free_ char *cmdline = uki_copy_cmdline(image, entry);
	_cleanup_(free_command) struct command command = {.printed = true};
	const struct making making = {.image = image};
	char name[NAME_MAX + 1], output[PATH_MAX];

	uki_copy_name(image, entry, name);
	text_join(output, sizeof(output), image->directory, "/", name, NULL);
	add_arguments(&command, NULL, &making, output);
	fprintf(out, "\n# %s (%s)\n", image->name, entry->title);
	if (image->unknown[0])
		fprintf(out, "# its section %s is missing here: add what makes it\n",
			image->unknown);
	print_sections(out, image);
	print_osrel(out, image, entry);
	print_word(out, "printf %s ", cmdline ? cmdline : "");
	fprintf(out, " >cmdline\n");
	for (size_t i = 0; i < command.n; i++)
		print_word(out, i > 1 ? " \\\n    " : i ? " " : "", command.args[i]);
	fprintf(out, "\n");
}
