/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts that the checks gather, in the terms of the decision on kernel parameters. */
#include "kernelfacts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "../check/checkhost.h"
#include "../devices/pcibars.h"
#include "../images/kernelconfig.h"

#define VENDOR_INTEL 0x8086
#define CLASS_VGA    0x0300 /* include/linux/pci_ids.h, PCI_CLASS_DISPLAY_VGA */

/* COMMAND_LINE_SIZE (arch/.../include/asm/setup.h); what is not listed has 1024 or more. */
#define LIMIT_USUAL 2048
#define LIMIT_LEAST 1024

static const char *const usual_archs[] = {"X86", "ARM64", "PPC"}; /* in a configuration */
static const char *const usual_cpus[] = {"\nflags\t", "CPU implementer", "POWER"};

static enum iommu_default iommu_default(enum iommu_kind kind, const char *config)
{
	if (kind == IOMMU_AMD)
		return kernelconfig_has(config, "AMD_IOMMU") ? IOMMU_DEFAULT_ON
							     : IOMMU_DEFAULT_ABSENT;
	if (kind == IOMMU_ARM)
		return kernelconfig_has(config, "ARM_SMMU") ||
				kernelconfig_has(config, "ARM_SMMU_V3")
			? IOMMU_DEFAULT_ON
			: IOMMU_DEFAULT_ABSENT;
	if (kind != IOMMU_INTEL)
		return IOMMU_DEFAULT_UNKNOWN;
	if (!kernelconfig_has(config, "INTEL_IOMMU"))
		return IOMMU_DEFAULT_ABSENT;
	if (kernelconfig_has(config, "INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF"))
		return IOMMU_DEFAULT_INTGPU_OFF;
	return kernelconfig_has(config, "INTEL_IOMMU_DEFAULT_ON") ? IOMMU_DEFAULT_ON
								  : IOMMU_DEFAULT_OFF;
}

/* By the processor where the configuration is not there: only 32-bit Arm is mistaken then. */
static size_t find_limit(const char *config, const char *cpuinfo)
{
	for (size_t i = 0; config && i < ARRAY_SIZE(usual_archs); i++)
		if (kernelconfig_has(config, usual_archs[i]))
			return LIMIT_USUAL;
	for (size_t i = 0; !config && cpuinfo && i < ARRAY_SIZE(usual_cpus); i++)
		if (strstr(cpuinfo, usual_cpus[i]))
			return LIMIT_USUAL;
	return config || cpuinfo ? LIMIT_LEAST : LIMIT_USUAL;
}

static void read_config(const struct check_host *host, struct kernelparams_facts *facts)
{
	_cleanup_free_ char *config = NULL;

	if (host->running[0] &&
		kernelconfig_read(host->root, host->running, true, &config) == 0) {
		facts->lto = kernelconfig_has(config, "LTO");
		facts->iommu_default = iommu_default(host->iommu, config);
	}
	facts->limit = find_limit(config, host->cpuinfo);
}

/* Which of the firmware's framebuffers lies in the function, by the name of its driver. */
static enum framebuffer find_framebuffer(
	const struct check_host *host, const struct check_function *function)
{
	struct pci_bar bars[PCI_BARS];
	char name[32];

	if (pci_bars_read(host->root, function->pci->dev.address, bars) < 0 ||
		pci_bars_find_framebuffer(host->root, bars, name, sizeof(name)) < 0)
		return FRAMEBUFFER_UNKNOWN;
	if (!*name)
		return FRAMEBUFFER_NONE;
	return strcmp(name, "efifb") == 0 ? FRAMEBUFFER_EFIFB : FRAMEBUFFER_SIMPLE;
}

static void read_display(const struct check_host *host,
	const struct check_function *function, struct kernelparams_facts *facts)
{
	enum framebuffer framebuffer = find_framebuffer(host, function);

	facts->takes_display = true;
	/* On the root bus itself, it is none that somebody plugged in. */
	facts->takes_integrated_gpu |= function->pci->dev.ids.vendor == VENDOR_INTEL &&
		function->pci->dev.path.depth == 1;
	/* Other displays than those of VGA have no boot_vga. */
	if (!function->pci->boot_display && framebuffer != FRAMEBUFFER_EFIFB &&
		framebuffer != FRAMEBUFFER_SIMPLE)
		return;
	facts->takes_boot_display = true;
	facts->boot_display_is_vga = function->pci->dev.ids.class >> 8 == CLASS_VGA;
	facts->framebuffer = framebuffer;
}

static void join_cmdline(const struct check_host *host, const char *arguments,
	struct kernelparams_facts *facts)
{
	/* As core/configfiles.c reads it, and an entry's behind it. */
	static char booted[40960], joined[40960 + 4096];

	text_join(booted, sizeof(booted), host->cmdline ? host->cmdline : "", NULL);
	booted[strcspn(booted, "\n")] = '\0';
	text_join(joined, sizeof(joined), booted, arguments ? " " : "",
		arguments ? arguments : "", NULL);
	facts->booted = booted;
	facts->cmdline = joined;
}

int kernelfacts_read(const struct sysfs_root *root, const struct nextboot *next,
	const char *arguments, struct kernelparams_facts *ret)
{
	_cleanup_(check_host_free) struct check_host host = {.root = root, .next = next};
	unsigned major = 0, minor = 0;
	size_t bad, at = 0;
	const struct check_function *function;
	int r = check_host_read(&host, NULL, 0, &bad);

	if (r < 0)
		return r;
	if (!host.n && host.iommu == IOMMU_UNKNOWN)
		return -ENODATA;
	ret->iommu = host.iommu;
	ret->has_groups = host.bus.has_groups;
	if (sscanf(host.running, "%u.%u", &major, &minor) == 2)
		ret->kernel = major << 16 | minor;
	join_cmdline(&host, arguments, ret);
	read_config(&host, ret);
	while ((function = check_next_target(&host, &at)))
		if (pcidev_base_class(&function->pci->dev) == PCI_BASE_DISPLAY &&
			!function->pci->is_virtual)
			read_display(&host, function, ret);
	return 0;
}
