/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a machine as far as it is asked for, and puts its functions into the order of the list. */
#include "machine.h"

int machine_new(struct vfioboot_ctx *ctx, struct vfioboot_machine **ret)
{
	struct vfioboot_machine *machine = calloc(1, sizeof(*machine));
	int r;

	if (!machine)
		return context_errno(ctx, -ENOMEM);
	r = root_open(vfioboot_get_root(ctx), &machine->root);
	if (r < 0) {
		free(machine);
		message_errno(context_failure(ctx), r, "cannot open %s",
			vfioboot_get_root(ctx));
		message_remedy(&ctx->failure,
			"use the directory with the files of another machine");
		return r;
	}
	machine->refs = 1;
	machine->ctx = vfioboot_ref(ctx);
	*ret = machine;
	return 0;
}

void machine_forget(struct vfioboot_machine *machine)
{
	for (size_t i = 0; i < machine->n_functions; i++)
		function_clear(&machine->functions[i]);
	free(machine->functions);
	free(machine->groups);
	machine->functions = NULL;
	machine->groups = NULL;
	machine->n_functions = machine->n_groups = 0;
	inventory_free(&machine->inventory);
	thisboot_free(&machine->boot);
	nextboot_free(&machine->next);
	chain_free(&machine->chain);
	facts_free(&machine->facts);
	machine->boot_read = false;
	machine->facts = (struct facts){0};
}

struct vfioboot_machine *vfioboot_machine_ref(struct vfioboot_machine *machine)
{
	machine->refs++;
	return machine;
}

struct vfioboot_machine *vfioboot_machine_unref(struct vfioboot_machine *machine)
{
	if (!machine || --machine->refs)
		return NULL;
	machine_forget(machine);
	root_close(&machine->root);
	vfioboot_unref(machine->ctx);
	free(machine);
	return NULL;
}

int machine_read_facts(struct vfioboot_machine *machine)
{
	int r = machine->facts.root ? 0 : facts_read(&machine->root, &machine->facts);

	return context_errno(machine->ctx, r);
}

int machine_read_next(struct vfioboot_machine *machine, const char *cmdline)
{
	int r = cmdline ? machine_read_facts(machine) : machine_read_entry(machine, NULL);

	return r < 0 || machine->next
		? r
		: context_errno(machine->ctx,
			  nextboot_read(&machine->facts, cmdline, &machine->next));
}

int machine_read_entry(struct vfioboot_machine *machine, const char *more)
{
	int r = machine_read_facts(machine);

	if (r < 0 || machine->next)
		return r;
	r = chain_read_menus(&machine->root, &machine->chain);
	if (r == 0)
		r = nextboot_follow(
			&machine->facts, &machine->chain, more, &machine->next);
	return context_errno(machine->ctx, r);
}

int machine_read_boot(struct vfioboot_machine *machine)
{
	int r = machine_read_next(machine, NULL);

	if (r < 0 || machine->boot_read)
		return r;
	r = thisboot_read(&machine->root, machine->next, &machine->boot);
	machine->boot_read = r == 0;
	return context_errno(machine->ctx, r);
}

int machine_follow(struct vfioboot_machine *machine)
{
	const struct nextboot *next = machine->next;

	return chain_follow(&machine->root, next->protect_traced ? &next->protect : NULL,
		&machine->chain);
}

/* ---- the list */

/* By group, those without one last; within it by address, which is the order in memory. */
static int compare_places(const void *a, const void *b)
{
	const struct inventory_function *x = *(struct inventory_function *const *)a;
	const struct inventory_function *y = *(struct inventory_function *const *)b;

	if (x->pci->group != y->pci->group)
		return (unsigned)x->pci->group < (unsigned)y->pci->group ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int describe_functions(struct vfioboot_machine *machine)
{
	const struct inventory *inventory = &machine->inventory;
	_cleanup_free_ const struct inventory_function **sorted =
		calloc(inventory->n + 1, sizeof(*sorted));
	int r = 0;

	machine->functions = calloc(inventory->n + 1, sizeof(*machine->functions));
	if (!sorted || !machine->functions)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->n; i++)
		sorted[i] = &inventory->functions[i];
	qsort(sorted, inventory->n, sizeof(*sorted), compare_places);
	for (size_t i = 0; r == 0 && i < inventory->n; i++)
		r = function_describe(
			sorted[i], &machine->functions[machine->n_functions++]);
	return r;
}

static int list_groups(struct vfioboot_machine *machine)
{
	struct vfioboot_group *group;
	int last = PCIBUS_NO_GROUP;

	machine->groups = calloc(machine->n_functions + 1, sizeof(*machine->groups));
	if (!machine->groups)
		return -ENOMEM;
	group = machine->groups;
	for (size_t i = 0; i < machine->n_functions; i++) {
		const struct vfioboot_function *function = &machine->functions[i];
		int number = vfioboot_function_get_iommu_group(function);

		if (number == PCIBUS_NO_GROUP)
			break;
		if (number != last)
			group = &machine->groups[machine->n_groups++];
		if (number != last)
			group->functions = function;
		group->n++;
		last = number;
	}
	return 0;
}

void machine_warn(const struct vfioboot_machine *machine)
{
	if (facts_modules_are_damaged(&machine->facts))
		context_warn(machine->ctx,
			"the index of the running kernel's modules is damaged; 'sudo "
			"depmod' rebuilds it");
	if (machine->next->config.n_errors)
		context_warn(machine->ctx,
			"the configuration has errors; 'vfioboot plan' names them");
}

/* A function that was left out: without its ids it could be anything. */
static void warn_unread(const struct vfioboot_machine *machine)
{
	const struct pcibus *bus = machine->inventory.bus;
	char address[PCI_ADDRESS_SIZE];

	if (!bus->error)
		return;
	pci_address_format(bus->unread, address);
	context_warn(machine->ctx, "%s is not listed: cannot read its modalias: %s",
		address, errno_text(bus->error));
}

int machine_read_functions(struct vfioboot_machine *machine)
{
	int r;

	if (machine->functions)
		return 0;
	r = machine_read_boot(machine);
	if (r < 0)
		return r;
	r = inventory_read(&machine->facts, &machine->inventory);
	if (r < 0) {
		message_errno(context_failure(machine->ctx), r,
			"cannot read the PCI functions of %s",
			vfioboot_get_root(machine->ctx));
		message_remedy(&machine->ctx->failure, "is sysfs mounted there?");
		return r;
	}
	inventory_mark(&machine->inventory, machine->next, &machine->boot);
	r = describe_functions(machine);
	if (r == 0)
		r = list_groups(machine);
	return context_errno(machine->ctx, r);
}

int vfioboot_machine_read(struct vfioboot_ctx *ctx, struct vfioboot_machine **ret_machine)
{
	struct vfioboot_machine *machine;
	int r = machine_new(ctx, &machine);

	if (r < 0)
		return r;
	r = machine_read_functions(machine);
	if (r < 0) {
		vfioboot_machine_unref(machine);
		return r;
	}
	warn_unread(machine);
	machine_warn(machine);
	*ret_machine = machine;
	return 0;
}

GET(size_t, vfioboot_machine_count_functions, machine, machine->n_functions)
GET_AT(function, vfioboot_machine_get_function, machine, machine->functions,
	machine->n_functions)

const struct vfioboot_function *vfioboot_machine_find_function(
	const struct vfioboot_machine *machine, const char *address)
{
	const struct inventory_function *of;
	struct selector selector;

	if (selector_parse_kind(SELECTOR_ADDRESS, address, &selector) < 0 ||
		selector.slot)
		return NULL;
	of = inventory_find(&machine->inventory, selector.address);
	for (size_t i = 0; of && i < machine->n_functions; i++)
		if (machine->functions[i].of == of)
			return &machine->functions[i];
	return NULL;
}

GET(int, vfioboot_machine_get_use_error, machine, machine->inventory.usage_error)

/* NULL behind the last one; those that there was no room for are not known. */
static const struct config_other *other_of(
	const struct vfioboot_machine *machine, size_t index)
{
	return index < vfioboot_machine_count_others(machine)
		? &machine->next->config.others[index]
		: NULL;
}

size_t vfioboot_machine_count_others(const struct vfioboot_machine *machine)
{
	unsigned n = machine->next->config.n_others;

	return n < CONFIG_SECTIONS_MAX ? n : CONFIG_SECTIONS_MAX;
}

/* A getter of @other, that is the one at @index; @none behind the last one. */
#define GET_OTHER(type, name, none, value)                                               \
	type name(const struct vfioboot_machine *machine, size_t index)                  \
	{                                                                                \
		const struct config_other *other = other_of(machine, index);             \
                                                                                         \
		return other ? value : none;                                             \
	}

GET_OTHER(const char *, vfioboot_machine_get_other_section, NULL, other->name)
GET_OTHER(const char *, vfioboot_machine_get_other_file, NULL,
	machine->next->config.files[other->place.file])
GET_OTHER(unsigned, vfioboot_machine_get_other_line, 0, other->place.line)
GET_OTHER(const char *, vfioboot_machine_get_other_machine, NULL, other->machine)

GET(size_t, vfioboot_machine_count_groups, machine, machine->n_groups)
GET_AT(group, vfioboot_machine_get_group, machine, machine->groups, machine->n_groups)
GET(int, vfioboot_group_get_number, group,
	vfioboot_function_get_iommu_group(group->functions))
GET(size_t, vfioboot_group_count_functions, group, group->n)
GET_AT(function, vfioboot_group_get_function, group, group->functions, group->n)

bool vfioboot_group_is_viable(const struct vfioboot_group *group)
{
	for (size_t i = 0; i < group->n; i++)
		if (!pcibus_leaves_group(group->functions[i].of->pci->dev.driver))
			return false;
	return true;
}
