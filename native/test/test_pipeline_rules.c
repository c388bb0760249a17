/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/counters.h"
#include "session/table.h"
#include "tables/tables.h"
#include "test/extras.h"
#include "test/pipeline.h"

/* Rules that do more than allow and deny: conditions, reject, without sessions, midstream. */

static const char *const client4 = "10.1.2.3", *const server4 = "203.0.113.80";
static const char *const client6 = "2001:db8:a::5", *const server6 = "2001:db8:99::1";
static const char *const dmz4 = "10.20.0.7";

#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define FIN 0x01

/* What the rule of a test is made of. */
static uint32_t slot;
static uint8_t action, flags;
static bool has_extra;
static struct sl_image_rule_extras extra;
static uint16_t in[2];
static uint64_t mac, from_s, to_s;
static uint32_t grace;

static void change(struct image_builder *b)
{
	struct sl_image_rules *rules = (void *)b->section[SL_SECTION_RULES].data;
	struct sl_image_settings *settings = (void *)b->section[SL_SECTION_SETTINGS].data;

	settings->midstream_grace = grace;
	extras_changed(b);
	rules[slot - SL_RULE_FIRST].action = action;
	rules[slot - SL_RULE_FIRST].flags |= flags;
	if (!has_extra)
		return;
	for (unsigned int i = 0; i < (unsigned int)extra.in + extra.out; i++)
		image_add(b, SL_SECTION_RULE_IFACES, &(struct sl_image_rule_ifaces){in[i]});
	if (extra.macs)
		image_add(b, SL_SECTION_RULE_MACS, &(struct sl_image_rule_macs){mac});
	if (extra.schedule != SL_SCHEDULE_NONE) {
		image_add(b, SL_SECTION_TIMEZONES, &(struct sl_image_timezones){0});
		image_add(b, SL_SECTION_SCHEDULE_WINDOWS,
			  &(struct sl_image_schedule_windows){.from = from_s, .to = to_s});
		image_add(b, SL_SECTION_SCHEDULES, &(struct sl_image_schedules){.windows = 1});
	}
	extras_rule(b, slot, &extra);
}

static void load(void)
{
	pipeline_change = change;
	assert_int_equal(pipeline_reset(NULL), 0);
	pipeline_change = NULL;
}

/* The network with one rule made another. */
static void with_rule(uint32_t which, uint8_t does, uint8_t has)
{
	slot = which;
	action = does;
	flags = has;
	has_extra = false;
	grace = 0;
	load();
}

static void with_extra(uint32_t which, uint8_t does, uint8_t has, struct sl_image_rule_extras x)
{
	slot = which;
	action = does;
	flags = has;
	has_extra = true;
	extra = x;
	grace = 0;
	load();
}

/* The same under the live sessions, as the control thread does it. */
static void swap(void)
{
	struct sl_tables *before = pipeline.dp->tables, *after;
	char error[256];
	size_t size;
	void *image;

	pipeline_change = change;
	image = pipeline_image(false, &size);
	pipeline_change = NULL;
	after = sl_tables_build(image, size, before, error, sizeof(error), NULL);
	free(image);
	assert_non_null(after);
	sl_tables_follow(after, before, sl_now_s(pipeline.worker));
	pipeline.dp->tables = after;
	pipeline.worker->tables = after;
	sl_tables_free(before);
}

static const struct sl_rule_counter *counter(uint32_t rule)
{
	return &pipeline.worker->rules[rule];
}

static uint64_t live(void)
{
	const struct sl_session_stats *s = sl_session_stats(pipeline.worker->sessions);

	return s->live[0] + s->live[1];
}

/* The packet is rejected by `rule` and answered; the answer from its IP header on. */
static const uint8_t *answer(uint16_t in_by, const struct frame *f, uint32_t rule, uint32_t *length)
{
	const struct sl_result *r = pipeline_in(in_by, f);
	struct sl_output head;
	const uint8_t *bytes = pipeline_out(0, &head);

	assert_int_equal(r->reason, SL_DROP_POLICY_REJECT);
	assert_int_equal(r->verdict, SL_VERDICT_REJECT);
	assert_int_equal(r->fate, SL_FATE_DROPPED);
	assert_int_equal(r->rule, rule);
	assert_int_equal(pipeline.outputs, 1);
	assert_int_equal(head.input, SL_INPUT_GENERATED);
	assert_int_equal(head.iface, in_by);
	assert_true(frame_sound(bytes, head.length));
	*length = head.length - f->l3;
	return bytes + f->l3;
}

static void expect_reset(const struct frame *f, uint8_t want_flags, uint32_t seq, uint32_t ack)
{
	bool v4 = f->bytes[f->l3] >> 4 == 4;
	uint32_t header = v4 ? 20 : 40, length;
	const uint8_t *ip = answer(INSIDE, f, RULE_DENY_MAIL, &length), *tcp = ip + header;

	assert_int_equal(length, header + 20);
	assert_int_equal(ip[v4 ? 8 : 7], 64);
	assert_memory_equal(ip + (v4 ? 12 : 8), f->bytes + f->l3 + (v4 ? 16 : 24), v4 ? 4 : 16);
	assert_memory_equal(ip + (v4 ? 16 : 24), f->bytes + f->l3 + (v4 ? 12 : 8), v4 ? 4 : 16);
	assert_int_equal(frame_get(tcp, 2), 25);
	assert_int_equal(frame_get(tcp + 2, 2), 40000);
	assert_int_equal(frame_get(tcp + 4, 4), seq);
	assert_int_equal(frame_get(tcp + 8, 4), ack);
	assert_int_equal(tcp[13], want_flags);
	assert_int_equal(frame_get(tcp + 14, 2), 0);
}

/* RFC 9293 3.10.7.1 */
static void resets(void **state)
{
	struct frame f;

	(void)state;
	with_rule(RULE_DENY_MAIL, SL_ACTION_REJECT, 0);
	frame_tcp(&f, client4, server4, 40000, 25, SYN, 1000, 0, 0);
	expect_reset(&f, RST | ACK, 0, 1001);
	frame_tcp(&f, client6, server6, 40000, 25, SYN, UINT32_MAX, 0, 0);
	expect_reset(&f, RST | ACK, 0, 0);
	/* Data on the SYN counts too (RFC 7413). */
	frame_tcp(&f, client4, server4, 40000, 25, SYN, 1000, 0, 7);
	expect_reset(&f, RST | ACK, 0, 1008);

	/* What is no beginning is no business of the rule, unless it may open a session. */
	frame_tcp(&f, client4, server4, 40000, 25, ACK, 1000, 2000, 7);
	expect_dropped(INSIDE, &f, SL_DROP_TCP_NO_SESSION);
	assert_int_equal(pipeline.outputs, 0);
	grace = 30;
	load();
	pipeline.worker->settled = false;
	frame_tcp(&f, client4, server4, 40000, 25, ACK, 1000, 2000, 7);
	expect_reset(&f, RST, 2000, 0);
	frame_tcp(&f, client6, server6, 40000, 25, FIN | ACK, 1000, 3000, 0);
	expect_reset(&f, RST, 3000, 0);
	/* Never in answer to a reset. */
	frame_tcp(&f, client4, server4, 40000, 25, RST | ACK, 1000, 2000, 0);
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_REJECT);
	assert_int_equal(pipeline.outputs, 0);
	pipeline.worker->settled = true;
}

static void expect_unreachable(const struct frame *f, uint8_t type, uint8_t code, const char *from)
{
	bool v4 = f->bytes[f->l3] >> 4 == 4;
	uint32_t header = v4 ? 20 : 40, length, quoted = f->length - f->l3;
	const uint8_t *ip = answer(INSIDE, f, RULE_OUT, &length), *icmp = ip + header;
	struct frame want;

	frame_icmp(&want, from, v4 ? client4 : client6, type, code, 0, 0);
	assert_memory_equal(ip + (v4 ? 12 : 8), want.bytes + want.l3 + (v4 ? 12 : 8), v4 ? 8 : 32);
	assert_int_equal(ip[v4 ? 8 : 7], 64);
	assert_int_equal(icmp[0], type);
	assert_int_equal(icmp[1], code);
	assert_int_equal(frame_get(icmp + 4, 4), 0);
	assert_int_equal(length, header + 8 + quoted);
	assert_memory_equal(icmp + 8, f->bytes + f->l3, quoted);
}

/* RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1 */
static void unreachables(void **state)
{
	static const struct {
		uint8_t kind, code4, code6;
	} table[] = {
		{SL_REJECT_AUTO, 13, 1},     {SL_REJECT_TCP_RESET, 13, 1}, {SL_REJECT_PORT, 3, 4},
		{SL_REJECT_HOST, 1, 3},	     {SL_REJECT_NET, 0, 0},	   {SL_REJECT_PROHIBITED, 13, 1},
	};
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sl_image_rule_extras x = extras_none();

		x.reject = table[i].kind;
		with_extra(RULE_OUT, SL_ACTION_REJECT, 0, x);
		frame_udp(&f, client4, server4, 40000, 53, 100);
		expect_unreachable(&f, 3, table[i].code4, "10.1.0.1");
		frame_udp(&f, client6, server6, 40000, 53, 100);
		expect_unreachable(&f, 1, table[i].code6, "2001:db8:a::1");
		/* Whatever else the rule says of TCP. */
		frame_tcp(&f, client4, server4, 40000, 80, SYN, 1, 0, 0);
		if (table[i].kind != SL_REJECT_AUTO && table[i].kind != SL_REJECT_TCP_RESET)
			expect_unreachable(&f, 3, table[i].code4, "10.1.0.1");
		/* A ping is no error: it is answered. */
		frame_icmp(&f, client4, server4, 8, 0, 0x10001, 20);
		expect_unreachable(&f, 3, table[i].code4, "10.1.0.1");
	}
}

static void expect_silence(uint16_t in_by, const struct frame *f)
{
	expect_dropped(in_by, f, SL_DROP_POLICY_REJECT);
	assert_int_equal(pipeline.outputs, 0);
}

/* RFC 1812 4.3.2.7, RFC 4443 2.4 (e) */
static void unanswered(void **state)
{
	unsigned int answered = 0;
	struct frame f;

	(void)state;
	with_rule(RULE_OUT, SL_ACTION_REJECT, 0);
	frame_udp(&f, client4, server4, 40000, 53, 10);
	memset(f.bytes, 0xff, 6);
	expect_silence(INSIDE, &f);
	/* In a moment as many as the bucket holds. */
	frame_udp(&f, client4, server4, 40000, 53, 10);
	pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 1000);
	answered += pipeline.outputs;
	for (unsigned int i = 0; i < 300; i++) {
		frame_tcp(&f, client4, server4, (uint16_t)(1000 + i), 80, SYN, 1, 0, 0);
		pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 0);
		answered += pipeline.outputs;
	}
	assert_int_equal(answered, 100);
}

/* From a VLAN child: back with its tag. */
static void tagged(void **state)
{
	uint32_t length;
	struct frame f;

	(void)state;
	with_rule(RULE_DMZ_IN, SL_ACTION_REJECT, 0);
	frame_ip(&f, 20, dmz4, client4, 17);
	frame_add(&f, (uint8_t[]){0x9c, 0x40, 0, 53, 0, 16, 0, 0}, 8);
	frame_fill(&f, 8);
	frame_finish(&f);
	assert_int_equal(f.l3, 18);
	answer(INSIDE, &f, RULE_DMZ_IN, &length);
	assert_int_equal(length, 28 + 36);
}

/* Both directions by their own rules, whatever a session would say. */
static void without_state(void **state)
{
	struct sl_rule_counter before;
	const struct sl_result *r;
	struct frame f, error;

	(void)state;
	with_rule(RULE_TO_DMZ, SL_ACTION_ALLOW, SL_RULE_STATELESS);
	before = *counter(RULE_TO_DMZ);
	for (unsigned int i = 0; i < 3; i++) {
		frame_udp(&f, client4, dmz4, 40000, 53, 100);
		r = pipeline_in(INSIDE, &f);
		assert_int_equal(r->fate, SL_FATE_FORWARDED);
		assert_int_equal(r->out, DMZ);
		assert_int_equal(r->rule, RULE_TO_DMZ);
		assert_int_equal(r->session, SL_SESSION_NONE);
	}
	assert_int_equal(live(), 0);
	assert_int_equal(counter(RULE_TO_DMZ)->hits - before.hits, 3);
	assert_int_equal(counter(RULE_TO_DMZ)->packets - before.packets, 3);
	assert_int_equal(counter(RULE_TO_DMZ)->bytes - before.bytes, 3 * 128);
	/* Packets in the middle of something, answers and errors are as good as any. */
	frame_tcp(&f, client4, dmz4, 40000, 80, ACK, 1, 1, 10);
	assert_int_equal(pipeline_in(INSIDE, &f)->out, DMZ);
	frame_tcp(&f, client4, dmz4, 40000, 80, RST, 1, 1, 0);
	assert_int_equal(pipeline_in(INSIDE, &f)->out, DMZ);
	frame_icmp(&f, client4, dmz4, 0, 0, 0x10001, 10);
	assert_int_equal(pipeline_in(INSIDE, &f)->out, DMZ);
	frame_udp(&f, dmz4, client4, 53, 40000, 10);
	frame_error(&error, client4, &f, 3, 3, 0, 28);
	r = pipeline_in(INSIDE, &error);
	assert_int_equal(r->fate, SL_FATE_FORWARDED);
	assert_int_equal(r->rule, RULE_TO_DMZ);
	/* The limits of forwarding hold. */
	frame_udp(&f, client4, dmz4, 40000, 53, 10);
	f.bytes[f.l3 + 8] = 1;
	frame_fix_ip(&f);
	expect_dropped(INSIDE, &f, SL_DROP_TTL_EXCEEDED);
	assert_int_equal(live(), 0);
	/* Other rules are as they were. */
	frame_tcp(&f, client4, server4, 40000, 80, ACK, 1, 1, 10);
	r = pipeline_in(INSIDE, &f);
	assert_int_equal(r->reason, SL_DROP_TCP_NO_SESSION);
	assert_int_equal(r->rule, SL_RULE_NOT_ASKED);
	frame_tcp(&f, client4, server4, 40000, 80, SYN, 1, 0, 0);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	frame_icmp(&f, client4, server4, 0, 0, 0x10001, 10);
	expect_dropped(INSIDE, &f, SL_DROP_ICMP_NO_SESSION);
}

/* A live session whose rule keeps none any more ends; its packet passes all the same. */
static void state_given_up(void **state)
{
	const struct sl_result *r;
	struct frame f;

	(void)state;
	frame_udp(&f, client4, dmz4, 40000, 53, 10);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	slot = RULE_TO_DMZ;
	action = SL_ACTION_ALLOW;
	flags = SL_RULE_STATELESS;
	has_extra = false;
	swap();
	r = pipeline_in(INSIDE, &f);
	assert_int_equal(r->fate, SL_FATE_FORWARDED);
	assert_int_equal(r->session, SL_SESSION_NONE);
	assert_int_equal(live(), 0);
}

static void midstream(void **state)
{
	struct frame f;

	(void)state;
	with_rule(RULE_OUT, SL_ACTION_ALLOW, SL_RULE_MIDSTREAM);
	frame_tcp(&f, client4, server4, 40000, 80, ACK, 1000, 1, 10);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	/* No window is known. */
	frame_tcp(&f, server4, client4, 80, 40000, ACK, 99999999, 1, 10);
	expect_forwarded(WAN, &f, INSIDE);
	frame_tcp(&f, client4, server4, 40001, 80, FIN | ACK, 1000, 1, 0);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	frame_tcp(&f, client4, server4, 40002, 80, RST, 1000, 1, 0);
	expect_dropped(INSIDE, &f, SL_DROP_TCP_NO_SESSION);
	frame_tcp(&f, client4, server4, 40002, 80, SYN | ACK, 1000, 1, 0);
	expect_dropped(INSIDE, &f, SL_DROP_TCP_NO_SESSION);
	frame_tcp(&f, client4, server4, 40002, 80, SYN, 1000, 0, 0);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	/* Another rule says nothing of it; the other way there is none. */
	frame_tcp(&f, client4, server4, 40000, 25, ACK, 1000, 1, 10);
	expect_dropped(INSIDE, &f, SL_DROP_TCP_NO_SESSION);
	frame_tcp(&f, server4, client4, 80, 40009, ACK, 1000, 1, 10);
	expect_dropped(WAN, &f, SL_DROP_TCP_NO_SESSION);
	/* A trace is asked without a session. */
	frame_tcp(&f, client4, server4, 40000, 80, ACK, 1000, 1, 10);
	assert_int_equal(pipeline_run(SL_MODE_TRACE, INSIDE, &f, 0)->fate, SL_FATE_FORWARDED);
}

static void after_a_start(void **state)
{
	struct frame f;

	(void)state;
	with_rule(RULE_OUT, SL_ACTION_ALLOW, 0);
	grace = 30;
	load();
	pipeline.worker->settled = false;
	frame_tcp(&f, client4, server4, 40000, 80, ACK, 1000, 1, 10);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	frame_tcp(&f, client4, server4, 40001, 80, RST, 1000, 1, 10);
	expect_dropped(INSIDE, &f, SL_DROP_TCP_NO_SESSION);
	frame_tcp(&f, client4, server4, 40002, 80, ACK, 1000, 1, 10);
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 29998)->session, SL_SESSION_NEW);
	frame_tcp(&f, client4, server4, 40003, 80, ACK, 1000, 1, 10);
	expect_dropped(INSIDE, &f, SL_DROP_TCP_NO_SESSION);
	pipeline.worker->settled = true;
}

static void expect_rule(uint16_t in_by, const struct frame *f, uint32_t rule)
{
	assert_int_equal(pipeline_run(SL_MODE_TRACE, in_by, f, 0)->rule, rule);
}

/* What conditions read of a packet, in a trace: each packet stands alone. */
static void conditions(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	struct frame f;

	(void)state;
	x.dscp = 1ull << 46;
	with_extra(RULE_OUT, SL_ACTION_ALLOW, SL_RULE_CONDITION, x);
	frame_udp(&f, client4, server4, 40000, 53, 10);
	expect_rule(INSIDE, &f, SL_RULE_DEFAULT_DENY);
	f.bytes[f.l3 + 1] = 46 << 2 | 3;
	frame_fix_ip(&f);
	expect_rule(INSIDE, &f, RULE_OUT);
	frame_udp(&f, client6, server6, 40000, 53, 10);
	expect_rule(INSIDE, &f, SL_RULE_DEFAULT_DENY);
	f.bytes[f.l3] = 0x60 | 46 >> 2;
	f.bytes[f.l3 + 1] = (uint8_t)(46 << 6 | 0x3f);
	expect_rule(INSIDE, &f, RULE_OUT);

	x = extras_none();
	x.macs = 1;
	mac = 0x0200000000aa;
	with_extra(RULE_OUT, SL_ACTION_ALLOW, SL_RULE_CONDITION, x);
	frame_udp(&f, client4, server4, 40000, 53, 10);
	expect_rule(INSIDE, &f, RULE_OUT);
	f.bytes[11] ^= 1;
	expect_rule(INSIDE, &f, SL_RULE_DEFAULT_DENY);

	/* Before the rule that allows all: SYN and nothing else of these four. */
	x = extras_none();
	x.tcp_mask = SYN | ACK | FIN | RST;
	x.tcp_value = SYN;
	with_extra(RULE_DENY_MAIL, SL_ACTION_DENY, SL_RULE_CONDITION, x);
	frame_tcp(&f, client4, server4, 40000, 25, SYN, 1, 0, 0);
	expect_rule(INSIDE, &f, RULE_DENY_MAIL);
	frame_tcp(&f, client4, server4, 40000, 25, ACK, 1, 0, 0);
	expect_rule(INSIDE, &f, RULE_OUT);

	x = extras_none();
	x.in = 1;
	x.out = 1;
	in[0] = DMZ;
	in[1] = INSIDE;
	with_extra(RULE_DMZ_IN, SL_ACTION_ALLOW, SL_RULE_CONDITION, x);
	frame_ip(&f, 20, dmz4, client4, 17);
	frame_add(&f, (uint8_t[]){0x9c, 0x40, 0, 53, 0, 16, 0, 0}, 8);
	frame_fill(&f, 8);
	frame_finish(&f);
	expect_rule(INSIDE, &f, RULE_DMZ_IN);
	/* The other interface of the zone. */
	frame_udp(&f, "10.30.0.5", client4, 40000, 53, 10);
	expect_rule(NARROW, &f, SL_RULE_DEFAULT_DENY);
}

/* Its rule's time over, a session ends; its rule's time come, none that lives is the worse for it. */
static void its_time(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	struct frame f, other;

	(void)state;
	frame_udp(&f, client4, server4, 40000, 53, 10);
	frame_udp(&other, client4, dmz4, 40000, 53, 10);
	pipeline_in(INSIDE, &f);
	from_s = pipeline.now_ns / 1000000000 + 10;
	to_s = from_s + 60;
	x.schedule = 0;
	with_extra(RULE_OUT, SL_ACTION_ALLOW, SL_RULE_CONDITION, x);
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_DEFAULT);
	assert_int_equal(pipeline_in(INSIDE, &other)->session, SL_SESSION_NEW);
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 12000)->session, SL_SESSION_NEW);
	assert_int_equal(pipeline_in(INSIDE, &other)->session, SL_SESSION_HIT);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 20000)->session,
				 SL_SESSION_HIT);
		assert_int_equal(pipeline_in(INSIDE, &other)->session, SL_SESSION_HIT);
	}
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 20000)->reason,
			 SL_DROP_POLICY_CHANGED);
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_DEFAULT);
	assert_int_equal(pipeline_in(INSIDE, &other)->session, SL_SESSION_HIT);
}

/* A live session keeps what its first packet had, and loses what is asked anew. */
static void judged_again(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	struct frame f;

	(void)state;
	x.dscp = 1ull << 46;
	with_extra(RULE_OUT, SL_ACTION_ALLOW, SL_RULE_CONDITION, x);
	frame_udp(&f, client4, server4, 40000, 53, 10);
	f.bytes[f.l3 + 1] = 46 << 2;
	frame_fix_ip(&f);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	extra.dscp = 1ull << 10;
	swap();
	frame_udp(&f, client4, server4, 40000, 53, 10);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_HIT);
	assert_int_equal(pipeline_in(INSIDE, &f)->rule, RULE_OUT);
	extra.out = 1;
	in[0] = NARROW;
	swap();
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_CHANGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resets),
		cmocka_unit_test(unreachables),
		cmocka_unit_test(unanswered),
		cmocka_unit_test(tagged),
		cmocka_unit_test(without_state),
		cmocka_unit_test_setup(state_given_up, pipeline_reset),
		cmocka_unit_test(midstream),
		cmocka_unit_test(after_a_start),
		cmocka_unit_test(conditions),
		cmocka_unit_test(its_time),
		cmocka_unit_test(judged_again),
	};

	return cmocka_run_group_tests_name("pipeline_rules", tests, pipeline_start, NULL);
}
