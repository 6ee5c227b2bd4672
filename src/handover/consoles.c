/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds out on which displays the kernel shows text, and takes these from it. */
#include "consoles.h"

#include <ctype.h>
#include <limits.h>

#include "facts/facts.h"
#include "native.h"

/* What drivers/video/fbdev/core/fbcon.c calls itself: "(M) frame buffer device". */
#define FRAME_BUFFER "frame buffer"

/* What show_name() of drivers/tty/vt/vt.c has before the name of the kernel's first console. */
#define SYSTEM_CONSOLE "(S)"

/* Devices that drivers/firmware/sysfb.c makes: "simple-framebuffer.0", "efi-framebuffer.0". */
#define FIRMWARE "-framebuffer."

/* ---- The firmware's framebuffer --------------------------------------------------------- */

/* The one device of the kind that has a driver: the kernel makes no second one. */
static int find_firmware_device(const struct root *root, struct consoles *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(root, TREE_PLATFORM, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.names[i], *driver;
		char path[NAME_MAX + 64], target[256];

		if (!strstr(name, FIRMWARE))
			continue;
		text_join(path, sizeof(path), TREE_PLATFORM "/", name, "/driver", NULL);
		if (file_read_link(root, path, target, sizeof(target)) < 0)
			continue;
		driver = strrchr(target, '/');
		driver = driver ? driver + 1 : target;
		if (copy_text(ret->firmware_device, sizeof(ret->firmware_device), name,
			    strlen(name)))
			text_join(ret->firmware_driver, sizeof(ret->firmware_driver),
				driver, NULL);
	}
	return r;
}

/* Finds it where it lies in a BAR of one of the functions. */
static int find_firmware(const struct root *root, const struct pci_address *functions,
	size_t n, struct consoles *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct pci_bar bars[PCI_BARS];
		char name[32] = "";
		int r = pci_bars_read(root, functions[i], bars);

		if (r == 0)
			r = pci_bars_find_framebuffer(root, bars, name, sizeof(name));
		if (r == 0 && *name)
			return find_firmware_device(root, ret);
	}
	return 0;
}

/* ---- Displays that can show text -------------------------------------------------------- */

/* How many of them leave, and how many stay. */
struct screens {
	const struct root *root;
	const struct pci_address *functions;
	size_t n;
	const char *firmware; /* the platform device that leaves with them, or "" */
	unsigned leave, stay;
};

static bool is_below(const char *path, const char *device)
{
	const char *found = *device ? strstr(path, device) : NULL;

	return found && found[-1] == '/' && found[strlen(device)] == '/';
}

/* Counts the device that the link @name in the class is. */
static int count(struct screens *screens, const char *class, const char *name)
{
	_cleanup_free_ char *path = NULL;
	char link[NAME_MAX + 64];
	bool leaves = false;
	int r;

	text_join(link, sizeof(link), class, "/", name, NULL);
	r = file_resolve(screens->root, link, &path);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; !leaves && i < screens->n; i++) {
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(screens->functions[i], address);
		leaves = is_below(path, address);
	}
	leaves = leaves || is_below(path, screens->firmware);
	screens->leave += leaves;
	screens->stay += !leaves;
	return 0;
}

static int count_class(
	struct screens *screens, const char *class, bool (*counts)(const char *name))
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(screens->root, class, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (counts(names.names[i]))
			r = count(screens, class, names.names[i]);
	return r;
}

/* "fb0", and not "fbcon". */
static bool is_framebuffer(const char *name)
{
	return text_begins_with(name, "fb") && isdigit((unsigned char)name[2]);
}

/* "card1-HDMI-A-1" */
static bool is_connector(const char *name)
{
	return text_begins_with(name, "card") && strchr(name, '-');
}

/*
 * Framebuffers are devices unless the kernel was built without CONFIG_FB_DEVICE; the connectors of
 * DRM are what text may be on then.
 */
static int count_screens(struct screens *screens)
{
	int r = count_class(screens, TREE_GRAPHICS, is_framebuffer);

	if (r < 0 || screens->leave || screens->stay)
		return r;
	return count_class(screens, TREE_DRM, is_connector);
}

/* ---- Consoles --------------------------------------------------------------------------- */

/* Whether it is the one of framebuffers; "bind" of it, 0 or 1, in @ret_bound. */
static bool read_console(const struct root *root, const char *name, bool *ret_bound)
{
	char path[NAME_MAX + 64], text[128];

	text_join(path, sizeof(path), TREE_VTCONSOLE "/", name, "/name", NULL);
	if (file_read_line(root, path, text, sizeof(text)) < 0 ||
		!strstr(text, FRAME_BUFFER))
		return false;
	text_join(path, sizeof(path), TREE_VTCONSOLE "/", name, "/bind", NULL);
	if (file_read_line(root, path, text, sizeof(text)) < 0)
		return false;
	*ret_bound = strcmp(text, "1") == 0;
	return true;
}

/*
 * Whether one that is unbound can be bound again: vt_bind() of drivers/tty/vt/vt.c does nothing, and
 * says nothing, without the console that the kernel began with.  A native driver removes that one
 * where it was the text mode of VGA.
 */
static bool can_bind(const struct root *root, const struct file_names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		char path[NAME_MAX + 64], text[128];

		text_join(path, sizeof(path), TREE_VTCONSOLE "/", names->names[i],
			"/name", NULL);
		if (file_read_line(root, path, text, sizeof(text)) == 0 &&
			text_begins_with(text, SYSTEM_CONSOLE))
			return true;
	}
	return false;
}

/* Whether modules are unloaded in place of an unbind. */
static bool has_modules(
	const struct root *root, const struct pci_address *functions, size_t n)
{
	char driver[SYSFS_DRIVER_SIZE];

	for (size_t i = 0; i < n; i++)
		if (sysfs_read_driver(root, functions[i], driver) == 0 &&
			native_find(driver)->modules)
			return true;
	return false;
}

static void add_name(
	char list[static CONSOLES_MAX][CONSOLES_NAME_SIZE], unsigned *n, const char *name)
{
	if (*n < CONSOLES_MAX &&
		copy_text(list[*n], CONSOLES_NAME_SIZE, name, strlen(name)))
		++*n;
}

int consoles_find(const struct root *root, const struct pci_address *functions, size_t n,
	struct consoles *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	struct consoles consoles = {0};
	struct screens screens = {.root = root,
		.functions = functions,
		.n = n,
		.firmware = consoles.firmware_device};
	int r = find_firmware(root, functions, n, &consoles);
	bool first, bound;

	r = r < 0 ? r : count_screens(&screens);
	r = r < 0 ? r : file_list(root, TREE_VTCONSOLE, &names);
	if (r < 0)
		return r;
	first = can_bind(root, &names) &&
		(!screens.stay || has_modules(root, functions, n));
	for (size_t i = 0; screens.leave && i < names.n; i++) {
		if (!read_console(root, names.names[i], &bound) || !bound)
			continue;
		if (first)
			add_name(consoles.names, &consoles.n, names.names[i]);
		if (screens.stay)
			add_name(consoles.moving, &consoles.n_moving, names.names[i]);
	}
	*ret = consoles;
	return 0;
}

/* One that is like @name now, or was: another of its kind.  Returns 0 or -ENOENT. */
static int find_console(const struct root *root, const char *name,
	char ret[static NAME_MAX + 1], bool *ret_bound)
{
	_cleanup_(file_free_names) struct file_names names = {0};

	text_join(ret, NAME_MAX + 1, name, NULL);
	if (read_console(root, name, ret_bound))
		return 0;
	file_list(root, TREE_VTCONSOLE, &names);
	for (size_t i = 0; i < names.n; i++)
		if (read_console(root, names.names[i], ret_bound)) {
			text_join(ret, NAME_MAX + 1, names.names[i], NULL);
			return 0;
		}
	return -ENOENT;
}

/* What it means that the kernel has not bound it. */
static int why_unbound(const struct root *root)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(root, TREE_VTCONSOLE, &names);

	return r < 0 ? r : can_bind(root, &names) ? -EIO : -EOPNOTSUPP;
}

int consoles_bind(const struct root *root, const char *name, bool bind)
{
	char found[NAME_MAX + 1];
	bool bound = false;
	int r;

	if (bind) {
		r = find_console(root, name, found, &bound);
		if (r < 0)
			return r;
		name = found;
	} else if (!read_console(root, name, &bound)) {
		return 0;
	}
	if (bound == bind)
		return 0;
	r = sysfs_write_console(root, name, bind);
	/* store_bind() of drivers/tty/vt/vt.c says yes to all. */
	if (read_console(root, name, &bound) ? bound == bind : !bind)
		return 0;
	return r < 0 ? r : bind ? why_unbound(root) : -EIO;
}

int consoles_release_firmware(const struct root *root, const struct consoles *consoles)
{
	char path[128], target[256];
	int r;

	if (!*consoles->firmware_device)
		return 0;
	r = sysfs_write_platform_unbind(
		root, consoles->firmware_device, consoles->firmware_driver);
	text_join(path, sizeof(path), TREE_PLATFORM "/", consoles->firmware_device,
		"/driver", NULL);
	if (file_read_link(root, path, target, sizeof(target)) < 0)
		return 0;
	return r < 0 ? r : -EIO;
}
