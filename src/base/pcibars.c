/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads BARs, and /proc/iomem for what lies in them. */
#include "pcibars.h"

#include <errno.h>
#include <string.h>

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

static bool look_at(void *data, const char *line)
{
	struct search *search = data;
	uint64_t start, end;
	const char *name = parse_iomem(line, &start, &end);

	if (!name || !end)
		return true;
	search->shown = true;
	for (size_t i = 0; !search->found && i < ARRAY_SIZE(framebuffers); i++)
		if (strcmp(name, framebuffers[i]) == 0 &&
			is_inside(search->bars, start, end))
			search->found = framebuffers[i];
	return !search->found;
}

int pci_bars_find_framebuffer(const struct root *root,
	const struct pci_bar bars[static PCI_BARS], char *ret, size_t size)
{
	struct search search = {.bars = bars};
	int r = file_each_line(root, TREE_IOMEM, look_at, &search);

	if (r < 0)
		return r;
	if (!search.shown)
		return -EACCES;
	text_join(ret, size, search.found ? search.found : "", NULL);
	return 0;
}
