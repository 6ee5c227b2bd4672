/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot entry`: our entries in the boot menu. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "chain/chain.h"
#include "cli.h"
#include "entrychange.h"
#include "entrylist.h"
#include "entryloader.h"
#include "entryremove.h"
#include "entrywanted.h"
#include "progress.h"
#include "sections.h"

struct arguments {
	const char *root, *loader, *action;
	bool dry_run, json;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"loader", "NAME", "use this boot loader, where there are several", 0,
		CLI_STORE(loader)},
	CLI_OPTION_DRY_RUN,
	{"json", NULL, "with list: print JSON", 0, CLI_STORE(json)},
	{0},
};

struct action {
	const char *name;
	bool changes;
	enum cli_exit (*run)(
		const struct sysfs_root *root, const struct arguments *arguments);
};

static enum cli_exit say_nothing_to_choose(const struct sysfs_root *root)
{
	char failed[BOOTMENU_PLACE_SIZE];

	if (bootmenu_has_ours(root, failed) > 0)
		return cli_error("entry",
			"no device is configured any more, so the entries that the boot menu "
			"has select nothing; 'vfioboot entry remove' takes them away");
	return cli_error("entry",
		"no device is configured, so there is nothing to choose at the boot menu; "
		"'vfioboot add DEVICE' gives one to vfio-pci");
}

static enum cli_exit print_edit(const struct sysfs_root *root,
	const struct bootloader *loader, const struct bootentries *wanted)
{
	_cleanup_free_ char *text = loader->ops->edit(root, wanted);

	if (!text)
		return cli_error("entry", "%s", strerror(ENOMEM));
	printf("Boot loader: %s.  Nothing was changed: its entries are made by hand.\n\n%s",
		loader->title, text);
	return CLI_UNKNOWN;
}

static void say_added(const struct sysfs_root *root, const struct bootloader *loader,
	const struct bootentries *wanted, const struct bootmenu_change *change)
{
	printf("Boot loader: %s.\n", loader->title);
	for (unsigned i = 0; i < wanted->n; i++)
		printf("Entry for each kernel: '... (%s)', with %s\n",
			wanted->entries[i].title, wanted->entries[i].arguments);
	entrychange_say_undone(root, change);
	if (change->default_unknown)
		printf("The default entry is not known: 'bootctl list' shows it.  ");
	else if (!change->default_moves)
		printf("The default entry is unchanged.  ");
	printf("'vfioboot entry list' shows the entries, 'vfioboot entry remove' takes them "
	       "away.\n"
	       "What they give away stands in the initramfs images: 'vfioboot apply' sees "
	       "to those.\n");
	if (root->live || !change->steps.n)
		printf("Then reboot, and choose '... (%s)' at the boot menu%s.\n",
			wanted->entries[0].title,
			bootentry_is_passthrough(&wanted->entries[0])
				? ""
				: " to keep the devices");
}

static enum cli_exit add(const struct sysfs_root *root, const struct arguments *arguments)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	struct bootentries wanted = {0};
	const struct bootloader *loader;
	int r;

	if (entrywanted_decide(root, &wanted) < 0)
		return CLI_FAILED;
	if (!wanted.n)
		return say_nothing_to_choose(root);
	loader = entryloader_find(root, arguments->loader, ENTRYLOADER_OWNER);
	if (!loader)
		return CLI_FAILED;
	r = bootmenu_plan(root, loader, &wanted, &change);
	if (r == -EOPNOTSUPP)
		return print_edit(root, loader, &wanted);
	if (r == 0 && !arguments->dry_run)
		r = bootmenu_carry_out(root, loader, &wanted, &change);
	entrychange_warn(&change);
	if (r < 0)
		return entrychange_fail(&change, r);
	if (arguments->dry_run)
		entrychange_print(&change);
	else
		say_added(root, loader, &wanted, &change);
	return CLI_OK;
}

/* For kernel-install, grub-mkconfig and mkinitcpio: when a kernel comes or goes it says no word. */
static enum cli_exit update(
	const struct sysfs_root *root, const struct arguments *arguments)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	const struct bootloader *loader;
	struct bootentries wanted = {0};
	bool asked;
	int r, leaks;

	if (entrychange_read_wanted(root, &wanted, &asked) != CLI_OK)
		return CLI_FAILED;
	/* With none wanted, a trial's parameters may still have come into a normal entry. */
	leaks = asked ? 1 : bootmenu_may_leak(root, &wanted);
	if (leaks < 0)
		return cli_error("entry", "cannot read the kernel command line: %s",
			strerror(-leaks));
	if (!leaks)
		return CLI_OK;
	loader = entryloader_find(
		root, wanted.loader[0] ? NULL : arguments->loader, ENTRYLOADER_RECORDED);
	if (!loader)
		return CLI_FAILED;
	r = bootmenu_plan_update(root, loader, &wanted, &change);
	if (r == 0 && !arguments->dry_run)
		r = bootmenu_carry_out(root, loader, &wanted, &change);
	entrychange_warn(&change);
	if (r < 0)
		return entrychange_fail(&change, r);
	if (arguments->dry_run)
		entrychange_print(&change);
	return CLI_OK;
}

static enum cli_exit list(
	const struct sysfs_root *root, const struct arguments *arguments)
{
	struct bootentries wanted = {0}, now = {0};
	const struct bootloader *loader;
	char failed[BOOTMENU_PLACE_SIZE];
	enum cli_exit status;
	bool asked;

	if (entrychange_read_wanted(root, &wanted, &asked) != CLI_OK)
		return CLI_FAILED;
	loader = entryloader_find(root, arguments->loader, ENTRYLOADER_RECORDED);
	if (!loader && arguments->json)
		entrylist_print_none();
	if (!loader)
		return CLI_UNKNOWN;
	/* Of a menu that can't be read nothing is claimed. */
	if (!asked && !arguments->json && loader->ops->read &&
		bootmenu_loader_has_ours(root, loader, failed) == 0) {
		printf("The boot menu has no entry of vfioboot; 'vfioboot entry add' adds "
		       "them.\n");
		return CLI_OK;
	}
	status = entrylist_print(root, loader, &wanted, arguments->json);
	if (asked && entrywanted_decide(root, &now) == 0 &&
		!bootentry_same(&wanted, &now)) {
		cli_warning("entry",
			"the configuration asks for %s by now; run 'vfioboot entry %s'",
			now.n ? "other entries" : "no entry", now.n ? "add" : "remove");
		status = CLI_FAILED;
	}
	return status;
}

static enum cli_exit remove_entries(
	const struct sysfs_root *root, const struct arguments *arguments)
{
	return entryremove(root, arguments->dry_run);
}

static const struct action actions[] = {
	{"add", true, add},
	{"remove", true, remove_entries},
	{"list", false, list},
	{"update", true, update},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* An update comes from the hook of a package, which cannot be asked to try again. */
#define UPDATE_WAIT_MS 60000

/* What the action would leave alone.  CLI_OK, or CLI_MISUSE after a message. */
static enum cli_exit check_options(
	const struct action *action, const struct arguments *arguments)
{
	if (arguments->json && action->changes) {
		cli_error("entry", "--json is for list, and not for %s", action->name);
		return CLI_MISUSE;
	}
	if (arguments->dry_run && !action->changes) {
		cli_error("entry",
			"--dry-run is for what changes something; %s changes nothing",
			action->name);
		return CLI_MISUSE;
	}
	return entryloader_check(arguments->loader);
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	struct arguments arguments = {.root = "/"};
	const struct action *action;

	if (cli_parse(&cmd_entry, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	arguments.action = argv[optind];
	action = find_action(arguments.action);
	if (!action) {
		cli_error("entry", "unknown action '%s'; see 'vfioboot help entry'",
			arguments.action);
		return CLI_MISUSE;
	}
	if (check_options(action, &arguments) != CLI_OK)
		return CLI_MISUSE;
	if (cli_open_root("entry", arguments.root, &root) != CLI_OK)
		return CLI_FAILED;
	if (action->changes && root.live && !arguments.dry_run) {
		char command[32];

		snprintf(command, sizeof(command), "entry %s", action->name);
		if (cli_need_root(command) != CLI_OK)
			return CLI_FAILED;
		if (progress_lock("entry", &root,
			    action->run == update ? UPDATE_WAIT_MS : 0) != CLI_OK)
			return CLI_FAILED;
		run_catch_signals();
	}
	return action->run(&root, &arguments);
}

const struct cli_command cmd_entry = {
	.name = "entry",
	.operands = "add|remove|list|update",
	.missing = "say add, remove or list",
	.summary = "let the boot menu offer a boot with the devices, or without",
	.details =
		"add     add an entry for each profile, and a way out where the normal entry\n"
		"        gives devices away; tells where what starts by itself changes\n"
		"remove  take them away again\n"
		"list    show them, and whether each kernel has them\n"
		"update  make them follow the kernels; kernel-install and mkinitcpio call it\n\n"
		"NAME is grub, grub-bls, systemd-boot, uki, refind, limine, extlinux, "
		"kernelstub\nor rpm-ostree.",
	.options = options,
	.run = run,
};
