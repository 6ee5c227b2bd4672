/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of what stays, since nobody can list what may be told by a parameter. */
#include "redactcmdline.h"

#include <ctype.h>
#include <string.h>

#include "base/base.h"

#define REDACTED "redacted"

/* Parameters whose value stays; one that ends in '.' or '_' stands for all that begin so. */
static const char *const plain[] = {"vfioboot.", "vfio", "vfio_", "vfio.", "iommu",
	"iommu.", "intel_iommu", "amd_iommu", "amd_iommu_", "arm-smmu.", "arm-smmu-v3.",
	"intremap", "pci", "pci_", "pcie_", "pcie_aspm", "pcie_ports",
	"pcie_acs_override", "efi", "acpi", "acpi_", "video", "fbcon", "console",
	"module_blacklist", "modprobe.blacklist", "rd.driver.", "initcall_blacklist",
	"sysfb", "drm.", "i915.", "xe.", "amdgpu.", "radeon.", "nouveau.", "nvidia.",
	"nvidia_", "nvidia-drm.", "snd_", "nvme.", "nvme_core.", "usbcore.", "xhci_hcd.",
	"kvm.", "kvm_", "kvm-", "hugepages", "hugepagesz", "default_hugepagesz",
	"isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity", "mitigations", "lockdown",
	"security", "lsm", "apparmor", "selinux", "panic", "loglevel", "mem", "memmap",
	"crashkernel", "BOOT_IMAGE", "rootfstype", "resume_offset", "swiotlb",
	"nomodeset", "maxcpus"};

/* Those that name a device or a file system. */
static const char *const devices[] = {"root", "resume"};

static bool is_listed(
	const struct cmdline_param *param, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);
		struct cmdline_param head = *param;

		if (strchr("._-", list[i][len - 1]) && head.name_len > len)
			head.name_len = len;
		if (cmdline_name_is(&head, list[i]))
			return true;
	}
	return false;
}

/* "/dev/NAME", "UUID=...", "LABEL=...", "PARTUUID=..."; others, such as "ZFS=POOL". */
static void put_device(
	struct redactor *redactor, const struct cmdline_param *param, FILE *out)
{
	const char *equals = memchr(param->value, '=', param->value_len);

	if (equals) {
		size_t key = (size_t)(equals - param->value) + 1;

		fwrite(param->value, 1, key, out);
		redact_put_given(redactor, equals + 1, param->value_len - key, out);
	} else if (param->value_len > strlen(TREE_DEV) &&
		strncmp(param->value, TREE_DEV, strlen(TREE_DEV)) == 0) {
		redact_put_device(redactor, param->value, param->value_len, out);
	} else {
		fprintf(out, REDACTED);
	}
}

static void put_value(
	struct redactor *redactor, const struct cmdline_param *param, FILE *out)
{
	if (is_listed(param, devices, ARRAY_SIZE(devices)))
		put_device(redactor, param, out);
	else if (is_listed(param, plain, ARRAY_SIZE(plain)))
		redact_put(redactor, param->value, param->value_len, out);
	else
		fprintf(out, REDACTED);
}

/* What is no name of a parameter may be anything, such as a path or an address. */
static bool is_name(const struct cmdline_param *param)
{
	for (size_t i = 0; i < param->name_len; i++)
		if (!isalnum((unsigned char)param->name[i]) &&
			!strchr("._-", param->name[i]))
			return false;
	return param->name_len > 0;
}

void redact_put_cmdline(struct redactor *redactor, char *line, FILE *out)
{
	const char *cursor = line;
	struct cmdline_param param;
	bool first = true;

	while (cmdline_next(&cursor, &param)) {
		bool quoted = param.value && memchr(param.value, ' ', param.value_len);

		if (!first)
			fputc(' ', out);
		first = false;
		if (quoted)
			fputc('"', out);
		if (is_name(&param))
			redact_put(redactor, param.name, param.name_len, out);
		else
			fprintf(out, REDACTED);
		if (param.value) {
			fputc('=', out);
			put_value(redactor, &param, out);
		}
		if (quoted)
			fputc('"', out);
	}
	fputc('\n', out);
}
