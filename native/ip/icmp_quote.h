/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>

#include "core/packet.h"

/*
 * An ICMP or ICMPv6 error that was parsed up to its own header: verifies it and the packet it
 * quotes, and makes `p`'s key the quoted packet's turned round, which is the key of the session's
 * packets that go the way of the error.
 */
enum sl_drop sl_icmp_quote(struct rte_mbuf *m, struct sl_pkt *p);
