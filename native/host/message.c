/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/message.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_ATTRIBUTES 64

struct attributes {
	const struct nlattr *of[MAX_ATTRIBUTES]; /* by type; the last of its type */
};

static int collect(const struct nlattr *attr, void *data)
{
	struct attributes *a = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < MAX_ATTRIBUTES)
		a->of[type] = attr;
	return MNL_CB_OK;
}

/* Attributes behind a family header of `size` bytes; false if there is not even that. */
static bool parse(const struct nlmsghdr *m, size_t size, struct attributes *a)
{
	size_t length = mnl_nlmsg_get_payload_len(m);

	memset(a, 0, sizeof(*a));
	if (length < MNL_ALIGN(size))
		return false;
	/* mnl_attr_parse would go to the aligned end, which may lie behind the message's own. */
	return mnl_attr_parse_payload(mnl_nlmsg_get_payload_offset(m, size),
				      length - MNL_ALIGN(size), collect, a) >= 0;
}

static const void *bytes(const struct attributes *a, unsigned int type, size_t length)
{
	if (!a->of[type] || mnl_attr_get_payload_len(a->of[type]) < length)
		return NULL;
	return mnl_attr_get_payload(a->of[type]);
}

static uint32_t number(const struct attributes *a, unsigned int type, uint32_t otherwise)
{
	const void *value = bytes(a, type, sizeof(uint32_t));

	if (value)
		memcpy(&otherwise, value, sizeof(otherwise));
	return otherwise;
}

static void text(const struct attributes *a, unsigned int type, char *out, size_t size)
{
	size_t length = a->of[type] ? mnl_attr_get_payload_len(a->of[type]) : 0;

	if (length > size - 1)
		length = size - 1;
	if (length)
		memcpy(out, mnl_attr_get_payload(a->of[type]), length);
	out[length] = '\0';
}

static uint8_t family_of(uint8_t af)
{
	return af == AF_INET ? 4 : af == AF_INET6 ? 6 : 0;
}

static size_t address_size(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

/* False when an attribute of that type is there but too short. */
static bool address(const struct attributes *a, unsigned int type, uint8_t family, uint8_t *out)
{
	const void *value = bytes(a, type, address_size(family));

	if (value)
		memcpy(out, value, address_size(family));
	return value || !a->of[type];
}

static void parse_link(const struct nlmsghdr *m, struct sl_nl_event *e)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(m);
	struct attributes a;
	const void *mac;

	/* AF_BRIDGE messages tell of bridge ports, not of links. */
	if (!parse(m, sizeof(*info), &a) || info->ifi_family != AF_UNSPEC)
		return;
	e->ifindex = (uint32_t)info->ifi_index;
	e->flags = info->ifi_flags;
	text(&a, IFLA_IFNAME, e->name, sizeof(e->name));
	text(&a, IFLA_IFALIAS, e->alias, sizeof(e->alias));
	mac = bytes(&a, IFLA_ADDRESS, 6);
	e->has_mac = mac;
	if (mac)
		memcpy(e->mac, mac, 6);
	e->kind = SL_NL_LINK;
}

static void parse_address(const struct nlmsghdr *m, struct sl_nl_event *e)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(m);
	struct attributes a;
	const uint8_t *protocol;

	if (!parse(m, sizeof(*info), &a))
		return;
	e->family = family_of(info->ifa_family);
	if (!e->family || info->ifa_prefixlen > address_size(e->family) * 8)
		return;
	e->ifindex = info->ifa_index;
	e->length = info->ifa_prefixlen;
	e->flags = number(&a, IFA_FLAGS, info->ifa_flags);
	protocol = bytes(&a, IFA_PROTO, 1);
	e->protocol = protocol ? *protocol : 0;
	/* IFA_LOCAL is the box's own where IFA_ADDRESS is a point-to-point peer's. */
	if (!(a.of[IFA_LOCAL] ? address(&a, IFA_LOCAL, e->family, e->address) :
				a.of[IFA_ADDRESS] && address(&a, IFA_ADDRESS, e->family, e->address)))
		return;
	e->kind = SL_NL_ADDRESS;
}

static void parse_neighbor(const struct nlmsghdr *m, struct sl_nl_event *e)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(m);
	struct attributes a;
	const void *mac;

	if (!parse(m, sizeof(*info), &a))
		return;
	e->family = family_of(info->ndm_family);
	if (!e->family || !a.of[NDA_DST] || !address(&a, NDA_DST, e->family, e->address))
		return;
	e->ifindex = (uint32_t)info->ndm_ifindex;
	e->state = info->ndm_state;
	e->address_flags = info->ndm_flags;
	mac = bytes(&a, NDA_LLADDR, 6);
	e->has_mac = mac && mnl_attr_get_payload_len(a.of[NDA_LLADDR]) == 6;
	if (e->has_mac)
		memcpy(e->mac, mac, 6);
	e->kind = SL_NL_NEIGHBOR;
}

/* A gateway of the route's own family, or of any (RFC 8950). */
static bool parse_gateway(const struct attributes *a, struct sl_nl_event *e)
{
	const struct rtvia *via = bytes(a, RTA_VIA, sizeof(*via));
	uint8_t family = via ? family_of((uint8_t)via->rtvia_family) : 0;

	if (a->of[RTA_GATEWAY]) {
		e->has_gateway = true;
		e->gateway_family = e->family;
		return address(a, RTA_GATEWAY, e->family, e->gateway);
	}
	if (!a->of[RTA_VIA])
		return true;
	if (!family || !bytes(a, RTA_VIA, sizeof(*via) + address_size(family)))
		return false;
	e->has_gateway = true;
	e->gateway_family = family;
	memcpy(e->gateway, via->rtvia_addr, address_size(family));
	return true;
}

/* The first next hop that lives; without one, the route leads nowhere (ifindex 0). */
static bool parse_multipath(const struct nlattr *attr, struct sl_nl_event *e)
{
	const uint8_t *at = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);

	e->multipath = true;
	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *hop = (const void *)at;
		size_t length = hop->rtnh_len;
		struct attributes a = {0};

		if (length < sizeof(*hop) || length > left)
			return false;
		if (!(hop->rtnh_flags & RTNH_F_DEAD)) {
			if (mnl_attr_parse_payload(hop + 1, length - sizeof(*hop), collect, &a) < 0)
				return false;
			e->ifindex = (uint32_t)hop->rtnh_ifindex;
			return parse_gateway(&a, e);
		}
		length = RTNH_ALIGN(length);
		if (length > left)
			break;
		at += length;
		left -= length;
	}
	return true;
}

static void parse_route(const struct nlmsghdr *m, struct sl_nl_event *e)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(m);
	struct attributes a;

	if (!parse(m, sizeof(*info), &a))
		return;
	e->family = family_of(info->rtm_family);
	if (!e->family || info->rtm_dst_len > address_size(e->family) * 8 ||
	    !address(&a, RTA_DST, e->family, e->address) || (info->rtm_dst_len && !a.of[RTA_DST]))
		return;
	e->length = info->rtm_dst_len;
	e->type = info->rtm_type;
	e->protocol = info->rtm_protocol;
	e->table = number(&a, RTA_TABLE, info->rtm_table);
	e->metric = number(&a, RTA_PRIORITY, 0);
	e->ifindex = number(&a, RTA_OIF, 0);
	e->cloned = info->rtm_flags & RTM_F_CLONED;
	if (a.of[RTA_MULTIPATH] ? !parse_multipath(a.of[RTA_MULTIPATH], e) : !parse_gateway(&a, e))
		return;
	e->kind = SL_NL_ROUTE;
}

void sl_nl_parse(const struct nlmsghdr *m, struct sl_nl_event *e)
{
	memset(e, 0, sizeof(*e));
	e->append = m->nlmsg_flags & NLM_F_APPEND;
	e->replace = m->nlmsg_flags & NLM_F_REPLACE;
	e->interrupted = m->nlmsg_flags & NLM_F_DUMP_INTR;
	switch (m->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		e->deleted = m->nlmsg_type == RTM_DELLINK;
		parse_link(m, e);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		e->deleted = m->nlmsg_type == RTM_DELADDR;
		parse_address(m, e);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		e->deleted = m->nlmsg_type == RTM_DELNEIGH;
		parse_neighbor(m, e);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		e->deleted = m->nlmsg_type == RTM_DELROUTE;
		parse_route(m, e);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		e->deleted = m->nlmsg_type == RTM_DELNEXTHOP;
		e->kind = SL_NL_NEXT_HOP;
		break;
	case NLMSG_DONE:
		e->kind = SL_NL_DONE;
		break;
	case NLMSG_ERROR:
		if (mnl_nlmsg_get_payload_len(m) < sizeof(int))
			return;
		memcpy(&e->error, mnl_nlmsg_get_payload(m), sizeof(int));
		e->kind = SL_NL_ERROR;
		break;
	default:
		break;
	}
}
