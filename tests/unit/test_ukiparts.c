/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sections come into another image. */
#include "chain/loaders/ukiparts.h"
#include "support.h"

/* An image with the sections, which end with NULL, as "+linux +initrd", and what is unknown. */
static const char *sort(const char *const *names)
{
	static char text[128];
	struct pe_image image = {0};
	struct ukiparts parts;

	for (; *names; names++)
		strcpy(image.sections[image.n++].name, *names);
	ukiparts_read(&image, &parts);
	text[0] = '\0';
	for (size_t i = 0; i < UKIPARTS_N; i++)
		if (parts.has[i])
			strcat(strcat(text, "+"), ukiparts[i].file);
	return strcat(text, parts.unknown);
}

#define sorts(wanted, ...)                                                               \
	assert_string_equal(sort((const char *const[]){__VA_ARGS__, NULL}), wanted)

static void test_sections(void **state)
{
	(void)state;
	sorts("+linux+initrd+splash", ".text", ".rodata", ".data", ".sbat", ".sdmagic",
		".reloc", ".osrel", ".cmdline", ".uname", ".splash", ".linux", ".initrd");
	sorts("+linux+ucode+dtb", ".linux", ".ucode", ".dtb", ".sbat", ".sdmagic");
}

static void test_unknown(void **state)
{
	(void)state;
	sorts("+linux.hwids", ".text", ".osrel", ".hwids", ".linux", ".efifw");
	sorts("+linux.dtbauto", ".linux", ".dtbauto");
	/* Of another profile more would follow. */
	sorts("+linux.profile", ".linux", ".profile", ".cmdline");
}

static void test_key(void **state)
{
	(void)state;
	sorts("+linux+pcrpkey", ".linux", ".pcrpkey");
	/* Made of the key that signs. */
	sorts("+linux", ".linux", ".pcrpkey", ".pcrsig");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
