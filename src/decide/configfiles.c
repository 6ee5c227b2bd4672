/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and reads the files that say what to do. */
#include "configfiles.h"

#include <fcntl.h>

#include "base/base.h"

#define SUFFIX          ".conf"
#define MASK            "/dev/null"            /* lint: a link's text, never opened */
#define DROPINS_MAX     (CONFIG_FILES_MAX - 8) /* leaves room for the other files */
#define DROPIN_NAME_MAX 64

static const char *const dirs[] = {
	CONFIGFILES_VENDOR_DIR, CONFIGFILES_RUN_DIR, CONFIGFILES_LOCAL_DIR};

#define RUN_DIR_INDEX 1

/*
 * The list made with the image, the image's own as the initramfs left it for the real root,
 * and the one made at this boot, so early that not all is mounted that will be.
 */
static const char *const protect_files[] = {CONFIGFILES_PROTECT,
	RUN_DIRECTORY "/initramfs.protect", RUN_DIRECTORY "/protect"};

/* The names of the drop-ins, sorted. */
struct dropins {
	struct config *config;
	const char *dir; /* that is being read */
	unsigned n;
	struct {
		char name[DROPIN_NAME_MAX];
		const char *dir;
	} list[DROPINS_MAX];
};

static void file_error(struct config *config, const char *path, const char *message)
{
	struct config_place place = {config_add_file(config, path), 0};

	config_add_error(config, place, "%s", message);
}

bool configfiles_is_dropin(const char *name)
{
	size_t len = strlen(name), suffix = strlen(SUFFIX);

	return name[0] != '.' && len > suffix && strcmp(name + len - suffix, SUFFIX) == 0;
}

static bool add_dropin(void *data, const char *name)
{
	struct dropins *dropins = data;
	size_t len = strlen(name);
	unsigned at = 0;

	if (!configfiles_is_dropin(name))
		return true;
	while (at < dropins->n && strcmp(dropins->list[at].name, name) < 0)
		at++;
	if (at < dropins->n && strcmp(dropins->list[at].name, name) == 0) {
		dropins->list[at].dir = dropins->dir;
		return true;
	}
	if (len >= DROPIN_NAME_MAX || dropins->n == DROPINS_MAX) {
		file_error(dropins->config, dropins->dir,
			len >= DROPIN_NAME_MAX
				? "a file's name is longer than 63 bytes; shorten it"
				: "too many drop-in files; merge some of them");
		return true;
	}
	memmove(&dropins->list[at + 1], &dropins->list[at],
		(dropins->n - at) * sizeof(dropins->list[0]));
	strcpy(dropins->list[at].name, name);
	dropins->list[at].dir = dropins->dir;
	dropins->n++;
	return true;
}

static void read_file(const struct root *root, struct config *config, const char *path)
{
	/* A pipe in the place of a file must not make a boot wait. */
	_cleanup_close_ int fd =
		file_open(root, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	char target[sizeof(MASK) + 1];
	int link = -EINVAL;

	if (fd == -ELOOP) {
		link = file_read_link(root, path, target, sizeof(target));
		if (link == 0 && strcmp(target, MASK) == 0)
			return;
		fd = file_open(root, path, O_RDONLY | O_NONBLOCK);
	}
	if (fd >= 0)
		config_read_file(config, fd, path);
	else if (fd == -ENOENT && (link == 0 || link == -ENAMETOOLONG))
		file_error(config, path, "the link leads to a file that is missing");
	else if (fd != -ENOENT)
		file_error(config, path, strerror(-fd));
}

void configfiles_read(
	const struct root *root, enum configfiles_of of, struct config *config)
{
	struct dropins dropins;
	int r;

	dropins.config = config;
	dropins.n = 0;
	config->root = root;
	read_file(root, config, CONFIGFILES_MAIN);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (i == RUN_DIR_INDEX && of == CONFIGFILES_OF_IMAGE)
			continue;
		dropins.dir = dirs[i];
		r = file_each_name(root, dirs[i], add_dropin, &dropins);
		if (r < 0 && r != -ENOENT)
			file_error(config, dirs[i], strerror(-r));
	}
	for (unsigned i = 0; i < dropins.n; i++) {
		char path[CONFIG_PATH_SIZE];

		snprintf(path, sizeof(path), "%s/%s", dropins.list[i].dir,
			dropins.list[i].name);
		read_file(root, config, path);
	}
}

static int read_text(const struct configfiles_text *texts, size_t n, const char *path,
	struct config *config)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(texts[i].path, path) == 0)
			return texts[i].data ? config_read_bytes(config, texts[i].data,
						       texts[i].size, path)
					     : 0;
	return 0;
}

int configfiles_read_texts(const struct root *root, const struct configfiles_text *texts,
	size_t n, struct config *config)
{
	struct dropins dropins = {.config = config};
	char path[CONFIG_PATH_SIZE];
	int r;

	config->root = root;
	r = read_text(texts, n, CONFIGFILES_MAIN, config);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		size_t len = strlen(dirs[i]);

		dropins.dir = dirs[i];
		for (size_t j = 0; j < n; j++)
			if (text_begins_with(texts[j].path, dirs[i]) &&
				texts[j].path[len] == '/')
				add_dropin(&dropins, texts[j].path + len + 1);
	}
	for (unsigned i = 0; r == 0 && i < dropins.n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dropins.list[i].dir,
			dropins.list[i].name);
		r = read_text(texts, n, path, config);
	}
	return r;
}

_Static_assert(FILE_TAKE_MAX > PROTECT_ENTRIES_MAX * PROTECT_LINE_SIZE,
	"the largest protect list has room");

/* Of files that are taken as a whole. */
struct reading {
	const struct root *root;
	struct config *config;
	struct protect_list *protect; /* of take_protect() */
	bool any;                     /* there is one of the lists */
};

static void take_protect(void *data, const char *path, char *text, ssize_t n)
{
	struct reading *reading = data;
	struct config_place place = {0};

	if (n == -ENOENT)
		return;
	reading->any = true;
	place.line = (uint16_t)(n < 0 ? 0 : protect_parse(reading->protect, text));
	if (n >= 0 && !place.line)
		return;
	reading->protect->incomplete = true;
	place.file = config_add_file(reading->config, path);
	config_add_error(reading->config, place, "%s",
		n < 0 ? strerror((int)-n)
		      : "not an entry of a protect list, or one too many; rebuild the "
			"image, and the list with it");
}

void configfiles_read_protect(
	const struct root *root, struct config *config, struct protect_list *ret)
{
	struct reading reading = {.root = root, .config = config, .protect = ret};

	for (size_t i = 0; i < ARRAY_SIZE(protect_files); i++)
		file_take_text(root, protect_files[i], take_protect, &reading);
	/*
	 * An image that was made elsewhere does not know this host; the real root will, unless
	 * its list could not be made.
	 */
	ret->incomplete |= !reading.any && (root->live || root_is_initramfs(root));
}

static void take_cmdline(void *data, const char *path, char *text, ssize_t n)
{
	struct reading *reading = data;

	(void)path;
	if (n >= 0)
		config_read_cmdline(reading->config, text);
	/* Another machine's files may lack it. */
	if (n >= 0 || (n == -ENOENT && !reading->root->live))
		return;
	/* It might say "off". */
	reading->config->cmdline_unread = true;
	file_error(reading->config, "kernel command line", strerror((int)-n));
}

void configfiles_read_cmdline(const struct root *root, struct config *config)
{
	struct reading reading = {.root = root, .config = config};

	cmdline_take(root, take_cmdline, &reading);
}
