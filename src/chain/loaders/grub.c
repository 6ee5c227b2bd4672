/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB with a grub.cfg of grub-mkconfig(8): our generator in /etc/grub.d makes the entries, out
 * of BOOTENTRY_FILE, whenever that runs.  Here it is run once, into a file beside grub.cfg, which
 * takes its place when all is well with it.
 *
 * grub-mkconfig frames what each generator prints with two comments.  A grub.cfg that was made
 * before ours was installed has not even those, and gets them not by `entry remove` either.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/base.h"
#include "bootmenu.h"
#include "change/change.h"
#include "grub_cfg.h"
#include "grub_custom.h"
#include "grub_default.h"
#include "grub_env.h"
#include "grub_trial.h"
#include "grub_uki.h"
#include "permanent.h"
#include "place.h"
#include "uki_image.h"

#define GENERATOR GRUB_CFG_GENERATOR
#define ID_START  "gnulinux-" /* of all that 10_linux makes */
#define MADE      ".vfioboot" /* behind the name of grub.cfg */

static bool is_executable(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = file_open(root, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

/* Finds the frame around what our generator printed.  False without one. */
static bool find_section(const char *text, const char **ret_start, const char **ret_end)
{
	static const char begin[] = "\n### BEGIN /etc/grub.d/" GENERATOR " ###\n";
	static const char end[] = "### END /etc/grub.d/" GENERATOR " ###\n";
	const char *start = strstr(text, begin),
		   *stop = start ? strstr(start, end) : NULL;

	if (!stop)
		return false;
	*ret_start = start;
	*ret_end = stop + strlen(end);
	return true;
}

/* dpkg(1) does not bring back a configuration file that was deleted, unless it is forced to. */
static int check_generator(const struct root *root, const char *path, const char *what,
	const char *package, struct bootmenu_change *change)
{
	if (is_executable(root, path))
		return 0;
	if (file_exists(root, "%s", path))
		return bootmenu_fail(change, "%s%s is not executable; run 'chmod +x %s'",
			path, what, path);
	return bootmenu_fail(change,
		"%s%s is missing; install %s again (dpkg: with --force-confmiss)", path,
		what, package);
}

/* Where 10_linux has nothing to do: GRUB itself makes the normal entries. */
static int check_uki(const struct root *root, const struct grub_names *names,
	const char *text, struct bootmenu_change *change)
{
	if (!grub_cfg_runs(text, GRUB_UKI) || is_executable(root, "/etc/grub.d/10_linux"))
		return 0;
	message_remedy(&change->message,
		"bind the devices at each boot instead, by sections without 'profile ='");
	return bootmenu_fail(change,
		"GRUB has an entry for each unified kernel image ('" GRUB_UKI
		"' in %s), and a copy of one would come before it, as the default",
		names->config);
}

static int plan(const struct root *root, struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_free_ char *text = NULL;
	const struct grub_names *names;
	const char *start, *end;
	struct bootentries old = {0};
	int r = grub_read_config(root, &names, &text, change);

	if (r == 0 && wanted->n)
		r = check_uki(root, names, text, change);
	if (r == 0 && wanted->n)
		r = check_generator(root, "/etc/grub.d/10_linux",
			", which makes the normal entries,", "GRUB's package", change);
	if (r == 0 && wanted->n)
		r = check_generator(
			root, "/etc/grub.d/" GENERATOR, "", "vfioboot", change);
	if (r < 0)
		return r;
	/* When entries are removed, the file may be gone already, and has said so before. */
	if (bootmenu_read_wanted(root, &old) == 0)
		wanted->grub_without_section = old.grub_without_section;
	else if (wanted->n)
		wanted->grub_without_section = !find_section(text, &start, &end);
	change->finish = true;
	return file_add_name(&change->steps,
		"rebuild the menu of GRUB, check it, and put it in place");
}

/* What it takes to rebuild the menu. */
struct rebuild {
	const struct root *root;
	const struct bootentries *wanted;
	struct bootmenu_change *change;
	const struct grub_names *names;
	const char *
		target; /* where grub.cfg leads: a link, as one into the ESP, stays one */
	char made[PATH_MAX]; /* the new one, beside it */
};

/* What a program said: its first error, and its last two lines. */
struct said {
	char error[256], before[128], last[128];
};

static void keep_line(void *data, const char *text)
{
	struct said *said = data;

	/* grub-mkconfig ends with a request to send a file to its authors; it is deleted. */
	if (!*text || strstr(text, MADE ".new") || strstr(text, "file a bug report"))
		return;
	if (!said->error[0] && strcasestr(text, "error"))
		text_join(said->error, sizeof(said->error), text, NULL);
	text_join(said->before, sizeof(said->before), said->last, NULL);
	text_join(said->last, sizeof(said->last), text, NULL);
}

static int fail_of_program(const char *program, int status, const struct said *said,
	struct bootmenu_change *change)
{
	char cause[300] = "";

	if (status > 128)
		return bootmenu_fail(change,
			"%s was ended by signal %d; grub.cfg is unchanged", program,
			status - 128);
	if (said->error[0])
		text_join(cause, sizeof(cause), ": ", said->error, NULL);
	else if (said->last[0])
		text_join(cause, sizeof(cause), ": ", said->before,
			said->before[0] ? "; " : "", said->last, NULL);
	text_make_printable(cause);
	if (cause[0] && cause[strlen(cause) - 1] == '.')
		cause[strlen(cause) - 1] = '\0';
	return bootmenu_fail(change, "%s failed (%d)%s; grub.cfg is unchanged", program,
		status, cause);
}

/* Runs a program of GRUB: @args are its name without "grub-", and up to two arguments. */
static int run_checked(const struct rebuild *rebuild, const char *const args[])
{
	static const char *const prefixes[] = {"grub-", "grub2-"};
	bool two = strcmp(rebuild->names->tools, "grub2") == 0;
	char program[64];
	const char *argv[] = {program, args[1], args[2], NULL};
	struct said said = {.error = ""};
	int r = -ENOENT;

	/* Distributions that call the directory grub2 call the programs so, as a rule. */
	for (int i = 0; r == -ENOENT && i < 2; i++) {
		text_join(program, sizeof(program), prefixes[i ? !two : two], args[0],
			NULL);
		r = run_program(argv, keep_line, &said);
	}
	if (r == -ENOENT)
		return bootmenu_fail(rebuild->change,
			"grub-%s or grub2-%s is missing: install the programs of GRUB",
			args[0], args[0]);
	if (r < 0)
		return bootmenu_fail(
			rebuild->change, "cannot run %s: %s", program, errno_text(r));
	return r ? fail_of_program(program, r, &said, rebuild->change) : 0;
}

/* Without the frame of ours, where it was not there before and is empty now. */
static void drop_section(const struct rebuild *rebuild, const char *before, char *text)
{
	const char *start, *end;
	bool without = rebuild->change->parameters
		? !find_section(before, &start, &end)
		: rebuild->wanted->grub_without_section;

	if (!rebuild->wanted->n && without && find_section(text, &start, &end))
		memmove(text + (start - text), end, strlen(end) + 1);
}

/* Whether somebody else, such as the package of a kernel, has rebuilt the menu since. */
static int check_same(const struct rebuild *rebuild, const char *before)
{
	_cleanup_free_ char *now = NULL;
	int r = file_read(rebuild->root, rebuild->target, &now, NULL);

	if (r < 0)
		return r;
	return strcmp(before, now) == 0 ? 0 : -EAGAIN;
}

/* Makes the new menu, in its file beside the old one, out of the present settings. */
static int make_text(const struct rebuild *rebuild, char **ret_before, char **ret_after)
{
	const char *const make_args[] = {"mkconfig", "-o", rebuild->made, NULL};
	const char *const check_args[] = {"script-check", rebuild->made, NULL};
	_cleanup_free_ char *before = NULL, *after = NULL;
	int r = file_read(rebuild->root, rebuild->target, &before, NULL);

	if (r == 0)
		r = run_checked(rebuild, make_args);
	if (r == 0)
		r = run_checked(rebuild, check_args);
	if (r == 0)
		r = file_read(rebuild->root, rebuild->made, &after, NULL);
	if (r < 0)
		return r;
	drop_section(rebuild, before, after);
	free(*ret_before);
	free(*ret_after);
	*ret_before = TAKE_PTR(before);
	*ret_after = TAKE_PTR(after);
	return check_same(rebuild, *ret_before);
}

/* It keeps owner, mode, ACL and label of the old one. */
static int put_in_place(
	const struct rebuild *rebuild, const struct grub_default_texts *texts)
{
	int r = check_same(rebuild, texts->before);

	if (r < 0 || strcmp(texts->before, texts->after) == 0)
		return r;
	r = atomicfile_write_below(
		rebuild->root, rebuild->target, texts->after, strlen(texts->after));
	return r < 0 ? bootmenu_fail(rebuild->change, "cannot replace %s: %s",
			       rebuild->target, errno_text(r))
		     : 0;
}

/* Makes a new menu, looks at it, and puts it in the place of the old one. */
static int rebuild_menu(const struct rebuild *rebuild)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct grub_default_texts texts;
	int r = make_text(rebuild, &before, &after);

	/* What the other one made is of use for one more try: it has the entries, too. */
	if (r == -EAGAIN)
		r = make_text(rebuild, &before, &after);
	texts = (struct grub_default_texts){before, after, rebuild->names->config};
	if (r == 0)
		r = grub_default_check_menu(
			rebuild->root, rebuild->wanted, &texts, rebuild->change);
	if (r == 0)
		r = put_in_place(rebuild, &texts);
	return r == -EAGAIN
		? bootmenu_fail(rebuild->change,
			  "another program has changed %s meanwhile; run this "
			  "again",
			  rebuild->names->config)
		: r;
}

/* What grub-mkconfig and we write before it is in place: a run that is killed leaves it. */
static void remove_made(const char *target)
{
	char path[PATH_MAX];

	text_join(path, sizeof(path), target, MADE, NULL);
	unlink(path);
	text_join(path, sizeof(path), target, MADE ".new", NULL);
	unlink(path);
}

static int finish(const struct root *root, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	struct rebuild rebuild = {.root = root,
		.wanted = wanted,
		.change = change,
		.names = grub_find(root)};
	_cleanup_free_ char *target =
		rebuild.names ? realpath(rebuild.names->config, NULL) : NULL;
	int r;

	if (!target)
		return rebuild.names ? -errno : -ENOENT;
	rebuild.target = target;
	text_join(rebuild.made, sizeof(rebuild.made), target, MADE, NULL);
	remove_made(target);
	r = rebuild_menu(&rebuild);
	remove_made(target);
	return r;
}

static void tidy(const struct root *root)
{
	const struct grub_names *names = grub_find(root);
	_cleanup_free_ char *target = names ? realpath(names->config, NULL) : NULL;

	if (target)
		remove_made(target);
}

/* What it takes to read a menu. */
struct reading {
	const struct bootentries *wanted;
	const char *text; /* of grub.cfg */
	struct places places;
	struct grub_cfg menu;
	const struct grub_cfg_item *starts; /* when nobody chooses; NULL: not known */
	const struct grub_cfg_item *once;   /* at the next boot; NULL: as always */
};

static void free_reading(struct reading *reading)
{
	places_free(&reading->places);
	grub_cfg_free(&reading->menu);
}

/* The file system that the entry has GRUB search for last, by its UUID or label; "" for none. */
static void find_searched(const struct grub_cfg_item *item, char *ret, size_t size)
{
	const char *cursor = NULL, *words;
	char word[NAME_MAX];

	*ret = '\0';
	while ((words = grub_cfg_next_command(item, "search", &cursor))) {
		bool by_name = false;

		*ret = '\0';
		while (grub_cfg_next_word(&words, word, sizeof(word))) {
			by_name |= grub_searches_by_name(word);
			text_join(ret, size, by_name ? word : "", NULL);
		}
	}
}

static int add_initrds(const struct grub_cfg_item *item, const struct place *place,
	struct bootmenu_entry *entry)
{
	const char *cursor = NULL,
		   *words = grub_cfg_next_command(item, "initrd", &cursor);
	bool known = !grub_cfg_has_choice(item, "initrd");
	char word[PATH_MAX], path[PATH_MAX];
	int r = 0;

	while (r == 0 && words && known &&
		grub_cfg_next_word(&words, word, sizeof(word))) {
		if (grub_cfg_is_tuned(word))
			continue;
		place_path(place, word, path);
		known = *path && !strchr(path, '$');
		r = known ? file_add_name(&entry->initrds, path) : 0;
	}
	if (!known) {
		entry->kernel_path = NULL;
		file_free_names(&entry->initrds);
	}
	return r;
}

/* Which files the item loads, with @command; the kernel's path in @path. */
static int follow(const struct reading *reading, const struct grub_cfg_item *item,
	const char *command, char path[static PATH_MAX], struct bootmenu_entry *entry)
{
	char searched[NAME_MAX], file[PATH_MAX];
	const char *cursor = NULL, *words = grub_cfg_next_command(item, command, &cursor);
	struct place place;

	*path = '\0';
	find_searched(item, searched, sizeof(searched));
	if (!words || grub_cfg_has_choice(item, command) ||
		!grub_cfg_next_word(&words, file, sizeof(file)) ||
		!place_find(&reading->places, *searched ? searched : NULL, file, &place))
		return 0;
	place_path(&place, file, path);
	entry->kernel_path = path;
	return add_initrds(item, &place, entry);
}

/* A unified image that is started as another loader would be. */
static int follow_chain(const struct reading *reading, const struct grub_cfg_item *item,
	char path[static PATH_MAX], struct uki *image, struct bootmenu_entry *entry)
{
	int r = follow(reading, item, "chainloader", path, entry);

	entry->kind = BOOTMENU_ELSE;
	if (r < 0 || !*path)
		return r;
	r = uki_follow(reading->places.root, path, 0, image, entry);
	if (r <= 0)
		return r;
	entry->kind = BOOTMENU_SYSTEM;
	if (!entry->kernel)
		entry->kernel = image->name;
	return 0;
}

/* Tests of the memory are started as kernels are. */
static bool is_memory_test(const char *name)
{
	return text_begins_with(name, "memtest") || text_begins_with(name, "mt86") ||
		text_begins_with(name, "memdisk");
}

static enum bootmenu_kind judge(
	const struct bootmenu_entry *entry, const struct grub_cfg_item *item)
{
	if (entry->id[0])
		return BOOTMENU_OURS;
	if (strncmp(item->id, ID_START, strlen(ID_START)) == 0)
		return BOOTMENU_NORMAL;
	return entry->kernel_path && *entry->kernel_path && !is_memory_test(entry->kernel)
		? BOOTMENU_SYSTEM
		: BOOTMENU_ELSE;
}

static int read_item(const struct reading *reading, const struct grub_cfg_item *item,
	char path[static PATH_MAX], char file[static PATH_MAX], struct uki *image,
	struct bootmenu_entry *entry)
{
	int r;

	if (!item->linux_line[0])
		return follow_chain(reading, item, path, image, entry);
	entry->options = (char *)grub_cfg_kernel(item, file, PATH_MAX);
	entry->kernel = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	r = follow(reading, item, "linux", path, entry);
	entry->kind = judge(entry, item);
	if (strncmp(entry->kernel, "vmlinuz-", strlen("vmlinuz-")) == 0)
		entry->kernel += strlen("vmlinuz-");
	return r;
}

static int add_item(const struct reading *reading, size_t index, struct bootmenu *ret)
{
	const struct grub_cfg_item *item = &reading->menu.items[index];
	char name[512], path[PATH_MAX], file[PATH_MAX];
	_cleanup_(uki_free) struct uki image = {0};
	_cleanup_free_ char *options = NULL;
	struct bootmenu_entry entry = {.boot_id = name,
		.title = item->title,
		.is_default = item == reading->starts,
		.is_next = item == reading->once};
	int r;

	if (grub_cfg_is_submenu(&reading->menu, item))
		return 0;
	text_join(entry.id, sizeof(entry.id),
		grub_default_entry_id(reading->wanted, item), NULL);
	grub_cfg_name(&reading->menu, item, name, sizeof(name));
	r = read_item(reading, item, path, file, &image, &entry);
	if (r == 0 && item->linux_line[0]) {
		options = grub_default_expand(
			reading->places.root, reading->text, entry.options);
		entry.options = options;
		r = options ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = bootmenu_add(ret, &entry);
	file_free_names(&entry.initrds);
	return r;
}

static int read_menu(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	_cleanup_(free_reading) struct reading reading = {.wanted = wanted};
	_cleanup_free_ char *text = NULL;
	const struct grub_names *names = grub_find(root);
	int r = names ? grub_custom_read_menu(root, names, &text) : -ENOENT;

	places_read(root, &reading.places);
	if (r == 0)
		r = grub_uki_expand(root, &text, ret->failed, sizeof(ret->failed));
	reading.text = text;
	if (r == 0)
		r = grub_cfg_parse(text, &reading.menu);
	if (r == 0)
		reading.starts = grub_default_find(root, text, &reading.menu);
	if (r == 0)
		reading.once = grub_default_find_once(
			root, text, &reading.menu, &ret->next_elsewhere);
	/* Such a command leads to another menu. */
	if (text && (grub_is_twice(root) || grub_cfg_leaves(text))) {
		ret->default_elsewhere = true;
		reading.starts = NULL;
	}
	for (size_t i = 0; r == 0 && i < reading.menu.n; i++)
		r = add_item(&reading, i, ret);
	if (r < 0 && !ret->failed[0])
		text_join(ret->failed, sizeof(ret->failed),
			names ? names->config : "/boot/grub/grub.cfg", NULL);
	return r;
}

const struct bootloader_ops bootloader_ops_grub = {
	.plan = plan,
	.finish = finish,
	.follows = true,
	.read = read_menu,
	.tidy = tidy,
	.plan_trial = grub_trial_plan,
	.arm = grub_env_arm,
	.armed = grub_env_armed,
	.disarm = grub_env_disarm,
	.find_permanent = permanent_grub,
};
