/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_byteorder.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/control_show.h"
#include "helpers/helper.h"
#include "session/walk.h"

#define WALK_BUDGET 4096

static const char *const states[SL_SESSION_STATES] = {
	[SL_STATE_NONE] = "none",
	[SL_TCP_SYN_SENT] = "syn-sent",
	[SL_TCP_SYN_CROSSED] = "syn-crossed",
	[SL_TCP_SYN_RECEIVED] = "syn-received",
	[SL_TCP_ESTABLISHED] = "established",
	[SL_TCP_RESET_DOUBT] = "reset-doubt",
	[SL_TCP_FIN_WAIT] = "fin-wait",
	[SL_TCP_CLOSE_WAIT] = "close-wait",
	[SL_TCP_CLOSING] = "closing",
	[SL_TCP_LAST_ACK] = "last-ack",
	[SL_TCP_TIME_WAIT] = "time-wait",
	[SL_TCP_CLOSED] = "closed",
	[SL_UDP_OPENING] = "opening",
	[SL_UDP_ESTABLISHED] = "established",
	[SL_ICMP_OPENING] = "opening",
	[SL_ICMP_ESTABLISHED] = "established",
	[SL_OTHER_OPENING] = "opening",
	[SL_OTHER_ESTABLISHED] = "established",
};

struct walking {
	struct sl_datapath *dp;
	struct sl_json *json;
	uint64_t limit, done;
	uint32_t now_ms;
};

void sl_show_session_key(struct sl_json *json, const struct sl_session_view *v)
{
	const struct sl_key4 *k4 = &v->key[0].key4;
	const struct sl_key6 *k6 = &v->key[0].key6;
	int family = v->family[0];

	sl_json_address(json, "source", family, family == 6 ? (const void *)k6->src : &k4->src);
	sl_json_address(json, "destination", family, family == 6 ? (const void *)k6->dst : &k4->dst);
	sl_json_number(json, "source_port", rte_be_to_cpu_16(family == 6 ? k6->sport : k4->sport));
	sl_json_number(json, "destination_port",
		       rte_be_to_cpu_16(family == 6 ? k6->dport : k4->dport));
}

/* What the other side sees: as the way back has it, turned round. */
static void show_translation(struct sl_json *json, const struct sl_session_view *v)
{
	const struct sl_key4 *k4 = &v->key[1].key4;
	const struct sl_key6 *k6 = &v->key[1].key6;
	int family = v->family[1];

	if (!(v->session->flags & (SL_SESSION_NAT | SL_SESSION_ONE_WAY)))
		return;
	sl_json_object(json, "nat");
	sl_json_address(json, "source", family, family == 6 ? (const void *)k6->dst : &k4->dst);
	sl_json_address(json, "destination", family,
			family == 6 ? (const void *)k6->src : &k4->src);
	sl_json_number(json, "source_port", rte_be_to_cpu_16(family == 6 ? k6->dport : k4->dport));
	sl_json_number(json, "destination_port",
		       rte_be_to_cpu_16(family == 6 ? k6->sport : k4->sport));
	sl_json_object_end(json);
}

static bool show_one(const struct sl_session_view *v, void *argument)
{
	struct walking *walking = argument;
	struct sl_json *json = walking->json;
	const struct sl_session *s = v->session;

	sl_json_object(json, NULL);
	sl_show_session_key(json, v);
	sl_json_number(json, "protocol", s->protocol);
	sl_json_string(json, "state", states[s->state % SL_SESSION_STATES]);
	sl_json_number(json, "rule", s->rule);
	if (s->flags & SL_SESSION_HELPER)
		sl_json_string(json, "helper", sl_helper_is_child(s) ? "child" : "parent");
	show_translation(json, v);
	sl_json_number(json, "in", s->in);
	sl_json_number(json, "out", s->out);
	sl_json_number(json, "from", s->from);
	sl_json_number(json, "to", s->to);
	sl_json_number(json, "worker", v->owner);
	sl_json_number(json, "packets_forward", sl_session_packets(s, 0));
	sl_json_number(json, "packets_reply", sl_session_packets(s, 1));
	sl_json_number(json, "bytes_forward", s->bytes[0]);
	sl_json_number(json, "bytes_reply", s->bytes[1]);
	sl_json_number(json, "age_ms", walking->now_ms - s->created);
	sl_json_number(json, "idle_ms", walking->now_ms - s->last);
	sl_json_object_end(json);
	return ++walking->done != walking->limit;
}

static bool end_one(const struct sl_session_view *v, void *argument)
{
	struct walking *walking = argument;
	int error;

	while ((error = sl_session_request_end(walking->dp->sessions, v, SL_END_CLEARED)) ==
		       -EAGAIN &&
	       !atomic_load(&walking->dp->stop))
		usleep(50);
	walking->done += error == 0;
	return true;
}

static bool count_one(const struct sl_session_view *v, void *argument)
{
	(void)v;
	((struct walking *)argument)->done++;
	return true;
}

/* The whole table, a quiescent state every few thousand entries. */
static void walk(struct sl_datapath *dp, const struct sl_session_filter *filter,
		 sl_session_seen seen, struct walking *walking)
{
	unsigned int id = SL_QSBR_CONTROL(dp);
	struct sl_session_walk at = {0};
	bool more = true;

	rte_rcu_qsbr_thread_online(dp->qsbr, id);
	while (more && (walking->limit == 0 || walking->done < walking->limit)) {
		more = sl_session_walk(dp->sessions, &at, WALK_BUDGET, filter, seen, walking);
		rte_rcu_qsbr_quiescent(dp->qsbr, id);
	}
	rte_rcu_qsbr_thread_offline(dp->qsbr, id);
}

void sl_show_sessions(struct sl_datapath *dp, const struct sl_session_filter *filter,
		      struct sl_json *json)
{
	struct walking walking = {
		.dp = dp, .json = json, .limit = filter->limit,
		.now_ms = sl_clock_ms(dp->boot_tsc, rte_rdtsc(), sl_clock_ms_per_cycle())};

	sl_json_array(json, NULL);
	walk(dp, filter, show_one, &walking);
	sl_json_array_end(json);
}

void sl_clear_sessions(struct sl_datapath *dp, const struct sl_session_filter *filter, bool dry,
		       struct sl_json *json)
{
	struct walking walking = {.dp = dp};

	walk(dp, filter, dry ? count_one : end_one, &walking);
	while (sl_session_requests_pending(dp->sessions) && !atomic_load(&dp->stop))
		usleep(50);
	sl_json_object(json, NULL);
	sl_json_number(json, "cleared", dry ? 0 : walking.done);
	if (dry)
		sl_json_number(json, "fitting", walking.done);
	sl_json_object_end(json);
}
