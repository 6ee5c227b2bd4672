/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks functions up in the index that depmod(8) made of a kernel's modules.  No file of
 * modprobe.d(5) is read: what matters is what a module could claim, not what is loaded.
 *
 * libkmod maps the index.  Up to 30 it follows its offsets unchecked, and crashes (SIGBUS, SIGSEGV)
 * where they lead out of the file; 34 checks them, and finds nothing in a file that is damaged.  So
 * all nodes are looked at first.  A file can change after that: a child asks libkmod and answers
 * over a socket, and when it is gone, or does not answer, the index is damaged.
 */
#include "modules.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/base.h"
#include "decide/decide.h"
#include "pcibus.h"

/* Bytes of the text that modules.alias has patterns for. */
#define MODALIAS_SIZE 128

#define VFIO_PREFIX "vfio_pci"

/* libkmod/libkmod-index.c */
#define INDEX_MAGIC        0xb007f457u
#define INDEX_HEADER       12
#define INDEX_HAS_PREFIX   0x80000000u
#define INDEX_HAS_VALUES   0x40000000u
#define INDEX_HAS_CHILDREN 0x20000000u
#define INDEX_OFFSET       0x0fffffffu
#define INDEX_DEPTH        4096 /* nodes below each other; each has a character at least */

#define ANSWERS (STDERR_FILENO + 1) /* the child's end of the socket */

#define ANSWER_MS 10000 /* a disk may have to wake up; a damaged index can be a circle */

enum ask { ASK_CLAIMING, ASK_VFIO_DRIVER, ASK_FIND };

struct request {
	enum ask ask;
	struct pci_ids ids;
	char name[128];
};

struct answer {
	int r;
	enum module_kind kind;
	char text[PATH_MAX];
};

struct modules {
	int fd;
	pid_t child;
	pid_t owner, thread; /* that started it, with which it ends */
	char directory[PATH_MAX];
	char root[PATH_MAX]; /* what a path has before what is below the root */
};

/* libkmod would log what it meets; the callers report it. */
static void stay_silent(void *data, int priority, const char *file, int line,
	const char *function, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function, (void)format,
		(void)args;
}

/*
 * Where the index is, without links that could lead out of the root.  Returns 0, -ENOENT,
 * or another -errno.
 */
static int find_index(
	const struct root *root, const char *release, char ret[static PATH_MAX])
{
	static const char *const places[] = {TREE_MODULES, TREE_USR_MODULES};
	char name[NAME_MAX + 64];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_cleanup_close_ int fd = -1;

		text_join(name, sizeof(name), places[i], "/", release, NULL);
		fd = file_open(root, name, O_PATH | O_DIRECTORY);
		if (fd < 0 || faccessat(fd, "modules.dep.bin", F_OK, 0) < 0)
			continue;
		return file_read_own_path(fd, ret, PATH_MAX);
	}
	return -ENOENT;
}

static void unref_list(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}

static void unref_module(struct kmod_module **module)
{
	kmod_module_unref(*module);
}

/* The modules whose aliases match @prefix and @ids.  The caller unrefs @ret. */
static int look_up(struct kmod_ctx *kmod, const char *prefix, const struct pci_ids *ids,
	char modalias[static MODALIAS_SIZE], struct kmod_list **ret)
{
	struct kmod_list *list = NULL;
	int r;

	snprintf(modalias, MODALIAS_SIZE, "%s:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		prefix, ids->vendor, ids->device, ids->subvendor, ids->subdevice,
		ids->class >> 16 & 0xffu, ids->class >> 8 & 0xffu, ids->class & 0xffu);
	r = kmod_module_new_from_lookup(kmod, modalias, &list);
	/* An index that is not there has nothing in it. */
	if (r < 0 && r != -ENOENT && r != -ENOSYS)
		return r;
	*ret = list;
	return 0;
}

bool modules_is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

/* The answers of the child: see the functions of the same name in modules.h. */

static int claiming(
	struct kmod_ctx *kmod, const struct request *request, struct answer *ret)
{
	_cleanup_(unref_list) struct kmod_list *list = NULL;
	char modalias[MODALIAS_SIZE];
	struct kmod_list *item;
	size_t len = 0;
	int r = look_up(kmod, "pci", &request->ids, modalias, &list);

	if (r < 0)
		return r;
	kmod_list_foreach(item, list)
	{
		_cleanup_(unref_module) struct kmod_module *module =
			kmod_module_get_module(item);
		const char *name = kmod_module_get_name(module);

		if (!modules_is_listed(ret->text, name))
			len += text_join(ret->text + len, sizeof(ret->text) - len,
				len ? ", " : "", name, NULL);
	}
	return 0;
}

/* How much a pattern leaves open. */
static unsigned count_wildcards(const char *pattern)
{
	unsigned n = 0;

	for (; *pattern; pattern++)
		n += *pattern == '*';
	return n;
}

/*
 * Wildcards of the module's closest alias for @modalias; many where the module itself can't
 * be read.  The one for all functions leaves the most open.
 */
static unsigned count_open(struct kmod_module *module, const char *modalias)
{
	struct kmod_list *info = NULL, *item;
	unsigned best = 100;

	if (strcmp(kmod_module_get_name(module), VFIO_PREFIX) == 0)
		return best + 1;
	if (kmod_module_get_info(module, &info) < 0)
		return best;
	kmod_list_foreach(item, info)
	{
		const char *value = kmod_module_info_get_value(item);

		if (strcmp(kmod_module_info_get_key(item), "alias") == 0 &&
			fnmatch(value, modalias, 0) == 0 && count_wildcards(value) < best)
			best = count_wildcards(value);
	}
	kmod_module_info_free_list(info);
	return best;
}

static int vfio_driver(
	struct kmod_ctx *kmod, const struct request *request, struct answer *ret)
{
	_cleanup_(unref_list) struct kmod_list *list = NULL;
	char modalias[MODALIAS_SIZE], best[128] = VFIO_PREFIX;
	unsigned least = UINT_MAX;
	struct kmod_list *item;
	int r = look_up(kmod, VFIO_PREFIX, &request->ids, modalias, &list);

	if (r < 0)
		return r;
	kmod_list_foreach(item, list)
	{
		_cleanup_(unref_module) struct kmod_module *module =
			kmod_module_get_module(item);
		const char *name = kmod_module_get_name(module);
		/* Nearly always there is one, and then its file need not be read. */
		unsigned open =
			kmod_list_next(list, list) ? count_open(module, modalias) : 0;

		if (open < least && copy_text(best, sizeof(best), name, strlen(name)))
			least = open;
	}
	text_join(ret->text, sizeof(ret->text), variant_driver_of(best), NULL);
	return 0;
}

static int find(struct kmod_ctx *kmod, const struct request *request, struct answer *ret)
{
	_cleanup_(unref_list) struct kmod_list *list = NULL;
	_cleanup_(unref_module) struct kmod_module *module = NULL;
	const char *path;

	if (kmod_module_new_from_lookup(kmod, request->name, &list) < 0 || !list)
		return 0;
	module = kmod_module_get_module(list);
	path = kmod_module_get_path(module);
	if (path) {
		ret->kind = MODULE_FILE;
		text_join(ret->text, sizeof(ret->text), path, NULL);
	} else if (kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN) {
		/* Any other state would be that of the running kernel. */
		ret->kind = MODULE_BUILTIN;
	}
	return 0;
}

static struct kmod_ctx *open_index(const char *directory)
{
	const char *const no_config = NULL;
	struct kmod_ctx *kmod = kmod_new(directory, &no_config);

	if (!kmod)
		return NULL;
	kmod_set_log_fn(kmod, stay_silent, NULL);
	/* Without it, such as where an older depmod made no index of one kind, it is slower. */
	kmod_load_resources(kmod);
	return kmod;
}

/* A crash is an answer: nobody is to see it, and it leaves no core dump. */
static void become_expendable(void)
{
	static const int signals[] = {SIGBUS, SIGSEGV, SIGILL, SIGFPE, SIGABRT, SIGTERM};

	prctl(PR_SET_DUMPABLE, 0);
	/* It has the lock, too, and may be stopped, or in a circle. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_DFL);
	signal(SIGINT, SIG_IGN); /* of the terminal; it ends with its parent */
}

/*
 * Has nothing open but the socket, as ANSWERS: whoever waits for the end of a pipe of the caller's, or
 * for its lock, does not wait for this process.
 */
static void leave_files(int fd)
{
	dup2(fd, ANSWERS);
	close_range(ANSWERS + 1, ~0U, 0);
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		close(fd);
		open(TREE_NULL, O_RDWR);
	}
}

/* The child: answers until the other end is closed. */
static _Noreturn void serve(const char *directory)
{
	static int (*const answers[])(struct kmod_ctx * kmod,
		const struct request *request, struct answer *ret) = {
		[ASK_CLAIMING] = claiming,
		[ASK_VFIO_DRIVER] = vfio_driver,
		[ASK_FIND] = find,
	};
	struct kmod_ctx *kmod;
	struct request request;

	become_expendable();
	kmod = open_index(directory);
	while (recv(ANSWERS, &request, sizeof(request), 0) == sizeof(request)) {
		struct answer answer = {0};

		answer.r = kmod ? answers[request.ask](kmod, &request, &answer) : -ENOMEM;
		if (send(ANSWERS, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* In a process that the owner has started there is but a copy of the socket to close. */
static void end_child(struct modules *modules)
{
	close_fd(&modules->fd);
	modules->fd = -1;
	if (modules->child > 0 && modules->owner == getpid()) {
		kill(modules->child, SIGKILL);
		waitpid(modules->child, NULL, 0);
	}
	modules->child = 0;
}

/* Starts it.  Returns 0; or -errno, with no child. */
static int start_child(struct modules *modules)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	modules->child = fork();
	if (modules->child == 0) {
		leave_files(fds[1]);
		serve(modules->directory);
	}
	close(fds[1]);
	if (modules->child < 0) {
		close(fds[0]);
		return -EAGAIN;
	}
	modules->fd = fds[0];
	modules->owner = getpid();
	modules->thread = gettid();
	return 0;
}

/* One question to the child.  Returns its answer; or -EBADMSG when there is none. */
static int ask(struct modules *modules, const struct request *request, struct answer *ret)
{
	struct pollfd poll_fd = {.fd = modules->fd, .events = POLLIN};
	int ready;

	if (modules->fd >= 0 && modules->thread != gettid()) {
		end_child(modules);
		start_child(modules);
	}
	if (modules->fd < 0)
		return -EBADMSG;
	if (send(modules->fd, request, sizeof(*request), MSG_NOSIGNAL) ==
		sizeof(*request)) {
		do
			ready = poll(&poll_fd, 1, ANSWER_MS);
		while (ready < 0 && errno == EINTR);
		if (ready > 0 && recv(modules->fd, ret, sizeof(*ret), 0) == sizeof(*ret))
			return ret->r;
	}
	end_child(modules);
	return -EBADMSG;
}

/* The four bytes at @at, the highest first; 0 behind the end. */
static uint32_t number_at(const unsigned char *bytes, size_t size, size_t at)
{
	if (at > size || size - at < 4)
		return 0;
	return (uint32_t)bytes[at] << 24 | (uint32_t)bytes[at + 1] << 16 |
		(uint32_t)bytes[at + 2] << 8 | bytes[at + 3];
}

/* Behind the text at @at; more than @size when it does not end. */
static size_t skip_text(const unsigned char *bytes, size_t size, size_t at)
{
	const unsigned char *end = at < size ? memchr(bytes + at, '\0', size - at) : NULL;

	return end ? (size_t)(end - bytes) + 1 : size + 1;
}

/* What is still to be looked at of a file of the index, whose nodes do not overlap. */
struct walk {
	const unsigned char *bytes;
	size_t size, left; /* of its bytes, those of no node yet */
};

static bool node_is_whole(struct walk *walk, uint32_t node, int depth);

/* The nodes that are named at @at, and all below them.  Where there is none the number is 0. */
static bool children_are_whole(struct walk *walk, size_t at, size_t n, int depth)
{
	for (; n; n--, at += 4) {
		uint32_t child = number_at(walk->bytes, walk->size, at);

		if (child & INDEX_OFFSET && !node_is_whole(walk, child, depth))
			return false;
	}
	return true;
}

static bool node_is_whole(struct walk *walk, uint32_t node, int depth)
{
	size_t start = node & INDEX_OFFSET, at = start, children = 0, n = 0;

	if (start < INDEX_HEADER || start > walk->size || depth > INDEX_DEPTH)
		return false;
	if (node & INDEX_HAS_PREFIX)
		at = skip_text(walk->bytes, walk->size, at);
	if (node & INDEX_HAS_CHILDREN) {
		if (at + 2 > walk->size || walk->bytes[at + 1] < walk->bytes[at])
			return false;
		n = (size_t)(walk->bytes[at + 1] - walk->bytes[at]) + 1;
		children = at + 2;
		at = children + 4 * n;
	}
	if (node & INDEX_HAS_VALUES) {
		uint32_t values = number_at(walk->bytes, walk->size, at);

		at += 4;
		while (values-- && at <= walk->size)
			at = skip_text(walk->bytes, walk->size, at + 4);
	}
	if (at > walk->size || at - start > walk->left)
		return false;
	walk->left -= at - start;
	return children_are_whole(walk, children, n, depth + 1);
}

/*
 * Goes through all nodes (the format is in libkmod/libkmod-index.c).  The order they have in the
 * file says nothing: depmod up to kmod 33 writes the root last, later ones write it first.
 */
bool modules_index_is_whole(const unsigned char *bytes, size_t size)
{
	struct walk walk = {.bytes = bytes, .size = size, .left = size};

	return size >= INDEX_HEADER && number_at(bytes, size, 0) == INDEX_MAGIC &&
		node_is_whole(&walk, number_at(bytes, size, 8), 0);
}

/* Returns 0, -EBADMSG, or another -errno.  What older depmods did not write is not there. */
static int check_files(const struct root *root, const char *directory)
{
	static const char *const files[] = {"modules.dep.bin", "modules.alias.bin",
		"modules.symbols.bin", "modules.builtin.bin",
		"modules.builtin.alias.bin"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *bytes = NULL;
		char path[PATH_MAX];
		size_t size;

		text_join(path, sizeof(path), directory, "/", files[i], NULL);
		r = file_read(root, path, &bytes, &size);
		/* depmod writes an empty one where it does not know what is built in. */
		if (r == 0 && (size || !strstr(files[i], "builtin")) &&
			!modules_index_is_whole((unsigned char *)bytes, size))
			r = -EBADMSG;
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

int modules_open(const struct root *root, const char *release, struct modules **ret)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	const struct request first = {.ask = ASK_FIND, .name = VFIO_PREFIX};
	struct answer answer;
	char directory[PATH_MAX];
	int r;

	if (!*release || strchr(release, '/') || strlen(release) > NAME_MAX)
		return -EINVAL;
	r = find_index(root, release, directory);
	if (r == 0)
		r = check_files(root, directory + strlen(root->path));
	if (r < 0)
		return r;
	modules = calloc(1, sizeof(*modules));
	if (!modules)
		return -ENOMEM;
	modules->fd = -1;
	text_join(modules->root, sizeof(modules->root), root->path, NULL);
	strcpy(modules->directory, directory);
	r = start_child(modules);
	/* What is damaged at its beginning is so for all who ask. */
	if (r == 0)
		r = ask(modules, &first, &answer);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(modules);
	return 0;
}

void modules_close(struct modules **modules)
{
	if (!*modules)
		return;
	end_child(*modules);
	free(*modules);
	*modules = NULL;
}

bool modules_are_damaged(const struct modules *modules)
{
	return modules->fd < 0;
}

/* A question about the ids of a function, with a text as its answer. */
static int ask_text(struct modules *modules, enum ask what, const struct pci_ids *ids,
	char *ret, size_t size)
{
	struct request request = {.ask = what, .ids = *ids};
	struct answer answer;
	int r = ask(modules, &request, &answer);

	if (r < 0)
		return r;
	return copy_text(ret, size, answer.text, strlen(answer.text)) ? 0 : -ENOBUFS;
}

int modules_claiming(
	struct modules *modules, const struct pci_ids *ids, char *ret, size_t size)
{
	return ask_text(modules, ASK_CLAIMING, ids, ret, size);
}

int modules_holder(
	struct modules *modules, const struct pcidev *dev, char *ret, size_t size)
{
	text_join(ret, size, pcibus_leaves_group(dev->driver) ? "" : dev->driver, NULL);
	if (!pcidev_driver_is_vfio(dev->driver))
		return 0;
	return modules ? modules_claiming(modules, &dev->ids, ret, size) : -ENOENT;
}

int modules_vfio_driver(
	struct modules *modules, const struct pci_ids *ids, char *ret, size_t size)
{
	return ask_text(modules, ASK_VFIO_DRIVER, ids, ret, size);
}

int modules_find(struct modules *modules, const char *name, enum module_kind *ret,
	char *ret_path, size_t size)
{
	struct request request = {.ask = ASK_FIND};
	struct answer answer;
	size_t len = strlen(modules->root);
	const char *path = "";
	int r;

	if (!copy_text(request.name, sizeof(request.name), name, strlen(name)))
		return -ENAMETOOLONG;
	r = ask(modules, &request, &answer);
	if (r < 0)
		return r;
	if (answer.kind == MODULE_FILE && strncmp(answer.text, modules->root, len) == 0)
		path = answer.text + len;
	if (ret_path && !copy_text(ret_path, size, path, strlen(path)))
		return -ENAMETOOLONG;
	*ret = answer.kind;
	return 0;
}

bool modules_lack(struct modules *modules, const char *driver)
{
	enum module_kind kind;

	return modules_find(modules, driver, &kind, NULL, 0) == 0 && kind == MODULE_NONE;
}
