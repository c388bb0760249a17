/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <time.h>

#include "core/control_show.h"
#include "core/survey.h"
#include "firewall/judge.h"

#define EXAMPLES_A_RULE 3
#define EXAMPLES 3000

struct example {
	struct sl_session_view view; /* its session only while it is seen */
	uint32_t rule, decided_by;
	uint16_t in, out;
	uint8_t protocol;
};

struct preview {
	struct sl_survey survey;
	struct sl_datapath *dp;
	const struct sl_tables *tables;
	uint64_t now_s;
	uint64_t kept, ended;
	uint32_t *ended_of; /* by rule slot; zero pages where there are none */
	struct example *example;
	unsigned int examples;
};

static void keep_example(struct preview *p, const struct sl_session_view *view, uint32_t decided_by)
{
	const struct sl_session *s = view->session;
	struct example *e = &p->example[p->examples];

	if (p->ended_of[s->rule % SL_MAX_RULES] > EXAMPLES_A_RULE || p->examples == EXAMPLES)
		return;
	*e = (struct example){.view = *view, .rule = s->rule, .decided_by = decided_by,
			      .in = s->in, .out = s->out, .protocol = s->protocol};
	p->examples++;
}

static bool judge_one(const struct sl_session_view *view, void *argument)
{
	struct preview *p = argument;
	struct sl_judgement j;

	sl_judge_session(p->tables, p->dp->fib, view->ref, view->session, p->now_s, &j);
	if (j.stays) {
		p->kept++;
		return true;
	}
	p->ended++;
	p->ended_of[view->session->rule % SL_MAX_RULES]++;
	keep_example(p, view, j.decision.rule);
	return true;
}

static void tell_example(const struct example *e, struct sl_json *json)
{
	sl_json_object(json, NULL);
	sl_json_number(json, "rule", e->rule);
	sl_json_number(json, "decided_by", e->decided_by);
	sl_show_session_key(json, &e->view);
	sl_json_number(json, "protocol", e->protocol);
	sl_json_number(json, "in", e->in);
	sl_json_number(json, "out", e->out);
	sl_json_object_end(json);
}

static void tell(struct sl_survey *survey, struct sl_json *json)
{
	const struct preview *p = (const struct preview *)survey;

	sl_json_object(json, NULL);
	sl_json_number(json, "kept", p->kept);
	sl_json_number(json, "ended", p->ended);
	sl_json_array(json, "rules");
	for (uint32_t slot = 0; slot < SL_MAX_RULES && p->ended; slot++) {
		if (p->ended_of[slot] == 0)
			continue;
		sl_json_object(json, NULL);
		sl_json_number(json, "rule", slot);
		sl_json_number(json, "ended", p->ended_of[slot]);
		sl_json_object_end(json);
	}
	sl_json_array_end(json);
	sl_json_array(json, "examples");
	for (unsigned int i = 0; i < p->examples; i++)
		tell_example(&p->example[i], json);
	sl_json_array_end(json);
	sl_json_object_end(json);
}

static void free_preview(struct sl_survey *survey)
{
	struct preview *p = (struct preview *)survey;

	free(p->ended_of);
	free(p->example);
	free(p);
}

struct sl_survey *sl_survey_preview(struct sl_datapath *dp, const struct sl_tables *tables)
{
	struct preview *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct preview){.survey = {.see = judge_one, .tell = tell, .free = free_preview},
			      .dp = dp,
			      .tables = tables,
			      .now_s = (uint64_t)time(NULL),
			      .ended_of = calloc(SL_MAX_RULES, sizeof(*p->ended_of)),
			      .example = calloc(EXAMPLES, sizeof(*p->example))};
	if (p->ended_of && p->example)
		return &p->survey;
	free_preview(&p->survey);
	return NULL;
}
