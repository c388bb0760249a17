/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/random.h>

#include "vpn/sad.h"

/* As long as charon takes over an exchange at the most, with all its retransmissions. */
#define HOLD_MS 165000u
#define TRIES 64

static bool taken(const struct sl_datapath *dp, uint32_t spi)
{
	const struct sl_sa_name name = {
		.spi = spi, .source = {.family = 4}, .destination = {.family = 4}};

	for (unsigned int i = 0; i < SL_SPI_HELD_MOST; i++)
		if (dp->sad->held[i].until_ms && dp->sad->held[i].spi == spi)
			return true;
	return sl_sad_named(dp, &name) != NULL;
}

/* A place for one more, those past their time being free again. */
static unsigned int place(struct sl_sad *sad, uint64_t now_ms)
{
	unsigned int free = SL_SPI_HELD_MOST;

	for (unsigned int i = 0; i < SL_SPI_HELD_MOST; i++) {
		if (sad->held[i].until_ms <= now_ms)
			sad->held[i].until_ms = 0;
		if (!sad->held[i].until_ms)
			free = i;
	}
	return free;
}

uint32_t sl_sad_hold(struct sl_datapath *dp, uint64_t now_ms)
{
	unsigned int at = place(dp->sad, now_ms);
	uint32_t spi;

	for (unsigned int i = 0; i < TRIES && at < SL_SPI_HELD_MOST; i++) {
		if (getrandom(&spi, sizeof(spi), 0) != sizeof(spi))
			return 0;
		if (spi < 256 || taken(dp, spi))
			continue;
		dp->sad->held[at].spi = spi;
		dp->sad->held[at].until_ms = now_ms + HOLD_MS;
		return spi;
	}
	return 0;
}

int sl_sad_let_go(struct sl_datapath *dp, uint32_t spi)
{
	for (unsigned int i = 0; i < SL_SPI_HELD_MOST; i++)
		if (dp->sad->held[i].until_ms && dp->sad->held[i].spi == spi) {
			dp->sad->held[i].until_ms = 0;
			return 0;
		}
	return -ENOENT;
}
