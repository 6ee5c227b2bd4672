/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only code that changes a machine: overrides, drivers, binding, rolling back. */
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "child.h"
#include "util.h"

struct apply {
	const struct sysfs_root *root;
	const struct config *config;
	const struct machine *machine;
	const struct plan *plan;
	struct outcome *outcomes; /* shared with the child that does the work */
	uint64_t deadline;
};

/* One unbind, as a child gets it. */
struct unbind {
	const struct sysfs_root *root;
	struct pci_address address;
	const char *driver;
};

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

static void write_overrides(struct apply *apply)
{
	for (unsigned i = 0; i < apply->plan->n_entries; i++)
		if (goes_on(apply, i) &&
			sysfs_write_override(apply->root, function_of(apply, i)->address,
				driver_of(apply, i)) < 0)
			apply->outcomes[i].reason = REASON_IO_ERROR;
}

/* In a child: becomes modprobe.  Its places are those of the distributions' images. */
static int exec_modprobe(void *data)
{
	static const char *const places[] = {"/sbin/modprobe", "/usr/sbin/modprobe",
		"/usr/bin/modprobe", "/bin/modprobe"};
	const char *argv[] = {"modprobe", "-q", "--", data, NULL};
	const char *envp[] = {"PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		execve(places[i], (char **)argv, (char **)envp);
	return 127;
}

/* Makes sure that the driver is registered; modprobe runs on the live machine alone. */
static bool load_driver(struct apply *apply, const char *driver)
{
	uint64_t deadline = child_now() + APPLY_MODPROBE_MS;
	char name[CONFIG_DRIVER_SIZE];

	if (is_none(driver) || sysfs_has_driver(apply->root, driver))
		return true;
	if (!apply->root->live)
		return false;
	strcpy(name, driver);
	child_run(exec_modprobe, name,
		deadline < apply->deadline ? deadline : apply->deadline);
	return sysfs_has_driver(apply->root, driver);
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

		if (!goes_on(apply, i) || driver_seen(apply, i) ||
			load_driver(apply, driver))
			continue;
		for (unsigned j = i; j < apply->plan->n_entries; j++)
			if (goes_on(apply, j) && strcmp(driver_of(apply, j), driver) == 0)
				apply->outcomes[j].reason = REASON_NO_DRIVER;
	}
}

static int unbind_work(void *data)
{
	const struct unbind *unbind = data;

	return sysfs_write_unbind(unbind->root, unbind->address, unbind->driver) < 0;
}

/* Takes a function away from a driver.  It may be in use, hence in a child. */
static enum reason unbind(
	const struct apply *apply, struct pci_address address, const char *driver)
{
	struct unbind work = {apply->root, address, driver};
	uint64_t deadline = child_now() + APPLY_UNBIND_MS;
	int r = child_run(unbind_work, &work,
		deadline < apply->deadline ? deadline : apply->deadline);

	if (r == -ETIMEDOUT)
		return REASON_UNBIND_TIMEOUT;
	return r == 0 ? REASON_NONE : REASON_IO_ERROR;
}

/*
 * Brings one function to its driver, and reads back that it is there.  Twice, because a
 * native driver may have taken it between the first look and the override.
 */
static enum reason bind_function(struct apply *apply, unsigned entry)
{
	struct pci_address address = function_of(apply, entry)->address;
	const char *asked = driver_of(apply, entry);
	char *driver = apply->outcomes[entry].driver;
	bool probed = false;

	while (!is_as_asked(asked, driver)) {
		enum reason reason = REASON_NONE;

		if (driver[0])
			reason = unbind(apply, address, driver);
		else if (probed)
			reason = REASON_NOT_BOUND;
		if (reason != REASON_NONE)
			return reason;
		if (!is_none(asked) && sysfs_write_probe(apply->root, address) < 0)
			return REASON_IO_ERROR;
		if (sysfs_read_driver(apply->root, address, driver) < 0)
			return REASON_IO_ERROR;
		if (probed && !is_as_asked(asked, driver))
			return REASON_NOT_BOUND;
		probed = true;
	}
	return REASON_NONE;
}

static void bind_functions(struct apply *apply)
{
	for (unsigned i = 0; i < apply->plan->n_entries; i++) {
		struct outcome *outcome = &apply->outcomes[i];

		if (!goes_on(apply, i))
			continue;
		if (child_now() >= apply->deadline) {
			outcome->reason = REASON_DEADLINE;
			continue;
		}
		/* Loading the driver may have bound it already, or a native one came. */
		if (sysfs_read_driver(apply->root, function_of(apply, i)->address,
			    outcome->driver) < 0)
			outcome->reason = REASON_IO_ERROR;
		else
			outcome->reason = bind_function(apply, i);
		outcome->result =
			outcome->reason == REASON_NONE ? RESULT_BOUND : RESULT_FAILED;
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
	if (outcome->reason == REASON_UNBIND_TIMEOUT)
		return;
	sysfs_write_override(apply->root, dev->address, "");
	sysfs_read_driver(apply->root, dev->address, outcome->driver);
	if (outcome->driver[0] && strcmp(outcome->driver, asked) == 0)
		unbind(apply, dev->address, asked);
	sysfs_write_probe(apply->root, dev->address);
	sysfs_read_driver(apply->root, dev->address, outcome->driver);
}

/* The entries of one section are neighbours: rolls back those from @first to before @end. */
static void roll_back_section(struct apply *apply, unsigned first, unsigned end)
{
	bool failed = false;

	for (unsigned i = first; i < end; i++)
		failed |= apply->plan->entries[i].reason == REASON_NONE &&
			apply->outcomes[i].reason != REASON_NONE;
	for (unsigned i = first; failed && i < end; i++)
		roll_back_function(apply, i);
}

static void roll_back(struct apply *apply)
{
	const struct plan *plan = apply->plan;
	unsigned end;

	/* Room for what the kernel does on the way; the parent watches the end of it. */
	apply->deadline += APPLY_END_MS - APPLY_WORK_MS;
	for (unsigned first = 0; first < plan->n_entries; first = end) {
		for (end = first; end < plan->n_entries &&
			plan->entries[end].section == plan->entries[first].section;)
			end++;
		roll_back_section(apply, first, end);
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
	if (apply->root->live)
		roll_back(apply);
	else
		note_no_kernel(apply);
	return 0;
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

const struct outcome *apply_plan(const struct sysfs_root *root,
	const struct config *config, const struct machine *machine,
	const struct plan *plan)
{
	struct apply apply = {
		root, config, machine, plan, NULL, child_now() + APPLY_WORK_MS};
	size_t size = (plan->n_entries + 1) * sizeof(*apply.outcomes);
	bool work = false;

	apply.outcomes = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (apply.outcomes == MAP_FAILED)
		return NULL;
	for (unsigned i = 0; i < plan->n_entries; i++) {
		init_outcome(&plan->entries[i], machine, &apply.outcomes[i]);
		work |= plan->entries[i].reason == REASON_NONE;
	}
	if (work && child_run(do_work, &apply, child_now() + APPLY_END_MS) != 0)
		for (unsigned i = 0; i < plan->n_entries; i++)
			if (goes_on(&apply, i) &&
				apply.outcomes[i].result != RESULT_BOUND)
				apply.outcomes[i].reason = REASON_DEADLINE;
	return apply.outcomes;
}
