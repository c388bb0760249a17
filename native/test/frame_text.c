/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/frame_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 2048
#define MAX_POKES 4

struct bytes {
	uint32_t length;
	uint8_t at[MAX_BYTES];
};

struct poke {
	bool ip;
	uint32_t offset;
	struct bytes bytes;
};

/* What a line says, before it becomes bytes. */
struct spec {
	const char *text, *next;
	char src[64], dst[64];
	uint8_t proto, flags, type, code;
	uint16_t arp; /* operation, 0: it is IP */
	uint32_t sport, dport, seq, ack, win, urg, rest;
	uint32_t len, ttl, tos, id, df, vlan, pad, cut;
	struct bytes options, ip_options, payload, ext, dmac, smac;
	uint8_t first_ext; /* 0: none; hop-by-hop is told by ext.length */
	uint32_t last_ext; /* where the last one begins */
	unsigned int pokes;
	struct poke poke[MAX_POKES];
};

static void bad(const struct spec *s, const char *what)
{
	fprintf(stderr, "%s: %s at \"%s\"\n", s->text, what, s->next);
	abort();
}

/* The next word, or false at the end. */
static bool word(struct spec *s, char *out, size_t room)
{
	size_t n;

	s->next += strspn(s->next, " ");
	n = strcspn(s->next, " ");
	if (n >= room)
		bad(s, "a word too long");
	memcpy(out, s->next, n);
	out[n] = '\0';
	s->next += n;
	return n > 0;
}

static uint32_t number(struct spec *s, int base)
{
	char text[32], *end;
	unsigned long value;

	if (!word(s, text, sizeof(text)))
		bad(s, "a number is missing");
	value = strtoul(text, &end, base);
	if (*end)
		bad(s, "not a number");
	return (uint32_t)value;
}

static void hex(struct spec *s, struct bytes *b)
{
	char digits[2 * MAX_BYTES];
	size_t n;

	if (!word(s, digits, sizeof(digits)) || strlen(digits) % 2)
		bad(s, "not bytes");
	n = strlen(digits) / 2;
	if (b->length + n > sizeof(b->at))
		bad(s, "too many bytes");
	for (size_t i = 0; i < n; i++) {
		char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'}, *end;

		b->at[b->length++] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			bad(s, "not bytes");
	}
}

/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT. */
static void endpoint(struct spec *s, char address[64], uint32_t *port)
{
	char text[80], *colon = NULL;

	if (!word(s, text, sizeof(text)))
		bad(s, "an address is missing");
	if (text[0] == '[') {
		char *close = strchr(text, ']');

		if (!close || close[1] != ':')
			bad(s, "not [ADDRESS]:PORT");
		*close = '\0';
		colon = close + 1;
	} else if (strchr(text, ':') == strrchr(text, ':')) {
		colon = strchr(text, ':');
	}
	if (colon) {
		*port = (uint32_t)strtoul(colon + 1, NULL, 10);
		*colon = '\0';
	}
	snprintf(address, 64, "%.63s", text + (text[0] == '['));
}

static void quote(struct spec *s)
{
	uint32_t first = number(s, 10);
	const char *open = s->next + strspn(s->next, " "), *close = strrchr(s->next, ')');
	struct frame about;
	char text[1024];

	if (*open != '(' || !close || (size_t)(close - open) > sizeof(text))
		bad(s, "no packet in parentheses");
	memcpy(text, open + 1, (size_t)(close - open) - 1);
	text[close - open - 1] = '\0';
	frame_text(&about, text);
	if (first > about.length - about.l3 || first > sizeof(s->payload.at))
		bad(s, "the packet is shorter");
	memcpy(s->payload.at, about.bytes + about.l3, first);
	s->payload.length = first;
	s->next = close + 1;
}

static void extension(struct spec *s)
{
	uint8_t type = (uint8_t)number(s, 10);

	if (s->ext.length)
		s->ext.at[s->last_ext] = type;
	else
		s->first_ext = type;
	s->last_ext = s->ext.length;
	s->ext.at[s->ext.length++] = s->proto;
	hex(s, &s->ext);
}

static void poke(struct spec *s, bool ip)
{
	struct poke *p = &s->poke[s->pokes];

	if (s->pokes++ == MAX_POKES)
		bad(s, "too many changes");
	p->ip = ip;
	p->offset = number(s, 10);
	hex(s, &p->bytes);
}

static void keys(struct spec *s)
{
	const struct {
		const char *name;
		uint32_t *value;
	} numbers[] = {{"len", &s->len}, {"seq", &s->seq}, {"ack", &s->ack},   {"win", &s->win},
		       {"urg", &s->urg}, {"ttl", &s->ttl}, {"tos", &s->tos},   {"id", &s->id},
		       {"df", &s->df},	 {"pad", &s->pad}, {"vlan", &s->vlan}, {"cut", &s->cut}};
	char key[16];

	while (word(s, key, sizeof(key))) {
		unsigned int i = 0;

		while (i < sizeof(numbers) / sizeof(numbers[0]) && strcmp(key, numbers[i].name))
			i++;
		if (i < sizeof(numbers) / sizeof(numbers[0]))
			*numbers[i].value = number(s, 10);
		else if (!strcmp(key, "rest"))
			s->rest = number(s, 16);
		else if (!strcmp(key, "opt"))
			hex(s, &s->options);
		else if (!strcmp(key, "ipopt"))
			hex(s, &s->ip_options);
		else if (!strcmp(key, "data"))
			hex(s, &s->payload);
		else if (!strcmp(key, "about"))
			quote(s);
		else if (!strcmp(key, "dmac"))
			hex(s, &s->dmac);
		else if (!strcmp(key, "smac"))
			hex(s, &s->smac);
		else if (!strcmp(key, "ext"))
			extension(s);
		else if (!strcmp(key, "ip") || !strcmp(key, "l4"))
			poke(s, key[0] == 'i');
		else
			bad(s, "what is this");
	}
}

static void put(uint8_t *at, unsigned int bytes, uint32_t value)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

/* PROTO SRC > DST and what belongs to the protocol alone. */
static void start(struct spec *s)
{
	static const char letters[] = "FSRPAUEC";
	char text[16], arrow[4];

	if (!word(s, text, sizeof(text)))
		bad(s, "a protocol is missing");
	endpoint(s, s->src, &s->sport);
	if (!word(s, arrow, sizeof(arrow)) || strcmp(arrow, ">"))
		bad(s, "no arrow");
	endpoint(s, s->dst, &s->dport);
	if (!strcmp(text, "arp")) {
		s->arp = (uint16_t)number(s, 10);
	} else if (!strcmp(text, "icmp")) {
		s->proto = strchr(s->src, ':') ? 58 : 1;
		if (!word(s, text, sizeof(text)) || !strchr(text, '/'))
			bad(s, "no TYPE/CODE");
		s->type = (uint8_t)strtoul(text, NULL, 10);
		s->code = (uint8_t)strtoul(strchr(text, '/') + 1, NULL, 10);
	} else if (!strcmp(text, "tcp")) {
		s->proto = 6;
		if (!word(s, text, sizeof(text)))
			bad(s, "no flags");
		for (const char *c = text; *c && strcmp(text, "-"); c++) {
			const char *letter = strchr(letters, *c);

			if (!letter)
				bad(s, "no flags");
			s->flags |= (uint8_t)(1u << (letter - letters));
		}
	} else {
		s->proto = !strcmp(text, "udp") ? 17 : (uint8_t)strtoul(text, NULL, 10);
	}
}

static void transport(struct frame *f, const struct spec *s)
{
	uint8_t header[20] = {0};
	uint32_t length = 0;

	switch (s->proto) {
	case 6:
		put(header, 2, s->sport);
		put(header + 2, 2, s->dport);
		put(header + 4, 4, s->seq);
		put(header + 8, 4, s->ack);
		header[12] = (uint8_t)((20 + s->options.length) / 4 << 4);
		header[13] = s->flags;
		put(header + 14, 2, s->win);
		put(header + 18, 2, s->urg);
		length = 20;
		break;
	case 17:
		put(header, 2, s->sport);
		put(header + 2, 2, s->dport);
		length = 8;
		break;
	case 1:
	case 58:
		header[0] = s->type;
		header[1] = s->code;
		put(header + 4, 4, s->rest);
		length = 8;
		break;
	}
	frame_add(f, header, length);
	frame_add(f, s->options.at, s->options.length);
	f->payload = f->length;
	frame_add(f, s->payload.at, s->payload.length);
	frame_fill(f, s->len);
}

static void headers(struct frame *f, const struct spec *s)
{
	uint8_t *ip;

	frame_ip(f, (uint16_t)s->vlan, s->src, s->dst, s->proto);
	ip = f->bytes + f->l3;
	if (ip[0] >> 4 == 6) {
		put(ip, 4, 6u << 28 | s->tos << 20);
		ip[7] = (uint8_t)s->ttl;
		frame_add(f, s->ext.at, s->ext.length);
	} else {
		ip[0] = (uint8_t)(0x45 + s->ip_options.length / 4);
		ip[1] = (uint8_t)s->tos;
		put(ip + 4, 2, s->id);
		ip[6] = s->df ? 0x40 : 0;
		ip[8] = (uint8_t)s->ttl;
		frame_add(f, s->ip_options.at, s->ip_options.length);
	}
	f->l4 = f->length;
}

/* The Ethernet header as the line has it, where it says something. */
static void macs(struct frame *f, const struct spec *s)
{
	if (s->dmac.length % 6 || s->smac.length % 6)
		bad(s, "no MAC");
	memcpy(f->bytes, s->dmac.at, s->dmac.length ? 6 : 0);
	memcpy(f->bytes + 6, s->smac.at, s->smac.length ? 6 : 0);
}

/* RFC 826, in place of the IP packet that frame_ip() began. */
static void arp(struct frame *f, const struct spec *s)
{
	uint8_t ends[8], body[28] = {0, 1, 8, 0, 6, 4};

	memcpy(ends, f->bytes + f->l3 + 12, sizeof(ends));
	if (s->arp == 1 && !s->dmac.length)
		memset(f->bytes, 0xff, 6);
	put(body + 6, 2, s->arp);
	memcpy(body + 8, f->bytes + 6, 6);
	memcpy(body + 14, ends, 4);
	memcpy(body + 18, f->bytes, s->arp == 1 ? 0 : 6);
	memcpy(body + 24, ends + 4, 4);
	f->bytes[f->l3 - 1] = 6;
	f->length = f->l3;
	frame_add(f, body, sizeof(body));
}

void frame_text(struct frame *f, const char *text)
{
	struct spec *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->text = s->next = text;
	s->ttl = 64;
	s->df = 1;
	s->win = 8192;
	start(s);
	keys(s);
	headers(f, s);
	macs(f, s);
	if (s->arp) {
		arp(f, s);
	} else {
		transport(f, s);
		frame_finish(f);
	}
	if (s->ext.length)
		f->bytes[f->l3 + 6] = s->first_ext;
	for (unsigned int i = 0; i < s->pokes; i++) {
		const struct poke *p = &s->poke[i];
		uint32_t at = (p->ip ? f->l3 : f->l4) + p->offset;

		if (at + p->bytes.length > f->length)
			bad(s, "beyond the packet");
		memcpy(f->bytes + at, p->bytes.at, p->bytes.length);
		if (p->ip && f->bytes[f->l3] >> 4 == 4 && p->offset != 10)
			frame_fix_ip(f);
	}
	for (uint32_t i = 0; i < s->pad; i++)
		frame_add(f, "", 1);
	f->length -= s->cut;
	free(s);
}
