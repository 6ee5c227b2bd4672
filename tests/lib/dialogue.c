/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a program on a terminal of 80 columns, and types a line of standard input at each of its
 * questions; behind the last line it types the end of the input.  What the screen shows goes to
 * standard output; the program's exit status is ours.
 *
 *	dialogue PROGRAM ARGUMENT... <<<ANSWERS
 *
 * A question is what ends in "? " or "] " and is followed by silence.  Of a line that is written over
 * itself all is printed, with the carriage returns.
 */
#include <err.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENCE_MS 100
#define LIMIT_S    120

#define END "\004"

/*
 * The leader of the session stays when the program has ended: with its end the kernel hangs the
 * terminal up, and discards what was printed and not yet read.
 */
static void lead(char **argv, int report)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		close(report);
		execvp(argv[0], argv);
		warn("%s", argv[0]);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	dprintf(report, "%d\n", status);
	for (;;)
		pause();
}

/* Prints what the screen shows now; @tail becomes its last two bytes.  False: nothing came. */
static bool show(int terminal, int wait_ms, char tail[2])
{
	struct pollfd screen = {.fd = terminal, .events = POLLIN};
	char text[4096];
	ssize_t n;

	if (poll(&screen, 1, wait_ms) <= 0)
		return false;
	n = read(terminal, text, sizeof(text));
	for (ssize_t i = 0; i < n; i++) {
		tail[0] = tail[1];
		tail[1] = text[i];
		/* A terminal puts one before each end of a line. */
		if (tail[0] == '\r' && text[i] != '\n')
			putchar('\r');
		if (text[i] != '\r')
			putchar(text[i]);
	}
	return n > 0;
}

static bool is_question(const char tail[2])
{
	return tail[1] == ' ' && (tail[0] == '?' || tail[0] == ']');
}

static void type(int terminal, char tail[2])
{
	char line[256];
	const char *typed = fgets(line, sizeof(line), stdin) ? line : END;

	if (write(terminal, typed, strlen(typed)) < 0)
		err(125, "cannot type");
	tail[1] = '\0';
}

int main(int argc, char **argv)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	char status[16] = "", tail[2] = "";
	int terminal, report[2];
	struct pollfd end = {.events = POLLIN};
	pid_t pid;

	if (argc < 2 || pipe(report) < 0)
		errx(125, "usage: dialogue PROGRAM [ARGUMENT]...");
	pid = forkpty(&terminal, NULL, NULL, &size);
	if (pid == 0)
		lead(argv + 1, report[1]);
	if (pid < 0)
		err(125, "cannot make a terminal");
	close(report[1]);
	end.fd = report[0];
	alarm(LIMIT_S);
	while (poll(&end, 1, 0) == 0)
		if (!show(terminal, SILENCE_MS, tail) && is_question(tail))
			type(terminal, tail);
	while (show(terminal, 0, tail))
		;
	if (read(report[0], status, sizeof(status) - 1) <= 0)
		errx(125, "the terminal has gone");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return atoi(status);
}
