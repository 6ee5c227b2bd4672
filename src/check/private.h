/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks share: the machine, and how one adds its points.  For check_*.c alone. */
#ifndef VFIOBOOT_CHECK_PRIVATE_H
#define VFIOBOOT_CHECK_PRIVATE_H

#include "check.h"
#include "facts/facts.h"

struct check_function {
	const struct pcibus_function *pci;
	char name[PCI_ADDRESS_SIZE]; /* its address */
	bool target;                 /* the checks are about it */
	bool planned;                /* the next boot binds it, by its section */
	bool demand;                 /* no boot binds it: a section of demand names it */
};

struct check_host {
	const struct root *root;
	struct chain *chain; /* its menus; check_images() opens its images */
	const struct nextboot *next;
	struct facts *facts;
	struct check_function *functions; /* of the same order */
	size_t n;
	unsigned attributes; /* bits: which of those that are read some function has */
	/* Filled in as the checks are made: */
	struct check_list *list;
	const char *theme, *name; /* of the check that runs */
	int error;                /* of what was to be added */
};

struct check {
	const char *name;
	void (*run)(struct check_host *host); /* NULL: */
	void (*run_target)(
		struct check_host *host, const struct check_function *function);
};

/* The checks of one file, under one heading; their order is the one of the report. */
struct check_theme {
	const char *title;
	const struct check *checks;
	size_t n;
};

extern const struct check_theme check_config_theme, check_iommu_theme, check_kernel_theme,
	check_security_theme, check_use_theme, check_group_theme, check_display_theme,
	check_device_theme, check_virtual_theme, check_boot_theme, check_handover_theme,
	check_leftovers_theme;

/* Adds a point: what is, in printf's manner.  Errors are kept in host->error. */
void check_add(struct check_host *host, enum check_state state, const char *subject,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#define check_pass(host, ...)    check_add(host, CHECK_PASS, __VA_ARGS__)
#define check_fail(host, ...)    check_add(host, CHECK_FAIL, __VA_ARGS__)
#define check_unknown(host, ...) check_add(host, CHECK_UNKNOWN, __VA_ARGS__)

/* Where the tree lacks what a running machine has: unknown, with the remedy for that. */
#define check_unseen(host, ...)                                                          \
	(check_unknown(host, __VA_ARGS__), check_remedy_unseen(host))
void check_remedy_unseen(struct check_host *host);

/* What to do about the point that was added last. */
void check_remedy(struct check_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same: to add the kernel parameter @word, or to remove it (parameter_remedy.h). */
void check_remedy_parameter(struct check_host *host, bool add, const char *word);

/* The same on the running machine; of another tree, the remedy of check_unseen(). */
void check_remedy_live(struct check_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether anything is configured; and for a boot, without which no image is needed. */
bool check_is_configured(const struct check_host *host);
bool check_needs_image(const struct check_host *host);

/* Whether vfio is needed: something is configured for it, or nothing is configured yet. */
bool check_needs_vfio(const struct check_host *host);

/* How a parameter of a module, which is a bool, is set at the next boot. */
enum check_parameter {
	CHECK_PARAMETER_OFF,
	CHECK_PARAMETER_IN_FILES, /* on in modprobe.d, which not every image has, nor what is built in reads */
	CHECK_PARAMETER_ON, /* on the command line */
};

/* Reads it; @module has '_' where others may write '-'. */
enum check_parameter check_read_parameter(
	const struct check_host *host, const char *module, const char *name);

/* Whose command line the next boot has: an entry's, or this boot's. */
void check_whose_cmdline(const struct check_host *host, char *ret, size_t size);

/* The next target from *@at on, which starts as 0; NULL behind the last one. */
const struct check_function *check_next_target(const struct check_host *host, size_t *at);

/*
 * Reads an attribute of a function, a line.  Returns 0, or -errno; -ENODATA says that this
 * tree has the attribute of no function at all, so that its absence says nothing.
 */
int check_read_attribute(const struct check_host *host,
	const struct check_function *function, const char *attribute, char *ret,
	size_t size);

/* Whether any function of this tree has the attribute. */
bool check_has_attribute(const struct check_host *host, const char *attribute);

/* How an -errno of reading is said: "only root can read it", ... */
const char *check_why(int error);

#endif
