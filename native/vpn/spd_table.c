/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/spd_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lower classes first, then the order somebody gave, then the narrower one, then the later one. */
bool sl_spd_before(const struct sl_policy *a, const struct sl_policy *b)
{
	uint32_t one = a->record.manual ? a->record.manual : UINT32_MAX;
	uint32_t two = b->record.manual ? b->record.manual : UINT32_MAX;

	if (a->record.priority != b->record.priority)
		return a->record.priority < b->record.priority;
	if (one != two)
		return one < two;
	if (a->narrow != b->narrow)
		return a->narrow > b->narrow;
	return a->serial > b->serial;
}

static const struct sl_spd_ends *far_end(const struct sl_policy *policy)
{
	return policy->record.direction == SL_SA_OUT ? &policy->destination : &policy->source;
}

static sl_spd_address last_of(unsigned int family)
{
	return family ? ~(sl_spd_address)0 : UINT32_MAX;
}

static int by_order(const void *a, const void *b)
{
	const struct sl_policy *one = *(struct sl_policy *const *)a, *two = *(struct sl_policy *const *)b;

	return sl_spd_before(one, two) ? -1 : 1;
}

static int by_address(const void *a, const void *b)
{
	sl_spd_address one, two;

	memcpy(&one, a, sizeof(one));
	memcpy(&two, b, sizeof(two));
	return one < two ? -1 : one > two;
}

static int by_start(const void *a, const void *b)
{
	const struct sl_policy *one = *(struct sl_policy *const *)a, *two = *(struct sl_policy *const *)b;

	return by_address(&far_end(one)->from, &far_end(two)->from);
}

/* Where pieces begin: at 0, at each policy's start and behind its end. How many. */
static uint32_t cut(struct sl_policy *const *policies, uint32_t n, sl_spd_address last,
		    sl_spd_address *at)
{
	uint32_t cuts = 1, kept = 1;

	at[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		at[cuts++] = far_end(policies[i])->from;
		if (far_end(policies[i])->to < last)
			at[cuts++] = far_end(policies[i])->to + 1;
	}
	qsort(at, cuts, sizeof(*at), by_address);
	for (uint32_t i = 1; i < cuts; i++)
		if (at[i] != at[kept - 1])
			at[kept++] = at[i];
	return kept;
}

/* The policies of each piece, those that hold at its start; `live` has room for all. */
static int fill(struct sl_spd_family *f, struct sl_policy *const *by_from, uint32_t n,
		struct sl_policy **live)
{
	uint32_t lives = 0, next = 0, listed = 0, room = 0;

	for (uint32_t piece = 0; piece < f->pieces; piece++) {
		uint32_t kept = 0;

		for (uint32_t i = 0; i < lives; i++)
			if (far_end(live[i])->to >= f->from[piece])
				live[kept++] = live[i];
		lives = kept;
		for (; next < n && far_end(by_from[next])->from == f->from[piece]; next++) {
			uint32_t at = lives++;

			for (; at && sl_spd_before(by_from[next], live[at - 1]); at--)
				live[at] = live[at - 1];
			live[at] = by_from[next];
		}
		f->first[piece] = listed;
		if (listed + lives > SL_SPD_LISTED_MOST)
			return -ENOSPC;
		if (listed + lives > room) {
			struct sl_policy **grown;

			room = 2 * (listed + lives);
			grown = realloc(f->list, room * sizeof(struct sl_policy *));
			if (!grown)
				return -ENOMEM;
			f->list = grown;
		}
		if (lives)
			memcpy(f->list + listed, live, lives * sizeof(struct sl_policy *));
		listed += lives;
	}
	f->first[f->pieces] = listed;
	return 0;
}

static int build(struct sl_spd_family *f, struct sl_policy **policies, uint32_t n, unsigned int family)
{
	struct sl_policy **live;
	int status = -ENOMEM;

	if (n == 0)
		return 0;
	qsort(policies, n, sizeof(struct sl_policy *), by_order);
	if (policies[0]->everything)
		f->everything = policies[0];
	f->from = calloc(2 * (size_t)n + 1, sizeof(*f->from));
	f->first = calloc(2 * (size_t)n + 2, sizeof(*f->first));
	live = calloc(n, sizeof(struct sl_policy *));
	if (f->from && f->first && live) {
		f->pieces = cut(policies, n, last_of(family), f->from);
		qsort(policies, n, sizeof(struct sl_policy *), by_start);
		status = fill(f, policies, n, live);
	}
	free(live);
	return status;
}

int sl_spd_table_build(const struct sl_policy *policies, struct sl_spd_table **table)
{
	uint32_t n = 0;
	struct sl_policy **some;
	int status = 0;

	*table = NULL;
	for (const struct sl_policy *p = policies; p; p = p->next)
		n++;
	if (n == 0)
		return 0;
	some = calloc(n, sizeof(struct sl_policy *));
	*table = calloc(1, sizeof(**table));
	if (!some || !*table)
		status = -ENOMEM;
	for (unsigned int family = 0; !status && family < 2; family++) {
		uint32_t fit = 0;

		for (const struct sl_policy *p = policies; p; p = p->next)
			if (p->record.source.family == (family ? 6 : 4))
				some[fit++] = (struct sl_policy *)(uintptr_t)p;
		status = build(&(*table)->family[family], some, fit, family);
	}
	free(some);
	if (status) {
		sl_spd_table_free(*table);
		*table = NULL;
	}
	return status;
}

void sl_spd_table_free(struct sl_spd_table *table)
{
	for (unsigned int family = 0; table && family < 2; family++) {
		free(table->family[family].from);
		free(table->family[family].first);
		free(table->family[family].list);
	}
	free(table);
}
