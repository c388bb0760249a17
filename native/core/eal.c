/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/eal.h"

#include <dirent.h>
#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hugepages.h"

/* Does each NUMA node have what "MB,MB" asks of it in turn? */
static bool nodes_have(const char *list)
{
	int node = 0;

	for (const char *at = list; at; at = strchr(at, ','), node++) {
		at += *at == ',';
		if (!sl_hugepages_free(node, strtoul(at, NULL, 10) << 20))
			return false;
	}
	return true;
}

/* Parses a CPU list like "1,3-5" into cpus[]; the count, or 0 if it is malformed. */
static unsigned int cpu_list(const char *text, int *cpus, unsigned int max)
{
	unsigned int n = 0;

	while (*text) {
		char *end;
		long lo = strtol(text, &end, 10), hi = lo;

		if (end == text || lo < 0)
			return 0;
		if (*end == '-') {
			text = end + 1;
			hi = strtol(text, &end, 10);
			if (end == text || hi < lo)
				return 0;
		}
		if (hi >= CPU_SETSIZE)
			return 0;
		for (long cpu = lo; cpu <= hi && n < max; cpu++)
			cpus[n++] = (int)cpu;
		if (*end == ',')
			end++;
		else if (*end)
			return 0;
		text = end;
	}
	return n;
}

static unsigned int allowed_cpus(int *cpus, unsigned int max)
{
	unsigned int n = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && n < max; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = cpu;
	return n;
}

static int node_of(int cpu)
{
	char path[64];

	for (int node = 0; node < RTE_MAX_NUMA_NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/node%d", cpu, node);
		if (access(path, F_OK) == 0)
			return node;
	}
	return 0;
}

/* Threads that may run on either of the two CPUs go to the first. */
static void leave_to_worker(int first, int worker)
{
	DIR *threads = opendir("/proc/self/task");
	cpu_set_t both, one, have;
	struct dirent *entry;

	CPU_ZERO(&both);
	CPU_SET(first, &both);
	one = both;
	CPU_SET(worker, &both);
	while (threads && (entry = readdir(threads))) {
		pid_t thread = atoi(entry->d_name);

		if (thread > 0 && sched_getaffinity(thread, sizeof(have), &have) == 0 &&
		    CPU_EQUAL(&have, &both))
			sched_setaffinity(thread, sizeof(one), &one);
	}
	if (threads)
		closedir(threads);
}

int sl_eal_start(struct sl_options *options, struct sl_datapath *dp)
{
	int allowed[CPU_SETSIZE], chosen[CPU_SETSIZE], argc = 0;
	unsigned int n_allowed = allowed_cpus(allowed, CPU_SETSIZE), n, at = 0;
	char lcores[4096], prefix[64], memory[32], *argv[24];
	bool away;

	if (n_allowed == 0)
		return -ENODEV;
	if (options->cpus) {
		n = cpu_list(options->cpus, chosen, CPU_SETSIZE);
		if (n == 0)
			return -EINVAL;
	} else {
		/* The first CPU is left to the kernel and the control threads when there is another. */
		n = n_allowed > 1 ? n_allowed - 1 : 1;
		memcpy(chosen, n_allowed > 1 ? allowed + 1 : allowed, n * sizeof(chosen[0]));
	}
	dp->shared_cpu = options->workers > n || n_allowed == 1;
	/*
	 * DPDK takes memory of the main thread's node, and some of it there alone. Where the workers
	 * and their huge pages are on another, a main thread of both nodes takes what there is.
	 */
	away = !options->offline && node_of(allowed[0]) != node_of(chosen[0]);
	if (away)
		at += (unsigned int)snprintf(lcores, sizeof(lcores), "0@(%d,%d)", allowed[0],
					     chosen[0]);
	else
		at += (unsigned int)snprintf(lcores, sizeof(lcores), "0@%d", allowed[0]);
	for (unsigned int i = 0; i < options->workers && !options->offline; i++)
		at += (unsigned int)snprintf(lcores + at, sizeof(lcores) - at, ",%u@%d", i + 1,
					     chosen[i % n]);
	snprintf(prefix, sizeof(prefix), "--file-prefix=sluice-%d", (int)getpid());
	snprintf(memory, sizeof(memory), "%u", options->memory_mb);

	argv[argc++] = (char *)"sluice-datapath";
	argv[argc++] = (char *)"--lcores";
	argv[argc++] = lcores;
	argv[argc++] = prefix;
	argv[argc++] = (char *)"--no-telemetry";
	argv[argc++] = (char *)"--log-level=*:error";
	if (options->no_huge || !sl_hugepages_free(-1, (unsigned long)options->memory_mb << 20)) {
		options->no_huge = true;
		argv[argc++] = (char *)"--no-huge";
		argv[argc++] = (char *)"--no-shconf";
	} else {
		argv[argc++] = (char *)"--in-memory";
	}
	if (!options->no_huge && options->memory && nodes_have(options->memory)) {
		argv[argc++] = (char *)"--socket-mem";
		argv[argc++] = (char *)options->memory;
	} else {
		argv[argc++] = (char *)"-m";
		argv[argc++] = memory;
	}
	if (options->offline) {
		argv[argc++] = (char *)"--no-pci";
	} else {
		/* No PCI device is taken but the ones the rule file names: an allow list without one. */
		argv[argc++] = (char *)"-a";
		argv[argc++] = (char *)"ffff:ff:1f.7";
	}
	argv[argc] = NULL;
	if (rte_eal_init(argc, argv) < 0)
		return rte_errno > 0 ? -rte_errno : -EINVAL;
	if (away)
		leave_to_worker(allowed[0], chosen[0]);
	return 0;
}
