/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <stdio.h>

#include "core/clock.h"
#include "vpn/engine.h"
#include "vpn/sa_serve.h"
#include "vpn/sad.h"
#include "vpn/spd.h"

struct show {
	struct sl_json *json;
	uint64_t now_ms;  /* CLOCK_MONOTONIC */
	uint32_t used_ms; /* the session clock's now */
};

static const char *integrity_name(uint16_t integrity)
{
	switch (integrity) {
	case SL_SA_SHA2_256_128: return "sha256";
	case SL_SA_SHA2_384_192: return "sha384";
	case SL_SA_SHA2_512_256: return "sha512";
	case SL_SA_SHA1_96: return "sha1";
	default: return "none";
	}
}

/* As proposals are written: aes128gcm16, aes256-sha256, chacha20poly1305. */
static void show_algorithm(struct sl_json *json, const struct sl_sa *sa)
{
	char text[48] = "null";

	if (sa->cipher == SL_SA_AES_GCM_16)
		snprintf(text, sizeof(text), "aes%ugcm16", sa->key * 8u);
	else if (sa->cipher == SL_SA_CHACHA20)
		snprintf(text, sizeof(text), "chacha20poly1305");
	else if (sa->cipher == SL_SA_AES_CBC)
		snprintf(text, sizeof(text), "aes%u-%s", sa->key * 8u, integrity_name(sa->integrity));
	sl_json_string(json, "algorithm", text);
}

static void show_limits(struct sl_json *json, const struct sl_sa_limit *l)
{
	sl_json_object(json, "limits");
	if (l->soft_bytes)
		sl_json_number(json, "soft_bytes", l->soft_bytes);
	if (l->hard_bytes)
		sl_json_number(json, "hard_bytes", l->hard_bytes);
	if (l->soft_packets)
		sl_json_number(json, "soft_packets", l->soft_packets);
	if (l->hard_packets)
		sl_json_number(json, "hard_packets", l->hard_packets);
	sl_json_object_end(json);
}

static void show_sa(struct sl_sa *sa, void *context)
{
	static const char *const states[] = {"live", "soft-limit", "hard-limit"};
	const struct show *show = context;
	const char *engine = sl_engines[atomic_load(&sa->using)->engine].name;
	struct sl_json *json = show->json;
	struct sl_sa_name name;

	sl_sa_name(sa, &name);
	sl_json_object(json, NULL);
	sl_json_number(json, "spi", name.spi);
	sl_json_string(json, "direction", sa->direction == SL_SA_OUT ? "out" : "in");
	sl_json_number(json, "iface", sa->iface);
	sl_json_number(json, "reqid", sa->reqid);
	sl_json_address(json, "source", sa->family, sa->source);
	sl_json_number(json, "source_port", name.source.port);
	sl_json_address(json, "destination", sa->family, sa->destination);
	sl_json_number(json, "destination_port", name.destination.port);
	sl_json_bool(json, "encapsulation", sa->flags & SL_SA_ENCAP);
	sl_json_bool(json, "esn", sa->flags & SL_SA_ESN);
	show_algorithm(json, sa);
	sl_json_string(json, "engine", engine);
	sl_json_number(json, "worker", sa->worker);
	sl_json_number(json, "packets", sa->packets);
	sl_json_number(json, "bytes", sa->bytes);
	/* The last one used, or the highest one seen. */
	sl_json_number(json, "sequence", sa->direction == SL_SA_OUT ? sa->sequence : sa->replay.top);
	sl_json_number(json, "replay_window", sa->replay.size);
	sl_json_number(json, "replayed", sa->replayed);
	sl_json_number(json, "forged", sa->forged);
	sl_json_number(json, "age_ms", show->now_ms - sa->made_ms);
	if (sa->packets)
		sl_json_number(json, "idle_ms", show->used_ms - sa->used_ms);
	sl_json_string(json, "state", states[sa->expired % 3]);
	show_limits(json, &sa->limit);
	sl_json_object_end(json);
}

static void show_selector(struct sl_json *json, const char *key, const struct sl_sa_selector *s)
{
	sl_json_object(json, key);
	sl_json_address(json, "from", s->family, s->from);
	sl_json_address(json, "to", s->family, s->to);
	sl_json_number(json, "port_from", s->port_from);
	sl_json_number(json, "port_to", s->port_to);
	sl_json_object_end(json);
}

static void show_policy(struct sl_policy *p, void *context)
{
	static const char *const types[] = {"", "protect", "pass", "drop"};
	static const char *const classes[] = {"pass", "sa", "trap", "fallback"};
	const struct show *show = context;
	struct sl_json *json = show->json;

	sl_json_object(json, NULL);
	sl_json_string(json, "direction", p->record.direction == SL_SA_OUT ? "out" : "in");
	sl_json_number(json, "iface", p->record.if_id);
	sl_json_number(json, "reqid", p->record.reqid);
	sl_json_string(json, "action", types[p->record.type % 4]);
	sl_json_string(json, "priority", classes[p->record.priority % 4]);
	if (p->record.spi)
		sl_json_number(json, "spi", p->record.spi);
	sl_json_number(json, "protocol", p->record.source.protocol);
	show_selector(json, "source", &p->record.source);
	show_selector(json, "destination", &p->record.destination);
	if (p->record.direction == SL_SA_OUT)
		sl_json_bool(json, "up", p->sa != NULL);
	if (p->used)
		sl_json_number(json, "idle_ms", show->used_ms - p->used_ms);
	sl_json_object_end(json);
}

void sl_sa_show(struct sl_datapath *dp, struct sl_json *json)
{
	struct show show = {
		.json = json,
		.now_ms = sl_sad_now_ms(),
		.used_ms = sl_clock_ms(dp->boot_tsc, rte_rdtsc(), sl_clock_ms_per_cycle()),
	};

	sl_json_object(json, NULL);
	sl_json_array(json, "sas");
	sl_sad_each(dp, show_sa, &show);
	sl_json_array_end(json);
	sl_json_array(json, "policies");
	sl_spd_each(dp, show_policy, &show);
	sl_json_array_end(json);
	sl_engines_show(dp, json);
	sl_json_object_end(json);
}
