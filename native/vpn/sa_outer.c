/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "core/worker.h"
#include "ip/checksum.h"
#include "routing/adjacency.h"
#include "vpn/sad.h"

/* Where an SA's packets go and come from: its outer header, its name, and how both change. */

/* Headers up to ESP as every packet begins with them (RFC 4301 5.1.2, RFC 3948 2.1). */
void sl_sa_outer_write(struct sl_sa *sa, uint16_t source_port, uint16_t destination_port)
{
	uint8_t *at = sa->outer;
	uint8_t proto = sa->flags & SL_SA_ENCAP ? IPPROTO_UDP : IPPROTO_ESP;
	uint16_t ports[2] = {rte_cpu_to_be_16(source_port), rte_cpu_to_be_16(destination_port)};

	memset(sa->outer, 0, sizeof(sa->outer));
	/* One hop more than goes out: forwarding takes one. */
	if (sa->family == 4) {
		at[0] = 0x45;
		at[8] = 65;
		at[9] = proto;
		memcpy(at + 12, sa->source, 4);
		memcpy(at + 16, sa->destination, 4);
		sa->outer_sum = sl_checksum_fold(sl_checksum_words(at + 8, 12));
		at += 20;
	} else {
		at[0] = 0x60;
		at[6] = proto;
		at[7] = 65;
		memcpy(at + 8, sa->source, 16);
		memcpy(at + 24, sa->destination, 16);
		at += 40;
	}
	if (sa->flags & SL_SA_ENCAP) {
		memcpy(at, ports, 4);
		at += 8;
	}
	sa->outer_length = (uint8_t)(at - sa->outer);
}

static void ports_of(const struct sl_sa *sa, uint16_t *source, uint16_t *destination)
{
	const uint8_t *udp = sa->outer + sa->outer_length - 8;

	*source = *destination = 0;
	if (sa->flags & SL_SA_ENCAP) {
		*source = (uint16_t)(udp[0] << 8 | udp[1]);
		*destination = (uint16_t)(udp[2] << 8 | udp[3]);
	}
}

void sl_sa_name(const struct sl_sa *sa, struct sl_sa_name *name)
{
	*name = (struct sl_sa_name){
		.spi = rte_be_to_cpu_32(sa->spi),
		.direction = sa->direction,
		.source = {.family = sa->family},
		.destination = {.family = sa->family},
	};
	memcpy(name->source.address, sa->source, 16);
	memcpy(name->destination.address, sa->destination, 16);
	ports_of(sa, &name->source.port, &name->destination.port);
}

static bool update_ok(const struct sl_sa_update *u)
{
	bool encap = u->flags & SL_SA_ENCAP;

	return sl_sa_name_ok(&u->name) && sl_sa_endpoint_ok(&u->source) &&
	       sl_sa_endpoint_ok(&u->destination) && u->source.family == u->destination.family &&
	       (u->flags & ~SL_SA_ENCAP) == 0 && u->zero[0] == 0 && u->zero[1] == 0 &&
	       encap == (u->source.port != 0) && encap == (u->destination.port != 0);
}

int sl_sad_update(struct sl_datapath *dp, const struct sl_sa_update *u)
{
	struct sl_sa_name name = u->name;
	struct sl_sa *sa, *other;

	if (!update_ok(u))
		return -EINVAL;
	sa = sl_sad_named(dp, &u->name);
	if (!sa)
		return -ENOENT;
	name.source = u->source;
	name.destination = u->destination;
	other = sl_sad_named(dp, &name);
	if (other && other != sa)
		return -EEXIST;
	/* All of it at once: a packet with half of the new header would go to nobody. */
	sl_workers_pause(dp);
	sa->flags = (uint16_t)((sa->flags & ~SL_SA_ENCAP) | u->flags);
	sa->family = u->source.family;
	if (u->reqid)
		sa->reqid = u->reqid;
	memcpy(sa->source, u->source.address, 16);
	memcpy(sa->destination, u->destination.address, 16);
	sl_sa_outer_write(sa, u->source.port, u->destination.port);
	sa->adjacency = SL_ADJ_NONE;
	sa->moved = 0;
	sl_workers_resume(dp);
	return 0;
}
