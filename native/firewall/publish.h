/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "firewall/open.h"

/* A new session's way back: which key it has, and that nobody else has it. */

/* Hash of the key as it will be if the first source that was found is free. */
uint64_t sl_publish_hash(const struct sl_session_table *table, const struct sl_pkt *p,
			 const struct sl_nat *nat);

/*
 * Puts both keys of a filled session into the index. What NAT takes is the key of the answer: a
 * clash there is another session's port, and the next one is tried. A reason: nothing is published,
 * and nothing taken.
 */
enum sl_drop sl_publish(struct sl_worker *w, const struct sl_pkt *p, const struct sl_opening *o,
			sl_session_ref ref, struct sl_session *s);
