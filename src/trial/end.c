/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cancels a trial, or keeps what it tried. */
#include "change/change.h"
#include "private.h"

/* Whether this boot is the trial, or may be: its own parameter cannot be read. */
static bool is_this_boot(const struct root *root, const struct trial *trial)
{
	char id[TRIAL_ID_SIZE];
	bool known = trial_of_this_boot(root, id) == 0;

	return trial->phase == TRIAL_STARTED && (!known || strcmp(id, trial->id) == 0);
}

enum trial_stage trial_find_stage(const struct root *root)
{
	struct trial trial;
	int r = trial_load(root, &trial);

	if (r == 0 && is_this_boot(root, &trial))
		return TRIAL_THIS_BOOT;
	if (oneshot_is_armed(root, NULL))
		return TRIAL_NEXT_BOOT;
	return r == -ENOENT ? TRIAL_ABSENT : TRIAL_PAST;
}

/* The loaders first: a state without a choice of theirs is harmless, the other way it is not. */
int trial_cancel(const struct root *root, struct message *message)
{
	int r = oneshot_disarm_all(root, message);

	if (r < 0)
		return r;
	r = trial_forget(root);
	return r < 0 ? message_errno(message, r, "cannot remove %s", TRIAL_STATE) : 0;
}

static int load(const struct root *root, struct trial *ret, struct message *message)
{
	int r = trial_load(root, ret);

	if (r == -ENOENT) {
		message_remedy(message, "start one with 'sudo vfioboot try'");
		return message_set(message, r, "there is no trial to keep");
	}
	if (r < 0) {
		message_remedy(message, "%s",
			r == -EACCES ? "run this as root"
				     : "'sudo vfioboot try --cancel' deletes it");
		return message_errno(message, r, "cannot read %s", TRIAL_STATE);
	}
	return 0;
}

static int save(
	const struct root *root, const struct trial *trial, struct message *message)
{
	int r = trial_save(root, trial);

	return r < 0 ? message_errno(message, r, "cannot write %s", TRIAL_STATE) : 0;
}

int trial_confirm(
	const struct root *root, bool dry_run, struct trial *ret, struct message *message)
{
	int r = load(root, ret, message);

	if (r < 0 || trial_is_confirmed(ret))
		return r;
	if (!is_this_boot(root, ret)) {
		message_remedy(message, "see 'vfioboot try --status'");
		return message_set(message, -EPERM,
			"the trial is not confirmed, so it is unknown whether it works");
	}
	ret->phase = TRIAL_CONFIRMED;
	ret->by_person = true;
	r = dry_run ? 0 : save(root, ret, message);
	return r < 0 ? r : 1;
}

/* Adds what takes the key "profile" out of a drop-in that `vfioboot add` wrote.  0, or -errno. */
static int drop_profile(struct change *change, const char *path)
{
	_cleanup_free_ char *text = NULL, *made = NULL;
	int r = dropin_is_ours(change->root, path);

	if (r <= 0)
		return r < 0 ? r : -EPERM;
	r = file_read(change->root, path, &text, NULL);
	if (r < 0)
		return r;
	made = trial_without_key(text, "profile");
	if (!made)
		return -ENOMEM;
	if (strlen(made) == strlen(text))
		return -ENODATA;
	return change_put_text(change, path, made);
}

enum trial_keep trial_keep_section(struct change *change, const struct trial *trial,
	const struct config *config, const struct config_section *section, int *ret_error)
{
	if (trial_part_of(config, section, trial->profile) != TRIAL_PART_TRIED)
		return TRIAL_KEEP_NOTHING;
	switch (trial_compare_section(trial, config, section)) {
	case TRIAL_SECTION_CHANGED: return TRIAL_KEEP_CHANGED;
	case TRIAL_SECTION_NEW: return TRIAL_KEEP_NEW;
	case TRIAL_SECTION_SAME: break;
	}
	if (!section->profile[0]) /* `when = selected` is what makes it wait */
		return TRIAL_KEEP_NOTHING;
	*ret_error = drop_profile(change, config->files[section->place.file]);
	return *ret_error < 0 ? TRIAL_KEEP_BY_HAND : TRIAL_KEEP_TODO;
}

int trial_note_kept(const struct root *root, struct trial *trial)
{
	trial->phase = TRIAL_KEPT;
	return trial_save(root, trial);
}
