/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/* SL_OP_CAPTURE_*: answers one. */
void sl_control_capture(struct sl_datapath *dp, int peer, const struct sl_request *request, int body);
