/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digest is of the bytes, comments included, and those are not in a capture. */
#include "capturedigest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"
#include "decide/decide.h"

#define DIGEST_LINE "config %016llx\n"

static struct capture_entry *find(struct capture *capture, const char *path)
{
	path += strspn(path, "/");
	for (size_t i = 0; i < capture->n; i++)
		if (strcmp(capture->entries[i].path, path) == 0)
			return &capture->entries[i];
	return NULL;
}

/* Reads the file of the capture as the reader of files would. */
static int read_entry(
	struct config *config, const struct capture_entry *entry, const char *path)
{
	_cleanup_close_ int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, entry->data, entry->size) != (ssize_t)entry->size)
		return -EIO;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	config_read_file(config, fd, path);
	return 0;
}

static void replace(struct capture_entry *record, uint64_t from, uint64_t to)
{
	char old[sizeof(DIGEST_LINE) + 16], new[sizeof(old)];
	char *line;

	snprintf(old, sizeof(old), DIGEST_LINE, (unsigned long long)from);
	snprintf(new, sizeof(new), DIGEST_LINE, (unsigned long long)to);
	line = record && record->data ? strstr(record->data, old) : NULL;
	if (line)
		memcpy(line, new, strlen(new));
}

int capturedigest_update(const struct sysfs_root *root, struct capture *capture)
{
	static struct config today, captured;
	int r = 0;

	memset(&today, 0, sizeof(today));
	memset(&captured, 0, sizeof(captured));
	configfiles_read(root, CONFIGFILES_OF_IMAGE, &today);
	/* They are named in the order in which they were read. */
	for (unsigned i = 0; r == 0 && i < today.n_files; i++) {
		const struct capture_entry *entry = find(capture, today.files[i]);

		if (entry && entry->data)
			r = read_entry(&captured, entry, today.files[i]);
	}
	if (r < 0)
		return r;
	replace(find(capture, TREE_RUN "/initramfs.record"), today.digest,
		captured.digest);
	replace(find(capture, TREE_RUN "/system.record"), today.digest, captured.digest);
	return 0;
}
