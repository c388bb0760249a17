/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <arpa/inet.h>

void record_endpoint(struct sl_sa_endpoint *to, host_t *host, bool port)
{
	chunk_t address = host->get_address(host);

	*to = (struct sl_sa_endpoint){.family = address.len == 4 ? 4 : 6,
				      .port = port ? host->get_port(host) : 0};
	memcpy(to->address, address.ptr, min(address.len, sizeof(to->address)));
}

host_t *host_of_endpoint(const struct sl_sa_endpoint *endpoint)
{
	bool v4 = endpoint->family == 4;

	if (!v4 && endpoint->family != 6) {
		return NULL;
	}
	return host_create_from_chunk(v4 ? AF_INET : AF_INET6,
				      chunk_create((u_char *)endpoint->address, v4 ? 4 : 16),
				      endpoint->port);
}

void record_name(struct sl_sa_name *to, host_t *src, host_t *dst, uint32_t spi, bool inbound,
		 bool ports)
{
	*to = (struct sl_sa_name){.spi = ntohl(spi), .direction = inbound ? SL_SA_IN : SL_SA_OUT};
	record_endpoint(&to->source, src, ports);
	record_endpoint(&to->destination, dst, ports);
}

bool record_sa(struct sl_sa_add *to, const kernel_ipsec_sa_id_t *id,
	       const kernel_ipsec_add_sa_t *data)
{
	const lifetime_cfg_t *life = data->lifetime;

	if (id->proto != IPPROTO_ESP || data->ipcomp != IPCOMP_NONE ||
	    data->enc_key.len > SL_SA_CIPHER_KEY || data->int_key.len > SL_SA_INTEGRITY_KEY) {
		return FALSE;
	}
	*to = (struct sl_sa_add){
		.limit = {life->bytes.rekey, life->bytes.life, life->packets.rekey,
			  life->packets.life},
		.reqid = data->reqid,
		.if_id = id->if_id,
		.mark = id->mark.value,
		.mark_mask = id->mark.mask,
		.replay_window = data->inbound ? data->replay_window : 0,
		.tfc = data->tfc,
		.flags = (data->encap ? SL_SA_ENCAP : 0) | (data->esn ? SL_SA_ESN : 0) |
			 (data->copy_df ? SL_SA_COPY_DF : 0) | (data->copy_ecn ? SL_SA_COPY_ECN : 0) |
			 (data->initiator ? SL_SA_INITIATOR : 0),
		.cipher = data->enc_alg,
		.integrity = data->int_alg == AUTH_UNDEFINED ? SL_SA_NONE : data->int_alg,
		.mode = data->mode == MODE_TRANSPORT ? SL_SA_TRANSPORT : SL_SA_TUNNEL,
		.cipher_key_length = data->enc_key.len,
		.integrity_key_length = data->int_key.len,
	};
	if (data->mode != MODE_TRANSPORT && data->mode != MODE_TUNNEL) {
		return FALSE;
	}
	if (data->copy_dscp == DSCP_COPY_OUT_ONLY || data->copy_dscp == DSCP_COPY_YES) {
		to->flags |= SL_SA_DSCP_OUT;
	}
	if (data->copy_dscp == DSCP_COPY_IN_ONLY || data->copy_dscp == DSCP_COPY_YES) {
		to->flags |= SL_SA_DSCP_IN;
	}
	record_name(&to->name, id->src, id->dst, id->spi, data->inbound, data->encap);
	memcpy(to->cipher_key, data->enc_key.ptr, data->enc_key.len);
	memcpy(to->integrity_key, data->int_key.ptr, data->int_key.len);
	return TRUE;
}

static bool record_selector(struct sl_sa_selector *to, traffic_selector_t *ts)
{
	chunk_t from = ts->get_from_address(ts);
	chunk_t last = ts->get_to_address(ts);

	if (from.len != last.len || (from.len != 4 && from.len != 16)) {
		return FALSE;
	}
	*to = (struct sl_sa_selector){.family = from.len == 4 ? 4 : 6,
				      .protocol = ts->get_protocol(ts),
				      .port_from = ts->get_from_port(ts),
				      .port_to = ts->get_to_port(ts)};
	memcpy(to->from, from.ptr, from.len);
	memcpy(to->to, last.ptr, last.len);
	return TRUE;
}

traffic_selector_t *selector_of(const struct sl_sa_selector *selector)
{
	bool v4 = selector->family == 4;
	size_t length = v4 ? 4 : 16;

	if (!v4 && selector->family != 6) {
		return NULL;
	}
	return traffic_selector_create_from_bytes(
		selector->protocol, v4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE,
		chunk_create((u_char *)selector->from, length), selector->port_from,
		chunk_create((u_char *)selector->to, length), selector->port_to);
}

bool record_policy_id(struct sl_sa_policy *to, const kernel_ipsec_policy_id_t *id)
{
	*to = (struct sl_sa_policy){
		.direction = id->dir == POLICY_OUT ? SL_SA_OUT : SL_SA_IN,
		.if_id = id->if_id,
		.mark = id->mark.value,
		.mark_mask = id->mark.mask,
	};
	return record_selector(&to->source, id->src_ts) &&
	       record_selector(&to->destination, id->dst_ts);
}

bool record_policy(struct sl_sa_policy *to, const kernel_ipsec_policy_id_t *id,
		   const kernel_ipsec_manage_policy_t *data)
{
	static const uint8_t types[] = {
		[POLICY_IPSEC] = SL_SA_PROTECT,
		[POLICY_PASS] = SL_SA_PASS,
		[POLICY_DROP] = SL_SA_DROP,
	};
	static const uint8_t priorities[] = {
		[POLICY_PRIORITY_PASS] = SL_SA_PRIORITY_PASS,
		[POLICY_PRIORITY_DEFAULT] = SL_SA_PRIORITY_SA,
		[POLICY_PRIORITY_ROUTED] = SL_SA_PRIORITY_TRAP,
		[POLICY_PRIORITY_FALLBACK] = SL_SA_PRIORITY_FALLBACK,
	};
	const ipsec_sa_cfg_t *sa = data->sa;

	if (!record_policy_id(to, id)) {
		return FALSE;
	}
	to->type = types[data->type];
	to->priority = priorities[data->prio];
	to->mode = sa && sa->mode == MODE_TRANSPORT ? SL_SA_TRANSPORT : SL_SA_TUNNEL;
	to->manual = data->manual_prio;
	to->reqid = sa ? sa->reqid : 0;
	to->spi = sa && sa->esp.use ? ntohl(sa->esp.spi) : 0;
	record_endpoint(&to->outer_source, data->src, FALSE);
	record_endpoint(&to->outer_destination, data->dst, FALSE);
	return TRUE;
}
