/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the functions that are meant, and says what is wrong where that is not clear. */
#include "devices.h"

#include "candidates.h"
#include "obstacle_text.h"

#define AGAINST_TEXT_SIZE (PCI_ADDRESS_SIZE + 1 + OBSTACLE_TEXT_SIZE)

#define VIRTUAL_BY_HAND "the sections by hand, see vfioboot.conf(5), 'Virtual functions'"

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

static int fail(struct message *message, int code)
{
	return message_set(message, code, "%s", errno_text(code));
}

int devices_read(struct facts *facts, const char *directory, struct devices *devices,
	struct message *message)
{
	const struct usage *usage = NULL;
	int r = facts->bus_error;

	devices->facts = facts;
	if (r < 0) {
		message_remedy(message, "is sysfs mounted there?");
		return message_errno(
			message, r, "cannot read the PCI functions of %s", directory);
	}
	devices->config = calloc(1, sizeof(*devices->config));
	if (!devices->config)
		return fail(message, -ENOMEM);
	configfiles_read(facts->root, CONFIGFILES_OF_NOW, devices->config);
	configfiles_read_cmdline(facts->root, devices->config);
	variant_resolve(facts->root, devices->config, pcibus_get, &facts->bus);
	r = facts_usage(facts, &usage);
	if (r < 0 && r != -EHOSTUNREACH)
		return message_errno(
			message, r, "cannot find out which devices %s uses", directory);
	devices->host = (struct obstacles_host){
		.facts = facts, .config = devices->config, .usage = usage};
	r = names_open(&devices->names);
	return r < 0 ? fail(message, r) : 0;
}

/* The vfio driver that fits all functions best; a section has one for all of them. */
static void choose_driver(struct devices *devices, const struct deviceset *set,
	char ret[static CONFIG_DRIVER_SIZE])
{
	struct modules *modules = facts_modules(devices->facts);
	char driver[CONFIG_DRIVER_SIZE];

	*ret = '\0';
	devices->other_driver[0] = '\0';
	for (size_t i = 0; modules && i < set->n; i++) {
		if (modules_vfio_driver(modules, &set->members[i].function->dev.ids,
			    driver, sizeof(driver)) < 0)
			return;
		if (i == 0)
			strcpy(ret, driver);
		if (strcmp(ret, driver) == 0)
			continue;
		strcpy(devices->other_driver, strcmp(driver, "vfio-pci") ? driver : ret);
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

int devices_judge(struct devices *devices, struct offer *offer, struct message *message)
{
	_cleanup_free_ char **titles = calloc(offer->set.n + 1, sizeof(char *));
	char driver[CONFIG_DRIVER_SIZE];
	int r = titles ? find_titles(devices, &offer->set, titles) : -ENOMEM;

	if (r == 0) {
		choose_driver(devices, &offer->set, driver);
		r = offer_weigh(&devices->host, devices->allow, driver,
			(const char *const *)titles, offer);
	}
	for (size_t i = 0; titles && i < offer->set.n; i++)
		free(titles[i]);
	offer->dropin.titles = NULL;
	if (r == -EINVAL) {
		message_remedy(message,
			"write a section with its address instead, see "
			"vfioboot.conf(5)");
		return message_set(message, r, "one of the functions has no unique path");
	}
	return r < 0
		? message_errno(message, r, "cannot check what the next boot would do")
		: 0;
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

void devices_close(struct devices *devices)
{
	devices_forget_planned(devices);
	offer_free(&devices->offer);
	names_close(&devices->names);
	free(devices->config);
	free(devices->choices);
}

/* "  ADDRESS PATH TITLE", and behind it ": " and @remark if there is one. */
static void say_function(const struct devices *devices, FILE *out,
	const struct pcibus_function *function, const char *remark)
{
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE] = "-";
	struct function_name name;

	names_look_up(devices->names, &function->dev.ids, &name);
	pci_address_format(function->dev.address, address);
	if (function->dev.path.depth)
		pci_path_format(&function->dev.path, path);
	fprintf(out, "  %s  %-14s  %s%s%s\n", address, path, name.name,
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

/* What an obstacle says; of the rest of a card with its address. */
static void against_text(const struct devices *devices, const struct candidate *candidate,
	const struct obstacle *obstacle, char ret[static AGAINST_TEXT_SIZE])
{
	char address[PCI_ADDRESS_SIZE] = "", text[OBSTACLE_TEXT_SIZE];

	if (obstacle->function && obstacle->function != candidate->function)
		pci_address_format(obstacle->function->dev.address, address);
	obstacle_text(devices->config, obstacle, text);
	text_join(ret, AGAINST_TEXT_SIZE, address, *address ? " " : "", text, NULL);
}

/* One line a candidate, and below it one for each further thing against it. */
static void say_candidate(
	const struct devices *devices, FILE *out, const struct candidate *candidate)
{
	const struct obstacles *obstacles = &candidate->offer.obstacles;
	char text[AGAINST_TEXT_SIZE] = "";

	if (!candidate->spare && !obstacles->n)
		strcpy(text, "has no unique path");
	for (size_t i = 0; i < obstacles->n || i == 0; i++) {
		if (obstacles->n)
			against_text(devices, candidate, &obstacles->list[i], text);
		if (i == 0)
			say_function(devices, out, candidate->function, text);
		else
			fprintf(out, "%32s%s\n", "", text);
	}
}

/* Lists what could be chosen: what the host can spare, or with nothing to spare why not. */
static int list_candidates(struct devices *devices, const struct candidates *candidates)
{
	struct text_stream stream;

	if (!text_stream_open(&stream))
		return -ENOMEM;
	for (size_t i = 0; i < candidates->n; i++)
		if (!candidates->spare || candidates->list[i].spare)
			say_candidate(devices, stream.out, &candidates->list[i]);
	free(devices->choices);
	devices->choices = text_stream_take(&stream);
	return devices->choices ? 0 : -ENOMEM;
}

/* Says why nothing was chosen. */
static int say_candidates(struct devices *devices, const struct choice *choice,
	const struct candidates *candidates, struct message *message)
{
	if (!candidates->n) {
		message_remedy(message, "see 'vfioboot list'");
		return message_set(message, -ENXIO, "%s: this machine has no %s",
			choice->word, choice->plural);
	}
	if (list_candidates(devices, candidates) < 0)
		return fail(message, -ENOMEM);
	if (!candidates->spare) {
		message_remedy(message,
			"'vfioboot add --dry-run DEVICE' says what can be done about one");
		return message_set(message, -EBUSY,
			"%s: this host can spare none of its %s", choice->word,
			choice->plural);
	}
	message_remedy(message, "choose one by its path");
	return message_set(message, -ENOTUNIQ,
		"%s: this host can spare more than one of its %s", choice->word,
		choice->plural);
}

static int choose(
	struct devices *devices, const struct choice *choice, struct message *message)
{
	_cleanup_(candidates_free) struct candidates candidates = {0};
	const struct candidates_of of = {&devices->host, devices->allow, devices->only};
	int r = candidates_find(&of, is_choice, choice, &candidates);

	if (r == 0)
		r = candidates_weigh(&of, &candidates);
	for (size_t i = 0; r == 0 && candidates.spare == 1 && i < candidates.n; i++)
		if (candidates.list[i].spare)
			r = deviceset_add(&devices->offer.set, &devices->facts->bus,
				candidates.list[i].function, devices->only);
	if (r < 0)
		return fail(message, r);
	return candidates.spare == 1
		? 0
		: say_candidates(devices, choice, &candidates, message);
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

static int say_several(struct devices *devices, const char *operand,
	const struct selector *selector, struct message *message)
{
	const struct pcibus_function *function = NULL;
	struct text_stream stream;

	if (!text_stream_open(&stream))
		return fail(message, -ENOMEM);
	while ((function = deviceset_next(&devices->facts->bus, selector, function)))
		say_function(devices, stream.out, function, "");
	free(devices->choices);
	devices->choices = text_stream_take(&stream);
	if (!devices->choices)
		return fail(message, -ENOMEM);
	message_remedy(message, "choose one by its path");
	return message_set(
		message, -ENOTUNIQ, "'%s' matches more than one device", operand);
}

/* Of a slot that is named without its functions a bridge among them is not meant. */
static bool is_meant(
	const struct selector *selector, const struct pcibus_function *function)
{
	return !selector->slot || function->dev.path.depth > 1 ||
		pcidev_base_class(&function->dev) != PCI_BASE_BRIDGE;
}

/* The physical function has not made what is named: how it does, if it can. */
static void remedy_of_virtual(const struct devices *devices,
	const struct selector *selector, struct message *message)
{
	const struct selector physical = {
		.kind = SELECTOR_PATH, .path = selector->vf.physical};
	const struct pcibus_function *function =
		deviceset_next(&devices->facts->bus, &physical, NULL);
	char address[PCI_ADDRESS_SIZE];
	struct pcidev dev;

	if (!function)
		return;
	dev = function->dev;
	pcidev_read_virtual(devices->facts->root, &dev);
	pci_address_format(dev.address, address);
	if (dev.num_vfs)
		message_remedy(message,
			"%s has %u virtual function%s now, from 0 on; for more, "
			"write " VIRTUAL_BY_HAND,
			address, dev.num_vfs, dev.num_vfs == 1 ? "" : "s");
	else if (dev.total_vfs)
		message_remedy(message,
			"%s has no virtual functions now; run 'echo NUMBER | sudo tee "
			"/" TREE_PCI "/%s/sriov_numvfs' and try again, or "
			"write " VIRTUAL_BY_HAND,
			address, address);
}

/* Parses a selector, and finds the first function that it names. */
static int find_first(const struct devices *devices, const char *operand,
	struct selector *ret, const struct pcibus_function **ret_first,
	struct message *message)
{
	if (selector_parse(operand, ret) < 0) {
		message_remedy(message,
			"%suse a path (00:01.0/00), an address (01:00.0), an id (10de:2206), "
			"or gpu:auto, nvme:auto, usb:auto",
			devices->sets
				? "'vfioboot plan' shows the device sets; for a device, "
				: "");
		return message_set(message, -EINVAL, "'%s' is %s", operand,
			devices->sets ? "neither a device set nor a device"
				      : "not a device");
	}
	*ret_first = deviceset_next(&devices->facts->bus, ret, NULL);
	if (*ret_first)
		return 0;
	message_remedy(message, "'vfioboot list --all' shows all devices");
	if (ret->kind == SELECTOR_VF)
		remedy_of_virtual(devices, ret, message);
	return message_set(message, -ENXIO, "no device matches '%s'", operand);
}

/* Adds all that is meant by a selector, which has to name one device. */
static int add_all(
	struct devices *devices, const char *operand, bool only, struct message *message)
{
	const struct pcibus_function *function;
	struct selector selector;
	int r = find_first(devices, operand, &selector, &function, message);

	if (r < 0)
		return r;
	if (!is_one_device(&devices->facts->bus, &selector))
		return say_several(devices, operand, &selector, message);
	for (; r == 0 && function;
		function = deviceset_next(&devices->facts->bus, &selector, function))
		if (is_meant(&selector, function))
			r = deviceset_add(&devices->offer.set, &devices->facts->bus,
				function, only);
	return r < 0 ? fail(message, r) : 0;
}

int devices_find(struct devices *devices, const char *operand, struct message *message)
{
	const struct choice *choice = find_choice(operand);

	return choice ? choose(devices, choice, message)
		      : add_all(devices, operand, devices->only, message);
}

int devices_find_each(struct devices *devices, const char *list, struct message *message)
{
	int r = 0;

	while (r == 0 && *list) {
		size_t len = strcspn(list, ",");
		char item[SELECTOR_SIZE];

		if (!copy_text(item, sizeof(item), list, len))
			item[0] = '\0';
		list += len + !!list[len];
		r = add_all(devices, item, true, message);
	}
	return r;
}

int devices_settle(struct devices *devices, const char *operand, struct message *message)
{
	int r;

	if (!devices->offer.set.n) {
		message_remedy(message, "see 'vfioboot list'");
		return message_set(message, -ENXIO,
			"'%s' matches only bridges, which cannot be given to a guest",
			operand);
	}
	r = offer_settle(&devices->host, devices->allow, &devices->offer);
	return r < 0 ? fail(message, r) : 0;
}
