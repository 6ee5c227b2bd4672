/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way in which lower layers say what went wrong: what is wrong, and what to do.  Who can
 * fail for more reasons than an -errno says takes a struct message as the last parameter:
 *
 *	int thing_do(const struct root *root, struct message *message)
 *	{
 *		r = file_read(root, path, &text, NULL);
 *		if (r < 0)
 *			return message_errno(message, r, "cannot read %s", path);
 *		if (!is_sound(text)) {
 *			message_remedy(message, "write it again with 'vfioboot add'");
 *			return message_set(message, -EBADMSG, "%s is damaged", path);
 *		}
 *
 * Callers pass it on, say it, or put in front what it is about (message_prefix()); nobody puts one
 * together from another's text.  The text names the file, line or device, begins in lower case and
 * has no full stop, like the remedy, which is an imperative.  A command says "vfioboot COMMAND:
 * TEXT; REMEDY".
 */
#ifndef VFIOBOOT_MESSAGE_H
#define VFIOBOOT_MESSAGE_H

#define MESSAGE_SIZE      512 /* bytes of each text with its NUL; a longer one is cut */
#define MESSAGE_LINE_SIZE (2 * MESSAGE_SIZE) /* of both with what is between them */

/* Begins as {0}: nothing to say. */
struct message {
	int code;                /* -errno: by it callers decide, never by the text */
	char text[MESSAGE_SIZE]; /* what is wrong */
	char remedy
		[MESSAGE_SIZE]; /* what to do; "": nothing that the text does not say */
};

/* What went wrong by @code, an errno or -errno, in words that are for people; strerror() of the rest. */
const char *errno_text(int code);

/* Sets code and text.  Returns @code.  @message NULL: nobody wants the text. */
int message_set(struct message *message, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same, with ": " and what @code means behind the text.  Where that is permission, and this does
 * not run as root, the remedy is to run it so, in place of one that was set before.
 */
int message_errno(struct message *message, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the remedy, before or after the text. */
void message_remedy(struct message *message, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Sets code and text, with ": " and the text that was there behind it; without one, with what @code
 * means: what failed, and why.
 */
int message_prefix(struct message *message, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "TEXT; REMEDY", or the one of them that is not "".  Returns @ret. */
const char *message_line(
	const struct message *message, char ret[static MESSAGE_LINE_SIZE]);

#endif
