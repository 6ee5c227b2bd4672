/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs work in a child process and stops waiting for it at a deadline. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tree.h"

uint64_t child_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void child_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGCHLD);
}

void child_prepare(void)
{
	sigset_t set;

	child_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* A parent may have left SIGCHLD ignored; children would then vanish unseen. */
	signal(SIGCHLD, SIG_DFL);
}

static int status_of(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -EINTR;
}

void child_unprepare(void)
{
	sigset_t set;

	child_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Waits for @pid until @deadline.  Another child's end only makes it look again. */
static int wait_until(pid_t pid, uint64_t deadline)
{
	sigset_t set;
	int status;

	child_signals(&set);
	for (;;) {
		uint64_t now = child_now();
		uint64_t left = now < deadline ? deadline - now : 0;
		struct timespec timeout = {
			(time_t)(left / 1000), (long)(left % 1000) * 1000000};
		pid_t done = waitpid(pid, &status, WNOHANG);

		if (done == pid)
			return status_of(status);
		if (done < 0)
			return -errno;
		if (!left)
			return -ETIMEDOUT;
		if (sigtimedwait(&set, NULL, &timeout) < 0 && errno != EAGAIN &&
			errno != EINTR)
			return -errno;
	}
}

/* Who reads what the parent prints waits until nobody can print any more. */
static void leave_pipes(void)
{
	int null = open(TREE_NULL, O_RDWR | O_CLOEXEC);
	struct stat st;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &st) == 0 &&
			(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) &&
			(null < 0 || dup2(null, fd) < 0))
			close(fd);
}

int child_run(int (*work)(void *data), void *data, uint64_t deadline)
{
	pid_t pid = fork();
	int r;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		leave_pipes();
		_exit(work(data) & 0xff);
	}
	r = wait_until(pid, deadline);
	if (r == -ETIMEDOUT)
		kill(pid, SIGKILL);
	return r;
}
