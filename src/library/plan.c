/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfioboot plan` says, of the planner of the early program. */
#include "plan.h"

/* What the settings would come to by what the kernel shows now. */
static int find_settings(const struct root *root, struct vfioboot_entry *entry)
{
	struct record_step steps[STEPS_OF_FUNCTION_MAX];
	unsigned n = nextboot_settings(root, entry->next, entry->of, steps);

	entry->settings = calloc(n + 1, sizeof(*entry->settings));
	if (!entry->settings)
		return -ENOMEM;
	for (; entry->n_settings < n; entry->n_settings++)
		entry->settings[entry->n_settings].of = steps[entry->n_settings];
	return 0;
}

static int describe(const struct nextboot *next, struct names *names,
	const struct plan_entry *of, struct vfioboot_entry *ret)
{
	char remark[SECTIONS_REMARK_SIZE];
	struct function_name name;

	*ret = (struct vfioboot_entry){.next = next, .of = of};
	sections_remark(next, of, remark);
	ret->remark = strdup(remark);
	if (!ret->remark || of->function == PLAN_NO_FUNCTION)
		return ret->remark ? 0 : -ENOMEM;
	ret->dev = &next->machine.functions[of->function];
	pci_address_format(ret->dev->address, ret->address);
	if (ret->dev->path.depth)
		pci_path_format(&ret->dev->path, ret->path);
	function_format_id(&ret->dev->ids, ret->id);
	names_look_up(names, &ret->dev->ids, &name);
	ret->name = strdup(name.name);
	return ret->name ? 0 : -ENOMEM;
}

int plan_describe(
	const struct root *root, const struct nextboot *next, struct vfioboot_plan *ret)
{
	const struct plan *const plans[] = {&next->plan, &next->demand};
	_cleanup_(names_close) struct names *names = NULL;
	int r = names_open(&names);

	ret->entries = calloc(
		next->plan.n_entries + next->demand.n_entries + 1, sizeof(*ret->entries));
	if (!ret->entries)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++)
		for (unsigned j = 0; r == 0 && j < plans[i]->n_entries; j++)
			r = describe(next, names, &plans[i]->entries[j],
				&ret->entries[ret->n++]);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		r = find_settings(root, &ret->entries[i]);
	return r < 0 ? r : points_add_errors(&ret->errors, &next->config);
}

void plan_clear(struct vfioboot_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->entries[i].name);
		free(plan->entries[i].remark);
		free(plan->entries[i].settings);
	}
	free(plan->entries);
	points_clear(&plan->errors);
	nextboot_free(&plan->own);
	*plan = (struct vfioboot_plan){0};
}

static const struct config_section *section_of(const struct vfioboot_entry *entry)
{
	return &entry->next->config.sections[entry->of->section];
}

/* ---- what the header has */

_Static_assert((int)VFIOBOOT_ACTION_BIND == (int)NEXTBOOT_BIND &&
		(int)VFIOBOOT_ACTION_LATER == (int)NEXTBOOT_LATER &&
		(int)VFIOBOOT_ACTION_REFUSE == (int)NEXTBOOT_REFUSE &&
		(int)VFIOBOOT_ACTION_DEMAND == (int)NEXTBOOT_DEMAND &&
		(int)VFIOBOOT_ACTION_NATIVE == (int)NEXTBOOT_NATIVE,
	"the numbers of actions are part of the library's ABI");

const char *vfioboot_action_word(enum vfioboot_action action)
{
	return (unsigned)action < NEXTBOOT_ACTIONS
		? nextboot_action_word((enum nextboot_action)action)
		: NULL;
}

int vfioboot_plan_make(struct vfioboot_machine *machine, const char *cmdline,
	struct vfioboot_plan **ret_plan)
{
	struct vfioboot_plan *plan = calloc(1, sizeof(*plan));
	int r = plan ? 0 : -ENOMEM;

	if (r == 0 && cmdline)
		r = nextboot_read(&machine->facts, cmdline, &plan->own);
	if (r == 0)
		r = plan_describe(
			&machine->root, plan->own ? plan->own : machine->next, plan);
	if (r < 0)
		vfioboot_plan_free(plan);
	else
		*ret_plan = plan;
	return context_errno(machine->ctx, r);
}

void vfioboot_plan_free(struct vfioboot_plan *plan)
{
	if (plan)
		plan_clear(plan);
	free(plan);
}

GET(size_t, vfioboot_plan_count, plan, plan->n)
GET_AT(entry, vfioboot_plan_get, plan, plan->entries, plan->n)

const struct vfioboot_points *vfioboot_plan_get_errors(const struct vfioboot_plan *plan)
{
	return &plan->errors;
}

GET(const char *, vfioboot_entry_get_section, entry, section_of(entry)->name)
GET(const char *, vfioboot_entry_get_file, entry,
	entry->next->config.files[section_of(entry)->place.file])
GET(unsigned, vfioboot_entry_get_line, entry, section_of(entry)->place.line)
GET(const char *, vfioboot_entry_get_wanted, entry, section_of(entry)->driver)
GET(const char *, vfioboot_entry_get_address, entry, function_text(entry->address))
GET(const char *, vfioboot_entry_get_path, entry, function_text(entry->path))
GET(const char *, vfioboot_entry_get_id, entry, function_text(entry->id))
GET(const char *, vfioboot_entry_get_driver, entry,
	entry->dev ? function_text(entry->dev->driver) : NULL)
GET(const char *, vfioboot_entry_get_name, entry, entry->name)
GET(enum vfioboot_action, vfioboot_entry_get_action, entry,
	(enum vfioboot_action)nextboot_action(entry->next, entry->of))

const char *vfioboot_entry_get_summary(const struct vfioboot_entry *entry)
{
	enum vfioboot_action action = vfioboot_entry_get_action(entry);
	const char *driver = section_of(entry)->driver;

	if (action == VFIOBOOT_ACTION_REFUSE)
		return "refused";
	if (action == VFIOBOOT_ACTION_DEMAND)
		return "left to the host";
	if (action == VFIOBOOT_ACTION_NATIVE)
		return "left to its native driver";
	if (nextboot_hindrance(entry->next))
		return "not bound";
	if (action == VFIOBOOT_ACTION_LATER)
		return "later";
	return strcmp(driver, CONFIG_DRIVER_NONE) == 0 ? "kept without a driver" : driver;
}

const char *vfioboot_entry_get_reason(const struct vfioboot_entry *entry)
{
	enum vfioboot_action action = vfioboot_entry_get_action(entry);

	return action == VFIOBOOT_ACTION_REFUSE ||
			(action == VFIOBOOT_ACTION_DEMAND && entry->of->reason)
		? reason_word(entry->of->reason)
		: NULL;
}

GET(const char *, vfioboot_entry_get_remark, entry, function_text(entry->remark))
GET(size_t, vfioboot_entry_count_settings, entry, entry->n_settings)
GET_AT(setting, vfioboot_entry_get_setting, entry, entry->settings, entry->n_settings)
GET(const char *, vfioboot_setting_get_key, setting, setting->of.key)
GET(const char *, vfioboot_setting_get_wanted, setting, setting->of.wanted)
GET(const char *, vfioboot_setting_get_value, setting, function_text(setting->of.value))
GET(const char *, vfioboot_setting_get_result, setting,
	step_result_words[setting->of.result])
GET(const char *, vfioboot_setting_get_reason, setting,
	setting->of.reason == REASON_NONE ? NULL : reason_word(setting->of.reason))
GET(const char *, vfioboot_setting_get_remark, setting,
	setting->of.reason == REASON_NONE ? NULL : reason_text(setting->of.reason))
