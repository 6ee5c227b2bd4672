/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the loader to the entries of its menu, and what their command lines say. */
#include "base/base.h"
#include "chain/loaders/efi_entry.h"
#include "facts/facts.h"
#include "follow.h"

/* Where that cannot be seen here. */
#define START_OURS "make sure that your boot loader starts an image with vfioboot"

/* "vfioboot.off=0" takes one before it back. */
static bool is_off(const char *options)
{
	struct cmdline_param param;
	bool off = false;

	while (cmdline_next(&options, &param))
		if (cmdline_name_is(&param, "vfioboot.off"))
			off = param.value_len != 1 || *param.value != '0';
	return off;
}

/* Whether another program than the generator's is the first one in the image. */
static bool has_other_init(const char *options)
{
	struct cmdline_param param;

	return cmdline_find_last(options, "rdinit", &param) &&
		(param.value_len != strlen("/init") ||
			memcmp(param.value, "/init", param.value_len) != 0);
}

#define HINDRANCE(name, value, effect)                                                   \
	{                                                                                \
		name, value, "its command line has " name "=" value ", so that " effect  \
	}
#define NOT_LOADED "vfio-pci is not loaded"
#define NOT_RUN    "vfioboot-early does not run"

#define LISTED(module) HINDRANCE("module_blacklist", module, NOT_LOADED)

/*
 * A blacklist of modprobe's or dracut's is none: that counts for modules that a device asks for, and
 * not for one that is named.  The kernel compares names as they are in the module
 * (kernel/module/main.c, init/main.c).
 */
static const struct {
	const char *name, *value, *text;
} hindrances[] = {
	LISTED("vfio_pci"),
	MODULES_BELOW_VFIO_PCI(LISTED),
	HINDRANCE("initcall_blacklist", "vfio_pci_init", NOT_LOADED),
	HINDRANCE("initcall_blacklist", "vfio_pci_core_init", NOT_LOADED),
	HINDRANCE("initcall_blacklist", "vfio_init", NOT_LOADED),
	HINDRANCE("disablehooks", "vfioboot", NOT_RUN),
	HINDRANCE("rd.systemd.mask", "vfioboot-early.service", NOT_RUN),
	HINDRANCE("rd.systemd.mask", "vfioboot-early", NOT_RUN),
};

/* What keeps the early program from its work where the entry is started; NULL: nothing. */
static const char *find_hindrance(const char *options)
{
	if (cmdline_has(options, "noinitrd", NULL))
		return "its command line has noinitrd, so that the kernel does not use the "
		       "image";
	if (has_other_init(options))
		return "its command line has rdinit=, so that another program is started in "
		       "the image";
	for (size_t i = 0; i < ARRAY_SIZE(hindrances); i++)
		if (cmdline_has(options, hindrances[i].name, hindrances[i].value))
			return hindrances[i].text;
	return is_off(options)
		? "its command line has vfioboot.off, so that nothing is bound"
		: NULL;
}

static int add_entry(struct chain *chain, const struct bootloader *loader,
	const struct bootmenu_entry *said)
{
	struct chain_entry *entry = LIST_ADD(chain->entries, chain->n_entries);

	if (!entry)
		return -ENOMEM;
	*entry = (struct chain_entry){.said = said,
		.loader = loader,
		.kernel = "",
		.image = CHAIN_NO_IMAGE,
		.is_default = said->is_default,
		.is_next = said->is_next,
		.hindrance = find_hindrance(said->options),
		.names_devices = cmdline_has(said->options, CONFIG_PARAM_DEVICE, NULL)};
	return 0;
}

static bool is_of_interest(const struct bootmenu_entry *said)
{
	return said->kind != BOOTMENU_ELSE || said->is_default || said->is_next;
}

static int fail_unread(const struct bootloader *loader, const struct bootmenu *menu,
	int error, struct message *message)
{
	message_remedy(message, "mount or restore it");
	message_errno(message, error, "cannot read the menu of %s%s%s", loader->title,
		menu->failed[0] ? ", " : "", menu->failed);
	return 0;
}

static int add_entries(struct chain *chain, const struct bootloader *loader,
	const struct bootmenu *menu, struct message *message)
{
	size_t before = chain->n_entries;
	int r = 0;

	for (size_t i = 0; r == 0 && i < menu->n; i++)
		if (is_of_interest(&menu->entries[i]))
			r = add_entry(chain, loader, &menu->entries[i]);
	if (r < 0 || chain->n_entries > before)
		return r;
	message_remedy(message, "rebuild that menu, or mount what has its files");
	message_set(message, -ENOENT,
		"the menu of %s has no entry of a kernel of this system", loader->title);
	return 0;
}

/* Of several reasons why it is not known what is started the first one is told. */
static int read_menu(
	const struct root *root, struct chain *chain, const struct bootloader *loader)
{
	struct message *message = chain->unknown.code ? NULL : &chain->unknown;
	struct bootmenu *menu = &chain->menus[chain->n_menus++];
	char place[BOOTMENU_PLACE_SIZE];
	struct bootentries wanted = {0};
	int r;

	if (!loader->ops->read) {
		bootmenu_hand_place(root, loader, place);
		message_remedy(message, START_OURS);
		message_set(message, -EOPNOTSUPP,
			"vfioboot does not read the menu of %s (%s)", loader->title,
			place);
		return 0;
	}
	bootmenu_read_wanted(root, &wanted);
	r = loader->ops->read(root, &wanted, menu);
	if (r < 0 && r != -ENOMEM)
		return fail_unread(loader, menu, r, message);
	if (menu->replaced.code && message) {
		*message = menu->replaced;
		message = NULL;
	}
	return r < 0 ? r : add_entries(chain, loader, menu, message);
}

/* Where nothing says which of several loaders starts the machine, what all do is known still. */
static int read_menus(const struct root *root, struct chain *chain)
{
	const struct bootloader_search *loaders = &chain->loaders;
	/* What names itself, and is not known, is none of those whose files are here. */
	size_t n = loaders->owner ? !loaders->unmounted[0]
		: *loaders->named ? 0
				  : loaders->n;
	int r = 0;

	chain->menus = calloc(n + 1, sizeof(*chain->menus));
	if (!chain->menus)
		return -ENOMEM;
	if (loaders->hidden && !loaders->owner) {
		message_remedy(&chain->unknown, "run this as root");
		message_set(&chain->unknown, -EACCES,
			"only root can read what shows the boot loader (/%s)",
			loaders->hidden_at);
	} else if (loaders->unmounted[0]) {
		bootloader_say_unmounted(loaders, &chain->unknown);
	} else if (loaders->instead[0]) {
		message_remedy(&chain->unknown,
			"put the entry of this boot first ('efibootmgr --bootorder')");
		message_set(&chain->unknown, -ENOENT,
			"the firmware starts %s first, and not what has started this boot",
			loaders->instead);
	} else if (loaders->is_program && !loaders->owner) {
		message_remedy(&chain->unknown, START_OURS);
		message_set(&chain->unknown, -ENOENT,
			"the firmware starts %s, which vfioboot does not know",
			loaders->named);
	} else if (n == 0) {
		message_remedy(&chain->unknown, START_OURS);
		message_set(&chain->unknown, -ENOENT,
			"no boot loader that vfioboot knows was found");
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_menu(root, chain,
			loaders->owner ? loaders->owner : loaders->found[i].loader);
	return r;
}

/*
 * Whether the firmware starts something else, once: that is what it starts always, or else it is not
 * known to lead to the same menu.
 */
static bool firmware_chooses(const struct root *root)
{
	struct efi_entry once, always;
	bool other;
	int r = efi_entry_next(root, &once);

	return r != -ENOENT &&
		(r < 0 || efi_entry_default(root, &always, &other) < 0 ||
			!efi_entry_is(&once, &always));
}

int chain_read_menus(const struct root *root, struct chain *ret)
{
	struct chain chain = {0};
	int r;

	bootloader_find(root, &chain.loaders);
	r = read_menus(root, &chain);
	/* The stub of unified images has no other menu than that of the firmware. */
	if (chain.loaders.owner && chain.loaders.owner->ops != &bootloader_ops_uki)
		chain.firmware_chooses = firmware_chooses(root);
	if (r < 0)
		chain_free(&chain);
	else
		*ret = chain;
	return r;
}

/* ---- what starts next ---- */

static const struct chain_entry *find_default(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_entries; i++)
		if (chain->entries[i].is_default)
			return &chain->entries[i];
	return NULL;
}

/* Whether what starts may be another system, or what was not read. */
static bool may_be_else(const struct bootmenu *menu)
{
	for (size_t i = 0; i < menu->n; i++)
		if (menu->entries[i].kind == BOOTMENU_ELSE)
			return true;
	return menu->default_elsewhere;
}

enum image_state chain_ready(
	const struct chain *chain, const struct chain_entry **ret_entry)
{
	const struct chain_entry *entry = find_default(chain);
	enum image_state state = IMAGE_UNKNOWN;

	/* Of several loaders each has a default. */
	*ret_entry = chain->n_menus == 1 ? entry : NULL;
	if (chain->unknown.code)
		return IMAGE_UNKNOWN;
	if (*ret_entry)
		return entry->state;
	for (size_t i = 0; i < chain->n_menus; i++)
		if (may_be_else(&chain->menus[i]))
			return IMAGE_UNKNOWN;
	for (size_t i = 0; i < chain->n_entries; i++) {
		if (i && chain->entries[i].state != state)
			return IMAGE_UNKNOWN;
		state = chain->entries[i].state;
	}
	return state;
}

const struct chain_entry *chain_next(const struct chain *chain, struct message *why)
{
	const struct chain_entry *entry;

	chain_ready(chain, &entry);
	if (chain->unknown.code && why)
		*why = chain->unknown;
	if (chain->unknown.code)
		return NULL;
	message_set(why, -ENOENT, "which boot loader starts this machine is not known");
	if (chain->n_menus != 1)
		return NULL;
	message_set(why, -ENOENT,
		"the next boot is chosen once, and what that starts is not known");
	if (chain->firmware_chooses || chain->menus[0].next_elsewhere)
		return NULL;
	for (size_t i = 0; i < chain->n_entries; i++)
		if (chain->entries[i].is_next)
			return &chain->entries[i];
	message_set(why, -ENOENT, "which entry starts by default is not known");
	return entry;
}

const struct chain_entry *chain_next_cmdline(
	const struct chain *chain, struct message *why)
{
	const struct chain_entry *entry = chain_next(chain, why);
	const char *variable = entry ? strchr(entry->said->options, '$') : NULL;

	if (entry && entry->said->kind == BOOTMENU_ELSE) {
		message_set(why, -ENOENT, "'%s' starts no kernel of this system",
			entry->said->title);
		return NULL;
	}
	if (!variable)
		return entry;
	message_set(why, -ENOENT, "the value of %.*s in the entry '%s' is not known",
		(int)strcspn(variable, " \t"), variable, entry->said->title);
	return NULL;
}
