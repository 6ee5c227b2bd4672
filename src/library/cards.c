/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions are one card, as facts/card.h bonds them. */
#include "machine.h"

struct card {
	const struct vfioboot_function **functions;
	size_t n;
};

struct vfioboot_cards {
	struct card *list;
	size_t n;
};

/* What of the machine is in a card, by the index of its inventory. */
struct search {
	const struct vfioboot_machine *machine;
	const struct vfioboot_function **of; /* of the same order */
	bool *seen;
	struct vfioboot_cards *cards;
};

static int add(struct search *search, struct card *card, size_t index)
{
	const struct vfioboot_function **added = LIST_ADD(card->functions, card->n);

	if (!added)
		return -ENOMEM;
	*added = search->of[index];
	search->seen[index] = true;
	return 0;
}

static int add_card(struct search *search, size_t leader)
{
	const struct pcibus *bus = search->machine->inventory.bus;
	struct vfioboot_cards *cards = search->cards;
	struct card *card = LIST_ADD(cards->list, cards->n);
	int r = 0;

	if (!card)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < bus->n; i++)
		if (i == leader ||
			(!search->seen[i] &&
				card_bond(bus, &bus->functions[leader],
					&bus->functions[i]) == CARD_PART))
			r = add(search, card, i);
	return r;
}

/* A display takes others along that do not take it: before them, or it would be left alone. */
static int find(struct search *search, bool displays)
{
	const struct pcibus *bus = search->machine->inventory.bus;
	int r = 0;

	for (size_t i = 0; r == 0 && i < bus->n; i++) {
		const struct pcidev *dev = &bus->functions[i].dev;

		if (!search->seen[i] && !dev->is_virtual &&
			pcidev_base_class(dev) != PCI_BASE_BRIDGE &&
			(pcidev_base_class(dev) == PCI_BASE_DISPLAY) == displays)
			r = add_card(search, i);
	}
	return r;
}

static int compare_cards(const void *a, const void *b)
{
	const struct inventory_function *x = (*((const struct card *)a)->functions)->of;
	const struct inventory_function *y = (*((const struct card *)b)->functions)->of;

	return x < y ? -1 : x > y;
}

int vfioboot_cards_list(
	struct vfioboot_machine *machine, struct vfioboot_cards **ret_cards)
{
	size_t n = machine->n_functions + 1;
	_cleanup_free_ const struct vfioboot_function **of = calloc(n, sizeof(*of));
	_cleanup_free_ bool *seen = calloc(n, sizeof(*seen));
	struct vfioboot_cards *cards = calloc(1, sizeof(*cards));
	struct search search = {machine, of, seen, cards};
	int r = of && seen && cards ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < machine->n_functions; i++)
		of[machine->functions[i].of - machine->inventory.functions] =
			&machine->functions[i];
	if (r == 0)
		r = find(&search, true);
	if (r == 0)
		r = find(&search, false);
	if (r == 0)
		qsort(cards->list, cards->n, sizeof(*cards->list), compare_cards);
	if (r < 0)
		vfioboot_cards_free(cards);
	else
		*ret_cards = cards;
	return context_errno(machine->ctx, r);
}

void vfioboot_cards_free(struct vfioboot_cards *cards)
{
	if (!cards)
		return;
	for (size_t i = 0; i < cards->n; i++)
		free(cards->list[i].functions);
	free(cards->list);
	free(cards);
}

GET(size_t, vfioboot_cards_count, cards, cards->n)

size_t vfioboot_cards_count_functions(const struct vfioboot_cards *cards, size_t card)
{
	return card < cards->n ? cards->list[card].n : 0;
}

const struct vfioboot_function *vfioboot_cards_get_function(
	const struct vfioboot_cards *cards, size_t card, size_t index)
{
	return card < cards->n && index < cards->list[card].n
		? cards->list[card].functions[index]
		: NULL;
}
