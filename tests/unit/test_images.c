/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns a system, where its images are, and what is wrong with each. */
#include <errno.h>

#include "chain/follow.h"
#include "chain/generators/generators.h"
#include "fakeimages.h"

#define RELEASE "6.12.1"
#define DEBIAN  "boot/initrd.img-" RELEASE

/* One line an image: kernel, path, state, who makes it, why. */
static void expect_with(const struct protect_list *protect, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(chain_free) struct chain chain = {0};
	char text[2048] = "";

	assert_int_equal(chain_follow(&root, protect, &chain), 0);
	for (size_t i = 0; i < chain.n_images; i++) {
		const struct chain_image *image = &chain.images[i];

		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%s %s %s %s%s%s\n", image->kernel, image->path,
			image_state_word(image->state),
			image->maker            ? image->maker->name
				: image->source ? "copy"
						: "-",
			*image->why.text ? ": " : "", image->why.text);
	}
	assert_string_equal(text, expected);
}

static void expect(const char *expected)
{
	expect_with(today(), expected);
}

static void set_up_dracut(void)
{
	fake_kernel(RELEASE);
	fake_configured();
	fake_put("usr/bin/dracut", "");
}

static void test_fresh(void **state)
{
	static const struct {
		const char *program, *line;
		enum fake_maker by;
		unsigned flaws;
	} cases[] = {
		{"usr/bin/dracut", "dracut", DRACUT, GOOD},
		{"usr/bin/dracut", "dracut", DRACUT, WITH_SYSTEMD},
		{"usr/sbin/mkinitramfs", "initramfs-tools", TOOLS, GOOD},
	};

	fake_kernel(RELEASE);
	fake_configured();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[256];

		fake_put(cases[i].program, "");
		fake_image(DEBIAN, cases[i].by, RELEASE, cases[i].flaws);
		snprintf(line, sizeof(line), RELEASE " /" DEBIAN " fresh %s\n",
			cases[i].line);
		expect(line);
		fake_remove(cases[i].program);
	}
}

static void test_flaws(void **state)
{
	static const struct {
		unsigned flaw;
		const char *told;
	} cases[] = {
		{NOT_US, "without dracut: it does not contain vfioboot-early"},
		{OLD_PROGRAM,
			"stale dracut: it contains another version of vfioboot-early"},
		{NOT_STARTED, "stale dracut: nothing in it starts vfioboot-early"},
		{NOT_STARTED | WITH_SYSTEMD,
			"stale dracut: nothing in it starts the unit vfioboot-early.service"},
		{NO_HOOK | WITH_SYSTEMD,
			"stale dracut: nothing in it starts the unit vfioboot-early.service"},
		{OLD_CONFIG, "stale dracut: it contains an outdated /etc/vfioboot.conf"},
		{NO_CONFIG, "stale dracut: it lacks /etc/vfioboot.conf"},
		{MORE_CONFIG,
			"stale dracut: it contains /etc/vfioboot.conf.d/gone.conf, which no longer exists"},
		{NO_VFIO_PCI, "stale dracut: it lacks the module vfio_pci"},
		{NO_VARIANT, "stale dracut: it lacks the module mlx5_vfio_pci"},
		{NO_MODPROBE, "stale dracut: it lacks modprobe, which loads the modules"},
		{NO_PROTECT, "stale dracut: it has no protect list"},
		{SHORT_PROTECT,
			"stale dracut: its protect list lacks 00:1d.0/00.0, which "
			"this host needs now"},
	};

	set_up_dracut();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[256];

		fake_image(DEBIAN, DRACUT, RELEASE, cases[i].flaw);
		snprintf(line, sizeof(line), RELEASE " /" DEBIAN " %s\n", cases[i].told);
		expect(line);
	}
}

/* What the image protects and today's list does not keeps back what is configured, and that alone. */
static void test_surplus_protection(void **state)
{
	static const char modalias[] =
		"pci:v0000144Dd0000A80Asv00000000sd00000000bc01sc08i02\n";
	static const char fresh[] = RELEASE " /" DEBIAN " fresh dracut\n";
	static const char drive[] = "sys/devices/pci0000:00/0000:00:04.0/0000:01:00.0";
	char modalias_file[128];

	set_up_dracut();
	fake_function("pci0000:00/0000:00:04.0", 0x8086, 0x1901);
	fake_image(DEBIAN, DRACUT, RELEASE, MORE_PROTECT);
	expect(fresh);
	fake_function(&drive[12], 0x144d, 0xa80a);
	expect(RELEASE " /" DEBIAN " stale dracut: its protect list has 00:04.0/00.0, "
		       "which this host does not need any more\n");
	/* With other ids there it is at its place; somewhere else it has its ids. */
	fake_function(&drive[12], 0x144d, 0xa808);
	expect(RELEASE " /" DEBIAN " stale dracut: its protect list has 00:04.0/00.0, "
		       "which this host does not need any more\n");
	fake_image(DEBIAN, DRACUT, RELEASE, INCOMPLETE);
	expect(fresh);
	snprintf(modalias_file, sizeof(modalias_file), "%s/modalias", drive);
	fake_put(modalias_file, modalias);
	expect(RELEASE " /" DEBIAN
		       " stale dracut: it contains an outdated protect list\n");
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect(fresh);
}

static void test_late_start(void **state)
{
	fake_kernel(RELEASE);
	fake_configured();
	fake_put("usr/sbin/mkinitramfs", "");
	fake_image(DEBIAN, TOOLS, RELEASE, STARTED_LATE);
	expect(RELEASE " /" DEBIAN
		       " stale initramfs-tools: it starts vfioboot-early after udev\n");
	fake_image(DEBIAN, TOOLS, RELEASE, NOT_STARTED);
	expect(RELEASE " /" DEBIAN
		       " stale initramfs-tools: nothing in it starts vfioboot-early\n");
	fake_image(DEBIAN, TOOLS, RELEASE, NO_HOOK);
	expect(RELEASE " /" DEBIAN
		       " stale initramfs-tools: nothing in it starts vfioboot-early\n");
	fake_image(DEBIAN, MKINITCPIO, RELEASE, NO_HOOK);
	expect(RELEASE " /" DEBIAN
		       " stale initramfs-tools: nothing in it starts vfioboot-early\n");
}

static void test_no_list_to_compare(void **state)
{
	set_up_dracut();
	fake_image(DEBIAN, DRACUT, RELEASE, NO_PROTECT);
	expect_with(NULL, RELEASE " /" DEBIAN " fresh dracut\n");
}

/* Today not all can be traced: what could carry the root is protected, which the image does not say. */
static void test_incomplete_today(void **state)
{
	struct protect_list *list = today();

	set_up_dracut();
	list->incomplete = true;
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect_with(list,
		RELEASE " /" DEBIAN
			" stale dracut: it contains an outdated protect list\n");
	fake_image(DEBIAN, DRACUT, RELEASE, INCOMPLETE);
	expect_with(list, RELEASE " /" DEBIAN " fresh dracut\n");
}

static void test_unreadable(void **state)
{
	set_up_dracut();
	expect(RELEASE " /" DEBIAN " missing dracut: there is no such file\n");
	fake_put(DEBIAN, "");
	expect(RELEASE " /" DEBIAN " unknown dracut: it is empty\n");
	fake_image(DEBIAN, NOBODY, RELEASE, GOOD);
	expect(RELEASE
		" /" DEBIAN
		" stale dracut: it was built by a generator that vfioboot does not know\n");
}

/* Without any configuration an image is to hold nothing of us. */
static void test_nothing_configured(void **state)
{
	set_up_dracut();
	fake_remove("etc/vfioboot.conf");
	fake_image(DEBIAN, DRACUT, RELEASE, NOT_US);
	expect(RELEASE " /" DEBIAN " fresh dracut\n");
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect(RELEASE
		" /" DEBIAN
		" stale dracut: it contains vfioboot although nothing is configured\n");
}

static void add_config(struct imagemaker *maker)
{
	add_marks(maker, DRACUT, GOOD);
	add_us(maker, RELEASE, GOOD);
	add_start(maker, DRACUT, GOOD);
}

/* The rule of udev that the host has, in its image, which may have another one. */
static void test_rule(void **state)
{
	static const char told[] = RELEASE
		" /" DEBIAN " stale dracut: it lacks the rule of udev for functions that "
		"appear later, or contains another version of it\n";
	static const char *const rules[] = {NULL, "# old\n", "# new\n"};

	set_up_dracut();
	fake_put(&IMAGECHECK_RULE[1], "# new\n");
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct imagemaker maker = {0};

		add_config(&maker);
		if (rules[i])
			imagemaker_add_text(&maker, &IMAGECHECK_RULE[1], rules[i]);
		imagemaker_end(&maker);
		fake_put_bytes(DEBIAN, maker.bytes, maker.size);
		imagemaker_free(&maker);
		expect(i + 1 < ARRAY_SIZE(rules) ? told
						 : RELEASE " /" DEBIAN " fresh dracut\n");
	}
}

/* Drop-ins that hide others, masks, and links to a file elsewhere. */
static void test_dropins(void **state)
{
	struct imagemaker maker = {0};

	set_up_dracut();
	fake_put("usr/lib/vfioboot.conf.d/a.conf", "# vendor\n");
	fake_link("etc/vfioboot.conf.d/a.conf", "/dev/null");
	fake_put("etc/other/b", "# b\n");
	fake_link("etc/vfioboot.conf.d/b.conf", "../other/b");
	fake_put("etc/vfioboot.conf.d/.hidden.conf", "x");
	fake_put("run/vfioboot.conf.d/c.conf", "# of this boot\n");
	add_config(&maker);
	imagemaker_add_text(&maker, "usr/lib/vfioboot.conf.d/a.conf", "# vendor\n");
	imagemaker_add_link(&maker, "etc/vfioboot.conf.d/a.conf", "/dev/null");
	imagemaker_add_link(&maker, "etc/vfioboot.conf.d/b.conf", "../../etc/other/b");
	imagemaker_add_text(&maker, "etc/other/b", "# b\n");
	imagemaker_end(&maker);
	fake_put_bytes(DEBIAN, maker.bytes, maker.size);
	imagemaker_free(&maker);
	expect(RELEASE " /" DEBIAN " fresh dracut\n");
	fake_put("etc/other/b", "# c\n");
	expect(RELEASE
		" /" DEBIAN
		" stale dracut: it contains an outdated /etc/vfioboot.conf.d/b.conf\n");
	fake_put("etc/other/b", "# b\n");
	fake_remove("etc/vfioboot.conf.d/a.conf");
	fake_put("etc/vfioboot.conf.d/a.conf", "");
	expect(RELEASE
		" /" DEBIAN
		" stale dracut: it masks /etc/vfioboot.conf.d/a.conf, which this system does not\n");
}

/* An image with our program, today's main file, and more files unless they are NULL. */
static void image_with_two(
	const char *path, const char *text, const char *other, const char *other_text)
{
	struct imagemaker maker = {0};

	add_config(&maker);
	if (path)
		imagemaker_add_text(&maker, path, text);
	if (other)
		imagemaker_add_text(&maker, other, other_text);
	imagemaker_end(&maker);
	fake_put_bytes(DEBIAN, maker.bytes, maker.size);
	imagemaker_free(&maker);
}

static void image_with(const char *path, const char *text)
{
	image_with_two(path, text, NULL, NULL);
}

#define STALE(why) RELEASE " /" DEBIAN " stale dracut: " why "\n"
#define FRESH      RELEASE " /" DEBIAN " fresh dracut\n"

/* modprobe.d lets vfio-pci have what it refuses: an image of who gives it that needs it, too. */
static void test_denylist_disabled(void **state)
{
	static const char file[] = "etc/modprobe.d/vfio.conf";
	static const char options[] = "options vfio-pci disable_denylist=1\n";
	static const char dropin[] = "etc/vfioboot.conf.d/qat.conf";
	static const char qat[] = "[device qat]\npath = 00:05.0\n";
	static const struct fake_index_line built_in[] = {{"vfio_pci", ""}};
	static const struct fake_index_line dep[] = {
		{"mlx5_vfio_pci", "kernel/drivers/vfio/pci/mlx5/mlx5-vfio-pci.ko.xz:"},
		{"vfio_iommu_type1", "kernel/drivers/vfio/vfio_iommu_type1.ko.xz:"},
	};

	set_up_dracut();
	fake_put(file, options);
	fake_function("pci0000:00/0000:00:04.0", 0x8086, 0x1901);
	fake_function("pci0000:00/0000:00:04.0/0000:01:00.0", 0x8086, 0x37c8);
	fake_function("pci0000:00/0000:00:05.0", 0x8086, 0x37c8);
	/* One is configured with another driver, which has no such list, the other not at all. */
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect(FRESH);
	fake_put(dropin, qat);
	image_with(dropin, qat);
	expect(STALE("it lacks the option disable_denylist of vfio-pci, which is in "
		     "modprobe.d"));
	image_with_two(dropin, qat, file, options);
	expect(FRESH);
	/* What is built into the kernel reads no such file. */
	image_with(dropin, qat);
	fake_put_index("lib/modules/" RELEASE, "modules.dep", dep, ARRAY_SIZE(dep));
	fake_put_index("lib/modules/" RELEASE, "modules.builtin", built_in,
		ARRAY_SIZE(built_in));
	expect(FRESH);
}

#define DEMAND(name) "[device " name "]\npath = 00:05.0/00\nbind = demand\n"

/* What boots leave to the host makes no image outdated, as long as nothing else is in it. */
static void test_demand_alone(void **state)
{
	set_up_dracut();
	fake_put("etc/vfioboot.conf", DEMAND("gpu"));
	fake_image(DEBIAN, DRACUT, RELEASE, NOT_US);
	expect(FRESH);
	/* It binds at boot what is of demand now. */
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect(STALE("it contains an outdated /etc/vfioboot.conf"));
	/* The main file as it is installed makes no difference. */
	fake_image(DEBIAN, DRACUT, RELEASE, NOT_US);
	fake_put("etc/vfioboot.conf", "[boot]\nwhen = always\n");
	expect(RELEASE " /" DEBIAN
		       " without dracut: it does not contain vfioboot-early\n");
	fake_put("etc/vfioboot.conf.d/a.conf", DEMAND("gpu"));
	expect(FRESH);
	/* What cannot be read is told by the boot. */
	fake_put("etc/vfioboot.conf", "[boot]\nwhen = nonsense\n");
	expect(RELEASE " /" DEBIAN
		       " without dracut: it does not contain vfioboot-early\n");
	fake_put("etc/vfioboot.conf", "[boot]\nwhen = always\n");
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect(STALE("it contains an outdated /etc/vfioboot.conf"));
	fake_remove("etc/vfioboot.conf");
	expect(STALE("it contains /etc/vfioboot.conf, which no longer exists"));
	fake_remove("etc/vfioboot.conf.d/a.conf");
	expect(STALE("it contains vfioboot although nothing is configured"));
}

static void test_demand_beside_boot(void **state)
{
	static const char path[] = "etc/vfioboot.conf.d/a.conf";

	set_up_dracut();
	fake_put(path, DEMAND("guest"));
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect(FRESH);
	image_with(path, DEMAND("guest"));
	expect(FRESH);
	image_with(path, DEMAND("before"));
	expect(FRESH);
	fake_remove(path);
	expect(FRESH);
	image_with(path, "[device guest]\npath = 00:05.0/00\n");
	expect(STALE("it contains /etc/vfioboot.conf.d/a.conf, which no longer exists"));
	fake_put(path, DEMAND("guest"));
	expect(STALE("it contains an outdated /etc/vfioboot.conf.d/a.conf"));
	/* Never ready without a section that is of boots. */
	fake_put(path, "[device guest]\npath = 00:05.0/00\n");
	image_with(path, DEMAND("guest"));
	expect(STALE("it contains an outdated /etc/vfioboot.conf.d/a.conf"));
	image_with(NULL, NULL);
	expect(STALE("it lacks /etc/vfioboot.conf.d/a.conf"));
}

/* A file that no boot needs is not harmless where it hides another, or has its section's name. */
static void test_demand_in_the_way(void **state)
{
	static const char vendor[] = "usr/lib/vfioboot.conf.d/a.conf";
	static const char local[] = "etc/vfioboot.conf.d/a.conf";
	static const char boot[] = "[device guest]\npath = 00:05.0/00\n";

	set_up_dracut();
	fake_put(vendor, boot);
	fake_put(local, DEMAND("guest"));
	image_with(vendor, boot);
	expect(STALE("it contains an outdated configuration"));
	fake_remove(local);
	expect(FRESH);
	image_with_two(vendor, boot, local, "");
	expect(STALE("it contains /etc/vfioboot.conf.d/a.conf, which no longer exists"));
	fake_remove(vendor);
	image_with("usr/lib/vfioboot.conf.d/a.conf", DEMAND("gpu"));
	expect(STALE(
		"it contains /usr/lib/vfioboot.conf.d/a.conf, which no longer exists"));
	fake_put("etc/vfioboot.conf.d/b.conf", boot);
	image_with_two(local, DEMAND("guest"), "etc/vfioboot.conf.d/b.conf", boot);
	expect(STALE("it contains an outdated configuration"));
}

/* driver = auto: the variant for the device that is here, as the hooks put it into the image. */
static void test_variant(void **state)
{
	static const char config[] = "[device auto]\nid = 10de:2342\ndriver = auto\n";
	static const char file[] = "etc/vfioboot.conf.d/auto.conf";
	static const struct fake_index_line module = {
		"nvgrace_gpu_vfio_pci", "kernel/vfio/nvgrace-gpu-vfio-pci.ko:"};

	set_up_dracut();
	fake_put_index("lib/modules/" RELEASE, "modules.dep", &module, 1);
	fake_put("proc/sys/kernel/osrelease", RELEASE "\n");
	fake_put("lib/modules/" RELEASE "/modules.alias",
		"alias vfio_pci:v000010DEd00002342sv*sd*bc*sc*i* nvgrace_gpu_vfio_pci\n");
	fake_put(file, config);
	image_with(file, config);
	/* What is not here has no module in it. */
	expect(FRESH);
	fake_function("pci0000:00/0000:00:05.0", 0x10de, 0x2342);
	expect(STALE("it lacks the module nvgrace_gpu_vfio_pci"));
}

/* What this kernel has built in, or does not have, is in no image. */
static void test_modules_of_the_kernel(void **state)
{
	static const struct fake_index_line vfio = {"vfio", "kernel/vfio/vfio.ko:"};

	set_up_dracut();
	fake_put_index("lib/modules/" RELEASE, "modules.dep", &vfio, 1);
	fake_image(DEBIAN, DRACUT, RELEASE, NO_VFIO_PCI | NO_VARIANT | NO_MODPROBE);
	expect(RELEASE " /" DEBIAN " fresh dracut\n");
	fake_kernel(RELEASE);
	fake_image(DEBIAN, DRACUT, "6.99", GOOD);
	expect(RELEASE " /" DEBIAN " stale dracut: it lacks the module vfio_pci\n");
}

/* It begins with what others have at their end, and the package manager has put one aside. */
static void test_odd_presets(void **state)
{
	fake_configured();
	fake_put("usr/bin/mkinitcpio", "");
	fake_kernel(RELEASE);
	fake_put("etc/mkinitcpio.d/own.preset",
		"PRESETS=('default')\nALL_kver=/boot/vmlinuz-" RELEASE "\n"
		"default_image=/boot/older.img\n"
		"default_image=/boot/own.img\n");
	fake_put("etc/mkinitcpio.d/own.preset.pacsave",
		"# saved\nPRESETS=('default')\nALL_kver=/boot/vmlinuz-" RELEASE "\n"
		"default_image=/boot/saved.img\n");
	fake_image("boot/own.img", MKINITCPIO, RELEASE, GOOD);
	fake_image("boot/saved.img", MKINITCPIO, RELEASE, NOT_US);
	expect(RELEASE " /boot/own.img fresh mkinitcpio\n");
}

static void expect_names_of(const struct initramfs_generator *generator,
	const char *kernel_file, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(file_free_names) struct file_names names = {0};
	char release[] = RELEASE, file[64], text[1024] = "", line[MESSAGE_LINE_SIZE];
	struct message why = {0};
	const struct kernel kernel = {release, file};

	snprintf(file, sizeof(file), "%s", kernel_file);
	assert_int_equal(initramfs_find(generator, &root, &kernel, &names), 0);
	for (size_t i = 0; i < names.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n",
			names.names[i]);
	if (!initramfs_knows(generator, &root, &kernel, NULL, &why))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "? %s\n",
			message_line(&why, line));
	assert_string_equal(text, expected);
}

static void expect_names(const char *kernel_file, const char *expected)
{
	expect_names_of(&initramfs_mkinitcpio, kernel_file, expected);
}

/* The words of the command for an image, with blanks between them. */
static void expect_command_of(const struct initramfs_generator *generator,
	const char *path, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	char release[] = RELEASE, file[] = "/boot/vmlinuz-x", text[1024] = "";
	const struct kernel kernel = {release, file};
	struct change change = {.root = &root};
	struct change_step *step = change_add(&change, &change_program, NULL, NULL);

	assert_non_null(step);
	assert_int_equal(generator->command(&root, &kernel, path, "/new", step), 0);
	for (char *const *word = step->args; *word; word++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			*text ? " " : "", *word);
	assert_string_equal(text, expected);
	change_free(&change);
}

static void expect_command(const char *path, const char *expected)
{
	expect_command_of(&initramfs_mkinitcpio, path, expected);
}

/* Kernels named by series and on the ESP, written out or by a variable. */
static void test_presets_of_any_kernel(void **state)
{
	fake_bzimage("boot/vmlinuz-6.0-x86_64", RELEASE);
	fake_put("etc/mkinitcpio.d/linux60.preset",
		"ALL_config='/etc/mkinitcpio.conf'\nALL_kver='/boot/vmlinuz-6.0-x86_64'\n"
		"PRESETS=('default'\n\t'fallback') # both\n"
		"default_image='/boot/initramfs-6.0-x86_64.img'\n"
		"fallback_image='/boot/initramfs-6.0-x86_64-fallback.img'\n"
		"fallback_options='-S autodetect'\n");
	expect_names("/boot/vmlinuz-6.0-x86_64",
		"/boot/initramfs-6.0-x86_64.img\n"
		"/boot/initramfs-6.0-x86_64-fallback.img\n");
	expect_command("/boot/initramfs-6.0-x86_64-fallback.img",
		"mkinitcpio -k " RELEASE
		" -g /new -c /etc/mkinitcpio.conf -S autodetect");
	fake_bzimage("boot/vmlinuz-6.0-x86_64", "6.0.1-other");
	expect_names("/boot/vmlinuz-6.0-x86_64", "");
	fake_bzimage("efi/EFI/arch/vmlinuz-linux", RELEASE);
	fake_put("etc/mkinitcpio.d/linux.preset",
		"esp=/efi/EFI\nPRESETS=(default 'uki' \"old\" none)\n"
		"ALL_kver=\"${esp}/arch/vmlinuz-linux\"\nALL_image=/boot/never\n"
		"default_image=$esp/arch/initramfs-linux.img\n"
		"uki_uki=\"$esp/Linux/arch \"'a'.efi\nuki_efi_image=/not/this\n"
		"old_efi_image=$esp/Linux/old.efi\n"
		"uki_options=(--splash '/usr/share/a b.bmp')\n"
		"ALL_cmdline=/etc/kernel/cmdline\n");
	expect_names("/efi/EFI/arch/vmlinuz-linux",
		"/efi/EFI/arch/initramfs-linux.img\n"
		"/efi/EFI/Linux/arch a.efi\n/efi/EFI/Linux/old.efi\n");
	expect_command("/efi/EFI/Linux/arch a.efi",
		"env MKINITCPIO_PROCESS_PRESET=linux-uki mkinitcpio -k "
		"/efi/EFI/arch/vmlinuz-linux -U /new --cmdline /etc/kernel/cmdline "
		"--splash /usr/share/a b.bmp");
}

static void test_unknown_presets(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"PRESETS=(a)\na_kver=" RELEASE "\na_image=/boot/$(uname -r).img\n",
			"? /etc/mkinitcpio.d/x.preset:3 has a command substitution; run "
			"'mkinitcpio -P' by hand\n"},
		{"PRESETS=(a)\nif true; then a_kver=1; fi\n",
			"? /etc/mkinitcpio.d/x.preset:2 has a command; run 'mkinitcpio -P' by "
			"hand\n"},
		{"PRESETS=(a)\na_kver=" RELEASE "\n\na_image=$BOOT/a.img\n",
			"? /etc/mkinitcpio.d/x.preset:4 has a variable that is set elsewhere; "
			"run 'mkinitcpio -P' by hand\n"},
		{"PRESETS=(a)\na_kver=`uname -r`\na_image=/boot/a.img\n",
			"? /etc/mkinitcpio.d/x.preset:2 has a command substitution; run "
			"'mkinitcpio -P' by hand\n"},
		{"PRESETS=(a)\na_kver=" RELEASE
		 "\na_image=/boot/a.img\na_options='-g /b'\n",
			"/boot/a.img\n? /etc/mkinitcpio.d/x.preset:4 has options that name an "
			"image or a kernel; run 'mkinitcpio -P' by hand\n"},
		{"PRESETS=(a)\na_kver=" RELEASE "\na_image=a.img\n",
			"? /etc/mkinitcpio.d/x.preset names an image without its directory; "
			"run 'mkinitcpio -P' by hand\n"},
		{"PRESETS=(a b)\na_kver=1.2\na_image=$X\nb_image=$X\n", ""},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_put("etc/mkinitcpio.d/x.preset", cases[i].text);
		expect_names("/boot/vmlinuz-x", cases[i].told);
	}
	/* Another package's is not understood: this kernel has its own. */
	fake_put("etc/mkinitcpio.d/x.preset", cases[1].text);
	fake_put("usr/lib/modules/" RELEASE "/pkgbase", "own\n");
	fake_put("etc/mkinitcpio.d/own.preset",
		"PRESETS=(a)\na_kver=" RELEASE "\na_image=/boot/own.img\n");
	expect_names("/boot/vmlinuz-x", "/boot/own.img\n");
}

/* Which unified images kernel-install makes again under their names. */
static void test_unified_of_kernel_install(void **state)
{
	static const char path[] = "/efi/EFI/Linux/token-" RELEASE ".efi";
	static const char *const others[] = {
		"/efi/EFI/Linux/token-1" RELEASE ".efi",
		"/efi/EFI/Linux/token-" RELEASE "-own.efi",
		"/efi/EFI/Linux/token-" RELEASE ".efi.old",
		"/efi/token-" RELEASE ".efi",
	};
	_cleanup_(root_close) struct root root = fake_open();
	char release[] = RELEASE, file[] = "/boot/vmlinuz-x",
	     itself[] = "/efi/EFI/Linux/a.efi";
	const struct kernel kernel = {release, file}, unified = {release, itself};

	fake_put("usr/bin/kernel-install", "");
	assert_false(initramfs_kernel_install_unifies(&root, &kernel, path));
	fake_put("etc/kernel/install.conf", "layout=uki\n");
	assert_true(initramfs_kernel_install_unifies(&root, &kernel, path));
	assert_true(initramfs_kernel_install_unifies(
		&root, &kernel, "/efi/EFI/Linux/token-" RELEASE "+3.efi"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(initramfs_kernel_install_unifies(&root, &kernel, others[i]));
	/* Where the kernel is in that image alone, there is nothing to make it of. */
	assert_false(initramfs_kernel_install_unifies(&root, &unified, path));
	fake_put("lib/modules/" RELEASE "/vmlinuz", "");
	fake_put("usr/lib/modules/" RELEASE "/vmlinuz", "");
	assert_true(initramfs_kernel_install_unifies(&root, &unified, path));
	/* With tries it would get another name. */
	fake_put("etc/kernel/tries", "3\n");
	assert_false(initramfs_kernel_install_unifies(&root, &kernel, path));
}

/* dracut's image in one that another program has put together is not dracut's to make again. */
static void test_unified_of_another_program(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_free_ char *image = NULL;
	struct imagemaker maker = {0};
	size_t size;

	set_up_dracut();
	fake_image(DEBIAN, DRACUT, RELEASE, NOT_US);
	assert_int_equal(file_read(&root, DEBIAN, &image, &size), 0);
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".linux", "kernel", 6},
			{".cmdline", "ro", 2}, {".uname", RELEASE, strlen(RELEASE)},
			{".initrd", image, size}},
		4);
	fake_put_bytes("boot/efi/EFI/Linux/arch.efi", maker.bytes, maker.size);
	imagemaker_free(&maker);
	fake_put("boot/efi/loader/loader.conf", "timeout 3\n");
	expect(RELEASE " /" DEBIAN
		       " without dracut: it does not contain vfioboot-early\n" RELEASE
		       " /boot/efi/EFI/Linux/arch.efi without -: it does not contain "
		       "vfioboot-early\n");
}

/* sdbootutil names its images and entries by what is in them: under its name a new one would be another. */
static void test_named_by_content(void **state)
{
	static const char path[] = "/boot/efi/opensuse/" RELEASE
				   "/initrd-0123456789abcdef0123456789abcdef01234567";
	_cleanup_(root_close) struct root root = fake_open();
	char release[] = RELEASE, file[] = "/boot/vmlinuz-x", line[MESSAGE_LINE_SIZE];
	const struct kernel kernel = {release, file};
	struct message why = {0};

	assert_true(initramfs_knows(&initramfs_dracut, &root, &kernel, path, &why));
	fake_put("usr/bin/sdbootutil", "");
	assert_false(initramfs_knows(&initramfs_dracut, &root, &kernel, path, &why));
	assert_string_equal(message_line(&why, line),
		"sdbootutil builds it; run 'sdbootutil mkinitrd' by hand");
	assert_true(initramfs_knows(
		&initramfs_dracut, &root, &kernel, "/boot/initrd-" RELEASE, &why));
}

/* With Secure Boot the firmware refuses what is not signed. */
static void test_signed(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	char release[] = RELEASE, file[] = "/boot/vmlinuz-x", line[MESSAGE_LINE_SIZE];
	struct message why = {0};
	const struct kernel kernel = {release, file};
	const char *path = "/efi/EFI/Linux/a.efi";
	struct imagemaker maker = {0};

	imagemaker_unify(
		&maker, (struct imagemaker_section[]){{".linux", "kernel", 6}}, 1);
	fake_put_bytes(path + 1, maker.bytes, maker.size);
	assert_true(initramfs_knows(&initramfs_dracut, &root, &kernel, path, &why));
	maker.bytes[88 + 108] = 16;            /* data directories */
	maker.bytes[88 + 112 + 4 * 8 + 4] = 1; /* that of signatures has a size */
	fake_put_bytes(path + 1, maker.bytes, maker.size);
	imagemaker_free(&maker);
	assert_false(initramfs_knows(&initramfs_dracut, &root, &kernel, path, &why));
	assert_string_equal(message_line(&why, line),
		"it is signed, and dracut has no key to sign it with; rebuild and sign it by "
		"hand");
	fake_put("etc/dracut.conf.d/sign.conf", "uefi_secureboot_key=/etc/k.pem\n");
	assert_true(initramfs_knows(&initramfs_dracut, &root, &kernel, path, &why));
}

/* Drop-ins do not count with a configuration of its own, so it needs our hook itself. */
static void test_config_of_a_preset(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	char release[] = RELEASE, file[] = "/boot/vmlinuz-x", line[MESSAGE_LINE_SIZE];
	struct message why = {0};
	const struct kernel kernel = {release, file};

	fake_put("etc/mkinitcpio.d/x.preset",
		"ALL_config=\"/etc/mkinitcpio.conf\"\nPRESETS=(a)\na_kver=" RELEASE
		"\na_image=/boot/a.img\n");
	fake_put("etc/mkinitcpio.conf", "MODULES=()\nHOOKS=(base udev autodetect)\n");
	assert_true(initramfs_knows(&initramfs_mkinitcpio, &root, &kernel, NULL, &why));
	assert_false(initramfs_knows(
		&initramfs_mkinitcpio, &root, &kernel, "/boot/a.img", &why));
	assert_string_equal(message_line(&why, line),
		"/etc/mkinitcpio.d/x.preset:1 names a configuration, for which drop-ins do "
		"not count; delete that line, or add vfioboot to HOOKS in "
		"/etc/mkinitcpio.conf");
	fake_put("etc/mkinitcpio.conf", "HOOKS=\"base vfioboot udev\"\n");
	assert_true(initramfs_knows(
		&initramfs_mkinitcpio, &root, &kernel, "/boot/a.img", &why));
}

/* Without a command line of its own it would get the one of this boot, ours included. */
static void test_unified_without_cmdline(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	char release[] = RELEASE, file[] = "/boot/vmlinuz-x", line[MESSAGE_LINE_SIZE];
	struct message why = {0};
	const struct kernel kernel = {release, file};
	const char *path = "/efi/EFI/Linux/a.efi";

	/* No plugin of kernel-install reads these. */
	fake_put("run/kernel/cmdline", "ro");
	fake_put("usr/local/lib/kernel/cmdline", "ro");
	assert_false(
		initramfs_knows(&initramfs_kernel_install, &root, &kernel, path, &why));
	fake_put("etc/mkinitcpio.d/x.preset",
		"PRESETS=(a)\na_kver=" RELEASE "\na_uki=/efi/EFI/Linux/a.efi\n");
	assert_false(initramfs_knows(&initramfs_mkinitcpio, &root, &kernel, path, &why));
	assert_string_equal(message_line(&why, line),
		"mkinitcpio would put the command line of this boot into "
		"/efi/EFI/Linux/a.efi; write /etc/kernel/cmdline");
	fake_put("etc/cmdline.d/root.conf", "root=/dev/vda\n");
	assert_true(initramfs_knows(&initramfs_mkinitcpio, &root, &kernel, path, &why));
	fake_put("usr/lib/kernel/cmdline", "ro");
	assert_true(
		initramfs_knows(&initramfs_kernel_install, &root, &kernel, path, &why));
}

static void expect_dracut(const char *kernel_file, const char *expected)
{
	expect_names_of(&initramfs_dracut, kernel_file, expected);
}

/* Names by release, by package, by settings. */
static void test_names_of_dracut(void **state)
{
	expect_dracut("/boot/vmlinuz-" RELEASE, "/boot/initramfs-" RELEASE ".img\n");
	expect_dracut("/efi/x/linux", "/boot/initramfs-" RELEASE ".img\n");
	expect_dracut("/boot/vmlinuz-linux-lts", "/boot/initramfs-linux-lts.img\n");
	fake_put("boot/initramfs-" RELEASE ".img", "");
	expect_dracut("/boot/vmlinuz-linux-lts", "/boot/initramfs-" RELEASE ".img\n");
	fake_put("boot/initramfs-linux-lts.img", "");
	fake_put("boot/initramfs-linux-lts-fallback.img", "");
	expect_dracut("/boot/vmlinuz-linux-lts",
		"/boot/initramfs-linux-lts.img\n/boot/initramfs-linux-lts-fallback.img\n");
	fake_remove("boot/initramfs-" RELEASE ".img");
	fake_put("etc/debian_version", "13\n");
	expect_dracut("/boot/vmlinuz-" RELEASE, "/boot/initrd.img-" RELEASE "\n");
	fake_put("usr/lib/dracut/dracut.conf.d/01-dist.conf",
		"add_drivers+=\" x \"\ninitrdname=\"my-$kernel\"\n");
	expect_dracut("/boot/vmlinuz-" RELEASE, "/boot/my-" RELEASE "\n");
	fake_put("etc/dracut.conf.d/01-dist.conf", "# hides the other\n");
	expect_dracut("/boot/vmlinuz-" RELEASE, "/boot/initrd.img-" RELEASE "\n");
	fake_put("etc/dracut.conf.d/02-own.conf", "initrdname=$(uname -r)\n");
	expect_dracut("/boot/vmlinuz-" RELEASE,
		"? /etc/dracut.conf.d/02-own.conf:1 has a "
		"command substitution; run 'dracut --force --kver " RELEASE
		"' by hand\n");
}

static void test_unified_of_dracut(void **state)
{
	fake_put("etc/dracut.conf", "uefi=no\n");
	fake_put("usr/lib/dracut/dracut.conf.d/10-uefi.conf", "uefi=\"yes\"\n");
	fake_put("boot/initramfs-" RELEASE ".img", "");
	expect_dracut("/usr/lib/modules/" RELEASE "/vmlinuz",
		"/boot/EFI/Linux/linux-" RELEASE "-Default.efi\n");
	fake_put("etc/machine-id", "0123abc\n");
	fake_put("usr/lib/os-release", "ID=arch\nBUILD_ID=rolling\n");
	fake_dir("boot/efi/EFI");
	expect_dracut("/usr/lib/modules/" RELEASE "/vmlinuz",
		"/boot/efi/EFI/Linux/linux-" RELEASE "-0123abc-rolling.efi\n");
	fake_put("etc/dracut.conf.d/20-id.conf", "machine_id=no\n");
	fake_put("proc/self/mountinfo", "30 1 8:1 / /efi rw - vfat /dev/sda1 rw\n");
	expect_dracut("/usr/lib/modules/" RELEASE "/vmlinuz",
		"/efi/EFI/Linux/linux-" RELEASE "-rolling.efi\n");
	expect_command_of(&initramfs_dracut, "/efi/EFI/Linux/x.efi",
		"dracut --force /new " RELEASE);
	expect_command_of(&initramfs_dracut, "/boot/x.img",
		"dracut --force --no-uefi /new " RELEASE);
}

/* An image that was made with options gets them again; others none. */
static void test_command_of_dracut(void **state)
{
	struct imagemaker maker = {0};
	char expected[512];

	fake_image("boot/a.img", DRACUT, RELEASE, GOOD);
	expect_command_of(
		&initramfs_dracut, "/boot/a.img", "dracut --force /new " RELEASE);
	imagemaker_add_text(&maker, "usr/lib/dracut/build-parameter.txt",
		" --no-hostonly --kver '" RELEASE "'\n");
	imagemaker_end_compressed(&maker, "zstd");
	fake_put_bytes("boot/b.img", maker.bytes, maker.size);
	imagemaker_free(&maker);
	snprintf(expected, sizeof(expected), "dracut --force --rebuild %s /new " RELEASE,
		fake_path("boot/b.img"));
	expect_command_of(&initramfs_dracut, "/boot/b.img", expected);
}

static void test_presets(void **state)
{
	fake_configured();
	fake_put("usr/bin/mkinitcpio", "");
	fake_kernel(RELEASE);
	fake_put("usr/lib/modules/" RELEASE "/pkgbase", "linux\n");
	fake_remove("boot/vmlinuz-" RELEASE);
	fake_put("boot/vmlinuz-linux", "");
	fake_put("etc/mkinitcpio.d/linux.preset",
		"# a comment\nALL_kver=\"/boot/vmlinuz-linux\"\n"
		"PRESETS=('default' 'fallback' 'uki')\n"
		"default_image=\"/boot/initramfs-linux.img\"\n"
		"fallback_image=\"/boot/initramfs-linux-fallback.img\"\n"
		"fallback_options=\"-S autodetect\"\n"
		"uki_uki=\"/efi/EFI/Linux/arch.efi\"\n");
	fake_image("boot/initramfs-linux.img", MKINITCPIO, RELEASE, GOOD);
	fake_image(
		"boot/initramfs-linux-fallback.img", MKINITCPIO, RELEASE, STARTED_LATE);
	fake_put("efi/EFI/Linux/arch.efi", "MZ");
	expect(RELEASE
		" /boot/initramfs-linux.img fresh mkinitcpio\n" RELEASE
		" /boot/initramfs-linux-fallback.img stale mkinitcpio: it starts "
		"vfioboot-early after udev\n" RELEASE
		" /efi/EFI/Linux/arch.efi unknown -: it is neither a cpio archive nor "
		"compressed in a known way\n");
	fake_image("boot/initramfs-linux.img", MKINITCPIO, RELEASE,
		WITH_SYSTEMD | NOT_STARTED);
	fake_remove("boot/initramfs-linux-fallback.img");
	fake_remove("efi/EFI/Linux/arch.efi");
	expect(RELEASE
		" /boot/initramfs-linux.img stale mkinitcpio: nothing in it starts "
		"the unit vfioboot-early.service\n" RELEASE
		" /boot/initramfs-linux-fallback.img missing mkinitcpio: there is no "
		"such file\n" RELEASE
		" /efi/EFI/Linux/arch.efi missing -: there is no such file\n");
}

static void put_menu(const char *text)
{
	fake_put("boot/grub/grub.cfg", text);
	fake_put("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/vda rw\n");
}

/* Fedora with entries: one kernel has its image there, and the other one none yet. */
static void test_entries(void **state)
{
	set_up_dracut();
	fake_kernel("6.13.0");
	fake_image("efi/0123abc/" RELEASE "/initrd", DRACUT, RELEASE, GOOD);
	fake_put("efi/0123abc/" RELEASE "/linux", "");
	expect("6.13.0 /efi/0123abc/6.13.0/initrd missing kernel-install: there is no "
	       "such file\n" RELEASE " /efi/0123abc/" RELEASE "/initrd fresh dracut\n");
	/* Where an entry starts it, it is missing there. */
	put_menu("menuentry 'New' {\n\tlinux /boot/vmlinuz-6.13.0\n\tinitrd "
		 "/boot/initrd.img-6.13.0\n}\n");
	expect("6.13.0 /boot/initrd.img-6.13.0 missing dracut: there is no such file\n" RELEASE
	       " /efi/0123abc/" RELEASE "/initrd fresh dracut\n");
}

/* Debian with systemd-boot: a hook copies what update-initramfs makes. */
static void test_copies(void **state)
{
	fake_kernel(RELEASE);
	fake_configured();
	fake_put("usr/sbin/mkinitramfs", "");
	fake_image(DEBIAN, TOOLS, RELEASE, GOOD);
	fake_entry(RELEASE);
	fake_image(
		"boot/efi/token/" RELEASE "/initrd.img-" RELEASE, TOOLS, RELEASE, NOT_US);
	expect(RELEASE " /" DEBIAN " fresh initramfs-tools\n" RELEASE
		       " /boot/efi/token/" RELEASE "/initrd.img-" RELEASE
		       " without copy: it does not contain vfioboot-early\n");
}

/* A menu with one entry for each of the images, all of one kernel. */
static void fake_menu(const char *kernel, const char *const *images, size_t n)
{
	char text[2048] = "set default=0\n";

	for (size_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"menuentry 'Entry %zu' --id 'gnulinux-%zu' {\n\tlinux /boot/%s "
			"root=/dev/vda\n\tinitrd /boot/%s\n}\n",
			i, i, kernel, images[i]);
	put_menu(text);
}

static void fake_package(const char *package, const char *kernel)
{
	char path[64];

	fake_configured();
	fake_remove("etc/debian_version");
	fake_kernel(RELEASE);
	fake_remove("boot/vmlinuz-" RELEASE);
	fake_put("usr/lib/modules/" RELEASE "/pkgbase", package);
	fake_put("usr/lib/modules/" RELEASE "/vmlinuz", "");
	snprintf(path, sizeof(path), "boot/%s", kernel);
	fake_bzimage(path, RELEASE);
}

/* Kernels named by series: the presets' images are made, and the entries start them. */
static void test_series(void **state)
{
	static const char *const images[] = {
		"initramfs-6.12-x86_64.img", "initramfs-6.12-x86_64-fallback.img"};

	fake_package("linux612\n", "vmlinuz-6.12-x86_64");
	fake_put("usr/bin/mkinitcpio", "");
	fake_put("etc/mkinitcpio.d/linux612.preset",
		"ALL_kver=\"/boot/vmlinuz-6.12-x86_64\"\nPRESETS=('default' 'fallback')\n"
		"default_image=\"/boot/initramfs-6.12-x86_64.img\"\n"
		"fallback_image=\"/boot/initramfs-6.12-x86_64-fallback.img\"\n");
	fake_image("boot/initramfs-6.12-x86_64.img", MKINITCPIO, RELEASE, GOOD);
	fake_menu("vmlinuz-6.12-x86_64", images, 2);
	expect(RELEASE
		" /boot/initramfs-6.12-x86_64.img fresh mkinitcpio\n" RELEASE
		" /boot/initramfs-6.12-x86_64-fallback.img missing mkinitcpio: there "
		"is no such file\n");
}

/* ---- entries ---------------------------------------------------------------------------- */

/* A line an entry: its title, whether what it starts is up to date, and why not. */
static void expect_entries(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(chain_free) struct chain chain = {0};
	char text[2048] = "";

	assert_int_equal(chain_follow(&root, today(), &chain), 0);
	for (size_t i = 0; i < chain.n_entries; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s: %s%s%s\n",
			chain.entries[i].said->title,
			image_state_word(chain.entries[i].state),
			*chain.entries[i].why.text ? ": " : "",
			chain.entries[i].why.text);
	assert_string_equal(text, expected);
}

#define MENU_ENTRY(title, id, image, options)                                            \
	"menuentry '" title "' $menuentry_id_option '" id                                \
	"' {\n\tlinux /boot/vmlinuz-" RELEASE " ro " options "\n\tinitrd /boot/" image   \
	"\n}\n"
#define OUR_ENTRY(title, id, image, options)                                             \
	"\n### BEGIN /etc/grub.d/11_linux_passthrough ###\n" MENU_ENTRY(title, id,       \
		image, options) "### END /etc/grub.d/11_linux_passthrough ###\n"

/* Our entry without passthrough is as it should be, unless a boot takes it that nobody has chosen. */
static void test_entry_without_passthrough(void **state)
{
	static const char hindered[] =
		"Linux: fresh\nOff: without: its command line has vfioboot.off, so that "
		"nothing is bound\n";
	static const char menu[] =
		MENU_ENTRY("Linux", "gnulinux-1", "initrd.img-" RELEASE, "") OUR_ENTRY(
			"Off", "no-passthrough-1", "initrd.img-" RELEASE, "vfioboot.off");
	char text[sizeof(menu) + 128];

	set_up_dracut();
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	put_menu(menu);
	expect_entries("Linux: fresh\nOff: fresh\n");
	text_join(text, sizeof(text), "set default=1\n", menu, NULL);
	put_menu(text);
	expect_entries(hindered);
	text_join(text, sizeof(text),
		"if [ \"${next_entry}\" ]; then\nset default=\"${next_entry}\"\nfi\n",
		menu, NULL);
	put_menu(text);
	expect_entries("Linux: fresh\nOff: fresh\n");
	fake_put("boot/grub/grubenv", "# GRUB Environment Block\nnext_entry=1\n");
	expect_entries(hindered);
}

/* The kernel starts /init in the image, or what it is told to, and that by its whole name. */
static void test_other_init(void **state)
{
	set_up_dracut();
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	put_menu(MENU_ENTRY("Linux", "gnulinux-1", "initrd.img-" RELEASE, "rdinit=/init")
			MENU_ENTRY("Other", "gnulinux-2", "initrd.img-" RELEASE,
				"rdinit=/in"));
	expect_entries(
		"Linux: fresh\nOther: without: its command line has rdinit=, so that "
		"another program is started in the image\n");
}

/* Devices on the command line alone: an entry that has them needs us, and no other one. */
static void test_devices_of_an_entry(void **state)
{
	set_up_dracut();
	fake_remove("etc/vfioboot.conf");
	fake_image(DEBIAN, DRACUT, RELEASE, NOT_US);
	put_menu(MENU_ENTRY("Linux", "gnulinux-1", "initrd.img-" RELEASE, "") MENU_ENTRY(
		"Guest", "guest", "initrd.img-" RELEASE, "vfioboot.device=00:04.0"));
	expect_entries(
		"Linux: fresh\nGuest: without: it does not contain vfioboot-early\n");
}

/* Of the files that an entry loads, one cannot be found: it may have another configuration. */
static void test_file_of_an_entry(void **state)
{
	static const char entry[] = "boot/efi/loader/entries/token-" RELEASE ".conf";
	char text[512];

	set_up_dracut();
	fake_entry(RELEASE);
	fake_image(
		"boot/efi/token/" RELEASE "/initrd.img-" RELEASE, DRACUT, RELEASE, GOOD);
	expect_entries("Debian GNU/Linux: fresh\n");
	text_join(text, sizeof(text), fake_read(entry), "initrd $more\n", NULL);
	fake_put(entry, text);
	expect_entries("Debian GNU/Linux: unknown: the files that it loads could not be "
		       "found\n");
}

/* A kernel that is built without vfio-pci binds nothing, also where the driver is chosen at the boot. */
static void test_kernel_without_driver(void **state)
{
	static const char config[] = "[device gpu]\npath = 00:04.0/00\ndriver = auto\n";
	static const struct fake_index_line vfio[] = {
		{"vfio", "kernel/drivers/vfio/vfio.ko.xz:"},
		{"vfio_iommu_type1", "kernel/drivers/vfio/vfio_iommu_type1.ko.xz:"},
	};
	struct imagemaker maker = {0};

	set_up_dracut();
	fake_put("etc/vfioboot.conf", config);
	add_marks(&maker, DRACUT, GOOD);
	add_us(&maker, RELEASE, NO_CONFIG);
	imagemaker_add_text(&maker, "etc/vfioboot.conf", config);
	add_start(&maker, DRACUT, GOOD);
	imagemaker_end(&maker);
	fake_put_bytes(DEBIAN, maker.bytes, maker.size);
	imagemaker_free(&maker);
	put_menu(MENU_ENTRY("Linux", "gnulinux-1", "initrd.img-" RELEASE, ""));
	expect_entries("Linux: fresh\n");
	fake_put_index("lib/modules/" RELEASE, "modules.dep", vfio, ARRAY_SIZE(vfio));
	expect_entries("Linux: without: its kernel has no vfio-pci\n");
}

/*
 * What is followed to another place is kept back there by an image's list that has its ids, whatever
 * is at the place that it was found at before.
 */
static void test_surplus_of_what_is_followed(void **state)
{
	static const char file[] = "etc/vfioboot.conf.d/ssd.conf";
	static const char config[] =
		"[device ssd]\npath = 00:06.0/00\nid = 144d:a80a\non-move = follow\n";
	struct imagemaker maker = {0};

	set_up_dracut();
	fake_put(file, config);
	fake_function("pci0000:00/0000:00:07.0", 0x8086, 0x1901);
	fake_function("pci0000:00/0000:00:07.0/0000:01:00.0", 0x144d, 0xa80a);
	add_marks(&maker, DRACUT, GOOD);
	add_us(&maker, RELEASE, MORE_PROTECT);
	imagemaker_add_text(&maker, file, config);
	add_start(&maker, DRACUT, GOOD);
	imagemaker_end(&maker);
	fake_put_bytes(DEBIAN, maker.bytes, maker.size);
	imagemaker_free(&maker);
	expect(STALE(
		"its protect list has 00:04.0/00.0, which this host does not need any "
		"more"));
}

/* Which kernel it is, is known by modules of one kernel alone. */
static void test_modules_of_two_kernels(void **state)
{
	struct imagemaker maker = {0};

	set_up_dracut();
	fake_kernel(RELEASE "2");
	fake_put("boot/k", "kernel");
	for (unsigned i = 0; i < 2; i++) {
		add_marks(&maker, DRACUT, GOOD);
		add_us(&maker, RELEASE, GOOD);
		add_start(&maker, DRACUT, GOOD);
		if (i)
			add_module(&maker, RELEASE "2", "vfio_iommu_type1.ko");
		imagemaker_end(&maker);
		fake_put_bytes("boot/own.img", maker.bytes, maker.size);
		imagemaker_free(&maker);
		put_menu(
			"menuentry 'Own' {\n\tlinux /boot/k\n\tinitrd /boot/own.img\n}\n");
		expect_entries(i ? "Own: unknown: the modules of its kernel are not in "
				   "/lib/modules\n"
				 : "Own: fresh\n");
	}
}

/* A link stays, and the file that it leads to is made again. */
static void test_link_to_an_image(void **state)
{
	set_up_dracut();
	fake_image(DEBIAN, DRACUT, RELEASE, NOT_US);
	fake_link("boot/initrd.img", "initrd.img-" RELEASE);
	put_menu(MENU_ENTRY("Linux", "gnulinux-1", "initrd.img", ""));
	expect(RELEASE " /" DEBIAN
		       " without dracut: it does not contain vfioboot-early\n");
}

/* One of a person's own that dracut has made is no rescue where it starts by default. */
static void test_own_entry(void **state)
{
	static const char menu[] = MENU_ENTRY("Own", "own", "own.img", "")
		MENU_ENTRY("Linux", "gnulinux-1", "initrd.img-" RELEASE, "");
	char text[sizeof(menu) + 32];

	set_up_dracut();
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	fake_image("boot/own.img", DRACUT, RELEASE, NOT_US);
	text_join(text, sizeof(text), "set default=1\n", menu, NULL);
	put_menu(text);
	expect(RELEASE " /" DEBIAN " fresh dracut\n" RELEASE
		       " /boot/own.img without -: it does not contain vfioboot-early\n");
	put_menu(menu);
	expect(RELEASE
		" /" DEBIAN " fresh dracut\n" RELEASE
		" /boot/own.img without dracut: it does not contain vfioboot-early\n");
}

/* By package, and one that only an entry names; a rescue, and a file that nobody starts, stay. */
static void test_package(void **state)
{
	static const char *const images[] = {
		"initramfs-linux-lts.img", "initramfs-linux-lts-fallback.img", "own.img"};

	fake_package("linux-lts\n", "vmlinuz-linux-lts");
	fake_put("usr/bin/dracut", "");
	fake_image("boot/initramfs-linux-lts.img", DRACUT, RELEASE, GOOD);
	fake_image("boot/initramfs-linux-lts-fallback.img", DRACUT, RELEASE, NOT_US);
	fake_image("boot/own.img", DRACUT, RELEASE, NOT_US);
	fake_image("boot/initramfs-" RELEASE ".img", DRACUT, RELEASE, GOOD);
	fake_menu("vmlinuz-linux-lts", images, 3);
	expect(RELEASE
		" /boot/initramfs-linux-lts.img fresh dracut\n" RELEASE
		" /boot/initramfs-linux-lts-fallback.img without dracut: it does not "
		"contain vfioboot-early\n" RELEASE
		" /boot/own.img without dracut: it does not contain vfioboot-early\n");
	/* Another generator's does not keep how it was made. */
	fake_image("boot/own.img", MKINITCPIO, RELEASE, NOT_US);
	expect(RELEASE
		" /boot/initramfs-linux-lts.img fresh dracut\n" RELEASE
		" /boot/initramfs-linux-lts-fallback.img without dracut: it does not "
		"contain vfioboot-early\n" RELEASE
		" /boot/own.img without -: it does not contain vfioboot-early\n");
}

/* The kernel unpacks what is behind the compressed archive, too, and the last one counts. */
static void test_archive_behind(void **state)
{
	static char bytes[1 << 16];
	struct imagemaker maker = {0};
	size_t size = 0;
	FILE *file;

	set_up_dracut();
	fake_image(DEBIAN, DRACUT, RELEASE, GOOD);
	expect(RELEASE " /" DEBIAN " fresh dracut\n");
	file = fopen(fake_path(DEBIAN), "r");
	assert_non_null(file);
	size = fread(bytes, 1, sizeof(bytes) - 4, file);
	fclose(file);
	while (size % 4)
		bytes[size++] = '\0';
	imagemaker_add_text(&maker, "etc/vfioboot.conf", "[device other]\n");
	imagemaker_end(&maker);
	assert_true(size + maker.size <= sizeof(bytes));
	memcpy(bytes + size, maker.bytes, maker.size);
	fake_put_bytes(DEBIAN, bytes, size + maker.size);
	imagemaker_free(&maker);
	expect(RELEASE " /" DEBIAN
		       " stale dracut: it contains an outdated /etc/vfioboot.conf\n");
}

static void expect_owner(const char *name, const char *problem)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(chain_free) struct chain chain = {0};
	char line[MESSAGE_LINE_SIZE];

	assert_int_equal(chain_follow(&root, NULL, &chain), 0);
	assert_string_equal(chain.generator ? chain.generator->name : "-", name);
	if (!strstr(message_line(&chain.problem, line), problem))
		fail_msg("'%s' does not say '%s'", line, problem);
}

static void test_owner(void **state)
{
	fake_kernel(RELEASE);
	expect_owner("-", "do not include its programs");
	fake_put("usr/bin/sh", "");
	expect_owner("-", "no generator of initramfs images is installed");
	fake_put("usr/sbin/mkinitramfs", "");
	expect_owner("initramfs-tools", "");
	fake_put("usr/bin/dracut", "");
	expect_owner(
		"-", "dracut and initramfs-tools are installed, and nothing shows which");
	fake_image(DEBIAN, DRACUT, RELEASE, NOT_US);
	expect_owner("dracut", "");
	fake_put("etc/kernel/postinst.d/initramfs-tools", "");
	expect_owner("initramfs-tools", "");
	fake_put("etc/kernel/install.conf", "layout=bls\ninitrd_generator=dracut\n");
	expect_owner("dracut", "");
	fake_put("etc/kernel/install.conf", "initrd_generator=mkinitcpio\n");
	expect_owner("-", "names the generator 'mkinitcpio', which is not installed");
	fake_put("etc/kernel/install.conf", "initrd_generator=booster\n");
	expect_owner("-", "for which vfioboot has no hook");
	fake_put("etc/kernel/install.conf.d/50-own.conf", "initrd_generator=dracut\n");
	expect_owner("dracut", "");
	fake_put("usr/lib/kernel/install.conf.d/60-vendor.conf", "layout=uki\n");
	fake_put("usr/lib/kernel/install.conf.d/50-own.conf",
		"initrd_generator=booster\n");
	expect_owner("dracut", "");
	/* Of drop-ins of one name the first counts, even if it says nothing, or is masked. */
	fake_put("usr/lib/kernel/install.conf.d/70-vendor.conf",
		"initrd_generator=booster\n");
	expect_owner("-", "for which vfioboot has no hook");
	fake_put("etc/kernel/install.conf.d/70-vendor.conf", "layout=bls\n");
	expect_owner("dracut", "");
	fake_put("usr/lib/kernel/install.conf.d/80-vendor.conf",
		"initrd_generator=booster\n");
	fake_link("run/kernel/install.conf.d/80-vendor.conf", "/dev/null");
	expect_owner("dracut", "");
}

/* A generator that is not there any more makes none again. */
static void test_owner_that_is_gone(void **state)
{
	fake_kernel(RELEASE);
	fake_put("usr/sbin/mkinitramfs", "");
	fake_put("usr/bin/dracut", "");
	fake_image(DEBIAN, MKINITCPIO, RELEASE, NOT_US);
	expect_owner(
		"-", "dracut and initramfs-tools are installed, and nothing shows which");
	fake_put("usr/bin/mkinitcpio", "");
	expect_owner("mkinitcpio", "");
}

/* Where no generator that we know builds the images it is told who does. */
static void test_no_owner(void **state)
{
	static const char *const signs[][2] = {
		{"usr/bin/ugrd", "no hook; install dracut"},
		{"usr/bin/genkernel", "genkernel builds"},
		{"sbin/mkinitfs", "mkinitfs builds"},
		{"usr/bin/booster", "booster builds"},
		{"etc/NIXOS", "NixOS builds"},
		{"run/ostree-booted", "rpm-ostree initramfs --enable"},
	};

	fake_kernel(RELEASE);
	fake_put("usr/bin/sh", "");
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		fake_put(signs[i][0], "");
		expect_owner("-", signs[i][1]);
	}
	fake_put("usr/bin/dracut", "");
	expect_owner("-", "rpm-ostree initramfs --enable");
	fake_remove("run/ostree-booted");
	fake_remove("etc/NIXOS");
	expect_owner("dracut", "");
	/* Verified files and all that is signed with them; a usual parameter is no sign. */
	fake_put("proc/cmdline", "root=LABEL=root usrhash=01ab ro\n");
	expect_owner("-", "signed addon beside the image (vfioboot-images(7))");
	fake_put("proc/cmdline", "roothash=01ab\n");
	expect_owner("-", "signed addon beside the image (vfioboot-images(7))");
	fake_put("proc/cmdline", "root=LABEL=root ro\n");
	expect_owner("dracut", "");
}

/* Such an image can have no protect list of this host; one that it has is compared. */
static void test_made_elsewhere(void **state)
{
	set_up_dracut();
	fake_put("proc/cmdline", "usrhash=01ab\n");
	fake_image(DEBIAN, DRACUT, RELEASE, NO_PROTECT);
	expect(RELEASE " /" DEBIAN " fresh -\n");
	fake_image(DEBIAN, DRACUT, RELEASE, SHORT_PROTECT);
	expect(RELEASE " /" DEBIAN " stale -: its protect list lacks 00:1d.0/00.0, which "
		       "this host needs now\n");
}

static void test_by_hand(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	char release[] = RELEASE, file[] = "/boot/vmlinuz-x";
	struct message ret = {0};
	const struct kernel kernel = {release, file};

	initramfs_by_hand(&root, &kernel, "/efi/EFI/Linux/a-" RELEASE ".efi", &ret);
	assert_string_equal(ret.remedy, "rebuild it with the program that built it");
	fake_put("usr/bin/kernel-install", "");
	initramfs_by_hand(&root, &kernel, "/efi/EFI/Linux/a-" RELEASE "+3.efi", &ret);
	assert_string_equal(ret.remedy,
		"run 'kernel-install add " RELEASE " /boot/vmlinuz-x' by hand");
	initramfs_by_hand(&root, &kernel, "/efi/EFI/Linux/arch.efi", &ret);
	assert_string_equal(ret.remedy, "rebuild it with the program that built it");
	fake_put("var/lib/sbctl/bundles.json",
		"{\"/efi/EFI/Linux/arch.efi\": {\"output\": \"/efi/EFI/Linux/arch.efi\"}}");
	initramfs_by_hand(&root, NULL, "/efi/EFI/Linux/arch.efi", &ret);
	assert_string_equal(ret.remedy, "run 'sbctl generate-bundles --sign' by hand");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
static const struct CMUnitTest tests[] = {
	TEST(test_fresh),
	TEST(test_flaws),
	TEST(test_surplus_protection),
	TEST(test_denylist_disabled),
	TEST(test_late_start),
	TEST(test_no_list_to_compare),
	TEST(test_incomplete_today),
	TEST(test_unreadable),
	TEST(test_nothing_configured),
	TEST(test_rule),
	TEST(test_dropins),
	TEST(test_demand_alone),
	TEST(test_demand_beside_boot),
	TEST(test_demand_in_the_way),
	TEST(test_modules_of_the_kernel),
	TEST(test_variant),
	TEST(test_presets),
	TEST(test_odd_presets),
	TEST(test_presets_of_any_kernel),
	TEST(test_unknown_presets),
	TEST(test_names_of_dracut),
	TEST(test_unified_of_dracut),
	TEST(test_command_of_dracut),
	TEST(test_unified_without_cmdline),
	TEST(test_config_of_a_preset),
	TEST(test_unified_of_kernel_install),
	TEST(test_unified_of_another_program),
	TEST(test_named_by_content),
	TEST(test_signed),
	TEST(test_entries),
	TEST(test_copies),
	TEST(test_series),
	TEST(test_package),
	TEST(test_entry_without_passthrough),
	TEST(test_other_init),
	TEST(test_devices_of_an_entry),
	TEST(test_file_of_an_entry),
	TEST(test_kernel_without_driver),
	TEST(test_surplus_of_what_is_followed),
	TEST(test_modules_of_two_kernels),
	TEST(test_link_to_an_image),
	TEST(test_own_entry),
	TEST(test_archive_behind),
	TEST(test_owner),
	TEST(test_owner_that_is_gone),
	TEST(test_no_owner),
	TEST(test_made_elsewhere),
	TEST(test_by_hand),
};

int main(void)
{
	return cmocka_run_group_tests_name("images", tests, NULL, NULL);
}
