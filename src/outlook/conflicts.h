/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel parameters that switch off what giving devices away needs: one table for all. */
#ifndef VFIOBOOT_OUTLOOK_CONFLICTS_H
#define VFIOBOOT_OUTLOOK_CONFLICTS_H

#include "facts/facts.h"

/* What goes without it. */
enum param_loss {
	PARAM_LOSS_IOMMU,
	PARAM_LOSS_VFIO,
	PARAM_LOSS_REMAPPING, /* vfio can be set to work without it */
};

struct param_conflict {
	const char *name;
	const char *value; /* among others between commas; NULL: whichever */
	const char *undo;  /* the value that takes it back if it is behind; NULL: none */
	const char *what;  /* is switched off */
	enum param_loss loss;
	enum iommu_kind kind; /* whose IOMMU it is for; IOMMU_UNKNOWN: all */
	bool of_x86;          /* on arm64 it is no parameter, or does no harm */
};

/* From *@at on, which starts as 0, the next that counts on @cmdline; NULL behind the last. */
const struct param_conflict *conflicts_next(
	const char *cmdline, enum iommu_kind kind, size_t *at);

/* The same of those that an @undo behind them took back. */
const struct param_conflict *conflicts_next_undone(const char *cmdline, size_t *at);

/* The first that switches the IOMMU off, or NULL; and whether there is one. */
const struct param_conflict *conflicts_find_iommu(
	const char *cmdline, enum iommu_kind kind);
bool conflicts_iommu_is_off(const char *cmdline, enum iommu_kind kind);

/* As it is on the command line: "NAME=VALUE", or "NAME". */
void conflicts_format(const struct param_conflict *conflict, char *ret, size_t size);

#endif
