/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "vpn/engine.h"

/* In the order that counts where nothing was measured. */
static const char *const kinds[] = {"qat", "vaes", "aesni_gcm", "aesni_mb", "openssl"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* QAT's functions are called by their PCI address and then what they do. */
static unsigned int kind_of(const char *driver)
{
	unsigned int kind = 0;

	while (kind < KINDS && !strstr(driver, kinds[kind]))
		kind++;
	return kind;
}

static void row(struct sl_engine *e, const struct sl_engine_device *d, unsigned int kind, bool queues,
		unsigned int nth)
{
	char number[16] = "";

	memset(e, 0, sizeof(*e));
	if (nth > 0)
		snprintf(number, sizeof(number), "-%u", nth);
	snprintf(e->name, sizeof(e->name), "%s%s%s", kinds[kind], number,
		 queues && d->cpu ? "-lookaside" : "");
	e->device = d->device;
	e->lookaside = queues;
	e->does = d->does;
}

unsigned int sl_engine_list(struct sl_engine *table, const struct sl_engine_device *devices,
			    unsigned int count)
{
	unsigned int n = 0;

	for (unsigned int kind = 0; kind < KINDS; kind++) {
		unsigned int nth = 0;

		for (unsigned int i = 0; i < count; i++) {
			const struct sl_engine_device *d = &devices[i];

			if (kind_of(d->driver) != kind || d->does == 0)
				continue;
			if (d->cpu && n < SL_ENGINES)
				row(&table[n++], d, kind, false, nth);
			if (d->device != SL_ENGINE_OWN && n < SL_ENGINES)
				row(&table[n++], d, kind, true, nth);
			nth++;
		}
	}
	return n;
}

/* Is `a`, which stands behind `b`, to go before it? */
static bool better(const struct sl_engine *a, const struct sl_engine *b, enum sl_suite suite,
		   uint32_t best)
{
	uint32_t x = a->cycles[suite], y = b->cycles[suite], margin = best + best / 12;

	if (x == 0 || y == 0)
		return x != 0;
	if (x <= margin && y <= margin)
		return false;
	return x < y;
}

unsigned int sl_engine_rank(const struct sl_engine *table, unsigned int count, enum sl_suite suite,
			    uint8_t order[SL_ENGINES])
{
	unsigned int n = 0;
	uint32_t best = UINT32_MAX / 2;

	for (unsigned int i = 0; i < count; i++) {
		uint32_t cycles = table[i].cycles[suite];

		if (atomic_load(&table[i].state) != SL_ENGINE_READY || !(table[i].does >> suite & 1))
			continue;
		if (cycles && cycles < best)
			best = cycles;
		order[n++] = (uint8_t)i;
	}
	for (unsigned int i = 1; i < n; i++)
		for (unsigned int k = i; k > 0 && better(&table[order[k]], &table[order[k - 1]], suite, best);
		     k--) {
			uint8_t moved = order[k];

			order[k] = order[k - 1];
			order[k - 1] = moved;
		}
	return n;
}
