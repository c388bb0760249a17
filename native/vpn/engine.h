/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_crypto.h>
#include <rte_mempool.h>

#include "core/datapath.h"
#include "core/json.h"

/*
 * The engines that do the crypto of SAs: crypto devices, each by the ways it has, synchronously on
 * the worker (CPU crypto) or by its queues (lookaside), and code of ours where the CPU has VAES. What
 * does a suite fastest, as measured when the first SA comes, gets its SAs; one that stops completing,
 * or fails too often, loses them.
 */
enum sl_suite { SL_SUITE_GCM, SL_SUITE_CHACHA, SL_SUITE_CBC, SL_SUITES };

enum sl_engine_state {
	SL_ENGINE_READY,
	SL_ENGINE_DISABLED, /* by an operator */
	SL_ENGINE_FAILED,   /* by the watchdog; an operator may enable it again */
};

#define SL_ENGINES 12
#define SL_ENGINE_NONE 0xff
#define SL_ENGINE_OWN 0xff /* where a device would be */

struct sl_engine {
	char name[48]; /* of the device's kind; one with queues has `-lookaside` behind it */
	uint8_t device; /* SL_ENGINE_OWN: none, AES-GCM by vpn/gcm.h */
	bool lookaside;
	uint8_t does;		    /* bit per suite */
	uint32_t cycles[SL_SUITES]; /* a packet of 512 bytes, as measured; 0: was not */
	struct rte_mempool *sessions;
	atomic_uchar state;
	atomic_bool stalled; /* by a worker: it holds a packet for too long */
	atomic_ulong failures;
	uint64_t settled; /* failures that are older than the watchdog's last look */
	uint32_t sas;
	uint64_t failovers; /* SAs it lost to others */
};

/*
 * Engines that may take SAs of `suite`, the best first: those that were measured by their cycles
 * (within a twelfth of the best they count as equal), then those that were not, both by their place
 * in the table. How many. A pure function of the table.
 */
unsigned int sl_engine_rank(const struct sl_engine *table, unsigned int count, enum sl_suite suite,
			    uint8_t order[SL_ENGINES]);

/* A device as it is found: what sl_engine_list() makes rows of. */
struct sl_engine_device {
	const char *driver; /* crypto_aesni_gcm and so on */
	uint8_t device; /* or SL_ENGINE_OWN */
	bool cpu;     /* it does CPU crypto */
	uint8_t does; /* bit per suite */
};

/*
 * Rows for these devices, hardware first, then what does one thing only, then the rest; a device's
 * synchronous way ahead of its queues. How many; devices of unknown kinds are left out.
 */
unsigned int sl_engine_list(struct sl_engine *table, const struct sl_engine_device *devices,
			    unsigned int count);

struct sl_sa;
struct sl_sa_add;

/* What an SA uses of an engine. One writer of in_flight: the SA's home worker. */
struct sl_sa_session {
	void *session; /* of the device; of SL_ENGINE_OWN a struct sl_gcm */
	uint8_t device;
	uint8_t engine;
	bool lookaside;
	atomic_uint in_flight;
	struct sl_sa_session *next; /* of those on their way out */
};

/* Finds and measures engines, once; 0 or -errno. Control thread, as all below. */
int sl_engines_start(struct sl_datapath *dp);
/* For tests, before the first SA: everything as at first, with no device stopped. */
extern struct sl_engine sl_engines[SL_ENGINES];
extern unsigned int sl_engine_count;

/* The SA gets a session on the best engine that takes it; its keys are kept for the next one. */
int sl_engine_attach(struct sl_datapath *dp, struct sl_sa *sa, const struct sl_sa_add *add);
/* Its sessions and keys are gone; nothing of it is in flight. */
void sl_engine_detach(struct sl_sa *sa);

/* Takes an engine out or in; SAs move. -ENOENT: no such one. */
int sl_engine_switch(struct sl_datapath *dp, const char *name, bool enable);
/* Does another one that is ready do each thing that this one does? True where there is no such engine. */
bool sl_engine_spare(struct sl_datapath *dp, const char *name);
/* The watchdog: engines that stalled or fail lose their SAs; what is on its way out goes. */
void sl_engines_watch(struct sl_datapath *dp);
/* A member of an object: engines. */
void sl_engines_show(struct sl_datapath *dp, struct sl_json *json);

/* Failures since the watchdog's last look (100 ms) that take an engine out. */
#define SL_ENGINE_FAILURES 64
/* ms a packet may be with an engine. */
#define SL_ENGINE_STALL_MS 20
/* Packets of a worker that may be with engines; more are dropped, esp-engine. */
#define SL_ENGINE_DEPTH 1024
