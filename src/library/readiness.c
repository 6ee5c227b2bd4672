/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What speaks against devices, what the checks find, and whether both leave nothing to do. */
#include "readiness.h"

#include "devices.h"
#include "obstacle_text.h"
#include "sections.h"

/* ---- obstacles */

/* Keeps what went wrong; what could have been meant is behind what to do. */
static int fail(struct vfioboot_machine *machine, const struct devices *devices,
	struct message *failure)
{
	size_t len = strlen(failure->remedy);

	if (devices->choices) {
		len += text_join(failure->remedy + len, sizeof(failure->remedy) - len,
			len ? "" : "none of them can be spared", ":\n", devices->choices,
			NULL);
		if (failure->remedy[len - 1] == '\n')
			failure->remedy[len - 1] = '\0';
	}
	return context_fail(machine->ctx, failure);
}

/* Reads what has to be known to judge devices, with what is allowed in *@ret_allowed. */
static int open_devices(struct vfioboot_machine *machine, unsigned allow,
	struct obstacles_allowed *ret_allowed, struct devices *devices)
{
	struct message failure = {0};

	*ret_allowed =
		(struct obstacles_allowed){.mounted = allow & VFIOBOOT_ALLOW_MOUNTED,
			.data = allow & VFIOBOOT_ALLOW_DATA,
			.network = allow & VFIOBOOT_ALLOW_NETWORK,
			.last_display = allow & VFIOBOOT_ALLOW_LAST_DISPLAY,
			.partial_group = allow & VFIOBOOT_ALLOW_PARTIAL_GROUP};
	devices->allow = ret_allowed;
	devices->only = allow & VFIOBOOT_ONLY;
	return devices_read(&machine->facts, vfioboot_get_root(machine->ctx), devices,
		       &failure) < 0
		? context_fail(machine->ctx, &failure)
		: 0;
}

/* Finds what is named, and settles what goes with it. */
static int find_devices(struct vfioboot_machine *machine, struct devices *devices,
	const char *const *names, size_t n)
{
	struct message failure = {0};
	int r = 0;

	if (!n)
		r = message_set(&failure, -ENXIO, "no device is named");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = devices_find(devices, names[i], &failure);
	if (r == 0)
		r = devices_settle(devices, names[0], &failure);
	return r < 0 ? fail(machine, devices, &failure) : 0;
}

/* Adds what speaks against the set that was found.  Returns whether `add` would take it. */
static int weigh(struct vfioboot_machine *machine, struct devices *devices,
	const char *const *names, size_t n, struct vfioboot_points *points)
{
	struct offer *offer = &devices->offer;
	struct message failure = {0};
	int r;

	offer_choose_name(&devices->host, offer);
	if (devices_judge(devices, offer, &failure) < 0)
		return context_fail(machine->ctx, &failure);
	if (devices->other_driver[0])
		context_warn(machine->ctx,
			"the driver %s fits some of the functions best, but a device set "
			"has one driver",
			devices->other_driver);
	r = obstacle_points(&devices->host, devices->allow, offer, names, (int)n, points);
	return r < 0 ? context_errno(machine->ctx, r)
		     : !obstacles_block(&offer->obstacles);
}

/* Gives @points to the caller, and @answer, unless that is an error. */
static int hand_over(struct vfioboot_machine *machine, int answer,
	struct vfioboot_points *points, struct vfioboot_points **ret_points)
{
	int r = answer < 0 ? 0 : points_hand_over(points, ret_points);

	points_clear(points);
	return r < 0 ? context_errno(machine->ctx, r) : answer;
}

int vfioboot_obstacles_find(struct vfioboot_machine *machine, const char *const *devices,
	size_t n, unsigned allow, struct vfioboot_points **ret_points)
{
	_cleanup_(devices_close) struct devices found = {0};
	struct vfioboot_points points = {0};
	struct obstacles_allowed allowed;
	int r = open_devices(machine, allow, &allowed, &found);

	if (r == 0)
		r = find_devices(machine, &found, devices, n);
	if (r == 0)
		r = weigh(machine, &found, devices, n, &points);
	return hand_over(machine, r, &points, ret_points);
}

/* ---- checks */

static int fail_name(struct vfioboot_machine *machine, int code, const char *name)
{
	struct message *failure = context_failure(machine->ctx);

	message_remedy(failure,
		code == -EINVAL
			? "'vfioboot plan' shows the device sets; for a device, use an "
			  "address (01:00.0), a path (00:01.0/00.0), an id (10de:2204) "
			  "or a class (class:0300)"
			: "'vfioboot list --all' shows all devices");
	return message_set(failure, code,
		code == -EINVAL ? "'%s' is neither a device set nor a device"
				: "no device matches '%s'",
		name);
}

/* @names are what the selectors were made of; of selectors that match anyway they are not needed. */
static int add_checks(struct vfioboot_machine *machine, const struct selector *selectors,
	const char *const *names, size_t n, struct vfioboot_points *points)
{
	_cleanup_(checks_free) struct check_list checks = {0};
	size_t bad = 0;
	int r = checks_run(&machine->facts, &machine->chain, machine->next, selectors, n,
		&checks, &bad);

	if (r == -ENXIO && names)
		return fail_name(machine, r, names[bad]);
	if (r == 0)
		r = points_take_checks(points, &checks);
	return context_errno(machine->ctx, r);
}

/* Selectors, each with the name that it was made of. */
struct named {
	struct selector *selectors;
	const char **names;
	size_t n;
};

static void add_selector(
	struct named *named, const struct selector *selector, const char *name)
{
	named->selectors[named->n] = *selector;
	named->names[named->n++] = name;
}

/* Adds the functions of the section @name.  0; -EINVAL: it is none; -ENXIO: none of them is there. */
static int add_set(
	struct vfioboot_machine *machine, const char *name, struct named *named)
{
	struct config *config = &machine->next->config;
	const struct config_section *section = config_find_section(config, name);
	const struct pcibus *bus = &machine->facts.bus;
	size_t before = named->n;

	for (size_t i = 0; section && i < bus->n; i++) {
		const struct pcidev *dev = &bus->functions[i].dev;
		const struct selector selector = {
			.kind = SELECTOR_ADDRESS, .address = dev->address};

		if (match_section(config, section, dev) == MATCH_MEMBER)
			add_selector(named, &selector, name);
	}
	return !section ? -EINVAL : named->n == before ? -ENXIO : 0;
}

int readiness_check(struct vfioboot_machine *machine, const char *const *devices,
	size_t n, struct vfioboot_points *points)
{
	size_t most = n * (machine->facts.bus.n + 1) + 1;
	_cleanup_free_ struct selector *selectors = calloc(most, sizeof(*selectors));
	_cleanup_free_ const char **names = calloc(most, sizeof(*names));
	struct named named = {selectors, names, 0};

	if (!selectors || !names)
		return context_errno(machine->ctx, -ENOMEM);
	for (size_t i = 0; i < n; i++) {
		struct selector selector;
		int r = 0;

		if (selector_parse(devices[i], &selector) == 0)
			add_selector(&named, &selector, devices[i]);
		else
			r = add_set(machine, devices[i], &named);
		if (r < 0)
			return fail_name(machine, r, devices[i]);
	}
	return add_checks(machine, selectors, names, named.n, points);
}

int vfioboot_check(struct vfioboot_machine *machine, const char *const *devices, size_t n,
	struct vfioboot_points **ret_points)
{
	struct vfioboot_points points = {0};
	int r = readiness_check(machine, devices, n, &points);

	return hand_over(machine, r, &points, ret_points);
}

/* ---- readiness */

struct question {
	struct vfioboot_machine *machine;
	bool *asked; /* functions that the checks are about, in the order of the bus */
	size_t n_asked;
	struct vfioboot_points points; /* all that was found */
};

static void ask_function(struct question *question, struct pci_address address)
{
	const struct pcibus *bus = &question->machine->facts.bus;
	const struct pcibus_function *function = pcibus_find(bus, address);

	if (!function || question->asked[function - bus->functions])
		return;
	question->asked[function - bus->functions] = true;
	question->n_asked++;
}

/* Why the next boot leaves the section alone. */
static int say_inactive(struct question *question, const struct config_section *section)
{
	char why[SECTIONS_TEXT_SIZE];

	sections_inactive_text(question->machine->next, section, why);
	return points_add(
		&question->points, VFIOBOOT_FAIL, "inactive", section->name, why, "");
}

/* What the plan says of a section; its functions are checked. */
static int ask_section(struct question *question, const struct config_section *section)
{
	const struct nextboot *next = question->machine->next;
	const struct plan *plan = section->demand ? &next->demand : &next->plan;
	int r = 0;

	if (section->bad)
		r = points_add(&question->points, VFIOBOOT_FAIL, "bad-config",
			section->name, reason_text(REASON_BAD_CONFIG), "");
	else if (!section->demand && !config_section_active(&next->config, section))
		r = say_inactive(question, section);
	for (unsigned i = 0; r == 0 && i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];

		if (strcmp(next->config.sections[entry->section].name, section->name))
			continue;
		if (entry->reason != REASON_NONE && !section->bad)
			r = points_add(&question->points, VFIOBOOT_FAIL,
				reason_word(entry->reason), section->name,
				nextboot_reason_text(next, entry), "");
		if (entry->function != PLAN_NO_FUNCTION)
			ask_function(question,
				next->machine.functions[entry->function].address);
	}
	return r;
}

/* Whether sections have all that was named: then what they say counts. */
static bool is_configured(const struct offer *offer)
{
	for (size_t i = 0; i < offer->set.n; i++)
		if (offer->set.members[i].why == DEVICESET_NAMED &&
			!offer_find_section(offer, offer->set.members[i].function))
			return false;
	return true;
}

/* What speaks against devices, as one set. */
static int ask_devices(struct question *question, const char *const *names, size_t n)
{
	_cleanup_(devices_close) struct devices devices = {.sets = true};
	const struct config_section *section, *last = NULL;
	struct obstacles_allowed allowed;
	int r = open_devices(question->machine, 0, &allowed, &devices);

	if (r == 0)
		r = find_devices(question->machine, &devices, names, n);
	if (r < 0)
		return r;
	for (size_t i = 0; i < devices.offer.set.n; i++)
		ask_function(
			question, devices.offer.set.members[i].function->dev.address);
	if (!is_configured(&devices.offer))
		return weigh(question->machine, &devices, names, n, &question->points);
	for (size_t i = 0; r == 0 && i < devices.offer.set.n; i++) {
		section = offer_find_section(
			&devices.offer, devices.offer.set.members[i].function);
		if (section && section != last)
			r = ask_section(question, section);
		last = section ? section : last;
	}
	return r;
}

static int check_asked(struct question *question)
{
	const struct pcibus *bus = &question->machine->facts.bus;
	_cleanup_free_ struct selector *selectors =
		calloc(question->n_asked + 1, sizeof(*selectors));
	size_t n = 0;

	if (!selectors)
		return context_errno(question->machine->ctx, -ENOMEM);
	for (size_t i = 0; i < bus->n; i++)
		if (question->asked[i])
			selectors[n++] = (struct selector){.kind = SELECTOR_ADDRESS,
				.address = bus->functions[i].dev.address};
	return add_checks(question->machine, selectors, NULL, n, &question->points);
}

/* Asks about each of the names, and makes the checks. */
static int ask(struct question *question, const char *const *names, size_t n)
{
	struct config *config = &question->machine->next->config;
	_cleanup_free_ const char **others = calloc(n + 1, sizeof(*others));
	size_t n_others = 0;
	int r = others ? 0 : -ENOMEM;

	for (unsigned i = 0; r == 0 && !n && i < config->n_sections; i++)
		r = ask_section(question, &config->sections[i]);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct config_section *section =
			config_find_section(config, names[i]);

		if (section)
			r = ask_section(question, section);
		else
			others[n_others++] = names[i];
	}
	if (r < 0)
		return context_errno(question->machine->ctx, r);
	if (n_others)
		r = ask_devices(question, others, n_others);
	return r < 0 ? r : check_asked(question);
}

/* What the checks say of sections is about all of them; of those in question it was said. */
static int add_problems(struct vfioboot_machine *machine,
	const struct vfioboot_points *points, struct vfioboot_points *problems)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < points->n; i++) {
		const struct vfioboot_point *point = &points->list[i];

		if ((point->level == VFIOBOOT_FAIL || point->level == VFIOBOOT_UNKNOWN) &&
			strcmp(point->code, "section") != 0)
			r = points_add(problems, point->level, point->code,
				point->subject, point->text, point->remedy);
	}
	return context_errno(machine->ctx, r);
}

int vfioboot_readiness(struct vfioboot_machine *machine, const char *const *names,
	size_t n, struct vfioboot_points **ret_points)
{
	struct question question = {.machine = machine};
	struct vfioboot_points problems = {0};
	int r;

	question.asked = calloc(machine->facts.bus.n + 1, sizeof(*question.asked));
	r = question.asked ? ask(&question, names, n)
			   : context_errno(machine->ctx, -ENOMEM);
	if (r >= 0)
		r = add_problems(machine, &question.points, &problems);
	free(question.asked);
	points_clear(&question.points);
	return hand_over(machine, r < 0 ? r : !problems.n, &problems, ret_points);
}
