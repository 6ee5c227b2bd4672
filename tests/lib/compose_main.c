/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The composer as a program, for tests that are scripts: compose MACHINE-FILE DIR. */
#include <stdio.h>
#include <string.h>

#include "compose.h"

int main(int argc, char **argv)
{
	int r;

	if (argc != 3) {
		fputs("Usage: compose MACHINE-FILE DIR\n", stderr);
		return 2;
	}
	r = compose_machine(argv[1], argv[2]);
	if (r > 0)
		fprintf(stderr, "compose: %s:%d: can't read this line\n", argv[1], r);
	else if (r < 0)
		fprintf(stderr, "compose: %s in %s: %s\n", argv[1], argv[2],
			strerror(-r));
	return r != 0;
}
