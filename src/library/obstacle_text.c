/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each obstacle in a sentence, and what removes it or allows it. */
#include "obstacle_text.h"

#include "sections.h"

/* After the first one, more uses of a function than these are counted. */
#define USES_MAX 4

/* By which programs decide. */
static const char *obstacle_word(enum obstacle_kind kind)
{
	static const char *const words[] = {
		[OBSTACLE_CONFIGURED] = "configured",
		[OBSTACLE_BRIDGE] = "bridge",
		[OBSTACLE_USED] = "in-use",
		[OBSTACLE_UNKNOWN_USE] = "use-unknown",
		[OBSTACLE_PART] = "part",
		[OBSTACLE_DATA] = "data",
		[OBSTACLE_BOOT_DISPLAY] = "boot-display",
		[OBSTACLE_LAST_DISPLAY] = "last-display",
		[OBSTACLE_USB_DEVICE] = "usb-device",
		[OBSTACLE_NO_GROUP] = "no-iommu-group",
		[OBSTACLE_GROUP] = "group",
		[OBSTACLE_VIRTUAL] = "virtual-in-use",
		[OBSTACLE_LATER] = "later",
		[OBSTACLE_PROTECTED] = "protected",
		[OBSTACLE_REFUSED] = "refused",
		[OBSTACLE_DISPLACES] = "displaces",
	};

	return words[kind];
}

static void group_text(const struct obstacle *obstacle, char *ret, size_t size)
{
	const struct usage_entry *usage = obstacle->usage;
	bool now = !pcidev_driver_is_vfio(obstacle->other->dev.driver);
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(obstacle->other->dev.address, address);
	snprintf(ret, size,
		"shares IOMMU group %d with %s, which the host %s (driver %s%s%s)",
		obstacle->other->group, address,
		now ? "uses" : "gets back at the next boot", obstacle->what,
		usage ? ", for " : "", usage ? usage->what : "");
}

static void virtual_text(const struct obstacle *obstacle, char *ret, size_t size)
{
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(obstacle->other->dev.address, address);
	snprintf(ret, size,
		"has virtual functions that are in use (%s by the driver %s), which would be gone",
		address, obstacle->other->dev.driver);
}

static void data_text(const struct drives_device *drive, char *ret, size_t size)
{
	size_t len = text_join(ret, size, drives_verb(drive), " ", NULL);

	drives_text(drive, ret + len, size - len);
}

/* What the plan says of a device that was just named, so it has not moved. */
static void planned_text(
	const struct obstacle *obstacle, char ret[static OBSTACLE_TEXT_SIZE])
{
	if (obstacle->kind == OBSTACLE_DISPLACES)
		snprintf(ret, OBSTACLE_TEXT_SIZE,
			"would leave the host no display beside [device %s], which would be "
			"refused",
			obstacle->section->name);
	else if (obstacle->reason == REASON_MOVED)
		strcpy(ret,
			"cannot be distinguished from another device with the same ids");
	else
		snprintf(ret, OBSTACLE_TEXT_SIZE, "would be refused %s (%s): %s",
			obstacle->section->demand ? "when its guest starts"
						  : "at the next boot",
			reason_word(obstacle->reason), reason_text(obstacle->reason));
}

void obstacle_text(const struct config *config, const struct obstacle *obstacle,
	char ret[static OBSTACLE_TEXT_SIZE])
{
	static const char *const texts[] = {
		[OBSTACLE_BRIDGE] = "is a bridge, which cannot be given to a guest",
		[OBSTACLE_UNKNOWN_USE] =
			"may be in use: this is not the root of a running host",
		[OBSTACLE_BOOT_DISPLAY] = "is the boot display",
		[OBSTACLE_LAST_DISPLAY] = "is the last display of the host",
		[OBSTACLE_NO_GROUP] = "has no IOMMU group",
	};
	size_t size = OBSTACLE_TEXT_SIZE;
	char place[CONFIG_PLACE_SIZE];

	switch (obstacle->kind) {
	case OBSTACLE_CONFIGURED:
		config_place_text(config, obstacle->section->place, place);
		snprintf(ret, size, "is already in [device %s], %s",
			obstacle->section->name, place);
		break;
	case OBSTACLE_USED: usage_text(obstacle->usage, ret, size); break;
	case OBSTACLE_DATA: data_text(obstacle->drive, ret, size); break;
	case OBSTACLE_PART: snprintf(ret, size, "is part of %s", obstacle->what); break;
	case OBSTACLE_USB_DEVICE:
		snprintf(ret, size, "has '%s' plugged in", obstacle->what);
		break;
	case OBSTACLE_GROUP: group_text(obstacle, ret, size); break;
	case OBSTACLE_VIRTUAL: virtual_text(obstacle, ret, size); break;
	case OBSTACLE_LATER: sections_later_text(obstacle->function, ret); break;
	case OBSTACLE_PROTECTED:
		snprintf(ret, size,
			"is on the protect list of this host (%s): it is never bound, "
			"whatever is configured",
			obstacle->protect->why);
		break;
	case OBSTACLE_REFUSED:
	case OBSTACLE_DISPLACES: planned_text(obstacle, ret); break;
	default: snprintf(ret, size, "%s", texts[obstacle->kind]); break;
	}
}

static const char *remedy_of_use(const struct obstacle *obstacle)
{
	bool network = obstacle_is_network(obstacle);
	const struct protect_entry *kept = obstacle->protect;

	if (kept && kept->kind == PROTECT_NETWORK && network)
		return "'protect-network = yes' in [boot] keeps it for the host; remove that "
		       "first";
	if (kept)
		return "this host runs from it, so it is never bound, whatever is configured; "
		       "move that data to another device first";
	if (obstacle->usage->kind == IN_USE_CONSOLE)
		return "";
	return network
		? "take the interface down and remove it from the network's "
		  "configuration, or use --allow-network"
		: "unmount it and remove it from /etc/fstab, or use --allow-mounted";
}

/* What can be done about it; "": the text says it. */
static const char *remedy_of(
	const struct obstacles_host *host, const struct obstacle *obstacle)
{
	switch (obstacle->kind) {
	case OBSTACLE_BRIDGE:
		return "name the device behind it, or the other functions of its slot";
	case OBSTACLE_USED: return remedy_of_use(obstacle);
	case OBSTACLE_VIRTUAL:
		return "add virtual functions in its place, or stop what uses and what makes "
		       "them";
	case OBSTACLE_LATER: return SECTIONS_LATER_REMEDY;
	case OBSTACLE_PART: return "close or stop that first, or use --allow-mounted";
	case OBSTACLE_DATA:
		return obstacle->drive->state == DRIVES_DATA
			? "the data stays there, and the guest can read and write it; if it "
			  "is the guest's own, use --allow-data"
			: "run 'sudo udevadm trigger --settle --subsystem-match=block' and "
			  "try again, or use --allow-data";
	case OBSTACLE_LAST_DISPLAY:
		return "the host could only be reached over the network or a serial line; "
		       "if that is intended, use --allow-last-display";
	case OBSTACLE_NO_GROUP:
		return "run 'sudo vfioboot check', which says how to enable the IOMMU";
	case OBSTACLE_BOOT_DISPLAY:
		return host->demand
			? "while its guest has it, it shows nothing of the host"
			: "the firmware and the boot menu appear on it, and nothing of the host "
			  "after them";
	default: return "";
	}
}

void obstacle_remedy(const struct obstacles_host *host, const struct obstacle *obstacle,
	char ret[static OBSTACLE_TEXT_SIZE])
{
	const struct config_section *section = obstacle->section;

	if (obstacle->kind != OBSTACLE_CONFIGURED)
		text_join(ret, OBSTACLE_TEXT_SIZE, remedy_of(host, obstacle), NULL);
	else if (dropin_is_ours(host->facts->root,
			 host->config->files[section->place.file]) == 1)
		snprintf(ret, OBSTACLE_TEXT_SIZE,
			"remove that first with 'sudo vfioboot remove %s'",
			section->name);
	else
		strcpy(ret,
			"delete that section there first; 'vfioboot remove' deletes "
			"only what 'vfioboot add' wrote");
}

/* Whether the obstacle continues what the one before it says: one more mount point, or partition. */
static bool continues(const struct obstacles *obstacles, size_t n)
{
	const struct obstacle *obstacle = &obstacles->list[n], *before = obstacle - 1;

	if (!n || obstacle->kind != before->kind ||
		obstacle->function != before->function)
		return false;
	if (obstacle->kind == OBSTACLE_DATA)
		return obstacle->drive->state == before->drive->state;
	return obstacle->kind == OBSTACLE_USED &&
		obstacle->usage->untraced == before->usage->untraced &&
		obstacle->usage->kind != IN_USE_CONSOLE &&
		!obstacle_is_network(obstacle) && !obstacle_is_network(before);
}

/* "0000:01:00.0 carries /data" */
static void describe(const struct config *config, const struct obstacle *obstacle,
	char ret[static OBSTACLE_TEXT_SIZE])
{
	char address[PCI_ADDRESS_SIZE], text[OBSTACLE_TEXT_SIZE];

	pci_address_format(obstacle->function->dev.address, address);
	obstacle_text(config, obstacle, text);
	text_join(ret, OBSTACLE_TEXT_SIZE, address,
		obstacle->goes_along ? ", added with its device, " : " ", text, NULL);
}

/* The same of the obstacle @n and, without their verb, those that continue it. */
static void describe_all(const struct config *config, const struct obstacles *obstacles,
	size_t n, char ret[static OBSTACLE_TEXT_SIZE])
{
	unsigned more = 0;
	size_t len;

	describe(config, &obstacles->list[n], ret);
	while (++n < obstacles->n && continues(obstacles, n)) {
		const struct obstacle *obstacle = &obstacles->list[n];
		size_t verb = strlen(obstacle->drive ? drives_verb(obstacle->drive)
						     : usage_verb(obstacle->usage));
		char text[OBSTACLE_TEXT_SIZE];

		if (more++ >= USES_MAX)
			continue;
		len = strlen(ret);
		obstacle_text(config, obstacle, text);
		text_join(ret + len, OBSTACLE_TEXT_SIZE - len, ",", text + verb, NULL);
	}
	len = strlen(ret);
	if (more > USES_MAX)
		snprintf(ret + len, OBSTACLE_TEXT_SIZE - len, " and %u more",
			more - USES_MAX);
}

/* What a command for the whole group would add. */
struct proposal {
	const struct obstacles_host *host;
	struct offer offer;
	bool replaced; /* what was named, by what makes it */
	bool possible;
};

/*
 * Adds a function to the proposal; in its place, what makes it, if that is in the same group: a
 * guest can have what is behind a VMD controller only with that.
 */
static int propose(struct proposal *proposal, const struct pcibus_function *function)
{
	const struct pcibus *bus = &proposal->host->facts->bus;
	const struct pcibus_function *maker = function->later == PCIBUS_BEHIND
		? pcibus_find(bus, function->maker)
		: NULL;

	if (maker && maker->group == function->group) {
		proposal->replaced = true;
		function = maker;
	}
	return deviceset_add(&proposal->offer.set, bus, function, false);
}

static int make_proposal(const struct obstacles_allowed *allow, const struct offer *asked,
	struct proposal *proposal)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < asked->set.n; i++)
		if (asked->set.members[i].why == DEVICESET_NAMED)
			r = propose(proposal, asked->set.members[i].function);
	for (size_t i = 0; r == 0 && i < asked->obstacles.n; i++)
		if (asked->obstacles.list[i].kind == OBSTACLE_GROUP)
			r = propose(proposal, asked->obstacles.list[i].other);
	if (r == 0)
		r = offer_try(proposal->host, allow, &proposal->offer);
	proposal->possible = r > 0;
	return r < 0 ? r : 0;
}

/* Writes the operands of the command. */
static void put_operands(const struct proposal *proposal, const struct offer *asked,
	const char *const *operands, int n_operands, FILE *command)
{
	const struct deviceset *set = &proposal->offer.set;

	for (int i = 0; !proposal->replaced && i < n_operands; i++)
		fprintf(command, " %s", operands[i]);
	for (size_t i = 0; i < set->n; i++) {
		const struct pcibus_function *function = set->members[i].function;
		char path[PCI_PATH_SIZE];

		if (set->members[i].why != DEVICESET_NAMED ||
			(!proposal->replaced && deviceset_has(&asked->set, function)))
			continue;
		pci_path_format(&function->dev.path, path);
		fprintf(command, " %s", path);
	}
}

/* Where each obstacle goes. */
struct destination {
	const struct obstacles_host *host;
	struct vfioboot_points *points;
	int error; /* of what was to be added */
};

/* @function NULL: of the set as a whole; a remedy may be "". */
static void report(struct destination *to, bool refuses, enum obstacle_kind kind,
	const struct pcibus_function *function, const char *text, const char *remedy)
{
	char address[PCI_ADDRESS_SIZE] = "";

	if (function)
		pci_address_format(function->dev.address, address);
	if (to->error == 0)
		to->error =
			points_add(to->points, refuses ? VFIOBOOT_FAIL : VFIOBOOT_NOTE,
				obstacle_word(kind), address, text, remedy);
}

/* Proposes a command for the whole group, where that is possible. */
static void propose_group(struct destination *to, const struct obstacles_allowed *allow,
	const struct offer *asked, const char *const *operands, int n_operands)
{
	struct proposal proposal = {.host = to->host};
	struct text_stream command = {0};
	_cleanup_free_ char *text = NULL, *remedy = NULL;
	int r = text_stream_open(&command) ? make_proposal(allow, asked, &proposal)
					   : -ENOMEM;

	if (r == 0)
		put_operands(&proposal, asked, operands, n_operands, command.out);
	if (command.out)
		text = text_stream_take(&command);
	offer_free(&proposal.offer);
	if (r == 0 &&
		(!text ||
			asprintf(&remedy,
				"to add all of it, run 'sudo vfioboot add%s%s%s%s', or use "
				"--allow-partial-group",
				to->host->profile ? " --profile " : "",
				to->host->profile ? to->host->profile : "",
				to->host->demand ? " --demand" : "", text) < 0)) {
		remedy = NULL;
		r = -ENOMEM;
	}
	if (r < 0)
		to->error = r;
	else if (!proposal.possible)
		report(to, true, OBSTACLE_GROUP, NULL,
			"a guest gets an IOMMU group as a whole, and the host needs part of "
			"this one",
			"in another slot, the card may have a group of its own");
	else
		report(to, true, OBSTACLE_GROUP, NULL,
			"a guest gets an IOMMU group as a whole", remedy);
}

/* Those of the set as a whole: what the planner says of its section. */
static void verdict_text(const struct obstacles *obstacles,
	const struct obstacle *obstacle, char ret[static OBSTACLE_TEXT_SIZE])
{
	char place[CONFIG_PLACE_SIZE];

	if (obstacle->kind == OBSTACLE_REFUSED) {
		snprintf(ret, OBSTACLE_TEXT_SIZE, "%s would refuse this (%s): %s",
			obstacle->section->demand ? "the start of its guest"
						  : "the next boot",
			reason_word(obstacle->reason), reason_text(obstacle->reason));
		return;
	}
	config_place_text(&obstacles->next->config, obstacle->section->place, place);
	snprintf(ret, OBSTACLE_TEXT_SIZE,
		"with this and [device %s] (%s) the host would have no display left, so "
		"that section would be refused; if that is intended, set 'last-display = "
		"yes' there",
		obstacle->section->name, place);
}

void obstacle_reason(const struct config *config, const struct offer *offer,
	char ret[static OBSTACLE_TEXT_SIZE])
{
	const struct obstacles *obstacles = &offer->obstacles;

	strcpy(ret, "it has no unique path");
	for (size_t i = 0; i < obstacles->n; i++) {
		if (!obstacle_blocks(&obstacles->list[i]))
			continue;
		if (obstacles->list[i].function)
			describe_all(config, obstacles, i, ret);
		else
			verdict_text(obstacles, &obstacles->list[i], ret);
		return;
	}
}

/* The device was just named, so it has not moved: it may do so later, and its twin be there then. */
static void say_twins(struct destination *to, const struct offer *offer)
{
	const char *path = strstr(offer->text, "\npath = ");
	int len = path ? (int)strcspn(path + 1, "\n") : 0;
	_cleanup_free_ char *remedy = NULL;

	report(to, true, OBSTACLE_REFUSED, NULL,
		"another device has the same ids, and nothing that the kernel shows here "
		"(serial number, slot, host bridge) distinguishes the two: the path of this "
		"one begins with the number of a root bus, which firmware may change",
		"");
	if (!path)
		return;
	if (asprintf(&remedy,
		    "run \"printf '[device %s]\\n%.*s\\nexpect = %zu\\n' | sudo install -D -m "
		    "644 /dev/stdin " CONFIGFILES_LOCAL_DIR
		    "/%s.conf\", and look at 'vfioboot plan' after each change of the "
		    "firmware or of the cards",
		    offer->name, len, path + 1, offer->set.n, offer->name) < 0) {
		remedy = NULL;
		to->error = -ENOMEM;
		return;
	}
	report(to, true, OBSTACLE_REFUSED, NULL,
		"to bind what is at this path whatever it is, write its section yourself, "
		"without 'id'",
		remedy);
}

static void say(struct destination *to, const struct offer *offer, size_t n)
{
	const struct obstacles *obstacles = &offer->obstacles;
	const struct obstacle *obstacle = &obstacles->list[n];
	char text[OBSTACLE_TEXT_SIZE], remedy[OBSTACLE_TEXT_SIZE] = "";

	if (obstacle->kind == OBSTACLE_REFUSED && obstacle->reason == REASON_MOVED) {
		say_twins(to, offer);
		return;
	}
	if (!obstacle->function) {
		verdict_text(obstacles, obstacle, text);
		report(to, true, obstacle->kind, NULL, text, "");
		return;
	}
	if (continues(obstacles, n))
		return;
	describe_all(to->host->config, obstacles, n, text);
	if (obstacle_blocks(obstacle) || obstacle->kind == OBSTACLE_LATER ||
		obstacle->kind == OBSTACLE_BOOT_DISPLAY)
		obstacle_remedy(to->host, obstacle, remedy);
	report(to, obstacle_blocks(obstacle), obstacle->kind, obstacle->function, text,
		remedy);
}

int obstacle_points(const struct obstacles_host *host,
	const struct obstacles_allowed *allow, const struct offer *offer,
	const char *const *operands, int n_operands, struct vfioboot_points *points)
{
	struct destination to = {.host = host, .points = points};
	const struct obstacles *obstacles = &offer->obstacles;
	bool keeps_group = false;

	for (size_t i = 0; i < obstacles->n; i++)
		if (obstacles->list[i].kind != OBSTACLE_GROUP)
			say(&to, offer, i);
	for (size_t i = 0; i < obstacles->n; i++) {
		if (obstacles->list[i].kind != OBSTACLE_GROUP)
			continue;
		say(&to, offer, i);
		keeps_group |= obstacle_blocks(&obstacles->list[i]);
	}
	if (keeps_group)
		propose_group(&to, allow, offer, operands, n_operands);
	return to.error;
}
