/* SPDX-License-Identifier: BSD-3-Clause */
#include "routing/adjacency.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_jhash.h>
#include <rte_rcu_qsbr.h>
#include <rte_spinlock.h>
#include <string.h>
#include <sys/mman.h>

#include "core/datapath.h"
#include "tables/tables.h"

#define BUCKETS (SL_MAX_ADJACENCIES * 2)
#define PATH_MTU_MS (10 * 60 * 1000u)

struct sl_adjacency *sl_adjacencies;

static struct {
	rte_spinlock_t lock; /* making and taking away */
	_Atomic uint32_t end; /* ids from here on were never used */
	uint32_t used;
	uint32_t free; /* chain of ids, 0 for none */
	_Atomic uint32_t *head;
} table;

int sl_adjacency_init(void)
{
	/* Lazily touched: a box with three neighbours pays for one page. */
	size_t size = SL_MAX_ADJACENCIES * sizeof(*sl_adjacencies) + BUCKETS * sizeof(*table.head);
	void *memory;

	if (sl_adjacencies)
		munmap(sl_adjacencies, size);
	sl_adjacencies = NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	sl_adjacencies = memory;
	table.head = (void *)&sl_adjacencies[SL_MAX_ADJACENCIES];
	table.end = SL_ADJ_FIRST;
	table.used = 0;
	table.free = 0;
	rte_spinlock_init(&table.lock);
	sl_adjacencies[SL_ADJ_LOCAL].state = SL_ADJ_READY;
	sl_adjacencies[SL_ADJ_RAW].state = SL_ADJ_READY;
	return 0;
}

uint32_t sl_adjacency_end(void)
{
	return table.end;
}

static _Atomic uint32_t *chain(uint16_t iface, uint8_t family, const uint8_t key[16])
{
	return &table.head[rte_jhash(key, 16, (uint32_t)iface << 8 | family) % BUCKETS];
}

static uint32_t find(uint16_t iface, uint8_t family, const uint8_t key[16])
{
	uint32_t id = atomic_load_explicit(chain(iface, family, key), memory_order_acquire);

	while (id) {
		const struct sl_adjacency *a = &sl_adjacencies[id];

		if (a->iface == iface && a->family == family && !memcmp(a->address, key, 16))
			return id;
		id = atomic_load_explicit(&a->chain, memory_order_acquire);
	}
	return 0;
}

/* What the tables and ports say of the interface; false if it is not there. */
static bool place(struct sl_adjacency *a, const struct sl_tables *tables)
{
	const struct sl_image_interfaces *iface;
	uint32_t now_ms;

	iface = tables && a->iface < SL_MAX_IFACES ? tables->ifaces[a->iface] : NULL;
	if (!iface)
		return false;
	now_ms = sl_datapath->worker[0] ? sl_datapath->worker[0]->now_ms : 0;
	if (now_ms - a->path_ms >= PATH_MTU_MS)
		a->path_mtu = 0;
	a->mtu = a->path_mtu ? RTE_MIN(a->path_mtu, iface->mtu) : iface->mtu;
	a->zone = iface->zone;
	a->port = sl_datapath->port_of_iface[a->iface];
	if (a->port == SL_NO_PORT && iface->parent)
		a->port = sl_datapath->port_of_iface[iface->parent];
	return true;
}

/* Writes the idle header from a MAC and makes it the active one. */
static void write_header(struct sl_adjacency *a, const struct sl_tables *tables)
{
	const struct sl_port *port = a->port < SL_MAX_PORTS ? sl_datapath->port[a->port] : NULL;
	const struct sl_image_interfaces *iface = tables->ifaces[a->iface];
	uint16_t ethertype = a->family == 4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6;
	uint8_t active = !a->active, *header = a->header[active];

	memcpy(header, a->mac, 6);
	if (port)
		memcpy(header + 6, port->mac, 6);
	else
		memset(header + 6, 0, 6);
	header += 12;
	if (iface->flags & SL_IFACE_VLAN) {
		*header++ = RTE_ETHER_TYPE_VLAN >> 8;
		*header++ = RTE_ETHER_TYPE_VLAN & 0xff;
		*header++ = (uint8_t)(iface->vlan >> 8);
		*header++ = (uint8_t)iface->vlan;
	}
	*header++ = (uint8_t)(ethertype >> 8);
	*header++ = (uint8_t)ethertype;
	a->header_length = (uint8_t)(header - a->header[active]);
	atomic_store_explicit(&a->active, active, memory_order_release);
}

static void make_up_mac(struct sl_adjacency *a)
{
	uint32_t hash = rte_jhash(a->address, 16, a->iface);

	/* Locally administered, unicast: offline neighbours count as resolved. */
	a->mac[0] = 0x02;
	a->mac[1] = a->family;
	memcpy(&a->mac[2], a->family == 4 ? (const void *)a->address : &hash, 4);
}

static uint32_t make(uint16_t iface, uint8_t family, const uint8_t key[16])
{
	const struct sl_tables *tables = sl_datapath->tables;
	_Atomic uint32_t *head = chain(iface, family, key);
	struct sl_adjacency *a;
	uint32_t id, end = table.end;
	bool ready;

	id = table.free ? table.free : end < SL_MAX_ADJACENCIES ? end : 0;
	if (!id)
		return 0;
	a = &sl_adjacencies[id];
	/* A free one's chain leads to the next free one until it is taken. */
	if (id == table.free)
		table.free = a->chain;
	memset(a, 0, sizeof(*a));
	a->iface = iface;
	a->family = family;
	memcpy(a->address, key, 16);
	if (!place(a, tables)) {
		if (id != end) {
			a->chain = table.free;
			table.free = id;
		}
		return 0;
	}
	ready = sl_datapath->offline || tables->ifaces[iface]->flags & SL_IFACE_TUNNEL;
	if (ready) {
		make_up_mac(a);
		write_header(a, tables);
	}
	atomic_store_explicit(&a->state, ready ? SL_ADJ_READY : SL_ADJ_INCOMPLETE,
			      memory_order_release);
	a->chain = *head;
	atomic_store_explicit(head, id, memory_order_release);
	if (id == end)
		table.end = end + 1;
	table.used++;
	return id;
}

static bool is_tunnel(uint16_t iface)
{
	const struct sl_tables *tables = sl_datapath->tables;

	return tables && tables->ifaces[iface % SL_MAX_IFACES] &&
	       tables->ifaces[iface % SL_MAX_IFACES]->flags & SL_IFACE_TUNNEL;
}

/* At the other end of a tunnel there is one peer, whatever the next hop. */
static void to_key(uint8_t key[16], uint16_t iface, uint8_t family, const uint8_t *address)
{
	memset(key, 0, 16);
	if (is_tunnel(iface))
		return;
	memcpy(key, address, family == 4 ? 4 : 16);
}

uint32_t sl_adjacency_find(uint16_t iface, uint8_t family, const uint8_t *address)
{
	uint8_t key[16];

	to_key(key, iface, family, address);
	return find(iface, family, key);
}

uint32_t sl_adjacency_get(uint16_t iface, uint8_t family, const uint8_t *address)
{
	uint8_t key[16];
	uint32_t id;

	to_key(key, iface, family, address);
	id = find(iface, family, key);
	if (id)
		return id;
	rte_spinlock_lock(&table.lock);
	id = find(iface, family, key);
	if (!id)
		id = make(iface, family, key);
	rte_spinlock_unlock(&table.lock);
	return id;
}

void sl_adjacency_resolve(uint16_t iface, uint8_t family, const uint8_t *address,
			  const uint8_t *mac)
{
	uint32_t id = mac ? sl_adjacency_get(iface, family, address) :
			    sl_adjacency_find(iface, family, address);
	struct sl_adjacency *a = &sl_adjacencies[id];

	/* The kernel knows no neighbour in a tunnel, and there is nothing to resolve. */
	if (!id || is_tunnel(iface))
		return;
	if (!mac) {
		atomic_store_explicit(&a->state, SL_ADJ_FAILED, memory_order_release);
		return;
	}
	if (a->state == SL_ADJ_READY && !memcmp(a->mac, mac, 6))
		return;
	memcpy(a->mac, mac, 6);
	if (!place(a, sl_datapath->tables))
		return;
	write_header(a, sl_datapath->tables);
	atomic_store_explicit(&a->state, SL_ADJ_READY, memory_order_release);
}

void sl_adjacency_forget(uint32_t id)
{
	if (id >= SL_ADJ_FIRST && id < table.end && sl_adjacencies[id].state != SL_ADJ_FREE &&
	    !is_tunnel(sl_adjacencies[id].iface))
		sl_adjacencies[id].state = SL_ADJ_INCOMPLETE;
}

void sl_adjacency_refresh(struct sl_datapath *dp)
{
	const struct sl_tables *tables = dp->tables;

	for (uint32_t id = SL_ADJ_FIRST; id < table.end; id++) {
		struct sl_adjacency *a = &sl_adjacencies[id];

		if (a->state == SL_ADJ_FREE)
			continue;
		if (!place(a, tables)) {
			a->state = SL_ADJ_FAILED;
		} else if (a->state == SL_ADJ_READY || is_tunnel(a->iface)) {
			write_header(a, tables);
			a->state = SL_ADJ_READY;
		}
	}
}

void sl_adjacency_path_mtu(uint16_t iface, uint8_t family, uint16_t mtu, uint32_t now_ms)
{
	static const uint8_t any[16];
	struct sl_adjacency *a = &sl_adjacencies[sl_adjacency_find(iface, family, any)];

	if (a == sl_adjacencies || a->mtu <= mtu)
		return;
	a->path_ms = now_ms;
	a->path_mtu = mtu;
	a->mtu = mtu;
}

unsigned int sl_adjacency_collect(struct sl_datapath *dp, uint32_t now_ms, uint32_t idle_ms)
{
	uint32_t gone = 0; /* chained through reserved2: `chain` still leads readers on */
	unsigned int count = 0;

	if (table.used < SL_MAX_ADJACENCIES / 4 * 3)
		return 0;
	rte_spinlock_lock(&table.lock);
	for (uint32_t id = SL_ADJ_FIRST; id < table.end; id++) {
		struct sl_adjacency *a = &sl_adjacencies[id];
		_Atomic uint32_t *link;

		if (a->state == SL_ADJ_FREE || now_ms - a->used_ms < idle_ms)
			continue;
		link = chain(a->iface, a->family, a->address);
		while (*link != id)
			link = &sl_adjacencies[*link].chain;
		atomic_store_explicit(link, a->chain, memory_order_release);
		memcpy(a->reserved2, &gone, sizeof(gone));
		gone = id;
		count++;
	}
	rte_spinlock_unlock(&table.lock);
	if (!gone)
		return 0;
	/* Whoever holds such an id looks its route up again before the next use. */
	atomic_fetch_add(&dp->routing_epoch, 1);
	if (dp->qsbr)
		rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	rte_spinlock_lock(&table.lock);
	while (gone) {
		struct sl_adjacency *a = &sl_adjacencies[gone];
		uint32_t next;

		memcpy(&next, a->reserved2, sizeof(next));
		a->state = SL_ADJ_FREE;
		a->chain = table.free;
		table.free = gone;
		table.used--;
		gone = next;
	}
	rte_spinlock_unlock(&table.lock);
	return count;
}
