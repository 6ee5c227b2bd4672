/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with kernels and images, as each generator makes them, good and bad ones. */
#ifndef VFIOBOOT_FAKEIMAGES_H
#define VFIOBOOT_FAKEIMAGES_H

#include <stdio.h>
#include <sys/stat.h>

#include "../lib/imagemaker.h"
#include "fakemodules.h"
#include "support.h"

#define FAKE_CONFIG "[device gpu]\npath = 00:04.0/00\ndriver = mlx5-vfio-pci\n"
#define FAKE_PROTECT                                                                     \
	"# vfioboot protect list 1\nstorage 00:1d.0/00.0 144d:a808 /\ndisplay 00:02.0 "  \
	"8086:3e92 boot\n"

enum fake_flaw {
	GOOD = 0,
	NOT_US = 1 << 0, /* nothing of us at all */
	OLD_PROGRAM = 1 << 1,
	NOT_STARTED = 1 << 2,
	STARTED_LATE = 1 << 3,
	OLD_CONFIG = 1 << 4,
	NO_CONFIG = 1 << 5,
	MORE_CONFIG = 1 << 6,
	NO_VFIO_PCI = 1 << 7,
	NO_VARIANT = 1 << 8,
	NO_MODPROBE = 1 << 9,
	NO_PROTECT = 1 << 10,
	SHORT_PROTECT = 1 << 11,
	WITH_SYSTEMD = 1 << 12, /* no flaw, but another way to start */
	TWO_NAMES = 1 << 13,    /* nor is this: the configuration has another one */
	MORE_PROTECT = 1 << 14, /* what is configured, which was used when it was made */
	INCOMPLETE = 1 << 15,   /* a protect list that says so */
	NO_HOOK = 1 << 16,      /* what is to be started is only named */
};

enum fake_maker { DRACUT, TOOLS, MKINITCPIO, NOBODY };

/* The protect list of today, until the next call. */
static inline struct protect_list *today(void)
{
	static struct protect_list list;
	char text[] = FAKE_PROTECT;

	list = (struct protect_list){0};
	assert_int_equal(protect_parse(&list, text), 0);
	return &list;
}

static inline void fake_kernel(const char *release)
{
	static const struct fake_index_line dep[] = {
		{"mlx5_vfio_pci", "kernel/drivers/vfio/pci/mlx5/mlx5-vfio-pci.ko.xz:"},
		{"vfio", "kernel/drivers/vfio/vfio.ko.xz:"},
		{"vfio_iommu_type1", "kernel/drivers/vfio/vfio_iommu_type1.ko.xz:"},
		{"vfio_pci",
			"kernel/drivers/vfio/pci/vfio-pci.ko.xz: "
			"kernel/drivers/vfio/vfio.ko.xz"},
	};
	char path[256];

	snprintf(path, sizeof(path), "lib/modules/%s", release);
	fake_put_index(path, "modules.dep", dep, ARRAY_SIZE(dep));
	snprintf(path, sizeof(path), "lib/modules/%s/modules.dep", release);
	fake_put(path, "");
	snprintf(path, sizeof(path), "boot/vmlinuz-%s", release);
	fake_put(path, "kernel");
}

/* One with our program and a configuration. */
static inline void fake_configured(void)
{
	fake_put("usr/lib/vfioboot/vfioboot-early", "program");
	fake_put("etc/vfioboot.conf", FAKE_CONFIG);
	fake_put("etc/debian_version", "13.1\n");
}

static inline void add_start(struct imagemaker *maker, enum fake_maker by, unsigned flaws)
{
	bool late = flaws & STARTED_LATE, hook = !(flaws & NO_HOOK);

	if (flaws & WITH_SYSTEMD) {
		if (hook)
			imagemaker_add_text(maker,
				"usr/lib/systemd/system/vfioboot-early.service",
				"[Unit]\n");
		if (!(flaws & NOT_STARTED))
			imagemaker_add_link(maker,
				"usr/lib/systemd/system/sysinit.target.wants/"
				"vfioboot-early.service",
				"../vfioboot-early.service");
	} else if (flaws & NOT_STARTED) {
		return;
	} else if (by == DRACUT) {
		imagemaker_add_text(maker, "usr/lib/dracut/hooks/cmdline/00-vfioboot.sh",
			"#!/bin/sh\n");
	} else if (by == TOOLS) {
		if (hook)
			imagemaker_add_text(
				maker, "scripts/init-top/00-vfioboot", "#!/bin/sh\n");
		imagemaker_add_text(maker, "scripts/init-top/ORDER",
			late ? "/scripts/init-top/udev \"$@\"\n"
			       "/scripts/init-top/00-vfioboot \"$@\"\n"
			     : "/scripts/init-top/00-vfioboot \"$@\"\n"
			       "/scripts/init-top/udev \"$@\"\n");
	} else if (by == MKINITCPIO) {
		if (hook)
			imagemaker_add_text(maker, "hooks/vfioboot", "#!/usr/bin/ash\n");
		imagemaker_add_text(maker, "config",
			late ? "MODULES=\"\"\nEARLYHOOKS=\"udev vfioboot\"\n"
			     : "MODULES=\"\"\nEARLYHOOKS=\"vfioboot udev\"\n");
	}
}

static inline void add_marks(struct imagemaker *maker, enum fake_maker by, unsigned flaws)
{
	if (by == DRACUT)
		imagemaker_add_text(maker, "usr/lib/dracut/dracut-112", "");
	if (by == TOOLS)
		imagemaker_add_text(maker, "conf/initramfs.conf", "MODULES=most\n");
	if (by == MKINITCPIO)
		imagemaker_add_text(maker, "buildconfig", "HOOKS=()\n");
	if (flaws & WITH_SYSTEMD)
		imagemaker_add_text(maker, "usr/lib/systemd/systemd", "ELF");
}

static inline void add_module(
	struct imagemaker *maker, const char *release, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "usr/lib/modules/%s/kernel/drivers/vfio/%s", release,
		name);
	imagemaker_add_text(maker, path, "ELF");
}

static inline void add_us(struct imagemaker *maker, const char *release, unsigned flaws)
{
	imagemaker_add_text(maker, "usr/lib/vfioboot/vfioboot-early",
		flaws & OLD_PROGRAM ? "PROGRAM" : "program");
	for (unsigned i = 0; i < 2 && flaws & TWO_NAMES; i++) {
		maker->inode = 1000;
		maker->nlink = 2;
		if (i == 0)
			imagemaker_add_text(maker, "etc/the-same.conf", "");
	}
	if (!(flaws & NO_CONFIG))
		imagemaker_add_text(maker, "etc/vfioboot.conf",
			flaws & OLD_CONFIG ? "[device gpu]\n" : FAKE_CONFIG);
	if (flaws & MORE_CONFIG)
		imagemaker_add_text(
			maker, "etc/vfioboot.conf.d/gone.conf", "[device b]\n");
	if (!(flaws & NO_VFIO_PCI))
		add_module(maker, release, "pci/vfio-pci.ko");
	add_module(maker, release, "vfio_iommu_type1.ko.xz");
	if (!(flaws & NO_VARIANT))
		add_module(maker, release, "pci/mlx5/mlx5-vfio-pci.ko.zst");
	if (!(flaws & NO_MODPROBE))
		imagemaker_add_text(maker, "usr/sbin/modprobe", "ELF");
	if (!(flaws & NO_PROTECT))
		imagemaker_add_text(maker, "etc/vfioboot.protect",
			flaws & SHORT_PROTECT ? "display 00:02.0 8086:3e92 boot\n"
				: flaws & MORE_PROTECT ? FAKE_PROTECT
				"storage 00:04.0/00.0 144d:a80a /home\n"
				: flaws & INCOMPLETE ? FAKE_PROTECT "incomplete\n"
						     : FAKE_PROTECT
				"storage 00:17.0 8086:a102 /srv\n");
}

/* Puts an image at @path below the root. */
static inline void fake_image(
	const char *path, enum fake_maker by, const char *release, unsigned flaws)
{
	struct imagemaker maker = {0};

	imagemaker_add_text(&maker, "kernel/x86/microcode/GenuineIntel.bin", "code");
	imagemaker_end(&maker);
	add_marks(&maker, by, flaws);
	if (!(flaws & NOT_US)) {
		add_us(&maker, release, flaws);
		add_start(&maker, by, flaws);
	}
	imagemaker_end_compressed(&maker, "zstd");
	fake_put_bytes(path, maker.bytes, maker.size);
	imagemaker_free(&maker);
}

/* An entry of systemd-boot for the kernel, of files below TOKEN/RELEASE on the ESP. */
static inline void fake_entry(const char *release)
{
	char path[256], text[512];

	fake_put("boot/efi/loader/loader.conf", "timeout 3\n");
	snprintf(path, sizeof(path), "boot/efi/loader/entries/token-%s.conf", release);
	snprintf(text, sizeof(text),
		"title Debian GNU/Linux\nversion %s\nlinux /token/%s/linux\n"
		"initrd /token/%s/initrd.img-%s\noptions root=/dev/vda2\n",
		release, release, release, release);
	fake_put(path, text);
	snprintf(path, sizeof(path), "boot/efi/token/%s/linux", release);
	fake_put(path, "kernel");
}

#endif
