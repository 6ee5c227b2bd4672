/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot explain`: why a device is, or will be, with the driver that it has. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli.h"
#include "cli/ui/json.h"
#include "explain.h"
#include "sections.h"
#include "status.h"

struct arguments {
	const char *root;
	bool json;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_JSON,
	{0},
};

static void put_uses(struct json_builder *builder, struct json_object *object,
	const struct inventory_function *function)
{
	static const char *const words[] = {
		[USAGE_MOUNT] = "mount",
		[USAGE_SWAP] = "swap",
		[USAGE_RESUME] = "resume",
		[USAGE_ROUTE] = "route",
		[USAGE_INTERFACE] = "interface",
	};
	struct json_object *list = json_new_array(builder, object, "uses");

	for (size_t i = 0; i < function->n_uses; i++) {
		struct json_object *use = json_new_object(builder, list, NULL);

		json_put_text(builder, use, "kind", words[function->uses[i].kind]);
		json_put_text(builder, use, "what", function->uses[i].what);
		json_put_bool(builder, use, "untraced", function->uses[i].untraced);
	}
}

static void put_group(struct json_builder *builder, struct json_object *object,
	const struct inventory *inventory, const struct inventory_function *function)
{
	struct json_object *list;

	if (function->pci->group == PCIBUS_NO_GROUP)
		json_put_null(builder, object, "iommu_group");
	else
		json_put_number(
			builder, object, "iommu_group", (unsigned)function->pci->group);
	list = json_new_array(builder, object, "group_others");
	if (function->pci->group == PCIBUS_NO_GROUP)
		return;
	for (size_t i = 0; i < inventory->n; i++) {
		const struct inventory_function *other = &inventory->functions[i];
		char address[PCI_ADDRESS_SIZE];

		if (other == function || other->pci->group != function->pci->group)
			continue;
		pci_address_format(other->pci->dev.address, address);
		json_put_text(builder, list, NULL, address);
	}
}

static void put_section(struct json_builder *builder, struct json_object *object,
	const struct explain *explain, const struct inventory_function *function)
{
	const struct config *config = &explain->next->config;
	const struct config_section *section = explain_find_section(explain, function);
	struct json_object *member;

	if (!section) {
		json_put_null(builder, object, "section");
		return;
	}
	member = json_new_object(builder, object, "section");
	json_put_text(builder, member, "name", section->name);
	json_put_text(builder, member, "file", config->files[section->place.file]);
	json_put_number(builder, member, "line", section->place.line);
	json_put_text(builder, member, "wanted", section->driver);
	json_put_text(builder, member, "inactive",
		config_section_active(config, section) ? NULL
						       : sections_inactive_word(config));
}

/* What the records and the plan say, with the keys of `status`. */
static void put_boots(struct json_builder *builder, struct json_object *object,
	const struct explain *explain, const struct inventory_function *function)
{
	const struct bootstate_function *told =
		bootstate_find(&explain->boot, function->pci->dev.address);

	if (told)
		status_put_function(
			builder, json_new_object(builder, object, "boot"), told);
	else
		json_put_null(builder, object, "boot");
}

static void put_function(struct json_builder *builder, struct json_object *object,
	const struct explain *explain, const struct inventory_function *function)
{
	const struct pcidev *dev = &function->pci->dev;
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE] = "";
	char id[sizeof("ffff:ffff")], class[sizeof("ffffff")];
	char override[SYSFS_DRIVER_SIZE];

	pci_address_format(dev->address, address);
	if (dev->path.depth)
		pci_path_format(&dev->path, path);
	snprintf(id, sizeof(id), "%04x:%04x", dev->ids.vendor, dev->ids.device);
	snprintf(class, sizeof(class), "%06x", dev->ids.class & 0xffffff);
	explain_read_override(explain, function, override);
	json_put_text(builder, object, "address", address);
	json_put_text(builder, object, "path", path);
	json_put_text(builder, object, "id", id);
	json_put_text(builder, object, "class", class);
	json_put_text(builder, object, "name", function->kind->name);
	json_put_text(builder, object, "driver", dev->driver);
	json_put_text(builder, object, "driver_override", override);
	json_put_text(builder, object, "modules", function->kind->modules);
	json_put_bool(builder, object, "boot_display", function->pci->boot_display);
	put_section(builder, object, explain, function);
	put_boots(builder, object, explain, function);
	put_group(builder, object, &explain->inventory, function);
	put_uses(builder, object, function);
}

static void close_explain(struct explain *explain)
{
	inventory_free(&explain->inventory);
	bootstate_free(&explain->boot);
	nextboot_free(&explain->next);
	sysfs_root_close(&explain->root);
}

static enum cli_exit open_explain(const char *dir, struct explain *ret)
{
	int r;

	if (cli_open_root("explain", dir, &ret->root) != CLI_OK)
		return CLI_FAILED;
	r = inventory_read(&ret->root, &ret->inventory);
	if (r < 0)
		return cli_error("explain",
			"cannot read the PCI functions of %s: %s; is sysfs mounted there?",
			dir, strerror(-r));
	r = nextboot_read(&ret->root, NULL, &ret->next);
	if (r < 0)
		return cli_error("explain", "%s", strerror(-r));
	sections_say_errors("explain", &ret->next->config);
	inventory_mark(&ret->root, ret->next, &ret->inventory);
	r = bootstate_read(&ret->root, ret->next, &ret->boot);
	return r < 0 ? cli_error("explain", "%s", strerror(-r)) : CLI_OK;
}

/* Whether the operand, which is a selector or the name of a section, means the function. */
static bool is_meant(const struct explain *explain, const char *operand,
	const struct selector *selector, const struct inventory_function *function)
{
	const struct pcidev *dev = &function->pci->dev;
	const struct config_section *section;

	if (selector)
		return selector_match(selector, dev->address, &dev->path, &dev->ids);
	section = explain_find_section(explain, function);
	return section && strcmp(section->name, operand) == 0;
}

/* What is to be said when nothing is there that an operand means. */
static enum cli_exit say_absent(
	const struct explain *explain, const char *operand, bool is_selector)
{
	const struct config *config = &explain->next->config;
	char place[CONFIG_PLACE_SIZE];

	for (unsigned i = 0; !is_selector && i < config->n_sections; i++) {
		if (strcmp(config->sections[i].name, operand) != 0)
			continue;
		config_place_text(config, config->sections[i].place, place);
		return cli_error("explain",
			"nothing that section %s (%s) names is there; 'vfioboot plan' "
			"tells more",
			operand, place);
	}
	if (is_selector)
		return cli_error("explain",
			"no function of this machine is %s; 'vfioboot list --all' shows "
			"them",
			operand);
	cli_error("explain",
		"'%s' is neither a device, such as 01:00.0, 00:01.0/00, 10de:2204 or "
		"class:03, nor the name of a section",
		operand);
	return CLI_MISUSE;
}

/* Tells of each function that @operand means: into @list, or with NULL as text. */
static enum cli_exit explain_operand(const struct explain *explain, const char *operand,
	struct json_builder *builder, struct json_object *list)
{
	const struct inventory *inventory = &explain->inventory;
	static bool any_printed;
	struct selector selector;
	bool is_selector = selector_parse(operand, &selector) == 0, any = false;

	for (size_t i = 0; i < inventory->n; i++) {
		const struct inventory_function *function = &inventory->functions[i];

		if (!is_meant(explain, operand, is_selector ? &selector : NULL, function))
			continue;
		any = true;
		if (list) {
			put_function(builder, json_new_object(builder, list, NULL),
				explain, function);
			continue;
		}
		if (any_printed)
			putchar('\n');
		any_printed = true;
		explain_print(explain, function);
	}
	return any ? CLI_OK : say_absent(explain, operand, is_selector);
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(close_explain) struct explain explain = {.root = {.fd = -1}};
	struct json_builder builder = {0};
	struct json_object *top = NULL, *list = NULL;
	struct arguments arguments = {.root = "/"};
	enum cli_exit status = CLI_OK;

	if (cli_parse(&cmd_explain, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	if (open_explain(arguments.root, &explain) != CLI_OK)
		return CLI_FAILED;
	if (arguments.json) {
		top = json_new_top(&builder);
		list = json_new_array(&builder, top, "functions");
	}
	for (int i = optind; i < argc; i++) {
		enum cli_exit one = explain_operand(&explain, argv[i], &builder, list);

		status = one > status ? one : status;
	}
	if (arguments.json && json_finish(&builder, "explain", top) != CLI_OK)
		return CLI_FAILED;
	return status;
}

const struct cli_command cmd_explain = {
	.name = "explain",
	.operands = "DEVICE...",
	.missing = "no device given",
	.summary = "tell why a device has the driver that it has",
	.details =
		"DEVICE is an address (01:00.0), a path (00:01.0/00), ids (10de:2204), a "
		"class\n(class:03) or the name of a section.",
	.options = options,
	.run = run,
};
