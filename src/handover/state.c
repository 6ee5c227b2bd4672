/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes the files of what was handed over. */
#include "state.h"

#include "base/base.h"
#include "change/change.h"

#define MARK "vfioboot-handover 1"

#define LINE_WORDS 6 /* at most, behind the first one */

/* More than any set has: what is longer is no file of ours. */
#define LINES_MAX 4096

static const char *const phase_words[STATE_PHASES] = {
	[STATE_BINDING] = "binding",
	[STATE_BOUND] = "bound",
	[STATE_RELEASING] = "releasing",
};

/* How the lines of steps begin, and whether they say of what. */
static const struct {
	const char *word;
	bool has_of;
} step_words[STATE_KINDS] = {
	[STATE_SOUND] = {"sound", true},
	[STATE_POWER] = {"power", true},
	[STATE_UNIT] = {"unit", false},
	[STATE_USER_UNIT] = {"user-unit", true},
	[STATE_MODULE] = {"module", false},
	[STATE_CONSOLE] = {"console", false},
	[STATE_TIMER] = {"timer", false},
};

void state_path(const char *set, char ret[static STATE_PATH_SIZE])
{
	text_join(ret, STATE_PATH_SIZE, STATE_HANDOVERS "/", set, NULL);
}

/* ---- in memory -------------------------------------------------------------------------- */

struct state_function *state_function(
	const struct state *state, struct pci_address address)
{
	for (size_t i = 0; i < state->n_functions; i++)
		if (pci_address_equal(state->functions[i].address, address))
			return &state->functions[i];
	return NULL;
}

int state_add_function(struct state *state, const struct state_function *function)
{
	struct state_function *known = state_function(state, function->address);

	if (known) {
		if (known->vendor != function->vendor ||
			known->device != function->device)
			*known = *function;
		return 0;
	}
	known = LIST_ADD(state->functions, state->n_functions);
	if (known)
		*known = *function;
	return known ? 0 : -ENOMEM;
}

bool state_is_there(const struct root *root, const struct state_function *function)
{
	struct pci_ids ids;

	return sysfs_read_ids(root, function->address, &ids) == 0 &&
		ids.vendor == function->vendor && ids.device == function->device;
}

int state_add(struct state *state, enum state_kind kind, const char *of, const char *name)
{
	struct state_step step = {.kind = kind}, *added;

	text_join(step.of, sizeof(step.of), of ? of : "", NULL);
	text_join(step.name, sizeof(step.name), name, NULL);
	for (size_t i = 0; i < state->n_steps; i++)
		if (state->steps[i].kind == kind &&
			strcmp(state->steps[i].of, step.of) == 0 &&
			(kind == STATE_POWER ||
				strcmp(state->steps[i].name, step.name) == 0))
			return 0;
	added = LIST_ADD(state->steps, state->n_steps);
	if (added)
		*added = step;
	return added ? 0 : -ENOMEM;
}

void state_free(struct state *state)
{
	free(state->functions);
	free(state->steps);
	*state = (struct state){0};
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Puts a line of words, up to a NULL; the first one is as it is. */
static void put_line(FILE *out, const char *const words[])
{
	char word[WORD_SIZE(STATE_WORD_SIZE)];

	fprintf(out, "%s", words[0]);
	for (size_t i = 1; words[i]; i++) {
		word_format(words[i], word, sizeof(word));
		fprintf(out, " %s", word);
	}
	fprintf(out, "\n");
}

static void put_function(FILE *out, const struct state_function *function)
{
	char address[PCI_ADDRESS_SIZE], id[sizeof("ffff:ffff")];

	pci_address_format(function->address, address);
	snprintf(id, sizeof(id), "%04x:%04x", function->vendor, function->device);
	put_line(out,
		(const char *const[]){"function", address, function->path, id,
			function->native, function->wanted, function->override, NULL});
}

static void put_step(FILE *out, const struct state_step *step)
{
	const char *word = step_words[step->kind].word;

	if (step_words[step->kind].has_of)
		put_line(out, (const char *const[]){word, step->of, step->name, NULL});
	else
		put_line(out, (const char *const[]){word, step->name, NULL});
}

int state_write(const struct root *root, const struct state *state)
{
	_cleanup_free_ char *text = NULL;
	struct text_stream stream;
	char path[STATE_PATH_SIZE];

	if (!text_stream_open(&stream))
		return -ENOMEM;
	fprintf(stream.out, MARK "\nversion " VFIOBOOT_VERSION "\n");
	put_line(stream.out, (const char *const[]){"guest", state->guest, NULL});
	put_line(stream.out,
		(const char *const[]){"phase", phase_words[state->phase], NULL});
	for (size_t i = 0; i < state->n_functions; i++)
		put_function(stream.out, &state->functions[i]);
	for (size_t i = 0; i < state->n_steps; i++)
		put_step(stream.out, &state->steps[i]);
	text = text_stream_take(&stream);
	if (!text)
		return -ENOMEM;
	state_path(state->set, path);
	return atomicfile_write_below(root, path, text, strlen(text));
}

/* ---- reading ---------------------------------------------------------------------------- */

/* The words of one line. */
struct line {
	char words[LINE_WORDS + 1][STATE_WORD_SIZE];
	unsigned n;
};

static bool take_line(const char **text, struct line *ret)
{
	ret->n = 0;
	do {
		if (ret->n == ARRAY_SIZE(ret->words) ||
			!word_take(text, ret->words[ret->n], STATE_WORD_SIZE))
			return false;
		ret->n++;
	} while (*(*text)++ == ' ');
	return (*text)[-1] == '\n';
}

static bool is_line(const struct line *line, const char *word, unsigned words)
{
	return line->n == words + 1 && strcmp(line->words[0], word) == 0;
}

static bool set_text(char *dst, size_t size, const char *word)
{
	return copy_text(dst, size, word, strlen(word));
}

/* Names of drivers become names of files. */
static bool set_driver(char *dst, size_t size, const char *word)
{
	return !strchr(word, '/') && *word != '.' && set_text(dst, size, word);
}

static int add_function(struct state *state, const struct line *line)
{
	struct state_function function = {0};
	const char *id = line->words[3];
	uint32_t vendor, device;

	if (pci_address_parse(line->words[1], PCI_NAME_WHOLE, &function.address, NULL) <
			0 ||
		!set_text(function.path, sizeof(function.path), line->words[2]) ||
		!pci_take_hex(&id, 4, 4, &vendor) || *id++ != ':' ||
		!pci_take_hex(&id, 4, 4, &device) || *id ||
		!set_driver(function.native, sizeof(function.native), line->words[4]) ||
		!set_driver(function.wanted, sizeof(function.wanted), line->words[5]) ||
		!set_text(function.override, sizeof(function.override), line->words[6]))
		return -EBADMSG;
	function.vendor = (uint16_t)vendor;
	function.device = (uint16_t)device;
	return state_add_function(state, &function);
}

static int add_step(struct state *state, const struct line *line)
{
	for (int kind = 0; kind < STATE_KINDS; kind++) {
		bool has_of = step_words[kind].has_of;

		if (!is_line(line, step_words[kind].word, has_of ? 2 : 1))
			continue;
		if (has_of && strlen(line->words[1]) >= PCI_ADDRESS_SIZE)
			return -EBADMSG;
		return state_add(state, (enum state_kind)kind,
			has_of ? line->words[1] : "", line->words[has_of ? 2 : 1]);
	}
	return -EBADMSG;
}

static int read_line(struct state *state, const struct line *line)
{
	if (is_line(line, "function", 6))
		return add_function(state, line);
	if (is_line(line, "version", 1))
		return 0;
	if (is_line(line, "guest", 1))
		return set_text(state->guest, sizeof(state->guest), line->words[1])
			? 0
			: -EBADMSG;
	if (!is_line(line, "phase", 1))
		return add_step(state, line);
	for (int i = 0; i < STATE_PHASES; i++)
		if (strcmp(line->words[1], phase_words[i]) == 0) {
			state->phase = (enum state_phase)i;
			return 0;
		}
	return -EBADMSG;
}

int state_say_unreadable(const char *set, int error, struct message *message)
{
	message_remedy(message, "look at it, then remove it");
	return message_errno(message, error, "cannot read " STATE_HANDOVERS "/%s", set);
}

int state_read(const struct root *root, const char *set, struct state *ret)
{
	_cleanup_(state_free) struct state state = {0};
	_cleanup_free_ char *text = NULL;
	char path[STATE_PATH_SIZE];
	const char *cursor;
	struct line line;
	unsigned lines = 0;
	int r;

	if (!config_set_name(state.set, sizeof(state.set), set))
		return -ENOENT;
	state_path(set, path);
	r = file_read(root, path, &text, NULL);
	if (r < 0)
		return r == -ENOTDIR ? -ENOENT : r;
	if (!text_begins_with(text, MARK "\n"))
		return -EBADMSG;
	for (cursor = text_next_line(text); r == 0 && *cursor; lines++)
		r = take_line(&cursor, &line) && lines < LINES_MAX
			? read_line(&state, &line)
			: -EBADMSG;
	if (r == 0 && !state.n_functions)
		r = -EBADMSG;
	if (r < 0)
		return r;
	*ret = state;
	state = (struct state){0};
	return 0;
}

int state_list(const struct root *root, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	char name[CONFIG_NAME_SIZE];
	int r = file_list(root, STATE_HANDOVERS, &names);

	*ret = (struct file_names){0};
	/* Temporary files begin with a dot, and no name of a set does. */
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (config_set_name(name, sizeof(name), names.names[i]))
			r = file_add_name(ret, name);
	if (r < 0)
		file_free_names(ret);
	return r;
}

int state_find(const struct root *root, struct pci_address address,
	char ret[static CONFIG_NAME_SIZE])
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = state_list(root, &names);

	*ret = '\0';
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_(state_free) struct state state = {0};

		r = state_read(root, names.names[i], &state);
		if (r < 0 || state_function(&state, address)) {
			text_join(ret, CONFIG_NAME_SIZE, names.names[i], NULL);
			return r;
		}
	}
	return r < 0 ? r : -ENOENT;
}
