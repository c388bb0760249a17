/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"

#include <arpa/inet.h>
#include <rte_jhash.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/frame_text.h"

#define IFACES 8
#define RULES 64

/* All counters that a packet may move. */
struct counted {
	uint64_t drops[SL_DROP_REASONS];
	uint64_t hits[RULES];
	struct sl_iface_counter ifaces[IFACES];
};

static void take(struct counted *c)
{
	const struct sl_worker *w = pipeline.worker;

	for (unsigned int i = 0; i < SL_DROP_REASONS; i++)
		c->drops[i] = w->drops[i].packets;
	for (unsigned int i = 0; i < RULES; i++)
		c->hits[i] = w->rules[i].hits;
	memcpy(c->ifaces, w->ifaces, sizeof(c->ifaces));
}

static uint16_t port_of(uint16_t iface)
{
	return iface == DMZ ? INSIDE : iface;
}

/* The interface a frame came in by: the port's, or that of its tag. */
static uint16_t ingress(uint16_t port, const struct frame *f)
{
	return port == INSIDE && f->l3 == 18 && f->length >= 18 && (frame_get(f->bytes + 14, 2) & 0xfff) == 20 ? DMZ :
											      port;
}

/* The neighbour that a packet for `ip` goes to; offline its MAC is made up of its address. */
static void next_hop(uint8_t mac[6], uint16_t out, const uint8_t *ip)
{
	bool v6 = ip[0] >> 4 == 6;
	const uint8_t *to = ip + (v6 ? 24 : 16);
	uint8_t via[16];
	uint32_t hash;

	if (out == WAN && !v6 && frame_get(to, 4) >> 4 != 0xc633640) {
		inet_pton(AF_INET, "198.51.100.1", via);
		to = via;
	} else if (out == WAN && v6 && memcmp(to, "\x20\x01\x0d\xb8\0\x01\0", 8)) {
		inet_pton(AF_INET6, "2001:db8:1::1", via);
		to = via;
	} else if (out == INSIDE && !v6 && frame_get(to, 2) == 0x0a09) {
		inet_pton(AF_INET, "10.1.0.9", via);
		to = via;
	}
	mac[0] = 2;
	mac[1] = v6 ? 6 : 4;
	if (v6) {
		uint32_t aligned[4];

		memcpy(aligned, to, sizeof(aligned));
		hash = rte_jhash(aligned, sizeof(aligned), out);
		to = (const uint8_t *)&hash;
	}
	memcpy(mac + 2, to, 4);
}

/* The packet one hop on: another Ethernet header with the tag of `out`, a hop less, no padding. */
static void one_hop(struct frame *want, const struct frame *f, uint16_t out)
{
	const uint8_t *from = f->bytes + f->l3;
	bool v6 = from[0] >> 4 == 6;
	uint32_t length = v6 ? 40 + frame_get(from + 4, 2) : frame_get(from + 2, 2);
	uint8_t head[12];

	want->length = 0;
	next_hop(head, out, from);
	memcpy(head + 6, (uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)port_of(out)}, 6);
	frame_add(want, head, sizeof(head));
	if (out == DMZ)
		frame_add(want, "\x81\0\0\x14", 4);
	frame_add(want, v6 ? "\x86\xdd" : "\x08\0", 2);
	want->l3 = want->length;
	frame_add(want, from, length);
	if (v6) {
		want->bytes[want->l3 + 7]--;
	} else {
		want->bytes[want->l3 + 8]--;
		frame_fix_ip(want);
	}
}

/* What the box sends by itself goes back by the way `f` came, unless the text has a `dmac`. */
static void answer(struct frame *want, const struct frame *f, uint16_t port, const char *text)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)port};
	struct frame plain;

	frame_text(&plain, text);
	want->length = 0;
	frame_add(want, strstr(text, " dmac ") ? plain.bytes : f->bytes + 6, 6);
	frame_add(want, f->bytes[0] & 1 ? mac : f->bytes, 6);
	frame_add(want, f->bytes + 12, f->l3 - 14);
	frame_add(want, plain.bytes + plain.l3 - 2, 2);
	frame_add(want, plain.bytes + plain.l3, plain.length - plain.l3);
}

static void dump(const char *name, const uint8_t *bytes, uint32_t length)
{
	printf("    %-5s", name);
	for (uint32_t i = 0; i < length && i < 160; i++)
		printf("%s%02x", i % 4 ? "" : " ", bytes[i]);
	printf("%s\n", length > 160 ? " ..." : "");
}

static bool same_frame(unsigned int i, const struct frame *want, uint16_t port)
{
	struct sl_output head;
	const uint8_t *bytes = pipeline_out(i, &head);

	if (bytes && head.iface == port && head.length == want->length &&
	    memcmp(bytes, want->bytes, want->length) == 0)
		return true;
	printf("  not the frame expected on interface %u\n", port);
	dump("want", want->bytes, want->length);
	if (bytes)
		dump("got", bytes, head.length);
	return false;
}

static bool differs(const char *what, unsigned int id, uint64_t got, uint64_t want)
{
	if (got != want)
		printf("  %s %u: %lld, not %lld\n", what, id, (long long)got, (long long)want);
	return got != want;
}

static bool counters_moved(const struct packet_row *row, const struct frame *f,
			   const struct frame *sent, const struct frame *back,
			   const struct counted *before)
{
	uint16_t in = ingress(row->in, f);
	struct counted now, want = *before;
	bool wrong = false;

	want.ifaces[in].rx_packets++;
	want.ifaces[in].rx_bytes += f->length;
	if (row->drop) {
		want.drops[row->drop]++;
		want.ifaces[in].rx_dropped++;
	} else if (row->out == BOX) {
		want.ifaces[in].to_host++;
	} else if (row->out != ANSWERED) {
		want.ifaces[row->out].tx_packets++;
		want.ifaces[row->out].tx_bytes += sent->length;
	}
	if (row->answer) {
		want.ifaces[in].tx_packets++;
		want.ifaces[in].tx_bytes += back->length;
	}
	if (row->rule)
		want.hits[row->rule == RULE_DEFAULT ? 0 : row->rule]++;
	if (row->nat)
		want.hits[row->nat]++;
	take(&now);
	for (unsigned int i = 0; i < SL_DROP_REASONS; i++)
		wrong |= differs(sl_drop_name(i), i, now.drops[i], want.drops[i]);
	for (unsigned int i = 0; i < RULES; i++)
		wrong |= differs("hits of rule", i, now.hits[i], want.hits[i]);
	for (unsigned int i = 0; i < IFACES; i++) {
		const struct sl_iface_counter *a = &now.ifaces[i], *b = &want.ifaces[i];

		wrong |= differs("rx packets of", i, a->rx_packets, b->rx_packets) |
			 differs("rx bytes of", i, a->rx_bytes, b->rx_bytes) |
			 differs("dropped of", i, a->rx_dropped, b->rx_dropped) |
			 differs("tx packets of", i, a->tx_packets, b->tx_packets) |
			 differs("tx bytes of", i, a->tx_bytes, b->tx_bytes) |
			 differs("to the box from", i, a->to_host, b->to_host) |
			 differs("from the box by", i, a->from_host, b->from_host);
	}
	return !wrong;
}

static bool row_holds(const struct packet_row *row)
{
	struct frame f, changed, sent = {0}, back = {0};
	bool forwarded = !row->drop && row->out != BOX && row->out != ANSWERED;
	const struct sl_result *r;
	struct counted before;
	unsigned int outputs = 0;
	bool good = true;

	frame_text(&f, row->packet);
	take(&before);
	r = pipeline_run(SL_MODE_REPLAY, row->in, &f, row->after ? row->after : 1);
	if (r->reason != row->drop) {
		printf("  %s, not %s\n", r->reason ? sl_drop_name(r->reason) : "taken",
		       row->drop ? sl_drop_name(row->drop) : "taken");
		return false;
	}
	if (r->fate != (row->drop ? SL_FATE_DROPPED :
			forwarded ? SL_FATE_FORWARDED :
				    SL_FATE_LOCAL)) {
		printf("  fate %u\n", r->fate);
		return false;
	}
	frame_text(&changed, row->becomes ? row->becomes : row->packet);
	if (forwarded) {
		one_hop(&sent, &changed, row->out);
		good &= same_frame(outputs++, &sent, port_of(row->out));
	} else if (row->out == BOX) {
		/* The kernel gets it as it came. */
		good &= same_frame(outputs++, row->becomes ? &changed : &f, SL_IFACE_NONE);
	}
	if (row->answer) {
		answer(&back, &f, row->in, row->answer);
		good &= same_frame(outputs++, &back, row->in);
	}
	good &= !differs("frames out after", 0, pipeline.outputs, outputs);
	return good & counters_moved(row, &f, &sent, &back, &before);
}

void packet_rows(const struct packet_row *rows, unsigned int count)
{
	const char *what = "";
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (rows[i].what) {
			what = rows[i].what;
			assert_int_equal(pipeline_reset(NULL), 0);
			pipeline.worker->tunnel_id = 0;
		}
		if (row_holds(&rows[i]))
			continue;
		printf("  in \"%s\": row %u, %s\n", what, i, rows[i].packet);
		wrong++;
	}
	if (wrong)
		fail_msg("%u of %u rows went otherwise", wrong, count);
}
