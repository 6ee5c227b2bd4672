/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what grub-mkconfig writes, line by line: one header a line, and a "}" on a line of its
 * own.  Anything else is read to its end as well, whatever comes out.
 */
#include "grub_cfg.h"

#include "base/base.h"
#include "bootentry.h"

#define DEPTH_MAX 16
#define WHITE     " \t"
#define QUOTE     "'\\''" /* as grub-mkconfig writes a quote in quotes */

/* A block that is open: an item, or below 0 one that is none */
struct block {
	int item;
	unsigned ifs; /* how many were open where it began */
};

/* Where a line is: which blocks and which `if` are open, the innermost last. */
struct nesting {
	/* What is deeper than these is only counted. */
	struct block blocks[DEPTH_MAX];
	const char *ifs[DEPTH_MAX];
	unsigned n, n_ifs;
	enum grub_cfg_maker maker;
};

#define NO_ITEM  (-2)
#define FUNCTION (-3)

static void free_item(struct grub_cfg_item *item)
{
	free(item->title);
	free(item->id);
	free(item->linux_line);
}

/* The text in the quotes at *@cursor, or the bare word; for free().  Moves behind it. */
static char *take_text(const char **cursor)
{
	/* A text in quotes may go on in the next line; it is cut at the end of this one. */
	const char *p = *cursor;
	const char *stop = *p == '\'' ? "'\n" : *p == '"' ? "\"\n" : " \t\n";
	char *text = calloc(1, strcspn(p, "\n") + 1), *end = text;

	p += *stop != ' ';
	while (text && *p && *p != '\n') {
		size_t len = strcspn(p, stop);

		memcpy(end, p, len);
		end += len;
		p += len;
		if (*stop != '\'' || strncmp(p, QUOTE, strlen(QUOTE)) != 0)
			break;
		*end++ = '\'';
		p += strlen(QUOTE);
	}
	*cursor = p + (*p == *stop);
	return text;
}

/* The id on the rest of a header, "" without one. */
static char *take_id(const char *rest, size_t len)
{
	static const char *const options[] = {
		"$menuentry_id_option ", "${menuentry_id_option} ", "--id ", "--id="};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *at = memmem(rest, len, options[i], strlen(options[i]));

		if (!at)
			continue;
		at += strlen(options[i]);
		at += strspn(at, WHITE);
		return take_text(&at);
	}
	return strdup("");
}

static unsigned count_children(const struct grub_cfg *menu, int parent, bool firm)
{
	unsigned n = 0;

	for (size_t i = 0; i < menu->n; i++)
		n += menu->items[i].parent == parent &&
			!(firm && menu->items[i].conditional);
	return n;
}

static unsigned known_blocks(const struct nesting *nesting)
{
	return nesting->n < DEPTH_MAX ? nesting->n : DEPTH_MAX;
}

static int innermost(const struct nesting *nesting)
{
	for (unsigned i = known_blocks(nesting); i-- > 0;)
		if (nesting->blocks[i].item >= 0)
			return nesting->blocks[i].item;
	return GRUB_CFG_TOP;
}

static bool in_function(const struct nesting *nesting)
{
	for (unsigned i = 0; i < known_blocks(nesting); i++)
		if (nesting->blocks[i].item == FUNCTION)
			return true;
	return false;
}

/* Of those `if` that are open, how many began before the innermost block. */
static unsigned ifs_outside(const struct nesting *nesting)
{
	unsigned n = known_blocks(nesting);

	return n ? nesting->blocks[n - 1].ifs : 0;
}

/* @rest is what is behind "menuentry" or "submenu". */
static int add_item(struct grub_cfg *menu, const struct nesting *nesting,
	const char *line, const char *rest)
{
	const char *end = rest + strcspn(rest, "\n");
	_cleanup_(free_item) struct grub_cfg_item item = {.parent = innermost(nesting),
		.maker = nesting->maker,
		.header = line,
		.body = end + (*end == '\n')};
	struct grub_cfg_item *added;

	rest += strspn(rest, WHITE);
	item.title = take_text(&rest);
	item.id = rest < end ? take_id(rest, (size_t)(end - rest)) : strdup("");
	item.linux_line = strdup("");
	item.number = count_children(menu, item.parent, false);
	item.firm_number = count_children(menu, item.parent, true);
	item.conditional = nesting->n_ifs > ifs_outside(nesting);
	added = item.title && item.id && item.linux_line ? LIST_ADD(menu->items, menu->n)
							 : NULL;
	if (added)
		*added = TAKE_STRUCT(item);
	return added ? 0 : -ENOMEM;
}

/* The rest of the line behind the word @word; NULL when it begins with another. */
static const char *behind_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	line += strspn(line, WHITE);
	return strncmp(line, word, len) == 0 && line[len] && strchr(WHITE, line[len])
		? line + len
		: NULL;
}

static int set_linux(struct grub_cfg *menu, const struct nesting *nesting,
	const char *rest, size_t len)
{
	int open = innermost(nesting);
	char *text;

	if (open < 0 || menu->items[open].linux_line[0])
		return 0;
	text = strndup(rest, len);
	if (!text)
		return -ENOMEM;
	free(menu->items[open].linux_line);
	menu->items[open].linux_line = text;
	return 0;
}

/* linuxefi, initrd16: the same command for another way to start. */
static const char *behind_command(const char *line, const char *name)
{
	static const char *const ends[] = {"", "efi", "16"};
	char word[32];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const char *rest;

		text_join(word, sizeof(word), name, ends[i], NULL);
		rest = behind_word(line, word);
		if (rest)
			return rest;
	}
	return NULL;
}

static const char *linux_of(const char *line)
{
	const char *rest = behind_command(line, "linux");

	return rest ? rest + strspn(rest, WHITE) : NULL;
}

static bool line_is(const char *line, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(line, text, len) == 0;
}

/* The comments that grub-mkconfig puts around what a script prints. */
static void read_comment(struct nesting *nesting, const char *line, size_t len)
{
	static const char begin[] = "### BEGIN ", end[] = "### END ";

	if (strncmp(line, end, strlen(end)) == 0)
		nesting->maker = GRUB_CFG_OTHER;
	if (strncmp(line, begin, strlen(begin)) != 0)
		return;
	nesting->maker = GRUB_CFG_OTHER;
	if (line_is(line, len, "### BEGIN /etc/grub.d/10_linux ###") ||
		line_is(line, len, "### BEGIN /etc/grub.d/10_linux_zfs ###"))
		nesting->maker = GRUB_CFG_LINUX;
	else if (line_is(line, len, "### BEGIN /etc/grub.d/" GRUB_CFG_GENERATOR " ###"))
		nesting->maker = GRUB_CFG_OURS;
}

/* How long the line is without blanks and ';' at its end. */
static size_t line_length(const char *line)
{
	size_t len = strcspn(line, "\n");

	while (len && strchr(WHITE ";", line[len - 1]))
		len--;
	return len;
}

/* An `if` that begins on the line, or ends, or both. */
static void go_over_if(struct nesting *nesting, const char *line, size_t len)
{
	if (behind_word(line, "if")) {
		if (nesting->n_ifs < DEPTH_MAX)
			nesting->ifs[nesting->n_ifs] = line;
		nesting->n_ifs++;
	}
	if (len >= 2 && memcmp(line + len - 2, "fi", 2) == 0 &&
		(len == 2 || strchr(WHITE ";", line[len - 3])) &&
		nesting->n_ifs > ifs_outside(nesting))
		nesting->n_ifs--;
}

/*
 * Goes over the line, which is no comment.  @opened: what a block is that begins with it.  Returns the
 * item that ends with it, NO_ITEM for none.
 */
static int go_over(struct nesting *nesting, const char *line, int opened)
{
	size_t indent = strspn(line, WHITE), len = line_length(line);

	if (len <= indent)
		return NO_ITEM;
	go_over_if(nesting, line, len);
	if (line[len - 1] == '{') {
		if (nesting->n < DEPTH_MAX)
			nesting->blocks[nesting->n] =
				(struct block){opened, nesting->n_ifs};
		nesting->n++;
	} else if (len == indent + 1 && line[indent] == '}' && nesting->n) {
		nesting->n_ifs = ifs_outside(nesting);
		if (--nesting->n < DEPTH_MAX)
			return nesting->blocks[nesting->n].item;
	}
	return NO_ITEM;
}

static int read_line(
	struct grub_cfg *menu, struct nesting *nesting, const char *line, size_t len)
{
	size_t indent = strspn(line, WHITE);
	const char *rest = behind_word(line, "menuentry"), *kernel = linux_of(line);
	int opened = behind_word(line, "function") ? FUNCTION : NO_ITEM, ended, r = 0;

	while (len > indent && strchr(WHITE, line[len - 1]))
		len--;
	if (len <= indent)
		return 0;
	if (line[indent] == '#') {
		read_comment(nesting, line, len);
		return 0;
	}
	if (!rest)
		rest = behind_word(line, "submenu");
	if (in_function(nesting)) {
		opened = NO_ITEM;
	} else if (rest) {
		opened = (int)menu->n;
		r = add_item(menu, nesting, line, rest);
	} else if (kernel && kernel < line + len) {
		r = set_linux(menu, nesting, kernel, (size_t)(line + len - kernel));
	}
	ended = go_over(nesting, line, opened);
	if (ended >= 0)
		menu->items[ended].end = line;
	return r;
}

/* Behind a text in quotes, an escape, "${name}" or a comment; or one character (GRUB's yylex.l). */
static const char *token_end(const char *p)
{
	const char *end = p + 1;

	if (*p == '\'')
		end += strcspn(end, "'");
	else if (*p == '"')
		for (; *end && *end != '"'; end++)
			end += *end == '\\' && end[1];
	else if (*p == '$' && *end == '{')
		end += strcspn(end, "}\n");
	else if (*p != '\\')
		return *p == '#' ? p + strcspn(p, "\n") : end;
	return end + (*end != '\0');
}

/* Behind such a word a command begins. */
static bool is_opening(const char *line, size_t len)
{
	size_t indent = strspn(line, WHITE);

	return len > indent &&
		(line_is(line + indent, len - indent, "then") ||
			line_is(line + indent, len - indent, "else") ||
			line_is(line + indent, len - indent, "do"));
}

char *grub_cfg_split(const char *text)
{
	char *ret = calloc(3, strlen(text) + 1), *out = ret, *line = ret;

	for (const char *p = text, *end; ret && *p; p = end) {
		bool begins = out == line || strchr(WHITE, out[-1]);

		end = *p != '#' || begins ? token_end(p) : p + 1;
		if (strncmp(p, "\\\n", 2) == 0)
			continue;
		if (*p == '}' || (*p == '#' && begins))
			*out++ = '\n';
		if (*p == ';' ||
			(strchr(WHITE, *p) && is_opening(line, (size_t)(out - line))))
			*out++ = '\n';
		else
			out = mempcpy(out, p, (size_t)(end - p));
		if (strchr("{}", *p))
			*out++ = '\n';
		if (out > ret && out[-1] == '\n')
			line = out;
	}
	return ret;
}

int grub_cfg_parse(const char *text, struct grub_cfg *ret)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	struct nesting nesting = {0};

	while (*text) {
		size_t len = strcspn(text, "\n");
		int r = read_line(&menu, &nesting, text, len);

		if (r < 0)
			return r;
		text += len + (text[len] == '\n');
	}
	*ret = TAKE_STRUCT(menu);
	return 0;
}

void grub_cfg_free(struct grub_cfg *menu)
{
	for (size_t i = 0; i < menu->n; i++)
		free_item(&menu->items[i]);
	free(menu->items);
	*menu = (struct grub_cfg){0};
}

/* The length of the first step of a path; ">>" is a '>' of the title. */
static size_t step_length(const char *name)
{
	size_t len = 0;

	while (name[len] && (name[len] != '>' || name[len + 1] == '>'))
		len += name[len] == '>' ? 2 : 1;
	return len;
}

static bool title_is(const char *title, const char *step, size_t len)
{
	for (; *title; title++) {
		size_t n = *title == '>' ? 2 : 1;

		if (len < n || *step != *title || step[n - 1] != *title)
			return false;
		step += n;
		len -= n;
	}
	return len == 0;
}

static bool item_is(
	const struct grub_cfg_item *item, const char *step, size_t len, bool conditional)
{
	if (item->conditional && !conditional)
		return false;
	if (len && strspn(step, "0123456789") >= len)
		return strtoul(step, NULL, 10) ==
			(conditional ? item->number : item->firm_number);
	return (strlen(item->id) == len && len && memcmp(item->id, step, len) == 0) ||
		title_is(item->title, step, len);
}

bool grub_cfg_is_submenu(const struct grub_cfg *menu, const struct grub_cfg_item *item)
{
	size_t next = (size_t)(item - menu->items) + 1;

	return next < menu->n && menu->items[next].parent == (int)next - 1;
}

static const struct grub_cfg_item *find_in(const struct grub_cfg *menu, int parent,
	const char *step, size_t len, bool conditional)
{
	for (size_t i = 0; i < menu->n; i++)
		if (menu->items[i].parent == parent &&
			item_is(&menu->items[i], step, len, conditional))
			return &menu->items[i];
	return NULL;
}

const struct grub_cfg_item *grub_cfg_find(
	const struct grub_cfg *menu, const char *name, bool conditional)
{
	size_t len = step_length(name);
	const struct grub_cfg_item *found =
		find_in(menu, GRUB_CFG_TOP, name, len, conditional);

	while (found && name[len] && name[len + 1] && grub_cfg_is_submenu(menu, found)) {
		int parent = (int)(found - menu->items);

		name += len + 1;
		len = step_length(name);
		found = find_in(menu, parent, name, len, conditional);
		if (!found)
			found = find_in(menu, parent, "0", 1, conditional);
	}
	return found;
}

void grub_cfg_name(const struct grub_cfg *menu, const struct grub_cfg_item *item,
	char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	if (item->parent != GRUB_CFG_TOP) {
		grub_cfg_name(menu, &menu->items[item->parent], ret, size);
		used = strlen(ret);
		used += text_join(ret + used, size - used, ">", NULL);
	}
	text_join(ret + used, size - used, item->id[0] ? item->id : item->title, NULL);
}

const char *grub_cfg_kernel(const struct grub_cfg_item *item, char *ret, size_t size)
{
	const char *file = item->linux_line, *rest;
	size_t len = strcspn(file, WHITE);

	/* 10_linux_zfs quotes it. */
	if (*file == '\'' || *file == '"') {
		len = strcspn(file + 1, *file == '"' ? "\"" : "'");
		file++;
	}
	rest = file + len + strspn(file + len, "'\"");
	if (!copy_text(ret, size, file, len))
		ret[0] = '\0';
	return rest + strspn(rest, WHITE);
}

const char *grub_cfg_next_command(
	const struct grub_cfg_item *item, const char *name, const char **cursor)
{
	const char *line = *cursor ? text_next_line(*cursor) : item->body;

	for (; item->end && line < item->end; line = text_next_line(line)) {
		const char *rest = behind_command(line, name);

		*cursor = line;
		if (rest)
			return rest + strspn(rest, WHITE);
	}
	return NULL;
}

bool grub_cfg_is_tuned(const char *word)
{
	return strcmp(word, "$tuned_initrd") == 0 || strcmp(word, "${tuned_initrd}") == 0;
}

bool grub_cfg_next_word(const char **cursor, char *ret, size_t size)
{
	const char *p = *cursor + strspn(*cursor, WHITE);
	size_t n = 0;
	char quote = '\0';

	for (; *p && *p != '\n' && (quote || !strchr(WHITE, *p)); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? '\0' : *p;
			continue;
		}
		if (n + 1 >= size)
			return false;
		ret[n++] = *p;
	}
	ret[n] = '\0';
	*cursor = p;
	return n > 0;
}

/* Whether the line, up to its newline, has the text. */
static bool line_has(const char *line, const char *text)
{
	return memmem(line, strcspn(line, "\n"), text, strlen(text));
}

static const char *setting_of(const char *line)
{
	const char *rest = behind_word(line, "set");

	return rest ? rest + strspn(rest, WHITE) : "";
}

/* What the line sets the variable to.  False: it does not. */
static bool read_value(
	const char *line, const char *name, char *ret, size_t size, bool *ret_fits)
{
	size_t len = strlen(name);
	const char *value = setting_of(line);

	if (!*value)
		value = line + strspn(line, WHITE);
	if (strncmp(value, name, len) != 0 || value[len] != '=')
		return false;
	value += len + 1;
	ret[0] = '\0';
	*ret_fits = grub_cfg_next_word(&value, ret, size) || strcspn(value, "\n") == 0;
	return true;
}

/* The lines of an entry that is @indent deep, out of whatever it is in.  0 or -ENOMEM. */
static int print_body(FILE *out, const struct grub_cfg_item *item,
	const struct grub_cfg_copy *copy, size_t indent)
{
	for (const char *line = item->body; line < item->end;
		line = text_next_line(line)) {
		size_t own = strspn(line, WHITE), len = strcspn(line, "\n");
		const char *word = line + own;
		size_t cut = own < indent ? 0 : indent;
		_cleanup_free_ char *text = strndup(line + cut, len - cut), *more = NULL;

		if (strncmp(word, "savedefault", 11) == 0 ||
			strncmp(word, "recordfail", 10) == 0)
			continue;
		if (text && linux_of(line))
			more = cmdline_join(text, copy->parameters);
		if (!text || (linux_of(line) && !more))
			return -ENOMEM;
		fprintf(out, "%s\n", more ? more : text);
	}
	return 0;
}

static int print_copy(
	const struct grub_cfg_item *item, const struct grub_cfg_copy *copy, char **ret)
{
	_cleanup_free_ char *text = NULL;
	struct text_stream stream;
	int r;

	if (!text_stream_open(&stream))
		return -ENOMEM;
	fprintf(stream.out, "menuentry '%s' --class gnu-linux --class os%s --id '%s' {\n",
		copy->title,
		line_has(item->header, "--unrestricted") ? " --unrestricted" : "",
		copy->id);
	r = print_body(stream.out, item, copy, strspn(item->header, WHITE));
	fprintf(stream.out, "}\n");
	text = text_stream_take(&stream);
	if (r < 0 || !text)
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return 0;
}

/* For a boot that is neither ours nor a rescue. */
static bool starts_kernel(const struct grub_cfg_item *item, const char *kernel)
{
	char file[512];
	const char *arguments = grub_cfg_kernel(item, file, sizeof(file));

	return *file && strcmp(file, kernel) == 0 && !bootentry_has_own(arguments) &&
		!cmdline_has(arguments, "single", NULL) &&
		!line_has(item->header, "-recovery-");
}

/* Without its "}" the end of an entry is a guess, and so it is with another one inside. */
static bool is_whole(const struct grub_cfg *menu, size_t index)
{
	for (size_t i = index + 1; i < menu->n; i++)
		if (menu->items[i].parent == (int)index)
			return false;
	return menu->items[index].end;
}

int grub_cfg_copy_entry(const char *text, const struct grub_cfg_copy *copy, char **ret)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	int r = grub_cfg_parse(text, &menu), found = -ENOENT;

	for (size_t i = 0; r == 0 && i < menu.n; i++) {
		if (!starts_kernel(&menu.items[i], copy->kernel))
			continue;
		if (is_whole(&menu, i))
			return print_copy(&menu.items[i], copy, ret);
		found = -EBADMSG;
	}
	return r < 0 ? r : found;
}

/* Whether the condition of an `if` around it has the word. */
static bool is_within(const struct nesting *nesting, const char *word)
{
	for (unsigned i = 0; i < nesting->n_ifs && i < DEPTH_MAX; i++)
		if (line_has(nesting->ifs[i], word))
			return true;
	return false;
}

/* What the line sets as the default.  False: it does not, or is not run. */
static bool read_default(
	const struct nesting *nesting, const char *line, char *ret, size_t size)
{
	bool fits;

	if (nesting->n || !read_value(line, "default", ret, size, &fits))
		return false;
	if (!fits)
		ret[0] = '\0';
	ret[strcspn(ret, ";")] = '\0';
	return strcmp(ret, "${next_entry}") != 0;
}

/* Whether another command than `set` may give the variable a value: `search --set=root`. */
static bool is_set_otherwise(const char *line, const char *name)
{
	const char *option = line_has(line, "--set") ? strstr(line, "--set") + 5 : "";

	option += strspn(option, "= \t1234567890:");
	return *option && strncmp(option, name, strlen(name)) == 0;
}

enum grub_cfg_setting grub_cfg_variable(
	const char *text, const char *name, char *ret, size_t size)
{
	enum grub_cfg_setting found = GRUB_CFG_UNSET;
	struct nesting nesting = {.n = 0};
	bool fits;

	for (ret[0] = '\0'; *text; text = text_next_line(text)) {
		char value[512];

		if (text[strspn(text, WHITE)] == '#')
			continue;
		go_over(&nesting, text, NO_ITEM);
		if (is_set_otherwise(text, name))
			return GRUB_CFG_UNKNOWN;
		if (!read_value(text, name, value, sizeof(value), &fits))
			continue;
		if (!fits || strchr(value, '$') ||
			(*value && *ret && strcmp(value, ret) != 0))
			return GRUB_CFG_UNKNOWN;
		if (found != GRUB_CFG_SET)
			found = nesting.n_ifs || nesting.n ? GRUB_CFG_MAYBE_SET
							   : GRUB_CFG_SET;
		if (*value && !copy_text(ret, size, value, strlen(value)))
			return GRUB_CFG_UNKNOWN;
	}
	return found;
}

bool grub_cfg_default(
	const char *text, char *ret, size_t size, enum grub_cfg_condition *ret_condition)
{
	struct nesting nesting = {.n = 0};
	char value[512];
	bool found = false;

	*ret_condition = GRUB_CFG_ALWAYS;
	for (; *text; text = text_next_line(text)) {
		bool counted;

		if (text[strspn(text, WHITE)] == '#')
			continue;
		go_over(&nesting, text, NO_ITEM);
		if (!read_default(&nesting, text, value, sizeof(value)))
			continue;
		counted = is_within(&nesting, "boot_counter");
		if (counted || (nesting.n_ifs && !is_within(&nesting, "next_entry")))
			*ret_condition |= counted ? GRUB_CFG_COUNTED : GRUB_CFG_PERHAPS;
		else
			*ret_condition = GRUB_CFG_ALWAYS;
		found |= !counted && copy_text(ret, size, value, strlen(value));
	}
	return found;
}

bool grub_cfg_has_choice(const struct grub_cfg_item *item, const char *name)
{
	struct nesting nesting = {.n = 0};
	unsigned n = 0;

	for (const char *line = item->body; item->end && line < item->end;
		line = text_next_line(line)) {
		go_over(&nesting, line, NO_ITEM);
		if (behind_command(line, name) && (++n > 1 || nesting.n_ifs || nesting.n))
			return true;
	}
	return false;
}

/*
 * Whether the line reads another file: none of those that distributions have for the entries of a
 * person, which are read here, too, for a password, and for a submenu of snapshots.
 */
static bool reads_other(const char *line)
{
	static const char *const known[] = {
		"/custom.cfg", "/user.cfg", "/grub-snapshot.cfg"};
	const char *words = behind_word(line, "source");
	char file[512];

	if (behind_word(line, "configfile") || behind_word(line, "uki"))
		return true;
	words = words ? words : behind_word(line, ".");
	if (!words || !grub_cfg_next_word(&words, file, sizeof(file)))
		return words;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (text_ends_with(file, known[i]))
			return false;
	return true;
}

bool grub_cfg_leaves(const char *text)
{
	struct nesting nesting = {.n = 0};

	for (; *text; text = text_next_line(text)) {
		if (text[strspn(text, WHITE)] == '#')
			continue;
		go_over(&nesting, text, NO_ITEM);
		if (!nesting.n && reads_other(text))
			return true;
	}
	return false;
}

bool grub_cfg_is_hidden(const char *text)
{
	bool hidden = false;

	for (; *text; text = text_next_line(text)) {
		const char *value = setting_of(text);

		hidden |= strncmp(value, "timeout_style=hidden", 20) == 0 ||
			strncmp(value, "timeout=0\n", 10) == 0;
	}
	return hidden;
}

bool grub_cfg_has(const char *text, const char *what)
{
	for (; *text; text = text_next_line(text))
		if (text[strspn(text, WHITE)] != '#' && line_has(text, what))
			return true;
	return false;
}

bool grub_cfg_is_command(const char *line, const char *name)
{
	size_t indent = strspn(line, WHITE), len = line_length(line);

	return len > indent && line_is(line + indent, len - indent, name);
}

bool grub_cfg_runs(const char *text, const char *name)
{
	for (; *text; text = text_next_line(text))
		if (grub_cfg_is_command(text, name))
			return true;
	return false;
}
