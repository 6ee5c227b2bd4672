/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions as a serial line can show them: a line each way, and nothing else of a terminal. */
#include "cli.h"

#define TRIES_MAX 5

/* One line without the blanks around it; the rest of a longer one is dropped.  False: the end. */
static bool read_answer(char ret[static ASK_SIZE])
{
	char line[ASK_SIZE + 2], *begin = line, *end;

	if (!fgets(line, sizeof(line), stdin))
		return false;
	end = strchr(line, '\n');
	for (int c = 0; !end && c != '\n' && c != EOF;)
		c = getchar();
	begin += strspn(begin, " \t\r");
	end = begin + strcspn(begin, "\n");
	while (end > begin && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	/* One that is too long is none. */
	if (!copy_text(ret, ASK_SIZE, begin, (size_t)(end - begin)))
		strcpy(ret, "...");
	return true;
}

static enum cli_exit leave(const struct question *question)
{
	puts(question->left ? question->left : "Nothing was changed.");
	return CLI_FAILED;
}

static void print_question(const struct question *question)
{
	cli_print("%s ", question->text);
	if (question->preset && *question->preset)
		cli_print("[%s] ", question->preset);
	fflush(stdout);
}

static bool is_accepted(const struct question *question, const char *answer)
{
	if (!*answer) {
		puts("An answer is needed; ? explains, q leaves.");
		return false;
	}
	return !question->accept || question->accept(question->data, answer);
}

enum cli_exit ask(const char *command, const struct question *question,
	const char *options, char ret[static ASK_SIZE])
{
	unsigned tries = 0;

	fflush(stdout);
	if (!isatty(STDIN_FILENO))
		return cli_error(command, "nothing was changed; %s", options);
	while (tries < TRIES_MAX) {
		print_question(question);
		if (!read_answer(ret)) {
			putchar('\n');
			return leave(question);
		}
		if (strcmp(ret, "q") == 0 || strcmp(ret, "Q") == 0)
			return leave(question);
		if (strcmp(ret, "?") == 0 && question->help) {
			cli_print_wrapped(question->help, 0, 0);
			continue;
		}
		if (!*ret && question->preset)
			strcpy(ret, question->preset);
		if (is_accepted(question, ret))
			return CLI_OK;
		tries++;
	}
	return cli_error(command, "%u answers were not understood; %s", TRIES_MAX,
		question->left ? question->left : "nothing was changed");
}

static bool accept_yes(void *data, const char *answer)
{
	static const char *const words[] = {"y", "yes", "n", "no", "y/N"};

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(answer, words[i]) == 0)
			return true;
	puts("Answer y or n.");
	return false;
}

enum cli_exit ask_yes(const char *command, const struct question *question,
	const char *options, bool *ret)
{
	struct question whole = *question;
	char answer[ASK_SIZE];
	enum cli_exit status;

	whole.preset = "y/N";
	whole.accept = accept_yes;
	status = ask(command, &whole, options, answer);
	if (status == CLI_OK)
		*ret = strcmp(answer, "y/N") != 0 && (*answer == 'y' || *answer == 'Y');
	return status;
}

enum cli_exit cli_confirm(const char *command, const char *text)
{
	const struct question question = {.text = text,
		.help = "y does what is listed above; n, and anything that ends this, "
			"changes nothing."};
	bool yes = false;
	enum cli_exit status;

	if (isatty(STDIN_FILENO))
		putchar('\n');
	status = ask_yes(
		command, &question, "add --yes to do this without being asked", &yes);
	return status != CLI_OK ? status : yes ? CLI_OK : leave(&question);
}
