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
	struct obstacles obstacles;
};

struct candidates {
	struct candidate *list;
	size_t n, spare; /* how many, and against how many of them there is nothing */
};

static void free_candidates(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++)
		obstacles_free(&candidates->list[i].obstacles);
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
	deviceset_free(&devices->set);
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

/* Adds the function, and what is against adding it with the rest of its device. */
static int add_candidate(struct candidates *candidates, const struct devices *devices,
	const struct pcibus_function *function)
{
	_cleanup_(deviceset_free) struct deviceset set = {0};
	struct candidate *more =
		reallocarray(candidates->list, candidates->n + 1, sizeof(*more));
	int r;

	if (!more)
		return -ENOMEM;
	candidates->list = more;
	more[candidates->n] = (struct candidate){.function = function};
	r = deviceset_add(&set, &devices->cli->facts.bus, function, devices->only);
	if (r == 0)
		r = obstacles_find(&devices->host, &set, &more[candidates->n].obstacles);
	if (r == 0)
		candidates->spare += more[candidates->n++].obstacles.n == 0;
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
			seen |= pci_path_equal(&candidates->list[j].function->dev.path,
				&function->dev.path, !devices->only);
		if (!seen && is_choice(choice, function))
			r = add_candidate(candidates, devices, function);
	}
	return r;
}

/* One line a candidate, and below it one for each further thing against it. */
static void say_candidate(
	const struct devices *devices, const struct candidate *candidate)
{
	const struct obstacles *obstacles = &candidate->obstacles;
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
		if (!candidates.list[i].obstacles.n)
			r = deviceset_add(&devices->set, &devices->cli->facts.bus,
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
		if (!candidates.spare || !candidates.list[i].obstacles.n)
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

enum cli_exit devices_add(struct devices *devices, const char *operand)
{
	const struct pcibus_function *function = NULL;
	const struct choice *choice = find_choice(operand);
	struct selector selector;
	int r = 0;

	if (choice)
		return choose(devices, choice);
	if (selector_parse(operand, &selector) < 0)
		return cli_misuse(NAME,
			"'%s' is not a device; use a path (00:01.0/00), an address "
			"(01:00.0), an id (10de:2206), or gpu:auto, nvme:auto, usb:auto",
			operand);
	if (!deviceset_next(&devices->cli->facts.bus, &selector, NULL))
		return cli_error(NAME,
			"no device matches '%s'; 'vfioboot list --all' shows all devices",
			operand);
	if (!is_one_device(&devices->cli->facts.bus, &selector))
		return say_several(devices, operand, &selector);
	while (r == 0 &&
		(function = deviceset_next(
			 &devices->cli->facts.bus, &selector, function)))
		if (is_meant(&selector, function))
			r = deviceset_add(&devices->set, &devices->cli->facts.bus,
				function, devices->only);
	return r < 0 ? cli_error(NAME, "%s", strerror(-r)) : CLI_OK;
}
