/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One judge a kind of leftover: a table of what each does beside the plan of the next boot. */
#include "verdicts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/base.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "parameter_remedy.h"

/* More functions than these are counted. */
#define FUNCTIONS_MAX 4

#define FIX "run 'sudo vfioboot check --fix leftovers'"

/* The functions that a leftover names, as texts: "ADDRESS, ADDRESS and 2 more". */
struct named {
	char given[256]; /* that the next boot binds as configured */
	char kept[256];  /* that it leaves to the host */
	unsigned n_given, n_kept;
	const struct plan_entry *entry; /* of the first that is given */
	char to_add
		[PCI_ADDRESS_SIZE]; /* the first of these that no section has; "": none */
};

static void list_function(char *list, size_t size, unsigned n, const char *address)
{
	size_t len = strlen(list);

	if (n < FUNCTIONS_MAX)
		text_join(list + len, size - len, len ? ", " : "", address, NULL);
}

static void count_rest(char *list, size_t size, unsigned n)
{
	size_t len = strlen(list);

	if (n > FUNCTIONS_MAX)
		snprintf(list + len, size - len, " and %u more", n - FUNCTIONS_MAX);
}

/* The entry of the plan that binds the function; NULL: it stays with the host. */
static const struct plan_entry *find_given(
	const struct nextboot *next, const struct pcibus_function *function)
{
	const struct plan_entry *entry = nextboot_find(next, function->dev.address);

	return entry && entry->reason == REASON_NONE ? entry : NULL;
}

static void list_named(
	const struct nextboot *next, const struct leftover *leftover, struct named *ret)
{
	*ret = (struct named){0};
	for (size_t i = 0; i < leftover->n; i++) {
		const struct plan_entry *entry = find_given(next, leftover->functions[i]);
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(leftover->functions[i]->dev.address, address);
		if (entry) {
			ret->entry = ret->entry ?: entry;
			list_function(
				ret->given, sizeof(ret->given), ret->n_given++, address);
		} else {
			if (!*ret->to_add &&
				!nextboot_find_demand(
					next, leftover->functions[i]->dev.address))
				strcpy(ret->to_add, address);
			list_function(
				ret->kept, sizeof(ret->kept), ret->n_kept++, address);
		}
	}
	count_rest(ret->given, sizeof(ret->given), ret->n_given);
	count_rest(ret->kept, sizeof(ret->kept), ret->n_kept);
}

/* 0, or -ENOMEM. */
__attribute__((format(printf, 3, 4))) static int say(
	struct verdict *verdict, enum verdict_effect effect, const char *format, ...)
{
	va_list args;
	int r;

	verdict->effect = effect;
	va_start(args, format);
	r = vasprintf(&verdict->found, format, args);
	va_end(args);
	if (r < 0)
		verdict->found = NULL;
	return r < 0 ? -ENOMEM : 0;
}

/* ---- one judge a kind ------------------------------------------------------------------ */

static bool is_builtin(struct facts *facts, const char *driver)
{
	struct modules *modules = facts_modules(facts);
	enum module_kind kind;

	return modules && modules_find(modules, driver, &kind, NULL, 0) == 0 &&
		kind == MODULE_BUILTIN;
}

static int judge_ids(const struct verdicts *all, const struct leftover *leftover,
	const struct named *named, struct verdict *ret)
{
	bool builtin = is_builtin(all->facts, leftover->name);

	if (builtin && leftover->kind == LEFTOVER_IDS)
		return say(ret, VERDICT_NEEDLESS,
			"ids= has no effect, as %s is built into this kernel",
			leftover->name);
	if (!leftover->n)
		return say(ret, VERDICT_NEEDLESS, "ids= of %s matches no device here",
			leftover->name);
	if (!named->n_kept)
		return say(ret, VERDICT_NEEDLESS,
			"ids= of %s is not needed: vfioboot binds %s", leftover->name,
			named->given);
	if (builtin)
		return say(ret, VERDICT_TAKES,
			"the kernel, into which %s is built, binds it to %s, too, which "
			"the configuration leaves to the host",
			leftover->name, named->kept);
	return say(ret, VERDICT_TAKES,
		"ids= of %s also matches %s, which the configuration leaves to the host: "
		"bound whenever anything but vfioboot loads %s",
		leftover->name, named->kept, leftover->name);
}

/*
 * An install line whose command binds nothing.  That of the module which is asked for is ignored by
 * modprobe -i, and no other (kmod, libkmod-module.c, kmod_module_probe_insert_module()).
 */
static int judge_install(
	const struct verdicts *all, const struct leftover *leftover, struct verdict *ret)
{
	if (!leftover->replaces)
		return say(ret, VERDICT_NEEDLESS,
			"vfioboot ignores it when it loads %s; other programs do not",
			leftover->name);
	return is_builtin(all->facts, leftover->name)
		? 0
		: say(ret, VERDICT_TAKES,
			  "its command takes the place of %s, which vfio-pci needs",
			  leftover->name);
}

/* Of scripts, and of the commands of install lines. */
static int judge_script(const struct verdicts *all, const struct leftover *leftover,
	const struct named *named, struct verdict *ret)
{
	const char *what = leftover->kind == LEFTOVER_INSTALL ? "its command"
		: leftover->line                              ? "the line"
							      : "the script";

	if (leftover->kind == LEFTOVER_INSTALL && !leftover->binds)
		return judge_install(all, leftover, ret);
	if (named->n_kept)
		return say(ret, VERDICT_TAKES,
			"%s binds devices, and names %s, which the configuration leaves "
			"to the host",
			what, named->kept);
	if (named->n_given)
		return say(ret, VERDICT_NEEDLESS, "%s is not needed: vfioboot binds %s",
			what, named->given);
	return say(
		ret, VERDICT_UNKNOWN, "%s binds devices, and does not say which", what);
}

static int judge_hook(const struct verdicts *all, const struct leftover *leftover,
	const struct named *named, struct verdict *ret)
{
	(void)all, (void)leftover;
	if (!named->n_given)
		return 0;
	return say(ret, VERDICT_NEEDLESS,
		"it moves %s between the host's driver and vfio-pci when a guest starts "
		"and ends; since it is bound at boot, that is not needed",
		named->given);
}

static int judge_driverctl(const struct verdicts *all, const struct leftover *leftover,
	const struct named *named, struct verdict *ret)
{
	bool vfio = pcidev_driver_is_vfio(leftover->name);
	const char *wanted = named->entry
		? all->next->config.sections[named->entry->section].driver
		: "";

	if (named->entry && strcmp(wanted, leftover->name) == 0)
		return say(ret, VERDICT_NEEDLESS,
			"the override of driverctl is not needed: vfioboot binds %s",
			named->given);
	if (named->entry)
		return say(ret, VERDICT_TAKES,
			"driverctl gives %s to %s, after vfioboot has bound it to %s",
			named->given, leftover->name, wanted);
	if (vfio && named->n_kept)
		return say(ret, VERDICT_TAKES,
			"driverctl gives %s to %s, which the configuration leaves to the "
			"host",
			named->kept, leftover->name);
	return vfio ? say(ret, VERDICT_NEEDLESS,
			      "driverctl would give the device at %s to %s, and there is "
			      "none",
			      leftover->text, leftover->name)
		    : 0;
}

/* Whether the module is native to the function. */
static bool claims(const struct verdicts *all, const char *module,
	const struct pcibus_function *function)
{
	struct modules *modules = facts_modules(all->facts);
	char names[256] = "", name[64];

	text_join(name, sizeof(name), module, NULL);
	for (char *at = name; *at; at++)
		*at = *at == '-' ? '_' : *at;
	return modules &&
		modules_claiming(modules, &function->dev.ids, names, sizeof(names)) ==
		0 &&
		modules_is_listed(names, name);
}

/* People blacklist a driver for the card that they give away, and the host's has none then. */
static int judge_blacklist(const struct verdicts *all, const struct leftover *leftover,
	const struct named *named, struct verdict *ret)
{
	const struct pcibus *bus = &all->facts->bus;
	const struct pcibus_function *without = NULL;
	char address[PCI_ADDRESS_SIZE];
	bool meant = false;

	(void)named;
	for (size_t i = 0; i < bus->n; i++) {
		const struct pcibus_function *function = &bus->functions[i];
		bool given = find_given(all->next, function);

		if (!given && (function->dev.driver[0] || without))
			continue;
		if ((!given || !meant) && claims(all, leftover->name, function)) {
			without = given ? without : function;
			meant |= given;
		}
	}
	if (!without || !meant)
		return 0;
	pci_address_format(without->dev.address, address);
	return say(ret, VERDICT_TAKES,
		"it keeps %s from %s, which the configuration leaves to the host and "
		"which has no driver now",
		leftover->name, address);
}

static int (*const judges[])(const struct verdicts *all, const struct leftover *leftover,
	const struct named *named, struct verdict *ret) = {
	[LEFTOVER_IDS] = judge_ids,
	[LEFTOVER_CMDLINE] = judge_ids,
	[LEFTOVER_INSTALL] = judge_script,
	[LEFTOVER_BLACKLIST] = judge_blacklist,
	[LEFTOVER_DRIVERCTL] = judge_driverctl,
	[LEFTOVER_SCRIPT] = judge_script,
	[LEFTOVER_HOOK] = judge_hook,
};

/* ---- what to do ------------------------------------------------------------------------ */

/*
 * Whether it is taken away by steps: what a person wrote, but neither a script that does other
 * things, too, nor one that a generator's settings name, and would miss.
 */
static bool is_removable(const struct root *root, const struct leftover *leftover)
{
	static const char *const homes[] = {
		"/etc/", "/usr/local/", "/usr/share/initramfs-tools/"};
	static const char *const others[] = {
		"/etc/initcpio/", "/etc/rc.local", "/etc/rc.d/"};
	const char *path = leftover->path;
	char target[1];
	bool ours = false;

	for (size_t i = 0; i < ARRAY_SIZE(homes); i++)
		ours |= text_begins_with(path, homes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ours &= !text_begins_with(path, others[i]);
	return ours && leftover->kind != LEFTOVER_HOOK &&
		file_read_link(root, path, target, sizeof(target)) == -EINVAL;
}

/* What a person does about one that is not taken away by steps. */
static int by_hand(const struct root *root, const struct leftover *leftover, char **ret)
{
	char remedy[PARAMETER_REMEDY_SIZE];
	const char *path = leftover->path, *name = strrchr(path, '/');
	int r;

	if (leftover->kind == LEFTOVER_CMDLINE) {
		parameter_remedy(root, false, leftover->text, remedy);
		return (*ret = strdup(remedy)) ? 0 : -ENOMEM;
	}
	if (strstr(path, "/initcpio/"))
		r = asprintf(ret,
			"remove %s from HOOKS in /etc/mkinitcpio.conf, and run 'sudo "
			"mkinitcpio -P'",
			name + 1);
	else if (strstr(path, "/modules.d/"))
		r = asprintf(ret,
			"run 'sudo rm -r %.*s', and 'sudo dracut --regenerate-all "
			"--force'",
			(int)(name - path), path);
	else if (strstr(path, "/modprobe.d/"))
		r = asprintf(ret, "run 'sudo ln -sf " TREE_NULL " /etc/modprobe.d/%s'",
			name + 1);
	else if (text_begins_with(path, "/var/spool/cron/"))
		r = asprintf(ret, "run 'sudo crontab -u %s -e', and delete that line",
			name + 1);
	else if (text_ends_with(path, ".service"))
		r = asprintf(ret, "run 'sudo systemctl disable %s'", name + 1);
	else
		r = asprintf(ret, "remove what binds devices from %s", path);
	return r < 0 ? -ENOMEM : 0;
}

static int find_remedy(const struct root *root, const struct leftover *leftover,
	const struct named *named, struct verdict *verdict)
{
	_cleanup_free_ char *hand = NULL;
	int r = 0;

	if (verdict->effect < VERDICT_UNKNOWN)
		return (verdict->remedy = strdup("")) ? 0 : -ENOMEM;
	if (!verdict->removable)
		r = by_hand(root, leftover, &hand);
	if (r < 0)
		return r;
	if (*named->to_add)
		r = asprintf(&verdict->remedy,
			"%s; or 'sudo vfioboot add %s' if a guest is to have it",
			hand ? hand : FIX, named->to_add);
	else
		r = asprintf(&verdict->remedy, "%s", hand ? hand : FIX);
	if (r < 0)
		verdict->remedy = NULL;
	return r < 0 ? -ENOMEM : 0;
}

/* Without a configuration it is what this machine has in place of vfioboot. */
static int judge_alone(
	const struct leftover *leftover, const struct named *named, struct verdict *ret)
{
	ret->effect = VERDICT_HARMLESS;
	if (leftover->kind == LEFTOVER_BLACKLIST || leftover->kind == LEFTOVER_HOOK ||
		(leftover->kind == LEFTOVER_INSTALL && !leftover->binds) ||
		(!leftover->n &&
			(leftover->kind == LEFTOVER_IDS ||
				leftover->kind == LEFTOVER_CMDLINE)) ||
		(leftover->kind == LEFTOVER_DRIVERCTL &&
			!pcidev_driver_is_vfio(leftover->name)))
		return 0;
	return say(ret, VERDICT_NEEDLESS,
		"it binds %s; 'sudo vfioboot import' takes that over",
		named->n_kept ? named->kept : "devices");
}

static int judge(
	const struct verdicts *all, const struct leftover *leftover, struct verdict *ret)
{
	struct named named;
	int r;

	list_named(all->next, leftover, &named);
	ret->removable = is_removable(all->facts->root, leftover);
	r = all->next->config.n_sections
		? judges[leftover->kind](all, leftover, &named, ret)
		: judge_alone(leftover, &named, ret);
	return r < 0 ? r : find_remedy(all->facts->root, leftover, &named, ret);
}

int verdicts_find(struct facts *facts, const struct nextboot *next, struct verdicts *ret)
{
	/* What entries get when the menu is made the next time, with the next kernel. */
	_cleanup_free_ char *permanent = parameter_permanent(facts->root);
	int r;

	*ret = (struct verdicts){.facts = facts, .next = next};
	r = leftovers_find(facts, next->cmdline, &ret->leftovers);
	if (r < 0)
		return r;
	if (permanent)
		r = leftovers_add_cmdline(facts, permanent, &ret->leftovers);
	ret->list = calloc(ret->leftovers.n + 1, sizeof(*ret->list));
	r = r == 0 && !ret->list ? -ENOMEM : r;
	for (size_t i = 0; r == 0 && i < ret->leftovers.n; i++)
		r = judge(ret, &ret->leftovers.list[i], &ret->list[i]);
	if (r < 0)
		verdicts_free(ret);
	return r;
}

void verdicts_free(struct verdicts *verdicts)
{
	for (size_t i = 0; verdicts->list && i < verdicts->leftovers.n; i++) {
		free(verdicts->list[i].found);
		free(verdicts->list[i].remedy);
	}
	free(verdicts->list);
	leftovers_free(&verdicts->leftovers);
	*verdicts = (struct verdicts){0};
}

void verdict_place(const struct leftover *leftover, char *ret, size_t size)
{
	if (leftover->line)
		snprintf(ret, size, "%s:%u", leftover->path, leftover->line);
	else
		snprintf(ret, size, "%s",
			*leftover->path ? leftover->path : "kernel command line");
}

/* ---- taking them away ------------------------------------------------------------------ */

static bool is_taken_away(const struct verdicts *verdicts, size_t i)
{
	return verdicts->list[i].removable &&
		verdicts->list[i].effect != VERDICT_HARMLESS;
}

/* Whether the line that begins at @number, of @n lines, is one of those of the file @path. */
static bool is_line_of(const struct verdicts *verdicts, const char *path, unsigned number)
{
	for (size_t i = 0; i < verdicts->leftovers.n; i++)
		if (is_taken_away(verdicts, i) &&
			verdicts->leftovers.list[i].line == number &&
			strcmp(verdicts->leftovers.list[i].path, path) == 0)
			return true;
	return false;
}

/* The text with those lines as comments, for free(); NULL without memory, or if all are comments. */
static int comment_out(
	const struct verdicts *verdicts, const char *path, const char *text, char **ret)
{
	struct text_stream out;
	unsigned number = 1, n;
	const char *cursor = text;
	bool any = false;

	*ret = NULL;
	if (!text_stream_open(&out))
		return -ENOMEM;
	do {
		_cleanup_free_ char *line = NULL;
		const char *at = cursor;
		bool gone;

		n = module_files_next_line(&cursor, &line);
		gone = is_line_of(verdicts, path, number);
		if (n && line && !gone)
			any |= line[strspn(line, " \t\r")] &&
				line[strspn(line, " \t\r")] != '#';
		for (unsigned i = 0; i < n; i++, at = text_next_line(at))
			fprintf(out.out, "%s%.*s", gone ? LEFTOVERS_COMMENT : "",
				(int)(text_next_line(at) - at), at);
		number += n;
	} while (n);
	*ret = text_stream_take(&out);
	if (*ret && !any) {
		free(*ret);
		*ret = NULL;
		return 0;
	}
	return *ret ? 0 : -ENOMEM;
}

/* Keeps the file in the directory @archive, and leaves its other lines. */
static int add_steps_of(const struct verdicts *verdicts, const struct leftover *leftover,
	const char *archive, struct change *change)
{
	_cleanup_free_ char *text = NULL, *rest = NULL, *kept = NULL;
	int r = 0;

	if (leftover->line) {
		r = file_read(change->root, leftover->path, &text, NULL);
		r = r < 0 ? r : comment_out(verdicts, leftover->path, text, &rest);
	}
	if (r < 0)
		return r;
	if (asprintf(&kept, "%s%s", archive, leftover->path) < 0 ||
		!change_add(change, &change_move, leftover->path, kept))
		return -ENOMEM;
	return rest ? change_put_text(change, leftover->path, rest) : 0;
}

int verdicts_add_steps(const struct verdicts *verdicts, struct change *change)
{
	_cleanup_(file_free_names) struct file_names done = {0};
	char archive[sizeof(LEFTOVERS_ARCHIVE) + 16];
	unsigned number = 0;
	int r = 0;

	do
		snprintf(archive, sizeof(archive), LEFTOVERS_ARCHIVE "/%u", number++);
	while (file_exists(change->root, "%s", archive));
	for (size_t i = 0; r == 0 && i < verdicts->leftovers.n; i++) {
		const struct leftover *leftover = &verdicts->leftovers.list[i];
		size_t before = done.n;

		if (!is_taken_away(verdicts, i))
			continue;
		r = file_add_name(&done, leftover->path);
		if (r == 0 && done.n > before)
			r = add_steps_of(verdicts, leftover, archive, change);
	}
	return r;
}
