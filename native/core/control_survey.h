/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/survey.h"

/* Surveys that clients of the control socket wait for: a step of each at a time. Control thread. */

/* Takes over `survey` (NULL: refuses for lack of memory) and answers when it is done. */
void sl_control_survey(int peer, const struct sl_request *request, struct sl_survey *survey);

bool sl_control_surveys(void);

/* Is one under way that looks at staged tables? They must stay as they are then. */
bool sl_control_previews(void);

/* A step of each; what is done is answered. */
void sl_control_survey_step(struct sl_datapath *dp);

/* The peer went away: nobody waits any more. */
void sl_control_survey_drop(int peer);
