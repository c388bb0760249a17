/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tables/bits.h"

void sl_bits_init(struct sl_bits *bits, uint32_t atoms, uint32_t id_bytes, uint64_t seed)
{
	uint32_t bytes;

	memset(bits, 0, sizeof(*bits));
	bits->blocks = atoms == 0 ? 1 : (atoms + SL_BLOCK_ATOMS - 1) / SL_BLOCK_ATOMS;
	bits->segments = (bits->blocks + SL_PAGE_BLOCKS - 1) / SL_PAGE_BLOCKS;
	bits->page_blocks = bits->segments > 1 ? SL_PAGE_BLOCKS : bits->blocks;
	bits->summary_words = (bits->page_blocks + 7) / 8;
	bits->id_bytes = id_bytes;
	bytes = bits->summary_words * 8 + bits->page_blocks * id_bytes;
	/* A page of up to a line never straddles two. */
	for (bits->stride = 16; bits->stride < bytes && bits->stride < 64;)
		bits->stride *= 2;
	if (bits->stride < bytes)
		bits->stride = (bytes + 63) / 64 * 64;
	sl_pool_init(&bits->pool, SL_BLOCK_WORDS * 8, seed);
	sl_pool_init(&bits->pages, bits->stride, seed + 1);
	bits->seed = seed;
}

bool sl_row_init(struct sl_mem *mem, struct sl_row *row, const struct sl_bits *bits)
{
	memset(row, 0, sizeof(*row));
	if (!sl_buf_reserve(mem, &row->memory[0], (size_t)bits->blocks * SL_BLOCK_WORDS * 8) ||
	    !sl_buf_reserve(mem, &row->memory[1], (size_t)bits->segments * bits->stride) ||
	    !sl_buf_reserve(mem, &row->memory[2], (size_t)bits->segments * 4) ||
	    !sl_buf_reserve(mem, &row->memory[3], bits->blocks) ||
	    !sl_buf_reserve(mem, &row->memory[4], (size_t)bits->blocks * 4))
		return false;
	row->words = row->memory[0].data;
	row->pages = row->memory[1].data;
	row->page_ids = row->memory[2].data;
	row->dirty = row->memory[3].data;
	row->dirty_list = row->memory[4].data;
	/* The first store writes every block, so that the ids in the pages are good. */
	for (row->dirty_count = 0; row->dirty_count < bits->blocks; row->dirty_count++) {
		row->dirty[row->dirty_count] = 1;
		row->dirty_list[row->dirty_count] = row->dirty_count;
	}
	return true;
}

void sl_row_free(struct sl_mem *mem, struct sl_row *row)
{
	for (int i = 0; i < 5; i++)
		sl_buf_free(mem, &row->memory[i]);
}

bool sl_row_store(struct sl_mem *mem, struct sl_row *row, struct sl_bits *bits)
{
	for (uint32_t k = 0; k < row->dirty_count; k++) {
		uint32_t block = row->dirty_list[k];
		uint32_t at = block % SL_PAGE_BLOCKS;
		const uint64_t *words = row->words + (size_t)block * SL_BLOCK_WORDS;
		uint8_t *page = row->pages + (size_t)(block / SL_PAGE_BLOCKS) * bits->stride;
		uint32_t id = sl_pool_intern(mem, &bits->pool, words);
		uint8_t summary = 0;

		if (id == SL_POOL_FULL || sl_bits_outgrown(bits))
			return false;
		for (int w = 0; w < SL_BLOCK_WORDS; w++)
			summary |= (uint8_t)((words[w] != 0) << w);
		page[at] = summary; /* little-endian: byte `at` of the summary words */
		memcpy(page + (size_t)bits->summary_words * 8 + (size_t)at * bits->id_bytes, &id,
		       bits->id_bytes);
	}
	for (uint32_t k = 0; k < row->dirty_count; k++) {
		uint32_t block = row->dirty_list[k], segment = block / SL_PAGE_BLOCKS;

		if (!row->dirty[block])
			continue;
		/* One intern per segment: take the marks of its other blocks with it. */
		for (uint32_t j = k; j < row->dirty_count; j++)
			if (row->dirty_list[j] / SL_PAGE_BLOCKS == segment)
				row->dirty[row->dirty_list[j]] = 0;
		row->page_ids[segment] = sl_pool_intern(
			mem, &bits->pages, row->pages + (size_t)segment * bits->stride);
		if (row->page_ids[segment] == SL_POOL_FULL)
			return false;
	}
	row->dirty_count = 0;
	return true;
}
