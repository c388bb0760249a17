/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>

#include "tables/tables.h"

#define SL_PAIRS (SL_MAX_ZONES * SL_MAX_ZONES)

/* A classifier shared by all tables whose image has a part of this hash. */
struct sl_shared {
	_Atomic uint32_t references;
	uint8_t hash[16];
	struct sl_classifier *classifier;
};

/* What the public struct points at. */
struct sl_tables_own {
	struct sl_tables public;
	void *bytes; /* the copy of the image */
	uint32_t epoch; /* the highest generation given so far */
	uint32_t *pair_generation;
	struct sl_pair *pairs, *departures;
	const struct sl_classifier **pair_classifiers;
	struct sl_shared **parts; /* by part index; sorted copy below for the next build */
	struct sl_shared **by_hash;
	uint32_t part_count;
	uint32_t *rule_by_slot; /* index + 1 */
	uint32_t rule_slots;
	uint64_t *gone_kept; /* bits by slot: rules that are gone, of policies that keep */
	uint32_t gone_kept_words;
	uint8_t *schedule_on;  /* by schedule: was it active when it was last asked? */
	uint32_t *local4, *broadcast4; /* sorted */
	uint32_t local4_count, broadcast4_count;
	struct sl_local6 {
		uint64_t high, low;
	} *local6; /* sorted */
	uint32_t local6_count;
};

/* Fills the local and broadcast addresses from the interfaces. */
void sl_local_build(struct sl_tables_own *tables);

/* What rules that are gone since `previous` (may be NULL) leave behind. False: no memory. */
bool sl_keep_build(struct sl_tables_own *tables, const struct sl_tables_own *previous);

/*
 * Takes over the generations of `previous` (may be NULL) and raises those of pairs that changed;
 * returns how many did.
 */
uint32_t sl_generations_raise(struct sl_tables_own *tables, const struct sl_tables_own *previous);
