/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels and images of a machine's files, as far as their headers and names go, for tests that are
 * scripts: bootfiles ROOT <LIST, in which each line is one of
 *	kernel PATH RELEASE [PACKAGE]
 *	image MAKER PATH
 *	unified MAKER PATH RELEASE COMMAND-LINE
 * MAKER is dracut, dracut-fallback, initramfs-tools, mkinitcpio or microcode; with "+us" behind it the
 * image has what its hook puts into it, with the configuration that the files have now.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "imagemaker.h"

static const char *root;

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "bootfiles: %s %s%s: %s\n", what, root, path, strerror(errno));
	exit(1);
}

/* Makes the file, and the directories above it. */
static void put(const char *path, const void *bytes, size_t size)
{
	char name[PATH_MAX];
	FILE *file;

	text_join(name, sizeof(name), root, path, NULL);
	for (char *at = strchr(name + strlen(root) + 1, '/'); at;
		at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(name, 0755);
		*at = '/';
	}
	file = fopen(name, "we");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		fail("cannot write", path);
}

/* The header for boot loaders, with the release behind it (Documentation/arch/x86/boot.rst). */
static size_t make_kernel(const char *release, char *ret, size_t size)
{
	enum { MAGIC = 0x202, VERSION = 0x20e, AT = 0x300 };

	memset(ret, 0, size);
	memcpy(ret + MAGIC, "HdrS", 4);
	ret[VERSION + 1] = (AT - 0x200) >> 8;
	return AT +
		(size_t)snprintf(ret + AT, size - AT, "%s (builder@host) #1", release) +
		1;
}

/* With a directory of modules, and the name that a package manager keeps there. */
static void put_kernel(const char *path, const char *release, const char *package)
{
	char kernel[1024], name[PATH_MAX];

	put(path, kernel, make_kernel(release, kernel, sizeof(kernel)));
	text_join(name, sizeof(name), "/usr/lib/modules/", release, "/modules.dep", NULL);
	put(name, "", 0);
	text_join(name, sizeof(name), "/usr/lib/modules/", release, "/pkgbase", NULL);
	if (package)
		put(name, package, strlen(package));
}

/* ---- images ------------------------------------------------------------------------------ */

static const struct maker {
	const char *name, *mark, *mark_text;
	/* Up to two files that start the early program, and what is in them. */
	struct {
		const char *path, *text;
	} start[2];
} makers[] = {
	{"dracut-fallback", "usr/lib/dracut/build-parameter.txt", " --no-hostonly",
		{{"usr/lib/dracut/hooks/cmdline/00-vfioboot.sh", ""}, {NULL, NULL}}},
	{"dracut", "usr/lib/dracut/dracut-106", "",
		{{"usr/lib/dracut/hooks/cmdline/00-vfioboot.sh", ""}, {NULL, NULL}}},
	{"initramfs-tools", "conf/initramfs.conf", "",
		{{"scripts/init-top/00-vfioboot", ""},
			{"scripts/init-top/ORDER",
				"/scripts/init-top/00-vfioboot \"$@\"\n"
				"/scripts/init-top/udev \"$@\"\n"}}},
	{"microcode", "kernel/x86/microcode/GenuineIntel.bin", "", {{NULL, NULL}}},
	{"mkinitcpio", "buildconfig", "",
		{{"hooks/vfioboot", ""}, {"config", "EARLYHOOKS=\"vfioboot udev\"\n"}}},
};

static const struct maker *find_maker(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (strncmp(name, makers[i].name, strlen(makers[i].name)) == 0)
			return &makers[i];
	errno = EINVAL;
	fail("no maker", name);
	return NULL;
}

/* A file that the machine has, if it is there. */
static void add_own(struct imagemaker *image, const struct root *files, const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (file_read(files, path, &text, &size) == 0)
		imagemaker_add(image, path + 1, S_IFREG | 0755, text, size);
}

static void add_us(struct imagemaker *image, const struct maker *maker)
{
	static const char dropins[] = "/etc/vfioboot.conf.d";
	_cleanup_(file_free_names) struct file_names names = {0};
	struct root files;

	if (root_open(root, &files) < 0)
		fail("cannot open", "");
	add_own(image, &files, "/usr/lib/vfioboot/vfioboot-early");
	add_own(image, &files, "/usr/lib/udev/rules.d/60-vfioboot.rules");
	add_own(image, &files, "/etc/vfioboot.conf");
	add_own(image, &files, "/etc/vfioboot.protect");
	file_list(&files, dropins, &names);
	for (size_t i = 0; i < names.n; i++) {
		char path[PATH_MAX];

		text_join(path, sizeof(path), dropins, "/", names.names[i], NULL);
		add_own(image, &files, path);
	}
	root_close(&files);
	imagemaker_add_text(image, "usr/sbin/modprobe", "ELF");
	for (size_t i = 0; i < 2 && maker->start[i].path; i++)
		imagemaker_add_text(image, maker->start[i].path, maker->start[i].text);
}

static void make_image(const char *name, struct imagemaker *image)
{
	const struct maker *maker = find_maker(name);

	imagemaker_add_text(image, maker->mark, maker->mark_text);
	if (text_ends_with(name, "+us"))
		add_us(image, maker);
	imagemaker_end(image);
}

static void put_unified(
	const char *maker, const char *path, const char *release, const char *cmdline)
{
	static const char system[] = "ID=linux\nNAME=Linux\nPRETTY_NAME=Linux\n";
	struct imagemaker image = {0}, file = {0};
	char kernel[1024];
	size_t size = make_kernel(release, kernel, sizeof(kernel));

	make_image(maker, &image);
	imagemaker_unify(&file,
		(struct imagemaker_section[]){{".osrel", system, strlen(system)},
			{".cmdline", cmdline, strlen(cmdline)},
			{".uname", release, strlen(release)},
			{".initrd", image.bytes, image.size}, {".linux", kernel, size}},
		5);
	put(path, file.bytes, file.size);
	imagemaker_free(&file);
	imagemaker_free(&image);
}

static bool put_line(char *line)
{
	char *kind = strsep(&line, " "), *first = strsep(&line, " "),
	     *second = strsep(&line, " "), *third;

	if (!second) {
		return false;
	} else if (strcmp(kind, "kernel") == 0) {
		put_kernel(first, second, line);
	} else if (strcmp(kind, "image") == 0) {
		struct imagemaker image = {0};

		make_image(first, &image);
		put(second, image.bytes, image.size);
		imagemaker_free(&image);
	} else if (strcmp(kind, "unified") == 0 && (third = strsep(&line, " "))) {
		put_unified(first, second, third, line ? line : "");
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	char line[4096];

	if (argc != 2) {
		fputs("Usage: bootfiles ROOT <LIST\n", stderr);
		return 2;
	}
	root = argv[1];
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!put_line(line)) {
			fprintf(stderr, "bootfiles: cannot read the line of '%s'\n",
				line);
			return 1;
		}
	}
	return 0;
}
