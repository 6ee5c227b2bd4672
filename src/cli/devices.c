/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the functions that are meant, and says so where that is not clear. */
#include "cli.h"

#define NAME "add"

/* A kind of device of which one can be chosen. */
static const struct choice {
	const char *word, *plural;
	uint32_t class; /* its leading digits, and how far they are shifted */
	int shift;
} choices[] = {
	{"gpu:auto", "displays", 0x03, 16},
	{"nvme:auto", "NVMe drives", 0x0108, 8},
	{"usb:auto", "USB controllers", 0x0c03, 8},
};

/* A device that might be chosen, and what is against it. */
struct candidate {
	const struct pcibus_function *function;
	struct offer offer;
	bool spare;
};

struct candidates {
	struct candidate *list;
	size_t n, spare; /* how many, and how many of them can be spared */
};

static void free_candidates(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++)
		offer_free(&candidates->list[i].offer);
	free(candidates->list);
}

enum cli_exit devices_open(struct cli *cli, struct devices *devices)
{
	const struct usage *usage = NULL;
	int r = facts_read(&cli->root, &cli->facts);

	devices->cli = cli;
	if (r == 0)
		r = cli->facts.bus_error;
	if (r < 0)
		return cli_error(NAME,
			"cannot read the PCI functions of %s: %s; is sysfs mounted there?",
			cli->dir, strerror(-r));
	devices->config = cli_read_config(&cli->root, CONFIGFILES_OF_NOW);
	configfiles_read_cmdline(&cli->root, devices->config);
	sections_say_errors(NAME, devices->config);
	r = facts_usage(&cli->facts, &usage);
	if (r < 0 && r != -EHOSTUNREACH)
		return cli_error(NAME, "cannot find out which devices %s uses: %s",
			cli->dir, strerror(-r));
	devices->host = (struct obstacles_host){
		.facts = &cli->facts, .config = devices->config, .usage = usage};
	r = names_open(&devices->names);
	return r < 0 ? cli_error(NAME, "%s", strerror(-r)) : CLI_OK;
}

void devices_close(struct devices *devices)
{
	offer_free(&devices->offer);
	names_close(&devices->names);
	free(devices->config);
}

/* "  ADDRESS PATH TITLE", and behind it ": " and @remark if there is one. */
static void say_function(const struct devices *devices,
	const struct pcibus_function *function, const char *remark)
{
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE] = "-";
	struct function_name name;

	names_look_up(devices->names, &function->dev.ids, &name);
	pci_address_format(function->dev.address, address);
	if (function->dev.path.depth)
		pci_path_format(&function->dev.path, path);
	fprintf(stderr, "  %s  %-14s  %s%s%s\n", address, path, name.name,
		*remark ? ": " : "", remark);
}

static const struct choice *find_choice(const char *operand)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (strcmp(operand, choices[i].word) == 0)
			return &choices[i];
	return NULL;
}

/* What is worth knowing of the rest of a card is no reason to choose another one. */
static bool is_spare(const struct obstacles *obstacles)
{
	for (size_t i = 0; i < obstacles->n; i++)
		if (!obstacles->list[i].goes_along ||
			obstacles_would_block(
				&(struct obstacles_allowed){0}, &obstacles->list[i]))
			return false;
	return true;
}

/* Adds the function, and what is against adding it with the rest of its card. */
static int add_candidate(struct candidates *candidates, const struct devices *devices,
	const struct pcibus_function *function)
{
	struct candidate *more =
		reallocarray(candidates->list, candidates->n + 1, sizeof(*more));
	int r;

	if (!more)
		return -ENOMEM;
	candidates->list = more;
	more += candidates->n++;
	*more = (struct candidate){.function = function};
	r = deviceset_add(
		&more->offer.set, &devices->cli->facts.bus, function, devices->only);
	if (r == 0)
		r = offer_settle(&devices->host, devices->allow, &more->offer);
	more->spare = r == 0 && is_spare(&more->offer.obstacles);
	candidates->spare += more->spare;
	return r;
}

/* Whether it is of the kind; virtual functions are for those who know them by name. */
static bool is_choice(const struct choice *choice, const struct pcibus_function *function)
{
	return function->dev.ids.class >> choice->shift == choice->class &&
		!function->dev.is_virtual;
}

static int find_candidates(const struct devices *devices, const struct choice *choice,
	struct candidates *candidates)
{
	const struct pcibus *machine = &devices->cli->facts.bus;
	int r = 0;

	for (size_t i = 0; r == 0 && i < machine->n; i++) {
		const struct pcibus_function *function = &machine->functions[i];
		bool seen = false;

		for (size_t j = 0; j < candidates->n; j++)
			seen |= deviceset_has(&candidates->list[j].offer.set, function);
		if (!seen && is_choice(choice, function))
			r = add_candidate(candidates, devices, function);
	}
	return r;
}

/* One line a candidate, and below it one for each further thing against it. */
static void say_candidate(
	const struct devices *devices, const struct candidate *candidate)
{
	const struct obstacles *obstacles = &candidate->offer.obstacles;
	char text[OBSTACLE_TEXT_SIZE] = "";

	for (size_t i = 0; i < obstacles->n || i == 0; i++) {
		if (obstacles->n)
			obstacle_text(devices->config, &obstacles->list[i], text);
		if (i == 0)
			say_function(devices, candidate->function, text);
		else
			fprintf(stderr, "%32s%s\n", "", text);
	}
}

static enum cli_exit choose(struct devices *devices, const struct choice *choice)
{
	_cleanup_(free_candidates) struct candidates candidates = {0};
	int r = find_candidates(devices, choice, &candidates);

	for (size_t i = 0; r == 0 && candidates.spare == 1 && i < candidates.n; i++)
		if (candidates.list[i].spare)
			r = deviceset_add(&devices->offer.set, &devices->cli->facts.bus,
				candidates.list[i].function, devices->only);
	if (r < 0)
		return cli_error(NAME, "%s", strerror(-r));
	if (candidates.spare == 1)
		return CLI_OK;
	if (!candidates.n)
		return cli_error(NAME, "%s: this machine has no %s; see 'vfioboot list'",
			choice->word, choice->plural);
	cli_error(NAME,
		candidates.spare
			? "%s: this host can spare more than one of its %s; choose "
			  "one by its path:"
			: "%s: this host can spare none of its %s:",
		choice->word, choice->plural);
	for (size_t i = 0; i < candidates.n; i++)
		if (!candidates.spare || candidates.list[i].spare)
			say_candidate(devices, &candidates.list[i]);
	return CLI_FAILED;
}

/* Whether all that the selector names is in one slot. */
static bool is_one_device(const struct pcibus *machine, const struct selector *selector)
{
	const struct pcibus_function *first = deviceset_next(machine, selector, NULL);
	const struct pcibus_function *next = first;

	if (selector->kind == SELECTOR_PATH || selector->kind == SELECTOR_ADDRESS)
		return true;
	while ((next = deviceset_next(machine, selector, next)))
		if (!pci_path_equal(&first->dev.path, &next->dev.path, true))
			return false;
	return true;
}

static enum cli_exit say_several(
	struct devices *devices, const char *operand, const struct selector *selector)
{
	const struct pcibus_function *function = NULL;

	cli_error(NAME,
		"'%s' matches more than one device; choose one by its path:", operand);
	while ((function = deviceset_next(&devices->cli->facts.bus, selector, function)))
		say_function(devices, function, "");
	return CLI_FAILED;
}

/* Of a slot that is named without its functions a bridge among them is not meant. */
static bool is_meant(
	const struct selector *selector, const struct pcibus_function *function)
{
	return !selector->slot || function->dev.path.depth > 1 ||
		pcidev_base_class(&function->dev) != PCI_BASE_BRIDGE;
}

/* Parses a selector, and finds the first function that it names. */
static enum cli_exit find_first(const struct devices *devices, const char *operand,
	struct selector *ret, const struct pcibus_function **ret_first)
{
	if (selector_parse(operand, ret) < 0)
		return cli_misuse(NAME,
			"'%s' is not a device; use a path (00:01.0/00), an address "
			"(01:00.0), an id (10de:2206), or gpu:auto, nvme:auto, usb:auto",
			operand);
	*ret_first = deviceset_next(&devices->cli->facts.bus, ret, NULL);
	if (!*ret_first)
		return cli_error(NAME,
			"no device matches '%s'; 'vfioboot list --all' shows all devices",
			operand);
	return CLI_OK;
}

/* Adds all that is meant by a selector, from @function on. */
static enum cli_exit add_all(struct devices *devices, const struct selector *selector,
	const struct pcibus_function *function, bool only)
{
	int r = 0;

	for (; r == 0 && function;
		function = deviceset_next(&devices->cli->facts.bus, selector, function))
		if (is_meant(selector, function))
			r = deviceset_add(&devices->offer.set, &devices->cli->facts.bus,
				function, only);
	return r < 0 ? cli_error(NAME, "%s", strerror(-r)) : CLI_OK;
}

enum cli_exit devices_add(struct devices *devices, const char *operand)
{
	const struct choice *choice = find_choice(operand);
	const struct pcibus_function *function;
	struct selector selector;
	enum cli_exit status;

	if (choice)
		return choose(devices, choice);
	status = find_first(devices, operand, &selector, &function);
	if (status != CLI_OK)
		return status;
	if (!is_one_device(&devices->cli->facts.bus, &selector))
		return say_several(devices, operand, &selector);
	return add_all(devices, &selector, function, devices->only);
}

enum cli_exit devices_add_with(struct devices *devices, const char *list)
{
	enum cli_exit status = CLI_OK;

	while (status == CLI_OK && *list) {
		const struct pcibus_function *function;
		size_t len = strcspn(list, ",");
		struct selector selector;
		char item[SELECTOR_SIZE];

		if (!copy_text(item, sizeof(item), list, len))
			item[0] = '\0';
		list += len + !!list[len];
		status = find_first(devices, item, &selector, &function);
		if (status == CLI_OK &&
			!is_one_device(&devices->cli->facts.bus, &selector))
			status = say_several(devices, item, &selector);
		if (status == CLI_OK)
			status = add_all(devices, &selector, function, true);
	}
	return status;
}
