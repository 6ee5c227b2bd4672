/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot add`: writes one drop-in for the devices that are named, after the planner of
 * the early program has agreed, and what they cost the host is meant.
 */
#include "cli.h"

#include <fcntl.h>

struct arguments {
	const char *name, *profile, *with;
	bool only;
	struct obstacles_allowed allow;
};

static const struct cli_option options[] = {
	{"name", "NAME", "name of the device set and its file", 0, CLI_STORE(name)},
	{"profile", "NAME", "bind only at boots with this profile", 0,
		CLI_STORE(profile)},
	{"only", NULL, "add only the named functions, not the card", 0, CLI_STORE(only)},
	{"with", "DEVICE,...", "add these functions too, and nothing with them", 0,
		CLI_STORE(with)},
	{"allow-mounted", NULL, "add a drive although parts of it are in use", 0,
		CLI_STORE(allow.mounted)},
	{"allow-network", NULL, "add a network card although its interface is up", 0,
		CLI_STORE(allow.network)},
	{"allow-last-display", NULL, "add the last display of the host", 0,
		CLI_STORE(allow.last_display)},
	{"allow-partial-group", NULL, "leave others of the IOMMU group to the host", 0,
		CLI_STORE(allow.partial_group)},
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_ROOT,
	{0},
};

/* What is being made: the offer of the devices, and these. */
struct addition {
	struct cli *cli;
	const struct arguments *arguments;
	struct devices devices;
	char driver[CONFIG_DRIVER_SIZE];
	char **titles;
};

static void free_addition(struct addition *addition)
{
	for (size_t i = 0; addition->titles && i < addition->devices.offer.set.n; i++)
		free(addition->titles[i]);
	free(addition->titles);
	devices_close(&addition->devices);
}

/* Whether @name will do in a configuration; NULL will. */
static enum cli_exit check_name(const char *option, const char *name)
{
	char copy[CONFIG_NAME_SIZE];

	if (!name || config_set_name(copy, sizeof(copy), name))
		return CLI_OK;
	return cli_misuse("add",
		"bad name '%.60s' of --%s; use up to %d of A-Z a-z 0-9 . _ - and begin "
		"with a letter, a digit or _",
		name, option, CONFIG_NAME_SIZE - 1);
}

static enum cli_exit choose_name(struct addition *addition)
{
	struct devices *devices = &addition->devices;
	const char *wanted = addition->arguments->name;
	const struct config_section *other;

	if (!wanted) {
		offer_choose_name(&devices->host, &devices->offer);
		return CLI_OK;
	}
	config_set_name(devices->offer.name, sizeof(devices->offer.name), wanted);
	other = config_find_section(devices->config, wanted);
	if (other)
		return cli_error("add",
			"there is already a [device %s] in %s:%u; choose another name "
			"with --name",
			wanted, devices->config->files[other->place.file],
			other->place.line);
	if (offer_name_is_taken(&devices->host, wanted))
		return cli_error("add",
			"there is already a drop-in %s.conf; choose another name with "
			"--name",
			wanted);
	return CLI_OK;
}

/* The vfio driver that fits all functions best; a section has one for all of them. */
static void choose_driver(struct addition *addition)
{
	const struct deviceset *set = &addition->devices.offer.set;
	struct modules *modules = facts_modules(&addition->cli->facts);
	char driver[CONFIG_DRIVER_SIZE];

	if (!modules)
		return;
	for (size_t i = 0; i < set->n; i++) {
		if (modules_vfio_driver(modules, &set->members[i].function->dev.ids,
			    driver, sizeof(driver)) < 0)
			return;
		if (i == 0)
			strcpy(addition->driver, driver);
		if (strcmp(addition->driver, driver) == 0)
			continue;
		cli_warning("add",
			"the driver %s fits some of the functions best, but a device set "
			"has one driver; to use it, add these functions on their own with "
			"--only",
			strcmp(driver, "vfio-pci") ? driver : addition->driver);
		addition->driver[0] = '\0';
		return;
	}
}

/* What people call the functions of the set. */
static int find_titles(struct addition *addition)
{
	const struct deviceset *set = &addition->devices.offer.set;
	struct function_name name;

	addition->titles = calloc(set->n, sizeof(*addition->titles));
	if (!addition->titles)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		names_look_up(addition->devices.names, &set->members[i].function->dev.ids,
			&name);
		addition->titles[i] = strdup(name.name);
		if (!addition->titles[i])
			return -ENOMEM;
	}
	return 0;
}

/* Finds all that the operands name. */
static enum cli_exit find_devices(struct addition *addition)
{
	struct devices *devices = &addition->devices;
	const struct cli *cli = addition->cli;
	enum cli_exit status = devices_open(addition->cli, devices);
	int r;

	devices->only = addition->arguments->only;
	devices->allow = &addition->arguments->allow;
	devices->host.profile = addition->arguments->profile;
	for (int i = 0; status == CLI_OK && i < cli->n_operands; i++)
		status = devices_add(devices, cli->operands[i]);
	if (status == CLI_OK && addition->arguments->with)
		status = devices_add_with(devices, addition->arguments->with);
	if (status != CLI_OK)
		return status;
	if (!devices->offer.set.n)
		return cli_error("add",
			"'%s' matches only bridges, which cannot be given to a guest; see "
			"'vfioboot list'",
			cli->operands[0]);
	r = offer_settle(&devices->host, devices->allow, &devices->offer);
	return r < 0 ? cli_error("add", "%s", strerror(-r)) : CLI_OK;
}

static const char *member_remark(enum deviceset_why why)
{
	switch (why) {
	case DEVICESET_NAMED: break;
	case DEVICESET_CARD: return " (added: same device)";
	case DEVICESET_GROUPED: return " (added: same slot and IOMMU group)";
	}
	return "";
}

static void print_set(const struct addition *addition)
{
	const struct deviceset *set = &addition->devices.offer.set;

	printf("Device set %s:\n", addition->devices.offer.name);
	for (size_t i = 0; i < set->n; i++) {
		const struct pcidev *dev = &set->members[i].function->dev;
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(dev->address, address);
		printf("  %s  %04x:%04x  %s%s\n", address, dev->ids.vendor,
			dev->ids.device, addition->titles[i],
			member_remark(set->members[i].why));
	}
}

/* The options of this command that others like it need as well. */
static void put_options(const struct arguments *arguments, FILE *command)
{
	const struct obstacles_allowed *allow = &arguments->allow;

	if (arguments->profile)
		fprintf(command, " --profile %s", arguments->profile);
	fprintf(command, "%s%s%s%s", allow->mounted ? " --allow-mounted" : "",
		allow->network ? " --allow-network" : "",
		allow->last_display ? " --allow-last-display" : "",
		allow->partial_group ? " --allow-partial-group" : "");
}

/* Whether `add` would take the set with one function more, or without the rest of its cards. */
static bool is_accepted(const struct devices *devices, const struct pcibus_function *more,
	struct offer *ret)
{
	const struct deviceset *set = &devices->offer.set;
	const struct pcibus *bus = &devices->cli->facts.bus;
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n; i++)
		if (set->members[i].why == DEVICESET_NAMED)
			r = deviceset_add(&ret->set, bus, set->members[i].function,
				!more || set->members[i].alone);
	if (r == 0 && more)
		r = deviceset_add(&ret->set, bus, more, true);
	return r == 0 && offer_try(&devices->host, devices->allow, ret) == 1;
}

/* "'sudo vfioboot add OPERAND... OPTION... "; the caller adds the last option. */
static void print_command(const struct addition *addition)
{
	printf("'sudo vfioboot add");
	for (int i = 0; i < addition->cli->n_operands; i++)
		cli_print(" %s", addition->cli->operands[i]);
	put_options(addition->arguments, stdout);
}

static void print_left_one(const struct addition *addition, const struct offer_left *left)
{
	static const char *const whys[] = {
		[OFFER_NEIGHBOR] = "another device in the same slot",
		[OFFER_UNWANTED] = "of the same card",
		[OFFER_OBSTACLE] = "of the same card",
	};
	const struct devices *devices = &addition->devices;
	const char *with = addition->arguments->with;
	_cleanup_(offer_free) struct offer offer = {0};
	char address[PCI_ADDRESS_SIZE], text[OBSTACLE_TEXT_SIZE];
	struct function_name name;

	pci_address_format(left->function->dev.address, address);
	names_look_up(devices->names, &left->function->dev.ids, &name);
	printf("%s: %s  %s: ", left->why == OFFER_MADE ? "Gone with it" : "Left out",
		address, name.name);
	if (left->why == OFFER_MADE) {
		sections_later_text(left->function, text);
		printf("it %s.\n", text);
	} else if (left->why == OFFER_OBSTACLE) {
		obstacle_text(devices->config, &left->obstacle, text);
		printf("%s, but it %s", whys[left->why], text);
		obstacle_remedy(&devices->host, &left->obstacle, text);
		printf("%s%s.\n", *text ? "; " : "", text);
	} else if (is_accepted(devices, left->function, &offer)) {
		printf("%s; to add it too, run\n  ", whys[left->why]);
		print_command(addition);
		printf("%s --with %s%s%s'.\n", addition->arguments->only ? " --only" : "",
			with ? with : "", with ? "," : "", address);
	} else {
		obstacle_reason(devices->config, &offer, text);
		printf("%s, and cannot be added: %s.\n", whys[left->why], text);
	}
}

/* What is not in the set though it is near, and how it is added; and how to add less. */
static void print_left(const struct addition *addition)
{
	const struct offer *offer = &addition->devices.offer;
	_cleanup_(offer_free) struct offer less = {0};
	bool more = false;

	for (size_t i = 0; i < offer->n_left; i++)
		print_left_one(addition, &offer->left[i]);
	for (size_t i = 0; i < offer->set.n; i++)
		more |= offer->set.members[i].why == DEVICESET_CARD;
	if (!more || !is_accepted(&addition->devices, NULL, &less))
		return;
	printf("To add only what was named, run\n  ");
	print_command(addition);
	printf(" --only%s%s'.\n", addition->arguments->with ? " --with " : "",
		addition->arguments->with ? addition->arguments->with : "");
}

/* What a boot leaves alone that does not ask for it has two ways to be asked for. */
static void print_next(const struct addition *addition)
{
	const char *profile = addition->arguments->profile;

	printf("Next: run 'sudo vfioboot apply' to update the initramfs images");
	if (profile || addition->devices.config->when_selected)
		printf(".\nThen 'sudo vfioboot try%s%s' boots with it once, and 'sudo "
		       "vfioboot entry add' adds it\nto the boot menu "
		       "(vfioboot.profile=%s).\n",
			profile ? " --profile " : "", profile ? profile : "",
			profile ? profile : "NAME");
	else
		printf(", then reboot.\n");
}

static enum cli_exit write_file(const struct addition *addition)
{
	const struct offer *offer = &addition->devices.offer;
	bool dry = addition->cli->dry_run;
	char path[CONFIG_PATH_SIZE];
	int r = 0;

	dropin_path(offer->name, path);
	if (!dry)
		r = atomicfile_write_below(
			&addition->cli->root, path, offer->text, strlen(offer->text));
	if (r < 0)
		return cli_error("add", "cannot write %s: %s", path, strerror(-r));
	if (dry) {
		printf("Would write %s:\n\n%s", path, offer->text);
		return CLI_OK;
	}
	printf("Wrote %s.\n", path);
	print_next(addition);
	return CLI_OK;
}

static enum cli_exit weigh(struct addition *addition)
{
	struct devices *devices = &addition->devices;
	int r = find_titles(addition);

	if (r == 0)
		r = offer_weigh(&devices->host, devices->allow, addition->driver,
			(const char *const *)addition->titles, &devices->offer);
	if (r == -EINVAL)
		return cli_error("add",
			"one of the functions has no unique path; write a section with its "
			"address instead, see vfioboot.conf(5)");
	return r < 0 ? cli_error("add", "cannot check what the next boot would do: %s",
			       strerror(-r))
		     : CLI_OK;
}

static enum cli_exit add(struct addition *addition)
{
	struct devices *devices = &addition->devices;
	enum cli_exit status = find_devices(addition);

	if (status == CLI_OK)
		status = choose_name(addition);
	if (status != CLI_OK)
		return status;
	choose_driver(addition);
	if (facts_modules_are_damaged(&addition->cli->facts))
		cli_warning("add",
			"the module index of the running kernel is damaged, so whether a "
			"variant of vfio-pci fits better is unknown; run 'sudo depmod' to "
			"rebuild it");
	status = weigh(addition);
	if (status != CLI_OK)
		return status;
	obstacles_say(&devices->host, devices->allow, &devices->offer,
		addition->cli->operands, addition->cli->n_operands);
	if (obstacles_block(&devices->offer.obstacles))
		return CLI_FAILED;
	leftovers_warn("add", &addition->cli->facts, devices->offer.obstacles.next);
	print_set(addition);
	print_left(addition);
	return write_file(addition);
}

static enum cli_exit check(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	enum cli_exit status = check_name("name", arguments->name);

	return status == CLI_OK ? check_name("profile", arguments->profile) : status;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	_cleanup_(free_addition) struct addition addition = {
		.cli = cli, .arguments = arguments};

	/* Before anything is looked for, which may take a while. */
	return progress_lock_for_file(cli) == CLI_OK ? add(&addition) : CLI_FAILED;
}

const struct cli_command cmd_add = {
	.name = "add",
	.operands = "DEVICE...",
	.missing = "no device given",
	.summary = "bind devices to vfio-pci from the next boot on",
	.details =
		"DEVICE is a path (00:01.0/00), an address (01:00.0), an id (10de:2206) or a\n"
		"class (class:0300); or gpu:auto, nvme:auto or usb:auto: the only one that the\n"
		"host can spare. Devices given together become one device set.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check,
	.run = run,
};
