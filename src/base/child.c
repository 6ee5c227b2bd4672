/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs work in a child process and stops waiting for it at a deadline. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tree.h"
#include "util.h"

#ifndef SYS_clock_gettime64 /* of processors with 32 bits alone */
#define SYS_clock_gettime64 SYS_clock_gettime
#endif

/*
 * Not by the vDSO: to find the function there takes the early program longer than all its calls, and
 * is a kilobyte of it.
 */
uint64_t child_now(void)
{
	int64_t now[2]; /* seconds, nanoseconds */

	syscall(SYS_clock_gettime64, CLOCK_MONOTONIC, now);
	return (uint64_t)now[0] * 1000 + (uint64_t)now[1] / 1000000;
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
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -EIO;
}

void child_unprepare(void)
{
	sigset_t set;

	child_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/*
 * Waits for @pid until @deadline.  Another child's end only makes it look again.  While it waits no
 * call fails, but for a wait that is interrupted: a child that shares memory has the same errno.
 */
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
		pid_t done;

		/* The child's end is pending here at the earliest. */
		if (sigtimedwait(&set, NULL, &timeout) < 0 && errno != EAGAIN &&
			errno != EINTR)
			return -errno;
		done = waitpid(pid, &status, WNOHANG);
		if (done == pid)
			return status_of(status);
		if (done < 0)
			return -errno;
		if (!left)
			return -ETIMEDOUT;
	}
}

/* Who reads what the parent prints waits until nobody can print any more. */
static void leave_pipes(void)
{
	int null = -1;
	struct stat st;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fstat(fd, &st) < 0 ||
			(!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)))
			continue;
		if (null < 0)
			null = open(TREE_NULL, O_RDWR | O_CLOEXEC);
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	}
}

/* Waits for @pid, and kills it at the deadline. */
static int finish(pid_t pid, uint64_t deadline)
{
	int r = wait_until(pid, deadline);

	if (r == -ETIMEDOUT)
		kill(pid, SIGKILL);
	return r;
}

int child_run(int (*work)(void *data), void *data, uint64_t deadline)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		leave_pipes();
		_exit(work(data) & 0xff);
	}
	return finish(pid, deadline);
}

/* The memory of a child that has no other of its own: what it is to do, above its stack. */
struct shared_child {
	_Alignas(16) char stack[65536 - 4 * sizeof(void *)];
	int (*work)(void *data);
	void *data;
};

static int run_shared(void *data)
{
	const struct shared_child *child = data;

	leave_pipes();
	return child->work(child->data);
}

int child_run_shared(int (*work)(void *data), void *data, uint64_t deadline)
{
	/* That of the last child which ended, of any thread; the first takes no mapping. */
	static struct shared_child first _large_;
	static struct shared_child *idle = &first;
	struct shared_child *child = __atomic_exchange_n(&idle, NULL, __ATOMIC_ACQ_REL);
	pid_t pid;
	int r;

	if (!child)
		child = mmap(NULL, sizeof(*child), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (child == MAP_FAILED)
		return -errno;
	child->work = work;
	child->data = data;
	pid = clone(run_shared, &child->work, CLONE_VM | SIGCHLD, child);
	r = pid < 0 ? -errno : finish(pid, deadline);
	/* The stack of one that did not end is never used again. */
	if (r == -ETIMEDOUT)
		return r;
	child = __atomic_exchange_n(&idle, child, __ATOMIC_ACQ_REL);
	if (child && child != &first)
		munmap(child, sizeof(*child));
	return r;
}
