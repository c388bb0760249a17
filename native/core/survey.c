/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/survey.h"

#include <stdlib.h>

#define STEP 16384 /* entries: a millisecond or two where few are judged, ten where all are */

bool sl_survey_step(struct sl_datapath *dp, struct sl_survey *survey)
{
	unsigned int id = SL_QSBR_CONTROL(dp);
	bool more;

	rte_rcu_qsbr_thread_online(dp->qsbr, id);
	more = sl_session_walk(dp->sessions, &survey->at, STEP, NULL, survey->see, survey);
	rte_rcu_qsbr_thread_offline(dp->qsbr, id);
	return more;
}

struct counted {
	uint64_t sessions, packets, bytes;
};

struct rules {
	struct sl_survey survey;
	struct counted *by_rule; /* zero pages where there is nothing */
	uint32_t end;		 /* behind the last slot that is used */
};

static bool count_one(const struct sl_session_view *view, void *argument)
{
	const struct sl_session *s = view->session;
	struct rules *r = argument;
	uint32_t slot = s->rule % SL_MAX_RULES;
	struct counted *c = &r->by_rule[slot];

	r->end = slot < r->end ? r->end : slot + 1;
	c->sessions++;
	c->packets += sl_session_packets(s, 0) + sl_session_packets(s, 1);
	c->bytes += s->bytes[0] + s->bytes[1];
	return true;
}

static void tell_rules(struct sl_survey *survey, struct sl_json *json)
{
	const struct rules *r = (const struct rules *)survey;

	sl_json_array(json, NULL);
	for (uint32_t slot = 0; slot < r->end; slot++) {
		if (r->by_rule[slot].sessions == 0)
			continue;
		sl_json_object(json, NULL);
		sl_json_number(json, "rule", slot);
		sl_json_number(json, "sessions", r->by_rule[slot].sessions);
		sl_json_number(json, "packets", r->by_rule[slot].packets);
		sl_json_number(json, "bytes", r->by_rule[slot].bytes);
		sl_json_object_end(json);
	}
	sl_json_array_end(json);
}

static void free_rules(struct sl_survey *survey)
{
	free(((struct rules *)survey)->by_rule);
	free(survey);
}

struct sl_survey *sl_survey_rules(void)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->survey = (struct sl_survey){.see = count_one, .tell = tell_rules, .free = free_rules};
	r->by_rule = calloc(SL_MAX_RULES, sizeof(*r->by_rule));
	if (r->by_rule)
		return &r->survey;
	free(r);
	return NULL;
}
