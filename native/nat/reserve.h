/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <sys/mman.h>

/* Zeroed memory of which most is never touched: whatever malloc is told to do, it costs nothing. */

/* NULL: there is none. */
static inline void *sl_reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline void sl_unreserve(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}
