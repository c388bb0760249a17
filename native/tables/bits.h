/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tables/mem.h"

/*
 * Sets of atoms as the lookup reads them. A block is 512 atoms; a page is up to 64 blocks, stored as
 * a summary with one bit per 64-atom word and the ids of its blocks, of 16 bits while they fit. Equal
 * blocks and equal pages are stored once, so that a class costs what differs from the others. A class is its page's id, or
 * with more than SL_PAGE_ATOMS atoms an index to a row of page ids, one per segment.
 */
#define SL_BLOCK_WORDS 8
#define SL_BLOCK_ATOMS 512
#define SL_PAGE_BLOCKS 64
#define SL_PAGE_ATOMS (SL_BLOCK_ATOMS * SL_PAGE_BLOCKS)

struct sl_bits {
	uint32_t blocks;   /* in all */
	uint32_t segments; /* pages a class has */
	uint32_t page_blocks;
	uint32_t summary_words; /* u64 at the head of a page; the block ids follow */
	uint32_t id_bytes;	/* 2 or 4 */
	uint32_t stride;	/* bytes of a page */
	struct sl_pool pool;	/* blocks */
	struct sl_pool pages;
	uint64_t seed;
};

/* Shapes the store for `atoms` atoms; 0 is treated as 1. */
void sl_bits_init(struct sl_bits *bits, uint32_t atoms, uint32_t id_bytes, uint64_t seed);

/* Whether it failed only because the blocks' ids outgrew 16 bits. */
static inline bool sl_bits_outgrown(const struct sl_bits *bits)
{
	return bits->id_bytes == 2 && bits->pool.count > UINT16_MAX + 1u;
}

/* The atoms of the class under construction, with what changed since it was last stored. */
struct sl_row {
	uint64_t *words;      /* blocks * SL_BLOCK_WORDS */
	uint8_t *pages;	      /* segments * stride */
	uint32_t *page_ids;   /* per segment */
	uint8_t *dirty;	      /* per block */
	uint32_t *dirty_list; /* blocks */
	uint32_t dirty_count;
	struct sl_buf memory[5];
};

bool sl_row_init(struct sl_mem *mem, struct sl_row *row, const struct sl_bits *bits);
void sl_row_free(struct sl_mem *mem, struct sl_row *row);

static inline void sl_row_flip(struct sl_row *row, uint32_t atom)
{
	uint32_t block = atom / SL_BLOCK_ATOMS;

	row->words[atom / 64] ^= 1ull << atom % 64;
	if (!row->dirty[block]) {
		row->dirty[block] = 1;
		row->dirty_list[row->dirty_count++] = block;
	}
}

/* Stores what changed and brings `page_ids` up to date; false when memory or ids are out. */
bool sl_row_store(struct sl_mem *mem, struct sl_row *row, struct sl_bits *bits);
