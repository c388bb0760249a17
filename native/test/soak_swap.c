/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <rte_cycles.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/eal.h"
#include "core/file.h"
#include "core/make.h"
#include "core/port.h"
#include "core/survey.h"
#include "core/swap.h"
#include "core/worker.h"
#include "routing/fib.h"
#include "tables/tables.h"
#include "test/soak_flows.h"

/*
 * Swaps two images under connections that flow, with workers on threads of their own. The first
 * image allows every connection, the second denies those from 10.200.0.0/16, which then open anew
 * under the first. Prints one JSON document; exit 1 when it could not run to its end.
 */
static const char usage[] =
	"soak_swap [options] ALLOWS DENIES   two table images, inside on net_null0, outside on net_null1\n"
	"  --workers N (1)  --flows N (4000)  --rate PPS (200000)  --swaps N (100)\n";

#define ONE_IN 8 /* flows that the second image denies */
#define WAIT_MS 5000
#define RETRY_MS 500
#define TURNS_TO_DRAIN 70 /* of 64 packets: more than a hand-over ring holds */

struct run {
	struct sl_datapath *dp;
	struct soak soak;
	void *image[2];
	size_t size[2];
	unsigned int swaps;
	double *stage_ms, *preview_ms, *activate_ms;
	unsigned int kept_wrong, ended_wrong, preview_wrong;
	uint64_t kept[2], ended[2]; /* the last of each image */
	/* what is waited for */
	uint64_t loops[SL_MAX_WORKERS];
	uint64_t fed_before;
	uint64_t retried;
};

static double ms_since(uint64_t tsc)
{
	return (double)(rte_rdtsc() - tsc) * 1e3 / (double)rte_get_tsc_hz();
}

static uint64_t dropped(const struct sl_datapath *dp, unsigned int reason)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < dp->workers; i++)
		sum += __atomic_load_n(&dp->worker[i]->drops[reason].packets, __ATOMIC_RELAXED);
	return sum;
}

static uint64_t loops(const struct sl_datapath *dp, unsigned int worker)
{
	return __atomic_load_n(&dp->worker[worker]->self->loops, __ATOMIC_RELAXED);
}

/* Every packet fed before has left or was dropped: each worker emptied a full hand-over ring. */
static bool drained(struct run *r)
{
	bool all = true;

	for (unsigned int i = 0; i < r->dp->workers; i++)
		all &= loops(r->dp, i) >= r->loops[i] + TURNS_TO_DRAIN;
	return all;
}

static bool all_established(struct run *r)
{
	if (soak_count(&r->soak, SOAK_ESTABLISHED) == r->soak.flows)
		return true;
	if (ms_since(r->retried) > RETRY_MS) {
		soak_retry(&r->soak);
		r->retried = rte_rdtsc();
	}
	return false;
}

/* The deniable flows sent twice their number of packets since, in vain. */
static bool deniable_spoke(struct run *r)
{
	struct soak_sum sum;

	soak_sum(&r->soak, &sum);
	return sum.fed[1] >= r->fed_before + 2ull * r->soak.deniable;
}

static bool syns_sent(struct run *r)
{
	return soak_count(&r->soak, SOAK_SYN_SENT) == r->soak.deniable;
}

static int wait_for(struct run *r, const char *what, bool (*done)(struct run *))
{
	uint64_t start = rte_rdtsc();

	while (!done(r)) {
		if (ms_since(start) > WAIT_MS) {
			fprintf(stderr, "soak_swap: waited in vain until %s\n", what);
			return -ETIMEDOUT;
		}
		usleep(200);
	}
	return 0;
}

static int let_deniable_speak(struct run *r)
{
	struct soak_sum sum;

	soak_sum(&r->soak, &sum);
	r->fed_before = sum.fed[1];
	return wait_for(r, "denied flows spoke", deniable_spoke);
}

static int drain(struct run *r)
{
	for (unsigned int i = 0; i < r->dp->workers; i++)
		r->loops[i] = loops(r->dp, i);
	return wait_for(r, "the workers had turned often enough", drained);
}

static int open_all(struct run *r)
{
	r->retried = rte_rdtsc();
	return wait_for(r, "all flows are established", all_established);
}

/* What a preview of the staged image foretells. */
static int preview(struct run *r, uint64_t generation, unsigned long long *kept,
		   unsigned long long *ended)
{
	struct sl_survey *survey = sl_survey_preview(r->dp, sl_swap_staged(generation));
	struct sl_json json = {0};
	int status = -ENOMEM;

	if (!survey)
		return status;
	while (sl_survey_step(r->dp, survey))
		;
	survey->tell(survey, &json);
	if (json.text && sscanf(json.text, "{\"kept\":%llu,\"ended\":%llu", kept, ended) == 2)
		status = 0;
	sl_json_free(&json);
	survey->free(survey);
	return status;
}

static int swap(struct run *r, unsigned int which, unsigned int n)
{
	struct sl_swap_result result = {0};
	struct sl_image view;
	unsigned long long kept = 0, ended = 0;
	char error[512] = "";
	uint64_t start = rte_rdtsc();
	int status = sl_swap_stage(r->dp, r->image[which], r->size[which], NULL, error,
				   sizeof(error));

	r->stage_ms[n] = ms_since(start);
	if (!status)
		status = sl_image_open(&view, r->image[which], r->size[which], error, sizeof(error));
	start = rte_rdtsc();
	if (!status)
		status = preview(r, view.header->generation, &kept, &ended);
	r->preview_ms[n] = ms_since(start);
	start = rte_rdtsc();
	if (!status)
		status = sl_swap_activate(r->dp, view.header->generation, NULL, &result, error,
					  sizeof(error));
	r->activate_ms[n] = ms_since(start);
	if (status)
		fprintf(stderr, "soak_swap: %s\n", error);
	r->preview_wrong += kept != result.kept || ended != result.ended;
	r->kept[which] = result.kept;
	r->ended[which] = result.ended;
	return status;
}

/* The image that denies, packets of the denied in vain, SYNs in vain, the image that allows. */
static int round_trip(struct run *r, unsigned int n)
{
	uint32_t stay = r->soak.flows - r->soak.deniable;
	int status = swap(r, 1, n);

	if (status)
		return status;
	atomic_store(&r->soak.denied, true);
	r->kept_wrong += r->kept[1] != stay;
	r->ended_wrong += r->ended[1] != r->soak.deniable;
	if ((status = let_deniable_speak(r)))
		return status;
	soak_set(&r->soak, true, SOAK_SYN);
	if ((status = wait_for(r, "all denied flows sent a SYN", syns_sent)) || (status = drain(r)))
		return status;
	soak_set(&r->soak, true, SOAK_ESTABLISHED);
	status = swap(r, 0, n + 1);
	if (status)
		return status;
	r->kept_wrong += r->kept[0] != stay;
	r->ended_wrong += r->ended[0] != 0;
	/* Allowed again, but their sessions are gone: only a SYN brings them back. */
	if ((status = let_deniable_speak(r)))
		return status;
	soak_set(&r->soak, true, SOAK_QUIET);
	if ((status = drain(r)))
		return status;
	atomic_store(&r->soak.denied, false);
	soak_set(&r->soak, true, SOAK_SYN);
	return open_all(r);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *name, double *ms, unsigned int n)
{
	qsort(ms, n, sizeof(*ms), by_value);
	printf("\"%s\":{\"median\":%.2f,\"max\":%.2f},", name, n ? ms[n / 2] : 0,
	       n ? ms[n - 1] : 0);
}

static void report(struct run *r, unsigned int swaps, double seconds)
{
	const struct sl_datapath *dp = r->dp;
	struct soak_sum sum;
	uint64_t handed_over = 0, drops = 0;
	bool first = true;

	soak_sum(&r->soak, &sum);
	for (unsigned int i = 0; i < dp->workers; i++)
		handed_over += dp->worker[i]->self->handed_over;
	printf("{\"workers\":%u,\"flows\":%u,\"deniable\":%u,\"packets\":%llu,\"pps\":%.0f,",
	       dp->workers, r->soak.flows, r->soak.deniable,
	       (unsigned long long)(sum.fed[0] + sum.fed[1]),
	       (double)(sum.fed[0] + sum.fed[1]) / seconds);
	for (unsigned int i = 0; i < SL_DROP_REASONS; i++)
		drops += dropped(dp, i);
	printf("\"lost\":%lld,\"unexplained\":%lld,\"disorder\":%llu,\"forbidden\":%llu,"
	       "\"malformed\":%llu,",
	       (long long)(sum.fed[0] - sum.left[0]),
	       (long long)(sum.fed[0] + sum.fed[1] - sum.left[0] - sum.left[1] - drops),
	       (unsigned long long)sum.disorder, (unsigned long long)sum.forbidden,
	       (unsigned long long)sum.malformed);
	printf("\"late\":%llu,\"waited\":%llu,\"handed_over\":%llu,", (unsigned long long)sum.late,
	       (unsigned long long)sum.waited, (unsigned long long)handed_over);
	printf("\"activations\":%u,", swaps);
	print_times("stage_ms", r->stage_ms, swaps);
	print_times("preview_ms", r->preview_ms, swaps);
	print_times("activate_ms", r->activate_ms, swaps);
	printf("\"kept\":[%llu,%llu],\"ended\":[%llu,%llu],\"kept_wrong\":%u,\"ended_wrong\":%u,"
	       "\"preview_wrong\":%u,",
	       (unsigned long long)r->kept[0], (unsigned long long)r->kept[1],
	       (unsigned long long)r->ended[0], (unsigned long long)r->ended[1], r->kept_wrong,
	       r->ended_wrong, r->preview_wrong);
	printf("\"denied_packets\":%llu,\"dropped\":{",
	       (unsigned long long)(sum.fed[1] - sum.left[1]));
	for (unsigned int i = 0; i < SL_DROP_REASONS; i++) {
		uint64_t packets = dropped(dp, i);

		if (packets)
			printf("%s\"%s\":%llu", first ? "" : ",", sl_drop_name(i),
			       (unsigned long long)packets);
		first &= packets == 0;
	}
	printf("}}\n");
}

/* Every CPU there is works, the first (which also has the main thread) last. */
static void worker_cpus(char *list, size_t size)
{
	cpu_set_t set;
	int first = -1;
	size_t at = 0;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE && at + 16 < size; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		if (first < 0)
			first = cpu;
		else
			at += (size_t)snprintf(list + at, size - at, "%d,", cpu);
	}
	snprintf(list + at, size - at, "%d", first);
}

static int set_up(struct run *r, struct sl_options *options, uint64_t rate, char *error,
		  size_t error_size)
{
	struct sl_datapath *dp = r->dp;
	struct sl_image view;
	int status = sl_eal_start(options, dp);

	dp->shared_cpu = true;
	if (!status)
		status = sl_datapath_pool(dp, options);
	if (!status)
		status = sl_image_open(&view, r->image[0], r->size[0], error, error_size);
	if (!status)
		status = sl_datapath_make(dp, view.settings, 1, NULL, error, error_size);
	if (!status)
		status = swap(r, 0, 0);
	if (!status)
		status = sl_fib_from_tables(dp->fib, atomic_load(&dp->tables));
	if (!status && dp->ports != 2)
		status = -EINVAL;
	if (!status)
		sl_port_links(dp);
	for (unsigned int side = 0; side < 2 && !status; side++)
		status = soak_attach(&r->soak, side, dp->port[side]->ethdev, options->workers, rate);
	return status ? status : sl_workers_launch(dp);
}

static int soak(struct run *r, unsigned int *done)
{
	int status;

	atomic_store(&r->soak.feeding, true);
	soak_set(&r->soak, false, SOAK_SYN);
	status = open_all(r);
	while (!status && *done + 1 < r->swaps) {
		status = round_trip(r, *done);
		*done += status ? 0 : 2;
	}
	return status;
}

int main(int argc, char **argv)
{
	static struct sl_datapath dp = {.offline = true}; /* neighbours count as resolved */
	static struct run r = {.dp = &dp, .swaps = 100};
	static const struct option longs[] = {
		{"workers", 1, NULL, 'w'}, {"flows", 1, NULL, 'n'}, {"rate", 1, NULL, 'r'},
		{"swaps", 1, NULL, 's'},   {NULL, 0, NULL, 0},
	};
	char error[512] = "", cpus[4096];
	struct sl_options options = {.workers = 1, .memory_mb = 256, .buffers = 32768, .cpus = cpus};
	unsigned int flows = 4000, done = 0;
	uint64_t rate = 200000, start;
	int c, status = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'w': options.workers = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'n': flows = (unsigned int)strtoul(optarg, NULL, 10); break;
		case 'r': rate = strtoull(optarg, NULL, 10); break;
		case 's': r.swaps = (unsigned int)strtoul(optarg, NULL, 10); break;
		default: optind = argc + 1; break;
		}
	}
	if (optind != argc - 2 || options.workers == 0 || options.workers > SOAK_QUEUES || !rate ||
	    flows < ONE_IN || flows > SOAK_MAX_FLOWS || !r.swaps) {
		fputs(usage, stderr);
		return 2;
	}
	r.stage_ms = calloc(r.swaps + 2, sizeof(double));
	r.preview_ms = calloc(r.swaps + 2, sizeof(double));
	r.activate_ms = calloc(r.swaps + 2, sizeof(double));
	for (unsigned int i = 0; i < 2 && !status; i++) {
		status = sl_file_read(argv[optind + (int)i], &r.image[i], &r.size[i]);
		if (status)
			snprintf(error, sizeof(error), "%s", argv[optind + (int)i]);
	}
	if (!status)
		status = soak_make(&r.soak, flows, ONE_IN);
	worker_cpus(cpus, sizeof(cpus));
	dp.workers = options.workers;
	sl_datapath = &dp;
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++)
		dp.port_of_iface[slot] = SL_NO_PORT;
	if (!status)
		status = set_up(&r, &options, rate, error, sizeof(error));
	if (status) {
		fprintf(stderr, "soak_swap: %s: %s\n", error, strerror(-status));
		return 1;
	}
	start = rte_rdtsc();
	status = soak(&r, &done);
	atomic_store(&r.soak.feeding, false);
	if (drain(&r) < 0)
		status = -ETIMEDOUT;
	report(&r, done, ms_since(start) / 1e3);
	fflush(stdout);
	sl_workers_join(&dp);
	return status ? 1 : 0;
}
