/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { DROP, RULE, IFACE, WORKER, LOG, NAMES, ARRAYS };

static const struct {
	const char *name;
	uint32_t count, record;
	bool shared; /* one array of all */
} layout[ARRAYS] = {
	[DROP] = {"drop", SL_DROP_REASONS, sizeof(struct sl_drop_counter), false},
	[RULE] = {"rule", SL_MAX_RULES, sizeof(struct sl_rule_counter), false},
	[IFACE] = {"iface", SL_MAX_IFACES, sizeof(struct sl_iface_counter), false},
	[WORKER] = {"worker", 1, sizeof(struct sl_worker_counter), false},
	[LOG] = {"log", 1,
		 sizeof(struct sl_log_ring) + SL_LOG_RING_RECORDS * sizeof(struct sl_log_record),
		 false},
	[NAMES] = {"names", 8192, 1, true},
};

static uint64_t pages(uint64_t bytes)
{
	return (bytes + 4095) & ~4095ull;
}

static struct sl_counters_array *arrays(struct sl_datapath *dp)
{
	return (struct sl_counters_array *)(dp->counters_head + 1);
}

static uint64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void write_names(char *names, size_t size)
{
	size_t at = 0;

	for (unsigned int reason = 0; reason < SL_DROP_REASONS; reason++) {
		size_t length = strlen(sl_drop_name(reason)) + 1;

		if (at + length > size)
			break;
		memcpy(names + at, sl_drop_name(reason), length);
		at += length;
	}
}

static int map_file(const char *path, uint64_t total, void **map)
{
	char next[4096];
	int fd, error;

	if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next))
		return -ENAMETOOLONG;
	unlink(next);
	fd = open(next, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)total) < 0)
		goto fail;
	*map = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*map == MAP_FAILED)
		goto fail;
	close(fd);
	return 0;
fail:
	error = -errno;
	close(fd);
	unlink(next);
	return error;
}

static int publish(const char *path)
{
	char next[4096];

	snprintf(next, sizeof(next), "%s.new", path);
	return rename(next, path) < 0 ? -errno : 0;
}

int sl_counters_create(struct sl_datapath *dp, const char *path)
{
	uint64_t total = pages(sizeof(struct sl_counters_head) +
			       ARRAYS * sizeof(struct sl_counters_array));
	struct sl_counters_array array[ARRAYS] = {0};
	void *map;
	int error;

	for (unsigned int i = 0; i < ARRAYS; i++) {
		uint64_t stride = pages((uint64_t)layout[i].count * layout[i].record);

		snprintf((char *)array[i].name, sizeof(array[i].name), "%s", layout[i].name);
		array[i].offset = total;
		array[i].stride = layout[i].shared ? 0 : stride;
		array[i].count = layout[i].count;
		array[i].record = layout[i].record;
		total += layout[i].shared ? stride : stride * dp->workers;
	}
	if (path) {
		error = map_file(path, total, &map);
		if (error)
			return error;
	} else {
		map = mmap(NULL, total, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (map == MAP_FAILED)
			return -errno;
	}
	dp->counters = map;
	dp->counters_head = map;
	*dp->counters_head = (struct sl_counters_head){
		.magic = SL_COUNTERS_MAGIC,
		.version = SL_PROTOCOL_VERSION,
		.total = total,
		.boot = realtime_ns(),
		.pid = (uint32_t)getpid(),
		.workers = dp->workers,
		.arrays = ARRAYS,
	};
	memcpy(arrays(dp), array, sizeof(array));
	write_names((char *)map + array[NAMES].offset, layout[NAMES].count);
	return path ? publish(path) : 0;
}

void sl_counters_attach(struct sl_datapath *dp, struct sl_worker *w)
{
	const struct sl_counters_array *array = arrays(dp);
	uint8_t *base = dp->counters;
	void *at[ARRAYS];

	for (unsigned int i = 0; i < ARRAYS; i++)
		at[i] = base + array[i].offset + w->index * array[i].stride;
	w->drops = at[DROP];
	w->rules = at[RULE];
	w->ifaces = at[IFACE];
	w->self = at[WORKER];
	w->log = at[LOG];
}
