/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs that run guests need to know of a device set, in the form in which each takes it. */
#include "cli.h"

#include <ctype.h>

#define SLOT_OF(at) ((at).devfn >> 3)

#define PREFIX    "set-"
#define NAME_SIZE (sizeof(PREFIX) + CONFIG_NAME_SIZE)

/*
 * What the set is called where each of these programs takes it: a letter, and behind it letters,
 * digits and '-' (util/id.c of QEMU, CONFIGID_RE in PVE/JSONSchema.pm of pve-common, resources of
 * Kubernetes).
 */
static const char *name_of(const struct vm_set *set, char ret[static NAME_SIZE])
{
	const char *name = set->section->name;
	bool good = isalpha((unsigned char)name[0]) && name[1];

	text_join(ret, NAME_SIZE, good ? "" : PREFIX, name, NULL);
	for (char *at = ret; *at; at++)
		if (!isalnum((unsigned char)*at))
			*at = '-';
	return ret;
}

static const char *address_text(
	const struct pcibus_function *function, char ret[static PCI_ADDRESS_SIZE])
{
	pci_address_format(function->dev.address, ret);
	return ret;
}

static bool same_slot(const struct pcibus_function *a, const struct pcibus_function *b)
{
	struct pci_address one = a->dev.address, other = b->dev.address;

	return one.domain == other.domain && one.bus == other.bus &&
		SLOT_OF(one) == SLOT_OF(other);
}

/* The first function of the set in the same slot as the one at @i. */
static size_t first_of(const struct vm_set *set, size_t i)
{
	size_t first = 0;

	while (!same_slot(set->functions[first], set->functions[i]))
		first++;
	return first;
}

static size_t count_slot(const struct vm_set *set, size_t i)
{
	size_t n = 0;

	for (size_t j = 0; j < set->n; j++)
		n += same_slot(set->functions[i], set->functions[j]);
	return n;
}

/*
 * Its number in the guest's slot: its own, by which drivers find each other, or the next one where
 * the set has no first function.
 */
static unsigned guest_function(const struct vm_set *set, size_t i)
{
	size_t first = first_of(set, i);
	unsigned n = 0;

	if (!(set->functions[first]->dev.address.devfn & 7u))
		return set->functions[i]->dev.address.devfn & 7u;
	for (size_t j = first; j < i; j++)
		n += same_slot(set->functions[j], set->functions[i]);
	return n;
}

/* https://libvirt.org/formatdomain.html#host-device-assignment */
static void print_libvirt(const struct cli *cli, const struct vm_set *set)
{
	(void)cli;
	for (size_t i = 0; i < set->n; i++) {
		struct pci_address at = set->functions[i]->dev.address;

		printf("<hostdev mode='subsystem' type='pci' managed='no'>\n"
		       "  <source>\n"
		       "    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' "
		       "function='0x%x'/>\n"
		       "  </source>\n"
		       "</hostdev>\n",
			at.domain, at.bus, SLOT_OF(at), at.devfn & 7u);
	}
}

/* A root port for each slot, as docs/pcie.txt of QEMU advises. */
static void print_qemu(const struct cli *cli, const struct vm_set *set)
{
	char address[PCI_ADDRESS_SIZE], buffer[NAME_SIZE];
	const char *name = name_of(set, buffer);
	unsigned port = 0;

	(void)cli;
	for (size_t i = 0; i < set->n; i++) {
		unsigned function = guest_function(set, i);

		if (first_of(set, i) == i) {
			port++;
			printf("-device pcie-root-port,id=%s-%u,chassis=%u\n", name, port,
				100 + port);
		}
		printf("-device vfio-pci,host=%s,bus=%s-%u,addr=0x0.0x%x%s\n",
			address_text(set->functions[i], address), name, port, function,
			!function && count_slot(set, i) > 1 ? ",multifunction=on" : "");
	}
}

/* docs/vfio.md of Cloud Hypervisor: one option with all devices. */
static void print_cloud_hypervisor(const struct cli *cli, const struct vm_set *set)
{
	char address[PCI_ADDRESS_SIZE];

	(void)cli;
	printf("--device");
	for (size_t i = 0; i < set->n; i++)
		printf(" path=/" TREE_PCI "/%s/",
			address_text(set->functions[i], address));
	putchar('\n');
}

/* Whether the set has all functions of the slot that the machine has. */
static bool is_whole_slot(const struct cli *cli, const struct vm_set *set, size_t i)
{
	size_t n = 0;

	for (size_t j = 0; j < cli->machine->facts.bus.n; j++)
		n += same_slot(&cli->machine->facts.bus.functions[j], set->functions[i]);
	return n == count_slot(set, i);
}

static void print_mapping(
	const struct pcibus_function *function, const char *node, bool whole)
{
	const struct pci_ids *ids = &function->dev.ids;
	char address[PCI_ADDRESS_SIZE];

	address_text(function, address);
	if (whole)
		address[strcspn(address, ".")] = '\0';
	printf("\tmap id=%04x:%04x", ids->vendor, ids->device);
	if (function->group != PCIBUS_NO_GROUP)
		printf(",iommugroup=%d", function->group);
	printf(",node=%s,path=%s", node, address);
	if (ids->subvendor || ids->subdevice)
		printf(",subsystem-id=%04x:%04x", ids->subvendor, ids->subdevice);
	putchar('\n');
}

/*
 * src/PVE/Mapping/PCI.pm of pve-guest-common: a mapping is one device, of which more paths are other
 * choices; a whole slot is one, with the properties of its first function.
 */
static void print_proxmox(const struct cli *cli, const struct vm_set *set)
{
	char node[256] = "", buffer[NAME_SIZE];
	const char *name = name_of(set, buffer);
	unsigned n = 0;

	if (file_read_line(&cli->root, "/etc/hostname", node, sizeof(node)) < 0 || !*node)
		strcpy(node, "NODE");
	node[strcspn(node, ".")] = '\0';
	text_make_printable(node);
	for (size_t i = 0; i < set->n; i++) {
		bool whole = count_slot(set, i) > 1 && is_whole_slot(cli, set, i);

		if (whole && first_of(set, i) != i)
			continue;
		if (n++)
			printf("\n%s-%u\n", name, n);
		else
			printf("%s\n", name);
		print_mapping(set->functions[i], node, whole);
	}
}

/* Whether an earlier function has the same ids: KubeVirt knows devices by these alone. */
static bool is_repeated(const struct vm_set *set, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (set->functions[j]->dev.ids.vendor ==
				set->functions[i]->dev.ids.vendor &&
			set->functions[j]->dev.ids.device ==
				set->functions[i]->dev.ids.device)
			return true;
	return false;
}

static void print_resource(const struct vm_set *set, size_t i)
{
	const struct pci_ids *ids = &set->functions[i]->dev.ids;
	char name[NAME_SIZE];

	printf("vfioboot/%s-%04x-%04x\n", name_of(set, name), ids->vendor, ids->device);
}

/*
 * PermittedHostDevices and HostDevice of KubeVirt's API (staging/src/kubevirt.io/api/core/v1); without
 * the gate of pkg/virt-config/featuregate virtual machines with hostDevices are refused.
 */
static void print_kubevirt(const struct cli *cli, const struct vm_set *set)
{
	char name[NAME_SIZE];

	(void)cli;
	printf("# In the resource KubeVirt, beside what these lists have there already; each device\n"
	       "# of these ids that is on vfio-pci counts:\n"
	       "spec:\n  configuration:\n    developerConfiguration:\n      featureGates:\n"
	       "      - HostDevices\n    permittedHostDevices:\n      pciHostDevices:\n");
	for (size_t i = 0; i < set->n; i++) {
		const struct pci_ids *ids = &set->functions[i]->dev.ids;

		if (is_repeated(set, i))
			continue;
		printf("      - pciVendorSelector: \"%04X:%04X\"\n"
		       "        resourceName: ",
			ids->vendor, ids->device);
		print_resource(set, i);
		printf("        # true: another device plugin, such as NVIDIA's, announces it\n"
		       "        externalResourceProvider: false\n");
	}
	printf("---\n# In the VirtualMachine:\n"
	       "spec:\n  template:\n    spec:\n      domain:\n        devices:\n"
	       "          hostDevices:\n");
	for (size_t i = 0; i < set->n; i++) {
		printf("          - name: %s-%zu\n            deviceName: ",
			name_of(set, name), i);
		print_resource(set, i);
	}
}

static const struct {
	const char *name;
	void (*print)(const struct cli *cli, const struct vm_set *set);
} formats[] = {
	{"libvirt", print_libvirt},
	{"qemu", print_qemu},
	{"cloud-hypervisor", print_cloud_hypervisor},
	{"proxmox", print_proxmox},
	{"kubevirt", print_kubevirt},
};

enum cli_exit vm_show_check(const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(format, formats[i].name) == 0)
			return CLI_OK;
	return cli_misuse("vm", "unknown format '%s'; see 'vfioboot help vm'", format);
}

enum cli_exit vm_show(const struct cli *cli, const struct vm_set *set, const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(format, formats[i].name) == 0)
			formats[i].print(cli, set);
	return CLI_OK;
}
