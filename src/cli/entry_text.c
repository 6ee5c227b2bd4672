/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands say of the entries in the boot menu. */
#include "cli.h"

/* ---- which boot loader ---------------------------------------------------------------- */

/*
 * An edit by hand, or a command to make an image, is made of the loader's files: without them it
 * would be a guess.  The others say themselves what they miss.
 */
static const struct bootloader *check_files(
	const char *command, const struct root *root, const struct bootloader *loader)
{
	char sign[BOOTLOADER_SIGN_SIZE] = "";
	struct message message = {0};
	int r = loader->ops->edit ? bootloader_detect(root, loader, sign) : 1;

	if (r > 0)
		return loader;
	if (r < 0) {
		message_errno(&message, r, "cannot look for the files of %s at /%s",
			loader->title, sign);
		cli_say(command, &message);
	} else {
		cli_error(command,
			"the files of %s are missing; is /boot mounted?  'vfioboot check' "
			"shows what starts this system",
			loader->title);
	}
	return NULL;
}

static const struct bootloader *find_recorded(const struct root *root)
{
	struct bootentries before;

	return bootmenu_read_wanted(root, &before) == 0 ? bootloader_named(before.loader)
							: NULL;
}

static void say_undecided(const char *command, const struct bootloader_search *search)
{
	char names[BOOTLOADER_NAMES_SIZE] = "";
	struct message message = {0};

	for (size_t i = 0; i < search->n; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
			search->found[i].loader->name);
	}
	if (search->n && *search->named)
		cli_error(command,
			"%s starts this system, which vfioboot does not know; if it starts "
			"another boot loader, name that with --loader NAME (%s)",
			search->named, names);
	else if (search->n)
		cli_error(command,
			"there are files of several boot loaders (%s), and none says that it "
			"started this system; name it with --loader NAME",
			names);
	else if (search->hidden)
		message_errno(&message, -EACCES,
			"no boot loader was found, since /%s cannot be read",
			search->hidden_at);
	else
		message_set(
			&message, -ENOENT, "no boot loader was found; is /boot mounted?");
	if (message.code)
		cli_say(command, &message);
}

/* Nothing is written for another loader then, whose files are there. */
static void say_unmounted(const char *command, const struct bootloader_search *search)
{
	struct message message = {0};

	bootloader_say_unmounted(search, &message);
	cli_say(command, &message);
}

const struct bootloader *entry_find_loader(const char *command, const struct root *root,
	const char *name, enum entry_loader first)
{
	const struct bootloader *recorded = find_recorded(root);
	struct bootloader_search search;

	if (name)
		return check_files(command, root, bootloader_named(name));
	if (recorded && first == ENTRY_LOADER_RECORDED)
		return recorded;
	bootloader_find(root, &search);
	if (search.owner && search.unmounted[0]) {
		say_unmounted(command, &search);
		return NULL;
	}
	if (search.owner)
		return search.owner;
	if (!recorded)
		say_undecided(command, &search);
	return recorded;
}

/* ---- what is to be said of the entries ------------------------------------------------- */

void entry_warn_outdated(const char *command, const struct root *root)
{
	_cleanup_free_ struct config *config = NULL;
	struct bootentries written, decided;

	if (bootmenu_read_wanted(root, &written) < 0)
		return;
	config = cli_read_config(root, CONFIGFILES_OF_IMAGE);
	bootentry_decide(config, &decided);
	if (bootentry_fits(&written, &decided))
		return;
	if (decided.n)
		cli_warning(command,
			"the boot menu has outdated entries; run 'sudo vfioboot "
			"entry add'");
	else
		cli_warning(command,
			"the boot menu has entries, and no device is configured for a boot; run "
			"'sudo vfioboot entry remove'");
}

enum cli_exit entry_warn_by_hand(const char *command, const struct root *root)
{
	enum cli_exit status = CLI_OK;
	struct bootloader_search search;

	bootloader_find(root, &search);
	for (size_t i = 0; i < search.n; i++) {
		const struct bootloader *loader = search.found[i].loader;
		char place[BOOTMENU_PLACE_SIZE];

		if (loader->ops->plan || (search.owner && search.owner != loader))
			continue;
		bootmenu_hand_place(root, loader, place);
		cli_warning(command,
			"vfioboot does not read the menu of %s; delete the %s with "
			"'vfioboot.' in %s by hand",
			loader->title, loader->ops->hand_what, place);
		status = CLI_UNKNOWN;
	}
	return status;
}
