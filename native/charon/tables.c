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
	unsigned int holders;
} policy_t;

struct tables_t {
	mutex_t *mutex;
	linked_list_t *sas;	 /* sa_t */
	linked_list_t *policies; /* policy_t */
	uint64_t serial;
};

/* An SA's end by time, some time in the future. */
typedef struct {
	tables_t *tables;
	uint64_t serial;
	bool hard;
} alarm_t;

static void sa_destroy(sa_t *this)
{
	this->src->destroy(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

static sa_t *find_sa(tables_t *this, const kernel_ipsec_sa_id_t *id)
{
	enumerator_t *enumerator = this->sas->create_enumerator(this->sas);
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
	host_t *dst = NULL;
	uint32_t spi = 0;
	enumerator_t *enumerator;
	sa_t *sa;

	this->mutex->lock(this->mutex);
	enumerator = this->sas->create_enumerator(this->sas);
	while (!dst && enumerator->enumerate(enumerator, &sa)) {
		if (sa->serial == alarm->serial) {
			spi = sa->spi;
			dst = sa->dst->clone(sa->dst);
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	if (dst) {
		charon->kernel->expire(charon->kernel, IPPROTO_ESP, spi, dst, alarm->hard);
		dst->destroy(dst);
	}
	return JOB_REQUEUE_NONE;
}

static void set_alarm(tables_t *this, uint64_t serial, uint64_t seconds, bool hard)
{
	alarm_t *alarm;

	if (seconds == 0 || seconds > UINT32_MAX) {
		return;
	}
	INIT(alarm, .tables = this, .serial = serial, .hard = hard);
	lib->scheduler->schedule_job(lib->scheduler,
				     (job_t *)callback_job_create((callback_job_cb_t)ring, alarm,
								  free, NULL),
				     seconds);
}

void tables_add_sa(tables_t *this, const kernel_ipsec_sa_id_t *id,
		   const kernel_ipsec_add_sa_t *data, uint64_t boot)
{
	sa_t *sa;
	uint64_t serial;

	INIT(sa, .boot = boot, .spi = id->spi, .inbound = data->inbound,
	     .src = id->src->clone(id->src), .dst = id->dst->clone(id->dst));
	this->mutex->lock(this->mutex);
	serial = sa->serial = ++this->serial;
	this->sas->insert_last(this->sas, sa);
	this->mutex->unlock(this->mutex);
	/* One of the pair is enough: charon replaces both. */
	if (data->inbound) {
		set_alarm(this, serial, data->lifetime->time.rekey, FALSE);
		set_alarm(this, serial, data->lifetime->time.life, TRUE);
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
	sa_t *sa;

	this->mutex->lock(this->mutex);
	sa = find_sa(this, id);
	if (sa) {
		this->sas->remove(this->sas, sa, NULL);
		sa_destroy(sa);
	}
	this->mutex->unlock(this->mutex);
}

void tables_flush_sas(tables_t *this)
{
	sa_t *sa;

	this->mutex->lock(this->mutex);
	while (this->sas->remove_first(this->sas, (void **)&sa) == SUCCESS) {
		sa_destroy(sa);
	}
	this->mutex->unlock(this->mutex);
}

void tables_rekey_lost(tables_t *this, uint64_t boot)
{
	array_t *lost = array_create(sizeof(uint64_t), 0);
	enumerator_t *enumerator;
	uint64_t serial;
	sa_t *sa;

	this->mutex->lock(this->mutex);
	enumerator = this->sas->create_enumerator(this->sas);
	while (enumerator->enumerate(enumerator, &sa)) {
		if (sa->inbound && sa->boot != boot) {
			array_insert(lost, ARRAY_TAIL, &sa->serial);
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	while (array_remove(lost, ARRAY_HEAD, &serial)) {
		alarm_t alarm = {.tables = this, .serial = serial};

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
	enumerator_t *enumerator = this->policies->create_enumerator(this->policies);
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
	policy_t *policy;
	bool stood;

	this->mutex->lock(this->mutex);
	policy = find_policy(this, record);
	stood = policy != NULL;
	if (!stood) {
		INIT(policy, .record = *record);
		this->policies->insert_last(this->policies, policy);
	}
	policy->holders++;
	this->mutex->unlock(this->mutex);
	return stood;
}

status_t tables_remove_policy(tables_t *this, struct sl_sa_policy *record)
{
	policy_t *policy;
	status_t status = NOT_FOUND;

	this->mutex->lock(this->mutex);
	policy = find_policy(this, record);
	if (policy) {
		status = NEED_MORE;
		if (--policy->holders == 0) {
			status = SUCCESS;
			*record = policy->record;
			this->policies->remove(this->policies, policy, NULL);
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
	enumerator_t *enumerator;
	policy_t *policy;
	bool found = FALSE;

	if (!record_policy_id(&wanted, id)) {
		return FALSE;
	}
	this->mutex->lock(this->mutex);
	enumerator = this->policies->create_enumerator(this->policies);
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

int tables_policies(tables_t *this, struct sl_sa_policy **records)
{
	enumerator_t *enumerator;
	policy_t *policy;
	int count = 0;

	this->mutex->lock(this->mutex);
	*records = calloc(this->policies->get_count(this->policies) + 1, sizeof(**records));
	enumerator = this->policies->create_enumerator(this->policies);
	while (enumerator->enumerate(enumerator, &policy)) {
		(*records)[count++] = policy->record;
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return count;
}

void tables_flush_policies(tables_t *this)
{
	policy_t *policy;

	this->mutex->lock(this->mutex);
	while (this->policies->remove_first(this->policies, (void **)&policy) == SUCCESS) {
		free(policy);
	}
	this->mutex->unlock(this->mutex);
}

time_t tables_used(const struct sl_sa_use *use)
{
	return use->idle == UINT64_MAX ? 0 : time_monotonic(NULL) - (time_t)(use->idle / 1000);
}

tables_t *tables_create(void)
{
	tables_t *this;

	INIT(this, .mutex = mutex_create(MUTEX_TYPE_DEFAULT), .sas = linked_list_create(),
	     .policies = linked_list_create());
	return this;
}

void tables_destroy(tables_t *this)
{
	tables_flush_sas(this);
	tables_flush_policies(this);
	this->sas->destroy(this->sas);
	this->policies->destroy(this->policies);
	this->mutex->destroy(this->mutex);
	free(this);
}
