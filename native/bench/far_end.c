/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/far_end.h"

#include <errno.h>
#include <rte_cryptodev.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <stdlib.h>
#include <string.h>

#include "tables/tables.h"
#include "vpn/esp.h"
#include "vpn/sad.h"
#include "vpn/spd.h"

#define BOX RTE_BE32(RTE_IPV4(192, 0, 2, 1))
#define PEER RTE_BE32(RTE_IPV4(192, 0, 2, 2))
#define SPI_THERE 0x1001 /* of what the box sends */
#define SPI_HERE 0x2002

static const struct {
	const char *name;
	uint16_t cipher, integrity;
	uint8_t key, integrity_key;
} suites[] = {
	{"aes-128-gcm", SL_SA_AES_GCM_16, SL_SA_NONE, 20, 0},
	{"aes-256-gcm", SL_SA_AES_GCM_16, SL_SA_NONE, 36, 0},
	{"aes-256-cbc-sha256", SL_SA_AES_CBC, SL_SA_SHA2_256_128, 32, 32},
	{"chacha20-poly1305", SL_SA_CHACHA20, SL_SA_NONE, 36, 0},
};

static struct sl_sa_add sa_of(unsigned int suite, uint32_t iface, bool to_peer, bool box)
{
	struct sl_sa_add add = {
		.name = {.spi = to_peer ? SPI_THERE : SPI_HERE,
			 .direction = to_peer == box ? SL_SA_OUT : SL_SA_IN,
			 .source = {.family = 4},
			 .destination = {.family = 4}},
		.if_id = iface,
		.reqid = box ? 1 : 2,
		.replay_window = 64,
		.flags = SL_SA_ESN | SL_SA_COPY_ECN,
		.mode = SL_SA_TUNNEL,
		.cipher = suites[suite].cipher,
		.integrity = suites[suite].integrity,
		.cipher_key_length = suites[suite].key,
		.integrity_key_length = suites[suite].integrity_key,
	};
	uint32_t from = to_peer ? BOX : PEER, to = to_peer ? PEER : BOX;

	memcpy(add.name.source.address, &from, 4);
	memcpy(add.name.destination.address, &to, 4);
	for (uint8_t i = 0; i < add.cipher_key_length; i++)
		add.cipher_key[i] = (uint8_t)(i * 7 + to_peer);
	for (uint8_t i = 0; i < add.integrity_key_length; i++)
		add.integrity_key[i] = (uint8_t)(i * 5 + to_peer);
	return add;
}

/* All packets go by the SA. */
static int policy(struct sl_datapath *dp, const struct sl_sa_add *add)
{
	struct sl_sa_policy p = {
		.direction = add->name.direction,
		.type = SL_SA_PROTECT,
		.priority = SL_SA_PRIORITY_SA,
		.mode = SL_SA_TUNNEL,
		.reqid = add->reqid,
		.spi = add->name.spi,
		.if_id = add->if_id,
		.outer_source = add->name.source,
		.outer_destination = add->name.destination,
		.source = {.family = 4, .port_to = 65535, .to = {0xff, 0xff, 0xff, 0xff}},
		.destination = {.family = 4, .port_to = 65535, .to = {0xff, 0xff, 0xff, 0xff}},
	};

	return sl_spd_add(dp, &p);
}

static int add_sas(struct sl_far_end *far, struct bench *b, unsigned int suite, uint32_t iface)
{
	struct {
		bool to_peer, box;
		struct sl_sa **sa;
	} all[] = {{true, true, &far->box_out}, {false, true, &far->box_in},
		   {false, false, &far->out}, {true, false, &far->in}};

	for (unsigned int i = 0; i < RTE_DIM(all); i++) {
		struct sl_sa_add add = sa_of(suite, iface, all[i].to_peer, all[i].box);
		int status = sl_sad_add(b->dp, &add);

		if (!status && all[i].box)
			status = policy(b->dp, &add);
		if (status)
			return status;
		*all[i].sa = sl_sad_named(b->dp, &add.name);
	}
	far->engine = sl_engines[far->box_out->using->engine].name;
	return 0;
}

/* The far end does its work at once, whatever the box uses. */
static bool at_once(const struct sl_sa *sa)
{
	struct rte_cryptodev_info info;

	if (sa->using->device == SL_ENGINE_OWN)
		return true;
	rte_cryptodev_info_get(sa->using->device, &info);
	return info.feature_flags & RTE_CRYPTODEV_FF_SYM_CPU_CRYPTO;
}

static uint16_t size_of(const char *bytes, uint32_t i)
{
	if (strcmp(bytes, "imix") == 0)
		return i % 12 < 7 ? 64 : i % 12 < 11 ? 576 : 1400;
	return (uint16_t)strtoul(bytes, NULL, 10);
}

static void packet(struct sl_rig_packet *p, uint8_t *room, uint32_t i, uint16_t size, bool answer)
{
	uint32_t client = rte_cpu_to_be_32(RTE_IPV4(10, 0, 1, 0) + i);
	uint32_t server = rte_cpu_to_be_32(RTE_IPV4(10, 50, 1, 0) + i);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)(room + 14);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(void *)(ip + 1);

	*p = (struct sl_rig_packet){room, (uint16_t)(14 + size)};
	for (uint32_t k = 0; k < p->length; k++)
		room[k] = (uint8_t)(i + k);
	memcpy(room, "\2\0\0\0\0\0\2\0\0\0\0\1\x8\0", 14);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16(size),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = answer ? server : client,
		.dst_addr = answer ? client : server,
	};
	*udp = (struct rte_udp_hdr){
		.src_port = answer ? RTE_BE16(4433) : RTE_BE16(40000),
		.dst_port = answer ? RTE_BE16(40000) : RTE_BE16(4433),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(size - sizeof(*ip))),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static unsigned int tunnel_of(const struct bench *b)
{
	const struct sl_tables *tables = atomic_load(&b->dp->tables);
	unsigned int slot = 0;

	while (slot < SL_MAX_IFACES &&
	       (!tables->ifaces[slot] || !(tables->ifaces[slot]->flags & SL_IFACE_TUNNEL)))
		slot++;
	return slot;
}

int sl_far_end_make(struct sl_far_end *far, struct bench *b, const char *suite, const char *bytes)
{
	unsigned int which = 0;
	int status;

	while (which < RTE_DIM(suites) && strcmp(suites[which].name, suite) != 0)
		which++;
	if (which == RTE_DIM(suites) || size_of(bytes, 0) < 28 || size_of(bytes, 0) > 1400)
		return -EINVAL;
	far->w = b->w;
	b->w->tables = atomic_load(&b->dp->tables);
	for (uint32_t i = 0; i < SL_FAR_PACKETS; i++) {
		packet(&far->clear[i], far->room[0][i], i, size_of(bytes, i), false);
		packet(&far->answer[i], far->room[1][i], i, size_of(bytes, i), true);
	}
	status = add_sas(far, b, which, tunnel_of(b));
	if (!status && !at_once(far->out))
		status = -EOPNOTSUPP;
	return status;
}

/* One packet through the SA's crypto; false: it was not done. */
static bool process(const struct sl_sa *sa, struct sl_esp_batch *b)
{
	b->n = 1;
	sl_esp_process_by(sa, sa->using, b, 0);
	return b->status[0] == 0;
}

int sl_far_end_seal(struct sl_far_end *far)
{
	static struct sl_esp_batch batch;

	for (uint32_t i = 0; i < SL_FAR_PACKETS; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(far->w->dp->pool);
		uint8_t *at = m ? (uint8_t *)rte_pktmbuf_append(m, far->answer[i].length) : NULL;
		bool done;

		if (!at)
			return -ENOBUFS;
		memcpy(at, far->answer[i].bytes, far->answer[i].length);
		*sl_pkt(m) = (struct sl_pkt){.l3 = 14, .family = 4};
		batch.m[0] = m;
		done = !sl_esp_seal(far->w, far->out, &batch, 0) && process(far->out, &batch);
		if (done) {
			sl_esp_sealed(far->out, &batch, 0);
			far->sealed[i] = (struct sl_rig_packet){far->room[2][i],
								(uint16_t)(14 + m->pkt_len)};
			memcpy(far->room[2][i], far->clear[0].bytes, 14);
			memcpy(far->room[2][i] + 14, rte_pktmbuf_mtod(m, void *), m->pkt_len);
		}
		rte_pktmbuf_free(m);
		if (!done)
			return -EIO;
	}
	return 0;
}

const char *sl_far_end_same(const struct sl_rig_packet *sent, const uint8_t *frame, uint32_t length)
{
	struct rte_ipv4_hdr want;

	memcpy(&want, sent->bytes + 14, sizeof(want));
	want.time_to_live--;
	want.hdr_checksum = 0;
	want.hdr_checksum = rte_ipv4_cksum(&want);
	if (length != sent->length)
		return "length";
	if (frame[12] != 8 || frame[13] != 0)
		return "ethertype";
	if (memcmp(frame + 14, &want, sizeof(want)) != 0)
		return "inner header";
	return memcmp(frame + 34, sent->bytes + 34, length - 34) == 0 ? NULL : "payload";
}

static const char *opened(struct sl_far_end *far, struct rte_mbuf *m, uint32_t i)
{
	static struct sl_esp_batch batch;
	uint16_t ethertype = 0;

	batch.m[0] = m;
	if (sl_esp_open(far->in, &batch, 0))
		return "ESP header";
	if (!process(far->in, &batch))
		return "ICV";
	if (sl_esp_opened(far->w, far->in, &batch, 0, &ethertype))
		return "inner packet";
	return sl_far_end_same(&far->clear[i], rte_pktmbuf_mtod(m, const uint8_t *), m->pkt_len);
}

const char *sl_far_end_open(struct sl_far_end *far, const struct rte_mbuf *m, uint32_t i)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(const void *)(frame + 14);
	struct rte_mbuf *copy;
	const char *what;

	if (m->pkt_len < 14 + sizeof(*ip) || ip->version_ihl != 0x45 ||
	    ip->next_proto_id != IPPROTO_ESP || ip->dst_addr != PEER || ip->time_to_live != 64 ||
	    rte_raw_cksum(ip, sizeof(*ip)) != 0xffff ||
	    rte_be_to_cpu_16(ip->total_length) != m->pkt_len - 14)
		return "outer header";
	copy = rte_pktmbuf_copy(m, far->w->dp->pool, 0, UINT32_MAX);
	if (!copy)
		return "buffers";
	*sl_pkt(copy) = (struct sl_pkt){.l3 = 14, .l4 = 34, .l3_length = 20, .family = 4,
					.l4_length = (uint16_t)(m->pkt_len - 34)};
	what = opened(far, copy, i);
	rte_pktmbuf_free(copy);
	return what;
}
