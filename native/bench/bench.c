/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/flows.h"
#include "core/counters.h"
#include "core/make.h"
#include "core/eal.h"
#include "core/file.h"
#include "core/port.h"
#include "core/worker.h"
#include "routing/adjacency.h"
#include "routing/fib.h"
#include "session/table.h"
#include "tables/tables.h"
#include "vpn/flight.h"

/*
 * One worker of the real datapath on the template rig, on this thread. Prints a JSON line per phase:
 * cycles are TSC cycles of the thread's CPU time, so that what else the machine does is not counted.
 */
static const char usage[] =
	"sluice-datapath --bench floor|tcp|frames|flood|syn-flood|esp-out|esp-in --image FILE [options]\n"
	"  floor   MAC swap instead of the datapath\n"
	"  tcp     N connections: their SYNs, SYN+ACKs, ACKs, then data both ways\n"
	"  frames  the 64-byte frames of a file, on the first port\n"
	"  flood   N connections that go on while the frames of a file come ten to one, and others begin\n"
	"  syn-flood  --fresh N connections begin in a flood of the frames of a file\n"
	"  esp-out, esp-in  packets into the image's tunnel, or out of it; the floor of the same before\n"
	"  --image FILE     table image; its first two interfaces are the ports\n"
	"  --frames FILE\n"
	"  --flows N        connections (10000)\n"
	"  --server ADDR    all of them to this one\n"
	"  --one-way        answers go past the datapath\n"
	"  --packets N      of the measured phase (4000000)\n"
	"  --fresh N        connections that begin during the flood (1000)\n"
	"  --suite NAME     of ESP: aes-128-gcm, aes-256-gcm, aes-256-cbc-sha256, chacha20-poly1305\n"
	"  --bytes N        of each inner packet, or imix: 64, 576, 1400 as 7 to 4 to 1\n"
	"  --helpers N      workers that do crypto of ESP for the first (0)\n"
	"  --memory MB --no-huge --seed N\n";

uint64_t sl_bench_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void sl_bench_turn(struct bench *b)
{
	uint64_t ns = (uint64_t)((double)(rte_rdtsc() - b->tsc) * 1e9 / (double)rte_get_tsc_hz()) +
		      b->skipped_ns;

	sl_worker_turn(b->w, b->now_ns + ns, (uint32_t)(ns / 1000000u));
}

uint64_t sl_bench_resident(void)
{
	unsigned long long bytes = 0, kib;
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];

	/* Huge pages of memfds are in no resident set. */
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %llu kB", &kib) == 1 ||
		    sscanf(line, "HugetlbPages: %llu kB", &kib) == 1)
			bytes += kib * 1024;
	if (file)
		fclose(file);
	return bytes;
}

void sl_bench_floor_turn(struct bench *b)
{
	for (unsigned int side = 0; side < 2; side++) {
		struct rte_mbuf *m[SL_BURST];
		uint16_t n = rte_eth_rx_burst(b->rig[side].ethdev, 0, m, SL_BURST), sent;

		for (uint16_t i = 0; i < n; i++) {
			struct rte_ether_hdr *e = rte_pktmbuf_mtod(m[i], struct rte_ether_hdr *);
			struct rte_ether_addr a = e->dst_addr;

			e->dst_addr = e->src_addr;
			e->src_addr = a;
		}
		sent = n ? rte_eth_tx_burst(b->rig[!side].ethdev, 0, m, n) : 0;
		rte_pktmbuf_free_bulk(m + sent, n - sent);
	}
}

int sl_bench_phase(struct bench *b, const char *name, uint64_t first, uint64_t second, bool check,
		   void (*step)(struct bench *b))
{
	uint64_t total = first + second, sent = b->rig[0].sent + b->rig[1].sent;
	uint64_t wrong = 0, start, spent;

	for (unsigned int side = 0; side < 2; side++) {
		b->rig[side].next = 0;
		b->rig[side].budget = side ? second : first;
		b->rig[side].check = check;
		b->rig[side].wrong = 0;
	}
	start = sl_bench_cpu_ns();
	while (b->rig[0].budget || b->rig[1].budget)
		step(b);
	do
		step(b);
	while (sl_flights_any(b->w));
	spent = sl_bench_cpu_ns() - start;
	sent = b->rig[0].sent + b->rig[1].sent - sent;
	wrong = b->rig[0].wrong + b->rig[1].wrong;
	printf("{\"phase\":\"%s\",\"packets\":%llu,\"forwarded\":%llu,\"wrong\":%llu,\"cycles\":%.1f}\n",
	       name, (unsigned long long)total, (unsigned long long)sent, (unsigned long long)wrong,
	       total ? (double)spent * (double)rte_get_tsc_hz() / 1e9 / (double)total : 0.0);
	if (wrong)
		fprintf(stderr, "bench: %s: wrong %s\n", name,
			b->rig[0].what ? b->rig[0].what : b->rig[1].what);
	return wrong ? -EIO : 0;
}

static int frames_alloc(struct bench *b, uint32_t count)
{
	for (unsigned int side = 0; side < 2; side++) {
		b->frames[side] = aligned_alloc(64, (size_t)count * sizeof(struct sl_rig_frame));
		if (!b->frames[side])
			return -ENOMEM;
		b->rig[side].frames = b->frames[side];
		b->rig[side].count = count;
	}
	return 0;
}

static void client_frames(struct bench *b, uint8_t flags)
{
	sl_flow_frames(b->frames[0], 0, b->flows, false, flags);
	if (b->server)
		sl_flow_aim(b->frames[0], b->flows, b->server);
}

/* Live sessions, and what each of them took of `bytes`. */
static void held(const struct bench *b, uint64_t bytes)
{
	const struct sl_session_stats *stats = sl_session_stats(b->w->sessions);
	uint64_t live = stats->live[0] + stats->live[1];

	printf("{\"held\":%llu,\"bytes_per_session\":%.0f}\n", (unsigned long long)live,
	       live ? (double)bytes / (double)live : 0.0);
}

static int run_tcp(struct bench *b)
{
	uint32_t n = b->flows;
	struct sl_rig_frame *syns;
	int error = frames_alloc(b, n);
	uint64_t before;

	if (error)
		return error;
	client_frames(b, SL_FLOW_SYN);
	/* Servers answer what they see: with NAT that is not what the clients sent. */
	syns = aligned_alloc(64, (size_t)n * sizeof(*syns));
	if (!syns)
		return -ENOMEM;
	memset(syns, 0, (size_t)n * sizeof(*syns)); /* it is not the sessions' */
	b->rig[1].record = syns;
	b->rig[1].record_most = n;
	before = sl_bench_resident();
	error = sl_bench_phase(b, "new", n, 0, true, sl_bench_turn);
	held(b, sl_bench_resident() - before);
	b->rig[1].record = NULL;
	if (!error && b->rig[1].recorded != n)
		error = -EIO;
	if (!error && !b->one_way) {
		sl_flow_answers(b->frames[1], syns, n, SL_FLOW_SYN_ACK);
		error = sl_bench_phase(b, "syn-ack", 0, n, true, sl_bench_turn);
	}
	client_frames(b, SL_FLOW_ACK);
	if (!error)
		error = sl_bench_phase(b, "ack", n, 0, true, sl_bench_turn);
	sl_flow_answers(b->frames[1], syns, n, SL_FLOW_ACK);
	free(syns);
	if (!error)
		error = sl_bench_phase(b, "checked", n, b->one_way ? 0 : n, true, sl_bench_turn);
	if (!error && b->one_way)
		error = sl_bench_phase(b, "established", b->packets, 0, false, sl_bench_turn);
	else if (!error)
		error = sl_bench_phase(b, "established", b->packets / 2, b->packets / 2, false, sl_bench_turn);
	return error;
}

static int run_frames(struct bench *b, const char *path)
{
	size_t size;
	void *bytes;
	int error = sl_file_read(path, &bytes, &size);

	if (error)
		return error;
	if (size == 0 || size % sizeof(struct sl_rig_frame)) {
		free(bytes);
		return -EINVAL;
	}
	error = frames_alloc(b, (uint32_t)(size / sizeof(struct sl_rig_frame)));
	if (!error) {
		memcpy(b->frames[0], bytes, size);
		error = sl_bench_phase(b, "warm", b->rig[0].count, 0, false, sl_bench_turn);
	}
	if (!error)
		error = sl_bench_phase(b, "frames", b->packets, 0, false, sl_bench_turn);
	free(bytes);
	return error;
}

static int run_floor(struct bench *b)
{
	int error = frames_alloc(b, b->flows);

	if (error)
		return error;
	sl_flow_frames(b->frames[0], 0, b->flows, false, SL_FLOW_ACK);
	sl_flow_frames(b->frames[1], 0, b->flows, true, SL_FLOW_ACK);
	error = sl_bench_phase(b, "warm", b->flows, b->flows, false, sl_bench_floor_turn);
	return error ? error : sl_bench_phase(b, "floor", b->packets / 2, b->packets / 2, false, sl_bench_floor_turn);
}

/* Ports of the image's interfaces, the rig hung on the first two. */
static int set_up(struct bench *b, const char *path, char *error, size_t error_size)
{
	struct sl_datapath *dp = b->dp;
	struct sl_tables *tables;
	unsigned int side = 0;
	size_t size;
	void *image;
	int status = sl_file_read(path, &image, &size);

	if (status) {
		snprintf(error, error_size, "%s: %s", path, strerror(-status));
		return status;
	}
	tables = sl_tables_build(image, size, NULL, error, error_size, NULL);
	free(image);
	if (!tables)
		return -EINVAL;
	status = sl_datapath_make(dp, tables->image.settings, b->seed, NULL, error, error_size);
	if (status)
		return status;
	dp->workers = 1; /* all ports and flows are the first one's */
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++) {
		const struct sl_image_interfaces *record = tables->ifaces[slot];
		struct sl_port *p;

		dp->port_of_iface[slot] = SL_NO_PORT;
		if (!record || record->flags & SL_IFACE_TUNNEL || side == 2)
			continue;
		p = sl_port_open(dp, record, sl_image_string(&tables->image, record->port), error,
				 (unsigned int)error_size);
		if (!p)
			return -ENODEV;
		p->index = (uint16_t)side;
		p->promiscuous = true;
		atomic_store(&p->link_up, true);
		sl_port_map(p, tables);
		dp->port[side] = p;
		dp->ports = side + 1;
		dp->port_of_iface[slot] = p->index;
		status = sl_rig_attach(&b->rig[side++], p->ethdev);
		if (status)
			return status;
	}
	sl_port_deal(dp);
	sl_fib_from_tables(dp->fib, tables);
	atomic_store(&dp->tables, tables);
	b->w = dp->worker[0];
	rte_rcu_qsbr_thread_register(dp->qsbr, 0);
	rte_rcu_qsbr_thread_online(dp->qsbr, 0);
	return side == 2 ? 0 : -EINVAL;
}

int sl_bench_main(int argc, char **argv)
{
	static struct sl_datapath dp = {.workers = 1, .offline = true};
	struct sl_options options = {.workers = 1, .memory_mb = 512, .offline = true,
				     .buffers = 16384};
	struct bench b = {.dp = &dp, .flows = 10000, .packets = 4000000, .seed = 1, .fresh = 1000};
	static const struct option longs[] = {
		{"image", 1, NULL, 'i'}, {"frames", 1, NULL, 'f'}, {"flows", 1, NULL, 'n'},
		{"packets", 1, NULL, 'p'}, {"memory", 1, NULL, 'm'}, {"no-huge", 0, NULL, 'H'},
		{"seed", 1, NULL, 's'}, {"server", 1, NULL, 'S'}, {"one-way", 0, NULL, 'O'},
		{"fresh", 1, NULL, 'F'}, {"suite", 1, NULL, 'c'},
		{"bytes", 1, NULL, 'b'}, {"helpers", 1, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	const char *image = NULL, *frames = NULL, *server = NULL, *suite = "", *bytes = "";
	const char *what;
	char error[512] = "";
	int c, status;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'i': image = optarg; break;
		case 'f': frames = optarg; break;
		case 'n': b.flows = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'p': b.packets = strtoull(optarg, NULL, 10); break;
		case 'm': options.memory_mb = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'H': options.no_huge = true; break;
		case 'F': b.fresh = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'S': server = optarg; break;
		case 'c': suite = optarg; break;
		case 'h': b.helpers = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'b': bytes = optarg; break;
		case 'O': b.one_way = true; break;
		case 's': b.seed = strtoull(optarg, NULL, 10); break;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (optind != argc - 1 || !image || b.flows == 0 || b.helpers >= SL_MAX_WORKERS ||
	    (server && inet_pton(AF_INET, server, &b.server) != 1)) {
		fputs(usage, stderr);
		return 2;
	}
	what = argv[optind];
	sl_datapath = &dp;
	dp.workers = options.workers = 1 + b.helpers;
	status = sl_eal_start(&options, &dp);
	dp.shared_cpu = false;
	if (!status)
		status = sl_datapath_pool(&dp, &options);
	if (!status)
		status = set_up(&b, image, error, sizeof(error));
	if (!status) {
		b.now_ns = dp.counters_head->boot;
		b.tsc = rte_rdtsc();
		if (strcmp(what, "tcp") == 0)
			status = run_tcp(&b);
		else if (strcmp(what, "frames") == 0 && frames)
			status = run_frames(&b, frames);
		else if (strcmp(what, "flood") == 0)
			status = sl_bench_flood(&b, frames);
		else if (strcmp(what, "syn-flood") == 0 && frames)
			status = sl_bench_syn_flood(&b, frames);
		else if (strcmp(what, "esp-out") == 0 || strcmp(what, "esp-in") == 0)
			status = sl_bench_esp(&b, what[4] == 'i', suite, bytes);
		else if (strcmp(what, "floor") == 0)
			status = run_floor(&b);
		else
			status = -EINVAL;
	}
	if (status)
		fprintf(stderr, "bench: %s\n", error[0] ? error : strerror(-status));
	for (unsigned int i = 0; !status && i < SL_DROP_REASONS; i++)
		if (b.w->drops[i].packets)
			printf("{\"dropped\":\"%s\",\"packets\":%llu}\n", sl_drop_name(i),
			       (unsigned long long)b.w->drops[i].packets);
	fflush(stdout);
	return status ? 1 : 0;
}
