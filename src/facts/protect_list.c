/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host must not lose, function by function, and the file that says so. */
#include "protect_list.h"

#include "base/base.h"
#include "boot_display.h"

#define WORD_UNTRACED "untraced"
#define WORD_SWAP     "swap"
#define WORD_BOOT     "boot"

static const char header[] = "# vfioboot protect list 1\n";

struct tracer {
	const struct in_use *in_use;
	struct protect_list list;
};

/* Adds a word unless it is there already, or there is no room: interfaces can be many. */
static void add_word(struct protect_entry *entry, const char *word)
{
	size_t len = strlen(word), used = strlen(entry->why);

	for (const char *p = entry->why; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && strncmp(p, word, len) == 0)
			return;
		p += n;
	}
	if (used + !!used + len >= sizeof(entry->why))
		return;
	if (used)
		entry->why[used++] = ' ';
	memcpy(entry->why + used, word, len + 1);
}

/* Adds @word (NULL: none) to the entry of a function, which is made if there is none. */
static void add_entry(struct tracer *tracer, enum protect_kind kind,
	const struct pcidev *dev, const char *word)
{
	struct protect_list *list = &tracer->list;
	struct protect_entry *entry = list->entries;
	struct protect_entry *end = entry + list->n_entries;

	while (entry < end &&
		(entry->kind != kind || !pci_path_equal(&entry->path, &dev->path, false)))
		entry++;
	if (entry == end) {
		/* The reader then protects all that could be meant. */
		list->incomplete = list->n_entries == PROTECT_ENTRIES_MAX;
		if (list->incomplete)
			return;
		list->n_entries++;
		*entry = (struct protect_entry){
			.kind = kind,
			.path = dev->path,
			.vendor = dev->ids.vendor,
			.device = dev->ids.device,
		};
	}
	if (word)
		add_word(entry, word);
}

/* Adds all functions that the thing may be on. */
static void add_possible(struct tracer *tracer, const struct in_use_thing *thing,
	enum in_use_carrier carrier, const char *word)
{
	enum protect_kind kind =
		carrier == IN_USE_STORAGE ? PROTECT_STORAGE : PROTECT_NETWORK;

	for (size_t i = 0; i < tracer->in_use->bus->n; i++) {
		const struct pcidev *dev = &tracer->in_use->bus->functions[i].dev;

		if (!dev->path.depth || !in_use_may_be_on(thing, carrier, dev))
			continue;
		add_entry(tracer, kind, dev, word);
		add_entry(tracer, kind, dev, WORD_UNTRACED);
	}
}

/* Turns what is behind a thing into entries.  A function without path can be none. */
static void add_thing(struct tracer *tracer, const struct in_use_thing *thing)
{
	bool route = thing->kind == IN_USE_ROUTE;
	const char *word = thing->kind == IN_USE_SWAP ? WORD_SWAP : thing->what;
	const struct backing *backing = &thing->backing;
	bool untraced = backing->untraced, network = backing->network;

	for (size_t i = 0; i < backing->functions.n; i++) {
		const struct pcibus_function *function =
			in_use_function(tracer->in_use, backing->functions.names[i]);

		if (function && function->dev.path.depth)
			add_entry(tracer, route ? PROTECT_NETWORK : PROTECT_STORAGE,
				&function->dev, word);
		else if (route)
			network = true;
		else
			untraced = true;
	}
	if (untraced)
		add_possible(tracer, thing, IN_USE_STORAGE, word);
	if (network && (route || thing->weight == IN_USE_NEEDED))
		add_possible(tracer, thing, IN_USE_NETWORK, word);
}

static void add_displays(struct tracer *tracer)
{
	const struct pcibus *bus = tracer->in_use->bus;

	for (size_t i = 0; i < bus->n; i++) {
		const struct pcibus_function *function = &bus->functions[i];

		if (boot_display_is_display(function) && function->dev.path.depth)
			add_entry(tracer, PROTECT_DISPLAY, &function->dev,
				function->boot_display ? WORD_BOOT : NULL);
	}
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

int protect_list_trace(
	struct facts *facts, const struct config *config, struct protect_list *ret)
{
	bool network = config && config->protect_network;
	struct in_use *in_use = &facts->in_use;
	struct tracer tracer = {.in_use = in_use};
	int r = in_use_trace(in_use, network ? IN_USE_ROUTES : IN_USE_HOST);

	if (r < 0)
		return r;
	for (size_t i = 0; i < in_use->n_things; i++) {
		const struct in_use_thing *thing = &in_use->things[i];

		if (thing->weight != IN_USE_SPARED &&
			(network || thing->kind != IN_USE_ROUTE))
			add_thing(&tracer, thing);
	}
	add_displays(&tracer);
	qsort(tracer.list.entries, tracer.list.n_entries, sizeof(*tracer.list.entries),
		compare_entries);
	*ret = tracer.list;
	return 0;
}

char *protect_list_format(const struct protect_list *list)
{
	struct text_stream text;

	if (!text_stream_open(&text))
		return NULL;
	fprintf(text.out, "%s", header);
	for (unsigned i = 0; i < list->n_entries; i++) {
		char line[PROTECT_LINE_SIZE];

		protect_format(&list->entries[i], line);
		fprintf(text.out, "%s", line);
	}
	if (list->incomplete)
		fprintf(text.out, PROTECT_INCOMPLETE "\n");
	return text_stream_take(&text);
}
