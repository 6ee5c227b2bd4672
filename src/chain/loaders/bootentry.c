/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decides which entries are wanted, and reads and writes them as text. */
#include "bootentry.h"

#include "base/base.h"

#define PASSTHROUGH   "passthrough" /* also the profile where none has a name */
#define PARAM_PREFIX  "vfioboot."
#define PARAM_PROFILE "vfioboot.profile"
#define PARAM_OFF     "vfioboot.off"

#define PLAIN_CHARS                                                                      \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:=,@/+-"

static const char header[] =
	"# Entries of the boot menu: 'vfioboot entry add' writes this file, 'vfioboot entry\n"
	"# remove' deletes it. ID, title, and arguments of the kernel, with tabs between.\n";
static const char loader_line[] = "# loader: ";
static const char without_section[] =
	"# grub.cfg had no section of 11_linux_passthrough\n";

bool bootentry_is_plain(const char *text)
{
	return *text && !text[strspn(text, PLAIN_CHARS)] && strcmp(text, "--") != 0;
}

static bool is_new_profile(const struct config *config, unsigned index)
{
	const struct config_section *sections = config->sections;

	if (sections[index].bad || !sections[index].profile[0])
		return false;
	for (unsigned i = 0; i < index; i++)
		if (!sections[i].bad &&
			strcmp(sections[i].profile, sections[index].profile) == 0)
			return false;
	return true;
}

/* How many profiles the sections name, and whether some section is in all of them. */
static unsigned count_profiles(const struct config *config, bool *ret_common)
{
	unsigned n = 0;

	*ret_common = false;
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		n += is_new_profile(config, i);
		*ret_common |= !section->bad && !section->demand && !section->profile[0];
	}
	return n;
}

static void add_passthrough(struct bootentries *entries, const char *profile, bool only)
{
	struct bootentry *entry = &entries->entries[entries->n];

	if (entries->n == CONFIG_PROFILES_MAX) {
		entries->left_out++;
		return;
	}
	entries->n++;
	text_join(entry->id, sizeof(entry->id), PASSTHROUGH, only ? "" : "-",
		only ? "" : profile, NULL);
	text_join(entry->title, sizeof(entry->title), "Passthrough", only ? "" : ": ",
		only ? "" : profile, NULL);
	text_join(entry->arguments, sizeof(entry->arguments), PARAM_PROFILE "=", profile,
		NULL);
}

static void add_way_out(struct bootentries *entries)
{
	static const struct bootentry way_out = {
		"no-" PASSTHROUGH, "no passthrough", PARAM_OFF};

	entries->entries[entries->n++] = way_out;
}

void bootentry_decide(const struct config *config, struct bootentries *ret)
{
	struct bootentries entries = {0};
	bool common;
	unsigned n = count_profiles(config, &common);

	for (unsigned i = 0; i < config->n_sections; i++)
		if (is_new_profile(config, i))
			add_passthrough(&entries, config->sections[i].profile, n == 1);
	/* Any name of a profile selects the sections that have none. */
	if (config->when_selected && n == 0 && common)
		add_passthrough(&entries, PASSTHROUGH, true);
	if (!config->when_selected && common)
		add_way_out(&entries);
	*ret = entries;
}

bool bootentry_is_passthrough(const struct bootentry *entry)
{
	return text_begins_with(entry->arguments, PARAM_PROFILE "=");
}

static const struct bootentry *find_entry(
	const struct bootentries *entries, const char *id)
{
	for (unsigned i = 0; i < entries->n; i++)
		if (strcmp(entries->entries[i].id, id) == 0)
			return &entries->entries[i];
	return NULL;
}

void bootentry_keep(
	struct bootentries *entries, const struct bootentries *old, const char *cmdline)
{
	for (unsigned i = 0; i < entries->n; i++) {
		struct bootentry *entry = &entries->entries[i];
		const struct bootentry *before = find_entry(old, entry->id);
		const char *cursor = before ? before->arguments : "", *word;
		size_t len = strcspn(entry->arguments, " ");

		/* Its first argument is what selects it: is this that boot? */
		if (!before || !cmdline_has_word(cmdline, entry->arguments, len))
			continue;
		while ((len = cmdline_next_word(&cursor, &word)) > 0)
			if (cmdline_has_word(cmdline, word, len) &&
				!cmdline_has_word(entry->arguments, word, len) &&
				strncmp(word, PARAM_PREFIX, strlen(PARAM_PREFIX)) != 0)
				cmdline_append_word(entry->arguments,
					sizeof(entry->arguments), word, len);
	}
}

bool bootentry_same(const struct bootentries *a, const struct bootentries *b)
{
	for (unsigned i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->entries[i].id, b->entries[i].id) != 0 ||
			strcmp(a->entries[i].title, b->entries[i].title) != 0 ||
			strcmp(a->entries[i].arguments, b->entries[i].arguments) != 0)
			return false;
	return a->n == b->n;
}

bool bootentry_fits(const struct bootentries *written, const struct bootentries *decided)
{
	for (unsigned i = 0; i < written->n && i < decided->n; i++) {
		const struct bootentry *a = &written->entries[i],
				       *b = &decided->entries[i];

		if (strcmp(a->id, b->id) != 0 ||
			!cmdline_has_word(
				a->arguments, b->arguments, strlen(b->arguments)))
			return false;
	}
	return written->n == decided->n;
}

char *bootentry_format(const struct bootentries *entries)
{
	struct text_stream text;

	if (!text_stream_open(&text))
		return NULL;
	fprintf(text.out, "%s", header);
	if (entries->loader[0])
		fprintf(text.out, "%s%s\n", loader_line, entries->loader);
	if (entries->grub_without_section)
		fprintf(text.out, "%s", without_section);
	for (unsigned i = 0; i < entries->n; i++)
		fprintf(text.out, "%s\t%s\t%s\n", entries->entries[i].id,
			entries->entries[i].title, entries->entries[i].arguments);
	return text_stream_take(&text);
}

/* Copies what is before the next tab, or the end of the line, and moves behind it. */
static bool take_field(const char **cursor, char *ret, size_t size, const char *more)
{
	size_t len = strcspn(*cursor, "\t\n");

	if (!len || !copy_text(ret, size, *cursor, len))
		return false;
	for (const char *p = ret; *p; p++)
		if (!strchr(PLAIN_CHARS, *p) && !strchr(more, *p))
			return false;
	*cursor += len;
	*cursor += **cursor == '\t';
	return true;
}

static void take_loader(const char *name, struct bootentries *entries)
{
	copy_text(entries->loader, sizeof(entries->loader), name, strcspn(name, "\n"));
}

static bool take_entry(const char *cursor, struct bootentry *ret)
{
	return take_field(&cursor, ret->id, sizeof(ret->id), "") &&
		take_field(&cursor, ret->title, sizeof(ret->title), " ") &&
		take_field(&cursor, ret->arguments, sizeof(ret->arguments), " ");
}

void bootentry_parse(const char *text, struct bootentries *ret)
{
	struct bootentries entries = {0};
	unsigned line = 1;

	for (; *text && entries.n < BOOTENTRIES_MAX; text += *text == '\n', line++) {
		if (strncmp(text, without_section, strlen(without_section)) == 0)
			entries.grub_without_section = true;
		else if (strncmp(text, loader_line, strlen(loader_line)) == 0)
			take_loader(text + strlen(loader_line), &entries);
		else if (*text != '#' && take_entry(text, &entries.entries[entries.n]))
			entries.n++;
		else if (!strchr("#\n", *text) && !entries.damaged)
			entries.damaged = line;
		text += strcspn(text, "\n");
	}
	*ret = entries;
}

void bootentry_missing_arguments(const char *options, const struct bootentry *entry,
	char ret[static BOOTENTRY_ARGS_SIZE])
{
	const char *cursor = entry->arguments, *word;
	size_t len;

	ret[0] = '\0';
	while ((len = cmdline_next_word(&cursor, &word)) > 0)
		if (!cmdline_has_word(options, word, len))
			cmdline_append_word(ret, BOOTENTRY_ARGS_SIZE, word, len);
}

bool bootentry_is_own(const char *word, size_t len)
{
	return cmdline_word_is(word, len, PARAM_PROFILE) ||
		cmdline_word_is(word, len, PARAM_OFF) ||
		cmdline_word_is(word, len, CONFIG_PARAM_TRIAL);
}

bool bootentry_has_own(const char *options)
{
	const char *cursor = options, *end = options + cmdline_length(options), *word;
	size_t len;

	while ((len = cmdline_next_word(&cursor, &word)) > 0 && word < end)
		if (bootentry_is_own(word, len))
			return true;
	return false;
}

/* Where in the options a word is. */
struct place {
	bool begun; /* behind a parameter of our own */
	bool trial; /* vfioboot.trial= is in the options ... */
	bool ended; /* ... and before the word */
};

/*
 * What ours add begins with a parameter of our own; what is before it is not from us.  In the
 * entry of a trial all from there up to vfioboot.trial= is what is tried.
 */
static bool is_ours(const char *word, size_t len, const struct bootentries *entries,
	struct place place)
{
	if (bootentry_is_own(word, len))
		return true;
	if (place.trial &&
		((place.begun && !place.ended) ||
			cmdline_has_word(BOOTENTRY_WAYS_BACK, word, len)))
		return true;
	for (unsigned i = 0; place.begun && i < entries->n; i++)
		if (cmdline_has_word(entries->entries[i].arguments, word, len))
			return true;
	return false;
}

int bootentry_strip(const char *options, const struct bootentries *entries, char **ret)
{
	_cleanup_free_ char *text = calloc(1, strlen(options) + 1);
	struct place place = {0};
	const char *cursor = options, *word, *end = options + cmdline_length(options);
	bool found = false;
	size_t len;

	if (!text)
		return -ENOMEM;
	while ((len = cmdline_next_word(&cursor, &word)) > 0 && word < end)
		place.trial |= cmdline_word_is(word, len, CONFIG_PARAM_TRIAL);
	for (cursor = options; (len = cmdline_next_word(&cursor, &word)) > 0;) {
		bool ours = word < end && is_ours(word, len, entries, place);

		place.begun |= bootentry_is_own(word, len);
		place.ended |= cmdline_word_is(word, len, CONFIG_PARAM_TRIAL);
		found |= ours;
		if (!ours)
			cmdline_append_word(text, strlen(options) + 1, word, len);
	}
	if (found)
		*ret = TAKE_PTR(text);
	return found;
}
