/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/json.h"
#include "tables/tables.h"

/* Ports of public IPv4 addresses, a bit each; for any number of threads. */
struct sl_ports;

#define SL_PORTS_NONE UINT32_MAX

/* Room for so many addresses, touched as they come. NULL: no memory. */
struct sl_ports *sl_ports_create(uint32_t most);
void sl_ports_free(struct sl_ports *p);

/* The id of an address, which it keeps; SL_PORTS_NONE when there is no room for another one. */
uint32_t sl_ports_find(struct sl_ports *p, const uint8_t address[4]);
const uint8_t *sl_ports_address(const struct sl_ports *p, uint32_t id);

/* A free block of the size and within the ports of `t`, any of them; false where there is none. */
bool sl_ports_take(struct sl_ports *p, uint32_t id, const struct sl_image_translations *t,
		   uint64_t random, uint16_t *lo, uint16_t *hi);
void sl_ports_give(struct sl_ports *p, uint32_t id, uint16_t lo, uint16_t hi);

/* addresses: [{address, blocks}], of those that have lent some. */
void sl_ports_show(struct sl_ports *p, struct sl_json *json);
