/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "core/json.h"
#include "session/walk.h"

/*
 * A question that takes a look at every live session: asked in steps, so that nobody else waits
 * long, and changing nothing. Control thread alone.
 */
struct sl_survey {
	struct sl_session_walk at;
	sl_session_seen see;
	void (*tell)(struct sl_survey *survey, struct sl_json *json);
	void (*free)(struct sl_survey *survey);
};

/* Looks at some thousands of entries; true while there is more. */
bool sl_survey_step(struct sl_datapath *dp, struct sl_survey *survey);

/*
 * Which sessions would end if `tables`, staged, came into force: {kept, ended, rules: [{rule,
 * ended}], examples: [a few of each rule]}; rules by the slot a session lives by. Judged as after an
 * activation, with the routes of now. `tables` must stay until the survey is freed. NULL: no memory.
 */
struct sl_survey *sl_survey_preview(struct sl_datapath *dp, const struct sl_tables *tables);

/* What live sessions have counted: an array of {rule, sessions, packets, bytes}. NULL: no memory. */
struct sl_survey *sl_survey_rules(void);
