/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying a plan out, against a kernel that is played: each write goes to the tree first,
 * and then the tree changes as drivers/pci/pci-driver.c and drivers/base/{bus,dd}.c would
 * change it.  The work is done in other processes, so what the kernel knows of itself and
 * the log of what was asked of it are shared memory.
 *
 * Linked with --wrap for sysfs_write_override, sysfs_write_probe, sysfs_write_unbind,
 * sysfs_write_attribute, sysfs_has_driver, child_run_shared and child_now.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/child.h"
#include "bind/bind.h"
#include "support.h"

#define FUNCTIONS_MAX 4
#define DRIVER_SIZE   32

/* What goes wrong with a function. */
enum fault {
	OVERRIDE_FAILS = 1 << 0, /* -EIO */
	OVERRIDE_HANGS = 1 << 1, /* a probe in another thread has the device's lock */
	UNBIND_HANGS = 1 << 2,   /* of its native driver; the lock stays taken */
	UNBIND_FAILS = 1 << 3,   /* -EIO, and nothing changes */
	UNBIND_LIES = 1 << 4,    /* says yes, and nothing changes */
	VFIO_UNBIND_HANGS = 1 << 5,
	VFIO_REFUSES = 1 << 6,   /* vfio-pci's probe fails */
	NATIVE_REFUSES = 1 << 7, /* the native driver's probe fails */
	GRABBED_EARLY = 1 << 8,  /* by its native driver, before the override is there */
	GRABBED_LATE = 1 << 12,  /* by a probe that began before the override was there */
	RELEASED_EARLY =
		1 << 9, /* the native driver gives it up just before the unbind */
	VANISHES_FIRST = 1 << 10, /* before its override */
	VANISHES_LAST = 1 << 11,  /* before it is probed */
	SETTING_HANGS = 1 << 13,  /* the lock stays taken */
};

struct played_function {
	struct pci_address address;
	char native[DRIVER_SIZE]; /* the driver that matches its ids; "": none */
	unsigned faults;
	bool locked; /* by somebody who will not let go */
	bool gone;
};

/* The kernel, and its log: one operation a word, the drivers' probes among them. */
static struct kernel {
	struct played_function functions[FUNCTIONS_MAX];
	unsigned n_functions;
	char registered[4][DRIVER_SIZE];
	char module[DRIVER_SIZE]; /* what modprobe would register; "": nothing */
	bool modprobe_hangs;
	char log[4096];
	unsigned clock_speed; /* of child_now(), in place of one */
} * kernel;

static struct config config;
static struct machine machine;
static struct plan plan;
static struct report report = {.config = &config, .machine = &machine, .plan = &plan};

/* ---- the kernel ---------------------------------------------------------------------- */

static void __attribute__((format(printf, 1, 2))) log_word(const char *format, ...)
{
	size_t len = strlen(kernel->log);
	va_list args;

	va_start(args, format);
	vsnprintf(kernel->log + len, sizeof(kernel->log) - len, format, args);
	va_end(args);
	strncat(kernel->log, " ", sizeof(kernel->log) - strlen(kernel->log) - 1);
}

static const char *driver_link(struct pci_address address)
{
	static char name[128];
	char text[PCI_ADDRESS_SIZE];

	pci_address_format(address, text);
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s/driver", text);
	return name;
}

static void bind_to(struct played_function *function, const char *driver)
{
	char target[128];

	snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
	fake_link(driver_link(function->address), target);
}

static bool is_registered(const char *driver)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel->registered); i++)
		if (strcmp(kernel->registered[i], driver) == 0)
			return driver[0];
	return false;
}

static const char *bound_driver(const struct played_function *function)
{
	static char driver[DRIVER_SIZE + 64];
	ssize_t n = readlink(
		fake_path(driver_link(function->address)), driver, sizeof(driver) - 1);

	if (n < 0)
		return "";
	driver[n] = '\0';
	return strrchr(driver, '/') + 1;
}

static const char *override_of(const struct played_function *function)
{
	static char text[DRIVER_SIZE * 2];
	char name[128], address[PCI_ADDRESS_SIZE];

	pci_address_format(function->address, address);
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s/driver_override", address);
	snprintf(text, sizeof(text), "%s", fake_read(name));
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, "(null)") == 0 ? "" : text;
}

static bool probe_fails(const struct played_function *function, const char *driver)
{
	return function->faults &
		(strcmp(driver, function->native) == 0 ? NATIVE_REFUSES : VFIO_REFUSES);
}

/* pci_match_device(): an override is the only driver that may match. */
static const char *matching_driver(const struct played_function *function)
{
	const char *override = override_of(function);

	return override[0] ? override : function->native;
}

static void probe(struct played_function *function)
{
	const char *driver = matching_driver(function);

	if (bound_driver(function)[0] || !is_registered(driver))
		return;
	log_word("%s?%u", driver, function->address.bus);
	if (!probe_fails(function, driver))
		bind_to(function, driver);
}

static struct played_function *find(struct pci_address address)
{
	for (unsigned i = 0; i < kernel->n_functions; i++)
		if (pci_address_equal(kernel->functions[i].address, address))
			return &kernel->functions[i];
	fail_msg("a function that nobody asked for was written to");
	return NULL;
}

static void hang(struct played_function *function)
{
	function->locked = true;
	for (;;)
		pause();
}

/* Removes its directory, as when the device is unplugged. */
static void vanish(struct played_function *function)
{
	char name[128], address[PCI_ADDRESS_SIZE];

	pci_address_format(function->address, address);
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s", address);
	if (!function->gone)
		fake_remove(name);
	function->gone = true;
}

static void register_driver(const char *driver)
{
	unsigned i = 0;
	char name[128];

	while (kernel->registered[i][0])
		i++;
	assert_true(i < ARRAY_SIZE(kernel->registered));
	strcpy(kernel->registered[i], driver);
	snprintf(name, sizeof(name), "sys/bus/pci/drivers/%s/unbind", driver);
	fake_put(name, "");
	for (unsigned j = 0; j < kernel->n_functions; j++)
		if (!kernel->functions[j].gone &&
			strcmp(matching_driver(&kernel->functions[j]), driver) == 0)
			probe(&kernel->functions[j]);
}

/* ---- what the program asks of it ------------------------------------------------------- */

int __real_sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver);
int __wrap_sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver);
int __real_sysfs_write_probe(const struct root *root, struct pci_address address);
int __wrap_sysfs_write_probe(const struct root *root, struct pci_address address);
int __real_sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value);
int __wrap_sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value);
int __real_sysfs_write_unbind(
	const struct root *root, struct pci_address address, const char *driver);
int __wrap_sysfs_write_unbind(
	const struct root *root, struct pci_address address, const char *driver);
bool __real_sysfs_has_driver(const struct root *root, const char *driver);
bool __wrap_sysfs_has_driver(const struct root *root, const char *driver);
uint64_t __real_child_now(void);
uint64_t __wrap_child_now(void);
int __real_child_run_shared(int (*work)(void *data), void *data, uint64_t deadline);
int __wrap_child_run_shared(int (*work)(void *data), void *data, uint64_t deadline);

int __wrap_sysfs_write_override(
	const struct root *root, struct pci_address address, const char *driver)
{
	struct played_function *function = find(address);

	log_word("override%u=%s", address.bus, driver[0] ? driver : "-");
	if (function->locked || function->faults & OVERRIDE_HANGS)
		hang(function);
	if (function->faults & OVERRIDE_FAILS && driver[0])
		return -EIO;
	if (function->faults & VANISHES_FIRST)
		vanish(function);
	if (function->faults & GRABBED_EARLY && driver[0] && !bound_driver(function)[0])
		probe(function);
	return __real_sysfs_write_override(root, address, driver);
}

int __wrap_sysfs_write_probe(const struct root *root, struct pci_address address)
{
	struct played_function *function = find(address);
	int r;

	log_word("probe%u", address.bus);
	if (function->locked)
		hang(function);
	if (function->faults & VANISHES_LAST)
		vanish(function);
	if (function->gone)
		return -ENODEV; /* drivers_probe_store() */
	if (function->faults & GRABBED_LATE) {
		function->faults &= ~(unsigned)GRABBED_LATE;
		bind_to(function, function->native);
	}
	r = __real_sysfs_write_probe(root, address);
	if (r == 0)
		probe(function);
	return r;
}

int __wrap_sysfs_write_unbind(
	const struct root *root, struct pci_address address, const char *driver)
{
	struct played_function *function = find(address);
	bool native = strcmp(driver, function->native) == 0;
	int r;

	log_word("unbind%u<%s", address.bus, driver);
	if (function->locked ||
		function->faults & (native ? UNBIND_HANGS : VFIO_UNBIND_HANGS))
		hang(function);
	if (function->faults & UNBIND_FAILS)
		return -EIO;
	if (native && function->faults & RELEASED_EARLY)
		fake_remove(driver_link(address));
	if (strcmp(bound_driver(function), driver) != 0)
		return -ENODEV; /* unbind_store() */
	r = __real_sysfs_write_unbind(root, address, driver);
	if (r == 0 && !(function->faults & UNBIND_LIES))
		fake_remove(driver_link(address));
	return r;
}

int __wrap_sysfs_write_attribute(const struct root *root, struct pci_address address,
	enum sysfs_attribute attribute, const char *value)
{
	struct played_function *function = find(address);

	log_word("set%u=%s", address.bus, value);
	if (function->faults & SETTING_HANGS)
		hang(function);
	return __real_sysfs_write_attribute(root, address, attribute, value);
}

/* This machine's modprobe must never run: a missing driver is loaded here. */
bool __wrap_sysfs_has_driver(const struct root *root, const char *driver)
{
	bool there = __real_sysfs_has_driver(root, driver);

	assert_int_equal(there, is_registered(driver));
	return there;
}

uint64_t __wrap_child_now(void)
{
	return __real_child_now() * kernel->clock_speed;
}

/* modprobe, known by its argument. */
static int run_modprobe(void *data)
{
	log_word("modprobe:%s", (const char *)data);
	while (kernel->modprobe_hangs)
		pause();
	if (strcmp(kernel->module, data) != 0)
		return 1;
	register_driver(data);
	return 0;
}

static bool is_driver_name(const void *data)
{
	for (unsigned i = 0; i < config.n_sections; i++)
		if (memcmp(data, config.sections[i].driver,
			    strlen(config.sections[i].driver) + 1) == 0)
			return true;
	return false;
}

/* Turns the deadline of the fast clock into one of the real clock. */
int __wrap_child_run_shared(int (*work)(void *data), void *data, uint64_t deadline)
{
	uint64_t now = __wrap_child_now();
	uint64_t left = deadline > now ? deadline - now : 0;
	bool outer = !getenv("CMOCKA_TEST_ABORT");
	int r;

	/* An assertion that fails in a child must end it, not go on with the next test there. */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	r = __real_child_run_shared(is_driver_name(data) ? run_modprobe : work, data,
		__real_child_now() + left / kernel->clock_speed);
	if (outer)
		unsetenv("CMOCKA_TEST_ABORT");
	return r;
}

/* ---- machines, plans and what becomes of them -------------------------------------------- */

static int set_up(void **state)
{
	if (fake_set_up(state) < 0)
		return -1;
	child_prepare();
	fake_put("sys/bus/pci/drivers_probe", "");
	fake_dir("sys/bus/pci/drivers");
	memset(&config, 0, sizeof(config));
	machine.n_functions = plan.n_entries = 0;
	plan.late = NULL;
	kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(kernel, MAP_FAILED);
	kernel->clock_speed = 1;
	register_driver("nouveau");
	return 0;
}

static int tear_down(void **state)
{
	munmap(kernel, sizeof(*kernel));
	return fake_tear_down(state);
}

static uint16_t add_section(const char *driver)
{
	struct config_section *section = &config.sections[config.n_sections];

	snprintf(section->name, sizeof(section->name), "s%u", config.n_sections);
	strcpy(section->driver, driver);
	return (uint16_t)config.n_sections++;
}

/*
 * Adds the function 0000:NN:00.0, NN counting from 0, with its native driver nouveau, to a
 * section; @bound is the driver that has it already.
 */
static void add_function(uint16_t section, unsigned faults, const char *bound)
{
	unsigned bus = kernel->n_functions++;
	struct played_function *function = &kernel->functions[bus];
	struct pcidev *dev = &machine.functions[machine.n_functions];
	char place[64];

	assert_true(bus < FUNCTIONS_MAX);
	function->address = (struct pci_address){.bus = (uint8_t)bus};
	strcpy(function->native, "nouveau");
	function->faults = faults;
	snprintf(place, sizeof(place), "pci0000:%02x/0000:%02x:00.0", bus, bus);
	fake_function(place, 0x10de, 0x2204);
	if (bound[0])
		bind_to(function, bound);
	*dev = (struct pcidev){
		.address = function->address, .detailed = true, .has_iommu_group = true};
	strcpy(dev->driver, bound);
	plan.entries[plan.n_entries++] = (struct plan_entry){
		.section = section, .function = (int16_t)machine.n_functions++};
}

/* Carries the plan out on a machine that is said to be this one. */
static void apply(void)
{
	struct root root = fake_open();

	root.live = true;
	kernel->log[0] = '\0';
	report.began = 0;
	bind_plan(&root, &report);
	root_close(&root);
}

static void expect(
	unsigned entry, enum result result, enum reason reason, const char *driver)
{
	const struct outcome *outcome = &report.outcomes[entry];

	if (outcome->result != result || outcome->reason != reason ||
		strcmp(outcome->driver, driver) != 0)
		fail_msg("entry %u: %s %s %s, not %s %s %s; log: %s", entry,
			result_word(outcome->result), reason_word(outcome->reason),
			outcome->driver, result_word(result), reason_word(reason), driver,
			kernel->log);
}

/* What the machine is like in the end; a driver may still be told from the outcome. */
static void expect_state(unsigned bus, const char *driver, const char *override)
{
	assert_string_equal(bound_driver(&kernel->functions[bus]), driver);
	assert_string_equal(override_of(&kernel->functions[bus]), override);
}

static void expect_log(const char *log)
{
	assert_string_equal(kernel->log, log);
}

/* ---- all goes well ---------------------------------------------------------------------- */

static void test_free_functions(void **state)
{
	uint16_t section = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(section, 0, "");
	add_function(section, 0, "");
	apply();
	/* Every override is there before anything else happens. */
	expect_log("override0=vfio-pci override1=vfio-pci "
		   "probe0 vfio-pci?0 probe1 vfio-pci?1 ");
	for (unsigned i = 0; i < 2; i++) {
		expect(i, RESULT_BOUND, REASON_NONE, "vfio-pci");
		expect_state(i, "vfio-pci", "vfio-pci");
	}
}

/* Loading the driver binds by itself: the first look finds it there. */
static void test_driver_is_loaded(void **state)
{
	uint16_t first = add_section("vfio-pci"), second = add_section("vfio-pci");

	strcpy(kernel->module, "vfio-pci");
	add_function(first, 0, "");
	add_function(second, 0, "");
	apply();
	expect_log("override0=vfio-pci override1=vfio-pci modprobe:vfio-pci "
		   "vfio-pci?0 vfio-pci?1 probe0 probe1 ");
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect(1, RESULT_BOUND, REASON_NONE, "vfio-pci");
}

static void test_native_holds(void **state)
{
	uint16_t section = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(section, 0, "nouveau");
	add_function(section, 0, "");
	apply();
	expect_log("override0=vfio-pci override1=vfio-pci "
		   "unbind0<nouveau probe0 vfio-pci?0 probe1 vfio-pci?1 ");
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect(1, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "vfio-pci", "vfio-pci");
}

/* The machine was read before the native driver came; the override came too late. */
static void test_native_grabs_first(void **state)
{
	register_driver("vfio-pci");
	add_function(add_section("vfio-pci"), GRABBED_EARLY, "");
	apply();
	expect_log(
		"override0=vfio-pci nouveau?0 probe0 unbind0<nouveau probe0 vfio-pci?0 ");
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
}

/* No driver is asked for, and yet one came. */
static void test_native_grabs_none(void **state)
{
	add_function(add_section("none"), GRABBED_EARLY, "");
	apply();
	expect_log("override0=none nouveau?0 unbind0<nouveau ");
	expect(0, RESULT_BOUND, REASON_NONE, "");
}

/* Its probe was under way when the override came, and ends after our first look. */
static void test_native_grabs_last(void **state)
{
	register_driver("vfio-pci");
	add_function(add_section("vfio-pci"), GRABBED_LATE, "");
	apply();
	expect_log("override0=vfio-pci probe0 unbind0<nouveau probe0 vfio-pci?0 ");
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
}

/* The same with a function that has just appeared: it was faster, and its section decides. */
static void test_late(void **state)
{
	static const struct pci_address first;
	uint16_t section = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(section, GRABBED_LATE, "");
	add_function(section, 0, "");
	plan.late = &first;
	apply();
	expect(0, RESULT_FAILED, REASON_HAS_DRIVER, "nouveau");
	expect(1, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect_state(0, "nouveau", "");
	expect_state(1, "nouveau", "");
}

static void test_late_take(void **state)
{
	static const struct pci_address first;
	uint16_t section = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(section, GRABBED_LATE, "");
	config.sections[section].take = true;
	plan.late = &first;
	apply();
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "vfio-pci", "vfio-pci");
}

/* The native driver lets go by itself before it is told to: that is what was wanted. */
static void test_native_lets_go(void **state)
{
	register_driver("vfio-pci");
	add_function(add_section("vfio-pci"), RELEASED_EARLY, "nouveau");
	apply();
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "vfio-pci", "vfio-pci");
}

static void test_bound_already(void **state)
{
	register_driver("vfio-pci");
	add_function(add_section("vfio-pci"), 0, "vfio-pci");
	apply();
	expect_log("override0=vfio-pci ");
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
}

static void test_no_driver_at_all(void **state)
{
	uint16_t section = add_section(CONFIG_DRIVER_NONE);

	add_function(section, 0, "");
	add_function(section, 0, "nouveau");
	apply();
	expect_log("override0=none override1=none unbind1<nouveau ");
	for (unsigned i = 0; i < 2; i++) {
		expect(i, RESULT_BOUND, REASON_NONE, "");
		expect_state(i, "", "none");
	}
}

static void test_two_drivers(void **state)
{
	uint16_t first = add_section("vfio-pci"), second = add_section("mlx5_vfio_pci");

	register_driver("vfio-pci");
	strcpy(kernel->module, "mlx5_vfio_pci");
	add_function(first, 0, "");
	add_function(second, 0, "nouveau");
	apply();
	expect_log("override0=vfio-pci override1=mlx5_vfio_pci modprobe:mlx5_vfio_pci "
		   "probe0 vfio-pci?0 unbind1<nouveau probe1 mlx5_vfio_pci?1 ");
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect(1, RESULT_BOUND, REASON_NONE, "mlx5_vfio_pci");
}

/* ---- nothing, or not this ------------------------------------------------------------------ */

static void test_nothing_to_do(void **state)
{
	apply();
	expect_log("");
}

static void test_refused_is_not_touched(void **state)
{
	uint16_t refused = add_section("vfio-pci"), absent = add_section("vfio-pci");
	uint16_t good = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(refused, 0, "nouveau");
	plan.entries[0].reason = REASON_PROTECTED;
	plan.entries[plan.n_entries++] = (struct plan_entry){
		.section = absent, .function = PLAN_NO_FUNCTION, .reason = REASON_ABSENT};
	add_function(good, 0, "");
	apply();
	expect_log("override1=vfio-pci probe1 vfio-pci?1 ");
	expect(0, RESULT_REFUSED, REASON_PROTECTED, "nouveau");
	expect(1, RESULT_ABSENT, REASON_ABSENT, "");
	expect(2, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "nouveau", "");
}

static void test_all_refused(void **state)
{
	add_function(add_section("vfio-pci"), 0, "nouveau");
	plan.entries[0].reason = REASON_MOVED;
	apply();
	expect_log("");
	expect(0, RESULT_REFUSED, REASON_MOVED, "nouveau");
}

/* ---- what goes wrong ------------------------------------------------------------------------ */

/* The native driver gets the whole device back. */
static void test_driver_is_missing(void **state)
{
	uint16_t section = add_section("vfio-pci");

	add_function(section, 0, "");
	add_function(section, 0, "nouveau");
	apply();
	expect_log("override0=vfio-pci override1=vfio-pci modprobe:vfio-pci "
		   "override0=- probe0 nouveau?0 override1=- probe1 ");
	for (unsigned i = 0; i < 2; i++) {
		expect(i, RESULT_FAILED, REASON_NO_DRIVER, "nouveau");
		expect_state(i, "nouveau", "");
	}
}

/* modprobe runs once for a driver, however many sections ask for it. */
static void test_missing_driver_of_one_section(void **state)
{
	uint16_t first = add_section("mlx5_vfio_pci"), second = add_section("vfio-pci");
	uint16_t third = add_section("mlx5_vfio_pci");
	const char *first_modprobe;

	register_driver("vfio-pci");
	add_function(first, 0, "");
	add_function(second, 0, "");
	add_function(third, 0, "");
	apply();
	first_modprobe = strstr(kernel->log, "modprobe:mlx5_vfio_pci");
	assert_non_null(first_modprobe);
	assert_null(strstr(first_modprobe + 1, "modprobe"));
	expect(0, RESULT_FAILED, REASON_NO_DRIVER, "nouveau");
	expect(1, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect(2, RESULT_FAILED, REASON_NO_DRIVER, "nouveau");
	expect_state(1, "vfio-pci", "vfio-pci");
}

static void test_one_probe_fails(void **state)
{
	uint16_t broken = add_section("vfio-pci"), good = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(broken, 0, "");
	add_function(broken, VFIO_REFUSES, "");
	add_function(good, 0, "");
	apply();
	expect(0, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect(1, RESULT_FAILED, REASON_NOT_BOUND, "nouveau");
	expect(2, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "nouveau", "");
	expect_state(1, "nouveau", "");
	expect_state(2, "vfio-pci", "vfio-pci");
	/* The other section is not touched on the way back. */
	assert_null(strstr(kernel->log, "unbind2"));
	assert_null(strstr(kernel->log, "override2=-"));
}

/* A guest may have by now what was bound before this run. */
static void test_bound_before_stays(void **state)
{
	uint16_t section = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(section, 0, "vfio-pci");
	add_function(section, VFIO_REFUSES, "");
	add_function(section, 0, "nouveau");
	apply();
	expect(0, RESULT_FAILED, REASON_SECTION_FAILED, "vfio-pci");
	expect(1, RESULT_FAILED, REASON_NOT_BOUND, "nouveau");
	expect(2, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect_state(0, "vfio-pci", "vfio-pci");
	expect_state(1, "nouveau", "");
	expect_state(2, "nouveau", "");
	assert_null(strstr(kernel->log, "unbind0"));
	assert_null(strstr(kernel->log, "override0=-"));
}

/* The way back from "none" is a probe: the native driver has had no chance yet. */
static void test_none_is_rolled_back(void **state)
{
	uint16_t section = add_section(CONFIG_DRIVER_NONE);

	add_function(section, 0, "");
	add_function(section, UNBIND_LIES, "nouveau");
	apply();
	expect(0, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect(1, RESULT_FAILED, REASON_NOT_BOUND, "nouveau");
	expect_state(0, "nouveau", "");
	expect_state(1, "nouveau", "");
}

static void test_override_fails(void **state)
{
	uint16_t broken = add_section("vfio-pci"), good = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(broken, 0, "");
	add_function(broken, OVERRIDE_FAILS, "");
	add_function(good, 0, "nouveau");
	apply();
	expect(0, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect(1, RESULT_FAILED, REASON_IO_ERROR, "nouveau");
	expect(2, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "nouveau", "");
	expect_state(1, "nouveau", "");
}

static void test_unbind_fails(void **state)
{
	uint16_t section = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(section, UNBIND_FAILS, "nouveau");
	add_function(section, 0, "");
	apply();
	expect(0, RESULT_FAILED, REASON_IO_ERROR, "nouveau");
	expect(1, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect_state(0, "nouveau", "");
	expect_state(1, "nouveau", "");
}

/* The kernel says yes to the unbind; the device is read back all the same. */
static void test_unbind_lies(void **state)
{
	register_driver("vfio-pci");
	add_function(add_section("vfio-pci"), UNBIND_LIES, "nouveau");
	apply();
	expect(0, RESULT_FAILED, REASON_NOT_BOUND, "nouveau");
	expect_state(0, "nouveau", "");
}

static void test_vanishes(void **state)
{
	static const unsigned faults[] = {VANISHES_FIRST, VANISHES_LAST};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		uint16_t section = add_section("vfio-pci"),
			 good = add_section("vfio-pci");

		if (!is_registered("vfio-pci"))
			register_driver("vfio-pci");
		add_function(section, faults[i], "");
		add_function(section, 0, "");
		add_function(good, 0, "");
		apply();
		expect(0, RESULT_FAILED, REASON_IO_ERROR, "");
		expect(1, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
		expect(2, RESULT_BOUND, REASON_NONE, "vfio-pci");
		expect_state(1, "nouveau", "");
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

static void test_native_refuses_on_the_way_back(void **state)
{
	add_function(add_section("vfio-pci"), NATIVE_REFUSES, "");
	apply();
	expect(0, RESULT_FAILED, REASON_NO_DRIVER, "");
	expect_state(0, "", "");
}

/* ---- what never ends --------------------------------------------------------------------- */

/*
 * A clock that runs fast makes the deadlines come soon; what a busy machine takes for itself counts as often,
 * so there it is slower.
 */
static void set_clock(unsigned speed)
{
	double load = 0;
	unsigned busy;

	getloadavg(&load, 1);
	busy = (unsigned)(load / (double)sysconf(_SC_NPROCESSORS_ONLN));
	kernel->clock_speed = busy < 2 ? speed : busy < speed ? speed / busy : 1;
}

static void apply_fast(unsigned speed, unsigned min_ms, unsigned max_ms)
{
	uint64_t start, took;

	set_clock(speed);
	start = __wrap_child_now();
	apply();
	took = __wrap_child_now() - start;
	if (took < min_ms || took > max_ms)
		fail_msg("took %u ms; log: %s", (unsigned)took, kernel->log);
}

static void test_unbind_hangs(void **state)
{
	uint16_t broken = add_section("vfio-pci"), good = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(broken, 0, "");
	add_function(broken, UNBIND_HANGS, "nouveau");
	add_function(good, 0, "");
	apply_fast(10, 5000, BIND_WORK_MS);
	expect(0, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect(1, RESULT_FAILED, REASON_UNBIND_TIMEOUT, "nouveau");
	expect(2, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "nouveau", "");
	expect_state(2, "vfio-pci", "vfio-pci");
}

/* vfio-pci does not let go on the way back: the sections behind it are given back still. */
static void test_unbind_hangs_on_the_way_back(void **state)
{
	uint16_t first = add_section("vfio-pci"), second = add_section("vfio-pci");

	register_driver("vfio-pci");
	add_function(first, VFIO_UNBIND_HANGS, "");
	add_function(first, VFIO_REFUSES, "");
	add_function(second, VFIO_REFUSES, "");
	apply_fast(10, 5000, BIND_WORK_MS);
	expect(0, RESULT_FAILED, REASON_SECTION_FAILED, "vfio-pci");
	expect(1, RESULT_FAILED, REASON_NOT_BOUND, "nouveau");
	expect(2, RESULT_FAILED, REASON_NOT_BOUND, "nouveau");
	expect_state(1, "nouveau", "");
	expect_state(2, "nouveau", "");
}

/*
 * Four unbinds that hang would take longer than there is time: the last is not begun, nor one before it
 * on a busy machine, for what that takes for itself counts twentyfold here.
 */
static void test_all_unbinds_hang(void **state)
{
	enum reason before = REASON_UNBIND_TIMEOUT;

	register_driver("vfio-pci");
	for (int i = 0; i < FUNCTIONS_MAX; i++)
		add_function(add_section("vfio-pci"), UNBIND_HANGS, "nouveau");
	apply_fast(20, BIND_WORK_MS - 5000, 3 * BIND_END_MS);
	for (unsigned i = 0; i < FUNCTIONS_MAX; i++) {
		assert_int_equal(report.outcomes[i].result, RESULT_FAILED);
		assert_true(report.outcomes[i].reason == before ||
			(i > 0 && report.outcomes[i].reason == REASON_DEADLINE));
		assert_string_equal(report.outcomes[i].driver, "nouveau");
		before = report.outcomes[i].reason;
	}
}

static void test_modprobe_hangs(void **state)
{
	kernel->modprobe_hangs = true;
	add_function(add_section("vfio-pci"), 0, "");
	apply_fast(20, 10000, BIND_WORK_MS);
	expect(0, RESULT_FAILED, REASON_NO_DRIVER, "nouveau");
	expect_state(0, "nouveau", "");
}

/* Even a write that never returns does not keep the boot. */
static void test_override_hangs(void **state)
{
	register_driver("vfio-pci");
	add_function(add_section("vfio-pci"), OVERRIDE_HANGS, "");
	apply_fast(20, BIND_END_MS, BIND_END_MS + 5000);
	expect(0, RESULT_FAILED, REASON_DEADLINE, "");
}

/* ---- another machine's files ------------------------------------------------------------- */

/* What is asked for is written, and nothing is claimed of a kernel that is not there. */
static void test_not_live(void **state)
{
	uint16_t section = add_section("vfio-pci");
	struct root root = fake_open();

	register_driver("vfio-pci");
	add_function(section, VFIO_REFUSES, "");
	add_function(section, 0, "");
	report.began = 0;
	bind_plan(&root, &report);
	expect(0, RESULT_FAILED, REASON_NO_KERNEL, "");
	expect_state(0, "", "vfio-pci");
	expect_state(1, "vfio-pci", "vfio-pci");
	root_close(&root);
}

static void test_not_live_never_runs_modprobe(void **state)
{
	struct root root = fake_open();

	add_function(add_section("vfio-pci"), 0, "");
	report.began = 0;
	bind_plan(&root, &report);
	expect(0, RESULT_FAILED, REASON_NO_DRIVER, "");
	expect_log("override0=vfio-pci ");
	root_close(&root);
}

/* ---- settings ---------------------------------------------------------------------------- */

/* A section that asks for d3cold = no and power = auto; its functions can have both. */
static uint16_t add_set_up_section(void)
{
	uint16_t section = add_section("vfio-pci");

	config.sections[section].d3cold = CONFIG_OFF;
	config.sections[section].power = CONFIG_OFF;
	return section;
}

static void add_set_up_function(uint16_t section, unsigned faults, const char *bound)
{
	char name[128];

	snprintf(name, sizeof(name), "sys/bus/pci/devices/0000:%02x:00.0/d3cold_allowed",
		kernel->n_functions);
	add_function(section, faults, bound);
	fake_put(name, "1\n");
	strcpy(strrchr(name, '/'), "/power/control");
	fake_put(name, "on\n");
}

static void expect_step(unsigned index, unsigned entry, enum setting setting,
	enum step_result result, enum reason reason)
{
	const struct step *step = &report.steps[index];

	assert_true(index < report.n_steps);
	assert_int_equal(step->entry, entry);
	assert_int_equal(step->setting, setting);
	if (step->result != result || step->reason != reason)
		fail_msg("step %u: %s %s; log: %s", index,
			step_result_words[step->result], reason_word(step->reason),
			kernel->log);
}

/* A driver that is loaded takes all functions at once: what is due before it comes before that. */
static void test_set_up_before_load(void **state)
{
	uint16_t section = add_set_up_section();

	strcpy(kernel->module, "vfio-pci");
	add_set_up_function(section, 0, "");
	add_set_up_function(section, 0, "nouveau");
	add_function(add_section("vfio-pci"), 0, "");
	apply();
	expect_log("override0=vfio-pci override1=vfio-pci override2=vfio-pci set0=0 "
		   "modprobe:vfio-pci vfio-pci?0 vfio-pci?2 probe0 set0=auto "
		   "unbind1<nouveau set1=0 probe1 vfio-pci?1 set1=auto probe2 ");
	assert_int_equal(report.n_steps, 4);
	for (unsigned i = 0; i < 2; i++) {
		expect(i, RESULT_BOUND, REASON_NONE, "vfio-pci");
		expect_step(2 * i, i, SETTING_D3COLD, STEP_SET, REASON_NONE);
		expect_step(2 * i + 1, i, SETTING_POWER, STEP_SET, REASON_NONE);
	}
}

/* As on the real root: its driver has it, and what holds is left. */
static void test_set_up_of_bound(void **state)
{
	register_driver("vfio-pci");
	add_set_up_function(add_set_up_section(), 0, "vfio-pci");
	fake_put("sys/bus/pci/devices/0000:00:00.0/d3cold_allowed", "0\n");
	apply();
	expect_log("override0=vfio-pci set0=auto ");
	expect_step(0, 0, SETTING_D3COLD, STEP_SAME, REASON_NONE);
	expect_step(1, 0, SETTING_POWER, STEP_SET, REASON_NONE);
}

static void test_set_up_without_driver(void **state)
{
	uint16_t section = add_set_up_section();

	strcpy(config.sections[section].driver, CONFIG_DRIVER_NONE);
	add_set_up_function(section, 0, "");
	apply();
	expect_log("override0=none set0=0 set0=auto ");
	expect(0, RESULT_BOUND, REASON_NONE, "");
}

static void test_set_up_fails(void **state)
{
	register_driver("vfio-pci");
	add_function(add_set_up_section(), 0, "");
	apply();
	expect(0, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_step(0, 0, SETTING_D3COLD, STEP_SKIPPED, REASON_NOT_OFFERED);
	expect_step(1, 0, SETTING_POWER, STEP_SKIPPED, REASON_NOT_OFFERED);
}

/* One device that hangs does not take the others with it, nor does another touch it. */
static void test_set_up_hangs(void **state)
{
	uint16_t broken = add_set_up_section(), good = add_set_up_section();

	register_driver("vfio-pci");
	set_clock(10);
	add_set_up_function(broken, SETTING_HANGS, "");
	add_set_up_function(broken, 0, "");
	add_set_up_function(good, 0, "");
	apply();
	expect(0, RESULT_FAILED, REASON_SETTING_TIMEOUT, "");
	expect(1, RESULT_FAILED, REASON_SECTION_FAILED, "nouveau");
	expect(2, RESULT_BOUND, REASON_NONE, "vfio-pci");
	expect_state(0, "", "vfio-pci");
	expect_step(0, 0, SETTING_D3COLD, STEP_FAILED, REASON_DEADLINE);
	expect_step(1, 0, SETTING_POWER, STEP_SKIPPED, REASON_SETTING_TIMEOUT);
	expect_step(2, 1, SETTING_D3COLD, STEP_SET, REASON_NONE);
	expect_step(3, 1, SETTING_POWER, STEP_SKIPPED, REASON_SECTION_FAILED);
	expect_step(5, 2, SETTING_POWER, STEP_SET, REASON_NONE);
}

/* What is refused has no steps. */
static void test_no_set_up_of_refused(void **state)
{
	register_driver("vfio-pci");
	add_set_up_function(add_set_up_section(), 0, "");
	plan.entries[0].reason = REASON_PROTECTED;
	add_set_up_function(add_set_up_section(), 0, "");
	apply();
	assert_int_equal(report.n_steps, 2);
	expect_step(0, 1, SETTING_D3COLD, STEP_SET, REASON_NONE);
}

/* ---- functions that stay with the host */

/* Its driver comes later, and nothing keeps it off. */
static void test_native_is_waited_for(void **state)
{
	add_function(add_section("native"), 0, "");
	apply();
	expect_log("");
	expect(0, RESULT_ABSENT, REASON_LATER, "");
	expect_state(0, "", "");
}

static void test_native_is_left_alone(void **state)
{
	uint16_t section = add_section("native");

	add_function(section, 0, "nouveau");
	add_function(section, 0, "vfio-pci");
	apply();
	expect_log("");
	expect(0, RESULT_BOUND, REASON_NONE, "nouveau");
	expect(1, RESULT_ABSENT, REASON_LATER, "vfio-pci");
	expect_state(0, "nouveau", "");
	expect_state(1, "vfio-pci", "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest setting_tests[] = {
	TEST(test_native_is_waited_for),
	TEST(test_native_is_left_alone),
	TEST(test_set_up_before_load),
	TEST(test_set_up_of_bound),
	TEST(test_set_up_without_driver),
	TEST(test_set_up_fails),
	TEST(test_set_up_hangs),
	TEST(test_no_set_up_of_refused),
};

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_free_functions),
		TEST(test_driver_is_loaded),
		TEST(test_native_holds),
		TEST(test_native_grabs_first),
		TEST(test_native_grabs_none),
		TEST(test_native_grabs_last),
		TEST(test_late),
		TEST(test_late_take),
		TEST(test_native_lets_go),
		TEST(test_bound_already),
		TEST(test_no_driver_at_all),
		TEST(test_two_drivers),
		TEST(test_nothing_to_do),
		TEST(test_refused_is_not_touched),
		TEST(test_all_refused),
		TEST(test_driver_is_missing),
		TEST(test_missing_driver_of_one_section),
		TEST(test_one_probe_fails),
		TEST(test_bound_before_stays),
		TEST(test_none_is_rolled_back),
		TEST(test_override_fails),
		TEST(test_unbind_fails),
		TEST(test_unbind_lies),
		TEST(test_vanishes),
		TEST(test_native_refuses_on_the_way_back),
		TEST(test_unbind_hangs),
		TEST(test_unbind_hangs_on_the_way_back),
		TEST(test_all_unbinds_hang),
		TEST(test_modprobe_hangs),
		TEST(test_override_hangs),
		TEST(test_not_live),
		TEST(test_not_live_never_runs_modprobe),
	};

	return cmocka_run_group_tests_name("apply", tests, NULL, NULL) ||
		cmocka_run_group_tests_name("settings", setting_tests, NULL, NULL);
}
