/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the functions that are meant, and says so where that is not clear. */
#include "cli.h"

#include <fcntl.h>

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

static const char *command_of(const struct devices *devices)
{
	return devices->cli->command->name;
}

enum cli_exit devices_open(struct cli *cli, struct devices *devices)
{
	const struct usage *usage = NULL;
	int r = cli_read_facts(cli);

	devices->cli = cli;
	if (r == 0)
		r = cli->facts.bus_error;
	if (r < 0)
		return cli_error(command_of(devices),
			"cannot read the PCI functions of %s: %s; is sysfs mounted there?",
			cli->dir, strerror(-r));
	devices->config = cli_read_config(&cli->root, CONFIGFILES_OF_NOW);
	configfiles_read_cmdline(&cli->root, devices->config);
	sections_say_errors(command_of(devices), devices->config);
	r = facts_usage(&cli->facts, &usage);
	if (r < 0 && r != -EHOSTUNREACH)
		return cli_error(command_of(devices),
			"cannot find out which devices %s uses: %s", cli->dir,
			strerror(-r));
	devices->host = (struct obstacles_host){
		.facts = &cli->facts, .config = devices->config, .usage = usage};
	r = names_open(&devices->names);
	return r < 0 ? cli_error(command_of(devices), "%s", strerror(-r)) : CLI_OK;
}

/* The vfio driver that fits all functions best; a section has one for all of them. */
static void choose_driver(const struct devices *devices, const struct deviceset *set,
	char ret[static CONFIG_DRIVER_SIZE])
{
	struct modules *modules = facts_modules(&devices->cli->facts);
	char driver[CONFIG_DRIVER_SIZE];

	*ret = '\0';
	for (size_t i = 0; modules && i < set->n; i++) {
		if (modules_vfio_driver(modules, &set->members[i].function->dev.ids,
			    driver, sizeof(driver)) < 0)
			return;
		if (i == 0)
			strcpy(ret, driver);
		if (strcmp(ret, driver) == 0)
			continue;
		cli_warning(command_of(devices),
			"the driver %s fits some of the functions best, but a device set "
			"has one driver; to use it, add these functions on their own with "
			"--only",
			strcmp(driver, "vfio-pci") ? driver : ret);
		*ret = '\0';
		return;
	}
}

/* What people call the functions of the set, @ret having room for each. */
static int find_titles(
	const struct devices *devices, const struct deviceset *set, char **ret)
{
	struct function_name name;

	for (size_t i = 0; i < set->n; i++) {
		names_look_up(devices->names, &set->members[i].function->dev.ids, &name);
		ret[i] = strdup(name.name);
		if (!ret[i])
			return -ENOMEM;
	}
	return 0;
}

enum cli_exit devices_weigh(const struct devices *devices, struct offer *offer)
{
	_cleanup_free_ char **titles = or_no_memory(calloc(offer->set.n, sizeof(char *)));
	char driver[CONFIG_DRIVER_SIZE];
	int r = find_titles(devices, &offer->set, titles);

	choose_driver(devices, &offer->set, driver);
	if (r == 0)
		r = offer_weigh(&devices->host, devices->allow, driver,
			(const char *const *)titles, offer);
	for (size_t i = 0; i < offer->set.n; i++)
		free(titles[i]);
	offer->dropin.titles = NULL;
	if (r == -EINVAL)
		return cli_error(command_of(devices),
			"one of the functions has no unique path; write a section with its "
			"address instead, see vfioboot.conf(5)");
	return r < 0
		? cli_error(command_of(devices),
			  "cannot check what the next boot would do: %s", strerror(-r))
		: CLI_OK;
}

enum cli_exit devices_plan(struct devices *devices, const struct offer *offer)
{
	struct obstacles_dropin *more = or_no_memory(
		reallocarray(devices->planned, devices->n_planned + 1, sizeof(*more)));
	int r;

	devices->planned = more;
	more += devices->n_planned++;
	dropin_path(offer->name, more->path);
	more->text = or_no_memory(strdup(offer->text));
	devices->host.planned = devices->planned;
	devices->host.n_planned = devices->n_planned;
	r = dropin_read_text(devices->config, more->text, more->path);
	return r < 0 ? cli_error(command_of(devices), "%s", strerror(-r)) : CLI_OK;
}

void devices_forget_planned(struct devices *devices)
{
	for (size_t i = 0; i < devices->n_planned; i++)
		free(devices->planned[i].text);
	free(devices->planned);
	devices->planned = NULL;
	devices->n_planned = 0;
	devices->host.planned = NULL;
	devices->host.n_planned = 0;
}

int devices_put_planned(const struct devices *devices, struct change *change)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < devices->n_planned; i++)
		r = change_put_text(
			change, devices->planned[i].path, devices->planned[i].text);
	return r;
}

enum cli_exit devices_check_directory(const struct cli *cli)
{
	_cleanup_close_ int fd =
		file_open(&cli->root, DROPIN_DIRECTORY, O_RDONLY | O_DIRECTORY);
	char target[PATH_MAX] = "";
	bool link =
		file_read_link(&cli->root, DROPIN_DIRECTORY, target, sizeof(target)) == 0;

	if (fd >= 0 || (fd == -ENOENT && !link))
		return CLI_OK;
	return cli_error(cli->command->name,
		"nothing was changed: " DROPIN_DIRECTORY
		"%s%s cannot be opened: %s; make it a "
		"directory that can be written to",
		link ? ", a link to " : "", target, strerror(-fd));
}

enum cli_exit devices_check_name(
	const char *command, const char *option, const char *name)
{
	char copy[CONFIG_NAME_SIZE];

	if (!name || config_set_name(copy, sizeof(copy), name))
		return CLI_OK;
	return cli_misuse(command,
		"bad name '%.60s' of --%s; use up to %d of A-Z a-z 0-9 . _ - and begin "
		"with a letter, a digit or _",
		name, option, CONFIG_NAME_SIZE - 1);
}

void devices_close(struct devices *devices)
{
	devices_forget_planned(devices);
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

/* Whether it is of the kind; virtual functions are for those who know them by name. */
static bool is_choice(const void *data, const struct pcibus_function *function)
{
	const struct choice *choice = data;

	return function->dev.ids.class >> choice->shift == choice->class &&
		function->dev.ids.class != PCI_CLASS_USB4 && !function->dev.is_virtual;
}

/* One line a candidate, and below it one for each further thing against it. */
static void say_candidate(
	const struct devices *devices, const struct candidate *candidate)
{
	const struct obstacles *obstacles = &candidate->offer.obstacles;
	char text[OBSTACLE_TEXT_SIZE] = "";

	if (!candidate->spare && !obstacles->n)
		strcpy(text, "has no unique path");
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
	_cleanup_(candidates_free) struct candidates candidates = {0};
	int r = candidates_find(devices, is_choice, choice, &candidates);

	if (r == 0)
		r = candidates_weigh(devices, &candidates);
	for (size_t i = 0; r == 0 && candidates.spare == 1 && i < candidates.n; i++)
		if (candidates.list[i].spare)
			r = deviceset_add(&devices->offer.set, &devices->cli->facts.bus,
				candidates.list[i].function, devices->only);
	if (r < 0)
		return cli_error(command_of(devices), "%s", strerror(-r));
	if (candidates.spare == 1)
		return CLI_OK;
	if (!candidates.n)
		return cli_error(command_of(devices),
			"%s: this machine has no %s; see 'vfioboot list'", choice->word,
			choice->plural);
	cli_error(command_of(devices),
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

	cli_error(command_of(devices),
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
		return cli_misuse(command_of(devices),
			"'%s' is not a device; use a path (00:01.0/00), an address "
			"(01:00.0), an id (10de:2206), or gpu:auto, nvme:auto, usb:auto",
			operand);
	*ret_first = deviceset_next(&devices->cli->facts.bus, ret, NULL);
	if (!*ret_first)
		return cli_error(command_of(devices),
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
	return r < 0 ? cli_error(command_of(devices), "%s", strerror(-r)) : CLI_OK;
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
