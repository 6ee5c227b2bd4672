/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only code that changes a machine: overrides, drivers, binding, rolling back. */
#include "binding.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"
#include "driver.h"

struct apply {
	const struct sysfs_root *root;
	const struct config *config;
	const struct machine *machine;
	const struct plan *plan;
	/* Shared with the child that does the work: */
	struct outcome *outcomes;
	unsigned *busy; /* the entry that it is writing for, or NOT_BUSY */
	unsigned stuck; /* the entry that an earlier child hangs at, or NOT_BUSY */
	uint64_t deadline;
};

#define NOT_BUSY UINT_MAX

const char *result_word(enum result result)
{
	static const char *const words[RESULTS] = {
		"bound", "refused", "failed", "absent"};

	return words[result];
}

static const char *driver_of(const struct apply *apply, unsigned entry)
{
	return apply->config->sections[apply->plan->entries[entry].section].driver;
}

static const struct pcidev *function_of(const struct apply *apply, unsigned entry)
{
	return &apply->machine->functions[apply->plan->entries[entry].function];
}

/* Whether the work on an entry goes on: it is to be bound, and nothing failed yet. */
static bool goes_on(const struct apply *apply, unsigned entry)
{
	return apply->plan->entries[entry].reason == REASON_NONE &&
		apply->outcomes[entry].reason == REASON_NONE;
}

static bool is_none(const char *driver)
{
	return strcmp(driver, CONFIG_DRIVER_NONE) == 0;
}

/* Whether @driver, that has the function, is the one that was asked for. */
static bool is_as_asked(const char *asked, const char *driver)
{
	return is_none(asked) ? !driver[0] : strcmp(asked, driver) == 0;
}

/* Up to 6.12.79 an override waits for a probe of the device that is under way. */
static int write_override(struct apply *apply, unsigned entry, const char *driver)
{
	int r;

	*apply->busy = entry;
	r = sysfs_write_override(apply->root, function_of(apply, entry)->address, driver);
	*apply->busy = NOT_BUSY;
	return r;
}

static int write_probe(struct apply *apply, unsigned entry)
{
	int r;

	*apply->busy = entry;
	r = sysfs_write_probe(apply->root, function_of(apply, entry)->address);
	*apply->busy = NOT_BUSY;
	return r;
}

static void write_overrides(struct apply *apply)
{
	for (unsigned i = 0; i < apply->plan->n_entries; i++)
		if (goes_on(apply, i) &&
			write_override(apply, i, driver_of(apply, i)) < 0)
			apply->outcomes[i].reason = REASON_IO_ERROR;
}

/* Whether the driver was loaded for an earlier entry of the plan. */
static bool driver_seen(const struct apply *apply, unsigned entry)
{
	for (unsigned i = 0; i < entry; i++)
		if (goes_on(apply, i) &&
			strcmp(driver_of(apply, i), driver_of(apply, entry)) == 0)
			return true;
	return false;
}

static void load_drivers(struct apply *apply)
{
	for (unsigned i = 0; i < apply->plan->n_entries; i++) {
		const char *driver = driver_of(apply, i);

		if (!goes_on(apply, i) || driver_seen(apply, i) || is_none(driver) ||
			driver_load(apply->root, driver, apply->deadline))
			continue;
		for (unsigned j = i; j < apply->plan->n_entries; j++)
			if (goes_on(apply, j) && strcmp(driver_of(apply, j), driver) == 0)
				apply->outcomes[j].reason = REASON_NO_DRIVER;
	}
}

static enum reason unbind(
	const struct apply *apply, struct pci_address address, const char *driver)
{
	int r = driver_unbind(apply->root, address, driver, apply->deadline);

	if (r == -ETIMEDOUT)
		return REASON_UNBIND_TIMEOUT;
	return r == 0 ? REASON_NONE : REASON_IO_ERROR;
}

/*
 * Brings one function from the driver that it was seen with to the one that is asked for, and
 * reads back that it is there.  Twice, because a native driver may have taken it between the
 * look and the override.
 */
static enum reason bind_function(struct apply *apply, unsigned entry)
{
	struct pci_address address = function_of(apply, entry)->address;
	const char *asked = driver_of(apply, entry);
	char *driver = apply->outcomes[entry].driver;
	bool probed = false;

	/* With no driver there is none that keeps others off: one may have come meanwhile. */
	if (is_none(asked) && sysfs_read_driver(apply->root, address, driver) < 0)
		return REASON_IO_ERROR;
	while (!is_as_asked(asked, driver)) {
		enum reason reason = REASON_NONE;

		if (driver[0])
			reason = unbind(apply, address, driver);
		else if (probed)
			reason = REASON_NOT_BOUND;
		if (reason != REASON_NONE) {
			/* A driver whose remove hangs has lost its link already. */
			sysfs_read_driver(apply->root, address, driver);
			return reason;
		}
		if (!is_none(asked) && write_probe(apply, entry) < 0)
			return REASON_IO_ERROR;
		if (sysfs_read_driver(apply->root, address, driver) < 0)
			return REASON_IO_ERROR;
		if (probed && !is_as_asked(asked, driver))
			return REASON_NOT_BOUND;
		probed = true;
	}
	return REASON_NONE;
}

/* The entries of one section are neighbours: the first one behind those of @first's. */
static unsigned section_end(const struct apply *apply, unsigned first)
{
	const struct plan *plan = apply->plan;
	unsigned end = first;

	while (end < plan->n_entries &&
		plan->entries[end].section == plan->entries[first].section)
		end++;
	return end;
}

/* Whether one of the entries from @first to before @end was to be bound and failed. */
static bool any_failed(const struct apply *apply, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (apply->plan->entries[i].reason == REASON_NONE &&
			apply->outcomes[i].reason != REASON_NONE)
			return true;
	return false;
}

static void bind_entry(struct apply *apply, unsigned entry)
{
	struct outcome *outcome = &apply->outcomes[entry];

	outcome->reason = child_now() < apply->deadline ? bind_function(apply, entry)
							: REASON_DEADLINE;
	if (outcome->reason == REASON_NONE)
		outcome->result = RESULT_BOUND;
}

/*
 * Once a function of a section failed, the others are left with the driver that they have.
 * Without a kernel nothing can succeed, and all is asked.
 */
static void bind_functions(struct apply *apply)
{
	unsigned end;

	for (unsigned first = 0; first < apply->plan->n_entries; first = end) {
		end = section_end(apply, first);
		for (unsigned i = first; i < end; i++) {
			if (apply->root->live && any_failed(apply, first, end))
				break;
			if (goes_on(apply, i))
				bind_entry(apply, i);
		}
	}
}

/*
 * Gives a function back: no override, and whichever driver wants it.  Left alone is one
 * that had its driver before this run, since a guest may have it by now, and one whose
 * driver hangs, since its lock would hang this program too.
 */
static void roll_back_function(struct apply *apply, unsigned entry)
{
	const struct pcidev *dev = function_of(apply, entry);
	struct outcome *outcome = &apply->outcomes[entry];
	const char *asked = driver_of(apply, entry);

	outcome->result = RESULT_FAILED;
	if (outcome->reason == REASON_NONE)
		outcome->reason = REASON_SECTION_FAILED;
	if (is_as_asked(asked, dev->driver) && dev->driver[0])
		return;
	if (outcome->reason == REASON_UNBIND_TIMEOUT || entry == apply->stuck)
		return;
	write_override(apply, entry, "");
	sysfs_read_driver(apply->root, dev->address, outcome->driver);
	if (strcmp(outcome->driver, asked) == 0 &&
		unbind(apply, dev->address, asked) == REASON_UNBIND_TIMEOUT)
		return;
	write_probe(apply, entry);
	sysfs_read_driver(apply->root, dev->address, outcome->driver);
}

static void roll_back(struct apply *apply)
{
	unsigned end;

	for (unsigned first = 0; first < apply->plan->n_entries; first = end) {
		end = section_end(apply, first);
		for (unsigned i = first; any_failed(apply, first, end) && i < end; i++)
			roll_back_function(apply, i);
	}
}

/* Without a kernel there is nothing to roll back: the tree keeps what was asked. */
static void note_no_kernel(struct apply *apply)
{
	for (unsigned i = 0; i < apply->plan->n_entries; i++)
		if (apply->plan->entries[i].reason == REASON_NONE &&
			apply->outcomes[i].reason == REASON_NOT_BOUND)
			apply->outcomes[i].reason = REASON_NO_KERNEL;
}

/* In a child: the kernel may make any of these writes wait for a lock. */
static int do_work(void *data)
{
	struct apply *apply = data;

	write_overrides(apply);
	load_drivers(apply);
	bind_functions(apply);
	if (!apply->root->live) {
		note_no_kernel(apply);
		return 0;
	}
	/* Room for what the kernel does on the way; the parent watches the end of it. */
	apply->deadline += APPLY_END_MS - APPLY_WORK_MS;
	roll_back(apply);
	return 0;
}

/* In another child, when the first one hangs: gives back what that one did not get to. */
static int do_roll_back(void *data)
{
	struct apply *apply = data;

	roll_back(apply);
	return 0;
}

/* The work did not end as it should: @r is of child_run(). */
static void clean_up(struct apply *apply, int r)
{
	for (unsigned i = 0; i < apply->plan->n_entries; i++)
		if (goes_on(apply, i) && apply->outcomes[i].result != RESULT_BOUND)
			apply->outcomes[i].reason =
				r == -ETIMEDOUT ? REASON_DEADLINE : REASON_IO_ERROR;
	if (!apply->root->live)
		return;
	/* What the first child waits for would hold up this one, too. */
	apply->stuck = *apply->busy;
	apply->deadline = child_now() + APPLY_CLEAN_UP_MS;
	child_run(do_roll_back, apply, apply->deadline);
}

static void init_outcome(const struct plan_entry *entry, const struct machine *machine,
	struct outcome *outcome)
{
	outcome->reason = entry->reason;
	outcome->result = RESULT_REFUSED;
	if (entry->reason == REASON_ABSENT)
		outcome->result = RESULT_ABSENT;
	if (entry->reason == REASON_NONE)
		outcome->result = RESULT_FAILED; /* until it is read back */
	if (entry->function != PLAN_NO_FUNCTION)
		strcpy(outcome->driver, machine->functions[entry->function].driver);
}

/* Memory that children share, with an outcome for each entry. */
static bool share_outcomes(struct apply *apply)
{
	size_t n = apply->plan->n_entries + 1u; /* the last one only holds "busy" */
	void *memory = mmap(NULL, n * sizeof(*apply->outcomes), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	apply->outcomes = memory;
	apply->busy = (unsigned *)(void *)&apply->outcomes[n - 1];
	*apply->busy = NOT_BUSY;
	return true;
}

const struct outcome *apply_plan(const struct sysfs_root *root,
	const struct config *config, const struct machine *machine,
	const struct plan *plan)
{
	struct apply apply = {.root = root,
		.config = config,
		.machine = machine,
		.plan = plan,
		.stuck = NOT_BUSY,
		.deadline = child_now() + APPLY_WORK_MS};
	bool work = false;

	if (!share_outcomes(&apply))
		return NULL;
	for (unsigned i = 0; i < plan->n_entries; i++) {
		init_outcome(&plan->entries[i], machine, &apply.outcomes[i]);
		work |= plan->entries[i].reason == REASON_NONE;
	}
	if (work) {
		int r = child_run(do_work, &apply, child_now() + APPLY_END_MS);

		if (r != 0)
			clean_up(&apply, r);
	}
	return apply.outcomes;
}
