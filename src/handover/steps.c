/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each step of a hand-over does. */
#include "steps.h"

#include "base/base.h"
#include "native.h"

/* Milliseconds that each may take. */
#define WRITE_MS  10000 /* of an attribute */
#define PROBE_MS  60000
#define UNBIND_MS 30000
#define LOAD_MS   30000

void steps_free_work(struct work *work)
{
	state_free(&work->state);
	units_free_list(&work->stops);
	units_close(&work->units);
	free(work->held);
	*work = (struct work){0};
}

int steps_add(struct work *work, struct change *change, const struct change_kind *kind,
	const char *path, const char *other, const char *why)
{
	struct change_step *step = change_add(change, kind, path, other);

	if (!step)
		return -ENOMEM;
	step->data = work;
	if (why)
		step->why = strdup(why);
	return why && !step->why ? -ENOMEM : 0;
}

/* ---- the state -------------------------------------------------------------------------- */

static int write_state(const struct work *work, struct message *message)
{
	char path[STATE_PATH_SIZE];
	int r = state_write(work->root, &work->state);

	state_path(work->state.set, path);
	return r < 0 ? message_errno(message, r, "cannot write %s", path) : 0;
}

int steps_write_down(struct work *work, enum state_kind kind, const char *of,
	const char *name, struct message *message)
{
	size_t n = work->state.n_steps;
	int r = state_add(&work->state, kind, of, name);

	if (r < 0)
		return r;
	return work->state.n_steps == n ? 0 : write_state(work, message);
}

static int run_note(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;

	(void)change;
	work->state.phase = STATE_BINDING;
	return write_state(work, message);
}

static int undo_note(const struct change *change, const struct change_step *step,
	struct message *message)
{
	struct change back = {.root = change->root, .unstoppable = true};
	struct change_failure failure = {0};
	struct work *work = step->data;
	int r = step->done ? steps_add_way_back(work, &back) : 0;

	if (r == 0)
		r = change_carry_out(&back, NULL, &failure);
	if (r == 0 && *failure.rest)
		r = -EIO;
	if (r < 0)
		message_set(message, r, "%s; 'sudo vfioboot release %s' tries it again",
			*failure.message.text ? failure.message.text : failure.rest,
			work->state.set);
	change_free_failure(&failure);
	change_free(&back);
	return r;
}

const struct change_kind steps_note = {.text = "note in %1 what has to be put back",
	.why = "a run that is interrupted can be finished or undone by the next one",
	.quiet = true,
	.run = run_note,
	.undo = undo_note};

static int run_done(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;

	(void)change;
	work->state.phase = STATE_BOUND;
	return write_state(work, message);
}

const struct change_kind steps_done = {.quiet = true, .run = run_done};

/* ---- attributes: the kernel may wait for a lock ------------------------------------------ */

/* One write, as a child gets it. */
struct job {
	const struct root *root;
	struct pci_address address;
	const char *value;
	int (*write)(
		const struct root *root, struct pci_address address, const char *value);
};

static int do_job(void *data)
{
	const struct job *job = data;

	return -job->write(job->root, job->address, job->value);
}

static int write_in_child(const struct job *job, unsigned milliseconds)
{
	int r;

	child_prepare();
	r = child_run(do_job, (void *)job, child_now() + milliseconds);
	child_unprepare();
	return r > 0 ? -r : r;
}

static int unbind_in_child(
	const struct work *work, struct pci_address address, const char *driver)
{
	int r;

	child_prepare();
	r = driver_unbind(work->root, address, driver, child_now() + UNBIND_MS);
	child_unprepare();
	return r;
}

static int set_override(
	const struct work *work, struct pci_address address, const char *driver)
{
	const struct job job = {work->root, address, driver, sysfs_write_override};

	return write_in_child(&job, WRITE_MS);
}

static int write_probe(
	const struct root *root, struct pci_address address, const char *value)
{
	(void)value;
	return sysfs_write_probe(root, address);
}

/* The function that a step is about. */
static struct pci_address address_of(const struct change_step *step)
{
	struct pci_address address = {0};

	pci_address_parse(step->path, PCI_NAME_WHOLE, &address, NULL);
	return address;
}

static int run_override(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = set_override(
		step->data, address_of(step), step->other ? step->other : "");

	(void)change;
	return r < 0 ? message_errno(message, r, "cannot write the driver override of %s",
			       step->path)
		     : 0;
}

const struct change_kind steps_override = {
	.text = "set the driver override of %1 to %2",
	.why = "no other driver can take it",
	.run = run_override,
};

/* Its driver has it by then: what hinders this is no reason to take it from the host again. */
static int run_override_back(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	int r = run_override(change, step, message);

	work->is_incomplete |= r < 0;
	return r;
}

static const struct change_kind steps_clear = {
	.text = "clear the driver override of %1",
	.why = "its driver has it: nothing else of the hand-over is left",
	.optional = true,
	.run = run_override_back,
};
static const struct change_kind steps_override_back = {
	.text = "set the driver override of %1 to %2 again",
	.why = "somebody has set it before the hand-over, or meanwhile",
	.optional = true,
	.run = run_override_back,
};

/* A device that is suspended too deeply reads as all ones, or hangs. */
static int check_power(
	const struct work *work, const struct change_step *step, struct message *message)
{
	char state[SYSFS_POWER_SIZE];
	ssize_t n = sysfs_read_attribute(
		work->root, address_of(step), SYSFS_POWER_STATE, state, sizeof(state));

	if (n < 0 || strcmp(state, "D0") == 0 || *state != 'D')
		return 0;
	message_remedy(message, "see 'dmesg' for why it does not wake up");
	return message_set(
		message, -EIO, "%s stays in the power state %s", step->path, state);
}

static int write_power(
	const struct root *root, struct pci_address address, const char *value)
{
	return sysfs_write_attribute(root, address, SYSFS_POWER_CONTROL, value);
}

static int run_power(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	const struct job job = {work->root, address_of(step), "on", write_power};
	char control[SYSFS_POWER_SIZE];
	ssize_t n = sysfs_read_attribute(
		work->root, job.address, SYSFS_POWER_CONTROL, control, sizeof(control));
	int r;

	(void)change;
	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	if (strcmp(control, "on") == 0)
		return 0;
	r = steps_write_down(work, STATE_POWER, step->path, control, message);
	if (r < 0)
		return r;
	r = write_in_child(&job, WRITE_MS);
	if (r < 0)
		return message_errno(message, r, "cannot switch on %s", step->path);
	return check_power(work, step, message);
}

const struct change_kind steps_power = {.text = "switch on %1",
	.why = "a device that is switched off to save power does not answer",
	.run = run_power};

static int run_power_back(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	const struct job job = {work->root, address_of(step), step->other, write_power};
	int r = write_in_child(&job, WRITE_MS);

	(void)change, (void)message;
	work->is_incomplete |= r < 0;
	return r;
}

static const struct change_kind steps_power_back = {
	.text = "set the power control of %1 to %2 again",
	.optional = true,
	.run = run_power_back};

/* ---- drivers ----------------------------------------------------------------------------- */

static int run_load(
	const struct change *change, struct change_step *step, struct message *message)
{
	bool loaded;

	child_prepare();
	loaded = driver_load(change->root, step->path, child_now() + LOAD_MS);
	child_unprepare();
	if (loaded)
		return 0;
	message_remedy(message, "'modprobe %s' says why", step->path);
	return message_set(
		message, -ENODEV, "the driver %s cannot be loaded", step->path);
}

const struct change_kind steps_load = {
	.text = "load the driver %1", .why = "guests use its devices", .run = run_load};

static int run_unload(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = steps_write_down(step->data, STATE_MODULE, NULL, step->path, message);

	return r < 0 ? r : native_unload(change->root, step->path, message);
}

const struct change_kind steps_unload = {.text = "unload the module %1",
	.why = "it fails if something uses the driver, where an unbind would never end",
	.run = run_unload};

static int run_load_back(
	const struct change *change, struct change_step *step, struct message *message)
{
	return native_load(change->root, step->path, message);
}

static const struct change_kind steps_load_back = {
	.text = "load the module %1", .run = run_load_back};

/* Nobody may have come since it was looked at: such an unbind cannot be ended. */
static int check_unheld(const struct work *work, struct pci_address address,
	const char *driver, struct message *message)
{
	_cleanup_(holders_free) struct holders holders = {0};
	char text[MESSAGE_SIZE];
	int r;

	if (!native_find(driver)->hangs)
		return 0;
	r = holders_read(work->root, &address, 1, &holders);
	if (r < 0 || !holders.n)
		return r;
	steps_describe_holders(&holders, text, sizeof(text));
	message_remedy(message, "end it and try again");
	return message_set(message, -EBUSY, "%s", text);
}

static int run_unbind(
	const struct change *change, struct change_step *step, struct message *message)
{
	const struct work *work = step->data;
	char driver[SYSFS_DRIVER_SIZE];
	int r = sysfs_read_driver(change->root, address_of(step), driver);

	if (r < 0 || strcmp(driver, step->other) != 0)
		return r;
	r = check_unheld(work, address_of(step), driver, message);
	if (r < 0)
		return r;
	r = unbind_in_child(work, address_of(step), driver);
	if (r == -ETIMEDOUT) {
		message_remedy(message, "only a reboot brings it back");
		return message_set(message, r,
			"the driver %s did not give up %s within %d seconds", driver,
			step->path, UNBIND_MS / 1000);
	}
	return r < 0 ? message_errno(
			       message, r, "cannot unbind %s from %s", step->path, driver)
		     : 0;
}

const struct change_kind steps_unbind = {.text = "unbind %1 from %2", .run = run_unbind};

static int run_sound(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = steps_write_down(
		step->data, STATE_SOUND, step->path, step->other, message);

	return r < 0 ? r : run_unbind(change, step, message);
}

const struct change_kind steps_sound = {.text = "unbind %1 from %2",
	.why = "its driver uses the display; it is bound again when the display has left",
	.run = run_sound};

/*
 * On the way back: what plays something on the host keeps it from its driver, but not the display from the
 * host.  It has nothing of the display, which was away when its driver came.
 */
static int run_sound_away(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	int r = run_unbind(change, step, message);

	work->is_incomplete |= r < 0;
	if (r == -EBUSY)
		message_remedy(message,
			"for sound by the display's own connectors end it, and run 'sudo vfioboot "
			"release %s' again",
			work->state.set);
	return r;
}

static const struct change_kind steps_sound_away = {.text = "unbind %1 from %2",
	.why = "its driver looks for the display when it is bound again",
	.optional = true,
	.run = run_sound_away};

/* Brings a function without a driver to @driver.  Success is what was read back. */
static int bind_function(const struct work *work, const struct change_step *step,
	const char *driver, struct message *message)
{
	const struct job job = {work->root, address_of(step), NULL, write_probe};
	const char *wanted = strcmp(driver, CONFIG_DRIVER_NONE) == 0 ? "" : driver;
	char now[SYSFS_DRIVER_SIZE];
	int r = sysfs_read_driver(work->root, job.address, now);

	if (r == 0 && !*now && *wanted) {
		r = write_in_child(&job, PROBE_MS);
		if (r == 0)
			r = sysfs_read_driver(work->root, job.address, now);
	}
	if (r < 0)
		return message_errno(
			message, r, "cannot bind %s to %s", step->path, driver);
	if (strcmp(now, wanted) == 0)
		return 0;
	message_remedy(message, "see 'dmesg' for why the driver did not take it");
	return message_set(message, -EIO, "%s was not bound to %s: it has %s%s",
		step->path, driver, *now ? "the driver " : "no driver", now);
}

static int run_bind(
	const struct change *change, struct change_step *step, struct message *message)
{
	(void)change;
	return bind_function(step->data, step, step->other, message);
}

const struct change_kind steps_bind = {.text = "bind %1 to %2", .run = run_bind};

static int run_bind_back(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = run_bind(change, step, message);

	if (r < 0)
		message_remedy(message,
			"see 'dmesg'; what may help is to write 1 to "
			"/" TREE_PCI "/%s/remove and then to /sys/bus/pci/rescan",
			step->path);
	return r;
}

static const struct change_kind steps_bind_back = {
	.text = "bind %1 to %2", .run = run_bind_back};

/* ---- the way back ------------------------------------------------------------------------ */

/* What was left without a driver may have got one from what runs the guest. */
bool steps_is_given(const struct state_function *function, const char *driver)
{
	return strcmp(driver, function->native) != 0 &&
		(strcmp(driver, function->wanted) == 0 ||
			!pcidev_driver_is_native(driver));
}

static int run_leave(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;

	(void)change, (void)message;
	work->state.phase = STATE_RELEASING;
	work->is_incomplete = false;
	/* The way back needs only what was written before, and is taken where there is no room. */
	write_state(work, NULL);
	return 0;
}

/* Whether what was done with the function is for this run to put back. */
static bool is_ours(const struct work *work, const struct state_function *function)
{
	return strcmp(function->native, function->wanted) != 0 &&
		state_is_there(work->root, function);
}

/* Brings a function that did not come back to the driver that it was handed over to. */
static int give_again(
	struct work *work, const struct state_function *function, struct message *message)
{
	char address[PCI_ADDRESS_SIZE], now[SYSFS_DRIVER_SIZE];
	const struct change_step step = {.path = address};
	int r = sysfs_read_driver(work->root, function->address, now);
	bool leaves = r == 0 && *now && strcmp(now, function->wanted) != 0;

	pci_address_format(function->address, address);
	if (leaves)
		r = check_unheld(work, function->address, now, message);
	if (r == 0)
		r = set_override(work, function->address, function->wanted);
	if (r == 0 && leaves)
		r = unbind_in_child(work, function->address, now);
	if (r < 0)
		return *message->text ? r : message_errno(message, r, "%s", address);
	return bind_function(work, &step, function->wanted, message);
}

/* Whether the function of a step is still the one that it was done with. */
static bool is_there(const struct work *work, const struct state_step *noted)
{
	struct pci_address address;
	const struct state_function *function;
	struct pci_ids ids;

	if (pci_address_parse(noted->of, PCI_NAME_WHOLE, &address, NULL) < 0)
		return false;
	function = state_function(&work->state, address);
	return function ? is_ours(work, function)
			: sysfs_read_ids(work->root, address, &ids) == 0;
}

/* The host's sound functions, which the release has taken from their driver, have it again. */
static int bind_sound(struct work *work, struct message *message)
{
	int result = 0;

	for (size_t i = 0; i < work->state.n_steps; i++) {
		struct state_step *noted = &work->state.steps[i];
		const struct change_step step = {.path = noted->of};
		int r = noted->kind == STATE_SOUND && is_there(work, noted)
			? bind_function(work, &step, noted->name, message)
			: 0;

		result = result < 0 ? result : r;
	}
	return result;
}

/* Whether the way back takes the function from the driver for guests; else the host has it. */
static bool is_taken(const struct change *change, const struct state_function *function)
{
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(function->address, address);
	for (size_t i = 0; i < change->n; i++)
		if ((change->steps[i].kind == &steps_unbind ||
			    change->steps[i].kind == &steps_bind_back) &&
			strcmp(change->steps[i].path, address) == 0)
			return true;
	return false;
}

/* Half a card is of no use to anybody: what guests had of it stays with the driver for guests. */
static int undo_leave(const struct change *change, const struct change_step *step,
	struct message *message)
{
	struct work *work = step->data;
	bool all = true;
	int result = 0;

	for (size_t i = 0; i < work->state.n_functions; i++) {
		const struct state_function *function = &work->state.functions[i];
		struct message why = {0};
		int r = 0;

		if (!is_ours(work, function))
			continue;
		all &= is_taken(change, function);
		if (is_taken(change, function))
			r = give_again(work, function, &why);
		if (r < 0 && result == 0)
			*message = why;
		result = result < 0 ? result : r;
	}
	result = result < 0 ? result : bind_sound(work, message);
	if (result == 0 && all) {
		work->state.phase = STATE_BOUND;
		result = write_state(work, message);
	}
	return result;
}

static const struct change_kind steps_leave = {
	.text = "note in %1 that it is being put back",
	.quiet = true,
	.run = run_leave,
	.undo = undo_leave};

static int run_forget(
	const struct change *change, struct change_step *step, struct message *message)
{
	const struct work *work = step->data;

	(void)message;
	/* What failed can be tried again. */
	return work->is_incomplete ? 0 : atomicfile_clear(change->root, step->path);
}

static const struct change_kind steps_forget = {
	.text = "remove %1", .quiet = true, .optional = true, .run = run_forget};

/* One function on the way back, the driver that has it now, and the override that it gets. */
struct returning {
	const struct state_function *function;
	char address[PCI_ADDRESS_SIZE], now[SYSFS_DRIVER_SIZE];
	char override[SYSFS_DRIVER_SIZE];
};

/* The one from before; but what is neither of ours was set by others meanwhile, and is newer. */
static int find_override(const struct work *work, struct returning *one)
{
	const struct state_function *function = one->function;
	int r = sysfs_read_override(work->root, function->address, one->override);

	if (r == 0 && *one->override &&
		(strcmp(one->override, function->wanted) == 0 ||
			strcmp(one->override, function->native) == 0))
		strcpy(one->override, function->override);
	return r;
}

/* Those that are for this run to put back, displays first.  Returns how many, or -errno. */
static int find_returning(const struct work *work, struct returning **ret)
{
	const struct state *state = &work->state;
	struct returning *list = calloc(state->n_functions + 1, sizeof(*list));
	int n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = state->n_functions; i-- > 0;) {
		struct returning *one = &list[n];

		one->function = &state->functions[i];
		if (!is_ours(work, one->function) ||
			sysfs_read_driver(work->root, one->function->address, one->now) <
				0 ||
			find_override(work, one) < 0)
			continue;
		pci_address_format(one->function->address, one->address);
		n++;
	}
	*ret = list;
	return n;
}

/* Whether a driver of the host has it: the one from before, or another. */
static bool is_back(const struct returning *one)
{
	return !steps_is_given(one->function, one->now);
}

static bool has_noted(const struct state *state, enum state_kind kind)
{
	for (size_t i = 0; i < state->n_steps; i++)
		if (state->steps[i].kind == kind)
			return true;
	return false;
}

/* The steps that were noted as @kind, the last one first, get a step back. */
static int add_noted(struct work *work, struct change *change, enum state_kind kind,
	const struct change_kind *step)
{
	const struct state *state = &work->state;
	int r = 0;

	for (size_t i = state->n_steps; r == 0 && i-- > 0;) {
		const struct state_step *noted = &state->steps[i];
		bool by_address = kind == STATE_SOUND || kind == STATE_POWER;

		if (noted->kind == kind && (!by_address || is_there(work, noted)))
			r = by_address ? steps_add(work, change, step, noted->of,
						 noted->name, NULL)
				       : steps_add(work, change, step, noted->name,
						 *noted->of ? noted->of : NULL, NULL);
	}
	return r;
}

/* Those of modules that are loaded need no step. */
static int add_modules(struct work *work, struct change *change)
{
	const struct state *state = &work->state;
	int r = 0;

	for (size_t i = state->n_steps; r == 0 && i-- > 0;)
		if (state->steps[i].kind == STATE_MODULE &&
			!native_is_loaded(work->root, state->steps[i].name))
			r = steps_add(work, change, &steps_load_back,
				state->steps[i].name, NULL,
				"its driver had the device before");
	return r;
}

/* From the driver for guests to that of the host; the override is cleared when all is back. */
static int add_drivers(
	struct work *work, struct change *change, const struct returning *list, int n)
{
	int r = add_noted(work, change, STATE_SOUND, &steps_sound_away);

	for (int i = 0; r == 0 && i < n; i++)
		if (!is_back(&list[i]) && *list[i].function->native)
			r = steps_add(work, change, &steps_override, list[i].address,
				list[i].function->native,
				"only the driver that had it before can take it");
	for (int i = 0; r == 0 && i < n; i++)
		if (!is_back(&list[i]) && *list[i].now)
			r = steps_add(work, change, &steps_unbind, list[i].address,
				list[i].now, NULL);
	if (r == 0)
		r = add_modules(work, change);
	for (int i = 0; r == 0 && i < n; i++)
		if (!is_back(&list[i]) && *list[i].function->native)
			r = steps_add(work, change, &steps_bind_back, list[i].address,
				list[i].function->native, NULL);
	for (int i = 0; r == 0 && i < n; i++)
		r = *list[i].override ? steps_add(work, change, &steps_override_back,
						list[i].address, list[i].override, NULL)
				      : steps_add(work, change, &steps_clear,
						list[i].address, NULL, NULL);
	return r < 0 ? r : add_noted(work, change, STATE_SOUND, &steps_bind_back);
}

int steps_add_way_back(struct work *work, struct change *change)
{
	static const struct {
		enum state_kind kind;
		const struct change_kind *step;
	} rest[] = {
		{STATE_POWER, &steps_power_back},
		{STATE_CONSOLE, &steps_console_back},
		{STATE_UNIT, &steps_start},
		{STATE_USER_UNIT, &steps_start_user},
	};
	_cleanup_free_ struct returning *list = NULL;
	int n = find_returning(work, &list);
	char path[STATE_PATH_SIZE];
	int r = n;

	state_path(work->state.set, path);
	if (r >= 0)
		r = steps_add(work, change, &steps_leave, path, NULL, NULL);
	if (r == 0)
		r = add_drivers(work, change, list, n);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rest); i++)
		r = add_noted(work, change, rest[i].kind, rest[i].step);
	if (r == 0 &&
		(has_noted(&work->state, STATE_UNIT) ||
			has_noted(&work->state, STATE_USER_UNIT)))
		r = steps_add(work, change, &steps_watch, NULL, NULL, NULL);
	if (r == 0)
		r = add_noted(work, change, STATE_TIMER, &steps_cancel);
	return r < 0 ? r : steps_add(work, change, &steps_forget, path, NULL, NULL);
}
