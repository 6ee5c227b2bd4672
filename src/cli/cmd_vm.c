/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot vm`: device sets in the definitions of libvirt's guests.  vfioboot-vm (guests/main.c) asks
 * libvirt; what is decided and changed, is here.
 */
#include "cli.h"

#include <paths.h>

#define PROGRAM      "vfioboot-vm"
#define URI          "qemu:///system"
#define KEPT         STATE_DIRECTORY "/vm"
#define KEPT_PATH    256
#define NO_GUEST     3 /* its exit status where libvirt has no such guest */
#define PROGRAM_PATH 4096

struct arguments {
	const char *format, *uri;
	bool no_graphics;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"connect", "URI", "ask this libvirt in place of " URI, 0, CLI_STORE(uri)},
	{"no-graphics", NULL, "with attach: remove the guest's emulated display", 0,
		CLI_STORE(no_graphics)},
	{"format", "NAME", "with show: print it for this program", 0, CLI_STORE(format)},
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	{0},
};

static const struct column columns[] = {
	{"GUEST", COLUMN_TRUNC, "the name of the guest"},
	{"STATE", 0, "running or off"},
	{"ADDRESS", 0, "a function of the host that it gets"},
	{"SET", 0, "the device set that has the function"},
	{0},
};

static const char *uri_of(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;

	return arguments->uri ? arguments->uri : URI;
}

/* ---- the program that asks libvirt ------------------------------------------------------ */

/* Beside this program, as in the directory where both were built, or where it is installed. */
static void find_program(char ret[static PROGRAM_PATH])
{
	char self[PROGRAM_PATH - sizeof(PROGRAM)] = "";
	int r = run_own_path(self, sizeof(self));
	char *slash = r < 0 ? NULL : strrchr(self, '/');

	snprintf(ret, PROGRAM_PATH, "%.*s/" PROGRAM, slash ? (int)(slash - self) : 0,
		self);
	if (!slash || access(ret, X_OK) < 0)
		snprintf(ret, PROGRAM_PATH, PATHS_LIBDIR "/" PROGRAM);
}

/*
 * Runs it; what it says on stderr is its error.  Returns 0 with what it prints in *@ret; -ESRCH:
 * libvirt has no such guest; -EINTR: a signal ended it; or another -errno.
 */
static int ask_libvirt(const char *uri, const char *verb, const char *operand, char **ret)
{
	_cleanup_free_ char *text = NULL;
	char program[PROGRAM_PATH];
	const char *const argv[] = {program, uri, verb, operand, NULL};
	int r;

	find_program(program);
	fflush(stdout);
	r = run_read(argv, &text);
	if (r != 0)
		return r < 0 ? r : r == NO_GUEST ? -ESRCH : r > 128 ? -EINTR : -EREMOTEIO;
	*ret = TAKE_PTR(text);
	return 0;
}

/* Says why that failed, unless the program did. */
static enum cli_exit fail(int error)
{
	if (error == -ENOENT || error == -EACCES)
		return cli_error("vm",
			"the program " PROGRAM
			" is missing; install the package vfioboot-vm, or build vfioboot where "
			"libvirt's headers are installed");
	return error == -EREMOTEIO
		? CLI_FAILED
		: cli_error("vm", "cannot run " PROGRAM ": %s", errno_text(error));
}

/* ---- a guest ---------------------------------------------------------------------------- */

struct guest {
	const char *name;
	bool running, transient, saved;
	char *xml; /* within @text */
	char *text;
};

static void free_guest(struct guest *guest)
{
	free(guest->text);
}

/* With *@ret_gone, unless that is NULL, a guest that is not there is no error. */
static enum cli_exit read_guest(
	const char *uri, const char *name, struct guest *ret, bool *ret_gone)
{
	char *end;
	int r = ask_libvirt(uri, "show", name, &ret->text);

	if (r == -ESRCH && ret_gone) {
		*ret_gone = true;
		return CLI_OK;
	}
	if (r == -ESRCH)
		return cli_error("vm",
			"libvirt has no guest '%s'; 'vfioboot vm list' shows the guests",
			name);
	if (r < 0)
		return fail(r);
	end = strchr(ret->text, '\n');
	if (!end)
		return cli_error("vm", PROGRAM " printed no definition of %s", name);
	*end = '\0';
	ret->name = name;
	ret->running = text_begins_with(ret->text, "running ");
	ret->transient = strstr(ret->text, " transient ");
	ret->saved = text_ends_with(ret->text, " saved");
	ret->xml = end + 1;
	return CLI_OK;
}

/* ---- list ------------------------------------------------------------------------------- */

/* The set that has the function; "": none has. */
static const char *set_of(
	const struct cli *cli, const struct config *config, struct pci_address address)
{
	const struct pcibus_function *function =
		pcibus_find(&cli->machine->facts.bus, address);

	for (unsigned i = 0; function && i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (!section->bad &&
			match_section(config, section, &function->dev) == MATCH_MEMBER)
			return section->name;
	}
	return "";
}

static enum cli_exit list_guest(const struct cli *cli, const struct config *config,
	struct table *table, const char *name)
{
	_cleanup_(libvirt_free_domain) struct libvirt_domain domain = {0};
	_cleanup_(free_guest) struct guest guest = {0};
	struct message message = {0};
	bool gone = false;

	if (read_guest(uri_of(cli), name, &guest, &gone) != CLI_OK)
		return CLI_FAILED;
	if (gone)
		return CLI_OK;
	if (libvirt_read_domain(guest.xml, strlen(guest.xml), &domain, &message) < 0)
		return cli_error("vm", "%s: %s", name, message.text);
	for (size_t i = 0; i < domain.n || i == 0; i++) {
		struct table_line *line = table_add(table, NULL);
		char address[PCI_ADDRESS_SIZE] = "";

		table_set(table, line, "GUEST", name);
		table_set(table, line, "STATE", guest.running ? "running" : "off");
		if (i == domain.n)
			break;
		pci_address_format(domain.functions[i], address);
		table_set(table, line, "ADDRESS", address);
		table_set(table, line, "SET", set_of(cli, config, domain.functions[i]));
	}
	return CLI_OK;
}

static enum cli_exit list(struct cli *cli)
{
	_cleanup_free_ struct config *config =
		cli_read_config(&cli->root, CONFIGFILES_OF_NOW);
	_cleanup_(table_free) struct table *table = NULL;
	_cleanup_free_ char *guests = NULL;
	enum cli_exit status = cli_read_facts(cli);
	int r;

	if (status != CLI_OK)
		return status;
	r = ask_libvirt(uri_of(cli), "list", NULL, &guests);
	if (r < 0)
		return fail(r);
	table = table_new("guests", columns, cli->json);
	for (char *line = guests, *next; *line; line = next) {
		char *name = strchr(line, ' ');

		next = (char *)text_next_line(line);
		line[strcspn(line, "\n")] = '\0';
		if (name && list_guest(cli, config, table, name + 1) != CLI_OK)
			status = CLI_FAILED;
	}
	table_print(table);
	return status;
}

/* ---- a device set ----------------------------------------------------------------------- */

/* Its functions that are here.  CLI_OK, or a message. */
static enum cli_exit find_set(
	struct cli *cli, struct config *config, const char *name, struct vm_set *ret)
{
	const struct config_section *section = config_find_section(config, name);

	if (cli_read_facts(cli) != CLI_OK)
		return CLI_FAILED;
	if (!section && sections_is_other("vm", config, name))
		return CLI_FAILED;
	if (!section || section->bad)
		return cli_error("vm",
			"there is no %sdevice set '%s'; 'vfioboot plan' shows the device "
			"sets",
			section ? "valid " : "", name);
	ret->section = section;
	ret->functions = or_no_memory(
		calloc(cli->machine->facts.bus.n + 1, sizeof(*ret->functions)));
	for (size_t i = 0; i < cli->machine->facts.bus.n; i++) {
		const struct pcibus_function *function =
			&cli->machine->facts.bus.functions[i];

		if (match_section(config, section, &function->dev) == MATCH_MEMBER)
			ret->functions[ret->n++] = function;
	}
	if (ret->n && (!section->expect || section->expect == ret->n))
		return CLI_OK;
	return cli_error("vm",
		"device set '%s' has %zu function%s on this machine%s; 'vfioboot explain "
		"%s' says why",
		name, ret->n, cli_plural(ret->n),
		ret->n ? ", and not those it expects" : "", name);
}

static void free_set(struct vm_set *set)
{
	free(set->functions);
}

static void to_domain(const struct vm_set *set, struct libvirt_domain *ret)
{
	for (size_t i = 0; i < set->n; i++) {
		struct pci_address *added =
			or_no_memory(LIST_ADD(ret->functions, ret->n));

		*added = set->functions[i]->dev.address;
	}
}

/* ---- steps ------------------------------------------------------------------------------ */

/* What steps ask libvirt about. */
struct asked {
	const char *uri, *guest;
	bool may_be_defined; /* a signal came before it answered */
};

/* Has libvirt define what is in @path, of this machine; undone by @other, unless that is NULL. */
static int run_define(
	const struct change *change, struct change_step *step, struct message *message)
{
	_cleanup_free_ char *text = NULL;
	struct asked *asked = step->data;
	int r = ask_libvirt(asked->uri, "define", step->path, &text);

	(void)change;
	asked->may_be_defined = r == 0 || r == -EINTR;
	if (r == 0 || r == -EINTR)
		return r;
	message_remedy(message, "see above");
	return message_errno(message, r, "the guest keeps its definition");
}

static int undo_define(const struct change *change, const struct change_step *step,
	struct message *message)
{
	_cleanup_free_ char *text = NULL;
	const struct asked *asked = step->data;
	int r = asked->may_be_defined && step->other
		? ask_libvirt(asked->uri, "define", step->other, &text)
		: 0;

	(void)change;
	if (r == 0)
		return 0;
	message_remedy(message, "'sudo vfioboot vm detach' does so");
	return message_errno(message, r, "cannot give the guest its definition back");
}

static const struct change_kind define = {
	.text = "define the guest by %1", .run = run_define, .undo = undo_define};

/* What libvirt has made of it, by which a later change of somebody else is found. */
static int run_read_back(
	const struct change *change, struct change_step *step, struct message *message)
{
	const struct asked *asked = step->data;
	_cleanup_free_ char *text = NULL;
	const char *xml;
	int r = ask_libvirt(asked->uri, "show", asked->guest, &text);

	if (r == 0) {
		xml = text_next_line(text);
		r = atomicfile_write_mode_below(
			change->root, step->path, xml, strlen(xml), 0600);
	}
	return r < 0 ? message_errno(message, r, "cannot keep the new definition") : 0;
}

static const struct change_kind read_back = {.text = "keep the new definition as %1",
	.quiet = true,
	.run = run_read_back,
	.undo = change_undo_made};

static int add_write(struct change *change, const char *path, const char *text)
{
	struct change_step *step = change_add(change, &change_write, path, NULL);

	if (!step)
		return -ENOMEM;
	step->record = true; /* by both a detach knows what to define */
	step->mode = 0600;   /* a definition may have passwords */
	step->text = strdup(text);
	return step->text ? 0 : -ENOMEM;
}

static int add_own(struct change *change, const struct change_kind *kind,
	const char *path, const char *other, void *data)
{
	struct change_step *step = change_add(change, kind, path, other);

	if (step)
		step->data = data;
	return step ? 0 : -ENOMEM;
}

/* ---- attach and detach ------------------------------------------------------------------ */

/* Where the definitions of a guest are kept that it had before and after it got the set. */
struct kept {
	char directory[KEPT_PATH], before[KEPT_PATH], after[KEPT_PATH], new[KEPT_PATH];
};

static enum cli_exit find_kept(
	const struct guest *guest, const char *set, struct kept *ret)
{
	char uuid[LIBVIRT_UUID_SIZE];
	struct message message = {0};

	if (libvirt_read_uuid(guest->xml, uuid, &message) < 0)
		return cli_say("vm", &message);
	snprintf(ret->directory, KEPT_PATH, KEPT "/%s", uuid);
	snprintf(ret->before, KEPT_PATH, KEPT "/%s/%s.before", uuid, set);
	snprintf(ret->after, KEPT_PATH, KEPT "/%s/%s.after", uuid, set);
	snprintf(ret->new, KEPT_PATH, KEPT "/%s/%s.new", uuid, set);
	return CLI_OK;
}

static enum cli_exit check_guest(const struct guest *guest)
{
	if (guest->transient)
		return cli_error("vm",
			"guest '%s' is transient: libvirt forgets its definition when it "
			"stops; define it first",
			guest->name);
	if (guest->saved)
		return cli_error("vm",
			"guest '%s' has a saved state, which fits only the devices that it "
			"has now; start it, or run 'virsh managedsave-remove'",
			guest->name);
	return CLI_OK;
}

static enum cli_exit carry_out(struct cli *cli, const struct guest *guest,
	struct change *change, const struct file_names *done)
{
	enum cli_exit status = CLI_OK;

	for (size_t i = 0; i < done->n; i++)
		progress_say(cli, "Definition of %s: %s", guest->name, done->names[i]);
	if (cli->dry_run)
		progress_print(cli, change);
	else
		status = progress_run(cli, change);
	if (status == CLI_OK && guest->running)
		progress_say(cli,
			"It is running: this counts when it is started the next time.");
	return status;
}

static int attach_steps(struct change *change, const struct kept *kept,
	const struct guest *guest, const char *xml, struct asked *asked)
{
	int r = add_write(change, kept->before, guest->xml);

	r = r < 0 ? r : add_write(change, kept->new, xml);
	r = r < 0 ? r : add_own(change, &define, kept->new, kept->before, asked);
	r = r < 0 ? r : add_own(change, &read_back, kept->after, NULL, asked);
	return r < 0                                                   ? r
		: change_add(change, &change_discard, kept->new, NULL) ? 0
								       : -ENOMEM;
}

static void say_managed(const struct cli *cli, const struct vm_set *set)
{
	if (!set->section->demand) {
		progress_say(cli,
			"managed='no': it is bound at boot, and where it is not, the guest "
			"does not take it from the host.");
		return;
	}
	progress_say(
		cli, "managed='no': the hook hands it over, with all that this takes.");
	if (!file_exists(&cli->root, "%s", LIBVIRT_HOOK))
		cli_warning("vm",
			"the hook of libvirt is not there, so nobody hands it over; run "
			"'sudo vfioboot libvirt enable'");
}

static enum cli_exit attach(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	_cleanup_free_ struct config *config =
		cli_read_config(&cli->root, CONFIGFILES_OF_NOW);
	_cleanup_(change_free) struct change change = {.root = &cli->root};
	_cleanup_(libvirt_free_edit) struct libvirt_edit edit = {0};
	_cleanup_(libvirt_free_domain) struct libvirt_domain domain = {0};
	_cleanup_(free_guest) struct guest guest = {0};
	_cleanup_(free_set) struct vm_set set = {0};
	struct asked asked = {uri_of(cli), cli->operands[1], false};
	struct message message = {0};
	struct kept kept;

	if (find_set(cli, config, cli->operands[2], &set) != CLI_OK ||
		read_guest(asked.uri, asked.guest, &guest, NULL) != CLI_OK ||
		check_guest(&guest) != CLI_OK ||
		find_kept(&guest, cli->operands[2], &kept) != CLI_OK)
		return CLI_FAILED;
	to_domain(&set, &domain);
	if (libvirt_attach(guest.xml, &domain, arguments->no_graphics, &edit, &message) <
		0)
		return cli_say("vm", &message);
	if (attach_steps(&change, &kept, &guest, edit.xml, &asked) < 0)
		return cli_error("vm", "%s", errno_text(ENOMEM));
	say_managed(cli, &set);
	return carry_out(cli, &guest, &change, &edit.done);
}

/*
 * What is kept of an earlier attach; of one that was killed, what it asked libvirt for.  CLI_OK, or
 * a message.
 */
static enum cli_exit read_kept(const struct cli *cli, const struct kept *kept,
	char **ret_before, char **ret_after)
{
	int r = file_read(&cli->root, kept->before, ret_before, NULL);

	r = r < 0 ? r : file_read(&cli->root, kept->after, ret_after, NULL);
	if (r == -ENOENT && *ret_before)
		r = file_read(&cli->root, kept->new, ret_after, NULL);
	if (r == -ENOENT)
		return cli_error("vm",
			"'vfioboot vm attach' did not give this set to the guest; edit it "
			"with 'virsh edit'");
	return r < 0 ? cli_error("vm", "cannot read %s: %s", kept->before, errno_text(r))
		     : CLI_OK;
}

static int detach_steps(struct change *change, const struct kept *kept, const char *xml,
	struct asked *asked)
{
	int r = xml ? add_write(change, kept->new, xml) : 0;

	r = r < 0 ? r
		  : add_own(change, &define, xml ? kept->new : kept->before, NULL, asked);
	if (r == 0 &&
		(!change_add(change, &change_discard, kept->new, NULL) ||
			!change_add(change, &change_discard, kept->before, NULL) ||
			!change_add(change, &change_discard, kept->after, NULL) ||
			!change_add(change, &change_rmdir, kept->directory, NULL)))
		r = -ENOMEM;
	return r;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text, sorted, which becomes them; for free(). */
static char **sort_lines(char *text, size_t *ret_n)
{
	char **lines = or_no_memory(calloc(strlen(text) + 1, sizeof(*lines)));
	size_t n = 0;

	for (char *next; *text; text = next) {
		next = (char *)text_next_line(text);
		text[strcspn(text, "\n")] = '\0';
		lines[n++] = text;
	}
	qsort(lines, n, sizeof(*lines), compare_lines);
	*ret_n = n;
	return lines;
}

/*
 * Whether two definitions that libvirt wrote say the same: when it reads one that it has completed
 * itself, it lists controllers in another order the next time.
 */
static bool says_the_same(const char *a, const char *b)
{
	_cleanup_free_ char *one = or_no_memory(strdup(a)),
			    *other = or_no_memory(strdup(b));
	size_t n_one, n_other;
	_cleanup_free_ char **of_one = sort_lines(one, &n_one);
	_cleanup_free_ char **of_other = sort_lines(other, &n_other);
	bool same = n_one == n_other;

	for (size_t i = 0; same && i < n_one; i++)
		same = strcmp(of_one[i], of_other[i]) == 0;
	return same;
}

/* Whether the guest has the definition again that it had before. */
static enum cli_exit check_restored(
	const struct cli *cli, const struct guest *guest, const char *before)
{
	_cleanup_(free_guest) struct guest now = {0};

	if (read_guest(uri_of(cli), guest->name, &now, NULL) != CLI_OK)
		return CLI_FAILED;
	if (!says_the_same(now.xml, before))
		return cli_error("vm",
			"libvirt has changed the definition of '%s' while it was restored; "
			"compare it with 'virsh dumpxml'",
			guest->name);
	progress_say(cli, "The guest has the definition that it had before%s.",
		strcmp(now.xml, before) == 0
			? ""
			: "; libvirt lists its controllers in another order");
	return CLI_OK;
}

static enum cli_exit detach_guest(struct cli *cli, const struct guest *guest,
	const struct kept *kept, const char *before, const char *after)
{
	_cleanup_(change_free) struct change change = {.root = &cli->root};
	_cleanup_(libvirt_free_edit) struct libvirt_edit edit = {0};
	bool same = says_the_same(guest->xml, after);
	struct asked asked = {uri_of(cli), guest->name, false};
	struct message message = {0};
	enum cli_exit status;

	if (!same && libvirt_detach(guest->xml, before, after, &edit, &message) < 0)
		return cli_say("vm", &message);
	if (detach_steps(&change, kept, edit.xml, &asked) < 0)
		return cli_error("vm", "%s", errno_text(ENOMEM));
	if (!same)
		progress_say(cli,
			"Somebody has changed the definition of %s since: only its host "
			"devices of this set are removed.",
			guest->name);
	status = carry_out(cli, guest, &change, &edit.done);
	return status == CLI_OK && same && !cli->dry_run
		? check_restored(cli, guest, before)
		: status;
}

static enum cli_exit detach(struct cli *cli)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	_cleanup_(free_guest) struct guest guest = {0};
	struct kept kept;

	if (read_guest(uri_of(cli), cli->operands[1], &guest, NULL) != CLI_OK ||
		check_guest(&guest) != CLI_OK ||
		find_kept(&guest, cli->operands[2], &kept) != CLI_OK ||
		read_kept(cli, &kept, &before, &after) != CLI_OK)
		return CLI_FAILED;
	return detach_guest(cli, &guest, &kept, before, after);
}

/* ---- the command ------------------------------------------------------------------------ */

static enum cli_exit show(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	_cleanup_free_ struct config *config =
		cli_read_config(&cli->root, CONFIGFILES_OF_NOW);
	_cleanup_(free_set) struct vm_set set = {0};

	if (find_set(cli, config, cli->operands[1], &set) != CLI_OK)
		return CLI_FAILED;
	return vm_show(cli, &set, arguments->format ? arguments->format : "libvirt");
}

static const struct {
	const char *name, *operands;
	int n; /* with the action */
	bool changes;
	enum cli_exit (*run)(struct cli *cli);
} actions[] = {
	{"list", "", 1, false, list},
	{"attach", " GUEST SET", 3, true, attach},
	{"detach", " GUEST SET", 3, true, detach},
	{"show", " SET", 2, false, show},
};

static enum cli_exit check(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	char name[CONFIG_NAME_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(cli->operands[0], actions[i].name) != 0)
			continue;
		if (cli->n_operands != actions[i].n)
			return cli_misuse("vm", "use 'vfioboot vm %s%s'", actions[i].name,
				actions[i].operands);
		if (cli->json && actions[i].run == show)
			return cli_misuse("vm",
				"--json is not for show; --format says for which program");
		/* It becomes a part of names of files. */
		if (actions[i].n > 1 &&
			!config_set_name(
				name, sizeof(name), cli->operands[actions[i].n - 1]))
			return cli_misuse("vm", "'%s' is not the name of a device set",
				cli->operands[actions[i].n - 1]);
		return arguments->format ? vm_show_check(arguments->format) : CLI_OK;
	}
	return cli_misuse("vm", "unknown action '%s'; use list, attach, detach or show",
		cli->operands[0]);
}

static enum cli_exit run(struct cli *cli)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		enum cli_exit status = CLI_OK;

		if (strcmp(cli->operands[0], actions[i].name) != 0)
			continue;
		if (actions[i].changes)
			status = progress_begin(cli);
		return status == CLI_OK ? actions[i].run(cli) : status;
	}
	return CLI_MISUSE;
}

const struct cli_command cmd_vm = {
	.name = "vm",
	.operands = "list|attach|detach|show [ARGUMENT]...",
	.missing = "no action given: use list, attach, detach or show",
	.summary = "put device sets into the definitions of guests",
	.details =
		"list prints the guests of libvirt with the functions that they get.\n"
		"attach GUEST SET adds the functions of a device set, and detach GUEST SET gives\n"
		"the guest the definition that it had before. show SET prints what other\n"
		"programs need to know of the set.\n\n"
		"NAME is libvirt, qemu, cloud-hypervisor, proxmox or kubevirt.",
	.columns = columns,
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check,
	.run = run,
};
