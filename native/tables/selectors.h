/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tables/classifier.h"
#include "tables/image.h"

/*
 * What policy-based tunnels take, found by the destination: prefixes nest, so the narrowest one that
 * has an address leads on to all others that have it. Immutable once built.
 */
struct sl_selectors;

/* NULL without memory; *selectors is NULL where the image has none. */
bool sl_selectors_build(const struct sl_image *image, struct sl_selectors **selectors);
void sl_selectors_free(struct sl_selectors *selectors);

/* The same selectors, whatever their order? Either may be NULL. */
bool sl_selectors_same(const struct sl_selectors *a, const struct sl_selectors *b);

/*
 * The first that fits the flow but for its source address, of which `fits` says so; the narrower
 * destination first, of one destination the narrower source. NULL if there is none.
 */
const struct sl_image_selectors *sl_selectors_find(const struct sl_selectors *selectors,
						   const struct sl_flow *flow,
						   bool (*fits)(const struct sl_image_selectors *s,
								void *context),
						   void *context);

/* Does the source prefix have this address, network order? */
bool sl_selector_has_source(const struct sl_image_selectors *s, const uint8_t *address);
