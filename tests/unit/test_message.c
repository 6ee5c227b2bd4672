/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong, and what to do. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "support.h"

static void test_set(void **state)
{
	struct message message = {0};
	char name[2 * MESSAGE_SIZE];

	message_remedy(&message, "rename %s", "it");
	assert_int_equal(message_set(&message, -EEXIST, "%s is there", "/x"), -EEXIST);
	assert_int_equal(message.code, -EEXIST);
	assert_string_equal(message.text, "/x is there");
	assert_string_equal(message.remedy, "rename it");
	assert_int_equal(
		message_errno(&message, -EACCES, "cannot read %s", "/x"), -EACCES);
	assert_string_equal(message.text, "cannot read /x: Permission denied");
	message_errno(&message, -EBADMSG, "cannot read %s", "/x");
	assert_string_equal(message.text, "cannot read /x: it is damaged");
	/* A long one is cut, and nobody has to listen. */
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	message_errno(&message, -EIO, "%s", name);
	assert_int_equal(strlen(message.text), MESSAGE_SIZE - 1);
	message_remedy(NULL, "none");
	assert_int_equal(message_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(message_errno(NULL, -EIO, "x"), -EIO);
}

/* What it takes is to be root, whatever the remedy would be else. */
static void test_needs_root(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct message message = {.remedy = "mount it"};

		if (geteuid() == 0 && seteuid(65534) < 0)
			_exit(1);
		message_errno(&message, -EIO, "x");
		if (strcmp(message.remedy, "mount it") != 0)
			_exit(2);
		message_errno(&message, -EACCES, "x");
		_exit(strcmp(message.remedy, "run this as root") != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_errno(void **state)
{
	assert_string_equal(errno_text(EACCES), "Permission denied");
	assert_string_equal(errno_text(-EACCES), "Permission denied");
	assert_string_equal(errno_text(-EBADMSG), "it is damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_needs_root),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
