/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/sa_serve.h"

#include <errno.h>
#include <rte_cycles.h>
#include <string.h>
#include <sys/random.h>

#include "core/clock.h"
#include "vpn/sad.h"
#include "vpn/spd.h"

/* Ours for the life of the process, and the plugin's that SAs and policies are of; 0: none yet. */
static uint64_t boot, plugin;

static uint64_t our_boot(void)
{
	while (boot == 0 && getrandom(&boot, sizeof(boot), 0) != sizeof(boot))
		boot = 0;
	return boot;
}

/* ms since a use at `used_ms` of the session clock. */
static uint64_t idle(const struct sl_datapath *dp, bool used, uint32_t used_ms)
{
	uint32_t now = sl_clock_ms(dp->boot_tsc, rte_rdtsc(), sl_clock_ms_per_cycle());

	return used ? now - used_ms : UINT64_MAX;
}

static int hello(struct sl_datapath *dp, const struct sl_sa_hello *request, struct sl_sa_hello *answer)
{
	if (request->boot == 0 || request->sas || request->policies)
		return -EINVAL;
	/* Of another charon: it knows nothing of them, so nobody would ever take them away. */
	if (request->boot != plugin) {
		sl_sad_flush(dp);
		sl_spd_flush(dp);
	}
	plugin = request->boot;
	*answer = (struct sl_sa_hello){
		.boot = our_boot(), .sas = sl_sad_count(dp), .policies = sl_spd_count(dp)};
	return 0;
}

static int get_spi(struct sl_datapath *dp, const struct sl_sa_name *request, struct sl_sa_name *answer)
{
	struct sl_sa_name asked = *request;

	asked.spi = 256; /* any that is valid */
	if (request->spi != 0 || request->direction != SL_SA_IN || !sl_sa_name_ok(&asked))
		return -EINVAL;
	*answer = *request;
	answer->spi = sl_sad_hold(dp, sl_sad_now_ms());
	return answer->spi ? 0 : -ENOSPC;
}

static int delete(struct sl_datapath *dp, const struct sl_sa_name *name)
{
	int status;

	if (!sl_sa_name_ok(name))
		return -EINVAL;
	status = sl_sad_delete(dp, name);
	return status == -ENOENT && name->direction == SL_SA_IN ? sl_sad_let_go(dp, name->spi) :
								 status;
}

static int query(struct sl_datapath *dp, const struct sl_sa_name *name, struct sl_sa_use *answer)
{
	const struct sl_sa *sa = sl_sad_named(dp, name);

	if (!sl_sa_name_ok(name))
		return -EINVAL;
	if (!sa)
		return -ENOENT;
	*answer = (struct sl_sa_use){.bytes = sa->bytes, .packets = sa->packets,
				     .idle = idle(dp, sa->packets != 0, sa->used_ms)};
	return 0;
}

static int query_policy(struct sl_datapath *dp, const struct sl_sa_policy *record,
			struct sl_sa_use *answer)
{
	const struct sl_policy *p = sl_spd_find(dp, record);

	if (!p)
		return -ENOENT;
	*answer = (struct sl_sa_use){.idle = idle(dp, p->used, p->used_ms)};
	return 0;
}

static const struct {
	size_t request, answer;
} sizes[] = {
	[SL_SA_HELLO] = {sizeof(struct sl_sa_hello), sizeof(struct sl_sa_hello)},
	[SL_SA_GET_SPI] = {sizeof(struct sl_sa_name), sizeof(struct sl_sa_name)},
	[SL_SA_ADD] = {sizeof(struct sl_sa_add), sizeof(struct sl_sa_head)},
	[SL_SA_UPDATE] = {sizeof(struct sl_sa_update), sizeof(struct sl_sa_head)},
	[SL_SA_DELETE] = {sizeof(struct sl_sa_name), sizeof(struct sl_sa_head)},
	[SL_SA_QUERY] = {sizeof(struct sl_sa_name), sizeof(struct sl_sa_use)},
	[SL_SA_FLUSH] = {sizeof(struct sl_sa_head), sizeof(struct sl_sa_head)},
	[SL_SA_ADD_POLICY] = {sizeof(struct sl_sa_policy), sizeof(struct sl_sa_head)},
	[SL_SA_DELETE_POLICY] = {sizeof(struct sl_sa_policy), sizeof(struct sl_sa_head)},
	[SL_SA_QUERY_POLICY] = {sizeof(struct sl_sa_policy), sizeof(struct sl_sa_use)},
	[SL_SA_FLUSH_POLICIES] = {sizeof(struct sl_sa_head), sizeof(struct sl_sa_head)},
};

/* Long enough for every request, and aligned: what came need not be. */
union request {
	struct sl_sa_head head;
	struct sl_sa_hello hello;
	struct sl_sa_name name;
	struct sl_sa_add add;
	struct sl_sa_update update;
	struct sl_sa_policy policy;
};

static int take(struct sl_datapath *dp, const union request *r, union sl_sa_answer *answer)
{
	switch (r->head.type) {
	case SL_SA_HELLO: return hello(dp, &r->hello, &answer->hello);
	case SL_SA_GET_SPI: return get_spi(dp, &r->name, &answer->name);
	case SL_SA_ADD: return sl_sad_add(dp, &r->add);
	case SL_SA_UPDATE: return sl_sad_update(dp, &r->update);
	case SL_SA_DELETE: return delete(dp, &r->name);
	case SL_SA_QUERY: return query(dp, &r->name, &answer->use);
	case SL_SA_FLUSH: sl_sad_flush(dp); return 0;
	case SL_SA_ADD_POLICY: return sl_spd_add(dp, &r->policy);
	case SL_SA_DELETE_POLICY: return sl_spd_delete(dp, &r->policy);
	case SL_SA_QUERY_POLICY: return query_policy(dp, &r->policy, &answer->use);
	default: sl_spd_flush(dp); return 0;
	}
}

static int status_of(struct sl_datapath *dp, const union request *r, size_t size, bool *greeted,
		     union sl_sa_answer *answer)
{
	const struct sl_sa_head *head = &r->head;
	int status;

	if (head->version != SL_SA_VERSION)
		return -EPROTO;
	if (head->length != size || head->sequence == 0 || head->status != 0 ||
	    head->type < SL_SA_HELLO || head->type > SL_SA_FLUSH_POLICIES ||
	    sizes[head->type].request != size || (!*greeted && head->type != SL_SA_HELLO))
		return -EINVAL;
	status = take(dp, r, answer);
	*greeted |= status == 0;
	return status;
}

size_t sl_sa_serve(struct sl_datapath *dp, const void *bytes, size_t size, bool *greeted,
		   union sl_sa_answer *answer)
{
	union request r = {0};
	size_t length;
	int status;

	if (size < sizeof(struct sl_sa_head))
		return 0;
	memcpy(&r, bytes, RTE_MIN(size, sizeof(r)));
	memset(answer, 0, sizeof(*answer));
	status = status_of(dp, &r, size, greeted, answer);
	length = status ? sizeof(struct sl_sa_head) : sizes[r.head.type].answer;
	answer->head = (struct sl_sa_head){.version = SL_SA_VERSION, .type = r.head.type,
					   .sequence = r.head.sequence, .status = status,
					   .length = (uint32_t)length};
	explicit_bzero(&r, sizeof(r)); /* it may have held keys */
	return length;
}
