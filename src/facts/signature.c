/* SPDX-License-Identifier: GPL-2.0-or-later */
/* udev's notes on a block device, and libblkid's answer, which are of the same values. */
#include "signature.h"

#include <blkid.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Their names in udev's notes (src/udev/udev-builtin-blkid.c), and those of libblkid. */
static const struct {
	const char *udev, *blkid;
} names[SIGNATURE_VALUES] = {
	[SIGNATURE_TYPE] = {"ID_FS_TYPE", "TYPE"},
	[SIGNATURE_USAGE] = {"ID_FS_USAGE", "USAGE"},
	[SIGNATURE_LABEL] = {"ID_FS_LABEL_ENC", "LABEL"},
	[SIGNATURE_UUID] = {"ID_FS_UUID", "UUID"},
	[SIGNATURE_TABLE] = {"ID_PART_TABLE_TYPE", "PTTYPE"},
};

static int set_value(struct signature *signature, size_t i, const char *text)
{
	char *copy = *text ? strdup(text) : NULL;

	if (*text && !copy)
		return -ENOMEM;
	if (copy)
		text_make_printable(copy); /* anybody labels a file system */
	free(signature->values[i]);
	signature->values[i] = copy;
	return 0;
}

void signature_decode(char *text)
{
	char *to = text;

	while (*text) {
		unsigned byte;

		if (sscanf(text, "\\x%2x", &byte) == 1 && byte) {
			*to++ = (char)byte;
			text += strlen("\\x20");
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* A line: its kind, a colon, and what it says. */
static int read_line(struct signature *signature, char *line)
{
	char *value = strchr(line, '=');

	if (text_begins_with(line, "I:"))
		signature->settled = true;
	if (text_begins_with(line, "S:")) {
		signature_decode(line);
		return file_add_name(&signature->links, line + 2);
	}
	if (!text_begins_with(line, "E:") || !value)
		return 0;
	*value++ = '\0';
	for (size_t i = 0; i < SIGNATURE_VALUES; i++)
		if (strcmp(line + 2, names[i].udev) == 0) {
			if (i == SIGNATURE_LABEL)
				signature_decode(value);
			return set_value(signature, i, value);
		}
	return 0;
}

int signature_read_udev(
	const struct root *root, dev_t number, struct signature *signature)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *rest, *line;
	int r;

	snprintf(path, sizeof(path), TREE_UDEV "/b%u:%u", major(number), minor(number));
	r = file_read(root, path, &text, NULL);
	if (r < 0)
		return r == -ENOENT || r == -EACCES ? 0 : r;
	rest = text;
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = read_line(signature, line);
	return r;
}

int signature_open(const struct root *root, const char *node, dev_t number)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = file_open(root, node, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (root->live ? !S_ISBLK(st.st_mode) || st.st_rdev != number
		       : !S_ISREG(st.st_mode))
		return -ENOENT;
	return file_open(root, node, O_RDONLY | O_NONBLOCK);
}

static void free_probe(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

static int read_probe(blkid_probe probe, struct signature *signature)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < SIGNATURE_VALUES; i++) {
		const char *value;

		if (blkid_probe_lookup_value(probe, names[i].blkid, &value, NULL) == 0)
			r = set_value(signature, i, value);
	}
	return r;
}

int signature_probe(const struct root *root, const char *node, dev_t number,
	struct signature *signature)
{
	_cleanup_(free_probe) blkid_probe probe = NULL;
	_cleanup_close_ int fd = signature_open(root, node, number);

	if (fd < 0)
		return fd;
	probe = blkid_new_probe();
	if (!probe)
		return -ENOMEM;
	if (blkid_probe_set_device(probe, fd, 0, 0) < 0)
		return -EIO;
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_superblocks_flags(probe,
		BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_LABEL |
			BLKID_SUBLKS_UUID);
	switch (blkid_do_safeprobe(probe)) {
	case 0: return read_probe(probe, signature);
	case 1: return 0; /* nothing */
	case -2: signature->several = true; return 0;
	}
	/* Of several, libblkid 2.41 says no more than of an error; it finds the first of them. */
	blkid_reset_probe(probe);
	signature->several = blkid_do_probe(probe) == 0;
	return signature->several ? 0 : -EIO;
}

bool signature_is_there(const struct signature *signature)
{
	return signature->several || signature->values[SIGNATURE_TYPE] ||
		signature->values[SIGNATURE_TABLE];
}

void signature_free(struct signature *signature)
{
	for (size_t i = 0; i < SIGNATURE_VALUES; i++)
		free(signature->values[i]);
	file_free_names(&signature->links);
}
