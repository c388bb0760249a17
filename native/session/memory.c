// SPDX-License-Identifier: BSD-3-Clause
#include "session/memory.h"

#include <errno.h>
#include <linux/memfd.h>
#include <rte_common.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define THP "/sys/kernel/mm/transparent_hugepage/"

/* Does madvise() bring huge pages? `path` reads like "always [madvise] never". */
static bool huge_on_advice(const char *path)
{
	char line[128] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	return line[0] && !strstr(line, "[never]") && !strstr(line, "[deny]");
}

static int map_fd(struct sl_memory *m, const char *name, unsigned int flags)
{
	int err;

	m->fd = memfd_create(name, MFD_CLOEXEC | flags);
	if (m->fd < 0)
		return -errno;
	if (ftruncate(m->fd, (off_t)m->size) == 0) {
		m->base = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
		if (m->base != MAP_FAILED)
			return 0;
	}
	err = -errno;
	close(m->fd);
	m->fd = -1;
	return err;
}

/* Aligned to huge pages, or the first and the last would be small ones. */
static int map_private(struct sl_memory *m)
{
	uint8_t *p = mmap(NULL, m->size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (p == MAP_FAILED)
		return -errno;
	head = RTE_ALIGN_CEIL((uintptr_t)p, HUGE_PAGE) - (uintptr_t)p;
	if (head)
		munmap(p, head);
	if (head < HUGE_PAGE)
		munmap(p + head + m->size, HUGE_PAGE - head);
	m->base = p + head;
	m->fd = -1;
	return 0;
}

static int map(struct sl_memory *m, const char *name, int flags)
{
	int err;

	/* Less than a huge page is not worth one. */
	if (m->size < HUGE_PAGE) {
		m->kind = SL_MEMORY_PLAIN;
		return map_fd(m, name, 0);
	}
	m->size = RTE_ALIGN_CEIL(m->size, HUGE_PAGE);
	m->kind = SL_MEMORY_HUGETLB;
	if (map_fd(m, name, MFD_HUGETLB | MFD_HUGE_2MB) == 0)
		return 0;
	m->kind = SL_MEMORY_PLAIN;
	if (huge_on_advice(THP "shmem_enabled"))
		m->kind = SL_MEMORY_SHMEM_THP;
	else if (!(flags & SL_MEMORY_MAPPABLE) && huge_on_advice(THP "enabled"))
		m->kind = SL_MEMORY_PRIVATE;
	err = m->kind == SL_MEMORY_PRIVATE ? map_private(m) : map_fd(m, name, 0);
	if (err == 0 && m->kind != SL_MEMORY_PLAIN)
		madvise(m->base, m->size, MADV_HUGEPAGE);
	return err;
}

int sl_memory_create(struct sl_memory *memory, const char *name, size_t size, int flags)
{
	struct sl_memory m = {.size = RTE_ALIGN_CEIL(size, (size_t)4096), .fd = -1};
	int err = map(&m, name, flags);

	if (err)
		return err;
	if (flags & SL_MEMORY_POPULATE && madvise(m.base, m.size, MADV_POPULATE_WRITE) != 0) {
		/* Kernels before 5.14 do not know it; running out of memory is another matter. */
		if (errno != EINVAL) {
			err = -errno;
			sl_memory_destroy(&m);
			return err;
		}
		for (size_t i = 0; i < m.size; i += 4096)
			((volatile uint8_t *)m.base)[i] = 0;
	}
	*memory = m;
	return 0;
}

void sl_memory_destroy(struct sl_memory *memory)
{
	if (!memory->base)
		return;
	munmap(memory->base, memory->size);
	if (memory->fd >= 0)
		close(memory->fd);
	*memory = (struct sl_memory){.fd = -1};
}
