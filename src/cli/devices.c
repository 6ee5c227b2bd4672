/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of library/devices.h for commands: what is wrong is printed, with what to choose from. */
#include "cli.h"

#include <fcntl.h>

/* Says what went wrong, what could have been meant, and how the program ends. */
static enum cli_exit say(const struct cli *cli, const struct devices *devices,
	const struct message *message)
{
	enum cli_exit status = message->code == -EINVAL ? CLI_MISUSE : CLI_FAILED;
	char line[MESSAGE_LINE_SIZE];

	cli_report(status, cli->command->name, "", "%s%s", message_line(message, line),
		devices->choices ? ":" : "");
	if (devices->choices)
		fputs(devices->choices, stderr);
	return status;
}

enum cli_exit devices_open(struct cli *cli, struct devices *devices)
{
	struct message message = {0};
	int r;

	if (cli_read_facts(cli) != CLI_OK)
		return CLI_FAILED;
	r = devices_read(&cli->machine->facts, cli->dir, devices, &message);
	if (devices->config)
		sections_say_errors(cli->command->name, devices->config);
	return r < 0 ? say(cli, devices, &message) : CLI_OK;
}

enum cli_exit devices_do(const struct cli *cli, struct devices *devices,
	int (*find)(struct devices *devices, const char *what, struct message *message),
	const char *what)
{
	struct message message = {0};

	return find(devices, what, &message) < 0 ? say(cli, devices, &message) : CLI_OK;
}

enum cli_exit devices_weigh(
	const struct cli *cli, struct devices *devices, struct offer *offer)
{
	struct message message = {0};
	int r = devices_judge(devices, offer, &message);

	if (devices->other_driver[0])
		cli_warning(cli->command->name,
			"the driver %s fits some of the functions best, but a device set "
			"has one driver; to use it, add these functions on their own with "
			"--only",
			devices->other_driver);
	return r < 0 ? cli_say(cli->command->name, &message) : CLI_OK;
}

enum cli_exit devices_plan(
	const struct cli *cli, struct devices *devices, const struct offer *offer)
{
	struct obstacles_dropin *dropin =
		or_no_memory(LIST_ADD(devices->planned, devices->n_planned));
	int r;

	dropin_path(offer->name, dropin->path);
	dropin->text = or_no_memory(strdup(offer->text));
	devices->host.planned = devices->planned;
	devices->host.n_planned = devices->n_planned;
	r = dropin_read_text(devices->config, dropin->text, dropin->path);
	return r < 0 ? cli_error(cli->command->name, "%s", errno_text(r)) : CLI_OK;
}

int devices_put_planned(const struct devices *devices, struct change *change)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < devices->n_planned; i++)
		r = change_put_text(
			change, devices->planned[i].path, devices->planned[i].text);
	return r;
}

enum cli_exit devices_check_directory(const struct cli *cli)
{
	_cleanup_close_ int fd =
		file_open(&cli->root, DROPIN_DIRECTORY, O_RDONLY | O_DIRECTORY);
	char target[PATH_MAX] = "";
	bool link =
		file_read_link(&cli->root, DROPIN_DIRECTORY, target, sizeof(target)) == 0;

	if (fd >= 0 || (fd == -ENOENT && !link))
		return CLI_OK;
	return cli_error(cli->command->name,
		"nothing was changed: " DROPIN_DIRECTORY
		"%s%s cannot be opened: %s; make it a "
		"directory that can be written to",
		link ? ", a link to " : "", target, errno_text(fd));
}

enum cli_exit devices_check_name(
	const char *command, const char *option, const char *name)
{
	char copy[CONFIG_NAME_SIZE];

	if (!name || config_set_name(copy, sizeof(copy), name))
		return CLI_OK;
	return cli_misuse(command,
		"bad name '%.60s' of --%s; use up to %d of A-Z a-z 0-9 . _ - and begin "
		"with a letter, a digit or _",
		name, option, CONFIG_NAME_SIZE - 1);
}
