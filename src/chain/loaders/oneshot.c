/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is the same for all loaders that take an entry once. */
#include "oneshot.h"

#include "base/base.h"

bool oneshot_is_possible(const struct bootloader *loader)
{
	return loader->ops->arm != NULL;
}

int oneshot_plan(const struct root *root, const struct bootloader *loader,
	const char *parameters, struct oneshot *ret)
{
	struct bootentry trial = {ONESHOT_ENTRY_ID, ONESHOT_ENTRY_TITLE, ""};

	*ret = (struct oneshot){.loader = loader};
	if (!copy_text(trial.arguments, sizeof(trial.arguments), parameters,
		    strlen(parameters)))
		return -E2BIG;
	return loader->ops->plan_trial(root, &trial, &ret->change, ret->id);
}

void oneshot_free(struct oneshot *oneshot)
{
	bootmenu_free_change(&oneshot->change);
}

/* Whether the loader's name of an entry is that of a trial: bls.c has '~' for '-' with GRUB. */
static bool is_trial(const char *id)
{
	return strstr(id, ONESHOT_ENTRY_ID) || strstr(id, "vfioboot~trial");
}

static bool is_armed(const struct root *root, const struct bootloader *loader)
{
	char id[ONESHOT_ID_SIZE];

	if (!oneshot_is_possible(loader))
		return false;
	loader->ops->armed(root, id, sizeof(id));
	return is_trial(id);
}

bool oneshot_is_armed(const struct root *root, const struct bootloader *loader)
{
	if (loader)
		return is_armed(root, loader);
	for (size_t i = 0; (loader = bootloader_at(i)); i++)
		if (is_armed(root, loader))
			return true;
	return false;
}

bool oneshot_is_foreign(
	const struct root *root, const struct bootloader *loader, char *ret, size_t size)
{
	loader->ops->armed(root, ret, size);
	return *ret && !is_trial(ret);
}

/* Why a change is not possible, for whoever asked for it.  Returns @error. */
static int take_message(
	const struct bootmenu_change *change, int error, struct message *message)
{
	if (error >= 0)
		return error;
	if (!change->message.code)
		return message_set(message, error, "%s", errno_text(error));
	if (message)
		*message = change->message;
	return error;
}

static int remove_entries(
	const struct root *root, const struct bootloader *loader, struct message *message)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	char id[ONESHOT_ID_SIZE];
	int r = loader->ops->plan_trial(root, NULL, &change, id);

	if (r < 0)
		return take_message(&change, r, message);
	r = bootmenu_write_files(&change);
	if (r < 0)
		message_prefix(
			&change.message, r, "cannot remove the entry of the trial");
	return take_message(&change, r, message);
}

int oneshot_arm(const struct root *root, struct oneshot *oneshot, struct message *message)
{
	const struct bootloader *loader = oneshot->loader;
	int r = bootmenu_write_files(&oneshot->change);

	if (r < 0)
		return take_message(&oneshot->change, r, message);
	r = loader->ops->arm(root, oneshot->id, message);
	if (r < 0) {
		/* What it wrote may not be where it is read. */
		loader->ops->disarm(root, NULL);
		remove_entries(root, loader, NULL);
	}
	return r;
}

int oneshot_disarm(const struct root *root, const struct bootloader *loader, bool remove,
	struct message *message)
{
	int r = 0;

	if (!loader || !oneshot_is_possible(loader))
		return 0;
	if (is_armed(root, loader))
		r = loader->ops->disarm(root, message);
	return r < 0 || !remove ? r : remove_entries(root, loader, message);
}

int oneshot_disarm_all(const struct root *root, struct message *message)
{
	const struct bootloader *loader;
	int first = 0;

	for (size_t i = 0; (loader = bootloader_at(i)); i++) {
		int r = oneshot_disarm(root, loader, true, first < 0 ? NULL : message);

		if (first == 0)
			first = r;
	}
	return first;
}

int oneshot_run(
	const struct root *root, const char *const argv[], struct message *message)
{
	char last[160] = "";
	int r = root->live ? run_last_line(argv, last, sizeof(last)) : -EROFS;

	if (r < 0)
		return message_errno(message, r, "cannot run %s", argv[0]);
	return r ? message_set(message, -EIO, "%s failed (%d)%s%s", argv[0], r,
			   last[0] ? ": " : "", last)
		 : 0;
}
