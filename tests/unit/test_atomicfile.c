/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files below a root are replaced and removed as a whole, and never outside of it. */
#include "change/atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "support.h"

#define LABEL "security.selinux"

static struct root root;

static int set_up(void **state)
{
	fake_set_up(state);
	root = fake_open();
	return 0;
}

static int tear_down(void **state)
{
	root_close(&root);
	return fake_tear_down(state);
}

static int write_text(const char *path, const char *text)
{
	return atomicfile_write_below(&root, path, text, strlen(text));
}

static bool count_name(void *data, const char *name)
{
	unsigned *n = data;

	*n += strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
	return true;
}

static unsigned names_in(const char *dir)
{
	unsigned n = 0;

	assert_int_equal(file_each_name(&root, dir, count_name, &n), 0);
	return n;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(fake_path(path), &st), 0);
	return st.st_mode & 07777;
}

static void test_a_mode_that_is_asked_for(void **state)
{
	assert_int_equal(
		atomicfile_write_mode_below(&root, "/etc/hook", "a", 1, 0755), 0);
	assert_int_equal(mode_of("etc/hook"), 0755);
	assert_int_equal(chmod(fake_path("etc/hook"), 0640), 0);
	assert_int_equal(atomicfile_write_mode_below(&root, "/etc/hook", "b", 1, 0), 0);
	assert_int_equal(mode_of("etc/hook"), 0640);
	assert_int_equal(
		atomicfile_write_mode_below(&root, "/etc/hook", "c", 1, 0700), 0);
	assert_int_equal(mode_of("etc/hook"), 0700);
	assert_string_equal(fake_read("etc/hook"), "c");
	assert_int_equal(atomicfile_write_mode_below(&root, "/etc/new", "d", 1, 0), 0);
	assert_int_equal(mode_of("etc/new"), 0644);
}

static void test_directories_are_made(void **state)
{
	struct stat st;

	assert_int_equal(write_text("/etc/vfioboot.conf.d/gpu.conf", "one"), 0);
	assert_string_equal(fake_read("etc/vfioboot.conf.d/gpu.conf"), "one");
	assert_int_equal(write_text("/etc/vfioboot.conf.d/gpu.conf", "two"), 0);
	assert_string_equal(fake_read("etc/vfioboot.conf.d/gpu.conf"), "two");
	assert_int_equal(write_text("/top", "three"), 0);
	assert_string_equal(fake_read("top"), "three");
	assert_int_equal(names_in("/etc/vfioboot.conf.d"), 1);
	assert_int_equal(stat(fake_path("etc/vfioboot.conf.d/gpu.conf"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void test_only_regular_files(void **state)
{
	fake_dir("etc/dir");
	fake_link("etc/link", "target");
	fake_put("etc/target", "old");
	assert_int_equal(write_text("/etc/dir", "x"), -ENOTSUP);
	assert_int_equal(write_text("/etc/link", "x"), -ENOTSUP);
	assert_int_equal(atomicfile_remove_below(&root, "/etc/link"), -ENOTSUP);
	assert_int_equal(atomicfile_remove_below(&root, "/etc/dir"), -ENOTSUP);
	assert_int_equal(write_text("/etc/", "x"), -EISDIR);
	assert_string_equal(fake_read("etc/target"), "old");
	assert_int_equal(names_in("/etc"), 3);
}

static void test_remove(void **state)
{
	fake_put("etc/a", "old");
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), 0);
	assert_int_equal(names_in("/etc"), 0);
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), -ENOENT);
	assert_int_equal(atomicfile_remove_below(&root, "/none/a"), -ENOENT);
}

/* A link of the tree starts at the tree's own root. */
static void test_links_lead_to_nothing_outside(void **state)
{
	fake_dir("real");
	fake_link("etc", "/real");
	assert_int_equal(write_text("/etc/file", "x"), 0);
	assert_string_equal(fake_read("real/file"), "x");
	fake_link("out", "../../../../../../tmp/none-of-this/dir");
	assert_true(write_text("/out/file", "x") < 0);
}

/* What a process that was killed left does not stand in the way, nor stay. */
static void test_leftovers(void **state)
{
	fake_put("etc/.a.vfioboot-new", "half");
	assert_int_equal(write_text("/etc/a", "whole"), 0);
	assert_string_equal(fake_read("etc/a"), "whole");
	assert_int_equal(names_in("/etc"), 1);
	fake_put("etc/.a.vfioboot-new", "half");
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), 0);
	assert_int_equal(names_in("/etc"), 0);
	fake_put("etc/.a.vfioboot-new", "half");
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), -ENOENT);
	assert_int_equal(names_in("/etc"), 0);
}

/* What its owner made of a file stays: who may read it, and its label. */
static void test_attributes_stay(void **state)
{
	char label[64] = "";
	struct stat st;

	fake_put("etc/a", "old");
	assert_int_equal(chmod(fake_path("etc/a"), 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(fake_path("etc/a"), 12, 34), 0);
	assert_int_equal(write_text("/etc/a", "new"), 0);
	assert_string_equal(fake_read("etc/a"), "new");
	assert_int_equal(mode_of("etc/a"), 0640);
	assert_int_equal(stat(fake_path("etc/a"), &st), 0);
	assert_int_equal(st.st_uid, geteuid() == 0 ? 12 : geteuid());
	assert_int_equal(st.st_gid, geteuid() == 0 ? 34 : getegid());
	/* Where there is SELinux, or nothing that minds, and only for root. */
	if (setxattr(fake_path("etc/a"), LABEL, "u:r:t:s0", 9, 0) < 0)
		return;
	assert_int_equal(write_text("/etc/a", "newer"), 0);
	assert_int_equal(getxattr(fake_path("etc/a"), LABEL, label, sizeof(label)), 9);
	assert_string_equal(label, "u:r:t:s0");
}

static ino_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(fake_path(path), &st), 0);
	return st.st_ino;
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(fake_path(path), &st) == 0;
}

static void test_keep(void **state)
{
	fake_dir("boot");
	assert_int_equal(atomicfile_keep(&root, "/boot/image", "/boot/.kept"), -ENOENT);
	fake_put("boot/image", "old");
	fake_put("boot/.kept", "of an earlier time");
	assert_int_equal(atomicfile_keep(&root, "/boot/image", "/boot/.kept"), 0);
	assert_int_equal(inode("boot/.kept"), inode("boot/image"));
	/* Nothing happened meanwhile: two names of one file. */
	assert_int_equal(atomicfile_put_back(&root, "/boot/.kept", "/boot/image"), 0);
	assert_false(is_there("boot/.kept"));
	assert_string_equal(fake_read("boot/image"), "old");
}

static void test_put_back(void **state)
{
	fake_put("boot/image", "old");
	fake_put("boot/.new", "new");
	assert_int_equal(atomicfile_keep(&root, "/boot/image", "/boot/.kept"), 0);
	assert_int_equal(atomicfile_replace(&root, "/boot/.new", "/boot/image"), 0);
	assert_string_equal(fake_read("boot/image"), "new");
	assert_string_equal(fake_read("boot/.kept"), "old");
	assert_int_equal(atomicfile_put_back(&root, "/boot/.kept", "/boot/image"), 0);
	assert_string_equal(fake_read("boot/image"), "old");
	assert_false(is_there("boot/.kept") || is_there("boot/.new"));
	assert_int_equal(atomicfile_replace(&root, "/boot/.new", "/boot/image"), -ENOENT);
	assert_int_equal(
		atomicfile_put_back(&root, "/boot/.kept", "/boot/image"), -ENOENT);
	assert_string_equal(fake_read("boot/image"), "old");
}

/* What FAT needs: a copy, with the mode of the file. */
static void test_copy(void **state)
{
	fake_put("image", "content");
	assert_int_equal(chmod(fake_path("image"), 0640), 0);
	fake_put("copy", "something longer than that");
	assert_int_equal(atomicfile_copy(&root, "/image", "/copy"), 0);
	assert_string_equal(fake_read("copy"), "content");
	assert_int_not_equal(inode("copy"), inode("image"));
	assert_int_equal(mode_of("copy"), 0640);
	assert_int_equal(atomicfile_put_back(&root, "/copy", "/image"), 0);
	assert_string_equal(fake_read("image"), "content");
	assert_int_equal(atomicfile_copy(&root, "/copy", "/image"), -ENOENT);
	assert_string_equal(fake_read("image"), "content");
}

static void test_clear(void **state)
{
	assert_int_equal(atomicfile_clear(&root, "/image"), 0);
	assert_int_equal(atomicfile_clear(&root, "/none/image"), 0);
	fake_link("image", "/nowhere");
	assert_int_equal(atomicfile_clear(&root, "/image"), 0);
	assert_false(is_there("image"));
	fake_dir("image");
	assert_int_equal(atomicfile_clear(&root, "/image"), -EISDIR);
}

static void expect_link(const char *path)
{
	char target[32] = "";

	assert_true(readlink(fake_path(path), target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/nowhere");
}

static void test_move(void **state)
{
	fake_put("etc/own.conf", "mine");
	fake_link("etc/link.conf", "/nowhere");
	assert_int_equal(
		atomicfile_move(&root, "/etc/own.conf", "/var/x/etc/own.conf"), 0);
	assert_int_equal(
		atomicfile_move(&root, "/etc/link.conf", "/var/x/etc/link.conf"), 0);
	assert_string_equal(fake_read("var/x/etc/own.conf"), "mine");
	expect_link("var/x/etc/link.conf");
	assert_false(is_there("etc/own.conf"));
	fake_put("etc/own.conf", "another");
	assert_int_equal(
		atomicfile_move(&root, "/etc/own.conf", "/var/x/etc/own.conf"), -EEXIST);
	assert_string_equal(fake_read("var/x/etc/own.conf"), "mine");
	assert_string_equal(fake_read("etc/own.conf"), "another");
}

/* Into another file system and back: mounted in a name space of this process, by root alone. */
static void test_other_file_system(void **state)
{
	fake_dir("mnt");
	if (unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", fake_path("mnt"), "tmpfs", 0, NULL) < 0)
		skip();
	root_close(&root); /* it is of the old name space */
	root = fake_open();
	fake_put("image", "content");
	fake_link("link", "/nowhere");
	assert_int_equal(atomicfile_keep(&root, "/image", "/mnt/kept"), 0);
	assert_int_equal(atomicfile_move(&root, "/link", "/mnt/a/link"), 0);
	assert_false(is_there("link"));
	expect_link("mnt/a/link");
	fake_remove("image");
	assert_int_equal(atomicfile_move(&root, "/mnt/kept", "/image"), 0);
	assert_string_equal(fake_read("image"), "content");
	assert_false(is_there("mnt/kept"));
	assert_int_equal(umount2(fake_path("mnt"), MNT_DETACH), 0);
}

#define ACL  "system.posix_acl_access"
#define NOTE "user.vfioboot"

/* As the kernel has it (include/uapi/linux/posix_acl_xattr.h): user 12 may read. */
static const struct {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[5];
} acl = {2,
	{{0x01, 6, ~0U}, {0x02, 4, 12}, {0x04, 0, ~0U}, {0x10, 4, ~0U}, {0x20, 0, ~0U}}};

static bool has_acl(const char *path)
{
	char value[sizeof(acl)];

	return getxattr(fake_path(path), ACL, value, sizeof(value)) == sizeof(acl) &&
		memcmp(value, &acl, sizeof(acl)) == 0;
}

/* The ACL and what else is noted with a file stay as well, and no other ACL comes. */
static void test_extended_attributes_stay(void **state)
{
	char value[8] = "";

	fake_put("etc/a", "old");
	fake_put("etc/b", "old");
	if (setxattr(fake_path("etc/a"), ACL, &acl, sizeof(acl), 0) < 0 ||
		setxattr(fake_path("etc/a"), NOTE, "kept", 4, 0) < 0)
		skip();
	assert_int_equal(write_text("/etc/a", "new"), 0);
	assert_string_equal(fake_read("etc/a"), "new");
	assert_true(has_acl("etc/a"));
	assert_int_equal(getxattr(fake_path("etc/a"), NOTE, value, sizeof(value)), 4);
	assert_string_equal(value, "kept");
	assert_int_equal(atomicfile_copy(&root, "/etc/a", "/etc/copy"), 0);
	assert_true(has_acl("etc/copy"));
	/* Of a directory's default ACL a new file has one, and one that is replaced has not. */
	assert_int_equal(setxattr(fake_path("etc"), "system.posix_acl_default", &acl,
				 sizeof(acl), 0),
		0);
	assert_int_equal(write_text("/etc/b", "new"), 0);
	assert_false(has_acl("etc/b"));
	assert_int_equal(mode_of("etc/b"), 0644);
}

/* Anybody may lock a directory that they may read: nothing waits for that. */
static void test_locked_directory(void **state)
{
	_cleanup_close_ int dir = -1;

	fake_dir("etc");
	dir = open(fake_path("etc"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(dir, LOCK_EX), 0);
	alarm(10);
	assert_int_equal(write_text("/etc/a", "x"), 0);
	alarm(0);
	assert_string_equal(fake_read("etc/a"), "x");
}

#define WRITERS 8

static void write_often(char c)
{
	char text[3000];

	memset(text, c, sizeof(text));
	for (int i = 0; i < 50; i++)
		if (atomicfile_write_below(&root, "/etc/a", text, sizeof(text)) < 0)
			_exit(1);
	_exit(0);
}

/* Each of them writes all of it, and one of them is the last. */
static void test_many_writers(void **state)
{
	const char *text;
	int status;

	fake_dir("etc");
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_often((char)('a' + i));
	for (int i = 0; i < WRITERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	text = fake_read("etc/a");
	assert_int_equal(strlen(text), 3000);
	assert_int_equal(strspn(text, (char[]){text[0], '\0'}), 3000);
	assert_int_equal(names_in("/etc"), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_a_mode_that_is_asked_for),
		TEST(test_directories_are_made),
		TEST(test_only_regular_files),
		TEST(test_remove),
		TEST(test_links_lead_to_nothing_outside),
		TEST(test_leftovers),
		TEST(test_attributes_stay),
		TEST(test_keep),
		TEST(test_put_back),
		TEST(test_copy),
		TEST(test_clear),
		TEST(test_move),
		TEST(test_other_file_system),
		TEST(test_extended_attributes_stay),
		TEST(test_locked_directory),
		TEST(test_many_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
