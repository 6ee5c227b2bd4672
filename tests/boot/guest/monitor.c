/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has QEMU's monitor run a command, in a guest that has a port for it (lib.bash, hot_plug):
 *	monitor device_del spare
 * No driver is needed, so that an initramfs can do so as well.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT 0x5a0

static int say(int port, const char *text)
{
	for (; *text; text++)
		if (pwrite(port, text, 1, PORT) != 1)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	int port = open("/dev/port", O_WRONLY);

	for (int i = 1; i < argc; i++)
		if (say(port, argv[i]) < 0 || say(port, i + 1 < argc ? " " : "\n") < 0) {
			perror("/dev/port");
			return 1;
		}
	return 0;
}
