/* SPDX-License-Identifier: ISC
 * capture_tcp.c - IPv4 (RFC 791), IPv6 without extension headers (RFC 8200) and TCP (RFC 9293) of a capture.
 * One thing to know: a segment from the future is a gap; the capture is used up to there. */
#include "capture.h"

#include <stdio.h>
#include <stdlib.h>

#define FLOW_MAX (64u << 20)

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct segment {
	bool v6;
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint32_t seq;
	unsigned flags;
	struct span data;
};

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static bool
parse(struct span ip, struct segment *g)
{
	size_t head, off;

	memset(g, 0, sizeof *g);
	if (ip.n >= 20 && ip.p[0] >> 4 == 4 && ip.p[9] == 6) {
		head = (size_t)(ip.p[0] & 15) * 4;
		if (head < 20 ||
			(be16(ip.p + 6) & 0x1fff) != 0) /* a fragment behind the first: no TCP header */
			return false;
		memcpy(g->src, ip.p + 12, 4);
		memcpy(g->dst, ip.p + 16, 4);
		if (be16(ip.p + 2) >= head &&
			be16(ip.p + 2) < ip.n) /* behind it is the padding of Ethernet */
			ip.n = be16(ip.p + 2);
	} else if (ip.n >= 40 && ip.p[0] >> 4 == 6 && ip.p[6] == 6) {
		head = 40;
		g->v6 = true;
		memcpy(g->src, ip.p + 8, 16);
		memcpy(g->dst, ip.p + 24, 16);
		if (40 + be16(ip.p + 4) < ip.n)
			ip.n = 40 + be16(ip.p + 4);
	} else {
		return false;
	}
	if (ip.n < head + 20)
		return false;
	span_eat(&ip, head);
	g->sport = (uint16_t)be16(ip.p);
	g->dport = (uint16_t)be16(ip.p + 2);
	g->seq = be32(ip.p + 4);
	g->flags = ip.p[13];
	off = (size_t)(ip.p[12] >> 4) * 4;
	if (off < 20 || off > ip.n)
		return false;
	span_eat(&ip, off);
	g->data = ip;
	return true;
}

/* The side of the flow that sent the segment, or -1. */
static int
side_of(const struct px_flow *f, const struct segment *g)
{
	for (int i = 0; i < 2; i++)
		if (f->v6 == g->v6 && f->port[i] == g->sport && f->port[1 - i] == g->dport &&
			memcmp(f->ip[i], g->src, 16) == 0 && memcmp(f->ip[1 - i], g->dst, 16) == 0)
			return i;
	return -1;
}

static struct px_flow *
new_flow(struct px_capture *c, const struct segment *g)
{
	struct px_flow *f = calloc(1, sizeof *f);
	/* without the SYN: the lower port is the server's, by custom */
	bool reply =
		(g->flags & (SYN | ACK)) == (SYN | ACK) || ((g->flags & SYN) == 0 && g->sport < g->dport);

	if (f == NULL) {
		fputs("proxyspec: out of memory\n", stderr);
		exit(3);
	}
	f->v6 = g->v6;
	f->speaker = -1;
	memcpy(f->ip[reply], g->src, 16);
	memcpy(f->ip[!reply], g->dst, 16);
	f->port[reply] = g->sport;
	f->port[!reply] = g->dport;
	*c->end = f;
	c->end = &f->nextflow;
	return f;
}

static void
add_data(struct px_capture *c, struct px_flow *f, int side, const struct segment *g)
{
	struct span s = g->data;
	uint32_t seq = g->seq + ((g->flags & SYN) != 0 ? 1 : 0);

	if (!f->begun[side] || (g->flags & SYN) != 0) {
		f->begun[side] = true;
		f->next[side] = seq;
	}
	if ((int32_t)(f->next[side] - seq) > 0) { /* all or a part of it was there before */
		uint32_t old = f->next[side] - seq;

		if (old > s.n)
			return;
		span_eat(&s, old);
		seq += old;
	}
	if (seq != f->next[side]) {
		c->gaps++;
		return;
	}
	if (s.n != 0 && f->speaker != side) {
		int other = 1 - side;

		if (f->speaker == other && f->nturns[other] < sizeof f->turns[0] / sizeof f->turns[0][0])
			f->turns[other][f->nturns[other]++] = f->data[other].n;
		f->speaker = side;
	}
	if (f->data[side].n + s.n <= FLOW_MAX)
		px_put(&f->data[side], s.p, s.n);
	f->next[side] += (uint32_t)s.n;
	if ((g->flags & FIN) != 0) {
		f->fin[side] = true;
		f->next[side]++;
	}
	if ((g->flags & RST) != 0)
		f->rst[side] = true;
}

void
px_capture_ip(struct px_capture *c, struct span ip, struct span comment)
{
	struct segment g;
	struct px_flow *f = NULL;
	int side = -1;

	if (!parse(ip, &g))
		return;
	c->packets++;
	for (struct px_flow *i = c->first; i != NULL; i = i->nextflow)
		if (side_of(i, &g) >= 0) { /* the last one: ports are used again */
			f = i;
			side = side_of(i, &g);
		}
	if (f == NULL || ((g.flags & (SYN | ACK)) == SYN && f->begun[0] && f->next[0] != g.seq + 1)) {
		f = new_flow(c, &g);
		side = side_of(f, &g);
	}
	if (comment.n != 0 && f->comment == NULL) {
		f->comment = calloc(1, comment.n + 1);
		if (f->comment != NULL)
			memcpy(f->comment, comment.p, comment.n);
	}
	add_data(c, f, side, &g);
}
