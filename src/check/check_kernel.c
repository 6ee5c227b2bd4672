/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether each installed kernel can do what its next boot is to do. */
#include "base/base.h"
#include "facts/facts.h"
#include "private.h"

/* Calls @check for each installed kernel, and for the running one that is not among them. */
static void each_kernel(struct check_host *host,
	void (*check)(struct check_host *host, const char *release))
{
	const struct kernels *kernels = facts_kernels(host->facts);
	bool running = false;

	for (size_t i = 0; i < kernels->n; i++) {
		const char *release = kernels->kernels[i].release;

		running |= strcmp(release, host->facts->running) == 0;
		check(host, release);
	}
	if (!running && host->facts->running[0])
		check(host, host->facts->running);
	if (kernels->n || host->facts->running[0])
		return;
	check_unseen(host, "", "no installed kernel was found");
}

/* An integrated GPU of Intel, which some distributions leave out of the IOMMU. */
static bool has_intel_display_target(const struct check_host *host)
{
	const struct check_function *function;
	size_t at = 0;

	while ((function = check_next_target(host, &at)))
		if (pcidev_base_class(&function->pci->dev) == PCI_BASE_DISPLAY &&
			function->pci->dev.ids.vendor == 0x8086 &&
			function->pci->dev.path.depth == 1)
			return true;
	return false;
}

/* Whether the running kernel, built like this one, shows that the IOMMU comes up by itself. */
static bool is_proven(const struct check_host *host, const char *release)
{
	const char *now = host->facts->cmdline;

	return host->facts->bus.has_groups &&
		strcmp(release, host->facts->running) == 0 && now &&
		!cmdline_has(now, "intel_iommu", "on");
}

/* What an Intel IOMMU needs on the command line, by what was built in. */
static void judge_intel(struct check_host *host, const char *release, const char *config)
{
	const char *cmdline = host->next->cmdline, *now = host->facts->cmdline;
	bool on = cmdline && cmdline_has(cmdline, "intel_iommu", "on");
	bool partly = kernel_config_has(config, "INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF");

	if (!on && partly && has_intel_display_target(host)) {
		check_fail(host, release,
			"leaves Intel's integrated GPU out of the IOMMU, and no guest "
			"could have it");
		check_remedy_parameter(host, true, "intel_iommu=on");
	} else if (!on && !partly &&
		!kernel_config_has(config, "INTEL_IOMMU_DEFAULT_ON") &&
		!is_proven(host, release)) {
		check_fail(host, release, "leaves Intel's IOMMU off by default");
		check_remedy_parameter(host, true, "intel_iommu=on");
	} else {
		check_pass(host, release,
			"built with vfio-pci and Intel's IOMMU, which %s",
			!on ? "is on by default"
				: now && cmdline_has(now, "intel_iommu", "on")
				? "intel_iommu=on enables"
				: "intel_iommu=on enables after the reboot");
	}
}

static bool lacks_driver(const struct check_host *host, const char *config)
{
	switch (host->facts->iommu) {
	case IOMMU_INTEL: return !kernel_config_has(config, "INTEL_IOMMU");
	case IOMMU_AMD: return !kernel_config_has(config, "AMD_IOMMU");
	case IOMMU_ARM:
		return !kernel_config_has(config, "ARM_SMMU") &&
			!kernel_config_has(config, "ARM_SMMU_V3");
	default: return false;
	}
}

static void judge_config(struct check_host *host, const char *release, const char *config)
{
	if (!check_needs_vfio(host)) {
		check_pass(host, release, "nothing is configured for vfio");
	} else if (!kernel_config_has(config, "VFIO_PCI")) {
		check_fail(host, release, "built without CONFIG_VFIO_PCI");
		check_remedy(host,
			"use a kernel that has it, as all large distributions' default "
			"ones do");
	} else if (lacks_driver(host, config)) {
		check_fail(host, release,
			"built without the driver of this processor's IOMMU");
		check_remedy(host,
			"use a kernel that has it, as all large distributions' default "
			"ones do");
	} else if (host->facts->iommu == IOMMU_INTEL) {
		judge_intel(host, release, config);
	} else {
		check_pass(host, release,
			host->facts->iommu == IOMMU_AMD || host->facts->iommu == IOMMU_ARM
				? "built with vfio-pci and the driver of the IOMMU"
				: "built with vfio-pci");
	}
}

static void check_one_config(struct check_host *host, const char *release)
{
	_cleanup_free_ char *config = NULL;
	int r = kernel_config_read(
		host->root, release, strcmp(release, host->facts->running) == 0, &config);

	if (r < 0) {
		check_unknown(host, release,
			"cannot read its configuration (/boot/config-%s): %s", release,
			check_why(r));
		check_remedy(host,
			"boot it and run 'vfioboot check' again: the point iommu then "
			"says more");
	} else {
		judge_config(host, release, config);
	}
}

static void check_config(struct check_host *host)
{
	each_kernel(host, check_one_config);
}

/* Adds a module to the list of those that are missing, unless it is there.  0 or -errno. */
static int add_missing(struct modules *modules, const char *name, char *list, size_t size)
{
	size_t len = strlen(list);
	enum module_kind kind;
	int r = modules_find(modules, name, &kind, NULL, 0);

	if (r == 0 && kind == MODULE_NONE && !modules_is_listed(list, name))
		text_join(list + len, size - len, len ? ", " : "", name, NULL);
	return r;
}

/* A container of vfio needs the type 1 driver, or iommufd in its place. */
static int add_container(struct modules *modules, char *list, size_t size)
{
	enum module_kind iommufd;
	int r = modules_find(modules, "iommufd", &iommufd, NULL, 0);

	return r < 0 || iommufd != MODULE_NONE
		? r
		: add_missing(modules, "vfio_iommu_type1", list, size);
}

/* Of the modules that a kernel needs, those that are not there. */
static int list_missing(
	const struct check_host *host, struct modules *modules, char *ret, size_t size)
{
	const struct config *config = &host->next->config;
	int r = 0;

	if (!check_is_configured(host))
		r = add_missing(modules, "vfio-pci", ret, size);
	for (unsigned i = 0; r == 0 && i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (section->bad ||
			(!config_section_active(config, section) && !section->demand))
			continue;
		/* What each kernel chooses is vfio-pci at least. */
		if (section->auto_driver || config_section_needs_driver(section))
			r = add_missing(modules,
				section->auto_driver ? "vfio-pci" : section->driver, ret,
				size);
	}
	return r == 0 && check_needs_vfio(host) ? add_container(modules, ret, size) : r;
}

static void report_no_index(struct check_host *host, const char *release, int error)
{
	const char *remedy = "run 'sudo depmod %s', or reinstall that kernel";

	if (error == -EBADMSG) {
		check_fail(host, release, "the index of its modules is damaged");
		check_remedy(host, remedy, release);
		return;
	}
	check_unknown(host, release, "cannot read the index of its modules: %s",
		check_why(error));
	check_remedy_live(host, remedy, release);
}

static void check_modules_of(struct check_host *host, const char *release)
{
	_cleanup_(modules_close) struct modules *modules = NULL;
	char missing[256] = "";
	int r = modules_open(host->root, release, &modules);

	if (r == 0)
		r = list_missing(host, modules, missing, sizeof(missing));
	if (r < 0) {
		report_no_index(host, release, r);
	} else if (!*missing) {
		check_pass(host, release,
			check_needs_vfio(host) ? "has vfio-pci and what it needs"
					       : "has what is configured");
	} else {
		check_fail(host, release, "lacks %s", missing);
		check_remedy(host,
			"install the package with the rest of its modules, such as "
			"linux-modules-extra or kernel-modules-extra, in the same "
			"version");
	}
}

static void check_modules(struct check_host *host)
{
	each_kernel(host, check_modules_of);
}

static const struct check checks[] = {
	{"kernel-config", check_config, NULL},
	{"vfio-modules", check_modules, NULL},
};

const struct check_theme check_kernel_theme = {"Kernels", checks, ARRAY_SIZE(checks)};
