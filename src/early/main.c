/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfioboot-early: gives the configured PCI functions to vfio-pci before any other driver
 * loads.  It runs first in the initramfs, and again on the real root for what was missed
 * there.  Whatever happens it ends in time, and the boot goes on.
 */
#include <fcntl.h>
#include <poll.h>

#include "base/base.h"
#include "bind/bind.h"
#include "decide/decide.h"
#include "guard.h"

enum exit_code {
	EXIT_AS_ASKED = 0,
	EXIT_NOT_AS_ASKED = 1, /* something was refused or failed */
	EXIT_BAD_INPUT = 2,    /* configuration or usage */
};

/* Milliseconds that making the protect list may take. */
#define TRACER_MS 5000

/*
 * Of a function that appears while udev runs: how long the kernel may hold up its override, the other
 * functions of its section may take to appear, and other runs like this one may take.
 */
#define HOLD_MS        5000
#define OTHERS_MS      2000
#define OTHERS_STEP_MS 50
#define LOCK_MS        20000

/* Until the drivers of the host have got virtual functions. */
#define VIRTUAL_MS 3000

struct options {
	const char *root;
	const char *config_file;
	const char
		*tracer; /* makes the protect list of the running system; NULL: nobody */
	struct pci_address late; /* the function that has just appeared */
	bool is_late;            /* there is one: this is no boot */
	bool dry_run;
	bool verbose;
};

/* Large, hence static: the stack of a program is small and its heap is not needed. */
static struct config config _large_;
static struct protect_list protect _large_;
static struct machine machine _large_;
static struct plan plan _large_;

static void print_help(void)
{
	puts("Usage: vfioboot-early [OPTION]...\n"
	     "Give the PCI functions that vfioboot.conf(5) names to vfio-pci.\n"
	     "\n"
	     "  --root DIR     use, and change, the files of another machine below DIR\n"
	     "  --config FILE  read FILE in place of /etc/vfioboot.conf and its drop-ins\n"
	     "  --late ADDRESS only the section of this function, which has just appeared\n"
	     "  --dry-run      print what would be done, one line a function, and do nothing\n"
	     "  --trace FILE   if not all is bound yet, have FILE (vfioboot) find out first what\n"
	     "                 this host cannot spare\n"
	     "  --verbose      also report what was done, and which sections are not selected\n"
	     "  --help         print this help\n"
	     "  --version      print the version\n"
	     "\n"
	     "Exit status: 0 all as asked, 1 something was refused or failed,\n"
	     "2 bad configuration or usage.");
}

/*
 * Takes the value of the option @name at argv[*@i]: "--name VALUE" or "--name=VALUE".
 * getopt_long() would be a twentieth of the program, for two options with a value.
 */
static bool take_value(char **argv, int *i, const char *name, const char **ret)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0)
		return false;
	if (argv[*i][len] == '=') {
		*ret = argv[*i] + len + 1;
		return true;
	}
	if (argv[*i][len] || !argv[*i + 1])
		return false;
	*ret = argv[++*i];
	return true;
}

/* Takes "--late ADDRESS". */
static bool take_late(char **argv, int *i, struct options *options)
{
	const char *text;

	options->is_late = take_value(argv, i, "--late", &text) &&
		pci_address_parse(text, PCI_NAME_WHOLE, &options->late, NULL) == 0;
	return options->is_late;
}

/* Reads the options.  Returns true, or false with the status to exit with. */
static bool parse_options(char **argv, struct options *ret, int *ret_status)
{
	struct options options = {.root = "/"};

	*ret_status = EXIT_AS_ASKED;
	for (int i = 1; argv[i]; i++) {
		if (strcmp(argv[i], "--dry-run") == 0) {
			options.dry_run = true;
		} else if (strcmp(argv[i], "--verbose") == 0) {
			options.verbose = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			print_help();
			return false;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("vfioboot-early " VFIOBOOT_VERSION);
			return false;
		} else if (!take_value(argv, &i, "--root", &options.root) &&
			!take_value(argv, &i, "--config", &options.config_file) &&
			!take_value(argv, &i, "--trace", &options.tracer) &&
			!take_late(argv, &i, &options)) {
			fprintf(stderr,
				"vfioboot-early: bad argument '%s'\n"
				"Try 'vfioboot-early --help'.\n",
				argv[i]);
			*ret_status = EXIT_BAD_INPUT;
			return false;
		}
	}
	*ret = options;
	return true;
}

/* Reads the configuration, the command line and the protect list.  Returns 0, or -errno. */
static int read_input(const struct root *root, const struct options *options)
{
	if (options->config_file) {
		_cleanup_close_ int fd = open(options->config_file, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		config.root = root;
		config_read_file(&config, fd, options->config_file);
	} else {
		configfiles_read(root, CONFIGFILES_OF_NOW, &config);
	}
	configfiles_read_cmdline(root, &config);
	return 0;
}

static void print_errors(void)
{
	for (unsigned i = 0; i < config.n_errors && i < CONFIG_ERRORS_MAX; i++) {
		char place[CONFIG_PLACE_SIZE];

		config_place_text(&config, config.errors[i].place, place);
		fprintf(stderr, "vfioboot-early: %s: %s\n", place,
			config.errors[i].message);
	}
	if (config.n_errors > CONFIG_ERRORS_MAX)
		fprintf(stderr, "vfioboot-early: and %u more error%s\n",
			config.n_errors - CONFIG_ERRORS_MAX,
			config.n_errors - CONFIG_ERRORS_MAX == 1 ? "" : "s");
}

static void print_inactive(void)
{
	for (unsigned i = 0; i < config.n_sections; i++) {
		const struct config_section *section = &config.sections[i];

		if (!config_section_active(&config, section))
			fprintf(stderr, "vfioboot-early: %s: %s\n", section->name,
				section->demand ? "left to the host: bind = demand"
					: config.off
					? "vfioboot.off is on the command line"
					: "not selected by vfioboot.profile=");
	}
	for (unsigned i = 0; i < config.n_others && i < CONFIG_SECTIONS_MAX; i++)
		fprintf(stderr, "vfioboot-early: %s: of another machine\n",
			config.others[i].name);
}

/* Prints the plan, and why where it refuses.  Returns the exit status. */
static int print_plan(const struct options *options)
{
	int status = EXIT_AS_ASKED;
	char line[PLAN_LINE_SIZE];

	for (unsigned i = 0; i < plan.n_entries; i++) {
		const struct plan_entry *entry = &plan.entries[i];

		plan_format_entry(&config, &machine, entry, line);
		puts(line);
		if (entry->reason == REASON_NONE)
			continue;
		status = EXIT_NOT_AS_ASKED;
		if (options->verbose)
			fprintf(stderr, "vfioboot-early: %s: %s\n",
				config.sections[entry->section].name,
				reason_text(entry->reason));
	}
	return status;
}

/* What a run leaves in /run/vfioboot. */
static void keep_record(const struct root *root, const struct report *report)
{
	bool early = root_is_initramfs(root);
	int r = record_write(root, early, report);
	int kept = report->plan->late ? 0 : record_keep_protect(root, early, &protect);

	if (r < 0 || (r = kept) < 0)
		fprintf(stderr,
			"vfioboot-early: cannot write the record in /run/vfioboot: %s\n",
			strerror(-r));
}

/* Says what was not as asked, and all if that is wanted. */
static void say(const struct options *options, bool as_asked, const char *sentence)
{
	if (options->verbose || !as_asked)
		fprintf(stderr, "vfioboot-early: %s\n", sentence);
}

/* Looks at the machine with the protect lists that there are by now, and decides. */
static void decide(const struct root *root, const struct options *options)
{
	int r;

	protect.n_entries = machine.n_functions = plan.n_entries = 0;
	protect.incomplete = machine.whole = machine.truncated = false;
	configfiles_read_protect(root, &config, &protect);
	r = machine_look_up(root, &config, &protect, &machine);
	if (r < 0)
		fprintf(stderr, "vfioboot-early: cannot read the PCI functions: %s\n",
			strerror(-r));
	variant_resolve(root, &config, variant_machine, &machine);
	if (options->is_late)
		plan_late(&config, &machine, &protect, &options->late, &plan);
	else
		plan_make(&config, &machine, &protect, &plan);
}

/* Whether each function that is there has its driver already, or is left to the host. */
static bool is_done(void)
{
	for (unsigned i = 0; i < plan.n_entries; i++) {
		const struct plan_entry *entry = &plan.entries[i];
		const struct config_section *section = &config.sections[entry->section];

		if (entry->function != PLAN_NO_FUNCTION &&
			!config_section_is_native(section) &&
			!config_driver_is(section->driver,
				machine.functions[entry->function].driver))
			return false;
	}
	return true;
}

/* In a child: becomes the program that makes the protect list of the running system. */
static int exec_tracer(void *data)
{
	const char *argv[] = {
		data, "protect", "--output", RUN_DIRECTORY "/protect", NULL};

	child_unprepare();
	execv(data, (char **)argv);
	return 127;
}

/*
 * The list in the image is as old as the image.  Making one takes longer than all that this program
 * does, so it is made where it can matter: not after an initramfs that has bound everything.
 */
static void decide_with_fresh_list(const struct root *root, const struct options *options)
{
	unsigned n_errors = config.n_errors;

	decide(root, options);
	if (!options->tracer || !root->live || options->dry_run || is_done())
		return;
	child_run_shared(exec_tracer, (char *)options->tracer, child_now() + TRACER_MS);
	config.n_errors = n_errors;
	decide(root, options);
}

/*
 * Virtual functions that were just made are planned and bound, too, before other drivers may have any
 * of them.
 */
static void bind_all(
	const struct root *root, const struct options *options, struct report *report)
{
	bind_plan(root, report);
	if (!report->made.n)
		return;
	decide_with_fresh_list(root, options);
	bind_plan(root, report);
	virtual_end(root, &report->made, child_now() + VIRTUAL_MS);
}

/* Carries the plan out and reports, by a record if it may.  Returns the exit status. */
static int carry_out(
	const struct root *root, const struct options *options, bool may_record)
{
	struct report report = {.config = &config, .machine = &machine, .plan = &plan};
	int status = EXIT_AS_ASKED;
	char sentence[512];

	bind_all(root, options, &report);
	for (unsigned i = 0; i < plan.n_entries; i++) {
		bool bound = report.outcomes[i].result == RESULT_BOUND ||
			report.outcomes[i].reason == REASON_LATER;

		/* For the rule of udev: who has its driver needs no other one loaded. */
		if (plan.late && &plan.entries[i] == plan_find_late(&machine, &plan))
			puts(result_word(report.outcomes[i].result));
		if (!bound)
			status = EXIT_NOT_AS_ASKED;
		if (bound && !options->verbose)
			continue;
		log_sentence(&report, i, sentence, sizeof(sentence));
		say(options, bound, sentence);
	}
	for (unsigned i = 0; i < report.n_steps; i++) {
		struct record_step step;

		record_make_step(&report, &report.steps[i], &step);
		if (step.result == STEP_FAILED)
			status = EXIT_NOT_AS_ASKED;
		log_step_sentence(&step, sentence, sizeof(sentence));
		say(options, step.reason == REASON_NONE || step.reason == REASON_LATER,
			sentence);
	}
	log_write(root, &report);
	if (may_record)
		keep_record(root, &report);
	return status;
}

/* ---- A function that has just appeared ------------------------------------------------- */

/* Whether other functions of its section are missing, and that is all. */
static bool is_waiting(const struct plan_entry *entry)
{
	return entry && plan_is_incomplete(&config, &plan, entry);
}

/* Whether the function has the driver that its section asks for, and not only none. */
static bool has_driver(const struct plan_entry *entry)
{
	const char *driver = machine.functions[entry->function].driver;

	return *driver &&
		config_driver_is(config.sections[entry->section].driver, driver);
}

/* Whether the run that makes this virtual function keeps drivers off, and binds it. */
static bool is_held(const struct root *root, struct pci_address address)
{
	char text[4];

	return sysfs_read_attribute(
		       root, address, SYSFS_PHYSFN_AUTOPROBE, text, sizeof(text)) == 1 &&
		*text == '0';
}

/*
 * Keeps all drivers off the function, before udev loads one for it and until its section is bound.
 * Returns whether it did.
 */
static bool hold(const struct root *root, struct pci_address address)
{
	const struct plan_entry *entry = plan_find_late(&machine, &plan);

	return entry && (entry->reason == REASON_NONE || is_waiting(entry)) &&
		!has_driver(entry) && !is_held(root, address) &&
		!config_section_is_native(&config.sections[entry->section]) &&
		driver_override(root, address, CONFIG_DRIVER_NONE, child_now() + HOLD_MS);
}

/* Where it is refused after all, it is as if hold() was not. */
static void end_hold(const struct root *root, struct pci_address address)
{
	const struct plan_entry *entry = plan_find_late(&machine, &plan);

	if (entry && (entry->reason == REASON_NONE || has_driver(entry)))
		return;
	driver_override(root, address, "", child_now() + HOLD_MS);
	if (entry)
		sysfs_read_driver(
			root, address, machine.functions[entry->function].driver);
}

/*
 * Its override is written at once; its section is bound when it is whole, by the run for any of its
 * functions.  Of several runs at a time one does so.
 */
static int run_late(const struct root *root, const struct options *options)
{
	_cleanup_close_ int lock = -1;
	uint64_t deadline = child_now() + OTHERS_MS;
	bool held;

	decide(root, options);
	print_errors();
	if (options->dry_run || !plan.n_entries)
		return print_plan(options);
	held = hold(root, options->late);
	while (is_waiting(plan_find_late(&machine, &plan)) && child_now() < deadline) {
		poll(NULL, 0, OTHERS_STEP_MS);
		decide(root, options);
	}
	lock = record_lock(root, child_now() + LOCK_MS);
	decide_with_fresh_list(root, options);
	for (unsigned i = 0; lock < 0 && i < plan.n_entries; i++)
		plan.entries[i].reason = REASON_DEADLINE;
	if (held)
		end_hold(root, options->late);
	return plan.n_entries ? carry_out(root, options, lock >= 0) : EXIT_AS_ASKED;
}

/* ---- A boot ---------------------------------------------------------------------------- */

static int run_boot(const struct root *root, const struct options *options)
{
	decide_with_fresh_list(root, options);
	print_errors();
	if (options->verbose)
		print_inactive();
	if (config.trial && root->live && !options->dry_run && root_is_initramfs(root))
		guard_trial(root);
	return options->dry_run ? print_plan(options) : carry_out(root, options, true);
}

static int run(const struct root *root, const struct options *options)
{
	int status = read_input(root, options);

	if (status < 0) {
		fprintf(stderr, "vfioboot-early: cannot read %s: %s\n",
			options->config_file, strerror(-status));
		return EXIT_BAD_INPUT;
	}
	status = options->is_late ? run_late(root, options) : run_boot(root, options);
	if (fflush(stdout) == EOF) {
		fprintf(stderr, "vfioboot-early: cannot write the output: %s\n",
			strerror(errno));
		return EXIT_NOT_AS_ASKED;
	}
	return config.n_errors ? EXIT_BAD_INPUT : status;
}

int main(int argc, char **argv)
{
	/* Its path is last, and behind all small variables: a boot touches no page of it. */
	static struct root root __attribute__((section(".bss.zy")));
	struct options options;
	int status, r;

	(void)argc;
	if (!parse_options(argv, &options, &status))
		return status;
	child_prepare();
	r = root_open(options.root, &root);
	if (r < 0) {
		fprintf(stderr, "vfioboot-early: cannot open %s: %s\n", options.root,
			strerror(-r));
		return EXIT_BAD_INPUT;
	}
	return run(&root, &options);
}
