/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot apply`: brings every initramfs image up to what is configured, and looks into it. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "deployment.h"
#include "entrywanted.h"
#include "facts/facts.h"
#include "outlook/outlook.h"
#include "trialtext.h"

struct arguments {
	const char *root;
	bool dry_run;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_DRY_RUN,
	{0},
};

/* Those of the command line are not for images to repair. */
static enum cli_exit check_config(const struct config *config)
{
	enum cli_exit status = CLI_OK;

	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, error->place, place);
		if (*place != '/')
			cli_warning("apply", "%s: %s", place, error->message);
		else
			status = cli_error("apply", "%s: %s", place, error->message);
	}
	if (status != CLI_OK)
		cli_error("apply", "nothing was changed; correct this and run it again");
	return status;
}

/* Of the live machine nothing is done without it: images would not know what to spare. */
static enum cli_exit check_protect(struct facts *facts, struct nextboot *next)
{
	int r = 0;

	if (next->protect_traced)
		return CLI_OK;
	if (facts->root->live)
		r = protect_list_trace(facts, &next->config, &next->protect);
	else
		cli_warning("apply",
			"what this machine needs for itself can't be traced from these "
			"files; its protect list is left out");
	if (r == -EHOSTUNREACH)
		return cli_error("apply",
			"this is not the root of a running host, but a chroot or a "
			"container; run this on the host itself, where / is mounted, and "
			"so are proc and sysfs");
	if (r < 0)
		return cli_error(
			"apply", "cannot trace what this host uses: %s", strerror(-r));
	return CLI_OK;
}

static void warn_refused(const struct nextboot *next)
{
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		char address[PCI_ADDRESS_SIZE] = "";

		if (entry->reason == REASON_NONE)
			continue;
		if (entry->function != PLAN_NO_FUNCTION)
			pci_address_format(
				next->machine.functions[entry->function].address,
				address);
		cli_warning("apply", "%s%s%s will be refused: %s",
			next->config.sections[entry->section].name, *address ? " " : "",
			address, reason_text(entry->reason));
	}
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static void print_outlook(const struct nextboot *next)
{
	struct nextboot_counts counts = nextboot_count(next);

	if (next->config.off)
		puts("At the next boot nothing happens as long as vfioboot.off is on the "
		     "kernel command line.");
	else if (!counts.bound && !counts.refused)
		puts("At the next boot no function is asked for.");
	else
		printf("At the next boot %u function%s will be bound, %u refused; "
		       "'vfioboot plan' shows them.\n",
			counts.bound, plural(counts.bound), counts.refused);
}

static enum cli_exit carry_out(const struct nextboot *next, struct deploy *deploy)
{
	enum cli_exit status;

	if (deploy->n == 0) {
		puts("Nothing to do: every image is up to date.");
		print_outlook(next);
		return CLI_OK;
	}
	status = deployment_check_room("apply", deploy);
	if (status == CLI_OK)
		status = deployment_run("apply", deploy);
	if (status != CLI_OK)
		return status;
	if (deploy->n_images)
		puts("Each new image was opened: it has today's configuration, and starts "
		     "vfioboot before any driver.");
	print_outlook(next);
	if (deploy->n_images)
		puts("Reboot to have it.");
	return CLI_OK;
}

static enum cli_exit plan_and_run(const struct sysfs_root *root,
	const struct nextboot *next, struct images *images, bool dry_run)
{
	const struct protect_list *protect = next->protect_traced ? &next->protect : NULL;
	_cleanup_(deploy_free) struct deploy deploy = {0};
	enum cli_exit status, warned;
	int r;

	status = deployment_check_images("apply", images);
	if (status != CLI_OK)
		return status;
	warned = deployment_warn_unified("apply", images);
	r = deploy_plan_apply(root, protect, images, &deploy);
	if (r < 0)
		return cli_error(
			"apply", "cannot tell what is to be done: %s", strerror(-r));
	if (!dry_run) {
		status = carry_out(next, &deploy);
		return status == CLI_OK ? warned : status;
	}
	deployment_print(&deploy);
	if (deployment_check_room("apply", &deploy) != CLI_OK)
		return CLI_FAILED;
	if (deploy.n == 0)
		puts("Nothing to do: every image is up to date.");
	print_outlook(next);
	return warned;
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	_cleanup_(images_free) struct images images = {0};
	struct arguments arguments = {.root = "/"};
	_cleanup_(facts_free) struct facts facts = {0};
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	enum cli_exit status;
	int r;

	if (cli_parse(&cmd_apply, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	status = deployment_open_root("apply", arguments.root, arguments.dry_run, &root);
	if (status != CLI_OK)
		return status;
	r = facts_read(&root, &facts);
	if (r == 0)
		r = nextboot_read(&facts, NULL, &next);
	if (r < 0)
		return cli_error("apply", "%s", strerror(-r));
	status = check_config(&next->config);
	if (status == CLI_OK)
		status = check_protect(&facts, next);
	if (status != CLI_OK)
		return status;
	if (next->machine_error < 0)
		cli_warning("apply",
			"the PCI functions can't be read (%s): what the next "
			"boot will do is not known",
			strerror(-next->machine_error));
	warn_refused(next);
	trialtext_warn_changed("apply", &root, &next->config);
	entrywanted_warn_stale("apply", &root);
	r = images_inspect(&root, next->protect_traced ? &next->protect : NULL, &images);
	if (r < 0)
		return cli_error("apply", "cannot look for images: %s", strerror(-r));
	return plan_and_run(&root, next, &images, arguments.dry_run);
}

const struct cli_command cmd_apply = {
	.name = "apply",
	.operands = "",
	.summary = "bring the initramfs images up to what is configured",
	.details =
		"Writes the protect list, makes the images of all installed kernels anew that\n"
		"are not up to date, and looks into each. When something fails, all is put back.",
	.options = options,
	.run = run,
};
