/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds host devices to the definition of a guest, and removes them.  Pure: text in, text out. */
#include "libvirt.h"
#include "libvirt_xml.h"

#define PCI_SLOTS   32
#define FIRST_SLOT  3 /* QEMU's own are before it: host bridge, PIIX3, display */
#define INDEX_MAX   255
#define NOTE_SIZE   160
#define SLOT_OF(at) ((at).devfn >> 3)

static const char *attribute(xmlNode *node, const char *name, char *ret, size_t size)
{
	xmlChar *text = xmlGetNoNsProp(node, (const xmlChar *)name);

	snprintf(ret, size, "%s", text ? (const char *)text : "");
	xmlFree(text);
	return ret;
}

static xmlNode *next_of(xmlNode *node, const char *name)
{
	while (node && !libvirt_xml_is(node, name))
		node = node->next;
	return node;
}

static int note(struct libvirt_edit *edit, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int note(struct libvirt_edit *edit, const char *format, ...)
{
	char text[NOTE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return file_add_name(&edit->done, text);
}

/* ---- no graphics ------------------------------------------------------------------------ */

/*
 * What needs a screen of QEMU's, or SPICE: a guest that keeps one of them without the others does
 * not start (qemu_validate.c and qemu_command.c of libvirt).
 */
static const struct {
	const char *element, *type; /* NULL: of any type */
} graphics_parts[] = {
	{"graphics", NULL},
	{"video", NULL},
	{"channel", "spicevmc"},
	{"channel", "spiceport"},
	{"channel", "dbus"},
	{"serial", "spiceport"},
	{"console", "spiceport"},
	{"redirdev", "spicevmc"},
	{"smartcard", "spicevmc"},
	{"audio", "spice"},
	{"audio", "dbus"},
};

static bool needs_graphics(xmlNode *node)
{
	for (size_t i = 0; i < ARRAY_SIZE(graphics_parts); i++)
		if (libvirt_xml_is(node, graphics_parts[i].element) &&
			(!graphics_parts[i].type ||
				libvirt_xml_attribute_is(
					node, "type", graphics_parts[i].type)))
			return true;
	return false;
}

/* The <audio> that a <sound> plays to: the one that it names, or the first. */
static xmlNode *find_audio(const xmlNode *devices, const xmlNode *sound)
{
	xmlNode *wanted = libvirt_xml_child(sound, "audio");
	xmlNode *audio = libvirt_xml_child(devices, "audio");
	char id[16];

	if (!wanted)
		return audio;
	attribute(wanted, "id", id, sizeof(id));
	while (audio && !libvirt_xml_attribute_is(audio, "id", id))
		audio = next_of(audio->next, "audio");
	return audio;
}

/* Whether its sound goes to a screen: by its <audio>, or, where there is none, to SPICE. */
static bool is_lost_sound(const xmlNode *devices, const xmlNode *node)
{
	xmlNode *audio, *graphics;

	if (!libvirt_xml_is(node, "sound"))
		return false;
	audio = find_audio(devices, node);
	graphics = libvirt_xml_child(devices, "graphics");
	while (!audio && graphics && !libvirt_xml_attribute_is(graphics, "type", "spice"))
		graphics = next_of(graphics->next, "graphics");
	return audio ? needs_graphics(audio) : graphics != NULL;
}

static int remove_node(struct libvirt_edit *edit, xmlNode *node)
{
	static const char *const words[] = {"type", "model"};
	char value[64] = "";
	const char *word = "";
	int r;

	for (size_t i = 0; !*value && i < ARRAY_SIZE(words); i++)
		attribute(node, word = words[i], value, sizeof(value));
	r = *value
		? note(edit, "remove <%s %s='%s'>", (const char *)node->name, word, value)
		: note(edit, "remove <%s>", (const char *)node->name);
	xmlUnlinkNode(node);
	xmlFreeNode(node);
	return r;
}

/* Sound first: which it is, its <audio> says. */
static int remove_graphics(struct libvirt_edit *edit, xmlNode *devices)
{
	xmlNode *next;
	int r = 0;

	for (xmlNode *node = devices->children; r == 0 && node; node = next) {
		next = node->next;
		if (is_lost_sound(devices, node))
			r = remove_node(edit, node);
	}
	for (xmlNode *node = devices->children; r == 0 && node; node = next) {
		next = node->next;
		if (needs_graphics(node))
			r = remove_node(edit, node);
	}
	return r;
}

/* ---- a place in the guest --------------------------------------------------------------- */

static bool is_express(const xmlNode *devices)
{
	xmlNode *node = libvirt_xml_child(devices, "controller");

	for (; node; node = next_of(node->next, "controller"))
		if (libvirt_xml_attribute_is(node, "type", "pci") &&
			libvirt_xml_attribute_is(node, "model", "pcie-root"))
			return true;
	return false;
}

/* The bus below a new root port: a controller's index is the number of its bus. */
static int add_port(xmlNode *devices, unsigned long *ret)
{
	xmlNode *node = libvirt_xml_child(devices, "controller"), *last = NULL, *port;
	unsigned long index, most = 0;
	char text[16];

	for (; node; node = next_of(node->next, "controller")) {
		if (!libvirt_xml_attribute_is(node, "type", "pci") ||
			!libvirt_xml_number(node, "index", INDEX_MAX, &index))
			continue;
		last = node;
		most = index > most ? index : most;
	}
	if (most == INDEX_MAX || !last)
		return -ENOSPC;
	port = xmlNewNode(NULL, (const xmlChar *)"controller");
	snprintf(text, sizeof(text), "%lu", most + 1);
	if (!port || !xmlAddNextSibling(last, port))
		return -ENOMEM;
	xmlNewProp(port, (const xmlChar *)"type", (const xmlChar *)"pci");
	xmlNewProp(port, (const xmlChar *)"index", (const xmlChar *)text);
	xmlNewProp(port, (const xmlChar *)"model", (const xmlChar *)"pcie-root-port");
	*ret = most + 1;
	return 0;
}

/* A slot of bus 0 that no device has. */
static int find_slot(const xmlNode *devices, unsigned long *ret)
{
	bool used[PCI_SLOTS] = {0};

	for (xmlNode *node = devices->children; node; node = node->next) {
		xmlNode *at = libvirt_xml_child(node, "address");
		struct pci_address address;

		if (at && libvirt_xml_attribute_is(at, "type", "pci") &&
			libvirt_xml_address(at, &address) && !address.domain &&
			!address.bus)
			used[SLOT_OF(address)] = true;
	}
	for (unsigned i = FIRST_SLOT; i < PCI_SLOTS; i++) {
		if (used[i])
			continue;
		*ret = i;
		return 0;
	}
	return -ENOSPC;
}

/* ---- host devices ----------------------------------------------------------------------- */

static xmlNode *add_element(xmlNode *parent, const char *name)
{
	return parent ? xmlNewChild(parent, NULL, (const xmlChar *)name, NULL) : NULL;
}

static int set_attribute(xmlNode *node, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int set_attribute(xmlNode *node, const char *name, const char *format, ...)
{
	char text[32];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return node && xmlNewProp(node, (const xmlChar *)name, (const xmlChar *)text)
		? 0
		: -ENOMEM;
}

static int set_address(xmlNode *node, struct pci_address at)
{
	int r = set_attribute(node, "domain", "0x%04x", at.domain);

	r = r < 0 ? r : set_attribute(node, "bus", "0x%02x", at.bus);
	r = r < 0 ? r : set_attribute(node, "slot", "0x%02x", SLOT_OF(at));
	return r < 0 ? r : set_attribute(node, "function", "0x%x", at.devfn & 7u);
}

static int add_hostdev(struct libvirt_edit *edit, xmlNode *devices,
	struct pci_address host, struct pci_address guest, bool several)
{
	xmlNode *device = add_element(devices, "hostdev"), *address;
	char name[PCI_ADDRESS_SIZE];
	int r = set_attribute(device, "mode", "subsystem");

	r = r < 0 ? r : set_attribute(device, "type", "pci");
	r = r < 0 ? r : set_attribute(device, "managed", "no");
	r = r < 0 ? r
		  : set_address(
			    add_element(add_element(device, "source"), "address"), host);
	address = add_element(device, "address");
	r = r < 0 ? r : set_attribute(address, "type", "pci");
	r = r < 0 ? r : set_address(address, guest);
	if (r == 0 && several && !(guest.devfn & 7u))
		r = set_attribute(address, "multifunction", "on");
	pci_address_format(host, name);
	return r < 0 ? r
		     : note(edit, "add %s as %02x:%02x.%x of the guest", name, guest.bus,
			       SLOT_OF(guest), guest.devfn & 7u);
}

static bool same_slot(struct pci_address a, struct pci_address b)
{
	return a.domain == b.domain && a.bus == b.bus && SLOT_OF(a) == SLOT_OF(b);
}

/*
 * Adds the functions of the slot of @functions[first].  They keep their numbers, by which drivers
 * find each other; where the first one is not there, the guest would see none of them.
 */
static int add_slot(struct libvirt_edit *edit, xmlNode *devices,
	const struct libvirt_domain *functions, size_t first, bool express)
{
	struct pci_address base = {0};
	unsigned long place = 0;
	unsigned n = 0, given = 0;
	bool has_first = false;
	int r = express ? add_port(devices, &place) : find_slot(devices, &place);

	for (size_t i = first; i < functions->n; i++) {
		if (!same_slot(functions->functions[first], functions->functions[i]))
			continue;
		n++;
		has_first |= !(functions->functions[i].devfn & 7u);
	}
	if (express)
		base.bus = (uint8_t)place;
	else
		base.devfn = (pci_devfn)(place << 3);
	for (size_t i = first; r == 0 && i < functions->n; i++) {
		struct pci_address host = functions->functions[i], guest = base;

		if (!same_slot(functions->functions[first], host))
			continue;
		guest.devfn |= (pci_devfn)(has_first ? host.devfn & 7u : given);
		given++;
		r = add_hostdev(edit, devices, host, guest, n > 1);
	}
	return r;
}

static int add_all(struct libvirt_edit *edit, xmlNode *devices,
	const struct libvirt_domain *functions)
{
	bool express = is_express(devices);
	int r = 0;

	for (size_t i = 0; r == 0 && i < functions->n; i++) {
		bool done = false;

		for (size_t j = 0; j < i; j++)
			done |= same_slot(
				functions->functions[i], functions->functions[j]);
		if (!done)
			r = add_slot(edit, devices, functions, i, express);
	}
	return r;
}

/* ---- whole definitions ------------------------------------------------------------------ */

static int print(xmlDoc *document, struct libvirt_edit *edit)
{
	xmlChar *text = NULL;
	int size;

	xmlDocDumpMemory(document, &text, &size);
	edit->xml = text ? strdup((const char *)text) : NULL;
	xmlFree(text);
	return edit->xml ? 0 : -ENOMEM;
}

static int check_new(
	const char *xml, const struct libvirt_domain *functions, struct message *message)
{
	struct libvirt_domain old = {0};
	int r = libvirt_read_domain(xml, strlen(xml), &old, message);

	for (size_t i = 0; r == 0 && i < functions->n; i++) {
		char name[PCI_ADDRESS_SIZE];

		if (!libvirt_domain_has(&old, functions->functions[i]))
			continue;
		pci_address_format(functions->functions[i], name);
		message_remedy(message,
			"remove that host device from it first, with 'virsh edit'");
		r = message_set(message, -EEXIST, "the guest has %s already", name);
	}
	libvirt_free_domain(&old);
	return r;
}

static int finish(xmlDoc *document, struct libvirt_edit *edit, int r,
	struct libvirt_edit *ret, struct message *message)
{
	r = r < 0 ? r : print(document, edit);
	xmlFreeDoc(document);
	if (r == 0) {
		*ret = *edit;
		return 0;
	}
	libvirt_free_edit(edit);
	if (r != -ENOSPC)
		return message_errno(
			message, r, "cannot edit the definition of the guest");
	message_remedy(message, "remove a device from it first, with 'virsh edit'");
	return message_set(message, r, "the guest has no free PCI slot");
}

int libvirt_attach(const char *xml, const struct libvirt_domain *functions,
	bool no_graphics, struct libvirt_edit *ret, struct message *message)
{
	struct libvirt_edit edit = {0};
	xmlDoc *document = NULL;
	xmlNode *devices;
	int r = check_new(xml, functions, message);

	r = r < 0 ? r : libvirt_xml_parse(xml, strlen(xml), &document, message);
	if (r < 0)
		return r;
	devices = libvirt_xml_child(xmlDocGetRootElement(document), "devices");
	if (!devices) {
		xmlFreeDoc(document);
		return message_set(message, -EBADMSG,
			"the definition of the guest has no <devices>");
	}
	if (no_graphics)
		r = remove_graphics(&edit, devices);
	r = r < 0 ? r : add_all(&edit, devices, functions);
	return finish(document, &edit, r, ret, message);
}

static int remove_hostdevs(
	struct libvirt_edit *edit, xmlNode *devices, const struct libvirt_domain *gone)
{
	xmlNode *next, *node = devices ? devices->children : NULL;
	int r = 0;

	for (; r == 0 && node; node = next) {
		xmlNode *at =
			libvirt_xml_child(libvirt_xml_child(node, "source"), "address");
		struct pci_address address;
		char name[PCI_ADDRESS_SIZE];

		next = node->next;
		if (!libvirt_xml_is(node, "hostdev") || !at ||
			!libvirt_xml_attribute_is(node, "type", "pci") ||
			!libvirt_xml_address(at, &address) ||
			!libvirt_domain_has(gone, address))
			continue;
		pci_address_format(address, name);
		r = note(edit, "remove %s", name);
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
	return r;
}

int libvirt_detach(const char *xml, const char *before, const char *attached,
	struct libvirt_edit *ret, struct message *message)
{
	struct libvirt_domain old = {0}, with = {0};
	struct libvirt_edit edit = {0};
	xmlDoc *document = NULL;
	size_t n = 0;
	int r = libvirt_read_domain(before, strlen(before), &old, message);

	r = r < 0 ? r : libvirt_read_domain(attached, strlen(attached), &with, message);
	for (size_t i = 0; r == 0 && i < with.n; i++)
		if (!libvirt_domain_has(&old, with.functions[i]))
			with.functions[n++] = with.functions[i];
	with.n = n;
	r = r < 0 ? r : libvirt_xml_parse(xml, strlen(xml), &document, message);
	if (r == 0) {
		r = remove_hostdevs(&edit,
			libvirt_xml_child(xmlDocGetRootElement(document), "devices"),
			&with);
		r = finish(document, &edit, r, ret, message);
	}
	libvirt_free_domain(&old);
	libvirt_free_domain(&with);
	return r;
}

void libvirt_free_edit(struct libvirt_edit *edit)
{
	free(edit->xml);
	file_free_names(&edit->done);
	*edit = (struct libvirt_edit){0};
}

int libvirt_read_uuid(
	const char *xml, char ret[static LIBVIRT_UUID_SIZE], struct message *message)
{
	static const char digits[] = "0123456789abcdefABCDEF-";
	xmlDoc *document = NULL;
	xmlChar *text = NULL;
	xmlNode *uuid;
	int r = libvirt_xml_parse(xml, strlen(xml), &document, message);

	if (r < 0)
		return r;
	uuid = libvirt_xml_child(xmlDocGetRootElement(document), "uuid");
	text = uuid ? xmlNodeGetContent(uuid) : NULL;
	/* It becomes the name of a directory. */
	if (!text || strlen((char *)text) != LIBVIRT_UUID_SIZE - 1 ||
		strspn((char *)text, digits) != LIBVIRT_UUID_SIZE - 1)
		r = message_set(message, -EBADMSG,
			"the definition of the guest has no valid <uuid>");
	else
		strcpy(ret, (char *)text);
	xmlFree(text);
	xmlFreeDoc(document);
	return r;
}
