/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands share.  Commands print, and only they: results to stdout, errors
 * with their remedy to stderr.  Each describes itself in a struct cli_command, of which the
 * help is made and by which its options are parsed.
 */
#ifndef VFIOBOOT_CLI_H
#define VFIOBOOT_CLI_H

#include "base/base.h"
#include "chain/chain.h"
#include "change/change.h"
#include "check/check.h"
#include "cli/ui/ui.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "handover/handover.h"
#include "library/library.h"
#include "outlook/outlook.h"
#include "params/params.h"
#include "trial/trial.h"

/* What a command returns, and the program exits with. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_MISUSE = 2,
	CLI_UNKNOWN = 3, /* nothing is wrong, but something is not known */
};

#define CLI_OPTIONS_MAX 24

struct cli_option {
	const char *name;  /* long, without "--"; NULL ends the list */
	const char *value; /* what it takes, such as "DIR"; NULL: nothing */
	const char *help;
	char letter;  /* short form; 0: none */
	size_t store; /* CLI_STORE(); 0: it has a member of struct cli */
};

/*
 * Where an option goes in the command's struct arguments: its value to a const char *, or
 * that it is there to a bool.
 */
#define CLI_STORE(member) (offsetof(struct arguments, member) + 1)

/* Options that mean the same wherever they are. */
#define CLI_OPTION_ROOT                                                                  \
	{                                                                                \
		"root", "DIR", "use the files of another machine below DIR", 0, 0        \
	}
#define CLI_OPTION_JSON                                                                  \
	{                                                                                \
		"json", NULL, "print JSON", 0, 0                                         \
	}
/* Of commands that carry out steps; their --json, too, is an object a line (progress.c). */
#define CLI_OPTION_PROGRESS                                                              \
	{                                                                                \
		"progress", "json", "the same as --json", 0, 0                           \
	}
#define CLI_OPTION_DRY_RUN                                                               \
	{                                                                                \
		"dry-run", NULL, "print what would be done, and change nothing", 0, 0    \
	}

/* A command that runs: what it was called with, and the machine that it is about. */
struct cli {
	const struct cli_command *command;
	const void *arguments; /* its own struct arguments; NULL: it has none */
	char **operands;
	int n_operands;
	const char *dir; /* of --root, or "/" */
	bool json, dry_run;
	struct file_names values; /* of the one option that may be given several times */
	struct vfioboot_ctx *context;
	struct vfioboot_machine *machine; /* read as far as the functions below say */
	struct root root;                 /* the machine's, whose it is */
};

struct cli_command {
	const char *name;
	const char *operands; /* such as "DEVICE..." for one or more; "" for none */
	bool takes_more;      /* operands that its help does not name, for programs */
	const char *missing;  /* says that there is none; NULL: none is needed */
	const char *summary;  /* one line of the help of all commands */
	const char *details;  /* more for its own help; NULL for nothing */
	const struct column *columns; /* explained below that; NULL: none */
	const struct cli_option *options;
	size_t arguments; /* bytes of its struct arguments, which starts with zeros */
	/* Before the root is opened: CLI_MISUSE after a message.  NULL: nothing more is to be said. */
	enum cli_exit (*check)(const struct cli *cli);
	/* With the root open.  --help is dealt with before; main() checks stdout. */
	enum cli_exit (*run)(struct cli *cli);
};

/*
 * Opens the machine of @cli, which has its command and directory, for cli_close().  CLI_OK, or a
 * message.
 */
enum cli_exit cli_open(struct cli *cli);
void cli_close(struct cli *cli);

/* Parses what the command was called with, argv[0] being its name, and runs it. */
enum cli_exit cli_run(const struct cli_command *command, int argc, char **argv);

/*
 * What is known of the machine, each on top of the one before it (library/machine.h): its facts and
 * its next boot, by the entry that starts then, or with @cmdline; by that entry with @more parameters;
 * what this boot did; all its functions, with both.  CLI_OK, or CLI_FAILED after a message.
 */
enum cli_exit cli_read_facts(struct cli *cli);
enum cli_exit cli_read_next(struct cli *cli, const char *cmdline);
enum cli_exit cli_read_entry(struct cli *cli, const char *more);
enum cli_exit cli_read_boot(struct cli *cli);
enum cli_exit cli_read_inventory(struct cli *cli);

/* The configuration alone, without a command line, for free(). */
struct config *cli_read_config(const struct root *root, enum configfiles_of of);

/* Says what a lower layer could not do, with the remedy.  Returns CLI_FAILED. */
enum cli_exit cli_say(const char *command, const struct message *message);
/* The same as a warning, which is CLI_OK. */
enum cli_exit cli_warn(const char *command, const struct message *message);

/*
 * Prints to standard output as printf(3).  For texts that come out of files: characters that
 * would upset a terminal are replaced (text_to_printable()).  Messages do the same.
 */
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Prints the words from the column @at on, and a newline; a line ends at a newline and before a word
 * that would be cut, and the next one begins at the column @indent.
 */
void cli_print_wrapped(const char *text, int at, int indent);

/*
 * Prints "vfioboot COMMAND: ", @kind, and the message to stderr, as printf(3).  Returns @status.
 * An error is CLI_FAILED, what the command was called with CLI_MISUSE; a warning does not stop it.
 */
enum cli_exit cli_report(enum cli_exit status, const char *command, const char *kind,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
#define cli_error(command, ...)   cli_report(CLI_FAILED, command, "", __VA_ARGS__)
#define cli_misuse(command, ...)  cli_report(CLI_MISUSE, command, "", __VA_ARGS__)
#define cli_warning(command, ...) cli_report(CLI_OK, command, "warning: ", __VA_ARGS__)

/* CLI_OK for root; else says at once that the command needs it. */
enum cli_exit cli_need_root(const char *command);

/* "" for one thing, "s" for several. */
const char *cli_plural(size_t n);

/* ---- ask.c: questions to a person, on any terminal */

#define ASK_SIZE 160

/* All but the text may be NULL. */
struct question {
	const char *text;   /* such as "Continue?" */
	const char *preset; /* what Enter alone stands for; NULL: an answer is needed */
	const char *help;   /* what '?' prints */
	const char *left;   /* said when the person leaves; NULL: nothing was changed */
	/* Whether the answer will do; or prints what is wrong with it. */
	bool (*accept)(void *data, const char *answer);
	void *data;
};

/*
 * Asks until there is an answer that will do.  Returns CLI_OK with it in @ret; or CLI_FAILED, and it
 * is said that nothing was changed: the person leaves (q, or the end of the input), five answers
 * would not do, or there is no terminal; then @options says what to use instead.
 */
enum cli_exit ask(const char *command, const struct question *question,
	const char *options, char ret[static ASK_SIZE]);

/* Asks for y or n, Enter standing for no.  Returns as ask(), with which it was. */
enum cli_exit ask_yes(const char *command, const struct question *question,
	const char *options, bool *ret);

/*
 * Asks a person whether to go on, Enter standing for no.  Returns CLI_OK for yes; else CLI_FAILED,
 * and it is said that nothing was changed: without a terminal with the option that asks nothing,
 * --yes.
 */
enum cli_exit cli_confirm(const char *command, const char *text);

/* ---- sections.c: what several commands say of the configuration */

/* That no section is configured, or that errors may have hidden it, and what to do. */
const char *sections_none(const struct config *config);

/* Prints each error of the configuration to stderr. */
void sections_say_errors(const char *command, const struct config *config);

/* Warns unless some section has the profile. */
void sections_warn_profile(
	const char *command, const struct config *config, const char *profile);

/* Prints, for each section that is not active, a line that says why. */
void sections_print_inactive(const struct nextboot *next);

/* Prints, for each section of another machine, a line that says so, and which machine this is. */
void sections_print_others(const struct config *config);

/* Prints how many there are, as a sentence; nothing for none. */
void sections_count_others(const struct config *config);

/* Adds them to an answer. */
void sections_add_others(struct json_object *top, const struct config *config);

/* Says to stderr that @operand names one.  Returns whether it does. */
bool sections_is_other(
	const char *command, const struct config *config, const char *operand);

/* Which machine this is, in the words that 'machine' of a section may match, for free(). */
char *sections_this_machine(const struct config *config);

/* Warns of each set that a guest has, where the hook goes that would take it back. */
void sections_say_given(const char *command, const struct root *root);

/*
 * Prints by which command line the next boot was planned, where that is not the one of this boot,
 * and what it does to the IOMMU.
 */
void sections_print_start(const struct cli *cli);

/* Prints, for each section that is bound later than in the initramfs, why. */
void sections_print_later(const struct nextboot *next);

/* Prints, for each section that is refused, why and what to do. */
void sections_print_refused(const struct nextboot *next);

/* ---- function_text.c: what became of a function at this boot */

#define FUNCTION_TEXT_SIZE 1536

/* Whether a run left a record that cannot be read: what it did is not known. */
bool function_record_lost(const struct thisboot *boot);

/* The result in a few words, such as "bound in the initramfs". */
const char *function_result(
	const struct thisboot *boot, const struct thisboot_function *function);

/*
 * What that means and what to do, as the end of a sentence without full stop; "" when all is
 * well.  @chain was followed to its images.
 */
void function_remark(const struct thisboot *boot, const struct chain *chain,
	const struct thisboot_function *function, char ret[static FUNCTION_TEXT_SIZE]);

/* Adds a setting to a list in JSON, and prints one as a line that begins with @indent. */
void function_step_add_json(struct json_object *list, const struct record_step *step);
void function_step_print(const struct record_step *step, const char *indent);

/* Adds all of it to a JSON object, with what people call the function; NULL: it is not there. */
void function_add_json(struct json_object *object, const struct thisboot *boot,
	const struct chain *chain, const struct thisboot_function *function,
	const char *name);

/* ---- devices.c: the devices that a person names on the command line of `add` (library/devices.h) */

/* Reads what is to be known of the machine.  CLI_OK, or says why not. */
enum cli_exit devices_open(struct cli *cli, struct devices *devices);

/* Calls devices_find(), devices_find_each() or devices_settle().  CLI_OK, or a message. */
enum cli_exit devices_do(const struct cli *cli, struct devices *devices,
	int (*find)(struct devices *devices, const char *what, struct message *message),
	const char *what);

/* The same of devices_judge(). */
enum cli_exit devices_weigh(
	const struct cli *cli, struct devices *devices, struct offer *offer);

/*
 * Counts the drop-in of an offer that was weighed from now on: its name is taken, and the next one
 * is weighed beside it.  CLI_OK, or a message.
 */
enum cli_exit devices_plan(
	const struct cli *cli, struct devices *devices, const struct offer *offer);

/* Adds the steps that write what is planned.  0 or -errno. */
int devices_put_planned(const struct devices *devices, struct change *change);

/* Whether drop-ins can be written, as far as that is no matter of space.  CLI_OK, or a message. */
enum cli_exit devices_check_directory(const struct cli *cli);

/* Whether @name, of the option, will do in a configuration; NULL will.  CLI_OK, or a message. */
enum cli_exit devices_check_name(
	const char *command, const char *option, const char *name);

/* ---- libvirt_hook.c: what libvirt's hook runs, `vfioboot libvirt hook` */

enum cli_exit libvirt_hook_check(const struct cli *cli);
enum cli_exit libvirt_hook(struct cli *cli);

/* ---- vm_show.c: a device set for other programs */

struct vm_set {
	const struct config_section *section;
	const struct pcibus_function **functions;
	size_t n;
};

/* Whether there is such a format.  CLI_OK, or CLI_MISUSE after a message. */
enum cli_exit vm_show_check(const char *format);

/* Prints the set in it. */
enum cli_exit vm_show(
	const struct cli *cli, const struct vm_set *set, const char *format);

/* ---- progress.c: what is said of a list of steps before, during and after it */

/*
 * Prints a sentence as a line.  With --json each line of a command that changes something is an
 * object with "state", "step" of "of", "kernel", "seconds", "expected", "text" and "why": here a "note".
 */
void progress_say(const struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints each step, in order, and why, for --dry-run; with --json it is "planned", with "why". */
void progress_print(const struct cli *cli, const struct change *change);

/* Says what keeps steps from being done, and that nothing was changed.  Returns CLI_FAILED. */
enum cli_exit progress_refuse(const char *command, const struct message *message);

/* Whether the steps of apply or undo can be done; or says what to do. */
enum cli_exit progress_check(const char *command, const struct apply *apply);

/* The same of any list of steps. */
enum cli_exit progress_check_change(const char *command, const struct change *change);

/*
 * Carries the steps out and prints each; says what failed, and that all was undone.  With --json a
 * step is "started", then "done", "failed" or "interrupted".  On a terminal the line of a step whose
 * program takes long shows the time so far, and what the last time took (change/durations.h).  A
 * signal that came ends this process then, unless the caller has called run_catch_signals().
 */
enum cli_exit progress_run(const struct cli *cli, struct change *change);

/* The same of a few files, without a word while it goes well: the caller says what it did. */
enum cli_exit progress_write(
	const struct cli *cli, struct change *change, const char *undone);

/*
 * The same where @carry_out(@data) does it, in place of change_carry_out(); @undone is what is said
 * when it failed and all was put back.
 */
enum cli_exit progress_carry_out(const struct cli *cli, struct change *change,
	int (*carry_out)(void *data, const struct change_watcher *watcher,
		struct change_failure *ret),
	void *data, const char *undone);

/*
 * Takes the lock (change/lock.h) until this process ends, after waiting for @wait_ms at most; or
 * says that another command has it.
 */
enum cli_exit progress_lock(
	const char *command, const struct root *root, unsigned wait_ms);

/*
 * For add and remove: as root with the lock, before anything is read, when they change a file of
 * this machine.  Two adds would else take the same free name, and apply find another configuration
 * than it began with.
 */
enum cli_exit progress_lock_for_file(const struct cli *cli);

/* CLI_OK for this machine, and for a dry run; of another machine nothing can be changed. */
enum cli_exit progress_check_live(const struct cli *cli);

/*
 * For apply, undo and check --fix: as root, with the lock unless it is a dry run; of another machine a dry run
 * alone.
 */
enum cli_exit progress_begin(const struct cli *cli);

/*
 * For both: whether there are images, somebody who builds those that need it, and an entry that
 * starts them.  CLI_OK, or a message with the remedy.
 */
enum cli_exit progress_check_images(
	const char *command, const struct chain *chain, enum imagecheck_of of);

/*
 * For both: warns of images that nothing here builds.  CLI_UNKNOWN when the default entry starts
 * one, or may do so, else CLI_OK.
 */
enum cli_exit progress_warn_unbuilt(const char *command, const struct chain *chain);

/* For both: warns when what the boot loader starts is not known. */
void progress_warn_unknown(const char *command, const struct chain *chain);

/* ---- chain_text.c: what is said of the chain from the boot loader to the images */

/*
 * Prints whether the entries of the boot menu start images that have today's configuration: of
 * the default entry, of one that the next boot takes once, and of others that do not.
 */
void chain_text_print(const struct chain *chain);

/*
 * What the plan depends on, which is behind "Next boot": "", or from a comma on; NULL: that boot binds
 * nothing.  @chain was followed to its images.
 */
const char *chain_text_condition(const struct nextboot *next, const struct chain *chain);

/* Why it binds nothing, where that is NULL. */
const char *chain_text_hindrance(const struct nextboot *next);

/*
 * What makes the next boot do what is configured, as the end of a sentence without full stop.  @active:
 * that boot has something to do.
 */
void chain_text_remedy(
	const struct chain *chain, bool active, char ret[static MESSAGE_LINE_SIZE]);

/*
 * That nothing is configured, and what an image does all the same; for the others sections_none().
 * @bound: this boot has bound something.
 */
void chain_text_nothing(const struct config *config, const struct chain *chain,
	bool bound, char *ret, size_t size);

/* Adds loader, entries and images, and whether the default entry is ready. */
void chain_text_add_json(struct json_object *top, const struct chain *chain);

/* ---- leftover_text.c: what other ways of binding do beside the plan, a line each on stderr */

/* Warns of those that take, or may take, what @next leaves to the host. */
void leftovers_warn(
	const char *command, struct facts *facts, const struct nextboot *next);

/* Warns of the one at index @i. */
void leftovers_warn_of(const char *command, const struct verdicts *verdicts, size_t i);

/* ---- check_fix.c: `check --fix leftovers`, with @yes without asking */
enum cli_exit check_fix_leftovers(struct cli *cli, bool yes);

/* ---- cmd_apply.c: the images, for setup as well */

/*
 * Plans what `apply` does, for apply_free(), as if the drop-ins @planned were written; @full as of
 * apply_steps().  CLI_OK, with what progress_warn_unbuilt() said in @ret_warned; or a message.
 */
enum cli_exit apply_plan(struct cli *cli, const struct obstacles_dropin *planned,
	size_t n_planned, bool full, struct apply *ret, enum cli_exit *ret_warned);

/* Checks these steps, and carries them out.  CLI_OK, or a message. */
enum cli_exit apply_carry_out(const struct cli *cli, struct apply *apply);

/* ---- cmdline_apply.c: parameters written for good */

/*
 * Writes what @params says is needed, after asking unless @yes, where @loader (NULL: the one of
 * this machine), a name, keeps it.
 */
enum cli_exit cmdline_apply(
	struct cli *cli, const struct params *params, const char *loader, bool yes);

/*
 * Plans that, for parameters_free() in any case.  CLI_OK: @ret->words are needed ("": none), and
 * with an empty list of steps they are there; CLI_UNKNOWN: a person has to add them, as
 * @ret->permanent.text says; or a message.
 */
enum cli_exit cmdline_plan(const struct cli *cli, const struct params *params,
	const char *loader, struct parameters *ret);

/* Carries the steps out, or with --dry-run prints them.  CLI_OK, or a message. */
enum cli_exit cmdline_carry_out(const struct cli *cli, struct parameters *parameters);

/* Takes back what that has added, for @command. */
enum cli_exit cmdline_take_back(const struct cli *cli, const char *loader);

/* Whether vfioboot can write them where @loader keeps them, so that a remedy may say so. */
bool cmdline_can_apply(const struct root *root, const struct bootloader *loader);

/* ---- cmd_entry.c: the entries of the boot menu, for setup as well */

/* Starts as {0}, for entry_plan_free(). */
struct entry_plan {
	struct bootentries wanted;
	const struct bootloader *loader;
	struct bootmenu_change change; /* with nothing in it: they are there */
	int error;                     /* -EOPNOTSUPP: the menu is edited by hand; or 0 */
};

/*
 * Plans what `entry add` does, as if the drop-ins @planned were written, with the loader @name or
 * NULL.  CLI_OK, or a message.
 */
enum cli_exit entry_plan(const struct root *root, const char *name,
	const struct obstacles_dropin *planned, size_t n_planned, struct entry_plan *ret);
void entry_plan_free(struct entry_plan *plan);

/*
 * Carries it out, or with --dry-run prints it.  CLI_OK; CLI_UNKNOWN after printing what a person
 * has to write; or a message.
 */
enum cli_exit entry_carry_out(const struct cli *cli, struct entry_plan *plan);

/* ---- cmd_try.c: starts a trial of @profile, with the parameters @append besides */
enum cli_exit try_start(const struct cli *cli, const char *profile, const char *append);

/* ---- entry_text.c: what several commands say of the entries in the boot menu */

/* What comes first where no loader is named. */
enum entry_loader {
	ENTRY_LOADER_OWNER,    /* the one that starts this system */
	ENTRY_LOADER_RECORDED, /* the one whose menu got the entries */
};

/* The loader that counts: the one called @name, else as @first says.  NULL after a message. */
const struct bootloader *entry_find_loader(const char *command, const struct root *root,
	const char *name, enum entry_loader first);

/*
 * Warns, for @command, of entries that were added when the configuration asked for others, or
 * for some at all.  What the machine needs besides is not looked at.
 */
void entry_warn_outdated(const char *command, const struct root *root);

/*
 * Warns, for @command, of entries that a person may have made in menus that are not read, and
 * that go by hand: of the boot loader that starts the machine, or of all that there are where
 * that is not known.  Returns CLI_UNKNOWN when there may be some, else CLI_OK.
 */
enum cli_exit entry_warn_by_hand(const char *command, const struct root *root);

/* ---- trial_text.c: what there is to say of the last trial */

/*
 * Prints what became of the last trial, and what to do now: of one that failed also what its
 * records say, and the end of its journal.  Nothing without a trial.  Returns 0, -ENOENT when
 * there was none, or -errno when its state cannot be read.
 */
int trial_text_print(const struct root *root);

/* Says that the state of the trial cannot be read, with the remedy. */
enum cli_exit trial_text_say_unreadable(const char *command, int error);

/* Says which parameters that were tried the normal entry lacks, and how it gets them. */
void trial_text_print_missing(const struct root *root, const struct trial *trial);

/*
 * Warns, for @command, of a trial that waits for its boot and was started when the
 * configuration was not the one of @config: it would not be what was shown.
 */
void trial_text_warn_changed(
	const char *command, const struct root *root, const struct config *config);

/* ---- the commands */

extern const struct cli_command cmd_setup;
extern const struct cli_command cmd_list;
extern const struct cli_command cmd_check;
extern const struct cli_command cmd_add;
extern const struct cli_command cmd_remove;
extern const struct cli_command cmd_import;
extern const struct cli_command cmd_plan;
extern const struct cli_command cmd_apply;
extern const struct cli_command cmd_status;
extern const struct cli_command cmd_explain;
extern const struct cli_command cmd_undo;
extern const struct cli_command cmd_capture;
extern const struct cli_command cmd_cmdline;
extern const struct cli_command cmd_entry;
extern const struct cli_command cmd_try;
extern const struct cli_command cmd_libvirt;
extern const struct cli_command cmd_vm;
extern const struct cli_command cmd_confirm;
extern const struct cli_command cmd_protect;
extern const struct cli_command cmd_bind;
extern const struct cli_command cmd_release;

#endif
