/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "core/json.h"
#include "session/walk.h"

/* What the control socket answers to questions; one JSON object or array each. Control thread. */
void sl_show_version(struct sl_datapath *dp, struct sl_json *json);
void sl_show_status(struct sl_datapath *dp, struct sl_json *json);
void sl_show_graph(struct sl_datapath *dp, struct sl_json *json);
void sl_show_interfaces(struct sl_datapath *dp, struct sl_json *json);
void sl_show_routes(struct sl_json *json, uint64_t limit);
void sl_show_neighbors(struct sl_json *json);

/* Sessions that fit: an array, and how many beyond the limit were left out. */
void sl_show_sessions(struct sl_datapath *dp, const struct sl_session_filter *filter,
		      struct sl_json *json);
/* Addresses and ports of a session, as members of an object. */
void sl_show_session_key(struct sl_json *json, const struct sl_session_view *view);

/*
 * Asks the owners to end those that fit and waits until they have: {cleared}; with `dry`, counts
 * them only: {cleared: 0, fitting}.
 */
void sl_clear_sessions(struct sl_datapath *dp, const struct sl_session_filter *filter, bool dry,
		       struct sl_json *json);
