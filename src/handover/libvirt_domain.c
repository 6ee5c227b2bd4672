/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions of the host a guest of libvirt gets, and which device sets these are of. */
#include "libvirt.h"
#include "libvirt_xml.h"
#include "state.h"

/* ---- the definition --------------------------------------------------------------------- */

/* Whether a device of the guest is one of the host; else it is made by QEMU. */
static bool is_of_host(xmlNode *device)
{
	if (libvirt_xml_is(device, "hostdev"))
		return libvirt_xml_attribute_is(device, "mode", "subsystem") &&
			libvirt_xml_attribute_is(device, "type", "pci");
	if (libvirt_xml_is(device, "interface"))
		return libvirt_xml_attribute_is(device, "type", "hostdev");
	return (libvirt_xml_is(device, "disk") ||
		       libvirt_xml_is(device, "backingStore")) &&
		libvirt_xml_attribute_is(device, "type", "nvme");
}

bool libvirt_domain_has(const struct libvirt_domain *domain, struct pci_address address)
{
	for (size_t i = 0; i < domain->n; i++)
		if (pci_address_equal(domain->functions[i], address))
			return true;
	return false;
}

static int add(struct libvirt_domain *domain, struct pci_address address)
{
	struct pci_address *added;

	if (libvirt_domain_has(domain, address))
		return 0;
	added = LIST_ADD(domain->functions, domain->n);
	if (added)
		*added = address;
	return added ? 0 : -ENOMEM;
}

/* A device, or what a disk is a copy on write of. */
static int add_device(
	struct libvirt_domain *domain, xmlNode *device, struct message *message)
{
	struct pci_address address;
	xmlNode *node;
	int r;

	if (!is_of_host(device))
		return 0;
	node = libvirt_xml_child(libvirt_xml_child(device, "source"), "address");
	if (!node || !libvirt_xml_address(node, &address))
		return message_set(message, -EBADMSG,
			"the definition of the guest has a <%s> of the host without "
			"a valid address",
			(const char *)device->name);
	r = add(domain, address);
	return r < 0
		? message_errno(message, r, "cannot read the definition of the guest")
		: 0;
}

static int add_devices(
	struct libvirt_domain *domain, const xmlNode *devices, struct message *message)
{
	xmlNode *device = devices ? devices->children : NULL;
	int r = 0;

	for (; r == 0 && device; device = device->next)
		for (xmlNode *part = device; r == 0 && part;
			part = libvirt_xml_child(part, "backingStore"))
			r = add_device(domain, part, message);
	return r;
}

int libvirt_read_domain(
	const char *xml, size_t size, struct libvirt_domain *ret, struct message *message)
{
	struct libvirt_domain domain = {0};
	xmlDoc *document;
	int r = libvirt_xml_parse(xml, size, &document, message);

	if (r < 0)
		return r;
	r = add_devices(&domain,
		libvirt_xml_child(xmlDocGetRootElement(document), "devices"), message);
	xmlFreeDoc(document);
	if (r < 0)
		libvirt_free_domain(&domain);
	else
		*ret = domain;
	return r;
}

void libvirt_free_domain(struct libvirt_domain *domain)
{
	free(domain->functions);
	*domain = (struct libvirt_domain){0};
}

/* ---- its device sets -------------------------------------------------------------------- */

static bool is_member(const struct config *config, const struct config_section *section,
	const struct pcidev *dev)
{
	return !section->bad && match_section(config, section, dev) == MATCH_MEMBER;
}

static bool has_any(const struct config *config, const struct config_section *section,
	const struct pcibus *bus, const struct libvirt_domain *domain)
{
	for (size_t i = 0; i < bus->n; i++)
		if (libvirt_domain_has(domain, bus->functions[i].dev.address) &&
			is_member(config, section, &bus->functions[i].dev))
			return true;
	return false;
}

static void add_address(char *text, size_t size, struct pci_address address)
{
	char name[PCI_ADDRESS_SIZE];
	size_t len = strlen(text);

	pci_address_format(address, name);
	text_join(text + len, size - len, len ? ", " : "", name, NULL);
}

static int add_set(struct libvirt_sets *sets, const struct config *config,
	const struct config_section *section, const struct pcibus *bus,
	const struct libvirt_domain *domain)
{
	struct libvirt_set *set = LIST_ADD(sets->list, sets->n);

	if (!set)
		return -ENOMEM;
	strcpy(set->name, section->name);
	for (size_t i = 0; i < bus->n; i++) {
		const struct pcidev *dev = &bus->functions[i].dev;

		if (is_member(config, section, dev) &&
			!libvirt_domain_has(domain, dev->address))
			add_address(set->lacking, sizeof(set->lacking), dev->address);
	}
	return 0;
}

/* Whether some section has the function: what it says of it counts then. */
static bool is_of_a_section(const struct config *config, const struct pcidev *dev)
{
	for (unsigned i = 0; i < config->n_sections; i++)
		if (is_member(config, &config->sections[i], dev))
			return true;
	return false;
}

/* Whether a person has handed it over, for whichever guest, with a set of another name. */
static bool is_handed_over(const struct root *root, struct pci_address address)
{
	_cleanup_(state_free) struct state state = {0};
	char set[CONFIG_NAME_SIZE];

	return root && state_find(root, address, set) == 0 &&
		state_read(root, set, &state) == 0 && state.phase == STATE_BOUND &&
		!*state.guest;
}

/* A section of the guest's functions that have none.  1 if there are such, 0, or -errno. */
static int add_rest(struct config *config, const struct pcibus *bus,
	const struct libvirt_domain *domain)
{
	struct text_stream stream;
	_cleanup_free_ char *text = NULL;
	unsigned n = 0;
	int r;

	if (!text_stream_open(&stream))
		return -ENOMEM;
	for (size_t i = 0; i < bus->n; i++) {
		const struct pcidev *dev = &bus->functions[i].dev;
		char name[PCI_ADDRESS_SIZE];

		if (!libvirt_domain_has(domain, dev->address) ||
			is_of_a_section(config, dev) ||
			is_handed_over(config->root, dev->address))
			continue;
		pci_address_format(dev->address, name);
		/* A name has no colons. */
		if (!n++)
			fprintf(stream.out,
				"[device libvirt-%x-%02x-%02x.%x]\nbind = demand\n",
				dev->address.domain, dev->address.bus,
				dev->address.devfn >> 3, dev->address.devfn & 7u);
		fprintf(stream.out, "address = %s\n", name);
	}
	if (n)
		fprintf(stream.out, "expect = %u\n", n);
	text = text_stream_take(&stream);
	if (!text)
		return -ENOMEM;
	r = n ? dropin_read_text(config, text, "[libvirt] all = yes") : 0;
	return r < 0 ? r : n > 0;
}

int libvirt_find_sets(struct config *config, const struct pcibus *bus,
	const struct libvirt_domain *domain, struct libvirt_sets *ret)
{
	struct libvirt_sets sets = {0};
	int r = config->libvirt_all ? add_rest(config, bus, domain) : 0;

	for (unsigned i = 0; r >= 0 && i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (section->demand && has_any(config, section, bus, domain))
			r = add_set(&sets, config, section, bus, domain);
	}
	if (r < 0)
		free(sets.list);
	else
		*ret = sets;
	return r < 0 ? r : 0;
}
