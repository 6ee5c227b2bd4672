/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has systemd run a program as a unit of its own, now or by a timer. */
#include "systemd.h"

#define START_MS 15000 /* until the program has been executed */

/* Appends the properties of the service, as systemd-run(1) does. */
static int append_service(sd_bus_message *call, const struct units_program *program)
{
	const char *const *argv = program->argv;
	int r = sd_bus_message_open_container(call, 'a', "(sv)");

	r = r < 0 ? r
		  : sd_bus_message_append(call, "(sv)(sv)(sv)", "Description", "s",
			    program->description, "Type", "s", "exec", "CollectMode", "s",
			    "inactive-or-failed");
	r = r < 0 ? r : sd_bus_message_open_container(call, 'r', "sv");
	r = r < 0 ? r : sd_bus_message_append(call, "s", "ExecStart");
	r = r < 0 ? r : sd_bus_message_open_container(call, 'v', "a(sasb)");
	r = r < 0 ? r : sd_bus_message_open_container(call, 'a', "(sasb)");
	r = r < 0 ? r : sd_bus_message_open_container(call, 'r', "sasb");
	r = r < 0 ? r : sd_bus_message_append(call, "s", argv[0]);
	r = r < 0 ? r : sd_bus_message_append_strv(call, (char **)argv);
	r = r < 0 ? r : sd_bus_message_append(call, "b", 0);
	for (int depth = 0; r >= 0 && depth < 5; depth++)
		r = sd_bus_message_close_container(call);
	return r;
}

/* Appends the name, how, the properties, and what else is made: for a timer its service. */
static int append_units(sd_bus_message *call, const struct units_program *program)
{
	char service[UNITS_NAME_SIZE], timer[UNITS_NAME_SIZE];
	int r;

	text_join(service, sizeof(service), program->name, ".service", NULL);
	text_join(timer, sizeof(timer), program->name, ".timer", NULL);
	r = sd_bus_message_append(call, "ss", program->after_s ? timer : service, "fail");
	if (r < 0 || !program->after_s) {
		r = r < 0 ? r : append_service(call, program);
		return r < 0 ? r : sd_bus_message_append(call, "a(sa(sv))", 0);
	}
	r = sd_bus_message_append(call, "a(sv)", 4, "Description", "s",
		program->description, "TimersMonotonic", "a(st)", 1, "OnActiveSec",
		program->after_s * 1000000, "AccuracyUSec", "t", (uint64_t)1000000,
		"RemainAfterElapse", "b", 0);
	r = r < 0 ? r : sd_bus_message_open_container(call, 'a', "(sa(sv))");
	r = r < 0 ? r : sd_bus_message_open_container(call, 'r', "sa(sv)");
	r = r < 0 ? r : sd_bus_message_append(call, "s", service);
	r = r < 0 ? r : append_service(call, program);
	r = r < 0 ? r : sd_bus_message_close_container(call);
	return r < 0 ? r : sd_bus_message_close_container(call);
}

int units_run(
	struct units *units, const struct units_program *program, struct message *message)
{
	const struct units_name system = {0};
	_cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_bus_message_ sd_bus_message *call = NULL, *reply = NULL;
	struct manager *manager;
	int r = systemd_find_manager(units, &system, &manager);

	if (r < 0)
		return systemd_no_manager(message, r, &system);
	r = sd_bus_message_new_method_call(manager->bus, &call, SYSTEMD, MANAGER_PATH,
		MANAGER, "StartTransientUnit");
	r = r < 0 ? r : append_units(call, program);
	r = r < 0 ? r : sd_bus_call(manager->bus, call, 0, &error, &reply);
	if (r < 0 && sd_bus_error_has_name(&error, UNIT_EXISTS))
		return message_set(message, -EEXIST,
			"%s is running already, or waits for its time", program->name);
	r = r < 0 ? r : systemd_take_job(manager, reply);
	r = r < 0 ? r : systemd_wait_for_job(manager, child_now() + START_MS);
	if (r < 0)
		return systemd_fail(message, r, &error, "cannot start %s", program->name);
	if (strcmp(manager->result, "done") == 0)
		return 0;
	message_remedy(message, "see 'journalctl -u %s'", program->name);
	return message_set(
		message, -EIO, "%s was not started (%s)", program->name, manager->result);
}

int units_cancel(struct units *units, const char *name, struct message *message)
{
	struct units_name timer = {0}, service = {0}, own;
	int r;

	text_join(timer.name, sizeof(timer.name), name, ".timer", NULL);
	text_join(service.name, sizeof(service.name), name, ".service", NULL);
	r = units_stop(units, &timer, START_MS, message);
	/* The program that the timer has started may be the one that asks. */
	if (r < 0 ||
		(units_of_self(units->root, &own) == 0 &&
			strcmp(own.name, service.name) == 0))
		return r;
	return units_stop(units, &service, START_MS, message);
}
