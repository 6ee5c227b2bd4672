/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handing devices over and back, against a machine that is played: its PCI functions are files, which
 * change as the kernel would change them; systemd, modules and consoles are a few flags.  Whatever is
 * asked of it is an operation with a number, at which it can fail, or the command be killed.
 *
 * Linked with --wrap for all that asks: see the Makefile.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syslog.h>

#include "base/base.h"
#include "bind/bind.h"
#include "facts/facts.h"
#include "handover/consoles.h"
#include "handover/handover.h"
#include "handover/holders.h"
#include "handover/native.h"
#include "handover/state.h"
#include "handover/steps.h"
#include "handover/units.h"
#include "support.h"

#define GPU   "0000:01:00.0"
#define SOUND "0000:01:00.1"
#define OTHER "0000:02:00.0"
#define IGPU  "0000:00:02.0" /* of the processor, and the sound that its display has */
#define HDA   "0000:00:1f.3"

#define KILLED 99 /* exit status */

enum unit { WESTON, DAEMON, UNITS };
static const char *const unit_names[UNITS] = {
	"weston.service", "nvidia-persistenced.service"};

/* The machine, and what was asked of it: one operation a word. */
static struct machine_played {
	char log[16384];
	unsigned operations; /* so far */
	unsigned fail_at;    /* this one fails, once; 0: none */
	unsigned kill_before, kill_behind;
	bool active[UNITS], console, timer;
	bool has_weston, has_console; /* it is there at all */
	char refuses[32];             /* the driver whose probe fails */
	char locked[16];              /* the function whose override nobody can write */
	unsigned full_behind; /* this operation /run has no room any more; 0: it has */
	bool unbind_hangs, hangs; /* it would, and it does */
	bool logind;              /* has what weston shows for it, as PID 1 has */
	bool poller;              /* somebody opens the device, and closes it soon */
	bool plays;               /* the host's sound server has its sound open */
	unsigned looks;           /* at who has it open */
	bool guest_runs;          /* it has the device of vfio open */
	bool session_ends;        /* as soon as it is started */
	bool opens_late;          /* weston is being started, and has nothing open yet */
	bool wakes;               /* a device that is switched on, in time */
	bool partial;             /* a process may not be looked at */
	bool opened_late;         /* somebody opens it while its sound is unbound */
	char in_use[32];          /* the module that something uses */
	bool modules[4];          /* loaded */
} * played;

static const char *const module_names[] = {
	"nvidia_uvm", "nvidia_drm", "nvidia_modeset", "nvidia"};

static struct config config;
static struct message message;
static struct change_failure failure;
static bool stop_session;
static const char *guest, *second_set; /* that is bound behind the first one */
static unsigned wait_s, back_after_s;

/* ---- operations -------------------------------------------------------------------------- */

/* Notes it.  0; or -EIO when it is the one that fails. */
static int __attribute__((format(printf, 1, 2))) ask_for(const char *format, ...)
{
	size_t len = strlen(played->log);
	va_list args;

	if (played->kill_before && played->operations + 1 == played->kill_before)
		_exit(KILLED);
	va_start(args, format);
	vsnprintf(played->log + len, sizeof(played->log) - len, format, args);
	va_end(args);
	strncat(played->log, " ", sizeof(played->log) - strlen(played->log) - 1);
	return ++played->operations == played->fail_at ? -EIO : 0;
}

/* Behind each operation that was done. */
static int done(void)
{
	if (played->kill_behind && played->operations == played->kill_behind)
		_exit(KILLED);
	return 0;
}

/* ---- the state --------------------------------------------------------------------------- */

int __real_state_write(const struct root *root, const struct state *written);
int __wrap_state_write(const struct root *root, const struct state *written);

int __wrap_state_write(const struct root *root, const struct state *written)
{
	return played->full_behind && played->operations >= played->full_behind
		? -ENOSPC
		: __real_state_write(root, written);
}

/* ---- PCI functions ----------------------------------------------------------------------- */

/* How the log calls it. */
static const char *short_name(struct pci_address address)
{
	static const char *const names[][2] = {
		{GPU, "gpu"}, {SOUND, "sound"}, {IGPU, "igpu"}, {HDA, "hda"}};
	char text[PCI_ADDRESS_SIZE];

	pci_address_format(address, text);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i][0], text) == 0)
			return names[i][1];
	return "other";
}

static const char *file_of(struct pci_address address, const char *name)
{
	static char path[128];
	char text[PCI_ADDRESS_SIZE];

	pci_address_format(address, text);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/%s", text, name);
	return path;
}

static struct pci_address parse(const char *text)
{
	struct pci_address address;

	assert_int_equal(pci_address_parse(text, PCI_NAME_WHOLE, &address, NULL), 0);
	return address;
}

static const char *driver_of(struct pci_address address)
{
	static char target[256];
	ssize_t n = readlink(
		fake_path(file_of(address, "driver")), target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	return n < 0 ? "" : strrchr(target, '/') + 1;
}

static const char *override_of(struct pci_address address)
{
	static char text[64];

	snprintf(
		text, sizeof(text), "%s", fake_read(file_of(address, "driver_override")));
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, "(null)") == 0 ? "" : text;
}

static void bind_to(struct pci_address address, const char *driver)
{
	char target[128];

	snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
	fake_link(file_of(address, "driver"), target);
}

/* The driver that has the ids of the function, by its alias. */
static const char *native_of(struct pci_address address)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s", fake_read(file_of(address, "native")));
	return text;
}

static bool is_registered(const char *driver)
{
	char name[128];

	snprintf(name, sizeof(name), "sys/bus/pci/drivers/%s", driver);
	return access(fake_path(name), F_OK) == 0;
}

static void register_driver(const char *driver)
{
	char name[128];

	snprintf(name, sizeof(name), "sys/bus/pci/drivers/%s/unbind", driver);
	fake_put(name, "");
}

static void unregister_driver(const char *driver)
{
	char name[128];

	snprintf(name, sizeof(name), "sys/bus/pci/drivers/%s/unbind", driver);
	fake_remove(name);
	*strrchr(name, '/') = '\0';
	fake_remove(name);
}

int __real_sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver);
int __wrap_sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver);
int __wrap_sysfs_write_probe(const struct root *root, struct pci_address address);
int __wrap_sysfs_write_unbind(
	const struct root *root, struct pci_address address, const char *driver);
int __real_sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value);
int __wrap_sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value);
bool __wrap_driver_load(const struct root *root, const char *driver, uint64_t deadline);
int __wrap_child_run(int (*work)(void *data), void *data, uint64_t deadline);
int __wrap_child_run_shared(int (*work)(void *data), void *data, uint64_t deadline);

int __wrap_sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver)
{
	int r = ask_for("%s=%s", short_name(address), *driver ? driver : "-");

	if (strcmp(played->locked, short_name(address)) == 0)
		r = -ETIMEDOUT;
	if (r == 0)
		r = __real_sysfs_write_override(root, address, driver);
	return r == 0 ? done() : r;
}

int __wrap_sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value)
{
	int r = ask_for("%s:%s", short_name(address), value);

	if (r == 0)
		r = __real_sysfs_write_attribute(root, address, attribute, value);
	if (r == 0 && played->wakes)
		fake_put(file_of(address, "power_state"), "D0\n");
	return r == 0 ? done() : r;
}

int __wrap_sysfs_write_probe(const struct root *root, struct pci_address address)
{
	const char *driver = override_of(address);
	int r = ask_for("probe-%s", short_name(address));

	(void)root;
	if (r < 0)
		return r;
	driver = *driver ? driver : native_of(address);
	if (!*driver_of(address) && is_registered(driver) &&
		strcmp(played->refuses, driver) != 0)
		bind_to(address, driver);
	return done();
}

int __wrap_sysfs_write_unbind(
	const struct root *root, struct pci_address address, const char *driver)
{
	int r = ask_for("%s<%s", short_name(address), driver);

	(void)root;
	played->hangs = played->unbind_hangs;
	played->poller |= played->opened_late;
	if (r == 0 && !played->hangs)
		fake_remove(file_of(address, "driver"));
	return r == 0 ? done() : r;
}

bool __wrap_driver_load(const struct root *root, const char *driver, uint64_t deadline)
{
	(void)root, (void)deadline;
	if (ask_for("load-%s", driver) < 0)
		return false;
	register_driver(driver);
	return done() == 0;
}

/* In this process: what hangs says so. */
int __wrap_child_run(int (*work)(void *data), void *data, uint64_t deadline)
{
	int r = work(data);

	(void)deadline;
	if (!played->hangs)
		return r;
	played->hangs = false;
	return -ETIMEDOUT;
}

int __wrap_child_run_shared(int (*work)(void *data), void *data, uint64_t deadline)
{
	return __wrap_child_run(work, data, deadline);
}

/* ---- modules ----------------------------------------------------------------------------- */

bool __wrap_native_is_loaded(const struct root *root, const char *module);
int __wrap_native_unload(
	const struct root *root, const char *module, struct message *why);
int __wrap_native_load(const struct root *root, const char *module, struct message *why);

static bool *find_module(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(module_names); i++)
		if (strcmp(module_names[i], name) == 0)
			return &played->modules[i];
	return NULL;
}

bool __wrap_native_is_loaded(const struct root *root, const char *module)
{
	const bool *loaded = find_module(module);

	(void)root;
	return loaded && *loaded;
}

/* With the last one its devices have no driver any more. */
int __wrap_native_unload(const struct root *root, const char *module, struct message *why)
{
	int r = ask_for("unload-%s", module);

	(void)root;
	if (r == 0 && strcmp(played->in_use, module) == 0)
		r = -EBUSY;
	if (r < 0)
		return message_set(why, r, "%s is in use", module);
	assert_non_null(find_module(module));
	*find_module(module) = false;
	if (strcmp(module, "nvidia") == 0) {
		fake_remove(file_of(parse(GPU), "driver"));
		unregister_driver("nvidia");
	}
	return done();
}

int __wrap_native_load(const struct root *root, const char *module, struct message *why)
{
	int r = ask_for("load-%s", module);

	(void)root, (void)why;
	if (r < 0)
		return r;
	assert_non_null(find_module(module));
	*find_module(module) = true;
	if (strcmp(module, "nvidia") == 0)
		register_driver("nvidia");
	return done();
}

/* ---- systemd ----------------------------------------------------------------------------- */

int __wrap_units_open(const struct root *root, struct units **ret, struct message *why);
void __wrap_units_close(struct units **units);
int __wrap_units_is_active(
	struct units *units, const struct units_name *unit, struct message *why);
int __wrap_units_find_stops(struct units *units, const struct units_name *unit,
	struct units_list *ret, struct message *why);
int __wrap_units_stop(struct units *units, const struct units_name *unit,
	unsigned wait_ms, struct message *why);
int __wrap_units_start(struct units *units, const struct units_name *unit,
	unsigned wait_ms, struct message *why);
int __wrap_units_watch(struct units *units, unsigned watch_ms, struct message *why);
int __wrap_units_run(
	struct units *units, const struct units_program *program, struct message *why);
int __wrap_units_cancel(struct units *units, const char *name, struct message *why);
void __wrap_syslog(int priority, const char *format, ...);

static bool *find_unit(const char *name)
{
	for (size_t i = 0; i < UNITS; i++)
		if (strcmp(unit_names[i], name) == 0)
			return &played->active[i];
	return NULL;
}

int __wrap_units_open(const struct root *root, struct units **ret, struct message *why)
{
	static char units;

	(void)root, (void)why;
	*ret = (struct units *)(void *)&units;
	return 0;
}

void __wrap_units_close(struct units **units)
{
	*units = NULL;
}

int __wrap_units_is_active(
	struct units *units, const struct units_name *unit, struct message *why)
{
	const bool *active = find_unit(unit->name);

	(void)units, (void)why;
	return active && *active;
}

int __wrap_units_find_stops(struct units *units, const struct units_name *unit,
	struct units_list *ret, struct message *why)
{
	return __wrap_units_is_active(units, unit, why) ? units_add(ret, unit) : 0;
}

int __wrap_units_stop(struct units *units, const struct units_name *unit,
	unsigned wait_ms, struct message *why)
{
	int r = ask_for("stop-%s", unit->name);

	(void)units, (void)wait_ms;
	if (r < 0)
		return message_set(why, r, "%s does not stop", unit->name);
	*find_unit(unit->name) = false;
	return done();
}

int __wrap_units_start(struct units *units, const struct units_name *unit,
	unsigned wait_ms, struct message *why)
{
	int r = ask_for("start-%s", unit->name);

	(void)units, (void)wait_ms;
	if (r < 0)
		return message_set(why, r, "%s does not start", unit->name);
	*find_unit(unit->name) = true;
	return done();
}

/* One that ends at once has been started. */
int __wrap_units_watch(struct units *units, unsigned watch_ms, struct message *why)
{
	int r = ask_for("watch");

	(void)units, (void)watch_ms;
	if (played->session_ends)
		played->active[WESTON] = false;
	if (r < 0 || played->session_ends)
		return message_set(why, -EIO, "weston.service ended soon");
	return done();
}

int __wrap_units_run(
	struct units *units, const struct units_program *program, struct message *why)
{
	int r = ask_for("timer-%s", program->name);

	(void)units, (void)why;
	assert_int_equal(program->after_s, back_after_s);
	assert_string_equal(program->argv[1], "release");
	assert_string_equal(program->argv[2], "--wait");
	played->timer |= r == 0;
	return r == 0 ? done() : r;
}

int __wrap_units_cancel(struct units *units, const char *name, struct message *why)
{
	int r = ask_for("cancel-%s", name);

	(void)units, (void)why;
	if (r == 0)
		played->timer = false;
	return r == 0 ? done() : r;
}

void __wrap_syslog(int priority, const char *format, ...)
{
	(void)priority, (void)format;
}

/* ---- who has it open --------------------------------------------------------------------- */

int __wrap_holders_read(const struct root *root, const struct pci_address *functions,
	size_t n, struct holders *ret);
int __wrap_holders_wait(const struct root *root, const struct pci_address *functions,
	size_t n, unsigned wait_ms, struct holders *ret);

static void add_holder(
	struct holders *holders, const char *comm, const char *node, const char *unit)
{
	struct holders_one *more =
		reallocarray(holders->list, holders->n + 1, sizeof(*more));
	struct holders_one *one;

	assert_non_null(more);
	holders->list = more;
	one = &more[holders->n++];
	*one = (struct holders_one){.pid = 812, .function = parse(GPU)};
	strcpy(one->comm, comm);
	strcpy(one->node, node);
	strcpy(one->unit.name, unit);
	holders->n_processes = holders->n;
}

static void add_broker(struct holders *holders)
{
	add_holder(holders, "systemd", "/dev/dri/card1", "init.scope");
	holders->list[holders->n - 1].pid = 1;
	holders->list[holders->n - 1].broker = true;
}

int __wrap_holders_read(const struct root *root, const struct pci_address *functions,
	size_t n, struct holders *ret)
{
	(void)root;
	*ret = (struct holders){.partial = played->partial};
	played->looks++;
	for (size_t i = 0; i < n; i++) {
		const char *driver = driver_of(functions[i]);
		bool is_gpu = strcmp(short_name(functions[i]), "gpu") == 0;

		if (is_gpu && played->active[WESTON] && played->logind &&
			strcmp(driver, "vfio-pci") != 0)
			add_broker(ret);
		if (is_gpu && played->active[WESTON] && !played->opens_late &&
			strcmp(driver, "vfio-pci") != 0)
			add_holder(ret, "weston", "/dev/dri/card1", "weston.service");
		if (is_gpu && played->active[DAEMON] && strcmp(driver, "nvidia") == 0)
			add_holder(ret, "nvidia-persiste", "/dev/nvidia0",
				"nvidia-persistenced.service");
		if (is_gpu && played->poller && played->looks % 3 != 0)
			add_holder(ret, "waybar", "/dev/dri/card1", "waybar.service");
		if (played->plays && strcmp(driver, "snd_hda_intel") == 0)
			add_holder(ret, "pipewire", "/dev/snd/controlC0",
				"pipewire.service");
		if (is_gpu && played->guest_runs && strcmp(driver, "vfio-pci") == 0)
			add_holder(ret, "qemu-system-x86", "/dev/vfio/12", "");
	}
	return 0;
}

int __wrap_holders_wait(const struct root *root, const struct pci_address *functions,
	size_t n, unsigned wait_ms, struct holders *ret)
{
	unsigned tries = 1 + wait_ms / 100;

	while (__wrap_holders_read(root, functions, n, ret) == 0 && ret->n_processes &&
		--tries)
		holders_free(ret);
	return ret->n_processes ? -ETIMEDOUT : 0;
}

/* ---- the text console -------------------------------------------------------------------- */

int __wrap_consoles_find(const struct root *root, const struct pci_address *functions,
	size_t n, struct consoles *ret);
int __wrap_consoles_bind(const struct root *root, const char *name, bool bind);

int __wrap_consoles_find(const struct root *root, const struct pci_address *functions,
	size_t n, struct consoles *ret)
{
	(void)root, (void)functions, (void)n;
	*ret = (struct consoles){0};
	if (played->has_console && played->console) {
		strcpy(ret->names[0], "vtcon1");
		ret->n = 1;
	}
	return 0;
}

int __wrap_consoles_bind(const struct root *root, const char *name, bool bind)
{
	int r = ask_for("%s-%s", name, bind ? "on" : "off");

	(void)root;
	if (r == 0)
		played->console = bind;
	return r == 0 ? done() : r;
}

/* ---- what the host uses: nothing of it --------------------------------------------------- */

int __wrap_protect_list_trace(
	struct facts *facts, const struct config *of, struct protect_list *ret);
int __wrap_facts_usage(struct facts *facts, const struct usage **ret);

static const char *protect_text;

int __wrap_protect_list_trace(
	struct facts *facts, const struct config *of, struct protect_list *ret)
{
	(void)facts, (void)of;
	if (protect_text) {
		_cleanup_free_ char *text = strdup(protect_text);

		assert_int_equal(protect_parse(ret, text), 0);
	}
	return 0;
}

int __wrap_facts_usage(struct facts *facts, const struct usage **ret)
{
	static const struct usage none;

	(void)facts;
	*ret = &none;
	return 0;
}

/* ---- machines ---------------------------------------------------------------------------- */

static void add_function(const char *address, const char *ids, const char *native)
{
	char place[128], name[160];

	if (text_begins_with(address, "0000:00:"))
		snprintf(place, sizeof(place), "pci0000:00/%s", address);
	else
		snprintf(place, sizeof(place), "pci0000:00/0000:00:%.2s.0/%s",
			address + 5, address);
	fake_function(place, 0x10de, 0x2204);
	snprintf(name, sizeof(name), "sys/devices/%s/modalias", place);
	fake_put(name, ids);
	snprintf(name, sizeof(name), "../../../../kernel/iommu_groups/%.2s", address + 5);
	fake_link(file_of(parse(address), "iommu_group"), name);
	fake_put(file_of(parse(address), "native"), native);
	fake_put(file_of(parse(address), "driver_override"), "(null)\n");
	fake_put(file_of(parse(address), "power/control"), "auto\n");
	fake_put(file_of(parse(address), "power_state"), "D0\n");
	register_driver(native);
	bind_to(parse(address), native);
}

#define SECTION "[device gaming]\npath = 00:01.0/00\nexpect = 2\n"

static void add_bridge(const char *address)
{
	char place[64];

	snprintf(place, sizeof(place), "pci0000:00/%s", address);
	fake_function(place, 0x8086, 0x1901);
	fake_put(file_of(parse(address), "modalias"),
		"pci:v00008086d00001901sv00001043sd00008769bc06sc04i00\n");
	fake_remove(file_of(parse(address), "iommu_group"));
}

static int set_up(void **state)
{
	if (fake_set_up(state) < 0)
		return -1;
	played = mmap(NULL, sizeof(*played), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(played, MAP_FAILED);
	fake_put("sys/bus/pci/drivers_probe", "");
	add_bridge("0000:00:01.0");
	add_bridge("0000:00:02.0");
	add_function(GPU, "pci:v000010DEd00002204sv00001043sd00008769bc03sc00i00\n",
		"nouveau");
	add_function(SOUND, "pci:v000010DEd00001AEFsv00001043sd00008769bc04sc03i00\n",
		"snd_hda_intel");
	add_function(OTHER, "pci:v00001002d00001478sv00001043sd00008769bc03sc00i00\n",
		"amdgpu");
	memset(&config, 0, sizeof(config));
	assert_int_equal(dropin_read_text(&config, SECTION, "/etc/vfioboot.conf"), 0);
	played->active[WESTON] = played->console = played->has_console = true;
	stop_session = true;
	guest = protect_text = second_set = NULL;
	wait_s = back_after_s = 0;
	message = (struct message){0};
	failure = (struct change_failure){0};
	return 0;
}

static int tear_down(void **state)
{
	munmap(played, sizeof(*played));
	return fake_tear_down(state);
}

/* ---- commands ---------------------------------------------------------------------------- */

/* Plans, checks and carries out; the result of the first of them that fails. */
static int carry_out(struct handover *handover, int r)
{
	if (r == 0)
		r = change_check(&handover->change, &message);
	if (r == 0)
		r = handover_carry_out(handover, NULL, &failure);
	if (r < 0 && failure.message.code)
		message = failure.message;
	change_free_failure(&failure);
	return r;
}

static char wait_why[128]; /* what the step says that waits for processes */

static void note_wait(const struct change *change)
{
	*wait_why = '\0';
	for (size_t i = 0; i < change->n; i++)
		if (change->steps[i].kind == &steps_wait && change->steps[i].why)
			text_join(wait_why, sizeof(wait_why), change->steps[i].why, NULL);
}

static int bind_set(void)
{
	_cleanup_(handover_free) struct handover handover = {0};
	struct handover_request request = {.set = "gaming",
		.guest = guest,
		.stop_session = stop_session,
		.wait_s = wait_s,
		.back_after_s = back_after_s,
		.program = "/usr/bin/vfioboot"};
	struct root root = fake_open();
	struct facts facts;
	int r;

	root.live = true;
	message = (struct message){0};
	assert_int_equal(facts_read(&root, &facts), 0);
	r = handover_bind(&facts, &config, &request, &handover, &message);
	request.set = second_set;
	if (r == 0 && second_set)
		r = handover_bind(&facts, &config, &request, &handover, &message);
	note_wait(&handover.change);
	r = carry_out(&handover, r);
	handover_free(&handover);
	facts_free(&facts);
	root_close(&root);
	return r;
}

static int release_set(void)
{
	_cleanup_(handover_free) struct handover handover = {0};
	const struct handover_request request = {.set = "gaming", .guest = guest};
	struct root root = fake_open();
	int r;

	root.live = true;
	message = (struct message){0};
	r = carry_out(&handover, handover_release(&root, &request, &handover, &message));
	handover_free(&handover);
	root_close(&root);
	return r;
}

static void clear_log(void)
{
	played->log[0] = '\0';
	played->operations = 0;
	played->fail_at = played->kill_before = played->kill_behind = 0;
	played->full_behind = 0;
}

static void expect_log(const char *log)
{
	size_t len = strlen(played->log);

	if (len)
		played->log[len - 1] = '\0';
	assert_string_equal(played->log, log);
	clear_log();
}

static bool has_state(void)
{
	return access(fake_path("run/vfioboot/handover/gaming"), F_OK) == 0;
}

static void expect_function(const char *address, const char *driver, const char *override)
{
	if (strcmp(driver_of(parse(address)), driver) != 0 ||
		strcmp(override_of(parse(address)), override) != 0)
		fail_msg("%s: driver '%s', override '%s'; log: %s; message: %s", address,
			driver_of(parse(address)), override_of(parse(address)),
			played->log, message.text);
}

static void expect_bound(void)
{
	expect_function(GPU, "vfio-pci", "vfio-pci");
	expect_function(SOUND, "vfio-pci", "vfio-pci");
	expect_function(OTHER, "amdgpu", "");
	assert_false(played->active[WESTON]);
	assert_false(played->console);
	assert_true(has_state());
}

/* All is as before. */
static void expect_native(void)
{
	expect_function(GPU, played->modules[3] ? "nvidia" : "nouveau", "");
	expect_function(SOUND, "snd_hda_intel", "");
	expect_function(OTHER, "amdgpu", "");
	if (!played->active[WESTON] || !played->console || played->timer)
		fail_msg("not put back; log: %s", played->log);
	assert_int_equal(
		strncmp(fake_read(file_of(parse(GPU), "power/control")), "auto", 4), 0);
	assert_int_equal(
		strncmp(fake_read(file_of(parse(SOUND), "power/control")), "auto", 4), 0);
	assert_false(has_state());
}

/* ---- both ways --------------------------------------------------------------------------- */

static void test_order(void **state)
{
	assert_int_equal(bind_set(), 0);
	expect_log("sound=vfio-pci gpu=vfio-pci load-vfio-pci sound:on gpu:on "
		   "stop-weston.service vtcon1-off sound<snd_hda_intel gpu<nouveau "
		   "probe-sound probe-gpu");
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_log(
		"gpu=nouveau sound=snd_hda_intel gpu<vfio-pci sound<vfio-pci probe-gpu "
		"probe-sound gpu=- sound=- gpu:auto sound:auto vtcon1-on "
		"start-weston.service watch");
	expect_native();
}

static void test_ten_rounds(void **state)
{
	unsigned descriptors;

	assert_int_equal(bind_set(), 0);
	assert_int_equal(release_set(), 0);
	descriptors = open_descriptors();
	for (int i = 0; i < 10; i++) {
		assert_int_equal(bind_set(), 0);
		expect_bound();
		assert_int_equal(release_set(), 0);
		expect_native();
		clear_log();
	}
	assert_int_equal(open_descriptors(), descriptors);
}

/* Each way once more changes nothing. */
static void test_idempotent(void **state)
{
	assert_int_equal(release_set(), 0);
	expect_log("");
	assert_int_equal(bind_set(), 0);
	clear_log();
	assert_int_equal(bind_set(), 0);
	expect_log("");
	expect_bound();
	assert_int_equal(release_set(), 0);
	clear_log();
	assert_int_equal(release_set(), 0);
	expect_log("");
	expect_native();
}

/* What was stopped before, and a console that showed nothing, stay so. */
static void test_only_what_it_did(void **state)
{
	played->active[WESTON] = played->console = false;
	fake_put(file_of(parse(GPU), "power/control"), "on\n");
	assert_int_equal(bind_set(), 0);
	expect_bound();
	assert_int_equal(release_set(), 0);
	assert_false(played->active[WESTON]);
	assert_false(played->console);
	assert_string_equal(fake_read(file_of(parse(GPU), "power/control")), "on\n");
	assert_false(has_state());
	expect_function(GPU, "nouveau", "");
}

/* A function that has the driver for guests since boot is not this one's to give back. */
static void test_bound_at_boot(void **state)
{
	register_driver("vfio-pci");
	fake_put(file_of(parse(SOUND), "driver_override"), "vfio-pci\n");
	bind_to(parse(SOUND), "vfio-pci");
	assert_int_equal(bind_set(), 0);
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_function(GPU, "nouveau", "");
	expect_function(SOUND, "vfio-pci", "vfio-pci");

	fake_put(file_of(parse(GPU), "driver_override"), "vfio-pci\n");
	bind_to(parse(GPU), "vfio-pci");
	clear_log();
	assert_int_equal(bind_set(), 0);
	assert_int_equal(release_set(), 0);
	expect_log("");
	expect_function(GPU, "vfio-pci", "vfio-pci");
}

static void test_no_driver_before(void **state)
{
	fake_remove(file_of(parse(SOUND), "driver"));
	assert_int_equal(bind_set(), 0);
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_function(SOUND, "", "");
	expect_function(GPU, "nouveau", "");
}

static void test_timer(void **state)
{
	back_after_s = 600;
	assert_int_equal(bind_set(), 0);
	assert_true(played->timer);
	assert_non_null(strstr(played->log, "timer-vfioboot-release-gaming "));
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* It may be asked for when the set is handed over already, and again, with another time. */
static void test_timer_of_bound(void **state)
{
	assert_int_equal(bind_set(), 0);
	clear_log();
	for (back_after_s = 600; back_after_s < 800; back_after_s += 100) {
		assert_int_equal(bind_set(), 0);
		expect_log(
			"cancel-vfioboot-release-gaming timer-vfioboot-release-gaming");
		expect_bound();
	}
	assert_true(played->timer);
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* ---- failures ---------------------------------------------------------------------------- */

/* Whichever step fails, all is as before. */
static void test_each_failure(void **state)
{
	unsigned failures = 0;

	back_after_s = 600;
	for (unsigned n = 1;; n++) {
		int r;

		clear_log();
		if (is_registered("vfio-pci"))
			unregister_driver("vfio-pci");
		played->fail_at = n;
		r = bind_set();
		if (r == 0)
			break;
		failures++;
		assert_string_not_equal(message.text, "");
		assert_string_equal(failure.undo, "");
		expect_native();
	}
	assert_within(failures, 10, 30);
	expect_bound();
}

/* The card stays with the guests' driver, or all of it is back. */
static void test_each_failure_of_release(void **state)
{
	unsigned kept = 0, rest = 0;

	back_after_s = 600;
	for (unsigned n = 1;; n++) {
		int r;

		assert_int_equal(bind_set(), 0);
		clear_log();
		played->fail_at = n;
		r = release_set();
		if (played->operations < n)
			break;
		if (r < 0) {
			kept++;
			expect_bound();
		} else {
			rest++;
			assert_string_not_equal(failure.rest, "");
			assert_true(has_state());
		}
		clear_log();
		assert_int_equal(release_set(), 0);
		expect_native();
	}
	expect_native();
	assert_within(kept, 6, 20);
	assert_int_equal(rest, 8);
}

static void test_vfio_refuses(void **state)
{
	strcpy(played->refuses, "vfio-pci");
	assert_int_equal(bind_set(), -EIO);
	assert_string_equal(
		message.text, SOUND " was not bound to vfio-pci: it has no driver");
	expect_native();
}

static void test_unbind_that_hangs(void **state)
{
	played->unbind_hangs = true;
	assert_int_equal(bind_set(), -ETIMEDOUT);
	assert_string_equal(message.text,
		"the driver snd_hda_intel did not give up " SOUND " within 30 seconds");
	assert_string_equal(message.remedy, "only a reboot brings it back");
	expect_native();
}

static void test_device_that_sleeps(void **state)
{
	fake_put(file_of(parse(GPU), "power_state"), "D3cold\n");
	assert_int_equal(bind_set(), -EIO);
	assert_string_equal(message.text, GPU " stays in the power state D3cold");
	assert_null(strstr(played->log, "stop-weston"));
	expect_native();
}

/* Switched on, it is awake before anything else is asked of it, and may sleep again afterwards. */
static void test_device_that_wakes(void **state)
{
	played->wakes = true;
	fake_put(file_of(parse(GPU), "power_state"), "D3cold\n");
	assert_int_equal(bind_set(), 0);
	expect_bound();
	assert_int_equal(
		strncmp(fake_read(file_of(parse(GPU), "power/control")), "on", 2), 0);
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* The display manager would only start again and again. */
static void test_card_does_not_come_back(void **state)
{
	assert_int_equal(bind_set(), 0);
	strcpy(played->refuses, "nouveau");
	assert_int_equal(release_set(), -EIO);
	assert_string_equal(
		message.text, GPU " was not bound to nouveau: it has no driver");
	expect_bound();
	played->refuses[0] = '\0';
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* systemd said that it was started: the release is not complete, and can be asked for again. */
static void test_session_ends_soon(void **state)
{
	assert_int_equal(bind_set(), 0);
	played->session_ends = true;
	clear_log();
	assert_int_equal(release_set(), 0);
	assert_non_null(strstr(failure.rest, "weston.service ended soon"));
	expect_function(GPU, "nouveau", "");
	assert_true(has_state());
	played->session_ends = false;
	clear_log();
	assert_int_equal(release_set(), 0);
	assert_string_equal(failure.rest, "");
	expect_native();
}

/* What fills up while a set is handed over is no reason to keep it from the host. */
static void test_no_room(void **state)
{
	unsigned failures = 0;

	for (unsigned n = 1;; n++) {
		if (is_registered("vfio-pci"))
			unregister_driver("vfio-pci");
		clear_log();
		played->full_behind = n;
		if (bind_set() == 0)
			break;
		failures++;
		assert_non_null(strstr(message.text, "No space left on device"));
		assert_string_equal(failure.undo, "");
		expect_native();
	}
	assert_within(failures, 8, 20);
	/* The way back needs no room. */
	assert_int_equal(bind_set(), 0);
	played->full_behind = 1;
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* A device that hangs keeps its override from being written, both ways. */
static void test_override_that_hangs(void **state)
{
	strcpy(played->locked, "gpu");
	assert_int_equal(bind_set(), -ETIMEDOUT);
	assert_non_null(strstr(failure.undo, "cannot write the driver override of " GPU));
	assert_non_null(strstr(failure.undo, "'sudo vfioboot release gaming'"));
	expect_function(GPU, "nouveau", "");
	expect_function(SOUND, "snd_hda_intel", "");
	assert_true(has_state());
	played->locked[0] = '\0';
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* What the host has when something fails is not taken from it since something else does not come back. */
static void test_host_keeps(void **state)
{
	assert_int_equal(bind_set(), 0);
	assert_int_equal(release_set(), 0);
	clear_log();
	strcpy(played->refuses, "snd_hda_intel");
	for (unsigned n = 1; !strstr(played->log, "gpu<nouveau"); n++) {
		assert_int_equal(release_set(), 0);
		clear_log();
		played->fail_at = n;
		assert_true(bind_set() < 0);
	}
	expect_function(GPU, "nouveau", "vfio-pci");
	expect_function(SOUND, "vfio-pci", "vfio-pci");
	assert_non_null(strstr(failure.undo, SOUND " was not bound to snd_hda_intel"));
	played->refuses[0] = '\0';
	clear_log();
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* ---- killed ------------------------------------------------------------------------------ */

/* In a process of its own, which may end in the middle.  Whether it was killed. */
static bool run_killed(int (*command)(void), unsigned before, unsigned behind)
{
	int status;
	pid_t pid;

	clear_log();
	played->kill_before = before;
	played->kill_behind = behind;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(command() == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
	clear_log();
	return WEXITSTATUS(status) == KILLED;
}

/* Kills @command at each operation; @next makes of it what it would have done. */
static void kill_each(
	int (*first)(void), int (*command)(void), int (*next)(void), void (*expect)(void))
{
	unsigned kills = 0;

	for (unsigned n = 1;; n++) {
		bool killed = false;

		for (int behind = 0; behind < 2; behind++) {
			if (first)
				assert_int_equal(first(), 0);
			killed = run_killed(command, behind ? 0 : n, behind ? n : 0);
			kills += killed;
			assert_int_equal(next(), 0);
			expect();
			assert_int_equal(release_set(), 0);
			expect_native();
		}
		if (!killed)
			break;
	}
	assert_within(kills, 18, 40);
}

static void test_killed_bind(void **state)
{
	kill_each(NULL, bind_set, release_set, expect_native);
	kill_each(NULL, bind_set, bind_set, expect_bound);
}

static void test_killed_release(void **state)
{
	kill_each(bind_set, release_set, release_set, expect_native);
	kill_each(bind_set, release_set, bind_set, expect_bound);
}

/* What a killed release had begun to start has the card soon. */
static void test_killed_release_starting(void **state)
{
	unsigned n = 0;

	played->opens_late = true;
	do {
		assert_int_equal(release_set(), 0);
		played->opens_late = false;
		assert_int_equal(bind_set(), 0);
		played->opens_late = true;
		assert_true(run_killed(release_set, 0, ++n));
	} while (!played->active[WESTON]);
	assert_true(has_state());
	assert_int_equal(bind_set(), 0);
	expect_bound();
	played->opens_late = false;
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* As driverctl leaves them: a driver by the override, and another one that is kept away by it. */
static void set_overrides(void)
{
	fake_put(file_of(parse(GPU), "driver_override"), "nouveau\n");
	fake_put(file_of(parse(SOUND), "driver_override"), "none\n");
	fake_remove(file_of(parse(SOUND), "driver"));
}

static void expect_overrides(void)
{
	expect_function(GPU, "nouveau", "nouveau");
	expect_function(SOUND, "", "none");
	assert_false(has_state());
}

/* Also where a step fails, or either way is killed and done again. */
static void test_override_before(void **state)
{
	set_overrides();
	assert_int_equal(bind_set(), 0);
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_overrides();
	for (unsigned n = 1;; n++) {
		clear_log();
		played->fail_at = n;
		if (bind_set() == 0)
			break;
		expect_overrides();
	}
	clear_log();
	assert_int_equal(release_set(), 0);
	for (int back = 0; back < 2; back++) {
		bool killed = true;

		for (unsigned n = 1; killed; n++) {
			assert_int_equal(back ? bind_set() : 0, 0);
			killed = run_killed(back ? release_set : bind_set, n, 0);
			assert_int_equal(release_set(), 0);
			expect_overrides();
		}
	}
}

/* What somebody has set meanwhile is newer. */
static void test_override_meanwhile(void **state)
{
	set_overrides();
	assert_int_equal(bind_set(), 0);
	fake_put(file_of(parse(GPU), "driver_override"), "nvidia\n");
	fake_put(file_of(parse(SOUND), "driver_override"), "(null)\n");
	assert_int_equal(release_set(), 0);
	expect_function(GPU, "nouveau", "nvidia");
	expect_function(SOUND, "", "");
	assert_false(has_state());
}

/* Of a guest whose start was killed, nobody has the set. */
static void test_killed_guest(void **state)
{
	guest = "first";
	assert_true(run_killed(bind_set, 4, 0));
	guest = "second";
	assert_int_equal(bind_set(), 0);
	guest = "first";
	assert_int_equal(release_set(), 0);
	expect_bound();
	guest = "second";
	assert_int_equal(release_set(), 0);
	expect_native();
}

static void expect_refusal(int code, const char *text)
{
	int r = bind_set();

	if (r != code || !strstr(message.text, text))
		fail_msg("%d: %s; log: %s", r, message.text, played->log);
	expect_log("");
	expect_native();
}

/* ---- two sets ---------------------------------------------------------------------------- */

#define SECOND "[device second]\npath = 00:02.0/00\n"

static void make_second(bool last_display)
{
	memset(&config, 0, sizeof(config));
	assert_int_equal(
		dropin_read_text(&config, SECTION SECOND, "/etc/vfioboot.conf"), 0);
	config.sections[1].last_display = last_display;
	second_set = "second";
}

static int state_of_second(void)
{
	return access(fake_path("run/vfioboot/handover/second"), F_OK);
}

static void test_two_sets(void **state)
{
	make_second(true);
	assert_int_equal(bind_set(), 0);
	expect_log(
		"sound=vfio-pci gpu=vfio-pci load-vfio-pci sound:on gpu:on "
		"stop-weston.service vtcon1-off sound<snd_hda_intel gpu<nouveau "
		"probe-sound probe-gpu other=vfio-pci load-vfio-pci other:on vtcon1-off "
		"other<amdgpu probe-other");
	expect_function(GPU, "vfio-pci", "vfio-pci");
	expect_function(OTHER, "vfio-pci", "vfio-pci");
	assert_int_equal(release_set(), 0);
	expect_function(GPU, "nouveau", "");
	expect_function(OTHER, "vfio-pci", "vfio-pci");
}

/* Each step of either: the first set goes back, whole, when one of the second fails. */
static void test_each_failure_of_two_sets(void **state)
{
	unsigned failures = 0, behind = 0;

	make_second(true);
	for (unsigned n = 1;; n++) {
		clear_log();
		if (is_registered("vfio-pci"))
			unregister_driver("vfio-pci");
		played->fail_at = n;
		if (bind_set() == 0)
			break;
		failures++;
		behind += strstr(played->log, "other") != NULL;
		assert_string_equal(failure.undo, "");
		assert_int_equal(state_of_second(), -1);
		expect_native();
	}
	assert_within(failures, 14, 40);
	assert_within(behind, 5, 20);
}

/* What was handed over before is not of this command: it stays as it is when the other one fails. */
static void test_each_failure_behind_bound(void **state)
{
	static const char file[] = "run/vfioboot/handover/gaming";
	char before[2048];
	unsigned failures = 0;

	assert_int_equal(bind_set(), 0);
	snprintf(before, sizeof(before), "%s", fake_read(file));
	make_second(true);
	for (unsigned n = 1;; n++) {
		clear_log();
		played->fail_at = n;
		if (bind_set() == 0)
			break;
		failures++;
		assert_string_equal(failure.undo, "");
		if (strstr(played->log, "gpu="))
			fail_msg("log: %s", played->log);
		assert_string_equal(fake_read(file), before);
		assert_int_equal(state_of_second(), -1);
		expect_bound();
	}
	assert_within(failures, 4, 10);
}

/* What the second set is refused for is found before the first is touched. */
static void test_second_set_is_refused(void **state)
{
	make_second(false);
	expect_refusal(-EPERM, "second, " OTHER " is refused (last-display)");
	config.sections[1].last_display = true;
	protect_text = "storage 00:02.0/00.0 1002:1478 /\n";
	expect_refusal(-EPERM, "(protected)");
	protect_text = NULL;
	second_set = "third";
	expect_refusal(-ENOENT, "there is no [device third]");
	second_set = "gaming";
	expect_refusal(-EBUSY, "is in both gaming and gaming");
}

/* ---- refusals: nothing is touched ---------------------------------------------------------- */

static void test_unknown_section(void **state)
{
	config.n_sections = 0;
	expect_refusal(-ENOENT, "there is no [device gaming]");
}

static void test_session(void **state)
{
	stop_session = false;
	expect_refusal(
		-EBUSY, "weston (process 812 of weston.service) has /dev/dri/card1 open");
	assert_non_null(strstr(message.remedy, "--stop-session"));
}

static void test_session_of_logind(void **state)
{
	test_session(state);
	played->logind = true;
	test_session(state);
	assert_null(strstr(message.text, "systemd"));
}

static void test_poller(void **state)
{
	played->poller = true;
	played->active[WESTON] = stop_session = false;
	wait_s = 1;
	assert_int_equal(bind_set(), 0);
	expect_bound();
}

static void test_holder_that_stays(void **state)
{
	stop_session = false;
	played->poller = true;
	played->looks = 0;
	played->active[WESTON] = false;
	wait_s = 0;
	assert_int_equal(bind_set(), -EBUSY);
	assert_non_null(strstr(message.text,
		"waybar (process 812 of waybar.service) has /dev/dri/card1"));
	assert_string_equal(played->log, "");
}

static void test_protected(void **state)
{
	protect_text = "storage 00:01.0/00.0 10de:2204 /\n";
	expect_refusal(-EPERM, "(protected)");
}

static void test_last_display(void **state)
{
	fake_remove("sys/bus/pci/devices/" OTHER);
	assert_int_equal(bind_set(), -EPERM);
	assert_non_null(strstr(message.text, "(last-display)"));
	expect_log("");
	config.sections[0].last_display = true;
	assert_int_equal(bind_set(), 0);
}

static void test_no_group(void **state)
{
	fake_remove("sys/bus/pci/devices/" SOUND "/iommu_group");
	expect_refusal(-EPERM, "(no-iommu-group)");
}

/* A third function of the slot, which nobody expects. */
static void test_stranger(void **state)
{
	add_function("0000:01:00.2",
		"pci:v000010DEd00001AD8sv00001043sd00008769bc0Csc03i30\n", "xhci_hcd");
	expect_refusal(-EPERM, "(count)");
}

static void test_group_not_whole(void **state)
{
	fake_remove("sys/bus/pci/devices/" OTHER "/iommu_group");
	fake_link("sys/bus/pci/devices/" OTHER "/iommu_group",
		"../../../kernel/iommu_groups/7");
	fake_remove("sys/bus/pci/devices/" GPU "/iommu_group");
	fake_link("sys/bus/pci/devices/" GPU "/iommu_group",
		"../../../kernel/iommu_groups/7");
	expect_refusal(-EPERM, OTHER " is in the IOMMU group of " GPU);
}

static void test_virtual_functions(void **state)
{
	add_function("0000:01:10.0",
		"pci:v000010DEd00002205sv00001043sd00008769bc03sc80i00\n", "nouveau");
	fake_link("sys/bus/pci/devices/0000:01:10.0/physfn", "../" GPU);
	expect_refusal(-EBUSY, "0000:01:10.0 would be gone");
	assert_non_null(strstr(message.remedy, "sriov_numvfs"));
}

static void test_other_guest(void **state)
{
	guest = "first";
	assert_int_equal(bind_set(), 0);
	clear_log();
	guest = "second";
	assert_int_equal(bind_set(), -EBUSY);
	assert_string_equal(message.text, "gaming was given to the guest first");
	assert_int_equal(release_set(), 0);
	expect_log("");
	expect_bound();
	guest = NULL;
	assert_int_equal(bind_set(), -EBUSY);
	guest = "first";
	assert_int_equal(bind_set(), 0);
	expect_log("");
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* What a person handed over is not given back because a guest ends. */
static void test_guest_of_a_person(void **state)
{
	assert_int_equal(bind_set(), 0);
	clear_log();
	guest = "first";
	assert_int_equal(bind_set(), 0);
	assert_int_equal(release_set(), 0);
	expect_log("");
	expect_bound();
}

static void test_other_set(void **state)
{
	fake_put("run/vfioboot/handover/other",
		"vfioboot-handover 1\nversion 1\nguest -\nphase bound\n"
		"function " SOUND " 00:01.0/00.1 10de:1aef snd_hda_intel vfio-pci -\n");
	expect_refusal(-EBUSY, SOUND " was handed over with other");
	fake_put("run/vfioboot/handover/other", "nonsense\n");
	expect_refusal(-EBADMSG, "/run/vfioboot/handover/other");
}

static void test_running_guest(void **state)
{
	assert_int_equal(bind_set(), 0);
	clear_log();
	played->guest_runs = true;
	assert_int_equal(release_set(), -EBUSY);
	assert_string_equal(
		message.text, "qemu-system-x86 (process 812) has /dev/vfio/12 open");
	expect_log("");
	expect_bound();
}

/* It has lost a function since, and a guest runs with the rest: to undo would take that from it. */
static void test_running_guest_with_part(void **state)
{
	assert_int_equal(bind_set(), 0);
	clear_log();
	fake_remove(file_of(parse(SOUND), "driver"));
	played->guest_runs = true;
	assert_int_equal(bind_set(), -EBUSY);
	assert_string_equal(
		message.text, "qemu-system-x86 (process 812) has /dev/vfio/12 open");
	expect_log("");
	assert_true(has_state());
	expect_function(GPU, "vfio-pci", "vfio-pci");
	played->guest_runs = false;
	assert_int_equal(bind_set(), 0);
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_native();
}

static void make_nvidia(void)
{
	memset(played->modules, true, sizeof(played->modules));
	register_driver("nvidia");
	bind_to(parse(GPU), "nvidia");
	fake_put(file_of(parse(GPU), "native"), "nvidia");
	played->active[DAEMON] = true;
}

/* The configuration says another one by now. */
static void test_other_driver(void **state)
{
	assert_int_equal(bind_set(), 0);
	clear_log();
	strcpy(config.sections[0].driver, "pci-stub");
	assert_int_equal(bind_set(), -EBUSY);
	assert_string_equal(message.text,
		"gaming was handed over with the driver vfio-pci, and not pci-stub");
	assert_string_equal(message.remedy, "run 'sudo vfioboot release gaming'");
	expect_log("");
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* What is left without a driver gets one from what runs the guest. */
static void test_running_guest_by_itself(void **state)
{
	strcpy(config.sections[0].driver, "none");
	assert_int_equal(bind_set(), 0);
	expect_function(GPU, "", "none");
	register_driver("vfio-pci");
	bind_to(parse(GPU), "vfio-pci");
	clear_log();
	played->guest_runs = true;
	assert_int_equal(release_set(), -EBUSY);
	assert_string_equal(
		message.text, "qemu-system-x86 (process 812) has /dev/vfio/12 open");
	expect_log("");
	played->guest_runs = false;
	assert_int_equal(release_set(), 0);
	expect_native();
}

/* What came back, and is in use again, is not taken once more because the rest did not. */
static void test_used_again(void **state)
{
	make_nvidia();
	assert_int_equal(bind_set(), 0);
	played->active[DAEMON] = true;
	strcpy(played->refuses, "snd_hda_intel");
	clear_log();
	assert_int_equal(release_set(), -EIO);
	assert_non_null(strstr(failure.undo, "nvidia-persiste"));
	assert_null(strstr(played->log, "gpu<nvidia"));
	expect_function(GPU, "nvidia", "nvidia");
}

/* A child that the kernel does not let go has all descriptors of the command. */
static void test_lock_of_a_child(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	int fd = handover_lock(&root, 0), again, status;
	pid_t stays = fork(), other;

	if (stays == 0)
		for (;;)
			pause();
	change_unlock(&fd);
	assert_int_equal(fd, -1);
	other = fork();
	if (other == 0) {
		again = handover_lock(&root, 0);
		_exit(again < 0);
	}
	assert_int_equal(waitpid(other, &status, 0), other);
	kill(stays, SIGKILL);
	assert_int_equal(waitpid(stays, NULL, 0), stays);
	assert_int_equal(status, 0);
	change_unlock(&fd);
}

/* Another device was put into the slot, or it is gone. */
static void test_other_device(void **state)
{
	assert_int_equal(bind_set(), 0);
	clear_log();
	fake_put("sys/devices/pci0000:00/0000:00:01.0/" GPU "/modalias",
		"pci:v00001002d0000731Fsv00001043sd00008769bc03sc00i00\n");
	fake_remove("sys/bus/pci/devices/" SOUND);
	assert_int_equal(release_set(), 0);
	expect_function(GPU, "vfio-pci", "vfio-pci");
	assert_null(strstr(played->log, "gpu="));
	assert_false(has_state());
}

/* It was unplugged while it was handed over, and what is there now is handed over, too. */
static void test_other_device_again(void **state)
{
	assert_int_equal(bind_set(), 0);
	fake_put("sys/devices/pci0000:00/0000:00:01.0/" GPU "/modalias",
		"pci:v00001002d0000731Fsv00001043sd00008769bc03sc00i00\n");
	fake_put(file_of(parse(GPU), "driver_override"), "(null)\n");
	fake_put(file_of(parse(GPU), "native"), "amdgpu");
	fake_remove(file_of(parse(GPU), "driver"));
	bind_to(parse(GPU), "amdgpu");
	assert_int_equal(bind_set(), 0);
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_function(GPU, "amdgpu", "");
	expect_function(SOUND, "snd_hda_intel", "");
	assert_false(has_state());
}

/* ---- NVIDIA ------------------------------------------------------------------------------ */

static void test_nvidia(void **state)
{
	make_nvidia();
	assert_int_equal(bind_set(), 0);
	expect_log("sound=vfio-pci gpu=vfio-pci load-vfio-pci sound:on gpu:on "
		   "stop-nvidia-persistenced.service stop-weston.service vtcon1-off "
		   "sound<snd_hda_intel unload-nvidia_uvm unload-nvidia_drm "
		   "unload-nvidia_modeset unload-nvidia probe-sound probe-gpu");
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_native();
	assert_true(played->active[DAEMON]);
}

/* Its driver waits for ever then: it is not even asked. */
static void test_nvidia_in_use(void **state)
{
	make_nvidia();
	played->active[WESTON] = played->active[DAEMON] = false;
	played->poller = true;
	played->looks = 0;
	assert_int_equal(bind_set(), -EBUSY);
	assert_string_equal(played->log, "");
}

static void test_each_failure_of_nvidia(void **state)
{
	make_nvidia();
	for (unsigned n = 1;; n++) {
		clear_log();
		played->fail_at = n;
		if (bind_set() == 0)
			break;
		expect_native();
		assert_true(played->active[DAEMON]);
		for (size_t i = 0; i < ARRAY_SIZE(played->modules); i++)
			assert_true(played->modules[i]);
	}
	expect_bound();
	kill_each(NULL, bind_set, release_set, expect_native);
}

/* Persistence mode that was set by hand is seen in no file: the unload fails, and is no hang. */
static void test_nvidia_persistence(void **state)
{
	make_nvidia();
	strcpy(played->in_use, "nvidia");
	assert_int_equal(bind_set(), -EBUSY);
	assert_string_equal(message.text, "nvidia is in use");
	assert_null(strstr(played->log, "gpu<nvidia"));
	expect_native();
	assert_true(played->active[DAEMON]);
}

/* Not to see a process is no "nobody": it is said, since a driver that hangs may be unbound then. */
static void test_unseen(void **state)
{
	assert_int_equal(bind_set(), 0);
	assert_string_equal(wait_why, "");
	assert_int_equal(release_set(), 0);
	played->active[WESTON] = played->partial = true;
	assert_int_equal(bind_set(), 0);
	assert_string_equal(wait_why, HOLDERS_PARTIAL);
}

/* Another card of NVIDIA's stays: no module can go, and the daemon serves that one again. */
static void other_of_nvidia(void)
{
	make_nvidia();
	fake_remove(file_of(parse(OTHER), "driver"));
	bind_to(parse(OTHER), "nvidia");
	fake_link("sys/bus/pci/drivers/nvidia/" OTHER, "../../devices/" OTHER);
}

static void test_nvidia_that_stays(void **state)
{
	other_of_nvidia();
	assert_int_equal(bind_set(), 0);
	expect_log("sound=vfio-pci gpu=vfio-pci load-vfio-pci sound:on gpu:on "
		   "stop-nvidia-persistenced.service stop-weston.service vtcon1-off "
		   "sound<snd_hda_intel gpu<nvidia probe-sound probe-gpu "
		   "start-nvidia-persistenced.service");
	assert_true(played->active[DAEMON]);
	assert_true(played->modules[3]);
}

/* Somebody came after the wait: an unbind would never end, so there is none. */
static void test_nvidia_opened_late(void **state)
{
	other_of_nvidia();
	played->opened_late = true;
	assert_int_equal(bind_set(), -EBUSY);
	assert_non_null(strstr(message.text, "waybar (process 812"));
	assert_null(strstr(played->log, "gpu<nvidia"));
	expect_function(GPU, "nvidia", "");
	expect_function(SOUND, "snd_hda_intel", "");
	assert_false(has_state());
}

/* ---- amdgpu ------------------------------------------------------------------------------ */

static void make_amdgpu(const char *section)
{
	fake_remove(file_of(parse(GPU), "driver"));
	bind_to(parse(GPU), "amdgpu");
	fake_put(file_of(parse(GPU), "native"), "amdgpu");
	memset(&config, 0, sizeof(config));
	assert_int_equal(dropin_read_text(&config, section, "/etc/vfioboot.conf"), 0);
}

static void test_amdgpu(void **state)
{
	make_amdgpu(SECTION);
	assert_int_equal(bind_set(), 0);
	expect_log("sound=vfio-pci gpu=vfio-pci load-vfio-pci sound:on gpu:on "
		   "stop-weston.service vtcon1-off sound<snd_hda_intel gpu<amdgpu "
		   "probe-sound probe-gpu");
	expect_bound();
	assert_int_equal(release_set(), 0);
	expect_function(GPU, "amdgpu", "");
	expect_function(SOUND, "snd_hda_intel", "");
}

/* The sound was given already when the command was killed: it does not stay. */
static void test_amdgpu_interrupted(void **state)
{
	bool killed = true;

	make_amdgpu(SECTION);
	for (unsigned n = 1; killed; n++) {
		killed = run_killed(bind_set, n, 0);
		assert_int_equal(bind_set(), 0);
		expect_bound();
		assert_int_equal(release_set(), 0);
		expect_function(GPU, "amdgpu", "");
	}
}

/* The rest of its card stays: half a card that is reset takes the host down. */
static void test_amdgpu_in_part(void **state)
{
	make_amdgpu("[device gaming]\npath = 00:01.0/00.0\n");
	fake_remove("sys/bus/pci/devices/" SOUND "/iommu_group");
	fake_link("sys/bus/pci/devices/" SOUND "/iommu_group",
		"../../../kernel/iommu_groups/9");
	assert_int_equal(bind_set(), -EBUSY);
	assert_string_equal(message.text,
		SOUND " is part of the same card as " GPU
		      ", and amdgpu gives up a card only as a whole");
	expect_log("");
	expect_function(GPU, "amdgpu", "");
}

/* ---- the graphics of the processor -------------------------------------------------------- */

static void make_igpu(const char *driver)
{
	static const char section[] =
		"[device gaming]\npath = 00:02.0\nlast-display = yes\n";

	add_function(
		IGPU, "pci:v00008086d00003E98sv00001043sd00008694bc03sc00i00\n", driver);
	add_function(HDA, "pci:v00008086d0000A348sv00001043sd00008694bc04sc03i00\n",
		"snd_hda_intel");
	fake_link("sys/bus/pci/devices/" HDA "/iommu_group",
		"../../../kernel/iommu_groups/9");
	memset(&config, 0, sizeof(config));
	assert_int_equal(dropin_read_text(&config, section, "/etc/vfioboot.conf"), 0);
}

static void expect_igpu(const char *driver, const char *override)
{
	expect_function(IGPU, driver, override);
	expect_function(HDA, "snd_hda_intel", "");
}

/* The sound that stays lets go of the display, and is back when that has left, and come back. */
static void test_sound_that_stays(void **state)
{
	make_igpu("i915");
	assert_int_equal(bind_set(), 0);
	expect_log("igpu=vfio-pci load-vfio-pci igpu:on vtcon1-off hda<snd_hda_intel "
		   "igpu<i915 probe-igpu probe-hda");
	expect_igpu("vfio-pci", "vfio-pci");
	assert_int_equal(release_set(), 0);
	expect_log(
		"hda<snd_hda_intel igpu=i915 igpu<vfio-pci probe-igpu igpu=- probe-hda "
		"igpu:auto vtcon1-on");
	expect_igpu("i915", "");
	assert_false(has_state());
	for (unsigned n = 1;; n++) {
		bool killed = run_killed(bind_set, n, 0);

		assert_int_equal(n % 2 ? release_set() : bind_set(), 0);
		expect_igpu(n % 2 ? "i915" : "vfio-pci", n % 2 ? "" : "vfio-pci");
		assert_int_equal(release_set(), 0);
		expect_igpu("i915", "");
		if (!killed)
			break;
	}
}

/* The host's sound server has the sound that stays: the host gets its display back all the same. */
static void test_sound_that_is_open(void **state)
{
	make_igpu("i915");
	assert_int_equal(bind_set(), 0);
	played->plays = true;
	assert_int_equal(release_set(), 0);
	assert_non_null(strstr(failure.rest,
		"pipewire (process 812 of pipewire.service) has "
		"/dev/snd/controlC0 open; for sound by"));
	assert_non_null(strstr(failure.rest, "'sudo vfioboot release gaming' again"));
	expect_igpu("i915", "");
	/* What is left can be done later. */
	assert_true(has_state());
	played->plays = false;
	clear_log();
	assert_int_equal(release_set(), 0);
	expect_log("hda<snd_hda_intel igpu=- probe-hda igpu:auto vtcon1-on");
	expect_igpu("i915", "");
	assert_false(has_state());
}

/* Where the display does not come back, the host has its sound again. */
static void test_sound_of_a_failure(void **state)
{
	make_igpu("i915");
	assert_int_equal(bind_set(), 0);
	strcpy(played->refuses, "i915");
	assert_true(release_set() < 0);
	expect_igpu("vfio-pci", "vfio-pci");
}

/* The driver of later ones has a component of the same kind. */
static void test_sound_of_xe(void **state)
{
	make_igpu("xe");
	assert_int_equal(bind_set(), 0);
	expect_log("igpu=vfio-pci load-vfio-pci igpu:on vtcon1-off hda<snd_hda_intel "
		   "igpu<xe probe-igpu probe-hda");
	assert_int_equal(release_set(), 0);
	expect_igpu("xe", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(test_order),
	TEST(test_ten_rounds),
	TEST(test_idempotent),
	TEST(test_only_what_it_did),
	TEST(test_bound_at_boot),
	TEST(test_no_driver_before),
	TEST(test_timer),
	TEST(test_timer_of_bound),
	TEST(test_each_failure),
	TEST(test_each_failure_of_release),
	TEST(test_vfio_refuses),
	TEST(test_unbind_that_hangs),
	TEST(test_device_that_sleeps),
	TEST(test_device_that_wakes),
	TEST(test_card_does_not_come_back),
	TEST(test_session_ends_soon),
	TEST(test_no_room),
	TEST(test_override_that_hangs),
	TEST(test_host_keeps),
	TEST(test_killed_bind),
	TEST(test_killed_release),
	TEST(test_killed_release_starting),
	TEST(test_override_before),
	TEST(test_override_meanwhile),
	TEST(test_killed_guest),
	TEST(test_two_sets),
	TEST(test_each_failure_of_two_sets),
	TEST(test_each_failure_behind_bound),
	TEST(test_second_set_is_refused),
	TEST(test_unknown_section),
	TEST(test_session),
	TEST(test_session_of_logind),
	TEST(test_poller),
	TEST(test_holder_that_stays),
	TEST(test_protected),
	TEST(test_last_display),
	TEST(test_no_group),
	TEST(test_stranger),
	TEST(test_group_not_whole),
	TEST(test_virtual_functions),
	TEST(test_other_guest),
	TEST(test_guest_of_a_person),
	TEST(test_other_set),
	TEST(test_running_guest),
	TEST(test_running_guest_with_part),
	TEST(test_other_driver),
	TEST(test_running_guest_by_itself),
	TEST(test_used_again),
	TEST(test_lock_of_a_child),
	TEST(test_other_device),
	TEST(test_other_device_again),
	TEST(test_nvidia),
	TEST(test_nvidia_in_use),
	TEST(test_each_failure_of_nvidia),
	TEST(test_nvidia_persistence),
	TEST(test_nvidia_that_stays),
	TEST(test_unseen),
	TEST(test_nvidia_opened_late),
	TEST(test_amdgpu),
	TEST(test_amdgpu_interrupted),
	TEST(test_amdgpu_in_part),
	TEST(test_sound_that_stays),
	TEST(test_sound_that_is_open),
	TEST(test_sound_of_a_failure),
	TEST(test_sound_of_xe),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
