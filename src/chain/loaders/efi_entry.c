/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes the variables Boot#### apart, whose numbers are little-endian. */
#include "efi_entry.h"

#include "facts/facts.h"

#define ACTIVE      0x01
#define NODE_MEDIA  4
#define MEDIA_DISK  1
#define MEDIA_FILE  4
#define DISK_SIZE   42 /* of a whole node for a partition */
#define DISK_ID     24 /* where its signature is */
#define DISK_BY     41 /* which kind of signature; 2 is a GUID */
#define HEADER_SIZE 6

static void read_guid(const uint8_t *g, char ret[static EFI_UUID_SIZE])
{
	snprintf(ret, EFI_UUID_SIZE,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11],
		g[12], g[13], g[14], g[15]);
}

/* UTF-16 with backslashes; a path may be in several nodes. */
static void read_path(const uint8_t *node, size_t len, struct efi_entry *entry)
{
	size_t used = strlen(entry->path);

	for (size_t i = 4; i + 1 < len && used + 1 < sizeof(entry->path); i += 2) {
		unsigned c = get_number(node + i, 2);

		if (!c)
			break;
		entry->path[used++] = c == '\\' ? '/' : c < 0x80 ? (char)c : '?';
	}
	entry->path[used] = '\0';
}

static void read_nodes(const uint8_t *nodes, size_t size, struct efi_entry *entry)
{
	for (size_t at = 0, len; at + 4 <= size; at += len) {
		const uint8_t *node = nodes + at;

		len = get_number(node + 2, 2);
		if (len < 4 || at + len > size)
			return;
		if (node[0] != NODE_MEDIA)
			continue;
		if (node[1] == MEDIA_FILE)
			read_path(node, len, entry);
		else if (node[1] == MEDIA_DISK && len >= DISK_SIZE && node[DISK_BY] == 2)
			read_guid(node + DISK_ID, entry->partition);
	}
}

int efi_entry_read(const struct root *root, unsigned number, struct efi_entry *ret)
{
	uint8_t bytes[4096];
	char name[16];
	ssize_t size;
	size_t nodes = HEADER_SIZE;

	snprintf(name, sizeof(name), "Boot%04X", number & 0xffff);
	size = efivar_read(root, name, EFI_GLOBAL, bytes, sizeof(bytes));
	if (size < 0)
		return (int)size;
	*ret = (struct efi_entry){.number = number};
	if (size < HEADER_SIZE)
		return -EBADMSG;
	ret->active = bytes[0] & ACTIVE;
	while (nodes + 1 < (size_t)size && get_number(bytes + nodes, 2))
		nodes += 2;
	nodes += 2;
	if (nodes + get_number(bytes + 4, 2) > (size_t)size)
		return -EBADMSG;
	read_nodes(bytes + nodes, get_number(bytes + 4, 2), ret);
	return 0;
}

/* The entry whose number is in the variable. */
static int read_numbered(
	const struct root *root, const char *variable, struct efi_entry *ret)
{
	uint8_t number[2];
	ssize_t size = efivar_read(root, variable, EFI_GLOBAL, number, sizeof(number));

	if (size != sizeof(number))
		return size < 0 ? (int)size : -EBADMSG;
	return efi_entry_read(root, get_number(number, 2), ret);
}

int efi_entry_current(const struct root *root, struct efi_entry *ret)
{
	return read_numbered(root, "BootCurrent", ret);
}

int efi_entry_next(const struct root *root, struct efi_entry *ret)
{
	int r = read_numbered(root, "BootNext", ret);

	return r == -ENODATA || r == -EOPNOTSUPP ? -ENOENT : r;
}

size_t efi_entry_order(const struct root *root, unsigned ret[static EFI_ENTRIES_MAX])
{
	uint8_t bytes[2 * EFI_ENTRIES_MAX];
	ssize_t size = efivar_read(root, "BootOrder", EFI_GLOBAL, bytes, sizeof(bytes));
	size_t n = size > 0 ? (size_t)size / 2 : 0;

	for (size_t i = 0; i < n; i++)
		ret[i] = get_number(bytes + 2 * i, 2);
	return n;
}

bool efi_entry_is(const struct efi_entry *a, const struct efi_entry *b)
{
	return a->number == b->number ||
		(*a->path && strcasecmp(a->path, b->path) == 0 &&
			strcmp(a->partition, b->partition) == 0);
}

/*
 * Whether it names no program, as that of a drive or of the network, one of a drive that is not here, or one
 * that was deleted, as by who removed a distribution and not its entry.
 */
static bool is_gone(const struct root *root, const struct efi_entry *entry)
{
	char link[64];

	if (!*entry->path)
		return true;
	if (!*entry->partition || !file_exists(root, TREE_BY_PARTUUID))
		return false;
	text_join(link, sizeof(link), TREE_BY_PARTUUID "/", entry->partition, NULL);
	return !file_is_link(root, link) ||
		esp_lacks(root, entry->partition, entry->path);
}

int efi_entry_default(const struct root *root, struct efi_entry *ret, bool *ret_other)
{
	unsigned order[EFI_ENTRIES_MAX];
	size_t n = efi_entry_order(root, order), at = n;
	struct efi_entry now = {0}, first = {0};
	uint8_t number[2] = {0};
	bool known = efi_entry_current(root, &now) == 0;
	int r = 0;

	efivar_read(root, "BootCurrent", EFI_GLOBAL, number, sizeof(number));
	for (size_t i = 0; known && i < n && at == n; i++)
		if (order[i] == get_number(number, 2))
			at = i;
	for (size_t i = 0; i < n && !first.active; i++) {
		r = efi_entry_read(root, order[i], &first);
		if (r < 0 && !(r == -ENOENT && i < at && at < n))
			return r == -ENOENT ? -EBADMSG : r;
		first.active &= r == 0 && (i >= at || at == n || !is_gone(root, &first));
	}
	if (!first.active && !known)
		return -ENOENT;
	*ret = first.active ? first : now;
	*ret_other = known && !efi_entry_is(ret, &now);
	return 0;
}
