/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/table.h"

/* The owner's hook at a session's end: its packets and bytes to its rule, a log record if asked. */
void sl_session_end_count(void *worker, sl_session_ref ref, const struct sl_session *s,
			  enum sl_session_end why, uint32_t now_ms);
