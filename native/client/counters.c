/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/sluice.h"
#include "layout.h"

#define MOST_ARRAYS 64

struct sluice_counters {
	uint8_t *map;
	uint64_t size;
	ino_t inode;
	uint32_t workers, arrays;
	struct sl_counters_array array[MOST_ARRAYS]; /* a copy: what was checked is what is used */
	char path[4096];
};

/* Readers give room for records of these sizes; others of these names are another version's. */
static const struct {
	const char *name;
	uint32_t record;
} known[] = {
	{"drop", sizeof(struct sl_drop_counter)},     {"rule", sizeof(struct sl_rule_counter)},
	{"iface", sizeof(struct sl_iface_counter)},   {"worker", sizeof(struct sl_worker_counter)},
	{"log", sizeof(struct sl_log_ring) + SL_LOG_RING_RECORDS * sizeof(struct sl_log_record)},
	{"names", 1},
};

static bool size_known(const struct sl_counters_array *a)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp((const char *)a->name, known[i].name) == 0)
			return a->record == known[i].record;
	return true;
}

/* Does the array lie within the file, for every worker? */
static bool fits(const struct sluice_counters *c, const struct sl_counters_array *a)
{
	uint64_t bytes = (uint64_t)a->count * a->record;
	uint32_t copies = a->stride ? c->workers : 1;

	if (a->record == 0 || a->offset % 8 || a->stride % 8 || a->offset > c->size ||
	    bytes > c->size - a->offset || memchr(a->name, 0, sizeof(a->name)) == NULL ||
	    !size_known(a))
		return false;
	if (a->stride && (a->stride < bytes || a->stride > c->size))
		return false;
	return a->stride * (copies - 1) <= c->size - a->offset - bytes;
}

static int check(struct sluice_counters *c)
{
	struct sl_counters_head head;

	if (c->size < sizeof(head))
		return -EPROTO;
	memcpy(&head, c->map, sizeof(head));
	if (head.magic != SL_COUNTERS_MAGIC || head.version != SL_PROTOCOL_VERSION ||
	    head.total > c->size || head.workers == 0 || head.workers > 1024 ||
	    head.arrays > MOST_ARRAYS ||
	    c->size < sizeof(head) + head.arrays * sizeof(c->array[0]))
		return -EPROTO;
	c->workers = head.workers;
	c->arrays = head.arrays;
	memcpy(c->array, c->map + sizeof(head), head.arrays * sizeof(c->array[0]));
	for (uint32_t i = 0; i < c->arrays; i++)
		if (!fits(c, &c->array[i]))
			return -EPROTO;
	return 0;
}

int sluice_counters_open(const char *run_dir, struct sluice_counters **counters)
{
	struct sluice_counters *c = calloc(1, sizeof(*c));
	int fd = -1, error = -ENOMEM;
	struct stat st;

	if (!c)
		return error;
	if (snprintf(c->path, sizeof(c->path), "%s/counters", run_dir) >= (int)sizeof(c->path)) {
		error = -ENAMETOOLONG;
		goto fail;
	}
	fd = open(c->path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error = -errno;
		goto fail;
	}
	c->size = (uint64_t)st.st_size;
	c->inode = st.st_ino;
	c->map = c->size ? mmap(NULL, c->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : NULL;
	if (c->map == MAP_FAILED || !c->map) {
		error = c->map ? -errno : -EPROTO;
		c->map = NULL;
		goto fail;
	}
	error = check(c);
	if (error)
		goto fail;
	close(fd);
	*counters = c;
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	sluice_counters_close(c);
	return error;
}

void sluice_counters_close(struct sluice_counters *c)
{
	if (c && c->map)
		munmap(c->map, c->size);
	free(c);
}

int sluice_counters_stale(const struct sluice_counters *c)
{
	struct stat st;

	if (stat(c->path, &st) < 0)
		return errno == ENOENT ? 1 : -errno;
	return st.st_ino != c->inode;
}

void sluice_counters_head(const struct sluice_counters *c, void *head)
{
	memcpy(head, c->map, sizeof(struct sl_counters_head));
}

static const struct sl_counters_array *find(const struct sluice_counters *c, const char *name,
					    uint32_t worker)
{
	for (uint32_t i = 0; i < c->arrays; i++)
		if (strcmp((const char *)c->array[i].name, name) == 0)
			return worker < (c->array[i].stride ? c->workers : 1) ? &c->array[i] : NULL;
	return NULL;
}

int64_t sluice_counters_read(const struct sluice_counters *c, const char *name, uint32_t worker,
			     uint32_t first, uint32_t count, void *records)
{
	const struct sl_counters_array *a = find(c, name, worker);

	if (!a || first > a->count || count > a->count - first)
		return -ENOENT;
	memcpy(records, c->map + a->offset + worker * a->stride + (uint64_t)first * a->record,
	       (size_t)count * a->record);
	return (int64_t)count * a->record;
}

int64_t sluice_log_take(struct sluice_counters *c, uint32_t worker, void *records, uint32_t most,
			uint64_t *lost, uint64_t *limited)
{
	const struct sl_counters_array *a = find(c, "log", worker);
	struct sl_log_record *out = records;
	const struct sl_log_record *ring_records;
	struct sl_log_ring *ring;
	uint64_t head, tail, n = 0;

	if (!a || (uint64_t)a->count * a->record <
			  sizeof(*ring) + SL_LOG_RING_RECORDS * sizeof(struct sl_log_record))
		return -ENOENT;
	ring = (struct sl_log_ring *)(void *)(c->map + a->offset + worker * a->stride);
	ring_records = (const struct sl_log_record *)(ring + 1);
	head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	tail = ring->tail;
	if (head - tail > SL_LOG_RING_RECORDS)
		tail = head - SL_LOG_RING_RECORDS;
	for (; tail != head && n < most; tail++)
		out[n++] = ring_records[tail % SL_LOG_RING_RECORDS];
	__atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
	*lost = ring->lost;
	*limited = ring->limited;
	return (int64_t)n;
}
