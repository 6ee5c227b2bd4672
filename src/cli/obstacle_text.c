/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each obstacle in a sentence, and what removes it or allows it. */
#include "cli.h"

#define NAME "add"

/* After the first one, more uses of a function than these are counted. */
#define USES_MAX 4

#define CARRIES   "carries"
#define MAY_CARRY "may carry"

static void use_text(const struct usage_entry *usage, char *ret, size_t size)
{
	const char *may = usage->untraced ? MAY_CARRY : CARRIES;

	switch (usage->kind) {
	case IN_USE_MOUNT: snprintf(ret, size, "%s %s", may, usage->what); break;
	case IN_USE_SWAP: snprintf(ret, size, "%s the swap %s", may, usage->what); break;
	case IN_USE_RESUME:
		snprintf(ret, size, "%s what this host resumes from", may);
		break;
	case IN_USE_ROUTE:
		snprintf(ret, size, "%s the interface %s, which the default route uses",
			may, usage->what);
		break;
	case IN_USE_INTERFACE:
		snprintf(ret, size, "%s the interface %s, which is up", may, usage->what);
		break;
	}
}

static void group_text(const struct obstacle *obstacle, char *ret, size_t size)
{
	const struct usage_entry *usage = obstacle->usage;
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(obstacle->other->dev.address, address);
	snprintf(ret, size,
		"shares IOMMU group %d with %s, which the host uses (driver %s%s%s)",
		obstacle->other->group, address, obstacle->other->dev.driver,
		usage ? ", for " : "", usage ? usage->what : "");
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
	case OBSTACLE_USED: use_text(obstacle->usage, ret, size); break;
	case OBSTACLE_PART: snprintf(ret, size, "is part of %s", obstacle->what); break;
	case OBSTACLE_USB_DEVICE:
		snprintf(ret, size, "has '%s' plugged in", obstacle->what);
		break;
	case OBSTACLE_GROUP: group_text(obstacle, ret, size); break;
	case OBSTACLE_PROTECTED:
		snprintf(ret, size,
			"is on the protect list of this host (%s): it is never bound, "
			"whatever is configured",
			obstacle->protect->why);
		break;
	default: snprintf(ret, size, "%s", texts[obstacle->kind]); break;
	}
}

/* What can be done about it; "": the text says it. */
static const char *remedy_of(const struct obstacle *obstacle)
{
	bool network = obstacle_is_network(obstacle);
	const struct protect_entry *kept = obstacle->protect;

	switch (obstacle->kind) {
	case OBSTACLE_CONFIGURED: return "remove that first with 'vfioboot remove NAME'";
	case OBSTACLE_BRIDGE:
		return "name the device behind it, or the other functions of its slot";
	case OBSTACLE_USED:
		if (kept && kept->kind == PROTECT_NETWORK && network)
			return "'protect-network = yes' in [boot] keeps it for the host; "
			       "remove that first";
		if (kept)
			return "this host runs from it, so it is never bound, whatever is "
			       "configured; move that data to another device first";
		return network
			? "take the interface down and remove it from the network's "
			  "configuration, or use --allow-network"
			: "unmount it and remove it from /etc/fstab, or use "
			  "--allow-mounted";
	case OBSTACLE_PART: return "close or stop that first, or use --allow-mounted";
	case OBSTACLE_LAST_DISPLAY:
		return "the host could only be reached over the network or a serial line; "
		       "if that is intended, use --allow-last-display";
	case OBSTACLE_NO_GROUP:
		return "enable the IOMMU (VT-d, AMD-Vi, SMMU) in the firmware and the "
		       "kernel; 'vfioboot check' says more";
	default: return "";
	}
}

/* Whether the obstacle continues what the one before it says: one more mount point. */
static bool continues(const struct obstacles *obstacles, size_t n)
{
	const struct obstacle *obstacle = &obstacles->list[n], *before = obstacle - 1;

	return n && obstacle->kind == OBSTACLE_USED && before->kind == OBSTACLE_USED &&
		obstacle->function == before->function &&
		obstacle->usage->untraced == before->usage->untraced &&
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
		size_t verb = strlen(obstacle->usage->untraced ? MAY_CARRY : CARRIES);
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

/* Writes the operands of a command for the whole group.  Returns whether all are free. */
static bool put_operands(
	const struct obstacles *obstacles, char **operands, int n_operands, FILE *command)
{
	for (int i = 0; i < n_operands; i++)
		fprintf(command, " %s", operands[i]);
	for (size_t i = 0; i < obstacles->n; i++) {
		const struct obstacle *obstacle = &obstacles->list[i];
		char path[PCI_PATH_SIZE];

		if (obstacle->kind != OBSTACLE_GROUP)
			continue;
		if (!obstacle->other_is_free)
			return false;
		pci_path_format(&obstacle->other->dev.path, path);
		fprintf(command, " %s", path);
	}
	return true;
}

/* Proposes a command for the whole group, where that is possible. */
static void propose_group(
	const struct obstacles *obstacles, char **operands, int n_operands)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *command = open_memstream(&text, &size);
	bool whole = command && put_operands(obstacles, operands, n_operands, command);

	if (!command || fclose(command) != 0)
		cli_error(NAME, "%s", strerror(ENOMEM));
	else if (whole)
		cli_error(NAME,
			"a guest gets an IOMMU group as a whole; to add all of it, run "
			"'vfioboot add%s', or use --allow-partial-group",
			text);
	else
		cli_error(NAME,
			"a guest gets an IOMMU group as a whole, and the host needs part "
			"of this one; in another slot, the card may have a group of its "
			"own");
}

/* Those of the set as a whole: what the planner says of its section. */
static void say_verdict(
	const struct obstacles *obstacles, const struct obstacle *obstacle)
{
	char place[CONFIG_PLACE_SIZE];

	if (obstacle->kind == OBSTACLE_REFUSED) {
		cli_error(NAME, "the next boot would refuse this (%s): %s",
			reason_word(obstacle->reason), reason_text(obstacle->reason));
		return;
	}
	config_place_text(&obstacles->next->config, obstacle->section->place, place);
	cli_error(NAME,
		"with this and [device %s] (%s) the host would have no display left, so "
		"that section would be refused; if that is intended, set 'last-display = "
		"yes' there",
		obstacle->section->name, place);
}

static void say(const struct config *config, const struct obstacles *obstacles, size_t n)
{
	const struct obstacle *obstacle = &obstacles->list[n];
	const char *remedy = remedy_of(obstacle);
	char text[OBSTACLE_TEXT_SIZE];

	if (!obstacle->function) {
		say_verdict(obstacles, obstacle);
		return;
	}
	if (continues(obstacles, n))
		return;
	describe_all(config, obstacles, n, text);
	if (obstacle_blocks(obstacle))
		cli_error(NAME, "%s%s%s", text, remedy[0] ? "; " : "", remedy);
	else
		cli_warning(NAME, "%s", text);
}

void obstacles_say(const struct config *config, const struct obstacles *obstacles,
	char **operands, int n_operands)
{
	bool keeps_group = false;

	for (size_t i = 0; i < obstacles->n; i++)
		if (obstacles->list[i].kind != OBSTACLE_GROUP)
			say(config, obstacles, i);
	for (size_t i = 0; i < obstacles->n; i++) {
		if (obstacles->list[i].kind != OBSTACLE_GROUP)
			continue;
		say(config, obstacles, i);
		keeps_group |= obstacle_blocks(&obstacles->list[i]);
	}
	if (keeps_group)
		propose_group(obstacles, operands, n_operands);
}
