/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control_survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/control_message.h"

struct waiting {
	LIST_ENTRY(waiting) next;
	int peer;
	struct sl_request request;
	struct sl_survey *survey;
};

static LIST_HEAD(, waiting) all = LIST_HEAD_INITIALIZER(all);

static void drop(struct waiting *w)
{
	LIST_REMOVE(w, next);
	w->survey->free(w->survey);
	free(w);
}

static void out_of_memory(int peer, const struct sl_request *request)
{
	static const char text[] = "out of memory";

	sl_message_answer(peer, request, ENOMEM, text, strlen(text));
}

void sl_control_survey(int peer, const struct sl_request *request, struct sl_survey *survey)
{
	struct waiting *w = survey ? malloc(sizeof(*w)) : NULL;

	if (!w) {
		if (survey)
			survey->free(survey);
		out_of_memory(peer, request);
		return;
	}
	*w = (struct waiting){.peer = peer, .request = *request, .survey = survey};
	LIST_INSERT_HEAD(&all, w, next);
}

bool sl_control_surveys(void)
{
	return !LIST_EMPTY(&all);
}

bool sl_control_previews(void)
{
	const struct waiting *w;

	LIST_FOREACH(w, &all, next)
		if (w->request.op == SL_OP_PREVIEW)
			return true;
	return false;
}

static void answer(struct waiting *w)
{
	struct sl_json json = {0};

	w->survey->tell(w->survey, &json);
	if (json.text && !json.failed)
		sl_message_answer(w->peer, &w->request, 0, json.text, json.length);
	else
		out_of_memory(w->peer, &w->request);
	sl_json_free(&json);
}

void sl_control_survey_step(struct sl_datapath *dp)
{
	struct waiting *w = LIST_FIRST(&all);

	while (w) {
		struct waiting *after = LIST_NEXT(w, next);

		if (!sl_survey_step(dp, w->survey)) {
			answer(w);
			drop(w);
		}
		w = after;
	}
}

void sl_control_survey_drop(int peer)
{
	struct waiting *w = LIST_FIRST(&all);

	while (w) {
		struct waiting *after = LIST_NEXT(w, next);

		if (w->peer == peer)
			drop(w);
		w = after;
	}
}
