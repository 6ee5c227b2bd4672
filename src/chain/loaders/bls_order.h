/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which order systemd-boot, and GRUB with entries of the Boot Loader Specification, show their
 * menus: the first one starts where no other is the default.  Pure.
 */
#ifndef VFIOBOOT_BLS_ORDER_H
#define VFIOBOOT_BLS_ORDER_H

struct bootmenu;

/* <0, 0 or >0, as strcmp(3): the versions by UAPI.10, Version Format Specification. */
int bls_compare_versions(const char *a, const char *b);

/*
 * The same of the names of two entries' files without ".conf", as GRUB orders them: in three parts
 * at their last two '-', each as rpm does (rhboot's grub-core/commands/blscfg.c).
 */
int bls_compare_names(const char *a, const char *b);

/* Sorts the entries as systemd-boot does; UAPI.1, "Sorting", and src/boot/boot.c of systemd. */
void bls_sort(struct bootmenu *menu);

/* Sorts them as GRUB does. */
void bls_sort_by_names(struct bootmenu *menu);

#endif
