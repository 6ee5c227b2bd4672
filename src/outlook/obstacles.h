/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a device set should not, or cannot, be given away: what `add` refuses, and warns of. */
#ifndef VFIOBOOT_OBSTACLES_H
#define VFIOBOOT_OBSTACLES_H

#include "decide/decide.h"
#include "facts/facts.h"
#include "nextboot.h"

enum obstacle_kind {
	OBSTACLE_CONFIGURED,  /* section: has it already */
	OBSTACLE_BRIDGE,      /* no guest can have it */
	OBSTACLE_USED,        /* usage: what the host uses it for */
	OBSTACLE_UNKNOWN_USE, /* what the host uses it for is not known */
	OBSTACLE_PART,        /* what: a RAID, LVM or LUKS device that is on it */
	OBSTACLE_DATA, /* drive: has data that the host does not use, or may have */
	OBSTACLE_BOOT_DISPLAY, /* the firmware and the boot messages are on it */
	OBSTACLE_LAST_DISPLAY, /* no other stays for the host */
	OBSTACLE_USB_DEVICE,   /* what: is plugged into it */
	OBSTACLE_NO_GROUP,     /* it has no IOMMU group */
	OBSTACLE_GROUP,        /* other: keeps the group of the function for the host */
	OBSTACLE_VIRTUAL,      /* other: a virtual function of it, which has a driver */
	OBSTACLE_LATER,        /* it is not there before udev */
	/* What the planner says, if none of the above is a reason to refuse: */
	OBSTACLE_PROTECTED, /* protect: the function is on the protect list */
	OBSTACLE_REFUSED,   /* reason: of the new section */
	OBSTACLE_DISPLACES, /* section: of obstacles.next, would be refused its display */
};

enum obstacle_weight {
	OBSTACLE_NOTE,      /* worth knowing, and no reason to refuse */
	OBSTACLE_ALLOWED,   /* the person allowed it */
	OBSTACLE_ALLOWABLE, /* a reason to refuse unless the person allows it */
	OBSTACLE_FIRM,      /* a reason to refuse */
};

struct obstacle {
	enum obstacle_kind kind;
	enum obstacle_weight weight;            /* of obstacles_weigh() */
	const struct pcibus_function *function; /* of the set; NULL: all of it */
	bool goes_along; /* nobody named it: it is there for another one's sake */
	const struct pcibus_function *other;
	const struct drives_device *drive;    /* of the facts */
	const struct usage_entry *usage;      /* of a group: that of @other, or NULL */
	const struct config_section *section; /* of a refusal: the new one */
	/* Of a use, too: the entry that keeps the function, whatever is allowed; or NULL. */
	const struct protect_entry *protect;
	enum reason reason;
	char what[128];
};

/* In the order of the kinds within each function. */
struct obstacles {
	struct obstacle *list;
	size_t n;
	struct nextboot *next; /* with the drop-in; NULL before obstacles_weigh() */
};

/* A drop-in that will be written before: its file and its text. */
struct obstacles_dropin {
	char path[CONFIG_PATH_SIZE];
	char *text;
};

/* What is known of the host, all of it the caller's. */
struct obstacles_host {
	struct facts *facts;
	struct config *config;     /* files and command line */
	const struct usage *usage; /* NULL: not known */
	const char *profile; /* of the boots that the set is given away in; NULL: all */
	const char
		*machine; /* of which machines it is; NULL: of each that has the file */
	bool demand; /* no boot gives it away: it is handed over while the host runs */
	bool now; /* and that at once: drivers stay as they are, and drives are not looked at */
	/* What @config has already, and no file yet. */
	const struct obstacles_dropin *planned;
	size_t n_planned;
};

/* What a person allows. */
struct obstacles_allowed {
	bool mounted;       /* what is mounted or open, and not what the host runs from */
	bool data;          /* what is on drives that the host does not use */
	bool network;       /* interfaces that are up */
	bool last_display;  /* the host will have no display */
	bool partial_group; /* the host keeps functions of the group */
};

/* Finds those that the functions have, for obstacles_free().  Returns 0, or -errno. */
int obstacles_find(const struct obstacles_host *host, const struct deviceset *set,
	struct obstacles *ret);

/*
 * Plans the next boot with the section of @dropin, whose text is @text, in a boot that asks for
 * it, whatever its profile is; weighs those that were found, and adds what the planner says.
 * Returns 0, or -errno.
 */
int obstacles_weigh(const struct obstacles_host *host, const struct deviceset *set,
	const struct dropin *dropin, const char *text,
	const struct obstacles_allowed *allow, struct obstacles *obstacles);

void obstacles_free(struct obstacles *obstacles);

/* Whether there is one of the kind. */
bool obstacles_have(const struct obstacles *obstacles, enum obstacle_kind kind);

/*
 * Whether the obstacle of a function would be a reason to refuse, before it is weighed; that a
 * function has no IOMMU group does not count here: none of the others has one then.
 */
bool obstacles_would_block(
	const struct obstacles_allowed *allow, const struct obstacle *obstacle);

/* Whether the set is refused because of it, and because of any of them. */
bool obstacle_blocks(const struct obstacle *obstacle);
bool obstacles_block(const struct obstacles *obstacles);

/* Whether it is a use by the network. */
bool obstacle_is_network(const struct obstacle *obstacle);

#endif
