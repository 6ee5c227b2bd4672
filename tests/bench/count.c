/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the instructions of a command and of its children, one step after the other: valgrind knows
 * no child that shares its parent's memory.
 *
 *	count ROOT PROGRAM ARGUMENT...
 *
 * runs it in the root directory ROOT, and prints their number.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLLOW                                                                           \
	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |                \
		PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

/* In the child; what counts begins with the program. */
static void become(char **argv)
{
	static char path[] = "PATH=/usr/bin:/usr/sbin:/bin:/sbin";
	static char *const environment[] = {path, NULL};

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && chroot(argv[0]) == 0 &&
		chdir("/") == 0 && raise(SIGSTOP) == 0)
		execve(argv[1], argv + 1, environment);
	_exit(127);
}

/* The signal that a stop stands for, if it is the program's own and not of the tracing. */
static int own_signal(int status)
{
	int sig = WSTOPSIG(status);

	return sig == SIGTRAP || sig == SIGSTOP ? 0 : sig;
}

/* All of them to their end.  Returns how many steps that took. */
static unsigned long step_to_end(pid_t first, int *ret_status)
{
	unsigned long steps = 0;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == first)
				*ret_status = status;
			continue;
		}
		/* Above the signal is what has happened in place of a step. */
		steps += status >> 8 == SIGTRAP;
		ptrace(PTRACE_SINGLESTEP, pid, NULL, (void *)(long)own_signal(status));
	}
	return steps;
}

int main(int argc, char **argv)
{
	unsigned long steps;
	int status;
	pid_t pid;

	if (argc < 3) {
		fputs("Usage: count ROOT PROGRAM ARGUMENT...\n", stderr);
		return 2;
	}
	pid = fork();
	if (pid == 0)
		become(argv + 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)FOLLOW) < 0 ||
		ptrace(PTRACE_CONT, pid, NULL, NULL) < 0) {
		fprintf(stderr, "count: cannot trace %s\n", argv[2]);
		return 1;
	}
	status = 1;
	steps = step_to_end(pid, &status);
	if (status != 0) {
		fprintf(stderr, "count: %s failed\n", argv[2]);
		return 1;
	}
	printf("%lu\n", steps);
	return 0;
}
