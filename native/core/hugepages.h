/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

/* Are at least `bytes` in free huge pages there, of any size? On a NUMA node, or in all with -1. */
bool sl_hugepages_free(int node, unsigned long bytes);

/* The NUMA node, if the datapath has memory there; else SOCKET_ID_ANY. */
int sl_socket_with_memory(int node);
