/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads BARs, and /proc/iomem for what lies in them. */
#include "pcibars.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/base.h"

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

static void read_sizes(
	const struct root *root, const char *name, int n, struct pci_bar *bar)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), TREE_PCI "/%s/resource%d_resize", name, n);
	if (file_read_line(root, path, text, sizeof(text)) == 0 &&
		sscanf(text, "%" SCNx64, &bar->sizes) != 1)
		bar->sizes = 0;
}

int pci_bars_read(const struct root *root, struct pci_address address,
	struct pci_bar ret[static PCI_BARS])
{
	char name[PCI_ADDRESS_SIZE], path[128], text[4096], *line = text;
	struct pci_bar bars[PCI_BARS] = {0};
	ssize_t n;

	pci_address_format(address, name);
	snprintf(path, sizeof(path), TREE_PCI "/%s/resource", name);
	n = file_read_fixed(root, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	for (int i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &bars[i];
		uint64_t flags;

		if (!line ||
			sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &bar->start,
				&bar->end, &flags) != 3)
			return -EINVAL;
		bar->used = flags & RESOURCE_MEMORY;
		bar->unplaced =
			bar->used && (flags & (RESOURCE_DISABLED | RESOURCE_UNSET));
		if (bar->used)
			read_sizes(root, name, i, bar);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	memcpy(ret, bars, sizeof(bars));
	return 0;
}

uint64_t pci_bar_size(const struct pci_bar *bar)
{
	return bar->end - bar->start + 1;
}

/* Cuts "  START-END : NAME" up.  Returns the name, or NULL for another text. */
static const char *parse_iomem(char *line, uint64_t *start, uint64_t *end)
{
	int used = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %n", start, end, &used) != 2 ||
		!used)
		return NULL;
	return line + used;
}

static bool is_framebuffer(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(framebuffers); i++)
		if (strcmp(name, framebuffers[i]) == 0)
			return true;
	return false;
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

int pci_bars_find_framebuffer(const struct root *root,
	const struct pci_bar bars[static PCI_BARS], char *ret, size_t size)
{
	_cleanup_free_ char *line = NULL;
	const char *found = NULL;
	bool shown = false;
	size_t room = 0;
	_cleanup_fclose_ FILE *file = NULL;
	int r = file_open_stream(root, TREE_IOMEM, &file);

	if (r < 0)
		return r;
	while (!found && getline(&line, &room, file) > 0) {
		uint64_t start, end;
		const char *name = parse_iomem(line, &start, &end);

		shown |= name && end;
		if (name && end && is_framebuffer(name) && is_inside(bars, start, end))
			found = name;
	}
	if (!shown)
		return -EACCES;
	text_join(ret, size, found ? found : "", NULL);
	return 0;
}
