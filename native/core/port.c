/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/port.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "core/hugepages.h"
#include "tables/tables.h"

#define RX_DESCRIPTORS 1024
#define TX_DESCRIPTORS 1024
#define TX_RING 4096

static uint16_t ethdev_rx(struct sl_worker *w, struct sl_port *p, uint16_t queue,
			  struct rte_mbuf **m, uint16_t n)
{
	(void)w;
	return rte_eth_rx_burst(p->ethdev, queue, m, n);
}

/* A worker without a tx queue of its own leaves its packets to the queue's owner. */
static uint16_t ethdev_tx(struct sl_worker *w, struct sl_port *p, uint16_t queue,
			  struct rte_mbuf **m, uint16_t n)
{
	(void)w;
	if (queue == SL_NO_QUEUE)
		return (uint16_t)rte_ring_mp_enqueue_burst(p->tx_ring, (void **)m, n, NULL);
	return rte_eth_tx_burst(p->ethdev, queue, m, n);
}

static uint16_t least(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

static int start_queues(struct sl_datapath *dp, struct sl_port *p, const char **what)
{
	int socket = sl_socket_with_memory(rte_eth_dev_socket_id(p->ethdev));
	uint16_t rxd = RX_DESCRIPTORS, txd = TX_DESCRIPTORS;
	int error;

	*what = "ring sizes";
	error = rte_eth_dev_adjust_nb_rx_tx_desc(p->ethdev, &rxd, &txd);
	for (uint16_t q = 0; q < p->rx_queues && !error; q++) {
		*what = "rx queue";
		error = rte_eth_rx_queue_setup(p->ethdev, q, rxd, (unsigned int)socket, NULL,
					       dp->pool);
	}
	for (uint16_t q = 0; q < p->tx_queues && !error; q++) {
		*what = "tx queue";
		error = rte_eth_tx_queue_setup(p->ethdev, q, txd, (unsigned int)socket, NULL);
	}
	if (error)
		return error;
	*what = "start";
	return rte_eth_dev_start(p->ethdev);
}

static int configure(struct sl_datapath *dp, struct sl_port *p,
		     const struct sl_image_interfaces *record, const char **what)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	int error;

	*what = "device info";
	error = rte_eth_dev_info_get(p->ethdev, &info);
	if (error)
		return error;
	p->rx_queues = least(info.max_rx_queues ? info.max_rx_queues : 1, (uint16_t)dp->workers);
	p->tx_queues = least(info.max_tx_queues ? info.max_tx_queues : 1, (uint16_t)dp->workers);
	if (info.flow_type_rss_offloads && p->rx_queues > 1) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			info.flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP);
	}
	/* No LRO and no guest checksum: a packet leaves as it came (DESIGN, checksums). */
	conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	*what = "configuration";
	error = rte_eth_dev_configure(p->ethdev, p->rx_queues, p->tx_queues, &conf);
	if (error)
		return error;
	*what = "MTU";
	error = rte_eth_dev_set_mtu(p->ethdev, record->mtu);
	if (error && error != -ENOTSUP && error != -EINVAL)
		return error;
	return start_queues(dp, p, what);
}

struct sl_port *sl_port_open(struct sl_datapath *dp, const struct sl_image_interfaces *record,
			     const char *device, char *error, unsigned int error_size)
{
	struct sl_port *p = rte_zmalloc("port", sizeof(*p), 64);
	struct rte_ether_addr mac;
	char name[RTE_RING_NAMESIZE];
	const char *what = "memory";
	int result = -ENOMEM;

	if (!p)
		goto fail;
	snprintf(p->name, sizeof(p->name), "%s", device);
	p->iface = record->slot;
	p->rx = ethdev_rx;
	p->tx = ethdev_tx;
	what = "device";
	result = sl_device_attach(record->port_kind, device, &p->ethdev);
	if (result)
		goto fail;
	result = configure(dp, p, record, &what);
	if (result)
		goto detach;
	if (p->tx_queues < dp->workers) {
		what = "tx ring";
		snprintf(name, sizeof(name), "tx-%u", p->ethdev);
		p->tx_ring = rte_ring_create(name, TX_RING, SOCKET_ID_ANY, RING_F_SC_DEQ);
		result = -ENOMEM;
		if (!p->tx_ring)
			goto detach;
	}
	what = "MAC address";
	result = rte_eth_macaddr_get(p->ethdev, &mac);
	if (result)
		goto detach;
	memcpy(p->mac, mac.addr_bytes, sizeof(p->mac));
	/* Neighbour discovery and DHCP come by multicast; devices that filter none say ENOTSUP. */
	(void)rte_eth_allmulticast_enable(p->ethdev);
	return p;
detach:
	sl_device_detach(p->ethdev);
fail:
	snprintf(error, error_size, "port %s: %s: %s", device, what, strerror(-result));
	if (p)
		rte_ring_free(p->tx_ring);
	rte_free(p);
	return NULL;
}

void sl_port_close(struct sl_port *p)
{
	struct rte_mbuf *m;

	sl_device_detach(p->ethdev);
	while (p->tx_ring && rte_ring_sc_dequeue(p->tx_ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(p->tx_ring);
	rte_free(p);
}

void sl_port_map(struct sl_port *p, const struct sl_tables *tables)
{
	p->vlan_children = 0;
	memset(p->vlan_iface, 0, sizeof(p->vlan_iface));
	for (uint32_t slot = 1; slot < SL_MAX_IFACES; slot++) {
		const struct sl_image_interfaces *record = tables->ifaces[slot];

		if (!record || record->parent != p->iface || !(record->flags & SL_IFACE_VLAN))
			continue;
		p->vlan_iface[record->vlan] = record->slot;
		p->vlan_children++;
	}
}

void sl_port_deal(struct sl_datapath *dp)
{
	for (unsigned int i = 0; i < dp->workers; i++)
		dp->worker[i]->rx_count = 0;
	for (unsigned int i = 0; i < SL_MAX_PORTS; i++) {
		struct sl_port *p = dp->port[i];

		if (!p)
			continue;
		for (uint16_t q = 0; q < p->rx_queues; q++) {
			struct sl_worker *w = dp->worker[(i + q) % dp->workers];

			w->rx[w->rx_count].port = p;
			w->rx[w->rx_count++].queue = q;
		}
		for (unsigned int j = 0; j < dp->workers; j++) {
			unsigned int queue = (j + dp->workers - i % dp->workers) % dp->workers;

			dp->worker[j]->tx_queue[i] =
				queue < p->tx_queues ? (uint16_t)queue : SL_NO_QUEUE;
		}
	}
}

void sl_port_drain(struct sl_worker *w)
{
	struct rte_mbuf *m[SL_BURST];

	for (unsigned int i = 0; i < w->dp->ports; i++) {
		struct sl_port *p = w->dp->port[i];
		unsigned int n, sent;

		if (!p || !p->tx_ring || w->tx_queue[i] != 0)
			continue;
		n = rte_ring_sc_dequeue_burst(p->tx_ring, (void **)m, SL_BURST, NULL);
		sent = n ? rte_eth_tx_burst(p->ethdev, 0, m, (uint16_t)n) : 0;
		if (sent < n) {
			w->drops[SL_DROP_TX_FULL].packets += n - sent;
			rte_pktmbuf_free_bulk(m + sent, n - sent);
		}
	}
}

bool sl_port_links(struct sl_datapath *dp)
{
	bool changed = false;

	for (unsigned int i = 0; i < dp->ports; i++) {
		struct rte_eth_link link = {0};
		struct sl_port *p = dp->port[i];
		bool up;

		if (!p || rte_eth_link_get_nowait(p->ethdev, &link) < 0)
			continue;
		up = link.link_status == RTE_ETH_LINK_UP;
		changed |= atomic_exchange_explicit(&p->link_up, up, memory_order_relaxed) != up;
	}
	return changed;
}
