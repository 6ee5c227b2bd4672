/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that there is to say of one function, put into words once for text, JSON and library. */
#ifndef VFIOBOOT_LIBRARY_FUNCTION_H
#define VFIOBOOT_LIBRARY_FUNCTION_H

#include "export.h"
#include "outlook/outlook.h"

#define FUNCTION_ID_SIZE sizeof("ffff:ffff")

struct vfioboot_function {
	const struct inventory_function *of;
	char address[PCI_ADDRESS_SIZE], id[FUNCTION_ID_SIZE], subsystem[FUNCTION_ID_SIZE],
		class[sizeof("ffffff")];
	char physical[PCI_ADDRESS_SIZE];  /* of a virtual function; "" */
	char *path, *uses, *data, *notes; /* NULL: not known, or nothing to say */
};

/* Writes vendor and device. */
void function_format_id(const struct pci_ids *ids, char ret[static FUNCTION_ID_SIZE]);

/* Describes @of, which has to last as long, in *@ret, for function_clear().  Returns 0, or -ENOMEM. */
int function_describe(const struct inventory_function *of, struct vfioboot_function *ret);
void function_clear(struct vfioboot_function *function);

/* @text, or NULL where it is "". */
const char *function_text(const char *text);

#endif
