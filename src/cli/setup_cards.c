/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which cards there are, what speaks against each, and which are chosen. */
#include "setup.h"

#include <ctype.h>

/* Of JSON. */
static const struct column columns[] = {
	{"NUMBER", COLUMN_NUMBER, NULL},
	{"ADDRESS", 0, NULL},
	{"NAME", 0, NULL},
	{"WITH", 0, NULL},
	{"DRIVER", 0, NULL},
	{"SECTION", 0, NULL},
	{"NOTES", 0, NULL},
	{0},
};

/* What people give to guests; the rest of a machine is of no use to one. */
static bool is_card(const void *data, const struct pcibus_function *function)
{
	static const uint8_t bases[] = {0x01, 0x02, 0x03, 0x04, 0x0d, 0x12};
	uint32_t class = function->dev.ids.class;
	bool found =
		(class >> 8 == 0x0c03 && class != PCI_CLASS_USB4) || class >> 8 == 0x0b40;

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		found |= class >> 16 == bases[i];
	return found && !function->dev.is_virtual;
}

/* To people, where all are in domain 0. */
static bool is_short(const struct setup *setup)
{
	const struct pcibus *bus = &setup->cli->machine->facts.bus;

	if (setup->cli->json)
		return false;
	for (size_t i = 0; i < bus->n; i++)
		if (bus->functions[i].dev.address.domain)
			return false;
	return true;
}

static void format_address(const struct setup *setup,
	const struct pcibus_function *function, char ret[static PCI_ADDRESS_SIZE])
{
	char address[PCI_ADDRESS_SIZE];

	pci_address_format(function->dev.address, address);
	strcpy(ret, address + (is_short(setup) ? strlen("0000:") : 0));
}

/* Adds @text behind "; ", or only what it says more than the note before: "carries /, /home". */
static void add_note(struct setup_card *card, const char *before, const char *text)
{
	static const char *const verbs[] = {
		"carries ", "may carry ", "has data: ", "may have data: "};
	size_t len = strlen(card->notes), same = 0;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (text_begins_with(before, verbs[i]) &&
			text_begins_with(text, verbs[i]))
			same = strlen(verbs[i]);
	text_join(card->notes + len, sizeof(card->notes) - len,
		same          ? ", "
			: len ? "; "
			      : "",
		text + same, NULL);
}

/* What a display is for the host counts at boot; on demand it is back when the guest has ended. */
static bool judge_obstacles(const struct obstacles *obstacles, struct setup_card *card)
{
	for (size_t i = 0; i < obstacles->n; i++) {
		const struct obstacle *obstacle = &obstacles->list[i];

		card->is.last_display |= obstacle->kind == OBSTACLE_LAST_DISPLAY;
		card->is.has_data |= obstacle->kind == OBSTACLE_DATA;
		card->is.demand_only |= obstacle->kind == OBSTACLE_LAST_DISPLAY ||
			obstacle->kind == OBSTACLE_BOOT_DISPLAY;
	}
	card->is.refused = obstacles_block(obstacles);
	return card->is.refused;
}

/* Whether the card is left to the host, and why: as notes, of all that there is to say. */
static bool note_obstacles(
	const struct setup *setup, const struct offer *offer, struct setup_card *card)
{
	const struct obstacles *obstacles = &offer->obstacles;
	bool selected = setup->devices.config->when_selected;
	bool refused = judge_obstacles(obstacles, card);
	char before[OBSTACLE_TEXT_SIZE + 16] = "", address[PCI_ADDRESS_SIZE];

	for (size_t i = 0; i < obstacles->n; i++) {
		const struct obstacle *obstacle = &obstacles->list[i];
		char text[OBSTACLE_TEXT_SIZE], note[OBSTACLE_TEXT_SIZE + 16] = "";

		if (obstacle->kind == OBSTACLE_CONFIGURED && !*card->section) {
			strcpy(card->section, obstacle->section->name);
			card->configured = obstacle->section->demand        ? SETUP_DEMAND
				: selected || obstacle->section->profile[0] ? SETUP_MENU
									    : SETUP_BOOT;
		}
		if (obstacle->kind == OBSTACLE_CONFIGURED)
			continue;
		obstacle_text(setup->devices.config, obstacle, text);
		if (obstacle->function && obstacle->function != card->function) {
			format_address(setup, obstacle->function, address);
			text_join(note, sizeof(note), address, " ", NULL);
		}
		text_join(note + strlen(note), sizeof(note) - strlen(note), text, NULL);
		add_note(card, before, note);
		strcpy(before, note);
	}
	if (refused || !card->is.demand_only)
		return refused;
	add_note(card, before, "only with --when demand");
	return setup->wanted && setup->when != SETUP_DEMAND;
}

static void note_set(
	const struct setup *setup, const struct offer *offer, struct setup_card *card)
{
	char address[PCI_ADDRESS_SIZE];
	size_t len = 0;

	for (size_t i = 0; i < offer->set.n; i++) {
		if (offer->set.members[i].function == card->function)
			continue;
		format_address(setup, offer->set.members[i].function, address);
		len += text_join(card->with + len, sizeof(card->with) - len,
			len ? ", " : "", address, NULL);
	}
}

/* What its driver makes: drives behind a VMD controller, virtual functions. */
static void note_made(
	const struct setup *setup, const struct offer *offer, struct setup_card *card)
{
	char address[PCI_ADDRESS_SIZE] = "", more[40] = " is", note[80];
	size_t n = 0;

	for (size_t i = 0; i < offer->n_left; i++)
		if (offer->left[i].why == OFFER_MADE && !n++)
			format_address(setup, offer->left[i].function, address);
	if (!n)
		return;
	if (n > 1)
		snprintf(more, sizeof(more), " and %zu more are", n - 1);
	text_join(note, sizeof(note), address, more, " gone with it", NULL);
	add_note(card, "", note);
}

/* Weighs what was settled, and notes what comes out. */
static int judge(struct setup *setup, struct offer *offer, struct setup_card *card)
{
	/* Of these judge_obstacles() knows what is allowed. */
	const struct obstacles_allowed allow = {.last_display = true, .data = true};
	bool refused;
	int r;

	offer_choose_name(&setup->devices.host, offer);
	r = offer_weigh(&setup->devices.host, &allow, "", NULL, offer);
	if (r < 0 && r != -EINVAL)
		return r;
	note_set(setup, offer, card);
	refused = note_obstacles(setup, offer, card);
	note_made(setup, offer, card);
	if (r == -EINVAL)
		strcpy(card->notes, "has no unique path; see vfioboot.conf(5)");
	if (*card->section)
		snprintf(card->notes, sizeof(card->notes), "set up already, as '%s'",
			card->section);
	card->offered = r == 0 && !refused && !*card->section;
	return 0;
}

/* Displays come first: they are what most people look for; and last that of the host's screen. */
static void number_cards(struct setup *setup, bool displays, bool demand_only)
{
	for (size_t i = 0; i < setup->n_cards; i++) {
		struct setup_card *card = &setup->cards[i];

		if (card->offered && card->is.demand_only == demand_only &&
			boot_display_is_display(card->function) == displays)
			card->number = ++setup->n_offered;
	}
}

unsigned setup_count_sections(const struct config *config)
{
	unsigned n = 0;

	for (unsigned i = 0; i < config->n_sections; i++)
		n += !config->sections[i].from_cmdline;
	return n;
}

enum cli_exit setup_find_cards(struct setup *setup)
{
	const struct candidates_of of = {
		&setup->devices.host, &setup->allow, setup->devices.only};
	struct candidates *candidates = &setup->candidates;
	enum cli_exit status = devices_open(setup->cli, &setup->devices);
	int r = 0;

	setup->devices.allow = &setup->allow;
	if (status != CLI_OK)
		return status;
	setup->digest = setup->devices.config->digest;
	setup->n_sections = setup_count_sections(setup->devices.config);
	r = candidates_find(&of, is_card, NULL, candidates);
	setup->cards = or_no_memory(calloc(candidates->n + 1, sizeof(*setup->cards)));
	for (; r == 0 && setup->n_cards < candidates->n; setup->n_cards++) {
		struct candidate *candidate = &candidates->list[setup->n_cards];
		struct setup_card *card = &setup->cards[setup->n_cards];

		card->function = candidate->function;
		r = judge(setup, &candidate->offer, card);
	}
	number_cards(setup, true, false);
	number_cards(setup, false, false);
	number_cards(setup, true, true);
	return r < 0 ? cli_error(SETUP, "%s", errno_text(r)) : CLI_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void add_line(
	const struct setup *setup, struct table *table, const struct setup_card *card)
{
	struct table_line *line = table_add(table, NULL);
	char address[PCI_ADDRESS_SIZE], number[16];
	struct function_name name;

	snprintf(number, sizeof(number), "%u", card->number);
	format_address(setup, card->function, address);
	names_look_up(setup->devices.names, &card->function->dev.ids, &name);
	table_set(table, line, "NUMBER", card->number ? number : NULL);
	table_set(table, line, "ADDRESS", address);
	table_set(table, line, "NAME", name.name);
	table_set(table, line, "WITH", card->with);
	table_set(table, line, "DRIVER", card->function->dev.driver);
	table_set(table, line, "SECTION", card->section);
	table_set(table, line, "NOTES", card->notes);
}

static struct setup_card *find_number(const struct setup *setup, unsigned long number)
{
	for (size_t i = 0; number && i < setup->n_cards; i++)
		if (setup->cards[i].number == number)
			return &setup->cards[i];
	return NULL;
}

static void print_json(const struct setup *setup)
{
	_cleanup_(table_free) struct table *table = table_new("cards", columns, true);

	for (size_t i = 0; i < setup->n_cards; i++)
		add_line(setup, table, &setup->cards[i]);
	table_print(table);
}

#define TEXT_COLUMN 16

/* Lines that are wrapped, for notes are sentences, and columns of them would be thin. */
static void print_card(const struct setup *setup, const struct setup_card *card)
{
	const char *driver = card->function->dev.driver;
	_cleanup_free_ char *text = NULL;
	char address[PCI_ADDRESS_SIZE], number[16] = "";
	struct function_name name;

	if (card->number)
		snprintf(number, sizeof(number), "%u", card->number);
	format_address(setup, card->function, address);
	names_look_up(setup->devices.names, &card->function->dev.ids, &name);
	printf("  %3s  %-7s  ", number, address);
	if (asprintf(&text, "%s (%s%s)%s%s", name.name, *driver ? "" : "no driver",
		    driver, *card->with ? ", with " : "", card->with) < 0)
		text = or_no_memory(NULL);
	cli_print_wrapped(text, TEXT_COLUMN, TEXT_COLUMN);
	if (!*card->notes)
		return;
	printf("%*s", TEXT_COLUMN, "");
	cli_print_wrapped(card->notes, TEXT_COLUMN, TEXT_COLUMN);
}

void setup_print_cards(const struct setup *setup, bool json)
{
	if (json) {
		print_json(setup);
		return;
	}
	puts("Cards, each with all that leaves the host with it");
	for (unsigned number = 1; number <= setup->n_offered; number++)
		print_card(setup, find_number(setup, number));
	if (setup->n_offered < setup->n_cards)
		puts("Cards that stay as they are");
	for (size_t i = 0; i < setup->n_cards; i++)
		if (!setup->cards[i].number)
			print_card(setup, &setup->cards[i]);
	putchar('\n');
}

/* ---- choosing -------------------------------------------------------------------------------- */

static bool has_configured(const struct setup *setup)
{
	return setup->cli->machine->next->config.n_sections > 0;
}

static void choose_none(struct setup *setup)
{
	for (size_t i = 0; i < setup->n_cards; i++)
		setup->cards[i].chosen = false;
}

static bool say_no_number(const char *word)
{
	size_t len = strcspn(word, ", \t");

	cli_print("'%.*s' is not the number of a card above.\n",
		len ? (int)len : (int)strlen(word), word);
	return false;
}

struct setup_traits setup_chosen(const struct setup *setup)
{
	struct setup_traits any = {0};

	for (size_t i = 0; i < setup->n_cards; i++) {
		const struct setup_card *card = &setup->cards[i];

		any.demand_only |= card->chosen && card->is.demand_only;
		any.last_display |= card->chosen && card->is.last_display;
		any.has_data |= card->chosen && card->is.has_data;
	}
	return any;
}

static bool accept_cards(void *data, const char *answer)
{
	struct setup *setup = data;
	const char *at = answer + strspn(answer, ", \t");
	struct setup_traits chosen;

	choose_none(setup);
	if (!*at)
		return say_no_number(answer);
	if (strcmp(answer, "none") == 0 && has_configured(setup))
		return true;
	while (*at) {
		char *end;
		unsigned long number = strtoul(at, &end, 10);
		struct setup_card *card = find_number(setup, number);

		/* strtoul() takes signs as well. */
		if (!isdigit((unsigned char)*at) || !strchr(", \t", *end) || !card)
			return say_no_number(at);
		card->chosen = true;
		at = end + strspn(end, ", \t");
	}
	chosen = setup_chosen(setup);
	setup->when = chosen.demand_only ? SETUP_DEMAND
		: setup->wanted          ? setup->when
					 : SETUP_BOOT;
	setup->allow.last_display = chosen.last_display;
	setup->allow.data = chosen.has_data;
	return setup_plan_cards(setup) == CLI_OK;
}

/* The one that is most likely meant; 0: there are several. */
static unsigned likely_card(const struct setup *setup)
{
	unsigned found = 0, displays = 0;

	for (size_t i = 0; i < setup->n_cards; i++) {
		const struct setup_card *card = &setup->cards[i];

		if (!card->number || card->is.demand_only ||
			!boot_display_is_display(card->function))
			continue;
		displays++;
		found = card->number;
	}
	if (displays == 1)
		return found;
	return setup->n_offered == 1 && !find_number(setup, 1)->is.has_data ? 1 : 0;
}

static enum cli_exit ask_cards(struct setup *setup)
{
	unsigned likely = likely_card(setup);
	char preset[16] = "none", answer[ASK_SIZE];
	const struct question question = {
		.text = "Which card is for a guest?",
		.help = "The number of a card in the list, or several with spaces between. A "
			"card leaves the host with the functions beside it: a guest needs "
			"the whole card. What the host runs on has no number: it stays. "
			"'vfioboot add --dry-run DEVICE' says more about one, and what can "
			"be done.",
		.preset = likely || has_configured(setup) ? preset : NULL,
		.accept = accept_cards,
		.data = setup,
	};

	if (likely && !has_configured(setup))
		snprintf(preset, sizeof(preset), "%u", likely);
	return ask(SETUP, &question, SETUP_OPTIONS, answer);
}

/* The card that has the function. */
static struct setup_card *find_card(
	const struct setup *setup, const struct pcibus_function *function)
{
	for (size_t i = 0; i < setup->n_cards; i++)
		if (deviceset_has(&setup->candidates.list[i].offer.set, function))
			return &setup->cards[i];
	return NULL;
}

static enum cli_exit say_not_offered(
	const struct setup *setup, const struct setup_card *card, const char *operand)
{
	char address[PCI_ADDRESS_SIZE] = "";
	struct pci_address other;

	/* A note about another function begins with the address of that. */
	copy_text(address, sizeof(address), card->notes, strcspn(card->notes, " "));
	if (pci_address_parse(address, PCI_NAME_WHOLE, &other, NULL) == 0)
		*address = '\0';
	else
		format_address(setup, card->function, address);
	if (card->is.demand_only && !card->is.refused)
		return cli_error(SETUP,
			"nothing was changed: '%s' is not offered: %s%s%s", operand,
			address, *address ? " " : "", card->notes);
	return cli_error(SETUP,
		"nothing was changed: '%s' is not offered: %s%s%s; 'vfioboot add --dry-run %s' "
		"says what can be done",
		operand, address, *address ? " " : "", card->notes, operand);
}

/* Chooses what --device names. */
static enum cli_exit choose_named(struct setup *setup, const char *operand)
{
	struct deviceset *set = &setup->devices.offer.set;
	enum cli_exit status;

	offer_free(&setup->devices.offer);
	status = devices_do(setup->cli, &setup->devices, devices_find, operand);
	for (size_t i = 0; status == CLI_OK && i < set->n; i++) {
		struct setup_card *card = find_card(setup, set->members[i].function);

		if (set->members[i].why != DEVICESET_NAMED)
			continue;
		if (!card)
			return cli_error(SETUP,
				"'%s' is not a card that setup offers; 'sudo vfioboot add "
				"DEVICE' takes any device",
				operand);
		if (!card->number && !*card->section)
			return say_not_offered(setup, card, operand);
		card->chosen = card->number;
		card->named = true;
	}
	return status;
}

static enum cli_exit choose_all_named(struct setup *setup)
{
	const struct file_names *operands = &setup->cli->values;
	enum cli_exit status = CLI_OK;

	for (size_t i = 0; status == CLI_OK && i < operands->n; i++)
		status = choose_named(setup, operands->names[i]);
	return status;
}

enum cli_exit setup_choose_cards(struct setup *setup)
{
	if (setup->cli->values.n)
		return choose_all_named(setup);
	if (!setup->n_offered && !has_configured(setup))
		return cli_error(SETUP,
			"nothing was changed: this host can spare none of its cards; 'vfioboot "
			"add --dry-run DEVICE' says what can be done about one");
	if (!setup->n_offered)
		return CLI_OK;
	if (!setup->yes)
		return ask_cards(setup);
	if (has_configured(setup))
		return CLI_OK;
	return cli_misuse(SETUP, "nothing was changed; --yes needs --device DEVICE");
}

/* ---- the drop-ins ------------------------------------------------------------------------------ */

static void free_offers(struct setup *setup)
{
	for (size_t i = 0; i < setup->n_cards; i++)
		offer_free(&setup->cards[i].offer);
}

/* Begins with what is configured. */
static void begin_plan(struct setup *setup)
{
	struct devices *devices = &setup->devices;

	free_offers(setup);
	devices_forget_planned(devices);
	free(devices->config);
	devices->config = cli_read_config(&setup->cli->root, CONFIGFILES_OF_NOW);
	configfiles_read_cmdline(&setup->cli->root, devices->config);
	devices->host.config = devices->config;
	devices->host.profile = *setup->profile ? setup->profile : NULL;
	devices->host.demand = setup->when == SETUP_DEMAND;
}

/* The card's offer beside those before it: its name is free, and a display stays. */
static enum cli_exit make_offer(struct setup *setup, struct setup_card *card)
{
	struct devices *devices = &setup->devices;
	struct offer *offer = &card->offer;
	char text[OBSTACLE_TEXT_SIZE];
	enum cli_exit status;
	int r = deviceset_add(
		&offer->set, &setup->cli->machine->facts.bus, card->function, false);

	if (r == 0)
		r = offer_settle(&devices->host, devices->allow, offer);
	if (r < 0)
		return cli_error(SETUP, "%s", errno_text(r));
	offer_choose_name(&devices->host, offer);
	status = devices_weigh(setup->cli, devices, offer);
	if (status != CLI_OK || !obstacles_block(&offer->obstacles))
		return status;
	obstacle_reason(devices->config, offer, text);
	return cli_error(SETUP, "these cannot be given away together: %s", text);
}

enum cli_exit setup_plan_cards(struct setup *setup)
{
	enum cli_exit status = CLI_OK;

	begin_plan(setup);
	for (size_t i = 0; status == CLI_OK && i < setup->n_cards; i++) {
		struct setup_card *card = &setup->cards[i];

		if (!card->chosen)
			continue;
		status = make_offer(setup, card);
		if (status == CLI_OK)
			status = devices_plan(setup->cli, &setup->devices, &card->offer);
	}
	return status;
}

void setup_free_cards(struct setup *setup)
{
	free_offers(setup);
	candidates_free(&setup->candidates);
	free(setup->cards);
	devices_close(&setup->devices);
}
