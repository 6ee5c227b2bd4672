/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settles what goes into a device set, and asks the planner what it says to it. */
#include "offer.h"

#include <fcntl.h>

#include "base/base.h"

static int add_left(struct offer *offer, struct offer_left left)
{
	struct offer_left *to = LIST_ADD(offer->left, offer->n_left);

	if (!to)
		return -ENOMEM;
	for (; to > offer->left && to[-1].function > left.function; to--)
		*to = to[-1];
	*to = left;
	return 0;
}

static bool is_left(const struct offer *offer, const struct pcibus_function *function)
{
	for (size_t i = 0; i < offer->n_left; i++)
		if (offer->left[i].function == function)
			return true;
	return false;
}

/* What the driver of a member makes is gone when it is bound: it can be no member itself. */
static int drop_made(const struct pcibus *bus, struct offer *offer)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < offer->set.n;) {
		const struct pcibus_function *function = offer->set.members[i].function;

		if (!deviceset_unmakes(&offer->set, bus, function)) {
			i++;
			continue;
		}
		deviceset_drop(&offer->set, i);
		r = add_left(offer,
			(struct offer_left){.function = function, .why = OFFER_MADE});
	}
	return r;
}

/* Whether a guest can have the rest of the set without the member. */
static bool is_separable(
	const struct deviceset *set, const struct deviceset_member *member)
{
	if (member->why == DEVICESET_NAMED || member->function->group == PCIBUS_NO_GROUP)
		return false;
	for (size_t i = 0; i < set->n; i++)
		if (&set->members[i] != member &&
			set->members[i].function->group == member->function->group)
			return false;
	return true;
}

/* The obstacle of a member that nobody named, for which it is better left out; or NULL. */
static const struct obstacle *find_reason(const struct obstacles_allowed *allow,
	const struct offer *offer, size_t *ret_member)
{
	for (size_t i = 0; i < offer->set.n; i++) {
		const struct deviceset_member *member = &offer->set.members[i];

		for (size_t j = 0; j < offer->obstacles.n; j++) {
			const struct obstacle *obstacle = &offer->obstacles.list[j];

			if (obstacle->function != member->function ||
				!obstacles_would_block(allow, obstacle) ||
				!is_separable(&offer->set, member))
				continue;
			*ret_member = i;
			return obstacle;
		}
	}
	return NULL;
}

/* Finds the obstacles, and leaves out what has one of its own, until there is no such one. */
static int drop_obstructed(const struct obstacles_host *host,
	const struct obstacles_allowed *allow, struct offer *offer)
{
	for (;;) {
		const struct obstacle *reason;
		struct offer_left left = {.why = OFFER_OBSTACLE};
		size_t member;
		int r = obstacles_find(host, &offer->set, &offer->obstacles);

		reason = r == 0 ? find_reason(allow, offer, &member) : NULL;
		if (!reason)
			return r;
		left.obstacle = *reason;
		left.obstacle.goes_along = false;
		left.function = reason->function;
		deviceset_drop(&offer->set, member);
		obstacles_free(&offer->obstacles);
		r = add_left(offer, left);
		if (r < 0)
			return r;
	}
}

/* The strongest reason for which the function might be expected in the set, and is not. */
static bool is_missed(const struct pcibus *bus, const struct offer *offer,
	const struct pcibus_function *function, enum offer_why *ret)
{
	bool missed = false;

	for (size_t i = 0; i < offer->set.n; i++) {
		switch (card_bond(bus, offer->set.members[i].function, function)) {
		case CARD_APART: break;
		case CARD_MADE: *ret = OFFER_MADE; return true;
		case CARD_PART:
		case CARD_GROUPED:
			*ret = OFFER_UNWANTED;
			missed = true;
			break;
		case CARD_NEIGHBOR:
			*ret = missed ? *ret : OFFER_NEIGHBOR;
			missed = true;
			break;
		}
	}
	return missed;
}

static int list_left(const struct pcibus *bus, struct offer *offer)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < bus->n; i++) {
		const struct pcibus_function *function = &bus->functions[i];
		struct offer_left left = {.function = function};

		if (deviceset_has(&offer->set, function) || is_left(offer, function) ||
			pcidev_base_class(&function->dev) == PCI_BASE_BRIDGE ||
			!is_missed(bus, offer, function, &left.why))
			continue;
		r = add_left(offer, left);
	}
	return r;
}

const struct config_section *offer_find_section(
	const struct offer *offer, const struct pcibus_function *function)
{
	for (size_t i = 0; i < offer->obstacles.n; i++)
		if (offer->obstacles.list[i].kind == OBSTACLE_CONFIGURED &&
			offer->obstacles.list[i].function == function)
			return offer->obstacles.list[i].section;
	return NULL;
}

int offer_settle(const struct obstacles_host *host, const struct obstacles_allowed *allow,
	struct offer *offer)
{
	const struct pcibus *bus = &host->facts->bus;
	int r = drop_made(bus, offer);

	if (r == 0)
		r = drop_obstructed(host, allow, offer);
	return r < 0 ? r : list_left(bus, offer);
}

/* ---- The name */

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

bool offer_name_is_taken(const struct obstacles_host *host, const char *name)
{
	const struct config *config = host->config;
	char path[CONFIG_PATH_SIZE];
	const char *base;
	int fd;

	dropin_path(name, path);
	base = strrchr(path, '/');
	for (unsigned i = 0; i < config->n_files; i++) {
		const char *other = strrchr(config->files[i], '/');

		if (other && strcmp(other, base) == 0 &&
			strstr(config->files[i], ".conf.d/"))
			return true;
	}
	fd = file_open(host->facts->root, path, O_PATH | O_NOFOLLOW);
	if (fd >= 0)
		close(fd);
	return fd >= 0; /* where it can't be told, writing it will */
}

void offer_choose_name(const struct obstacles_host *host, struct offer *offer)
{
	const char *stem = stem_of(&offer->set);

	strcpy(offer->name, stem);
	for (unsigned i = 2; config_find_section(host->config, offer->name) ||
		offer_name_is_taken(host, offer->name);
		i++)
		snprintf(offer->name, sizeof(offer->name), "%s%u", stem, i);
}

/* ---- The drop-in */

static int compose(const struct obstacles_host *host,
	const struct obstacles_allowed *allow, const char *driver,
	const char *const *titles, struct offer *offer)
{
	const struct deviceset *set = &offer->set;

	offer->functions = calloc(set->n, sizeof(*offer->functions));
	offer->whole_slots = calloc(set->n, sizeof(*offer->whole_slots));
	if (!offer->functions || !offer->whole_slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		offer->functions[i] = set->members[i].function->dev;
		if (offer->functions[i].path.bus)
			identity_add(host->facts->root, offer->functions[i].address,
				offer->identity);
		offer->whole_slots[i] =
			deviceset_has_slot(set, &host->facts->bus, &set->members[i]);
	}
	offer->dropin = (struct dropin){
		.name = offer->name,
		.profile = host->profile,
		.demand = host->demand,
		.machine = host->machine,
		.driver = *driver && strcmp(driver, "vfio-pci") ? driver : NULL,
		.last_display = allow->last_display &&
			obstacles_have(&offer->obstacles, OBSTACLE_LAST_DISPLAY),
		.functions = offer->functions,
		.whole_slots = offer->whole_slots,
		.identity = (const char(*)[SYSFS_IDENTITY_SIZE])offer->identity,
		.titles = titles,
		.n_functions = set->n,
	};
	return dropin_format(&offer->dropin, &offer->text);
}

int offer_weigh(const struct obstacles_host *host, const struct obstacles_allowed *allow,
	const char *driver, const char *const *titles, struct offer *offer)
{
	int r = compose(host, allow, driver, titles, offer);

	return r < 0 ? r
		     : obstacles_weigh(host, &offer->set, &offer->dropin, offer->text,
			       allow, &offer->obstacles);
}

/* ---- The sections of physical functions */

/* Whether a section makes virtual functions of it, or is to. */
static bool is_made(const struct obstacles_host *host, const struct offer *offer,
	const struct pcibus_function *physical)
{
	const struct config *config = host->config;

	for (unsigned i = 0; i < config->n_sections; i++)
		if (!config->sections[i].bad && config->sections[i].vfs &&
			match_section(config, &config->sections[i], &physical->dev) ==
				MATCH_MEMBER)
			return true;
	for (size_t i = 0; i < offer->n_physical; i++)
		if (offer->physical[i].function == physical)
			return true;
	return false;
}

static bool physical_name_is_taken(
	const struct obstacles_host *host, const struct offer *offer, const char *name)
{
	for (size_t i = 0; i < offer->n_physical; i++)
		if (strcmp(offer->physical[i].name, name) == 0)
			return true;
	return strcmp(offer->name, name) == 0 ||
		config_find_section(host->config, name) ||
		offer_name_is_taken(host, name);
}

static int write_physical(const struct obstacles_host *host, struct offer *offer,
	struct offer_physical *ret)
{
	static const bool part = false;
	char identity[SYSFS_IDENTITIES][SYSFS_IDENTITY_SIZE] = {""};
	struct dropin dropin = {.name = ret->name,
		.profile = host->profile,
		.machine = host->machine,
		.vfs = ret->vfs,
		.functions = &ret->function->dev,
		.whole_slots = &part,
		.identity = (const char(*)[SYSFS_IDENTITY_SIZE])identity,
		.n_functions = 1};

	strcpy(ret->name, "vfs");
	for (unsigned i = 2; physical_name_is_taken(host, offer, ret->name); i++)
		snprintf(ret->name, sizeof(ret->name), "vfs%u", i);
	if (ret->function->dev.path.bus)
		identity_add(host->facts->root, ret->function->dev.address, identity);
	return dropin_format(&dropin, &ret->text);
}

int offer_add_physical(const struct obstacles_host *host, struct offer *offer)
{
	const struct pcibus *bus = &host->facts->bus;
	int r = 0;

	offer->physical = calloc(offer->set.n, sizeof(*offer->physical));
	if (!offer->physical)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < offer->set.n; i++) {
		const struct pcibus_function *function = offer->set.members[i].function;
		struct offer_physical *physical = &offer->physical[offer->n_physical];

		if (!function->dev.physical.depth)
			continue;
		physical->function = pcibus_find(bus, function->maker);
		if (!physical->function || is_made(host, offer, physical->function))
			continue;
		for (size_t j = 0; j < bus->n; j++)
			physical->vfs += bus->functions[j].later == PCIBUS_VIRTUAL &&
				pci_address_equal(
					bus->functions[j].maker, function->maker);
		r = write_physical(host, offer, physical);
		offer->n_physical++;
	}
	return r;
}

int offer_try(const struct obstacles_host *host, const struct obstacles_allowed *allow,
	struct offer *offer)
{
	int r = offer_settle(host, allow, offer);

	if (r < 0)
		return r;
	offer_choose_name(host, offer);
	r = offer_weigh(host, allow, "", NULL, offer);
	if (r == -EINVAL)
		return 0;
	return r < 0 ? r : !obstacles_block(&offer->obstacles);
}

void offer_free(struct offer *offer)
{
	deviceset_free(&offer->set);
	obstacles_free(&offer->obstacles);
	free(offer->left);
	free(offer->text);
	free(offer->functions);
	free(offer->whole_slots);
	for (size_t i = 0; i < offer->n_physical; i++)
		free(offer->physical[i].text);
	free(offer->physical);
	*offer = (struct offer){0};
}
