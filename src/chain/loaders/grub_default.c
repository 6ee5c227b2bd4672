/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds the new menu against the old one; and reads the default from where Fedora's 00_header
 * takes it, and 10_linux its settings.
 */
#include "grub_default.h"

#include <ctype.h>
#include <limits.h>

#include "base/base.h"
#include "grub_custom.h"
#include "grub_env.h"
#include "oneshot.h"

#define ID_START "passthrough-"
#define SAVED    "${saved_entry}"

/* ---- a grub.cfg with all entries in it --------------------------------------------------- */

/*
 * The variable that has the saved default.  Before `next_entry`, saved_entry was the choice for one
 * boot where the one before it is kept beside it (00_header).
 */
static const char *saved_variable(
	const struct root *root, const struct grub_names *names, const char *text)
{
	static const char kept[] = "prev_saved_entry";
	char value[512];

	return grub_cfg_has(text, kept) && grub_env_read(root, names, kept, value, 512) &&
			*value
		? kept
		: "saved_entry";
}

/*
 * What the default of grub.cfg is now: a number, an id or a title; "" for none.  False when that is
 * in a variable or a file that cannot be read.
 */
static bool read_menu_default(
	const struct root *root, const char *text, char *ret_value, size_t size)
{
	const struct grub_names *names = grub_find(root);
	enum grub_cfg_condition condition;
	char counter[32];
	bool known;

	ret_value[0] = '\0';
	grub_cfg_default(text, ret_value, size, &condition);
	known = !(condition & GRUB_CFG_PERHAPS) &&
		(!condition || !names ||
			!grub_env_read(
				root, names, "boot_counter", counter, sizeof(counter)) ||
			!*counter);
	if (strcmp(ret_value, SAVED) == 0) {
		ret_value[0] = '\0';
		known &= names &&
			(grub_env_read(root, names, saved_variable(root, names, text),
				 ret_value, size) ||
				!file_exists(root, "%s", names->environment));
	}
	if (ret_value[0] != '$')
		return known;
	ret_value[0] = '\0';
	return false;
}

/*
 * What a name means, with what is in an `if` and without; NULL where that is not the same.  Versions of
 * GRUB differ in what starts of a submenu of which nothing is named.
 */
static const struct grub_cfg_item *find_item(
	const struct grub_cfg *menu, const char *name)
{
	const struct grub_cfg_item *with, *without;

	/* GRUB takes the first one where the name means nothing. */
	if (!grub_cfg_find(menu, name, true) && !grub_cfg_find(menu, name, false))
		name = "0";
	with = grub_cfg_find(menu, name, true);
	without = grub_cfg_find(menu, name, false);
	return with == without && with && !grub_cfg_is_submenu(menu, with) ? with : NULL;
}

const struct grub_cfg_item *grub_default_find(
	const struct root *root, const char *text, const struct grub_cfg *menu)
{
	char value[512];

	return read_menu_default(root, text, value, sizeof(value))
		? find_item(menu, value)
		: NULL;
}

/* The choice for one boot, if the text heeds it; "" for none. */
static void read_once(const struct root *root, const char *text, char *ret, size_t size)
{
	const struct grub_names *names = grub_find(root);

	*ret = '\0';
	if (names && grub_cfg_has(text, "next_entry"))
		grub_env_read(root, names, "next_entry", ret, size);
	if (names && !*ret && *saved_variable(root, names, text) == 'p')
		grub_env_read(root, names, "saved_entry", ret, size);
}

const struct grub_cfg_item *grub_default_find_once(const struct root *root,
	const char *text, const struct grub_cfg *menu, bool *ret_elsewhere)
{
	const struct grub_cfg_item *item;
	char value[ONESHOT_ID_SIZE];

	read_once(root, text, value, sizeof(value));
	item = *value ? find_item(menu, value) : NULL;
	*ret_elsewhere = *value && !item;
	return item;
}

/* What GRUB sets by itself. */
static bool is_built_in(const char *name)
{
	static const char *const names[] = {"root", "prefix", "cmdpath", "default",
		"chosen", "feature_", "grub_", "net_", "pxe_", "lockdown", "shim_lock"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_begins_with(name, names[i]))
			return true;
	return false;
}

/* The environment is loaded at first, so that what grub.cfg sets in any case goes before. */
static bool find_value(const struct root *root, const char *text, const char *name,
	char *ret, size_t size)
{
	const struct grub_names *names = grub_find(root);
	enum grub_cfg_setting setting = grub_cfg_variable(text, name, ret, size);
	char value[1024];

	if (setting == GRUB_CFG_UNKNOWN || is_built_in(name))
		return false;
	if (setting == GRUB_CFG_SET || !names ||
		!grub_env_read(root, names, name, value, sizeof(value)) || !*value)
		return true;
	return copy_text(ret, size, value, strlen(value));
}

/* The name of the variable at @at, which begins with '$', in @ret.  Its end; NULL: it is none. */
static const char *read_name(const char *at, char *ret, size_t size)
{
	bool braces = at[1] == '{';
	const char *name = at + 1 + braces, *end = name;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (end == name || (braces && *end != '}') ||
		!copy_text(ret, size, name, (size_t)(end - name)))
		return NULL;
	return end + braces;
}

char *grub_default_expand(const struct root *root, const char *text, const char *words)
{
	struct text_stream stream;

	if (!text_stream_open(&stream))
		return NULL;
	while (*words) {
		char name[64], value[1024];
		const char *end =
			*words == '$' ? read_name(words, name, sizeof(name)) : NULL;

		if (!end || !find_value(root, text, name, value, sizeof(value))) {
			fputc(*words++, stream.out);
			continue;
		}
		fprintf(stream.out, "%s", value);
		words = end;
	}
	return text_stream_take(&stream);
}

/* Anybody may begin an id as we do, so it is ours where our generator has printed it. */
static bool is_ours(const struct grub_cfg_item *item)
{
	return item->maker == GRUB_CFG_OURS &&
		(strncmp(item->id, ID_START, strlen(ID_START)) == 0 ||
			strncmp(item->id, "no-" ID_START, strlen("no-" ID_START)) == 0);
}

const char *grub_default_entry_id(
	const struct bootentries *wanted, const struct grub_cfg_item *item)
{
	const char *found = "";

	if (!is_ours(item))
		return "";
	for (unsigned i = 0; i < wanted->n; i++) {
		const char *id = wanted->entries[i].id;
		size_t len = strlen(id);

		if (len > strlen(found) && strncmp(item->id, id, len) == 0 &&
			item->id[len] == '-')
			found = id;
	}
	if (*found)
		return found;
	return *item->id == 'n' ? "no-passthrough" : "passthrough";
}

struct menus {
	const struct grub_default_texts *texts;
	struct grub_cfg old, new;
};

static void free_menus(struct menus *menus)
{
	grub_cfg_free(&menus->old);
	grub_cfg_free(&menus->new);
}

/* By which name the person has the default that there was, or a normal one instead of ours. */
static void name_wanted_default(const struct menus *menus,
	const struct grub_cfg_item *before, char *ret, size_t size)
{
	const struct grub_cfg *menu = &menus->new;

	if (!is_ours(before)) {
		grub_cfg_name(&menus->old, before, ret, size);
		return;
	}
	text_join(ret, size, "0", NULL);
	for (size_t i = menu->n; i-- > 0;)
		if (menu->items[i].maker == GRUB_CFG_LINUX &&
			menu->items[i].linux_line[0])
			grub_cfg_name(menu, &menu->items[i], ret, size);
}

static int warn_of_default(const struct menus *menus, const char *value,
	const struct grub_cfg_item *before, const struct grub_cfg_item *after, bool again,
	struct bootmenu_change *change)
{
	const char *config = menus->texts->config;
	char was[512], is[512] = "nothing", set[512], command[512] = "this again";

	grub_cfg_name(&menus->old, before, was, sizeof(was));
	if (after)
		grub_cfg_name(&menus->new, after, is, sizeof(is));
	if (strcmp(was, is) == 0)
		return 0;
	name_wanted_default(menus, before, set, sizeof(set));
	if (!again)
		text_join(command, sizeof(command), "'",
			strstr(config, "/grub2/") ? "grub2" : "grub", "-mkconfig -o ",
			config, "'", NULL);
	change->default_moves = true;
	return bootmenu_warn(change,
		"GRUB's default is '%s', which was '%s' and is now '%s': set GRUB_DEFAULT in "
		"/etc/default/grub to '%s' and run %s",
		value, was, is, set, command);
}

/*
 * Numbers shift where ours come before what they mean.  What is in an `if` may be in the menu,
 * such as the snapshot that openSUSE boots, or not: so it is looked at both ways.
 */
static int compare_defaults(const struct root *root, const struct menus *menus,
	bool again, struct bootmenu_change *change)
{
	char old[512], new[512];
	int r = 0;

	(void)read_menu_default(root, menus->texts->before, old, sizeof(old));
	(void)read_menu_default(root, menus->texts->after, new, sizeof(new));
	if (!old[0])
		return 0;
	for (int conditional = 0; conditional < 2 && r == 0 && !change->default_moves;
		conditional++) {
		const struct grub_cfg_item *before =
			grub_cfg_find(&menus->old, old, conditional);
		const struct grub_cfg_item *after =
			new[0] ? grub_cfg_find(&menus->new, new, conditional) : NULL;

		if (before)
			r = warn_of_default(menus, new, before, after, again, change);
	}
	return r;
}

/* The entries of others, in their order, are what they were. */
static bool others_are_same(const struct grub_cfg *a, const struct grub_cfg *b)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a->n && is_ours(&a->items[i]))
			i++;
		while (j < b->n && is_ours(&b->items[j]))
			j++;
		if (i == a->n || j == b->n)
			return i == a->n && j == b->n;
		if (strcmp(a->items[i].title, b->items[j].title) != 0 ||
			strcmp(a->items[i].linux_line, b->items[j].linux_line) != 0)
			return false;
		i++;
		j++;
	}
}

/* That a normal entry is the first one, which starts where the default is lost. */
static int check_first(const struct grub_cfg *menu, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	for (int conditional = 0; wanted->n && conditional < 2; conditional++) {
		const struct grub_cfg_item *first = grub_cfg_find(menu, "0", conditional);

		if (first && is_ours(first))
			return bootmenu_fail(change,
				"'%s' would be the first entry of the menu; a normal one "
				"has to be",
				first->title);
	}
	return 0;
}

/* Whether ours that @wish asks for is there: for the kernel @file, or with NULL for some. */
static bool has_entry(const struct grub_cfg *menu, const struct bootentries *wanted,
	const struct bootentry *wish, const char *file)
{
	char kernel[PATH_MAX];

	for (size_t i = 0; i < menu->n; i++) {
		grub_cfg_kernel(&menu->items[i], kernel, sizeof(kernel));
		if (strcmp(grub_default_entry_id(wanted, &menu->items[i]), wish->id) ==
				0 &&
			(!file || strcmp(kernel, file) == 0))
			return true;
	}
	return false;
}

/* That it is there for each kernel that has a normal entry. */
static int check_kernels(const struct grub_cfg *menu, const struct bootentries *wanted,
	const struct bootentry *wish, struct bootmenu_change *change)
{
	char kernel[PATH_MAX];

	if (!has_entry(menu, wanted, wish, NULL))
		return bootmenu_fail(change,
			"the new grub.cfg has no entry '(%s)': /etc/grub.d/10_linux "
			"makes none that can be copied",
			wish->title);
	for (size_t i = 0; i < menu->n; i++) {
		if (menu->items[i].maker != GRUB_CFG_LINUX)
			continue;
		grub_cfg_kernel(&menu->items[i], kernel, sizeof(kernel));
		if (*kernel && !has_entry(menu, wanted, wish, kernel))
			return bootmenu_fail(change,
				"the new grub.cfg has no entry '(%s)' for %s, which has a "
				"normal one: see what /etc/grub.d/" GRUB_CFG_GENERATOR
				" prints when grub-mkconfig runs",
				wish->title, kernel);
	}
	return 0;
}

/* That ours do what their titles say. */
static int check_arguments(const struct grub_cfg *menu, const struct bootentries *wanted,
	const struct bootentry *wish, struct bootmenu_change *change)
{
	char missing[BOOTENTRY_ARGS_SIZE];

	for (size_t i = 0; i < menu->n; i++) {
		const struct grub_cfg_item *item = &menu->items[i];

		if (!item->linux_line[0] ||
			strcmp(grub_default_entry_id(wanted, item), wish->id) != 0)
			continue;
		bootentry_missing_arguments(item->linux_line, wish, missing);
		if (missing[0])
			return bootmenu_fail(change,
				"the entry '%s' of the new grub.cfg lacks %s: "
				"/etc/grub.d/10_linux does not pass on "
				"GRUB_CMDLINE_LINUX_DEFAULT; put back the one of its package",
				item->title, missing);
	}
	return 0;
}

static int judge(const struct root *root, const struct bootentries *wanted,
	const struct menus *menus, struct bootmenu_change *change)
{
	int r = 0;

	if (!menus->new.n)
		return bootmenu_fail(change, "the new grub.cfg has no entry at all");
	r = check_first(&menus->new, wanted, change);
	for (unsigned i = 0; r == 0 && i < wanted->n; i++) {
		r = check_kernels(&menus->new, wanted, &wanted->entries[i], change);
		if (r == 0)
			r = check_arguments(
				&menus->new, wanted, &wanted->entries[i], change);
	}
	if (r < 0)
		return r;
	if (!change->parameters && !others_are_same(&menus->old, &menus->new))
		r = bootmenu_warn(change,
			"other entries of the menu have changed, too: grub.cfg was older than "
			"the kernels or the settings in /etc/default/grub");
	return r < 0 ? r : compare_defaults(root, menus, wanted->n > 0, change);
}

int grub_default_check_menu(const struct root *root, const struct bootentries *wanted,
	const struct grub_default_texts *texts, struct bootmenu_change *change)
{
	_cleanup_(free_menus) struct menus menus = {.texts = texts};
	int r = grub_cfg_parse(texts->before, &menus.old);

	if (r == 0)
		r = grub_cfg_parse(texts->after, &menus.new);
	if (r == 0)
		r = judge(root, wanted, &menus, change);
	if (r == 0 && wanted->n && grub_cfg_is_hidden(texts->after))
		r = bootmenu_warn(change,
			"GRUB's menu is hidden: hold Shift or press Esc while the machine "
			"starts, or set GRUB_TIMEOUT_STYLE=menu and GRUB_TIMEOUT=5 in "
			"/etc/default/grub and run this again");
	return r;
}

/* ---- entries in files, of the Boot Loader Specification ---------------------------------- */

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")] && strcmp(text, "0") != 0;
}

/* A default that counts entries would be another one while ours is there. */
bool grub_default_is_number(const struct root *root, const struct grub_names *names,
	const char *config, char *ret, size_t size)
{
	/* With boot_counter 08_fallback_counting has a number as the default. */
	static const char *const variables[] = {"saved_entry", "boot_counter"};
	enum grub_cfg_condition condition;

	if (grub_cfg_default(config, ret, size, &condition) && is_number(ret))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (grub_env_read(root, names, variables[i], ret, size) && is_number(ret))
			return true;
	return false;
}

struct setting {
	const struct grub_names *names;
	char value[256]; /* "": the first entry */
	bool saved;      /* in the environment block, by grub2-set-default(8) */
};

static bool read_default(const struct root *root, struct setting *ret)
{
	_cleanup_free_ char *config = NULL;
	struct bootmenu_change ignored = {0};
	enum grub_cfg_condition condition;
	struct setting setting = {0};

	if (grub_read_config(root, &setting.names, &config, &ignored) < 0)
		return false;
	/* One that is made by hand may set none. */
	setting.saved = !grub_cfg_default(config, setting.value, sizeof(setting.value),
				&condition) ||
		strcmp(setting.value, SAVED) == 0;
	if (setting.saved)
		grub_env_read(root, setting.names, "saved_entry", setting.value,
			sizeof(setting.value));
	*ret = setting;
	return true;
}

/* Below the first entry, ours come between; "1>2" is the third one of the second submenu. */
static bool would_shift(const char *value)
{
	size_t digits = strspn(value, "0123456789");

	return digits && strspn(value, "0") < digits && strchr(">", value[digits]);
}

static int warn_of_number(const struct setting *setting, struct bootmenu_change *change)
{
	char first[128] = "";

	if (!would_shift(setting->value))
		return 0;
	change->default_moves = true;
	if (!setting->saved)
		snprintf(first, sizeof(first),
			"set GRUB_DEFAULT=saved in /etc/default/grub, run '%s-mkconfig -o "
			"%s/grub.cfg', and ",
			setting->names->tools, setting->names->directory);
	return bootmenu_warn(change,
		"GRUB's default is entry number %s, and the new entries come between: %sname "
		"the one that is meant, with '%s-set-default ID', where ID is the name of its "
		"file in /boot/loader/entries without .conf",
		setting->value, first, setting->names->tools);
}

static int advise_of_choice(const struct root *root, const struct setting *setting,
	struct bootmenu_change *change)
{
	char keeps[8], text[512];

	if (!setting->saved ||
		!grub_env_read(
			root, setting->names, "save_default", keeps, sizeof(keeps)) ||
		strcmp(keeps, "true") != 0)
		return 0;
	snprintf(text, sizeof(text),
		"GRUB has save_default=true: the entry that was chosen last, also one of "
		"these, is the default the next time; '%s-editenv - unset save_default' "
		"and GRUB_SAVEDEFAULT=false in /etc/default/grub end that",
		setting->names->tools);
	return bootmenu_advise(change, text);
}

static int advise_of_hidden(const struct root *root, const struct setting *setting,
	struct bootmenu_change *change)
{
	char hidden[8], text[256];

	if (!grub_env_read(
		    root, setting->names, "menu_auto_hide", hidden, sizeof(hidden)) ||
		!hidden[0] || strcmp(hidden, "0") == 0)
		return 0;
	snprintf(text, sizeof(text),
		"GRUB's menu is hidden after a boot that went well: hold Shift or press Esc "
		"while the machine starts, or show it with '%s-editenv - unset "
		"menu_auto_hide'",
		setting->names->tools);
	return bootmenu_advise(change, text);
}

/* Whether grub.cfg itself has an entry of the name, such as one of another system. */
static bool is_in_config(const char *text, const char *name)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};

	return grub_cfg_parse(text, &menu) < 0 || grub_cfg_find(&menu, name, true);
}

/*
 * The entry that a name means: by its id, its title or its number; the first one where that is not
 * in the menu.  NULL where it is one of grub.cfg itself, or there is none.
 */
static struct bootmenu_entry *find_bls(
	const char *text, const char *name, struct bootmenu *menu)
{
	size_t found = 0;

	if (*name && !name[strspn(name, "0123456789")])
		found = strtoul(name, NULL, 10);
	else if (*name && is_in_config(text, name))
		return NULL;
	for (size_t i = menu->n; *name && i-- > 0;)
		if (strcmp(menu->entries[i].boot_id, name) == 0 ||
			strcmp(menu->entries[i].title, name) == 0)
			found = i;
	return menu->n ? &menu->entries[found < menu->n ? found : 0] : NULL;
}

static void mark_once(const struct root *root, const char *text, struct bootmenu *menu)
{
	char value[ONESHOT_ID_SIZE];
	struct bootmenu_entry *once;

	read_once(root, text, value, sizeof(value));
	once = *value ? find_bls(text, value, menu) : NULL;
	if (once)
		once->is_next = true;
	menu->next_elsewhere = *value && !once;
}

static int expand_options(
	const struct root *root, const char *text, struct bootmenu *menu)
{
	for (size_t i = 0; i < menu->n; i++) {
		char *options = grub_default_expand(root, text, menu->entries[i].options);

		if (!options)
			return -ENOMEM;
		free(menu->entries[i].options);
		menu->entries[i].options = options;
	}
	return 0;
}

int grub_default_read_bls(const struct root *root, struct bootmenu *menu)
{
	_cleanup_free_ char *text = NULL;
	const struct grub_names *names = grub_find(root);
	struct bootmenu_entry *starts;
	char value[512];

	if (names && grub_custom_read_menu(root, names, &text) == -ENOMEM)
		return -ENOMEM;
	if (text && expand_options(root, text, menu) < 0)
		return -ENOMEM;
	if (text)
		mark_once(root, text, menu);
	menu->default_elsewhere = grub_is_twice(root) || (text && grub_cfg_leaves(text));
	if (menu->default_elsewhere)
		return 0;
	if (!text || !read_menu_default(root, text, value, sizeof(value)))
		return 0;
	starts = find_bls(text, value, menu);
	if (starts)
		starts->is_default = true;
	menu->default_elsewhere = menu->n && !starts;
	return 0;
}

int grub_default_check_bls(const struct root *root, struct bootmenu_change *change)
{
	struct setting setting;
	int r;

	if (!read_default(root, &setting))
		return 0;
	r = advise_of_hidden(root, &setting, change);
	if (r == 0)
		r = advise_of_choice(root, &setting, change);
	return r < 0 ? r : warn_of_number(&setting, change);
}
