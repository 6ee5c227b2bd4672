/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the device nodes of functions, and looks for them among the descriptors and mappings of all
 * processes, by number: a name says nothing in another mount name space.
 *
 * A desktop has thousands of processes.  For each of them there are one list of descriptors with
 * one statx(2) for each, which asks no file server (a dead one would not answer), and one text of
 * its mappings.
 */
#include "holders.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "native.h"

#define POLL_MS 100
#define LOOK_MS 10000 /* a look takes some 0.1 s with thousands of processes */
#define DEPTH_MAX                                                                        \
	24 /* directories below each other, from a controller to a node of USB */

/* Documentation/admin-guide/devices.txt, and nv-frontend.h of NVIDIA's driver. */
#define NVIDIA_MAJOR   195
#define NVIDIA_CTL     255
#define NVIDIA_MODESET 254

/* A device node, or with any_minor all of a driver. */
struct node {
	dev_t number;
	bool any_minor, is_block;
	struct pci_address function;
	char name[80];
};

/* Those of some functions, and which of these have interfaces in another network namespace. */
struct nodes {
	struct node *list;
	size_t n;
	struct holders elsewhere;
};

/* ---- Nodes ------------------------------------------------------------------------------ */

static void free_nodes(struct nodes *nodes)
{
	free(nodes->list);
	holders_free(&nodes->elsewhere);
	*nodes = (struct nodes){0};
}

static int add_node(struct nodes *nodes, const struct node *node)
{
	struct node *added = LIST_ADD(nodes->list, nodes->n);

	if (added)
		*added = *node;
	return added ? 0 : -ENOMEM;
}

static int add_holder(struct holders *holders, const struct holders_one *one)
{
	struct holders_one *added = LIST_ADD(holders->list, holders->n);

	if (added)
		*added = *one;
	return added ? 0 : -ENOMEM;
}

/* "226:1", the attribute dev (Documentation/ABI/stable/sysfs-dev of the kernel). */
static bool parse_number(const char *text, dev_t *ret)
{
	unsigned major, minor;

	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return false;
	*ret = makedev(major, minor);
	return true;
}

/* What the kernel calls the node of the device in the directory @path: DEVNAME of its uevent. */
static void name_node(const struct root *root, const char *path, struct node *node)
{
	char file[PATH_MAX], text[2048];
	const char *name = strrchr(path, '/') + 1;
	size_t len = strlen(name);

	text_join(file, sizeof(file), path, "/uevent", NULL);
	if (file_read_fixed(root, file, text, sizeof(text)) > 0) {
		const char *found = text_find_value(text, "DEVNAME");

		name = found ? found : name;
		len = strcspn(name, "\n");
	}
	snprintf(node->name, sizeof(node->name), TREE_DEV "%.*s", (int)len, name);
	text_make_printable(node->name);
}

/* Where the walk below a function is. */
struct walk {
	const struct root *root;
	struct pci_address function;
	struct nodes *nodes;
	unsigned depth;
	char path[PATH_MAX];
};

/*
 * The node of the device at walk->path.  Input devices are open all the time, in sessions and in
 * logind (the power button of keyboards), and are unplugged at any time: they hold nothing up.
 */
static int note_node(struct walk *walk, const char *number)
{
	struct node node = {.function = walk->function};
	char file[PATH_MAX], subsystem[512] = "";

	if (!parse_number(number, &node.number))
		return 0;
	text_join(file, sizeof(file), walk->path, "/subsystem", NULL);
	file_read_link(walk->root, file, subsystem, sizeof(subsystem));
	if (text_ends_with(subsystem, "/input"))
		return 0;
	node.is_block = text_ends_with(subsystem, "/block");
	name_node(walk->root, walk->path, &node);
	return add_node(walk->nodes, &node);
}

/*
 * The directory at walk->path, if it is that of the interfaces of a device.  They are in a namespace as
 * nobody would put them by chance, so whether they are up there does not matter.
 */
static int note_elsewhere(struct walk *walk)
{
	const struct holders_one one = {
		.kind = HOLDERS_ELSEWHERE, .function = walk->function};
	const struct holders *known = &walk->nodes->elsewhere;
	bool again = known->n &&
		pci_address_equal(known->list[known->n - 1].function, one.function);

	if (again ||
		(!text_ends_with(walk->path, "/net") &&
			!text_ends_with(walk->path, "/ieee80211")) ||
		!network_count_elsewhere(walk->root, walk->path))
		return 0;
	return add_holder(&walk->nodes->elsewhere, &one);
}

/*
 * Adds all nodes below the directory at walk->path.  Links lead to other devices, and what is named
 * as a function is one of its own, behind a bridge.  What is gone meanwhile has no node.
 */
static int walk_nodes(struct walk *walk)
{
	_cleanup_closedir_ DIR *dir = NULL;
	size_t len = strlen(walk->path);
	struct pci_address other;
	struct dirent *entry;
	char number[32];
	int r = file_open_directory(walk->root, walk->path, &dir);

	if (r < 0 || walk->depth > DEPTH_MAX)
		return 0;
	walk->depth++;
	while (r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			len + strlen(entry->d_name) + 2 > sizeof(walk->path))
			continue;
		sprintf(walk->path + len, "/%s", entry->d_name);
		if (strcmp(entry->d_name, "dev") == 0 &&
			file_read_line(walk->root, walk->path, number, sizeof(number)) ==
				0) {
			walk->path[len] = '\0';
			r = note_node(walk, number);
		} else if (entry->d_type == DT_DIR &&
			pci_address_parse(entry->d_name, PCI_NAME_WHOLE, &other, NULL) <
				0) {
			r = note_elsewhere(walk);
			r = r < 0 ? r : walk_nodes(walk);
		}
		walk->path[len] = '\0';
	}
	walk->depth--;
	return r;
}

/* The node of its IOMMU group: with the oldest interface a guest has that alone. */
static int add_group(
	const struct root *root, struct pci_address function, struct nodes *nodes)
{
	char name[PCI_ADDRESS_SIZE], path[128], target[256], number[32];
	struct node node = {.function = function};
	const char *group;

	pci_address_format(function, name);
	snprintf(path, sizeof(path), TREE_PCI "/%s/iommu_group", name);
	if (file_read_link(root, path, target, sizeof(target)) < 0)
		return 0;
	group = strrchr(target, '/');
	group = group ? group + 1 : target;
	snprintf(path, sizeof(path), TREE_VFIO "/%.64s/dev", group);
	if (file_read_line(root, path, number, sizeof(number)) < 0 ||
		!parse_number(number, &node.number))
		return 0;
	snprintf(node.name, sizeof(node.name), TREE_DEV "vfio/%.64s", group);
	return add_node(nodes, &node);
}

/* ---- Nodes of NVIDIA's driver, which sysfs does not show -------------------------------- */

/*
 * "Device Minor: \t 0" (kernel-open/nvidia/nv-procfs.c of its open modules).  Not to know it is an
 * error: an unbind of what somebody has open never ends.
 */
static int add_nvidia(
	const struct root *root, struct pci_address function, struct nodes *nodes)
{
	char name[PCI_ADDRESS_SIZE], path[128], text[4096];
	struct node node = {.function = function};
	const char *line;
	unsigned minor;

	pci_address_format(function, name);
	snprintf(path, sizeof(path), TREE_NVIDIA "/%s/information", name);
	if (file_read_fixed(root, path, text, sizeof(text)) < 0)
		return -ENODATA;
	line = strstr(text, "Device Minor:");
	if (!line || sscanf(line, "Device Minor: %u", &minor) != 1)
		return -ENODATA;
	node.number = makedev(NVIDIA_MAJOR, minor);
	snprintf(node.name, sizeof(node.name), TREE_DEV "nvidia%u", minor);
	return add_node(nodes, &node);
}

/* Those of a driver that gets its number when it is loaded, by /proc/devices. */
static int add_registered(const struct root *root, const char *driver,
	struct pci_address function, struct nodes *nodes)
{
	struct node node = {.any_minor = true, .function = function};
	_cleanup_free_ char *text = NULL;
	char name[64];
	unsigned major;

	if (file_read(root, TREE_DEVICES, &text, NULL) < 0)
		return 0;
	for (const char *line = text; *line && !text_begins_with(line, "Block devices");
		line = text_next_line(line))
		if (sscanf(line, "%u %63s", &major, name) == 2 &&
			strcmp(name, driver) == 0) {
			node.number = makedev(major, 0);
			snprintf(node.name, sizeof(node.name), TREE_DEV "%s", name);
			return add_node(nodes, &node);
		}
	return 0;
}

/* Those that all cards of the driver have in common. */
static int add_nvidia_shared(
	const struct root *root, struct pci_address function, struct nodes *nodes)
{
	const struct node control = {makedev(NVIDIA_MAJOR, NVIDIA_CTL), false, false,
		function, TREE_DEV "nvidiactl"};
	const struct node modeset = {makedev(NVIDIA_MAJOR, NVIDIA_MODESET), false, false,
		function, TREE_DEV "nvidia-modeset"};
	int r = add_node(nodes, &control);

	r = r < 0 ? r : add_node(nodes, &modeset);
	r = r < 0 ? r : add_registered(root, "nvidia-uvm", function, nodes);
	return r < 0 ? r : add_registered(root, "nvidia-caps", function, nodes);
}

static int find_nodes(const struct root *root, const struct pci_address *functions,
	size_t n, struct nodes *ret)
{
	int others = native_has_others(root, "nvidia", functions, n);
	int r = others < 0 ? others : 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct walk walk = {.root = root, .function = functions[i], .nodes = ret};
		char name[PCI_ADDRESS_SIZE], driver[SYSFS_DRIVER_SIZE];

		pci_address_format(functions[i], name);
		text_join(walk.path, sizeof(walk.path), TREE_PCI "/", name, NULL);
		r = walk_nodes(&walk);
		r = r < 0 ? r : add_group(root, functions[i], ret);
		if (r < 0 || sysfs_read_driver(root, functions[i], driver) < 0 ||
			strcmp(driver, "nvidia") != 0)
			continue;
		r = add_nvidia(root, functions[i], ret);
		if (r == 0 && others == 0)
			r = add_nvidia_shared(root, functions[i], ret);
		others = 1; /* once is enough */
	}
	return r;
}

static const struct node *match(const struct nodes *nodes, const struct statx *file)
{
	const dev_t number = makedev(file->stx_rdev_major, file->stx_rdev_minor);
	bool is_block = S_ISBLK(file->stx_mode);

	if (!is_block && !S_ISCHR(file->stx_mode))
		return NULL;
	for (size_t i = 0; i < nodes->n; i++) {
		const struct node *node = &nodes->list[i];

		if (node->is_block == is_block &&
			(node->any_minor ? major(node->number) == file->stx_rdev_major
					 : node->number == number))
			return node;
	}
	return NULL;
}

/* ---- Processes -------------------------------------------------------------------------- */

/* One look at all processes. */
struct look {
	const struct nodes *nodes;
	int proc; /* the directory */
	struct holders *ret;
	size_t first; /* of those of the process that is looked at */
	pid_t pid;
};

/* A process, once a node. */
static int note_process(
	struct look *look, const struct node *node, enum holders_kind kind)
{
	struct holders_one one = {
		.kind = kind, .function = node->function, .pid = look->pid};

	for (size_t i = look->first; i < look->ret->n; i++)
		if (strcmp(look->ret->list[i].node, node->name) == 0)
			return 0;
	strcpy(one.node, node->name);
	return add_holder(look->ret, &one);
}

/* Reads the small file @name of the process.  What can't be read is "". */
static void read_text(const struct look *look, const char *name, char *ret, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	ssize_t n = 0;

	snprintf(path, sizeof(path), "%d/%s", (int)look->pid, name);
	fd = openat(look->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
}

/* What is only of interest of those that hold something. */
static void name_process(struct look *look)
{
	struct units_name unit;
	char comm[SYSFS_DRIVER_SIZE], cgroup[4096];

	if (look->first == look->ret->n)
		return;
	read_text(look, "comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = '\0';
	text_make_printable(comm);
	read_text(look, "cgroup", cgroup, sizeof(cgroup));
	units_parse_cgroup(cgroup, &unit);
	for (size_t i = look->first; i < look->ret->n; i++) {
		struct holders_one *one = &look->ret->list[i];

		strcpy(one->comm, comm);
		one->unit = unit;
		one->broker = units_is_broker(&unit);
	}
}

/* Neither a file server nor an automounter is asked. */
static bool read_type(int dir, const char *name, struct statx *ret)
{
	return statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, ret) ==
		0;
}

/* Opens a file of a process; what may not be looked at is noted. */
static int open_of(struct look *look, const char *name, int flags)
{
	int fd = openat(look->proc, name, flags | O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		look->ret->partial = true;
	return fd;
}

/*
 * Looks at the descriptors in the directory @name below /proc.  Returns how many there are, or
 * -errno for a lack of memory.
 */
static int look_at_descriptors(struct look *look, const char *name)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = open_of(look, name, O_DIRECTORY), count = 0, r = 0;
	const char *descriptor;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return 0;
	}
	while (r == 0 && (descriptor = file_next_name(dir))) {
		const struct node *node = NULL;
		struct statx file;

		count++;
		if (read_type(fd, descriptor, &file))
			node = match(look->nodes, &file);
		r = node ? note_process(look, node, HOLDERS_OPEN) : 0;
	}
	return r < 0 ? r : count;
}

/* The same for each thread: where the first one has ended only the others have descriptors. */
static int look_at_threads(struct look *look)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const char *thread;
	char path[96];
	int fd, r = 0;

	snprintf(path, sizeof(path), "%d/task", (int)look->pid);
	fd = open_of(look, path, O_DIRECTORY);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return 0;
	}
	while (r == 0 && (thread = file_next_name(dir))) {
		if (atoi(thread) == look->pid)
			continue;
		snprintf(path, sizeof(path), "%d/task/%.20s/fd", (int)look->pid, thread);
		r = look_at_descriptors(look, path);
		if (r > 0) /* threads share them, as a rule */
			return 0;
	}
	return r;
}

/*
 * One line of maps(5): "START-END PERMS OFFSET MAJOR:MINOR INODE PATH".  The number is that of the
 * file system that the node is in, so the file itself is asked, at map_files/START-END.  Drivers
 * let their memory be shared only; most of what is shared is no file.
 */
static int look_at_mapping(struct look *look, const char *line)
{
	const struct node *node = NULL;
	char range[40], permissions[8], path[96], begin[16] = "";
	struct statx file;

	if (sscanf(line, "%39s %7s %*s %*s %*u %15s", range, permissions, begin) < 3 ||
		permissions[3] != 's' || begin[0] != '/' ||
		text_begins_with(begin, "/memfd:") || text_begins_with(begin, "/dmabuf:"))
		return 0;
	snprintf(path, sizeof(path), "%d/map_files/%s", (int)look->pid, range);
	if (read_type(look->proc, path, &file))
		node = match(look->nodes, &file);
	return node ? note_process(look, node, HOLDERS_MAPPED) : 0;
}

/* Cuts up to 4 KiB and the rest of a line each: the kernel writes no more at a time. */
static int look_at_mappings(struct look *look)
{
	_cleanup_close_ int fd = -1;
	char path[32], text[16384];
	size_t len = 0;
	ssize_t n;
	int r = 0;

	snprintf(path, sizeof(path), "%d/maps", (int)look->pid);
	fd = open_of(look, path, 0);
	while (r == 0 && fd >= 0 &&
		(n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
		char *line = text, *end;

		text[len += (size_t)n] = '\0';
		for (; r == 0 && (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			r = look_at_mapping(look, line);
		}
		len -= (size_t)(line - text);
		memmove(text, line, len);
		if (len == sizeof(text) - 1) /* no path is as long */
			len = 0;
	}
	return r;
}

static int look_at_process(struct look *look)
{
	char path[32];
	int r;

	look->first = look->ret->n;
	snprintf(path, sizeof(path), "%d/fd", (int)look->pid);
	r = look_at_descriptors(look, path);
	if (r == 0)
		r = look_at_threads(look);
	/* To know that it holds something is enough. */
	if (r >= 0 && look->first == look->ret->n)
		r = look_at_mappings(look);
	name_process(look);
	return r < 0 ? r : 0;
}

/* What the child does that looks at them. */
struct job {
	const struct root *root;
	const struct nodes *nodes;
	pid_t parent;
	int fd; /* for a struct holders, and its list */
};

static int look_at_all(const struct job *job, struct holders *ret)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct look look = {.nodes = job->nodes, .ret = ret};
	const char *name;
	int r = file_open_directory(job->root, TREE_PROC, &dir);

	/* The files of another machine have no processes. */
	if (r < 0)
		return r == -ENOENT && !job->root->live ? 0 : r;
	look.proc = dirfd(dir);
	while (r == 0 && (name = file_next_name(dir))) {
		bool is_own;

		look.pid = atoi(name);
		is_own = job->root->live &&
			(look.pid == job->parent || look.pid == getpid());
		if (look.pid > 0 && !is_own)
			r = look_at_process(&look);
	}
	return r;
}

static int do_job(void *data)
{
	const struct job *job = data;
	_cleanup_(holders_free) struct holders holders = {0};
	int r = look_at_all(job, &holders);
	size_t size = holders.n * sizeof(*holders.list);

	if (r == 0 &&
		(write(job->fd, &holders, sizeof(holders)) != sizeof(holders) ||
			write(job->fd, holders.list, size) != (ssize_t)size))
		r = -EIO;
	return -r;
}

/* What the child has written. */
static int read_job(int fd, struct holders *ret)
{
	_cleanup_free_ struct holders_one *list = NULL;
	struct holders holders;
	size_t size;

	if (pread(fd, &holders, sizeof(holders), 0) != sizeof(holders))
		return -EIO;
	size = holders.n * sizeof(*list);
	list = size ? malloc(size) : NULL;
	if (size && !list)
		return -ENOMEM;
	if (pread(fd, list, size, sizeof(holders)) != (ssize_t)size)
		return -EIO;
	holders.n_processes = holders.n;
	holders.list = TAKE_PTR(list);
	*ret = holders;
	return 0;
}

/*
 * Looks in a child, with a deadline: mappings of a process cannot be read while one of its threads
 * changes them, which lasts for ever when it waits for hardware that does not answer.
 */
static int look_at_processes(
	const struct root *root, const struct nodes *nodes, struct holders *ret)
{
	_cleanup_close_ int fd = memfd_create("holders", MFD_CLOEXEC);
	struct job job = {root, nodes, getpid(), fd};
	int r;

	if (fd < 0)
		return -errno;
	if (!nodes->n)
		return 0;
	child_prepare();
	r = child_run(do_job, &job, child_now() + LOOK_MS);
	child_unprepare();
	if (r == 0)
		return read_job(fd, ret);
	return r == -ETIMEDOUT ? -ETIME : r > 0 ? -r : r;
}

/* ---- What the kernel has made of them --------------------------------------------------- */

/* Virtual functions that have a driver: virtfnN, links of the physical one. */
static int add_virtual(const struct root *root, struct pci_address function,
	const char *directory, struct holders *ret)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(root, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct holders_one one = {.kind = HOLDERS_VIRTUAL, .function = function};
		struct pci_address address;
		char path[192], target[128];
		const char *last;

		if (!text_begins_with(names.names[i], "virtfn"))
			continue;
		snprintf(path, sizeof(path), "%s/%.32s", directory, names.names[i]);
		if (file_read_link(root, path, target, sizeof(target)) < 0 ||
			!(last = strrchr(target, '/')) ||
			pci_address_parse(last + 1, PCI_NAME_WHOLE, &address, NULL) < 0 ||
			sysfs_read_driver(root, address, one.comm) < 0 || !one.comm[0])
			continue;
		pci_address_format(address, one.node);
		r = add_holder(ret, &one);
	}
	return r;
}

static int add_mediated(
	const struct root *root, struct pci_address function, struct holders *ret)
{
	_cleanup_(file_free_names) struct file_names devices = {0};
	struct holders_one one = {.kind = HOLDERS_MEDIATED, .function = function};
	int r = mediated_list(root, function, &devices);

	for (size_t i = 0; r == 0 && i < devices.n; i++) {
		text_join(one.node, sizeof(one.node), devices.names[i], NULL);
		r = add_holder(ret, &one);
	}
	return r;
}

static int add_made(const struct root *root, const struct pci_address *functions,
	size_t n, struct holders *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		char directory[128], name[PCI_ADDRESS_SIZE];

		pci_address_format(functions[i], name);
		snprintf(directory, sizeof(directory), TREE_PCI "/%s", name);
		r = add_virtual(root, functions[i], directory, ret);
		r = r < 0 ? r : add_mediated(root, functions[i], ret);
	}
	return r;
}

/* ---- All of it -------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct holders_one *one = a, *other = b;

	if (one->kind != other->kind)
		return (int)one->kind - (int)other->kind;
	if (one->pid != other->pid)
		return one->pid < other->pid ? -1 : 1;
	return strcmp(one->node, other->node);
}

/* One look, with the nodes that were found before. */
static int look_once(const struct root *root, const struct nodes *nodes,
	const struct pci_address *functions, size_t n, struct holders *ret)
{
	_cleanup_(holders_free) struct holders holders = {0};
	int r = look_at_processes(root, nodes, &holders);

	r = r < 0 ? r : add_made(root, functions, n, &holders);
	for (size_t i = 0; r == 0 && i < nodes->elsewhere.n; i++)
		r = add_holder(&holders, &nodes->elsewhere.list[i]);
	if (r < 0)
		return r;
	if (holders.n)
		qsort(holders.list, holders.n, sizeof(*holders.list), compare);
	*ret = holders;
	holders = (struct holders){0};
	return 0;
}

int holders_read(const struct root *root, const struct pci_address *functions, size_t n,
	struct holders *ret)
{
	_cleanup_(free_nodes) struct nodes nodes = {0};
	int r = find_nodes(root, functions, n, &nodes);

	return r < 0 ? r : look_once(root, &nodes, functions, n, ret);
}

int holders_wait(const struct root *root, const struct pci_address *functions, size_t n,
	unsigned wait_ms, struct holders *ret)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	uint64_t deadline = child_now() + wait_ms;
	_cleanup_(free_nodes) struct nodes nodes = {0};
	int r = find_nodes(root, functions, n, &nodes);

	for (;;) {
		struct holders holders = {0};

		r = r < 0 ? r : look_once(root, &nodes, functions, n, &holders);
		if (r < 0)
			return r;
		if (!holders.n_processes || child_now() >= deadline) {
			*ret = holders;
			return holders.n_processes ? -ETIMEDOUT : 0;
		}
		holders_free(&holders);
		if (run_caught_signal())
			return -EINTR;
		nanosleep(&pause, NULL);
	}
}

void holders_free(struct holders *holders)
{
	free(holders->list);
	*holders = (struct holders){0};
}

/* "weston (process 812 of weston.service)" */
static void describe_process(const struct holders_one *holder, char *ret, size_t size)
{
	char user[32] = "";

	if (holder->unit.of_user)
		snprintf(user, sizeof(user), " of user %u", holder->unit.uid);
	snprintf(ret, size, "%s (process %d%s%s%s)", holder->comm, (int)holder->pid,
		holder->unit.name[0] ? " of " : "", holder->unit.name, user);
}

char *holders_describe(const struct holders_one *holder, char *ret, size_t size)
{
	char process[UNITS_NAME_SIZE + 128], function[PCI_ADDRESS_SIZE];

	describe_process(holder, process, sizeof(process));
	pci_address_format(holder->function, function);
	switch (holder->kind) {
	case HOLDERS_OPEN:
		snprintf(ret, size, "%s has %s open", process, holder->node);
		break;
	case HOLDERS_MAPPED:
		snprintf(ret, size, "%s has memory of %s", process, holder->node);
		break;
	case HOLDERS_VIRTUAL:
		snprintf(ret, size, "%s, a virtual function of %s, has the driver %s",
			holder->node, function, holder->comm);
		break;
	case HOLDERS_MEDIATED:
		snprintf(ret, size, "%s is a mediated device of %s", holder->node,
			function);
		break;
	case HOLDERS_ELSEWHERE:
		snprintf(ret, size,
			"a network interface of %s is in another network namespace",
			function);
		break;
	}
	return ret;
}
