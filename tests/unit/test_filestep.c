/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files kept, put back, replaced and moved, also where there are no second names. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "change/filestep.h"
#include "support.h"

/* fake_path() has one answer at a time. */
struct name {
	char text[512];
};

static struct name name(const char *path)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s", fake_path(path));
	return name;
}

static ino_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(fake_path(path), &st), 0);
	return st.st_ino;
}

static void test_keep(void **state)
{
	struct name image = name("image"), kept = name(".kept");

	(void)state;
	assert_int_equal(filestep_keep(image.text, kept.text), -ENOENT);
	fake_put("image", "old");
	fake_put(".kept", "of an earlier time");
	assert_int_equal(filestep_keep(image.text, kept.text), 0);
	assert_int_equal(inode(".kept"), inode("image"));
	/* Nothing happened meanwhile: two names of one file. */
	assert_int_equal(filestep_put_back(kept.text, image.text), 0);
	assert_int_equal(access(kept.text, F_OK), -1);
	assert_string_equal(fake_read("image"), "old");
}

static void test_put_back(void **state)
{
	struct name image = name("image"), kept = name(".kept"), new = name(".new");

	(void)state;
	fake_put("image", "old");
	fake_put(".new", "new");
	assert_int_equal(filestep_keep(image.text, kept.text), 0);
	assert_int_equal(filestep_replace(new.text, image.text), 0);
	assert_string_equal(fake_read("image"), "new");
	assert_string_equal(fake_read(".kept"), "old");
	assert_int_equal(filestep_put_back(kept.text, image.text), 0);
	assert_string_equal(fake_read("image"), "old");
	assert_int_equal(access(kept.text, F_OK), -1);
	assert_int_equal(access(new.text, F_OK), -1);
	assert_int_equal(filestep_replace(new.text, image.text), -ENOENT);
	assert_int_equal(filestep_put_back(kept.text, image.text), -ENOENT);
	assert_string_equal(fake_read("image"), "old");
}

/* What FAT needs: a copy, with the mode of the file. */
static void test_copy(void **state)
{
	struct name image = name("image"), copy = name("copy");
	struct stat st;

	(void)state;
	fake_put("image", "content");
	assert_int_equal(chmod(image.text, 0640), 0);
	fake_put("copy", "something longer than that");
	assert_int_equal(filestep_copy(image.text, copy.text), 0);
	assert_string_equal(fake_read("copy"), "content");
	assert_int_not_equal(inode("copy"), inode("image"));
	assert_int_equal(stat(copy.text, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(filestep_put_back(copy.text, image.text), 0);
	assert_string_equal(fake_read("image"), "content");
	assert_int_equal(filestep_copy(copy.text, image.text), -ENOENT);
	assert_string_equal(fake_read("image"), "content");
}

static void test_remove(void **state)
{
	struct name image = name("image");

	(void)state;
	assert_int_equal(filestep_remove(image.text), 0);
	fake_put("image", "");
	assert_int_equal(filestep_remove(image.text), 0);
	assert_int_equal(access(image.text, F_OK), -1);
}

static void test_move(void **state)
{
	struct name from = name("etc/own.conf"), to = name("var/lib/x/etc/own.conf");
	struct name link = name("etc/link.conf"), moved = name("var/lib/x/etc/link.conf");
	char target[32] = "";

	(void)state;
	fake_put("etc/own.conf", "mine");
	fake_link("etc/link.conf", "/nowhere");
	assert_int_equal(filestep_move(from.text, to.text), 0);
	assert_int_equal(filestep_move(link.text, moved.text), 0);
	assert_string_equal(fake_read("var/lib/x/etc/own.conf"), "mine");
	assert_true(readlink(moved.text, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/nowhere");
	assert_int_equal(access(from.text, F_OK), -1);
	fake_put("etc/own.conf", "another");
	assert_int_equal(filestep_move(from.text, to.text), -EEXIST);
	assert_string_equal(fake_read("var/lib/x/etc/own.conf"), "mine");
	assert_string_equal(fake_read("etc/own.conf"), "another");
}

/* A directory of another file system than the root's; skips the test without one. */
static void make_elsewhere(char ret[static 32])
{
	static const char *const tops[] = {"/dev/shm", "/tmp", "/var/tmp"};
	struct stat own, other;

	assert_int_equal(stat(fake_path("."), &own), 0);
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		if (stat(tops[i], &other) < 0 || own.st_dev == other.st_dev)
			continue;
		snprintf(ret, 32, "%s/vfioboot.XXXXXX", tops[i]);
		if (mkdtemp(ret))
			return;
	}
	skip();
}

static void test_other_file_system(void **state)
{
	struct name image = name("image"), link = name("link");
	char elsewhere[32], kept[64], moved[64], target[32] = "";

	(void)state;
	make_elsewhere(elsewhere);
	snprintf(kept, sizeof(kept), "%s/kept", elsewhere);
	snprintf(moved, sizeof(moved), "%s/a/link", elsewhere);
	fake_put("image", "content");
	fake_link("link", "/nowhere");
	assert_int_equal(filestep_keep(image.text, kept), 0);
	assert_int_equal(filestep_move(link.text, moved), 0);
	assert_int_equal(access(link.text, F_OK), -1);
	assert_true(readlink(moved, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/nowhere");
	fake_remove("image");
	assert_int_equal(filestep_move(kept, image.text), 0);
	assert_string_equal(fake_read("image"), "content");
	assert_int_equal(access(kept, F_OK), -1);
	unlink(moved);
	snprintf(kept, sizeof(kept), "%s/a", elsewhere);
	rmdir(kept);
	assert_int_equal(rmdir(elsewhere), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_keep),
		TEST(test_put_back),
		TEST(test_copy),
		TEST(test_remove),
		TEST(test_move),
		TEST(test_other_file_system),
	};

	return cmocka_run_group_tests_name("filestep", tests, NULL, NULL);
}
