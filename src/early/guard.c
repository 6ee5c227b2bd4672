/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child that looks once a second which root PID 1 has, and that systemd ends at switch-root. */
#include "guard.h"

#include <sched.h>
#include <signal.h>
#include <sys/reboot.h>

#include "base/base.h"

#define SECONDS 300 /* as the unit of the real root has, vfioboot-confirm.service */

static int watch(void *data)
{
	static const char last_word[] =
		"<1>vfioboot: this trial found no root file system in time\n";
	const struct root *root = data;
	unsigned seconds = 0;
	ssize_t n;

	/* A hook that reads what we say must not wait for this one. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	while (sysfs_is_root_of_init(root)) {
		if (seconds++ == SECONDS) {
			n = write(
				sysfs_open_kmsg(root), last_word, sizeof(last_word) - 1);
			(void)n; /* what comes next matters more */
			reboot(RB_AUTOBOOT);
		}
		sleep(1);
	}
	return 0;
}

/* With memory of its own; what fork() does beyond that is a fortieth of the program's size. */
void guard_trial(const struct root *root)
{
	static char stack[8192] _large_;

	clone(watch, stack + sizeof(stack), SIGCHLD, (void *)root);
}
