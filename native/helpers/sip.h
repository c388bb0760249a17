/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "helpers/helping.h"

/*
 * The message of SIP at `start` of the packet, `*length` bytes that are whole: what it announces is
 * expected, and it says what its receiver is to know; `*length` afterwards is its new one. `*changed` is
 * set where it has other bytes than before, and left alone where not.
 */
enum sl_drop sl_sip_message(struct sl_helping *h, uint32_t start, uint32_t *length, bool *changed);
