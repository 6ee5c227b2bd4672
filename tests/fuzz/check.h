/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of every configuration, whatever it was read from. */
#ifndef VFIOBOOT_FUZZ_CHECK_H
#define VFIOBOOT_FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "decide/config.h"

/* Ends the run, so that libFuzzer keeps the input. */
#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,       \
				#condition);                                             \
			abort();                                                         \
		}                                                                        \
	} while (0)

/* Checks limits, names, selectors and errors. */
void check_config(const struct config *config);

#endif
