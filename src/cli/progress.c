/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of progress on stdout, with --json an object each; failures on stderr. */
#include "cli.h"

#include <stdarg.h>

#define LINE_MAX_ 4096

#define FILE_LOCK_MS 2000 /* another add or remove is done by then */

/* How far a list of steps is: the steps that people see. */
struct watching {
	const struct root *root;
	bool json;
	int columns; /* of the terminal; 0: it is none, and a line is never written again */
	size_t n, of;
	char *durations;   /* of the last time; for free() */
	unsigned expected; /* seconds of the step; 0: not known */
	size_t written;    /* bytes of the line that is not ended */
	bool again;        /* it is another one than its end goes with */
};

struct event {
	const char *state;
	const struct watching *watching; /* NULL: it is of no step */
	const struct change_step *step;  /* the same */
	long seconds;                    /* -1: not known */
	const char *text, *why;          /* "": plain */
};

static void print_event(const struct event *event)
{
	struct json_object *object = json_new_top();
	const struct watching *watching = event->watching;
	unsigned expected = watching ? watching->expected : 0;

	json_add_text(object, "state", event->state);
	json_add_number_if(object, "step", watching, watching ? watching->n : 0);
	json_add_number_if(object, "of", watching, watching ? watching->of : 0);
	json_add_text(object, "kernel", event->step ? event->step->kernel : NULL);
	json_add_number_if(
		object, "seconds", event->seconds >= 0, (unsigned long)event->seconds);
	json_add_number_if(object, "expected", expected, expected);
	json_add_text(object, "text", event->text);
	json_add_text(object, "why", event->why);
	json_print_line(object);
}

void progress_say(const struct cli *cli, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		text = or_no_memory(NULL);
	if (cli->json)
		print_event(&(struct event){
			.state = "note", .seconds = -1, .text = text, .why = ""});
	else
		cli_print("%s\n", text);
}

/* What people see of a step; "": nothing. */
static void describe(const struct change_step *step, char ret[static LINE_MAX_])
{
	change_describe(step, ret, LINE_MAX_);
	if (step->title)
		text_join(ret, LINE_MAX_, step->title, NULL);
	if (*ret >= 'a' && *ret <= 'z')
		*ret = (char)(*ret - 'a' + 'A');
}

void progress_print(const struct cli *cli, const struct change *change)
{
	_cleanup_free_ char *durations = durations_read(change->root);
	struct watching watching = {.json = cli->json};
	char line[LINE_MAX_], why[LINE_MAX_];

	for (size_t i = 0; i < change->n; i++) {
		change_describe(&change->steps[i], line, sizeof(line));
		watching.of += *line != '\0';
	}
	for (size_t i = 0; i < change->n; i++) {
		change_describe(&change->steps[i], line, sizeof(line));
		if (!*line)
			continue;
		watching.n++;
		watching.expected = durations_expected(durations, &change->steps[i]);
		change_describe_why(&change->steps[i], why, sizeof(why));
		if (cli->json)
			print_event(&(struct event){
				"planned", &watching, &change->steps[i], -1, line, why});
		else
			cli_print("%s\n%s%s%s", line, *why ? "    (" : "", why,
				*why ? ")\n" : "");
	}
}

/* Writes the line of a step over what is there of it, with nothing of that left behind. */
static void write_line(struct watching *watching, const char *line, const char *end)
{
	size_t len = strlen(line) + strlen(end);
	int rest = watching->written > len ? (int)(watching->written - len) : 0;

	printf("%s%s%s%*s", watching->written ? "\r" : "", line, end, rest, "");
	fflush(stdout);
	watching->written = len;
}

/* Cuts the line where the terminal has no room for it and @end; never inside of a character. */
static void fit(struct watching *watching, char *line, const char *end)
{
	size_t room = (size_t)watching->columns - 1;

	if (!watching->columns || strlen(line) + strlen(end) <= room)
		return;
	watching->again = true;
	room = room > strlen(end) + 2 ? room - strlen(end) : 2;
	while (room && ((unsigned char)line[room] & 0xc0) == 0x80)
		room--;
	line[room] = '\0';
}

static void begin(void *data, const struct change_step *step)
{
	struct watching *watching = data;
	char line[LINE_MAX_];

	if (step->kind->quiet)
		return;
	watching->n++;
	watching->expected = durations_expected(watching->durations, step);
	watching->written = 0;
	watching->again = false;
	describe(step, line);
	if (watching->json) {
		print_event(&(struct event){"started", watching, step, -1, line, ""});
		return;
	}
	fit(watching, line, " ... ");
	write_line(watching, line, " ... ");
}

/* On a terminal: the time so far, and what it took the last time. */
static void tick(void *data, const struct change_step *step, unsigned seconds)
{
	struct watching *watching = data;
	char line[LINE_MAX_], end[64];

	if (step->kind->quiet || watching->json || !watching->columns)
		return;
	if (watching->expected)
		snprintf(end, sizeof(end), " ... %u s of about %u s", seconds,
			watching->expected);
	else
		snprintf(end, sizeof(end), " ... %u s", seconds);
	describe(step, line);
	fit(watching, line, end);
	write_line(watching, line, end);
	watching->again = true;
}

static void end(void *data, const struct change_step *step, int result, unsigned seconds)
{
	const char *state = result == -EINTR && run_caught_signal() ? "interrupted"
		: result < 0                                        ? "failed"
								    : "done";
	struct watching *watching = data;
	char line[LINE_MAX_], said[64];

	if (result >= 0)
		durations_remember(watching->root, step, seconds);
	if (step->kind->quiet)
		return;
	describe(step, line);
	snprintf(said, sizeof(said), " ... %s", state);
	if (result >= 0 && step->kind == &change_build)
		snprintf(said, sizeof(said), " ... done (%u s)", seconds);
	if (watching->json)
		print_event(&(struct event){state, watching, step, seconds, line, ""});
	else if (watching->again)
		write_line(watching, line, said);
	else
		fputs(said + strlen(" ... "), stdout);
	if (!watching->json)
		putchar('\n');
	fflush(stdout);
}

static enum cli_exit report_failure(const char *command, const struct change *change,
	const struct change_failure *failure, const char *undone)
{
	if (failure->output && *failure->output) {
		fflush(stdout);
		fprintf(stderr, "The last lines of its output:\n%s", failure->output);
	}
	if (failure->logged)
		cli_error(command, "%s; the full output is in %s", failure->message.text,
			change->log);
	else
		cli_say(command, &failure->message);
	if (*failure->undo)
		return cli_error(command, "cannot restore everything: %s", failure->undo);
	return cli_error(command, "%s", undone);
}

/* A signal that was caught ends this process here; unless the caller catches them, too. */
static void let_signals(
	const char *command, enum cli_exit status, const struct run_signals *before)
{
	int signal = run_caught_signal();

	if (signal && status == CLI_OK && !sigismember(&before->blocked, signal))
		cli_error(command, "interrupted (%s) after the last step",
			strsignal(signal));
	fflush(stdout);
	run_let_signals(before);
}

/* A list of steps, and how it is carried out. */
struct carrying {
	struct change *change;
	int (*carry_out)(void *data, const struct change_watcher *watcher,
		struct change_failure *ret);
	void *data;
	const char *undone; /* said when it failed and all was put back */
};

static enum cli_exit carry_out_caught(const char *command,
	const struct carrying *carrying, const struct change_watcher *watcher)
{
	struct change_failure failure = {0};
	struct run_signals before;
	enum cli_exit status = CLI_OK;

	run_catch_signals(&before);
	if (carrying->carry_out(carrying->data, watcher, &failure) < 0)
		status = report_failure(
			command, carrying->change, &failure, carrying->undone);
	else if (*failure.rest)
		status = cli_error(command, "%s", failure.rest);
	change_free_failure(&failure);
	let_signals(command, status, &before);
	return status;
}

enum cli_exit progress_carry_out(const struct cli *cli, struct change *change,
	int (*carry_out)(void *data, const struct change_watcher *watcher,
		struct change_failure *ret),
	void *data, const char *undone)
{
	const struct carrying carrying = {change, carry_out, data, undone};
	_cleanup_free_ char *durations = durations_read(change->root);
	struct watching watching = {.root = change->root,
		.json = cli->json,
		.columns = cli->json ? 0 : terminal_columns(),
		.durations = durations};
	const struct change_watcher watcher = {begin, end, tick, &watching};

	for (size_t i = 0; i < change->n; i++)
		watching.of += !change->steps[i].kind->quiet;
	return carry_out_caught(cli->command->name, &carrying, &watcher);
}

static int carry_out_change(
	void *data, const struct change_watcher *watcher, struct change_failure *ret)
{
	return change_carry_out(data, watcher, ret);
}

enum cli_exit progress_run(const struct cli *cli, struct change *change)
{
	return progress_carry_out(cli, change, carry_out_change, change,
		"all changes were undone: images and files are as before");
}

enum cli_exit progress_write(
	const struct cli *cli, struct change *change, const char *undone)
{
	const struct carrying carrying = {change, carry_out_change, change, undone};

	return carry_out_caught(cli->command->name, &carrying, NULL);
}

enum cli_exit progress_lock(
	const char *command, const struct root *root, unsigned wait_ms)
{
	/* It is closed when this process ends. */
	int fd = change_lock(root, wait_ms);

	if (fd == -EBUSY)
		return cli_error(command,
			"another vfioboot command is changing this system; try again when "
			"it has finished");
	if (fd < 0)
		return cli_error(
			command, "cannot lock " CHANGE_LOCK ": %s", errno_text(fd));
	return CLI_OK;
}

static enum cli_exit begin_as_root(const struct cli *cli, unsigned wait_ms)
{
	const char *command = cli->command->name;

	if (cli_need_root(command) != CLI_OK)
		return CLI_FAILED;
	return cli->dry_run ? CLI_OK : progress_lock(command, &cli->root, wait_ms);
}

enum cli_exit progress_lock_for_file(const struct cli *cli)
{
	return cli->dry_run || !cli->root.live ? CLI_OK
					       : begin_as_root(cli, FILE_LOCK_MS);
}

enum cli_exit progress_check_live(const struct cli *cli)
{
	if (cli->root.live || cli->dry_run)
		return CLI_OK;
	return cli_misuse(cli->command->name,
		"only this machine can be changed; add --dry-run to see what would be "
		"done at %s",
		cli->dir);
}

enum cli_exit progress_begin(const struct cli *cli)
{
	enum cli_exit status = progress_check_live(cli);

	return status == CLI_OK && cli->root.live ? begin_as_root(cli, 0) : status;
}

enum cli_exit progress_refuse(const char *command, const struct message *message)
{
	char line[MESSAGE_LINE_SIZE];

	return cli_error(command, "%s; nothing was changed", message_line(message, line));
}

enum cli_exit progress_check(const char *command, const struct apply *apply)
{
	struct message message = {0};

	return apply_check(apply, &message) < 0 ? progress_refuse(command, &message)
						: CLI_OK;
}

enum cli_exit progress_check_change(const char *command, const struct change *change)
{
	struct message message = {0};

	return change_check(change, &message) < 0 ? progress_refuse(command, &message)
						  : CLI_OK;
}

/* The first entry whose image would have to be another one; NULL for none. */
static const struct chain_entry *find_outdated(const struct chain *chain)
{
	const struct chain_entry *entry;
	enum image_state state = chain_ready(chain, &entry);

	if (entry || state == IMAGE_FRESH)
		return state == IMAGE_FRESH ? NULL : entry;
	for (size_t i = 0; i < chain->n_entries; i++)
		if (chain->entries[i].state != IMAGE_FRESH)
			return &chain->entries[i];
	return NULL;
}

/* Where all that could be built is what nobody starts, nothing is: it would look like a success. */
static enum cli_exit check_started(const char *command, const struct chain *chain)
{
	const struct chain_entry *entry =
		chain->unknown.code ? NULL : find_outdated(chain);
	const struct chain_image *idle = NULL, *started = NULL;
	char by_hand[MESSAGE_LINE_SIZE] = "";

	for (size_t i = 0; entry && i < chain->n_images; i++) {
		const struct chain_image *image = &chain->images[i];

		if (apply_makes(chain, image, IMAGECHECK_NOW))
			return CLI_OK;
		if (!idle && !image->is_started && image->maker &&
			image->state != IMAGE_FRESH)
			idle = image;
	}
	if (entry && entry->image != CHAIN_NO_IMAGE)
		started = &chain->images[entry->image];
	/* What it lacks then is no image. */
	if (!idle || entry->said->kind == BOOTMENU_ELSE ||
		(started && started->state == IMAGE_FRESH))
		return CLI_OK;
	cli_error(command,
		"%s would write %s, which no entry of the boot menu starts; '%s' starts %s",
		idle->maker->name, idle->path, entry->said->title,
		started ? started->path : "none of its images");
	if (started)
		message_line(&started->by_hand, by_hand);
	return cli_error(command,
		"nothing was changed; %s, or make an entry for %s, and try again",
		*by_hand
			? by_hand
			: "rebuild what that entry starts with the program that built it",
		idle->path);
}

enum cli_exit progress_check_images(
	const char *command, const struct chain *chain, enum imagecheck_of of)
{
	bool needed = false;

	/* What it starts is out of sight: what is built beside it makes no difference. */
	if (chain->loaders.unmounted[0])
		return cli_say(command, &chain->unknown);
	if (chain->kernels.n == 0 && chain->generator)
		return cli_error(command,
			"no installed kernel was found, with modules in /lib/modules and "
			"a file to boot in /boot; is /boot mounted?");
	for (size_t i = 0; i < chain->n_images; i++)
		needed |= chain->images[i].state != IMAGE_FRESH &&
			(of == IMAGECHECK_NOW || chain->images[i].state != IMAGE_MISSING);
	if ((of == IMAGECHECK_NOW ? chain->problem.code != 0 : !chain->generator) &&
		(needed || chain->n_images == 0))
		return cli_say(command, &chain->problem);
	return of == IMAGECHECK_NOW ? check_started(command, chain) : CLI_OK;
}

/* Whether an entry of interest starts it: of others, such as a rescue, the maker knows. */
static bool is_of_interest(const struct chain *chain, size_t image, bool *ret_first)
{
	const struct chain_entry *first;
	bool found = false;

	chain_ready(chain, &first);
	*ret_first = chain->unknown.code != 0;
	for (size_t i = 0; i < chain->n_entries; i++) {
		const struct chain_entry *entry = &chain->entries[i];

		if (entry->image != image)
			continue;
		found |= entry->is_default || entry->said->kind != BOOTMENU_SYSTEM;
		*ret_first |= !first || entry == first;
	}
	return found || *ret_first;
}

/* What no new image mends: the default entry loads none, or another one behind it. */
static enum cli_exit warn_entry(const char *command, const struct chain *chain)
{
	const struct chain_entry *entry;
	enum image_state state = chain_ready(chain, &entry);

	if (chain->unknown.code || !entry || state == IMAGE_FRESH ||
		(entry->image != CHAIN_NO_IMAGE &&
			chain->images[entry->image].state != IMAGE_FRESH))
		return CLI_OK;
	cli_warning(command, "the default entry '%s' is unchanged: %s; %s",
		entry->said->title, entry->why.text,
		entry->why.remedy[0] ? entry->why.remedy : "correct that entry");
	return CLI_UNKNOWN;
}

enum cli_exit progress_warn_unbuilt(const char *command, const struct chain *chain)
{
	enum cli_exit status = CLI_OK;

	for (size_t i = 0; i < chain->n_images; i++) {
		const struct chain_image *image = &chain->images[i];
		char by_hand[MESSAGE_LINE_SIZE];
		bool first;

		if (image->state == IMAGE_FRESH || image->maker || image->source ||
			!is_of_interest(chain, i, &first))
			continue;
		cli_warning(command, "%s is unchanged: %s; %s", image->path,
			image->why.text, message_line(&image->by_hand, by_hand));
		status = first ? CLI_UNKNOWN : status;
	}
	return warn_entry(command, chain) == CLI_OK ? status : CLI_UNKNOWN;
}

void progress_warn_unknown(const char *command, const struct chain *chain)
{
	char line[MESSAGE_LINE_SIZE];

	if (chain->unknown.code)
		cli_warning(command,
			"whether the next boot starts one of these images is not known: "
			"%s",
			message_line(&chain->unknown, line));
}
