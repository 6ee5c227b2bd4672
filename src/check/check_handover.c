/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a set of demand needs while the host runs: libvirt and its hook, where a guest of libvirt has
 * the set; limits of those who run QEMU themselves; and GVT-g, which shares a GPU instead.
 */
#include "base/base.h"
#include "facts/facts.h"
#include "handover/handover.h"
#include "outlook/outlook.h"
#include "private.h"

#define DOMAINS    "/etc/libvirt/qemu" /* src/qemu/qemu_conf.c, configDir */
#define UDEV_RULES "/etc/udev/rules.d"
#define LIMITS     "/etc/security/limits.conf"

static bool has_demand(const struct check_host *host)
{
	const struct config *config = &host->next->config;

	return config_count_boot(config) < config->n_sections;
}

/* Those of "kvm:x:104:ann,bob", group(5), in @ret, else ""; false: there is no such group. */
static bool find_members(
	const struct root *root, const char *group, char *ret, size_t size)
{
	_cleanup_free_ char *text = NULL;
	size_t len = strlen(group);

	*ret = '\0';
	if (!len || file_read(root, "/etc/group", &text, NULL) < 0)
		return false;
	for (const char *line = text; *line; line = text_next_line(line)) {
		size_t end = strcspn(line, "\n");
		const char *colon = memrchr(line, ':', end);

		if (strncmp(line, group, len) != 0 || line[len] != ':' || !colon)
			continue;
		copy_text(ret, size, colon + 1, (size_t)(line + end - colon - 1));
		text_make_printable(ret);
		return true;
	}
	return false;
}

/* ---- libvirt --------------------------------------------------------------------------- */

/* A set that a guest gets when it starts; "": none was found. */
struct guest_set {
	char guest[64], set[CONFIG_NAME_SIZE];
	int error; /* of reading what guests have */
};

static int find_set(const struct check_host *host, const char *xml, size_t size,
	struct guest_set *ret)
{
	_cleanup_free_ struct config *config = malloc(sizeof(*config));
	_cleanup_(libvirt_free_domain) struct libvirt_domain domain = {0};
	struct libvirt_sets sets = {0};
	struct message message = {0};
	int r;

	if (!config)
		return -ENOMEM;
	*config = host->next->config;
	/* A definition that libvirt cannot read either is none. */
	if (libvirt_read_domain(xml, size, &domain, &message) < 0)
		return 0;
	r = libvirt_find_sets(config, &host->facts->bus, &domain, &sets);
	if (r == 0 && sets.n)
		strcpy(ret->set, sets.list[0].name);
	free(sets.list);
	return r;
}

static void find_guest(const struct check_host *host, struct guest_set *ret)
{
	_cleanup_(file_free_names) struct file_names paths = {0};

	ret->error = file_list_paths(host->root, DOMAINS, "*.xml", 0, &paths);
	for (size_t i = 0; ret->error == 0 && !*ret->set && i < paths.n; i++) {
		const char *name = strrchr(paths.names[i], '/') + 1;
		_cleanup_free_ char *xml = NULL;
		size_t size;

		snprintf(ret->guest, sizeof(ret->guest), "%.*s",
			(int)(strlen(name) - strlen(".xml")), name);
		text_make_printable(ret->guest);
		ret->error = file_read(host->root, paths.names[i], &xml, &size);
		if (ret->error == 0)
			ret->error = find_set(host, xml, size, ret);
	}
}

/* What is in the way of the hook; true: something is. */
static bool add_remarks(struct check_host *host, const struct libvirt *libvirt)
{
	bool wrong = false;

	for (size_t i = 0; i < libvirt->n_remarks; i++) {
		const struct libvirt_remark *remark = &libvirt->remarks[i];

		wrong |= remark->wrong;
		if (!remark->wrong) {
			check_pass(host, "", "%s", remark->message.text);
			continue;
		}
		check_fail(host, "", "%s", remark->message.text);
		check_remedy(host, "%s", remark->message.remedy);
	}
	return wrong;
}

static void report_hook(struct check_host *host, const struct libvirt *libvirt)
{
	struct guest_set found = {0};

	find_guest(host, &found);
	if (found.error < 0 && !*found.set && libvirt->dropin == LIBVIRT_ABSENT) {
		check_unknown(host, "", "cannot read which devices guests get: %s",
			check_why(found.error));
		check_remedy_live(host, "run 'sudo vfioboot check'");
		return;
	}
	if (!*found.set && libvirt->dropin == LIBVIRT_ABSENT) {
		check_pass(host, "",
			"no guest of libvirt has a device set that is left to the host at "
			"boot");
		return;
	}
	if (libvirt->dropin == LIBVIRT_ABSENT) {
		check_fail(host, found.guest,
			"it has the device set %s, and no hook of libvirt hands that over "
			"when it starts",
			found.set);
		check_remedy(host, "run 'sudo vfioboot libvirt enable'");
	}
	if (!add_remarks(host, libvirt) && libvirt->dropin == LIBVIRT_CURRENT)
		check_pass(
			host, "", "libvirt hands devices over when their guest starts");
}

/* Whether there is a libvirt that is to hand something over, or does so already. */
static bool look(struct check_host *host, struct libvirt *ret)
{
	int r = libvirt_look(host->root, ret);

	if (r < 0)
		host->error = r;
	return r == 0 && ret->daemon &&
		(has_demand(host) || host->next->config.libvirt_all ||
			ret->dropin != LIBVIRT_ABSENT);
}

static void check_libvirt(struct check_host *host)
{
	_cleanup_(libvirt_free) struct libvirt libvirt = {0};
	char version[32] = "", members[256], who[384] = "";

	if (!look(host, &libvirt))
		return;
	/* Its socket, or polkit's rule, is for them; all others are asked for a password. */
	if (find_members(host->root, "libvirt", members, sizeof(members)))
		snprintf(who, sizeof(who),
			"; members of the group libvirt, who may start them: %s",
			*members ? members : "none");
	if (libvirt.version)
		snprintf(version, sizeof(version), " %u.%u.%u", libvirt.version / 1000000,
			libvirt.version / 1000 % 1000, libvirt.version % 1000);
	check_pass(host, "", "libvirt%s runs guests by %s (%s)%s", version,
		libvirt.daemon,
		strcmp(libvirt.daemon, "libvirtd") == 0 ? "one daemon for all of libvirt"
							: "a daemon for QEMU alone",
		who);
}

static void check_hook(struct check_host *host)
{
	_cleanup_(libvirt_free) struct libvirt libvirt = {0};

	if (look(host, &libvirt))
		report_hook(host, &libvirt);
}

/* ---- QEMU as a user -------------------------------------------------------------------- */

/* Who may open the devices of vfio by a rule of udev, beside root. */
struct vfio_user {
	char rule[512];           /* the file; "": nobody */
	char user[64], group[64]; /* either may be "" */
	char members[256];        /* of the group */
	char limit[64];           /* of memlock, as it is written; "": none */
};

static void take_quoted(const char *line, const char *key, char *ret, size_t size)
{
	const char *at = strstr(line, key);

	if (!at)
		return;
	at += strlen(key);
	copy_text(ret, size, at, strcspn(at, "\""));
	text_make_printable(ret);
}

/* "SUBSYSTEM=="vfio", OWNER="root", GROUP="kvm"", udev(7) */
static bool find_in_rules(const char *text, struct vfio_user *ret)
{
	for (const char *line = text; *line; line = text_next_line(line)) {
		_cleanup_free_ char *one = strndup(line, strcspn(line, "\n"));

		if (!one || one[strspn(one, " \t")] == '#' ||
			!strstr(one, "SUBSYSTEM==\"vfio\""))
			continue;
		take_quoted(one, "OWNER=\"", ret->user, sizeof(ret->user));
		take_quoted(one, "GROUP=\"", ret->group, sizeof(ret->group));
	}
	if (strcmp(ret->user, "root") == 0)
		*ret->user = '\0';
	if (strcmp(ret->group, "root") == 0)
		*ret->group = '\0';
	return *ret->user || *ret->group;
}

static void find_user(const struct root *root, struct vfio_user *ret)
{
	_cleanup_(file_free_names) struct file_names paths = {0};

	if (file_list_paths(root, UDEV_RULES, "*.rules", 0, &paths) < 0)
		return;
	for (size_t i = 0; !*ret->rule && i < paths.n; i++) {
		_cleanup_free_ char *text = NULL;

		if (file_read(root, paths.names[i], &text, NULL) == 0 &&
			find_in_rules(text, ret))
			text_join(ret->rule, sizeof(ret->rule), paths.names[i], NULL);
	}
}

/* "@kvm hard memlock unlimited", limits.conf(5) */
static void find_limit(const char *text, struct vfio_user *user)
{
	for (const char *line = text; *line; line = text_next_line(line)) {
		char who[64], kind[16], item[32], value[64];
		const char *name = who + (*who == '@');

		if (sscanf(line, "%63s %15s %31s %63s", who, kind, item, value) != 4 ||
			*who == '#' || strcmp(item, "memlock") != 0 ||
			strcmp(kind, "soft") == 0)
			continue;
		name = who + (*who == '@');
		if (strcmp(who, "*") == 0 ||
			(*name &&
				(strcmp(name, user->user) == 0 ||
					strcmp(name, user->group) == 0)))
			strcpy(user->limit, value);
	}
}

static void find_limits(const struct root *root, struct vfio_user *user)
{
	_cleanup_(file_free_names) struct file_names paths = {0};

	if (file_add_name(&paths, LIMITS) < 0)
		return;
	file_list_paths(root, "/etc/security/limits.d", "*.conf", 0, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		_cleanup_free_ char *text = NULL;

		if (file_read(root, paths.names[i], &text, NULL) == 0)
			find_limit(text, user);
	}
}

/* All memory of a guest with a device is locked, and libvirt raises the limit only of its own. */
static void check_users(struct check_host *host)
{
	struct vfio_user user = {0};
	const char *sign, *who;

	if (has_demand(host))
		find_user(host->root, &user);
	if (!*user.rule)
		return;
	find_members(host->root, user.group, user.members, sizeof(user.members));
	find_limits(host->root, &user);
	sign = *user.user ? "" : "@";
	who = *user.user ? user.user : user.group;
	if (!*user.user && !*user.members) {
		check_fail(host, user.rule,
			"it lets the group %s use vfio, and nobody is in that group",
			who);
		check_remedy(
			host, "run 'sudo usermod -aG %s USER', and log in again", who);
	} else if (!*user.limit) {
		check_fail(host, user.rule,
			"it lets %s%s use vfio, but they cannot lock the memory of a guest: "
			"memlock is not raised for them",
			*user.user ? "" : "the group ", who);
		check_remedy(host,
			"run \"echo '%s%s - memlock unlimited' | sudo tee "
			"/etc/security/limits.d/vfio.conf\", and log in again",
			sign, who);
	} else {
		check_pass(host, user.rule, "%s%s can use vfio, with memlock %s",
			*user.user ? "" : "the group ", who, user.limit);
	}
}

/* ---- GVT-g ----------------------------------------------------------------------------- */

static const struct check_function *find_function(
	const struct check_host *host, const struct pcibus_function *pci)
{
	for (size_t i = 0; i < host->n; i++)
		if (host->functions[i].pci == pci)
			return &host->functions[i];
	return NULL;
}

static const char *section_of(
	const struct check_host *host, const struct check_function *function)
{
	const struct pci_address address = function->pci->dev.address;
	const struct plan_entry *entry = function->demand
		? nextboot_find_demand(host->next, address)
		: nextboot_find(host->next, address);

	return entry ? host->next->config.sections[entry->section].name : "";
}

/* Mediated devices of the function that are there; true: they keep it from its guest. */
static bool report_mediated(
	struct check_host *host, const struct check_function *function)
{
	_cleanup_(file_free_names) struct file_names devices = {0};
	int r = mediated_list(host->root, function->pci->dev.address, &devices);

	if (r < 0 || !devices.n)
		return false;
	if (!function->demand) {
		check_pass(host, function->name,
			"%zu mediated device%s, such as %s: while there is one, the GPU "
			"cannot be handed over",
			devices.n, devices.n == 1 ? "" : "s", devices.names[0]);
		return false;
	}
	check_fail(host, function->name,
		"%s cannot be handed over: the GPU has the mediated device %s",
		section_of(host, function), devices.names[0]);
	check_remedy(host,
		"shut down the guest that has it, and run 'echo 1 | sudo tee "
		"/" TREE_PCI "/%s/%s/remove'",
		function->name, devices.names[0]);
	return true;
}

/* The whole GPU for one guest, and a share of it for each, exclude each other. */
static void report_both(struct check_host *host, const struct gvt *gvt,
	const struct check_function *function)
{
	check_fail(host, function->name,
		"%s has GVT-g share the GPU among guests, and the next boot gives all of it "
		"to vfio-pci",
		gvt->enabled_by);
	check_remedy(host,
		"run 'sudo vfioboot remove %s', or remove enable_gvt=1 from %s",
		section_of(host, function), gvt->enabled_by);
}

/* Whether the running kernel has no such module, as far as that is known. */
static bool lacks_module(struct check_host *host, const char *name)
{
	struct modules *modules = facts_modules(host->facts);
	enum module_kind kind;

	return modules && modules_find(modules, name, &kind, NULL, 0) == 0 &&
		kind == MODULE_NONE;
}

/* What GVT-g lacks where it is enabled, or its module is loaded. */
static void report_gvt(struct check_host *host, const struct gvt *gvt)
{
	bool offered = gvt->gpu && mediated_is_offered(host->root, gvt->gpu->dev.address);

	if (!gvt->enabled_by[0]) {
		check_fail(host, "",
			"%s loads " GVT_MODULE
			", but i915 offers GVT-g only with enable_gvt=1",
			gvt->loaded_by);
		check_remedy_parameter(host, true, GVT_PARAMETER);
	} else if (lacks_module(host, GVT_MODULE)) {
		check_fail(host, "",
			"%s enables GVT-g, and this kernel has no module " GVT_MODULE,
			gvt->enabled_by);
		check_remedy(host,
			"use a kernel that was built with CONFIG_DRM_I915_GVT_KVMGT");
	} else if (!gvt->loaded_by[0]) {
		check_fail(host, "",
			"%s enables GVT-g, and nothing loads " GVT_MODULE " at boot",
			gvt->enabled_by);
		check_remedy(host,
			"run 'echo " GVT_MODULE
			" | sudo tee /etc/modules-load.d/" GVT_MODULE
			".conf' and 'sudo modprobe " GVT_MODULE "'");
	} else if (gvt->loaded && !offered) {
		check_fail(host, "",
			"GVT-g is enabled by %s, and i915 offers no mediated device",
			gvt->enabled_by);
		check_remedy_live(host,
			"look at 'sudo dmesg | grep -i gvt'; it takes the graphics of a "
			"processor from Broadwell to Comet Lake, and i915.enable_guc=0");
	} else {
		check_pass(host, "",
			"%s enables GVT-g, and %s loads " GVT_MODULE " at boot",
			gvt->enabled_by, gvt->loaded_by);
	}
}

static void check_gvt(struct check_host *host)
{
	const struct check_function *function;
	struct gvt gvt;
	int r = gvt_look(host->facts, host->next->cmdline, &gvt);

	if (r < 0)
		host->error = r;
	if (r < 0 || !gvt.gpu)
		return;
	function = find_function(host, gvt.gpu);
	if (function && report_mediated(host, function))
		return;
	if (function && function->planned && gvt.enabled_by[0])
		report_both(host, &gvt, function);
	else if (gvt.enabled_by[0] || gvt.loaded_by[0])
		report_gvt(host, &gvt);
}

static const struct check checks[] = {
	{"libvirt", check_libvirt, NULL},
	{"libvirt-hook", check_hook, NULL},
	{"vfio-users", check_users, NULL},
	{"gvt-g", check_gvt, NULL},
};

const struct check_theme check_handover_theme = {
	"Hand-over to guests", checks, ARRAY_SIZE(checks)};
