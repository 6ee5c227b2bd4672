/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps: those of add, cmdline --apply, apply and entry add, in this order. */
#include "setup.h"

#include <stdarg.h>

#define LINE_SIZE   1024
#define TEXT_COLUMN 8

int setup_find_params(struct setup *setup, const struct nextboot *next)
{
	struct facts *facts = &setup->cli->machine->facts;
	_cleanup_(nextboot_free) struct nextboot *configured = NULL;
	_cleanup_free_ char *cmdline = NULL;
	const struct params_request request = {
		.profile = *setup->profile ? setup->profile : NULL};
	int r = 0;

	/* What this boot has not shown to work is not known of the next one. */
	if (!next &&
		asprintf(&cmdline, "%s%s %s", *setup->profile ? "vfioboot.profile=" : "",
			setup->profile, facts->cmdline ? facts->cmdline : "") < 0)
		return -ENOMEM;
	if (!next)
		r = nextboot_read(facts, cmdline, &configured);
	memset(&setup->params, 0, sizeof(setup->params));
	return r < 0
		? r
		: params_find(facts, next ? next : configured, &request, &setup->params);
}

/* Another look at the machine, after something was changed, for cli_close(). */
static enum cli_exit look_again(const struct setup *setup, struct cli *ret)
{
	ret->command = setup->cli->command;
	ret->dir = setup->cli->dir;
	ret->dry_run = setup->cli->dry_run;
	return cli_open(ret);
}

static bool writes_images(const struct setup *setup)
{
	return setup->when != SETUP_DEMAND && !setup->iommu_first;
}

/* The entries of our own have what they need themselves. */
static bool writes_parameters(const struct setup *setup)
{
	return setup->when != SETUP_MENU || setup->iommu_first;
}

/* Whether a card that is chosen, or set up already, has the function. */
static bool gives_away(const struct setup *setup, const struct pcibus_function *function)
{
	for (size_t i = 0; i < setup->n_cards; i++)
		if ((setup->cards[i].chosen || *setup->cards[i].section) &&
			deviceset_has(&setup->candidates.list[i].offer.set, function))
			return true;
	return false;
}

/* Where GVT-g is enabled, for a GPU that stays, and nothing loads its module. */
static int plan_gvt(const struct setup *setup, struct change *change)
{
	struct gvt gvt;
	int r = gvt_look(
		&setup->cli->machine->facts, setup->cli->machine->next->cmdline, &gvt);

	if (r < 0 || !gvt.gpu || !gvt.enabled_by[0] || gvt.loaded_by[0] ||
		gives_away(setup, gvt.gpu))
		return r;
	return change_put_text(change, GVT_FILE, gvt_file_text);
}

static int plan_dropins(const struct setup *setup, struct change *ret)
{
	int r;

	ret->root = &setup->cli->root;
	if (setup->iommu_first)
		return 0;
	r = devices_put_planned(&setup->devices, ret);
	return r < 0 ? r : plan_gvt(setup, ret);
}

/*
 * Where the normal entry gives the devices away, one without them is a way out, and no more: it is
 * left out where the menu is not vfioboot's to write.
 */
static bool writes_entries(const struct setup *setup)
{
	struct bootloader_search search;

	if (!writes_images(setup) || setup->when == SETUP_MENU)
		return writes_images(setup);
	bootloader_find(&setup->cli->root, &search);
	return search.owner && search.owner->ops->plan && !search.unmounted[0];
}

/* ---- the list ---------------------------------------------------------------------------------- */

/* Behind what kept a step from being planned. */
static enum cli_exit say_unchanged(void)
{
	return cli_error(SETUP, "nothing was changed; correct this and try again");
}

struct list {
	struct setup *setup;
	unsigned n;
};

enum line { LINE_STEP, LINE_DONE, LINE_NOTE };

/* A step that there is to do, one that is done already, or what there is to know. */
__attribute__((format(printf, 3, 4))) static void add_line(
	struct list *list, enum line line, const char *format, ...)
{
	static const char *const words[] = {[LINE_DONE] = "done", [LINE_NOTE] = "note"};
	_cleanup_free_ char *text = NULL;
	char number[16];
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = or_no_memory(NULL);
	va_end(args);
	if (line == LINE_STEP)
		snprintf(number, sizeof(number), "%u", ++list->n);
	printf("  %4s  ", line == LINE_STEP ? number : words[line]);
	cli_print_wrapped(text, TEXT_COLUMN, TEXT_COLUMN);
}

static void add_change(struct list *list, const struct change *change)
{
	char line[LINE_SIZE];

	for (size_t i = 0; i < change->n; i++) {
		change_describe(&change->steps[i], line, sizeof(line));
		if (*line && !change->steps[i].kind->quiet)
			add_line(list, LINE_STEP, "%s", line);
	}
}

static enum cli_exit list_dropins(struct list *list)
{
	const struct setup *setup = list->setup;
	_cleanup_(change_free) struct change change = {0};
	int r = plan_dropins(setup, &change);

	if (r < 0)
		return cli_error(SETUP, "cannot work out what to do: %s", errno_text(r));
	for (size_t i = 0; i < setup->n_cards; i++)
		if (*setup->cards[i].section)
			add_line(
				list, LINE_DONE, "%s is set up", setup->cards[i].section);
	add_change(list, &change);
	if (change.n && devices_check_directory(setup->cli) != CLI_OK)
		return CLI_FAILED;
	return progress_check_change(SETUP, &change);
}

static enum cli_exit list_parameters(struct list *list)
{
	_cleanup_(parameters_free) struct parameters parameters = {0};
	char text[PERMANENT_TEXT_SIZE];
	enum cli_exit status =
		cmdline_plan(list->setup->cli, &list->setup->params, NULL, &parameters);

	if (status == CLI_UNKNOWN) {
		list->setup->by_hand = true;
		add_line(list, LINE_STEP, "by hand: add %s %s", parameters.words,
			permanent_text(&parameters.permanent, NULL, text));
		return CLI_OK;
	}
	if (status != CLI_OK)
		return say_unchanged();
	if (!*parameters.words)
		add_line(list, LINE_DONE, "no kernel parameter is needed");
	else if (!parameters.change.n)
		add_line(list, LINE_DONE, "the normal entries have %s", parameters.words);
	else
		add_line(list, LINE_STEP,
			"give the normal entries of %s the parameters %s:",
			parameters.loader->title, parameters.words);
	add_change(list, &parameters.change);
	return progress_check_change(SETUP, &parameters.change);
}

/* Functions that the boots meant refuse all the same, such as those of a card that is gone. */
static unsigned count_refused(const struct setup *setup, struct cli *cli)
{
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	char cmdline[CONFIG_NAME_SIZE + 32];

	if (setup->when != SETUP_MENU)
		return nextboot_count(cli->machine->next).refused;
	text_join(cmdline, sizeof(cmdline), "vfioboot.profile=", setup->profile, NULL);
	if (nextboot_read(&cli->machine->facts, cmdline, &next) < 0)
		next = or_no_memory(NULL);
	return nextboot_count(next).refused;
}

/*
 * Looks at what the boots meant will not do all the same, behind apply_plan(), which has said what
 * there is to do by hand.  @ret: what it has not said, or "".
 */
static void judge_images(struct setup *setup, struct cli *cli, enum cli_exit warned,
	char ret[static LINE_SIZE])
{
	bool menu = setup->when == SETUP_MENU; /* an entry of our own is not the next */
	const char *hindrance = menu ? NULL : nextboot_hindrance(cli->machine->next);
	unsigned refused = count_refused(setup, cli);

	if (!menu && cli->machine->next->config.off)
		hindrance = "vfioboot.off is on its kernel command line";
	setup->by_hand |= warned != CLI_OK || cli->machine->chain.unknown.code ||
		hindrance || refused;
	*ret = '\0';
	if (hindrance)
		snprintf(ret, LINE_SIZE, "the next boot binds nothing all the same: %s",
			hindrance);
	else if (menu && refused)
		snprintf(ret, LINE_SIZE,
			"a boot with the profile '%s' refuses %u function%s; 'vfioboot plan "
			"--cmdline vfioboot.profile=%s' says why",
			setup->profile, refused, cli_plural(refused), setup->profile);
}

static enum cli_exit list_images(struct list *list)
{
	struct setup *setup = list->setup;
	_cleanup_(cli_close) struct cli cli = {0};
	_cleanup_(apply_free) struct apply apply = {0};
	enum cli_exit warned, status = look_again(setup, &cli);
	char left[LINE_SIZE];

	if (status == CLI_OK)
		status = apply_plan(&cli, setup->devices.planned,
			setup->devices.n_planned, false, &apply, &warned);
	if (status != CLI_OK)
		return say_unchanged();
	if (!apply.change.n)
		add_line(list, LINE_DONE, "%s",
			warned == CLI_OK ? "every image is up to date"
					 : "no other image is to be rebuilt");
	add_change(list, &apply.change);
	judge_images(setup, &cli, warned, left);
	if (*left)
		add_line(list, LINE_NOTE, "%s", left);
	return progress_check(SETUP, &apply);
}

static enum cli_exit list_entries(struct list *list)
{
	struct setup *setup = list->setup;
	_cleanup_(entry_plan_free) struct entry_plan plan = {0};
	enum cli_exit status = entry_plan(&setup->cli->root, NULL, setup->devices.planned,
		setup->devices.n_planned, &plan);

	for (unsigned i = 0; status == CLI_OK && i < plan.wanted.n; i++) {
		const char *title = plan.wanted.entries[i].title;

		if (plan.error == -EOPNOTSUPP)
			add_line(list, LINE_STEP,
				"by hand: an entry '... (%s)' in the menu of %s; what it needs "
				"is printed",
				title, plan.loader->title);
		else
			add_line(list,
				plan.change.files.n || plan.change.steps.n ? LINE_STEP
									   : LINE_DONE,
				"an entry '... (%s)' in the boot menu of %s", title,
				plan.loader->title);
	}
	setup->by_hand |= plan.error == -EOPNOTSUPP;
	if (status != CLI_OK && setup->when == SETUP_MENU)
		return say_unchanged();
	if (status == CLI_OK)
		return CLI_OK;
	/* It would be a way out, and no more. */
	add_line(list, LINE_NOTE, "no entry without the card is possible, as said above");
	return CLI_OK;
}

/* What the chosen cards need together; of those that are configured, when there are no others. */
static enum cli_exit find_params(struct setup *setup)
{
	const struct nextboot *next = NULL;
	int r;

	for (size_t i = 0; i < setup->n_cards; i++)
		if (setup->cards[i].chosen)
			next = setup->cards[i].offer.obstacles.next;
	r = setup_find_params(setup, next);
	return r < 0 && r != -ENODATA
		? cli_error(SETUP, "cannot read what this machine is: %s", errno_text(r))
		: CLI_OK;
}

enum cli_exit setup_print_steps(struct setup *setup, bool *ret_any)
{
	struct list list = {.setup = setup};
	enum cli_exit status = setup->iommu_first ? CLI_OK : find_params(setup);

	if (status != CLI_OK)
		return status;
	puts("Steps");
	if (!setup->iommu_first)
		status = list_dropins(&list);
	if (status == CLI_OK && (writes_parameters(setup) || setup->params.refused))
		status = list_parameters(&list);
	if (status == CLI_OK && writes_images(setup))
		status = list_images(&list);
	if (status == CLI_OK && writes_entries(setup))
		status = list_entries(&list);
	*ret_any = list.n > 0;
	return status;
}

/* ---- carrying them out --------------------------------------------------------------------------- */

static enum cli_exit write_dropins(struct setup *setup)
{
	_cleanup_(change_free) struct change change = {0};
	int r = plan_dropins(setup, &change);

	if (r < 0)
		return cli_error(SETUP, "cannot work out what to do: %s", errno_text(r));
	return change.n ? progress_run(setup->cli, &change) : CLI_OK;
}

static enum cli_exit write_parameters(struct setup *setup)
{
	_cleanup_(parameters_free) struct parameters parameters = {0};
	char text[PERMANENT_TEXT_SIZE];
	enum cli_exit status =
		cmdline_plan(setup->cli, &setup->params, NULL, &parameters);

	if (status == CLI_UNKNOWN) {
		setup->by_hand = true;
		cli_print("Add %s by hand %s.\n", parameters.words,
			permanent_text(&parameters.permanent, NULL, text));
		return CLI_OK;
	}
	if (status != CLI_OK || !parameters.change.n)
		return status;
	status = cmdline_carry_out(setup->cli, &parameters);
	setup->rewrote_entries = status == CLI_OK;
	if (status == CLI_OK && parameters.unknown.code &&
		!parameters.permanent.program) {
		setup->by_hand = true;
		cli_warning(SETUP,
			"whether the entries have %s is not known: %s; run 'vfioboot cmdline' "
			"after the next boot",
			parameters.words, parameters.unknown.text);
	}
	return status;
}

static enum cli_exit write_images(struct setup *setup)
{
	_cleanup_(cli_close) struct cli cli = {0};
	_cleanup_(apply_free) struct apply apply = {0};
	enum cli_exit warned, status = look_again(setup, &cli);
	char left[LINE_SIZE];

	if (status == CLI_OK)
		status = apply_plan(&cli, NULL, 0, false, &apply, &warned);
	if (status != CLI_OK)
		return status;
	judge_images(setup, &cli, warned, left);
	if (*left)
		cli_warning(SETUP, "%s", left);
	return apply.change.n ? apply_carry_out(&cli, &apply) : CLI_OK;
}

static enum cli_exit write_entries(struct setup *setup)
{
	_cleanup_(cli_close) struct cli cli = {0};
	_cleanup_(entry_plan_free) struct entry_plan plan = {0};
	enum cli_exit status = look_again(setup, &cli);

	if (status == CLI_OK)
		status = entry_plan(&cli.root, NULL, NULL, 0, &plan);
	if (status == CLI_OK)
		status = entry_carry_out(&cli, &plan);
	if (status == CLI_UNKNOWN)
		setup->by_hand = true;
	for (unsigned i = 0; status == CLI_OK && i < plan.wanted.n; i++)
		printf("The boot menu of %s has the entry '... (%s)'.\n",
			plan.loader->title, plan.wanted.entries[i].title);
	return status == CLI_UNKNOWN || setup->when != SETUP_MENU ? CLI_OK : status;
}

/* Another command may have run while a person was thinking. */
static enum cli_exit check_unchanged(const struct setup *setup)
{
	_cleanup_free_ struct config *config =
		cli_read_config(&setup->cli->root, CONFIGFILES_OF_NOW);

	if (setup->iommu_first ||
		(config->digest == setup->digest &&
			setup_count_sections(config) == setup->n_sections))
		return CLI_OK;
	return cli_error(SETUP,
		"nothing was changed: another program has changed the configuration since "
		"this began; run it again");
}

static enum cli_exit carry_out(struct setup *setup)
{
	enum cli_exit status = setup->iommu_first ? CLI_OK : write_dropins(setup);

	if (status != CLI_OK)
		return status;
	if (writes_parameters(setup))
		status = write_parameters(setup);
	if (status == CLI_OK && writes_images(setup))
		status = write_images(setup);
	if (status == CLI_OK && writes_entries(setup))
		status = write_entries(setup);
	if (status == CLI_OK)
		return CLI_OK;
	return cli_error(SETUP,
		"what the steps before this one did stays; correct this and run 'sudo vfioboot "
		"setup' again, which continues from there, or take all of it back with 'sudo "
		"vfioboot undo'");
}

/* A signal ends what runs, whichever step that is of, and this process when all has been said. */
enum cli_exit setup_carry_out(struct setup *setup)
{
	enum cli_exit status = check_unchanged(setup);
	struct run_signals before;

	if (status != CLI_OK)
		return status;
	run_catch_signals(&before);
	status = carry_out(setup);
	fflush(stdout);
	run_let_signals(&before);
	return status;
}
