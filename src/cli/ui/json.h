/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All JSON that the commands print, by json-c.  It is valid UTF-8 whatever bytes the texts hold.
 * Without memory the program ends (text.h).
 */
#ifndef VFIOBOOT_JSON_H
#define VFIOBOOT_JSON_H

#include <json-c/json.h>
#include <stdbool.h>

/* An object that nothing holds yet, for json_print(). */
struct json_object *json_new_top(void);

/* A new object, or array, as the member @key (NULL in an array) of @parent, which owns it. */
struct json_object *json_add_object(struct json_object *parent, const char *key);
struct json_object *json_add_array(struct json_object *parent, const char *key);

/* Add a member to an object, or with a @key of NULL to an array.  A text "" or NULL is null. */
void json_add_text(struct json_object *parent, const char *key, const char *text);
void json_add_number(struct json_object *parent, const char *key, unsigned long number);
void json_add_bool(struct json_object *parent, const char *key, bool value);
void json_add_null(struct json_object *parent, const char *key);

/* The text of @top, in its memory. */
const char *json_to_text(struct json_object *top);

/* Prints that to standard output and frees @top. */
void json_print(struct json_object *top);

#endif
