/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the files that a kernel shows of a machine's PCI functions, from a short text:
 *
 *	driver vfio-pci				a driver that is registered, and has nothing yet
 *	file PATH TEXT...			any other file, directory or link
 *	dir PATH
 *	link PATH TARGET
 *	0000:00:01.0 8086:1901 060400 driver=pcieport group=2
 *		0000:01:00.0 10de:2206:1043:87b0 030000 driver=nouveau group=next boot_vga=1
 *		repeat 8
 *			0000:01:10.0 15b3:101e 020000 group=next physfn=0000:01:00.0
 *
 * A function is its address, vendor:device[:subvendor:subdevice], class, and what else is
 * known of it; one tab deeper stands what is behind it.  A function of another domain than
 * its parent begins a root bus there, as behind a VMD controller.  group=next is the next
 * free IOMMU group from 100 on, group=last once more the same.  "repeat" makes what is below
 * it so many times: the routing ids of its functions grow by one each time, over the end of
 * a bus if need be as those of virtual functions do, and the bus numbers of whatever is
 * behind them too.  sriov=N is how many virtual functions a physical one can have; those that it has
 * stand behind it, with physfn=, in their order.  "#" starts a comment line.
 *
 * What can be set of a function: reset=flr,bus d3cold=1 power=auto, and bar=1:8:7f00, a BAR of 2^8 MiB
 * and the mask of resource1_resize, which is left out with 0.
 */
#ifndef VFIOBOOT_TESTS_COMPOSE_H
#define VFIOBOOT_TESTS_COMPOSE_H

/*
 * Makes the machine of the file @machine in the directory @dir, which must be there.
 * Returns 0, the number of the first line that can't be read, or -errno.
 */
int compose_machine(const char *machine, const char *dir);

#endif
