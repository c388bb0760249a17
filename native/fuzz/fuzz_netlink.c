/* SPDX-License-Identifier: BSD-3-Clause */
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "host/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sl_nl_event *e)
{
	unsigned int bits = e->family == 4 ? 32 : e->family == 6 ? 128 : 0;

	if (e->kind == SL_NL_ROUTE || e->kind == SL_NL_ADDRESS)
		if (bits == 0 || e->length > bits)
			abort();
	if (e->kind == SL_NL_NEIGHBOR && bits == 0)
		abort();
	if (e->has_gateway && e->kind == SL_NL_ROUTE && e->gateway_family != 4 &&
	    e->gateway_family != 6)
		abort();
	if (memchr(e->name, 0, sizeof(e->name)) == NULL ||
	    memchr(e->alias, 0, sizeof(e->alias)) == NULL)
		abort();
}

/* What a read of the socket gave, whatever it is, walked as the mirror does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own, aligned and exactly as long, so that a sanitizer sees a byte too many. */
	uint8_t *copy = malloc(size + (size == 0));
	const struct nlmsghdr *m = (const void *)copy;
	int left = (int)size;

	if (!copy || size > 1u << 20) {
		free(copy);
		return 0;
	}
	memcpy(copy, data, size);
	for (; sl_nl_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		struct sl_nl_event event;

		sl_nl_parse(m, &event);
		check(&event);
	}
	free(copy);
	return 0;
}
