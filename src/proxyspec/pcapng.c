/* SPDX-License-Identifier: ISC
 * pcapng.c - see pcapng.h: section header, one interface (raw IPv4), enhanced packet blocks with comments.
 * RFC 791 (IPv4 header), RFC 9293 section 3.1 (TCP header).
 * One thing to know: consecutive lines of one actor are one packet, because dissectors of SOCKS want a message whole. */
#include "pcapng.h"

#include <stdio.h>
#include <stdlib.h>

#define LINKTYPE_RAW 101
#define SEGMENT 60000u

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct flow { /* one TCP connection: 0 the side that opened it, 1 the other */
	uint8_t ip[2][4];
	uint16_t port[2];
	uint32_t seq[2];
	bool open, closed[2];
};

struct px_pcapng {
	FILE *f;
	uint32_t cases;
	uint64_t us;
	const struct px_case *c;
	const char *section;
	struct flow cp, pt;
	struct px_buf pend, comment; /* lines of one actor so far */
	enum px_actor actor;
	bool payload;
	uint16_t ident;
};

static void
u16(struct px_buf *b, unsigned v)
{
	px_put(b, (uint8_t[2]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void
u32(struct px_buf *b, uint32_t v)
{
	u16(b, v >> 16);
	u16(b, v & 0xffff);
}

static void
pad(struct px_buf *b)
{
	while (b->n % 4 != 0)
		px_put(b, "", 1);
}

/* Type, length, body, length: in this file everything is in network order, which the section header says. */
static void
block(struct px_pcapng *p, uint32_t type, struct px_buf *body)
{
	struct px_buf b = {NULL, 0, 0};

	pad(body);
	u32(&b, type);
	u32(&b, (uint32_t)(body->n + 12));
	px_put(&b, body->p, body->n);
	u32(&b, (uint32_t)(body->n + 12));
	fwrite(b.p, 1, b.n, p->f);
	px_buf_free(&b);
	body->n = 0;
}

struct px_pcapng *
px_pcapng_open(const char *path)
{
	struct px_pcapng *p = calloc(1, sizeof *p);
	struct px_buf b = {NULL, 0, 0};

	if (p == NULL)
		return NULL;
	p->f = fopen(path, "we");
	if (p->f == NULL) {
		free(p);
		return NULL;
	}
	p->us = 1000000;
	u32(&b, 0x1a2b3c4d); /* byte order */
	u16(&b, 1);	     /* version 1.0 */
	u16(&b, 0);
	u32(&b, 0xffffffff); /* section length: not told */
	u32(&b, 0xffffffff);
	block(p, 0x0a0d0d0a, &b);
	u16(&b, LINKTYPE_RAW);
	u16(&b, 0);
	u32(&b, 0); /* no snap length */
	block(p, 1, &b);
	px_buf_free(&b);
	return p;
}

static uint16_t
checksum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n % 2 != 0)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
store16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
packet(struct px_pcapng *p, struct flow *f, unsigned from, unsigned flags, struct span s, const char *comment)
{
	struct px_buf ip = {NULL, 0, 0}, b = {NULL, 0, 0};
	unsigned to = 1 - from;
	uint32_t pseudo = 6 + (uint32_t)(20 + s.n);

	px_put(&ip, (uint8_t[2]){0x45, 0}, 2);
	u16(&ip, (unsigned)(40 + s.n));
	u16(&ip, ++p->ident);
	u16(&ip, 0x4000);
	px_put(&ip, (uint8_t[4]){64, 6, 0, 0}, 4);
	px_put(&ip, f->ip[from], 4);
	px_put(&ip, f->ip[to], 4);
	store16(ip.p + 10, checksum(ip.p, 20, 0));
	u16(&ip, f->port[from]);
	u16(&ip, f->port[to]);
	u32(&ip, f->seq[from]);
	u32(&ip, (flags & ACK) != 0 ? f->seq[to] : 0);
	px_put(&ip, (uint8_t[8]){0x50, (uint8_t)flags, 0xff, 0xff, 0, 0, 0, 0}, 8);
	px_put(&ip, s.p, s.n);
	for (unsigned i = 0; i < 4; i += 2) {
		pseudo += (uint32_t)f->ip[0][i] << 8 | f->ip[0][i + 1];
		pseudo += (uint32_t)f->ip[1][i] << 8 | f->ip[1][i + 1];
	}
	store16(ip.p + 36, checksum(ip.p + 20, ip.n - 20, pseudo));
	u32(&b, 0);
	u32(&b, (uint32_t)(p->us >> 32));
	u32(&b, (uint32_t)p->us);
	u32(&b, (uint32_t)ip.n);
	u32(&b, (uint32_t)ip.n);
	px_put(&b, ip.p, ip.n);
	pad(&b);
	if (comment != NULL && comment[0] != '\0') {
		size_t n = strlen(comment) > 4000 ? 4000 : strlen(comment);

		u16(&b, 1); /* opt_comment */
		u16(&b, (unsigned)n);
		px_put(&b, comment, n);
		pad(&b);
		u32(&b, 0);
	}
	block(p, 6, &b);
	p->us += 1000;
	f->seq[from] += (uint32_t)s.n + ((flags & (SYN | FIN)) != 0 ? 1 : 0);
	px_buf_free(&ip);
	px_buf_free(&b);
}

static void
open_flow(struct px_pcapng *p, struct flow *f, const char *comment)
{
	f->seq[0] = 1000;
	f->seq[1] = 2000;
	f->closed[0] = f->closed[1] = false;
	packet(p, f, 0, SYN, span_of("", 0), comment);
	packet(p, f, 1, SYN | ACK, span_of("", 0), NULL);
	packet(p, f, 0, ACK, span_of("", 0), NULL);
	f->open = true;
}

static void
data(struct px_pcapng *p, struct flow *f, unsigned from, struct span s, const char *comment)
{
	if (!f->open)
		open_flow(p, f, NULL);
	if (f->closed[from])
		return;
	while (s.n != 0) {
		size_t n = s.n > SEGMENT ? SEGMENT : s.n;

		packet(p, f, from, PSH | ACK, span_of(s.p, n), comment);
		span_eat(&s, n);
	}
}

static void
shut(struct px_pcapng *p, struct flow *f, unsigned from, unsigned flag)
{
	if (!f->open || f->closed[from])
		return;
	packet(p, f, from, flag | ACK, span_of("", 0), NULL);
	f->closed[from] = true;
	if (flag == RST)
		f->closed[0] = f->closed[1] = true;
}

static void
flush(struct px_pcapng *p)
{
	struct span s = span_of(p->pend.p, p->pend.n);

	px_put(&p->comment, "", 1);
	if (s.n != 0 && !p->payload) {
		data(p, &p->cp, p->actor == PX_P, s, (const char *)p->comment.p);
	} else if (s.n != 0) { /* through the tunnel: on both connections */
		data(p, p->actor == PX_C ? &p->cp : &p->pt, p->actor == PX_T, s, (const char *)p->comment.p);
		data(p, p->actor == PX_C ? &p->pt : &p->cp, p->actor == PX_T, s, "passed on");
	}
	p->pend.n = p->comment.n = 0;
}

static void
next_flow(struct px_pcapng *p)
{
	for (unsigned i = 0; i < 2; i++) {
		shut(p, &p->cp, i, FIN);
		shut(p, &p->pt, i, FIN);
	}
	p->cp.port[0]++;
	p->cp.open = p->pt.open = false;
}

static void
event(struct px_pcapng *p, const struct px_step *s, enum px_actor a, enum px_ending end)
{
	struct flow *f = a == PX_T ? &p->pt : &p->cp;
	unsigned from = a == PX_T || a == PX_P ? 1 : 0;

	if (end == PX_END_RST)
		shut(p, f, from, RST);
	else if (end == PX_END_CLOSE || end == PX_END_FIN)
		shut(p, f, from, FIN);
	if (s->kind == PX_EVENT && s->event == PX_E_ACCEPT)
		open_flow(p, &p->pt, "T: accept");
	if (s->kind == PX_EVENT && s->event == PX_E_RETRY && (p->cp.closed[0] || p->cp.closed[1]))
		next_flow(p);
}

static void
emit(void *ctx, const struct px_step *s, enum px_actor a, bool payload, struct span o, enum px_ending end)
{
	struct px_pcapng *p = ctx;

	if (s->kind == PX_HEADING) {
		p->section = s->section;
		return;
	}
	if (p->pend.n != 0 && (p->actor != a || p->payload != payload || o.p == NULL))
		flush(p);
	p->actor = a;
	p->payload = payload;
	if (o.p != NULL && o.n != 0) {
		px_printf(&p->comment, "%s%s line %u%s%s%s%s%s", p->comment.n ? "; " : "",
			p->comment.n ? "" : p->c->id, s->line, p->section != NULL && p->section[0] ? " " : "",
			p->section != NULL && p->comment.n == 0 ? p->section : "",
			s->illegal ? " (deliberately illegal)" : "", s->note != NULL ? " - " : "",
			s->note != NULL ? s->note : "");
		px_put(&p->pend, o.p, o.n);
	}
	if (o.p == NULL || end != PX_END_NONE) {
		flush(p);
		event(p, s, a, end);
	}
}

/* The client is 10.x.y.1, the proxy 10.x.y.2, the target 10.x.y.3; SOCKS on port 1080, HTTP on 3128, telnet on 23. */
void
px_pcapng_case(struct px_pcapng *p, const struct px_case *c, struct px_self *self)
{
	uint8_t x = (uint8_t)(p->cases >> 8), y = (uint8_t)p->cases;
	const uint8_t ip[3][4] = {{10, x, y, 1}, {10, x, y, 2}, {10, x, y, 3}};

	p->c = c;
	p->section = NULL;
	p->cases++;
	p->cp = p->pt = (struct flow){.open = false};
	memcpy(p->cp.ip[0], ip[0], 4);
	memcpy(p->cp.ip[1], ip[1], 4);
	memcpy(p->pt.ip[0], ip[1], 4);
	memcpy(p->pt.ip[1], ip[2], 4);
	p->cp.port[0] = 40000;
	p->cp.port[1] = px_has_word(c->needs, "http") ? 3128 : px_has_word(c->needs, "telnet") ? 23 : 1080;
	p->pt.port[0] = 50000;
	p->pt.port[1] = 7007;
	self->emit = emit;
	self->ctx = p;
}

void
px_pcapng_case_end(struct px_pcapng *p)
{
	flush(p);
	next_flow(p);
}

bool
px_pcapng_close(struct px_pcapng *p)
{
	bool ok = !ferror(p->f);

	ok = fclose(p->f) == 0 && ok;
	px_buf_free(&p->pend);
	px_buf_free(&p->comment);
	free(p);
	return ok;
}
