/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A call by SIP, as the client, or who sees it by its public address, says it, and its answer. */

#define INVITE(host, length, port)                                                                 \
	"INVITE sip:bob@203.0.113.80 SIP/2.0\r\n"                                                  \
	"Via: SIP/2.0/UDP " host ":5060;branch=z9hG4bK1;rport\r\n"                                 \
	"From: <sip:alice@10.1.2.3>;tag=1\r\n"                                                     \
	"To: <sip:bob@203.0.113.80>\r\n"                                                           \
	"Call-ID: 1@10.1.2.3\r\n"                                                                  \
	"m:\r\n <sip:alice@" host ">\r\n"                                                          \
	"Content-Type: application/sdp\r\n"                                                        \
	"Content-Length:  " length "\r\n\r\n"                                                      \
	"v=0\r\no=alice 1 1 IN IP4 " host "\r\ns=-\r\nc=IN IP4 " host "\r\nt=0 0\r\n"              \
	"m=audio " port " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"

#define ANSWER(host, address)                                                                      \
	"SIP/2.0 200 OK\r\n"                                                                       \
	"v: SIP/2.0/UDP " host ":5060;branch=z9hG4bK1;received=" host ";rport=5060\r\n"            \
	"Contact: <sip:bob@203.0.113.80:5060>\r\n"                                                 \
	"l: 99\r\n\r\n"                                                                            \
	"v=0\r\no=bob 1 1 IN IP4 203.0.113.80\r\ns=-\r\nt=0 0\r\n"                                 \
	"m=audio 7000 RTP/AVP 0\r\nc=IN IP4 " address "\r\nm=video 0 RTP/AVP 31\r\n"
