/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host devices in definitions of guests as libvirt writes them: which slot they get, what leaves
 * with the graphics and what stays, and that what was added is what is removed.
 */
#include "handover/handover.h"

#include <stdio.h>

#include "support.h"

#define HEAD                                                                             \
	"<domain type='kvm'>\n  <name>win11</name>\n"                                    \
	"  <uuid>2d2e6f4b-8a5e-4c2c-9d9a-5b0a4a3c7e01</uuid>\n"                          \
	"  <os>\n    <type arch='x86_64' machine='pc-q35-9.0'>hvm</type>\n  </os>\n"     \
	"  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
#define TAIL "  </devices>\n</domain>\n"

#define AT(bus, slot, more)                                                              \
	"<address type='pci' domain='0x0000' bus='" bus "' slot='" slot                  \
	"' function='0x0'" more "/>"

/* q35: two root ports of libvirt's, one of which is taken. */
#define EXPRESS                                                                                                                  \
	"<controller type='usb' index='0' model='qemu-xhci'>" AT("0x02", "0x00",                                                 \
		"") "</controller>\n"                                                                                            \
		    "<controller type='pci' index='0' model='pcie-root'/>\n"                                                     \
		    "<controller type='pci' index='1' model='pcie-root-port'>"                                                   \
		    "<model name='pcie-root-port'/><target chassis='1' port='0x10'/>" AT(                                        \
			    "0x00", "0x02",                                                                                      \
			    " multifunction='on'") "</controller>\n"                                                             \
						   "<controller type='pci' index='2' model='pcie-root-port'>"                    \
						   "<model name='pcie-root-port'/><target chassis='2' port='0x11'/>"             \
						   "<address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x1'/>" \
						   "</controller>\n"

/* i440fx: bus 0 alone, with slots 2, 3 and 5 taken. */
#define CONVENTIONAL                                                                     \
	"<controller type='pci' index='0' model='pci-root'/>\n"                          \
	"<interface type='network'><source network='default'/>" AT("0x00", "0x03",       \
		"") "</interface>\n<memballoon model='virtio'>" AT("0x00", "0x05",       \
		"") "</memballoon>\n"

#define SPICE                                                                                        \
	"<serial type='pty'><target port='0'/></serial>\n"                                           \
	"<console type='pty'><target type='serial' port='0'/></console>\n"                           \
	"<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"                 \
	"</channel>\n"                                                                               \
	"<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/>"                 \
	"</channel>\n"                                                                               \
	"<input type='tablet' bus='usb'/>\n<input type='keyboard' bus='ps2'/>\n"                     \
	"<graphics type='spice' autoport='yes'><listen type='address'/></graphics>\n"                \
	"<sound model='ich9'><audio id='1'/></sound>\n<audio id='1' type='spice'/>\n"                \
	"<video><model type='qxl' vram='65536'/>" AT("0x00", "0x01",                                 \
		"") "</video>\n"                                                                     \
		    "<smartcard mode='passthrough' type='spicevmc'/>\n"                              \
		    "<redirdev bus='usb' type='spicevmc'/>\n<redirdev bus='usb' type='spicevmc'/>\n" \
		    "<redirdev bus='usb' type='tcp'><source host='h' service='1'/></redirdev>\n"

#define VNC                                                                              \
	"<graphics type='vnc' port='-1' autoport='yes' passwd='secret'/>\n"              \
	"<sound model='ich6'/>\n<audio id='1' type='none'/>\n"                           \
	"<video><model type='virtio'/>" AT("0x00", "0x02", "") "</video>\n"

static struct pci_address functions[4] = {
	{0, 1, 0}, {0, 1, 1}, {0x10000, 0xe1, 4 << 3}, {0, 2, 2}};

static struct libvirt_edit edit;

static int attach(const char *xml, size_t first, size_t n, bool no_graphics)
{
	const struct libvirt_domain domain = {functions + first, n};
	struct message message = {0};
	int r;

	libvirt_free_edit(&edit);
	r = libvirt_attach(xml, &domain, no_graphics, &edit, &message);
	assert_int_equal(message.code, r);
	return r;
}

/* All that was done, with "; " between. */
static const char *done(void)
{
	static char text[2048];

	text[0] = '\0';
	for (size_t i = 0; i < edit.done.n; i++)
		strcat(strcat(text, i ? "; " : ""), edit.done.names[i]);
	return text;
}

static void expect(const char *text)
{
	if (!strstr(edit.xml, text))
		fail_msg("no '%s' in:\n%s", text, edit.xml);
}

static void expect_none(const char *text)
{
	if (strstr(edit.xml, text))
		fail_msg("'%s' in:\n%s", text, edit.xml);
}

static int tear_down(void **state)
{
	libvirt_free_edit(&edit);
	return 0;
}

static void test_one_slot_of_express(void **state)
{
	assert_int_equal(attach(HEAD EXPRESS VNC TAIL, 0, 2, false), 0);
	assert_string_equal(done(),
		"add 0000:01:00.0 as 03:00.0 of the guest; add 0000:01:00.1 as 03:00.1 of "
		"the guest");
	expect("<controller type=\"pci\" index=\"3\" model=\"pcie-root-port\"/>");
	expect("<hostdev mode=\"subsystem\" type=\"pci\" managed=\"no\"><source><address "
	       "domain=\"0x0000\" bus=\"0x01\" slot=\"0x00\" function=\"0x0\"/></source>"
	       "<address type=\"pci\" domain=\"0x0000\" bus=\"0x03\" slot=\"0x00\" "
	       "function=\"0x0\" multifunction=\"on\"/></hostdev>");
	expect("<source><address domain=\"0x0000\" bus=\"0x01\" slot=\"0x00\" "
	       "function=\"0x1\"/></source><address type=\"pci\" domain=\"0x0000\" "
	       "bus=\"0x03\" slot=\"0x00\" function=\"0x1\"/></hostdev>");
	/* All else is as it was, the password too. */
	expect("passwd=\"secret\"");
	expect("<sound model=\"ich6\"/>");
}

static void test_slots_of_the_host_stay_apart(void **state)
{
	assert_int_equal(attach(HEAD EXPRESS TAIL, 0, 4, false), 0);
	assert_string_equal(done(),
		"add 0000:01:00.0 as 03:00.0 of the guest; add 0000:01:00.1 as 03:00.1 of "
		"the guest; add 10000:e1:04.0 as 04:00.0 of the guest; add 0000:02:00.2 as "
		"05:00.0 of the guest");
	expect("<address domain=\"0x10000\" bus=\"0xe1\" slot=\"0x04\" function=\"0x0\"/>");
	/* One alone is no device of several functions, and is the first one for the guest. */
	expect("bus=\"0x05\" slot=\"0x00\" function=\"0x0\"/></hostdev>");
}

static void test_a_free_slot_of_bus_0(void **state)
{
	assert_int_equal(attach(HEAD CONVENTIONAL VNC TAIL, 0, 2, false), 0);
	assert_string_equal(done(),
		"add 0000:01:00.0 as 00:04.0 of the guest; add 0000:01:00.1 as 00:04.1 of "
		"the guest");
	expect("bus=\"0x00\" slot=\"0x04\" function=\"0x0\" multifunction=\"on\"/>");
	/* The next one is behind what was added, and behind what was there. */
	assert_int_equal(attach(HEAD CONVENTIONAL VNC TAIL, 1, 3, false), 0);
	assert_string_equal(done(),
		"add 0000:01:00.1 as 00:04.0 of the guest; add 10000:e1:04.0 as 00:06.0 of "
		"the guest; add 0000:02:00.2 as 00:07.0 of the guest");
}

static void test_no_free_slot(void **state)
{
	char xml[16384] = HEAD "<controller type='pci' index='0' model='pci-root'/>";

	for (unsigned slot = 3; slot < 32; slot++)
		sprintf(xml + strlen(xml),
			"<disk type='file'><address type='pci' domain='0x0000' bus='0x00' "
			"slot='0x%02x' function='0x0'/></disk>",
			slot);
	strcat(xml, TAIL);
	assert_int_equal(attach(xml, 0, 2, false), -ENOSPC);
	assert_null(edit.xml);
	assert_int_equal(
		attach(HEAD "<controller type='pci' index='0' model='pcie-root'/>"
			    "<controller type='pci' index='255' "
			    "model='pcie-root-port'/>" TAIL,
			0, 1, false),
		-ENOSPC);
}

static void test_no_graphics(void **state)
{
	assert_int_equal(attach(HEAD EXPRESS SPICE TAIL, 0, 1, true), 0);
	assert_string_equal(done(),
		"remove <sound model='ich9'>; remove <channel type='spicevmc'>; remove "
		"<graphics type='spice'>; remove <audio type='spice'>; remove <video>; "
		"remove <smartcard type='spicevmc'>; remove <redirdev type='spicevmc'>; add "
		"0000:01:00.0 as 03:00.0 of the guest");
	expect_none("spice");
	expect_none("<video");
	expect_none("<sound");
	expect("<serial type=\"pty\">");
	expect("<console type=\"pty\">");
	expect("org.qemu.guest_agent.0");
	expect("<input type=\"tablet\" bus=\"usb\"/>");
	expect("<redirdev bus=\"usb\" type=\"tcp\">");
	assert_int_equal(attach(HEAD CONVENTIONAL VNC TAIL, 0, 1, true), 0);
	expect_none("<graphics");
	expect_none("<video");
	/* It plays to nobody, with a screen or without. */
	expect("<sound model=\"ich6\"/>");
	expect("<audio id=\"1\" type=\"none\"/>");
}

static void test_sound_of_no_screen_stays(void **state)
{
	assert_int_equal(
		attach(HEAD EXPRESS
			"<graphics type='spice'/><sound model='ich9'><audio id='2'/></sound>"
			"<sound model='usb'/><audio id='1' type='spice'/>"
			"<audio id='2' type='pulseaudio' serverName='/run/user/1000/pulse/native'/>" TAIL,
			0, 1, true),
		0);
	expect("<sound model=\"ich9\"><audio id=\"2\"/></sound>");
	expect("type=\"pulseaudio\"");
	/* Without a name it is the first one's. */
	expect_none("<sound model=\"usb\"");
	/* Before there were <audio>s, sound went to SPICE where that was. */
	assert_int_equal(attach(HEAD EXPRESS "<sound model='ich9'/><graphics type='vnc'/>"
					     "<graphics type='spice'/>" TAIL,
				 0, 1, true),
		0);
	expect_none("<sound");
	assert_int_equal(
		attach(HEAD EXPRESS "<sound model='ich9'/><graphics type='vnc'/>" TAIL, 0,
			1, true),
		0);
	expect("<sound");
}

static void test_what_the_guest_has_already(void **state)
{
	char *with;

	assert_int_equal(attach(HEAD EXPRESS TAIL, 0, 2, false), 0);
	with = strdup(edit.xml);
	assert_int_equal(attach(with, 1, 2, false), -EEXIST);
	assert_null(edit.xml);
	assert_int_equal(attach(with, 2, 1, false), 0);
	free(with);
}

static void test_no_definition(void **state)
{
	assert_int_equal(attach("<domain/>", 0, 1, false), -EBADMSG);
	assert_int_equal(attach("<network/>", 0, 1, false), -EBADMSG);
	assert_int_equal(attach("", 0, 1, false), -EBADMSG);
}

/* What was added goes, and nothing that was there before or came since. */
static void test_detach(void **state)
{
	static const char before[] = HEAD EXPRESS
		"<hostdev mode='subsystem' type='pci' managed='yes'><source><address "
		"domain='0x0000' bus='0x02' slot='0x00' function='0x2'/></source></hostdev>"
		"<hostdev mode='subsystem' type='usb'><source><address bus='1' device='0'/>"
		"</source></hostdev>" TAIL;
	struct libvirt_edit gone = {0};
	char *after, *now, *at;

	assert_int_equal(attach(before, 0, 2, false), 0);
	after = strdup(edit.xml);
	now = malloc(strlen(after) + 100);
	at = strstr(after, "</devices>");
	sprintf(now, "%.*s<rng model='virtio'/>%s", (int)(at - after), after, at);
	assert_int_equal(libvirt_detach(now, before, after, &gone, NULL), 0);
	libvirt_free_edit(&edit);
	edit = gone;
	assert_string_equal(done(), "remove 0000:01:00.0; remove 0000:01:00.1");
	expect("<rng model=\"virtio\"/>");
	expect("bus=\"0x02\" slot=\"0x00\" function=\"0x2\"/>");
	expect("type=\"usb\"");
	expect_none("bus=\"0x01\" slot=\"0x00\" function=\"0x0\"/></source>");
	assert_int_equal(libvirt_detach("no xml", before, after, &gone, NULL), -EBADMSG);
	assert_int_equal(libvirt_detach(now, "no xml", after, &gone, NULL), -EBADMSG);
	free(after);
	free(now);
}

static void test_uuid(void **state)
{
	char uuid[LIBVIRT_UUID_SIZE] = "";

	assert_int_equal(libvirt_read_uuid(HEAD TAIL, uuid, NULL), 0);
	assert_string_equal(uuid, "2d2e6f4b-8a5e-4c2c-9d9a-5b0a4a3c7e01");
	assert_int_equal(libvirt_read_uuid("<domain/>", uuid, NULL), -EBADMSG);
	assert_int_equal(
		libvirt_read_uuid("<domain><uuid>../../../../../../../../etc/vfioboot."
				  "conf</uuid></domain>",
			uuid, NULL),
		-EBADMSG);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_slot_of_express),
		TEST(test_slots_of_the_host_stay_apart),
		TEST(test_a_free_slot_of_bus_0),
		TEST(test_no_free_slot),
		TEST(test_no_graphics),
		TEST(test_sound_of_no_screen_stays),
		TEST(test_what_the_guest_has_already),
		TEST(test_no_definition),
		TEST(test_detach),
		TEST(test_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
