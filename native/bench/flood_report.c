/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/flood_report.h"

#include <rte_cycles.h>
#include <stdio.h>

#include "ip/fragment_table.h"
#include "session/table.h"

struct sl_flood_seen sl_flood_look(const struct bench *b)
{
	const struct sl_session_stats *stats = sl_session_stats(b->w->sessions);
	struct sl_flood_seen s = {.fed = b->rig[0].fed + b->rig[1].fed,
				  .sent = b->rig[0].sent + b->rig[1].sent,
				  .whole = {b->rig[1].datagrams[0], b->rig[1].datagrams[1]},
				  .evicted = stats->evicted,
				  .full = stats->full,
				  .cpu_ns = sl_bench_cpu_ns()};

	for (unsigned int i = 0; i < 3; i++)
		s.tcp[i] = b->rig[0].tcp[i] + b->rig[1].tcp[i];
	for (unsigned int i = 0; i < SL_DROP_REASONS; i++)
		s.drops[i] = b->w->drops[i].packets;
	return s;
}

void sl_flood_report(const struct bench *b, const char *name, const struct sl_flood_seen *before,
		     const struct sl_flood_fed *fed)
{
	const struct sl_session_stats *stats = sl_session_stats(b->w->sessions);
	const struct sl_flood_seen now = sl_flood_look(b);
	const uint64_t packets = now.fed - before->fed;
	const char *comma = "";
	const struct {
		const char *name;
		uint64_t value;
	} count[] = {
		{"fed", packets},
		{"live", fed->live},
		{"flood", fed->flood},
		{"fresh", fed->fresh[0]},
		{"together", fed->whole[0]},
		{"apart", fed->whole[1]},
		{"out", now.sent - before->sent},
		{"out_syn", now.tcp[0] - before->tcp[0]},
		{"out_syn_ack", now.tcp[1] - before->tcp[1]},
		{"out_rest", now.tcp[2] - before->tcp[2]},
		{"out_together", now.whole[0] - before->whole[0]},
		{"out_apart", now.whole[1] - before->whole[1]},
		{"sessions", stats->live[0] + stats->live[1]},
		{"evicted", now.evicted - before->evicted},
		{"full", now.full - before->full},
		{"datagrams", b->w->fragments->live},
		{"held", sl_fragments_held(b->w)},
		{"wrong", b->rig[0].wrong + b->rig[1].wrong},
	};

	printf("{\"step\":\"%s\"", name);
	for (unsigned int i = 0; i < RTE_DIM(count); i++)
		printf(",\"%s\":%llu", count[i].name, (unsigned long long)count[i].value);
	printf(",\"dropped\":{");
	for (unsigned int i = 0; i < SL_DROP_REASONS; i++) {
		if (now.drops[i] == before->drops[i])
			continue;
		printf("%s\"%s\":%llu", comma, sl_drop_name(i),
		       (unsigned long long)(now.drops[i] - before->drops[i]));
		comma = ",";
	}
	printf("},\"cycles\":%.1f}\n",
	       packets ? (double)(now.cpu_ns - before->cpu_ns) * (double)rte_get_tsc_hz() / 1e9 /
				 (double)packets :
			 0.0);
}
