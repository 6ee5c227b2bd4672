/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces: which of them carry a default route, which are up, and the PCI
 * functions behind each.
 */
#ifndef VFIOBOOT_NETWORK_H
#define VFIOBOOT_NETWORK_H

#include "backing.h"

/*
 * Adds the interfaces of all default routes to *@ret, which starts as {0} and is for
 * file_free_names() in any case: of IPv4 (net/ipv4/fib_trie.c, fib_route_seq_show, which has those of
 * the main table alone) and of IPv6 (net/ipv6/ip6_fib.c, ipv6_route_native_seq_show), without those
 * that only reject.
 * A kernel without one of the protocols has no such file.  Returns 0, or -errno.
 */
int network_add_default(const struct root *root, struct file_names *ret);

/*
 * Adds the interfaces that are up, by their operational state, or where a driver does not
 * keep one by IFF_UP (Documentation/ABI/testing/sysfs-class-net).  Returns 0, or -errno.
 */
int network_add_up(const struct root *root, struct file_names *ret);

/*
 * Adds to *@backing the functions behind an interface: by its place in sysfs, and of what
 * is put together (bridge, bond, team, VLAN, macvlan) by its `lower_` links
 * (net/core/dev.c, netdev_adjacent_sysfs_add).  What has neither (a tunnel, a dummy) and is
 * @needed may be on any network function: @backing->network.  Returns 0, or -errno.
 */
int network_add_functions(const struct root *root, const char *interface, bool needed,
	struct backing *backing);

/*
 * How many interfaces of a device are in other network namespaces than the one that sysfs shows;
 * @directory is its `net`, or the `ieee80211` of a wireless one.  Those are not listed there, but count for
 * its links (fs/kernfs/dir.c, kernfs_link_sibling), and it is there as long as it has one
 * (drivers/base/core.c, cleanup_glue_dir).  0 also for what cannot be read, since it is gone by now.
 */
unsigned network_count_elsewhere(const struct root *root, const char *directory);

#endif
