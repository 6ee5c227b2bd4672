/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameters that were put into any text come out of it again, and leave what there was. */
#include <stdint.h>
#include <string.h>

#include "chain/loaders/param_text.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char words[] = "iommu.x=1 video=z:off";
	_cleanup_free_ char *text = malloc(size + 1);

	CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (strstr(text, "iommu.x=1") || strstr(text, "video=z:off"))
		return 0;
	for (int form = PARAM_LINE; form <= PARAM_SHELL; form++) {
		_cleanup_free_ char *added = NULL, *removed = NULL;

		CHECK(param_text_add((enum param_form)form, "V", text, words, &added) ==
			0);
		CHECK(strstr(added, words));
		CHECK(strlen(added) > strlen(text));
		CHECK(param_text_remove(
			      (enum param_form)form, "V", added, words, &removed) == 0);
		CHECK(strcmp(removed, text) == 0);
	}
	return 0;
}
