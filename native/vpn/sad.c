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
#include "vpn/sad.h"
#include "vpn/spd.h"

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
	return (spi * 0x9e3779b1u) >> 20 & (SL_SAD_BUCKETS - 1);
}

static unsigned int address_length(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

bool sl_sa_endpoint_ok(const struct sl_sa_endpoint *e)
{
	static const uint8_t zero[12];

	return (e->family == 6 || (e->family == 4 && memcmp(e->address + 4, zero, 12) == 0)) &&
	       memcmp(e->zero, zero, sizeof(e->zero)) == 0;
}

bool sl_sa_name_ok(const struct sl_sa_name *n)
{
	return n->spi >= 256 && n->direction <= SL_SA_OUT && n->zero[0] == 0 && n->zero[1] == 0 &&
	       n->zero[2] == 0 && sl_sa_endpoint_ok(&n->source) &&
	       sl_sa_endpoint_ok(&n->destination) && n->source.family == n->destination.family;
}

struct sl_sa *sl_sad_named(const struct sl_datapath *dp, const struct sl_sa_name *name)
{
	uint32_t spi = rte_cpu_to_be_32(name->spi);
	struct sl_sa *sa;

	if (!sl_sa_name_ok(name))
		return NULL;
	/* SPIs of inbound SAs are ours to choose, no two have the same. */
	for (sa = dp->sad->bucket[name->direction][bucket_of(spi)]; sa; sa = sa->chain)
		if (sa->spi == spi &&
		    (name->direction == SL_SA_IN ||
		     (sa->family == name->destination.family &&
		      memcmp(sa->destination, name->destination.address, 16) == 0)))
			return sa;
	return NULL;
}

struct sl_sa *sl_sad_outbound(const struct sl_datapath *dp, uint16_t iface, uint32_t spi, uint32_t reqid)
{
	uint32_t be = rte_cpu_to_be_32(spi);
	struct sl_sa *sa = dp->sad->bucket[SL_SA_OUT][bucket_of(be)];

	while (sa && (sa->spi != be || sa->iface != iface || sa->reqid != reqid))
		sa = sa->chain;
	return sa;
}

void sl_sad_each(const struct sl_datapath *dp, void (*see)(struct sl_sa *sa, void *context), void *context)
{
	for (unsigned int d = 0; d < 2 && dp->sad->count; d++)
		for (unsigned int i = 0; i < SL_SAD_BUCKETS; i++)
			for (struct sl_sa *sa = dp->sad->bucket[d][i]; sa; sa = sa->chain)
				see(sa, context);
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

struct sl_sa *sl_sad_toward(const struct sl_datapath *dp, uint32_t spi, uint8_t family,
			    const uint8_t *source, const uint8_t *destination)
{
	struct sl_sa *sa = atomic_load_explicit(&dp->sad->bucket[SL_SA_OUT][bucket_of(spi)],
						memory_order_acquire);
	unsigned int length = address_length(family);

	while (sa && (sa->spi != spi || sa->family != family || memcmp(sa->source, source, length) != 0 ||
		      memcmp(sa->destination, destination, length) != 0))
		sa = atomic_load_explicit(&sa->chain, memory_order_acquire);
	return sa;
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	while (n && bytes[n - 1] == 0)
		n--;
	return n == 0;
}

static bool add_ok(const struct sl_sa_add *add)
{
	bool encap = add->flags & SL_SA_ENCAP;

	return sl_sa_name_ok(&add->name) && add->flags < SL_SA_INITIATOR * 2 &&
	       is_zero(add->zero, sizeof(add->zero)) && add->mode >= SL_SA_TRANSPORT &&
	       add->mode <= SL_SA_TUNNEL && add->cipher_key_length <= sizeof(add->cipher_key) &&
	       add->integrity_key_length <= sizeof(add->integrity_key) &&
	       is_zero(add->cipher_key + add->cipher_key_length,
		       sizeof(add->cipher_key) - add->cipher_key_length) &&
	       is_zero(add->integrity_key + add->integrity_key_length,
		       sizeof(add->integrity_key) - add->integrity_key_length) &&
	       add->replay_window <= SL_REPLAY_MAX &&
	       encap == (add->name.source.port != 0) && encap == (add->name.destination.port != 0);
}

/* Those that follow each other by rekeying are at home on one worker, to keep the order of packets. */
static uint16_t home(const struct sl_datapath *dp, const struct sl_sa *sa)
{
	return (uint16_t)((sa->iface + sa->reqid) % dp->workers);
}

static struct sl_sa *leaving; /* out of the tables, with packets still at an engine */

static void release(struct sl_sa *sa)
{
	if (atomic_load_explicit(&sa->in_flight, memory_order_acquire)) {
		sa->chain = leaving;
		leaving = sa;
		return;
	}
	sl_engine_detach(sa);
	rte_free(sa->replay.bits);
	/* Keys of ciphers went with the session; this one made IVs. */
	memset(sa, 0, sizeof(*sa));
	rte_free(sa);
}

void sl_sad_settle(void)
{
	struct sl_sa *all = leaving, *next;

	leaving = NULL;
	for (; all; all = next) {
		next = all->chain;
		release(all);
	}
}

static int make(struct sl_sa *sa, struct sl_datapath *dp, const struct sl_sa_add *add)
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
	sa->cipher = add->cipher;
	sa->integrity = add->integrity;
	sa->made_ms = sl_sad_now_ms();
	memcpy(sa->source, add->name.source.address, 16);
	memcpy(sa->destination, add->name.destination.address, 16);
	sl_sa_outer_write(sa, add->name.source.port, add->name.destination.port);
	status = sl_engine_attach(dp, sa, add);
	if (status)
		return status;
	sa->key = (uint8_t)(add->cipher_key_length - (sa->aead ? sizeof(sa->salt) : 0));
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
	if (!sl_sad_has_iface(dp, add->if_id))
		return -ENODEV;
	if (sl_sad_named(dp, &add->name))
		return -EEXIST;
	if (dp->sad->count >= SL_SAD_MOST)
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
	dp->sad->count++;
	if (sa->direction == SL_SA_IN)
		sl_sad_let_go(dp, add->name.spi);
	else
		sl_spd_sa_added(dp, sa);
	return 0;
}

static void unlink_sa(struct sl_datapath *dp, struct sl_sa *sa)
{
	struct sl_sa *_Atomic *link = &dp->sad->bucket[sa->direction][bucket_of(sa->spi)];

	while (*link != sa)
		link = &(*link)->chain;
	atomic_store_explicit(link, sa->chain, memory_order_release);
	if (sa->direction == SL_SA_OUT)
		sl_spd_sa_gone(dp, sa);
	dp->sad->count--;
}

int sl_sad_delete(struct sl_datapath *dp, const struct sl_sa_name *name)
{
	struct sl_sa *sa = sl_sad_named(dp, name);

	if (!sa)
		return -ENOENT;
	unlink_sa(dp, sa);
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	release(sa);
	return 0;
}

void sl_sad_sweep(struct sl_datapath *dp, bool (*stays)(const struct sl_datapath *dp, uint32_t iface))
{
	struct sl_sa *gone = NULL, *next;

	for (unsigned int d = 0; d < 2 && dp->sad->count; d++)
		for (unsigned int i = 0; i < SL_SAD_BUCKETS; i++)
			for (struct sl_sa *sa = dp->sad->bucket[d][i]; sa; sa = next) {
				next = sa->chain;
				if (stays && stays(dp, sa->iface))
					continue;
				unlink_sa(dp, sa);
				sa->gone = gone;
				gone = sa;
			}
	if (!gone)
		return;
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	for (; gone; gone = next) {
		next = gone->gone;
		release(gone);
	}
}

void sl_sad_flush(struct sl_datapath *dp)
{
	sl_sad_sweep(dp, NULL);
	memset(dp->sad->held, 0, sizeof(dp->sad->held));
}
