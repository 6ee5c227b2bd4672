/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a list of steps, carries it out from the first to the last, or undoes it backwards. */
#include "change.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>

#include "base/base.h"

#define TAIL_LINES 12

/* What the programs of a run print. */
struct change_output {
	FILE *log;
	char *tail[TAIL_LINES]; /* of the last one: a ring */
	size_t n;
	bool shown;      /* with the failure */
	bool to_the_end; /* no signal stops what runs now, nor do those that came before */
	int signal;      /* that was heard; pending again when all is over */
	/* Of the step that runs: */
	const struct change_watcher *watcher;
	const struct change_step *step;
	unsigned start;
};

/* ---- making the list ------------------------------------------------------------------- */

struct change_step *change_add(struct change *change, const struct change_kind *kind,
	const char *path, const char *other)
{
	struct change_step *step = LIST_ADD(change->steps, change->n);

	if (!step)
		return NULL;
	*step = (struct change_step){.kind = kind,
		.path = path ? strdup(path) : NULL,
		.other = other ? strdup(other) : NULL,
		.old = -1};
	return (path && !step->path) || (other && !step->other) ? NULL : step;
}

int change_add_own(struct change *change, const struct change_kind *kind, void *data)
{
	struct change_step *step = change_add(change, kind, NULL, NULL);

	if (!step)
		return -ENOMEM;
	step->data = data;
	return 0;
}

int change_put_text(struct change *change, const char *path, const char *text)
{
	_cleanup_free_ char *old = NULL;
	struct change_step *step;
	size_t size = 0;
	int r = file_read(change->root, path, &old, &size);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return r;
	if (text && old && strlen(text) == size && memcmp(text, old, size) == 0)
		return 0;
	if (!text && !old)
		return 0;
	step = change_add(change, text ? &change_write : &change_remove, path, NULL);
	if (step && text)
		step->text = strdup(text);
	return step && (!text || step->text) ? 0 : -ENOMEM;
}

int change_add_args(struct change_step *step, ...)
{
	const char *arg;
	va_list args;
	size_t n = 0;
	int r = 0;

	while (step->args && step->args[n])
		n++;
	va_start(args, step);
	while (r == 0 && (arg = va_arg(args, const char *))) {
		char **more = realloc(step->args, (n + 2) * sizeof(*more));

		if (more) {
			step->args = more;
			more[n] = strdup(arg);
			more[n + 1] = NULL;
		}
		r = more && more[n] ? 0 : -ENOMEM;
		n++;
	}
	va_end(args);
	return r;
}

/* The name of what @name lies beside, for free(); NULL if it has not this end. */
static char *name_without(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	if (*name != '.' || len <= n + 1 || strcmp(name + len - n, end) != 0)
		return NULL;
	return strndup(name + 1, len - n - 1);
}

int change_add_leftovers(struct change *change, const char *directory,
	bool (*wanted)(void *data, const char *kept, const char *path), void *data)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(change->root, directory, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *new =
			name_without(names.names[i], ATOMICFILE_TEMPORARY);
		_cleanup_free_ char *name = name_without(names.names[i], ATOMICFILE_KEPT);
		_cleanup_free_ char *left = NULL, *path = NULL;

		if (!new && !name)
			continue;
		if (asprintf(&left, "%s/%s", directory, names.names[i]) < 0 ||
			asprintf(&path, "%s/%s", directory, name ? name : new) < 0)
			return -ENOMEM;
		if (name && wanted && wanted(data, left, path))
			r = change_add(change, &change_put_back, left, path) ? 0
									     : -ENOMEM;
		else
			r = change_add(change, &change_clear, left, NULL) ? 0 : -ENOMEM;
	}
	return r;
}

/* A line of shell for people: arguments of ours have no odd characters. */
static void describe_program(char *const *args, char *ret, size_t size)
{
	size_t len = (size_t)snprintf(ret, size, "run");

	for (; *args && len < size; args++)
		len += (size_t)snprintf(ret + len, size - len, " %s", *args);
}

/* Writes @text with the names of the step. */
static void put_names(
	const struct change_step *step, const char *text, char *ret, size_t size)
{
	size_t len = 0;

	*ret = '\0';
	while (text && *text && len + 1 < size) {
		const char *name = strncmp(text, "%1", 2) == 0 ? step->path
			: strncmp(text, "%2", 2) == 0          ? step->other
							       : NULL;

		len += (size_t)(name ? snprintf(ret + len, size - len, "%s", name)
				     : snprintf(ret + len, size - len, "%c", *text));
		text += name ? 2 : 1;
	}
}

void change_describe(const struct change_step *step, char *ret, size_t size)
{
	if (step->args)
		describe_program(step->args, ret, size);
	else
		put_names(step, step->kind->text, ret, size);
}

void change_describe_why(const struct change_step *step, char *ret, size_t size)
{
	if (step->why)
		text_join(ret, size, step->why, NULL);
	else
		put_names(step, step->kind->why, ret, size);
}

void change_free(struct change *change)
{
	for (size_t i = 0; i < change->n; i++) {
		struct change_step *step = &change->steps[i];

		free(step->path);
		free(step->other);
		free(step->text);
		free(step->title);
		free(step->kernel);
		free(step->why);
		for (char **arg = step->args; arg && *arg; arg++)
			free(*arg);
		free(step->args);
		close_fd(&step->old);
	}
	free(change->steps);
	*change = (struct change){0};
}

/* ---- programs -------------------------------------------------------------------------- */

static void clear_tail(struct change_output *output)
{
	for (size_t i = 0; i < TAIL_LINES; i++)
		free(TAKE_PTR(output->tail[i]));
	output->n = 0;
}

static void take_line(void *data, const char *text)
{
	struct change_output *output = data;
	char **slot = &output->tail[output->n++ % TAIL_LINES];

	free(*slot);
	*slot = strdup(text);
	if (output->log)
		fprintf(output->log, "%s\n", text);
}

static unsigned seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)now.tv_sec;
}

static void tick(void *data)
{
	const struct change_output *output = data;
	const struct change_watcher *watcher = output->watcher;

	if (watcher && watcher->tick)
		watcher->tick(watcher->data, output->step, seconds() - output->start);
}

void change_show_output(const struct change *change)
{
	change->output->shown = true;
}

static void log_command(FILE *log, const char *const argv[])
{
	for (size_t i = 0; argv[i]; i++)
		fprintf(log, "%s%s", i ? " " : "+ ", argv[i]);
	fputc('\n', log);
}

int change_run_program(
	const struct change *change, const char *const argv[], struct message *message)
{
	struct change_output *output = change->output;
	int r;

	clear_tail(output);
	if (output->log)
		log_command(output->log, argv);
	r = run_watched(argv, take_line, tick, output);
	if (output->log)
		fflush(output->log);
	/* What puts something right is judged by its own end alone. */
	if (!output->to_the_end && run_caught_signal())
		return -EINTR;
	if (r == 0)
		return 0;
	if (r == -ENOENT)
		return message_set(message, r, "%s is not in PATH", argv[0]);
	if (r < 0)
		return message_errno(message, r, "cannot run %s", argv[0]);
	output->shown = true;
	if (r > 128)
		return message_set(
			message, -EIO, "%s was killed by signal %d", argv[0], r - 128);
	return message_set(message, -EIO, "%s failed with exit status %d", argv[0], r);
}

/* The log of this run, in place of that of the last one.  NULL: it goes without. */
static FILE *open_log(const struct change *change)
{
	int fd = -1;
	FILE *log;

	if (change->log && atomicfile_write_below(change->root, change->log, "", 0) == 0)
		fd = file_open(change->root, change->log, O_WRONLY | O_NOFOLLOW);
	log = fd < 0 ? NULL : fdopen(fd, "w");
	if (fd >= 0 && !log)
		close(fd);
	return log;
}

/* Puts the last lines together for the failure. */
static void keep_tail(const struct change_output *output, struct change_failure *failure)
{
	size_t first = output->n > TAIL_LINES ? output->n - TAIL_LINES : 0;
	struct text_stream text;

	failure->logged = output->log;
	if (!text_stream_open(&text))
		return;
	for (size_t i = first; i < output->n; i++)
		fprintf(text.out, "%s\n", output->tail[i % TAIL_LINES] ?: "");
	failure->output = text_stream_take(&text);
}

/* ---- carrying it out ------------------------------------------------------------------- */

/* What failed, where the kind did not say it. */
static void name_failure(const struct change_step *step, int r, struct message *message)
{
	char text[MESSAGE_SIZE];

	if (*message->text)
		return;
	change_describe(step, text, sizeof(text));
	message_errno(message, r, "%s", step->path ? step->path : text);
}

/* Adds what failed to @text. */
static void add_failure(const struct change_step *step, int r, struct message *message,
	char text[static MESSAGE_SIZE])
{
	char line[MESSAGE_LINE_SIZE];
	size_t len = strlen(text);

	name_failure(step, r, message);
	snprintf(text + len, MESSAGE_SIZE - len, "%s%s", len ? "; " : "",
		message_line(message, line));
}

/*
 * From here on programs run to their end, whatever signal came before; one that comes now ends the
 * program that runs, for it may hang.
 */
static void hear_signal(struct change_output *output)
{
	int signal = run_take_signal();

	output->to_the_end = true;
	output->signal = output->signal ? output->signal : signal;
}

/*
 * Undoes what has begun, the last step first, and goes on whatever fails; but a record is left then.
 */
static int undo(struct change *change, struct change_failure *failure)
{
	int first = 0;

	for (size_t i = change->n; i-- > 0;) {
		struct change_step *step = &change->steps[i];
		bool undoes =
			step->began && step->kind->undo && !(first < 0 && step->record);
		struct message message = {0};
		int r;

		hear_signal(change->output);
		r = undoes ? step->kind->undo(change, step, &message) : 0;
		if (r == 0)
			continue;
		add_failure(step, r, &message, failure->undo);
		first = first ? first : r;
	}
	return first;
}

static int run_step(struct change *change, struct change_step *step,
	const struct change_watcher *watcher, struct message *message)
{
	struct change_output *output = change->output;
	int r;

	output->watcher = watcher;
	output->step = step;
	output->start = seconds();
	if (watcher && watcher->begin)
		watcher->begin(watcher->data, step);
	step->began = true;
	r = step->kind->run(change, step, message);
	step->done = r == 0;
	if (watcher && watcher->end)
		watcher->end(watcher->data, step, r, seconds() - output->start);
	output->watcher = NULL; /* what is undone is no step */
	return r;
}

/* Says why the step failed, or was not begun, and undoes all. */
static void fail(struct change *change, const struct change_step *step, int error,
	struct change_failure *failure)
{
	hear_signal(change->output);
	if (error == -EINTR && change->output->signal) {
		failure->message = (struct message){0};
		message_set(&failure->message, error, "interrupted (%s)",
			strsignal(change->output->signal));
	} else {
		failure->step = step;
		name_failure(step, error, &failure->message);
	}
	undo(change, failure);
}

/*
 * From the first final or optional step on all is done, and what can't be removed is no failure.
 */
static int run_steps(struct change *change, const struct change_watcher *watcher,
	struct change_failure *failure)
{
	struct change_output *output = change->output;

	for (size_t i = 0; i < change->n; i++) {
		struct change_step *step = &change->steps[i];
		bool optional = step->kind->optional;
		bool final = step->kind->final || optional;
		bool stop;
		int r;

		output->to_the_end = false;
		if (final || change->unstoppable)
			hear_signal(output);
		stop = !output->to_the_end && (output->signal || run_caught_signal());
		r = stop ? -EINTR : run_step(change, step, watcher, &failure->message);
		if (r < 0 && optional)
			add_failure(step, r, &failure->message, failure->rest);
		if (final)
			failure->message = (struct message){0};
		if (r == 0 || final)
			continue;
		fail(change, step, r, failure);
		return r;
	}
	return 0;
}

/* Whoever called learns of the signal. */
static void end_output(struct change *change)
{
	struct change_output *output = change->output;

	clear_tail(output);
	if (output->log)
		fclose(output->log);
	if (output->signal)
		raise(output->signal);
	change->output = NULL;
}

int change_carry_out(struct change *change, const struct change_watcher *watcher,
	struct change_failure *ret)
{
	struct change_output output = {.log = open_log(change)};
	int r;

	*ret = (struct change_failure){0};
	change->output = &output;
	r = run_steps(change, watcher, ret);
	if (ret->step && output.shown)
		keep_tail(&output, ret);
	end_output(change);
	return r;
}

int change_undo(struct change *change, struct change_failure *ret)
{
	struct change_output output = {0};
	int r;

	*ret = (struct change_failure){0};
	change->output = &output;
	r = undo(change, ret);
	end_output(change);
	return r;
}

void change_free_failure(struct change_failure *failure)
{
	free(TAKE_PTR(failure->output));
}
