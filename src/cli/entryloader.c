/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named by a person, recorded with the entries, or told by the machine. */
#include "entryloader.h"

#include <stdio.h>
#include <string.h>

#include "chain/chain.h"

enum cli_exit entryloader_check(const char *name)
{
	char names[BOOTLOADER_NAMES_SIZE];

	if (!name || bootloader_named(name))
		return CLI_OK;
	bootloader_names(names);
	cli_error(
		"entry", "there is no boot loader '%s'; --loader takes %s", name, names);
	return CLI_MISUSE;
}

/*
 * An edit by hand, or a command to make an image, is made of the loader's files: without them it
 * would be a guess.  The others say themselves what they miss.
 */
static const struct bootloader *check_files(
	const struct sysfs_root *root, const struct bootloader *loader)
{
	char sign[BOOTLOADER_SIGN_SIZE] = "";
	int r = loader->ops->edit ? loader->detect(root, sign, sizeof(sign)) : 1;

	if (r > 0)
		return loader;
	if (r < 0)
		cli_error("entry", "cannot look for the files of %s at /%s: %s%s",
			loader->title, sign, strerror(-r), bootmenu_remedy(r));
	else
		cli_error("entry",
			"no files of %s are there; is /boot mounted?  'vfioboot check' "
			"tells what starts this system",
			loader->title);
	return NULL;
}

static const struct bootloader *find_recorded(const struct sysfs_root *root)
{
	struct bootentries before;

	return bootmenu_read_wanted(root, &before) == 0 ? bootloader_named(before.loader)
							: NULL;
}

static void say_undecided(const struct bootloader_search *search)
{
	char names[BOOTLOADER_NAMES_SIZE] = "";

	for (size_t i = 0; i < search->n; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
			search->found[i].loader->name);
	}
	if (search->n)
		cli_error("entry",
			"there are files of several boot loaders (%s), and none tells that it "
			"started this system; say which with --loader NAME",
			names);
	else
		cli_error("entry", "no boot loader was found; %s%s%s",
			search->hidden ? "/" : "is /boot mounted?", search->hidden_at,
			search->hidden ? " can't be looked at; run this as root" : "");
}

const struct bootloader *entryloader_find(
	const struct sysfs_root *root, const char *name, enum entryloader_first first)
{
	const struct bootloader *recorded = find_recorded(root);
	struct bootloader_search search;

	if (name)
		return check_files(root, bootloader_named(name));
	if (recorded && first == ENTRYLOADER_RECORDED)
		return recorded;
	bootloader_find(root, &search);
	if (search.owner)
		return search.owner;
	if (!recorded)
		say_undecided(&search);
	return recorded;
}
