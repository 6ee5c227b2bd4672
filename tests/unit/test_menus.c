/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers make of each loader's menu: which files an entry loads, and which is the default. */
#include <errno.h>

#include "chain/follow.h"
#include "fakemenus.h"

static void put_mounts(const char *lines)
{
	fake_put("proc/self/mountinfo", lines);
}

/* ---- GRUB ------------------------------------------------------------------------------ */

static void put_entry(const char *uuid, const char *files)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"set default=\"0\"\n"
		"menuentry 'Linux' $menuentry_id_option 'gnulinux-simple-1' {\n"
		"\tsearch --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2  %s\n"
		"%s}\n",
		uuid, files);
	fake_put("boot/grub/grub.cfg", text);
}

static void test_grub_places(void **state)
{
	fake_link("dev/disk/by-uuid/1111", "../../sda1");
	fake_link("dev/disk/by-uuid/2222", "../../sda2");
	fake_link("dev/disk/by-uuid/3333", "../../dm-3");
	fake_link("dev/disk/by-uuid/9999", "../../sdb9");
	fake_link("dev/mapper/vg-boot", "../dm-3");
	put_mounts("20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
		   "21 20 8:1 / /boot rw - ext4 /dev/sda1 rw\n");
	/* On its own partition; what is missing is missing there. */
	put_entry(
		"1111", "\tlinux\t/vmlinuz-6 root=x ro quiet\n\tinitrd\t/initrd.img-6\n");
	expect("grub", "n* /boot/vmlinuz-6 /boot/initrd.img-6 | root=x ro quiet\n");
	put_entry(
		"2222", "\tlinux\t/boot/vmlinuz-6\n\tinitrd\t/boot/ucode.img /boot/i\n");
	expect("grub", "n* /boot/vmlinuz-6 /boot/ucode.img /boot/i\n");
	/* Which kernel it is depends on a variable. */
	put_entry("2222", "\tlinux\t/boot/vmlinuz-$version\n\tinitrd\t/boot/i\n");
	expect("grub", "n* ?\n");
	/* Of another system, whatever is here by that name. */
	put_entry("9999", "\tlinux\t/boot/vmlinuz-6\n\tinitrd\t/boot/i\n");
	fake_put("boot/vmlinuz-6", "");
	expect("grub", "n* ?\n");
	put_entry("no-such", "\tlinux\t/boot/vmlinuz-6\n\tinitrd\t/boot/i\n");
	expect("grub", "n* ?\n");
	/* A logical volume. */
	put_mounts("20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
		   "21 20 254:3 / /boot rw - ext4 /dev/mapper/vg-boot rw\n");
	put_entry("3333", "\tlinuxefi\t/vmlinuz-6 x\n\tinitrdefi /i\n");
	expect("grub", "n* /boot/vmlinuz-6 /boot/i | x\n");
}

static void put_labelled(const char *options)
{
	char text[512];

	text_join(text, sizeof(text), "menuentry 'Linux' {\n\tsearch ", options,
		"\n\tlinux /boot/k\n\tinitrd /boot/i\n}\n", NULL);
	fake_put("boot/grub/grub.cfg", text);
}

/* A file system may be searched for by its label as well: another system's has files of the same names. */
static void test_grub_labels(void **state)
{
	fake_put("boot/k", "");
	fake_link("dev/disk/by-uuid/2222", "../../sda2");
	fake_link("dev/disk/by-label/this", "../../sda2");
	fake_link("dev/disk/by-label/that", "../../sdb2");
	put_mounts("20 1 8:2 / / rw - ext4 /dev/sda2 rw\n");
	put_labelled("--no-floppy --label --set=root this");
	expect("grub", "s* /boot/k /boot/i\n");
	put_labelled("--no-floppy --set=root -l that");
	expect("grub", "-* ?\n");
	put_labelled("--no-floppy --set=root --label gone");
	expect("grub", "-* ?\n");
	/* By a file it is whichever has that. */
	put_labelled("--no-floppy --set=root --file /boot/k");
	expect("grub", "s* /boot/k /boot/i\n");
}

static void test_grub_subvolumes(void **state)
{
	put_mounts("20 1 0:30 /@ / rw - btrfs /dev/nvme0n1p2 rw\n");
	fake_link("dev/disk/by-uuid/abcd", "../../nvme1n1p1");
	fake_put("sys/fs/btrfs/abcd/devices/nvme0n1p2/dev", "");
	put_entry("abcd", "\tlinux /@/boot/vmlinuz-zen\n\tinitrd /@/boot/a /@/boot/b\n");
	expect("grub", "n* /boot/vmlinuz-zen /boot/a /boot/b\n");
	/* A snapshot that is not shown by any mount. */
	put_entry("abcd", "\tlinux /@old/boot/vmlinuz\n\tinitrd /@old/boot/i\n");
	expect("grub", "n* ?\n");
	/* Relative to the default subvolume, as openSUSE has it. */
	put_mounts("20 1 0:30 /@/.snapshots/1/snapshot / rw - btrfs /dev/nvme0n1p2 rw\n");
	put_entry("abcd", "\tlinux /boot/vmlinuz\n\tinitrd /boot/initrd\n");
	fake_put("boot/vmlinuz", "");
	expect("grub", "n* /boot/vmlinuz /boot/initrd\n");
	/* ZFS, as 10_linux and Ubuntu's 10_linux_zfs write it. */
	put_mounts("20 1 0:30 / / rw - zfs rpool/ROOT/pve-1 rw\n"
		   "21 20 0:31 / /boot rw - zfs bpool/BOOT/ubuntu rw\n");
	put_entry("77",
		"\tlinux /ROOT/pve-1@/boot/vmlinuz\n\tinitrd /ROOT/pve-1@/boot/i\n");
	expect("grub", "n* /boot/vmlinuz /boot/i\n");
	put_entry("77",
		"\tlinux \"/BOOT/ubuntu@/vmlinuz\" ro\n"
		"\tinitrd \"/BOOT/ubuntu@/initrd.img\"\n");
	expect("grub", "n* /boot/vmlinuz /boot/initrd.img | ro\n");
	put_entry("77",
		"\tlinux /ROOT/other@/boot/vmlinuz\n\tinitrd /ROOT/other@/boot/i\n");
	expect("grub", "n* ?\n");
	put_entry("77", "\tlinux /ROOT/pve@/boot/vmlinuz\n\tinitrd /ROOT/pve@/boot/i\n");
	expect("grub", "n* ?\n");
}

static void test_grub_kinds(void **state)
{
	fake_put("boot/grub/grub.cfg",
		"set default=\"arch\"\n"
		"menuentry 'UEFI' { fwsetup }\n"
		"submenu 'More' {\n"
		"\tmenuentry 'Arch' --id arch {\n"
		"\t\tlinux /boot/vmlinuz-linux rw\n"
		"\t\tinitrd $tuned_initrd /boot/initramfs-linux.img\n"
		"\t}\n"
		"}\n"
		"menuentry 'Mine' --id mine {\n"
		"\tlinux ($root)/boot/vmlinuz-linux rw\n"
		"\tinitrd ($root)/boot/initramfs-linux.img\n"
		"}\n"
		"menuentry 'Test' {\n\tlinux /boot/memtest86+x64.bin\n}\n"
		"menuentry 'Depends' {\n"
		"\tif [ x = x ]; then\n"
		"\tlinux /boot/vmlinuz-linux\n"
		"\telse\n"
		"\tlinux /boot/vmlinuz-linux panic=-1\n"
		"\tinitrd /boot/initramfs-linux.img\n"
		"\tfi\n"
		"}\n"
		"menuentry 'Windows' {\n\tchainloader /EFI/Microsoft/Boot/x.efi\n}\n");
	fake_put("boot/vmlinuz-linux", "");
	fake_put("boot/memtest86+x64.bin", "");
	/* A name that means nothing at the outer level: the first one starts. */
	expect("grub",
		"-* ?\n"
		"s /boot/vmlinuz-linux /boot/initramfs-linux.img | rw\n"
		"s /boot/vmlinuz-linux /boot/initramfs-linux.img | rw\n"
		"- /boot/memtest86+x64.bin\n"
		"- ?\n"
		"- ?\n");
}

/* A second command replaces what the first one loaded; what is in a variable is not known. */
static void test_grub_initrds(void **state)
{
	static const char *const unknown[] = {
		"initrd /boot/a.img\n\tinitrd /boot/b.img",
		"if [ x = x ]; then\n\tinitrd /boot/a.img\n\telse\n\tinitrd /boot/b.img\n\tfi",
		"if [ x = x ]; then\n\tinitrd /boot/a.img\n\tfi",
		"if [ x = x ]; then initrd /boot/a.img; fi",
		"if [ x ] ; then if [ y ]; then true; else initrd /boot/a.img; fi; fi",
		"initrd /boot/a.img; initrd /boot/b.img",
		"initrd $early /boot/a.img",
		"initrd /boot/a.img /boot/${name}.img",
	};
	char text[512];

	fake_put("boot/vmlinuz-linux", "");
	fake_put("boot/grub/grub.cfg",
		"menuentry 'Mine' {\n\tif [ x = x ]; then\n\tlinux /boot/vmlinuz-linux\n"
		"\telse\n\tlinux /boot/vmlinuz-linux noinitrd\n\tfi\n"
		"\tinitrd /boot/a.img\n}\n");
	expect("grub", "-* ?\n");
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		text_join(text, sizeof(text),
			"menuentry 'Mine' {\n\tlinux /boot/vmlinuz-linux\n\t", unknown[i],
			"\n}\n", NULL);
		fake_put("boot/grub/grub.cfg", text);
		expect("grub", "-* ?\n");
	}
}

/* One command a line, or several; one on several lines; and comments. */
static void test_grub_lines(void **state)
{
	static const char *const same[] = {
		"menuentry 'x' {\n\tlinux /boot/k ro\n\tinitrd /boot/a /boot/b\n}\n",
		"menuentry 'x' { linux /boot/k ro; initrd /boot/a /boot/b; }",
		"menuentry 'x' { linux /boot/k ro; initrd /boot/a /boot/b }\n",
		"menuentry 'x' {\n\tlinux /boot/k ro;\n\tinitrd /boot/a \\\n\t/boot/b\n}\n",
		"menuentry 'x' {\n\tlinux /boot/k ro # }\n\tinitrd /boot/a /boot/b # 'c\n}\n",
		"if [ -z \"${a;}\" ]; then true; fi\n"
		"menuentry 'x' {\n\techo 'a; initrd c'; linux /boot/k ro\n"
		"\techo \\'; initrd /boot/a /boot/b\n}\n",
	};

	fake_put("boot/k", "");
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		fake_put("boot/grub/grub.cfg", same[i]);
		expect("grub", "s* /boot/k /boot/a /boot/b | ro\n");
	}
}

/* A kernel that is gone: what starts instead is the first entry of its submenu, not of the menu. */
static void test_grub_default_in_submenu(void **state)
{
	static const char menu[] = "menuentry 'x' {\n\tlinux /boot/k ro\n}\n"
				   "submenu 'more' {\n"
				   "\tmenuentry 'y' {\n\t\tlinux /boot/k rw\n\t}\n"
				   "}\n";
	char text[512];

	fake_put("boot/k", "");
	text_join(text, sizeof(text), "set default='more>gone'\n", menu, NULL);
	fake_put("boot/grub/grub.cfg", text);
	expect("grub", "s /boot/k | ro\ns* /boot/k | rw\n");
	/* Versions of GRUB differ in what a submenu starts that alone is named. */
	text_join(text, sizeof(text),
		"if [ \"${next_entry}\" ] ; then\n\tset default=\"${next_entry}\"\nfi\n",
		menu, NULL);
	fake_put("boot/grub/grub.cfg", text);
	fake_put("boot/grub/grubenv", "# GRUB Environment Block\nnext_entry=more\n");
	expect("grub", "s* /boot/k | ro\ns /boot/k | rw\nonce elsewhere\n");
}

/* What an `if` sets as the default is not known, on however many lines it is. */
static void test_grub_default_lines(void **state)
{
	static const char *const unknown[] = {
		"if [ x ]; then\n\tset default=1\nfi\n",
		"if [ x ]; then set default=1; fi\n",
		"if [ x ]; then true; else default=1; fi\n",
		"if [ x ]; then true; fi; default=\"$x\"\n",
	};
	char text[512];

	fake_put("boot/k", "");
	for (size_t i = 0; i <= ARRAY_SIZE(unknown); i++) {
		text_join(text, sizeof(text), "set default=0\n",
			i ? unknown[i - 1] : "if [ x ]; then set other=1; fi\n",
			"menuentry 'x' {\n\tlinux /boot/k ro\n}\n"
			"menuentry 'y' {\n\tlinux /boot/k rw\n}\n",
			NULL);
		fake_put("boot/grub/grub.cfg", text);
		expect("grub",
			i ? "s /boot/k | ro\ns /boot/k | rw\n"
			  : "s* /boot/k | ro\ns /boot/k | rw\n");
	}
	fake_put("boot/grub/grub.cfg",
		"menuentry 'x' { linux /boot/k ro; }\nif [ x ]; then configfile y; fi\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
	fake_put("boot/grub/grub.cfg",
		"set timeout=5; set default=1\n"
		"menuentry 'x' { linux /boot/k ro; }\nmenuentry 'y' { linux /boot/k rw; }\n");
	expect("grub", "s /boot/k | ro\ns* /boot/k | rw\n");
}

/* Another file may have entries, and set the default. */
static void test_grub_other_files(void **state)
{
	static const struct {
		const char *line;
		bool known;
	} lines[] = {
		{"if [ -f $prefix/custom.cfg ]; then source \"$prefix/custom.cfg\"; fi",
			true},
		{"source ${prefix}/user.cfg", true},
		{"source /boot/other.cfg", false},
		{"if true; then . $prefix/my-custom.cfg; fi", false},
		{"configfile /boot/other.cfg", false},
	};
	char text[256];

	fake_put("boot/k", "");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		text_join(text, sizeof(text), "menuentry 'x' { linux /boot/k ro; }\n",
			lines[i].line, "\n", NULL);
		fake_put("boot/grub/grub.cfg", text);
		expect("grub",
			lines[i].known ? "s* /boot/k | ro\n"
				       : "s /boot/k | ro\nelsewhere\n");
	}
}

static void test_grub_saved(void **state)
{
	fake_put("boot/vmlinuz-linux", "");
	fake_put("boot/grub/grubenv",
		"# GRUB Environment Block\nsaved_entry=More>arch\n####");
	fake_put("boot/grub/grub.cfg",
		"set default=\"${saved_entry}\"\n"
		"submenu 'More' {\n"
		"\tmenuentry 'Arch' --id arch {\n"
		"\t\tlinux /boot/vmlinuz-linux rw\n"
		"\t}\n"
		"}\n");
	expect("grub", "s* /boot/vmlinuz-linux | rw\n");
	fake_put("boot/grub/grubenv", "# GRUB Environment Block\nsaved_entry=More\n");
	expect("grub", "s /boot/vmlinuz-linux | rw\n");
}

static void put_environment(const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), "# GRUB Environment Block\n%s\n####", lines);
	fake_put("boot/grub/grubenv", text);
}

#define TWO_ENTRIES                                                                      \
	"menuentry 'x' --id one { linux /boot/k ro; }\n"                                 \
	"submenu 'more' --id more { menuentry 'y' --id two { linux /boot/k rw; } }\n"

/* What is chosen for one boot is read as GRUB does: a number, an id or a title. */
static void test_grub_once(void **state)
{
	static const char once[] = "if [ \"${next_entry}\" ]; then\n"
				   "set default=\"${next_entry}\"\nelse\n"
				   "set default=0\nfi\n" TWO_ENTRIES;
	static const char *const names[] = {"more>two", "1>0", "more>y"};
	char line[64];

	fake_put("boot/k", "");
	fake_put("boot/grub/grub.cfg", once);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(line, sizeof(line), "next_entry=%s", names[i]);
		put_environment(line);
		expect("grub", "s* /boot/k | ro\ns+ /boot/k | rw\n");
	}
	put_environment("next_entry=gone");
	expect("grub", "s*+ /boot/k | ro\ns /boot/k | rw\n");
	put_environment("next_entry=");
	expect("grub", "s* /boot/k | ro\ns /boot/k | rw\n");
	put_environment("next_entry=more>two");
	fake_put("boot/grub/grub.cfg", TWO_ENTRIES);
	expect("grub", "s* /boot/k | ro\ns /boot/k | rw\n");
	fake_put("boot/grub/grub.cfg",
		"set default=\"${saved_entry}\"\nif [ \"${prev_saved_entry}\" ]; then\n"
		"set saved_entry=\"${prev_saved_entry}\"\nfi\n" TWO_ENTRIES);
	put_environment("saved_entry=more>two");
	expect("grub", "s /boot/k | ro\ns* /boot/k | rw\n");
	put_environment("saved_entry=more>two\nprev_saved_entry=one");
	expect("grub", "s* /boot/k | ro\ns+ /boot/k | rw\n");
}

/* Variables on the command line: by grub.cfg, or by the environment. */
static void test_grub_variables(void **state)
{
	static const struct {
		const char *config, *environment, *expected;
	} cases[] = {
		{"set a=x\n", "", "x/"},
		{"set a=\n", "a=no", "/"},
		{"set a=\"x y\"\n", "b=z", "x y/z"},
		{"", "a=x\nb=y", "x/y"},
		{"if [ -z \"${a}\" ]; then set a=x; fi\n", "", "x/"},
		{"if [ -z \"${a}\" ]; then set a=x; fi\n", "a=y", "y/"},
		{"function f {\nif [ 1 ]; then\nset a=x\nelse\nset a=\nfi\n}\n", "",
			"x/"},
		{"if [ 1 ]; then set a=x; else set a=y; fi\n", "", "$a/"},
		{"set a=$c\n", "", "$a/"},
		{"search --set=a --label x\nset b=y\n", "", "$a/y"},
	};

	fake_put("boot/k", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[512], expected[64];

		snprintf(text, sizeof(text),
			"%smenuentry 'x' { linux /boot/k ro $a/${b} $root; }\n",
			cases[i].config);
		fake_put("boot/grub/grub.cfg", text);
		put_environment(cases[i].environment);
		snprintf(expected, sizeof(expected), "s* /boot/k | ro %s $root\n",
			cases[i].expected);
		expect("grub", expected);
	}
}

/* A unified image that has a title. */
static void put_uki(const char *name, const char *title, const char *cmdline)
{
	struct imagemaker maker = {0};
	char path[128], osrel[128];

	snprintf(path, sizeof(path), "efi/EFI/Linux/%s", name);
	snprintf(osrel, sizeof(osrel), "PRETTY_NAME=\"%s\"\n", title);
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".linux", "x", 1},
			{".cmdline", cmdline, strlen(cmdline)},
			{".osrel", osrel, strlen(osrel)}},
		*title ? 3 : 2);
	fake_put_bytes(path, maker.bytes, maker.size);
	imagemaker_free(&maker);
}

static const char uki_menu[] = "menuentry 'first' --id first {\n\tlinux /boot/k ro\n}\n"
			       "if [ \"$grub_platform\" = \"efi\" ]; then\n  uki\nfi\n"
			       "menuentry 'last' {\n\tlinux /boot/k rw\n}\n";

#define OF_UKI(name, options)                                                            \
	{                                                                                \
		"su", " /efi/EFI/Linux/" name " /efi/EFI/Linux/" name " | " options "\n" \
	}

static const char *const uki_lines[][2] = {{"s", " /boot/k | ro\n"},
	OF_UKI("arch-lts.efi", "lts"), OF_UKI("arch-10.efi", "ten"),
	OF_UKI("arch-9.efi", "nine"), OF_UKI("arch.efi", "a"), {"s", " /boot/k | rw\n"}};

/* @starts: the number of the line. */
static void expect_uki(const char *setting, size_t starts)
{
	char text[1024], expected[1024] = "";
	size_t used = 0;

	text_join(text, sizeof(text), "set default=\"", setting, "\"\n", uki_menu, NULL);
	fake_put("boot/grub/grub.cfg", text);
	for (size_t i = 0; i < ARRAY_SIZE(uki_lines); i++)
		used += text_join(expected + used, sizeof(expected) - used,
			uki_lines[i][0], i == starts ? "*" : "", uki_lines[i][1], NULL);
	expect("grub", expected);
}

/* GRUB has an entry for each image where the command is, the last name first. */
static void test_grub_uki(void **state)
{
	fake_put("boot/k", "");
	put_uki("arch-9.efi", "9", "nine");
	put_uki("arch-10.efi", "Bob's 10", "ten");
	put_uki("arch.efi", "A", "a");
	put_uki("arch-lts.efi", "Long", "lts");
	put_uki("no-title.efi", "", "none");
	expect_uki("0", 0);
	expect_uki("1", 1);
	expect_uki("arch-lts.efi", 1);
	expect_uki("Bob's 10", 2);
	expect_uki("arch-9.efi", 3);
	expect_uki("5", 5);
	expect_uki("last", 5);
	expect_uki("no-title.efi", 0);
	/* In another directory they may be anything. */
	fake_put("boot/grub/grub.cfg",
		"menuentry 'x' { linux /boot/k ro; }\nuki --path /x\n");
	expect("grub", "s /boot/k | ro\nelsewhere\n");
}

/* ---- entries in files ------------------------------------------------------------------- */

static void test_bls(void **state)
{
	fake_put("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	fake_put("boot/loader/entries/0123456789abcdef0123456789abcdef-6.conf",
		"title Linux\nversion 6\nlinux /id/6/linux  \n"
		"initrd /ucode\ninitrd /id/6/initrd\noptions root=x\noptions quiet\n");
	fake_put("efi/loader/entries/0123456789abcdef0123456789abcdef-0-rescue.conf",
		"linux /id/0/linux\n");
	fake_put("efi/loader/entries/fedcba9876543210fedcba9876543210-6.conf",
		"linux /other/linux\n");
	fake_put("efi/loader/entries/shell.conf", "efi /shellx64.efi\n");
	fake_put("efi/shellx64.efi", "MZ");
	/* Sorted by name, the newest first; what has no file to start is not shown. */
	expect("systemd-boot",
		"n /boot/id/6/linux /boot/ucode /boot/id/6/initrd | root=x quiet\n"
		"s /efi/id/0/linux\n"
		"-* /efi/shellx64.efi\n"
		"- /efi/other/linux\n");
	fake_put("boot/id/6/linux", "");
	expect("systemd-boot",
		"n* /boot/id/6/linux /boot/ucode /boot/id/6/initrd | root=x quiet\n"
		"s /efi/id/0/linux\n"
		"- /efi/shellx64.efi\n"
		"- /efi/other/linux\n");
}

static void put_type1(const char *name, const char *text)
{
	char path[256], entry[256];

	snprintf(path, sizeof(path), "efi/loader/entries/%s.conf", name);
	snprintf(entry, sizeof(entry), "linux /%s\n%s", name, text);
	fake_put(path, entry);
	snprintf(path, sizeof(path), "efi/%s", name);
	fake_put(path, "");
}

static void test_systemd_boot_order(void **state)
{
	put_type1("a-6.9", "sort-key a\nversion 6.9\n");
	put_type1("a-6.12", "sort-key a\nversion 6.12\n");
	put_type1("a-6.12~rc1", "sort-key a\nversion 6.12~rc1\n");
	put_type1("b-7+0-3", "sort-key 0\nversion 7\n");
	put_type1("c-8+3", "version 8\n");
	put_type1("c-10", "");
	put_type1(".hidden", "sort-key a\nversion 9\n");
	/* What the loader cannot see has the same name. */
	fake_put("a-6.12", "");
	expect("systemd-boot",
		"n* /efi/a-6.12\n"
		"n /efi/a-6.12~rc1\n"
		"n /efi/a-6.9\n"
		"n /efi/c-10\n"
		"n /efi/c-8+3\n"
		"n /efi/b-7+0-3\n");
}

/* Which of two is the newer one, and so the default. */
static void test_systemd_boot_versions(void **state)
{
	static const char *const pairs[][2] = {
		{"sort-key a\nversion 6.10\n", "sort-key a\nversion 6.009\n"},
		{"sort-key a\nversion 6.10\n", "sort-key a\nversion 6.9\n"},
		{"sort-key a\nversion 6-zen\n", "sort-key a\nversion 6-ze\n"},
		{"sort-key a\nversion 6.1\n", "sort-key a\nversion 6\n"},
		{"sort-key a\nmachine-id 1\nversion 6\n",
			"sort-key a\nmachine-id 2\nversion 7\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		put_type1("x", pairs[i][0]);
		put_type1("y", pairs[i][1]);
		expect("systemd-boot", "n* /efi/x\nn /efi/y\n");
		put_type1("x", pairs[i][1]);
		put_type1("y", pairs[i][0]);
		expect("systemd-boot", "n* /efi/y\nn /efi/x\n");
	}
}

/* A unified image, or with another first section an addon of one. */
/* A unified image with the stub of a version of systemd. */
static void put_stub(const char *path, const char *version)
{
	struct imagemaker maker = {0};
	char sbat[128];

	snprintf(sbat, sizeof(sbat),
		"sbat,1,SBAT Version,sbat,1,x\nsystemd-stub,1,The systemd Developers,systemd,"
		"%s,x\n",
		version);
	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".linux", "x", 1}, {".cmdline", "ro", 2},
			{".uname", "6", 1}, {".sbat", sbat, strlen(sbat)}},
		4);
	fake_put_bytes(path, maker.bytes, maker.size);
	imagemaker_free(&maker);
}

#define SECURE_BOOT                                                                      \
	"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* Older stubs read no initrd in an addon, or no addon. */
static void test_older_stubs(void **state)
{
	put_pe("efi/loader/addons/a.addon.efi", ".initrd", "all", "");
	put_stub("efi/EFI/Linux/a+3-1.efi", "256");
	expect("systemd-boot",
		"su* /efi/EFI/Linux/a+3-1.efi /efi/EFI/Linux/a+3-1.efi | ro all\n");
	put_stub("efi/EFI/Linux/a+3-1.efi", "252");
	expect("systemd-boot",
		"su* /efi/EFI/Linux/a+3-1.efi /efi/EFI/Linux/a+3-1.efi | ro\n");
	put_stub("efi/EFI/Linux/a+3-1.efi", "257");
	expect("systemd-boot",
		"su* /efi/EFI/Linux/a+3-1.efi /efi/EFI/Linux/a+3-1.efi "
		"/efi/loader/addons/a.addon.efi | ro all\n");
}

/* Addons of all images and of one, and the options of an entry. */
static void test_unified(void **state)
{
	static const char entry[] = "efi/loader/entries/a.conf";

	put_pe("efi/EFI/Linux/a+3-1.efi", ".linux", "ro\n", "6");
	expect("systemd-boot",
		"su* /efi/EFI/Linux/a+3-1.efi /efi/EFI/Linux/a+3-1.efi | ro\n");
	put_pe("efi/loader/addons/A.ADDON.EFI", ".sbat", "all\n", "");
	put_pe("efi/loader/addons/other.efi", ".sbat", "no", "");
	put_pe("boot/loader/addons/a.addon.efi", ".sbat", "no", "");
	put_pe("efi/EFI/Linux/a.efi.extra.d/a.addon.efi", ".sbat", "own", "6");
	put_pe("efi/EFI/Linux/a.efi.extra.d/b.addon.efi", ".initrd", "no", "7");
	put_pe("efi/EFI/Linux/a.efi.extra.d/c.addon.efi", ".linux", "no", "6");
	fake_put("efi/EFI/Linux/a.efi.extra.d/d.addon.efi", "no");
	expect("systemd-boot",
		"su* /efi/EFI/Linux/a+3-1.efi /efi/EFI/Linux/a+3-1.efi | ro all own\n");
	put_pe("efi/EFI/Linux/a.efi.extra.d/b.addon.efi", ".initrd", "", "");
	expect("systemd-boot",
		"su* /efi/EFI/Linux/a+3-1.efi /efi/EFI/Linux/a+3-1.efi "
		"/efi/EFI/Linux/a.efi.extra.d/b.addon.efi | ro all own\n");
	/* With Secure Boot it has to be signed. */
	fake_put_bytes(SECURE_BOOT, "\6\0\0\0\1", 5);
	expect("systemd-boot",
		"su* /efi/EFI/Linux/a+3-1.efi /efi/EFI/Linux/a+3-1.efi | ro\n");
	fake_remove(SECURE_BOOT);
	fake_remove("efi/EFI/Linux/a+3-1.efi");
	put_pe("efi/t/a.efi", ".linux", "ro", "6");
	fake_put(entry, "uki /t/a.efi\n");
	expect("systemd-boot", "su* /efi/t/a.efi /efi/t/a.efi | ro all\n");
	/* Instead of its own, unless Secure Boot keeps that. */
	fake_put(entry, "uki /t/a.efi\noptions rw\n");
	expect("systemd-boot", "su* /efi/t/a.efi /efi/t/a.efi | rw all\n");
	put_pe("efi/t/a.efi.extra.d/b.addon.efi", ".initrd", "", "");
	expect("systemd-boot",
		"su* /efi/t/a.efi /efi/t/a.efi /efi/t/a.efi.extra.d/b.addon.efi | rw all\n");
	fake_put_bytes(SECURE_BOOT, "\6\0\0\0\1", 5);
	expect("systemd-boot", "su* /efi/t/a.efi /efi/t/a.efi | ro\n");
	put_pe("efi/t/a.efi", ".linux", "", "6");
	expect("systemd-boot", "su* /efi/t/a.efi /efi/t/a.efi | rw\n");
}

/* One of another system may be what starts. */
static void test_unified_of_another(void **state)
{
#define OTHERS "/efi/EFI/Linux/fedcba9876543210fedcba9876543210-6.efi"
	fake_put("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	put_pe(&OTHERS[1], ".linux", "ro", "6");
	expect("systemd-boot", "-u* " OTHERS " " OTHERS " | ro\n");
	put_pe("efi/EFI/Linux/0123456789abcdef0123456789abcdef-6.efi", ".linux", "ro",
		"6");
	fake_remove(&OTHERS[1]);
	expect("systemd-boot",
		"su* /efi/EFI/Linux/0123456789abcdef0123456789abcdef-6.efi "
		"/efi/EFI/Linux/0123456789abcdef0123456789abcdef-6.efi | ro\n");
}

static void expect_default(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct bootmenu_default found;

	assert_int_equal(bootmenu_read_default(
				 &root, bootloader_named("systemd-boot")->ops, &found),
		0);
	assert_string_equal(found.id, expected);
}

static void test_systemd_boot_default(void **state)
{
	put_type1("arch", "");
	put_type1("arch-lts", "");
	put_type1("arch-old", "");
	/* '-' is lower than the '.' of ".conf". */
	expect_default("arch.conf");
	fake_put("efi/loader/loader.conf", "timeout 3\ndefault arch-l*\n");
	expect_default("arch-lts.conf");
	fake_put("efi/loader/loader.conf", "default \"ARCH-old.conf\" \n");
	expect_default("arch-old.conf");
	/* Without its end not each version takes it. */
	fake_put("efi/loader/loader.conf", "default arch-lts\n");
	expect_default("");
	/* Which means nothing; and what the loader makes itself, if there is one. */
	fake_put("efi/loader/loader.conf", "default no-such\n");
	expect_default("arch.conf");
	fake_put("efi/loader/loader.conf", "default auto-windows\n");
	expect_default("");
	fake_efivar("LoaderEntryDefault", "@saved");
	fake_efivar("LoaderEntryLastBooted", "arch-lts.conf");
	expect_default("arch-lts.conf");
	fake_efivar("LoaderEntryDefault", "arch-old.conf");
	expect_default("arch-old.conf");
}

/* Beside the ESP of another system the loader reads the one that it was started from. */
static void test_systemd_boot_esp(void **state)
{
	put_mounts("20 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
		   "21 20 8:1 / /efi rw - vfat /dev/sda1 rw\n"
		   "22 20 8:17 / /boot rw - vfat /dev/sdb1 rw\n");
	fake_link("dev/disk/by-partuuid/1a1a", "../../sda1");
	fake_link("dev/disk/by-partuuid/2b2b", "../../sdb1");
	fake_put("boot/loader/entries/a.conf", "linux /k\n");
	fake_put("boot/loader/entries/b.conf", "linux /k\n");
	fake_put("boot/k", "");
	fake_put("boot/loader/loader.conf", "default a.conf\n");
	fake_put("efi/loader/loader.conf", "default b.conf\n");
	expect_default("b.conf");
	fake_efivar("LoaderDevicePartUUID", "2B2B");
	expect_default("a.conf");
}

/* Paths of EFI have no slash at their start, or backslashes. */
static void test_systemd_boot_paths(void **state)
{
	fake_put("efi/arch/k", "");
	fake_put("efi/loader/entries/b.conf",
		"linux arch/k\ninitrd \\arch\\ucode.img\ninitrd arch/i\noptions a\\b\n");
	put_type1("a", "");
	expect("systemd-boot",
		"n* /efi/arch/k /efi/arch/ucode.img /efi/arch/i | a\\b\nn /efi/a\n");
}

/* Letters of both cases are the same in ids. */
static void test_systemd_boot_cases(void **state)
{
	put_type1("Arch", "");
	put_type1("arch-lts", "");
	put_type1("BUILD", "");
	expect("systemd-boot", "n* /efi/BUILD\nn /efi/Arch\nn /efi/arch-lts\n");
}

/* Older loaders have the tries in the ids, and take another entry where that keeps a name from matching. */
static void test_systemd_boot_tries(void **state)
{
	put_type1("a-1+3", "");
	put_type1("b-1", "");
	fake_put("efi/loader/loader.conf", "default a-1.conf\n");
	expect_default("");
	fake_put("efi/loader/loader.conf", "default a-1+3.conf\n");
	expect_default("");
	fake_put("efi/loader/loader.conf", "default a-1*\n");
	expect_default("a-1.conf");
	fake_efivar("LoaderEntryOneShot", "A-1.conf");
	expect("systemd-boot", "n /efi/b-1\nn* /efi/a-1+3\nonce elsewhere\n");
	fake_efivar("LoaderInfo", "systemd-boot 258.2-1");
	expect("systemd-boot", "n /efi/b-1\nn* /efi/a-1+3\nonce elsewhere\n");
	/* As newer ones have it. */
	fake_efivar("LoaderInfo", "systemd-boot 259");
	fake_put("efi/loader/loader.conf", "default b-1.conf\n");
	expect("systemd-boot", "n* /efi/b-1\nn+ /efi/a-1+3\n");
	fake_put("efi/loader/loader.conf", "default a-1.conf\n");
	expect_default("a-1.conf");
	fake_put("efi/loader/loader.conf", "default a-1+3.conf\n");
	expect_default("b-1.conf");
}

/* systemd-boot hides what is of another one. */
static void test_systemd_boot_architecture(void **state)
{
	put_type1("a", "sort-key a\narchitecture ia32\n");
	put_type1("b", "sort-key b\n");
	expect("systemd-boot", "- ?\nn* /efi/b\n");
#ifdef __x86_64__
	put_type1("a", "sort-key a\narchitecture X64 \n");
	expect("systemd-boot", "n* /efi/a\nn /efi/b\n");
#endif
}

/* Before the default, if its tries are not used up; and of a unified image another profile. */
static void test_systemd_boot_preferred(void **state)
{
	put_type1("arch", "");
	put_type1("arch-lts", "");
	put_type1("arch-old+0-3", "");
	fake_put("efi/loader/loader.conf", "default arch.conf\npreferred arch-lts*\n");
	expect_default("arch-lts.conf");
	fake_put("efi/loader/loader.conf", "default arch-lts*\npreferred arch-old*\n");
	expect_default("arch-lts.conf");
	fake_efivar("LoaderEntryPreferred", "arch.conf");
	expect_default("arch.conf");
	/* A loader that does not know it. */
	fake_efivar("LoaderFeatures", "");
	expect_default("arch-lts.conf");
	fake_put("efi/loader/loader.conf", "default arch.efi@1\n");
	expect_default("");
	fake_put("efi/loader/loader.conf", "default arch*@rescue\n");
	expect_default("");
}

static void test_grub_bls(void **state)
{
	static const char entry[] =
		"boot/loader/entries/0123456789abcdef0123456789abcdef-6.conf";

	fake_put("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	fake_put(entry,
		"linux /vmlinuz-6\ninitrd /initramfs-6.img $tuned_initrd\noptions ro\n");
	expect("grub-bls", "n /boot/vmlinuz-6 /boot/initramfs-6.img | ro\n");
	/* /boot is no partition of its own, but in a subvolume. */
	put_mounts("20 1 0:30 /root / rw - btrfs /dev/vda2 rw\n");
	fake_put("boot/vmlinuz-6", "");
	fake_put(
		entry, "linux /root/boot/vmlinuz-6\ninitrd /root/boot/initramfs-6.img\n");
	expect("grub-bls", "n /boot/vmlinuz-6 /boot/initramfs-6.img\n");
	fake_put(entry, "linux /boot/vmlinuz-6\ninitrd /boot/initramfs-6.img\n");
	expect("grub-bls", "n /boot/vmlinuz-6 /boot/initramfs-6.img\n");
}

static void test_grub_bls_default(void **state)
{
	static const char mark[] = "# GRUB Environment Block\n";
	char text[128];

	fake_put("boot/loader/entries/id-6.9.9-100.conf", "title A\nlinux /a\n");
	fake_put("boot/loader/entries/id-6.10.1-100.conf", "title B\nlinux /b\n");
	fake_put("boot/loader/entries/id-6.10.1-100~x.conf", "title C\nlinux /c\n");
	expect("grub-bls", "n /boot/b\nn /boot/c\nn /boot/a\n");
	fake_put("boot/grub2/grub.cfg",
		"set default=\"${saved_entry}\"\n"
		"menuentry 'Windows' --id 'osprober-efi-1' {\n}\n");
	expect("grub-bls", "n* /boot/b\nn /boot/c\nn /boot/a\n");
	snprintf(text, sizeof(text), "%ssaved_entry=id-6.9.9-100\n", mark);
	fake_put("boot/grub2/grubenv", text);
	expect("grub-bls", "n /boot/b\nn /boot/c\nn* /boot/a\n");
	snprintf(text, sizeof(text), "%ssaved_entry=1\n", mark);
	fake_put("boot/grub2/grubenv", text);
	expect("grub-bls", "n /boot/b\nn* /boot/c\nn /boot/a\n");
	snprintf(text, sizeof(text), "%ssaved_entry=osprober-efi-1\n", mark);
	fake_put("boot/grub2/grubenv", text);
	expect("grub-bls", "n /boot/b\nn /boot/c\nn /boot/a\nelsewhere\n");
	fake_put("boot/grub2/grub.cfg", "set default=0\nsource ${prefix}/user.cfg\n");
	expect("grub-bls", "n* /boot/b\nn /boot/c\nn /boot/a\n");
	fake_put("boot/grub2/grub.cfg", "set default=0\nsource /other.cfg\n");
	expect("grub-bls", "n /boot/b\nn /boot/c\nn /boot/a\nelsewhere\n");
	fake_put("boot/grub2/grub.cfg", "set default=0\n");
	fake_put("boot/loader/entries/id-6.10.1-100+d.conf", "title D\nlinux /d\n");
	fake_put("boot/loader/entries/id-6.10.1-99.conf", "title E\nlinux /e\n");
	expect("grub-bls", "n* /boot/d\nn /boot/b\nn /boot/c\nn /boot/e\nn /boot/a\n");
}

/* ---- extlinux, of U-Boot and SYSLINUX ---------------------------------------------------- */

static void test_extlinux_default(void **state)
{
	static const struct {
		const char *before, *in_second;
		char starts; /* 'a' or 'b'; '-': not known */
	} cases[] = {
		{"", "", 'a'},
		{"default b", "", 'b'},
		{"DEFAULT  b\nontimeout b", "MENU DEFAULT", 'b'},
		{"", "menu default", 'b'},
		{"ontimeout b", "", 'b'},
		{"default a", "menu default", '-'},
		{"default a\nontimeout b", "", '-'},
		{"default menu.c32", "", '-'},
		{"DEFAULT menu.c32", "MENU DEFAULT", 'b'},
		{"default other.c32", "menu default", '-'},
		{"default", "", '-'},
		{"include other.conf", "", '-'},
		{"menu include other.conf\ndefault a", "", '-'},
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text),
			"%s\nlabel a\n\tlinux /boot/k\n\tappend ro\n"
			"label b\n\tlinux /boot/k\n\tappend rw\n\t%s\n",
			cases[i].before, cases[i].in_second);
		fake_put("boot/k", "");
		fake_put("boot/extlinux/extlinux.conf", text);
		snprintf(text, sizeof(text), "s%s /boot/k | ro\ns%s /boot/k | rw\n%s",
			cases[i].starts == 'a' ? "*" : "",
			cases[i].starts == 'b' ? "*" : "",
			cases[i].starts == '-' ? "elsewhere\n" : "");
		expect("extlinux", text);
	}
}

static void test_extlinux_files(void **state)
{
	fake_put("boot/k", "");
	fake_put("boot/a", "");
	fake_put("boot/b", "");
	fake_put("boot/extlinux/extlinux.conf",
		"label a\n\tlinux ../k\n\tappend initrd=/boot/a,../b ro\n"
		"label b\n\tkernel /boot/k\r\n\tinitrd ../b\n");
	expect("extlinux",
		"s* /boot/k /boot/a /boot/b | initrd=/boot/a,../b ro\n"
		"s /boot/k /boot/b\n");
}

/* What does not fit is not followed, since something of it may be in what is lost. */
static void test_long_options(void **state)
{
	static const struct {
		const char *loader, *file, *before, *after;
	} menus[] = {
		{"extlinux", "boot/extlinux/extlinux.conf",
			"label a\n\tlinux /boot/k\n\tappend ", "\n"},
		{"limine", "boot/limine.conf",
			"/a\n\tprotocol: linux\n\tpath: boot():/k\n\tcmdline: ", "\n"},
		{"refind", "boot/refind_linux.conf", "\"a\" \"", "\"\n"},
	};
	char options[3000], text[4000];

	fake_put("boot/k", "");
	fake_put("boot/vmlinuz-6", "");
	fake_put("efi/EFI/refind/refind.conf", "");
	memset(options, 'x', sizeof(options) - 1);
	options[sizeof(options) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(menus); i++) {
		text_join(text, sizeof(text), menus[i].before, options, menus[i].after,
			NULL);
		fake_put(menus[i].file, text);
		expect(menus[i].loader, "-* ?\n");
	}
}

/* initrd= from the root of the file system, and with what stands for a version in the kernel's name. */
static void test_refind_named(void **state)
{
	static const char conf[] = "efi/EFI/refind/refind.conf";

	put_mounts("20 1 0:30 /@ / rw - btrfs /dev/nvme0n1p2 rw\n");
	fake_put("boot/vmlinuz-linux-lts", "");
	fake_put("boot/initramfs-linux-lts.img", "");
	fake_put("boot/ucode.img", "");
	fake_put("boot/refind_linux.conf",
		"\"a\" \"ro initrd=boot\\ucode.img initrd=\\boot\\initramfs-%v.img\"\n");
	expect("refind",
		"- ? | ro initrd=boot\\ucode.img initrd=\\boot\\initramfs-%v.img\nelsewhere\n");
	fake_put(conf, "#extra_kernel_version_strings linux\n");
	expect("refind",
		"-* ? | ro initrd=boot\\ucode.img initrd=\\boot\\initramfs-%v.img\n");
	fake_put(conf, "Extra_kernel_version_strings linux-zen,linux-lts,linux\n");
	fake_put("boot/refind_linux.conf",
		"\"a\" \"ro initrd=@\\boot\\ucode.img initrd=@/boot/initramfs-%v.img\"\n");
	expect("refind",
		"s* /boot/vmlinuz-linux-lts /boot/ucode.img /boot/initramfs-linux-lts.img | "
		"ro initrd=@\\boot\\ucode.img initrd=@/boot/initramfs-%v.img\n");
}

static void test_refind_default(void **state)
{
	static const char *const unknown[] = {
		"default_selection Microsoft\n",
		"\tDefault_Selection \"+\"\n",
		"include other.conf\n",
		"menuentry \"X\" {\n\tloader /vmlinuz\n}\n",
		"menuentry X {\n\tsubmenuentry Y {\n\t\tdisabled\n\t}\n}\n",
		"menuentry X {\n}\nmenuentry Y {\n\tdisabled\n}\n",
	};

	fake_put("boot/refind_linux.conf", "\"Standard\" \"ro\"\n");
	fake_put("boot/vmlinuz-6", "");
	expect("refind", "s /boot/vmlinuz-6 | ro\nelsewhere\n");
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		fake_put("efi/EFI/refind/refind.conf", unknown[i]);
		expect("refind", "s /boot/vmlinuz-6 | ro\nelsewhere\n");
	}
	fake_put("efi/EFI/refind/refind.conf",
		"timeout 20\n#default_selection 1\n# menuentry {\n"
		"menuentry X {\n\tsubmenuentry Y {\n\t}\n\tdisabled\n}\n");
	expect("refind", "s* /boot/vmlinuz-6 | ro\n");
	fake_put("boot/vmlinuz-7", "");
	expect("refind", "s /boot/vmlinuz-6 | ro\ns /boot/vmlinuz-7 | ro\n");
	/* Unified images are found, too. */
	fake_remove("boot/vmlinuz-6");
	fake_remove("boot/vmlinuz-7");
	put_pe("efi/EFI/Linux/a.efi", ".linux", "ro", "6");
	expect("refind", "su* /efi/EFI/Linux/a.efi /efi/EFI/Linux/a.efi | ro\n");
}

/* The initrd that belongs to a kernel by its name; of two it is not known which. */
static void test_refind_initrds(void **state)
{
	fake_put("boot/refind_linux.conf", "\"Standard\" \"ro\"\n");
	fake_put("efi/EFI/refind/refind.conf", "");
	fake_put("boot/vmlinuz-6.1", "");
	fake_put("boot/initrd.img-6.1", "");
	fake_put("boot/initrd.img-6.2", "");
	expect("refind", "s* /boot/vmlinuz-6.1 /boot/initrd.img-6.1 | ro\n");
	fake_put("boot/initramfs-6.1.img", "");
	expect("refind", "-* ? | ro\n");
	fake_put("boot/own.img", "");
	fake_put(
		"boot/refind_linux.conf", "\"Standard\" \"ro initrd=\\boot\\own.img\"\n");
	expect("refind",
		"s* /boot/vmlinuz-6.1 /boot/own.img | ro initrd=\\boot\\own.img\n");
	fake_put("boot/refind_linux.conf", "\"Standard\" \"ro\"\n");
	fake_remove("boot/vmlinuz-6.1");
	fake_put("boot/vmlinuz-linux", "");
	fake_put("boot/initramfs-linux.img", "");
	fake_put("boot/initramfs-linux-lts.img", "");
	expect("refind", "s* /boot/vmlinuz-linux /boot/initramfs-linux.img | ro\n");
}

/* LoaderEntryOneShot is a pattern; what the loader makes by itself is none of the entries. */
static void test_systemd_boot_once(void **state)
{
	static const char name[] = "LoaderEntryOneShot";

	put_type1("a", "version 2\n");
	put_type1("b", "version 1\n");
	fake_efivar(name, "B.conf");
	expect("systemd-boot", "n*+ /efi/b\nn /efi/a\n");
	fake_efivar(name, "a*");
	expect("systemd-boot", "n* /efi/b\nn+ /efi/a\n");
	fake_efivar(name, "gone.conf");
	expect("systemd-boot", "n* /efi/b\nn /efi/a\n");
	fake_efivar(name, "auto-reboot-to-firmware-setup");
	expect("systemd-boot", "n* /efi/b\nn /efi/a\nonce elsewhere\n");
}

/* RHEL 8 has all of its command line in a variable, tuned(8) its part of one. */
static void test_grub_bls_variables(void **state)
{
	fake_put("boot/k", "");
	fake_put("etc/default/grub", "GRUB_ENABLE_BLSCFG=true\n");
	fake_put("boot/loader/entries/a-1.conf",
		"linux /k\noptions $kernelopts $tuned_params\n");
	fake_put("boot/loader/entries/a-2.conf", "linux /k\noptions ro\n");
	fake_put("boot/grub2/grub.cfg",
		"if [ \"${next_entry}\" ]; then set default=\"${next_entry}\"\n"
		"else set default=\"${saved_entry}\"\nfi\nset tuned_params=\"nosmt\"\n"
		"if [ -z \"${kernelopts}\" ]; then set kernelopts=\"root=x ro\"; fi\nblscfg\n");
	expect("grub-bls", "n* /boot/k | ro\nn /boot/k | root=x ro nosmt\n");
	fake_put("boot/grub2/grubenv",
		"# GRUB Environment Block\nkernelopts=root=y\nnext_entry=a-1\n");
	expect("grub-bls", "n* /boot/k | ro\nn+ /boot/k | root=y nosmt\n");
}

#define TEST(function)                                                                   \
	cmocka_unit_test_setup_teardown(function, fake_set_up, fake_tear_down)

/* ---- what starts next ------------------------------------------------------------------ */

/* A chain of two entries that were read of one menu each, or of one: the first is default, the second next. */
static struct chain_entry *make_chain(struct chain *ret)
{
	static struct bootmenu_entry said[2];
	static struct bootmenu menus[2];
	static struct chain_entry entries[2];
	static char title[] = "Linux", plain[] = "ro quiet";

	for (size_t i = 0; i < 2; i++) {
		menus[i] = (struct bootmenu){0};
		said[i] = (struct bootmenu_entry){
			.kind = BOOTMENU_SYSTEM, .title = title, .options = plain};
		entries[i] = (struct chain_entry){
			.said = &said[i], .is_default = !i, .is_next = i};
	}
	*ret = (struct chain){
		.menus = menus, .n_menus = 1, .entries = entries, .n_entries = 2};
	return entries;
}

static void expect_unknown(const struct chain *chain, const char *why)
{
	struct message said = {0};

	assert_null(chain_next_cmdline(chain, &said));
	assert_string_equal(said.text, why);
}

static void test_next(void **state)
{
	static const char elsewhere[] =
		"the next boot is chosen once, and what that starts is not known";
	static char variable[] = "ro $extra quiet";
	struct chain chain;
	struct chain_entry *entries = make_chain(&chain);

	assert_ptr_equal(chain_next_cmdline(&chain, NULL), &entries[1]);
	entries[1].is_next = false;
	assert_ptr_equal(chain_next_cmdline(&chain, NULL), &entries[0]);
	chain.firmware_chooses = true;
	expect_unknown(&chain, elsewhere);
	entries = make_chain(&chain);
	chain.menus[0].next_elsewhere = true;
	expect_unknown(&chain, elsewhere);
	/* That one of two loaders would start something once is no sign that it is the one. */
	make_chain(&chain);
	chain.n_menus = 2;
	expect_unknown(&chain, "which boot loader starts this machine is not known");
	entries = make_chain(&chain);
	((struct bootmenu_entry *)entries[1].said)->options = variable;
	expect_unknown(&chain, "the value of $extra in the entry 'Linux' is not known");
	((struct bootmenu_entry *)entries[1].said)->kind = BOOTMENU_ELSE;
	expect_unknown(&chain, "'Linux' starts no kernel of this system");
	make_chain(&chain);
	message_set(&chain.unknown, -ENOENT, "the menu is gone");
	expect_unknown(&chain, "the menu is gone");
}

static const struct CMUnitTest tests[] = {
	TEST(test_grub_places),
	TEST(test_grub_labels),
	TEST(test_grub_subvolumes),
	TEST(test_grub_kinds),
	TEST(test_grub_initrds),
	TEST(test_grub_lines),
	TEST(test_grub_default_in_submenu),
	TEST(test_grub_default_lines),
	TEST(test_grub_other_files),
	TEST(test_grub_saved),
	TEST(test_grub_once),
	TEST(test_grub_variables),
	TEST(test_grub_uki),
	TEST(test_bls),
	TEST(test_systemd_boot_order),
	TEST(test_systemd_boot_versions),
	TEST(test_systemd_boot_default),
	TEST(test_unified),
	TEST(test_unified_of_another),
	TEST(test_older_stubs),
	TEST(test_systemd_boot_esp),
	TEST(test_systemd_boot_paths),
	TEST(test_systemd_boot_cases),
	TEST(test_systemd_boot_tries),
	TEST(test_systemd_boot_architecture),
	TEST(test_systemd_boot_preferred),
	TEST(test_systemd_boot_once),
	TEST(test_grub_bls_default),
	TEST(test_extlinux_default),
	TEST(test_extlinux_files),
	TEST(test_long_options),
	TEST(test_refind_named),
	TEST(test_refind_default),
	TEST(test_refind_initrds),
	TEST(test_grub_bls),
	TEST(test_grub_bls_variables),
	TEST(test_next),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
