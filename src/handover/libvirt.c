/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's hook: whether it is there, what is in its way, and how it comes and goes. */
#include "libvirt.h"

#include <paths.h>

/* What the drop-in is a copy of, and a copy of what was written, by which an edit is found. */
#define SOURCE  PATHS_LIBDIR "/libvirt-hook"
#define WRITTEN STATE_DIRECTORY "/libvirt-hook"

#define MARK "Written by 'vfioboot libvirt enable'"

#define DROPIN_SINCE 6005000 /* libvirt 6.5.0 looks into qemu.d (docs/hooks.rst) */

/* Scripts that a main hook runs may lie in qemu.d/GUEST/OPERATION/SUB-OPERATION. */
#define DEPTH_MAX 4

/* ---- which libvirt ---------------------------------------------------------------------- */

/* "libvirt.so.0.9000.0" is 9.0.0: the file of the library has it in its name (meson.build). */
static unsigned parse_version(const char *name)
{
	unsigned release, micro;
	char end;

	return sscanf(name, "libvirt.so.0.%u.%u%c", &release, &micro, &end) == 2
		? release * 1000 + micro
		: 0;
}

static unsigned version_in(const struct root *root, const char *directory)
{
	_cleanup_free_ char *path = NULL;
	char target[256];
	const char *slash;

	if (asprintf(&path, "%s/libvirt.so.0", directory) < 0)
		return 0;
	if (file_read_link(root, path, target, sizeof(target)) < 0)
		return 0;
	slash = strrchr(target, '/');
	return parse_version(slash ? slash + 1 : target);
}

static unsigned find_version(const struct root *root)
{
	static const char *const plain[] = {"/usr/lib64", "/usr/lib", "/usr/local/lib"};
	_cleanup_(file_free_names) struct file_names paths = {0};
	unsigned version = 0;

	for (size_t i = 0; !version && i < ARRAY_SIZE(plain); i++)
		version = version_in(root, plain[i]);
	if (!version)
		file_list_paths(root, "/usr/lib", "*-linux-*", 0, &paths);
	for (size_t i = 0; !version && i < paths.n; i++)
		version = version_in(root, paths.names[i]);
	return version;
}

/* The process of a daemon; 0: it does not run. */
static int find_process(const struct root *root, const char *daemon)
{
	char path[64], line[32], comm[32];
	int pid;

	snprintf(path, sizeof(path), "/run/%s.pid", daemon);
	if (file_read_line(root, path, line, sizeof(line)) < 0)
		return 0;
	pid = atoi(line);
	snprintf(path, sizeof(path), TREE_PROC_COMM, pid);
	/* Of one that was killed the file stays. */
	return pid > 0 && file_read_line(root, path, comm, sizeof(comm)) == 0 &&
			strcmp(comm, daemon) == 0
		? pid
		: 0;
}

/*
 * How sure it is that guests of QEMU are run by the daemon: it runs, it can be called, it is
 * started at boot, it is installed.  virtproxyd has the socket of libvirtd, too.
 */
static unsigned weigh_daemon(const struct root *root, const char *daemon)
{
	const char *socket = strcmp(daemon, "libvirtd") == 0 ? "libvirt" : daemon;

	if (find_process(root, daemon))
		return 4;
	if (file_exists(root, "/run/libvirt/%s-sock", socket))
		return 3;
	if (file_exists(
		    root, "/etc/systemd/system/sockets.target.wants/%s.socket", daemon) ||
		file_exists(root,
			"/etc/systemd/system/multi-user.target.wants/%s.service", daemon))
		return 2;
	return file_exists(root, "/usr/sbin/%s", daemon) ||
		file_exists(root, "/usr/bin/%s", daemon);
}

static void find_daemon(const struct root *root, struct libvirt *libvirt)
{
	static const char *const daemons[] = {"virtqemud", "libvirtd"};
	unsigned best = 0;

	for (size_t i = 0; i < ARRAY_SIZE(daemons); i++) {
		unsigned weight = weigh_daemon(root, daemons[i]);

		if (weight <= best)
			continue;
		best = weight;
		libvirt->daemon = daemons[i];
		libvirt->running = weight == 4;
	}
}

static enum libvirt_boolean find_boolean(const struct root *root)
{
	char line[16];

	if (file_read_line(root, TREE_SELINUX "/enforce", line, sizeof(line)) < 0 ||
		*line != '1' ||
		file_read_line(root, TREE_SELINUX "/booleans/virt_hooks_unconfined", line,
			sizeof(line)) < 0)
		return LIBVIRT_NO_SELINUX;
	/* The present value, and the one that would be committed. */
	return *line == '1' ? LIBVIRT_UNCONFINED : LIBVIRT_CONFINED;
}

/* ---- our hook --------------------------------------------------------------------------- */

static bool is_executable(const struct root *root, const char *path)
{
	struct stat st;

	return file_stat(root, path, &st) == 0 && S_ISREG(st.st_mode) &&
		st.st_mode & 0111;
}

static int find_dropin(const struct root *root, enum libvirt_dropin *ret)
{
	_cleanup_free_ char *text = NULL, *source = NULL, *written = NULL;
	int r = file_read(root, LIBVIRT_HOOK, &text, NULL);

	if (file_is_link(root, LIBVIRT_HOOK)) {
		*ret = LIBVIRT_FOREIGN;
		return 0;
	}
	if (r == -ENOENT || r == -ENOTDIR) {
		*ret = LIBVIRT_ABSENT;
		return 0;
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !strstr(text, MARK)) {
		*ret = LIBVIRT_FOREIGN;
		return 0;
	}
	if (file_read(root, SOURCE, &source, NULL) == 0 && strcmp(text, source) == 0)
		*ret = is_executable(root, LIBVIRT_HOOK) ? LIBVIRT_CURRENT
							 : LIBVIRT_OUTDATED;
	else if (file_read(root, WRITTEN, &written, NULL) == 0 &&
		strcmp(text, written) == 0)
		*ret = LIBVIRT_OUTDATED;
	else
		*ret = LIBVIRT_EDITED;
	return 0;
}

/* ---- other hooks ------------------------------------------------------------------------ */

/* Whether a line that is no comment has the word. */
static bool has_word(const char *text, const char *word)
{
	for (const char *line = text; *line; line = text_next_line(line)) {
		const char *at = line + strspn(line, " \t");
		const char *end = at + strcspn(at, "\n");

		if (*at != '#' && memmem(at, (size_t)(end - at), word, strlen(word)))
			return true;
	}
	return false;
}

static bool has_any_word(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has_word(text, words[i]))
			return true;
	return false;
}

static int add_other(struct libvirt *libvirt, const struct root *root, const char *path,
	const char *text)
{
	static const char *const calls[] = {
		"virsh ", "virt-xml ", "import libvirt", "qemu:///system"};
	static const char *const binds[] = {"vfio-pci", "vfio_pci", "driver_override",
		"nodedev-detach", "nodedev-reattach", "driverctl ",
		"/sys/bus/pci/drivers"}; /* lint: what a script says, nothing is opened */
	struct libvirt_other *other = LIST_ADD(libvirt->others, libvirt->n_others);

	if (!other)
		return -ENOMEM;
	*other = (struct libvirt_other){
		.path = strdup(path),
		.executable = is_executable(root, path),
		.calls_libvirt = has_any_word(text, calls, ARRAY_SIZE(calls)),
		.binds = has_any_word(text, binds, ARRAY_SIZE(binds)),
	};
	return other->path ? 0 : -ENOMEM;
}

static int add_if_there(
	struct libvirt *libvirt, const struct root *root, const char *path)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, path, &text, NULL);

	return r == 0 ? add_other(libvirt, root, path, text) : r == -ENOMEM ? r : 0;
}

static int add_directory(struct libvirt *libvirt, const struct root *root,
	const char *directory, unsigned depth)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = file_list_paths(root, directory, "*", 0, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		const char *path = paths.names[i];

		if (strcmp(path, LIBVIRT_HOOK) == 0)
			continue;
		if (!file_exists(root, "%s/.", path))
			r = add_if_there(libvirt, root, path);
		else if (depth)
			r = add_directory(libvirt, root, path, depth - 1);
	}
	return r == -ENOMEM ? r : 0;
}

/* libvirt looks at the files of qemu.d; a main hook may run what lies below them. */
static int find_others(const struct root *root, struct libvirt *libvirt)
{
	_cleanup_free_ char *text = NULL;
	bool deep = file_read(root, LIBVIRT_MAIN_HOOK, &text, NULL) == 0 &&
		strstr(text, "qemu.d");
	int r = add_if_there(libvirt, root, LIBVIRT_MAIN_HOOK);

	return r < 0 ? r
		     : add_directory(libvirt, root, LIBVIRT_MAIN_HOOK ".d",
			       deep ? DEPTH_MAX : 0);
}

/* ---- whether the daemon knows ----------------------------------------------------------- */

/* When the file was written last; 0: it is not there. */
static time_t written_at(const struct root *root, const char *path)
{
	struct stat st;

	return file_stat(root, path, &st) == 0 ? st.st_mtime : 0;
}

/* Whether the daemon runs it itself: what lies deeper is for another hook. */
static bool is_looked_for(const char *path)
{
	static const char directory[] = LIBVIRT_MAIN_HOOK ".d/";

	return !text_begins_with(path, directory) ||
		!strchr(path + strlen(directory), '/');
}

/*
 * The daemon looks for hooks when it starts (virHookInitialize() of src/util/virhook.c); if there
 * was any that it can run, it looks into the directory at each event.
 */
static enum libvirt_reload find_reload(
	const struct root *root, const struct libvirt *libvirt)
{
	char path[64];
	time_t started;

	if (!libvirt->running || libvirt->dropin == LIBVIRT_ABSENT)
		return LIBVIRT_NOTHING_KNOWN;
	snprintf(path, sizeof(path), "/run/%s.pid", libvirt->daemon);
	started = written_at(root, path);
	if (written_at(root, LIBVIRT_HOOK) < started)
		return LIBVIRT_NO_RELOAD;
	for (size_t i = 0; i < libvirt->n_others; i++) {
		const struct libvirt_other *other = &libvirt->others[i];

		if (other->executable && is_looked_for(other->path) &&
			written_at(root, other->path) < started)
			return LIBVIRT_NO_RELOAD;
	}
	return LIBVIRT_RELOAD;
}

/* ---- what is to be said of it ----------------------------------------------------------- */

static struct message *remark(struct libvirt *libvirt, bool wrong)
{
	struct libvirt_remark *remark = LIST_ADD(libvirt->remarks, libvirt->n_remarks);

	if (!remark)
		return NULL;
	remark->wrong = wrong;
	return &remark->message;
}

static int say_foreign(struct message *message, enum libvirt_dropin dropin)
{
	message_remedy(message,
		"move it away, such as to your home directory, and run 'sudo vfioboot "
		"libvirt enable'");
	return dropin == LIBVIRT_EDITED
		? message_set(message, -EEXIST,
			  LIBVIRT_HOOK " was edited since vfioboot wrote it")
		: message_set(
			  message, -EEXIST, LIBVIRT_HOOK " was not written by vfioboot");
}

static int say_too_old(struct message *message, unsigned version)
{
	message_remedy(message, "update libvirt, or hand over with 'vfioboot bind'");
	return message_set(message, -EOPNOTSUPP,
		"libvirt %u.%u.%u does not look into " LIBVIRT_MAIN_HOOK
		".d; 6.5.0 and later do",
		version / 1000000, version / 1000 % 1000, version % 1000);
}

static void say_other(struct libvirt *libvirt, const struct libvirt_other *other)
{
	struct message *message;

	if (!other->executable) {
		message = remark(libvirt, false);
		message_remedy(message, "make it executable, or delete it");
		message_set(message, -ENOEXEC,
			"%s is not executable, so libvirt does not run it", other->path);
		return;
	}
	if (other->calls_libvirt) {
		message = remark(libvirt, true);
		message_remedy(message, "remove these calls from it");
		message_set(message, -EDEADLK,
			"%s calls libvirt, which waits for it: both can hang",
			other->path);
	}
	if (other->binds) {
		message = remark(libvirt, true);
		message_remedy(message,
			"remove what it does with devices of sets that have 'bind = "
			"demand'");
		message_set(message, -EEXIST, "%s changes drivers of PCI devices, too",
			other->path);
	}
}

static void say_dropin(struct libvirt *libvirt)
{
	struct message *message;

	if (libvirt->dropin == LIBVIRT_EDITED || libvirt->dropin == LIBVIRT_FOREIGN)
		say_foreign(remark(libvirt, true), libvirt->dropin);
	if (libvirt->dropin == LIBVIRT_OUTDATED) {
		message = remark(libvirt, true);
		message_remedy(message, "run 'sudo vfioboot libvirt enable'");
		message_set(message, -ESTALE,
			LIBVIRT_HOOK " is not as this version of vfioboot writes it");
	}
	if (libvirt->reload == LIBVIRT_RELOAD) {
		message = remark(libvirt, true);
		message_remedy(message,
			"run 'sudo systemctl reload %s', unless that was done since; "
			"guests go on",
			libvirt->daemon);
		message_set(message, -EAGAIN,
			"%s has run since before the hook was written, and looks for "
			"hooks only when it starts or is reloaded",
			libvirt->daemon);
	}
}

static void say_all(struct libvirt *libvirt)
{
	struct message *message;

	if (libvirt->daemon && libvirt->version && libvirt->version < DROPIN_SINCE)
		say_too_old(remark(libvirt, true), libvirt->version);
	say_dropin(libvirt);
	if (libvirt->selinux == LIBVIRT_CONFINED) {
		message = remark(libvirt, true);
		message_remedy(
			message, "run 'sudo setsebool -P virt_hooks_unconfined on'");
		message_set(message, -EACCES,
			"SELinux does not let hooks of libvirt stop services or change "
			"drivers");
	}
	for (size_t i = 0; i < libvirt->n_others; i++)
		say_other(libvirt, &libvirt->others[i]);
}

int libvirt_look(const struct root *root, struct libvirt *ret)
{
	struct libvirt libvirt = {0};
	int r;

	libvirt.version = find_version(root);
	find_daemon(root, &libvirt);
	libvirt.selinux = find_boolean(root);
	r = find_dropin(root, &libvirt.dropin);
	r = r < 0 ? r : find_others(root, &libvirt);
	libvirt.reload = find_reload(root, &libvirt);
	if (r == 0)
		say_all(&libvirt);
	if (r < 0)
		libvirt_free(&libvirt);
	else
		*ret = libvirt;
	return r;
}

void libvirt_free(struct libvirt *libvirt)
{
	for (size_t i = 0; i < libvirt->n_others; i++)
		free(libvirt->others[i].path);
	free(libvirt->others);
	free(libvirt->remarks);
	*libvirt = (struct libvirt){0};
}

/* ---- its coming and going --------------------------------------------------------------- */

static int add_write(
	struct change *change, const char *path, const char *text, mode_t mode)
{
	struct change_step *step = change_add(change, &change_write, path, NULL);

	if (!step)
		return -ENOMEM;
	step->mode = mode;
	step->text = strdup(text);
	return step->text ? 0 : -ENOMEM;
}

int libvirt_enable(
	struct change *change, const struct libvirt *libvirt, struct message *message)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!libvirt->daemon) {
		message_remedy(message, "install libvirt's daemon for QEMU");
		return message_set(message, -ENOENT,
			"libvirt is not installed: there is neither virtqemud nor "
			"libvirtd");
	}
	if (libvirt->version && libvirt->version < DROPIN_SINCE)
		return say_too_old(message, libvirt->version);
	if (libvirt->dropin == LIBVIRT_EDITED || libvirt->dropin == LIBVIRT_FOREIGN)
		return say_foreign(message, libvirt->dropin);
	if (libvirt->dropin == LIBVIRT_CURRENT)
		return 0;
	r = file_read(change->root, SOURCE, &text, NULL);
	if (r < 0) {
		message_remedy(message, "install vfioboot again");
		return message_errno(message, r, "cannot read %s", SOURCE);
	}
	/* First what the hook is compared with: one without the other looks edited. */
	r = change_put_text(change, WRITTEN, text);
	r = r < 0 ? r : add_write(change, LIBVIRT_HOOK, text, 0755);
	return r < 0 ? message_errno(message, r, "cannot work out what to do") : 0;
}

int libvirt_disable(
	struct change *change, const struct libvirt *libvirt, struct message *message)
{
	int r;

	if (libvirt->dropin == LIBVIRT_EDITED || libvirt->dropin == LIBVIRT_FOREIGN) {
		say_foreign(message, libvirt->dropin);
		message_remedy(message, "delete it by hand");
		return message->code;
	}
	r = change_put_text(change, LIBVIRT_HOOK, NULL);
	r = r < 0 ? r : change_put_text(change, WRITTEN, NULL);
	if (r == 0 && libvirt->dropin != LIBVIRT_ABSENT &&
		!change_add(change, &change_rmdir, LIBVIRT_MAIN_HOOK ".d", NULL))
		r = -ENOMEM;
	return r < 0 ? message_errno(message, r, "cannot work out what to do") : 0;
}
