/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of which one may be chosen, each with the rest of its card and what is against it. */
#include "candidates.h"

void candidates_free(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++)
		offer_free(&candidates->list[i].offer);
	free(candidates->list);
	*candidates = (struct candidates){0};
}

/* Adds the function, and what is against adding it with the rest of its card. */
static int add_candidate(const struct candidates_of *of,
	const struct pcibus_function *function, struct candidates *candidates)
{
	struct candidate *candidate = LIST_ADD(candidates->list, candidates->n);
	int r;

	if (!candidate)
		return -ENOMEM;
	candidate->function = function;
	r = deviceset_add(
		&candidate->offer.set, &of->host->facts->bus, function, of->only);
	return r < 0 ? r : offer_settle(of->host, of->allow, &candidate->offer);
}

int candidates_find(const struct candidates_of *of,
	bool (*is_meant)(const void *data, const struct pcibus_function *function),
	const void *data, struct candidates *ret)
{
	const struct pcibus *machine = &of->host->facts->bus;
	int r = 0;

	for (size_t i = 0; r == 0 && i < machine->n; i++) {
		const struct pcibus_function *function = &machine->functions[i];
		bool seen = false;

		for (size_t j = 0; j < ret->n; j++)
			seen |= deviceset_has(&ret->list[j].offer.set, function);
		if (!seen && is_meant(data, function))
			r = add_candidate(of, function, ret);
	}
	return r;
}

/*
 * What is worth knowing of the rest of a card is no reason to choose another one, nor is data where
 * that is meant.
 */
static bool is_spare(
	const struct obstacles_allowed *allow, const struct obstacles *obstacles)
{
	const struct obstacles_allowed data = {.data = allow->data};

	for (size_t i = 0; i < obstacles->n; i++) {
		const struct obstacle *obstacle = &obstacles->list[i];

		if (obstacles_would_block(&data, obstacle) ||
			(!obstacle->goes_along && obstacle->kind != OBSTACLE_DATA))
			return false;
	}
	return true;
}

int candidates_weigh(const struct candidates_of *of, struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++) {
		struct candidate *candidate = &candidates->list[i];
		struct offer *offer = &candidate->offer;
		int r;

		if (!is_spare(of->allow, &offer->obstacles))
			continue;
		offer_choose_name(of->host, offer);
		r = offer_weigh(of->host, of->allow, "", NULL, offer);
		if (r < 0 && r != -EINVAL)
			return r;
		candidate->spare = r == 0 && !obstacles_block(&offer->obstacles);
		candidates->spare += candidate->spare;
	}
	return 0;
}
