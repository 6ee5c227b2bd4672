/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration and the machine in, entries out; what stands in the way is said. */
#include "entrywanted.h"

#include <errno.h>
#include <string.h>

#include "chain/chain.h"
#include "cli.h"
#include "decide/decide.h"
#include "params/params.h"
#include "sections.h"

void entrywanted_say_params(const char *command, int error,
	const struct kernelparams *params, const char *bad)
{
	for (unsigned i = 0; error == -EPERM && i < params->n; i++)
		if (params->items[i].kind == KERNELPARAMS_CONFLICT)
			cli_error(command, "%s%s%s", params->items[i].parameter,
				params->items[i].parameter[0] ? ": " : "",
				params->items[i].reason);
	if (error == -EINVAL)
		cli_error(command, "'%s' can't be an argument in a boot entry", bad);
	else if (error == -E2BIG)
		cli_error(command,
			"there is no room for '%s' in the arguments of an entry", bad);
	else if (error != -EPERM)
		cli_error(command, "the facts of this machine can't be read: %s",
			strerror(-error));
}

void entrywanted_warn_stale(const char *command, const struct sysfs_root *root)
{
	static struct config config;
	struct bootentries written, decided;

	if (bootmenu_read_wanted(root, &written) < 0)
		return;
	config = (struct config){0};
	configfiles_read(root, CONFIGFILES_OF_IMAGE, &config);
	bootentry_decide(&config, &decided);
	if (bootentry_fits(&written, &decided))
		return;
	if (decided.n)
		cli_warning(command,
			"the boot menu's entries no longer fit the configuration; run "
			"'vfioboot entry add'");
	else
		cli_warning(command,
			"the boot menu's entries select nothing any more; run 'vfioboot "
			"entry remove'");
}

static int add_parameters(const struct sysfs_root *root, struct bootentries *entries)
{
	_cleanup_free_ struct kernelparams *params = calloc(1, sizeof(*params));
	_cleanup_(facts_free) struct facts facts = {0};
	const char *bad = "";
	int r = params ? facts_read(root, &facts) : -ENOMEM;

	if (r == 0)
		r = kernelparams_add_to_entries(&facts, entries, params, &bad);
	if (r < 0)
		entrywanted_say_params("entry", r, params, bad);
	return r;
}

int entrywanted_decide(const struct sysfs_root *root, struct bootentries *ret)
{
	static struct config config;
	struct bootentries old = {0};
	_cleanup_free_ char *cmdline = NULL;
	int r;

	config = (struct config){0};
	configfiles_read(root, CONFIGFILES_OF_IMAGE, &config);
	sections_say_errors("entry", &config);
	bootentry_decide(&config, ret);
	if (ret->left_out)
		cli_warning("entry", "%u profiles have no entry: at most %d can have one",
			ret->left_out, CONFIG_PROFILES_MAX);
	r = add_parameters(root, ret);
	if (r < 0)
		return r;
	r = cmdline_read_if_any(root, &cmdline);
	if (r < 0) {
		cli_error(
			"entry", "cannot read the kernel command line: %s", strerror(-r));
		return r;
	}
	if (bootmenu_read_wanted(root, &old) == 0)
		bootentry_keep(ret, &old, cmdline);
	return 0;
}
