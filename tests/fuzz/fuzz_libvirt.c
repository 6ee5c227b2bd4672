/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the definition of a guest: it is read or refused, with a message, and of what is read
 * each function is there once.
 */
#include <stdint.h>

#include "check.h"
#include "handover/handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libvirt_domain domain = {0};
	struct message message = {0};
	int r = libvirt_read_domain((const char *)data, size, &domain, &message);

	CHECK(r <= 0 && message.code == r && !message.text[0] == !r);
	CHECK(r == 0 || !domain.functions);
	for (size_t i = 0; i < domain.n; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(!pci_address_equal(
				domain.functions[i], domain.functions[j]));
	libvirt_free_domain(&domain);
	return 0;
}
