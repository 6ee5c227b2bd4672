/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong, and what to do. */
#include <errno.h>

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
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
