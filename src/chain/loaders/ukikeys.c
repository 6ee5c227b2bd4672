/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goes through the lines as Python's configparser does, by which ukify reads them: '#' begins a
 * comment, and a line that begins with a blank belongs to the key before.
 */
#include "ukikeys.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"

#define BLANKS    " \t\r"
#define SIGNATURE "PCRSignature:"

/* Which part of the file a line is in, and what became of the key before. */
struct reader {
	FILE *config, *keyless;
	bool in_uki, in_signature;
	FILE *taken[2]; /* where the lines of the last key went, NULL: nowhere */
	bool private_key, certificate, certificate_name;
	struct ukikeys *keys;
};

/* What says how images are made, and does not come from the image that is copied. */
static const char *const making[] = {"Stub", "EFIArch", "SBAT"};

static const char *const signing[] = {"SecureBootSigningTool", "SecureBootPrivateKey",
	"SecureBootCertificate", "SecureBootCertificateDir", "SecureBootCertificateName",
	"SignKernel", "SigningEngine", "SigningProvider", "CertificateProvider",
	"PCRBanks", "PCRPKey"};

static bool is_one_of(const char *const *names, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == len && strncmp(names[i], name, len) == 0)
			return true;
	return false;
}

static void put(struct reader *reader, const char *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(reader->taken); i++)
		if (reader->taken[i])
			fprintf(reader->taken[i], "%.*s\n", (int)len, line);
}

static void take_section(struct reader *reader, const char *line, size_t len)
{
	reader->in_uki = len >= 5 && strncmp(line, "[UKI]", 5) == 0;
	reader->in_signature = len > strlen("[" SIGNATURE) &&
		strncmp(line, "[" SIGNATURE, strlen("[" SIGNATURE)) == 0;
	reader->taken[0] = reader->in_uki || reader->in_signature ? reader->config : NULL;
	reader->taken[1] = reader->in_uki ? reader->keyless : NULL;
	put(reader, line, len);
	reader->taken[0] = reader->taken[1] = NULL;
}

static void note_key(struct reader *reader, const char *key, size_t len)
{
	static const char *const private_key[] = {"SecureBootPrivateKey"};
	static const char *const certificate[] = {"SecureBootCertificate"};
	static const char *const name[] = {"SecureBootCertificateName"};
	static const char *const measurements[] = {"PCRPrivateKey"};

	if (reader->in_signature) {
		reader->keys->measurements |= is_one_of(measurements, 1, key, len);
		return;
	}
	reader->private_key |= is_one_of(private_key, 1, key, len);
	reader->certificate |= is_one_of(certificate, 1, key, len);
	reader->certificate_name |= is_one_of(name, 1, key, len);
}

static void take_key(struct reader *reader, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len), *value;
	size_t key_len = equals ? (size_t)(equals - line) : 0;
	bool makes, signs;

	while (key_len && strchr(BLANKS, line[key_len - 1]))
		key_len--;
	makes = reader->in_uki && is_one_of(making, ARRAY_SIZE(making), line, key_len);
	signs = reader->in_signature ||
		(reader->in_uki &&
			is_one_of(signing, ARRAY_SIZE(signing), line, key_len));
	reader->taken[0] = makes || signs ? reader->config : NULL;
	reader->taken[1] = makes ? reader->keyless : NULL;
	put(reader, line, len);
	value = equals ? equals + 1 + strspn(equals + 1, BLANKS) : "";
	if (signs && *value && !strchr("#\n", *value))
		note_key(reader, line, key_len);
}

static void take_line(struct reader *reader, const char *line, size_t len)
{
	size_t blanks = strspn(line, BLANKS);

	if (blanks >= len)
		reader->taken[0] = reader->taken[1] = NULL;
	else if (line[blanks] == '#')
		return;
	else if (blanks)
		put(reader, line, len);
	else if (*line == '[')
		take_section(reader, line, len);
	else
		take_key(reader, line, len);
}

int ukikeys_parse(const char *text, struct ukikeys *ret)
{
	struct ukikeys keys = {0};
	struct reader reader = {.keys = &keys};
	size_t config_size, keyless_size;
	bool failed;

	reader.config = open_memstream(&keys.config, &config_size);
	reader.keyless = open_memstream(&keys.keyless, &keyless_size);
	for (; reader.config && reader.keyless && *text;
		text += strcspn(text, "\n"), text += *text == '\n')
		take_line(&reader, text, strcspn(text, "\n"));
	failed = !reader.config || fclose(reader.config) != 0;
	failed |= !reader.keyless || fclose(reader.keyless) != 0;
	if (failed) {
		ukikeys_free(&keys);
		return -ENOMEM;
	}
	keys.secureboot =
		(reader.private_key && reader.certificate) || reader.certificate_name;
	*ret = keys;
	return 0;
}

int ukikeys_read(const struct sysfs_root *root, struct ukikeys *ret)
{
	static const char *const files[] = {"etc/kernel/uki.conf", "run/kernel/uki.conf",
		"usr/local/lib/kernel/uki.conf", "usr/lib/kernel/uki.conf",
		"etc/systemd/ukify.conf", "run/systemd/ukify.conf",
		"usr/local/lib/systemd/ukify.conf", "usr/lib/systemd/ukify.conf"};
	_cleanup_free_ char *text = NULL;
	int r = -ENOENT;

	for (size_t i = 0; (r == -ENOENT || r == -ENOTDIR) && i < ARRAY_SIZE(files); i++)
		r = hostfile_read(root, files[i], &text, NULL);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return r;
	return ukikeys_parse(text ? text : "", ret);
}

void ukikeys_free(struct ukikeys *keys)
{
	free(keys->config);
	free(keys->keyless);
	*keys = (struct ukikeys){0};
}
