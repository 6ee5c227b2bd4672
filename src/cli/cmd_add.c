/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot add`: writes one drop-in for the devices that are named, after the planner of
 * the early program has agreed, and what they cost the host is meant.
 */
#include "cli.h"

#include <fcntl.h>

struct arguments {
	const char *name, *profile, *machine, *with;
	bool only, demand, replace;
	struct obstacles_allowed allow;
};

static const struct cli_option options[] = {
	{"name", "NAME", "name of the device set and its file", 0, CLI_STORE(name)},
	{"replace", NULL, "in place of the device set that --name names", 0,
		CLI_STORE(replace)},
	{"profile", "NAME", "bind only at boots with this profile", 0,
		CLI_STORE(profile)},
	{"machine", "GLOB,...", "the section is only for machines with such a name", 0,
		CLI_STORE(machine)},
	{"demand", NULL, "leave it to the host at boot, for 'vfioboot bind'", 0,
		CLI_STORE(demand)},
	{"only", NULL, "add only the named functions, not the card", 0, CLI_STORE(only)},
	{"with", "DEVICE,...", "add these functions too, and nothing with them", 0,
		CLI_STORE(with)},
	{"allow-mounted", NULL, "add a drive although parts of it are in use", 0,
		CLI_STORE(allow.mounted)},
	{"allow-data", NULL, "add a drive that has data, which the guest gets", 0,
		CLI_STORE(allow.data)},
	{"allow-network", NULL, "add a network card although its interface is up", 0,
		CLI_STORE(allow.network)},
	{"allow-last-display", NULL, "add the last display of the host", 0,
		CLI_STORE(allow.last_display)},
	{"allow-partial-group", NULL, "leave others of the IOMMU group to the host", 0,
		CLI_STORE(allow.partial_group)},
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	CLI_OPTION_ROOT,
	{0},
};

/* What is being made: the offer of the devices, and these. */
struct addition {
	struct cli *cli;
	const struct arguments *arguments;
	struct obstacles_allowed allow;
	struct devices devices;
	char *replaced; /* what the file of --replace has now; NULL: nothing */
};

static void free_addition(struct addition *addition)
{
	devices_close(&addition->devices);
	free(addition->replaced);
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
	if (!addition->replaced && offer_name_is_taken(&devices->host, wanted))
		return cli_error("add",
			"there is already a drop-in %s.conf; choose another name with "
			"--name",
			wanted);
	return CLI_OK;
}

/* What does not count here would not be tried out by the planner. */
static enum cli_exit check_machine(const struct devices *devices)
{
	const char *list = devices->host.machine;
	_cleanup_free_ char *machine = NULL;
	int r = list ? config_match_machine(devices->config, list) : 1;

	if (r > 0)
		return CLI_OK;
	if (r < 0)
		return cli_misuse("add",
			"--machine takes globs with commas between, and not '%s'", list);
	machine = sections_this_machine(devices->config);
	return cli_error(
		"add", "'%s' does not match this machine, which is %s", list, machine);
}

/* Leaves out the device set that is to be replaced, which has to be one of this command. */
static enum cli_exit forget_replaced(struct addition *addition)
{
	struct config *config = addition->devices.config;
	const struct root *root = &addition->cli->root;
	const char *name = addition->arguments->name;
	struct config_section *section = config_find_section(config, name);
	char path[CONFIG_PATH_SIZE], place[CONFIG_PLACE_SIZE];
	int r;

	if (!section)
		return CLI_OK;
	dropin_path(name, path);
	r = strcmp(config->files[section->place.file], path) == 0
		? dropin_is_ours(root, path)
		: 0;
	if (r > 0)
		r = file_read(root, path, &addition->replaced, NULL);
	else if (r == 0)
		r = -EEXIST;
	config_place_text(config, section->place, place);
	if (r == -EEXIST)
		return cli_error("add",
			"device set '%s' is in %s, which was written or changed by hand; "
			"delete [device %s] there yourself, up to the next section",
			name, place, name);
	if (r < 0)
		return cli_error("add", "cannot read %s: %s", path, errno_text(r));
	config_remove_section(config, section);
	return CLI_OK;
}

/* Finds all that the operands name. */
static enum cli_exit find_devices(struct addition *addition)
{
	struct devices *devices = &addition->devices;
	const struct cli *cli = addition->cli;
	enum cli_exit status = devices_open(addition->cli, devices);

	devices->only = addition->arguments->only;
	devices->allow = &addition->allow;
	devices->host.profile = addition->arguments->profile;
	devices->host.demand = addition->arguments->demand;
	devices->host.machine = addition->arguments->machine;
	if (status == CLI_OK)
		status = check_machine(devices);
	if (status == CLI_OK && addition->arguments->replace)
		status = forget_replaced(addition);
	for (int i = 0; status == CLI_OK && i < cli->n_operands; i++)
		status = devices_do(cli, devices, devices_find, cli->operands[i]);
	if (status == CLI_OK && addition->arguments->with)
		status = devices_do(
			cli, devices, devices_find_each, addition->arguments->with);
	return status == CLI_OK
		? devices_do(cli, devices, devices_settle, cli->operands[0])
		: status;
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
		struct function_name name;

		pci_address_format(dev->address, address);
		names_look_up(addition->devices.names, &dev->ids, &name);
		printf("  %s  %04x:%04x  %s%s\n", address, dev->ids.vendor,
			dev->ids.device, name.name, member_remark(set->members[i].why));
	}
}

/* The options of this command that others like it need as well. */
static void put_options(const struct arguments *arguments, FILE *command)
{
	const struct obstacles_allowed *allow = &arguments->allow;

	if (arguments->profile)
		fprintf(command, " --profile %s", arguments->profile);
	if (arguments->demand)
		fputs(" --demand", command);
	if (arguments->machine)
		fprintf(command, " --machine '%s'", arguments->machine);
	fprintf(command, "%s%s%s%s%s", allow->mounted ? " --allow-mounted" : "",
		allow->data ? " --allow-data" : "",
		allow->network ? " --allow-network" : "",
		allow->last_display ? " --allow-last-display" : "",
		allow->partial_group ? " --allow-partial-group" : "");
}

/* Whether `add` would take the set with one function more, or without the rest of its cards. */
static bool is_accepted(const struct devices *devices, const struct pcibus_function *more,
	struct offer *ret)
{
	const struct deviceset *set = &devices->offer.set;
	const struct pcibus *bus = &devices->facts->bus;
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

#define LEFT_TEXT_SIZE (2 * OBSTACLE_TEXT_SIZE)

/* Why the function was left out, without full stop.  Returns whether --with would add it. */
static bool describe_left(const struct addition *addition, const struct offer_left *left,
	char ret[static LEFT_TEXT_SIZE])
{
	static const char *const whys[] = {
		[OFFER_NEIGHBOR] = "another device in the same slot",
		[OFFER_UNWANTED] = "of the same card",
		[OFFER_OBSTACLE] = "of the same card",
	};
	const struct devices *devices = &addition->devices;
	_cleanup_(offer_free) struct offer offer = {0};
	char text[OBSTACLE_TEXT_SIZE], remedy[OBSTACLE_TEXT_SIZE];
	bool accepted = false;

	if (left->why == OFFER_MADE) {
		sections_later_text(left->function, text);
		text_join(ret, LEFT_TEXT_SIZE, "it ", text, NULL);
	} else if (left->why == OFFER_OBSTACLE) {
		obstacle_text(devices->config, &left->obstacle, text);
		obstacle_remedy(&devices->host, &left->obstacle, remedy);
		text_join(ret, LEFT_TEXT_SIZE, whys[left->why], ", but it ", text,
			*remedy ? "; " : "", remedy, NULL);
	} else if (is_accepted(devices, left->function, &offer)) {
		text_join(ret, LEFT_TEXT_SIZE, whys[left->why], NULL);
		accepted = true;
	} else {
		obstacle_reason(devices->config, &offer, text);
		text_join(ret, LEFT_TEXT_SIZE, whys[left->why],
			", and cannot be added: ", text, NULL);
	}
	return accepted;
}

static void print_left_one(const struct addition *addition, const struct offer_left *left)
{
	const char *with = addition->arguments->with;
	char address[PCI_ADDRESS_SIZE], text[LEFT_TEXT_SIZE];
	bool accepted = describe_left(addition, left, text);
	struct function_name name;

	pci_address_format(left->function->dev.address, address);
	names_look_up(addition->devices.names, &left->function->dev.ids, &name);
	printf("%s: %s  %s: %s", left->why == OFFER_MADE ? "Gone with it" : "Left out",
		address, name.name, text);
	if (!accepted) {
		puts(".");
		return;
	}
	printf("; to add it too, run\n  ");
	print_command(addition);
	printf("%s --with %s%s%s'.\n", addition->arguments->only ? " --only" : "",
		with ? with : "", with ? "," : "", address);
}

/* Whether there is less to add, and `add` would take it. */
static bool takes_less(const struct addition *addition)
{
	const struct offer *offer = &addition->devices.offer;
	_cleanup_(offer_free) struct offer less = {0};
	bool more = false;

	for (size_t i = 0; i < offer->set.n; i++)
		more |= offer->set.members[i].why == DEVICESET_CARD;
	return more && is_accepted(&addition->devices, NULL, &less);
}

/* What is not in the set though it is near, and how it is added; and how to add less. */
static void print_left(const struct addition *addition)
{
	const struct offer *offer = &addition->devices.offer;

	for (size_t i = 0; i < offer->n_left; i++)
		print_left_one(addition, &offer->left[i]);
	if (!takes_less(addition))
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

	if (addition->arguments->demand) {
		printf("It is left to the host at boot, and no image has to be rebuilt: 'sudo "
		       "vfioboot bind %s'\ngives it to a guest%s.\n",
			addition->devices.offer.name,
			file_exists(&addition->cli->root, "%s", LIBVIRT_HOOK)
				? ", and libvirt does when one that has it starts"
				: "; for libvirt to do that, run 'sudo vfioboot libvirt "
				  "enable'");
		return;
	}
	printf("Next: run 'sudo vfioboot apply' to update the initramfs images");
	if (profile || addition->devices.config->when_selected)
		printf(".\nThe normal entry leaves it to the host%s: 'sudo vfioboot try%s%s' "
		       "boots with it once,\nand 'sudo vfioboot entry add' adds an entry to "
		       "the boot menu.\n",
			profile ? "" : " ('when = selected')",
			profile ? " --profile " : "", profile ? profile : "");
	else
		printf(", then reboot.\n");
}

/* What there is to say of the obstacles, for points_clear(). */
static struct vfioboot_points find_obstacles(const struct addition *addition)
{
	const struct devices *devices = &addition->devices;
	struct vfioboot_points points = {0};
	int r = obstacle_points(&devices->host, devices->allow, &devices->offer,
		(const char *const *)addition->cli->operands, addition->cli->n_operands,
		&points);

	if (r < 0)
		cli_error("add", "%s", errno_text(r));
	return points;
}

/* What is said of the function, behind its address: the same of each that a card has. */
static const char *predicate(const struct vfioboot_point *point)
{
	static const char along[] = ", added with its device";
	size_t len = strlen(point->subject);
	const char *text = point->text;

	if (!len || strncmp(text, point->subject, len) != 0)
		return text;
	text += len;
	return text_begins_with(text, along) ? text + strlen(along) : text;
}

static bool says_same(const struct vfioboot_point *a, const struct vfioboot_point *b)
{
	return a->level == b->level && *a->subject && *b->subject &&
		strcmp(predicate(a), predicate(b)) == 0 &&
		strcmp(a->remedy, b->remedy) == 0;
}

/* A point, once for all functions that it is about: "A, like B, has no IOMMU group". */
static void print_obstacle(const struct vfioboot_points *points, size_t i)
{
	const struct vfioboot_point *point = &points->list[i];
	bool refuses = point->level == VFIOBOOT_FAIL;
	struct text_stream like;
	_cleanup_free_ char *others = NULL;

	for (size_t j = 0; j < i; j++)
		if (says_same(&points->list[j], point))
			return;
	or_no_memory(text_stream_open(&like) ? like.out : NULL);
	for (size_t j = i + 1; j < points->n; j++)
		if (says_same(point, &points->list[j]))
			fprintf(like.out, ", %s%s", ftell(like.out) ? "" : "like ",
				points->list[j].subject);
	others = or_no_memory(text_stream_take(&like));
	cli_report(refuses ? CLI_FAILED : CLI_OK, "add",
		refuses ? "" : "warning: ", "%s%s%s%s%s%s", *others ? point->subject : "",
		others, *others ? "," : "", *others ? predicate(point) : point->text,
		*point->remedy ? "; " : "", point->remedy);
}

static void print_obstacles(const struct addition *addition)
{
	_cleanup_(points_clear) struct vfioboot_points points = find_obstacles(addition);

	for (size_t i = 0; i < points.n; i++)
		print_obstacle(&points, i);
}

/* The obstacles, and unless they are reasons to refuse, the set. */
static void print_offer(const struct addition *addition)
{
	const struct devices *devices = &addition->devices;

	print_obstacles(addition);
	if (obstacles_block(&devices->offer.obstacles))
		return;
	print_set(addition);
	print_left(addition);
}

/* ---- JSON ---- */

static struct json_object *add_function(struct json_object *list,
	const struct addition *addition, const struct pcidev *dev)
{
	struct json_object *object = json_add_object(list, NULL);
	char address[PCI_ADDRESS_SIZE], id[sizeof("ffff:ffff")];
	struct function_name name;

	pci_address_format(dev->address, address);
	snprintf(id, sizeof(id), "%04x:%04x", dev->ids.vendor, dev->ids.device);
	names_look_up(addition->devices.names, &dev->ids, &name);
	json_add_text(object, "address", address);
	json_add_text(object, "id", id);
	json_add_text(object, "name", name.name);
	return object;
}

static void add_set(struct json_object *top, const struct addition *addition)
{
	static const char *const whys[] = {[DEVICESET_NAMED] = "named",
		[DEVICESET_CARD] = "card",
		[DEVICESET_GROUPED] = "group"};
	const struct offer *offer = &addition->devices.offer;
	struct json_object *list = json_add_array(top, "functions");

	for (size_t i = 0; i < offer->set.n; i++) {
		const struct deviceset_member *member = &offer->set.members[i];
		const struct nextboot *next = offer->obstacles.next;
		const struct pci_address address = member->function->dev.address;
		const struct plan_entry *entry = addition->arguments->demand
			? nextboot_find_demand(next, address)
			: nextboot_find(next, address);
		struct json_object *object =
			add_function(list, addition, &member->function->dev);

		json_add_text(object, "why", whys[member->why]);
		json_add_text(object, "next_boot",
			entry ? nextboot_action_word(nextboot_action(next, entry)) : "");
	}
}

static void add_physical(struct json_object *top, const struct offer *offer)
{
	struct json_object *list = json_add_array(top, "physical");

	for (size_t i = 0; i < offer->n_physical; i++) {
		const struct offer_physical *physical = &offer->physical[i];
		struct json_object *object = json_add_object(list, NULL);
		char address[PCI_ADDRESS_SIZE], path[CONFIG_PATH_SIZE];

		pci_address_format(physical->function->dev.address, address);
		dropin_path(physical->name, path);
		json_add_text(object, "address", address);
		json_add_text(object, "section", physical->name);
		json_add_text(object, "file", path);
		json_add_number(object, "vfs", physical->vfs);
	}
}

static void add_left(struct json_object *top, const struct addition *addition)
{
	const struct offer *offer = &addition->devices.offer;
	struct json_object *list = json_add_array(top, "left_out");

	for (size_t i = 0; i < offer->n_left; i++) {
		const struct offer_left *left = &offer->left[i];
		struct json_object *object =
			add_function(list, addition, &left->function->dev);
		char text[LEFT_TEXT_SIZE];

		json_add_bool(object, "with", describe_left(addition, left, text));
		json_add_bool(object, "gone", left->why == OFFER_MADE);
		json_add_text(object, "text", text);
	}
}

static void add_obstacles(struct json_object *top, const struct addition *addition)
{
	_cleanup_(points_clear) struct vfioboot_points points = find_obstacles(addition);
	struct json_object *list = json_add_array(top, "obstacles");

	for (size_t i = 0; i < points.n; i++) {
		const struct vfioboot_point *point = &points.list[i];
		struct json_object *object = json_add_object(list, NULL);

		json_add_text(object, "address", point->subject);
		json_add_bool(object, "refuses", point->level == VFIOBOOT_FAIL);
		json_add_text(object, "text", point->text);
		json_add_text(object, "remedy", point->remedy);
	}
}

/* The offer, and whether it was written to @path. */
static bool differs(const struct addition *addition)
{
	return !addition->replaced ||
		!dropin_equal(addition->replaced, addition->devices.offer.text);
}

/* Errors but those of the file that is replaced: no image would be built with them. */
static bool has_other_errors(const struct addition *addition)
{
	const struct config *config = addition->devices.config;
	char path[CONFIG_PATH_SIZE];

	dropin_path(addition->devices.offer.name, path);
	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++)
		if (!addition->replaced ||
			strcmp(config->files[config->errors[i].place.file], path) != 0)
			return true;
	return config->n_errors > CONFIG_ERRORS_MAX;
}

static void print_json(
	const struct addition *addition, const char *path, bool accepted, bool written)
{
	const struct devices *devices = &addition->devices;
	const struct offer *offer = &devices->offer;
	struct json_object *top = json_new_top();

	json_add_text(top, "section", offer->name);
	json_add_text(top, "profile", addition->arguments->profile);
	json_add_text(top, "bind", addition->arguments->demand ? "demand" : "boot");
	json_add_text(
		top, "driver", offer->dropin.driver ? offer->dropin.driver : "vfio-pci");
	json_add_text(top, "machine", addition->arguments->machine);
	json_add_text(top, "file", path);
	json_add_text(top, "text", offer->text);
	json_add_bool(top, "accepted", accepted);
	json_add_bool(top, "differs", differs(addition));
	json_add_bool(top, "written", written);
	json_add_bool(top, "only", takes_less(addition));
	add_set(top, addition);
	add_physical(top, offer);
	add_left(top, addition);
	add_obstacles(top, addition);
	json_print(top);
}

/* ---- */

static int put_section(struct change *change, const char *name, const char *text)
{
	char path[CONFIG_PATH_SIZE];

	dropin_path(name, path);
	return change_put_text(change, path, text);
}

/* Those of physical functions first: without them the set's has nothing to bind. */
static int plan_files(const struct addition *addition, struct change *change)
{
	const struct offer *offer = &addition->devices.offer;
	int r = 0;

	for (size_t i = 0; r == 0 && i < offer->n_physical; i++)
		r = put_section(change, offer->physical[i].name, offer->physical[i].text);
	return r == 0 && differs(addition) ? put_section(change, offer->name, offer->text)
					   : r;
}

/* All of them or none; or says what would be written. */
static enum cli_exit write_sections(const struct addition *addition)
{
	_cleanup_(change_free) struct change change = {.root = &addition->cli->root};
	const struct cli *cli = addition->cli;
	int r = plan_files(addition, &change);
	enum cli_exit status = CLI_OK;

	if (r < 0)
		return cli_error("add", "cannot read what is in " DROPIN_DIRECTORY ": %s",
			errno_text(r));
	if (!cli->dry_run)
		status = devices_check_directory(cli);
	if (status == CLI_OK && !cli->dry_run)
		status = progress_write(cli, &change, "nothing was changed");
	for (size_t i = 0; status == CLI_OK && !cli->json && i < change.n; i++)
		printf(cli->dry_run ? "%sWould write %s:\n\n%s" : "%sWrote %s.\n",
			cli->dry_run && i ? "\n" : "", change.steps[i].path,
			change.steps[i].text);
	return status;
}

static enum cli_exit write_files(const struct addition *addition)
{
	const struct offer *offer = &addition->devices.offer;
	bool refused = obstacles_block(&offer->obstacles);
	bool same = !differs(addition), dry_run = addition->cli->dry_run;
	bool unsound = !refused && !same && has_other_errors(addition);
	bool write = !refused && !unsound && !dry_run && !same;
	enum cli_exit status =
		refused || (unsound && !dry_run) ? CLI_OK : write_sections(addition);
	char path[CONFIG_PATH_SIZE];

	if (status != CLI_OK)
		return status;
	dropin_path(offer->name, path);
	if (addition->cli->json)
		print_json(addition, path, !refused && !unsound, write);
	else if (write)
		print_next(addition);
	else if (same && !refused)
		printf("%s is as it should be.\n", path);
	if (unsound)
		return cli_error("add", "%scorrect the configuration and try again",
			dry_run ? "" : "nothing was changed; ");
	return refused ? CLI_FAILED : CLI_OK;
}

static enum cli_exit add(struct addition *addition)
{
	struct devices *devices = &addition->devices;
	enum cli_exit status = find_devices(addition);

	if (status == CLI_OK)
		status = choose_name(addition);
	if (status != CLI_OK)
		return status;
	if (facts_modules_are_damaged(&addition->cli->machine->facts))
		cli_warning("add",
			"the module index of the running kernel is damaged, so whether a "
			"variant of vfio-pci fits better is unknown; run 'sudo depmod' to "
			"rebuild it");
	status = devices_weigh(addition->cli, devices, &devices->offer);
	if (status != CLI_OK)
		return status;
	if (offer_add_physical(&devices->host, &devices->offer) < 0)
		return cli_error("add", "%s", errno_text(ENOMEM));
	if (!obstacles_block(&devices->offer.obstacles))
		leftovers_warn("add", &addition->cli->machine->facts,
			devices->offer.obstacles.next);
	if (!addition->cli->json)
		print_offer(addition);
	return write_files(addition);
}

static enum cli_exit check(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	enum cli_exit status = devices_check_name("add", "name", arguments->name);

	if (arguments->replace && !arguments->name)
		return cli_misuse("add", "--replace needs --name, of the device set");
	if (arguments->demand && arguments->profile)
		return cli_misuse("add",
			"--demand and --profile do not go together: no boot binds what is "
			"left to the host until a guest starts");
	return status == CLI_OK ? devices_check_name("add", "profile", arguments->profile)
				: status;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	_cleanup_(free_addition) struct addition addition = {
		.cli = cli, .arguments = arguments, .allow = arguments->allow};

	/* What is in use now need not be in use when its guest starts. */
	addition.allow.mounted |= arguments->demand;
	addition.allow.network |= arguments->demand;
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
