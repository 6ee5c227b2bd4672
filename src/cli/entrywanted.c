/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration and the machine in, entries out; what stands in the way is said. */
#include "entrywanted.h"

#include <errno.h>

#include "../core/configfiles.h"
#include "../core/text.h"
#include "../host/loaders/bootmenu.h"
#include "../host/loaders/kernelfacts.h"
#include "cli.h"
#include "sections.h"

/* A boot in which all that is configured counts. */
static void make_all_profiles(const struct config *config, char *ret, size_t size)
{
	size_t len = text_join(ret, size, "vfioboot.profile=any", NULL);

	for (unsigned i = 0; i < config->n_sections; i++)
		if (config->sections[i].profile[0])
			len += text_join(ret + len, size - len, ",",
				config->sections[i].profile, NULL);
}

/*
 * The kernel parameters that entries need which give something away; none where the files do
 * not tell what machine it is.  0, or -EINVAL after a message.
 */
static int decide_parameters(const struct sysfs_root *root, const struct config *config,
	struct kernelparams *ret)
{
	static struct nextboot next;
	struct kernelparams_facts facts = {0};
	char cmdline[CONFIG_PROFILES_MAX * CONFIG_NAME_SIZE + 64];

	next = (struct nextboot){0};
	make_all_profiles(config, cmdline, sizeof(cmdline));
	nextboot_read(root, cmdline, &next);
	if (kernelfacts_read(root, &next, &facts) < 0)
		return 0;
	kernelparams_decide(&facts, ret);
	for (unsigned i = 0; i < ret->n; i++)
		if (ret->items[i].kind == KERNELPARAMS_CONFLICT)
			cli_error("entry", "%s%s%s", ret->items[i].parameter,
				ret->items[i].parameter[0] ? ": " : "",
				ret->items[i].reason);
	return ret->refused ? -EINVAL : 0;
}

int entrywanted_decide(const struct sysfs_root *root, struct bootentries *ret)
{
	static struct config config;
	static struct kernelparams params;
	struct bootentries old = {0};
	char cmdline[4096] = "";
	const char *bad = "";
	int r;

	config = (struct config){0};
	params = (struct kernelparams){0};
	configfiles_read(root, CONFIGFILES_OF_IMAGE, &config);
	sections_say_errors("entry", &config);
	r = decide_parameters(root, &config, &params);
	if (r < 0)
		return r;
	r = bootentry_decide(&config, &params, ret, &bad);
	if (r < 0) {
		cli_error("entry", "'%s' can't be an argument in a boot entry", bad);
		return r;
	}
	if (ret->left_out)
		cli_warning("entry", "%u profiles have no entry: at most %d can have one",
			ret->left_out, CONFIG_PROFILES_MAX);
	if (bootmenu_read_wanted(root, &old) == 0 &&
		sysfs_read_cmdline(root, cmdline, sizeof(cmdline)) >= 0)
		bootentry_keep(ret, &old, cmdline);
	return 0;
}
