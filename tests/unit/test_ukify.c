/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which settings of ukify are keys. */
#include "chain/loaders/ukify.h"
#include "support.h"

static void has(const char *text, bool secureboot, bool measurements)
{
	_cleanup_(ukify_free) struct ukify keys = {0};

	assert_int_equal(ukify_parse(text, &keys), 0);
	assert_int_equal(keys.secureboot, secureboot);
	assert_int_equal(keys.measurements, measurements);
}

static void test_keys(void **state)
{
	has("", false, false);
	has("[UKI]\nSecureBootPrivateKey=/k\nSecureBootCertificate = /c\n", true, false);
	has("[UKI]\nSecureBootPrivateKey=/k\n", false, false);
	has("[UKI]\nSecureBootCertificateName=x\n", true, false);
	has("[UKI]\nSecureBootSigningTool=pesign\n", false, false);
	has("[PCRSignature:a]\nPCRPrivateKey=/k\n", false, true);
	has("[UKI]\nPCRPrivateKey=/k\n", false, false);
}

static void test_no_keys(void **state)
{
	has("[UKI]\n#SecureBootPrivateKey=/k\n  # SecureBootCertificate=/c\n", false,
		false);
	has("[UKI]\nSecureBootPrivateKey= # none\nSecureBootCertificate=\n", false,
		false);
	has("[Other]\nSecureBootPrivateKey=/k\nSecureBootCertificate=/c\n", false, false);
	has("SecureBootCertificateName=x\n[PCRSignature]\nPCRPrivateKey=/k\n", false,
		false);
}

static void test_what_is_taken(void **state)
{
	_cleanup_(ukify_free) struct ukify keys = {0};

	assert_int_equal(ukify_parse("[UKI]\n"
				     "Initrd=/a\n"
				     " /b\n"
				     "Cmdline=quiet\n"
				     "Stub=/stub\n"
				     "PCRBanks=sha256\n"
				     "[PCRSignature:a]\n"
				     "PCRPrivateKey=/k\n"
				     "# of the initrd\n"
				     "Phases=enter-initrd\n"
				     "  enter-initrd:leave-initrd\n"
				     "\n"
				     "[Other]\n"
				     "Stub=/no\n"
				     " more\n",
				 &keys),
		0);
	assert_string_equal(keys.signing,
		"[UKI]\nStub=/stub\nPCRBanks=sha256\n[PCRSignature:a]\nPCRPrivateKey=/k\n"
		"Phases=enter-initrd\n  enter-initrd:leave-initrd\n");
	assert_string_equal(keys.plain, "[UKI]\nStub=/stub\n");
}

static void test_where(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(ukify_free) struct ukify none = {0}, system = {0}, own = {0};

	assert_int_equal(ukify_read(&root, &none), 0);
	assert_string_equal(none.signing, "");
	fake_put("usr/lib/systemd/ukify.conf", "[UKI]\nStub=/ukify\n");
	fake_put("usr/lib/kernel/uki.conf", "[UKI]\nSecureBootCertificateName=x\n");
	assert_int_equal(ukify_read(&root, &system), 0);
	assert_true(system.secureboot);
	/* One file counts, even when it has none. */
	fake_put("etc/kernel/uki.conf", "");
	assert_int_equal(ukify_read(&root, &own), 0);
	assert_false(own.secureboot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_what_is_taken),
		ROOT_TEST(test_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
