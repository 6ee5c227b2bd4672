/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of what was handed over: written, read back, and what is none of them. */
#include "handover/state.h"

#include "base/base.h"
#include "support.h"

#define FILE_NAME "run/vfioboot/handover/gaming"

static const struct state_function card = {.address = {.bus = 2},
	.path = "00:01.1/00.0",
	.vendor = 0x10de,
	.device = 0x2206,
	.native = "nouveau",
	.wanted = "vfio-pci",
	.override = "a/b"};
static const struct state_function sound = {.address = {.bus = 2, .devfn = 1},
	.vendor = 0x10de,
	.device = 0x1aef,
	.wanted = "vfio-pci"};

static const char text[] =
	"vfioboot-handover 1\n"
	"version " VFIOBOOT_VERSION "\n"
	"guest win\\04011\n"
	"phase releasing\n"
	"function 0000:02:00.0 00:01.1/00.0 10de:2206 nouveau vfio-pci a/b\n"
	"function 0000:02:00.1 - 10de:1aef - vfio-pci -\n"
	"power 0000:02:00.0 auto\n"
	"unit a\\134x2db.service\n"
	"user-unit 1000 pipewire.socket\n"
	"module nvidia\n"
	"console vtcon1\n"
	"timer vfioboot-release-gaming\n"
	"sound 0000:00:1f.3 snd_hda_intel\n";

/* All of it, some of it twice. */
static void fill(struct state *state)
{
	strcpy(state->set, "gaming");
	strcpy(state->guest, "win 11");
	state->phase = STATE_RELEASING;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(state_add_function(state, &card), 0);
		assert_int_equal(state_add_function(state, &sound), 0);
		assert_int_equal(
			state_add(state, STATE_POWER, "0000:02:00.0", i ? "on" : "auto"),
			0);
		assert_int_equal(
			state_add(state, STATE_UNIT, NULL, "a\\x2db.service"), 0);
		assert_int_equal(
			state_add(state, STATE_USER_UNIT, "1000", "pipewire.socket"), 0);
		assert_int_equal(state_add(state, STATE_MODULE, "", "nvidia"), 0);
		assert_int_equal(state_add(state, STATE_CONSOLE, NULL, "vtcon1"), 0);
		assert_int_equal(
			state_add(state, STATE_TIMER, NULL, "vfioboot-release-gaming"),
			0);
		assert_int_equal(
			state_add(state, STATE_SOUND, "0000:00:1f.3", "snd_hda_intel"),
			0);
	}
}

static void test_written_and_read(void **unused)
{
	_cleanup_(state_free) struct state state = {0};
	_cleanup_(state_free) struct state again = {0};
	struct root root = fake_open();

	(void)unused;
	fill(&state);
	assert_int_equal(state_write(&root, &state), 0);
	assert_string_equal(fake_read(FILE_NAME), text);
	assert_int_equal(state_read(&root, "gaming", &again), 0);
	assert_string_equal(again.guest, "win 11");
	fake_remove(FILE_NAME);
	assert_int_equal(state_write(&root, &again), 0);
	assert_string_equal(fake_read(FILE_NAME), text);
	root_close(&root);
}

/* Each line that is cut, or has a word too many, makes it none: nothing is put back by guess. */
static void test_damaged(void **unused)
{
	struct root root = fake_open();
	char copy[sizeof(text) + 8];

	(void)unused;
	for (const char *line = text; *line; line = text_next_line(line)) {
		struct state state = {0};
		size_t at = (size_t)(text_next_line(line) - text);

		snprintf(copy, sizeof(copy), "%.*s more\n%s", (int)at - 1, text,
			text + at);
		fake_put(FILE_NAME, copy);
		assert_int_equal(state_read(&root, "gaming", &state), -EBADMSG);
		snprintf(copy, sizeof(copy), "%.*s", (int)at - 1, text);
		fake_put(FILE_NAME, copy);
		assert_int_equal(state_read(&root, "gaming", &state), -EBADMSG);
	}
	root_close(&root);
}

static void test_names_of_files(void **unused)
{
	struct root root = fake_open();
	struct state state = {0};

	(void)unused;
	fake_put(FILE_NAME,
		"vfioboot-handover 1\nguest -\nphase bound\n"
		"function 0000:02:00.0 - 10de:2206 ../x vfio-pci -\n");
	assert_int_equal(state_read(&root, "gaming", &state), -EBADMSG);
	assert_int_equal(state_read(&root, "../gaming", &state), -ENOENT);
	assert_int_equal(state_read(&root, "other", &state), -ENOENT);
	root_close(&root);
}

static void test_find(void **unused)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	char set[CONFIG_NAME_SIZE];
	struct root root = fake_open();

	(void)unused;
	assert_int_equal(state_find(&root, sound.address, set), -ENOENT);
	fake_put("run/vfioboot/handover/.gaming.vfioboot-new", "x");
	fake_put(FILE_NAME, text);
	assert_int_equal(state_list(&root, &names), 0);
	assert_int_equal(names.n, 1);
	assert_int_equal(state_find(&root, sound.address, set), 0);
	assert_string_equal(set, "gaming");
	assert_int_equal(state_find(&root, (struct pci_address){.bus = 1}, set), -ENOENT);
	fake_put("run/vfioboot/handover/broken", "");
	assert_int_equal(
		state_find(&root, (struct pci_address){.bus = 1}, set), -EBADMSG);
	assert_string_equal(set, "broken");
	root_close(&root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_written_and_read),
		TEST(test_damaged),
		TEST(test_names_of_files),
		TEST(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
