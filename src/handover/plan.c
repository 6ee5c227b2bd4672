/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which steps a set needs, and why it cannot be handed over. */
#include "plan.h"

#include "base/base.h"
#include "native.h"
#include "refusals.h"
#include "session.h"

/* One way out that is being planned. */
struct planning {
	struct facts *facts;
	const struct handover_request *request;
	struct work *work;
	struct change *change;
	struct message *message;
	struct work *const *before; /* of sets that leave before this one */
	size_t n_before;
	const char *driver; /* that is wanted */
	/* Those that the section names, and of these the ones that are not with it yet. */
	struct deviceset set;
	struct pci_address *moving;
	size_t n_moving;
	/* These, and behind them those of the sets before. */
	struct pci_address *leaving;
	size_t n_leaving;
};

/* ---- what the early program would do ----------------------------------------------------- */

/* Its own structures, which are large. */
struct decision {
	struct config config;
	struct protect_list protect;
	struct machine machine;
	struct plan plan;
};

static const struct pcidev *find_known(const void *bus, struct pci_address address)
{
	const struct pcibus_function *function = pcibus_find(bus, address);

	return function ? &function->dev : NULL;
}

static int read_protect(
	struct facts *facts, struct decision *decision, struct message *message)
{
	int r = protect_list_trace(facts, &decision->config, &decision->protect);

	if (r == 0)
		return 0;
	if (!facts->root->live) {
		configfiles_read_protect(
			facts->root, &decision->config, &decision->protect);
		return 0;
	}
	if (r == -EHOSTUNREACH)
		return message_set(message, r,
			"this is a chroot or a container, not a running host");
	return message_errno(message, r, "cannot find out what this host uses");
}

static int refuse_entry(const struct decision *decision, const struct plan_entry *entry,
	struct message *message)
{
	const struct pcidev *dev = entry->function == PLAN_NO_FUNCTION
		? NULL
		: &decision->machine.functions[entry->function];
	const struct protect_entry *kept = dev && entry->reason == REASON_PROTECTED
		? protect_find(&decision->protect, &dev->path)
		: NULL;
	char address[PCI_ADDRESS_SIZE] = "";

	if (dev)
		pci_address_format(dev->address, address);
	return message_set(message, -EPERM, "%s%s%s is refused (%s): %s%s%s",
		decision->config.sections[entry->section].name, *address ? ", " : "",
		address, reason_word(entry->reason), reason_text(entry->reason),
		kept ? ", for " : "", kept ? kept->why : "");
}

/* What leaves before is with its driver by then: a display is none for the host any more. */
static void move_before(const struct planning *planning, struct machine *machine)
{
	for (size_t i = 0; i < planning->n_before; i++) {
		const struct state *state = &planning->before[i]->state;

		for (unsigned j = 0; j < machine->n_functions; j++) {
			struct pcidev *dev = &machine->functions[j];
			const struct state_function *function =
				state_function(state, dev->address);

			if (function)
				text_join(dev->driver, sizeof(dev->driver),
					function->wanted, NULL);
		}
	}
}

/* Takes the functions that the planner of the early program gives to the section. */
static int decide(struct planning *planning, const struct config *config,
	const struct config_section *section)
{
	_cleanup_free_ struct decision *decision = calloc(1, sizeof(*decision));
	const struct pcibus *bus = &planning->facts->bus;
	int r = decision ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	decision->config = *config;
	config_select(&decision->config, (unsigned)(section - config->sections));
	decision->machine.known = find_known;
	decision->machine.bus = bus;
	r = read_protect(planning->facts, decision, planning->message);
	if (r < 0)
		return r;
	r = machine_look_up(planning->facts->root, &decision->config, &decision->protect,
		&decision->machine);
	if (r < 0)
		return message_errno(
			planning->message, r, "cannot read the PCI functions");
	move_before(planning, &decision->machine);
	plan_make(&decision->config, &decision->machine, &decision->protect,
		&decision->plan);
	for (unsigned i = 0; r == 0 && i < decision->plan.n_entries; i++) {
		const struct plan_entry *entry = &decision->plan.entries[i];
		const struct pcibus_function *function;

		if (entry->reason != REASON_NONE)
			return refuse_entry(decision, entry, planning->message);
		function = pcibus_find(
			bus, decision->machine.functions[entry->function].address);
		r = function ? deviceset_add(&planning->set, bus, function, true)
			     : -ENODEV;
	}
	return r;
}

/* ---- what was handed over already -------------------------------------------------------- */

static bool is_wanted(const struct planning *planning, const char *driver)
{
	return strcmp(planning->driver, CONFIG_DRIVER_NONE) == 0
		? !*driver
		: strcmp(driver, planning->driver) == 0;
}

/* Of one that was killed half-way nobody has the set: this run goes on with it. */
static int refuse_other_guest(const struct planning *planning, const struct state *state)
{
	const char *guest = planning->request->guest ? planning->request->guest : "";

	if (state->phase != STATE_BOUND || !*state->guest ||
		strcmp(state->guest, guest) == 0)
		return 0;
	message_remedy(planning->message,
		"shut it down, or run 'sudo vfioboot release %s'", state->set);
	return message_set(planning->message, -EBUSY, "%s was given to the guest %s",
		state->set, state->guest);
}

/* What it has is with another driver, which is what the way back is from. */
static int refuse_other_driver(const struct planning *planning, const struct state *state)
{
	for (size_t i = 0; i < state->n_functions; i++) {
		if (strcmp(state->functions[i].wanted, planning->driver) == 0)
			continue;
		message_remedy(
			planning->message, "run 'sudo vfioboot release %s'", state->set);
		return message_set(planning->message, -EBUSY,
			"%s was handed over with the driver %s, and not %s", state->set,
			state->functions[i].wanted, planning->driver);
	}
	return 0;
}

/* The set before this one that has the function, or NULL. */
static const char *find_before(
	const struct planning *planning, struct pci_address address)
{
	for (size_t i = 0; i < planning->n_before; i++)
		if (state_function(&planning->before[i]->state, address))
			return planning->before[i]->state.set;
	return NULL;
}

/* No function may be of another set that was handed over, or is now. */
static int refuse_other_sets(const struct planning *planning)
{
	char name[CONFIG_NAME_SIZE], address[PCI_ADDRESS_SIZE];

	for (size_t i = 0; i < planning->set.n; i++) {
		struct pci_address member =
			planning->set.members[i].function->dev.address;
		const char *before = find_before(planning, member);
		int r = state_find(planning->facts->root, member, name);

		pci_address_format(member, address);
		if (before) {
			message_remedy(planning->message, "name only one of them");
			return message_set(planning->message, -EBUSY,
				"%s is in both %s and %s", address, before,
				planning->request->set);
		}
		if (r == -ENOENT || (r == 0 && strcmp(name, planning->request->set) == 0))
			continue;
		if (r < 0)
			return state_say_unreadable(name, r, planning->message);
		message_remedy(planning->message, "run 'sudo vfioboot release %s'", name);
		return message_set(planning->message, -EBUSY,
			"%s was handed over with %s", address, name);
	}
	return 0;
}

/* Adds what is not known yet of the functions: their present drivers and overrides are those from before. */
static int add_to_state(struct planning *planning, const struct pcidev *dev)
{
	struct state_function function = {.address = dev->address,
		.vendor = dev->ids.vendor,
		.device = dev->ids.device};
	int r = sysfs_read_override(
		planning->facts->root, dev->address, function.override);

	if (r < 0)
		return r;
	if (dev->path.depth)
		pci_path_format(&dev->path, function.path);
	text_join(function.native, sizeof(function.native), dev->driver, NULL);
	text_join(function.wanted, sizeof(function.wanted), planning->driver, NULL);
	return state_add_function(&planning->work->state, &function);
}

/* Reads the state of the set, or begins one. */
static int read_state(struct planning *planning)
{
	struct state *state = &planning->work->state;
	const char *guest = planning->request->guest;
	int r = refuse_other_sets(planning);

	if (r < 0)
		return r;
	r = state_read(planning->facts->root, planning->request->set, state);
	if (r < 0 && r != -ENOENT)
		return state_say_unreadable(planning->request->set, r, planning->message);
	r = r < 0 ? 0 : refuse_other_guest(planning, state);
	if (r == 0)
		r = refuse_other_driver(planning, state);
	if (r < 0 || (state->n_functions && state->phase == STATE_BOUND))
		return r;
	text_join(state->set, sizeof(state->set), planning->request->set, NULL);
	text_join(state->guest, sizeof(state->guest), guest ? guest : "", NULL);
	return 0;
}

static const struct pcidev *moving_device(const struct planning *planning, size_t n)
{
	return &pcibus_find(&planning->facts->bus, planning->moving[n])->dev;
}

/* Without those that stay: whoever asks what the host has left gets all that leave. */
static int find_leaving(struct planning *planning)
{
	size_t n = planning->n_moving;

	for (size_t i = 0; i < planning->n_before; i++)
		n += planning->before[i]->state.n_functions;
	planning->leaving = calloc(n + 1, sizeof(*planning->leaving));
	if (!planning->leaving)
		return -ENOMEM;
	for (size_t i = 0; i < planning->n_moving; i++)
		planning->leaving[planning->n_leaving++] = planning->moving[i];
	for (size_t i = 0; i < planning->n_before; i++) {
		const struct state *state = &planning->before[i]->state;

		for (size_t j = 0; j < state->n_functions; j++)
			planning->leaving[planning->n_leaving++] =
				state->functions[j].address;
	}
	return 0;
}

/* Which functions have to go, in the order in which their drivers give them up. */
static int find_moving(struct planning *planning)
{
	const struct deviceset *set = &planning->set;
	int r = 0;

	planning->moving = calloc(set->n + 1, sizeof(*planning->moving));
	if (!planning->moving)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		if (!is_wanted(planning, set->members[i].function->dev.driver))
			planning->moving[planning->n_moving++] =
				set->members[i].function->dev.address;
	native_sort(&planning->facts->bus, planning->moving, planning->n_moving);
	for (size_t i = 0; r == 0 && i < planning->n_moving; i++)
		r = add_to_state(planning, moving_device(planning, i));
	return r < 0 ? r : find_leaving(planning);
}

/* ---- the units that are stopped ---------------------------------------------------------- */

static int ask_stops(
	struct planning *planning, const struct units_name *unit, struct units_list *ret)
{
	int r;

	/* Nobody can be asked about another machine. */
	if (!planning->facts->root->live)
		return units_add(ret, unit);
	r = steps_open_units(planning->work, planning->message);
	return r < 0
		? r
		: units_find_stops(planning->work->units, unit, ret, planning->message);
}

/* Whether the unit stops for a set before this one, which starts it again. */
static bool stops_before(const struct planning *planning, const struct units_name *unit)
{
	for (size_t i = 0; i < planning->n_before; i++)
		for (size_t j = 0; j < planning->before[i]->stops.n; j++)
			if (units_equal(&planning->before[i]->stops.units[j], unit))
				return true;
	return false;
}

/* Adds the steps that stop a unit, and what would start it again. */
static int add_stops(
	struct planning *planning, const struct units_name *unit, const char *why)
{
	_cleanup_(units_free_list) struct units_list stops = {0};
	struct work *work = planning->work;
	int r = ask_stops(planning, unit, &stops);

	for (size_t i = 0; r == 0 && i < stops.n; i++) {
		const struct units_name *stop = &stops.units[i];
		size_t n = work->stops.n;

		r = units_add(&work->stops, stop);
		if (r < 0 || work->stops.n == n || stops_before(planning, stop))
			continue;
		r = steps_add_stop(work, planning->change, stop, why);
	}
	return r;
}

/* The rows of the drivers that have functions now, each once. */
static const struct native_driver *next_driver(
	const struct planning *planning, size_t *at)
{
	while (*at < planning->n_moving) {
		const char *name = moving_device(planning, *at)->driver;
		size_t i = 0;

		while (strcmp(moving_device(planning, i)->driver, name) != 0)
			i++;
		if (i == (*at)++ && *name)
			return native_find(name);
	}
	return NULL;
}

/*
 * Units that use the driver itself, such as NVIDIA's daemons: they are stopped, or with @back
 * started again where other functions keep the driver.
 */
static int switch_daemons(struct planning *planning, bool back)
{
	const struct native_driver *driver;
	int r = 0;

	for (size_t at = 0; r == 0 && (driver = next_driver(planning, &at));) {
		for (size_t i = 0; r == 0 && driver->units && driver->units[i]; i++) {
			struct units_name unit = {0};

			text_join(unit.name, sizeof(unit.name), driver->units[i], NULL);
			if (!back)
				r = add_stops(planning, &unit, "it uses the driver");
			else if (units_end_with(&unit, &planning->work->stops) &&
				native_has_others(planning->facts->root, driver->name,
					planning->leaving, planning->n_leaving) != 0)
				r = steps_add(planning->work, planning->change,
					&steps_start, unit.name, NULL,
					"other devices have the driver, too");
		}
	}
	return r;
}

/* Whether there is a display manager that runs: what shows something is its session. */
static int find_manager(struct planning *planning, bool *ret)
{
	static const struct units_name manager = {.name = UNITS_DISPLAY_MANAGER};
	int r;

	*ret = true;
	if (!planning->facts->root->live)
		return 0;
	r = steps_open_units(planning->work, planning->message);
	if (r == 0)
		r = units_is_active(planning->work->units, &manager, planning->message);
	*ret = r > 0;
	return r < 0 ? r : 0;
}

/* Whether the unit of a holder has to be stopped, besides those that are. */
static bool is_to_stop(const struct planning *planning, const struct holders_one *holder)
{
	return session_has(holder) &&
		!units_end_with(&holder->unit, &planning->work->stops);
}

/*
 * Stops what has a display or sound open.  Units of users are the first: their manager lasts ten
 * seconds longer than the last session (UserStopDelaySec= of logind.conf(5)), or for as long as
 * another session does, and keeps the sound.
 */
static int stop_sessions(struct planning *planning, const struct holders *holders)
{
	bool manages, known = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 * holders->n_processes; i++) {
		bool of_user = i < holders->n_processes;
		const struct holders_one *holder =
			&holders->list[i % holders->n_processes];
		struct units_name unit;
		char why[256];

		if (holder->unit.of_user != of_user || !is_to_stop(planning, holder))
			continue;
		r = known ? 0 : find_manager(planning, &manages);
		if (r < 0)
			return r;
		known = true;
		session_unit(holder, manages, &unit);
		holders_describe(holder, why, sizeof(why));
		if (*unit.name)
			r = add_stops(planning, &unit, why);
	}
	return r;
}

/* What a release that was interrupted had begun to start has nothing open yet, but soon. */
static int stop_noted(struct planning *planning)
{
	const struct state *state = &planning->work->state;
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->n_steps; i++) {
		const struct state_step *step = &state->steps[i];
		struct units_name unit = {.of_user = step->kind == STATE_USER_UNIT};

		if (step->kind != STATE_UNIT && !unit.of_user)
			continue;
		if (unit.of_user)
			unit.uid = (uid_t)strtoul(step->of, NULL, 10);
		text_join(unit.name, sizeof(unit.name), step->name, NULL);
		if (!units_end_with(&unit, &planning->work->stops))
			r = add_stops(planning, &unit, "it was stopped before");
	}
	return r;
}

/* ---- the steps --------------------------------------------------------------------------- */

/* A step of @kind for each function that has to go. */
static int add_each(
	struct planning *planning, const struct change_kind *kind, const char *other)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < planning->n_moving; i++) {
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(planning->moving[i], address);
		r = steps_add(
			planning->work, planning->change, kind, address, other, NULL);
	}
	return r;
}

/* Of functions that have their driver an interrupted run may have changed it. */
static int add_overrides(struct planning *planning)
{
	const struct state *state = &planning->work->state;
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->n_functions; i++) {
		const struct state_function *function = &state->functions[i];
		char address[PCI_ADDRESS_SIZE];

		if (strcmp(function->native, function->wanted) == 0)
			continue;
		pci_address_format(function->address, address);
		r = steps_add(planning->work, planning->change, &steps_override, address,
			function->wanted, NULL);
	}
	return r;
}

static int add_timer(struct planning *planning)
{
	struct work *work = planning->work;
	char timer[UNITS_NAME_SIZE];

	if (!work->back_after_s)
		return 0;
	text_join(timer, sizeof(timer), "vfioboot-release-", work->state.set, NULL);
	return steps_add(work, planning->change, &steps_timer, timer, NULL, NULL);
}

/* What moves nothing yet, and fails before anything is lost. */
static int add_preparations(struct planning *planning)
{
	const struct root *root = planning->facts->root;
	struct work *work = planning->work;
	char path[STATE_PATH_SIZE];
	int r;

	state_path(work->state.set, path);
	r = steps_add(work, planning->change, &steps_note, path, NULL, NULL);
	if (r == 0)
		r = add_timer(planning);
	if (r == 0)
		r = add_overrides(planning);
	if (r == 0 && strcmp(planning->driver, CONFIG_DRIVER_NONE) != 0 &&
		!sysfs_has_driver(root, planning->driver))
		r = steps_add(work, planning->change, &steps_load, planning->driver, NULL,
			NULL);
	return r < 0 ? r : add_each(planning, &steps_power, NULL);
}

#define SOUND_MAX 8 /* functions that stay and hold a display */

/* Notes which functions a driver of the host has, that is to give them up. */
static int find_held(struct planning *planning)
{
	struct work *work = planning->work;
	int n;

	work->held = calloc(planning->n_moving + SOUND_MAX, sizeof(*work->held));
	if (!work->held)
		return -ENOMEM;
	for (size_t i = 0; i < planning->n_moving; i++)
		if (*moving_device(planning, i)->driver)
			work->held[work->n_held++] = planning->moving[i];
	n = native_find_sound(&planning->facts->bus, planning->moving, planning->n_moving,
		work->held + work->n_held, SOUND_MAX);
	work->n_held += n < 0 ? 0 : (size_t)n;
	return n < 0 ? n : 0;
}

/* The driver may be in use in ways that cannot be seen. */
static int add_wait(struct planning *planning, bool partial)
{
	const struct native_driver *driver;
	const char *unknown = partial ? HOLDERS_PARTIAL : "";

	for (size_t at = 0; (driver = next_driver(planning, &at));)
		unknown = *unknown ? unknown : driver->unknown;
	return steps_add(planning->work, planning->change, &steps_wait, NULL, NULL,
		*unknown ? unknown : NULL);
}

static int free_card(struct planning *planning)
{
	_cleanup_(holders_free) struct holders holders = {0};
	struct work *work = planning->work;
	int r = find_held(planning);

	if (r == 0)
		r = holders_read(
			planning->facts->root, work->held, work->n_held, &holders);
	if (r < 0)
		return message_errno(planning->message, r,
			"cannot find out which processes have it open");
	work->were_free = !holders.n_processes;
	r = refusals_find_made(&holders, planning->message);
	if (r == 0)
		r = switch_daemons(planning, false);
	if (r == 0 && planning->request->stop_session)
		r = stop_sessions(planning, &holders);
	if (r == 0 && planning->request->stop_session)
		r = stop_noted(planning);
	return r == 0 && work->n_held ? add_wait(planning, holders.partial) : r;
}

static int clear_display(struct planning *planning)
{
	struct work *work = planning->work;
	struct consoles *consoles = &work->consoles;
	int r = consoles_find(
		planning->facts->root, planning->leaving, planning->n_leaving, consoles);

	if (r < 0)
		return message_errno(
			planning->message, r, "cannot find out what is shown on it");
	for (unsigned i = 0; r == 0 && i < consoles->n; i++)
		r = steps_add(work, planning->change, &steps_console, consoles->names[i],
			NULL, NULL);
	if (r == 0 && *consoles->firmware_device)
		r = steps_add(work, planning->change, &steps_firmware,
			consoles->firmware_device, NULL, NULL);
	return r;
}

static int add_sound(struct planning *planning, const struct change_kind *kind,
	const struct pci_address *sound, int n)
{
	int r = 0;

	for (int i = 0; r == 0 && i < n; i++) {
		const struct pcibus_function *function =
			pcibus_find(&planning->facts->bus, sound[i]);
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(sound[i], address);
		if (function && *function->dev.driver)
			r = steps_add(planning->work, planning->change, kind, address,
				function->dev.driver, NULL);
	}
	return r;
}

/* Modules that are unloaded in place of an unbind of @dev.  1: they are; 0: it is unbound. */
static int add_unloads(struct planning *planning, const struct pcidev *dev)
{
	const struct root *root = planning->facts->root;
	const struct native_driver *driver = native_find(dev->driver);
	int r;

	if (!driver->modules)
		return 0;
	r = native_has_others(root, dev->driver, planning->leaving, planning->n_leaving);
	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; r == 0 && driver->modules[i]; i++)
		if (native_is_loaded(root, driver->modules[i]))
			r = steps_add(planning->work, planning->change, &steps_unload,
				driver->modules[i], NULL, NULL);
	return r < 0 ? r : 1;
}

/* From the native drivers. */
static int add_unbinds(struct planning *planning)
{
	bool unloaded = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < planning->n_moving; i++) {
		const struct pcidev *dev = moving_device(planning, i);
		char address[PCI_ADDRESS_SIZE];
		int gone = 0;

		if (!*dev->driver)
			continue;
		if (native_find(dev->driver)->modules) {
			gone = unloaded ? 1 : add_unloads(planning, dev);
			unloaded |= gone > 0;
		}
		pci_address_format(dev->address, address);
		r = gone < 0 ? gone : 0;
		if (gone == 0)
			r = steps_add(planning->work, planning->change, &steps_unbind,
				address, dev->driver, NULL);
	}
	return r;
}

/* What an interrupted run took from its driver. */
static int add_noted_sound(struct planning *planning)
{
	const struct state *state = &planning->work->state;
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->n_steps; i++)
		if (state->steps[i].kind == STATE_SOUND)
			r = steps_add(planning->work, planning->change, &steps_bind,
				state->steps[i].of, state->steps[i].name, NULL);
	return r;
}

static int add_moves(struct planning *planning)
{
	struct pci_address sound[SOUND_MAX];
	int n = native_find_sound(&planning->facts->bus, planning->moving,
		planning->n_moving, sound, SOUND_MAX);
	int r = n < 0 ? n : add_sound(planning, &steps_sound, sound, n);

	if (r == 0)
		r = add_unbinds(planning);
	if (r == 0)
		r = add_each(planning, &steps_bind, planning->driver);
	if (r == 0)
		r = add_sound(planning, &steps_bind, sound, n);
	if (r == 0)
		r = add_noted_sound(planning);
	if (r == 0)
		r = switch_daemons(planning, true);
	for (unsigned i = 0; r == 0 && i < planning->work->consoles.n_moving; i++)
		r = steps_add(planning->work, planning->change, &steps_console_moved,
			planning->work->consoles.moving[i], NULL, NULL);
	return r < 0 ? r
		     : steps_add(planning->work, planning->change, &steps_done, NULL,
			       NULL, NULL);
}

/* The modules of the native drivers, which may be unloaded before the way back. */
static int note_modules(struct planning *planning)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < planning->n_moving; i++) {
		const struct pcidev *dev = moving_device(planning, i);
		char module[SYSFS_DRIVER_SIZE];

		if (*dev->driver &&
			sysfs_read_driver_module(
				planning->facts->root, dev->driver, module) == 0 &&
			*module)
			r = state_add(&planning->work->state, STATE_MODULE, NULL, module);
	}
	return r;
}

/* Of what was handed over before, only when it comes back can change. */
static int leave(struct planning *planning, struct message *nothing)
{
	const struct work *work = planning->work;
	bool given = work->state.n_functions;

	if (given && work->back_after_s)
		return add_timer(planning);
	message_set(nothing, 0, "%s has the driver %s already%s", planning->request->set,
		planning->driver, given ? "" : ", and not by a hand-over");
	return 0;
}

static int plan(struct planning *planning, const struct config *config,
	const struct config_section *section, struct message *nothing)
{
	const struct state *state = &planning->work->state;
	int r = refusals_find_native(section, planning->message);

	r = r < 0 ? r : decide(planning, config, section);
	r = r < 0 ? r : read_state(planning);
	if (r == 0)
		r = find_moving(planning);
	if (r < 0)
		return r;
	if (!planning->n_moving && (!state->n_functions || state->phase == STATE_BOUND))
		return leave(planning, nothing);
	/* Of one that lost its driver since, or was interrupted, a failure takes back all. */
	r = refusals_find_guest(planning->work, planning->message);
	if (r == 0)
		r = refusals_find(planning->facts, config, &planning->set,
			planning->moving, planning->n_moving, planning->message);
	if (r == 0)
		r = note_modules(planning);
	if (r == 0)
		r = add_preparations(planning);
	if (r == 0)
		r = free_card(planning);
	if (r == 0)
		r = clear_display(planning);
	return r < 0 ? r : add_moves(planning);
}

int plan_bind(struct facts *facts, const struct config *config,
	const struct handover_request *request, struct work *const *works, size_t n,
	struct change *change, struct message *nothing, struct message *message)
{
	const struct config_section *section = NULL;
	struct planning planning = {.facts = facts,
		.request = request,
		.work = works[n - 1],
		.change = change,
		.message = message,
		.before = works,
		.n_before = n - 1};
	int r;

	for (unsigned i = 0; i < config->n_sections && !section; i++)
		if (strcmp(config->sections[i].name, request->set) == 0)
			section = &config->sections[i];
	if (!section) {
		message_remedy(message, "'vfioboot plan' shows the device sets");
		return message_set(
			message, -ENOENT, "there is no [device %s]", request->set);
	}
	planning.driver = section->driver;
	r = plan(&planning, config, section, nothing);
	free(planning.moving);
	free(planning.leaving);
	deviceset_free(&planning.set);
	return r;
}
