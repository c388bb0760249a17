/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/drop.h"
#include "session/entry.h"

/*
 * TCP as a firewall in the middle sees it: a state table (tcp_state.c) and window tracking after
 * van Rooij, "Real Stateful TCP Packet Filtering in IP Filter" (tcp_window.h).
 */

#define SL_TH_FIN 0x01
#define SL_TH_SYN 0x02
#define SL_TH_RST 0x04
#define SL_TH_PSH 0x08
#define SL_TH_ACK 0x10
#define SL_TH_URG 0x20

/* True when no TCP sends these flags together: null, SYN+FIN, FIN without ACK, … */
bool sl_tcp_bad_flags(uint8_t flags);

#define SL_WSCALE_MAX 14 /* RFC 7323, section 2.3 */
#define SL_TCP_NO_WSCALE -1
/*
 * The window scale option (RFC 7323) of a header of `header_length` bytes, all readable: 0..14
 * (larger ones count as 14, section 2.3), or SL_TCP_NO_WSCALE. Malformed options end the search.
 */
int sl_tcp_wscale(const uint8_t *tcp, uint16_t header_length);

/*
 * First packet of a session, before publish; `tcp` is its header. Only a SYN without ACK opens one,
 * unless `midstream` lets others in: such a session runs without window checks (SL_SESSION_LOOSE).
 */
enum sl_drop sl_tcp_first(struct sl_session *s, const struct sl_pkt *p, const uint8_t *tcp,
			  bool midstream, uint32_t now_ms);

/* Everything but the common case of sl_tcp_track(). */
enum sl_drop sl_tcp_track_slow(struct sl_session *s, unsigned int direction, const struct sl_pkt *p,
			       const uint8_t *tcp, uint32_t now_ms);
