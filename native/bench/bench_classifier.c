/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of the classifier alone beside rte_acl, over a ClassBench set and its trace:
 *   bench_classifier [-6] RULES TRACE [RULES TRACE ...]
 * -6 gives the rules and flows IPv6 addresses and leaves the peer, which has no such keys, out.
 * Every verdict is compared with a naive first match before anything is timed. Cycles are TSC
 * cycles of the thread's CPU time, batches of 32, the median of five interleaved runs.
 */
#include <rte_acl.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_vect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/acl_peer.h"
#include "test/naive.h"

#define BATCH 32
#define RUNS 5
#define PACKETS (2u << 20)
#define ALGORITHMS 4

static const struct {
	enum rte_acl_classify_alg id;
	const char *name;
} algorithms[ALGORITHMS] = {
	{RTE_ACL_CLASSIFY_SSE, "sse"},
	{RTE_ACL_CLASSIFY_AVX2, "avx2"},
	{RTE_ACL_CLASSIFY_AVX512X16, "avx512x16"},
	{RTE_ACL_CLASSIFY_AVX512X32, "avx512x32"},
};

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double run_own(const struct sl_classifier *c, const struct sl_flow *const *flows, uint32_t n)
{
	double start = seconds(CLOCK_THREAD_CPUTIME_ID);
	uint32_t done = 0;

	while (done < PACKETS) {
		for (uint32_t i = 0; i + BATCH <= n; i += BATCH, done += BATCH) {
			const struct sl_rule *out[BATCH];

			sl_classifier_match(c, flows + i, out, BATCH);
			__asm__ volatile("" ::"r"(out) : "memory");
		}
	}
	return (seconds(CLOCK_THREAD_CPUTIME_ID) - start) * (double)rte_get_tsc_hz() / done;
}

static double run_acl(const struct rte_acl_ctx *acl, const uint8_t **keys, uint32_t n,
		      enum rte_acl_classify_alg algorithm)
{
	double start = seconds(CLOCK_THREAD_CPUTIME_ID);
	uint32_t done = 0;

	while (done < PACKETS) {
		for (uint32_t i = 0; i + BATCH <= n; i += BATCH, done += BATCH) {
			uint32_t out[BATCH];

			rte_acl_classify_alg(acl, keys + i, out, BATCH, 1, algorithm);
			__asm__ volatile("" ::"r"(out) : "memory");
		}
	}
	return (seconds(CLOCK_THREAD_CPUTIME_ID) - start) * (double)rte_get_tsc_hz() / done;
}

static uint32_t verify(const struct sl_image *image, const struct sl_classifier *c,
		       const struct sl_flow *const *flows, uint32_t n)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct sl_image_rules *want = naive_match(image, 0, flows[i]);
		const struct sl_rule *got;

		sl_classifier_match(c, flows + i, &got, 1);
		wrong += (want == NULL) != (got == NULL) ||
			 (want != NULL && want->slot != got->slot);
	}
	return wrong;
}

static void report(const char *name, double run[RUNS])
{
	qsort(run, RUNS, sizeof(run[0]), by_value);
	printf("  %-10s %7.0f  (%.0f..%.0f)\n", name, run[RUNS / 2], run[0], run[RUNS - 1]);
}

static bool bench(const char *rules, const char *trace, bool v6)
{
	double own[RUNS], acl_run[ALGORITHMS][RUNS], start;
	const struct sl_flow **flows;
	struct rte_acl_ctx *acl = NULL;
	const uint8_t **keys;
	struct image_builder b;
	struct sl_classifier *c;
	struct sl_image image;
	struct cb_set set;
	char error[200];
	uint8_t *memory;
	uint32_t wrong;
	void *bytes;
	size_t size;

	cb_read(&set, rules, trace);
	if (v6)
		cb_to_v6(&set);
	cb_image(&set, &b);
	bytes = image_finish(&b, &size);
	if (sl_image_open(&image, bytes, size, error, sizeof(error)) != 0) {
		fprintf(stderr, "%s: %s\n", rules, error);
		exit(1);
	}
	start = seconds(CLOCK_MONOTONIC);
	c = sl_classifier_build(&image, 0, error, sizeof(error));
	if (c == NULL) {
		fprintf(stderr, "%s: %s\n", rules, error);
		exit(1);
	}
	printf("%s: %u rules, built in %.1f ms, %.1f MiB\n", rules, set.count,
	       (seconds(CLOCK_MONOTONIC) - start) * 1e3,
	       (double)sl_classifier_bytes(c) / (1 << 20));
	flows = calloc(set.flow_count + 1, sizeof(*flows));
	if (flows == NULL)
		abort();
	for (uint32_t i = 0; i < set.flow_count; i++)
		flows[i] = &set.flows[i];
	wrong = verify(&image, c, flows, set.flow_count < 20000 ? set.flow_count : 20000);
	printf("  differences from naive first match: %u\n", wrong);
	keys = acl_keys(&set, &memory);
	if (!v6) {
		start = seconds(CLOCK_MONOTONIC);
		acl = acl_build(&set);
		printf("  rte_acl %s in %.1f ms\n", acl != NULL ? "built" : "failed",
		       (seconds(CLOCK_MONOTONIC) - start) * 1e3);
	}
	for (int r = 0; r < RUNS; r++) {
		own[r] = run_own(c, flows, set.flow_count);
		for (int a = 0; acl != NULL && a < ALGORITHMS; a++)
			acl_run[a][r] = run_acl(acl, keys, set.flow_count, algorithms[a].id);
	}
	report("sluice", own);
	for (int a = 0; acl != NULL && a < ALGORITHMS; a++)
		report(algorithms[a].name, acl_run[a]);
	rte_acl_free(acl);
	free(keys);
	free(memory);
	free(flows);
	sl_classifier_free(c);
	image_builder_free(&b);
	free(bytes);
	cb_free(&set);
	return wrong == 0;
}

int main(int argc, char **argv)
{
	char *eal[] = {argv[0], "--no-huge", "--no-shconf", "-m", "256", "--no-pci", "--lcores=0",
		       "--force-max-simd-bitwidth=512", "--log-level=1"};
	bool ok = true, v6 = argc > 1 && strcmp(argv[1], "-6") == 0;

	if (argc - v6 < 3 || (argc - v6) % 2 == 0) {
		fprintf(stderr, "usage: %s [-6] RULES TRACE [RULES TRACE ...]\n", argv[0]);
		return 2;
	}
	if (rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) < 0) {
		fprintf(stderr, "rte_eal_init failed\n");
		return 1;
	}
	for (int i = 1 + v6; i < argc; i += 2)
		ok = bench(argv[i], argv[i + 1], v6) && ok;
	rte_eal_cleanup();
	return ok ? 0 : 1;
}
