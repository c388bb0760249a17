/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "tables/tables.h"
#include "test/random_image.h"

#define MAX_SIZE (1u << 16)

/* Any bytes: refused with a text, or tables that answer. The CRC is made right first. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Starts from whole images of random rules, so that an empty corpus will do. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct random r = {seed + 1ull};
	struct image_builder b;
	size_t image_size;
	void *image;

	if (size >= sizeof(struct sl_image_header) && seed % 64 != 0)
		return LLVMFuzzerMutate(data, size, max_size);
	random_image(&b, &r, &(struct random_shape){1 + random_below(&r, 20), 6, 4, 6, 4, 20, 20});
	image_iface(&b, 1, 2, "lan");
	image = image_finish(&b, &image_size);
	image_builder_free(&b);
	if (image_size > max_size)
		image_size = max_size;
	memcpy(data, image, image_size);
	free(image);
	return image_size;
}

static void ask(const struct sl_tables *tables, uint8_t family, uint8_t proto, uint64_t seed)
{
	struct sl_flow flow = {.family = family,
			       .proto = proto,
			       .sport = (uint16_t)seed,
			       .dport = (uint16_t)(seed >> 16)};

	flow.v6.src[0] = seed * 0x9e3779b97f4a7c15;
	flow.v6.dst[1] = ~seed;
	for (uint32_t i = 0; i < tables->image.count[SL_SECTION_PAIRS] && i < 4; i++) {
		const struct sl_image_pairs *p = &tables->image.pairs[i];
		const struct sl_rule *rule = sl_tables_judge_one(tables, p->from, p->to, &flow);

		/* A rule that answers is one of the image. */
		if (rule != NULL && sl_tables_rule(tables, rule->slot) == NULL)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_tables *tables, *next;
	char error[256] = "";
	uint8_t *bytes;

	if (size > MAX_SIZE)
		return 0;
	bytes = malloc(size + 1);
	if (bytes == NULL)
		return 0;
	if (size > 0)
		memcpy(bytes, data, size);
	if (size >= sizeof(struct sl_image_header)) {
		struct sl_image_header header;

		memcpy(&header, bytes, sizeof(header));
		header.total = size;
		memcpy(bytes, &header, sizeof(header));
		header.crc = sl_image_crc(bytes, size);
		memcpy(bytes, &header, sizeof(header));
	}
	tables = sl_tables_build(bytes, size, NULL, error, sizeof(error), NULL);
	if (tables == NULL && error[0] == 0)
		abort();
	if (tables != NULL) {
		next = sl_tables_build(bytes, size, tables, error, sizeof(error), NULL);
		sl_tables_free(tables);
		if (next == NULL)
			abort();
		for (uint64_t seed = 1; seed < 6; seed++) {
			ask(next, 4, 6, seed << 30 | seed);
			ask(next, 6, 58, seed);
		}
		sl_tables_is_local4(next, 1);
		sl_tables_is_local6(next, 1, 1);
		sl_tables_is_broadcast4(next, 1);
		sl_tables_free(next);
	}
	free(bytes);
	return 0;
}
