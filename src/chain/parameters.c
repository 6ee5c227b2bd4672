/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that write parameters for good, and that take them back. */
#include "parameters.h"

#include <fcntl.h>

#include "base/base.h"
#include "chain/generators/generators.h"
#include "chain/loaders/bls_entry.h"
#include "chain/loaders/bls_files.h"
#include "chain/loaders/grub_env.h"
#include "chain/loaders/manual.h"
#include "chain/loaders/permanent.h"
#include "facts/facts.h"
#include "parameters_record.h"

/* ---- the menu ---------------------------------------------------------------------------- */

/* grub-mkconfig's, which takes GRUB_CMDLINE_LINUX alone. */
static bool is_recovery(const struct bootmenu_entry *entry)
{
	return strstr(entry->boot_id, "-recovery-");
}

static bool is_normal(const struct bootmenu_entry *entry)
{
	return (entry->kind == BOOTMENU_NORMAL && !is_recovery(entry)) ||
		(entry->is_default && entry->kind == BOOTMENU_SYSTEM);
}

bool parameters_are_for(const struct bootmenu *menu, const struct bootmenu_entry *entry)
{
	bool any = false;

	for (size_t i = 0; i < menu->n; i++)
		any |= is_normal(&menu->entries[i]);
	return any ? is_normal(entry)
		   : entry->kind == BOOTMENU_SYSTEM && !is_recovery(entry);
}

static int read_menu(struct parameters *parameters, struct bootmenu *ret)
{
	const struct bootloader *loader = parameters->loader;
	struct message *unknown = &parameters->unknown;
	struct bootentries wanted = {0};
	bool any = false;
	int r;

	*unknown = (struct message){0};
	bootmenu_read_wanted(parameters->root, &wanted);
	r = loader->ops->read ? loader->ops->read(parameters->root, &wanted, ret)
			      : -EOPNOTSUPP;
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		any |= parameters_are_for(ret, &ret->entries[i]);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		message_errno(unknown, r, "cannot read the menu of %s%s%s", loader->title,
			ret->failed[0] ? ", " : "", ret->failed);
	else if (!any)
		message_set(unknown, -ENOENT,
			"the menu of %s has no entry of this system", loader->title);
	return 0;
}

/* The first of the words that @options lacks, in @ret.  False if it has all. */
static bool find_lacking(const char *options, const char *words, char *ret, size_t size)
{
	const char *word;
	size_t len;

	while ((len = cmdline_next_word(&words, &word)))
		if (copy_text(ret, size, word, len) && !param_text_holds(options, ret))
			return true;
	return false;
}

/* Those of @words that @value lacks, in @ret. */
static void keep_lacking(
	const char *value, const char *words, char ret[static PARAMETERS_WORDS_SIZE])
{
	const char *word;
	char one[PARAMETERS_WORDS_SIZE];
	size_t len;

	ret[0] = '\0';
	while ((len = cmdline_next_word(&words, &word)))
		if (copy_text(one, sizeof(one), word, len) &&
			!param_text_holds(value, one))
			cmdline_append_word(ret, PARAMETERS_WORDS_SIZE, word, len);
}

static bool menu_lacks(const struct parameters *parameters)
{
	const struct bootmenu *menu = &parameters->menu;
	char word[PARAMETERS_WORDS_SIZE];
	bool lacks = parameters->unknown.code != 0;

	for (size_t i = 0; i < menu->n; i++)
		lacks |= parameters_are_for(menu, &menu->entries[i]) &&
			find_lacking(menu->entries[i].options, parameters->words, word,
				sizeof(word));
	return lacks;
}

/* ---- a look at the entries ----------------------------------------------------------------- */

/*
 * What went out of the entry that is none of @words.  GRUB's settings may have changed since its menu
 * was made; else it is not for what is added to take something away.
 */
static int check_rest(struct parameters *parameters, const struct bootmenu_entry *before,
	const struct bootmenu_entry *after, struct message *message)
{
	const char *cursor = before->options, *word;
	const char *words = parameters->remove ? parameters->words : "";
	size_t len;

	while ((len = cmdline_next_word(&cursor, &word))) {
		if (cmdline_has_word(after->options, word, len) ||
			!cmdline_has_word(before->options, word, len) ||
			cmdline_has_word(words, word, len))
			continue;
		if (parameters->permanent.update != PERMANENT_MENU)
			return message_set(message, -EBADMSG,
				"the entry '%s' has lost %.*s after this", after->title,
				(int)len, word);
		bootmenu_warn(&parameters->said,
			"the entry '%s' has lost %.*s: its menu was older than the "
			"settings of GRUB",
			after->title, (int)len, word);
	}
	return 0;
}

static int check_entry(struct parameters *parameters, const struct bootmenu_entry *entry,
	struct message *message)
{
	const struct bootmenu *menu = &parameters->menu;
	char word[PARAMETERS_WORDS_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < menu->n; i++)
		if (strcmp(menu->entries[i].boot_id, entry->boot_id) == 0)
			r = check_rest(parameters, &menu->entries[i], entry, message);
	if (r < 0 || parameters->remove ||
		!find_lacking(entry->options, parameters->words, word, sizeof(word)))
		return r;
	message_remedy(
		message, "add it by hand: 'vfioboot cmdline --explain' shows where");
	return message_set(message, -EBADMSG,
		"the entry '%s' does not have %s after this: another program writes it",
		entry->title, word);
}

static int check_program(const struct parameters *parameters, struct message *message)
{
	const struct permanent_program *program = parameters->permanent.program;
	_cleanup_free_ char *text = NULL;
	char word[PARAMETERS_WORDS_SIZE];
	int r = run_read((const char *const *)program->show, &text);

	if (r != 0)
		return message_set(message, -EIO, "cannot ask %s for its parameters",
			program->show[0]);
	if (parameters->remove ||
		!find_lacking(text, parameters->words, word, sizeof(word)))
		return 0;
	return message_set(message, -EBADMSG, "%s does not have %s after this",
		program->show[0], word);
}

static int run_check(
	const struct change *change, struct change_step *step, struct message *message)
{
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	struct parameters *parameters = step->data;
	const struct permanent_program *program = parameters->permanent.program;
	int r;

	(void)change;
	if (program && program->show[0])
		return check_program(parameters, message);
	r = read_menu(parameters, &menu);
	for (size_t i = 0; r == 0 && i < menu.n; i++)
		if (parameters_are_for(&menu, &menu.entries[i]))
			r = check_entry(parameters, &menu.entries[i], message);
	return r;
}

static const struct change_kind parameters_check = {
	.text = "check the entries of the boot menu", .run = run_check};

/* ---- what makes the files count --------------------------------------------------------------- */

static int run_menu(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct parameters *parameters = step->data;
	const struct grub_names *names = grub_find(change->root);
	struct bootentries wanted = {0};
	int r;

	if (names)
		step->old = file_open(change->root, names->config, O_RDONLY | O_NONBLOCK);
	bootmenu_read_wanted(change->root, &wanted);
	parameters->said.parameters = true;
	r = parameters->loader->ops->finish(change->root, &wanted, &parameters->said);
	if (r == -EREMOTEIO)
		*message = parameters->said.message;
	return r;
}

/* It leads to the file itself, which a link may be to.  Only the running machine has come here. */
static int undo_menu(const struct change *change, const struct change_step *step,
	struct message *message)
{
	const struct grub_names *names = grub_find(change->root);
	_cleanup_free_ char *target = names ? realpath(names->config, NULL) : NULL;

	(void)message;
	return step->done && step->old >= 0 && target
		? atomicfile_restore(change->root, target, step->old)
		: 0;
}

static const struct change_kind parameters_menu = {
	.text = "rebuild the menu of GRUB, check it, and put it in place",
	.run = run_menu,
	.undo = undo_menu,
};

static int run_update(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct parameters *parameters = step->data;

	parameters->ran = true;
	return change_run_args(change, step, message);
}

static const struct change_kind parameters_update = {.run = run_update};

/* Of an undo that failed: its record stays. */
static int say_again(int r, struct message *message)
{
	if (r < 0)
		message_remedy(
			message, "'sudo vfioboot cmdline --remove' tries it again");
	return r;
}

/* It stands before the files, and is undone behind them: with the old ones. */
static int undo_update(const struct change *change, const struct change_step *step,
	struct message *message)
{
	const struct parameters *parameters = step->data;

	return parameters->ran
		? say_again(change_run_program(
				    change, parameters->permanent.update_args, message),
			  message)
		: 0;
}

static const struct change_kind parameters_again = {
	.quiet = true, .run = change_run_nothing, .undo = undo_update};

/* ---- programs that keep the parameters themselves -------------------------------------------- */

static int add_program_args(const struct permanent_program *program, const char *option,
	const char *words, struct change_step *step)
{
	const char *word;
	size_t len;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(program->args) && program->args[i];
		i++)
		r = change_add_args(step, program->args[i], NULL);
	while (r == 0 && *words) {
		_cleanup_free_ char *arg = NULL;

		len = program->each ? cmdline_next_word(&words, &word) : strlen(words);
		if (!program->each)
			word = words;
		if (asprintf(&arg, "%s%.*s", option, (int)len, word) < 0)
			return -ENOMEM;
		r = change_add_args(step, arg, NULL);
		words = word + len + strspn(word + len, " ");
	}
	return r;
}

/* The same with the other option, also where it has failed half way; its words are in text. */
static int undo_keeper(const struct change *change, const struct change_step *step,
	struct message *message)
{
	const struct parameters *parameters = step->data;
	const struct permanent_program *program = parameters->permanent.program;
	struct change undo = {.root = change->root};
	struct change_step *other = change_add(&undo, step->kind, NULL, NULL);
	int r = other ? add_program_args(program,
				parameters->remove ? program->add : program->remove,
				step->text, other)
		      : -ENOMEM;

	if (r == 0)
		r = change_run_program(change, (const char *const *)other->args, message);
	change_free(&undo);
	/* It has done nothing that is not there. */
	return r == -ENOENT ? 0 : say_again(r, message);
}

static const struct change_kind parameters_keeper = {
	.run = change_run_args, .undo = undo_keeper};

static int add_keeper(struct parameters *parameters, const char *words)
{
	const struct permanent_program *program = parameters->permanent.program;
	struct change_step *step =
		change_add(&parameters->change, &parameters_keeper, NULL, NULL);

	if (!step)
		return -ENOMEM;
	step->data = parameters;
	step->text = strdup(words);
	return step->text ? add_program_args(program,
				    parameters->remove ? program->remove : program->add,
				    words, step)
			  : -ENOMEM;
}

/* ---- adding: the plan ---------------------------------------------------------------------- */

/* What has to be found out before anything is added to the list itself. */
struct planning {
	struct parameters *parameters;
	struct parameters_record record;
	struct change files; /* steps that change them */
	struct message *message;
};

static void planning_free(struct planning *plan)
{
	parameters_record_free(&plan->record);
	change_free(&plan->files);
}

/* Text of a file, "" with *@ret_there false where it is missing.  A NUL in it would end it. */
static int read_text(
	const struct planning *plan, const char *path, char **ret, bool *ret_there)
{
	size_t size = 0;
	int r = file_read(plan->parameters->root, path, ret, &size);

	*ret_there = r == 0;
	if (r == -ENOENT || r == -ENOTDIR) {
		*ret = strdup("");
		return *ret ? 0 : -ENOMEM;
	}
	if (r == 0 && strlen(*ret) != size)
		r = -EBADMSG;
	return r < 0 ? message_errno(plan->message, r, "cannot read %s", path) : 0;
}

/* What kernel-install(8) would take where there is no file: its own one, or this boot's. */
static int read_seed(const struct planning *plan, const char *path, char **ret)
{
	const struct root *root = plan->parameters->root;
	const char *file = initramfs_cmdline_file(root);
	_cleanup_free_ char *cmdline = NULL;
	struct bootentries wanted = {0};
	int r = file ? file_read(root, file, ret, NULL) : cmdline_read(root, &cmdline);

	if (r < 0 && file)
		return message_errno(plan->message, r, "cannot read %s", file);
	if (r < 0)
		return message_errno(plan->message, r,
			"%s is missing, and the command line of this boot, which it would "
			"get, cannot be read",
			path);
	if (!file) {
		bootmenu_read_wanted(root, &wanted);
		*ret = manual_usual_arguments(root, &wanted);
	}
	return *ret ? 0 : -ENOMEM;
}

/* All on one line: kernel-install puts several into one. */
static int make_seed(const struct planning *plan, const char *path, char **ret)
{
	_cleanup_free_ char *text = NULL, *value = NULL, *line = NULL;
	const char *cursor, *word;
	size_t len;
	int r = read_seed(plan, path, &text);

	if (r < 0)
		return r;
	value = param_text_line(text);
	line = calloc(1, strlen(text) + 2);
	if (!value || !line)
		return -ENOMEM;
	for (cursor = value; (len = cmdline_next_word(&cursor, &word)) > 0;)
		cmdline_append_word(line, strlen(text) + 1, word, len);
	strcat(line, "\n");
	*ret = TAKE_PTR(line);
	return 0;
}

/* Of GRUB all files count together. */
static char *value_of(
	const struct planning *plan, const struct permanent_file *file, const char *text)
{
	char *value = file->form == PARAM_SHELL
		? permanent_grub_value(plan->parameters->root)
		: param_text_line(text);

	return value ? value : strdup("");
}

/* Undone, it takes a directory away that was made for a file. */
static int undo_directory(const struct change *change, const struct change_step *step,
	struct message *message)
{
	(void)message;
	(void)atomicfile_remove_directory(change->root, step->path);
	return 0;
}

static const struct change_kind parameters_directory = {
	.quiet = true, .run = change_run_nothing, .undo = undo_directory};

/* Of a file that is made: its directory may be, too. */
static int make_directory(struct planning *plan, const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);
	_cleanup_free_ char *directory = strndup(path, len),
			    *key = strndup(path, len + 1);

	if (!directory || !key)
		return -ENOMEM;
	if (file_exists(plan->parameters->root, "%s", directory))
		return 0;
	return change_add(&plan->files, &parameters_directory, directory, NULL)
		? parameters_record_add(&plan->record, key, "", NULL)
		: -ENOMEM;
}

static int add_file(struct planning *plan, const struct permanent_file *file)
{
	_cleanup_free_ char *text = NULL, *value = NULL, *new = NULL, *made = NULL;
	char lacking[PARAMETERS_WORDS_SIZE];
	bool there;
	int r = read_text(plan, file->path, &text, &there);

	if (r == 0 && !there && (file->own || file->seeded)) {
		free(TAKE_PTR(text));
		r = file->seeded ? make_seed(plan, file->path, &text)
			: (text = strdup(PERMANENT_HEADER)) ? 0
							    : -ENOMEM;
	}
	value = r == 0 ? value_of(plan, file, text) : NULL;
	if (!value)
		return r < 0 ? r : -ENOMEM;
	keep_lacking(value, plan->parameters->words, lacking);
	if (!*lacking)
		return 0;
	/* The record holds one line, and what a file of ours begins with is known. */
	if (!there)
		made = file->own ? strdup("") : strndup(text, strcspn(text, "\n"));
	r = there ? 0 : make_directory(plan, file->path);
	r = r < 0 ? r : param_text_add(file->form, file->variable, text, lacking, &new);
	r = r < 0 ? r : change_put_text(&plan->files, file->path, new);
	return r < 0 ? r
		     : parameters_record_add(&plan->record, file->path, lacking, made);
}

static int add_entry(struct planning *plan, const struct bls_file *file)
{
	_cleanup_free_ char *options = bls_options(file->text), *new = NULL;
	char lacking[PARAMETERS_WORDS_SIZE], path[PATH_MAX];
	int r = 0;

	if (file->kind != BLS_ORIGINAL)
		return 0;
	if (!options)
		return -ENOMEM;
	text_join(path, sizeof(path), file->directory, "/", file->name, NULL);
	keep_lacking(options, plan->parameters->words, lacking);
	if (*lacking) {
		r = param_text_add(PARAM_OPTIONS, NULL, file->text, lacking, &new);
		r = r < 0 ? r : change_put_text(&plan->files, path, new);
	}
	return r < 0 ? r : parameters_record_add(&plan->record, path, lacking, NULL);
}

static int read_entries(const struct planning *plan, struct bls_files *ret)
{
	int r = bls_files_read(plan->parameters->root, esp_places, ESP_PLACES_N, ret);

	return r < 0 ? message_errno(plan->message, r, "cannot read %s", ret->failed) : 0;
}

static int add_entries(struct planning *plan)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	struct parameters_line *later =
		parameters_record_find(&plan->record, PARAMETERS_LATER);
	char more[PARAMETERS_WORDS_SIZE];
	size_t before = plan->files.n;
	int r = read_entries(plan, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = add_entry(plan, &files.files[i]);
	if (r < 0 || plan->files.n == before)
		return r;
	keep_lacking(later ? later->words : "", plan->parameters->words, more);
	return parameters_record_add(&plan->record, PARAMETERS_LATER, more, NULL);
}

/* ---- the list -------------------------------------------------------------------------------- */

static int add_own(struct parameters *parameters, const struct change_kind *kind)
{
	return change_add_own(&parameters->change, kind, parameters);
}

/* Moves the steps behind those of the list. */
static int take_steps(struct change *change, struct change *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct change_step *step = LIST_ADD(change->steps, change->n);

		if (!step)
			return -ENOMEM;
		*step = from->steps[i];
		from->steps[i] = (struct change_step){.old = -1};
	}
	return 0;
}

/* Temporary files that a run which was killed has left beside what it was about to replace. */
static int add_leftovers(struct parameters *parameters, const struct change *files)
{
	_cleanup_(file_free_names) struct file_names directories = {0};
	int r = file_add_name(&directories, STATE_DIRECTORY);

	for (size_t i = 0; r == 0 && i < files->n; i++)
		r = file_add_directory(&directories, files->steps[i].path);
	for (size_t i = 0; r == 0 && i < directories.n; i++)
		r = change_add_leftovers(
			&parameters->change, directories.names[i], NULL, NULL);
	return r;
}

static int add_update(struct parameters *parameters)
{
	struct change_step *step;

	if (parameters->permanent.update == PERMANENT_MENU)
		return add_own(parameters, &parameters_menu);
	if (parameters->permanent.update != PERMANENT_RUN)
		return 0;
	step = change_add(&parameters->change, &parameters_update, NULL, NULL);
	if (!step)
		return -ENOMEM;
	step->data = parameters;
	return change_add_args(step, parameters->permanent.update_args[0],
		parameters->permanent.update_args[1], NULL);
}

/* The files, and what makes them count, in an order in which all can be undone. */
static int add_files(struct parameters *parameters, struct change *files)
{
	int r = parameters->permanent.update == PERMANENT_RUN
		? add_own(parameters, &parameters_again)
		: 0;

	r = r < 0 ? r : take_steps(&parameters->change, files);
	r = r < 0 ? r : add_update(parameters);
	return r < 0 ? r : add_own(parameters, &parameters_check);
}

static int begin(const struct root *root, const struct bootloader *loader, bool remove,
	struct parameters *ret)
{
	*ret = (struct parameters){.root = root,
		.loader = loader,
		.remove = remove,
		.change = {.root = root}};
	bootmenu_permanent(root, loader, &ret->permanent);
	return read_menu(ret, &ret->menu);
}

static int plan_program(struct planning *plan)
{
	struct parameters *parameters = plan->parameters;
	const struct permanent_program *program = parameters->permanent.program;
	char lacking[PARAMETERS_WORDS_SIZE];
	_cleanup_free_ char *text = NULL;
	int r = 0;

	if (program->show[0] && parameters->root->live)
		r = run_read((const char *const *)program->show, &text);
	if (r != 0)
		return message_set(
			plan->message, -EIO, "cannot run %s", program->show[0]);
	if (!text && !menu_lacks(parameters))
		return 0;
	keep_lacking(text ? text : "", parameters->words, lacking);
	if (!*lacking)
		return 0;
	r = parameters_record_add(&plan->record, program->args[0], lacking, NULL);
	r = r < 0 ? r : parameters_record_put(&parameters->change, &plan->record);
	r = r < 0 ? r : add_keeper(parameters, lacking);
	return r < 0 ? r : add_own(parameters, &parameters_check);
}

static int plan_files(struct planning *plan)
{
	struct parameters *parameters = plan->parameters;
	const struct permanent *permanent = &parameters->permanent;
	int r = 0;

	for (size_t i = 0; r == 0 && i < permanent->n; i++)
		r = add_file(plan, &permanent->files[i]);
	if (r == 0 && permanent->entries)
		r = add_entries(plan);
	if (r == 0 && !plan->files.n && !menu_lacks(parameters))
		return 0;
	r = r < 0 ? r : add_leftovers(parameters, &plan->files);
	if (r == 0 && plan->files.n)
		r = parameters_record_put(&parameters->change, &plan->record);
	return r < 0 ? r : add_files(parameters, &plan->files);
}

int parameters_plan(const struct root *root, const struct bootloader *loader,
	const char *words, struct parameters *ret, struct message *message)
{
	_cleanup_(planning_free) struct planning plan = {
		.parameters = ret, .files = {.root = root}, .message = message};
	int r = begin(root, loader, false, ret);

	if (r < 0)
		return r;
	if (!permanent_is_written(&ret->permanent))
		return -EOPNOTSUPP;
	if (!copy_text(ret->words, sizeof(ret->words), words, strlen(words)))
		return message_set(message, -E2BIG, "there are too many parameters");
	r = parameters_record_read(root, &plan.record, message);
	if (r < 0)
		return r;
	return ret->permanent.program ? plan_program(&plan) : plan_files(&plan);
}

/* ---- taking back ------------------------------------------------------------------------------ */

static int add_removal(struct planning *plan, const struct parameters_line *line)
{
	_cleanup_free_ char *text = NULL, *rest = NULL;
	bool there;
	int r = read_text(plan, line->key, &text, &there);

	if (r < 0 || !there)
		return r;
	r = parameters_record_strip(line, text, &rest);
	return r < 0 ? r : change_put_text(&plan->files, line->key, rest);
}

/* Entries of kernels that have come since. */
static int add_later(struct planning *plan, const struct parameters_line *later)
{
	_cleanup_(bls_files_free) struct bls_files files = {0};
	int r = read_entries(plan, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		char path[PATH_MAX];
		struct parameters_line line = {path, later->words, NULL};

		text_join(path, sizeof(path), files.files[i].directory, "/",
			files.files[i].name, NULL);
		if (files.files[i].kind == BLS_ORIGINAL &&
			!parameters_record_find(&plan->record, path))
			r = add_removal(plan, &line);
	}
	return r;
}

/* One of ours that the record does not know: that was lost. */
static int add_lost(struct planning *plan)
{
	int r = 0;

	for (const char *const *own = permanent_own_files; r == 0 && *own; own++)
		if (!parameters_record_find(&plan->record, *own) &&
			file_exists(plan->parameters->root, "%s", *own))
			r = change_put_text(&plan->files, *own, NULL);
	return r;
}

static int plan_line(struct planning *plan, const struct parameters_line *line)
{
	struct parameters *parameters = plan->parameters;
	const struct permanent_program *program = parameters->permanent.program;
	char more[PARAMETERS_WORDS_SIZE];
	size_t used = strlen(parameters->words);

	keep_lacking(parameters->words, line->words, more);
	text_join(parameters->words + used, sizeof(parameters->words) - used,
		used && *more ? " " : "", more, NULL);
	if (strcmp(line->key, PARAMETERS_LATER) == 0)
		return add_later(plan, line);
	if (*line->key == '/')
		return text_ends_with(line->key, "/") ? 0 : add_removal(plan, line);
	if (program && strcmp(program->args[0], line->key) == 0)
		return add_keeper(parameters, line->words);
	message_remedy(plan->message, "install it again, or delete " PARAMETERS_RECORD);
	return message_set(plan->message, -ENOENT, "%s was added with %s, which is gone",
		line->words, line->key);
}

/* Those that were made; and where the record was, behind it. */
static int remove_directories(
	struct change *change, const struct parameters_record *record)
{
	bool added = change_add(change, &change_rmdir, STATE_DIRECTORY, NULL);

	for (size_t i = 0; added && i < record->n; i++) {
		const char *key = record->lines[i].key;
		_cleanup_free_ char *directory = strndup(key, strlen(key) - 1);

		if (text_ends_with(key, "/"))
			added = directory &&
				change_add(change, &change_rmdir, directory, NULL);
	}
	return added ? 0 : -ENOMEM;
}

int parameters_plan_removal(const struct root *root, const struct bootloader *loader,
	struct parameters *ret, struct message *message)
{
	_cleanup_(planning_free) struct planning plan = {
		.parameters = ret, .files = {.root = root}, .message = message};
	int r = begin(root, loader, true, ret);

	r = r < 0 ? r : parameters_record_read(root, &plan.record, message);
	if (r < 0 || !parameters_has_ours(root))
		return r;
	for (size_t i = 0; r == 0 && i < plan.record.n; i++)
		r = plan_line(&plan, &plan.record.lines[i]);
	r = r < 0 ? r : add_lost(&plan);
	r = r < 0 ? r : add_leftovers(ret, &plan.files);
	r = r < 0 ? r : add_files(ret, &plan.files);
	/* As long as it is there, the next run goes on. */
	r = r < 0 ? r : change_put_text(&ret->change, PARAMETERS_RECORD, NULL);
	return r < 0 ? r : remove_directories(&ret->change, &plan.record);
}

bool parameters_has_ours(const struct root *root)
{
	bool any = file_exists(root, PARAMETERS_RECORD);

	for (const char *const *own = permanent_own_files; !any && *own; own++)
		any = file_exists(root, "%s", *own);
	return any;
}

void parameters_free(struct parameters *parameters)
{
	change_free(&parameters->change);
	bootmenu_free(&parameters->menu);
	bootmenu_free_change(&parameters->said);
}
