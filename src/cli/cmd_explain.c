/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot explain`: why a device has the driver that it has, and what the next boot does.
 * All about a function is read into struct view first, and printed as text or as JSON.
 */
#include "cli.h"

#define NOT_SET "(null)" /* drivers/base/driver.c: of a driver_override */

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_JSON,
	{0},
};

/* What is printed of a machine. */
struct explain {
	const struct cli *cli;
	struct obstacles_host host; /* of the machine */
	struct json_object *list;   /* of the functions in JSON; NULL: text */
	bool any_printed;
	int chain_error; /* -errno: its images cannot be read */
};

/* And of one of its functions. */
struct view {
	const struct inventory_function *function;
	const struct pcidev *dev;
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE], id[sizeof("ffff:ffff")];
	char override[SYSFS_DRIVER_SIZE];     /* its driver_override; "": not set */
	const struct config_section *section; /* that names it, active or not; or NULL */
	const struct thisboot_function
		*boot;                 /* NULL: this boot had nothing to do with it */
	const struct plan_entry *next; /* NULL: nor has the next one */
};

static const struct config_section *find_section(
	const struct config *config, const struct inventory_function *function)
{
	const struct pcidev *dev = &function->pci->dev;

	if (function->section)
		return function->section;
	for (unsigned i = 0; i < config->n_sections; i++)
		if (match_section(config, &config->sections[i], dev) == MATCH_MEMBER)
			return &config->sections[i];
	return NULL;
}

static void read_view(const struct explain *explain,
	const struct inventory_function *function, struct view *ret)
{
	const struct pcidev *dev = &function->pci->dev;
	char path[128];

	*ret = (struct view){.function = function, .dev = dev};
	pci_address_format(dev->address, ret->address);
	if (dev->path.depth)
		pci_path_format(&dev->path, ret->path);
	snprintf(ret->id, sizeof(ret->id), "%04x:%04x", dev->ids.vendor, dev->ids.device);
	snprintf(path, sizeof(path), TREE_PCI "/%s/driver_override", ret->address);
	if (file_read_line(&explain->cli->root, path, ret->override,
		    sizeof(ret->override)) < 0 ||
		strcmp(ret->override, NOT_SET) == 0)
		ret->override[0] = '\0';
	ret->section = find_section(&explain->cli->machine->next->config, function);
	ret->boot = thisboot_find(&explain->cli->machine->boot, dev->address);
	ret->next = nextboot_find(explain->cli->machine->next, dev->address);
}

/* The next function after @index in the group of @view's; NULL: there is no other. */
static const struct inventory_function *next_in_group(
	const struct explain *explain, const struct view *view, size_t *index)
{
	const struct inventory *inventory = &explain->cli->machine->inventory;
	int group = view->function->pci->group;

	while (group != PCIBUS_NO_GROUP && *index < inventory->n) {
		const struct inventory_function *other =
			&inventory->functions[(*index)++];

		if (other != view->function && other->pci->group == group)
			return other;
	}
	return NULL;
}

/* ---- JSON ---- */

static void add_section(
	struct json_object *object, const struct config *config, const struct view *view)
{
	const struct config_section *section = view->section;
	struct json_object *member;

	if (!section) {
		json_add_null(object, "section");
		return;
	}
	member = json_add_object(object, "section");
	json_add_text(member, "name", section->name);
	json_add_text(member, "file", config->files[section->place.file]);
	json_add_number_if(member, "line", section->place.line, section->place.line);
	json_add_text(member, "wanted", section->driver);
	json_add_text(member, "inactive",
		config_section_active(config, section)
			? NULL
			: sections_inactive_word(config, section));
}

static void add_group(struct json_object *object, const struct explain *explain,
	const struct view *view)
{
	const struct inventory_function *other;
	int group = view->function->pci->group;
	struct json_object *list;
	size_t i = 0;

	json_add_number_if(
		object, "iommu_group", group != PCIBUS_NO_GROUP, (unsigned long)group);
	list = json_add_array(object, "group_others");
	while ((other = next_in_group(explain, view, &i))) {
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(other->pci->dev.address, address);
		json_add_text(list, NULL, address);
	}
}

/* A use as a word for programs, and as a sentence about "it". */
static const struct {
	const char *word, *sentence;
} uses[] = {
	[IN_USE_MOUNT] = {"mount", "%s is mounted from it"},
	[IN_USE_SWAP] = {"swap", "%s on it is used as swap"},
	[IN_USE_RESUME] = {"resume", "%s on it is the device to resume from"},
	[IN_USE_ROUTE] = {"route", "its interface %s has the default route"},
	[IN_USE_INTERFACE] = {"interface", "its interface %s is up"},
	[IN_USE_CONSOLE] = {"console", "its line %s is a console of the host"},
};

static void add_uses(struct json_object *object, const struct view *view)
{
	struct json_object *list = json_add_array(object, "uses");

	for (size_t i = 0; i < view->function->n_uses; i++) {
		const struct usage_entry *entry = &view->function->uses[i];
		struct json_object *use = json_add_object(list, NULL);

		json_add_text(use, "kind", uses[entry->kind].word);
		json_add_text(use, "what", entry->what);
		json_add_bool(use, "untraced", entry->untraced);
	}
}

/* The next device of a drive of the function that has data which the host does not use. */
static const struct drives_device *next_data(
	const struct view *view, const struct drives_device *after)
{
	do
		after = drives_next(view->function->drives, view->dev->address, after);
	while (after && after->state != DRIVES_DATA);
	return after;
}

static void add_data(struct json_object *object, const struct view *view)
{
	struct json_object *list = json_add_array(object, "data");
	const struct drives_device *device = NULL;

	while ((device = next_data(view, device))) {
		struct json_object *one = json_add_object(list, NULL);
		char text[512];

		drives_text(device, text, sizeof(text));
		json_add_text(one, "device", device->node);
		json_add_text(one, "type", device->signature.values[SIGNATURE_TYPE]);
		json_add_text(one, "label", device->signature.values[SIGNATURE_LABEL]);
		json_add_text(one, "text", text);
	}
}

static void add_json(const struct explain *explain, const struct view *view)
{
	struct json_object *object = json_add_object(explain->list, NULL);
	const struct inventory_kind *kind = view->function->kind;
	char class[sizeof("ffffff")];

	snprintf(class, sizeof(class), "%06x", view->dev->ids.class & 0xffffff);
	json_add_text(object, "address", view->address);
	json_add_text(object, "path", view->path);
	json_add_text(object, "id", view->id);
	json_add_text(object, "class", class);
	json_add_text(object, "name", kind->name);
	json_add_text(object, "driver", view->dev->driver);
	json_add_text(object, "driver_override", view->override);
	json_add_text(object, "modules", kind->modules);
	json_add_bool_if(object, "boot_display", view->function->pci->has_boot_vga,
		view->function->pci->boot_display);
	add_section(object, &explain->cli->machine->next->config, view);
	if (view->boot)
		function_add_json(json_add_object(object, "boot"),
			&explain->cli->machine->boot, &explain->cli->machine->chain,
			view->boot, kind->name);
	else
		json_add_null(object, "boot");
	add_group(object, explain, view);
	add_uses(object, view);
	add_data(object, view);
}

/* ---- text: one sentence a line, from what is to what can be done ---- */

static void print_driver(const struct view *view)
{
	const char *driver = view->dev->driver, *override = view->override;

	if (driver[0])
		cli_print("  The driver %s is bound", driver);
	else
		printf("  No driver is bound");
	if (!override[0])
		printf("%s\n",
			driver[0] ? ": the first loaded driver that supports it took it, "
				    "as no driver_override is set."
				  : ": no loaded driver supports it, or its driver "
				    "failed.");
	else if (strcmp(override, driver) == 0)
		printf(": its driver_override is set to that driver, which excludes all "
		       "others.\n");
	else if (strcmp(override, CONFIG_DRIVER_NONE) == 0)
		printf(": its driver_override is set to 'none', which excludes all "
		       "drivers.\n");
	else
		cli_print(", and its driver_override is set to %s: only that driver can "
			  "be bound%s\n",
			override, driver[0] ? " next." : "; is it loaded?");
}

/* What `add` would make of it: the command if it is accepted, else why it is not. */
static void print_offer(const struct explain *explain, const struct view *view)
{
	static const struct obstacles_allowed none;
	_cleanup_(offer_free) struct offer offer = {0};
	char text[OBSTACLE_TEXT_SIZE], address[PCI_ADDRESS_SIZE];
	int r = deviceset_add(&offer.set, &explain->cli->machine->facts.bus,
		view->function->pci, false);

	if (r == 0)
		r = offer_try(&explain->host, &none, &offer);
	if (r < 0)
		return;
	if (r == 0) {
		obstacle_reason(explain->host.config, &offer, text);
		cli_print("  'add' would refuse it: %s%s\n", text, full_stop(text));
		return;
	}
	printf("  'vfioboot add --dry-run %s' shows what it takes to bind it to vfio-pci",
		view->address);
	for (size_t i = 0, n = 0; i < offer.set.n; i++) {
		if (offer.set.members[i].function == view->function->pci)
			continue;
		pci_address_format(offer.set.members[i].function->dev.address, address);
		printf("%s%s", n++ ? ", " : ", and with it ", address);
	}
	printf(".\n");
}

static void print_section(const struct explain *explain, const struct view *view)
{
	const struct config *config = &explain->cli->machine->next->config;
	const struct config_section *section = view->section;
	char place[CONFIG_PLACE_SIZE], why[SECTIONS_TEXT_SIZE];
	bool none;

	if (!section) {
		const struct chain_entry *entry =
			chain_next(&explain->cli->machine->chain, NULL);

		printf("  It is not configured: the next boot leaves it to its native "
		       "driver%s.\n",
			entry && entry->state == IMAGE_STALE
				? ", once its image is up to date"
				: "");
		if (pcidev_base_class(view->dev) != PCI_BASE_BRIDGE)
			print_offer(explain, view);
		return;
	}
	none = strcmp(section->driver, CONFIG_DRIVER_NONE) == 0;
	config_place_text(config, section->place, place);
	cli_print("  The section %s (%s) asks for %s", section->name, place,
		none                                        ? "no driver"
			: config_section_is_native(section) ? "its native driver"
							    : section->driver);
	if (section->vfs)
		printf(" and %u virtual function%s", section->vfs,
			cli_plural(section->vfs));
	if (section->bad) {
		printf(", but it has an error and is ignored until that is fixed.\n");
	} else if (config_section_active(config, section)) {
		printf(".\n");
	} else {
		sections_inactive_text(explain->cli->machine->next, section, why);
		cli_print("%s%s%s\n", section->demand ? ", and is " : ", but ", why,
			full_stop(why));
	}
}

/* Who has it now, unless its section has said so. */
static void print_handed_over(const struct explain *explain, const struct view *view)
{
	const struct root *root = &explain->cli->root;
	char set[CONFIG_NAME_SIZE], text[SECTIONS_TEXT_SIZE];
	struct handover_owner owner;

	if ((view->section && view->section->demand) ||
		handover_find(root, view->dev->address, set) < 0 ||
		handover_find_owner(root, set, &owner, NULL) < 0)
		return;
	sections_owner_text(&owner, set, file_exists(root, "%s", LIBVIRT_HOOK), text);
	cli_print("  It %s.\n", text);
}

/* Of a function that is not there when the initramfs binds. */
static void print_later(const struct explain *explain, const struct view *view)
{
	const struct pcibus_function *function = view->next
		? nextboot_later(explain->cli->machine->next, view->next)
		: view->function->pci;
	char address[PCI_ADDRESS_SIZE], text[SECTIONS_TEXT_SIZE];

	if (!function || !function->later)
		return;
	pci_address_format(function->dev.address, address);
	sections_later_text(function, text);
	printf("  %s %s.\n", function == view->function->pci ? "It" : address, text);
}

/* Its settings at this boot. */
static void print_steps(const struct explain *explain, const struct view *view)
{
	const struct thisboot *boot = &explain->cli->machine->boot;

	for (size_t i = 0; view->boot && i < boot->n_steps; i++)
		if (thisboot_is_step_of(boot->steps[i], view->boot))
			function_step_print(boot->steps[i], "  At this boot, ");
}

/* What the next boot does if anything (chain_text_condition()). */
static const char *condition(const struct explain *explain)
{
	return explain->chain_error < 0
		? ""
		: chain_text_condition(
			  explain->cli->machine->next, &explain->cli->machine->chain);
}

static void print_boots(const struct explain *explain, const struct view *view)
{
	const struct nextboot *next = explain->cli->machine->next;
	const char *wanted, *reason;
	const char *when = condition(explain);
	char text[FUNCTION_TEXT_SIZE];

	if (view->boot) {
		function_remark(&explain->cli->machine->boot,
			&explain->cli->machine->chain, view->boot, text);
		/* That is in a line of its own. */
		if (view->next && plan_refuses(view->next) &&
			(!view->boot->in_record || view->boot->as_wanted))
			text[0] = '\0';
		cli_print("  This boot: %s%s%s%s\n",
			function_result(&explain->cli->machine->boot, view->boot),
			text[0] ? ": " : "", text, full_stop(text[0] ? text : "-"));
	}
	print_steps(explain, view);
	if (!view->next)
		return;
	wanted = explain->cli->machine->next->config.sections[view->next->section].driver;
	reason = nextboot_reason_text(explain->cli->machine->next, view->next);
	if (plan_refuses(view->next))
		printf("  Next boot: refused: %s%s\n", reason, full_stop(reason));
	else if (nextboot_action(explain->cli->machine->next, view->next) ==
		NEXTBOOT_LATER)
		printf("  Next boot: later: " SECTIONS_LATER_REMEDY ".\n");
	else if (strcmp(wanted, CONFIG_DRIVER_NATIVE) == 0)
		printf("  Next boot%s: stays with its native driver.\n",
			when ? when : "");
	else if (!when)
		cli_print("  Next boot: not bound in the initramfs: %s.\n",
			chain_text_hindrance(next));
	else if (strcmp(wanted, CONFIG_DRIVER_NONE) == 0)
		printf("  Next boot%s: kept without a driver.\n", when);
	else
		printf("  Next boot%s: bound to %s.\n", when, wanted);
}

static void print_group(const struct explain *explain, const struct view *view)
{
	const struct inventory_function *other;
	int group = view->function->pci->group;
	size_t i = 0;
	bool any = false;

	if (group == PCIBUS_NO_GROUP) {
		printf("  It has no IOMMU group, so no guest can use it; 'vfioboot "
		       "check' says why.\n");
		return;
	}
	while ((other = next_in_group(explain, view, &i))) {
		const char *driver = other->pci->dev.driver;
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(other->pci->dev.address, address);
		if (!any)
			printf("  IOMMU group %d, which only goes to a guest as a whole, "
			       "also contains:\n",
				group);
		cli_print("    %s %s (%s)\n", address, other->kind->name,
			driver[0] ? driver : "no driver");
		any = true;
	}
	if (!any)
		printf("  It is alone in its IOMMU group (%d).\n", group);
}

static void print_use(const struct usage_entry *use)
{
	const char *sentence = uses[use->kind].sentence, *hole = strstr(sentence, "%s");

	cli_print("%.*s%s%s%s", (int)(hole - sentence), sentence, use->what, hole + 2,
		use->untraced ? " (perhaps)" : "");
}

static void print_uses(const struct explain *explain, const struct view *view)
{
	if (view->function->pci->boot_display)
		printf("  It is the boot display: the firmware and the boot messages "
		       "appear on it.\n");
	if (explain->cli->machine->inventory.usage_error < 0) {
		printf("  What this host uses it for is unknown.\n");
		return;
	}
	if (!view->function->n_uses) {
		printf("  This host does not use it for a file system, swap or the "
		       "network.\n");
		return;
	}
	printf("  This host uses it: ");
	for (size_t i = 0; i < view->function->n_uses; i++) {
		printf("%s", i ? ", " : "");
		print_use(&view->function->uses[i]);
	}
	printf(".\n");
}

static void print_consumers(const struct explain *explain, const struct view *view)
{
	char list[512];

	if (pcibus_consumers(
		    &explain->cli->root, view->dev->address, list, sizeof(list)) == 0 &&
		*list)
		cli_print("  These depend on it, and lose their driver with it: %s.\n",
			list);
}

/* Data that the host does not use, and a guest gets with the drive. */
static void print_data(const struct view *view)
{
	const struct drives_device *device = NULL;
	unsigned n = 0;
	char text[512];

	while ((device = next_data(view, device))) {
		drives_text(device, text, sizeof(text));
		cli_print("%s%s", n++ ? ", " : "  There is data on it: ", text);
	}
	if (n)
		puts(".");
}

static void print_text(const struct explain *explain, const struct view *view)
{
	const struct inventory_kind *kind = view->function->kind;

	cli_print("%s  %s [%s]%s%s\n", view->address, kind->name, view->id,
		view->path[0] ? ", path " : "", view->path);
	print_driver(view);
	print_section(explain, view);
	print_handed_over(explain, view);
	print_later(explain, view);
	print_boots(explain, view);
	if (kind->modules && kind->modules[0])
		cli_print("  Modules that support it: %s.\n", kind->modules);
	print_group(explain, view);
	print_uses(explain, view);
	print_consumers(explain, view);
	print_data(view);
}

/* ---- the command ---- */

/* Says why there is nothing to explain for @operand. */
static enum cli_exit say_absent(
	const struct explain *explain, const char *operand, bool is_selector)
{
	struct config *config = &explain->cli->machine->next->config;
	const struct config_section *section = config_find_section(config, operand);
	char place[CONFIG_PLACE_SIZE];

	if (is_selector)
		return cli_error("explain",
			"no device matches '%s'; 'vfioboot list --all' shows all devices",
			operand);
	if (sections_is_other("explain", config, operand))
		return CLI_FAILED;
	if (section) {
		config_place_text(config, section->place, place);
		return cli_error("explain",
			"no device matches the section %s (%s); 'vfioboot plan' shows why",
			operand, place);
	}
	return cli_misuse("explain",
		"'%s' is neither a device set nor a device; 'vfioboot plan' shows the "
		"device sets; for a device, use a path (00:01.0/00), an address (01:00.0), "
		"an id (10de:2204) or a class (class:03)",
		operand);
}

/* Whether @operand means the function: as a selector (else NULL), or as its section's name. */
static bool is_meant(const struct explain *explain, const char *operand,
	const struct selector *selector, const struct inventory_function *function)
{
	const struct pcidev *dev = &function->pci->dev;
	const struct config_section *section;

	if (selector)
		return selector_match(selector, dev);
	section = find_section(&explain->cli->machine->next->config, function);
	return section && strcmp(section->name, operand) == 0;
}

/* Explains each function that @operand means. */
static enum cli_exit explain_operand(struct explain *explain, const char *operand)
{
	const struct inventory *inventory = &explain->cli->machine->inventory;
	struct selector selector;
	bool is_selector = selector_parse(operand, &selector) == 0, any = false;

	for (size_t i = 0; i < inventory->n; i++) {
		struct view view;

		if (!is_meant(explain, operand, is_selector ? &selector : NULL,
			    &inventory->functions[i]))
			continue;
		any = true;
		read_view(explain, &inventory->functions[i], &view);
		if (explain->list) {
			add_json(explain, &view);
			continue;
		}
		if (explain->any_printed)
			putchar('\n');
		explain->any_printed = true;
		print_text(explain, &view);
	}
	return any ? CLI_OK : say_absent(explain, operand, is_selector);
}

static enum cli_exit run(struct cli *cli)
{
	struct explain explain = {.cli = cli};
	struct json_object *top = NULL;
	enum cli_exit status = cli_read_next(cli, NULL);

	if (status != CLI_OK)
		return status;
	sections_say_errors("explain", &cli->machine->next->config);
	if (cli_read_boot(cli) != CLI_OK || cli_read_inventory(cli) != CLI_OK)
		return CLI_FAILED;
	explain.chain_error = machine_follow(cli->machine);
	if (explain.chain_error < 0)
		cli_warning("explain", "cannot read the initramfs images: %s",
			errno_text(explain.chain_error));
	explain.host = (struct obstacles_host){.facts = &cli->machine->facts,
		.config = &cli->machine->next->config,
		.usage = cli->machine->inventory.usage};
	if (cli->json) {
		top = json_new_top();
		explain.list = json_add_array(top, "functions");
	}
	for (int i = 0; i < cli->n_operands; i++) {
		enum cli_exit one = explain_operand(&explain, cli->operands[i]);

		status = one > status ? one : status;
	}
	if (cli->json) {
		sections_add_others(top, &cli->machine->next->config);
		json_print(top);
	}
	return status;
}

const struct cli_command cmd_explain = {
	.name = "explain",
	.operands = "DEVICE...",
	.missing = "no device given",
	.summary = "explain why a device has its driver",
	.details =
		"DEVICE is an address (01:00.0), a path (00:01.0/00), an id (10de:2204), a "
		"class\n(class:03) or the name of a section of the configuration.",
	.options = options,
	.run = run,
};
