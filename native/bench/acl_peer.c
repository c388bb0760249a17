/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_acl.h>
#include <rte_byteorder.h>
#include <stdlib.h>

#include "bench/acl_peer.h"

struct key {
	uint8_t proto;
	uint8_t spare[3];
	uint32_t src, dst;
	uint16_t sport, dport;
};

enum { PROTO, SRC, DST, SPORT, DPORT, FIELDS };
RTE_ACL_RULE_DEF(acl_rule, FIELDS);

static const struct rte_acl_field_def fields[FIELDS] = {
	{RTE_ACL_FIELD_TYPE_BITMASK, 1, PROTO, 0, offsetof(struct key, proto)},
	{RTE_ACL_FIELD_TYPE_MASK, 4, SRC, 1, offsetof(struct key, src)},
	{RTE_ACL_FIELD_TYPE_MASK, 4, DST, 2, offsetof(struct key, dst)},
	{RTE_ACL_FIELD_TYPE_RANGE, 2, SPORT, 3, offsetof(struct key, sport)},
	{RTE_ACL_FIELD_TYPE_RANGE, 2, DPORT, 3, offsetof(struct key, dport)},
};

static int add_rule(struct rte_acl_ctx *acl, const struct cb_rule *r, uint32_t number)
{
	bool has_ports = r->any_proto || r->proto == 6 || r->proto == 17 || r->proto == 132;
	struct acl_rule rule = {
		.data = {.userdata = number + 1,
			 .category_mask = 1,
			 .priority = RTE_ACL_MAX_PRIORITY - (int32_t)number},
	};

	rule.field[PROTO].value.u8 = r->proto;
	rule.field[PROTO].mask_range.u8 = r->any_proto ? 0 : 0xff;
	rule.field[SRC].value.u32 = r->src[0];
	rule.field[SRC].mask_range.u32 = r->src_length;
	rule.field[DST].value.u32 = r->dst[0];
	rule.field[DST].mask_range.u32 = r->dst_length;
	rule.field[SPORT].value.u16 = has_ports ? r->sport[0] : 0;
	rule.field[SPORT].mask_range.u16 = has_ports ? r->sport[1] : 65535;
	rule.field[DPORT].value.u16 = has_ports ? r->dport[0] : 0;
	rule.field[DPORT].mask_range.u16 = has_ports ? r->dport[1] : 65535;
	return rte_acl_add_rules(acl, (struct rte_acl_rule *)&rule, 1);
}

struct rte_acl_ctx *acl_build(const struct cb_set *set)
{
	const struct rte_acl_param param = {
		.name = "peer",
		.socket_id = -1,
		.rule_size = RTE_ACL_RULE_SZ(FIELDS),
		.max_rule_num = set->count,
	};
	struct rte_acl_config config = {.num_categories = 1, .num_fields = FIELDS};
	struct rte_acl_ctx *acl = rte_acl_create(&param);

	for (int i = 0; i < FIELDS; i++)
		config.defs[i] = fields[i];
	for (uint32_t i = 0; acl != NULL && i < set->count; i++) {
		if (add_rule(acl, &set->rules[i], i) != 0) {
			rte_acl_free(acl);
			return NULL;
		}
	}
	if (acl != NULL && rte_acl_build(acl, &config) != 0) {
		rte_acl_free(acl);
		return NULL;
	}
	return acl;
}

const uint8_t **acl_keys(const struct cb_set *set, uint8_t **memory)
{
	struct key *keys = calloc(set->flow_count, sizeof(*keys));
	const uint8_t **at = calloc(set->flow_count, sizeof(*at));

	if (keys == NULL || at == NULL)
		abort();
	for (uint32_t i = 0; i < set->flow_count; i++) {
		const struct sl_flow *f = &set->flows[i];

		keys[i] = (struct key){
			.proto = f->proto,
			.src = rte_cpu_to_be_32(f->v4.src),
			.dst = rte_cpu_to_be_32(f->v4.dst),
			.sport = rte_cpu_to_be_16(f->sport),
			.dport = rte_cpu_to_be_16(f->dport),
		};
		at[i] = (const uint8_t *)&keys[i];
	}
	*memory = (uint8_t *)keys;
	return at;
}
