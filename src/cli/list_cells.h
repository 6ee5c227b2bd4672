/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of `vfioboot list`, and what stands in them. */
#ifndef VFIOBOOT_LIST_CELLS_H
#define VFIOBOOT_LIST_CELLS_H

#include "cli/ui/table.h"
#include "outlook/outlook.h"

#define LIST_ADDRESS 0 /* the column that has the tree */

/* For the help of the command.  JSON has them all, in lower case. */
#define LIST_COLUMNS_HELP                                                                  \
	"  ADDRESS       bus number, device and function; for JSON with the domain\n"      \
	"  PATH          the same by the bridges on the way, which does not change when\n" \
	"                a card is added; for the configuration\n"                         \
	"  ID            vendor and device\n"                                              \
	"  CLASS         class, subclass and interface\n"                                  \
	"  DRIVER        that has it now\n"                                                \
	"  IOMMU_GROUP   number of the group\n"                                            \
	"  NAME          brand and product\n"                                              \
	"  NOTES         what to know before it is given away, and what is configured\n"   \
	"  TYPE          what it is, such as \"graphics card\"\n"                          \
	"  VENDOR        name of the vendor in full\n"                                     \
	"  MODEL         name of the model in full\n"                                      \
	"  SUBSYSTEM     ids of the maker of the card\n"                                   \
	"  MODULES       kernel modules that could claim it\n"                             \
	"  BOOT_DISPLAY  whether the firmware used it as the display\n"                    \
	"  USES          what the host uses it for; \"?\": it may be another one\n"        \
	"  SECTION       the section of the configuration that names it\n"                 \
	"  WANTED        the driver that the section asks for\n"                           \
	"  RESULT        bound, pending (not bound yet), refused or failed\n"              \
	"  REASON        why it is refused or failed; see vfioboot-early(8)"

/* Makes the table, for table_free().  Returns 0, or -errno. */
int list_new_table(bool json, struct table **ret);

/*
 * Adds a line for a function below the line @group, or with NULL at the top; with
 * @short_address without its domain.  Returns 0, or -errno.
 */
int list_add_function(struct table *table, struct table_line *group,
	const struct inventory_function *function, bool short_address);

#endif
