/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the generators there are owns a system, and what they have in common. */
#include "generators.h"

#include <fcntl.h>

#include "base/base.h"
#include "facts/facts.h"

static const struct initramfs_generator *const generators[] = {
	&initramfs_dracut,
	&initramfs_tools,
	&initramfs_mkinitcpio,
	&initramfs_kernel_install,
};

#define GENERATORS ARRAY_SIZE(generators)

/* Which of them may be the owner: bits by their index. */
typedef unsigned candidates;

/* What is above others owns nothing by itself. */
static bool may_own(const struct root *root, const struct initramfs_generator *generator)
{
	if (!generator->marks[0])
		return false;
	for (const char *const *program = generator->programs; *program; program++)
		if (file_exists(root, "%s", *program))
			return true;
	return false;
}

static const struct initramfs_generator *only_one(candidates set)
{
	for (size_t i = 0; i < GENERATORS; i++)
		if (set == 1U << i)
			return generators[i];
	return NULL;
}

static const struct initramfs_generator *find_named(const char *name)
{
	for (size_t i = 0; i < GENERATORS; i++)
		if (generators[i]->marks[0] && strcmp(generators[i]->name, name) == 0)
			return generators[i];
	return NULL;
}

/* The generator that kernel-install is configured to use, for free(); NULL: none is named. */
static char *read_choice(const struct root *root, char *where, size_t size)
{
	const char *variable = getenv("KERNEL_INSTALL_INITRD_GENERATOR");

	text_join(where, size, "KERNEL_INSTALL_INITRD_GENERATOR", NULL);
	if (root->live && variable && *variable)
		return strdup(variable);
	return initramfs_kernel_install_setting(root, "initrd_generator", where, size);
}

/* Those that Debian's kernel packages call, by scripts named like them. */
static candidates called_by_packages(const struct root *root, candidates installed)
{
	candidates set = 0;

	for (size_t i = 0; i < GENERATORS; i++)
		if (installed & 1U << i &&
			file_exists(
				root, "/etc/kernel/postinst.d/%s", generators[i]->name))
			set |= 1U << i;
	return set;
}

const struct initramfs_generator *initramfs_maker(const struct imagefile *image)
{
	for (size_t i = 0; i < GENERATORS; i++)
		for (const char *const *mark = generators[i]->marks; *mark; mark++)
			if (imagefile_find_below(image, *mark))
				return generators[i];
	return NULL;
}

bool initramfs_has_followers(
	const struct initramfs_generator *generator, const struct root *root)
{
	const char *const *directory = generator->followers;

	for (; *directory; directory++) {
		_cleanup_(file_free_names) struct file_names names = {0};

		if (file_list(root, *directory, &names) < 0)
			return true;
		for (size_t i = 0; i < names.n; i++)
			if (strcmp(names.names[i], "vfioboot") != 0)
				return true;
	}
	return false;
}

static const struct initramfs_generator *maker_of_file(
	const struct root *root, const char *path)
{
	_cleanup_(imagefile_free) struct imagefile image = {0};

	return imagefile_open(root, path, NULL, NULL, &image, NULL) < 0
		? NULL
		: initramfs_maker(&image);
}

/* Those whose marks the images bear that there are. */
static candidates makers(
	const struct root *root, const struct kernels *kernels, candidates installed)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	candidates set = 0;

	for (size_t i = 0; i < kernels->n; i++)
		initramfs_find(NULL, root, &kernels->kernels[i], &paths);
	for (size_t i = 0; i < paths.n; i++) {
		const struct initramfs_generator *maker =
			maker_of_file(root, paths.names[i]);

		for (size_t j = 0; j < GENERATORS; j++)
			if (generators[j] == maker && installed & 1U << j)
				set |= 1U << j;
	}
	return set;
}

static bool is_signed(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct pe_image pe;

	/* No other name is started by the firmware. */
	if (!text_ends_with(path, ".efi"))
		return false;
	fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	return fd >= 0 && pe_read(fd, &pe) == 0 && pe.is_signed;
}

static bool has_key(const struct root *root, const char *path, const char *name)
{
	_cleanup_free_ char *text = NULL;

	return file_read(root, path, &text, NULL) == 0 && text_find_value(text, name);
}

/* Whether what generators call, or themselves, are set up to sign: ukify(1), dracut.conf(5). */
static bool is_signing(const struct root *root)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	bool found = has_key(root, "/etc/kernel/uki.conf", "SecureBootPrivateKey") ||
		has_key(root, "/usr/lib/kernel/uki.conf", "SecureBootPrivateKey") ||
		has_key(root, "/etc/dracut.conf", "uefi_secureboot_key");

	if (!found && file_list_paths(root, "/etc/dracut.conf.d", "*", 0, &paths) < 0)
		return false;
	for (size_t i = 0; !found && i < paths.n; i++)
		found = has_key(root, paths.names[i], "uefi_secureboot_key");
	return found;
}

/* As sdbootutil(1) names what it makes with dracut, and then its entries. */
static bool is_named_by_content(const struct root *root, const char *path)
{
	const char *name = strrchr(path, '/');

	return name && text_begins_with(name, "/initrd-") &&
		strspn(name + 8, "0123456789abcdef") == 40 && !name[48] &&
		file_exists(root, "usr/bin/sdbootutil");
}

bool initramfs_knows(const struct initramfs_generator *generator, const struct root *root,
	const struct kernel *kernel, const char *path, struct message *why)
{
	/* The firmware would refuse the new one. */
	if (path && is_signed(root, path) && !is_signing(root)) {
		message_set(why, -EOPNOTSUPP,
			"it is signed, and %s has no key to sign it with",
			generator->name);
		message_remedy(why, "rebuild and sign it by hand");
		return false;
	}
	if (path && is_named_by_content(root, path)) {
		message_set(why, -EOPNOTSUPP, "sdbootutil builds it");
		message_remedy(why, "run 'sdbootutil mkinitrd' by hand");
		return false;
	}
	return !generator->knows || generator->knows(root, kernel, path, why);
}

char *initramfs_name(const struct kernel *kernel, const char *head, const char *tail)
{
	const char *slash = strrchr(kernel->file, '/'),
		   *dash = slash ? strchr(slash, '-') : NULL;
	const char *version = dash && text_begins_with(kernel->file, ESP_BOOT "/") &&
			dash[1] && slash == kernel->file + strlen(ESP_BOOT)
		? dash + 1
		: kernel->release;
	char *name;

	return asprintf(&name, "%s%s%s", head, version, tail) < 0 ? NULL : name;
}

bool initramfs_has_programs(const struct root *root)
{
	return file_exists(root, "usr/bin") || file_exists(root, "usr/sbin");
}

/* No file: the hash of what all programs are on is on the command line (systemd-veritysetup-generator(8)). */
#define SIGN_VERIFIED ""

/* Systems whose images are none of a generator that is installed on them. */
static const struct managed {
	const char *sign, *problem, *remedy;
} managed[] = {
	{"/run/ostree-booted", "the images of this system come with its deployments",
		"with rpm-ostree, install vfioboot and run 'rpm-ostree initramfs --enable'; "
		"with bootc, install vfioboot and its configuration in the image"},
	{"/etc/NIXOS", "NixOS builds the images from its configuration",
		"add vfioboot-early to the initrd in that configuration: vfioboot has no "
		"module that does it yet"},
	{SIGN_VERIFIED,
		"the images of this system are built and signed with its verified files "
		"(usrhash= or roothash= on the kernel command line)",
		"put the configuration into that build, or into a signed addon beside the "
		"image (vfioboot-images(7))"},
};

/* Generators for which there is no hook, where none of ours is installed. */
static const struct managed others[] = {
	{"/usr/bin/booster", "booster builds the images and runs no hooks",
		"install dracut or mkinitcpio, or enable vfioboot.service, which binds after "
		"the drivers have loaded"},
	{"/sbin/mkinitfs", "mkinitfs builds the images and runs no hooks",
		"install dracut, or enable a service that runs vfioboot-early, which binds "
		"after the drivers have loaded"},
	{"/usr/bin/genkernel", "genkernel builds the images and runs no hooks",
		"install dracut"},
	{"/usr/bin/ugrd", "ugrd builds the images, for which vfioboot has no hook",
		"install dracut"},
};

static bool has_sign(const struct root *root, const char *sign)
{
	_cleanup_free_ char *cmdline = NULL;

	if (strcmp(sign, SIGN_VERIFIED) != 0)
		return file_exists(root, "%s", sign);
	return cmdline_read(root, &cmdline) == 0 &&
		(cmdline_has(cmdline, "usrhash", NULL) ||
			cmdline_has(cmdline, "roothash", NULL));
}

/* The first that has its sign here; NULL: none. */
static const struct managed *find_sign(
	const struct root *root, const struct managed *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has_sign(root, list[i].sign))
			return &list[i];
	return NULL;
}

static void say(struct message *problem, const char *text, const char *remedy)
{
	message_set(problem, -EOPNOTSUPP, "%s", text);
	message_remedy(problem, "%s", remedy);
}

static const struct initramfs_generator *choose(const struct root *root,
	const struct kernels *kernels, candidates installed, struct message *problem)
{
	const struct initramfs_generator *owner = only_one(installed);
	const struct managed *other = NULL;
	char names[128] = "";

	owner = owner ? owner : only_one(called_by_packages(root, installed));
	owner = owner ? owner : only_one(makers(root, kernels, installed));
	if (owner)
		return owner;
	if (!installed)
		other = find_sign(root, others, ARRAY_SIZE(others));
	for (size_t i = 0; i < GENERATORS; i++) {
		size_t len = strlen(names);

		if (installed & 1U << i)
			snprintf(names + len, sizeof(names) - len, "%s%s",
				len ? " and " : "", generators[i]->name);
	}
	if (!installed && !initramfs_has_programs(root))
		say(problem, "the files of this machine do not include its programs",
			"run this on the machine itself");
	else if (other)
		say(problem, other->problem, other->remedy);
	else if (!installed)
		say(problem, "no generator of initramfs images is installed",
			"install dracut, initramfs-tools or mkinitcpio");
	else {
		message_set(problem, -ENOTUNIQ,
			"%s are installed, and nothing shows which of them builds the "
			"images",
			names);
		message_remedy(problem,
			"remove one, or write initrd_generator=NAME into "
			"/etc/kernel/install.conf");
	}
	return NULL;
}

const struct initramfs_generator *initramfs_owner(const struct root *root,
	const struct kernels *kernels, bool *ret_elsewhere, struct message *problem)
{
	const struct managed *system = find_sign(root, managed, ARRAY_SIZE(managed));
	const struct initramfs_generator *named;
	_cleanup_free_ char *choice = NULL;
	candidates installed = 0;
	char where[512];

	*ret_elsewhere = system;
	if (system) {
		say(problem, system->problem, system->remedy);
		return NULL;
	}
	choice = read_choice(root, where, sizeof(where));
	for (size_t i = 0; i < GENERATORS; i++)
		if (may_own(root, generators[i]))
			installed |= 1U << i;
	if (!choice || !*choice || strcmp(choice, "none") == 0)
		return choose(root, kernels, installed, problem);
	named = find_named(choice);
	if (named && may_own(root, named))
		return named;
	message_set(problem, -EOPNOTSUPP, "%s names the generator '%s', %s", where,
		choice,
		named ? "which is not installed" : "for which vfioboot has no hook");
	message_remedy(problem, "%s",
		named ? "install it, or name another"
		      : "name dracut, initramfs-tools or mkinitcpio");
	return NULL;
}

bool initramfs_has_hook(const struct initramfs_generator *generator,
	const struct root *root, struct message *problem)
{
	for (const char *const *hook = generator->hooks; *hook; hook++)
		if (file_exists(root, "%s", *hook))
			return true;
	message_set(problem, -ENOENT,
		"%s builds the images, and its hook of vfioboot is missing (%s)",
		generator->name, generator->hooks[0]);
	message_remedy(problem, "install the package %s, or run 'make install' again",
		generator->package);
	return false;
}

/* Those that are there, of all generators. */
static int find_any(
	const struct root *root, const struct kernel *kernel, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < GENERATORS; i++)
		r = generators[i]->find(root, kernel, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (file_exists(root, "%s", names.names[i]))
			r = file_add_name(ret, names.names[i]);
	return r;
}

int initramfs_find(const struct initramfs_generator *generator, const struct root *root,
	const struct kernel *kernel, struct file_names *ret)
{
	size_t before = ret->n;
	int r;

	if (!generator)
		return find_any(root, kernel, ret);
	r = generator->find(root, kernel, ret);
	/* Of one that replaces its image kernel-install has copies. */
	if (r == 0 && !generator->replaces)
		r = initramfs_kernel_install.find(root, kernel, ret);
	if (r == 0 && ret->n == before && generator->expect &&
		(generator->replaces ||
			!initramfs_kernel_install_unifies(root, kernel, NULL)) &&
		initramfs_knows(generator, root, kernel, NULL, NULL))
		r = generator->expect(root, kernel, ret);
	return r;
}
