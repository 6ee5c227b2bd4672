/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts our part into the text of custom.cfg, between two marks, and finds it there. */
#include "grub_custom.h"

#include "grub_cfg.h"
#include "grub_env.h"

#define PART_BEGIN "# --- begin: the trial of vfioboot, which removes it again ---\n"
/* Behind a last line that has no newline: it gets one, and loses it again. */
#define PART_BEHIND                                                                        \
	"\n# --- begin: the trial of vfioboot, which removes it and the newline before --" \
	"-\n"
#define PART_END "# --- end: the trial of vfioboot ---\n"

int grub_custom_set_part(const char *text, const char *part, char **ret)
{
	const char *behind = strstr(text, PART_BEHIND), *mark = PART_BEGIN;
	const char *begin = behind ? behind : strstr(text, PART_BEGIN);
	const char *end = begin ? strstr(begin, PART_END) : NULL;
	char *made;

	if (begin ? !end : strstr(text, PART_END) != NULL)
		return -EBADMSG;
	if (!begin)
		begin = end = text + strlen(text);
	else
		end += strlen(PART_END);
	if (begin > text && begin[-1] != '\n')
		mark = PART_BEHIND;
	if (asprintf(&made, "%.*s%s%s%s%s", (int)(begin - text), text, part ? mark : "",
		    part ? part : "", part ? PART_END : "", end) < 0)
		return -ENOMEM;
	*ret = made;
	return 0;
}

int grub_custom_read_menu(
	const struct root *root, const struct grub_names *names, char **ret)
{
	_cleanup_free_ char *config = NULL, *custom = NULL, *others = NULL, *both = NULL;
	char path[64];
	int r = file_read(root, names->config, &config, NULL);

	if (r < 0)
		return r;
	text_join(path, sizeof(path), names->directory, "/custom.cfg", NULL);
	if (grub_cfg_has(config, "custom.cfg") &&
		file_read(root, path, &custom, NULL) == 0 &&
		grub_custom_set_part(custom, NULL, &others) < 0)
		others = TAKE_PTR(custom);
	if (asprintf(&both, "%s\n%s", config, others ? others : "") < 0)
		return -ENOMEM;
	*ret = grub_cfg_split(both);
	return *ret ? 0 : -ENOMEM;
}
