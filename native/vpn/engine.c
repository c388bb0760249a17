/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/engine.h"

#include <errno.h>
#include <rte_cryptodev.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>
#include <string.h>

#include "vpn/crypto.h"
#include "vpn/engine_device.h"
#include "vpn/flight.h"

struct sl_engine sl_engines[SL_ENGINES];
unsigned int sl_engine_count;
static bool started;
static struct sl_sa_session *retired; /* replaced, and perhaps still in flight */

int sl_engines_start(struct sl_datapath *dp)
{
	struct sl_engine_device devices[SL_ENGINES];
	unsigned int n;

	if (started)
		return 0;
	if (sl_flights_create(dp) < 0)
		return -ENOMEM;
	n = sl_engine_devices(dp, devices, SL_ENGINES);
	sl_engine_count = sl_engine_list(sl_engines, devices, n);
	for (unsigned int i = 0; i < sl_engine_count; i++) {
		struct sl_engine *e = &sl_engines[i];

		/* A device's second way shares its sessions. */
		e->sessions = i > 0 && e[-1].device == e->device ? e[-1].sessions :
								   sl_engine_pool(dp, e->device);
		if (!e->sessions && e->device != SL_ENGINE_OWN)
			return -ENOMEM;
		sl_engine_measure(dp, i);
	}
	started = true;
	return 0;
}

/* A session on engine `index`, or NULL where it does not take these keys. */
static struct sl_sa_session *use_of(unsigned int index, const struct sl_sa_xforms *x)
{
	struct sl_engine *e = &sl_engines[index];
	struct sl_sa_session *use = rte_zmalloc("sa_use", sizeof(*use), 0);

	if (!use)
		return NULL;
	use->engine = (uint8_t)index;
	use->device = e->device;
	use->lookaside = e->lookaside;
	use->session = sl_engine_session(e, x);
	if (!use->session) {
		rte_free(use);
		return NULL;
	}
	e->sas++;
	return use;
}

static void drop_use(struct sl_sa_session *use)
{
	sl_engine_session_free(use->device, use->session);
	rte_free(use);
}

/* The best engine that takes it; NULL when none does. */
static struct sl_sa_session *choose(const struct sl_sa_xforms *x)
{
	uint8_t order[SL_ENGINES];
	unsigned int n = sl_engine_rank(sl_engines, sl_engine_count, x->suite, order);
	struct sl_sa_session *use = NULL;

	for (unsigned int i = 0; i < n && !use; i++)
		use = use_of(order[i], x);
	return use;
}

/* No SA has it any more; an op of it may still be with an engine that failed. */
static void retire(struct sl_sa_session *use)
{
	if (!atomic_load_explicit(&use->in_flight, memory_order_acquire)) {
		drop_use(use);
		return;
	}
	use->next = retired;
	retired = use;
}

int sl_engine_attach(struct sl_datapath *dp, struct sl_sa *sa, const struct sl_sa_add *add)
{
	struct sl_sa_xforms x;
	struct sl_sa_session *use;
	int status = sl_sa_transforms(sa, add, &x);

	if (!status)
		status = sl_engines_start(dp);
	if (status)
		return status;
	sa->suite = (uint8_t)x.suite;
	use = choose(&x);
	if (!use)
		return -EOPNOTSUPP;
	atomic_store(&sa->using, use);
	sa->keys = rte_malloc("sa_keys", sizeof(*add), 0);
	if (!sa->keys)
		return -ENOMEM;
	*sa->keys = *add;
	return 0;
}

void sl_engine_detach(struct sl_sa *sa)
{
	struct sl_sa_session *use = atomic_load(&sa->using);

	if (use) {
		sl_engines[use->engine].sas--;
		retire(use);
	}
	if (sa->keys) {
		memset(sa->keys, 0, sizeof(*sa->keys));
		__asm__ volatile("" ::"r"(sa->keys) : "memory");
		rte_free(sa->keys);
	}
	sa->keys = NULL;
	atomic_store(&sa->using, NULL);
}

/* The SA goes to the best engine there is now, if that is another. Its sequence is none of this. */
static void move(struct sl_sa *sa, void *context)
{
	struct sl_sa_session *old = atomic_load(&sa->using), *use;
	struct sl_sa_xforms x;
	uint8_t order[SL_ENGINES];
	unsigned int n = sl_engine_rank(sl_engines, sl_engine_count, (enum sl_suite)sa->suite, order);

	(void)context;
	if (n == 0 || order[0] == old->engine || sl_sa_transforms(sa, sa->keys, &x) < 0)
		return;
	use = choose(&x);
	if (!use)
		return;
	if (use->engine == old->engine) {
		sl_engines[use->engine].sas--;
		drop_use(use);
		return;
	}
	if (atomic_load(&sl_engines[old->engine].state) == SL_ENGINE_FAILED)
		sl_engines[old->engine].failovers++;
	sl_engines[old->engine].sas--;
	atomic_store_explicit(&sa->using, use, memory_order_release);
	old->next = retired;
	retired = old;
}

/* Sessions that nobody uses any more. */
static void bury(struct sl_datapath *dp)
{
	struct sl_sa_session **link = &retired, *use;

	if (!retired)
		return;
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	while ((use = *link) != NULL) {
		if (atomic_load_explicit(&use->in_flight, memory_order_acquire)) {
			link = &use->next;
			continue;
		}
		*link = use->next;
		drop_use(use);
	}
}

int sl_engine_switch(struct sl_datapath *dp, const char *name, bool enable)
{
	int status = sl_engines_start(dp);

	if (status)
		return status;
	status = -ENOENT;
	for (unsigned int i = 0; i < sl_engine_count; i++) {
		struct sl_engine *e = &sl_engines[i];

		if (strcmp(e->name, name) != 0)
			continue;
		e->settled = atomic_load(&e->failures);
		atomic_store(&e->stalled, false);
		atomic_store(&e->state, enable ? SL_ENGINE_READY : SL_ENGINE_DISABLED);
		status = 0;
	}
	if (!status)
		sl_sad_each(dp, move, NULL);
	bury(dp);
	return status;
}

bool sl_engine_spare(struct sl_datapath *dp, const char *name)
{
	uint8_t does = 0, others = 0;

	if (sl_engines_start(dp))
		return false;
	for (unsigned int i = 0; i < sl_engine_count; i++) {
		const struct sl_engine *e = &sl_engines[i];

		if (strcmp(e->name, name) == 0)
			does |= e->does;
		else if (atomic_load(&e->state) == SL_ENGINE_READY)
			others |= e->does;
	}
	return (does & ~others) == 0;
}

void sl_engines_watch(struct sl_datapath *dp)
{
	bool failed = false;

	for (unsigned int i = 0; i < sl_engine_count; i++) {
		struct sl_engine *e = &sl_engines[i];
		uint64_t failures = atomic_load(&e->failures);

		if (atomic_load(&e->state) != SL_ENGINE_FAILED &&
		    (atomic_exchange(&e->stalled, false) ||
		     failures - e->settled > SL_ENGINE_FAILURES)) {
			atomic_store(&e->state, SL_ENGINE_FAILED);
			failed = true;
		}
		e->settled = failures;
	}
	if (failed)
		sl_sad_each(dp, move, NULL);
	bury(dp);
}

static const char *const states[] = {[SL_ENGINE_READY] = "ready", [SL_ENGINE_DISABLED] = "disabled",
				     [SL_ENGINE_FAILED] = "failed"};
static const char *const suites[] = {[SL_SUITE_GCM] = "aes-gcm", [SL_SUITE_CHACHA] = "chacha20-poly1305",
				     [SL_SUITE_CBC] = "aes-cbc-hmac"};

void sl_engines_show(struct sl_datapath *dp, struct sl_json *json)
{
	sl_engines_start(dp);
	sl_json_array(json, "engines");
	for (unsigned int i = 0; i < sl_engine_count; i++) {
		const struct sl_engine *e = &sl_engines[i];

		sl_json_object(json, NULL);
		sl_json_string(json, "name", e->name);
		sl_json_string(json, "kind", e->lookaside ? "lookaside" : "cpu");
		sl_json_string(json, "state", states[atomic_load(&e->state)]);
		sl_json_object(json, "cycles");
		for (unsigned int s = 0; s < SL_SUITES; s++)
			if (e->does >> s & 1)
				sl_json_number(json, suites[s], e->cycles[s]);
		sl_json_object_end(json);
		sl_json_number(json, "sas", e->sas);
		sl_json_number(json, "failures", atomic_load(&e->failures));
		sl_json_number(json, "failovers", e->failovers);
		sl_json_object_end(json);
	}
	sl_json_array_end(json);
}
