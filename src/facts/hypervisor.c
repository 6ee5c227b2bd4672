/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row a hypervisor, with the settings as its own documents name them. */
#include "hypervisor.h"

#define NO_IOMMU(name)                                                                   \
	"use a bare-metal machine: " name " gives its virtual machines no IOMMU"

#define ASK "ask whoever runs this virtual machine to "

static const struct row {
	const char *vendor, *product; /* how these begin; "": any */
	struct hypervisor hypervisor;
} rows[] = {
	{"VMware", "",
		{"VMware",
			"shut this virtual machine down and enable 'Expose IOMMU to the "
			"guest OS' among its CPU settings (Workstation: 'Virtualize "
			"IOMMU')",
			"shut this virtual machine down and enable 'Expose hardware "
			"assisted virtualization to the guest OS' among its CPU "
			"settings"}},
	{"innotek", "",
		{"VirtualBox",
			"shut this virtual machine down and run 'VBoxManage modifyvm NAME "
			"--chipset ich9 --iommu intel' on its host",
			"shut this virtual machine down and run 'VBoxManage modifyvm NAME "
			"--nested-hw-virt on' on its host"}},
	{"Microsoft Corporation", "Virtual Machine",
		{"Hyper-V",
			"use a bare-metal machine: Hyper-V gives virtual machines no "
			"IOMMU, unless host and kernel have its paravirtual one "
			"(CONFIG_HYPERV_PVIOMMU)",
			"shut this virtual machine down and run 'Set-VMProcessor -VMName "
			"NAME -ExposeVirtualizationExtensions $true' on its host"}},
	{"Xen", "",
		{"Xen", NO_IOMMU("Xen"),
			"set 'nestedhvm = 1' in the configuration of this domain"}},
	{"Amazon EC2", "",
		{"Amazon EC2", NO_IOMMU("Amazon EC2") " (*.metal)",
			"use a bare-metal instance (*.metal), or a type that supports "
			"nested virtualization"}},
	{"Google", "Google Compute Engine",
		{"Google Compute Engine", NO_IOMMU("Google Compute Engine"),
			"stop this virtual machine and enable nested virtualization "
			"(enableNestedVirtualization)"}},
	{"OpenStack", "",
		{"OpenStack",
			"set the property hw_viommu_model=intel (with "
			"hw_machine_type=q35) on the image, and rebuild the server from "
			"it",
			ASK
			"enable nested virtualization (cpu_mode = host-passthrough)"}},
	{"QEMU", "",
		{"QEMU",
			"give this virtual machine an IOMMU: libvirt <iommu "
			"model='intel'><driver intremap='on' caching_mode='on'/></iommu> "
			"with <ioapic driver='qemu'/>; Proxmox 'qm set VMID --machine "
			"q35,viommu=intel'; QEMU '-machine q35,kernel-irqchip=split "
			"-device intel-iommu,intremap=on,caching-mode=on'",
			"on its host set nested=1 of kvm_intel or kvm_amd, and give this "
			"virtual machine the host's processor: libvirt <cpu "
			"mode='host-passthrough'/>; Proxmox 'qm set VMID --cpu host'; "
			"QEMU '-cpu host'"}},
	{"", "",
		{"a hypervisor", ASK "give it an IOMMU; no setting in it can",
			ASK "enable nested virtualization"}},
};

bool hypervisor_cpu_has(const char *cpuinfo, const char *flag)
{
	const char *line = strstr(cpuinfo, "\nflags\t");
	size_t len = strlen(flag), end = line ? strcspn(line + 1, "\n") + 1 : 0;

	for (size_t at = 0; at + len < end; at++)
		if (line[at] == ' ' && strncmp(line + at + 1, flag, len) == 0 &&
			strchr(" \n", line[at + 1 + len]))
			return true;
	return false;
}

/* On x86 the flag decides; elsewhere a vendor of virtual machines alone. */
const struct hypervisor *hypervisor_find(const struct root *root, const char *cpuinfo)
{
	bool x86 = cpuinfo && strstr(cpuinfo, "\nflags\t");
	char vendor[128] = "", product[128] = "";

	if (x86 && !hypervisor_cpu_has(cpuinfo, "hypervisor"))
		return NULL;
	file_read_line(root, TREE_DMI "/sys_vendor", vendor, sizeof(vendor));
	file_read_line(root, TREE_DMI "/product_name", product, sizeof(product));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_begins_with(vendor, rows[i].vendor) &&
			text_begins_with(product, rows[i].product) &&
			(x86 || *rows[i].vendor))
			return &rows[i].hypervisor;
	return NULL;
}
