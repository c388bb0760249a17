/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

/* The alias that marks a TAP as ours, for the next start to find. */
#define SL_TAP_ALIAS "sluice"
/* A frame with its tag, at the largest MTU there is. */
#define SL_TAP_FRAME (65535 + 18)

/* The kernel's twin of an L3 interface. */
struct sl_tap {
	int fd;
	uint32_t ifindex;
	uint16_t slot;
	uint16_t mtu;
	uint8_t mac[6];
	bool carrier;
	bool tunnel; /* no neighbours to resolve, and its link is always up */
	char name[16];
};

/*
 * Makes the TAP, or attaches to the one an earlier run left, sets MAC, MTU, sysctls and alias, and
 * brings it up without carrier. -errno, then nothing is open.
 */
int sl_tap_open(struct sl_tap *tap);
/* Lets go of it; `remove` takes it away from the kernel too. */
void sl_tap_close(struct sl_tap *tap, bool remove);

/* The kernel's device of that name now; 0: none. */
uint32_t sl_tap_index(const struct sl_tap *tap);

int sl_tap_set(struct sl_tap *tap, const uint8_t mac[6], uint16_t mtu);
void sl_tap_carrier(struct sl_tap *tap, bool up);

/* Has the kernel taken note of the carrier? It sends nothing before. */
bool sl_tap_running(const struct sl_tap *tap);

/* A frame from the kernel as an mbuf, or NULL: none there, or (counted in *lost) no mbuf for it. */
struct rte_mbuf *sl_tap_read(struct sl_tap *tap, struct rte_mempool *pool, unsigned int *lost);
/* Writes a whole frame; the mbuf stays the caller's. 0 or -errno. */
int sl_tap_write(struct sl_tap *tap, struct rte_mbuf *m);

/* Writes a value under /proc/sys/net; `path` may have one %s for the TAP's name. 0 or -errno. */
int sl_sysctl(const char *path, const char *name, const char *value);
