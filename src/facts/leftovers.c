/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks where the guides tell people to write, and for whom each of it is meant. */
#include "leftovers.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/base.h"
#include "module_files.h"
#include "modules.h"

#define ANY_ID      0xffffffffu
#define SCRIPT_MAX  65536 /* bytes of the longest script that is looked into */
#define DEPTH_MAX   4     /* of directories of scripts */
#define OF_VFIOBOOT "vfioboot"

struct scan {
	struct facts *facts;
	struct leftovers *ret;
	enum leftover_kind kind; /* of the scripts that are looked at */
};

static bool is_module(const char *name, const char *module)
{
	for (; *name && *module; name++, module++)
		if (*name != *module && !(*name == '-' && *module == '_') &&
			!(*name == '_' && *module == '-'))
			return false;
	return *name == *module;
}

/* The drivers that have a parameter ids=. */
static bool has_ids(const char *module)
{
	return is_module(module, "vfio-pci") || is_module(module, "pci-stub");
}

static struct leftover *add(struct scan *scan, enum leftover_kind kind, const char *path,
	unsigned line, const char *name, const char *text)
{
	struct leftover *leftover = LIST_ADD(scan->ret->list, scan->ret->n);

	if (!leftover)
		return NULL;
	*leftover = (struct leftover){.kind = kind,
		.path = strdup(path),
		.line = line,
		.name = strdup(name),
		.text = strdup(text),
		.ids = strdup("")};
	if (!leftover->path || !leftover->name || !leftover->text || !leftover->ids)
		return NULL;
	text_make_printable(leftover->text);
	return leftover;
}

static int add_function(struct leftover *leftover, const struct pcibus_function *function)
{
	const struct pcibus_function **added = LIST_ADD(leftover->functions, leftover->n);

	if (added)
		*added = function;
	return added ? 0 : -ENOMEM;
}

/* Adds the functions of the bus of which @names is true. */
static int add_named(struct scan *scan, struct leftover *leftover,
	bool (*names)(const char *text, const struct pcibus_function *function),
	const char *text)
{
	const struct pcibus *bus = &scan->facts->bus;
	int r = 0;

	for (size_t i = 0; r == 0 && i < bus->n; i++)
		if (pcidev_base_class(&bus->functions[i].dev) != PCI_BASE_BRIDGE &&
			names(text, &bus->functions[i]))
			r = add_function(leftover, &bus->functions[i]);
	return r;
}

/* ---- ids= ------------------------------------------------------------------------------ */

static bool is_id(unsigned wanted, unsigned id)
{
	return wanted == ANY_ID || wanted == id;
}

/* "VENDOR:DEVICE[:SUBVENDOR[:SUBDEVICE[:CLASS[:MASK]]]],..."; where the kernel stops, this does. */
bool leftovers_id_fits(const char *text, const struct pcibus_function *function)
{
	const struct pci_ids *ids = &function->dev.ids;

	for (; *text; text += strcspn(text, ","), text += *text == ',') {
		unsigned vendor, device, subvendor = ANY_ID, subdevice = ANY_ID;
		unsigned class = 0, mask = 0;

		if (sscanf(text, "%x:%x:%x:%x:%x:%x", &vendor, &device, &subvendor,
			    &subdevice, &class, &mask) < 2)
			continue;
		if (is_id(vendor, ids->vendor) && is_id(device, ids->device) &&
			is_id(subvendor, ids->subvendor) &&
			is_id(subdevice, ids->subdevice) &&
			!((class ^ ids->class) & mask))
			return true;
	}
	return false;
}

static int add_ids(struct scan *scan, enum leftover_kind kind, const char *path,
	unsigned line, const char *name, const char *text,
	const struct cmdline_param *param)
{
	_cleanup_free_ char *value = strndup(param->value, param->value_len);
	struct leftover *leftover =
		value && *value ? add(scan, kind, path, line, name, text) : NULL;

	if (!value)
		return -ENOMEM;
	if (!*value)
		return 0;
	if (!leftover)
		return -ENOMEM;
	free(leftover->ids);
	leftover->ids = TAKE_PTR(value);
	return add_named(scan, leftover, leftovers_id_fits, leftover->ids);
}

/* What is behind the name of a driver: its options, quoted as on the command line. */
static int find_ids(struct scan *scan, const char *path, unsigned line, const char *name,
	const char *options, const char *text)
{
	struct cmdline_param param;
	int r = 0;

	while (r == 0 && has_ids(name) && cmdline_next(&options, &param))
		if (param.value && cmdline_name_is(&param, "ids"))
			r = add_ids(scan, LEFTOVER_IDS, path, line, name, text, &param);
	return r;
}

static bool has_parameter(const struct leftovers *leftovers, const char *text)
{
	for (size_t i = 0; i < leftovers->n; i++)
		if (leftovers->list[i].kind == LEFTOVER_CMDLINE &&
			strcmp(leftovers->list[i].text, text) == 0)
			return true;
	return false;
}

static int find_on_cmdline(struct scan *scan, const char *cursor)
{
	static const char *const names[] = {"vfio-pci.ids", "pci-stub.ids"};
	struct cmdline_param param;
	int r = 0;

	while (r == 0 && cmdline_next(&cursor, &param)) {
		for (size_t i = 0; r == 0 && param.value && i < ARRAY_SIZE(names); i++) {
			_cleanup_free_ char *text = NULL, *name = NULL;

			if (!cmdline_name_is(&param, names[i]))
				continue;
			name = strndup(names[i], strcspn(names[i], "."));
			if (!name ||
				asprintf(&text, "%s=%.*s", names[i], (int)param.value_len,
					param.value) < 0)
				return -ENOMEM;
			text_make_printable(text);
			if (!has_parameter(scan->ret, text))
				r = add_ids(scan, LEFTOVER_CMDLINE, "", 0, name, text,
					&param);
		}
	}
	return r;
}

/* ---- scripts --------------------------------------------------------------------------- */

/* What binds devices; to load vfio-pci alone does no harm. */
static const char *const binding[] = {"driver_override", "new_id", "vfio-pci/bind",
	"vfio_pci/bind", "vfio-pci-bind",
	"vfio-pci ids=", "vfio_pci ids=", "set-override", "nodedev-detach",
	"nodedev-reattach"};

static bool binds(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(binding); i++)
		if (strstr(text, binding[i]))
			return true;
	return false;
}

/* Whether @word is in @text, in either case, and is not the middle of another number. */
static bool has_word(const char *text, const char *word)
{
	const char *start = text, *at = text;
	size_t len = strlen(word);

	while ((at = strcasestr(at, word))) {
		char before = at > start ? at[-1] : ' ';

		if (!isxdigit((unsigned char)before) && before != ':' &&
			!isxdigit((unsigned char)at[len]))
			return true;
		at++;
	}
	return false;
}

/* By its address, also as libvirt and lspci(8) write it. */
static bool text_has_address(const char *text, const struct pcibus_function *function)
{
	char address[PCI_ADDRESS_SIZE], node[PCI_ADDRESS_SIZE + 8];

	pci_address_format(function->dev.address, address);
	text_join(node, sizeof(node), "pci_", address, NULL);
	for (char *at = node; *at; at++)
		*at = *at == ':' || *at == '.' ? '_' : *at;
	return has_word(text, address) || has_word(text, node) ||
		(!function->dev.address.domain &&
			has_word(text, address + strlen("0000:")));
}

/* By its ids: as new_id takes them, ids= does, and rules of udev compare them. */
static bool text_has_ids(const char *text, const struct pcibus_function *function)
{
	const struct pci_ids *ids = &function->dev.ids;
	char pair[12], vendor[8], device[8];

	snprintf(pair, sizeof(pair), "%04x %04x", ids->vendor, ids->device);
	snprintf(vendor, sizeof(vendor), "0x%04x", ids->vendor);
	snprintf(device, sizeof(device), "0x%04x", ids->device);
	if (has_word(text, pair) || (has_word(text, vendor) && has_word(text, device)))
		return true;
	pair[4] = ':';
	return has_word(text, pair);
}

static bool text_names(const char *text, const struct pcibus_function *function)
{
	return text_has_address(text, function) || text_has_ids(text, function);
}

/* Blanks out lines that are comments in a shell, a unit or a rule. */
static void drop_comments(char *text)
{
	for (char *line = text; *line; line = (char *)text_next_line(line)) {
		size_t len = strcspn(line, "\n");

		if (line[strspn(line, " \t")] == '#')
			memset(line, ' ', len);
	}
}

/* Reads a small text file; NULL for what is none.  For free(). */
static char *read_script(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t size;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		st.st_size > SCRIPT_MAX || file_read(root, path, &text, &size) < 0 ||
		strlen(text) != size)
		return NULL;
	drop_comments(text);
	return TAKE_PTR(text);
}

/* The next path of a program in a text, such as of ExecStart= or RUN+=; false at the end. */
static bool next_program(const char **cursor, char *ret, size_t size)
{
	static const char *const homes[] = {"/etc/", "/usr/", "/opt/", "/root/", "/home/",
		"/srv/", "/bin/", "/sbin/", "/lib/", "/var/lib/"};
	static const char of_paths[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";

	while (*(*cursor += strcspn(*cursor, "/"))) {
		const char *path = *cursor;
		size_t len = strspn(path, of_paths);

		*cursor += len;
		for (size_t i = 0; i < ARRAY_SIZE(homes); i++)
			if (text_begins_with(path, homes[i]) &&
				copy_text(ret, size, path, len))
				return true;
	}
	return false;
}

/* @text with that of the scripts which it runs, for free(); NULL without memory. */
static char *with_programs(const struct root *root, const char *text)
{
	struct text_stream all;
	char path[256];

	if (!text_stream_open(&all))
		return NULL;
	fprintf(all.out, "%s\n", text);
	while (next_program(&text, path, sizeof(path))) {
		_cleanup_free_ char *script =
			strstr(path, OF_VFIOBOOT) ? NULL : read_script(root, path);

		/* A list of devices beside the script does not say what is done with them. */
		if (script && (binds(script) || strstr(path, "vfio")))
			fprintf(all.out, "%s\n", script);
	}
	return text_stream_take(&all);
}

/* Adds what the text of a script, or its line @line, binds with the programs that it runs. */
static int find_in_text(
	struct scan *scan, const char *path, unsigned line, const char *text)
{
	_cleanup_free_ char *all = with_programs(scan->facts->root, text);
	struct leftover *leftover;

	if (!all)
		return -ENOMEM;
	if (!binds(all))
		return 0;
	leftover = add(scan, scan->kind, path, line, "", "");
	return leftover ? add_named(scan, leftover, text_names, all) : -ENOMEM;
}

static int find_script(struct scan *scan, const char *path)
{
	_cleanup_free_ char *text = read_script(scan->facts->root, path), *all = NULL;
	const char *instance = strchr(strrchr(path, '/'), '@');

	if (!text)
		return 0;
	/* What its commands are for: "vfio@0000:01:00.0.service". */
	if (asprintf(&all, "%s\n%s\n", instance ? instance + 1 : "", text) < 0)
		return -ENOMEM;
	return find_in_text(scan, path, 0, all);
}

/* All scripts in a directory whose names have @part, but for ours. */
static int find_scripts(
	struct scan *scan, const char *directory, const char *part, int depth)
{
	const struct root *root = scan->facts->root;
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(root, directory, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.names[i];
		_cleanup_free_ char *path = NULL;

		if (strstr(name, OF_VFIOBOOT) || !strstr(name, part))
			continue;
		if (asprintf(&path, "%s/%s", directory, name) < 0)
			return -ENOMEM;
		if (depth && file_exists(root, "%s/.", path))
			r = find_scripts(scan, path, "", depth - 1);
		else
			r = find_script(scan, path);
	}
	return r;
}

/* Adds the file of the unit that @link starts; of an instance the link, whose name says of what. */
static int add_unit(const struct root *root, const char *link, struct file_names *units)
{
	_cleanup_free_ char *real = NULL, *unit = NULL;

	if (strstr(strrchr(link, '/'), OF_VFIOBOOT) ||
		file_resolve(root, link, &real) < 0)
		return 0;
	if (strstr(real, "@."))
		return file_add_name(units, link);
	return asprintf(&unit, "/%s", real) < 0 ? -ENOMEM : file_add_name(units, unit);
}

/* Units that a boot starts, by the links that 'systemctl enable' makes. */
static int find_units(struct scan *scan)
{
	const struct root *root = scan->facts->root;
	_cleanup_(file_free_names) struct file_names directories = {0}, links = {0},
						     units = {0};
	int r = file_list_paths(root, "/etc/systemd/system", "*.@(wants|requires)",
		FNM_EXTMATCH, &directories);

	for (size_t i = 0; r == 0 && i < directories.n; i++)
		r = file_list_paths(root, directories.names[i], "*", 0, &links);
	for (size_t i = 0; r == 0 && i < links.n; i++)
		r = add_unit(root, links.names[i], &units);
	for (size_t i = 0; r >= 0 && i < units.n; i++)
		r = find_script(scan, units.names[i]);
	return r == -ENOMEM ? r : 0;
}

static int find_boot_scripts(struct scan *scan)
{
	static const struct {
		const char *directory, *part; /* of the name */
		int depth;
	} places[] = {
		{"/etc/initramfs-tools/scripts", "", DEPTH_MAX},
		{"/usr/share/initramfs-tools/scripts", "", DEPTH_MAX},
		{"/etc/initcpio/hooks", "", 0},
		{"/usr/lib/initcpio/hooks", "", 0},
		{"/usr/lib/dracut/modules.d", "vfio", 1},
		{"/etc/udev/rules.d", ".rules", 0},
		{"/etc/local.d", ".start", 0},
		{"/etc", "rc.local", 0},
		{"/etc/rc.d", "rc.local", 0},
	};
	int r = 0;

	scan->kind = LEFTOVER_SCRIPT;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++)
		r = find_scripts(
			scan, places[i].directory, places[i].part, places[i].depth);
	r = r < 0 ? r : find_units(scan);
	scan->kind = LEFTOVER_HOOK;
	return r < 0 ? r : find_scripts(scan, "/etc/libvirt/hooks", "qemu", DEPTH_MAX);
}

/* ---- modprobe.d ------------------------------------------------------------------------ */

/* Whether the lines that both begin are the same. */
static bool is_same_line(const char *a, const char *b)
{
	size_t len = strcspn(a, "\n");

	return strcspn(b, "\n") == len && strncmp(a, b, len) == 0;
}

bool leftovers_is_commented(const char *now, const char *was)
{
	for (; *now && *was; now = text_next_line(now), was = text_next_line(was))
		if (!is_same_line(now, was) &&
			(!text_begins_with(now, LEFTOVERS_COMMENT) ||
				!is_same_line(now + strlen(LEFTOVERS_COMMENT), was)))
			return false;
	return *now == *was;
}

/* What has to be there before vfio-pci, or before a guest can have what it has. */
static bool is_needed(const char *module)
{
#define NAME(module) module
	static const char *const needed[] = {
		MODULES_BELOW_VFIO_PCI(NAME), MODULES_OF_GUESTS};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (is_module(module, needed[i]))
			return true;
	return false;
}

/* An install line: in place of vfio, or of a native driver that it does not load. */
static int find_install(struct scan *scan, const char *path, unsigned line,
	const char *module, const char *command, const char *text)
{
	bool of_vfio =
		strncmp(module, "vfio", 4) == 0 || has_ids(module) || is_needed(module);
	bool loads = strstr(command, "modprobe") || strstr(command, "insmod");
	_cleanup_free_ char *all = NULL;
	struct leftover *leftover;

	if (!of_vfio && loads)
		return 0;
	leftover = add(scan, of_vfio ? LEFTOVER_INSTALL : LEFTOVER_BLACKLIST, path, line,
		module, text);
	if (!leftover)
		return -ENOMEM;
	if (!of_vfio)
		return 0;
	all = with_programs(scan->facts->root, command);
	if (!all)
		return -ENOMEM;
	leftover->binds = binds(all);
	leftover->replaces = !loads && is_needed(module);
	return add_named(scan, leftover, text_names, all);
}

static int find_in_line(
	struct scan *scan, const char *path, unsigned number, const char *text)
{
	char command[16] = "", module[64] = "";
	int end = 0;

	if (sscanf(text, " %15s %63s %n", command, module, &end) < 2 || *command == '#')
		return 0;
	if (strcmp(command, "options") == 0)
		return find_ids(scan, path, number, module, text + end, text);
	if (strcmp(command, "install") == 0)
		return find_install(scan, path, number, module, text + end, text);
	if (strcmp(command, "blacklist") == 0)
		return add(scan, LEFTOVER_BLACKLIST, path, number, module, text)
			? 0
			: -ENOMEM;
	return 0;
}

/* "vfio_pci ids=10de:2206": what initramfs-tools loads with these options. */
static int find_in_list(
	struct scan *scan, const char *path, unsigned number, const char *text)
{
	char module[64] = "";
	int end = 0;

	if (sscanf(text, " %63s %n", module, &end) < 1)
		return 0;
	return find_ids(scan, path, number, module, text + end, text);
}

static int find_in_file(struct scan *scan, const char *path,
	int (*find)(
		struct scan *scan, const char *path, unsigned number, const char *text))
{
	_cleanup_free_ char *text = NULL;
	unsigned number = 1, n;
	const char *cursor;
	int r = file_read(scan->facts->root, path, &text, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	cursor = text;
	do {
		_cleanup_free_ char *line = NULL;

		n = module_files_next_line(&cursor, &line);
		if (n && !line)
			return -ENOMEM;
		r = n ? find(scan, path, number, line) : 0;
		number += n;
	} while (n && r == 0);
	return r;
}

/* "BIND=02:00.0|10de:2206 0000:02:00.1": with both, the device there has to have these ids. */
static int find_in_bind_list(
	struct scan *scan, const char *path, unsigned number, const char *text)
{
	struct leftover *leftover;
	int r = 0;

	if (!text_begins_with(text, "BIND="))
		return 0;
	leftover = add(scan, LEFTOVER_SCRIPT, path, number, "", "");
	if (!leftover)
		return -ENOMEM;
	text += strlen("BIND=");
	while (r == 0 && *(text += strspn(text, " \t\r\""))) {
		const struct pcibus_function *function = NULL;
		char word[64] = "", *ids;
		size_t len = strcspn(text, " \t\r\"");
		struct pci_address address;

		if (copy_text(word, sizeof(word), text, len) && (ids = strchr(word, '|')))
			*ids++ = '\0';
		else
			ids = NULL;
		if (pci_address_parse(word, PCI_NAME_WHOLE, &address, NULL) == 0)
			function = pcibus_find(&scan->facts->bus, address);
		else
			r = add_named(scan, leftover, leftovers_id_fits, word);
		if (function && (!ids || leftovers_id_fits(ids, function)))
			r = add_function(leftover, function);
		text += len;
	}
	return r;
}

/* "@reboot COMMAND", in files of the system with a user before the command. */
static int find_in_crontab(
	struct scan *scan, const char *path, unsigned number, const char *text)
{
	static const char reboot[] = "@reboot";

	text += strspn(text, " \t");
	if (!text_begins_with(text, reboot) || !strchr(" \t", text[strlen(reboot)]))
		return 0;
	return find_in_text(scan, path, number, text);
}

/* Of the system, and of users: Debian keeps theirs in a directory more. */
static int find_in_crontabs(struct scan *scan)
{
	static const char *const directories[] = {
		"/etc/cron.d", "/var/spool/cron", "/var/spool/cron/crontabs"};
	int r;

	scan->kind = LEFTOVER_SCRIPT;
	r = find_in_file(scan, "/etc/crontab", find_in_crontab);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++) {
		_cleanup_(file_free_names) struct file_names paths = {0};

		r = file_list_paths(scan->facts->root, directories[i], "*", 0, &paths);
		r = r == -ENOMEM ? r : 0;
		for (size_t j = 0; r == 0 && j < paths.n; j++)
			r = find_in_file(scan, paths.names[j], find_in_crontab);
	}
	return r;
}

static int find_in_modprobe_d(struct scan *scan)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = module_files_list(scan->facts->root, MODULE_FILES_OPTIONS, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++)
		r = find_in_file(scan, paths.names[i], find_in_line);
	return r;
}

/* ---- driverctl ------------------------------------------------------------------------- */

static int find_override(struct scan *scan, const char *path, const char *device)
{
	char driver[SYSFS_DRIVER_SIZE];
	const struct pcibus_function *function;
	struct pci_address address;
	struct leftover *leftover;

	if (pci_address_parse(device, PCI_NAME_WHOLE, &address, NULL) < 0 ||
		file_read_line(scan->facts->root, path, driver, sizeof(driver)) < 0)
		return 0;
	function = pcibus_find(&scan->facts->bus, address);
	leftover = add(scan, LEFTOVER_DRIVERCTL, path, 0, driver, device);
	if (!leftover)
		return -ENOMEM;
	return function ? add_function(leftover, function) : 0;
}

static int find_overrides(struct scan *scan)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = file_list_paths(scan->facts->root, "/etc/driverctl.d", "*", 0, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		const char *name = strrchr(paths.names[i], '/') + 1;

		r = find_override(scan, paths.names[i],
			text_begins_with(name, "pci-") ? name + 4 : name);
	}
	return r == -ENOMEM ? r : 0;
}

/* ---------------------------------------------------------------------------------------- */

int leftovers_find(struct facts *facts, const char *cmdline, struct leftovers *ret)
{
	struct scan scan = {.facts = facts, .ret = ret};
	int r;

	*ret = (struct leftovers){0};
	r = find_in_modprobe_d(&scan);
	r = r < 0 ? r : find_in_file(&scan, "/etc/initramfs-tools/modules", find_in_list);
	r = r < 0 ? r : find_in_file(&scan, "/etc/modules", find_in_list);
	r = r < 0 ? r : find_on_cmdline(&scan, cmdline ? cmdline : "");
	r = r < 0 ? r : find_overrides(&scan);
	r = r < 0 ? r : find_boot_scripts(&scan);
	r = r < 0 ? r : find_in_crontabs(&scan);
	r = r < 0 ? r
		  : find_in_file(&scan, "/boot/config/vfio-pci.cfg", find_in_bind_list);
	if (r < 0)
		leftovers_free(ret);
	return r;
}

int leftovers_add_cmdline(
	struct facts *facts, const char *cmdline, struct leftovers *leftovers)
{
	struct scan scan = {.facts = facts, .ret = leftovers};

	return find_on_cmdline(&scan, cmdline);
}

void leftovers_free(struct leftovers *leftovers)
{
	for (size_t i = 0; i < leftovers->n; i++) {
		struct leftover *leftover = &leftovers->list[i];

		free(leftover->path);
		free(leftover->name);
		free(leftover->text);
		free(leftover->ids);
		free(leftover->functions);
	}
	free(leftovers->list);
	*leftovers = (struct leftovers){0};
}
