/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares files with the BLAKE2b of 64 bytes that a menu has of them. */
#include "checksums.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/base.h"

#define DIGITS (2 * BLAKE2B_SIZE)

static int hash_file(
	const struct root *root, const char *path, char ret[static DIGITS + 1])
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	uint8_t bytes[65536], sum[BLAKE2B_SIZE];
	struct blake2b hash;
	ssize_t n;

	if (fd < 0)
		return fd;
	blake2b_begin(&hash);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		blake2b_add(&hash, bytes, (size_t)n);
	if (n < 0)
		return -errno;
	blake2b_end(&hash, sum);
	for (size_t i = 0; i < BLAKE2B_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

/*
 * 0; else with @why: -EBADMSG: it has another content; -EOPNOTSUPP: that is not to be told; or -errno.
 */
static int check(const struct root *root, const char *line, const char *loader,
	struct message *why)
{
	const char *path = strchr(line, ' ') + 1;
	char sum[DIGITS + 1];
	int r;

	if (path - 1 - line != DIGITS)
		return message_set(why, -EOPNOTSUPP,
			"%s compares %s with a checksum that is not one of b2sum(1)",
			loader, path);
	r = hash_file(root, path, sum);
	if (r < 0)
		return message_errno(why, r, "cannot read %s", path);
	return strncasecmp(sum, line, DIGITS) == 0
		? 0
		: message_set(why, -EBADMSG,
			  "%s refuses %s, whose checksum is not the one in its menu",
			  loader, path);
}

bool checksums_has(
	const struct root *root, const struct file_names *checksums, const char *path)
{
	struct stat own, other;

	if (!checksums->n || file_stat(root, path, &own) < 0)
		return false;
	for (size_t i = 0; i < checksums->n; i++)
		if (file_stat(root, strchr(checksums->names[i], ' ') + 1, &other) == 0 &&
			own.st_dev == other.st_dev && own.st_ino == other.st_ino)
			return true;
	return false;
}

enum image_state checksums_judge(const struct root *root, const struct bootloader *loader,
	const struct bootmenu_entry *entry, struct message *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < entry->checksums.n; i++)
		r = check(root, entry->checksums.names[i], loader->title, why);
	if (r == 0)
		return IMAGE_FRESH;
	loader->ops->remake(root, why);
	return r == -EBADMSG ? IMAGE_WITHOUT : IMAGE_UNKNOWN;
}
