/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration: what a section becomes, and what each mistake says and costs. */
#include <fcntl.h>
#include <stdio.h>

#include "decide/config.h"
#include "support.h"

#define FILE_NAME "/etc/vfioboot.conf"

static struct config config;

static int empty_config(void **state)
{
	memset(&config, 0, sizeof(config));
	return 0;
}

static void read_text(const char *text, const char *path)
{
	int fd = open_text(text);

	config_read_file(&config, fd, path);
	close(fd);
}

/* Reads @text as the only file. */
static void read_only(const char *text)
{
	empty_config(NULL);
	read_text(text, FILE_NAME);
}

static const struct config_section *find(const char *name)
{
	for (unsigned i = 0; i < config.n_sections; i++)
		if (strcmp(config.sections[i].name, name) == 0)
			return &config.sections[i];
	return NULL;
}

/* The selectors of a section, in the order of the text, parted by blanks. */
static const char *selectors_of(const struct config_section *section)
{
	static char text[2048];

	text[0] = '\0';
	for (unsigned i = 0; i < section->n_selectors; i++) {
		char item[SELECTOR_SIZE];

		selector_format(&config.selectors[section->first_selector + i], item);
		assert_true(strlen(text) + strlen(item) + 2 < sizeof(text));
		strcat(strcat(text, i ? " " : ""), item);
	}
	return text;
}

static void expect_error(
	unsigned index, const char *file, unsigned line, const char *word)
{
	const struct config_error *error = &config.errors[index];

	assert_true(index < config.n_errors);
	assert_string_equal(config.files[error->place.file], file);
	assert_int_equal(error->place.line, line);
	if (!strstr(error->message, word))
		fail_msg("no '%s' in '%s'", word, error->message);
}

static void test_whole_section(void **state)
{
	const struct config_section *section;

	read_only("[boot]\nwhen = selected\n\n[device gaming-gpu]\n"
		  "path    = 00:01.0/00\nid      = 10de:2204, 10de:1aef\n"
		  "address = 01:00\nclass   = 03, class:0403\n"
		  "expect  = 2\nprofile = passthrough\ndriver  = mlx5_vfio_pci\n"
		  "on-move = follow\nlast-display = yes\n");
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(config.n_sections, 1);
	assert_true(config.when_selected);
	section = find("gaming-gpu");
	assert_non_null(section);
	assert_string_equal(selectors_of(section),
		"00:01.0/00 10de:2204 10de:1aef 0000:01:00 class:03 class:0403");
	assert_int_equal(section->kinds, 0xf);
	assert_int_equal(section->expect, 2);
	assert_string_equal(section->profile, "passthrough");
	assert_string_equal(section->driver, "mlx5_vfio_pci");
	assert_true(section->follow && section->last_display);
	assert_false(section->bad || section->from_cmdline);
	assert_int_equal(section->place.line, 4);
}

static void test_defaults(void **state)
{
	const struct config_section *section;

	read_only("[device a]\nid=10de:2204\n");
	assert_int_equal(config.n_errors, 0);
	assert_false(config.when_selected || config.off);
	section = find("a");
	assert_non_null(section);
	assert_string_equal(section->driver, "vfio-pci");
	assert_string_equal(section->profile, "");
	assert_int_equal(section->expect, 0);
	assert_false(section->follow || section->last_display || section->bad);
}

static void test_same_values(void **state)
{
	read_only(
		"[device a]\nid=10de:2204\non-move=refuse\nlast-display=no\ndriver=none\n"
		"expect=1\n[device b]\nid=10de:2204\nexpect=4096\n");
	assert_int_equal(config.n_errors, 0);
	assert_false(find("a")->follow || find("a")->last_display);
	assert_string_equal(find("a")->driver, CONFIG_DRIVER_NONE);
	assert_int_equal(find("a")->expect, 1);
	assert_int_equal(find("b")->expect, 4096);
}

/* A list may go on under the same key; the selectors of sections do not mix. */
static void test_repeated_lists(void **state)
{
	read_only(
		"[device a]\nid = 10de:2204\nid = 10de:1aef,10de:1aec\npath = 00:01.0/00\n"
		"path = 00:02.0\n[device b]\nid=1002:73bf\n[device c]\nid: 8086:a0b1\n");
	assert_int_equal(config.n_errors, 0);
	assert_string_equal(selectors_of(find("a")),
		"10de:2204 10de:1aef 10de:1aec 00:01.0/00 00:02.0");
	assert_string_equal(selectors_of(find("b")), "1002:73bf");
	assert_string_equal(selectors_of(find("c")), "8086:a0b1");
}

/* Mistakes inside of a section: told at their line, and the section never acts. */
static const struct mistake {
	const char *text; /* put into a section as its line 3 */
	const char *word, *remedy;
} mistakes[] = {
	{"id = 10de:220", "10de:220", "10de:2204"},
	{"id = 10de:2204,", "bad id '10de:2204,'", "10de:2204"},
	{"id = ,10de:2204", "bad id ',10de:2204'", "10de:2204"},
	{"id =", "''", "10de:2204"},
	{"id = 10de:2204 10de:1aef", "10de:2204 10de:1aef", "10de:2204"},
	{"id = 01:00.0", "01:00.0", "10de:2204"},
	{"path = 00:01.0/", "00:01.0/", "00:01.0/00.0"},
	{"path = 10de:2204", "10de:2204", "00:01.0/00.0"},
	{"address = 1:0.0", "1:0.0", "0000:01:00.0"},
	{"address = 00:01.0/00.0", "00:01.0/00.0", "0000:01:00.0"},
	{"class = 3", "'3'", "class:0300"},
	{"expect = 0", "'0'", "1 to 4096"},
	{"expect = -1", "'-1'", "1 to 4096"},
	{"expect = 4097", "'4097'", "1 to 4096"},
	{"expect = 65537", "'65537'", "1 to 4096"},
	{"expect = 4294967297", "'4294967297'", "1 to 4096"},
	{"expect = 99999999999999999999", "'99999999999999999999'", "1 to 4096"},
	{"expect = 2x", "'2x'", "1 to 4096"},
	{"expect = two", "'two'", "1 to 4096"},
	{"expect = 0x2", "'0x2'", "1 to 4096"},
	{"expect =", "''", "1 to 4096"},
	{"profile = a b", "'a b'", "a name of"},
	{"profile =", "''", "a name of"},
	{"profile = 12345678901234567890123456789012345678901", "profile", "a name of"},
	{"driver = a/b", "'a/b'", "such as vfio-pci"},
	{"driver =", "''", "such as vfio-pci"},
	{"driver = 12345678901234567890123456789012", "driver", "such as vfio-pci"},
	{"on-move = Follow", "'Follow'", "refuse or follow"},
	{"on-move =", "''", "refuse or follow"},
	{"last-display = 1", "'1'", "yes or no"},
	{"rebar =", "''", "such as 8G"},
	{"rebar = 8", "'8'", "such as 8G"},
	{"rebar = 3G", "'3G'", "such as 8G"},
	{"rebar = 0G", "'0G'", "such as 8G"},
	{"rebar = 8GB", "'8GB'", "such as 8G"},
	{"rebar = 8K", "'8K'", "such as 8G"},
	{"rebar = 16E", "'16E'", "such as 8G"},
	{"rebar = 16384P", "'16384P'", "such as 8G"},
	{"rebar = G", "'G'", "such as 8G"},
	{"rebar = 99999999999999999999G", "'99999999999999999999G'", "such as 8G"},
	{"rebar = 6:8G", "'6:8G'", "1:8G, 2:max"},
	{"rebar = 1:", "'1:'", "1:8G, 2:max"},
	{"rebar = 1:8G, 1:max", "'1:8G, 1:max'", "1:8G, 2:max"},
	{"rebar = 8G, max", "'8G, max'", "1:8G, 2:max"},
	{"rebar = 8G, 1:max", "'8G, 1:max'", "1:8G, 2:max"},
	{"rebar = 1:8G,", "'1:8G,'", "1:8G, 2:max"},
	{"reset =", "''", "such as flr, bus"},
	{"reset = FLR", "'FLR'", "such as flr, bus"},
	{"reset = flr bus", "'flr bus'", "such as flr, bus"},
	{"reset = flr,,bus", "'flr,,bus'", "such as flr, bus"},
	{"reset = default", "'default'", "such as flr, bus"},
	{"reset = device_specific, acpi, flr, af_flr, pm, bus, cxl_bus, another_one_that_is_long",
		"device_specific", "such as flr, bus"},
	{"d3cold = 0", "'0'", "yes or no"},
	{"power = off", "'off'", "on or auto"},
	{"power =", "''", "on or auto"},
	{"disable_idle_d3 = yes", "'disable_idle_d3'",
		"'options vfio-pci disable_idle_d3=1' into a file of /etc/modprobe.d"},
	{"rom = off", "'rom'", "<rom bar='off'/>"},
	{"ids = 10de:2204", "'ids'", "path, address, id, class"},
	{"ID = 10de:2204", "'ID'", "path, address, id, class"},
	{"= 10de:2204", "''", "path, address, id, class"},
	{"on_move = follow", "'on_move'", "on-move"},
	{"when = always", "'when'", "path, address, id, class"},
	{"10de:2204 10de:1aef", "'10de'", "path, address, id, class"},
	{"word", "neither", "key = value"},
};

static void expect_mistake(const struct mistake *mistake)
{
	char text[512];

	snprintf(text, sizeof(text),
		"[device bad]\nid = 1002:73bf\n%s\nclass = 03\n[device good]\nid = 10de:1aef\n",
		mistake->text);
	read_only(text);
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 3, mistake->word);
	expect_error(0, FILE_NAME, 3, mistake->remedy);
	assert_int_equal(config.n_sections, 2);
	assert_true(find("bad")->bad);
	assert_false(find("good")->bad);
	assert_string_equal(selectors_of(find("good")), "10de:1aef");
}

static void test_mistakes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		expect_mistake(&mistakes[i]);
}

static void test_single_keys_twice(void **state)
{
	static const char *const keys[] = {"expect = 2", "profile = p",
		"driver = vfio-pci", "on-move = follow", "last-display = yes",
		"bind = demand", "bind = boot"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[device a]\nid=10de:2204\n%s\n%s\n[device b]\nid=10de:1aef\n%s\n",
			keys[i], keys[i], keys[i]);
		read_only(text);
		assert_int_equal(config.n_errors, 1);
		expect_error(0, FILE_NAME, 4, "twice");
		assert_true(find("a")->bad);
		assert_false(find("b")->bad);
	}
}

/* What only a whole section shows is told at its header. */
static void test_incomplete_sections(void **state)
{
	read_only(
		"\n[device a]\n[device b]\nexpect = 2\n\n[device c]\npath = 00:01.0/00\n"
		"on-move = follow\n[device d]\nid=10de:2204\n[device e]\n");
	assert_int_equal(config.n_errors, 4);
	expect_error(0, FILE_NAME, 2, "add path, address, id, class or vf");
	expect_error(1, FILE_NAME, 3, "names no device");
	expect_error(2, FILE_NAME, 6, "on-move = follow, which needs an id");
	expect_error(3, FILE_NAME, 11, "names no device");
	assert_true(find("a")->bad && find("b")->bad && find("c")->bad && find("e")->bad);
	assert_false(find("d")->bad);
}

/* Headers that are none: their keys go to no section, and each is one error alone. */
static void test_bad_headers(void **state)
{
	static const struct {
		const char *header, *word;
	} cases[] = {
		{"[device]", "[device NAME]"},
		{"[Device b]", "[device NAME]"},
		{"[devices b]", "[device NAME]"},
		{"[devicex]", "[device NAME]"},
		{"[gpu]", "[gpu]"},
		{"[ boot ]", "[boot]"},
		{"[]", "section"},
		{"[device  ]", "bad name"},
		{"[device b c]", "'b c'"},
		{"[device b/c]", "A-Z a-z 0-9"},
		{"[device b\"]", "A-Z a-z 0-9"},
		{"[device 12345678901234567890123456789012345678901]", "up to 40"},
		{"[device b", "']'"},
		{"[device b] c", "text behind"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[device a]\nid=10de:2204\n%s\nid=1002:73bf\nnonsense=1\n[device c]\n"
			"id=10de:1aef\n",
			cases[i].header);
		read_only(text);
		if (config.n_errors != 1)
			fail_msg("%u errors for %s", config.n_errors, cases[i].header);
		expect_error(0, FILE_NAME, 3, cases[i].word);
		assert_string_equal(selectors_of(find("a")), "10de:2204");
		assert_string_equal(selectors_of(find("c")), "10de:1aef");
		assert_false(find("a")->bad || find("c")->bad);
		assert_int_equal(config.n_sections, 2);
	}
}

/* A broken line harms the section that it stands in, no other. */
static void test_header_of_bad_length(void **state)
{
	char text[512];

	snprintf(text, sizeof(text),
		"[device a]\nid=10de:2204\n[device b] ; %0300d\nid=1002:73bf\n", 0);
	read_only(text);
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 3, "198");
	assert_false(find("a")->bad);
	assert_string_equal(selectors_of(find("a")), "10de:2204");
}

static void test_longest_names(void **state)
{
	read_only(
		"[device 1234567890123456789012345678901234567890]\nid=10de:2204\n"
		"profile=1234567890123456789012345678901234567890\n"
		"driver=1234567890123456789012345678901\n[device \t A.b_c-9]\nid=1002:73bf\n");
	assert_int_equal(config.n_errors, 0);
	assert_non_null(find("1234567890123456789012345678901234567890"));
	assert_non_null(find("A.b_c-9"));
	assert_string_equal(
		config.sections[0].profile, "1234567890123456789012345678901234567890");
	assert_string_equal(config.sections[0].driver, "1234567890123456789012345678901");
}

static void test_duplicate_sections(void **state)
{
	read_text("[device a]\nid=10de:2204\n[device a]\nid=10de:1aef\n[device b]\n"
		  "id=1002:73bf\n",
		FILE_NAME);
	read_text("; x\n[device b]\nid=10de:1aef\n[device c]\nid=8086:a0b1\n",
		"/etc/vfioboot.conf.d/x.conf");
	assert_int_equal(config.n_errors, 2);
	expect_error(0, FILE_NAME, 3, "[device a] is already defined at " FILE_NAME ":1");
	expect_error(1, "/etc/vfioboot.conf.d/x.conf", 2, FILE_NAME ":5");
	expect_error(1, "/etc/vfioboot.conf.d/x.conf", 2, "rename");
	assert_int_equal(config.n_sections, 3);
	assert_string_equal(selectors_of(find("a")), "10de:2204");
	assert_string_equal(selectors_of(find("b")), "1002:73bf");
	assert_string_equal(selectors_of(find("c")), "8086:a0b1");
	assert_false(find("a")->bad || find("b")->bad || find("c")->bad);
}

static void test_keys_outside_of_sections(void **state)
{
	read_only("id = 10de:2204\n[device a]\nid=10de:2204\n");
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 1, "id");
	assert_false(find("a")->bad);
}

static void test_boot_section(void **state)
{
	read_only("[boot]\nwhen = selected\n");
	assert_true(config.n_errors == 0 && config.when_selected);
	/* A drop-in may change it. */
	read_text("[boot]\nwhen = always\n", "/etc/vfioboot.conf.d/x.conf");
	assert_true(config.n_errors == 0 && !config.when_selected);
	read_only("[boot]\nwhen = sometimes\n");
	expect_error(0, FILE_NAME, 2, "always or selected");
	/* What can't be read takes no device that nobody selected. */
	assert_true(config.n_errors == 1 && config.when_selected);
	read_only("[boot]\nWhen = always\npath = 00:02.0\n[boot ]\n");
	assert_int_equal(config.n_errors, 3);
	expect_error(0, FILE_NAME, 2, "the keys are when");
	expect_error(1, FILE_NAME, 3, "'path' in [boot]");
	expect_error(2, FILE_NAME, 4, "[boot], [libvirt] and [device NAME]");
}

static void test_protect_network(void **state)
{
	read_only("[boot]\nwhen = always\n");
	assert_false(config.protect_network);
	read_only("[boot]\nprotect-network = yes\nwhen = always\n");
	assert_true(config.n_errors == 0 && config.protect_network);
	assert_false(config.when_selected);
	read_text("[boot]\nprotect-network = no\n", "/etc/vfioboot.conf.d/x.conf");
	assert_true(config.n_errors == 0 && !config.protect_network);
	/* In doubt it is kept, and nothing else changes. */
	read_only("[boot]\nprotect-network = sometimes\n");
	expect_error(0, FILE_NAME, 2, "use no or yes (taken as yes)");
	assert_true(config.n_errors == 1 && config.protect_network);
	assert_false(config.when_selected);
	read_only("[boot]\nprotect-network = no\nprotect-network = no\n");
	expect_error(0, FILE_NAME, 3, "'protect-network' is set twice");
	assert_true(config.n_errors == 1 && config.protect_network);
}

/* What the hook may do beyond the sections, somebody has to have said clearly. */
static void test_libvirt_section(void **state)
{
	read_only("[libvirt]\nall = yes\nstop-session = yes\n[boot]\nwhen = selected\n");
	assert_true(config.n_errors == 0 && config.libvirt_all);
	assert_true(config.libvirt_stop_session && config.when_selected);
	read_text("[libvirt]\nall = no\n", "/etc/vfioboot.conf.d/x.conf");
	assert_true(config.n_errors == 0 && !config.libvirt_all);
	assert_true(config.libvirt_stop_session);
	read_only("[libvirt]\nall = yes\nall = yes\n");
	expect_error(0, FILE_NAME, 3, "'all' is set twice in [libvirt]");
	assert_true(config.n_errors == 1 && !config.libvirt_all);
	read_only("[libvirt]\nall = Yes\nstop-session = yes\n");
	expect_error(0, FILE_NAME, 2, "use no or yes (taken as no)");
	assert_true(config.libvirt_stop_session && !config.libvirt_all);
	read_only("[libvirt]\nall = yes\nstop-session yes\n");
	expect_error(0, FILE_NAME, 3, "neither");
	assert_false(config.libvirt_all);
	read_only("[libvirt]\nwhen = always\n[device a]\nid=10de:2204\n");
	expect_error(0, FILE_NAME, 2, "in [libvirt]; the keys are all, stop-session");
	assert_true(config.n_errors == 1 && !find("a")->bad);
	read_only("[libvirt]\n[device a]\nid=10de:2204\n[libvirt]\nall = yes\n");
	expect_error(0, FILE_NAME, 4, "[libvirt] is already defined at line 1");
	assert_true(config.n_errors == 1 && !config.libvirt_all);
}

static void test_boot_section_twice(void **state)
{
	read_only(
		"[boot]\nwhen = selected\n[device a]\nid=10de:2204\n[boot]\nwhen = always\n");
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 5, "[boot] is already defined at line 1");
	assert_true(config.when_selected);
	assert_false(find("a")->bad);
}

/* The line that can't be read may have been the one that says "selected". */
static void test_boot_section_with_a_broken_line(void **state)
{
	read_only("[boot]\nwhen selected\n[device a]\nid=10de:2204\n");
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 2, "neither");
	assert_true(config.when_selected);
	assert_false(find("a")->bad);
}

/* One file that says both is a mistake, whichever comes last. */
static void test_boot_key_twice(void **state)
{
	read_only("[boot]\nwhen = selected\nwhen = always\n");
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 3, "twice");
	assert_true(config.when_selected);
}

static void test_unreadable_file(void **state)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	config_read_file(&config, fd, FILE_NAME);
	close(fd);
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 0, "directory");
}

static void test_line_numbers_end(void **state)
{
	static char text[70000 + 16];

	memset(text, '\n', 70000);
	strcpy(text + 70000, "[gpu]\n");
	read_only(text);
	expect_error(0, FILE_NAME, 0xffff, "[gpu]");
}

static void test_too_many_sections(void **state)
{
	for (int i = 0; i < CONFIG_SECTIONS_MAX + 2; i++) {
		char text[128], path[32];

		snprintf(text, sizeof(text), "\n[device d%d]\nid=10de:2204\n", i);
		snprintf(path, sizeof(path), "/f%d", i / 10);
		read_text(text, path);
	}
	assert_int_equal(config.n_sections, CONFIG_SECTIONS_MAX);
	assert_int_equal(config.n_selectors, CONFIG_SECTIONS_MAX);
	assert_int_equal(config.n_errors, 2);
	assert_int_equal(config.errors[0].place.line, 2);
	assert_non_null(strstr(config.errors[0].message, "more than 256"));
	for (unsigned i = 0; i < config.n_sections; i++)
		assert_false(config.sections[i].bad);
}

static void test_too_many_selectors(void **state)
{
	static char text[32 * (CONFIG_SELECTORS_MAX + 1)];
	size_t len;

	strcpy(text, "[device a]\n");
	len = strlen(text);
	for (int i = 0; i < CONFIG_SELECTORS_MAX - 1; i++)
		len += (size_t)sprintf(text + len, "id=10de:%04x\n", i);
	strcpy(text + len,
		"[device b]\nid=1002:73bf,1002:73bf\n[device c]\nid=10de:1aef\n");
	read_only(text);
	assert_int_equal(config.n_selectors, CONFIG_SELECTORS_MAX);
	assert_false(find("a")->bad);
	assert_int_equal(find("a")->n_selectors, CONFIG_SELECTORS_MAX - 1);
	assert_true(find("b")->bad && find("c")->bad);
	assert_int_equal(config.n_errors, 2);
	expect_error(0, FILE_NAME, CONFIG_SELECTORS_MAX + 2, "more than 1024");
}

static void test_too_many_errors(void **state)
{
	static char text[6 * 1000 + 64];

	for (int i = 0; i < 1000; i++)
		strcpy(text + 6 * i, "[a b]\n");
	strcat(text, "[device a]\nid=10de:2204\n");
	read_only(text);
	assert_int_equal(config.n_errors, 1000);
	for (unsigned i = 0; i < CONFIG_ERRORS_MAX; i++)
		expect_error(i, FILE_NAME, i + 1, "[a b]");
	assert_false(find("a")->bad);
}

static void test_too_many_files(void **state)
{
	for (int i = 0; i < CONFIG_FILES_MAX + 10; i++) {
		char path[300];

		snprintf(path, sizeof(path), "/%d/%0*d", i, i * 4 + 1, 0);
		assert_int_equal(config_add_file(&config, path),
			i < CONFIG_FILES_MAX ? i : CONFIG_FILES_MAX - 1);
	}
	assert_int_equal(config.n_files, CONFIG_FILES_MAX);
	assert_int_equal(
		strlen(config.files[CONFIG_FILES_MAX - 1]), CONFIG_PATH_SIZE - 1);
}

/* The longest names leave room for what to do. */
static void test_long_messages(void **state)
{
	static const char path[] =
		"/etc/vfioboot.conf.d/"
		"123456789012345678901234567890123456789012345678901234.conf";

	read_text(
		"[device 1234567890123456789012345678901234567890]\n"
		"key45678901234567890123456789012345678901234567890123456789 = 1\n"
		"id = 123456789012345678901234567890123456789012345678901234567890123456"
		"7890123456789\n"
		"[device 1234567890123456789012345678901234567890]\n",
		path);
	assert_int_equal(config.n_errors, 3);
	expect_error(0, path, 2, "last-display");
	expect_error(1, path, 3, "write it like 10de:2204");
	expect_error(2, path, 4, "rename one of them");
}

/* FNV-1a of the bytes of all files (draft-eastlake-fnv). */
static void test_digest(void **state)
{
	read_only("foobar");
	assert_true(config.digest == 0x85944171f73967e8);
	empty_config(NULL);
	read_text("foo", "/a");
	read_text("bar", "/b");
	assert_true(config.digest == 0x85944171f73967e8);
}

/* Also what has no meaning belongs to the version of the files. */
static void test_digest_of_every_byte(void **state)
{
	static const char *const texts[] = {"[device a]\nid=10de:2204\n",
		"[device a]\nid=10de:2204", "[device a]\nid=10de:2204\n\n",
		"[device a]\nid = 10de:2204\n", "[device a]\nid=10de:2204 ; x\n"};
	uint64_t seen[ARRAY_SIZE(texts)];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		read_only(texts[i]);
		seen[i] = config.digest;
		for (size_t j = 0; j < i; j++)
			assert_true(seen[j] != seen[i]);
	}
}

static const struct {
	const char *when, *cmdline;
	bool plain, p, q;
} active_cases[] = {
	{"always", "", true, false, false},
	{"always", "vfioboot.profile=p", true, true, false},
	{"always", "vfioboot.profile=p,q", true, true, true},
	{"always", "vfioboot.profile=p vfioboot.profile=q", true, true, true},
	{"always", "vfioboot.profile=other", true, false, false},
	{"always", "vfioboot.profile=P", true, false, false},
	{"selected", "", false, false, false},
	{"selected", "vfioboot.profile=p", true, true, false},
	{"selected", "vfioboot.profile=other", true, false, false},
	{"always", "vfioboot.off", false, false, false},
	{"always", "vfioboot.off vfioboot.profile=p,q", false, false, false},
	{"always", "vfioboot.off=1", false, false, false},
	{"always", "vfioboot.off=", false, false, false},
	{"always", "vfioboot.off vfioboot.off=0", true, false, false},
	{"always", "-- vfioboot.off", true, false, false},
	{"always", "xvfioboot.off vfioboot", true, false, false},
};

/* A switch that is misspelt at the boot menu must not seem to have been heard. */
static void test_settings(void **state)
{
	static const char text[] =
		"[device a]\nid = 10de:\nrebar = 1:8G, 2:max,3:unchanged\n"
		"reset = device_specific,acpi, flr , af_flr, pm, bus, cxl_bus\n"
		"d3cold = no\npower = on\n"
		"[device b]\nid = 10de:\nrebar = 512M\nreset = flr\nd3cold = yes\n"
		"power = auto\n[device c]\nid = 10de:\nrebar = unchanged\n";

	read_only(text);
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(find("a")->rebar[1], CONFIG_REBAR_MIN + 13);
	assert_int_equal(find("a")->rebar[2], CONFIG_REBAR_MAX);
	assert_int_equal(find("a")->rebar[3], 0);
	assert_int_equal(find("a")->rebar[PCI_BARS], 0);
	assert_string_equal(
		find("a")->reset, "device_specific acpi flr af_flr pm bus cxl_bus");
	assert_int_equal(find("a")->d3cold, CONFIG_OFF);
	assert_int_equal(find("a")->power, CONFIG_ON);
	assert_int_equal(find("b")->rebar[PCI_BARS], CONFIG_REBAR_MIN + 9);
	assert_string_equal(find("b")->reset, "flr");
	assert_int_equal(find("b")->d3cold, CONFIG_ON);
	assert_int_equal(find("b")->power, CONFIG_OFF);
	assert_int_equal(find("c")->rebar[PCI_BARS], 0);
	assert_int_equal(find("c")->d3cold, CONFIG_UNSAID);
	assert_string_equal(find("c")->reset, "");
}

/* However long the names of the section and of the key: all keys are in the message. */
static void test_unknown_key_lists_all(void **state)
{
	read_only(
		"[device a23456789b123456789c123456789d1234567890]\nid = 10de:\n"
		"a_key_that_is_as_long_as_what_the_message_has_of_a_key_and_longer = 1\n");
	assert_int_equal(config.n_errors, 1);
	expect_error(0, FILE_NAME, 3, "slot, host-bridge");
	expect_error(0, FILE_NAME, 3, "d3cold, power");
	assert_true(strlen(config.errors[0].message) + 1 < CONFIG_MESSAGE_SIZE);
}

static void test_cmdline_unknown(void **state)
{
	read_only("");
	config_read_cmdline(&config,
		"quiet vfioboot.of vfioboot.trial=1 vfioboot-x=1 vfioboot.profiles=p");
	assert_int_equal(config.n_errors, 2);
	assert_non_null(strstr(config.errors[0].message, "vfioboot.of;"));
	assert_non_null(strstr(config.errors[1].message, "vfioboot.profiles;"));
	assert_true(config.trial);
	assert_false(config.off);
}

static void test_active(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(active_cases); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[boot]\nwhen=%s\n[device n]\nid=10de:2204\n[device p]\nid=10de:2204\n"
			"profile=p\n[device q]\nid=10de:2204\nprofile=q\n",
			active_cases[i].when);
		read_only(text);
		config_read_cmdline(&config, active_cases[i].cmdline);
		assert_int_equal(config.n_errors, 0);
		assert_int_equal(
			config_section_active(&config, find("n")), active_cases[i].plain);
		assert_int_equal(
			config_section_active(&config, find("p")), active_cases[i].p);
		assert_int_equal(
			config_section_active(&config, find("q")), active_cases[i].q);
	}
}

/* Whatever a boot asks for, it does not bind what is of demand; by hand it can be selected. */
static void test_demand(void **state)
{
	static const char *const cmdlines[] = {
		"", "vfioboot.profile=p", "vfioboot.off", "vfioboot.profile=d"};

	for (size_t i = 0; i < ARRAY_SIZE(cmdlines); i++) {
		read_only("[device d]\nid=10de:2204\nbind=demand\n"
			  "[device b]\nid=10de:2204\nbind = boot\n");
		config_read_cmdline(&config, cmdlines[i]);
		assert_int_equal(config.n_errors, 0);
		assert_true(find("d")->demand && !find("b")->demand);
		assert_int_equal(config_count_boot(&config), 1);
		assert_false(config_section_active(&config, find("d")));
		assert_int_equal(config_section_active(&config, find("b")), !config.off);
		config_select(&config, 0);
		assert_true(config_section_active(&config, find("d")));
		assert_false(config_section_active(&config, find("b")));
	}
	read_only("[device a]\nid=10de:2204\nbind=guest\n");
	expect_error(0, FILE_NAME, 3, "use boot or demand");
	read_only("[device a]\nid=10de:2204\nprofile=p\nbind=demand\n");
	expect_error(0, FILE_NAME, 1, "has a profile, but no boot binds it");
	assert_true(find("a")->bad);
}

/* A file that no boot needs does not make another version of what a boot has. */
static void test_demand_digest(void **state)
{
	static const char boot[] = "[device b]\nid=10de:2204\n";
	static const char demand[] = "# x\n[device d]\nid=10de:2204\nbind=demand\n";
	static const char *const counted[] = {"", "# nothing\n",
		"[boot]\nwhen=selected\n",
		"[boot]\n[device d]\nid=10de:2204\nbind=demand\n",
		"[device d]\nid=10de:2204\nbind=demand\n[device e]\nid=10de:2204\n",
		"[device d]\nid=10de:2204\nbind=demand\nnonsense=1\n",
		"[device b]\nid=10de:2204\nbind=demand\n"};
	uint64_t digest;

	read_only(demand);
	assert_true(config.digest == 0 && config.runtime_files == 1);
	read_only("[libvirt]\nall = yes\n");
	assert_true(config.digest == 0 && config.runtime_files == 1);
	read_only(boot);
	digest = config.digest;
	assert_true(config.runtime_files == 0);
	read_text(demand, "/d");
	assert_true(config.digest == digest && config.runtime_files == 2);
	empty_config(NULL);
	read_text(demand, "/d");
	read_text(boot, "/b");
	assert_true(config.digest == digest && config.runtime_files == 1);
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		read_only(boot);
		read_text(counted[i], "/d");
		assert_true(config.runtime_files == 0);
		assert_true(!*counted[i] || config.digest != digest);
	}
}

/* What the firmware says, in place of the reader of files. */
static void read_on(const char *machine, const char *text)
{
	empty_config(NULL);
	config.dmi.read = true;
	snprintf(config.dmi.text, sizeof(config.dmi.text), "%s\n", machine);
	read_text(text, FILE_NAME);
}

static const struct {
	const char *machine, *globs;
	bool matches;
} machine_cases[] = {
	{"Dell Inc. Precision 5820", "Dell Inc. Precision 5820", true},
	{"Dell Inc. Precision 5820", "dell inc. precision *", true},
	{"Dell Inc. Precision 5820", "*", true},
	{"Dell Inc. Precision 5820", "***5820***", true},
	{"Dell Inc. Precision 5820", "*Prec*58*", true},
	{"Dell Inc. Precision 5820", "Dell Inc. Precision 58??", true},
	{"Dell Inc. Precision 5820", "Dell Inc. Precision 58???", false},
	{"Dell Inc. Precision 5820", "Dell Inc. Precision", false},
	{"Dell Inc. Precision 5820", "Precision 5820", false},
	{"Dell Inc. Precision 5820", "Dell Inc. Precision 58200", false},
	{"aab", "*ab", true},
	{"aaba", "*ab", false},
	{"mississippi", "m*iss*ip*i", true},
	{"mississippi", "m*iss*ip*s", false},
	{"Micro-Star Co., Ltd. X", "Micro-Star Co., Ltd. X", false},
	{"Micro-Star Co., Ltd. X", "Micro-Star Co.? Ltd. X", true},
	{"x\nLENOVO P620", "LENOVO P620", true},
	{"x\nLENOVO P620", "x*P620", false},
	{"LENOVO P620", "HP*, Dell*,LENOVO*", true},
	{"LENOVO P620", "HP*, Dell*", false},
	{"[x]", "[x]", true},
	{"x", "[x]", false},
};

static void test_machine(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(machine_cases); i++) {
		char text[256];

		snprintf(text, sizeof(text), "[device a]\nid=10de:\nmachine = %s\n",
			machine_cases[i].globs);
		read_on(machine_cases[i].machine, text);
		assert_int_equal(config.n_errors, 0);
		assert_int_equal(config.n_sections, machine_cases[i].matches);
		assert_int_equal(config.n_others, !machine_cases[i].matches);
		assert_int_equal(config.n_selectors, machine_cases[i].matches);
		assert_int_equal(config.runtime_files, !machine_cases[i].matches);
	}
	read_only("[device a]\nid=10de:\nmachine = *\n");
	assert_true(config.n_sections == 0 && config.n_others == 1);
}

/* What is set aside leaves nothing behind, and is told as it was written. */
static void test_other_machine(void **state)
{
	read_on("LENOVO P620",
		"[device a]\nid=10de:,8086:\nmachine = HP Z*\nmachine=Dell*\nbind=demand\n"
		"[device a]\npath=00:01.0/00\nmachine=HP*\nmachine=LENOVO P6?0\n"
		"[device b]\nid=1002:\n"
		"[device a]\nmachine=*\nnonsense=1\nid=1002:\n");
	assert_int_equal(config.n_others, 1);
	assert_string_equal(config.others[0].name, "a");
	assert_string_equal(config.others[0].machine, "HP Z*, Dell*");
	assert_int_equal(config.others[0].place.line, 1);
	assert_int_equal(config.n_sections, 2);
	assert_string_equal(selectors_of(find("a")), "00:01.0/00");
	assert_string_equal(selectors_of(find("b")), "1002:");
	assert_int_equal(config.n_errors, 1);
	expect_error(
		0, FILE_NAME, 12, "[device a] is already defined at " FILE_NAME ":6");
}

static void test_bad_machine(void **state)
{
	static const char *const lists[] = {"", ",", "HP*,", "HP*,,LENOVO*"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[device a]\nid=10de:\nmachine = %s\n",
			lists[i]);
		read_on("LENOVO P620", text);
		assert_int_equal(config.n_errors, 1);
		expect_error(0, FILE_NAME, 3, "with ? for a comma");
		assert_true(find("a")->bad);
	}
	/* More of them than there is room for are counted. */
	empty_config(NULL);
	for (int i = 0; i < 300; i++)
		read_text("[device a]\nid=10de:\nmachine=HP*\n", FILE_NAME);
	assert_true(config.n_others == 300 && !config.n_errors && !config.n_sections);
}

static void test_cmdline_devices(void **state)
{
	config_read_cmdline(&config,
		"quiet vfioboot.device=00:01.0/00,10de:2204 \"vfioboot.device=02:00.0\" "
		"vfioboot.device=\"10de:1aef, class:0403\" -- vfioboot.device=03:00.0");
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(config.n_sections, 3);
	assert_string_equal(selectors_of(find("cmdline1")), "00:01.0/00 10de:2204");
	assert_string_equal(selectors_of(find("cmdline2")), "0000:02:00.0");
	assert_string_equal(selectors_of(find("cmdline3")), "10de:1aef class:0403");
	for (unsigned i = 0; i < 3; i++) {
		const struct config_section *section = &config.sections[i];

		assert_string_equal(section->driver, "vfio-pci");
		assert_true(section->from_cmdline && !section->bad && !section->follow);
		assert_int_equal(section->place.line, 0);
		assert_string_equal(
			config.files[section->place.file], "kernel command line");
	}
	/* They need no profile, and "off" wins over them, too. */
	config.when_selected = true;
	assert_true(config_section_active(&config, find("cmdline1")));
	config_read_cmdline(&config, "vfioboot.off");
	assert_false(config_section_active(&config, find("cmdline1")));
}

static void test_cmdline_mistakes(void **state)
{
	static const struct {
		const char *param, *word;
		bool device;
	} cases[] = {
		{"vfioboot.device=", "''", true},
		{"vfioboot.device", "''", true},
		{"vfioboot.device=nonsense", "'nonsense'", true},
		{"vfioboot.device=10de:2204,", "''", true},
		{"vfioboot.device=00:01.0/00,00:02.0/00", "use the parameter twice",
			true},
		{"vfioboot.device=10de:2204,10de:1aef", "two selectors of the kind id",
			true},
		{"vfioboot.profile=", "''", false},
		{"vfioboot.profile", "''", false},
		{"vfioboot.profile=\"a b\"", "a b", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];

		empty_config(NULL);
		snprintf(text, sizeof(text), "%s vfioboot.device=10de:2204",
			cases[i].param);
		config_read_cmdline(&config, text);
		assert_int_equal(config.n_errors, 1);
		expect_error(0, "kernel command line", 0, cases[i].word);
		assert_int_equal(config.n_sections, cases[i].device ? 2 : 1);
		assert_int_equal(config.sections[0].bad, cases[i].device);
		assert_false(config.sections[config.n_sections - 1].bad);
	}
}

static void test_cmdline_limits(void **state)
{
	static char text[CONFIG_SECTIONS_MAX * 32 + 1024];
	char list[] = "vfioboot.profile=a,b,c,d,e,f,g,h,i";

	config_read_cmdline(&config, list);
	assert_int_equal(config.n_profiles, CONFIG_PROFILES_MAX);
	expect_error(0, "kernel command line", 0, "more than 8 profiles");
	snprintf(text, sizeof(text), "vfioboot.device=%0*d vfioboot.device=10de:2204",
		512, 0);
	empty_config(NULL);
	config_read_cmdline(&config, text);
	assert_int_equal(config.n_errors, 1);
	expect_error(0, "kernel command line", 0, "511 bytes");
	assert_int_equal(config.n_sections, 1);
	empty_config(NULL);
	text[0] = '\0';
	for (int i = 0; i < CONFIG_SECTIONS_MAX + 1; i++)
		strcat(text, "vfioboot.device=10de:2204 ");
	config_read_cmdline(&config, text);
	assert_int_equal(config.n_sections, CONFIG_SECTIONS_MAX);
	assert_int_equal(config.n_errors, 1);
}

/* Names tell sections apart in every list and record. */
static void test_cmdline_names_are_free(void **state)
{
	read_only("[device cmdline1]\nid=10de:2204\n");
	config_read_cmdline(&config, "vfioboot.device=1002:73bf");
	assert_true(config.n_sections > 0);
	assert_true(config.sections[config.n_sections - 1].from_cmdline);
	for (unsigned i = 0; i < config.n_sections; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				config.sections[i].name, config.sections[j].name);
}

static void test_has_place(void **state)
{
	read_only("[device a]\nid=10de:2204\n[device b]\npath=00:01.0/00\nid=10de:2204\n"
		  "[device c]\naddress=01:00.0\n[device d]\nclass=03\nid=10de:\n");
	assert_int_equal(config.n_errors, 0);
	assert_false(config_section_has_place(find("a")));
	assert_true(config_section_has_place(find("b")));
	assert_true(config_section_has_place(find("c")));
	assert_false(config_section_has_place(find("d")));
}

static void test_virtual_functions(void **state)
{
	read_only(
		"[device nic]\npath=00:01.0/00.0\nvfs=4\n"
		"[device guests]\nvf = 0, 2-3 of 00:01.0/00.0\nvf = 7@00:02.0, 8@00:02.0\n"
		"[device vfio]\ndriver=vfio-pci\nvfs=1\npath=00:03.0\n");
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(find("nic")->vfs, 4);
	assert_string_equal(find("nic")->driver, "native");
	assert_true(config_section_is_native(find("nic")));
	assert_false(config_section_is_native(find("guests")));
	assert_string_equal(find("vfio")->driver, "vfio-pci");
	assert_string_equal(selectors_of(find("guests")),
		"vf:0@00:01.0/00.0 vf:2-3@00:01.0/00.0 vf:7@00:02.0 vf:8@00:02.0");
	assert_true(config_section_has_place(find("guests")));
	assert_int_equal(config_expected(&config, find("guests")), 5);
	assert_int_equal(config_expected(&config, find("nic")), 0);
}

static void test_virtual_functions_mistakes(void **state)
{
	static const struct {
		const char *keys, *word;
	} cases[] = {
		{"vf = 0", "bad vf '0'; write it like 0-3 of 00:01.0/00.0"},
		{"vf = 0, x of 00:01.0", "bad vf 'x of 00:01.0'"},
		{"vf = 0 of 00:01.0/00", "bad vf"},
		{"vf = of 00:01.0/00.0", "bad vf"},
		{"vf =", "bad vf ''"},
		{"path=00:01.0/00.0\nvfs=0", "bad value '0' of 'vfs'"},
		{"path=00:01.0/00.0\nvfs=4097", "from 1 to 4096"},
		{"path=00:01.0/00.0\nvfs=4\nvfs=5", "set twice"},
		{"path=00:01.0/00.0\nvfs=4\nbind=demand", "remove one of the two"},
		{"path=00:01.0/00.0\nvfs=4\ndriver=none", "remove one of the two"},
		{"vf=0 of 00:01.0/00.0\nvfs=4", "remove one of the two"},
		{"vf=0 of 00:01.0/00.0\non-move=follow\nid=8086:10ca",
			"remove one of the two"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];

		snprintf(text, sizeof(text), "[device a]\n%s\n", cases[i].keys);
		read_only(text);
		assert_int_equal(config.n_errors, 1);
		expect_error(0, FILE_NAME, config.errors[0].place.line, cases[i].word);
		assert_true(find("a")->bad);
	}
}

static void test_cmdline_virtual_functions(void **state)
{
	config_read_cmdline(&config,
		"vfioboot.device=00:01.0/00.0,vfs:4 vfioboot.device=vf:0-1@00:01.0/00.0 "
		"vfioboot.device=00:01.0/00.0,vfs:x");
	assert_int_equal(config.n_errors, 1);
	expect_error(0, "kernel command line", 0, "bad value 'x' of 'vfs'");
	assert_int_equal(find("cmdline1")->vfs, 4);
	assert_true(config_section_is_native(find("cmdline1")));
	assert_string_equal(selectors_of(find("cmdline2")), "vf:0-1@00:01.0/00.0");
	assert_true(find("cmdline3")->bad);
}

#define TEST(f) cmocka_unit_test_setup(f, empty_config)
static const struct CMUnitTest tests[] = {
	TEST(test_whole_section),
	TEST(test_defaults),
	TEST(test_same_values),
	TEST(test_repeated_lists),
	TEST(test_mistakes),
	TEST(test_single_keys_twice),
	TEST(test_incomplete_sections),
	TEST(test_bad_headers),
	TEST(test_header_of_bad_length),
	TEST(test_longest_names),
	TEST(test_duplicate_sections),
	TEST(test_keys_outside_of_sections),
	TEST(test_boot_section),
	TEST(test_protect_network),
	TEST(test_libvirt_section),
	TEST(test_boot_section_twice),
	TEST(test_boot_section_with_a_broken_line),
	TEST(test_boot_key_twice),
	TEST(test_unreadable_file),
	TEST(test_line_numbers_end),
	TEST(test_too_many_sections),
	TEST(test_too_many_selectors),
	TEST(test_too_many_errors),
	TEST(test_too_many_files),
	TEST(test_long_messages),
	TEST(test_digest),
	TEST(test_digest_of_every_byte),
	TEST(test_settings),
	TEST(test_unknown_key_lists_all),
	TEST(test_cmdline_unknown),
	TEST(test_active),
	TEST(test_demand),
	TEST(test_demand_digest),
	TEST(test_machine),
	TEST(test_other_machine),
	TEST(test_bad_machine),
	TEST(test_cmdline_devices),
	TEST(test_cmdline_mistakes),
	TEST(test_cmdline_limits),
	TEST(test_cmdline_names_are_free),
	TEST(test_has_place),
	TEST(test_virtual_functions),
	TEST(test_virtual_functions_mistakes),
	TEST(test_cmdline_virtual_functions),
};

int main(void)
{
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
