/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameters of several entries: the machine is read once for all of them. */
#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "../lib/compose.h"
#include "params/kernel_params.h"

#define PROFILES 8
#define CARDS    32 /* of the machine */

static unsigned opens;

/* What the program opens below a root, openat2(2): see base/file.c. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long arguments[4];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	opens += number == SYS_openat2;
	return __real_syscall(
		number, arguments[0], arguments[1], arguments[2], arguments[3]);
}

/* A machine with 32 cards, and as many profiles as can have an entry; each takes all cards. */
static void put_machine(void)
{
	char config[1024] = "[boot]\nwhen = selected\n";

	assert_int_equal(
		compose_machine("tests/fixtures/functions-64/machine", fake_path("")), 0);
	for (int i = 0; i < PROFILES; i++)
		snprintf(config + strlen(config), sizeof(config) - strlen(config),
			"[device d%d]\nid = 10de:2236, 10de:1aef\nprofile = p%d\n", i, i);
	fake_put("etc/vfioboot.conf", config);
}

static unsigned count_opens(unsigned n_entries)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_free_ struct config *config = calloc(1, sizeof(*config));
	_cleanup_(facts_free) struct facts facts = {0};
	struct bootentries entries;

	assert_non_null(config);
	configfiles_read(&root, CONFIGFILES_OF_IMAGE, config);
	assert_int_equal(config->n_errors, 0);
	bootentry_decide(config, &entries);
	assert_int_equal(entries.n, PROFILES);
	entries.n = n_entries;
	opens = 0;
	assert_int_equal(facts_read(&root, &facts), 0);
	assert_int_equal(params_add_to_entries(&facts, &entries, NULL), 0);
	return opens;
}

static void test_machine_is_read_once(void **state)
{
	unsigned one, all;

	put_machine();
	one = count_opens(1);
	all = count_opens(PROFILES);
	/* Some dozen files a function. */
	assert_within(one, 97, 97 * 16);
	/* Of the displays that it gives away, each entry looks at the memory. */
	assert_within(all, one, one + (PROFILES - 1) * CARDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_machine_is_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
