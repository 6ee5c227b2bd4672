/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot setup`: the first use, guided: a card, when it is given away, and all that it takes. */
#include "setup.h"

#define LOCK_MS 10000

struct arguments {
	const char *when;
	bool yes, reboot, last_display, data;
};

static const struct cli_option options[] = {
	{"device", "DEVICE", "a card for a guest, as for 'add' (repeatable)", 0, 0},
	{"when", "WHEN", "when it is for a guest", 0, CLI_STORE(when)},
	{"allow-last-display", NULL, "with --when demand: give away the only display", 0,
		CLI_STORE(last_display)},
	{"allow-data", NULL, "give away drives that have data", 0, CLI_STORE(data)},
	{"yes", NULL, "do not ask", 0, CLI_STORE(yes)},
	{"reboot", NULL, "with --yes: reboot at the end", 0, CLI_STORE(reboot)},
	CLI_OPTION_DRY_RUN,
	{"json", NULL, "print the cards, and do nothing", 0, 0},
	CLI_OPTION_ROOT,
	{0},
};

static const struct {
	const char *word, *text;
} whens[SETUP_WHENS] = {
	[SETUP_BOOT] = {"boot", "at every boot"},
	[SETUP_MENU] = {"menu",
		"at boots that an entry of its own in the boot menu starts"},
	[SETUP_DEMAND] = {"demand", "when a guest that has it starts"},
};

static bool find_when(const char *word, enum setup_when *ret)
{
	for (size_t i = 0; i < SETUP_WHENS; i++) {
		char number[4];

		snprintf(number, sizeof(number), "%zu", i + 1);
		if (strcmp(word, whens[i].word) != 0 && strcmp(word, number) != 0)
			continue;
		*ret = (enum setup_when)i;
		return true;
	}
	return false;
}

static enum cli_exit check(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	enum setup_when when;

	if (arguments->when &&
		(!find_when(arguments->when, &when) || arguments->when[0] < 'a'))
		return cli_misuse(SETUP,
			"--when takes boot, menu or demand, and not '%s'",
			arguments->when);
	if (arguments->reboot && (!arguments->yes || cli->dry_run))
		return cli_misuse(
			SETUP, "--reboot belongs to --yes, and not to --dry-run");
	if (cli->json && (arguments->when || arguments->yes || cli->values.n))
		return cli_misuse(SETUP,
			"--json lists the cards, and goes with none of --device, --when and "
			"--yes");
	return CLI_OK;
}

/* ---- when ------------------------------------------------------------------------------------ */

static bool accept_when(void *data, const char *answer)
{
	enum setup_when when;

	(void)data;
	if (find_when(answer, &when))
		return true;
	puts("Answer 1, 2 or 3.");
	return false;
}

static enum cli_exit ask_when(struct setup *setup)
{
	static const struct question question = {
		.text = "When is it for a guest?",
		.help = "1: vfio-pci has the card before any driver of the host can touch it, at "
			"every boot. The host never uses it; this is the safest for graphics "
			"cards.\n"
			"2: A normal boot leaves the card to the host. A second entry in the boot "
			"menu starts the same system without it; this can be tried for one "
			"boot.\n"
			"3: Nothing is bound at boot. The card is taken from its driver when a "
			"guest starts, and given back. This is for network cards and USB "
			"controllers; while the host uses a graphics card, its guest does not "
			"start.",
		.preset = "1",
		.accept = accept_when,
	};
	char answer[ASK_SIZE];
	enum cli_exit status;

	for (size_t i = 0; i < SETUP_WHENS; i++)
		printf("  %zu  %s\n", i + 1, whens[i].text);
	status = ask(SETUP, &question, SETUP_OPTIONS, answer);
	if (status == CLI_OK)
		find_when(answer, &setup->when);
	return status;
}

/* The profile that there is, or one of our own. */
static void choose_profile(struct setup *setup)
{
	const struct config *config = &setup->cli->machine->next->config;

	strcpy(setup->profile, SETUP_PROFILE);
	for (unsigned i = 0; i < config->n_sections; i++)
		if (config->sections[i].profile[0]) {
			strcpy(setup->profile, config->sections[i].profile);
			return;
		}
}

static enum cli_exit say_configured(enum setup_when configured)
{
	return cli_error(SETUP,
		"nothing was changed: what is set up already goes to a guest %s; name another "
		"card with --device, or leave out --when",
		whens[configured].text);
}

static enum cli_exit check_when(const struct setup *setup)
{
	for (size_t i = 0; i < setup->n_cards; i++) {
		const struct setup_card *card = &setup->cards[i];

		if (!card->named || !*card->section || card->configured == setup->when)
			continue;
		return cli_error(SETUP,
			"nothing was changed: '%s' is set up already, %s; run 'sudo vfioboot "
			"remove %s' first",
			card->section, whens[card->configured].text, card->section);
	}
	if (setup->when == SETUP_BOOT && setup->cli->machine->next->config.when_selected)
		return cli_error(SETUP,
			"nothing was changed: the configuration has 'when = selected', so that "
			"normal boots bind nothing; remove that below [boot], or use '--when "
			"menu'");
	return CLI_OK;
}

/* What is set up already says when, if nothing else is chosen. */
static bool find_configured(const struct setup *setup, enum setup_when *ret)
{
	const struct config *config = &setup->cli->machine->next->config;

	for (size_t i = 0; i < setup->n_cards; i++)
		if (setup->cards[i].chosen)
			return false;
	*ret = config_count_boot(config) ? SETUP_BOOT : SETUP_DEMAND;
	for (unsigned i = 0; i < config->n_sections; i++)
		if (config->sections[i].profile[0] ||
			(config->when_selected && !config->sections[i].demand))
			*ret = SETUP_MENU;
	return true;
}

/*
 * Asks whether it is meant, unless an option (@yes) has said so already; without anybody to ask, the
 * @refusal names that option.  @ret: what is allowed now.
 */
static enum cli_exit agree(const struct setup *setup, const struct question *question,
	bool yes, const char *refusal, bool *ret)
{
	enum cli_exit status = CLI_OK;

	if (!yes && (setup->yes || setup->cli->dry_run))
		return cli_misuse(SETUP, "nothing was changed; %s", refusal);
	if (!yes)
		status = ask_yes(SETUP, question, SETUP_OPTIONS, &yes);
	*ret = yes;
	if (status == CLI_OK && !yes)
		status = cli_error(SETUP, "nothing was changed");
	return status;
}

/* The host's screen is on a card that was chosen: what that means, and whether it is meant. */
static enum cli_exit agree_to_darkness(struct setup *setup)
{
	const struct question question = {
		.text = "It is the only display of this host. Give it away all the same?",
		.help = "While the guest has it, this host can only be reached by ssh or a serial "
			"line. A timer can bring it back as well: 'sudo vfioboot bind "
			"--back-after 10' releases it after ten minutes.",
	};

	if (!setup_chosen(setup).demand_only)
		return CLI_OK;
	cli_print_wrapped(
		"This host's screen is on that card, so a guest can only have it on demand: the "
		"session on it has to end for that, and the screen shows nothing of the host "
		"until the guest has ended.",
		0, 0);
	if (!setup_chosen(setup).last_display)
		return CLI_OK;
	return agree(setup, &question, setup->last_display,
		"it is the last display of the host, which could only be reached over the network "
		"or a serial line: if that is intended, use --allow-last-display",
		&setup->allow.last_display);
}

/* A drive that a guest is to have is either its own, or was chosen by mistake. */
static enum cli_exit agree_to_data(struct setup *setup)
{
	const struct question question = {
		.text = "Is it the guest's own, and is the guest to have it?",
		.help = "What is on the drive stays there. The guest sees it as a drive of its own "
			"and can read and write all of it, and the host does not have it while "
			"the guest does. Answer y for a drive with an installed system of the "
			"guest.",
	};

	if (!setup_chosen(setup).has_data)
		return CLI_OK;
	cli_print_wrapped(
		"A drive that you chose has data, which the list above shows. It stays there, and "
		"the guest can read and write it.",
		0, 0);
	return agree(setup, &question, setup->data,
		"the guest could read and write that: if the drive is the guest's own, use "
		"--allow-data",
		&setup->allow.data);
}

static enum cli_exit choose_when(struct setup *setup)
{
	enum cli_exit status = agree_to_darkness(setup);
	enum setup_when configured;
	bool others = !find_configured(setup, &configured);

	if (status == CLI_OK)
		status = agree_to_data(setup);
	if (status != CLI_OK)
		return status;
	if (!setup->wanted && !others)
		setup->when = configured;
	else if (!others && !setup->cli->values.n && setup->when != configured)
		return say_configured(configured);
	else if (setup->wanted)
		;
	else if (setup->yes)
		return cli_misuse(SETUP,
			"nothing was changed; --yes needs --when boot, menu or demand");
	else if (setup_chosen(setup).demand_only)
		setup->when = SETUP_DEMAND;
	else
		status = ask_when(setup);
	if (status == CLI_OK)
		status = check_when(setup);
	if (status != CLI_OK)
		return status;
	if (setup->when == SETUP_MENU)
		choose_profile(setup);
	return setup_plan_cards(setup);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* vfio-pci is loaded when the card is handed over, unless that is forbidden by then. */
static void warn_modules(const struct root *root)
{
	char line[8] = "";

	if (file_read_line(root, TREE_NO_MODULES, line, sizeof(line)) == 0 &&
		*line == '1' && !file_exists(root, TREE_MODULE "/vfio_pci"))
		cli_warning(SETUP,
			"loading modules is disabled on this system, so vfio-pci cannot be "
			"loaded when the guest starts; name it in a file of "
			"/etc/modules-load.d");
}

/* Of the cards that are chosen now, or were before. */
static bool is_for_guest(const struct setup *setup, size_t i)
{
	const struct setup_card *card = &setup->cards[i];

	return card->chosen ||
		(*card->section && card->configured == SETUP_DEMAND &&
			(card->named || !setup->cli->values.n));
}

static const char *name_of_set(const struct setup_card *card)
{
	return *card->section ? card->section : card->offer.name;
}

/* Of the cards that is_for_guest(), with blanks between, for free(). */
static char *names_of_sets(const struct setup *setup)
{
	struct text_stream stream;
	const char *blank = "";

	or_no_memory(text_stream_open(&stream) ? stream.out : NULL);
	for (size_t i = 0; i < setup->n_cards; i++) {
		if (!is_for_guest(setup, i))
			continue;
		fprintf(stream.out, "%s%s", blank, name_of_set(&setup->cards[i]));
		blank = " ";
	}
	return or_no_memory(text_stream_take(&stream));
}

static void print_handover(const struct setup *setup)
{
	_cleanup_free_ char *names = names_of_sets(setup), *text = NULL;
	struct libvirt libvirt;

	if (libvirt_look(&setup->cli->root, &libvirt) < 0)
		return;
	if (asprintf(&text,
		    "Without libvirt, run 'sudo vfioboot bind %s' before the guest starts, and "
		    "'sudo vfioboot release %s' when it has ended.",
		    names, names) < 0)
		text = or_no_memory(NULL);
	cli_print_wrapped(libvirt.daemon && libvirt.dropin == LIBVIRT_CURRENT
			? "libvirt hands it over when the guest starts, and takes it back when "
			  "that ends."
			: libvirt.daemon
			? "Next: run 'sudo vfioboot libvirt enable', so that libvirt hands it over "
			  "when the guest starts, and takes it back when that ends."
			: text,
		0, 0);
	if (libvirt.daemon)
		cli_print_wrapped(
			"While something of the host has the card open, the guest does not "
			"start, and says what that is; 'sudo vfioboot check' shows whether "
			"anything is in the way.",
			0, 0);
	if (setup_chosen(setup).demand_only)
		cli_print_wrapped(
			"'stop-session = yes' in [libvirt] of /etc/vfioboot.conf, or 'sudo "
			"vfioboot bind --stop-session', ends the session on this display for "
			"that; unsaved work is lost. Have a way in by ssh before the first "
			"try, or add '--back-after 10'.",
			0, 0);
	libvirt_free(&libvirt);
}

/* managed='no', as in vm_show.c: libvirt itself takes nothing from the host. */
static void print_set(const struct setup *setup, size_t i)
{
	const struct deviceset *set = &setup->candidates.list[i].offer.set;

	printf("\n%s:\n", name_of_set(&setup->cards[i]));
	for (size_t j = 0; j < set->n; j++) {
		const struct pci_address *address =
			&set->members[j].function->dev.address;

		printf("  <hostdev mode='subsystem' type='pci' managed='no'>\n"
		       "    <source><address domain='0x%04x' bus='0x%02x' slot='0x%02x' "
		       "function='0x%x'/></source>\n"
		       "  </hostdev>\n",
			address->domain, address->bus, address->devfn >> 3,
			address->devfn & 7);
	}
}

static void print_guest(const struct setup *setup)
{
	cli_print_wrapped(
		"Give the device set to the guest in virt-manager (Add Hardware, PCI "
		"Host Device), or in its XML (virsh edit):",
		0, 0);
	for (size_t i = 0; i < setup->n_cards; i++)
		if (is_for_guest(setup, i))
			print_set(setup, i);
	putchar('\n');
	print_handover(setup);
	warn_modules(&setup->cli->root);
}

static void print_result(const struct setup *setup)
{
	if (setup->by_hand)
		puts("Not all of it is done: see what is left above.");
	if (setup->iommu_first) {
		puts("Reboot, and run 'sudo vfioboot setup' again to choose a card.");
		return;
	}
	if (setup->when == SETUP_DEMAND)
		print_guest(setup);
	else if (setup->by_hand && setup->when == SETUP_BOOT)
		puts("'vfioboot plan' shows what the next boot will bind.");
	else if (setup->when == SETUP_BOOT)
		puts("Reboot for it to take effect; 'vfioboot status' shows then what was bound.");
	else
		cli_print_wrapped(
			"Reboot and choose that entry at the boot menu; 'vfioboot "
			"status' shows then what was bound.",
			0, 0);
	if (setup->changed)
		puts("'sudo vfioboot undo' takes all of it back.");
}

static enum cli_exit reboot(void)
{
	static const char *const commands[][3] = {
		{"systemctl", "reboot", NULL}, {"reboot", NULL}};
	int r = -ENOENT;

	fflush(stdout);
	for (size_t i = 0; r != 0 && i < ARRAY_SIZE(commands); i++)
		r = run_program(commands[i], NULL, NULL);
	return r == 0 ? CLI_OK : cli_error(SETUP, "cannot reboot; run 'sudo reboot'");
}

/* One boot with it that comes back, where the normal entry leaves the devices alone. */
static enum cli_exit offer_trial(struct setup *setup, bool *ret_trial)
{
	const struct question question = {
		.text = "Make the next boot a trial of it, once?",
		.help = "The next boot binds the devices, whatever is chosen at the boot menu. If "
			"it does not come up with all of them bound, the machine returns to the "
			"normal entry by itself. 'sudo vfioboot try' does the same later.",
		.left = "What was set up stays.",
	};
	_cleanup_(cli_close) struct cli cli = {
		.command = setup->cli->command, .dir = setup->cli->dir};
	enum cli_exit status = CLI_OK;

	*ret_trial = false;
	if (setup->when == SETUP_MENU && !setup->by_hand)
		status = ask_yes(SETUP, &question, SETUP_OPTIONS, ret_trial);
	if (status == CLI_OK && *ret_trial)
		status = cli_open(&cli);
	return status == CLI_OK && *ret_trial ? try_start(&cli, setup->profile, "")
					      : status;
}

/* CLI_OK too when the person leaves: all that was asked for is done. */
static enum cli_exit offer_reboot(struct setup *setup)
{
	const struct question question = {.text = "Reboot now?",
		.help = "Programs that run end without saving, also those of others.",
		.left = "What was set up stays; reboot when you like."};
	bool yes = setup->reboot, trial = false;

	if (setup->when == SETUP_DEMAND && !setup->iommu_first && !setup->rewrote_entries)
		return CLI_OK;
	if (setup->yes)
		return yes && !setup->by_hand ? reboot() : CLI_OK;
	putchar('\n');
	if (!setup->iommu_first && offer_trial(setup, &trial) != CLI_OK)
		return CLI_OK;
	if (ask_yes(SETUP, &question, SETUP_OPTIONS, &yes) != CLI_OK || !yes)
		return CLI_OK;
	return reboot();
}

/* ---- the command ------------------------------------------------------------------------------- */

static enum cli_exit choose(struct setup *setup)
{
	enum cli_exit status = CLI_OK;

	if (setup->iommu_first) {
		setup->when = SETUP_BOOT;
		return CLI_OK;
	}
	if (setup_find_cards(setup) != CLI_OK)
		return CLI_FAILED;
	setup_print_cards(setup, false);
	status = setup_choose_cards(setup);
	return status == CLI_OK ? choose_when(setup) : status;
}

static enum cli_exit carry_out(struct setup *setup)
{
	const struct root *root = &setup->cli->root;
	enum cli_exit status = setup->yes ? CLI_OK : cli_confirm(SETUP, "Continue?");

	if (status == CLI_OK)
		status = progress_lock(SETUP, root, LOCK_MS);
	if (status == CLI_OK)
		status = setup_carry_out(setup);
	setup->changed = true;
	return status;
}

/* Of what was done, or would be. */
static enum cli_exit outcome(const struct setup *setup)
{
	return setup->by_hand || setup->iommu_first ? CLI_UNKNOWN : CLI_OK;
}

static enum cli_exit guide(struct setup *setup)
{
	bool any = false;
	enum cli_exit status = setup_look(setup);

	if (status == CLI_OK)
		status = choose(setup);
	if (status == CLI_OK)
		status = setup_print_steps(setup, &any);
	if (status == CLI_OK && setup->cli->dry_run && setup->when == SETUP_DEMAND)
		print_result(setup);
	if (status == CLI_OK && setup->cli->dry_run)
		return outcome(setup);
	if (status == CLI_OK && any)
		status = carry_out(setup);
	else if (status == CLI_OK && !setup->by_hand)
		puts("Nothing to do: all of this is done already.");
	if (status != CLI_OK)
		return status;
	print_result(setup);
	if (any)
		status = offer_reboot(setup);
	return status == CLI_OK ? outcome(setup) : status;
}

static enum cli_exit print_json(struct setup *setup)
{
	if (cli_read_next(setup->cli, NULL) != CLI_OK ||
		setup_find_cards(setup) != CLI_OK)
		return CLI_FAILED;
	setup_print_cards(setup, true);
	return setup->cli->machine->next->config.n_errors ? CLI_FAILED : CLI_OK;
}

/* Asks nothing where all is said. */
static bool needs_terminal(const struct setup *setup)
{
	bool says_all = setup->cli->values.n && setup->wanted;

	return !setup->yes && !(setup->cli->dry_run && says_all);
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	struct setup setup = {.cli = cli,
		.yes = arguments->yes,
		.reboot = arguments->reboot,
		.last_display = arguments->last_display,
		.data = arguments->data,
		.wanted = arguments->when};
	enum cli_exit status;

	if (setup.wanted)
		find_when(setup.wanted, &setup.when);
	if (cli->json)
		status = print_json(&setup);
	else if (!cli->root.live && !cli->dry_run)
		status = progress_begin(cli);
	else if (cli->root.live && cli_need_root(SETUP) != CLI_OK)
		status = CLI_FAILED;
	else if (needs_terminal(&setup) && !isatty(STDIN_FILENO))
		status = cli_error(SETUP, "nothing was changed; " SETUP_OPTIONS);
	else
		status = guide(&setup);
	setup_free_cards(&setup);
	return status;
}

const struct cli_command cmd_setup = {
	.name = SETUP,
	.operands = "",
	.summary = "set a card up for guests: the first use, guided",
	.details =
		"Asks which card and when, prints all steps, and carries them out when you agree;\n"
		"? explains a question, q leaves with nothing changed. Run it again to go on\n"
		"after an interruption. 'vfioboot undo' takes all of it back.\n\n"
		"WHEN is boot, menu or demand.\n"
		"boot: at every boot; menu: at boots of an entry of its own in the boot menu;\n"
		"demand: the host has the card until its guest starts.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check,
	.run = run,
};
