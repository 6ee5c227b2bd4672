/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions of guests as trees of libxml2, for those files here that read and edit them. */
#ifndef VFIOBOOT_HANDOVER_LIBVIRT_XML_H
#define VFIOBOOT_HANDOVER_LIBVIRT_XML_H

#include <libxml/tree.h>

#include "base/base.h"

/*
 * Reads a definition of up to LIBVIRT_XML_MAX bytes, whose root is <domain>.  Returns 0 with *@ret for
 * xmlFreeDoc(); or, with @message, -EBADMSG, -EFBIG or -ENOMEM.
 */
int libvirt_xml_parse(
	const char *xml, size_t size, xmlDoc **ret, struct message *message);

bool libvirt_xml_is(const xmlNode *node, const char *name);

/* The first child of the name, or NULL; @node NULL has none. */
xmlNode *libvirt_xml_child(const xmlNode *node, const char *name);

bool libvirt_xml_attribute_is(xmlNode *node, const char *name, const char *value);

/* A number as libvirt reads it, with "0x" or not, of at most @most; one that is not there is 0. */
bool libvirt_xml_number(
	xmlNode *node, const char *name, unsigned long most, unsigned long *ret);

/* The function that an <address> names.  False for none. */
bool libvirt_xml_address(xmlNode *node, struct pci_address *ret);

#endif
