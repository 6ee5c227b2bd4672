/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What inih's object wants of the C library, as little as it uses: with musl the static
 * program is a fifth smaller for it (the Makefile links this file with musl alone).
 *
 * The heap is one block: inih asks for the line that it reads (ini.c, ini_parse_stream: one
 * malloc, reallocs of it, one free); whoever asks for more gets ENOMEM.  Files are read
 * through a reader of our own: ini_parse() and ini_parse_file(), which are in the same object,
 * and the stdio functions that they call never run.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(max_align_t) char block[1024];
static bool in_use;

void *malloc(size_t size)
{
	if (in_use || size > sizeof(block)) {
		errno = ENOMEM;
		return NULL;
	}
	in_use = true;
	return block;
}

void *realloc(void *p, size_t size)
{
	if (!p)
		return malloc(size);
	if (size > sizeof(block)) {
		errno = ENOMEM;
		return NULL;
	}
	return p;
}

void free(void *p)
{
	if (p)
		in_use = false;
}

/* inih looks each character of a line up in a set of two: musl's, for long texts, takes thrice as long. */
char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

/* glibc's name of fopen() for large files; a distribution's inih was compiled with glibc. */
#undef fopen64
FILE *fopen64(const char *path, const char *mode);

FILE *fopen64(const char *path, const char *mode)
{
	(void)path;
	(void)mode;
	errno = ENOSYS;
	return NULL;
}

char *fgets(char *str, int size, FILE *file)
{
	(void)str;
	(void)size;
	(void)file;
	return NULL;
}

int fclose(FILE *file)
{
	(void)file;
	return EOF;
}
