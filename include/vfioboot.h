/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvfioboot: which PCI devices a machine has, what speaks against giving one to a guest, what the
 * next boot does with them, and whether the machine is ready.  `vfioboot` is built on it, and
 * libvfioboot(3) has a whole program.
 *
 * All is read below a root directory, of this machine or of another one.  Nothing is printed and
 * nothing ends the process; there is no state outside of a context.  A context, and what was made of
 * it, is for one thread at a time; two contexts can be used in two threads.  A struct
 * vfioboot_machine does not change once it was read.
 *
 * Functions that return an int return 0 or a positive answer, or -errno; what is wrong and what to do
 * is then in the context (vfioboot_get_message()).  Outputs, ret_..., are written on success alone.
 * Texts belong to the object that they were asked of and last as long.  NULL is said where `vfioboot
 * --json` has null.  Texts that come out of files may hold bytes that are not UTF-8.
 *
 * The library grows: other enumerators, codes and words may be added, so that a program has to expect
 * some that it does not know.  None is taken away or gets another meaning while the soname is
 * libvfioboot.so.0.
 */
#ifndef VFIOBOOT_H
#define VFIOBOOT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the context: which root directory, who hears of warnings, what went wrong ---- */

struct vfioboot_ctx;

/* Makes a context for this machine, for vfioboot_unref().  Returns 0, or -ENOMEM. */
int vfioboot_new(struct vfioboot_ctx **ret_ctx);

/* One more owner; one less, after the last of which it is freed.  The latter returns NULL. */
struct vfioboot_ctx *vfioboot_ref(struct vfioboot_ctx *ctx);
struct vfioboot_ctx *vfioboot_unref(struct vfioboot_ctx *ctx);

/*
 * What is read from now on is below @directory, the files of another machine.  What was read before
 * stays as it is.  The directory is opened by vfioboot_machine_read().  Returns 0; -EINVAL of "";
 * or -ENOMEM.
 */
int vfioboot_set_root(struct vfioboot_ctx *ctx, const char *directory);

/* That directory, "/" at first. */
const char *vfioboot_get_root(const struct vfioboot_ctx *ctx);

/*
 * Calls @log with @data for what is worth knowing beside the answers, one sentence without full stop
 * a call; @priority is that of syslog(3), LOG_WARNING (4) until now.  NULL: nobody hears of it, as at
 * first.  @log is called in the thread that called the library, and must not call it.
 */
void vfioboot_set_log(struct vfioboot_ctx *ctx,
	void (*log)(struct vfioboot_ctx *ctx, int priority, const char *text, void *data),
	void *data);

/*
 * What was wrong when a function returned -errno the last time, and what to do about it, each as a
 * sentence without full stop; NULL: there is nothing to say.  They last until the next call that may
 * fail.
 */
const char *vfioboot_get_message(const struct vfioboot_ctx *ctx);
const char *vfioboot_get_remedy(const struct vfioboot_ctx *ctx);

/* The version of the library, such as "0.1.0"; it lasts for ever. */
const char *vfioboot_version(void);

/* ---- the machine: its functions, IOMMU groups and cards, as `vfioboot list` shows them ---- */

struct vfioboot_machine;
struct vfioboot_function;
struct vfioboot_group;

/*
 * Reads a machine as it is now, for vfioboot_machine_unref(); it has the context as long.  Below /sys
 * (Documentation/ABI/testing/sysfs-bus-pci), /proc, /etc, /boot and /run/vfioboot; a process that
 * reads the index of kernel modules is kept beside it.  Returns 0, or -errno: the directory cannot be
 * opened, or there is no list of PCI functions.  What a user may not read is left out, as in `vfioboot
 * list`.
 */
int vfioboot_machine_read(
	struct vfioboot_ctx *ctx, struct vfioboot_machine **ret_machine);

struct vfioboot_machine *vfioboot_machine_ref(struct vfioboot_machine *machine);
struct vfioboot_machine *vfioboot_machine_unref(struct vfioboot_machine *machine);

/*
 * The functions, by IOMMU group and then by address, those without a group last; NULL behind the last
 * one.  They are the machine's.
 */
size_t vfioboot_machine_count_functions(const struct vfioboot_machine *machine);
const struct vfioboot_function *vfioboot_machine_get_function(
	const struct vfioboot_machine *machine, size_t index);

/* The one at @address, "0000:01:00.0" or "01:00.0"; NULL: there is none. */
const struct vfioboot_function *vfioboot_machine_find_function(
	const struct vfioboot_machine *machine, const char *address);

/*
 * Whether it is known what the host uses its functions for: 0; -EHOSTUNREACH of a directory that is
 * not the root of a running host; -EACCES or -EPERM where only root can see it; or another -errno.
 */
int vfioboot_machine_get_use_error(const struct vfioboot_machine *machine);

/*
 * The sections that are for other machines, so that they do nothing here: name, file and line, and
 * the pattern of the machines that they are for.  NULL, or 0, behind the last one.
 */
size_t vfioboot_machine_count_others(const struct vfioboot_machine *machine);
const char *vfioboot_machine_get_other_section(
	const struct vfioboot_machine *machine, size_t index);
const char *vfioboot_machine_get_other_file(
	const struct vfioboot_machine *machine, size_t index);
unsigned vfioboot_machine_get_other_line(
	const struct vfioboot_machine *machine, size_t index);
const char *vfioboot_machine_get_other_machine(
	const struct vfioboot_machine *machine, size_t index);

/* The IOMMU groups, in the order of their numbers; NULL behind the last one.  The machine's. */
size_t vfioboot_machine_count_groups(const struct vfioboot_machine *machine);
const struct vfioboot_group *vfioboot_machine_get_group(
	const struct vfioboot_machine *machine, size_t index);

int vfioboot_group_get_number(const struct vfioboot_group *group);
size_t vfioboot_group_count_functions(const struct vfioboot_group *group);
const struct vfioboot_function *vfioboot_group_get_function(
	const struct vfioboot_group *group, size_t index);

/*
 * Whether a guest could have the group now: no driver of the host does DMA in it (vfio_group_fops in
 * drivers/vfio/group.c, driver_managed_dma in struct pci_driver).
 */
bool vfioboot_group_is_viable(const struct vfioboot_group *group);

/* What it is to who looks for a device. */
enum vfioboot_kind {
	VFIOBOOT_KIND_OTHER = 0,
	VFIOBOOT_KIND_GPU = 1,
	VFIOBOOT_KIND_NVME = 2,
	VFIOBOOT_KIND_USB = 3, /* a USB controller */
};

/* What became of a function that a section of the configuration names. */
enum vfioboot_result {
	VFIOBOOT_RESULT_NONE = 0,    /* no section names it */
	VFIOBOOT_RESULT_BOUND = 1,   /* it has the driver that is asked for */
	VFIOBOOT_RESULT_PENDING = 2, /* the next boot binds it */
	VFIOBOOT_RESULT_LATER = 3,   /* the same, after udev has started */
	VFIOBOOT_RESULT_DEMAND = 4,  /* the host has it until it is asked for */
	VFIOBOOT_RESULT_REFUSED = 5,
	VFIOBOOT_RESULT_FAILED = 6,
	VFIOBOOT_RESULT_NATIVE = 7,   /* the host keeps it, for its virtual functions */
	VFIOBOOT_RESULT_INACTIVE = 8, /* the next boot does not ask for the section */
};

/* The word of it in JSON, such as "bound"; NULL of VFIOBOOT_RESULT_NONE and of what is none. */
const char *vfioboot_result_word(enum vfioboot_result result);

/* Where it is: its address, and the bridges on the way to it (NULL: not known). */
const char *vfioboot_function_get_address(const struct vfioboot_function *function);
const char *vfioboot_function_get_path(const struct vfioboot_function *function);

/* The number of its IOMMU group; -1: it has none, so that no guest can have it. */
int vfioboot_function_get_iommu_group(const struct vfioboot_function *function);

/* What it is, as numbers: "10de:2206", "030000", "10de:1482" (NULL: it has no subsystem). */
const char *vfioboot_function_get_id(const struct vfioboot_function *function);
const char *vfioboot_function_get_class(const struct vfioboot_function *function);
const char *vfioboot_function_get_subsystem(const struct vfioboot_function *function);

/*
 * What it is to people: brand and product, and in full the vendor and the model (NULL: udev's hardware
 * database has none); what kind of device, such as "graphics card".
 */
const char *vfioboot_function_get_name(const struct vfioboot_function *function);
const char *vfioboot_function_get_vendor(const struct vfioboot_function *function);
const char *vfioboot_function_get_model(const struct vfioboot_function *function);
const char *vfioboot_function_get_type(const struct vfioboot_function *function);
enum vfioboot_kind vfioboot_function_get_kind(const struct vfioboot_function *function);

/* The driver that is bound now, NULL for none; the modules that support it, with ", " between. */
const char *vfioboot_function_get_driver(const struct vfioboot_function *function);
const char *vfioboot_function_get_modules(const struct vfioboot_function *function);

/* 1: the firmware used it as the display; 0: it did not; -1: the kernel does not show that. */
int vfioboot_function_get_boot_display(const struct vfioboot_function *function);

/* Of a virtual function (SR-IOV): the physical one (else NULL), and which one of that (else -1). */
const char *vfioboot_function_get_physical(const struct vfioboot_function *function);
int vfioboot_function_get_vf(const struct vfioboot_function *function);

/*
 * What the host uses it for, and what is on its drives that the host does not use, with ", " between;
 * all that there is to say of it, for people.  NULL: nothing is known.
 */
const char *vfioboot_function_get_uses(const struct vfioboot_function *function);
const char *vfioboot_function_get_data(const struct vfioboot_function *function);
const char *vfioboot_function_get_notes(const struct vfioboot_function *function);

/*
 * The section that names it and the driver that this asks for ("none": no driver), NULL without one;
 * what became of that, and why, in a word of vfioboot-early(8) (NULL: there is no reason).
 */
const char *vfioboot_function_get_section(const struct vfioboot_function *function);
const char *vfioboot_function_get_wanted(const struct vfioboot_function *function);
enum vfioboot_result vfioboot_function_get_result(
	const struct vfioboot_function *function);
const char *vfioboot_function_get_reason(const struct vfioboot_function *function);

/* ---- cards: which functions are one device to a person ---- */

struct vfioboot_cards;

/*
 * Lists the cards, which are functions that leave the host together, for vfioboot_cards_free() before
 * the machine is gone.  Bridges and virtual functions are in none.  Returns 0, or -ENOMEM.
 */
int vfioboot_cards_list(
	struct vfioboot_machine *machine, struct vfioboot_cards **ret_cards);
void vfioboot_cards_free(struct vfioboot_cards *cards);

/* The cards in the order of their first functions, and the functions of each; NULL behind the last. */
size_t vfioboot_cards_count(const struct vfioboot_cards *cards);
size_t vfioboot_cards_count_functions(const struct vfioboot_cards *cards, size_t card);
const struct vfioboot_function *vfioboot_cards_get_function(
	const struct vfioboot_cards *cards, size_t card, size_t index);

/* ---- points: what was found, one by one ---- */

struct vfioboot_points;
struct vfioboot_point;

enum vfioboot_level {
	VFIOBOOT_PASS = 0,
	VFIOBOOT_FAIL = 1,    /* it has to be changed, or is a reason to refuse */
	VFIOBOOT_UNKNOWN = 2, /* it cannot be found out */
	VFIOBOOT_NOTE = 3,    /* it is worth knowing */
};

/* "pass", "fail", "unknown" or "note"; NULL of what is none. */
const char *vfioboot_level_word(enum vfioboot_level level);

/* Frees a list that a function has made; NULL is none. */
void vfioboot_points_free(struct vfioboot_points *points);

/* Its points, in the order in which they are to be read; NULL behind the last one. */
size_t vfioboot_points_count(const struct vfioboot_points *points);
const struct vfioboot_point *vfioboot_points_get(
	const struct vfioboot_points *points, size_t index);

enum vfioboot_level vfioboot_point_get_level(const struct vfioboot_point *point);

/*
 * What it is about, in a word: of vfioboot-check(8); of an obstacle its kind; of a plan the reason.
 * Programs decide by it, never by the text.
 */
const char *vfioboot_point_get_code(const struct vfioboot_point *point);

/* An address, a section, a file and line or a kernel release; NULL: the machine, or the whole set. */
const char *vfioboot_point_get_subject(const struct vfioboot_point *point);

/* What is, and what to do about it (NULL: nothing that the text does not say), without full stop. */
const char *vfioboot_point_get_text(const struct vfioboot_point *point);
const char *vfioboot_point_get_remedy(const struct vfioboot_point *point);

/* ---- what speaks against giving devices away, as `vfioboot add` says ---- */

/* What a person allows, as the options --allow-... of `vfioboot add`; and of which boots it is. */
enum vfioboot_allow {
	VFIOBOOT_ALLOW_MOUNTED = 1 << 0,
	VFIOBOOT_ALLOW_DATA = 1 << 1,
	VFIOBOOT_ALLOW_NETWORK = 1 << 2,
	VFIOBOOT_ALLOW_LAST_DISPLAY = 1 << 3,
	VFIOBOOT_ALLOW_PARTIAL_GROUP = 1 << 4,
	VFIOBOOT_ONLY = 1 << 5, /* the functions that are named, and not their cards */
};

/*
 * Lists what speaks against the devices, and what is worth knowing, for vfioboot_points_free().  Each
 * of the @n @devices is a path, an address or an id, or "gpu:auto", "nvme:auto", "usb:auto"; they are
 * one device set, with the rest of their cards.  @allow has bits of enum vfioboot_allow.  Drives of
 * which udev says nothing are opened.  Returns 1: `add` would take them; 0: at least one point is
 * VFIOBOOT_FAIL; -EINVAL: a name is none, or the set has no path of its own; -ENXIO: there is no such
 * device, or none is named; -ENOTUNIQ: there are several; or another -errno.
 */
int vfioboot_obstacles_find(struct vfioboot_machine *machine, const char *const *devices,
	size_t n, unsigned allow, struct vfioboot_points **ret_points);

/* ---- what the next boot does, as `vfioboot plan` says ---- */

struct vfioboot_plan;
struct vfioboot_entry;

enum vfioboot_action {
	VFIOBOOT_ACTION_BIND = 0,  /* in the initramfs */
	VFIOBOOT_ACTION_LATER = 1, /* after udev has started */
	VFIOBOOT_ACTION_REFUSE = 2,
	VFIOBOOT_ACTION_DEMAND = 3, /* nothing: the host has it until it is asked for */
	VFIOBOOT_ACTION_NATIVE =
		4, /* the host keeps it, and its driver makes virtual functions */
};

/* The word of it in JSON, such as "bind"; NULL of what is none. */
const char *vfioboot_action_word(enum vfioboot_action action);

/*
 * Plans the next boot by the planner of the program in the initramfs, with @cmdline or, for NULL, with
 * the command line of the entry that starts then.  For vfioboot_plan_free(), before the machine is
 * gone.  Returns 0, or -errno.
 */
int vfioboot_plan_make(struct vfioboot_machine *machine, const char *cmdline,
	struct vfioboot_plan **ret_plan);
void vfioboot_plan_free(struct vfioboot_plan *plan);

/* The functions that sections for this machine name, and sections that name none; NULL behind the last. */
size_t vfioboot_plan_count(const struct vfioboot_plan *plan);
const struct vfioboot_entry *vfioboot_plan_get(
	const struct vfioboot_plan *plan, size_t index);

/* The errors of the configuration; the plan's. */
const struct vfioboot_points *vfioboot_plan_get_errors(const struct vfioboot_plan *plan);

/* The section, its file (the kernel command line is one) and line (0: none), the driver it asks for. */
const char *vfioboot_entry_get_section(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_file(const struct vfioboot_entry *entry);
unsigned vfioboot_entry_get_line(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_wanted(const struct vfioboot_entry *entry);

/* The function, as above; NULL: no function matches the section. */
const char *vfioboot_entry_get_address(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_path(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_id(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_driver(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_name(const struct vfioboot_entry *entry);

/*
 * What becomes of it, in a few words as well; why it is refused, in a word of vfioboot-early(8); and
 * why it is not bound in the initramfs, and what to do (NULL: it is).
 */
enum vfioboot_action vfioboot_entry_get_action(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_summary(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_reason(const struct vfioboot_entry *entry);
const char *vfioboot_entry_get_remark(const struct vfioboot_entry *entry);

struct vfioboot_setting;

/* What its settings beside the driver would come to as the running kernel shows; the entry's. */
size_t vfioboot_entry_count_settings(const struct vfioboot_entry *entry);
const struct vfioboot_setting *vfioboot_entry_get_setting(
	const struct vfioboot_entry *entry, size_t index);

/*
 * Its key and value in the section; what the kernel has (NULL: not known); the result, in a word of
 * vfioboot-plan(8); and why it is not all as asked, in a word of vfioboot-early(8) and as a sentence.
 */
const char *vfioboot_setting_get_key(const struct vfioboot_setting *setting);
const char *vfioboot_setting_get_wanted(const struct vfioboot_setting *setting);
const char *vfioboot_setting_get_value(const struct vfioboot_setting *setting);
const char *vfioboot_setting_get_result(const struct vfioboot_setting *setting);
const char *vfioboot_setting_get_reason(const struct vfioboot_setting *setting);
const char *vfioboot_setting_get_remark(const struct vfioboot_setting *setting);

/* ---- whether the machine is ready ---- */

/*
 * Makes the checks of `vfioboot check`, for vfioboot_points_free(): of the machine, and of the devices
 * that are configured or, with @n of them, named by @devices: a path, an address, an id, a class or a
 * device set.
 * Images of the initramfs are opened.  Returns 0; -EINVAL: a name is none; -ENXIO: there is no such
 * device; or another -errno.
 */
int vfioboot_check(struct vfioboot_machine *machine, const char *const *devices, size_t n,
	struct vfioboot_points **ret_points);

/*
 * Whether a guest gets the @n @names, each a section of the configuration or a device as
 * vfioboot_obstacles_find() takes it; with no name, all sections.  The next boot refuses none of
 * them, nothing speaks against what is not configured, and the checks pass.  Returns 1 for yes, with
 * an empty list; 0, with the points that are VFIOBOOT_FAIL or VFIOBOOT_UNKNOWN in it, for
 * vfioboot_points_free(); or -errno, as these functions.
 */
int vfioboot_readiness(struct vfioboot_machine *machine, const char *const *names,
	size_t n, struct vfioboot_points **ret_points);

/* ---- handing devices over now, and taking them back ---- */

/*
 * vfioboot_bind() and vfioboot_release() run the program, in whose process signals, the lock and the
 * end of a session are in nobody's way; this one, when it is not that of the same package.  @path is
 * absolute.  Returns 0; -EINVAL: it is not; or -ENOMEM.
 */
int vfioboot_set_program(struct vfioboot_ctx *ctx, const char *path);

/* As the options of `vfioboot bind` and `vfioboot release`. */
enum vfioboot_handover {
	VFIOBOOT_DRY_RUN = 1 << 0, /* of both: change nothing, list what would be done */
	VFIOBOOT_STOP_SESSION = 1
		<< 1, /* stop what shows or plays something on the devices */
	VFIOBOOT_LAST_DISPLAY = 1 << 2, /* the host will have no display */
	VFIOBOOT_NAMED_ONLY = 1 << 3,   /* not the rest of the cards */
};

/*
 * Gives @n sets or devices to a guest now, all of them or none; or takes them back.  Needs root, and
 * of another root directory than "/" VFIOBOOT_DRY_RUN.  @flags has bits of enum vfioboot_handover, and
 * @wait_s is for how many seconds to wait: until no process has the devices open, or until no guest
 * runs with them.  @ret_points (NULL: not wanted), for vfioboot_points_free(), has a point for each
 * step, whose code is "planned", "done" or "failed", and what there is to say as VFIOBOOT_NOTE; the
 * remedy of a planned one is why it is needed.  It is written after -ECANCELED, too.  Where the caller is of
 * the session that VFIOBOOT_STOP_SESSION stops, a unit of systemd does it: 0 is returned at once, with
 * a point that names the unit.
 *
 * Returns 0; -ECANCELED: it was refused, or a step failed and all was undone but what the message names,
 * or of a release, what it names is left to do though the devices are back; -EINVAL: a name or a flag is
 * none; or another -errno: the program did not run, or how it ended is not known.
 */
int vfioboot_bind(struct vfioboot_ctx *ctx, const char *const *names, size_t n,
	unsigned flags, unsigned wait_s, struct vfioboot_points **ret_points);
int vfioboot_release(struct vfioboot_ctx *ctx, const char *const *names, size_t n,
	unsigned flags, unsigned wait_s, struct vfioboot_points **ret_points);

#ifdef __cplusplus
}
#endif

#endif
