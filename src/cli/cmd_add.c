/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot add`: writes one drop-in for the devices that are named, after the planner of
 * the early program has agreed, and what they cost the host is meant.
 */
#include "cli.h"

#include <fcntl.h>

struct arguments {
	const char *name, *profile;
	bool only;
	struct obstacles_allowed allow;
};

static const struct cli_option options[] = {
	{"name", "NAME", "name of the device set and its file", 0, CLI_STORE(name)},
	{"profile", "NAME", "bind only at boots with this profile", 0,
		CLI_STORE(profile)},
	{"only", NULL, "add only the named functions, not the device", 0,
		CLI_STORE(only)},
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

/* What is being made. */
struct addition {
	struct cli *cli;
	const struct arguments *arguments;
	struct devices devices;
	struct obstacles obstacles;
	char name[CONFIG_NAME_SIZE], driver[CONFIG_DRIVER_SIZE];
	struct dropin dropin; /* points to the above and to these: */
	struct pcidev *functions;
	bool *whole_slots;
	char **titles;
	char *text;
};

static void free_addition(struct addition *addition)
{
	for (size_t i = 0; addition->titles && i < addition->devices.set.n; i++)
		free(addition->titles[i]);
	free(addition->titles);
	free(addition->whole_slots);
	free(addition->functions);
	free(addition->text);
	obstacles_free(&addition->obstacles);
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

/* What a set is called when nobody says: by its first function that was named. */
static const char *stem_of(const struct deviceset *set)
{
	static const struct {
		uint32_t class;
		int shift;
		const char *stem;
	} stems[] = {
		{0x03, 16, "gpu"},
		{0x0108, 8, "nvme"},
		{0x01, 16, "storage"},
		{0x02, 16, "net"},
		{0x04, 16, "audio"},
		{0x0c03, 8, "usb"},
	};
	const struct deviceset_member *member = set->members;

	for (; member->why != DEVICESET_NAMED; member++)
		;
	for (size_t i = 0; i < ARRAY_SIZE(stems); i++)
		if (member->function->dev.ids.class >> stems[i].shift == stems[i].class)
			return stems[i].stem;
	return "device";
}

/* Whether a file would be hidden, or hide another one, if it had the name. */
static bool dropin_exists(const struct devices *devices, const char *name)
{
	char path[CONFIG_PATH_SIZE];
	const char *base;
	int fd;

	dropin_path(name, path);
	base = strrchr(path, '/');
	for (unsigned i = 0; i < devices->config->n_files; i++) {
		const char *other = strrchr(devices->config->files[i], '/');

		if (other && strcmp(other, base) == 0 &&
			strstr(devices->config->files[i], ".conf.d/"))
			return true;
	}
	fd = file_open(&devices->cli->root, path, O_PATH | O_NOFOLLOW);
	if (fd >= 0)
		close(fd);
	return fd >= 0; /* where it can't be told, writing it will */
}

static enum cli_exit choose_name(struct addition *addition)
{
	const char *wanted = addition->arguments->name, *stem;
	struct config *config = addition->devices.config;
	const struct config_section *other;

	if (wanted) {
		config_set_name(addition->name, sizeof(addition->name), wanted);
		other = config_find_section(config, wanted);
		if (other)
			return cli_error("add",
				"there is already a [device %s] in %s:%u; choose "
				"another name with --name",
				wanted, config->files[other->place.file],
				other->place.line);
		if (dropin_exists(&addition->devices, wanted))
			return cli_error("add",
				"there is already a drop-in %s.conf; choose another name "
				"with --name",
				wanted);
		return CLI_OK;
	}
	stem = stem_of(&addition->devices.set);
	strcpy(addition->name, stem);
	for (unsigned i = 2; config_find_section(config, addition->name) ||
		dropin_exists(&addition->devices, addition->name);
		i++)
		snprintf(addition->name, sizeof(addition->name), "%s%u", stem, i);
	return CLI_OK;
}

/* The vfio driver that fits all functions best; a section has one for all of them. */
static void choose_driver(struct addition *addition)
{
	const struct deviceset *set = &addition->devices.set;
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

/* Makes the text of the drop-in. */
static int compose(struct addition *addition)
{
	const struct deviceset *set = &addition->devices.set;
	const char *driver = addition->driver;
	struct function_name name;

	addition->functions = calloc(set->n, sizeof(*addition->functions));
	addition->whole_slots = calloc(set->n, sizeof(*addition->whole_slots));
	addition->titles = calloc(set->n, sizeof(*addition->titles));
	if (!addition->functions || !addition->whole_slots || !addition->titles)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		addition->functions[i] = set->members[i].function->dev;
		addition->whole_slots[i] = set->members[i].whole_slot;
		names_look_up(
			addition->devices.names, &addition->functions[i].ids, &name);
		addition->titles[i] = strdup(name.name);
		if (!addition->titles[i])
			return -ENOMEM;
	}
	addition->dropin = (struct dropin){
		.name = addition->name,
		.profile = addition->arguments->profile,
		.driver = *driver && strcmp(driver, "vfio-pci") ? driver : NULL,
		.last_display = addition->arguments->allow.last_display &&
			obstacles_have(&addition->obstacles, OBSTACLE_LAST_DISPLAY),
		.functions = addition->functions,
		.whole_slots = addition->whole_slots,
		.titles = (const char *const *)addition->titles,
		.n_functions = set->n,
	};
	return dropin_format(&addition->dropin, &addition->text);
}

/* Finds all that the operands name. */
static enum cli_exit find_devices(struct addition *addition)
{
	struct devices *devices = &addition->devices;
	const struct cli *cli = addition->cli;
	enum cli_exit status = devices_open(addition->cli, devices);
	int r;

	devices->only = addition->arguments->only;
	devices->host.profile = addition->arguments->profile;
	for (int i = 0; status == CLI_OK && i < cli->n_operands; i++)
		status = devices_add(devices, cli->operands[i]);
	if (status != CLI_OK)
		return status;
	if (!devices->set.n)
		return cli_error("add",
			"'%s' matches only bridges, which cannot be given to a guest; see "
			"'vfioboot list'",
			cli->operands[0]);
	r = obstacles_find(&devices->host, &devices->set, &addition->obstacles);
	return r < 0 ? cli_error("add", "%s", strerror(-r)) : CLI_OK;
}

static void print_set(const struct addition *addition)
{
	const struct deviceset *set = &addition->devices.set;

	printf("Device set %s:\n", addition->name);
	for (size_t i = 0; i < set->n; i++) {
		const struct pcidev *dev = &set->members[i].function->dev;
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(dev->address, address);
		printf("  %s  %04x:%04x  %s%s\n", address, dev->ids.vendor,
			dev->ids.device, addition->titles[i],
			set->members[i].why == DEVICESET_NAMED ? ""
				: dev->path.depth > 1
				? " (added: same device)"
				: " (added: same slot and IOMMU group)");
	}
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
	bool dry = addition->cli->dry_run;
	char path[CONFIG_PATH_SIZE];
	int r = 0;

	dropin_path(addition->name, path);
	print_set(addition);
	if (!dry)
		r = atomicfile_write_below(&addition->cli->root, path, addition->text,
			strlen(addition->text));
	if (r < 0)
		return cli_error("add", "cannot write %s: %s", path, strerror(-r));
	if (dry) {
		printf("Would write %s:\n\n%s", path, addition->text);
		return CLI_OK;
	}
	printf("Wrote %s.\n", path);
	print_next(addition);
	return CLI_OK;
}

static enum cli_exit add(struct addition *addition)
{
	const struct devices *devices = &addition->devices;
	struct obstacles *obstacles = &addition->obstacles;
	enum cli_exit status = find_devices(addition);
	int r;

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
	r = compose(addition);
	if (r == -EINVAL)
		return cli_error("add",
			"one of the functions has no unique path; write a section with its "
			"address instead, see vfioboot.conf(5)");
	if (r == 0)
		r = obstacles_weigh(&devices->host, &devices->set, &addition->dropin,
			addition->text, &addition->arguments->allow, obstacles);
	if (r < 0)
		return cli_error("add", "cannot check what the next boot would do: %s",
			strerror(-r));
	obstacles_say(devices->config, obstacles, addition->cli->operands,
		addition->cli->n_operands);
	if (obstacles_block(obstacles))
		return CLI_FAILED;
	leftovers_warn("add", &addition->cli->facts, obstacles->next);
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
