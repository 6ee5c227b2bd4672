/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply and undo, with generators that are scripts: the list of steps, what a run leaves, and
 * that a step that fails, or a kill before any of them, leaves a machine that boots.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "chain/apply.h"
#include "decide/dropin.h"
#include "fakeimages.h"

#define ONE   "6.12.1"
#define OTHER "6.1.0"
#define IMAGE "boot/initrd.img-"

/* What is in /boot and /etc, with sums of the contents, as one text. */
struct machine_state {
	char text[4096];
};

static void put_script(const char *name, const char *text)
{
	fake_put(name, text);
	assert_int_equal(chmod(fake_path(name), 0755), 0);
}

static void put_generators(void)
{
	char path[512];

	put_script("bin/dracut",
		"#!/bin/sh\n"
		"echo \"dracut makes an image of $3\"\n"
		"[ ! -e \"$TOP/fail-$3\" ] || { echo 'no such disk'; exit 3; }\n"
		"cp \"$TOP/next-$3\" \"$2\"\n");
	put_script("bin/update-initramfs",
		"#!/bin/sh\nimage=$TOP/boot/initrd.img-$3\n"
		"cp \"$TOP/next-$3\" \"$image.new\" && ln -f \"$image\" \"$image.dpkg-bak\"\n"
		"[ ! -e \"$TOP/fail-$3\" ] || exit 4\n"
		"mv \"$image.new\" \"$image\" && rm -f \"$image.dpkg-bak\"\n");
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", fake_path("bin"));
	setenv("PATH", path, 1);
	setenv("TOP", fake_path("."), 1);
}

/* Two kernels: the image of one lacks a driver of the configuration, the other one all of us. */
static void set_up_machine(const char *program, enum fake_maker maker)
{
	fake_kernel(ONE);
	fake_kernel(OTHER);
	fake_configured();
	fake_put(program, "");
	put_generators();
	fake_image(IMAGE ONE, maker, ONE, NO_VARIANT);
	fake_image(IMAGE OTHER, maker, OTHER, NOT_US);
	fake_image("next-" ONE, maker, ONE, GOOD);
	fake_image("next-" OTHER, maker, OTHER, GOOD);
}

static void set_up_dracut(void)
{
	set_up_machine("usr/bin/dracut", DRACUT);
}

static void set_up_tools(void)
{
	set_up_machine("usr/sbin/mkinitramfs", TOOLS);
}

struct session {
	struct root root;
	struct chain chain;
	struct apply apply;
};

/* Of the running machine: ukify is for that alone. */
static bool is_live;

static struct session *begin_apply_of(bool configured)
{
	static struct session session;

	session = (struct session){.root = fake_open()};
	session.root.live = is_live;
	assert_int_equal(chain_follow(&session.root, today(), &session.chain), 0);
	assert_int_equal(apply_steps(&session.root, today(), configured, false,
				 &session.chain, &session.apply),
		0);
	return &session;
}

static struct session *begin_apply(void)
{
	return begin_apply_of(true);
}

static struct session *begin_undo(void)
{
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	static struct session session;

	session = (struct session){.root = fake_open()};
	assert_int_equal(
		imagecheck_read(&session.root, IMAGECHECK_UNDONE, NULL, &check), 0);
	assert_int_equal(chain_compare(&session.root, &check, &session.chain), 0);
	assert_int_equal(undo_steps(&session.root, &session.chain, &session.apply), 0);
	return &session;
}

static void end(struct session *session)
{
	apply_free(&session->apply);
	chain_free(&session->chain);
	root_close(&session->root);
}

/* The steps as text, with the root left out of the commands. */
static void expect_steps(const struct session *session, const char *expected)
{
	const char *top = session->root.path;
	char text[8192] = "", *at;

	for (size_t i = 0; i < session->apply.change.n; i++) {
		char line[1024];

		change_describe(&session->apply.change.steps[i], line, sizeof(line));
		strcat(strcat(text, line), "\n");
	}
	while ((at = strstr(text, top)))
		memmove(at, at + strlen(top), strlen(at + strlen(top)) + 1);
	assert_string_equal(text, expected);
}

static int carry_out(struct session *session, char *why, size_t size)
{
	struct change_failure failure;
	int r = change_carry_out(&session->apply.change, NULL, &failure);

	text_join(why, size, failure.message.text, "|", failure.output ?: "", "|",
		failure.undo, NULL);
	change_free_failure(&failure);
	return r;
}

static void apply_well(void)
{
	struct session *session = begin_apply();
	char why[1024];
	int r = carry_out(session, why, sizeof(why));

	if (r != 0)
		fail_msg("apply failed: %s", why);
	end(session);
}

static uint32_t sum_of(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY);
	uint32_t sum = 2166136261;
	unsigned char byte[4096];
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, byte, sizeof(byte))) > 0)
		for (ssize_t i = 0; i < n; i++)
			sum = (sum ^ byte[i]) * 16777619;
	return sum;
}

static void add_directory(struct machine_state *ret, const char *directory)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	_cleanup_(root_close) struct root root = fake_open();

	assert_int_equal(file_list(&root, directory, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		char path[512];
		struct stat st;
		size_t len = strlen(ret->text);

		snprintf(path, sizeof(path), "%s/%s", directory, names.names[i]);
		assert_int_equal(lstat(fake_path(path), &st), 0);
		snprintf(ret->text + len, sizeof(ret->text) - len, "%s %08x\n", path,
			S_ISREG(st.st_mode) ? sum_of(fake_path(path)) : 0);
	}
}

static struct machine_state look(void)
{
	struct machine_state state = {""};

	add_directory(&state, "boot");
	add_directory(&state, "etc");
	add_directory(&state, "etc/vfioboot.conf.d");
	add_directory(&state, "var/lib/vfioboot/undone/etc");
	return state;
}

/* All fresh, and nothing of ours left beside them. */
static void expect_done(void)
{
	struct session *session = begin_apply();
	struct machine_state now = look();

	for (size_t i = 0; i < session->chain.n_images; i++)
		assert_int_equal(session->chain.images[i].state, IMAGE_FRESH);
	assert_int_equal(session->chain.n_images, 2);
	assert_int_equal(session->apply.change.n, 0);
	assert_null(strstr(now.text, ".vfioboot"));
	assert_string_equal(fake_read("etc/vfioboot.protect"), FAKE_PROTECT);
	end(session);
}

static void test_steps_of_dracut(void **state)
{
	struct session *session;

	set_up_dracut();
	session = begin_apply();
	expect_steps(session,
		"write /etc/vfioboot.protect\n"
		"keep /boot/initrd.img-6.12.1 as /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"run dracut --force /boot/.initrd.img-6.12.1.vfioboot-new 6.12.1\n"
		"check /boot/.initrd.img-6.12.1.vfioboot-new\n"
		"rename /boot/.initrd.img-6.12.1.vfioboot-new to /boot/initrd.img-6.12.1\n"
		"keep /boot/initrd.img-6.1.0 as /boot/.initrd.img-6.1.0.vfioboot-kept\n"
		"run dracut --force /boot/.initrd.img-6.1.0.vfioboot-new 6.1.0\n"
		"check /boot/.initrd.img-6.1.0.vfioboot-new\n"
		"rename /boot/.initrd.img-6.1.0.vfioboot-new to /boot/initrd.img-6.1.0\n"
		"remove /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"remove /boot/.initrd.img-6.1.0.vfioboot-kept\n");
	end(session);
}

/* Only what is not fresh; an image that is missing is made, and hooks run afterwards. */
static void test_steps_of_one(void **state)
{
	struct session *session;

	set_up_dracut();
	fake_image(IMAGE ONE, DRACUT, ONE, GOOD);
	fake_put("etc/vfioboot.protect", FAKE_PROTECT);
	fake_dir("etc/initramfs/post-update.d");
	fake_remove(IMAGE OTHER);
	session = begin_apply();
	expect_steps(session,
		"run env NO_POST_UPDATE_HOOKS=1 dracut --force "
		"/boot/.initrd.img-6.1.0.vfioboot-new 6.1.0\n"
		"check /boot/.initrd.img-6.1.0.vfioboot-new\n"
		"rename /boot/.initrd.img-6.1.0.vfioboot-new to /boot/initrd.img-6.1.0\n"
		"run run-parts --arg=6.1.0 --arg=/boot/initrd.img-6.1.0 "
		"/etc/initramfs/post-update.d\n");
	end(session);
}

static void test_steps_of_tools(void **state)
{
	struct session *session;

	set_up_tools();
	fake_remove(IMAGE OTHER);
	fake_entry(ONE);
	fake_entry(OTHER);
	fake_image("boot/efi/token/" ONE "/initrd.img-" ONE, TOOLS, ONE, GOOD);
	session = begin_apply();
	expect_steps(session,
		"write /etc/vfioboot.protect\n"
		"keep /boot/initrd.img-6.12.1 as /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"keep /boot/efi/token/6.12.1/initrd.img-6.12.1 as "
		"/boot/efi/token/6.12.1/.initrd.img-6.12.1.vfioboot-kept\n"
		"run update-initramfs -u -k 6.12.1\n"
		"check /boot/initrd.img-6.12.1\n"
		"copy /boot/initrd.img-6.12.1 to "
		"/boot/efi/token/6.12.1/.initrd.img-6.12.1.vfioboot-new\n"
		"check /boot/efi/token/6.12.1/.initrd.img-6.12.1.vfioboot-new\n"
		"rename /boot/efi/token/6.12.1/.initrd.img-6.12.1.vfioboot-new to "
		"/boot/efi/token/6.12.1/initrd.img-6.12.1\n"
		"run update-initramfs -c -k 6.1.0\n"
		"check /boot/initrd.img-6.1.0\n"
		"copy /boot/initrd.img-6.1.0 to "
		"/boot/efi/token/6.1.0/.initrd.img-6.1.0.vfioboot-new\n"
		"check /boot/efi/token/6.1.0/.initrd.img-6.1.0.vfioboot-new\n"
		"rename /boot/efi/token/6.1.0/.initrd.img-6.1.0.vfioboot-new to "
		"/boot/efi/token/6.1.0/initrd.img-6.1.0\n"
		"remove /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"remove /boot/efi/token/6.12.1/.initrd.img-6.12.1.vfioboot-kept\n");
	end(session);
}

/* As kernel-install makes it, of what is at IMAGE; with a section more, unless that is NULL. */
static void fake_unified_with(const char *release, const char *more)
{
	struct imagemaker maker = {0};
	char path[256], text[256];
	char *image = NULL;
	size_t size;
	_cleanup_(root_close) struct root root = fake_open();

	snprintf(path, sizeof(path), IMAGE "%s", release);
	assert_int_equal(file_read(&root, path, &image, &size), 0);
	snprintf(text, sizeof(text), "ID=debian\nPRETTY_NAME=\"Debian %s\"\n", release);
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".linux", "kernel", 6},
			{".osrel", text, strlen(text)}, {".cmdline", "root=LABEL=r", 12},
			{".uname", release, strlen(release)}, {".initrd", image, size},
			{more, "{}", 2}},
		more ? 6 : 5);
	snprintf(path, sizeof(path), "boot/efi/EFI/Linux/token-%s.efi", release);
	fake_put_bytes(path, maker.bytes, maker.size);
	imagemaker_free(&maker);
	free(image);
}

static void fake_unified(const char *release)
{
	fake_unified_with(release, NULL);
}

static void set_up_unified(void)
{
	set_up_tools();
	fake_image(IMAGE OTHER, TOOLS, OTHER, GOOD);
	fake_put("usr/bin/kernel-install", "");
	fake_put("etc/kernel/install.conf", "layout=uki\n");
	fake_put("etc/kernel/cmdline", "root=LABEL=r\n");
	fake_unified(ONE);
	fake_unified(OTHER);
}

/* What the generator writes gets into the image that is started by kernel-install alone. */
static void test_steps_of_unified(void **state)
{
	struct session *session;

	set_up_unified();
	session = begin_apply();
	expect_steps(session,
		"write /etc/vfioboot.protect\n"
		"keep /boot/initrd.img-6.12.1 as /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"keep /boot/efi/EFI/Linux/token-6.12.1.efi as "
		"/boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n"
		"run update-initramfs -u -k 6.12.1\n"
		"check /boot/initrd.img-6.12.1\n"
		"run kernel-install add 6.12.1 /boot/vmlinuz-6.12.1\n"
		"check /boot/efi/EFI/Linux/token-6.12.1.efi\n"
		"remove /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"remove /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n");
	end(session);
	/* Only the one that is started is old. */
	fake_image(IMAGE ONE, TOOLS, ONE, GOOD);
	fake_put("etc/vfioboot.protect", FAKE_PROTECT);
	session = begin_apply();
	expect_steps(session,
		"keep /boot/efi/EFI/Linux/token-6.12.1.efi as "
		"/boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n"
		"run kernel-install add 6.12.1 /boot/vmlinuz-6.12.1\n"
		"check /boot/efi/EFI/Linux/token-6.12.1.efi\n"
		"remove /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n");
	end(session);
}

/* It would have the command line of this boot for ever. */
static void test_unified_without_cmdline(void **state)
{
	struct session *session;
	char line[MESSAGE_LINE_SIZE];

	set_up_unified();
	fake_put("etc/vfioboot.protect", FAKE_PROTECT);
	fake_remove("etc/kernel/cmdline");
	session = begin_apply();
	expect_steps(session, "");
	assert_string_equal(message_line(&session->chain.images[3].by_hand, line),
		"kernel-install would put the command line of this boot into "
		"/boot/efi/EFI/Linux/token-6.12.1.efi; write /etc/kernel/cmdline");
	end(session);
}

/* "-u" would do nothing then, and say that it was done. */
static void test_steps_where_updates_are_off(void **state)
{
	struct session *session;

	set_up_tools();
	fake_image(IMAGE OTHER, TOOLS, OTHER, GOOD);
	fake_put("etc/vfioboot.protect", FAKE_PROTECT);
	fake_put("etc/initramfs-tools/update-initramfs.conf",
		"# comment\nupdate_initramfs=no\nbackup_initramfs=no\n");
	session = begin_apply();
	expect_steps(session,
		"keep /boot/initrd.img-6.12.1 as /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"run update-initramfs -c -k 6.12.1\n"
		"check /boot/initrd.img-6.12.1\n"
		"remove /boot/.initrd.img-6.12.1.vfioboot-kept\n");
	end(session);
}

static void test_run(void **state)
{
	static void (*const set_up[])(void) = {set_up_dracut, set_up_tools};

	for (size_t i = 0; i < ARRAY_SIZE(set_up); i++) {
		set_up[i]();
		apply_well();
		expect_done();
		assert_non_null(strstr(fake_read("run/vfioboot/apply.log"), "+ "));
		fake_tear_down(state);
		fake_set_up(state);
	}
}

/* Fails, and all is as it was. */
static void expect_failure(const char *reason)
{
	struct machine_state before = look(), after;
	struct session *session = begin_apply();
	char why[2048];

	assert_true(carry_out(session, why, sizeof(why)) < 0);
	if (!strstr(why, reason))
		fail_msg("'%s' does not say '%s'", why, reason);
	assert_int_equal(
		why[strlen(why) - 1], '|'); /* nothing that could not be undone */
	after = look();
	assert_string_equal(after.text, before.text);
	end(session);
}

static void test_generator_fails(void **state)
{
	set_up_dracut();
	fake_put("fail-" OTHER, "");
	expect_failure(
		"dracut failed with exit status 3|dracut makes an image of 6.1.0\nno such "
		"disk\n|");
	/* The list that was there is there again. */
	fake_put("etc/vfioboot.protect", "# an older one\n");
	expect_failure("dracut failed with exit status 3");
	fake_remove("bin/dracut");
	expect_failure("dracut is not in PATH");
	put_script("bin/dracut", "#!/bin/sh\n");
	expect_failure("dracut reported success but did not create "
		       "/boot/.initrd.img-6.12.1.vfioboot-new");
}

/* What is said to be in the log is there. */
static void test_log_of_a_failure(void **state)
{
	struct change_failure failure;
	struct session *session;

	set_up_dracut();
	fake_put("fail-" OTHER, "");
	for (int round = 0; round < 2; round++) {
		session = begin_apply();
		assert_true(change_carry_out(&session->apply.change, NULL, &failure) < 0);
		assert_string_equal(
			failure.output, "dracut makes an image of 6.1.0\nno such disk\n");
		assert_int_equal(failure.logged, round == 0);
		change_free_failure(&failure);
		end(session);
		fake_remove("run/vfioboot/apply.log");
		fake_link("run/vfioboot/apply.log", "/dev/full");
	}
}

static void test_tools_fail(void **state)
{
	set_up_tools();
	fake_put("fail-" OTHER, "");
	expect_failure("update-initramfs failed with exit status 4");
	fake_remove("fail-" OTHER);
	/* It has replaced the image by then. */
	fake_image("next-" OTHER, TOOLS, OTHER, STARTED_LATE);
	expect_failure("the new image of 6.1.0 is unusable: it starts vfioboot-early "
		       "after udev");
	fake_remove(IMAGE OTHER);
	expect_failure("after udev");
	put_script("bin/update-initramfs", "#!/bin/sh\necho Not updating initramfs.\n");
	expect_failure("it lacks the module mlx5_vfio_pci|Not updating");
}

static void test_image_is_bad(void **state)
{
	set_up_dracut();
	fake_image("next-" OTHER, DRACUT, OTHER, NO_VFIO_PCI);
	expect_failure(
		"the new image of 6.1.0 is unusable: it lacks the module vfio_pci");
	fake_put("next-" OTHER, "0707 is not much of an image");
	expect_failure("the new image of 6.1.0 is unusable: ");
	fake_remove(IMAGE OTHER);
	expect_failure("the new image of 6.1.0 is unusable: ");
}

/* An entry with devices on its command line starts the image, which is without us. */
static void set_up_devices_of_an_entry(void)
{
	set_up_dracut();
	fake_image(IMAGE ONE, DRACUT, ONE, NOT_US);
	fake_put("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/vda rw\n");
	fake_put("boot/grub/grub.cfg",
		"menuentry 'Linux' {\n\tlinux /boot/vmlinuz-" ONE
		" vfioboot.device=00:04.0\n\tinitrd /" IMAGE ONE "\n}\n");
}

/* Images have us where there is a file, and a list where something is given away. */
static void test_devices_of_an_entry_alone(void **state)
{
	struct session *session;

	set_up_devices_of_an_entry();
	fake_remove("etc/vfioboot.conf");
	session = begin_apply_of(false);
	expect_steps(session,
		"write /etc/vfioboot.conf\n"
		"write /etc/vfioboot.protect\n"
		"keep /boot/initrd.img-6.12.1 as /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"run dracut --force /boot/.initrd.img-6.12.1.vfioboot-new 6.12.1\n"
		"check /boot/.initrd.img-6.12.1.vfioboot-new\n"
		"rename /boot/.initrd.img-6.12.1.vfioboot-new to /boot/initrd.img-6.12.1\n"
		"remove /boot/.initrd.img-6.12.1.vfioboot-kept\n");
	end(session);
}

/* A new image without us is none for that entry, also where files leave all to the host at boot. */
static void test_devices_of_an_entry_beside_demand(void **state)
{
	set_up_devices_of_an_entry();
	fake_put("etc/vfioboot.conf", "[device gpu]\npath = 00:05.0/00\nbind = demand\n");
	fake_image("next-" ONE, DRACUT, ONE, NOT_US);
	expect_failure("the new image of 6.12.1 is unusable: it does not contain "
		       "vfioboot-early");
}

static void test_files_that_stand_in_the_way(void **state)
{
	set_up_dracut();
	fake_dir("boot/.initrd.img-6.1.0.vfioboot-new");
	expect_failure("/boot/.initrd.img-6.1.0.vfioboot-new: Is a directory");
	assert_int_equal(rmdir(fake_path("boot/.initrd.img-6.1.0.vfioboot-new")), 0);
	fake_link("etc/vfioboot.protect", "/srv/elsewhere");
	expect_failure("cannot write /etc/vfioboot.protect");
}

/* ---- images that lack nothing but our files --------------------------------------------- */

/* Generators would make images of no use. */
static void set_up_outdated_by(const char *program, enum fake_maker maker)
{
	set_up_machine(program, maker);
	fake_image(IMAGE ONE, maker, ONE, OLD_CONFIG | SHORT_PROTECT);
	fake_image(IMAGE OTHER, maker, OTHER, NO_CONFIG | NO_PROTECT | MORE_CONFIG);
	fake_put("next-" ONE, "not an image");
	fake_put("next-" OTHER, "not an image");
	fake_put("etc/vfioboot.conf.d/new.conf", "[device b]\npath = 00:06.0/00\n");
	fake_link("etc/vfioboot.conf.d/mask.conf", "/dev/null");
}

static void set_up_outdated(void)
{
	set_up_outdated_by("usr/bin/dracut", DRACUT);
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(fake_path(path), &st), 0);
	return (uint64_t)st.st_size;
}

static bool keep_all(const void *data, const char *path)
{
	(void)data, (void)path;
	return true;
}

static void expect_file(const char *image, const char *path, const char *content)
{
	_cleanup_(imagefile_free) struct imagefile file = {0};
	_cleanup_(root_close) struct root root = fake_open();
	const struct imagefile_entry *entry;

	assert_int_equal(imagefile_open(&root, image, keep_all, NULL, &file, NULL), 0);
	entry = imagefile_find(&file, path);
	if (!content) {
		assert_null(entry);
		return;
	}
	assert_non_null(entry);
	assert_string_equal(entry->data, content);
}

static void test_steps_of_outdated(void **state)
{
	struct session *session;

	set_up_outdated_by("usr/sbin/mkinitramfs", TOOLS);
	fake_put("etc/vfioboot.protect", FAKE_PROTECT);
	fake_dir("etc/initramfs/post-update.d");
	session = begin_apply();
	expect_steps(session,
		"keep /boot/initrd.img-6.12.1 as /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"copy /boot/initrd.img-6.12.1 to /boot/.initrd.img-6.12.1.vfioboot-new "
		"and extend it\n"
		"check /boot/.initrd.img-6.12.1.vfioboot-new\n"
		"rename /boot/.initrd.img-6.12.1.vfioboot-new to /boot/initrd.img-6.12.1\n"
		"keep /boot/initrd.img-6.1.0 as /boot/.initrd.img-6.1.0.vfioboot-kept\n"
		"copy /boot/initrd.img-6.1.0 to /boot/.initrd.img-6.1.0.vfioboot-new "
		"and extend it\n"
		"check /boot/.initrd.img-6.1.0.vfioboot-new\n"
		"rename /boot/.initrd.img-6.1.0.vfioboot-new to /boot/initrd.img-6.1.0\n"
		"run run-parts --arg=6.12.1 --arg=/boot/initrd.img-6.12.1 "
		"/etc/initramfs/post-update.d\n"
		"run run-parts --arg=6.1.0 --arg=/boot/initrd.img-6.1.0 "
		"/etc/initramfs/post-update.d\n"
		"remove /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"remove /boot/.initrd.img-6.1.0.vfioboot-kept\n");
	end(session);
}

/* What was in front of it stays as it was, and with each change there is one segment. */
static void test_outdated(void **state)
{
	uint64_t first, size;

	set_up_outdated();
	apply_well();
	expect_done();
	first = size = size_of(IMAGE OTHER);
	expect_file(IMAGE OTHER, "etc/vfioboot.conf", FAKE_CONFIG);
	expect_file(IMAGE OTHER, "etc/vfioboot.conf.d/mask.conf", "/dev/null");
	expect_file(IMAGE OTHER, "etc/vfioboot.conf.d/gone.conf", "");
	for (unsigned i = 10; i < 40; i++) {
		char name[64];

		snprintf(name, sizeof(name), "etc/vfioboot.conf.d/new%u.conf", i);
		fake_put(name, "[device c]\npath = 00:07.0/00\n");
		apply_well();
		expect_done();
		expect_file(IMAGE OTHER, name, "[device c]\npath = 00:07.0/00\n");
		if (i > 10)
			assert_int_equal(size_of(IMAGE OTHER), size);
		size = size_of(IMAGE OTHER);
		fake_remove(name);
	}
	apply_well();
	expect_file(IMAGE OTHER, "etc/vfioboot.conf.d/new39.conf", NULL);
	assert_int_equal(size_of(IMAGE OTHER), first);
}

static void expect_built(bool full)
{
	struct session session = {.root = fake_open()};
	bool built = false;

	assert_int_equal(chain_follow(&session.root, today(), &session.chain), 0);
	assert_int_equal(apply_steps(&session.root, today(), true, full, &session.chain,
				 &session.apply),
		0);
	for (size_t i = 0; i < session.apply.change.n; i++)
		built |= session.apply.change.steps[i].kind == &change_build &&
			strstr(session.apply.change.steps[i].path, ONE);
	assert_true(built);
	end(&session);
}

/* What the kernel writes into the one would be in the other, too. */
static void test_outdated_of_two_names(void **state)
{
	set_up_outdated();
	fake_image(IMAGE ONE, DRACUT, ONE, OLD_CONFIG | TWO_NAMES);
	expect_built(false);
}

/* ---- unified images, with ukify ---------------------------------------------------------- */

/* What it was told to put into the image, up to eight sections. */
struct ukify_call {
	struct imagemaker_section sections[8];
	char *contents[8];
	size_t n;
	const char *output, *config;
};

static void take_argument(struct ukify_call *call, const char *argument)
{
	static const struct {
		const char *option, *section;
	} files[] = {
		{"--linux=", ".linux"},
		{"--initrd=", ".initrd"},
		{"--os-release=@", ".osrel"},
		{"--cmdline=@", ".cmdline"},
		{"--uname=", ".uname"},
	};

	if (text_begins_with(argument, "--output="))
		call->output = argument + strlen("--output=");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *value = argument + strlen(files[i].option);
		_cleanup_close_ int fd = -1;
		struct stat st;

		if (!text_begins_with(argument, files[i].option))
			continue;
		if (strcmp(files[i].section, ".uname") == 0) {
			call->sections[call->n++] = (struct imagemaker_section){
				".uname", value, strlen(value)};
			continue;
		}
		fd = open(value, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0 && fstat(fd, &st) == 0);
		call->contents[call->n] = malloc((size_t)st.st_size + 1);
		assert_int_equal(
			pread(fd, call->contents[call->n], (size_t)st.st_size, 0),
			st.st_size);
		call->sections[call->n] = (struct imagemaker_section){
			files[i].section, call->contents[call->n], (size_t)st.st_size};
		call->n++;
	}
}

static bool ukify_fails;

int __real_run_last_line(const char *const argv[], char *ret_last, size_t size);
int __wrap_run_last_line(const char *const argv[], char *ret_last, size_t size);

/* The real one needs a stub of UEFI: this puts together what it is given. */
int __wrap_run_last_line(const char *const argv[], char *ret_last, size_t size)
{
	struct ukify_call call = {0};
	struct imagemaker maker = {0};
	FILE *f;

	if (strcmp(argv[0], "/usr/bin/ukify") != 0)
		return __real_run_last_line(argv, ret_last, size);
	assert_string_equal(argv[1], "build");
	for (size_t i = 2; argv[i]; i++)
		take_argument(&call, argv[i]);
	imagemaker_unify(&maker, call.sections, call.n);
	f = fopen(call.output, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(maker.bytes, 1, maker.size, f), maker.size);
	fclose(f);
	imagemaker_free(&maker);
	for (size_t i = 0; i < call.n; i++)
		free(call.contents[i]);
	snprintf(ret_last, size, "%s", ukify_fails ? "no stub" : "");
	return ukify_fails;
}

#define UNIFIED "boot/efi/EFI/Linux/token-"

/* Both images, and both unified ones, lack a part of the configuration; ukify is there. */
static int set_up_outdated_unified(void **state)
{
	int r = fake_set_up(state);

	is_live = true;
	set_up_unified();
	fake_image(IMAGE ONE, TOOLS, ONE, GOOD);
	fake_image(IMAGE OTHER, TOOLS, OTHER, GOOD);
	fake_unified(ONE);
	fake_unified(OTHER);
	fake_put("etc/vfioboot.protect", FAKE_PROTECT);
	fake_put("etc/vfioboot.conf.d/new.conf", "[device b]\npath = 00:06.0/00\n");
	fake_put("usr/bin/ukify", "");
	return r;
}

static int tear_down_unified(void **state)
{
	is_live = ukify_fails = false;
	return fake_tear_down(state);
}

static void forget_other_kernel(void)
{
	fake_remove(UNIFIED OTHER ".efi");
	fake_remove("boot/vmlinuz-" OTHER);
	fake_remove("lib/modules/" OTHER "/modules.dep");
	fake_remove(IMAGE OTHER);
}

static void test_steps_of_outdated_unified(void **state)
{
	struct session *session;

	fake_put("etc/vfioboot.entries", "");
	fake_dir("etc/initramfs/post-update.d");
	forget_other_kernel();
	session = begin_apply();
	expect_steps(session,
		"keep /boot/initrd.img-6.12.1 as /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"keep /boot/efi/EFI/Linux/token-6.12.1.efi as "
		"/boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n"
		"copy /boot/initrd.img-6.12.1 to /boot/.initrd.img-6.12.1.vfioboot-new "
		"and extend it\n"
		"check /boot/.initrd.img-6.12.1.vfioboot-new\n"
		"rename /boot/.initrd.img-6.12.1.vfioboot-new to /boot/initrd.img-6.12.1\n"
		"make /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-new of "
		"/boot/efi/EFI/Linux/token-6.12.1.efi with ukify\n"
		"check /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-new\n"
		"rename /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-new to "
		"/boot/efi/EFI/Linux/token-6.12.1.efi\n"
		"run run-parts --arg=6.12.1 --arg=/boot/initrd.img-6.12.1 "
		"/etc/initramfs/post-update.d\n"
		"check /boot/efi/EFI/Linux/token-6.12.1.efi\n"
		"run vfioboot entry update\n"
		"remove /boot/.initrd.img-6.12.1.vfioboot-kept\n"
		"remove /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n");
	end(session);
}

/* To other packages the unified image alone is no initramfs. */
static void test_steps_of_outdated_unified_alone(void **state)
{
	struct session *session;

	fake_dir("etc/initramfs/post-update.d");
	forget_other_kernel();
	fake_remove("etc/vfioboot.conf.d/new.conf");
	fake_image(IMAGE ONE, TOOLS, ONE, OLD_CONFIG);
	fake_unified(ONE);
	fake_image(IMAGE ONE, TOOLS, ONE, GOOD);
	session = begin_apply();
	expect_steps(session,
		"keep /boot/efi/EFI/Linux/token-6.12.1.efi as "
		"/boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n"
		"make /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-new of "
		"/boot/efi/EFI/Linux/token-6.12.1.efi with ukify\n"
		"check /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-new\n"
		"rename /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-new to "
		"/boot/efi/EFI/Linux/token-6.12.1.efi\n"
		"remove /boot/efi/EFI/Linux/.token-6.12.1.efi.vfioboot-kept\n");
	end(session);
}

/* All that it had is in the new one, and with each change there is one segment. */
static void test_outdated_unified(void **state)
{
	static const char path[] = UNIFIED ONE ".efi";
	struct session *session;
	uint64_t first;

	apply_well();
	first = size_of(path);
	expect_file(
		path, "etc/vfioboot.conf.d/new.conf", "[device b]\npath = 00:06.0/00\n");
	expect_file(path, "etc/vfioboot.conf", FAKE_CONFIG);
	session = begin_apply();
	for (size_t i = 0; i < session->chain.n_images; i++)
		assert_int_equal(session->chain.images[i].state, IMAGE_FRESH);
	assert_int_equal(session->apply.change.n, 0);
	end(session);
	fake_put("etc/vfioboot.conf.d/new.conf", "[device c]\npath = 00:07.0/00\n");
	apply_well();
	assert_int_equal(size_of(path), first);
	expect_file(
		path, "etc/vfioboot.conf.d/new.conf", "[device c]\npath = 00:07.0/00\n");
}

static void test_ukify_fails(void **state)
{
	struct machine_state before = look(), after;
	struct session *session = begin_apply();
	char why[1024];

	ukify_fails = true;
	assert_int_equal(carry_out(session, why, sizeof(why)), -EREMOTEIO);
	assert_non_null(strstr(why, "no stub"));
	end(session);
	after = look();
	assert_string_equal(before.text, after.text);
	assert_false(
		access(fake_path("boot/efi/EFI/Linux/.token-" ONE ".efi.vfioboot-new"),
			F_OK) == 0);
}

/* How many images ukify would make. */
static unsigned count_unified(void)
{
	struct session *session = begin_apply();
	unsigned n = 0;

	for (size_t i = 0; i < session->apply.change.n; i++)
		n += text_ends_with(session->apply.change.steps[i].path
				     ? session->apply.change.steps[i].path
				     : "",
			     ".efi.vfioboot-new") &&
			session->apply.change.steps[i].kind->run &&
			!session->apply.change.steps[i].kind->quiet &&
			session->apply.change.steps[i].kind != &change_replace;
	end(session);
	return n;
}

/* What ukify would not put back as it was is kernel-install's. */
static void test_unified_that_is_built(void **state)
{
	assert_int_equal(count_unified(), 2);
	fake_put("etc/kernel/install.d/95-sign.install", "");
	assert_int_equal(count_unified(), 0);
	fake_remove("etc/kernel/install.d/95-sign.install");
	fake_remove("usr/bin/ukify");
	assert_int_equal(count_unified(), 0);
	fake_put("usr/bin/ukify", "");
	is_live = false;
	assert_int_equal(count_unified(), 0);
	is_live = true;
	assert_int_equal(count_unified(), 2);
	fake_unified_with(ONE, ".hwids");
	assert_int_equal(count_unified(), 1);
}

/* Only what ukify signs for kernel-install has the keys that it finds. */
static void test_unified_that_is_signed(void **state)
{
	fake_unified_with(ONE, ".pcrsig");
	assert_int_equal(count_unified(), 1);
	fake_put("etc/kernel/uki.conf", "[PCRSignature:a]\nPCRPrivateKey=/k\n");
	assert_int_equal(count_unified(), 2);
	fake_put("etc/kernel/install.conf", "layout=uki\nuki_generator=dracut\n");
	assert_int_equal(count_unified(), 1);
	fake_put("etc/kernel/install.conf", "layout=uki\nuki_generator=ukify\n");
	assert_int_equal(count_unified(), 2);
}

/* Whatever else is not right is the generator's. */
static void test_outdated_in_more(void **state)
{
	static const unsigned flaws[] = {
		OLD_PROGRAM, NOT_STARTED, NO_VFIO_PCI, NO_VARIANT, NO_MODPROBE, NOT_US};

	for (size_t i = 0; i < ARRAY_SIZE(flaws); i++) {
		fake_tear_down(state);
		fake_set_up(state);
		set_up_outdated();
		fake_image(IMAGE ONE, DRACUT, ONE, OLD_CONFIG | flaws[i]);
		expect_built(false);
	}
}

static void test_full(void **state)
{
	set_up_outdated();
	expect_built(true);
}

/* mkinitcpio starts them for each image that it makes: that is not ours to do. */
static void test_followers(void **state)
{
	struct session *session;

	set_up_outdated_by("usr/bin/mkinitcpio", MKINITCPIO);
	fake_image("boot/initramfs-" ONE ".img", MKINITCPIO, ONE, OLD_CONFIG);
	fake_put("usr/lib/initcpio/post/vfioboot", "");
	session = begin_apply();
	assert_non_null(session->chain.images[0].extension.bytes);
	end(session);
	fake_put("etc/initcpio/post/sign", "");
	session = begin_apply();
	assert_null(session->chain.images[0].extension.bytes);
	end(session);
}

/* A file that is gone hides none of its name elsewhere by being empty. */
static void test_gone_that_would_hide(void **state)
{
	set_up_outdated();
	fake_image(IMAGE ONE, DRACUT, ONE, MORE_CONFIG);
	fake_put("usr/lib/vfioboot.conf.d/gone.conf", "[device v]\npath = 00:08.0/00\n");
	expect_built(false);
}

/* Somebody has put an archive of their own behind ours, which stays where it is. */
static void test_archive_behind(void **state)
{
	struct imagemaker maker = {0};
	FILE *f;

	set_up_outdated();
	apply_well();
	imagemaker_add_text(&maker, "etc/theirs", "text");
	imagemaker_end(&maker);
	f = fopen(fake_path(IMAGE OTHER), "a");
	assert_non_null(f);
	assert_int_equal(fwrite(maker.bytes, 1, maker.size, f), maker.size);
	fclose(f);
	imagemaker_free(&maker);
	fake_remove("etc/vfioboot.conf.d/new.conf");
	fake_put("etc/vfioboot.conf.d/newer.conf", "[device d]\npath = 00:07.0/00\n");
	for (unsigned i = 0; i < 2; i++) {
		apply_well();
		expect_done();
		expect_file(IMAGE OTHER, "etc/vfioboot.conf.d/new.conf", "");
		expect_file(IMAGE OTHER, "etc/theirs", "text");
		fake_put("etc/vfioboot.conf.d/newer.conf",
			"[device e]\npath = 00:08.0/00\n");
	}
}

/* The kernel sees no archive behind bytes that are none. */
static void test_no_place(void **state)
{
	FILE *f;

	set_up_outdated();
	f = fopen(fake_path(IMAGE ONE), "a");
	assert_non_null(f);
	fputs("a signature", f);
	fclose(f);
	expect_built(false);
}

/* ---- killed ----------------------------------------------------------------------------- */

static unsigned steps_to_go;
static bool behind;

static void count_down(void)
{
	if (steps_to_go-- == 0)
		kill(getpid(), SIGKILL);
}

static void on_begin(void *data, const struct change_step *step)
{
	(void)data, (void)step;
	if (!behind)
		count_down();
}

static void on_end(
	void *data, const struct change_step *step, int result, unsigned seconds)
{
	(void)data, (void)step, (void)result, (void)seconds;
	if (behind)
		count_down();
}

/* Carries it out in a child, which is killed at a step.  Returns whether it was. */
static bool run_killed(struct session *session, unsigned step)
{
	static const struct change_watcher watcher = {on_begin, on_end, NULL, NULL};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct change_failure failure;

		steps_to_go = step;
		_exit(change_carry_out(&session->apply.change, &watcher, &failure) ? 1
										   : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

static void expect_bootable(void)
{
	_cleanup_(root_close) struct root root = fake_open();

	assert_true(imagefile_is_whole(&root, IMAGE ONE));
	assert_true(imagefile_is_whole(&root, IMAGE OTHER));
}

/* Killed before and behind each step: it boots, and the next apply does the rest. */
static void test_killed(void **state)
{
	static void (*const set_up[])(void) = {
		set_up_dracut, set_up_tools, set_up_outdated};
	unsigned killed = 0;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(set_up); i++) {
		bool going = true;

		behind = i % 2;
		for (unsigned step = 0; going; step++) {
			struct session *session;

			fake_tear_down(state);
			fake_set_up(state);
			set_up[i / 2]();
			session = begin_apply();
			going = run_killed(session, step);
			killed += going;
			end(session);
			expect_bootable();
			apply_well();
			expect_done();
		}
	}
	assert_int_equal(killed, 2 * 11 + 2 * 9 + 2 * 11);
}

/* Killed while a generator wrote in place: what was kept is whole. */
static void test_put_back(void **state)
{
	struct session *session;
	char why[1024];

	set_up_tools();
	fake_image("boot/.initrd.img-" OTHER ".vfioboot-kept", TOOLS, OTHER, GOOD);
	fake_put(IMAGE OTHER, "half of it");
	fake_put(IMAGE OTHER ".new", "half of it");
	fake_put("boot/.initrd.img-" ONE ".vfioboot-new", "half of it");
	fake_put("etc/.vfioboot.protect.vfioboot-new", "half of it");
	fake_put("etc/vfioboot.conf.d/.gpu.conf.vfioboot-new", "half of it");
	fake_put("etc/.somebodys.1", "not ours");
	/* The next one fails as well: it is put back all the same. */
	fake_put("fail-" OTHER, "");
	session = begin_apply();
	assert_true(carry_out(session, why, sizeof(why)) < 0);
	end(session);
	expect_bootable();
	fake_remove("fail-" OTHER);
	apply_well();
	expect_done();
	assert_string_equal(fake_read("etc/.somebodys.1"), "not ours");
}

/* What was kept is broken like the image itself: neither takes the place of the other. */
static void test_kept_is_broken(void **state)
{
	struct session *session;
	char line[512];

	set_up_dracut();
	fake_put("boot/.initrd.img-" OTHER ".vfioboot-kept", "half of another");
	fake_put(IMAGE OTHER, "half of it");
	session = begin_apply();
	change_describe(&session->apply.change.steps[0], line, sizeof(line));
	assert_string_equal(line,
		"remove /boot/.initrd.img-6.1.0.vfioboot-kept, left by an interrupted run");
	end(session);
	apply_well();
	expect_done();
}

/* The kernel was removed before anybody cleared up behind the one that was killed. */
static void test_leftovers_of_a_kernel_that_is_gone(void **state)
{
	struct session *session;

	set_up_dracut();
	apply_well();
	fake_put("boot/.initrd.img-5.10.0.vfioboot-kept", "an old image");
	fake_put("boot/.initrd.img-5.10.0.vfioboot-new", "half of one");
	fake_put("boot/.initrd.img-5.4.0.vfioboot-kept", "half of one");
	fake_put(IMAGE "5.4.0", "an image that nobody knows");
	session = begin_apply();
	expect_steps(session,
		"remove /boot/.initrd.img-5.4.0.vfioboot-kept"
		", left by an interrupted run\n"
		"remove /boot/.initrd.img-5.10.0.vfioboot-kept"
		", left by an interrupted run\n"
		"remove /boot/.initrd.img-5.10.0.vfioboot-new"
		", left by an interrupted run\n");
	end(session);
	apply_well();
	expect_done();
	assert_string_equal(fake_read(IMAGE "5.4.0"), "an image that nobody knows");
}

#define BY_ADD DROPIN_MARK "\n[device a]\npath = 00:05.0/00\n"

static const char *link_at(const char *name)
{
	static char target[256];
	ssize_t n = readlink(fake_path(name), target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	return target;
}

static void set_up_undo(void)
{
	set_up_dracut();
	apply_well();
	fake_put("etc/vfioboot.conf.d/a.conf", BY_ADD);
	fake_put("etc/vfioboot.conf.d/mine.conf", "[device b]\npath = 00:06.0/00\n");
	fake_link("etc/vfioboot.conf.d/mask.conf", "/dev/null");
	fake_image("next-" ONE, DRACUT, ONE, NOT_US);
	fake_image("next-" OTHER, DRACUT, OTHER, NOT_US);
}

static void test_undo(void **state)
{
	struct machine_state now;
	struct session *session;
	char why[1024];

	set_up_undo();
	session = begin_undo();
	assert_int_equal(carry_out(session, why, sizeof(why)), 0);
	end(session);
	now = look();
	assert_null(strstr(now.text, "boot/.vfioboot"));
	assert_null(strstr(now.text, "\netc/vfioboot"));
	assert_string_equal(
		fake_read("var/lib/vfioboot/undone/etc/vfioboot.conf"), FAKE_CONFIG);
	assert_string_equal(
		fake_read("var/lib/vfioboot/undone/etc/vfioboot.conf.d/mine.conf"),
		"[device b]\npath = 00:06.0/00\n");
	assert_string_equal(
		fake_read("var/lib/vfioboot/undone/etc/vfioboot.conf.d/a.conf"), "");
	assert_int_equal(access(fake_path("etc/vfioboot.conf.d"), F_OK), -1);
	session = begin_undo();
	assert_int_equal(session->apply.change.n, 0);
	end(session);
}

/* A file of the same name from an earlier undo is not lost, nor is one of comments moved. */
static void test_undo_again(void **state)
{
	struct session *session;
	size_t n;

	set_up_undo();
	fake_put("var/lib/vfioboot/undone/etc/vfioboot.conf.d/mine.conf", "older\n");
	fake_put("etc/vfioboot.conf", "# comments\n\n; alone\n");
	session = begin_undo();
	n = session->apply.change.n;
	session->apply.change.n = 5; /* what follows is of images */
	expect_steps(session,
		"remove /etc/vfioboot.conf.d/a.conf\n"
		"move /etc/vfioboot.conf.d/mask.conf to "
		"/var/lib/vfioboot/undone/etc/vfioboot.conf.d/mask.conf\n"
		"move /etc/vfioboot.conf.d/mine.conf to "
		"/var/lib/vfioboot/undone/etc/vfioboot.conf.d/mine.conf.1\n"
		"remove /etc/vfioboot.conf\n"
		"remove /etc/vfioboot.protect\n");
	session->apply.change.n = n;
	end(session);
}

/* Of what check --fix has cleared, somebody has put the file elsewhere since. */
static void test_undo_of_what_is_a_link_now(void **state)
{
	static const char line[] = "options vfio-pci ids=10de:2204\n";
	struct session *session;
	char why[1024], now[128];

	set_up_undo();
	text_join(now, sizeof(now), LEFTOVERS_COMMENT, line, NULL);
	fake_put("srv/a.conf", now);
	fake_put("var/lib/vfioboot/leftovers/1/etc/modprobe.d/a.conf", line);
	fake_link("etc/modprobe.d/a.conf", "/srv/a.conf");
	session = begin_undo();
	if (carry_out(session, why, sizeof(why)) != 0)
		fail_msg("undo failed: %s", why);
	end(session);
	assert_string_equal(link_at("etc/modprobe.d/a.conf"), "/srv/a.conf");
}

/* What setup wrote for GVT-g goes as it was written, and stays as somebody has changed it. */
static void test_undo_of_gvt(void **state)
{
	struct session *session;
	char why[1024], text[512];

	text_join(text, sizeof(text), gvt_file_text, "# mine\n", NULL);
	for (unsigned changed = 0; changed < 2; changed++) {
		set_up_undo();
		fake_put(&GVT_FILE[1], changed ? text : gvt_file_text);
		session = begin_undo();
		if (carry_out(session, why, sizeof(why)) != 0)
			fail_msg("undo failed: %s", why);
		end(session);
		if (changed)
			assert_string_equal(fake_read(&GVT_FILE[1]), text);
		else
			assert_int_equal(access(fake_path(&GVT_FILE[1]), F_OK), -1);
		fake_tear_down(state);
		fake_set_up(state);
	}
}

/* A link, wherever it leads, is somebody's: it is moved, and its target is left alone. */
static void test_undo_links(void **state)
{
	struct session *session;
	char why[1024];

	set_up_undo();
	fake_remove("etc/vfioboot.protect");
	fake_link("etc/vfioboot.protect", "/srv/none");
	fake_remove("etc/vfioboot.conf");
	fake_link("etc/vfioboot.conf", "/srv/vfioboot.conf");
	fake_put("srv/vfioboot.conf", "[boot]\n");
	fake_dir("var/lib/vfioboot/undone/etc");
	fake_link("var/lib/vfioboot/undone/etc/vfioboot.conf", "/srv/none");
	session = begin_undo();
	if (carry_out(session, why, sizeof(why)) != 0)
		fail_msg("undo failed: %s", why);
	end(session);
	assert_string_equal(fake_read("srv/vfioboot.conf"), "[boot]\n");
	assert_string_equal(
		link_at("var/lib/vfioboot/undone/etc/vfioboot.protect"), "/srv/none");
	assert_string_equal(
		link_at("var/lib/vfioboot/undone/etc/vfioboot.conf"), "/srv/none");
	assert_string_equal(link_at("var/lib/vfioboot/undone/etc/vfioboot.conf.1"),
		"/srv/vfioboot.conf");
	assert_null(strstr(look().text, "\netc/vfioboot"));
}

/* What follows a NUL is text of somebody's, too. */
static void test_undo_of_bytes(void **state)
{
	static const char bytes[] = "# comment\n\0[device x]\n";
	struct machine_state before, after;
	struct session *session;
	char why[1024];

	set_up_undo();
	fake_put_bytes("etc/vfioboot.conf", bytes, sizeof(bytes));
	fake_image("next-" OTHER, DRACUT, OTHER, GOOD);
	before = look();
	session = begin_undo();
	assert_true(carry_out(session, why, sizeof(why)) < 0);
	end(session);
	after = look();
	after.text[strlen(before.text)] = '\0';
	assert_string_equal(after.text, before.text);
	fake_image("next-" OTHER, DRACUT, OTHER, NOT_US);
	session = begin_undo();
	assert_int_equal(carry_out(session, why, sizeof(why)), 0);
	end(session);
	assert_string_equal(
		fake_read("var/lib/vfioboot/undone/etc/vfioboot.conf"), "# comment\n");
}

static void test_undo_fails(void **state)
{
	struct machine_state before, after;
	struct session *session;
	char why[1024], target[32] = "";

	set_up_undo();
	fake_image("next-" OTHER, DRACUT, OTHER, GOOD);
	before = look();
	session = begin_undo();
	assert_true(carry_out(session, why, sizeof(why)) < 0);
	assert_non_null(
		strstr(why, "it contains vfioboot although nothing is configured"));
	end(session);
	after = look();
	/* A directory that was made stays, empty. */
	assert_non_null(strstr(before.text, "etc/vfioboot.conf.d/mine.conf"));
	after.text[strlen(before.text)] = '\0';
	assert_string_equal(after.text, before.text);
	assert_string_equal(fake_read("etc/vfioboot.conf.d/a.conf"), BY_ADD);
	assert_true(readlink(fake_path("etc/vfioboot.conf.d/mask.conf"), target, 31) > 0);
	assert_string_equal(target, "/dev/null");
}

static void test_room(void **state)
{
	struct session *session;
	struct message why = {0};

	set_up_dracut();
	session = begin_apply();
	assert_int_equal(apply_check(&session->apply, &why), 0);
	for (size_t i = 0; i < session->apply.change.n; i++)
		if (session->apply.change.steps[i].kind == &change_build)
			session->apply.change.steps[i].room = (uint64_t)1 << 52;
	assert_int_equal(apply_check(&session->apply, &why), -ENOSPC);
	assert_non_null(strstr(why.text, "/boot has "));
	end(session);
}

#define ROOT_MOUNT "28 1 259:2 / / rw - ext4 /dev/sda2 rw\n"
#define BOOT_MOUNT "29 28 259:1 / /boot rw - ext4 /dev/sda1 rw\n"

/* An image would be made where no loader looks, below the place of the mount. */
static void test_boot_not_mounted(void **state)
{
	struct session *session;
	struct message why = {0};

	set_up_dracut();
	fake_put("proc/self/mountinfo", ROOT_MOUNT);
	session = begin_apply();
	assert_int_equal(apply_check(&session->apply, &why), 0);
	fake_put("etc/fstab",
		"# comment\nUUID=1 / ext4 defaults 0 1\nUUID=2 /boot ext4 noauto 0 2\n"
		"UUID=3 /boot/efi vfat defaults 0 2\nUUID=4 none swap sw 0 0\n");
	assert_int_equal(apply_check(&session->apply, &why), -ENODEV);
	assert_string_equal(why.text,
		"/boot is in /etc/fstab but not mounted, and images belong there");
	assert_string_equal(why.remedy, "mount it");
	fake_put("proc/self/mountinfo", ROOT_MOUNT BOOT_MOUNT);
	assert_int_equal(apply_check(&session->apply, &why), 0);
	end(session);
	/* Nor is an image extended that nobody boots. */
	set_up_outdated();
	fake_put("proc/self/mountinfo", ROOT_MOUNT);
	session = begin_apply();
	assert_int_equal(apply_check(&session->apply, &why), -ENODEV);
	end(session);
}

/* Nor is a unified image made again that nobody starts. */
static void test_esp_not_mounted(void **state)
{
	struct session *session;
	struct message why = {0};

	fake_put("proc/self/mountinfo", ROOT_MOUNT);
	fake_put("etc/fstab",
		"UUID=1 / ext4 defaults 0 1\nUUID=3 /boot/efi vfat defaults 0 2\n");
	session = begin_apply();
	assert_int_equal(apply_check(&session->apply, &why), -ENODEV);
	assert_string_equal(why.text,
		"/boot/efi is in /etc/fstab but not mounted, and images belong there");
	end(session);
}

static int run_unified(void)
{
#define UNIFIED_TEST(f)                                                                  \
	cmocka_unit_test_setup_teardown(f, set_up_outdated_unified, tear_down_unified)
	static const struct CMUnitTest tests[] = {
		UNIFIED_TEST(test_steps_of_outdated_unified),
		UNIFIED_TEST(test_steps_of_outdated_unified_alone),
		UNIFIED_TEST(test_outdated_unified),
		UNIFIED_TEST(test_ukify_fails),
		UNIFIED_TEST(test_unified_that_is_built),
		UNIFIED_TEST(test_unified_that_is_signed),
		UNIFIED_TEST(test_esp_not_mounted),
	};

	return cmocka_run_group_tests_name("unified_apply", tests, NULL, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)

static int run_undo(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_undo),
		TEST(test_undo_again),
		TEST(test_undo_links),
		TEST(test_undo_of_gvt),
		TEST(test_undo_of_what_is_a_link_now),
		TEST(test_undo_of_bytes),
		TEST(test_undo_fails),
	};

	return cmocka_run_group_tests_name("undo", tests, NULL, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_steps_of_dracut),
		TEST(test_steps_of_one),
		TEST(test_steps_of_tools),
		TEST(test_steps_of_unified),
		TEST(test_unified_without_cmdline),
		TEST(test_steps_where_updates_are_off),
		TEST(test_run),
		TEST(test_generator_fails),
		TEST(test_log_of_a_failure),
		TEST(test_tools_fail),
		TEST(test_image_is_bad),
		TEST(test_devices_of_an_entry_alone),
		TEST(test_devices_of_an_entry_beside_demand),
		TEST(test_files_that_stand_in_the_way),
		TEST(test_steps_of_outdated),
		TEST(test_outdated),
		TEST(test_outdated_of_two_names),
		TEST(test_outdated_in_more),
		TEST(test_full),
		TEST(test_followers),
		TEST(test_gone_that_would_hide),
		TEST(test_archive_behind),
		TEST(test_no_place),
		TEST(test_killed),
		TEST(test_put_back),
		TEST(test_kept_is_broken),
		TEST(test_leftovers_of_a_kernel_that_is_gone),
		TEST(test_room),
		TEST(test_boot_not_mounted),
	};

	return cmocka_run_group_tests_name("images_apply", tests, NULL, NULL) +
		run_undo() + run_unified();
}
