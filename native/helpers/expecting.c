// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <rte_byteorder.h>
#include <string.h>

#include "helpers/helping.h"

#define TRIES 64 /* of ports NAT may give out */

/* Where it is noted: in place of what was said of the same flow, or of the oldest. */
static unsigned int place_for(struct sl_helping *h, const struct sl_expected *e, unsigned int side,
			      uint16_t *given)
{
	struct sl_helped *r = h->r;
	unsigned int at = SL_HELPER_EXPECTS;

	*given = 0;
	for (unsigned int i = 0; i < SL_HELPER_EXPECTS && !*given; i++)
		if (r->expected[i].given && r->expected[i].side == side &&
		    r->expected[i].port == e->server_port) {
			at = i;
			*given = r->expected[i].given;
		}
	if (at == SL_HELPER_EXPECTS) {
		at = r->turn;
		r->turn = (uint8_t)((r->turn + 1) % SL_HELPER_EXPECTS);
	}
	if (r->expected[at].ref.serial)
		sl_expect_end(&h->w->dp->helpers->expectations, r->expected[at].ref);
	r->expected[at].ref = (struct sl_expect_ref){0};
	return at;
}

/* RFC 4787 4.2.2, RFC 3550 11: even ports stay even. */
static uint16_t some_port(const struct sl_helping *h, uint16_t lo, uint16_t hi, uint16_t own)
{
	uint64_t random = sl_random(h->w) & 0xffffffff;
	uint16_t port = (uint16_t)(lo + ((random * (hi - lo + 1u)) >> 32));

	if ((port ^ own) & 1 && (port ^ 1) >= lo && (port ^ 1) <= hi)
		port ^= 1;
	return rte_cpu_to_be_16(port);
}

/* Ports the client is seen with: of its own block where it has one (RFC 6888 REQ-7). */
static void ports_of(const struct sl_helping *h, uint16_t *lo, uint16_t *hi)
{
	uint16_t port = rte_be_to_cpu_16(h->ends.seen_port);

	*lo = h->r->lo;
	*hi = h->r->hi;
	if (!h->r->block || port < *lo)
		return;
	*lo = (uint16_t)(*lo + (port - *lo) / h->r->block * h->r->block);
	*hi = (uint16_t)RTE_MIN(*lo + h->r->block - 1, *hi);
}

enum sl_drop sl_helper_expect(struct sl_helping *h, struct sl_expected *e, unsigned int side,
			      bool chosen)
{
	struct sl_expectations *t = &h->w->dp->helpers->expectations;
	uint16_t given;
	unsigned int at = place_for(h, e, side, &given), tries = chosen ? TRIES : 1;
	uint16_t lo = 1024, hi = UINT16_MAX, own = rte_be_to_cpu_16(e->server_port);
	int error;

	e->rule = h->s->rule;
	e->parent = h->x->helped;
	if (side)
		ports_of(h, &lo, &hi);
	else if (memcmp(e->client, e->source, sizeof(e->client)) != 0)
		ports_of(h, &e->lo, &e->hi);
	e->side = (uint8_t)side;
	/* As often as it is said it is told alike. */
	if (given)
		e->port = given;
	else if (!chosen || (!e->port && own >= lo && own <= hi))
		e->port = e->server_port;
	else if (!e->port)
		e->port = some_port(h, lo, hi, own);
	while ((error = sl_expect_add(t, e, h->w->now_ms)) == -EEXIST && --tries)
		e->port = some_port(h, lo, hi, own);
	/* Another session between these two has said the same. */
	if (error == -EEXIST && !chosen)
		error = 0;
	if (error)
		return SL_DROP_HELPER_FULL;
	h->r->expected[at].ref = e->ref;
	h->r->expected[at].port = e->server_port;
	h->r->expected[at].given = e->port;
	h->r->expected[at].side = (uint8_t)side;
	return SL_DROP_NONE;
}
