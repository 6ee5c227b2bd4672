/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads each fact once. */
#include "snapshot.h"

#include "kernel_config.h"

/* The beginning is enough: each further processor is described alike. */
static char *read_cpuinfo(const struct root *root)
{
	char text[16384];
	ssize_t n = file_read_fixed(root, TREE_CPUINFO, text, sizeof(text));

	return n > 0 || n == -EFBIG ? strdup(text) : NULL;
}

int facts_read(const struct root *root, struct facts *ret)
{
	*ret = (struct facts){.root = root, .in_use = {.root = root, .bus = &ret->bus}};
	if (kernels_running(root, ret->running, sizeof(ret->running)) < 0)
		ret->running[0] = '\0';
	ret->cmdline_error = cmdline_read(root, &ret->cmdline);
	if (ret->cmdline_error == -ENOMEM)
		return -ENOMEM;
	if (ret->cmdline)
		ret->cmdline[strcspn(ret->cmdline, "\n")] = '\0';
	ret->cpuinfo = read_cpuinfo(root);
	ret->iommu = iommu_find_kind(root, ret->cpuinfo);
	ret->hypervisor = hypervisor_find(root, ret->cpuinfo);
	ret->bus_error = pcibus_read(root, &ret->bus);
	/* What is in use can't be traced on a bus that can't be read. */
	if (ret->bus_error < 0 && ret->bus_error != -ENOENT)
		ret->bus.error = ret->bus_error;
	return ret->bus_error == -ENOMEM ? -ENOMEM : 0;
}

void facts_free(struct facts *facts)
{
	in_use_free(&facts->in_use);
	usage_free(&facts->later.uses);
	drives_free(&facts->later.drives_found);
	modules_close(&facts->later.running);
	free(facts->later.kernel_config);
	kernels_free(&facts->later.installed);
	pcibus_free(&facts->bus);
	free(facts->cmdline);
	free(facts->cpuinfo);
}

const struct kernels *facts_kernels(struct facts *facts)
{
	if (!facts->later.kernels)
		kernels_find(facts->root, &facts->later.installed);
	facts->later.kernels = true;
	return &facts->later.installed;
}

unsigned facts_count_groups(struct facts *facts)
{
	if (!facts->later.groups)
		facts->later.n_groups = iommu_count_groups(facts->root);
	facts->later.groups = true;
	return facts->later.n_groups;
}

enum remapping facts_remapping(struct facts *facts)
{
	if (!facts->later.remapping)
		facts->later.interrupts = iommu_read_remapping(facts->root);
	facts->later.remapping = true;
	return facts->later.interrupts;
}

struct modules *facts_modules(struct facts *facts)
{
	if (!facts->later.modules)
		facts->later.modules_error =
			modules_open(facts->root, facts->running, &facts->later.running);
	facts->later.modules = true;
	return facts->later.running;
}

bool facts_modules_are_damaged(const struct facts *facts)
{
	return facts->later.modules_error == -EBADMSG ||
		(facts->later.running && modules_are_damaged(facts->later.running));
}

const char *facts_kernel_config(struct facts *facts)
{
	if (!facts->later.config && facts->running[0])
		kernel_config_read(
			facts->root, facts->running, true, &facts->later.kernel_config);
	facts->later.config = true;
	return facts->later.kernel_config;
}

int facts_usage(struct facts *facts, const struct usage **ret)
{
	if (!facts->later.usage)
		facts->later.usage_error = usage_read(&facts->in_use, &facts->later.uses);
	facts->later.usage = true;
	if (facts->later.usage_error == 0)
		*ret = &facts->later.uses;
	return facts->later.usage_error;
}

int facts_drives(struct facts *facts, struct drives **ret)
{
	int r = 0;

	if (!facts->later.drives) {
		if (in_use_trace(&facts->in_use, IN_USE_ALL) == -ENOMEM)
			return -ENOMEM;
		r = drives_read(facts->root, &facts->in_use, &facts->later.drives_found);
	}
	facts->later.drives |= r == 0;
	*ret = &facts->later.drives_found;
	return r;
}

int facts_compare_kernel(const struct facts *facts, unsigned major, unsigned minor)
{
	unsigned a, b;

	if (sscanf(facts->running, "%u.%u", &a, &b) != 2)
		return -2;
	if (a != major)
		return a < major ? -1 : 1;
	return b == minor ? 0 : b < minor ? -1 : 1;
}
