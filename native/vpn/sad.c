/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "routing/adjacency.h"
#include "vpn/crypto.h"
#include "vpn/sa.h"

#define BUCKETS 4096u /* a power of two */
#define MOST_SAS 8192u

struct sl_sad {
	struct sl_sa *_Atomic bucket[2][BUCKETS];	/* by direction */
	struct sl_sa *_Atomic sealing[SL_MAX_IFACES];	/* by tunnel interface */
	uint32_t count;
};

struct sl_sad *sl_sad_create(void)
{
	return calloc(1, sizeof(struct sl_sad));
}

void sl_sad_free(struct sl_sad *sad)
{
	free(sad);
}

/* Ours are random, but the peer's may be any: the lower bits alone could all be alike. */
static inline uint32_t bucket_of(uint32_t spi)
{
	return (spi * 0x9e3779b1u) >> 20 & (BUCKETS - 1);
}

static unsigned int address_length(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static bool endpoint_ok(const struct sl_sa_endpoint *e)
{
	static const uint8_t zero[12];

	return (e->family == 6 || (e->family == 4 && memcmp(e->address + 4, zero, 12) == 0)) &&
	       memcmp(e->zero, zero, sizeof(e->zero)) == 0;
}

static bool name_ok(const struct sl_sa_name *n)
{
	return n->spi >= 256 && n->direction <= SL_SA_OUT && n->zero[0] == 0 && n->zero[1] == 0 &&
	       n->zero[2] == 0 && endpoint_ok(&n->source) && endpoint_ok(&n->destination) &&
	       n->source.family == n->destination.family;
}

struct sl_sa *sl_sad_named(const struct sl_datapath *dp, const struct sl_sa_name *name)
{
	uint32_t spi = rte_cpu_to_be_32(name->spi);
	struct sl_sa *sa;

	if (!name_ok(name))
		return NULL;
	for (sa = dp->sad->bucket[name->direction][bucket_of(spi)]; sa; sa = sa->chain)
		if (sa->spi == spi && sa->family == name->destination.family &&
		    memcmp(sa->destination, name->destination.address, 16) == 0)
			return sa;
	return NULL;
}

uint32_t sl_sad_count(const struct sl_datapath *dp)
{
	return dp->sad->count;
}

struct sl_sa *sl_sad_inbound(const struct sl_datapath *dp, uint32_t spi, uint8_t family,
			     const uint8_t *destination)
{
	struct sl_sa *sa = atomic_load_explicit(&dp->sad->bucket[SL_SA_IN][bucket_of(spi)],
						memory_order_acquire);

	while (sa && (sa->spi != spi || sa->family != family ||
		      memcmp(sa->destination, destination, address_length(family)) != 0))
		sa = atomic_load_explicit(&sa->chain, memory_order_acquire);
	return sa;
}

struct sl_sa *sl_sad_outbound(const struct sl_datapath *dp, uint16_t iface)
{
	return atomic_load_explicit(&dp->sad->sealing[iface % SL_MAX_IFACES], memory_order_acquire);
}

/* Headers up to ESP as every packet begins with them (RFC 4301 5.1.2, RFC 3948 2.1). */
static void write_outer(struct sl_sa *sa, const struct sl_sa_name *n)
{
	uint8_t *at = sa->outer;
	uint8_t proto = sa->flags & SL_SA_ENCAP ? IPPROTO_UDP : IPPROTO_ESP;
	uint16_t ports[2] = {rte_cpu_to_be_16(n->source.port), rte_cpu_to_be_16(n->destination.port)};

	/* One hop more than goes out: forwarding takes one. */
	if (sa->family == 4) {
		at[0] = 0x45;
		at[8] = 65;
		at[9] = proto;
		memcpy(at + 12, sa->source, 4);
		memcpy(at + 16, sa->destination, 4);
		at += 20;
	} else {
		at[0] = 0x60;
		at[6] = proto;
		at[7] = 65;
		memcpy(at + 8, sa->source, 16);
		memcpy(at + 24, sa->destination, 16);
		at += 40;
	}
	if (sa->flags & SL_SA_ENCAP) {
		memcpy(at, ports, 4);
		at += 8;
	}
	sa->outer_length = (uint8_t)(at - sa->outer);
}

static bool add_ok(const struct sl_sa_add *add)
{
	static const uint8_t zero[7];
	bool encap = add->flags & SL_SA_ENCAP;

	return name_ok(&add->name) && add->flags < SL_SA_INITIATOR * 2 &&
	       memcmp(add->zero, zero, sizeof(zero)) == 0 && add->if_id < SL_MAX_IFACES &&
	       add->replay_window <= SL_REPLAY_MAX &&
	       encap == (add->name.source.port != 0) && encap == (add->name.destination.port != 0);
}

/* All of one interface are at home on one worker, so that a rekey keeps the order of packets. */
static uint16_t home(const struct sl_datapath *dp, const struct sl_sa *sa)
{
	return (uint16_t)((sa->iface ? sa->iface : rte_be_to_cpu_32(sa->spi)) % dp->workers);
}

static void release(struct sl_sa *sa)
{
	sl_sa_crypto_close(sa);
	rte_free(sa->replay.bits);
	/* Keys of ciphers went with the session; this one made IVs. */
	memset(sa, 0, sizeof(*sa));
	rte_free(sa);
}

static int make(struct sl_sa *sa, const struct sl_datapath *dp, const struct sl_sa_add *add)
{
	int status;

	sa->spi = rte_cpu_to_be_32(add->name.spi);
	sa->direction = add->name.direction;
	sa->family = add->name.destination.family;
	sa->flags = add->flags;
	sa->iface = (uint16_t)add->if_id;
	sa->worker = home(dp, sa);
	sa->limit = add->limit;
	sa->reqid = add->reqid;
	sa->adjacency = SL_ADJ_NONE;
	sa->epoch = dp->routing_epoch - 1;
	memcpy(sa->source, add->name.source.address, 16);
	memcpy(sa->destination, add->name.destination.address, 16);
	write_outer(sa, &add->name);
	status = sl_sa_crypto_open(sa, add);
	if (status)
		return status;
	if (!sa->counter_iv && getrandom(sa->iv_key, sizeof(sa->iv_key), 0) != sizeof(sa->iv_key))
		return -EIO;
	sa->replay.size = add->replay_window;
	sa->replay.words = sl_replay_words(add->replay_window);
	sa->replay.bits = rte_zmalloc("replay", sa->replay.words * sizeof(uint64_t), 64);
	return sa->replay.bits ? 0 : -ENOMEM;
}

int sl_sad_add(struct sl_datapath *dp, const struct sl_sa_add *add)
{
	struct sl_sa *_Atomic *head;
	struct sl_sa *sa;
	int status;

	if (!add_ok(add))
		return -EINVAL;
	if (add->mode != SL_SA_TUNNEL || add->mark || add->mark_mask || add->tfc)
		return -EOPNOTSUPP;
	if (sl_sad_named(dp, &add->name))
		return -EEXIST;
	if (dp->sad->count >= MOST_SAS)
		return -ENOSPC;
	sa = rte_zmalloc("sa", sizeof(*sa), 64);
	if (!sa)
		return -ENOMEM;
	status = make(sa, dp, add);
	if (status) {
		release(sa);
		return status;
	}
	head = &dp->sad->bucket[sa->direction][bucket_of(sa->spi)];
	sa->chain = *head;
	atomic_store_explicit(head, sa, memory_order_release);
	if (sa->direction == SL_SA_OUT && sa->iface)
		atomic_store_explicit(&dp->sad->sealing[sa->iface], sa, memory_order_release);
	dp->sad->count++;
	return 0;
}

/* The SA left that seals for `iface`; NULL: the tunnel is down. */
static struct sl_sa *other(const struct sl_sad *sad, uint16_t iface)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct sl_sa *sa = sad->bucket[SL_SA_OUT][i]; sa; sa = sa->chain)
			if (sa->iface == iface)
				return sa;
	return NULL;
}

static void take_away(struct sl_datapath *dp, struct sl_sa *sa)
{
	struct sl_sa *_Atomic *link = &dp->sad->bucket[sa->direction][bucket_of(sa->spi)];

	while (*link != sa)
		link = &(*link)->chain;
	atomic_store_explicit(link, sa->chain, memory_order_release);
	if (dp->sad->sealing[sa->iface] == sa)
		atomic_store_explicit(&dp->sad->sealing[sa->iface], other(dp->sad, sa->iface),
				      memory_order_release);
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	release(sa);
	dp->sad->count--;
}

int sl_sad_delete(struct sl_datapath *dp, const struct sl_sa_name *name)
{
	struct sl_sa *sa = sl_sad_named(dp, name);

	if (!sa)
		return -ENOENT;
	take_away(dp, sa);
	return 0;
}

void sl_sad_flush(struct sl_datapath *dp)
{
	for (unsigned int d = 0; d < 2; d++)
		for (unsigned int i = 0; i < BUCKETS; i++)
			while (dp->sad->bucket[d][i])
				take_away(dp, dp->sad->bucket[d][i]);
}
