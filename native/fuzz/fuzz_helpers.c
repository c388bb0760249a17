/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What two ends of a session with a helper say to each other, through NAT: the first byte chooses FTP,
 * SIP or SIP over TCP, then per packet a control byte (who says it, how far it is before or beyond what it said
 * last, what the other has of it), a length byte and the text. What leaves has its lengths and
 * checksums right, and buffers go back where they came from.
 */
#include <stdlib.h>
#include <string.h>

#include "helpers/helper.h"
#include "test/extras.h"
#include "test/nat_network.h"
#include "test/pipeline.h"

#define MOST_PACKETS 24
#define SERVER 0x01
#define FIN 0x02
#define ACKNOWLEDGES 0x04 /* all the other said */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *const client = "10.1.2.3", *const server = "203.0.113.80";
static const char *const seen = "198.51.100.2";

static uint8_t helper;
static bool over_udp;

static void network(struct image_builder *b)
{
	struct sl_image_rule_extras x = extras_none();

	x.helper = helper;
	extras_rule(b, RULE_OUT, &x);
	nat_network(b);
	extras_changed(b);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	helper = SL_HELPER_FTP;
	pipeline_change = network;
	return pipeline_start(NULL);
}

static void send(const struct frame *f, bool from_server)
{
	struct sl_output head;
	const uint8_t *out;

	pipeline_run(SL_MODE_REPLAY, from_server ? WAN : INSIDE, f, 1);
	for (unsigned int i = 0; (out = pipeline_out(i, &head)); i++)
		if (!frame_sound(out, head.length))
			abort();
}

static void tcp(bool reply, uint8_t flags, uint32_t seq, uint32_t ack, const void *text, uint32_t n)
{
	struct frame f;

	uint16_t port = helper == SL_HELPER_FTP ? 21 : 5060;

	frame_tcp(&f, reply ? server : client, reply ? seen : server, reply ? port : 3000,
		  reply ? 3000 : port, flags, seq, ack, 0);
	frame_add(&f, text, n);
	frame_finish(&f);
	send(&f, reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t said[2] = {1001, 5001};
	unsigned int packets = 0;

	if (size < 1)
		return 0;
	helper = data[0] & 1 ? SL_HELPER_SIP : SL_HELPER_FTP;
	over_udp = helper == SL_HELPER_SIP && !(data[0] & 2);
	data++;
	size--;
	if (pipeline_reset(NULL))
		abort();
	if (!over_udp) {
		tcp(false, 0x02, 1000, 0, "", 0);
		tcp(true, 0x12, 5000, 1001, "", 0);
		tcp(false, 0x10, 1001, 5001, "", 0);
	}
	while (size >= 2 && packets++ < MOST_PACKETS) {
		uint8_t control = data[0], n = data[1];
		bool reply = control & SERVER;
		int32_t off = (int8_t)control >> 4;

		data += 2;
		size -= 2;
		n = n < size ? n : (uint8_t)size;
		if (!over_udp) {
			tcp(reply, control & FIN ? 0x11 : 0x18, said[reply] + (uint32_t)off,
			    said[!reply] - (control & ACKNOWLEDGES ? 0 : 5), data, n);
			said[reply] += (uint32_t)off + n;
		} else {
			struct frame f;

			frame_udp(&f, reply ? server : client, reply ? seen : server, 5060, 5060, 0);
			frame_add(&f, data, n);
			frame_finish(&f);
			send(&f, reply);
		}
		data += n;
		size -= n;
	}
	return 0;
}
