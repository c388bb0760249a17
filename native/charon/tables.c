/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tables.h"

#include <collections/array.h>
#include <daemon.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

typedef struct {
	uint64_t serial;
	uint64_t boot;
	uint32_t spi; /* as charon has it */
	bool inbound;
	host_t *src;
	host_t *dst;
} sa_t;

typedef struct {
	struct sl_sa_policy record;
	uint64_t serial;
	unsigned int holders;
} policy_t;

#define BUCKETS 1024 /* a power of two */

struct tables_t {
	mutex_t *mutex;
	linked_list_t *sas[BUCKETS];	  /* sa_t, by SPI */
	linked_list_t *policies[BUCKETS]; /* policy_t, by what names them without their SA */
	unsigned int policy_count;
	uint64_t serial;
};

/* An SA's end by time, some time in the future. */
typedef struct {
	tables_t *tables;
	uint64_t serial;
	uint32_t spi;
	bool hard;
} alarm_t;

static void sa_destroy(sa_t *this)
{
	this->src->destroy(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

static linked_list_t *sas_of(tables_t *this, uint32_t spi)
{
	return this->sas[(spi ^ spi >> 16) % BUCKETS];
}

static linked_list_t *policies_of(tables_t *this, const struct sl_sa_policy *record)
{
	uint32_t hash = chunk_hash(chunk_from_thing(record->source));

	hash = chunk_hash_inc(chunk_from_thing(record->destination), hash);
	return this->policies[(hash + record->if_id * 2 + record->direction) % BUCKETS];
}

static sa_t *find_sa(tables_t *this, const kernel_ipsec_sa_id_t *id)
{
	linked_list_t *sas = sas_of(this, id->spi);
	enumerator_t *enumerator = sas->create_enumerator(sas);
	sa_t *sa, *found = NULL;

	while (!found && enumerator->enumerate(enumerator, &sa)) {
		if (sa->spi == id->spi && sa->dst->ip_equals(sa->dst, id->dst) &&
		    sa->src->ip_equals(sa->src, id->src)) {
			found = sa;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

static job_requeue_t ring(alarm_t *alarm)
{
	tables_t *this = alarm->tables;
	linked_list_t *sas = sas_of(this, alarm->spi);
	host_t *dst = NULL;
	enumerator_t *enumerator;
	sa_t *sa;

	this->mutex->lock(this->mutex);
	enumerator = sas->create_enumerator(sas);
	while (!dst && enumerator->enumerate(enumerator, &sa)) {
		if (sa->serial == alarm->serial) {
			dst = sa->dst->clone(sa->dst);
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	if (dst) {
		charon->kernel->expire(charon->kernel, IPPROTO_ESP, alarm->spi, dst, alarm->hard);
		dst->destroy(dst);
	}
	return JOB_REQUEUE_NONE;
}

static void set_alarm(alarm_t which, uint64_t seconds)
{
	alarm_t *alarm;

	if (seconds == 0 || seconds > UINT32_MAX) {
		return;
	}
	alarm = malloc_thing(alarm_t);
	*alarm = which;
	lib->scheduler->schedule_job(lib->scheduler,
				     (job_t *)callback_job_create((callback_job_cb_t)ring, alarm,
								  free, NULL),
				     seconds);
}

void tables_add_sa(tables_t *this, const kernel_ipsec_sa_id_t *id,
		   const kernel_ipsec_add_sa_t *data, uint64_t boot)
{
	alarm_t alarm = {.tables = this, .spi = id->spi};
	linked_list_t *sas = sas_of(this, id->spi);
	sa_t *sa;

	INIT(sa, .boot = boot, .spi = id->spi, .inbound = data->inbound,
	     .src = id->src->clone(id->src), .dst = id->dst->clone(id->dst));
	this->mutex->lock(this->mutex);
	alarm.serial = sa->serial = ++this->serial;
	sas->insert_last(sas, sa);
	this->mutex->unlock(this->mutex);
	/* One of the pair is enough: charon replaces both. */
	if (data->inbound) {
		set_alarm(alarm, data->lifetime->time.rekey);
		alarm.hard = TRUE;
		set_alarm(alarm, data->lifetime->time.life);
	}
}

bool tables_find_sa(tables_t *this, const kernel_ipsec_sa_id_t *id, bool *inbound, uint64_t *boot)
{
	sa_t *sa;

	this->mutex->lock(this->mutex);
	sa = find_sa(this, id);
	if (sa) {
		*inbound = sa->inbound;
		if (boot) {
			*boot = sa->boot;
		}
	}
	this->mutex->unlock(this->mutex);
	return sa != NULL;
}

void tables_move_sa(tables_t *this, const kernel_ipsec_sa_id_t *id, host_t *src, host_t *dst)
{
	sa_t *sa;

	this->mutex->lock(this->mutex);
	sa = find_sa(this, id);
	if (sa) {
		sa->src->destroy(sa->src);
		sa->dst->destroy(sa->dst);
		sa->src = src->clone(src);
		sa->dst = dst->clone(dst);
	}
	this->mutex->unlock(this->mutex);
}

void tables_remove_sa(tables_t *this, const kernel_ipsec_sa_id_t *id)
{
	linked_list_t *sas = sas_of(this, id->spi);
	sa_t *sa;

	this->mutex->lock(this->mutex);
	sa = find_sa(this, id);
	if (sa) {
		sas->remove(sas, sa, NULL);
		sa_destroy(sa);
	}
	this->mutex->unlock(this->mutex);
}

void tables_flush_sas(tables_t *this)
{
	sa_t *sa;

	this->mutex->lock(this->mutex);
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (this->sas[i]->remove_first(this->sas[i], (void **)&sa) == SUCCESS) {
			sa_destroy(sa);
		}
	}
	this->mutex->unlock(this->mutex);
}

void tables_rekey_lost(tables_t *this, uint64_t boot)
{
	array_t *lost = array_create(sizeof(alarm_t), 0);
	alarm_t alarm = {.tables = this};
	enumerator_t *enumerator;
	sa_t *sa;

	this->mutex->lock(this->mutex);
	for (unsigned int i = 0; i < BUCKETS; i++) {
		enumerator = this->sas[i]->create_enumerator(this->sas[i]);
		while (enumerator->enumerate(enumerator, &sa)) {
			if (sa->inbound && sa->boot != boot) {
				alarm.serial = sa->serial;
				alarm.spi = sa->spi;
				array_insert(lost, ARRAY_TAIL, &alarm);
			}
		}
		enumerator->destroy(enumerator);
	}
	this->mutex->unlock(this->mutex);
	while (array_remove(lost, ARRAY_TAIL, &alarm)) {
		ring(&alarm);
	}
	array_destroy(lost);
}

/* Outer addresses may have changed since (MOBIKE), they are no part of a policy's name. */
static bool same_policy(const struct sl_sa_policy *a, const struct sl_sa_policy *b)
{
	return a->direction == b->direction && a->type == b->type && a->priority == b->priority &&
	       a->manual == b->manual && a->reqid == b->reqid && a->spi == b->spi &&
	       a->if_id == b->if_id && a->mark == b->mark && a->mark_mask == b->mark_mask &&
	       memcmp(&a->source, &b->source, sizeof(a->source)) == 0 &&
	       memcmp(&a->destination, &b->destination, sizeof(a->destination)) == 0;
}

static policy_t *find_policy(tables_t *this, const struct sl_sa_policy *record)
{
	linked_list_t *policies = policies_of(this, record);
	enumerator_t *enumerator = policies->create_enumerator(policies);
	policy_t *policy, *found = NULL;

	while (!found && enumerator->enumerate(enumerator, &policy)) {
		if (same_policy(&policy->record, record)) {
			found = policy;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

bool tables_add_policy(tables_t *this, const struct sl_sa_policy *record)
{
	linked_list_t *policies = policies_of(this, record);
	policy_t *policy;
	bool stood;

	this->mutex->lock(this->mutex);
	policy = find_policy(this, record);
	stood = policy != NULL;
	if (!stood) {
		INIT(policy, .record = *record, .serial = ++this->serial);
		policies->insert_last(policies, policy);
		this->policy_count++;
	}
	policy->holders++;
	this->mutex->unlock(this->mutex);
	return stood;
}

status_t tables_remove_policy(tables_t *this, struct sl_sa_policy *record)
{
	linked_list_t *policies = policies_of(this, record);
	policy_t *policy;
	status_t status = NOT_FOUND;

	this->mutex->lock(this->mutex);
	policy = find_policy(this, record);
	if (policy) {
		status = NEED_MORE;
		if (--policy->holders == 0) {
			status = SUCCESS;
			*record = policy->record;
			policies->remove(policies, policy, NULL);
			this->policy_count--;
			free(policy);
		}
	}
	this->mutex->unlock(this->mutex);
	return status;
}

bool tables_find_policy(tables_t *this, const kernel_ipsec_policy_id_t *id,
			struct sl_sa_policy *record)
{
	struct sl_sa_policy wanted;
	linked_list_t *policies;
	enumerator_t *enumerator;
	policy_t *policy;
	bool found = FALSE;

	if (!record_policy_id(&wanted, id)) {
		return FALSE;
	}
	policies = policies_of(this, &wanted);
	this->mutex->lock(this->mutex);
	enumerator = policies->create_enumerator(policies);
	while (enumerator->enumerate(enumerator, &policy)) {
		const struct sl_sa_policy *p = &policy->record;

		if (p->direction == wanted.direction && p->if_id == wanted.if_id &&
		    p->mark == wanted.mark &&
		    memcmp(&p->source, &wanted.source, sizeof(p->source)) == 0 &&
		    memcmp(&p->destination, &wanted.destination, sizeof(p->destination)) == 0) {
			*record = *p;
			found = TRUE;
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return found;
}

static int by_serial(const void *a, const void *b)
{
	const policy_t *one = *(policy_t *const *)a, *two = *(policy_t *const *)b;

	return one->serial < two->serial ? -1 : 1;
}

int tables_policies(tables_t *this, struct sl_sa_policy **records)
{
	enumerator_t *enumerator;
	policy_t *policy, **all;
	int count = 0;

	this->mutex->lock(this->mutex);
	*records = calloc(this->policy_count + 1, sizeof(**records));
	all = calloc(this->policy_count + 1, sizeof(*all));
	for (unsigned int i = 0; i < BUCKETS; i++) {
		enumerator = this->policies[i]->create_enumerator(this->policies[i]);
		while (enumerator->enumerate(enumerator, &policy)) {
			all[count++] = policy;
		}
		enumerator->destroy(enumerator);
	}
	qsort(all, count, sizeof(*all), by_serial);
	for (int i = 0; i < count; i++) {
		(*records)[i] = all[i]->record;
	}
	this->mutex->unlock(this->mutex);
	free(all);
	return count;
}

void tables_flush_policies(tables_t *this)
{
	policy_t *policy;

	this->mutex->lock(this->mutex);
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (this->policies[i]->remove_first(this->policies[i], (void **)&policy) ==
		       SUCCESS) {
			free(policy);
		}
	}
	this->policy_count = 0;
	this->mutex->unlock(this->mutex);
}

time_t tables_used(const struct sl_sa_use *use)
{
	return use->idle == UINT64_MAX ? 0 : time_monotonic(NULL) - (time_t)(use->idle / 1000);
}

tables_t *tables_create(void)
{
	tables_t *this;

	INIT(this, .mutex = mutex_create(MUTEX_TYPE_DEFAULT));
	for (unsigned int i = 0; i < BUCKETS; i++) {
		this->sas[i] = linked_list_create();
		this->policies[i] = linked_list_create();
	}
	return this;
}

void tables_destroy(tables_t *this)
{
	tables_flush_sas(this);
	tables_flush_policies(this);
	for (unsigned int i = 0; i < BUCKETS; i++) {
		this->sas[i]->destroy(this->sas[i]);
		this->policies[i]->destroy(this->policies[i]);
	}
	this->mutex->destroy(this->mutex);
	free(this);
}
