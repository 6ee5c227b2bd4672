/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of several modules share: a temporary root with files in it, PCI functions as
 * sysfs shows them, and text as an open file.  Names of files are relative to the root; any
 * error ends the test.
 */
#ifndef VFIOBOOT_TESTS_SUPPORT_H
#define VFIOBOOT_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka hands each test a state, which few of them have a use for. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#include "base/sysfs.h"
#include "base/util.h"

#define TREE_FILE_SIZE 16384 /* bytes of the longest file read back, with its NUL */

/* Make and remove the root: set-up and tear-down of a test. */
int fake_set_up(void **state);
int fake_tear_down(void **state);

/* A test that has it. */
#define ROOT_TEST(function)                                                              \
	cmocka_unit_test_setup_teardown(function, fake_set_up, fake_tear_down)

/* The absolute name of a file of the root, until the next call. */
const char *fake_path(const char *name);

/* Opens the root as another machine's. */
struct root fake_open(void);

/* Makes or replaces a file and the directories above it. */
void fake_put(const char *name, const char *text);
void fake_put_bytes(const char *name, const void *bytes, size_t size);

/* Makes a file that is a kernel for x86 as far as its header goes, of the release. */
void fake_bzimage(const char *name, const char *release);

/* Makes a variable of the Boot Loader Interface with the text. */
void fake_efivar(const char *name, const char *value);

/* Makes a directory and those above it. */
void fake_dir(const char *name);

/* Makes or replaces a link with the text @target. */
void fake_link(const char *name, const char *target);

void fake_remove(const char *name);

/* Reads a file, or "" when there is none.  The text lasts until the next call. */
const char *fake_read(const char *name);

/*
 * Makes a PCI function at @place below sys/devices, such as
 * "pci0000:00/0000:00:01.0/0000:01:00.0", with a modalias, an IOMMU group and no driver.
 */
void fake_function(const char *place, unsigned vendor, unsigned device);

/* Opens @size bytes for reading. */
int open_bytes(const void *bytes, size_t size);
int open_text(const char *text);

/* How many descriptors this process has. */
unsigned open_descriptors(void);

/* cmocka's own assert_in_range() is deprecated since 2.0, and what replaces it is not in 1.1. */
#define assert_within(value, low, high)                                                  \
	assert_true((long long)(value) >= (long long)(low) &&                            \
		(long long)(value) <= (long long)(high))

#endif
