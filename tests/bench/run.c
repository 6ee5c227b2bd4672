/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs commands in turn, many times over, and prints the median of each: so that whatever
 * else the machine does meets all of them alike.  Standard input has one command a line:
 *
 *	NAME EVERY ROOT PROGRAM ARGUMENT...
 *
 * which runs in the root directory ROOT in each EVERY-th round.  Prints "NAME MEDIAN LEAST
 * MEMORY CPU", in nanoseconds from before the fork to the end, KiB, and the median of the
 * nanoseconds that processors worked for it and its children.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 64
#define ARGS_MAX     128
#define ROUNDS_MAX   2000
#define WARM_UP      3

struct command {
	char *name, *root;
	char *argv[ARGS_MAX];
	unsigned every, n;
	uint64_t took[ROUNDS_MAX], cpu[ROUNDS_MAX];
	long memory;
};

static struct command commands[COMMANDS_MAX];
static char text[65536];

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t nanoseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
}

static void fail(const struct command *command, const char *what)
{
	fprintf(stderr, "run: %s: %s\n", command->name, what);
	exit(1);
}

/* In the child: vfork shares no root directory, so that the parent keeps its own. */
static void become(const struct command *command)
{
	static char path[] = "PATH=/usr/bin:/usr/sbin:/bin:/sbin";
	static char *const environment[] = {path, NULL};

	if (chroot(command->root) == 0 && chdir("/") == 0)
		execve(command->argv[0], command->argv, environment);
	_exit(127);
}

static void run(struct command *command, int counts)
{
	uint64_t start = now();
	struct rusage usage;
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		become(command);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		fail(command, "can't run it");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail(command, "it failed");
	if (!counts)
		return;
	command->took[command->n] = now() - start;
	command->cpu[command->n++] =
		nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
	if (usage.ru_maxrss > command->memory)
		command->memory = usage.ru_maxrss;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static unsigned read_commands(void)
{
	size_t len = fread(text, 1, sizeof(text) - 1, stdin);
	char *rest = text, *line;
	unsigned n = 0;

	text[len] = '\0';
	while ((line = strsep(&rest, "\n")) && *line && n < COMMANDS_MAX) {
		struct command *command = &commands[n++];
		char *every;

		command->name = strsep(&line, " ");
		every = strsep(&line, " ");
		command->root = strsep(&line, " ");
		for (int i = 0; line && i < ARGS_MAX - 1; i++)
			command->argv[i] = strsep(&line, " ");
		if (!command->argv[0] || line)
			fail(command, "a line is NAME EVERY ROOT PROGRAM ARGUMENT...");
		command->every = (unsigned)atoi(every);
		if (!command->every)
			fail(command, "EVERY is a number from 1 on");
	}
	return n;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc == 2 ? (unsigned)atoi(argv[1]) : 0;
	unsigned n = read_commands();

	if (!rounds || rounds > ROUNDS_MAX || !n) {
		fputs("Usage: run ROUNDS <COMMANDS\n", stderr);
		return 2;
	}
	for (unsigned round = 0; round < rounds + WARM_UP; round++)
		for (unsigned i = 0; i < n; i++)
			if (round < WARM_UP || (round - WARM_UP) % commands[i].every == 0)
				run(&commands[i], round >= WARM_UP);
	for (unsigned i = 0; i < n; i++) {
		struct command *c = &commands[i];

		qsort(c->took, c->n, sizeof(c->took[0]), compare);
		qsort(c->cpu, c->n, sizeof(c->cpu[0]), compare);
		printf("%s %llu %llu %ld %llu\n", c->name,
			(unsigned long long)c->took[c->n / 2],
			(unsigned long long)c->took[0], c->memory,
			(unsigned long long)c->cpu[c->n / 2]);
	}
	return 0;
}
