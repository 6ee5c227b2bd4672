/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads BARs, and /proc/iomem for what lies in them. */
#include "pcibars.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"
#include "text.h"
#include "tree.h"
#include "util.h"

/* include/linux/ioport.h */
#define RESOURCE_MEMORY   0x00000200u
#define RESOURCE_DISABLED 0x10000000u
#define RESOURCE_UNSET    0x20000000u

/*
 * Who holds what the firmware draws into: sysfb ("BOOTFB"), the fbdev drivers, and those of
 * DRM (drivers/firmware/sysfb_simplefb.c, drivers/video/fbdev, drivers/gpu/drm/sysfb).
 */
static const char *const framebuffers[] = {"BOOTFB", "efifb", "vesafb", "simplefb",
	"simple-framebuffer", "simpledrm", "efidrm", "vesadrm"};

/* Takes a hex number, with blanks and "0x" before it.  By hand, since sscanf(3) is large. */
static bool take_hex(const char **text, uint64_t *ret)
{
	const char *p = *text + strspn(*text, " "), *start;

	p += strncmp(p, "0x", 2) == 0 ? 2 : 0;
	*ret = 0;
	for (start = p; p - start < 16; p++) {
		if (*p >= '0' && *p <= '9')
			*ret = *ret << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			*ret = *ret << 4 | (uint64_t)(*p - 'a' + 10);
		else
			break;
	}
	*text = p;
	return p > start;
}

static bool take_bar(const char **text, struct pci_bar *ret)
{
	uint64_t flags;

	if (!take_hex(text, &ret->start) || !take_hex(text, &ret->end) ||
		!take_hex(text, &flags))
		return false;
	*text = text_next_line(*text);
	ret->used = flags & RESOURCE_MEMORY;
	ret->unplaced = ret->used && (flags & (RESOURCE_DISABLED | RESOURCE_UNSET));
	return true;
}

int pci_bars_read(const struct root *root, struct pci_address address,
	struct pci_bar ret[static PCI_BARS])
{
	char text[4096];
	const char *cursor = text;
	struct pci_bar bars[PCI_BARS] = {0};
	ssize_t n =
		sysfs_read_attribute(root, address, SYSFS_RESOURCE, text, sizeof(text));

	if (n < 0)
		return (int)n;
	for (int i = 0; i < PCI_BARS; i++)
		if (!take_bar(&cursor, &bars[i]))
			return -EINVAL;
	for (int i = 0; i < PCI_BARS; i++) {
		cursor = text;
		if (bars[i].used &&
			(sysfs_read_attribute(root, address,
				 (enum sysfs_attribute)(SYSFS_RESIZE + i), text,
				 sizeof(text)) < 0 ||
				!take_hex(&cursor, &bars[i].sizes)))
			bars[i].sizes = 0;
	}
	memcpy(ret, bars, sizeof(bars));
	return 0;
}

uint64_t pci_bar_size(const struct pci_bar *bar)
{
	return bar->end - bar->start + 1;
}

/* Cuts "  START-END : NAME" up.  Returns the name, or NULL for another text. */
static const char *parse_iomem(const char *line, uint64_t *start, uint64_t *end)
{
	if (!take_hex(&line, start) || *line++ != '-' || !take_hex(&line, end) ||
		strncmp(line, " : ", 3) != 0 || !line[3])
		return NULL;
	return line + 3;
}

static bool is_inside(
	const struct pci_bar bars[static PCI_BARS], uint64_t start, uint64_t end)
{
	for (int i = 0; i < PCI_BARS; i++)
		if (bars[i].used && !bars[i].unplaced && start <= bars[i].end &&
			end >= bars[i].start)
			return true;
	return false;
}

/* What is looked for, and seen so far. */
struct search {
	const struct pci_bar *bars;
	const char *found; /* one of framebuffers */
	bool shown;        /* an address that is not 0 */
};

static void look_at(struct search *search, const char *line)
{
	uint64_t start, end;
	const char *name = parse_iomem(line, &start, &end);

	if (!name || !end)
		return;
	search->shown = true;
	for (size_t i = 0; !search->found && i < ARRAY_SIZE(framebuffers); i++)
		if (strcmp(name, framebuffers[i]) == 0 &&
			is_inside(search->bars, start, end))
			search->found = framebuffers[i];
}

int pci_bars_find_framebuffer(const struct root *root,
	const struct pci_bar bars[static PCI_BARS], char *ret, size_t size)
{
	_cleanup_close_ int fd = file_open(root, TREE_IOMEM, O_RDONLY);
	struct search search = {.bars = bars};
	char text[1024];
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	/* A part at a time, without the heap: it is long on a large machine. */
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0 || len) {
		char *line = text, *newline;

		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
		while ((newline = strchr(line, '\n'))) {
			*newline = '\0';
			look_at(&search, line);
			line = newline + 1;
		}
		len -= (size_t)(line - text);
		/* The end of the file, or a line longer than all that is looked for. */
		if (n <= 0 || len == sizeof(text) - 1) {
			look_at(&search, line);
			len = 0;
		}
		memmove(text, line, len);
	}
	if (n < 0)
		return -errno;
	if (!search.shown)
		return -EACCES;
	text_join(ret, size, search.found ? search.found : "", NULL);
	return 0;
}
