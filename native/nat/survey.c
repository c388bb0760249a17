/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "core/survey.h"
#include "nat/nat.h"

/* Addresses told of one by one; sessions on others are counted together. A power of two. */
#define ADDRESSES 65536
#define FULL (ADDRESSES / 4 * 3)

struct used {
	uint8_t address[16];
	uint8_t family; /* 0: nothing is here */
	uint32_t sessions[]; /* by worker */
};

struct uses {
	struct sl_survey survey;
	unsigned int workers;
	size_t size; /* of one record */
	uint32_t count;
	uint64_t others;
	uint8_t *table; /* open addressing */
};

static struct used *at(const struct uses *u, uint32_t i)
{
	return (struct used *)(void *)(u->table + i * u->size);
}

static struct used *find(struct uses *u, uint8_t family, const uint8_t address[16])
{
	uint64_t words[2];
	uint32_t i;

	memcpy(words, address, 16);
	i = (uint32_t)(((words[0] ^ words[1] * 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull) >> 40);
	for (;; i++) {
		struct used *used = at(u, i % ADDRESSES);

		if (used->family == family && memcmp(used->address, address, 16) == 0)
			return used;
		if (used->family != 0)
			continue;
		if (u->count == FULL)
			return NULL;
		u->count++;
		used->family = family;
		memcpy(used->address, address, 16);
		return used;
	}
}

static bool see(const struct sl_session_view *view, void *argument)
{
	struct uses *u = argument;
	bool wide = view->family[1] == 6;
	const void *seen = wide ? view->key[1].key6.dst : (const void *)&view->key[1].key4.dst;
	const void *client = view->family[0] == 6 ? view->key[0].key6.src :
						    (const void *)&view->key[0].key4.src;
	uint32_t length = wide ? 16 : 4;
	uint8_t address[16] = {0};
	struct used *used;

	if (!(view->session->flags & SL_SESSION_NAT) || memcmp(seen, client, length) == 0)
		return true;
	memcpy(address, seen, length);
	used = find(u, wide ? 6 : 4, address);
	if (used)
		used->sessions[view->owner % u->workers]++;
	else
		u->others++;
	return true;
}

static void tell(struct sl_survey *survey, struct sl_json *json)
{
	const struct uses *u = (const struct uses *)survey;

	sl_json_object(json, NULL);
	sl_json_array(json, "addresses");
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		const struct used *used = at(u, i);

		if (used->family == 0)
			continue;
		sl_json_object(json, NULL);
		sl_json_address(json, "address", used->family, used->address);
		sl_json_array(json, "sessions");
		for (unsigned int worker = 0; worker < u->workers; worker++)
			sl_json_number(json, NULL, used->sessions[worker]);
		sl_json_array_end(json);
		sl_json_object_end(json);
	}
	sl_json_array_end(json);
	sl_json_number(json, "others", u->others);
	sl_json_object_end(json);
}

static void free_uses(struct sl_survey *survey)
{
	free(((struct uses *)survey)->table);
	free(survey);
}

struct sl_survey *sl_survey_nat(const struct sl_datapath *dp)
{
	struct uses *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->survey = (struct sl_survey){.see = see, .tell = tell, .free = free_uses};
	u->workers = dp->workers;
	u->size = (sizeof(struct used) + dp->workers * sizeof(uint32_t) + 3) & ~(size_t)3;
	u->table = calloc(ADDRESSES, u->size);
	if (u->table)
		return &u->survey;
	free(u);
	return NULL;
}
