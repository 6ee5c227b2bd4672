/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which order systemd-boot, and GRUB with entries of the Boot Loader Specification, show their
 * menus: the first one starts where no other is the default.  Pure.
 */
#ifndef VFIOBOOT_BLS_ORDER_H
#define VFIOBOOT_BLS_ORDER_H

struct bootmenu;

/* Sorts the entries as systemd-boot does; UAPI.1, "Sorting", and src/boot/boot.c of systemd. */
void bls_sort(struct bootmenu *menu);

/* Sorts them as GRUB does. */
void bls_sort_by_names(struct bootmenu *menu);

/* <0, 0 or >0: two names of files as GRUB 2.14 compares them, by filevercmp() of gnulib. */
int bls_compare_files(const char *a, const char *b);

#endif
