/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a [device] section: for each a row of the table, and what takes its value. */
#include "base/base.h"
#include "config.h"

#define NUMBER_MAX 4096

_Static_assert(NUMBER_MAX == SELECTOR_VFS_MAX, "as many can be named as can be made");

bool config_next_item(const char **list, char *ret, size_t size)
{
	const char *start, *end;

	if (!*list)
		return false;
	start = *list + strspn(*list, " \t");
	end = start + strcspn(start, ",");
	*list = *end ? end + 1 : NULL;
	while (end > start && strchr(" \t", end[-1]))
		end--;
	/* What does not fit is no selector or name either: an empty item says so too. */
	if (!copy_text(ret, size, start, (size_t)(end - start)))
		ret[0] = '\0';
	return true;
}

bool config_set_choice(bool *ret, const char *value, const char *no, const char *yes)
{
	*ret = strcmp(value, yes) == 0;
	return *ret || strcmp(value, no) == 0;
}

/*
 * A place below a bridge of the root bus has a bit of that bridge, one on the root bus those of all
 * functions of its device; what names no path may be anywhere.
 */
void config_note_selector(struct config_section *section, const struct selector *selector)
{
	unsigned devfn = selector->path.devfn[0] % 64u;

	section->n_selectors++;
	section->kinds |= (uint8_t)(1 << selector->kind);
	if (selector->kind == SELECTOR_ADDRESS || selector->kind == SELECTOR_VF)
		section->places = UINT64_MAX;
	else if (selector->kind == SELECTOR_PATH)
		section->places |= selector->path.depth > 1
			? (uint64_t)1 << devfn
			: (uint64_t)0xff << (devfn & ~7u);
}

bool config_add_selector(struct config *config, struct config_place place,
	struct config_section *section, const struct selector *selector)
{
	if (config->n_selectors == CONFIG_SELECTORS_MAX) {
		config_add_error(
			config, place, "more than %d selectors", CONFIG_SELECTORS_MAX);
		return false;
	}
	config->selectors[config->n_selectors++] = *selector;
	config_note_selector(section, selector);
	return true;
}

/* Of "0, 2-3 of PATH" each item is a selector with that path. */
static void add_place(const char *value, char *item, size_t size)
{
	const char *place = strstr(value, " of ");
	size_t len = strlen(item);

	if (place && !strchr(item, ':'))
		copy_text(item + len, size - len, place, strlen(place));
}

static bool set_selectors(struct config *config, struct config_place place,
	struct config_section *section, enum selector_kind kind, const char *value)
{
	char item[SELECTOR_SIZE];
	const char *list = value;
	struct selector selector;

	while (config_next_item(&list, item, sizeof(item))) {
		if (kind == SELECTOR_VF)
			add_place(value, item, sizeof(item));
		if (selector_parse_kind(kind, item, &selector) < 0) {
			config_add_error(config, place,
				"bad %s '%.80s'; write it like %s",
				selector_kind_name(kind), *item ? item : value,
				selector_kind_example(kind));
			return false;
		}
		if (!config_add_selector(config, place, section, &selector))
			return false;
	}
	return true;
}

#define MACHINE_KEY "machine"

int config_match_machine(struct config *config, const char *list)
{
	char glob[CONFIG_MACHINE_SIZE];
	int found = 0;

	dmi_read(config->root, &config->dmi);
	while (config_next_item(&list, glob, sizeof(glob))) {
		if (!*glob)
			return -EINVAL;
		found |= dmi_matches(&config->dmi, glob);
	}
	return found;
}

static bool set_machine(struct config *config, struct config_place place,
	struct config_section *section, const char *value)
{
	size_t len = strlen(section->machine);
	int r = config_match_machine(config, value);

	if (r < 0) {
		config_add_error(config, place,
			"bad " MACHINE_KEY
			" '%.60s'; write it like Dell Inc. Precision 5820*, "
			"with ? for a comma",
			value);
		return false;
	}
	section->elsewhere = (!len || section->elsewhere) && !r;
	text_join(section->machine + len, sizeof(section->machine) - len, len ? ", " : "",
		value, NULL);
	return true;
}

static bool set_number(uint16_t *ret, const char *value)
{
	return text_take_number(&value, ret) && !*value && *ret && *ret <= NUMBER_MAX;
}

static bool set_expect(struct config_section *section, const char *value)
{
	return set_number(&section->expect, value);
}

static bool set_vfs(struct config_section *section, const char *value)
{
	return set_number(&section->vfs, value);
}

static bool set_profile(struct config_section *section, const char *value)
{
	return config_set_name(section->profile, sizeof(section->profile), value);
}

static bool set_driver(struct config_section *section, const char *value)
{
	section->auto_driver = strcmp(value, CONFIG_DRIVER_AUTO) == 0;
	/* Until the device was looked at. */
	if (section->auto_driver)
		value = "vfio-pci";
	return config_set_name(section->driver, sizeof(section->driver), value);
}

static bool set_on_move(struct config_section *section, const char *value)
{
	return config_set_choice(&section->follow, value, "refuse", "follow");
}

static bool set_last_display(struct config_section *section, const char *value)
{
	return config_set_choice(&section->last_display, value, "no", "yes");
}

static bool set_bind(struct config_section *section, const char *value)
{
	return config_set_choice(&section->demand, value, "boot", "demand");
}

static bool set_late(struct config_section *section, const char *value)
{
	return config_set_choice(&section->take, value, "leave", "take");
}

static bool set_identity(
	struct config_section *section, enum sysfs_identity kind, const char *value)
{
	return *value &&
		copy_text(section->identity[kind], SYSFS_IDENTITY_SIZE, value,
			strlen(value));
}

static bool set_switch(
	enum config_switch *ret, const char *value, const char *off, const char *on)
{
	bool is_on = false;
	bool known = config_set_choice(&is_on, value, off, on);

	*ret = is_on ? CONFIG_ON : CONFIG_OFF;
	return known;
}

static bool set_d3cold(struct config_section *section, const char *value)
{
	return set_switch(&section->d3cold, value, "no", "yes");
}

static bool set_power(struct config_section *section, const char *value)
{
	return set_switch(&section->power, value, "auto", "on");
}

/* Methods of the kernel (pci_reset_fn_methods in drivers/pci/pci.c), which gets more of them. */
static bool set_reset(struct config_section *section, const char *value)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	char word[CONFIG_RESET_SIZE];
	size_t len = 0;

	while (config_next_item(&value, word, sizeof(word))) {
		if (!*word || word[strspn(word, chars)] || strcmp(word, "default") == 0 ||
			len + 1 + strlen(word) >= sizeof(section->reset))
			return false;
		len += text_join(section->reset + len, sizeof(section->reset) - len,
			len ? " " : "", word, NULL);
	}
	return len;
}

/* Reads "8G": a power of two with M, G, T, P or E, up to 8E.  Returns CONFIG_REBAR_MIN and more, or 0. */
static uint8_t parse_size(const char *text)
{
	static const char units[] = "MGTPE";
	unsigned n = 0, bits;
	const char *unit;

	for (; *text >= '0' && *text <= '9' && n < 1000; text++)
		n = 10 * n + (unsigned)(*text - '0');
	unit = *text ? strchr(units, *text) : NULL;
	if (!unit || text[1] || !n || n & (n - 1))
		return 0;
	bits = 10 * (unsigned)(unit - units);
	while (n >>= 1)
		bits++;
	/* Bit 43, 8 EiB, is the largest that there is. */
	return (uint8_t)(bits > 43 ? 0 : CONFIG_REBAR_MIN + bits);
}

/* Items "[BAR:]SIZE", each BAR once. */
static bool set_rebar(struct config_section *section, const char *value)
{
	char item[16];
	unsigned seen = 0;

	while (config_next_item(&value, item, sizeof(item))) {
		bool numbered = *item >= '0' && *item < '0' + PCI_BARS && item[1] == ':';
		unsigned bar = numbered ? (unsigned)(*item - '0') : PCI_BARS;
		const char *size = numbered ? item + 2 : item;
		bool unchanged = strcmp(size, "unchanged") == 0;
		uint8_t rebar =
			strcmp(size, "max") == 0 ? CONFIG_REBAR_MAX : parse_size(size);

		if ((!rebar && !unchanged) || seen & 1u << bar)
			return false;
		seen |= 1u << bar;
		section->rebar[bar] = rebar;
	}
	/* The one without a number could be any of those with one. */
	return !(seen >> PCI_BARS) || seen == 1u << PCI_BARS;
}

static bool set_serial(struct config_section *section, const char *value)
{
	return set_identity(section, SYSFS_SERIAL, value);
}

static bool set_slot(struct config_section *section, const char *value)
{
	return set_identity(section, SYSFS_SLOT, value);
}

static bool set_host_bridge(struct config_section *section, const char *value)
{
	return set_identity(section, SYSFS_HOST_BRIDGE, value);
}

/*
 * The keys of a [device] section that have one value.  The message of an unknown key lists them in
 * this order.
 */
#define IDENTITY_KEY 8 /* where those of enum sysfs_identity begin */
static const struct key {
	const char *name;
	bool (*set)(struct config_section *section, const char *value);
	const char *allowed;
} keys[] = {
	{"expect", set_expect, "a number from 1 to 4096"},
	{"profile", set_profile, "a name of A-Z a-z 0-9 . _ -"},
	{"driver", set_driver, "the name of a driver, such as vfio-pci, auto or none"},
	{"bind", set_bind, "boot or demand"},
	{"on-move", set_on_move, "refuse or follow"},
	{"last-display", set_last_display, "yes or no"},
	{"late", set_late, "leave or take"},
	{"vfs", set_vfs, "a number from 1 to 4096"},
	[IDENTITY_KEY + SYSFS_SERIAL] = {"serial", set_serial, "up to 63 bytes"},
	[IDENTITY_KEY + SYSFS_SLOT] = {"slot", set_slot, "up to 63 bytes"},
	[IDENTITY_KEY +
		SYSFS_HOST_BRIDGE] = {"host-bridge", set_host_bridge, "up to 63 bytes"},
	{"rebar", set_rebar,
		"a size such as 8G, max or unchanged, or for each BAR one such as 1:8G, 2:max"},
	{"reset", set_reset,
		"the kernel's reset methods in order, such as flr, bus or device_specific, bus"},
	{"d3cold", set_d3cold, "yes or no"},
	{"power", set_power, "on or auto"},
};

/*
 * Keys that one would look for, and why there are none.  disable_idle_d3: drivers/vfio/pci/vfio_pci.c,
 * a parameter of the module; rom: the kernel only shows it.
 */
static const struct {
	const char *name, *remedy;
} others[] = {
	{"disable_idle_d3",
		"it is one switch of vfio-pci for all devices: write 'options vfio-pci "
		"disable_idle_d3=1' into a file of /etc/modprobe.d; power = on is for one section"},
	{"rom",
		"the kernel has no such switch; the guest has: <rom bar='off'/> or <rom file=...> in "
		"libvirt, rombar=0 or romfile= in QEMU"},
};

_Static_assert(ARRAY_SIZE(keys) <= 32, "config_section.keys has a bit for each");

const char *config_identity_key(enum sysfs_identity kind)
{
	return keys[IDENTITY_KEY + kind].name;
}

static const struct key *find_key(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		if (text_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

static void add_unknown(struct config *config, struct config_place place,
	const struct config_section *section, const char *key)
{
	char list[CONFIG_MESSAGE_SIZE];
	size_t len = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(key, others[i].name) == 0) {
			config_add_error(config, place,
				"there is no key '%s' in [device %s]: %s", key,
				section->name, others[i].remedy);
			return;
		}
	for (int kind = 0; kind < SELECTOR_KINDS; kind++)
		len += text_join(list + len, sizeof(list) - len,
			selector_kind_name((enum selector_kind)kind), ", ", NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		len += text_join(list + len, sizeof(list) - len, keys[i].name,
			i + 1 < ARRAY_SIZE(keys) ? ", " : "", NULL);
	text_join(list + len, sizeof(list) - len, ", " MACHINE_KEY, NULL);
	config_add_error(config, place,
		"unknown key '%.60s' in [device %s]; the keys are %s", key, section->name,
		list);
}

bool config_set_key(struct config *config, struct config_place place,
	struct config_section *section, const char *name, const char *value)
{
	const struct key *key;
	uint32_t bit;

	for (int kind = 0; kind < SELECTOR_KINDS; kind++)
		if (text_is(name, selector_kind_name((enum selector_kind)kind)))
			return set_selectors(
				config, place, section, (enum selector_kind)kind, value);
	if (strcmp(name, MACHINE_KEY) == 0)
		return set_machine(config, place, section, value);
	key = find_key(name);
	if (!key) {
		add_unknown(config, place, section, name);
		return false;
	}
	bit = (uint32_t)1 << (key - keys);
	if (section->keys & bit) {
		config_add_error(config, place,
			"'%s' is set twice in [device %s]; keep one", name,
			section->name);
		return false;
	}
	if (!key->set(section, value)) {
		config_add_error(config, place, "bad value '%.60s' of '%s'; use %s",
			value, name, key->allowed);
		return false;
	}
	section->keys |= bit;
	return true;
}
