/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads definitions of guests by libxml2, whatever they hold. */
#include "libvirt_xml.h"

#include <libxml/parser.h>

#include "libvirt.h"

/*
 * A definition has no document type.  With none there are no entities to expand and nothing to
 * fetch, whatever the options of the parser are.
 */
static void refuse_doctype(
	void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	xmlParserCtxt *parser = data;

	(void)name, (void)external, (void)system;
	*(bool *)parser->_private = true;
	xmlStopParser(parser);
}

static int parse(const char *xml, size_t size, xmlDoc **ret, struct message *message)
{
	xmlParserCtxt *parser = xmlNewParserCtxt();
	bool refused = false;

	if (!parser)
		return message_errno(
			message, -ENOMEM, "cannot read the definition of the guest");
	parser->_private = &refused;
	parser->sax->internalSubset = refuse_doctype;
	*ret = xmlCtxtReadMemory(parser, xml, (int)size, NULL, NULL,
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlFreeParserCtxt(parser);
	if (refused)
		return message_set(message, -EBADMSG,
			"the definition of the guest has a document type");
	return *ret ? 0
		    : message_set(message, -EBADMSG,
			      "the definition of the guest is not well-formed XML");
}

int libvirt_xml_parse(const char *xml, size_t size, xmlDoc **ret, struct message *message)
{
	xmlDoc *document = NULL;
	const xmlNode *top;
	int r;

	if (size > LIBVIRT_XML_MAX)
		return message_set(message, -EFBIG,
			"the definition of the guest has more than %zu MiB",
			LIBVIRT_XML_MAX >> 20);
	r = parse(xml, size, &document, message);
	top = r == 0 ? xmlDocGetRootElement(document) : NULL;
	if (r == 0 && (!top || !libvirt_xml_is(top, "domain")))
		r = message_set(
			message, -EBADMSG, "this is not the definition of a guest");
	if (r == 0)
		*ret = document;
	else if (document)
		xmlFreeDoc(document);
	return r;
}

bool libvirt_xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE &&
		strcmp((const char *)node->name, name) == 0;
}

xmlNode *libvirt_xml_child(const xmlNode *node, const char *name)
{
	xmlNode *child = node ? node->children : NULL;

	while (child && !libvirt_xml_is(child, name))
		child = child->next;
	return child;
}

bool libvirt_xml_attribute_is(xmlNode *node, const char *name, const char *value)
{
	xmlChar *text = xmlGetNoNsProp(node, (const xmlChar *)name);
	bool is = text && strcmp((const char *)text, value) == 0;

	xmlFree(text);
	return is;
}

bool libvirt_xml_number(
	xmlNode *node, const char *name, unsigned long most, unsigned long *ret)
{
	xmlChar *text = xmlGetNoNsProp(node, (const xmlChar *)name);
	char *end = NULL;
	bool good = true;

	*ret = 0;
	if (text) {
		const char *digits = (const char *)text;

		errno = 0;
		*ret = strtoul(digits, &end, 0);
		good = *digits >= '0' && *digits <= '9' && !*end && !errno &&
			*ret <= most;
	}
	xmlFree(text);
	return good;
}

bool libvirt_xml_address(xmlNode *node, struct pci_address *ret)
{
	unsigned long domain, bus, slot, function;

	if (!libvirt_xml_number(node, "domain", UINT32_MAX, &domain) ||
		!libvirt_xml_number(node, "bus", 0xff, &bus) ||
		!libvirt_xml_number(node, "slot", 0x1f, &slot) ||
		!libvirt_xml_number(node, "function", 7, &function))
		return false;
	*ret = (struct pci_address){
		(uint32_t)domain, (uint8_t)bus, (pci_devfn)(slot << 3 | function)};
	return true;
}
