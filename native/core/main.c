/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/rig.h"
#include "core/control.h"
#include "core/eal.h"
#include "core/file.h"
#include "core/live.h"
#include "core/offline.h"

static const char usage[] =
	"sluice-datapath [options]      forward packets\n"
	"sluice-datapath --offline      judge packets from stdin, see src/tables/messages.ts\n"
	"sluice-datapath --bench …      measure, on the template rig\n"
	"\n"
	"  --run-dir DIR   control socket, counters and last image (/run/sluice)\n"
	"  --image FILE    first image instead of the last one\n"
	"  --workers N     1..64 (1)\n"
	"  --cpus LIST     CPUs of the workers in turn (all but the first)\n"
	"  --memory MB     packet memory (256); a list is of the NUMA nodes in turn: 0,256\n"
	"  --buffers N     packet buffers (32768)\n"
	"  --no-huge       plain memory even where huge pages are free\n";

static bool number(const char *text, unsigned int least, unsigned int most, unsigned int *value)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v < least || v > most)
		return false;
	*value = (unsigned int)v;
	return true;
}

/* "MB" or "MB,MB": the sum, and the list where it is one. */
static bool memory(const char *list, struct sl_options *o)
{
	const unsigned int most = 1u << 20;
	unsigned long sum = 0;
	const char *at = list;

	for (;;) {
		char *end;
		unsigned long mb = strtoul(at, &end, 10);

		if (*at < '0' || *at > '9' || mb > most)
			return false;
		sum += mb;
		if (!*end)
			break;
		if (*end != ',')
			return false;
		at = end + 1;
	}
	o->memory_mb = (unsigned int)sum;
	o->memory = strchr(list, ',') ? list : NULL;
	return sum >= 64 && sum <= most;
}

static int parse(int argc, char **argv, struct sl_options *o)
{
	static const struct option longs[] = {
		{"run-dir", 1, NULL, 'r'}, {"image", 1, NULL, 'i'},   {"workers", 1, NULL, 'w'},
		{"cpus", 1, NULL, 'c'},	   {"memory", 1, NULL, 'm'},  {"buffers", 1, NULL, 'b'},
		{"no-huge", 0, NULL, 'H'}, {"help", 0, NULL, 'h'},    {NULL, 0, NULL, 0},
	};
	bool good = true;
	int c;

	while (good && (c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'r': o->run_dir = optarg; break;
		case 'i': o->image = optarg; break;
		case 'w': good = number(optarg, 1, SL_MAX_WORKERS, &o->workers); break;
		case 'c': o->cpus = optarg; break;
		case 'm': good = memory(optarg, o); break;
		case 'b': good = number(optarg, 1024, 1u << 24, &o->buffers); break;
		case 'H': o->no_huge = true; break;
		default: good = false; break;
		}
	}
	if (good && optind == argc)
		return 0;
	fputs(usage, stderr);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct sl_options options = {
		.run_dir = "/run/sluice", .workers = 1, .memory_mb = 256, .buffers = 32768};

	if (argc > 1 && strcmp(argv[1], "--offline") == 0)
		return sl_offline_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--bench") == 0)
		return sl_bench_main(argc - 1, argv + 1);
	if (parse(argc, argv, &options) < 0)
		return 2;
	return sl_live_main(&options);
}
