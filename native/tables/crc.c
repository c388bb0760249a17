/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tables/image.h"

/* CRC-32 as zlib and Ethernet have it (reflected 0xedb88320), eight bytes a step. */
static uint32_t table[8][256];

__attribute__((constructor)) static void fill_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = (c >> 1) ^ (0xedb88320 & -(c & 1));
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int s = 1; s < 8; s++)
			table[s][i] = (table[s - 1][i] >> 8) ^ table[0][table[s - 1][i] & 0xff];
}

static uint32_t update(uint32_t crc, const uint8_t *p, size_t n)
{
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v;

		memcpy(&v, p, 8);
		v ^= crc;
		crc = 0;
		for (int s = 0; s < 8; s++)
			crc ^= table[7 - s][(v >> (8 * s)) & 0xff];
	}
	while (n-- > 0)
		crc = (crc >> 8) ^ table[0][(crc ^ *p++) & 0xff];
	return crc;
}

uint32_t sl_image_crc(const void *bytes, size_t size)
{
	struct sl_image_header header;
	uint32_t crc;

	memcpy(&header, bytes, sizeof(header));
	header.crc = 0;
	crc = update(0xffffffff, (const uint8_t *)&header, sizeof(header));
	crc = update(crc, (const uint8_t *)bytes + sizeof(header), size - sizeof(header));
	return crc ^ 0xffffffff;
}
