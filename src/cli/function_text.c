/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of this boot, the present driver and the plan for the next boot, put into words. */
#include "cli.h"

bool function_record_lost(const struct thisboot *boot)
{
	for (int i = 0; i < BOOT_STAGES; i++)
		if (boot->problems[i] && boot->problems[i] != -ENOENT)
			return true;
	return false;
}

const char *function_result(
	const struct thisboot *boot, const struct thisboot_function *function)
{
	if (!function->in_record)
		return function_record_lost(boot) ? "unknown"
			: boot->last              ? "added since"
						  : "not tried";
	if (function->recorded.result != RESULT_BOUND)
		return result_word(function->recorded.result);
	if (strcmp(function->recorded.wanted, CONFIG_DRIVER_NATIVE) == 0)
		return "left to its native driver";
	return function->stage == BOOT_INITRAMFS ? "bound in the initramfs"
		: function->stage == BOOT_SYSTEM ? "bound on the running system"
						 : "bound when it appeared";
}

static void remark_bound(const struct chain *chain,
	const struct thisboot_function *function, char ret[static FUNCTION_TEXT_SIZE])
{
	const char *now = function->driver_now;
	char remedy[MESSAGE_LINE_SIZE];

	if (!function->present)
		strcpy(ret, "it was bound, but has disappeared since");
	else if (!function->as_wanted)
		snprintf(ret, FUNCTION_TEXT_SIZE, "it was bound, but %s%s since%s",
			now[0] ? "has been taken by the driver " : "lost its driver", now,
			function->inactive ? "" : "; the next boot binds it again");
	else if (function->inactive)
		return;
	else if (!function->next) {
		chain_text_remedy(chain, true, remedy);
		snprintf(ret, FUNCTION_TEXT_SIZE,
			"it is no longer configured; to give it back to its native driver, %s",
			remedy);
	} else if (plan_refuses(function->next))
		snprintf(ret, FUNCTION_TEXT_SIZE, "the next boot will refuse it: %s",
			function->refusal);
}

/* Of a function that is in no record. */
static void remark_untried(const struct thisboot *boot, const struct chain *chain,
	const struct thisboot_function *function, char ret[static FUNCTION_TEXT_SIZE])
{
	const struct plan_entry *next = function->next;
	char remedy[MESSAGE_LINE_SIZE];

	if (next && plan_refuses(next))
		snprintf(ret, FUNCTION_TEXT_SIZE, "the next boot will refuse it: %s",
			function->refusal);
	else if (next && function->action == NEXTBOOT_LATER)
		strcpy(ret,
			"it is there only after udev has started; see 'vfioboot plan'");
	else if (!function_record_lost(boot)) {
		chain_text_remedy(chain, true, remedy);
		snprintf(ret, FUNCTION_TEXT_SIZE, "%s: %s",
			boot->last ? "it was configured after this boot"
				   : "vfioboot did not run at this boot",
			remedy);
	}
}

void function_remark(const struct thisboot *boot, const struct chain *chain,
	const struct thisboot_function *function, char ret[static FUNCTION_TEXT_SIZE])
{
	const struct plan_entry *next = function->next;
	const char *after = "";

	ret[0] = '\0';
	if (!function->in_record) {
		remark_untried(boot, chain, function, ret);
		return;
	}
	if (function->recorded.result == RESULT_BOUND) {
		remark_bound(chain, function, ret);
		return;
	}
	if (function->as_wanted)
		after = "; it has been bound since";
	else if (function->inactive)
		after = "; it is not configured for the next boot";
	else if (!next)
		after = "; it is no longer configured";
	else if (function->action == NEXTBOOT_LATER)
		after = "; 'vfioboot plan' shows when it is bound";
	else if (function->action == NEXTBOOT_BIND)
		after = "; the next boot will bind it";
	snprintf(ret, FUNCTION_TEXT_SIZE, "%s%s", reason_text(function->recorded.reason),
		after);
}

void function_step_add_json(struct json_object *list, const struct record_step *step)
{
	struct json_object *object = json_add_object(list, NULL);
	bool plain = step->reason == REASON_NONE;

	json_add_text(object, "key", step->key);
	json_add_text(object, "wanted", step->wanted);
	json_add_text(object, "value", step->value);
	json_add_text(object, "result", step_result_words[step->result]);
	json_add_text(object, "reason", plain ? NULL : reason_word(step->reason));
	json_add_text(object, "remark", plain ? NULL : reason_text(step->reason));
}

void function_step_print(const struct record_step *step, const char *indent)
{
	char text[FUNCTION_TEXT_SIZE + 256];

	log_step_sentence(step, text, sizeof(text));
	cli_print("%s%s\n", indent, text);
}

static void add_steps(struct json_object *object, const struct thisboot *boot,
	const struct thisboot_function *function)
{
	struct json_object *list = json_add_array(object, "settings");

	for (size_t i = 0; i < boot->n_steps; i++)
		if (thisboot_is_step_of(boot->steps[i], function))
			function_step_add_json(list, boot->steps[i]);
}

void function_add_json(struct json_object *object, const struct thisboot *boot,
	const struct chain *chain, const struct thisboot_function *function,
	const char *name)
{
	const struct record_function *recorded = &function->recorded;
	const struct plan_entry *next = function->next;
	bool refused = next && plan_refuses(next);
	char remark[FUNCTION_TEXT_SIZE];

	json_add_text(object, "section", recorded->section);
	json_add_text(object, "address", recorded->address);
	json_add_text(object, "path", recorded->path);
	json_add_text(object, "id", recorded->id);
	json_add_text(object, "name", name);
	json_add_text(object, "wanted", recorded->wanted);
	json_add_text(object, "driver", function->driver_now);
	json_add_bool(object, "as_wanted", function->as_wanted);
	json_add_text(object, "result",
		function->in_record ? result_word(recorded->result) : NULL);
	json_add_text(object, "reason",
		recorded->reason ? reason_word(recorded->reason) : NULL);
	json_add_text(object, "stage",
		function->in_record ? boot_stage_word(function->stage) : NULL);
	json_add_text(object, "next_boot",
		next ? nextboot_action_word(function->action) : NULL);
	json_add_text(object, "next_reason", refused ? reason_word(next->reason) : NULL);
	json_add_text(object, "at_this_boot", function_result(boot, function));
	function_remark(boot, chain, function, remark);
	json_add_text(object, "remark", remark);
	add_steps(object, boot, function);
}
