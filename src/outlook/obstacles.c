/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at each function of a set for what would be lost with it, plans the next boot with the
 * drop-in that would be written, and weighs both against what was allowed.
 */
#include "obstacles.h"

#include <ctype.h>
#include <limits.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"

/* A profile that asks for the sections without one, where those wait for any. */
#define ANY_PROFILE "_any_"

#define CLASS_USB 0x0c03 /* include/linux/pci_ids.h, PCI_CLASS_SERIAL_USB */

struct search {
	const struct obstacles_host *host;
	const struct deviceset *set;
	struct obstacles *obstacles;
};

static int add(struct obstacles *obstacles, struct obstacle obstacle)
{
	struct obstacle *added = LIST_ADD(obstacles->list, obstacles->n);

	if (added)
		*added = obstacle;
	return added ? 0 : -ENOMEM;
}

static int add_kind(struct search *search, enum obstacle_kind kind,
	const struct pcibus_function *function)
{
	return add(
		search->obstacles, (struct obstacle){.kind = kind, .function = function});
}

/* The section of @config that names the function at this moment, or NULL. */
static const struct config_section *section_of(
	const struct config *config, const struct pcibus_function *function)
{
	const struct pcidev *dev = &function->dev;

	for (unsigned i = 0; i < config->n_sections; i++)
		if (!config->sections[i].bad &&
			match_section(config, &config->sections[i], dev) == MATCH_MEMBER)
			return &config->sections[i];
	return NULL;
}

static int find_section(struct search *search, const struct pcibus_function *function)
{
	const struct config_section *section = section_of(search->host->config, function);

	return section ? add(search->obstacles,
				 (struct obstacle){.kind = OBSTACLE_CONFIGURED,
					 .function = function,
					 .section = section})
		       : 0;
}

static int find_bridge(struct search *search, const struct pcibus_function *function)
{
	if (pcidev_base_class(&function->dev) != PCI_BASE_BRIDGE)
		return 0;
	return add_kind(search, OBSTACLE_BRIDGE, function);
}

static int find_usage(struct search *search, const struct pcibus_function *function)
{
	const struct usage *usage = search->host->usage;
	const struct usage_entry *entry;
	int r = 0;

	if (!usage)
		return pcidev_can_carry_root(&function->dev)
			? add_kind(search, OBSTACLE_UNKNOWN_USE, function)
			: 0;
	entry = usage_find(usage, function->dev.address);
	for (; r == 0 && entry && entry < usage->entries + usage->n &&
		pci_address_equal(entry->address, function->dev.address);
		entry++)
		r = add(search->obstacles,
			(struct obstacle){.kind = OBSTACLE_USED,
				.function = function,
				.usage = entry});
	return r;
}

/* Adds the block device @name if it is put together from others, and they are there. */
static int find_part(
	struct search *search, const struct pcibus_function *function, const char *name)
{
	static const char dev[] = TREE_DEV;
	const struct root *root = search->host->facts->root;
	_cleanup_(backing_free) struct backing backing = {0};
	struct obstacle obstacle = {.kind = OBSTACLE_PART, .function = function};
	char path[PATH_MAX], node[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), TREE_BLOCK "/%s", name);
	if (!file_exists(root, "%s/%s", path, "dm") &&
		!file_exists(root, "%s/%s", path, "md") &&
		!file_exists(root, "%s/%s", path, "bcache"))
		return 0;
	snprintf(node, sizeof(node), "%s%s", dev, name);
	r = backing_add_node(root, node, &backing);
	if (r < 0 || !backing_has_function(&backing, function->dev.address))
		return r == -ENOMEM ? r : 0;
	strcat(path, "/dm/name");
	if (file_read_line(root, path, obstacle.what, sizeof(obstacle.what)) < 0)
		snprintf(obstacle.what, sizeof(obstacle.what), "%.63s", name);
	return add(search->obstacles, obstacle);
}

/* Of a drive that is in use it is known what for. */
static int find_parts(struct search *search, const struct pcibus_function *function)
{
	const struct usage *usage = search->host->usage;
	const struct usage_entry *entry =
		usage ? usage_find(usage, function->dev.address) : NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r = entry && !entry->untraced ? -EBUSY : 0;

	if (r == 0)
		r = file_open_directory(search->host->facts->root, TREE_BLOCK, &dir);

	if (r < 0)
		return 0; /* a machine without disks */
	while (r == 0 && (name = file_next_name(dir)))
		r = find_part(search, function, name);
	return r;
}

/* What a guest gets with the drives of the function. */
static int find_data(struct search *search, const struct pcibus_function *function)
{
	struct facts *facts = search->host->facts;
	struct drives_device *drive = NULL;
	struct drives *drives;
	int r = search->host->now ? 0 : facts_drives(facts, &drives);

	if (r < 0 || search->host->now)
		return r;
	while (r == 0 && (drive = drives_next(drives, function->dev.address, drive))) {
		r = drives_look(facts->root, drive);
		if (r == 0 && drive->state != DRIVES_EMPTY)
			r = add(search->obstacles,
				(struct obstacle){.kind = OBSTACLE_DATA,
					.function = function,
					.drive = drive});
	}
	return r;
}

/* Whether a section has the function in a boot that gives the set away, too. */
static bool is_taken(const struct search *search, const struct pcibus_function *function)
{
	const struct config_section *section = section_of(search->host->config, function);
	const char *profile = search->host->profile;

	return section && !section->demand &&
		(!profile || !section->profile[0] ||
			strcmp(profile, section->profile) == 0);
}

/* The next boot starts with native drivers, whoever has the display now. */
static bool stays(const struct search *search, const struct pcibus_function *function)
{
	return boot_display_is_display(function) &&
		(!function->later || search->host->demand) &&
		!deviceset_has(search->set, function) && !is_taken(search, function);
}

static int find_display(struct search *search, const struct pcibus_function *function)
{
	const struct pcibus *machine = &search->host->facts->bus;
	bool last = boot_display_is_display(function);
	int r = 0;

	if (function->boot_display)
		r = add_kind(search, OBSTACLE_BOOT_DISPLAY, function);
	for (size_t i = 0; last && i < machine->n; i++)
		last = !stays(search, &machine->functions[i]);
	if (r == 0 && last)
		r = add_kind(search, OBSTACLE_LAST_DISPLAY, function);
	return r;
}

/* Adds the devices at the root hub in @directory: "1-4" is one, "1-0:1.0" the hub's own. */
static int find_usb_devices(struct search *search, const struct pcibus_function *function,
	const char *directory)
{
	const struct root *root = search->host->facts->root;
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r = file_open_directory(root, directory, &dir);

	if (r < 0)
		return 0;
	while (r == 0 && (name = file_next_name(dir))) {
		struct obstacle obstacle = {
			.kind = OBSTACLE_USB_DEVICE, .function = function};
		char path[2 * PATH_MAX], product[512];

		if (!isdigit((unsigned char)*name) || !strchr(name, '-') ||
			strchr(name, ':'))
			continue;
		snprintf(path, sizeof(path), "%s/%s/product", directory, name);
		text_join(obstacle.what, sizeof(obstacle.what),
			file_read_line(root, path, product, sizeof(product)) == 0
				? product
				: name,
			NULL);
		text_make_printable(
			obstacle.what); /* the device says what it is called */
		r = add(search->obstacles, obstacle);
	}
	return r;
}

/* Root hubs are "usb1" below the controller (drivers/usb/core/hcd.c). */
static int find_usb(struct search *search, const struct pcibus_function *function)
{
	char directory[sizeof(TREE_PCI) + PCI_ADDRESS_SIZE] = TREE_PCI "/";
	_cleanup_closedir_ DIR *dir = NULL;
	const char *name;
	int r;

	if (function->dev.ids.class >> 8 != CLASS_USB)
		return 0;
	pci_address_format(function->dev.address, directory + strlen(directory));
	r = file_open_directory(search->host->facts->root, directory, &dir);
	if (r < 0)
		return 0;
	while (r == 0 && (name = file_next_name(dir))) {
		char path[PATH_MAX];

		if (strncmp(name, "usb", 3) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		r = find_usb_devices(search, function, path);
	}
	return r;
}

/*
 * Adds what of the member's group the host keeps: whoever has it now, a boot starts with native
 * drivers.
 */
static int find_kept(struct search *search, const struct pcibus_function *function,
	const struct pcibus_function *other)
{
	const struct obstacles_host *host = search->host;
	struct obstacle obstacle = {
		.kind = OBSTACLE_GROUP, .function = function, .other = other};

	if (other->group != function->group ||
		(host->now && pcibus_leaves_group(other->dev.driver)) ||
		!deviceset_shares_group(search->set, &host->facts->bus, other) ||
		section_of(host->config, other) ||
		modules_holder(facts_modules(host->facts), &other->dev, obstacle.what,
			sizeof(obstacle.what)) < 0 ||
		!*obstacle.what)
		return 0;
	return add(search->obstacles, obstacle);
}

/* Each function that keeps a group is named once, beside one member. */
static int find_group(struct search *search, const struct pcibus_function *function)
{
	const struct pcibus *machine = &search->host->facts->bus;
	int r = 0;

	if (function->group == PCIBUS_NO_GROUP)
		return add_kind(search, OBSTACLE_NO_GROUP, function);
	for (size_t i = 0; i < search->set->n; i++) {
		if (search->set->members[i].function == function)
			break;
		if (search->set->members[i].function->group == function->group)
			return 0;
	}
	for (size_t i = 0; r == 0 && i < machine->n; i++)
		r = find_kept(search, function, &machine->functions[i]);
	return r;
}

/* They would be gone with it. */
static int find_virtual(struct search *search, const struct pcibus_function *function)
{
	const struct pcibus *bus = &search->host->facts->bus;

	for (size_t i = 0; i < bus->n; i++) {
		const struct pcibus_function *other = &bus->functions[i];

		if (other->later == PCIBUS_VIRTUAL && *other->dev.driver &&
			pci_address_equal(other->maker, function->dev.address))
			return add(search->obstacles,
				(struct obstacle){.kind = OBSTACLE_VIRTUAL,
					.function = function,
					.other = other});
	}
	return 0;
}

static int find_later(struct search *search, const struct pcibus_function *function)
{
	return function->later && !search->host->demand
		? add_kind(search, OBSTACLE_LATER, function)
		: 0;
}

/* Whether nobody named the function, and it is in the set for another one's sake. */
static bool goes_along(
	const struct deviceset *set, const struct pcibus_function *function)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->members[i].function == function)
			return set->members[i].why != DEVICESET_NAMED;
	return false;
}

int obstacles_find(const struct obstacles_host *host, const struct deviceset *set,
	struct obstacles *ret)
{
	static int (*const finders[])(struct search * search,
		const struct pcibus_function *function) = {find_section, find_bridge,
		find_usage, find_parts, find_data, find_display, find_usb, find_group,
		find_virtual, find_later};
	struct search search = {.host = host, .set = set, .obstacles = ret};
	int r = 0;

	*ret = (struct obstacles){0};
	for (size_t i = 0; r == 0 && i < set->n; i++)
		for (size_t j = 0; r == 0 && j < ARRAY_SIZE(finders); j++)
			r = finders[j](&search, set->members[i].function);
	for (size_t i = 0; i < ret->n; i++)
		ret->list[i].goes_along = goes_along(set, ret->list[i].function);
	if (r < 0)
		obstacles_free(ret);
	return r;
}

void obstacles_free(struct obstacles *obstacles)
{
	free(obstacles->list);
	nextboot_free(&obstacles->next);
	*obstacles = (struct obstacles){0};
}

bool obstacles_have(const struct obstacles *obstacles, enum obstacle_kind kind)
{
	for (size_t i = 0; i < obstacles->n; i++)
		if (obstacles->list[i].kind == kind)
			return true;
	return false;
}

/* ---- The plan with the drop-in */

/*
 * The command line of a boot that asks for the section: the last one's, after the profile;
 * without it, if it switches everything off.  The caller frees @ret.
 */
static int make_cmdline(const struct facts *facts, const char *profile, char **ret)
{
	const char *text = facts->cmdline;

	/* Another machine's files may lack it. */
	if (!text && (facts->root->live || facts->cmdline_error != -ENOENT))
		return facts->cmdline_error;
	if (!text || cmdline_has(text, "vfioboot.off", NULL))
		text = "";
	if (asprintf(ret, "vfioboot.profile=%s %s", profile ? profile : ANY_PROFILE,
		    text) < 0)
		return -ENOMEM;
	return 0;
}

/* Whether the section comes after a drop-in with the file name @name. */
static bool is_behind(const struct config *config, const struct config_section *section,
	const char *name)
{
	const char *path = config->files[section->place.file];
	const char *base = strrchr(path, '/');

	if (section->from_cmdline)
		return true;
	return base && strstr(path, ".conf.d/") && strcmp(base + 1, name) > 0;
}

/* Moves the first section, which was read before all others, to its place. */
static struct config_section *put_in_place(struct nextboot *next, const char *path)
{
	struct config *config = &next->config;
	struct config_section section = config->sections[0];
	enum identity *identities = next->machine.identity, identity = identities[0];
	unsigned at = 0;

	while (at + 1 < config->n_sections &&
		!is_behind(config, &config->sections[at + 1], strrchr(path, '/') + 1)) {
		config->sections[at] = config->sections[at + 1];
		identities[at] = identities[at + 1];
		at++;
	}
	config->sections[at] = section;
	identities[at] = identity;
	return &config->sections[at];
}

/* The reason of the first entry of a section. */
static enum reason reason_of(const struct plan *plan, unsigned section)
{
	for (unsigned i = 0; i < plan->n_entries; i++)
		if (plan->entries[i].section == section)
			return plan->entries[i].reason;
	return REASON_ABSENT;
}

/* A section that would be refused its display because of @section, which is in @next; or NULL. */
static int find_displaced(struct nextboot *next, struct config_section *section,
	const struct config_section **ret)
{
	_cleanup_free_ struct plan *without = calloc(1, sizeof(*without));

	if (!without)
		return -ENOMEM;
	/* A bad one takes nothing. */
	section->bad = true;
	plan_make(&next->config, &next->machine, &next->protect, without);
	section->bad = false;
	*ret = NULL;
	for (unsigned i = 0; i < next->config.n_sections && !*ret; i++)
		if (reason_of(&next->plan, i) == REASON_LAST_DISPLAY &&
			reason_of(without, i) == REASON_NONE)
			*ret = &next->config.sections[i];
	return 0;
}

/* Plans the next boot with the drop-in in its place among the sections that there are. */
static int plan_with(const struct obstacles_host *host, const struct dropin *dropin,
	const char *text, struct nextboot *next, struct config_section **ret)
{
	_cleanup_free_ char *cmdline = NULL;
	char path[CONFIG_PATH_SIZE];
	int r;

	dropin_path(dropin->name, path);
	next->config.root = host->facts->root;
	r = dropin_read_text(&next->config, text, path);
	for (size_t i = 0; r == 0 && i < host->n_planned; i++)
		r = dropin_read_text(
			&next->config, host->planned[i].text, host->planned[i].path);
	if (r == 0)
		r = make_cmdline(host->facts, dropin->profile, &cmdline);
	if (r < 0)
		return r;
	nextboot_plan(host->facts, cmdline, next);
	if (next->machine_error < 0)
		return next->machine_error;
	if (next->config.n_sections == 0)
		return -EINVAL;
	*ret = put_in_place(next, path);
	nextboot_plan_again(next);
	return 0;
}

/* ---- The weights */

/* What is unless it is allowed. */
static enum obstacle_weight unless(bool allowed)
{
	return allowed ? OBSTACLE_ALLOWED : OBSTACLE_ALLOWABLE;
}

static enum obstacle_weight weigh_use(
	const struct obstacles_allowed *allow, const struct obstacle *obstacle)
{
	if (obstacle->protect)
		return OBSTACLE_FIRM;
	if (obstacle->usage->kind == IN_USE_CONSOLE)
		return OBSTACLE_NOTE;
	return unless(obstacle_is_network(obstacle) ? allow->network : allow->mounted);
}

static enum obstacle_weight weigh(
	const struct obstacles_allowed *allow, const struct obstacle *obstacle)
{
	switch (obstacle->kind) {
	case OBSTACLE_USED: return weigh_use(allow, obstacle);
	case OBSTACLE_PART: return unless(allow->mounted);
	case OBSTACLE_DATA: return unless(allow->data);
	case OBSTACLE_LAST_DISPLAY: return unless(allow->last_display);
	case OBSTACLE_GROUP: return unless(allow->partial_group);
	case OBSTACLE_UNKNOWN_USE:
	case OBSTACLE_BOOT_DISPLAY:
	case OBSTACLE_LATER:
	case OBSTACLE_USB_DEVICE: return OBSTACLE_NOTE;
	case OBSTACLE_CONFIGURED:
	case OBSTACLE_BRIDGE:
	case OBSTACLE_NO_GROUP:
	case OBSTACLE_VIRTUAL:
	case OBSTACLE_PROTECTED:
	case OBSTACLE_REFUSED:
	case OBSTACLE_DISPLACES: break;
	}
	return OBSTACLE_FIRM;
}

bool obstacles_would_block(
	const struct obstacles_allowed *allow, const struct obstacle *obstacle)
{
	enum obstacle_weight weight = weigh(allow, obstacle);

	return obstacle->kind != OBSTACLE_NO_GROUP && weight >= OBSTACLE_ALLOWABLE;
}

bool obstacle_is_network(const struct obstacle *obstacle)
{
	return obstacle->kind == OBSTACLE_USED &&
		(obstacle->usage->kind == IN_USE_ROUTE ||
			obstacle->usage->kind == IN_USE_INTERFACE);
}

bool obstacle_blocks(const struct obstacle *obstacle)
{
	return obstacle->weight == OBSTACLE_ALLOWABLE ||
		obstacle->weight == OBSTACLE_FIRM;
}

bool obstacles_block(const struct obstacles *obstacles)
{
	for (size_t i = 0; i < obstacles->n; i++)
		if (obstacle_blocks(&obstacles->list[i]))
			return true;
	return false;
}

/* Adds the verdict of the planner. */
static int add_verdict(const struct deviceset *set, struct nextboot *next,
	struct config_section *section, struct obstacles *obstacles)
{
	const struct config_section *displaced;
	enum reason reason = section->demand
		? nextboot_demand_reason(next, section)
		: reason_of(&next->plan, (unsigned)(section - next->config.sections));
	int r;

	for (size_t i = 0; reason == REASON_PROTECTED && i < set->n; i++) {
		const struct pcibus_function *function = set->members[i].function;
		const struct protect_entry *entry =
			nextboot_protected(next, &function->dev);

		if (entry)
			return add(obstacles,
				(struct obstacle){.kind = OBSTACLE_PROTECTED,
					.weight = OBSTACLE_FIRM,
					.function = function,
					.protect = entry});
	}
	if (reason != REASON_NONE && reason != REASON_LATER)
		return add(obstacles,
			(struct obstacle){.kind = OBSTACLE_REFUSED,
				.weight = OBSTACLE_FIRM,
				.section = section,
				.reason = reason});
	if (section->demand)
		return 0;
	r = find_displaced(next, section, &displaced);
	if (r < 0 || !displaced)
		return r;
	return add(obstacles,
		(struct obstacle){.kind = OBSTACLE_DISPLACES,
			.weight = OBSTACLE_FIRM,
			.section = displaced});
}

int obstacles_weigh(const struct obstacles_host *host, const struct deviceset *set,
	const struct dropin *dropin, const char *text,
	const struct obstacles_allowed *allow, struct obstacles *obstacles)
{
	struct config_section *section;
	int r = nextboot_new(&obstacles->next);

	if (r == 0)
		r = plan_with(host, dropin, text, obstacles->next, &section);
	if (r < 0)
		return r;
	for (size_t i = 0; i < obstacles->n; i++) {
		struct obstacle *obstacle = &obstacles->list[i];
		const struct pcidev *dev = &obstacle->function->dev;

		if (obstacle->kind == OBSTACLE_USED)
			obstacle->protect = nextboot_protected(obstacles->next, dev);
		else if (obstacle->kind == OBSTACLE_GROUP)
			obstacle->usage = host->usage
				? usage_find(host->usage, obstacle->other->dev.address)
				: NULL;
		obstacle->weight = weigh(allow, obstacle);
	}
	/* What is known of the functions says it in more words. */
	return obstacles_block(obstacles)
		? 0
		: add_verdict(set, obstacles->next, section, obstacles);
}
