/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secure boot and lockdown.  Neither is in the way of vfio: an override, a bind and the
 * device's own memory through vfio are no lockdown reasons (include/linux/security.h, enum
 * lockdown_reason).  What they do block is a module without a signature.
 */
#include "base/base.h"
#include "facts/facts.h"
#include "private.h"

/* What scripts/sign-file.c writes behind a module. */
#define SIGNATURE_MARK "~Module signature appended~\n"

static void check_secure_boot(struct check_host *host)
{
	uint8_t value[8];
	ssize_t n =
		efivar_read(host->root, "SecureBoot", EFI_GLOBAL, value, sizeof(value));

	if (n == -EOPNOTSUPP) {
		check_pass(host, "",
			"this machine was not booted by UEFI, so there is no secure boot");
	} else if (n == -ENOENT) {
		check_pass(host, "", "the firmware does not have it");
	} else if (n < 1) {
		check_unknown(host, "", "cannot read the firmware's variables: %s",
			n < 0 ? check_why((int)n) : "SecureBoot is empty");
		check_remedy_live(host,
			"mount efivarfs at /sys/firmware/efi/efivars, or run it "
			"as root");
	} else if (value[0]) {
		check_pass(host, "",
			"on; vfio and rebuilt images work with it, a unified kernel "
			"image must be signed again");
	} else {
		check_pass(host, "", "off");
	}
}

/* The word in brackets: "none [integrity] confidentiality".  "" without any. */
static int read_lockdown(const struct root *root, char *ret, size_t size)
{
	char text[128], *word;
	int r = file_read_line(root, TREE_SECURITY "/lockdown", text, sizeof(text));

	*ret = '\0';
	if (r < 0)
		return r;
	word = strchr(text, '[');
	if (!word)
		return -EBADMSG;
	word[1 + strcspn(word + 1, "]")] = '\0';
	text_join(ret, size, strcmp(word + 1, "none") ? word + 1 : "", NULL);
	return 0;
}

/* 1, 0, or -errno. */
static int is_signed(struct check_host *host, const char *module)
{
	struct modules *modules = facts_modules(host->facts);
	size_t len = strlen(SIGNATURE_MARK), size;
	_cleanup_free_ char *data = NULL;
	enum module_kind kind;
	char path[320];
	int r = modules ? modules_find(modules, module, &kind, path, sizeof(path))
		: facts_modules_are_damaged(host->facts) ? -EBADMSG
							 : -ENODATA;

	if (r == 0 && kind != MODULE_FILE)
		return 1; /* there is no file that could be refused */
	if (r == 0)
		r = unpack_file(host->root, path, &data, &size);
	if (r < 0)
		return r;
	return size >= len && memcmp(data + size - len, SIGNATURE_MARK, len) == 0;
}

static void judge_signatures(struct check_host *host, const char *what)
{
	static const char *const modules[] = {
		"vfio", "vfio_iommu_type1", "vfio_pci_core", "vfio_pci"};

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		int r = is_signed(host, modules[i]);

		if (r == 0) {
			check_fail(host, host->facts->running,
				"%s: the module %s is not signed and cannot be loaded",
				what, modules[i]);
			check_remedy(host,
				"use your distribution's kernel with its own modules, or "
				"sign the module with a key that the firmware knows");
			return;
		}
		if (r < 0) {
			check_unknown(host, host->facts->running,
				"%s: only signed modules can be loaded; cannot read "
				"whether %s is signed: %s",
				what, modules[i], check_why(r));
			check_remedy_live(host, "reinstall that kernel");
			return;
		}
	}
	check_pass(host, host->facts->running,
		"%s: vfio works with it, as its modules are signed; an unsigned module, "
		"such as vendor-reset, cannot be loaded",
		what);
}

static void check_lockdown(struct check_host *host)
{
	char level[32], enforced[8] = "", what[48];
	int r = read_lockdown(host->root, level, sizeof(level));

	file_read_line(host->root, TREE_MODULE "/module/parameters/sig_enforce", enforced,
		sizeof(enforced));
	if (*level) {
		text_join(what, sizeof(what), "lockdown is on (", level, ")", NULL);
		judge_signatures(host, what);
	} else if (*enforced == 'Y') {
		judge_signatures(host, "the kernel loads signed modules only");
	} else if (r == 0) {
		check_pass(host, "", "off");
	} else if (r == -ENOENT && file_exists(host->root, "%s/%s", TREE_SECURITY, ".") &&
		file_exists(host->root, TREE_SECURITY "/lsm")) {
		check_pass(host, "", "off: this kernel has none");
	} else {
		check_unknown(host, "",
			"cannot read whether the kernel is locked down: %s",
			check_why(r));
		check_remedy_live(host, "mount securityfs at /sys/kernel/security");
	}
}

static const struct check checks[] = {
	{"secure-boot", check_secure_boot, NULL},
	{"lockdown", check_lockdown, NULL},
};

const struct check_theme check_security_theme = {
	"Secure boot and lockdown", checks, ARRAY_SIZE(checks)};
