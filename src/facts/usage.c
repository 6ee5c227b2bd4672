/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns what is in use into entries, one a function and thing. */
#include "usage.h"

#include "base/base.h"

static int compare_entries(const void *a, const void *b)
{
	const struct usage_entry *x = a, *y = b;
	int order = pci_address_compare(x->address, y->address);

	if (order == 0)
		order = (int)x->kind - (int)y->kind;
	if (order == 0)
		order = strcmp(x->what, y->what);
	return order ? order : x->untraced - y->untraced;
}

static int add_entry(struct usage *usage, struct pci_address address,
	const struct in_use_thing *thing, bool untraced)
{
	struct usage_entry *entry = LIST_ADD(usage->entries, usage->n);

	if (!entry)
		return -ENOMEM;
	*entry =
		(struct usage_entry){address, thing->kind, strdup(thing->what), untraced};
	return entry->what ? 0 : -ENOMEM;
}

/* Adds all functions that the thing may be on. */
static int add_possible(struct usage *usage, const struct in_use *in_use,
	const struct in_use_thing *thing, enum in_use_carrier carrier)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < in_use->bus->n; i++) {
		const struct pcidev *dev = &in_use->bus->functions[i].dev;

		if (in_use_may_be_on(thing, carrier, dev))
			r = add_entry(usage, dev->address, thing, true);
	}
	return r;
}

static int add_thing(struct usage *usage, const struct in_use *in_use,
	const struct in_use_thing *thing)
{
	const struct backing *backing = &thing->backing;
	int r = 0;

	for (size_t i = 0; r == 0 && i < backing->functions.n; i++) {
		const struct pcibus_function *function =
			in_use_function(in_use, backing->functions.names[i]);

		if (function) /* else it is gone meanwhile */
			r = add_entry(usage, function->dev.address, thing, false);
	}
	if (r == 0 && backing->untraced)
		r = add_possible(usage, in_use, thing, IN_USE_STORAGE);
	if (r == 0 && backing->network)
		r = add_possible(usage, in_use, thing, IN_USE_NETWORK);
	return r;
}

/* Whether @entry says nothing that the one before it does not: that is traced if any is. */
static bool is_repeated(const struct usage_entry *before, const struct usage_entry *entry)
{
	return pci_address_equal(before->address, entry->address) &&
		strcmp(before->what, entry->what) == 0 &&
		(before->kind == entry->kind ||
			(before->kind == IN_USE_ROUTE &&
				entry->kind == IN_USE_INTERFACE));
}

/* An interface with a default route is up, too, and is listed once. */
static void sort_entries(struct usage *usage)
{
	size_t n = 0;

	if (usage->n)
		qsort(usage->entries, usage->n, sizeof(*usage->entries), compare_entries);
	for (size_t i = 0; i < usage->n; i++) {
		bool repeated = false;

		for (size_t j = n; !repeated && j-- > 0 &&
			pci_address_equal(
				usage->entries[j].address, usage->entries[i].address);)
			repeated = is_repeated(&usage->entries[j], &usage->entries[i]);
		if (repeated)
			free(usage->entries[i].what);
		else
			usage->entries[n++] = usage->entries[i];
	}
	usage->n = n;
}

int usage_read(struct in_use *in_use, struct usage *ret)
{
	struct usage usage = {0};
	int r = in_use_trace(in_use, IN_USE_ALL);

	for (size_t i = 0; r == 0 && i < in_use->n_things; i++)
		r = add_thing(&usage, in_use, &in_use->things[i]);
	if (r < 0) {
		usage_free(&usage);
		return r;
	}
	sort_entries(&usage);
	*ret = usage;
	return 0;
}

void usage_free(struct usage *usage)
{
	for (size_t i = 0; i < usage->n; i++)
		free(usage->entries[i].what);
	free(usage->entries);
	*usage = (struct usage){0};
}

const struct usage_entry *usage_find(
	const struct usage *usage, struct pci_address address)
{
	for (size_t i = 0; i < usage->n; i++)
		if (pci_address_equal(usage->entries[i].address, address))
			return &usage->entries[i];
	return NULL;
}

const char *usage_verb(const struct usage_entry *entry)
{
	return entry->untraced ? "may carry" : "carries";
}

void usage_text(const struct usage_entry *entry, char *ret, size_t size)
{
	const char *verb = usage_verb(entry);

	switch (entry->kind) {
	case IN_USE_MOUNT: snprintf(ret, size, "%s %s", verb, entry->what); break;
	case IN_USE_SWAP: snprintf(ret, size, "%s the swap %s", verb, entry->what); break;
	case IN_USE_RESUME:
		snprintf(ret, size, "%s what this host resumes from", verb);
		break;
	case IN_USE_ROUTE:
		snprintf(ret, size, "%s the interface %s, which the default route uses",
			verb, entry->what);
		break;
	case IN_USE_INTERFACE:
		snprintf(
			ret, size, "%s the interface %s, which is up", verb, entry->what);
		break;
	case IN_USE_CONSOLE:
		snprintf(ret, size, "%s the console %s", verb, entry->what);
		break;
	}
}
