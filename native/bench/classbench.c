/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/classbench.h"

static FILE *open_pipe(const char *file)
{
	char command[1024];
	FILE *in;

	snprintf(command, sizeof(command), "gzip -cdf -- '%s'", file);
	in = popen(command, "r");
	if (in == NULL) {
		perror(file);
		exit(1);
	}
	return in;
}

static void *grow(void *array, uint32_t count, size_t size)
{
	if ((count & (count - 1)) == 0)
		array = realloc(array, (count == 0 ? 1 : 2 * (size_t)count) * size);
	if (array == NULL)
		abort();
	return array;
}

static void prefix(const unsigned int byte[4], unsigned int length, uint32_t range[2])
{
	uint32_t address = byte[0] << 24 | byte[1] << 16 | byte[2] << 8 | byte[3];
	uint32_t host = length == 0 ? UINT32_MAX : (uint32_t)((1ull << (32 - length)) - 1);

	range[0] = address & ~host;
	range[1] = address | host;
}

static bool parse_rule(const char *line, struct cb_rule *r)
{
	unsigned int s[4], d[4], sl, dl, sp[2], dp[2], proto, mask;

	if (sscanf(line, "@%u.%u.%u.%u/%u %u.%u.%u.%u/%u %u : %u %u : %u %x/%x", &s[0], &s[1],
		   &s[2], &s[3], &sl, &d[0], &d[1], &d[2], &d[3], &dl, &sp[0], &sp[1], &dp[0],
		   &dp[1], &proto, &mask) != 16)
		return false;
	prefix(s, sl, r->src);
	prefix(d, dl, r->dst);
	r->src_length = (uint8_t)sl;
	r->dst_length = (uint8_t)dl;
	for (int i = 0; i < 2; i++) {
		r->sport[i] = (uint16_t)sp[i];
		r->dport[i] = (uint16_t)dp[i];
	}
	r->proto = (uint8_t)proto;
	r->any_proto = mask == 0;
	return true;
}

void cb_read(struct cb_set *set, const char *file, const char *trace)
{
	uint32_t src, dst;
	unsigned int sport, dport, proto;
	char line[512];
	FILE *in = open_pipe(file);

	memset(set, 0, sizeof(*set));
	while (fgets(line, sizeof(line), in) != NULL) {
		set->rules = grow(set->rules, set->count, sizeof(*set->rules));
		memset(&set->rules[set->count], 0, sizeof(*set->rules));
		if (parse_rule(line, &set->rules[set->count]))
			set->count++;
	}
	pclose(in);
	if (set->count == 0) {
		fprintf(stderr, "%s: no rules\n", file);
		exit(1);
	}
	if (trace == NULL)
		return;
	in = open_pipe(trace);
	while (fgets(line, sizeof(line), in) != NULL) {
		if (sscanf(line, "%" SCNu32 " %" SCNu32 " %u %u %u", &src, &dst, &sport, &dport,
			   &proto) != 5)
			continue;
		set->flows = grow(set->flows, set->flow_count, sizeof(*set->flows));
		set->flows[set->flow_count++] = (struct sl_flow){
			.family = 4,
			.proto = (uint8_t)proto,
			.sport = (uint16_t)(proto == 6 || proto == 17 || proto == 132 ? sport : 0),
			.dport = (uint16_t)(proto == 6 || proto == 17 || proto == 132 ? dport :
					    proto == 1				      ? 2048 :
											0),
			.v4 = {src, dst},
		};
	}
	pclose(in);
}

void cb_free(struct cb_set *set)
{
	free(set->rules);
	free(set->flows);
}

/* Numbers by key: equal keys get the number of the first. */
struct numbers {
	uint64_t *key;
	uint32_t *number;
	uint64_t mask;
	uint32_t used;
};

static uint32_t *number_of(struct numbers *n, uint64_t key)
{
	uint64_t at = (key * 0x9e3779b97f4a7c15) >> 20 & n->mask;

	while (n->number[at] != UINT32_MAX && n->key[at] != key)
		at = (at + 1) & n->mask;
	n->key[at] = key;
	return &n->number[at];
}

static void numbers_init(struct numbers *n, uint32_t count)
{
	for (n->mask = 1023; n->mask < 4ull * count; n->mask = n->mask * 2 + 1)
		;
	n->used = 0;
	n->key = calloc(n->mask + 1, sizeof(*n->key));
	n->number = malloc((n->mask + 1) * sizeof(*n->number));
	if (n->key == NULL || n->number == NULL)
		abort();
	memset(n->number, 0xff, (n->mask + 1) * sizeof(*n->number));
}

static void numbers_free(struct numbers *n)
{
	free(n->key);
	free(n->number);
}

#define V6_HIGH (0x20010db8ull << 32)

void cb_to_v6(struct cb_set *set)
{
	set->v6 = true;
	for (uint32_t i = 0; i < set->flow_count; i++) {
		struct sl_flow *f = &set->flows[i];
		uint32_t src = f->v4.src, dst = f->v4.dst;
		uint64_t host = (i + 1) * 0x9e3779b97f4a7c15;

		f->family = 6;
		f->v6.src[0] = V6_HIGH | src;
		f->v6.src[1] = host;
		f->v6.dst[0] = V6_HIGH | dst;
		f->v6.dst[1] = ~host;
	}
}

static uint32_t address_set(struct image_builder *b, struct numbers *n, const uint32_t range[2],
			    bool v6)
{
	uint32_t *number = number_of(n, (uint64_t)range[0] << 32 | range[1]);

	if (range[0] == 0 && range[1] == UINT32_MAX)
		return SL_SET_ANY;
	if (*number == UINT32_MAX) {
		const struct sl_image_ranges6 range6 = {V6_HIGH | range[0], 0, V6_HIGH | range[1],
							UINT64_MAX};
		struct sl_image_address_sets set = {
			.first4 = b->section[SL_SECTION_RANGES4].count,
			.count4 = !v6,
			.first6 = b->section[SL_SECTION_RANGES6].count,
			.count6 = v6,
		};

		if (v6)
			image_add(b, SL_SECTION_RANGES6, &range6);
		else
			image_add(b, SL_SECTION_RANGES4, range);
		*number = image_add(b, SL_SECTION_ADDRESS_SETS, &set);
	}
	return *number;
}

static uint32_t service_set(struct image_builder *b, struct numbers *ports, struct numbers *n,
			    const struct cb_rule *r)
{
	static const uint16_t with_ports[] = {6, 17, 132};
	bool all_ports = r->sport[0] == 0 && r->sport[1] == 65535 && r->dport[0] == 0 &&
			 r->dport[1] == 65535;
	bool has_ports = r->proto == 6 || r->proto == 17 || r->proto == 132;
	struct sl_image_services s = {r->proto, r->sport[0], r->sport[1], r->dport[0], r->dport[1]};
	struct sl_image_service_sets set = {b->section[SL_SECTION_SERVICES].count, 1};
	uint64_t key;
	uint32_t *number;

	if (r->any_proto && all_ports)
		return SL_SET_ANY;
	if (!r->any_proto && !has_ports)
		s = (struct sl_image_services){r->proto, 0, 65535, 0, 65535};
	/* Source ports by number, so that the whole fits a key. */
	number = number_of(ports, (uint64_t)s.source_lo << 16 | s.source_hi);
	if (*number == UINT32_MAX)
		*number = ports->used++;
	key = (uint64_t)*number << 41 | (uint64_t)s.destination_lo << 25 |
	      (uint64_t)s.destination_hi << 9 | (r->any_proto ? 256u : s.protocol);
	number = number_of(n, key);
	if (*number != UINT32_MAX)
		return *number;
	if (r->any_proto) {
		set.count = 3;
		for (int i = 0; i < 3; i++) {
			s.protocol = with_ports[i];
			image_add(b, SL_SECTION_SERVICES, &s);
		}
	} else {
		image_add(b, SL_SECTION_SERVICES, &s);
	}
	*number = image_add(b, SL_SECTION_SERVICE_SETS, &set);
	return *number;
}

void cb_image(const struct cb_set *set, struct image_builder *b)
{
	struct numbers addresses, ports, services;

	numbers_init(&addresses, 2 * set->count);
	numbers_init(&ports, set->count);
	numbers_init(&services, set->count);
	image_builder_init(b);
	image_zone(b, 2, "inside");
	image_policy(b, "classbench");
	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t src = address_set(b, &addresses, set->rules[i].src, set->v6);
		uint32_t dst = address_set(b, &addresses, set->rules[i].dst, set->v6);

		uint32_t service = service_set(b, &ports, &services, &set->rules[i]);

		image_rule(b, src, dst, service, SL_ACTION_ALLOW);
	}
	image_pair(b, 1, 2, 2, image_part(b, 1, 0, 1));
	numbers_free(&addresses);
	numbers_free(&ports);
	numbers_free(&services);
}
