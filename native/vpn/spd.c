/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/spd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vpn/spd_table.h"

#define MOST_POLICIES 32768u

static sl_spd_address address_of(const uint8_t *bytes, uint8_t family)
{
	sl_spd_address a = 0;

	for (unsigned int i = 0; i < (family == 4 ? 4u : 16u); i++)
		a = a << 8 | bytes[i];
	return a;
}

static bool selector_ok(const struct sl_sa_selector *s)
{
	const struct sl_sa_endpoint from = {.family = s->family}, to = from;
	struct sl_sa_endpoint ends[2] = {from, to};

	memcpy(ends[0].address, s->from, 16);
	memcpy(ends[1].address, s->to, 16);
	return sl_sa_endpoint_ok(&ends[0]) && sl_sa_endpoint_ok(&ends[1]) &&
	       address_of(s->from, s->family) <= address_of(s->to, s->family) && s->zero[0] == 0 &&
	       s->zero[1] == 0 &&
	       (s->port_from <= s->port_to || (s->port_from == 65535 && s->port_to == 0));
}

static bool record_ok(const struct sl_sa_policy *r)
{
	return r->direction <= SL_SA_OUT && r->type >= SL_SA_PROTECT && r->type <= SL_SA_DROP &&
	       r->priority <= SL_SA_PRIORITY_FALLBACK && r->mode >= SL_SA_TRANSPORT &&
	       r->mode <= SL_SA_TUNNEL && r->zero == 0 && (r->spi == 0 || r->spi >= 256) &&
	       selector_ok(&r->source) && selector_ok(&r->destination) &&
	       r->source.family == r->destination.family &&
	       r->source.protocol == r->destination.protocol &&
	       sl_sa_endpoint_ok(&r->outer_source) && sl_sa_endpoint_ok(&r->outer_destination);
}

static struct sl_spd_ends ends_of(const struct sl_sa_selector *s)
{
	return (struct sl_spd_ends){address_of(s->from, s->family), address_of(s->to, s->family),
				    s->port_from, s->port_to};
}

/* Bits that all addresses of it have in common. */
static uint32_t common_bits(const struct sl_spd_ends *e, uint8_t family)
{
	sl_spd_address differ = e->from ^ e->to;
	uint32_t bits = family == 4 ? 32 : 128;

	for (; differ; differ >>= 1)
		bits--;
	return bits;
}

static bool any_port(const struct sl_spd_ends *e)
{
	return e->port_from == 0 && e->port_to == 65535;
}

static struct sl_policy *make(const struct sl_sa_policy *record)
{
	struct sl_policy *p = aligned_alloc(_Alignof(struct sl_policy), sizeof(*p));

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->record = *record;
	p->record.head = (struct sl_sa_head){0};
	p->source = ends_of(&record->source);
	p->destination = ends_of(&record->destination);
	p->narrow = 4 * (common_bits(&p->source, record->source.family) +
			 common_bits(&p->destination, record->source.family)) +
		    2 * (record->source.protocol != 0) + !any_port(&p->source) +
		    !any_port(&p->destination);
	p->everything = p->narrow == 0;
	return p;
}

static bool alike(const struct sl_sa_policy *a, const struct sl_sa_policy *b)
{
	const size_t from = sizeof(a->head);

	return memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from) == 0;
}

/* The link that leads to it, or NULL. */
static struct sl_policy **link_to(const struct sl_datapath *dp, const struct sl_sa_policy *record)
{
	struct sl_policy **link;

	if (record->direction > SL_SA_OUT || record->if_id >= SL_MAX_IFACES)
		return NULL;
	link = &dp->sad->policies[record->direction][record->if_id];
	while (*link && !alike(&(*link)->record, record))
		link = &(*link)->next;
	return *link ? link : NULL;
}

const struct sl_policy *sl_spd_find(const struct sl_datapath *dp, const struct sl_sa_policy *record)
{
	struct sl_policy **link = link_to(dp, record);

	return link ? *link : NULL;
}

/* Frees what was replaced as soon as no worker can have it. */
static void collect(struct sl_datapath *dp)
{
	struct sl_spd_table **link = &dp->sad->retired, *t;

	while ((t = *link)) {
		if (rte_rcu_qsbr_check(dp->qsbr, t->token, false) != 1) {
			link = &t->next;
			continue;
		}
		*link = t->next;
		free(t->with);
		sl_spd_table_free(t);
	}
}

/* Workers ask the policies as they are listed now; `gone` is no longer. On failure nothing changes. */
static int publish(struct sl_datapath *dp, unsigned int direction, uint32_t iface,
		   struct sl_policy *gone)
{
	struct sl_spd_table *table, *old;
	int status = sl_spd_table_build(dp->sad->policies[direction][iface], &table);

	if (status)
		return status;
	old = atomic_exchange(&dp->sad->spd[direction][iface], table);
	if (old) {
		old->with = gone;
		old->token = rte_rcu_qsbr_start(dp->qsbr);
		old->next = dp->sad->retired;
		dp->sad->retired = old;
	}
	collect(dp);
	return 0;
}

int sl_spd_add(struct sl_datapath *dp, const struct sl_sa_policy *record)
{
	struct sl_policy *p, **head;
	int status;

	if (!record_ok(record))
		return -EINVAL;
	/* What is not to go through a tunnel is not routed there. */
	if (record->type == SL_SA_PASS || record->mode != SL_SA_TUNNEL || record->mark ||
	    record->mark_mask)
		return -EOPNOTSUPP;
	if (!sl_sad_has_iface(dp, record->if_id))
		return -ENODEV;
	if (link_to(dp, record))
		return -EEXIST;
	if (dp->sad->policy_count >= MOST_POLICIES)
		return -ENOSPC;
	p = make(record);
	if (!p)
		return -ENOMEM;
	p->serial = ++dp->sad->policy_serial;
	if (record->direction == SL_SA_OUT && record->spi)
		p->sa = sl_sad_outbound(dp, (uint16_t)record->if_id, record->spi, record->reqid);
	head = &dp->sad->policies[record->direction][record->if_id];
	p->next = *head;
	*head = p;
	status = publish(dp, record->direction, record->if_id, NULL);
	if (status) {
		*head = p->next;
		free(p);
		return status;
	}
	dp->sad->policy_count++;
	return 0;
}

int sl_spd_delete(struct sl_datapath *dp, const struct sl_sa_policy *record)
{
	struct sl_policy **link = link_to(dp, record), *p;
	int status;

	if (!link)
		return -ENOENT;
	p = *link;
	*link = p->next;
	status = publish(dp, record->direction, record->if_id, p);
	if (status) {
		*link = p;
		return status;
	}
	dp->sad->policy_count--;
	return 0;
}

void sl_spd_sweep(struct sl_datapath *dp, bool (*stays)(const struct sl_datapath *dp, uint32_t iface))
{
	struct sl_policy *gone = NULL, *next;

	for (unsigned int d = 0; d < 2 && dp->sad->policy_count; d++)
		for (uint32_t iface = 0; iface < SL_MAX_IFACES; iface++) {
			struct sl_policy *list = dp->sad->policies[d][iface];

			if (!list || (stays && stays(dp, iface)))
				continue;
			dp->sad->policies[d][iface] = NULL;
			publish(dp, d, iface, NULL);
			for (; list; list = next) {
				next = list->next;
				list->next = gone;
				gone = list;
				dp->sad->policy_count--;
			}
		}
	if (!gone)
		return;
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	for (; gone; gone = next) {
		next = gone->next;
		free(gone);
	}
	collect(dp);
}

void sl_spd_flush(struct sl_datapath *dp)
{
	sl_spd_sweep(dp, NULL);
}

uint32_t sl_spd_count(const struct sl_datapath *dp)
{
	return dp->sad->policy_count;
}

void sl_spd_each(const struct sl_datapath *dp, void (*see)(struct sl_policy *policy, void *context),
		 void *context)
{
	for (unsigned int d = 0; d < 2 && dp->sad->policy_count; d++)
		for (uint32_t iface = 0; iface < SL_MAX_IFACES; iface++)
			for (struct sl_policy *p = dp->sad->policies[d][iface]; p; p = p->next)
				see(p, context);
}

void sl_spd_sa_added(struct sl_datapath *dp, struct sl_sa *sa)
{
	for (struct sl_policy *p = dp->sad->policies[SL_SA_OUT][sa->iface]; p; p = p->next)
		if (p->record.spi == rte_be_to_cpu_32(sa->spi) && p->record.reqid == sa->reqid)
			atomic_store_explicit(&p->sa, sa, memory_order_release);
}

void sl_spd_sa_gone(struct sl_datapath *dp, struct sl_sa *sa)
{
	for (struct sl_policy *p = dp->sad->policies[SL_SA_OUT][sa->iface]; p; p = p->next)
		if (p->sa == sa)
			atomic_store_explicit(&p->sa, NULL, memory_order_release);
}
