/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tables/image.h"

/* Makes table images in memory for tests and benches; aborts when memory is out. */
struct image_builder {
	struct {
		uint8_t *data;
		size_t used, room; /* bytes */
		uint32_t count;
	} section[SL_IMAGE_SECTIONS + 1];
};

/* An empty image with default settings. */
void image_builder_init(struct image_builder *b);
void image_builder_free(struct image_builder *b);

/* Appends a record of the section and gives its index. */
uint32_t image_add(struct image_builder *b, enum sl_image_section section, const void *record);
/* The offset of a string. */
uint32_t image_string(struct image_builder *b, const char *text);

/* A zone, and an untagged interface in it with slot `slot`. */
void image_zone(struct image_builder *b, uint16_t slot, const char *name);
void image_iface(struct image_builder *b, uint16_t slot, uint16_t zone, const char *name);
/* A rule of the last policy; its slot is SL_RULE_FIRST + its index. */
uint32_t image_rule(struct image_builder *b, uint32_t source, uint32_t destination,
		    uint32_t service, uint8_t action);
/* A policy to which the rules that follow belong. */
void image_policy(struct image_builder *b, const char *name);
/* A part of policies first..first+count-1 whose hash is `hash` repeated. */
uint32_t image_part(struct image_builder *b, uint8_t hash, uint32_t first, uint32_t count);
/* A pair with one part; its hash is `hash` repeated. */
void image_pair(struct image_builder *b, uint8_t hash, uint16_t from, uint16_t to, uint32_t part);

/* The finished image; free() it. */
void *image_finish(const struct image_builder *b, size_t *size);
/* Writes the right CRC into an image, whatever else is wrong with it. */
void image_repair_crc(void *bytes, size_t size);
