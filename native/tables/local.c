/* SPDX-License-Identifier: BSD-3-Clause */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "tables/tables_private.h"

static int compare4(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare6(const void *a, const void *b)
{
	const struct sl_local6 *x = a, *y = b;

	if (x->high != y->high)
		return x->high < y->high ? -1 : 1;
	return (x->low > y->low) - (x->low < y->low);
}

static void add(struct sl_tables_own *t, const struct sl_image_addresses *a)
{
	uint64_t words[2];
	uint32_t address;

	if (a->family == 6) {
		memcpy(words, a->address, sizeof(words));
		t->local6[t->local6_count++] =
			(struct sl_local6){be64toh(words[0]), be64toh(words[1])};
		return;
	}
	memcpy(&address, a->address, sizeof(address));
	address = be32toh(address);
	t->local4[t->local4_count++] = address;
	/* RFC 3021: a /31 has no broadcast address, a /32 no subnet. */
	if (a->length <= 30)
		t->broadcast4[t->broadcast4_count++] =
			address | (uint32_t)(UINT32_MAX >> a->length);
}

void sl_local_build(struct sl_tables_own *t)
{
	const struct sl_image *image = &t->public.image;

	for (uint32_t i = 0; i < image->count[SL_SECTION_INTERFACES]; i++) {
		const struct sl_image_interfaces *iface = &image->interfaces[i];

		if ((iface->flags & SL_IFACE_MANAGEMENT) != 0)
			continue;
		for (uint32_t k = 0; k < iface->addresses; k++)
			add(t, &image->addresses[iface->first_address + k]);
	}
	qsort(t->local4, t->local4_count, sizeof(*t->local4), compare4);
	qsort(t->broadcast4, t->broadcast4_count, sizeof(*t->broadcast4), compare4);
	qsort(t->local6, t->local6_count, sizeof(*t->local6), compare6);
}

bool sl_tables_is_local4(const struct sl_tables *tables, uint32_t address)
{
	const struct sl_tables_own *t = (const struct sl_tables_own *)tables;

	return bsearch(&address, t->local4, t->local4_count, sizeof(address), compare4) != NULL;
}

bool sl_tables_is_local6(const struct sl_tables *tables, uint64_t high, uint64_t low)
{
	const struct sl_tables_own *t = (const struct sl_tables_own *)tables;
	const struct sl_local6 key = {high, low};

	return bsearch(&key, t->local6, t->local6_count, sizeof(key), compare6) != NULL;
}

bool sl_tables_is_broadcast4(const struct sl_tables *tables, uint32_t address)
{
	const struct sl_tables_own *t = (const struct sl_tables_own *)tables;

	return address == UINT32_MAX || bsearch(&address, t->broadcast4, t->broadcast4_count,
						sizeof(address), compare4) != NULL;
}
