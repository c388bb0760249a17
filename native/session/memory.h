/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

/* Big memory that is addressed by index and touched as it is used. */

enum sl_memory_kind {
	SL_MEMORY_HUGETLB,   /* memfd of reserved huge pages */
	SL_MEMORY_SHMEM_THP, /* memfd, the kernel makes huge pages of it */
	SL_MEMORY_PRIVATE,   /* no memfd: anonymous with transparent huge pages */
	SL_MEMORY_PLAIN,     /* memfd of 4 KiB pages */
};

struct sl_memory {
	void *base; /* zeroed, page aligned */
	size_t size;
	int fd; /* -1 for SL_MEMORY_PRIVATE */
	enum sl_memory_kind kind;
};

#define SL_MEMORY_MAPPABLE 1 /* others will map it: never SL_MEMORY_PRIVATE */
#define SL_MEMORY_POPULATE 2 /* touch all of it now */

/* 0 or -errno. Takes the first kind that the machine has. */
int sl_memory_create(struct sl_memory *memory, const char *name, size_t size, int flags);
void sl_memory_destroy(struct sl_memory *memory);
