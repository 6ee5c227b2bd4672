/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries plans out: overrides, drivers, binding, rolling back. */
#include "bind.h"

#include <limits.h>
#include <poll.h>

#include "base/base.h"
#include "driver.h"

/* Milliseconds that each may take, if the deadline does not come first. */
#define LOAD_MS   10000
#define UNBIND_MS 5000
#define STEPS_MS  5000 /* the settings of one function, before and after its driver */

/* How long the kernel may take to add the functions of a bus, looked at after 10, 30, 70 ... */
#define ATTACH_MS 1000

static uint64_t earlier(uint64_t deadline, uint64_t milliseconds)
{
	uint64_t own = child_now() + milliseconds;

	return own < deadline ? own : deadline;
}

/* ---- One plan */

struct binding {
	const struct root *root;
	const struct config *config;
	const struct machine *machine;
	const struct plan *plan;
	struct outcome *outcomes;
	struct step *steps;
	unsigned n_steps;
	struct virtual_made *made;
	unsigned busy;  /* the entry that is being written for, or NOT_BUSY */
	unsigned stuck; /* the entry that an earlier child hangs at, or NOT_BUSY */
	uint64_t deadline;
};

#define NOT_BUSY UINT_MAX

static const char *driver_of(const struct binding *binding, unsigned entry)
{
	return binding->config->sections[binding->plan->entries[entry].section].driver;
}

static const struct pcidev *function_of(const struct binding *binding, unsigned entry)
{
	return &binding->machine->functions[binding->plan->entries[entry].function];
}

/* Whether the function stays with its native driver. */
static bool is_native(const struct binding *binding, unsigned entry)
{
	return config_section_is_native(
		&binding->config->sections[binding->plan->entries[entry].section]);
}

/* Whether the work on an entry goes on: it is to be bound, and nothing failed yet. */
static bool goes_on(const struct binding *binding, unsigned entry)
{
	return binding->plan->entries[entry].reason == REASON_NONE &&
		binding->outcomes[entry].reason == REASON_NONE;
}

static bool is_none(const char *driver)
{
	return text_is(driver, CONFIG_DRIVER_NONE);
}

/* Up to 6.12.79 an override waits for a probe of the device that is under way. */
static int write_override(struct binding *binding, unsigned entry, const char *driver)
{
	int r;

	binding->busy = entry;
	r = sysfs_write_override(
		binding->root, function_of(binding, entry)->address, driver);
	binding->busy = NOT_BUSY;
	return r;
}

static int write_probe(struct binding *binding, unsigned entry)
{
	int r;

	binding->busy = entry;
	r = sysfs_write_probe(binding->root, function_of(binding, entry)->address);
	binding->busy = NOT_BUSY;
	return r;
}

static void write_overrides(struct binding *binding)
{
	for (unsigned i = 0; i < binding->plan->n_entries; i++)
		if (goes_on(binding, i) && !is_native(binding, i) &&
			write_override(binding, i, driver_of(binding, i)) < 0)
			binding->outcomes[i].reason = REASON_IO_ERROR;
}

/* Whether the driver was loaded for an earlier entry of the plan. */
static bool driver_seen(const struct binding *binding, unsigned entry)
{
	for (unsigned i = 0; i < entry; i++)
		if (goes_on(binding, i) &&
			strcmp(driver_of(binding, i), driver_of(binding, entry)) == 0)
			return true;
	return false;
}

static void load_drivers(struct binding *binding)
{
	for (unsigned i = 0; i < binding->plan->n_entries; i++) {
		const char *driver = driver_of(binding, i);

		if (!goes_on(binding, i) || driver_seen(binding, i) || is_none(driver) ||
			is_native(binding, i) ||
			text_is(binding->outcomes[i].driver, driver) ||
			driver_load(binding->root, driver,
				earlier(binding->deadline, LOAD_MS)))
			continue;
		for (unsigned j = i; j < binding->plan->n_entries; j++)
			if (goes_on(binding, j) &&
				strcmp(driver_of(binding, j), driver) == 0)
				binding->outcomes[j].reason = REASON_NO_DRIVER;
	}
}

/* A native driver that was faster than udev keeps the function, unless its section says "take". */
static bool may_unbind(const struct binding *binding, unsigned entry)
{
	return !binding->plan->late ||
		binding->config->sections[binding->plan->entries[entry].section].take;
}

static enum reason unbind(
	const struct binding *binding, struct pci_address address, const char *driver)
{
	int r = driver_unbind(
		binding->root, address, driver, earlier(binding->deadline, UNBIND_MS));

	if (r == -ETIMEDOUT)
		return REASON_UNBIND_TIMEOUT;
	return r == 0 ? REASON_NONE : REASON_IO_ERROR;
}

/* Carries the settings of a function out that are due before its driver, or once it has it. */
static enum reason set_up(struct binding *binding, unsigned entry, bool late)
{
	struct settings settings = {.root = binding->root,
		.section =
			&binding->config->sections[binding->plan->entries[entry].section],
		.address = function_of(binding, entry)->address,
		.made = binding->made,
		.late = late};

	for (unsigned i = binding->n_steps; i-- > 0;) {
		if (binding->steps[i].entry != entry)
			continue;
		settings.steps = &binding->steps[i];
		settings.n++;
	}
	if (!settings.n)
		return REASON_NONE;
	/* A card with many virtual functions takes its time. */
	return settings_run(&settings,
		       settings.section->vfs ? binding->deadline
					     : earlier(binding->deadline, STEPS_MS)) < 0
		? REASON_SETTING_TIMEOUT
		: REASON_NONE;
}

/* A driver that is loaded takes the functions that are meant for it: their settings come before. */
static void set_up_free(struct binding *binding)
{
	for (unsigned i = 0; i < binding->plan->n_entries; i++)
		if (goes_on(binding, i) && !binding->outcomes[i].driver[0])
			binding->outcomes[i].reason = set_up(binding, i, false);
}

/*
 * The driver of a function that was probed.  One that has just appeared matches none before the
 * whole bus was scanned, and then the kernel probes it by itself (pci_bus_add_device() of
 * drivers/pci/bus.c).
 */
static int read_probed(
	const struct binding *binding, struct pci_address address, char *driver)
{
	bool waits = binding->plan->late && binding->root->live;
	int r;

	for (int wait = 10;; wait *= 2) {
		r = sysfs_read_driver(binding->root, address, driver);
		if (r < 0 || *driver || !waits || wait > ATTACH_MS)
			return r;
		poll(NULL, 0, wait);
	}
}

/*
 * Brings one function from the driver that it was seen with to the one that is asked for, and
 * reads back that it is there.  Twice, because a native driver may have taken it between the
 * look and the override.
 */
static enum reason bind_function(struct binding *binding, unsigned entry)
{
	struct pci_address address = function_of(binding, entry)->address;
	const char *asked = driver_of(binding, entry);
	char *driver = binding->outcomes[entry].driver;
	bool probed = false;

	/* With no driver there is none that keeps others off: one may have come meanwhile. */
	if (is_none(asked) && sysfs_read_driver(binding->root, address, driver) < 0)
		return REASON_IO_ERROR;
	while (!config_driver_is(asked, driver)) {
		enum reason reason = REASON_NONE;

		if (driver[0])
			reason = may_unbind(binding, entry)
				? unbind(binding, address, driver)
				: REASON_HAS_DRIVER;
		else if (probed)
			reason = REASON_NOT_BOUND;
		if (reason != REASON_NONE) {
			/* A driver whose remove hangs has lost its link already. */
			sysfs_read_driver(binding->root, address, driver);
			return reason;
		}
		reason = set_up(binding, entry, false);
		if (reason != REASON_NONE)
			return reason;
		if (!is_none(asked) && write_probe(binding, entry) < 0)
			return REASON_IO_ERROR;
		if (read_probed(binding, address, driver) < 0)
			return REASON_IO_ERROR;
		if (probed && !config_driver_is(asked, driver))
			return REASON_NOT_BOUND;
		probed = true;
	}
	return set_up(binding, entry, false);
}

/* The entries of one section are neighbours: the first one behind those of @first's. */
static unsigned section_end(const struct binding *binding, unsigned first)
{
	const struct plan *plan = binding->plan;
	unsigned end = first;

	while (end < plan->n_entries &&
		plan->entries[end].section == plan->entries[first].section)
		end++;
	return end;
}

/* Whether one of the entries from @first to before @end was to be bound and failed. */
static bool any_failed(const struct binding *binding, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (binding->plan->entries[i].reason == REASON_NONE &&
			binding->outcomes[i].reason != REASON_NONE &&
			binding->outcomes[i].reason != REASON_LATER)
			return true;
	return false;
}

static void bind_entry(struct binding *binding, unsigned entry)
{
	struct outcome *outcome = &binding->outcomes[entry];
	/* The clock is asked by a system call: not for one that takes no time. */
	bool done = config_driver_is(driver_of(binding, entry), outcome->driver);

	outcome->reason = done || child_now() < binding->deadline
		? bind_function(binding, entry)
		: REASON_DEADLINE;
	if (outcome->reason != REASON_NONE)
		return;
	outcome->result = RESULT_BOUND;
	set_up(binding, entry, true);
}

/*
 * Once a function of a section failed, the others are left with the driver that they have.
 * Without a kernel nothing can succeed, and all is asked.
 */
static void bind_functions(struct binding *binding)
{
	unsigned end;

	for (unsigned first = 0; first < binding->plan->n_entries; first = end) {
		end = section_end(binding, first);
		for (unsigned i = first; i < end; i++) {
			if (binding->root->live && any_failed(binding, first, end))
				break;
			if (goes_on(binding, i))
				bind_entry(binding, i);
		}
	}
}

/*
 * Gives a function back: no override, and whichever driver wants it.  Left alone is one
 * that had its driver before this run, since a guest may have it by now, and one whose
 * driver hangs, since its lock would hang this program too.
 */
static void roll_back_function(struct binding *binding, unsigned entry)
{
	const struct pcidev *dev = function_of(binding, entry);
	struct outcome *outcome = &binding->outcomes[entry];
	const char *asked = driver_of(binding, entry);

	if (is_native(binding, entry))
		return;
	outcome->result = RESULT_FAILED;
	if (outcome->reason == REASON_NONE)
		outcome->reason = REASON_SECTION_FAILED;
	if (config_driver_is(asked, dev->driver) && dev->driver[0])
		return;
	if (outcome->reason == REASON_UNBIND_TIMEOUT ||
		outcome->reason == REASON_SETTING_TIMEOUT || entry == binding->stuck)
		return;
	write_override(binding, entry, "");
	sysfs_read_driver(binding->root, dev->address, outcome->driver);
	if (strcmp(outcome->driver, asked) == 0 &&
		unbind(binding, dev->address, asked) == REASON_UNBIND_TIMEOUT)
		return;
	write_probe(binding, entry);
	sysfs_read_driver(binding->root, dev->address, outcome->driver);
}

static void roll_back(struct binding *binding)
{
	unsigned end;

	for (unsigned first = 0; first < binding->plan->n_entries; first = end) {
		end = section_end(binding, first);
		for (unsigned i = first; any_failed(binding, first, end) && i < end; i++)
			roll_back_function(binding, i);
	}
}

/* Without a kernel there is nothing to roll back: the tree keeps what was asked. */
static void note_no_kernel(struct binding *binding)
{
	for (unsigned i = 0; i < binding->plan->n_entries; i++)
		if (binding->plan->entries[i].reason == REASON_NONE &&
			binding->outcomes[i].reason == REASON_NOT_BOUND)
			binding->outcomes[i].reason = REASON_NO_KERNEL;
}

/* In a child: the kernel may make any of these writes wait for a lock. */
static int do_work(void *data)
{
	struct binding *binding = data;

	write_overrides(binding);
	set_up_free(binding);
	load_drivers(binding);
	bind_functions(binding);
	if (!binding->root->live) {
		note_no_kernel(binding);
		return 0;
	}
	/* Room for what the kernel does on the way; the parent watches the end of it. */
	binding->deadline += BIND_END_MS - BIND_WORK_MS;
	roll_back(binding);
	return 0;
}

/* In another child, when the first one hangs: gives back what that one did not get to. */
static int do_roll_back(void *data)
{
	struct binding *binding = data;

	roll_back(binding);
	return 0;
}

/* The work did not end as it should: @r is of child_run_shared(). */
static void clean_up(struct binding *binding, int r)
{
	for (unsigned i = 0; i < binding->plan->n_entries; i++)
		if (goes_on(binding, i) && binding->outcomes[i].result != RESULT_BOUND)
			binding->outcomes[i].reason =
				r == -ETIMEDOUT ? REASON_DEADLINE : REASON_IO_ERROR;
	if (!binding->root->live)
		return;
	/* What the first child waits for would hold up this one, too. */
	binding->stuck = binding->busy;
	binding->deadline = child_now() + BIND_CLEAN_UP_MS;
	child_run_shared(do_roll_back, binding, binding->deadline);
}

static void init_outcome(const struct plan_entry *entry, const struct machine *machine,
	struct outcome *outcome)
{
	*outcome = (struct outcome){RESULT_REFUSED, entry->reason, ""};
	if (entry->reason == REASON_ABSENT || entry->reason == REASON_LATER)
		outcome->result = RESULT_ABSENT;
	if (entry->reason == REASON_NONE)
		outcome->result = RESULT_FAILED; /* until it is read back */
	if (entry->function != PLAN_NO_FUNCTION)
		strcpy(outcome->driver, machine->functions[entry->function].driver);
}

/* Large, and lasts until the program ends, as does a child that hangs. */
static struct outcome outcomes[PLAN_ENTRIES_MAX] _large_;
static struct step steps[PLAN_ENTRIES_MAX * STEPS_OF_FUNCTION_MAX] _large_;

static void list_steps(struct binding *binding)
{
	for (unsigned i = 0; i < binding->plan->n_entries; i++) {
		const struct plan_entry *entry = &binding->plan->entries[i];

		if (entry->reason == REASON_NONE)
			binding->n_steps +=
				settings_list(&binding->config->sections[entry->section],
					i, &steps[binding->n_steps]);
	}
}

/* What was not got to says why its function is not bound. */
static void end_steps(struct binding *binding)
{
	for (unsigned i = 0; i < binding->n_steps; i++) {
		struct step *step = &binding->steps[i];

		if (step->result == STEP_SKIPPED && step->reason == REASON_NONE)
			step->reason = binding->outcomes[step->entry].reason;
	}
}

void bind_plan(const struct root *root, struct report *report)
{
	const struct plan *plan = report->plan;
	struct binding binding = {.root = root,
		.config = report->config,
		.machine = report->machine,
		.plan = plan,
		.outcomes = outcomes,
		.steps = steps,
		.made = &report->made,
		.busy = NOT_BUSY,
		.stuck = NOT_BUSY};
	bool work = false;

	if (!report->began)
		report->began = child_now();
	binding.deadline = report->began + BIND_WORK_MS;
	list_steps(&binding);
	for (unsigned i = 0; i < plan->n_entries; i++) {
		init_outcome(&plan->entries[i], report->machine, &outcomes[i]);
		if (plan->entries[i].reason == REASON_NONE && is_native(&binding, i) &&
			!pcidev_driver_is_native(outcomes[i].driver)) {
			outcomes[i].result = RESULT_ABSENT;
			outcomes[i].reason = REASON_LATER;
		}
		work |= plan->entries[i].reason == REASON_NONE;
	}
	if (work) {
		int r = child_run_shared(do_work, &binding, report->began + BIND_END_MS);

		if (r != 0)
			clean_up(&binding, r);
	}
	end_steps(&binding);
	report->outcomes = outcomes;
	report->steps = steps;
	report->n_steps = binding.n_steps;
}
