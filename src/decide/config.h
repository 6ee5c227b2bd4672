/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person asks for: the sections of /etc/vfioboot.conf and its drop-ins, and the
 * vfioboot.* parameters of the kernel command line.  Format: vfioboot.conf(5).
 *
 * A section with an error is kept, marked bad, and never acted on; the others work.  All
 * storage is fixed: a struct config is large and belongs in static storage.
 */
#ifndef VFIOBOOT_CONFIG_H
#define VFIOBOOT_CONFIG_H

#include "dmi.h"
#include "selector.h"

#define CONFIG_SECTIONS_MAX  256
#define CONFIG_SELECTORS_MAX 1024
#define CONFIG_ERRORS_MAX    64
#define CONFIG_FILES_MAX     64
#define CONFIG_PROFILES_MAX  8
#define CONFIG_NAME_SIZE     41 /* bytes of a section's or a profile's name with its NUL */
#define CONFIG_DRIVER_SIZE   32
#define CONFIG_MACHINE_SIZE  192
#define CONFIG_PATH_SIZE     128 /* bytes of a file's name with its NUL */
#define CONFIG_MESSAGE_SIZE  384

#define CONFIG_RESET_SIZE 64

#define CONFIG_DRIVER_NONE "none" /* keeps every driver off */
#define CONFIG_DRIVER_AUTO                                                               \
	"auto" /* the one that the kernel has for the device (variant.h) */
#define CONFIG_DRIVER_NATIVE "native" /* is left to whichever it has */

#define CONFIG_PARAM_TRIAL "vfioboot.trial" /* =ID: this boot is a trial */
#define CONFIG_PARAM_DEVICE                                                              \
	"vfioboot.device" /* =SELECTOR,...: a section without a file */

/* The sizes of "rebar": 0 leaves the BAR as it is; from CONFIG_REBAR_MIN on it is that + N for 2^N MiB. */
#define CONFIG_REBARS    7 /* BAR 0 to 5, and one without a number */
#define CONFIG_REBAR_MAX 1 /* as large as it can be */
#define CONFIG_REBAR_MIN 2

/* A key that may be left out. */
enum config_switch {
	CONFIG_UNSAID,
	CONFIG_OFF,
	CONFIG_ON,
};

/* Where something was written.  The command line has line 0. */
struct config_place {
	uint16_t file; /* index into config.files */
	uint16_t line;
};

/* A device set: functions that go together.  Selectors are ANDed by kind, ORed within one. */
struct config_section {
	char name[CONFIG_NAME_SIZE];
	char profile[CONFIG_NAME_SIZE]; /* "": in every profile */
	char driver[CONFIG_DRIVER_SIZE];
	char machine[CONFIG_MACHINE_SIZE]; /* the globs; "": every machine */
	/* What else its functions are known by, a list each; "": not said. */
	char identity[SYSFS_IDENTITIES][SYSFS_IDENTITY_SIZE];
	char reset[CONFIG_RESET_SIZE]; /* methods with blanks between; "": not said */
	uint8_t rebar[CONFIG_REBARS];
	enum config_switch d3cold, power;
	struct config_place place;
	uint64_t places;                      /* of config_note_selector() */
	uint16_t first_selector, n_selectors; /* in config.selectors */
	uint32_t keys;                        /* bits of the single-valued keys seen */
	uint16_t expect;   /* functions that must be there; 0: any number */
	uint16_t vfs;      /* virtual functions that each of them gets; 0: not said */
	uint8_t kinds;     /* bit 1 << selector_kind: which are there */
	bool elsewhere;    /* 'machine' is set, and nothing of it is this machine */
	bool follow;       /* on-move = follow */
	bool last_display; /* may take the last display */
	bool demand;       /* bind = demand: no boot binds it */
	bool take;         /* late = take: from a native driver that was faster */
	bool auto_driver;  /* driver = auto: "driver" is what was found */
	bool from_cmdline;
	bool bad;
};

/* A section whose 'machine' is not this one.  It is read, and in no other way there. */
struct config_other {
	char name[CONFIG_NAME_SIZE];
	char machine[CONFIG_MACHINE_SIZE]; /* what it says; cut where it is longer */
	struct config_place place;
};

struct config_error {
	struct config_place place;
	char message[CONFIG_MESSAGE_SIZE];
};

/* What is small comes first, in one page: each one that is touched is a page fault more. */
struct config {
	unsigned n_files, n_sections, n_selectors, n_profiles;
	unsigned n_others; /* may pass CONFIG_SECTIONS_MAX: the rest is counted only */
	unsigned n_errors; /* may pass CONFIG_ERRORS_MAX: the rest is counted only */
	unsigned selected; /* of config_select(): its number, from 1 on; 0: none */
	/*
	 * FNV-1a of the bytes of all files that count at a boot: which version this is.  One that is
	 * only about what is done while the host runs does not, and has its bit, 1 << its index.
	 */
	uint64_t digest, runtime_files;
	bool when_selected;
	struct config_place when_error; /* why it is; line 0: it was said */
	bool protect_network;           /* the interface of the default route is kept */
	/* Of libvirt's hook (handover/libvirt.h): */
	bool libvirt_all;          /* it hands over devices of no section, too */
	bool libvirt_stop_session; /* it may end a session that has the card */
	/* From the command line: */
	bool off;
	bool cmdline_unread; /* no section is active: it might say "off" */
	bool trial;          /* this boot is one */
	const struct root
		*root; /* whose machine is asked for; NULL: not known which it is */
	char files[CONFIG_FILES_MAX][CONFIG_PATH_SIZE]; /* names of any bytes */
	struct config_section sections[CONFIG_SECTIONS_MAX];
	struct selector selectors[CONFIG_SELECTORS_MAX];
	struct config_error errors[CONFIG_ERRORS_MAX];
	struct config_other others[CONFIG_SECTIONS_MAX];
	struct dmi dmi; /* what is known of the machine, once a section has asked */
	char profiles[CONFIG_PROFILES_MAX][CONFIG_NAME_SIZE]; /* of the command line */
};

/* Whether @driver ("": none), which has a function, is the one that its section asks for. */
static inline bool config_driver_is(const char *asked, const char *driver)
{
	if (text_is(asked, CONFIG_DRIVER_NATIVE))
		return pcidev_driver_is_native(driver);
	return text_is(driver, text_is(asked, CONFIG_DRIVER_NONE) ? "" : asked);
}

/*
 * Reads the open file @fd, known as @path, and adds its sections.  Errors go to
 * config->errors.
 */
void config_read_file(struct config *config, int fd, const char *path);

/* The same with the bytes of a file.  Returns 0, or -errno. */
int config_read_bytes(
	struct config *config, const void *data, size_t size, const char *path);

/* Whether the file is there, and is only about what is done while the host runs (runtime_files). */
bool config_file_is_runtime(const struct config *config, const char *path);

/*
 * Reads the vfioboot.* parameters of the kernel command line @text: each vfioboot.device=
 * becomes a section "cmdline1", "cmdline2", ...
 */
void config_read_cmdline(struct config *config, const char *text);

/*
 * Copies the name of a section, profile or driver: a word that needs no quoting in a shell, in
 * GRUB or on the command line.  Returns false when it is none, or too long.
 */
bool config_set_name(char *dst, size_t size, const char *text);

struct config_section *config_find_section(struct config *config, const char *name);

/* Takes a section out, as if it had not been read. */
void config_remove_section(struct config *config, struct config_section *section);

/* Adds a section with the defaults.  Returns NULL, with an error added, without room. */
struct config_section *config_new_section(
	struct config *config, struct config_place place, const char *name);

/* Adds an error at @file (an index of config.files) and @line, in printf's manner. */
void config_add_error(struct config *config, struct config_place place,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Bytes of the longest place, with its NUL. */
#define CONFIG_PLACE_SIZE (CONFIG_PATH_SIZE + 8)

/* Where it was written, for people: "FILE:LINE"; no line for the command line or a whole file. */
void config_place_text(const struct config *config, struct config_place place,
	char ret[static CONFIG_PLACE_SIZE]);

/* Names the file @path in config.files.  Returns its index; the last one when it is full. */
uint16_t config_add_file(struct config *config, const char *path);

/* Whether this boot asks for the section: its "bind", its profile, "when" and vfioboot.off. */
bool config_section_active(
	const struct config *config, const struct config_section *section);

/*
 * Makes the section at @index the only active one, whatever a boot asks for: to look at what handing
 * it over would find, as machine_look_up() and plan_make() do for boots.
 */
void config_select(struct config *config, unsigned index);

/* How many sections boots bind, at least some of them: all but those of demand. */
unsigned config_count_boot(const struct config *config);

/* ---- Keys of a [device] section (configkeys.c) */

/*
 * Sets the key @name of @section, the newest one of @config.  Returns false, with an error added,
 * for one that is unknown or set twice, and for a value that it cannot have.
 */
bool config_set_key(struct config *config, struct config_place place,
	struct config_section *section, const char *name, const char *value);

/* Adds a selector to the newest section.  Returns false, with an error added, without room. */
bool config_add_selector(struct config *config, struct config_place place,
	struct config_section *section, const struct selector *selector);

/* Notes that the next selector of the section is *@selector: its number, kind and place. */
void config_note_selector(
	struct config_section *section, const struct selector *selector);

/*
 * Whether a selector of the section may name the place of the path: a quick look, since with many
 * sections most functions are elsewhere.
 */
static inline bool config_may_be_place(
	const struct config_section *section, const struct pci_path *path)
{
	return section->places >> path->devfn[0] % 64 & 1;
}

/*
 * Whether one of the globs of @list, with commas between, is of this machine (dmi.h).  Returns 1 or 0;
 * -EINVAL when one of them is empty.
 */
int config_match_machine(struct config *config, const char *list);

/*
 * Cuts the next item, without the blanks around it, off the comma-separated *@list, which
 * becomes NULL behind the last one.  Returns false when there is none.
 */
bool config_next_item(const char **list, char *ret, size_t size);

/* Sets *@ret from one of two words.  Returns false for another one. */
bool config_set_choice(bool *ret, const char *value, const char *no, const char *yes);

/* The key of a kind of identity. */
const char *config_identity_key(enum sysfs_identity kind);

/*
 * Whether the section names a place by a path from another root bus than 00: firmware numbers
 * these, and a new version of it, or another card, may change the numbers.
 */
bool config_section_may_move(
	const struct config *config, const struct config_section *section);

/* Whether the section names a place (path, address or vf). */
bool config_section_has_place(const struct config_section *section);

/* Whether the section asks for one driver, as against none, any native one, or a choice at the boot. */
static inline bool config_section_needs_driver(const struct config_section *section)
{
	return !section->bad && !section->auto_driver && *section->driver &&
		strcmp(section->driver, CONFIG_DRIVER_NONE) != 0 &&
		strcmp(section->driver, CONFIG_DRIVER_NATIVE) != 0;
}

/* Whether the section leaves its functions with their native driver, and asks for virtual ones. */
bool config_section_is_native(const struct config_section *section);

/*
 * How many functions must be there: as many as "expect" says, or as "vf" names; 0: any number.
 */
unsigned config_expected(
	const struct config *config, const struct config_section *section);

#endif
