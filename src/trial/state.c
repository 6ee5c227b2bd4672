/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes the state of a trial, and compares it with the current configuration. */
#include <inttypes.h>

#include "private.h"

#define FIRST_LINE "vfioboot-trial 1\n"

#define BLANKS " \t\r\f\v" /* as inih has them within a line */

static const char *const phase_words[] = {
	[TRIAL_ARMED] = "armed",
	[TRIAL_STARTED] = "started",
	[TRIAL_CONFIRMED] = "confirmed",
	[TRIAL_KEPT] = "kept",
	[TRIAL_FAILED] = "failed",
};

static const char *const reason_words[TRIAL_REASONS] = {
	[TRIAL_FINE] = "-",
	[TRIAL_NO_RECORD] = "no-record",
	[TRIAL_CHANGED] = "changed",
	[TRIAL_NOT_BOUND] = "not-bound",
	[TRIAL_NOT_UP] = "not-up",
	[TRIAL_DISPLAY_MANAGER] = "display-manager",
	[TRIAL_NO_DISPLAY] = "no-display",
	[TRIAL_FRAMEBUFFER] = "framebuffer",
	[TRIAL_NOT_TAKEN] = "not-taken",
	[TRIAL_NEVER_UP] = "never-up",
	[TRIAL_ENDED] = "ended",
};

static const char *const flag_words[] = {"no", "yes"};

/* A line of the text each: a text of @size bytes; or with @words one of @size words. */
#define TEXT(name)                                                                       \
	{                                                                                \
#name, offsetof(struct trial, name), sizeof(((struct trial *)0)->name),  \
			NULL                                                             \
	}
#define WORD(name, words)                                                                \
	{                                                                                \
#name, offsetof(struct trial, name), ARRAY_SIZE(words), words            \
	}

static const struct field {
	const char *key;
	size_t offset, size;
	const char *const *words;
} fields[] = {WORD(phase, phase_words), WORD(reason, reason_words), TEXT(id), TEXT(text),
	TEXT(loader), TEXT(profile), TEXT(parameters), TEXT(tried), TEXT(config),
	TEXT(armed_boot), TEXT(boot), WORD(had_display, flag_words),
	WORD(display_manager, flag_words), WORD(by_person, flag_words)};

const char *trial_phase_word(enum trial_phase phase)
{
	return phase_words[phase];
}

const char *trial_reason_word(enum trial_reason reason)
{
	return reason_words[reason];
}

void trial_format_digest(uint64_t digest, char ret[static TRIAL_DIGEST_SIZE])
{
	snprintf(ret, TRIAL_DIGEST_SIZE, "%016" PRIx64, digest);
}

bool trial_is_confirmed(const struct trial *trial)
{
	return trial->phase == TRIAL_CONFIRMED || trial->phase == TRIAL_KEPT;
}

bool trial_is_outdated(const struct trial *trial, const struct config *config)
{
	char now[TRIAL_DIGEST_SIZE];

	trial_format_digest(config->digest, now);
	return trial->phase == TRIAL_ARMED && trial->config[0] &&
		strcmp(trial->config, now) != 0;
}

void trial_of_cmdline(const char *cmdline, char ret[static TRIAL_ID_SIZE])
{
	struct cmdline_param param;

	ret[0] = '\0';
	if (cmdline_find_last(cmdline, CONFIG_PARAM_TRIAL, &param))
		copy_text(ret, TRIAL_ID_SIZE, param.value, param.value_len);
}

void trial_missing_parameters(
	const struct trial *trial, const char *cmdline, char ret[static TRIAL_TRIED_SIZE])
{
	const char *cursor = trial->tried, *word;
	char id[TRIAL_ID_SIZE];
	size_t len;

	trial_of_cmdline(cmdline, id);
	ret[0] = '\0';
	while ((len = cmdline_next_word(&cursor, &word)))
		if (strcmp(id, trial->id) == 0 || !cmdline_has_word(cmdline, word, len))
			cmdline_append_word(ret, TRIAL_TRIED_SIZE, word, len);
}

/* ---- The text */

/* Of a field with words: the index, which is stored as an enum or a bool. */
static unsigned get_word(const struct field *field, const char *base)
{
	return field->words == flag_words ? *(const bool *)(base + field->offset)
					  : *(const unsigned *)(base + field->offset);
}

char *trial_format(const struct trial *trial)
{
	const char *base = (const char *)trial;
	struct text_stream text;

	if (!text_stream_open(&text))
		return NULL;
	fprintf(text.out, "%s", FIRST_LINE);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *field = &fields[i];
		const char *value = field->words ? field->words[get_word(field, base)]
						 : base + field->offset;

		if (*value)
			fprintf(text.out, "%s %s\n", field->key, value);
	}
	for (unsigned i = 0; i < trial->n_sections; i++)
		fprintf(text.out, "section %s %s\n", trial->sections[i].name,
			trial->sections[i].digest);
	return text_stream_take(&text);
}

/* @value: "NAME DIGEST". */
static bool add_section(struct trial *trial, const char *value)
{
	struct trial_section *section = &trial->sections[trial->n_sections];
	const char *digest = strchr(value, ' ');

	if (!digest || trial->n_sections == CONFIG_SECTIONS_MAX ||
		!copy_text(section->name, sizeof(section->name), value,
			(size_t)(digest - value)) ||
		!copy_text(section->digest, sizeof(section->digest), digest + 1,
			strlen(digest + 1)))
		return false;
	trial->n_sections++;
	return true;
}

static bool set_field(const struct field *field, struct trial *trial, const char *value)
{
	char *base = (char *)trial + field->offset;

	if (!field->words)
		return copy_text(base, field->size, value, strlen(value));
	for (unsigned i = 0; i < field->size; i++) {
		if (strcmp(field->words[i], value) != 0)
			continue;
		if (field->words == flag_words)
			*(bool *)base = i;
		else
			*(unsigned *)base = i;
		return true;
	}
	return false;
}

/* Keys of a later version are passed over. */
static bool set_value(struct trial *trial, const char *key, const char *value)
{
	if (strcmp(key, "section") == 0)
		return add_section(trial, value);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i].key, key) == 0)
			return set_field(&fields[i], trial, value);
	return true;
}

int trial_parse(const char *text, struct trial *ret)
{
	_cleanup_free_ char *copy = NULL;
	struct trial trial = {0};
	char *cursor, *line;

	if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return -EBADMSG;
	copy = strdup(text + strlen(FIRST_LINE));
	if (!copy)
		return -ENOMEM;
	for (cursor = copy; *cursor;) {
		line = strsep(&cursor, "\n");
		char *value = strchr(line, ' ');

		if (!value)
			return -EBADMSG;
		*value++ = '\0';
		if (!set_value(&trial, line, value))
			return -EBADMSG;
		if (!cursor)
			break;
	}
	if (!trial.id[0])
		return -EBADMSG;
	*ret = trial;
	return 0;
}

/* ---- The end of a trial that did not see it itself */

static void fail(struct trial *trial, enum trial_reason reason, const char *text)
{
	trial->phase = TRIAL_FAILED;
	trial->reason = reason;
	text_join(trial->text, sizeof(trial->text), text, NULL);
}

bool trial_find_end(struct trial *trial, const char *boot, bool still_armed)
{
	if (trial->phase == TRIAL_STARTED) {
		char text[TRIAL_TEXT_SIZE];

		/* With what it was still waiting for when it was last looked at. */
		text_join(text, sizeof(text),
			"its boot ended before it was confirmed: by a panic, a reset or a "
			"power cut",
			trial->text[0] ? "; until then: " : "", trial->text, NULL);
		fail(trial, TRIAL_ENDED, text);
		return true;
	}
	if (trial->phase != TRIAL_ARMED || strcmp(boot, trial->armed_boot) == 0)
		return false;
	if (still_armed)
		fail(trial, TRIAL_NOT_TAKEN,
			"the boot loader did not take the entry, and started another one");
	else
		fail(trial, TRIAL_NEVER_UP,
			"its boot never came as far as a writable /var: the kernel "
			"panicked or hung early, the root file system was not found, or "
			"another entry was chosen at the menu");
	return true;
}

/* ---- Sections */

enum trial_part trial_part_of(const struct config *config,
	const struct config_section *section, const char *profile)
{
	if (section->bad || section->demand)
		return TRIAL_PART_NONE;
	/* A vfioboot.device= of this boot, which the normal entry brought. */
	if (section->from_cmdline)
		return TRIAL_PART_ALWAYS;
	if (section->profile[0])
		return strcmp(section->profile, profile) == 0 ? TRIAL_PART_TRIED
							      : TRIAL_PART_NONE;
	return config->when_selected ? TRIAL_PART_TRIED : TRIAL_PART_ALWAYS;
}

/* With its NUL, so that no two texts run together. */
static void digest_text(uint64_t *digest, const char *text)
{
	do
		*digest = digest_add(*digest, *text);
	while (*text++);
}

/* What the section asks for, by its meaning: not its file, comments, or the profile. */
static void digest_section(const struct config *config,
	const struct config_section *section, char ret[static TRIAL_DIGEST_SIZE])
{
	uint64_t digest = DIGEST_BASIS;
	char expect[8];

	snprintf(expect, sizeof(expect), "%u", section->expect);
	digest_text(&digest, section->driver);
	digest_text(&digest, expect);
	digest_text(&digest, section->follow ? "follow" : "refuse");
	digest_text(&digest, section->last_display ? "yes" : "no");
	for (unsigned i = 0; i < section->n_selectors; i++) {
		const struct selector *selector =
			&config->selectors[section->first_selector + i];
		char text[SELECTOR_SIZE];

		selector_format(selector, text);
		digest_text(&digest, selector_kind_name(selector->kind));
		digest_text(&digest, text);
	}
	trial_format_digest(digest, ret);
}

void trial_remember_sections(
	const struct config *config, const char *profile, struct trial *ret)
{
	ret->n_sections = 0;
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		struct trial_section *noted = &ret->sections[ret->n_sections];

		if (trial_part_of(config, section, profile) != TRIAL_PART_TRIED)
			continue;
		strcpy(noted->name, section->name);
		digest_section(config, section, noted->digest);
		ret->n_sections++;
	}
}

enum trial_change trial_compare_section(const struct trial *trial,
	const struct config *config, const struct config_section *section)
{
	char digest[TRIAL_DIGEST_SIZE];

	digest_section(config, section, digest);
	for (unsigned i = 0; i < trial->n_sections; i++)
		if (strcmp(trial->sections[i].name, section->name) == 0)
			return strcmp(trial->sections[i].digest, digest) == 0
				? TRIAL_SECTION_SAME
				: TRIAL_SECTION_CHANGED;
	return trial->n_sections ? TRIAL_SECTION_NEW : TRIAL_SECTION_SAME;
}

char *trial_without_key(const char *text, const char *key)
{
	char *made = malloc(strlen(text) + 1), *end = made;

	while (made && *text) {
		size_t len = strcspn(text, "\n");
		const char *word = text + strspn(text, BLANKS);
		size_t word_len = strcspn(word, BLANKS "=:\n");

		len += text[len] == '\n';
		if (word_len != strlen(key) || strncmp(word, key, word_len) != 0)
			end = mempcpy(end, text, len);
		text += len;
	}
	if (made)
		*end = '\0';
	return made;
}
