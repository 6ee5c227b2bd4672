/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as the state of a set that was handed over: what is read from it is written, and reads
 * back as the same; no name of a driver leads out of its directory.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "handover/state.h"

#define MARK      "vfioboot-handover 1\n"
#define FILE_NAME STATE_HANDOVERS "/fuzz"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct root root;
static char top[] = "/tmp/vfioboot-fuzz-XXXXXX";

static void remove_top(void)
{
	for (const char *const *name = (const char *const[]){"run/vfioboot/handover/fuzz",
		     "run/vfioboot/handover", "run/vfioboot", "run", NULL};
		*name; name++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", top, *name);
		remove(path);
	}
	remove(top);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	_cleanup_(state_free) struct state state = {.set = "fuzz"};

	(void)argc;
	(void)argv;
	CHECK(mkdtemp(top));
	CHECK(root_open(top, &root) == 0);
	atexit(remove_top);
	CHECK(state_write(&root, &state) == 0);
	return 0;
}

static void check_functions(const struct state *state)
{
	CHECK(state->n_functions > 0);
	for (size_t i = 0; i < state->n_functions; i++) {
		CHECK(!strchr(state->functions[i].native, '/'));
		CHECK(!strchr(state->functions[i].wanted, '/'));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(state_free) struct state state = {0}, again = {0};
	_cleanup_free_ char *first = NULL, *second = NULL;
	int fd = file_open(&root, FILE_NAME, O_WRONLY | O_TRUNC);

	CHECK(fd >= 0);
	if (size < strlen(MARK) || memcmp(data, MARK, strlen(MARK)) != 0)
		CHECK(write(fd, MARK, strlen(MARK)) > 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
	close(fd);
	if (state_read(&root, "fuzz", &state) < 0)
		return 0;
	check_functions(&state);
	CHECK(state_write(&root, &state) == 0);
	CHECK(file_read(&root, FILE_NAME, &first, NULL) == 0);
	CHECK(state_read(&root, "fuzz", &again) == 0);
	CHECK(state_write(&root, &again) == 0);
	CHECK(file_read(&root, FILE_NAME, &second, NULL) == 0);
	CHECK(strcmp(first, second) == 0);
	return 0;
}
