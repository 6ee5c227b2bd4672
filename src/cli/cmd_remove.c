/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot remove`: deletes the drop-in that `add` wrote for a device set.  It goes by the
 * configuration first: the device may be gone.
 */
#include "cli.h"

static const struct cli_option options[] = {
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_ROOT,
	{0},
};

/* The sections that the operand names; none of them twice. */
struct found {
	const struct config *config;
	const struct config_section *sections[CONFIG_SECTIONS_MAX];
	unsigned n;
};

static void add_section(struct found *found, const struct config_section *section)
{
	for (unsigned i = 0; i < found->n; i++)
		if (found->sections[i] == section)
			return;
	found->sections[found->n++] = section;
}

/* Adds the sections that name a function which @selector names. */
static void find_by_function(
	const struct root *root, const struct selector *selector, struct found *found)
{
	_cleanup_(pcibus_free) struct pcibus machine = {0};
	const struct pcibus_function *function = NULL;
	const struct config *config = found->config;

	if (pcibus_read(root, &machine) < 0)
		return;
	while ((function = deviceset_next(&machine, selector, function)))
		for (unsigned i = 0; i < config->n_sections; i++)
			if (match_section(config, &config->sections[i], &function->dev) ==
				MATCH_MEMBER)
				add_section(found, &config->sections[i]);
}

/* Whether two selectors name the same, one of them perhaps a function of the other's slot. */
static bool is_same(const struct selector *a, const struct selector *b)
{
	char x[SELECTOR_SIZE], y[SELECTOR_SIZE];

	if (a->kind != b->kind)
		return false;
	if (a->kind == SELECTOR_PATH)
		return pci_path_equal(&a->path, &b->path, a->slot || b->slot);
	selector_format(a, x);
	selector_format(b, y);
	return strcmp(x, y) == 0;
}

/* Adds the sections that contain @selector, whether it matches anything now or not. */
static void find_by_text(const struct selector *selector, struct found *found)
{
	const struct config *config = found->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		for (unsigned j = 0; j < section->n_selectors; j++)
			if (is_same(selector,
				    &config->selectors[section->first_selector + j]))
				add_section(found, section);
	}
}

static enum cli_exit say_several(const struct found *found, const char *operand)
{
	cli_error("remove",
		"'%s' is in more than one device set; name one of them:", operand);
	for (unsigned i = 0; i < found->n; i++) {
		char place[CONFIG_PLACE_SIZE];

		config_place_text(found->config, found->sections[i]->place, place);
		fprintf(stderr, "  %s  %s\n", found->sections[i]->name, place);
	}
	return CLI_FAILED;
}

/* Finds the one section that is meant. */
static enum cli_exit find_section(const struct root *root, struct config *config,
	const char *operand, const struct config_section **ret)
{
	struct found found = {.config = config};
	struct selector selector;

	*ret = config_find_section(config, operand);
	if (*ret)
		return CLI_OK;
	if (sections_is_other("remove", config, operand))
		return CLI_FAILED;
	if (selector_parse(operand, &selector) < 0)
		return cli_error("remove",
			"'%s' is neither a device set nor a device; 'vfioboot plan' shows "
			"the device sets",
			operand);
	find_by_function(root, &selector, &found);
	if (!found.n)
		find_by_text(&selector, &found);
	if (!found.n)
		return cli_error("remove",
			"no device set contains '%s'; 'vfioboot plan' shows the device sets",
			operand);
	if (found.n > 1)
		return say_several(&found, operand);
	*ret = found.sections[0];
	return CLI_OK;
}

/* Says why the section is not one to delete a file for. */
static enum cli_exit say_foreign(
	const struct config *config, const struct config_section *section)
{
	char place[CONFIG_PLACE_SIZE];

	if (section->from_cmdline)
		return cli_error("remove",
			"device set '%s' comes from the kernel command line; remove its "
			"vfioboot.device= from the boot entry",
			section->name);
	config_place_text(config, section->place, place);
	return cli_error("remove",
		"device set '%s' is in %s, which was written or changed by hand; delete "
		"[device %s] there yourself, up to the next section",
		section->name, place, section->name);
}

/* The directory of drop-ins, too, if that is then empty: it was made for the first one. */
static enum cli_exit remove_file(
	const struct cli *cli, const struct config_section *section, const char *path)
{
	_cleanup_(change_free) struct change change = {.root = &cli->root};

	if (cli->dry_run) {
		printf("Would delete %s, device set %s.\n", path, section->name);
		return CLI_OK;
	}
	if (!change_add(&change, &change_remove, path, NULL) ||
		!change_add(&change, &change_rmdir, DROPIN_DIRECTORY, NULL))
		return cli_error("remove", "%s", errno_text(ENOMEM));
	if (progress_write(cli, &change, "nothing was changed") != CLI_OK)
		return CLI_FAILED;
	printf("Deleted %s, device set %s.\n", path, section->name);
	if (!section->demand)
		puts("Next: run 'sudo vfioboot apply' to remove it from the initramfs "
		     "images, then reboot.");
	entry_warn_outdated("remove", &cli->root);
	return CLI_OK;
}

static enum cli_exit run(struct cli *cli)
{
	const struct config_section *section = NULL;
	_cleanup_free_ struct config *config = NULL;
	const char *path;
	int r;

	if (progress_lock_for_file(cli) != CLI_OK)
		return CLI_FAILED;
	config = cli_read_config(&cli->root, CONFIGFILES_OF_NOW);
	configfiles_read_cmdline(&cli->root, config);
	if (find_section(&cli->root, config, cli->operands[0], &section) != CLI_OK)
		return CLI_FAILED;
	if (section->from_cmdline)
		return say_foreign(config, section);
	path = config->files[section->place.file];
	r = dropin_is_ours(&cli->root, path);
	if (r < 0)
		return cli_error("remove", "cannot read %s: %s", path, errno_text(r));
	if (r == 0)
		return say_foreign(config, section);
	return remove_file(cli, section, path);
}

const struct cli_command cmd_remove = {
	.name = "remove",
	.operands = "NAME|DEVICE",
	.missing = "no device set or device given",
	.summary = "leave devices to their native drivers from the next boot on",
	.details =
		"NAME is a device set, DEVICE any selector of one of its functions, even if "
		"the\ndevice is gone. Only files that 'vfioboot add' wrote are "
		"deleted.",
	.options = options,
	.run = run,
};
