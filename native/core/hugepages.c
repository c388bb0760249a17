/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/hugepages.h"

#include <dirent.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <stdio.h>

static unsigned long free_pages(const char *folder, const char *size)
{
	unsigned long pages = 0;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/free_hugepages", folder, size);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages;
}

bool sl_hugepages_free(int node, unsigned long bytes)
{
	char folder[128] = "/sys/kernel/mm/hugepages";
	unsigned long kb, free_kb = 0;
	struct dirent *entry;
	DIR *sizes;

	if (node >= 0)
		snprintf(folder, sizeof(folder), "/sys/devices/system/node/node%d/hugepages", node);
	sizes = opendir(folder);
	if (!sizes)
		return false;
	while ((entry = readdir(sizes)))
		if (sscanf(entry->d_name, "hugepages-%lukB", &kb) == 1)
			free_kb += kb * free_pages(folder, entry->d_name);
	closedir(sizes);
	return free_kb >= (bytes + 1023) >> 10;
}

int sl_socket_with_memory(int node)
{
	struct rte_malloc_socket_stats stats;

	return node >= 0 && rte_malloc_get_socket_stats(node, &stats) == 0 &&
			       stats.heap_totalsz_bytes > 0 ? node : SOCKET_ID_ANY;
}
