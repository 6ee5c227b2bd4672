/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fuzz targets on what their corpora have: each compiles, links, and finds nothing. */
#include <dirent.h>
#include <fcntl.h>

#include "base/base.h"
#include "support.h"

#define CORPORA "tests/fuzz/corpus"

/* tests/fuzz/fuzz_NAME.c, whose functions the Makefile names so. */
#define TARGETS                                                                          \
	TARGET(bls)                                                                      \
	TARGET(cmdline)                                                                  \
	TARGET(config)                                                                   \
	TARGET(cpio)                                                                     \
	TARGET(entries)                                                                  \
	TARGET(facts)                                                                    \
	TARGET(grub)                                                                     \
	TARGET(handover)                                                                 \
	TARGET(json)                                                                     \
	TARGET(libvirt)                                                                  \
	TARGET(param_text)                                                               \
	TARGET(pe)                                                                       \
	TARGET(presets)                                                                  \
	TARGET(record)                                                                   \
	TARGET(selector)                                                                 \
	TARGET(trial)                                                                    \
	TARGET(ukify)

typedef int target(const uint8_t *data, size_t size);
typedef int begin(int *argc, char ***argv);

#define TARGET(name)                                                                     \
	target fuzz_##name;                                                              \
	begin fuzz_##name##_begin __attribute__((weak)); /* few have one */
TARGETS
#undef TARGET

static struct corpus {
	const char *name;
	target *run;
	begin *begin; /* NULL: none */
} corpora[] = {
#define TARGET(name) {#name, fuzz_##name, fuzz_##name##_begin},
	TARGETS
#undef TARGET
};

/* As libFuzzer gives it: of the heap, and no NUL behind it. */
static void run_file(const struct corpus *corpus, DIR *dir, const char *name)
{
	_cleanup_close_ int fd = openat(dirfd(dir), name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	data = malloc((size_t)st.st_size + !st.st_size);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	assert_int_equal(corpus->run(data, (size_t)st.st_size), 0);
}

static void test_corpus(void **state)
{
	const struct corpus *corpus = *state;
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[64];
	int n = 0;

	if (corpus->begin)
		assert_int_equal(corpus->begin(NULL, NULL), 0);
	snprintf(path, sizeof(path), CORPORA "/%s", corpus->name);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.') {
			run_file(corpus, dir, entry->d_name);
			n++;
		}
	assert_true(n > 0);
}

static void test_each_has_a_target(void **state)
{
	_cleanup_closedir_ DIR *dir = opendir(CORPORA);
	const struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += *entry->d_name != '.';
	assert_int_equal(n, ARRAY_SIZE(corpora));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(corpora) + 1] = {
		cmocka_unit_test(test_each_has_a_target)};

	for (size_t i = 0; i < ARRAY_SIZE(corpora); i++)
		tests[i + 1] = (struct CMUnitTest){.name = corpora[i].name,
			.test_func = test_corpus,
			.initial_state = &corpora[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
