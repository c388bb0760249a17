/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tables/atoms.h"
#include "tables/map.h"

/* What a lookup reads, for one family. Pages and blocks: see bits.h. */
struct sl_family {
	uint32_t atoms; /* 0: nothing matches */
	uint32_t segments, stride, summary_words;
	bool wide_ids; /* block ids of 32 bits, not 16 */
	bool any_source_port; /* the fourth dimension accepts all, skip it */
	const struct sl_line *lines;
	const uint8_t *pages;
	const uint64_t *blocks;
	const uint32_t *class_pages[SL_DIMENSIONS]; /* segments > 1: page ids by class */
	const struct sl_rule *rules;		    /* by atom */
	struct sl_map32 address4[2];
	uint32_t address6[2]; /* entries */
	uint32_t source_port; /* entry */
	uint32_t service[256]; /* entry by protocol */
	struct sl_buf memory[4 + SL_DIMENSIONS];
};

struct sl_classifier {
	struct sl_mem mem;
	struct sl_family family[2]; /* 4, 6 */
};

/* As sl_classifier_build, with the specs of the image made once for all its parts. */
struct sl_classifier *sl_classifier_build_specs(const struct sl_image *image,
						const struct sl_specs *specs, uint32_t part,
						char *error, size_t error_size);
