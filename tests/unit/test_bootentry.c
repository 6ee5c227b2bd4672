/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which entries of the boot menu are wanted, and their texts. */
#include <errno.h>
#include <stdio.h>

#include "chain/loaders/bootentry.h"
#include "decide/config.h"
#include "params/kernel_params.h"
#include "support.h"

static struct config config;
static struct bootentries entries;

static void reset(bool selected)
{
	config = (struct config){.when_selected = selected};
	entries = (struct bootentries){0};
}

static struct config_section *section(const char *profile)
{
	struct config_section *added =
		config_new_section(&config, (struct config_place){0, 0}, "x");

	strcpy(added->profile, profile);
	return added;
}

static void needs(struct params *params, enum params_kind kind, const char *text)
{
	params->items[params->n].kind = kind;
	strcpy(params->items[params->n++].parameter, text);
}

static void expect_entry(
	unsigned i, const char *id, const char *title, const char *arguments)
{
	assert_true(i < entries.n);
	assert_string_equal(entries.entries[i].id, id);
	assert_string_equal(entries.entries[i].title, title);
	assert_string_equal(entries.entries[i].arguments, arguments);
}

static void test_parameters(void **state)
{
	struct params params = {0};
	struct message message = {0};

	reset(false);
	section("");
	section("games");
	needs(&params, PARAMS_NEEDED, "intel_iommu=on");
	needs(&params, PARAMS_WARNING, "amd_iommu=on");
	needs(&params, PARAMS_OBSTACLE, "");
	needs(&params, PARAMS_NEEDED, "vfioboot.profile=other");
	needs(&params, PARAMS_NEEDED, "video=efifb:off");
	bootentry_decide(&config, &entries);
	assert_int_equal(entries.n, 2);
	expect_entry(0, "passthrough", "Passthrough", "vfioboot.profile=games");
	assert_true(bootentry_is_passthrough(&entries.entries[0]));
	/* The way out needs none of it. */
	expect_entry(1, "no-passthrough", "no passthrough", "vfioboot.off");
	assert_false(bootentry_is_passthrough(&entries.entries[1]));
	for (int again = 0; again < 2; again++) {
		assert_int_equal(params_append(entries.entries[0].arguments,
					 BOOTENTRY_ARGS_SIZE, &params, &message),
			0);
		expect_entry(0, "passthrough", "Passthrough",
			"vfioboot.profile=games intel_iommu=on video=efifb:off");
	}
	needs(&params, PARAMS_NEEDED, "x=\"a b\"");
	assert_int_equal(params_append(entries.entries[0].arguments, BOOTENTRY_ARGS_SIZE,
				 &params, &message),
		-EINVAL);
	assert_string_equal(
		message.text, "'x=\"a b\"' cannot be an argument in a boot entry");
}

static void test_parameters_are_never_cut(void **state)
{
	struct params params = {0};
	struct message message = {0};
	char arguments[32] = "vfioboot.profile=games";

	needs(&params, PARAMS_NEEDED, "abc=4567");
	assert_int_equal(
		params_append(arguments, sizeof(arguments), &params, &message), 0);
	assert_string_equal(arguments, "vfioboot.profile=games abc=4567");
	strcpy(arguments, "vfioboot.profile=games2");
	assert_int_equal(
		params_append(arguments, sizeof(arguments), &params, &message), -E2BIG);
	assert_string_equal(arguments, "vfioboot.profile=games2");
	assert_string_equal(message.text,
		"there is no room for 'abc=4567' in the arguments of an entry");
	assert_false(bootentry_is_plain("--"));
	assert_false(bootentry_is_plain(""));
}

static void test_more_profiles_than_room(void **state)
{
	reset(false);
	section("");
	for (unsigned i = 0; i < CONFIG_PROFILES_MAX + 2; i++) {
		char name[] = {(char)('a' + i), '\0'};

		section(name);
	}
	section("z")->bad = true;
	bootentry_decide(&config, &entries);
	assert_int_equal(entries.n, CONFIG_PROFILES_MAX + 1);
	assert_int_equal(entries.left_out, 2);
	expect_entry(0, "passthrough-a", "Passthrough: a", "vfioboot.profile=a");
	expect_entry(
		CONFIG_PROFILES_MAX, "no-passthrough", "no passthrough", "vfioboot.off");
}

static void test_sections_of_no_boot(void **state)
{
	for (int selected = 0; selected < 2; selected++) {
		reset(selected);
		section("")->bad = true;
		section("games")->bad = true;
		section("")->demand = true;
		bootentry_decide(&config, &entries);
		assert_int_equal(entries.n, 0);
	}
}

static void test_file(void **state)
{
	struct bootentries read;

	reset(true);
	section("a");
	section("b");
	bootentry_decide(&config, &entries);
	for (int flag = 0; flag < 2; flag++) {
		_cleanup_free_ char *text = NULL;

		entries.grub_without_section = flag;
		text = bootentry_format(&entries);
		assert_non_null(text);
		bootentry_parse(text, &read);
		assert_true(bootentry_same(&read, &entries));
		assert_int_equal(read.grub_without_section, flag);
	}
	/* What a person wrote is taken when it needs no quoting, with and without a newline. */
	bootentry_parse(
		"# x\n#e\tE\tx\n\na\tA b\tx=1 y\nno tabs\nb\tB\t$(x)\n\tB\tx\nc/\tC\tx;\nd\tD: e\tz",
		&entries);
	assert_int_equal(entries.n, 2);
	expect_entry(0, "a", "A b", "x=1 y");
	expect_entry(1, "d", "D: e", "z");
	assert_false(bootentry_same(&read, &entries));
	bootentry_parse("", &entries);
	assert_int_equal(entries.n, 0);
}

static void test_plain(void **state)
{
	assert_true(bootentry_is_plain("vfioboot.device=0000:00:01.0/00,10de:2204"));
	assert_false(bootentry_is_plain(""));
	for (const char *p = " \t\n\"'$`\\;&|<>(){}[]*?!#~%^"; *p; p++)
		assert_false(bootentry_is_plain((char[]){'a', *p, '\0'}));
}

static void test_missing(void **state)
{
	static const struct bootentry entry = {"a", "A", "vfioboot.profile=a iommu=on x"};
	char missing[BOOTENTRY_ARGS_SIZE];

	bootentry_missing_arguments("", &entry, missing);
	assert_string_equal(missing, entry.arguments);
	bootentry_missing_arguments(
		"ro iommu=on\t x.y vfioboot.profile=aa", &entry, missing);
	assert_string_equal(missing, "vfioboot.profile=a x");
	bootentry_missing_arguments("x iommu=on vfioboot.profile=a", &entry, missing);
	assert_string_equal(missing, "");
	/* What is behind a bare "--" is init's. */
	bootentry_missing_arguments("x -- iommu=on vfioboot.profile=a", &entry, missing);
	assert_string_equal(missing, "vfioboot.profile=a iommu=on");
}

static void expect_strip(const char *options, const char *rest)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(bootentry_strip(options, &entries, &text), rest ? 1 : 0);
	if (rest)
		assert_string_equal(text, rest);
}

static void test_own(void **state)
{
	assert_true(bootentry_has_own("ro vfioboot.profile=a"));
	assert_true(bootentry_has_own("vfioboot.off"));
	assert_true(bootentry_has_own("ro panic=30 vfioboot.trial=7 quiet"));
	/* A person gave the normal entry what it has for good; init's is nobody's. */
	assert_false(bootentry_has_own("ro vfioboot.device=10de:2204 x=vfioboot.off"));
	assert_false(bootentry_has_own("ro -- vfioboot.off"));
	assert_false(bootentry_has_own(""));
}

static void test_strip(void **state)
{
	bootentry_parse(
		"a\tA\tvfioboot.profile=a iommu=on\nb\tB\tvfioboot.off\n", &entries);
	expect_strip("", NULL);
	expect_strip("ro quiet iommu=on panic=30", NULL);
	expect_strip("vfioboot.device=10de:2204 ro", NULL);
	expect_strip("ro  quiet vfioboot.profile=a iommu=on x", "ro quiet x");
	/* What was there before ours was not from us. */
	expect_strip("ro iommu=on vfioboot.profile=a x", "ro iommu=on x");
	expect_strip("ro vfioboot.off", "ro");
	expect_strip("vfioboot.profile=unknown", "");
	/* The panic= of a trial goes with it, another one stays. */
	expect_strip("ro vfioboot.profile=a panic=30", "ro panic=30");
	expect_strip("ro vfioboot_trial", NULL);
	expect_strip("ro panic=30 vfioboot.trial=7", "ro");
	/* And so does all else of it, by whatever entries are wanted. */
	expect_strip("ro rd.shell=0 quiet vfioboot.profile=z intel_iommu=on y "
		     "vfioboot.trial=7 " BOOTENTRY_WAYS_BACK " x",
		"ro quiet x");
	expect_strip("ro rd.shell=0 " BOOTENTRY_WAYS_BACK, NULL);
	/* What is behind a bare "--" is init's. */
	expect_strip("ro vfioboot.profile=a iommu=on -- iommu=on x", "ro -- iommu=on x");
	expect_strip("ro -- vfioboot.off vfioboot.trial=7", NULL);
}

static void test_keep(void **state)
{
	struct bootentries old;

	reset(true);
	section("a");
	bootentry_decide(&config, &entries);
	bootentry_parse(
		"passthrough\tP\tvfioboot.profile=a x=1 y=2 vfioboot.profile=b\n", &old);
	bootentry_keep(&entries, &old, "ro x=1 y=2");
	expect_entry(0, "passthrough", "Passthrough", "vfioboot.profile=a");
	bootentry_keep(&entries, &old, "ro vfioboot.profile=a vfioboot.profile=b x=1 z");
	expect_entry(0, "passthrough", "Passthrough", "vfioboot.profile=a x=1");
	bootentry_keep(&entries, &(struct bootentries){0}, "vfioboot.profile=a y=2");
	expect_entry(0, "passthrough", "Passthrough", "vfioboot.profile=a x=1");
}

static void test_fits(void **state)
{
	struct bootentries old;

	reset(true);
	section("a");
	bootentry_decide(&config, &entries);
	bootentry_parse("passthrough\tP\tvfioboot.profile=a x=1\n", &old);
	assert_true(bootentry_fits(&old, &entries));
	bootentry_parse("passthrough\tP\tvfioboot.profile=aa x=1\n", &old);
	assert_false(bootentry_fits(&old, &entries));
	bootentry_parse("passthrough-a\tP\tvfioboot.profile=a\n", &old);
	assert_false(bootentry_fits(&old, &entries));
	bootentry_parse("passthrough\tP\tvfioboot.profile=a\nb\tB\tc\n", &old);
	assert_false(bootentry_fits(&old, &entries));
	assert_false(bootentry_fits(&(struct bootentries){0}, &entries));
	reset(true);
	bootentry_decide(&config, &entries);
	assert_false(bootentry_fits(&old, &entries));
	assert_true(bootentry_fits(&(struct bootentries){0}, &entries));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_parameters_are_never_cut),
		cmocka_unit_test(test_more_profiles_than_room),
		cmocka_unit_test(test_sections_of_no_boot),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_strip),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
