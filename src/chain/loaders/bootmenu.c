/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that are the same for each loader: plan, write, finish, or take back. */
#include "bootmenu.h"

#include <stdarg.h>

#include "base/base.h"
#include "chain/generators/generators.h"

int bootmenu_warn(struct bootmenu_change *change, const char *format, ...)
{
	char text[640];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return file_add_name(&change->warnings, text);
}

int bootmenu_advise(struct bootmenu_change *change, const char *text)
{
	return change->update ? 0 : file_add_name(&change->warnings, text);
}

int bootmenu_write(struct bootmenu_change *change, const struct root *root,
	const char *path, const char *text)
{
	change->files.root = root;
	change->files.unstoppable = true;
	return change_put_text(&change->files, path, text);
}

int bootmenu_write_files(struct bootmenu_change *change)
{
	struct change_failure failure;
	int r = change_carry_out(&change->files, NULL, &failure);

	if (r < 0) {
		change->message = failure.message;
		change->message.code = r = -EREMOTEIO;
	}
	change_free_failure(&failure);
	return r;
}

static void restore_files(struct bootmenu_change *change)
{
	struct change_failure failure;

	change_undo(&change->files, &failure);
}

int bootmenu_read_wanted(const struct root *root, struct bootentries *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, BOOTENTRY_FILE, &text, NULL);

	if (r < 0)
		return r == -ENOTDIR ? -ENOENT : r;
	bootentry_parse(text, ret);
	return 0;
}

static int plan_loader(const struct root *root, const struct bootloader *loader,
	struct bootentries *wanted, struct bootmenu_change *change)
{
	if (!loader->ops->plan)
		return wanted->n ? -EOPNOTSUPP : 0;
	return loader->ops->plan(root, wanted, change);
}

static int fail_file(struct bootmenu_change *change, int error, const char *what)
{
	if (error == -EISDIR)
		message_remedy(&change->message, "move that away");
	return bootmenu_fail_errno(change, error, "cannot %s " BOOTENTRY_FILE, what);
}

/* The file comes first: the loader's own program reads it. */
static int plan_file(const struct root *root, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	_cleanup_free_ char *text = NULL;
	struct change_step last;
	size_t n;
	int r;

	if (wanted->n) {
		text = bootentry_format(wanted);
		if (!text)
			return -ENOMEM;
	}
	n = change->files.n;
	r = bootmenu_write(change, root, BOOTENTRY_FILE, text);
	if (r < 0 && r != -ENOMEM)
		return fail_file(change, r, "read");
	if (r < 0 || change->files.n == n)
		return r;
	last = change->files.steps[n];
	memmove(change->files.steps + 1, change->files.steps, n * sizeof(last));
	change->files.steps[0] = last;
	return 0;
}

int bootmenu_plan(const struct root *root, const struct bootloader *loader,
	struct bootentries *wanted, struct bootmenu_change *ret)
{
	int r;

	*ret = (struct bootmenu_change){0};
	text_join(wanted->loader, sizeof(wanted->loader), loader->name, NULL);
	r = plan_loader(root, loader, wanted, ret);
	return r < 0 ? r : plan_file(root, wanted, ret);
}

int bootmenu_plan_update(const struct root *root, const struct bootloader *loader,
	const struct bootentries *wanted, struct bootmenu_change *ret)
{
	struct bootentries entries = *wanted;

	*ret = (struct bootmenu_change){.update = true};
	return loader->ops->follows ? 0 : plan_loader(root, loader, &entries, ret);
}

int bootmenu_may_leak(const struct root *root, const struct bootentries *wanted)
{
	_cleanup_free_ char *rest = NULL, *cmdline = NULL;
	int r;

	if (initramfs_cmdline_file(root))
		return 0;
	r = cmdline_read_if_any(root, &cmdline);
	return r < 0 ? r : bootentry_strip(cmdline, wanted, &rest);
}

int bootmenu_read_default(const struct root *root, const struct bootloader_ops *ops,
	struct bootmenu_default *ret)
{
	static const struct bootentries none;
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	int r = ops->read ? ops->read(root, &none, &menu) : 0;

	*ret = (struct bootmenu_default){0};
	for (size_t i = 0; r == 0 && i < menu.n; i++)
		if (menu.entries[i].is_default) {
			ret->is_ours = menu.entries[i].kind == BOOTMENU_OURS;
			return copy_text(ret->id, sizeof(ret->id),
				       menu.entries[i].boot_id,
				       strlen(menu.entries[i].boot_id))
				? 0
				: -ENAMETOOLONG;
		}
	return r;
}

int bootmenu_check_default(const struct root *root, const struct bootloader_ops *ops,
	const struct bootmenu_default *before, struct bootmenu_change *change)
{
	struct bootmenu_default now;
	int r = bootmenu_read_default(root, ops, &now);

	change->default_unknown = r < 0 || !before->id[0] || !now.id[0];
	if (r < 0 || !now.is_ours || change->default_moves ||
		strcasecmp(now.id, before->id) == 0)
		return r;
	return bootmenu_fail(change,
		"%s would become the default entry; set the one that is meant with "
		"'bootctl set-default ID' ('bootctl list' shows the IDs)",
		now.id);
}

int bootmenu_carry_out(const struct root *root, const struct bootloader *loader,
	const struct bootentries *wanted, struct bootmenu_change *change)
{
	const struct bootloader_ops *ops = loader->ops;
	bool finish = change->finish && root->live;
	struct bootmenu_default before;
	int r = finish ? 0 : bootmenu_read_default(root, ops, &before);

	if (r == 0)
		r = bootmenu_write_files(change);
	if (r < 0)
		return r;
	if (finish)
		r = ops->finish(root, wanted, change);
	else if (!ops->finish)
		r = bootmenu_check_default(root, ops, &before, change);
	if (r < 0)
		restore_files(change);
	return r;
}

int bootmenu_loader_has_ours(const struct root *root, const struct bootloader *loader,
	char ret_failed[static BOOTMENU_PLACE_SIZE])
{
	static const struct bootentries none;
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	int r = loader->ops->plan ? loader->ops->read(root, &none, &menu) : 0;

	for (size_t i = 0; r == 0 && i < menu.n; i++)
		if (menu.entries[i].kind == BOOTMENU_OURS)
			return 1;
	if (r < 0)
		text_join(ret_failed, BOOTMENU_PLACE_SIZE,
			menu.failed[0] ? menu.failed : loader->title, NULL);
	return r == 0 && loader->ops->has_left ? loader->ops->has_left(root) : r;
}

int bootmenu_has_ours(
	const struct root *root, char ret_failed[static BOOTMENU_PLACE_SIZE])
{
	struct bootloader_search search;
	int first = 0;

	if (file_exists(root, BOOTENTRY_FILE))
		return 1;
	bootloader_find(root, &search);
	if (search.hidden) {
		text_join(ret_failed, BOOTMENU_PLACE_SIZE, "/", search.hidden_at, NULL);
		first = -EACCES;
	}
	for (size_t i = 0; i < search.n; i++) {
		char failed[BOOTMENU_PLACE_SIZE];
		int r = bootmenu_loader_has_ours(root, search.found[i].loader, failed);

		if (r > 0)
			return r;
		if (r < 0 && first == 0) {
			text_join(ret_failed, BOOTMENU_PLACE_SIZE, failed, NULL);
			first = r;
		}
	}
	return first;
}

void bootmenu_hand_place(const struct root *root, const struct bootloader *loader,
	char ret[static BOOTMENU_PLACE_SIZE])
{
	char sign[BOOTLOADER_SIGN_SIZE] = "";

	if (!loader->ops->hand_where)
		bootloader_detect(root, loader, sign);
	text_join(ret, BOOTMENU_PLACE_SIZE,
		loader->ops->hand_where ? loader->ops->hand_where : "/", sign, NULL);
}

void bootmenu_permanent(
	const struct root *root, const struct bootloader *loader, struct permanent *ret)
{
	*ret = (struct permanent){0};
	text_join(ret->place, sizeof(ret->place), loader->ops->permanent_place, NULL);
	text_join(
		ret->command, sizeof(ret->command), loader->ops->permanent_command, NULL);
	if (loader->ops->find_permanent)
		loader->ops->find_permanent(root, ret);
}

/* Takes ours out of one menu; warnings and the first message are added to @all. */
static int remove_from(const struct root *root, const struct bootloader *loader,
	const struct bootentries *none, bool dry_run, struct bootmenu_change *all)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	struct bootentries wanted = *none;
	char failed[BOOTMENU_PLACE_SIZE];
	int r = loader->ops->plan ? bootmenu_loader_has_ours(root, loader, failed) : 0;

	if (r == 0)
		return 0;
	if (r < 0)
		r = bootmenu_fail_errno(&change, r, "cannot read the menu of %s, %s",
			loader->title, failed);
	else
		r = loader->ops->plan(root, &wanted, dry_run ? all : &change);
	if (r == 0 && !dry_run)
		r = bootmenu_carry_out(root, loader, &wanted, &change);
	for (size_t i = 0; i < change.warnings.n; i++)
		bootmenu_warn(all, "%s", change.warnings.names[i]);
	for (size_t i = 0; i < change.steps.n; i++)
		file_add_name(&all->steps, change.steps.names[i]);
	if (!all->message.code)
		all->message = change.message;
	return r;
}

static int fail_hidden(
	const struct bootloader_search *search, struct bootmenu_change *change)
{
	return bootmenu_fail_errno(change, -EACCES, "cannot read /%s", search->hidden_at);
}

/* That the menu which got the entries can be seen: a /boot that is not mounted has them still. */
static int check_reached(const struct bootloader_search *search, const char *name,
	struct bootmenu_change *change)
{
	const struct bootloader *loader = bootloader_named(name);

	for (size_t i = 0; loader && i < search->n; i++)
		if (search->found[i].loader == loader)
			return 0;
	if (!loader)
		return 0;
	if (search->hidden)
		return fail_hidden(search, change);
	return bootmenu_fail(change,
		"the files of %s, whose menu got the entries, are not there: mount /boot; or, "
		"if that boot loader is gone, delete " BOOTENTRY_FILE,
		loader->title);
}

int bootmenu_remove_all(
	const struct root *root, bool dry_run, struct bootmenu_change *ret)
{
	struct bootentries none = {0};
	struct bootloader_search search;
	int first = 0, r;

	*ret = (struct bootmenu_change){0};
	if (bootmenu_read_wanted(root, &none) == 0)
		none.n = 0;
	bootloader_find(root, &search);
	r = check_reached(&search, none.loader, ret);
	if (r < 0)
		return r;
	r = bootmenu_write(ret, root, BOOTENTRY_FILE, NULL);
	if (r < 0)
		return fail_file(ret, r, "remove");
	r = dry_run ? 0 : bootmenu_write_files(ret);
	if (r < 0)
		return r;
	for (size_t i = 0; i < search.n; i++) {
		if (!dry_run && root->live && search.found[i].loader->ops->tidy)
			search.found[i].loader->ops->tidy(root);
		r = remove_from(root, search.found[i].loader, &none, dry_run, ret);
		first = first ? first : r;
	}
	if (dry_run && search.hidden && first == 0)
		return fail_hidden(&search, ret);
	/* What still has entries can be asked again. */
	if (first < 0 && !dry_run)
		restore_files(ret);
	return first;
}

void bootmenu_free_change(struct bootmenu_change *change)
{
	change_free(&change->files);
	file_free_names(&change->warnings);
	file_free_names(&change->steps);
}

static char *copy_or_empty(const char *text)
{
	return strdup(text ? text : "");
}

static int copy_names(const struct file_names *names, struct file_names *ret)
{
	int r = 0;

	*ret = (struct file_names){0};
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = file_add_name(ret, names->names[i]);
	return r;
}

int bootmenu_add(struct bootmenu *menu, const struct bootmenu_entry *entry)
{
	struct bootmenu_entry *copy = LIST_ADD(menu->entries, menu->n);
	int r;

	if (!copy)
		return -ENOMEM;
	*copy = *entry;
	copy->boot_id = copy_or_empty(entry->boot_id);
	copy->title = copy_or_empty(entry->title);
	copy->kernel = copy_or_empty(entry->kernel);
	copy->options = copy_or_empty(entry->options);
	copy->kernel_path = copy_or_empty(entry->kernel_path);
	copy->checksums = (struct file_names){0};
	r = copy_names(&entry->initrds, &copy->initrds);
	r = r < 0 ? r : copy_names(&entry->checksums, &copy->checksums);
	return r == 0 && copy->boot_id && copy->title && copy->kernel && copy->options &&
			copy->kernel_path
		? 0
		: -ENOMEM;
}

void bootmenu_keep_apart(struct bootmenu *menu, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		struct bootmenu_entry *entry = &menu->entries[i];

		entry->id[0] = '\0';
		if (entry->kind != BOOTMENU_ELSE)
			entry->kind = BOOTMENU_SYSTEM;
	}
}

void bootmenu_free(struct bootmenu *menu)
{
	for (size_t i = 0; i < menu->n; i++) {
		free(menu->entries[i].boot_id);
		free(menu->entries[i].title);
		free(menu->entries[i].kernel);
		free(menu->entries[i].options);
		free(menu->entries[i].kernel_path);
		file_free_names(&menu->entries[i].initrds);
		file_free_names(&menu->entries[i].checksums);
	}
	free(menu->entries);
	*menu = (struct bootmenu){0};
}
