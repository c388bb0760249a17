// SPDX-License-Identifier: BSD-3-Clause
#include "session/hash.h"

#include <errno.h>
#include <sys/random.h>

/* splitmix64: spreads a small seed over the secret */
static uint64_t spread(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int sl_hash_secret_init(struct sl_hash_secret *secret, uint64_t seed)
{
	uint64_t words[sizeof(*secret) / sizeof(uint64_t)];

	if (seed)
		for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			words[i] = spread(&seed);
	/* 64 bytes come whole or not at all (getrandom(2)) */
	else if (getrandom(words, sizeof(words), 0) != sizeof(words))
		return errno ? -errno : -EIO;
	memcpy(secret, words, sizeof(words));
	return 0;
}
