/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/syn_proxy.h"

#include "balancer/proxy_header.h"
#include "firewall/tcp_build.h"
#include "ip/checksum.h"
#include "session/sequence.h"
#include "session/table.h"
#include "session/track.h"

#define TENTH 100u	/* ms */
#define CALM 50u	/* tenths of a second until cookies go off */
#define LASTING 65536u	/* ms a cookie is good for, at most */
#define TTL 65		/* ip_output takes one */

static bool meter(struct sl_worker *w, struct sl_syn_meter *m, uint32_t above, uint32_t below)
{
	uint64_t scale = 10ull * w->dp->workers; /* of a tenth of a second here to a second of all */
	uint32_t past = w->now_ms - m->began;

	if (past >= TENTH) {
		bool quiet = m->count * scale <= below;

		m->calm = quiet ? m->calm + 1 : 0;
		/* Of tenths in which nothing came nobody told. */
		if (quiet && past >= CALM * TENTH)
			m->calm = CALM;
		if (m->calm >= CALM)
			m->on = false;
		m->began = w->now_ms;
		m->count = 0;
	}
	if (++m->count * scale > above) {
		m->on = true;
		m->calm = 0;
	}
	return m->on;
}

bool sl_syn_flooded(struct sl_worker *w, const struct sl_pkt *p, const struct sl_nat *nat)
{
	const struct sl_image_zones *zone = w->tables->zones[p->from % SL_MAX_ZONES];
	const struct sl_image_balancers *b = nat->balancer;
	bool on = false;

	if (b && b->syn_above)
		on = meter(w, &w->syn[SL_MAX_ZONES + b->slot], b->syn_above, b->syn_below);
	else if (zone && zone->syn_above)
		on = meter(w, &w->syn[zone->slot % SL_MAX_ZONES], zone->syn_above, zone->syn_below);
	if (on) {
		w->syn_cookies = true;
		w->syn_until_ms = w->now_ms + LASTING;
	}
	return on;
}

static struct sl_segment syn(uint32_t seq, uint16_t window, const struct sl_syn_offer *offer)
{
	struct sl_segment g = {.seq = seq, .flags = SL_TH_SYN};
	uint32_t shown = (uint32_t)window << RTE_MAX(offer->scale, 0);

	g.window = (uint16_t)RTE_MIN(shown, (uint32_t)UINT16_MAX);
	g.options_length = (uint8_t)sl_syn_options(offer, g.options);
	return g;
}

void sl_syn_take(struct sl_worker *w, struct rte_mbuf *m, struct sl_syn_taken *taken)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_segment g;
	uint32_t isn;

	taken->is = false;
	if ((int32_t)(w->syn_until_ms - w->now_ms) < 0) {
		w->syn_cookies = false;
		return;
	}
	if ((p->family == 4 ? p->key4.proto : p->key6.proto) != IPPROTO_TCP ||
	    p->flags & (SL_PKT_ICMP_ERROR | SL_PKT_FRAGMENT | SL_PKT_FROM_HOST) ||
	    (p->tcp_flags & (SL_TH_SYN | SL_TH_ACK | SL_TH_RST | SL_TH_FIN)) != SL_TH_ACK ||
	    !sl_syn_cookie_ok(w, p, &taken->offer, &isn))
		return;
	taken->cookie = p->tcp_ack - 1;
	taken->window = p->tcp_window;
	g = syn(isn, p->tcp_window, &taken->offer);
	taken->is = sl_tcp_replace(m, &g);
}

void sl_syn_keep(const struct sl_syn_taken *taken, struct sl_session *s, struct sl_extension *x)
{
	s->flags |= SL_SESSION_SEQUENCE;
	x->cookie = taken->cookie;
	x->window = taken->window;
	x->mss = taken->offer.mss;
	x->scale = taken->offer.scale;
	x->sack = taken->offer.sack;
	x->waiting = x->proxied = true;
}

/* The server's window as the client was told to read it. */
static uint16_t shown(const struct sl_extension *x, uint32_t window)
{
	if (x->scale >= 0)
		window >>= SL_SYN_SCALE;
	return (uint16_t)RTE_MIN(window, (uint32_t)UINT16_MAX);
}

static void show(uint8_t *tcp, uint16_t window)
{
	uint16_t before, after = rte_cpu_to_be_16(window), sum;

	memcpy(&before, tcp + 14, 2);
	memcpy(&sum, tcp + 16, 2);
	sum = sl_checksum_update(sum, before, after);
	memcpy(tcp + 14, &after, 2);
	memcpy(tcp + 16, &sum, 2);
}

/*
 * The server took the connection: it is told that the client has, and the client that it may send.
 * Both may be lost; then the server answers again.
 */
static enum sl_drop join(struct sl_worker *w, struct rte_mbuf *m, struct sl_session *s,
			 struct sl_extension *x)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_segment to_server = {.seq = p->tcp_ack, .ack = p->tcp_seq + 1,
					     .window = x->window, .flags = SL_TH_ACK};
	const struct sl_segment to_client = {.seq = p->tcp_seq + 1, .ack = p->tcp_ack,
					     .window = shown(x, p->tcp_window), .flags = SL_TH_ACK};
	struct rte_mbuf *ack = rte_pktmbuf_alloc(w->dp->pool);
	struct sl_pkt said = *p;

	if (!ack || !sl_tcp_answer(ack, m, TTL, &to_server)) {
		rte_pktmbuf_free(ack);
		return SL_DROP_NO_MBUF;
	}
	said.tcp_seq = to_server.seq;
	said.tcp_ack = to_server.ack;
	said.tcp_flags = SL_TH_ACK;
	said.tcp_window = to_server.window;
	said.l4_length = said.tcp_header = 20;
	sl_session_track(s, 0, &said, rte_pktmbuf_mtod_offset(ack, uint8_t *, sl_pkt(ack)->l4),
			 w->now_ms);
	sl_session_count(s, 0, (uint32_t)sl_pkt(ack)->l3_length + 20);
	/* The client has nothing to say before its server may: the header goes with this. */
	if (x->proxy && !sl_proxy_put(ack, s, x)) {
		rte_pktmbuf_free(ack);
		return SL_DROP_NO_MBUF;
	}
	sl_pkt(ack)->adjacency = s->adjacency[0];
	sl_pkt(ack)->held = w->aside;
	w->aside = ack;
	x->waiting = false;
	sl_sequence_set(s, x, 1, x->cookie - p->tcp_seq);
	return sl_tcp_replace(m, &to_client) ? SL_DROP_NONE : SL_DROP_NO_MBUF;
}

static enum sl_drop track(const struct sl_worker *w, struct rte_mbuf *m, struct sl_session *s)
{
	const struct sl_pkt *p = sl_pkt(m);

	return sl_session_track(s, p->direction, p, rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4),
				w->now_ms);
}

/* The server has not answered yet. */
static enum sl_drop wait(struct sl_worker *w, struct rte_mbuf *m, struct sl_session *s,
			 struct sl_extension *x)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_syn_offer offer = {x->mss, x->scale, x->sack};
	struct sl_segment g;
	enum sl_drop reason;

	if (p->direction == 0) {
		/* Data or a probe: the client's own retransmission is the SYN's too. */
		if (p->tcp_flags & (SL_TH_RST | SL_TH_SYN))
			return track(w, m, s);
		x->window = p->tcp_window;
		g = syn(s->limit[0] - 1, x->window, &offer);
		return sl_tcp_replace(m, &g) ? track(w, m, s) : SL_DROP_NO_MBUF;
	}
	if (!(p->tcp_flags & (SL_TH_SYN | SL_TH_RST)))
		return SL_DROP_TCP_BAD_STATE; /* an old connection's: to be refused by who knows none */
	reason = track(w, m, s);
	if (reason)
		return reason;
	if (p->tcp_flags & SL_TH_RST) {
		sl_sequence_set(s, x, 1, x->cookie + 1 - p->tcp_seq);
		return SL_DROP_NONE;
	}
	return p->tcp_flags & SL_TH_ACK ? join(w, m, s, x) : SL_DROP_TCP_BAD_STATE;
}

enum sl_drop sl_syn_follow(struct sl_worker *w, struct rte_mbuf *m, struct sl_session *s)
{
	struct sl_extension *x = sl_session_record(w->dp->sessions, s);
	struct sl_pkt *p = sl_pkt(m);
	bool synchronizes = p->tcp_flags & SL_TH_SYN, anew = s->flags & SL_SESSION_SYN_AGAIN;
	enum sl_drop reason;

	if (x->waiting)
		return wait(w, m, s, x);
	reason = track(w, m, s);
	if (reason)
		return reason;
	/* A new connection between the same ends is theirs alone. */
	if (synchronizes && (p->direction == 0 ? s->state == SL_TCP_SYN_SENT :
						 anew && !(s->flags & SL_SESSION_SYN_AGAIN))) {
		x->proxied = false;
		x->sequence[1] = (struct sl_sequence){0};
		if (!x->proxy)
			s->flags &= (uint16_t)~SL_SESSION_SEQUENCE;
		return SL_DROP_NONE;
	}
	if (p->direction == 1) {
		if (synchronizes)
			return join(w, m, s, x);
		if (x->scale >= 0)
			show(rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4),
			     shown(x, (uint32_t)p->tcp_window << (s->scale[1] & SL_SIDE_SHIFT)));
	}
	return SL_DROP_NONE;
}
