/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot import`: proposes sections for the installed devices that another setup matches, and
 * writes them.  What cannot be one is said line by line, with its place.
 */
#include "cli.h"

#include <stdarg.h>

#define FUNCTIONS_MAX 4 /* that are listed where several fit */

struct arguments {
	const char *profile;
	bool yes;
};

static const struct cli_option options[] = {
	{"profile", "NAME", "bind them only at boots with this profile", 0,
		CLI_STORE(profile)},
	{"yes", NULL, "do not ask", 0, CLI_STORE(yes)},
	CLI_OPTION_JSON,
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_ROOT,
	{0},
};

static const struct column columns[] = {
	{"SECTION", 0, NULL},
	{"ADDRESS", 0, NULL},
	{"ID", 0, NULL},
	{"DRIVER NOW", 0, NULL},
	{"NAME", COLUMN_TRUNC, NULL},
	{"FROM", 0, NULL},
	{0},
};

struct importing {
	struct cli *cli;
	struct devices devices;
	struct obstacles_allowed allow; /* nothing */
	struct imports imports;
	struct candidates candidates;
	bool *proposed;               /* of the candidates */
	struct vfioboot_points notes; /* on what is not written, by its place */
	bool undecided;               /* one of them is for a person */
};

static void free_importing(struct importing *importing)
{
	points_clear(&importing->notes);
	free(importing->proposed);
	candidates_free(&importing->candidates);
	imports_free(&importing->imports);
	devices_close(&importing->devices);
}

/* ---- what is not written ------------------------------------------------------------------ */

__attribute__((format(printf, 4, 5))) static void add_note(struct importing *importing,
	const struct import *import, const char *remedy, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	char place[512] = "";
	va_list args;

	if (import)
		import_place(&importing->cli->root, import, place, sizeof(place));
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = or_no_memory(NULL);
	va_end(args);
	or_no_memory(
		points_add(&importing->notes, VFIOBOOT_NOTE, "", place, text, remedy) < 0
			? NULL
			: text);
}

/* "ADDRESS, ADDRESS and 2 more" */
static void list_functions(const struct import *import, char *ret, size_t size)
{
	char address[PCI_ADDRESS_SIZE];
	size_t len = 0;

	*ret = '\0';
	for (size_t i = 0; i < import->n && i < FUNCTIONS_MAX; i++) {
		pci_address_format(import->functions[i]->dev.address, address);
		len += text_join(ret + len, size - len, len ? ", " : "", address, NULL);
	}
	if (import->n > FUNCTIONS_MAX)
		snprintf(ret + len, size - len, " and %zu more",
			import->n - FUNCTIONS_MAX);
}

static void note_absent(struct importing *importing, const struct import *import)
{
	switch (import->leftover->kind) {
	case LEFTOVER_DRIVERCTL:
		add_note(importing, import, "", "there is no device at %s", import->what);
		break;
	case LEFTOVER_IDS:
	case LEFTOVER_CMDLINE:
		add_note(importing, import, "", "no device here has the id %s",
			import->what);
		break;
	case LEFTOVER_HOOK: break;
	default:
		add_note(importing, import,
			"run 'sudo vfioboot add DEVICE' with the one that a guest is to have",
			"it binds devices, and names none that is here");
		importing->undecided = true;
	}
}

static void note_several(struct importing *importing, const struct import *import)
{
	const char *what = *import->what ? import->what : "it";
	char list[256];

	list_functions(import, list, sizeof(list));
	add_note(importing, import,
		"run 'sudo vfioboot add ADDRESS' for the one that a guest is to have",
		"%s fits %s, and nothing says which one is meant", what, list);
	importing->undecided = true;
}

static void note_item(struct importing *importing, const struct import *import)
{
	char list[256];

	list_functions(import, list, sizeof(list));
	switch (import->state) {
	case IMPORT_MEANT: break;
	case IMPORT_ABSENT: note_absent(importing, import); break;
	case IMPORT_BRIDGE:
		add_note(importing, import, "",
			"%s is a bridge, which cannot be given to a guest", import->what);
		break;
	case IMPORT_SEVERAL: note_several(importing, import); break;
	case IMPORT_CONFIGURED:
		add_note(importing, import, "", "%s is configured already",
			*import->what ? import->what : "all that it names");
		break;
	case IMPORT_DRIVER:
		add_note(importing, import, "",
			"%s goes to %s, which is not a driver for guests", import->what,
			import->leftover->name);
		break;
	case IMPORT_GUEST:
		add_note(importing, import,
			"add it with 'sudo vfioboot add DEVICE' if it is to be bound at boot",
			"it binds %s when a guest starts", list);
		break;
	}
}

/* The first item that means a function of the set; @function NULL: any of them. */
static const struct import *find_source(const struct importing *importing,
	const struct deviceset *set, const struct pcibus_function *function)
{
	for (size_t i = 0; i < importing->imports.n; i++) {
		const struct import *import = &importing->imports.list[i];

		for (size_t j = 0; import->state == IMPORT_MEANT && j < import->n; j++)
			if (function ? import->functions[j] == function
				     : deviceset_has(set, import->functions[j]))
				return import;
	}
	return NULL;
}

/* That a card is not written, for a reason that is a whole sentence. */
static void note_card(struct importing *importing, const struct offer *offer,
	const char *reason, bool allowed)
{
	const struct pcibus_function *function = offer->set.members[0].function;
	char address[PCI_ADDRESS_SIZE], remedy[128];

	pci_address_format(function->dev.address, address);
	snprintf(remedy, sizeof(remedy),
		allowed ? "run 'sudo vfioboot add %s' if a guest is to have it all the same"
			: "'vfioboot add --dry-run %s' says what can be done",
		address);
	add_note(importing, find_source(importing, &offer->set, NULL), remedy, "%s%s%s",
		text_begins_with(reason, address) ? "" : address,
		text_begins_with(reason, address) ? "" : ": ", reason);
	importing->undecided = true;
}

/* What was meant, and left out of the set for a reason of its own. */
static void note_left(struct importing *importing, const struct offer *offer)
{
	for (size_t i = 0; i < offer->n_left; i++) {
		const struct offer_left *left = &offer->left[i];
		char address[PCI_ADDRESS_SIZE], text[OBSTACLE_TEXT_SIZE];

		if (left->why != OFFER_OBSTACLE ||
			!imports_mean(&importing->imports, left->function))
			continue;
		pci_address_format(left->function->dev.address, address);
		obstacle_text(importing->devices.config, &left->obstacle, text);
		add_note(importing, find_source(importing, NULL, left->function), "",
			"%s %s", address, text);
		importing->undecided = true;
	}
}

/* ---- what is written ------------------------------------------------------------------------ */

/* Proposes the candidate, or notes what is against it. */
static enum cli_exit weigh(struct importing *importing, size_t i)
{
	struct devices *devices = &importing->devices;
	struct offer *offer = &importing->candidates.list[i].offer;
	char reason[OBSTACLE_TEXT_SIZE] = "";
	enum cli_exit status;

	offer_choose_name(&devices->host, offer);
	status = devices_weigh(importing->cli, devices, offer);
	if (status != CLI_OK)
		return status;
	note_left(importing, offer);
	if (obstacles_block(&offer->obstacles)) {
		obstacle_reason(devices->config, offer, reason);
		note_card(importing, offer, reason, false);
	} else if (obstacles_have(&offer->obstacles, OBSTACLE_BOOT_DISPLAY)) {
		pci_address_format(offer->set.members[0].function->dev.address, reason);
		strcat(reason, " is the boot display");
		note_card(importing, offer, reason, true);
	}
	importing->proposed[i] = !*reason;
	return *reason ? CLI_OK : devices_plan(importing->cli, devices, offer);
}

static bool is_meant(const void *data, const struct pcibus_function *function)
{
	return imports_mean(data, function);
}

static enum cli_exit find(struct importing *importing)
{
	struct cli *cli = importing->cli;
	struct imports *imports = &importing->imports;
	const struct candidates_of of = {
		&importing->devices.host, &importing->allow, importing->devices.only};
	enum cli_exit status = devices_open(cli, &importing->devices);
	int r = 0;

	importing->devices.allow = &importing->allow;
	importing->devices.host.profile =
		((const struct arguments *)cli->arguments)->profile;
	if (status == CLI_OK)
		status = cli_read_next(cli, NULL);
	if (status != CLI_OK)
		return status;
	r = imports_find(&cli->machine->facts, cli->machine->next, imports);
	for (size_t i = 0; r == 0 && i < imports->n; i++)
		note_item(importing, &imports->list[i]);
	if (r == 0)
		r = candidates_find(&of, is_meant, imports, &importing->candidates);
	if (r < 0)
		return cli_error("import", "%s", errno_text(r));
	importing->proposed =
		or_no_memory(calloc(importing->candidates.n + 1, sizeof(bool)));
	for (size_t i = 0; status == CLI_OK && i < importing->candidates.n; i++)
		status = weigh(importing, i);
	return status;
}

/* ---- showing it ------------------------------------------------------------------------------- */

/* A function as people and programs see it. */
struct view {
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE], id[16];
	struct function_name name;
	char from[512]; /* "": nothing means it, it is of the same card */
};

static void look_at(const struct importing *importing,
	const struct pcibus_function *function, struct view *ret)
{
	const struct import *import = find_source(importing, NULL, function);

	pci_address_format(function->dev.address, ret->address);
	pci_path_format(&function->dev.path, ret->path);
	snprintf(ret->id, sizeof(ret->id), "%04x:%04x", function->dev.ids.vendor,
		function->dev.ids.device);
	names_look_up(importing->devices.names, &function->dev.ids, &ret->name);
	*ret->from = '\0';
	if (import)
		import_place(&importing->cli->root, import, ret->from, sizeof(ret->from));
}

static void print_table(const struct importing *importing)
{
	_cleanup_(table_free) struct table *table =
		table_new("functions", columns, false);

	for (size_t i = 0; i < importing->candidates.n; i++) {
		const struct offer *offer = &importing->candidates.list[i].offer;

		for (size_t j = 0; importing->proposed[i] && j < offer->set.n; j++) {
			const struct pcibus_function *function =
				offer->set.members[j].function;
			struct table_line *line = table_add(table, NULL);
			struct view view;

			look_at(importing, function, &view);
			table_set(table, line, "SECTION", offer->name);
			table_set(table, line, "ADDRESS", view.address);
			table_set(table, line, "ID", view.id);
			table_set(table, line, "DRIVER NOW", function->dev.driver);
			table_set(table, line, "NAME", view.name.name);
			table_set(table, line, "FROM",
				*view.from ? view.from : "(same card)");
		}
	}
	table_print(table);
}

/* What goes with a card that is written: its driver makes it. */
static void print_gone(
	const struct importing *importing, const struct offer *offer, bool *any)
{
	for (size_t i = 0; i < offer->n_left; i++) {
		char text[SECTIONS_TEXT_SIZE];
		struct view view;

		if (offer->left[i].why != OFFER_MADE)
			continue;
		look_at(importing, offer->left[i].function, &view);
		sections_later_text(offer->left[i].function, text);
		cli_print("%sGone with %s: %s  %s: it %s.\n", *any ? "" : "\n",
			offer->name, view.address, view.name.name, text);
		*any = true;
	}
}

static void print_text(const struct importing *importing)
{
	bool gone = false;

	if (!importing->imports.n)
		puts("Nothing else binds devices to vfio-pci: there is nothing to import.");
	if (importing->devices.n_planned) {
		printf("%zu device set%s can be imported.\n\n",
			importing->devices.n_planned,
			cli_plural(importing->devices.n_planned));
		print_table(importing);
	}
	for (size_t i = 0; i < importing->candidates.n; i++)
		if (importing->proposed[i])
			print_gone(
				importing, &importing->candidates.list[i].offer, &gone);
	if (importing->notes.n)
		puts(importing->devices.n_planned ? "\nNot imported:" : "Not imported:");
	for (size_t i = 0; i < importing->notes.n; i++) {
		const struct vfioboot_point *note = &importing->notes.list[i];

		cli_print("  %s%s%s%s%s\n", note->subject, *note->subject ? ": " : "",
			note->text, *note->remedy ? "; " : "", note->remedy);
	}
}

static void add_section(const struct importing *importing, struct json_object *list,
	const struct offer *offer)
{
	struct json_object *section = json_add_object(list, NULL), *functions;
	char path[CONFIG_PATH_SIZE], address[PCI_ADDRESS_SIZE];

	dropin_path(offer->name, path);
	json_add_text(section, "section", offer->name);
	json_add_text(section, "file", path);
	json_add_text(section, "text", offer->text);
	functions = json_add_array(section, "functions");
	for (size_t i = 0; i < offer->set.n; i++) {
		const struct pcibus_function *function = offer->set.members[i].function;
		struct json_object *object = json_add_object(functions, NULL);
		struct view view;

		look_at(importing, function, &view);
		json_add_text(object, "address", view.address);
		json_add_text(object, "path", view.path);
		json_add_text(object, "id", view.id);
		json_add_text(object, "driver", function->dev.driver);
		json_add_text(object, "name", view.name.name);
		json_add_text(object, "from", view.from);
	}
	functions = json_add_array(section, "gone");
	for (size_t i = 0; i < offer->n_left; i++) {
		pci_address_format(offer->left[i].function->dev.address, address);
		if (offer->left[i].why == OFFER_MADE)
			json_add_text(functions, NULL, address);
	}
}

static void print_json(const struct importing *importing)
{
	struct json_object *top = json_new_top(), *list = json_add_array(top, "sections");

	for (size_t i = 0; i < importing->candidates.n; i++)
		if (importing->proposed[i])
			add_section(
				importing, list, &importing->candidates.list[i].offer);
	list = json_add_array(top, "not_imported");
	for (size_t i = 0; i < importing->notes.n; i++) {
		const struct vfioboot_point *note = &importing->notes.list[i];
		struct json_object *object = json_add_object(list, NULL);

		json_add_text(object, "from", note->subject);
		json_add_text(object, "text", note->text);
		json_add_text(object, "remedy", note->remedy);
	}
	json_print(top);
}

/* ---- writing it ------------------------------------------------------------------------------- */

static enum cli_exit plan_files(const struct importing *importing, struct change *ret)
{
	int r;

	ret->root = &importing->cli->root;
	r = devices_put_planned(&importing->devices, ret);
	if (r < 0)
		return cli_error(
			"import", "cannot work out what to do: %s", errno_text(r));
	return ret->n ? devices_check_directory(importing->cli) : CLI_OK;
}

static bool has_errors(const struct importing *importing)
{
	return importing->devices.config->n_errors;
}

static enum cli_exit carry_out(const struct importing *importing, struct change *change)
{
	const struct arguments *arguments = importing->cli->arguments;
	const char *profile = arguments->profile;
	char question[64];
	enum cli_exit status = progress_check_change("import", change);

	snprintf(question, sizeof(question), "Write %s?",
		importing->devices.n_planned == 1 ? "this section" : "these sections");
	if (status == CLI_OK && arguments->yes)
		putchar('\n');
	else if (status == CLI_OK)
		status = cli_confirm("import", question);
	if (status == CLI_OK)
		status = progress_run(importing->cli, change);
	if (status != CLI_OK)
		return status;
	puts("Next: 'sudo vfioboot check --fix leftovers' removes the old setup.\n"
	     "Then run 'sudo vfioboot apply' to update the initramfs images, and reboot.");
	if (profile)
		printf("'sudo vfioboot entry add' adds the profile '%s' to the boot menu.\n",
			profile);
	return CLI_OK;
}

static enum cli_exit write_files(const struct importing *importing)
{
	_cleanup_(change_free) struct change change = {0};
	enum cli_exit status = plan_files(importing, &change);

	if (status != CLI_OK || !importing->devices.n_planned)
		return status;
	/* A section with an error may be about one of these cards. */
	if (!importing->cli->dry_run && has_errors(importing))
		return cli_error("import",
			"nothing was changed; correct the configuration and try again");
	if (!importing->cli->dry_run)
		return carry_out(importing, &change);
	for (size_t i = 0; i < importing->devices.n_planned; i++)
		printf("\nWould write %s:\n\n%s", importing->devices.planned[i].path,
			importing->devices.planned[i].text);
	return CLI_OK;
}

/* JSON is a plan, as a dry run is. */
static enum cli_exit run(struct cli *cli)
{
	_cleanup_(free_importing) struct importing importing = {.cli = cli};
	enum cli_exit status = cli->json ? CLI_OK : progress_lock_for_file(cli);

	if (status == CLI_OK)
		status = find(&importing);
	if (status != CLI_OK)
		return status;
	if (cli->json) {
		print_json(&importing);
	} else {
		print_text(&importing);
		status = write_files(&importing);
	}
	if (status == CLI_OK && has_errors(&importing))
		return CLI_FAILED;
	return status == CLI_OK && importing.undecided ? CLI_UNKNOWN : status;
}

static enum cli_exit check(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;

	return devices_check_name("import", "profile", arguments->profile);
}

const struct cli_command cmd_import = {
	.name = "import",
	.operands = "",
	.summary = "propose sections for what another setup binds",
	.details =
		"Reads ids= of modprobe.d, vfio-pci.ids= of the kernel command line, overrides\n"
		"of driverctl, and scripts that bind devices. Shows which installed devices these\n"
		"match, and after asking writes one section a card. Nothing is removed.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check,
	.run = run,
};
