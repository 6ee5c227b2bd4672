/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the host's use is not to be lost, function by function. */
#include "protectlist.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "inuse.h"

#define WORD_UNTRACED "untraced"
#define WORD_SWAP     "swap"
#define WORD_BOOT     "boot"

struct host {
	struct inuse inuse;
	struct protect_list list;
};

static void free_host(struct host *host)
{
	inuse_free(&host->inuse);
}

/* Adds a word unless it is there already.  All words there are fit, each once. */
static int add_word(struct protect_entry *entry, const char *word)
{
	size_t len = strlen(word), used = strlen(entry->why);

	for (const char *p = entry->why; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && strncmp(p, word, len) == 0)
			return 0;
		p += n;
	}
	if (used + !!used + len >= sizeof(entry->why))
		return -ENOSPC;
	if (used)
		entry->why[used++] = ' ';
	memcpy(entry->why + used, word, len + 1);
	return 0;
}

/* Adds @word (NULL: none) to the entry of a function, which is made if there is none. */
static int add_entry(struct host *host, enum protect_kind kind, const struct pcidev *dev,
	const char *word)
{
	struct protect_list *list = &host->list;
	struct protect_entry *entry = list->entries;
	struct protect_entry *end = entry + list->n_entries;

	while (entry < end &&
		(entry->kind != kind || !pci_path_equal(&entry->path, &dev->path, false)))
		entry++;
	if (entry == end) {
		/* The reader then protects all that could be meant. */
		list->incomplete = list->n_entries == PROTECT_ENTRIES_MAX;
		if (list->incomplete)
			return 0;
		list->n_entries++;
		*entry = (struct protect_entry){
			.kind = kind,
			.path = dev->path,
			.vendor = dev->ids.vendor,
			.device = dev->ids.device,
		};
	}
	return word ? add_word(entry, word) : 0;
}

/* Adds all functions of a base class, for a @word that could not be traced to one. */
static int add_class(
	struct host *host, enum protect_kind kind, uint8_t class, const char *word)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->inuse.bus->n; i++) {
		const struct pcidev *dev = &host->inuse.bus->functions[i].dev;

		if (pcidev_base_class(dev) != class || !dev->path.depth)
			continue;
		r = add_entry(host, kind, dev, word);
		if (r == 0)
			r = add_entry(host, kind, dev, WORD_UNTRACED);
	}
	return r;
}

/* Turns what stands behind a thing into entries.  A function without path can be none. */
static int add_thing(struct host *host, const struct inuse_thing *thing)
{
	bool route = thing->kind == USAGE_ROUTE;
	const char *word = thing->kind == USAGE_SWAP ? WORD_SWAP : thing->what;
	const struct backing *backing = &thing->backing;
	bool untraced = backing->untraced, network = backing->network;
	int r = 0;

	for (size_t i = 0; r == 0 && i < backing->functions.n; i++) {
		const struct pcibus_function *function =
			inuse_function(&host->inuse, backing->functions.names[i]);

		if (function && function->dev.path.depth)
			r = add_entry(host, route ? PROTECT_NETWORK : PROTECT_STORAGE,
				&function->dev, word);
		else if (route)
			network = true;
		else
			untraced = true;
	}
	if (r == 0 && untraced)
		r = add_class(host, PROTECT_STORAGE, PCI_BASE_STORAGE, word);
	if (r == 0 && network && (route || thing->weight == INUSE_NEEDED))
		r = add_class(host, PROTECT_NETWORK, PCI_BASE_NETWORK, word);
	return r;
}

/* Displays can show something: a virtual function (SR-IOV) has no outputs of its own. */
static int add_displays(struct host *host)
{
	const struct pcibus *bus = host->inuse.bus;
	int r = 0;

	for (size_t i = 0; r == 0 && i < bus->n; i++) {
		const struct pcibus_function *function = &bus->functions[i];

		if (pcidev_base_class(&function->dev) == PCI_BASE_DISPLAY &&
			function->dev.path.depth && !function->is_virtual)
			r = add_entry(host, PROTECT_DISPLAY, &function->dev,
				function->boot_display ? WORD_BOOT : NULL);
	}
	return r;
}

static int compare_entries(const void *a, const void *b)
{
	const struct protect_entry *x = a, *y = b;
	char path_x[PCI_PATH_SIZE], path_y[PCI_PATH_SIZE];

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	pci_path_format(&x->path, path_x);
	pci_path_format(&y->path, path_y);
	return strcmp(path_x, path_y);
}

int protect_trace(const struct sysfs_root *root, const struct config *config,
	struct protect_list *ret)
{
	_cleanup_(free_host) struct host host = {.inuse.root = root};
	int r = inuse_trace_kept(&host.inuse);

	if (r == 0 && config && config->protect_network)
		r = inuse_trace_network(&host.inuse, false);
	for (size_t i = 0; r == 0 && i < host.inuse.n_things; i++)
		r = add_thing(&host, &host.inuse.things[i]);
	if (r == 0)
		r = add_displays(&host);
	if (r < 0)
		return r;
	qsort(host.list.entries, host.list.n_entries, sizeof(*host.list.entries),
		compare_entries);
	*ret = host.list;
	return 0;
}
