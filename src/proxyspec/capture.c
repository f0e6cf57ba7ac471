/* SPDX-License-Identifier: ISC
 * capture.c - the containers: pcap (magic a1b2c3d4, a1b23c4d) and pcapng; link layers: raw IP, Ethernet, Linux cooked
 * (version 1 and 2), loopback. */
#include "capture.h"

#include <stdlib.h>

struct reader {
	struct span s;
	bool big; /* numbers are in network order */
	uint16_t links[32];
	unsigned nlinks;
	struct px_capture *c;
};

static uint32_t
num(const struct reader *r, const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[r->big ? i : n - 1 - i];
	return v;
}

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Where the IP packet begins in a frame of this link type; false: it is none. */
static bool
link_payload(struct px_capture *c, unsigned type, struct span *s)
{
	size_t skip;

	switch (type) {
	case 101: /* raw IP */
	case 12:
	case 14:
		skip = 0;
		break;
	case 1: /* Ethernet, perhaps with a VLAN tag */
		skip = s->n >= 18 && be16(s->p + 12) == 0x8100 ? 18 : 14;
		break;
	case 113: /* Linux cooked */
		skip = 16;
		break;
	case 276: /* Linux cooked, version 2 */
		skip = 20;
		break;
	case 0: /* loopback of BSD */
	case 108:
		skip = 4;
		break;
	default:
		c->link = c->strange++ == 0 ? type : c->link;
		return false;
	}
	if (s->n <= skip)
		return false;
	span_eat(s, skip);
	return true;
}

static bool
read_pcap(struct reader *r, const char **why)
{
	unsigned type = num(r, r->s.p + 20, 4) & 0xffff;

	span_eat(&r->s, 24);
	while (r->s.n >= 16) {
		uint32_t n = num(r, r->s.p + 8, 4);
		struct span frame;

		span_eat(&r->s, 16);
		if (n > r->s.n) {
			*why = "the file ends in the middle of a packet";
			return false;
		}
		frame = span_of(r->s.p, n);
		if (link_payload(r->c, type, &frame))
			px_capture_ip(r->c, frame, span_of(NULL, 0));
		span_eat(&r->s, n);
	}
	*why = "the file ends in the middle of a packet";
	return r->s.n == 0;
}

static struct span
comment_of(const struct reader *r, struct span options)
{
	while (options.n >= 4) {
		unsigned code = num(r, options.p, 2), n = num(r, options.p + 2, 2);

		span_eat(&options, 4);
		if (code == 0 || n > options.n)
			break;
		if (code == 1)
			return span_of(options.p, n);
		n = (n + 3) & ~3u;
		span_eat(&options, n < options.n ? n : options.n);
	}
	return span_of(NULL, 0);
}

static void
enhanced_packet(struct reader *r, struct span body)
{
	uint32_t iface, n;
	struct span frame, options = {NULL, 0};

	if (body.n < 20)
		return;
	iface = num(r, body.p, 4);
	n = num(r, body.p + 12, 4);
	if (n > body.n - 20 || iface >= r->nlinks)
		return;
	frame = span_of(body.p + 20, n);
	n = (n + 3) & ~3u;
	if (body.n - 20 > n)
		options = span_of(body.p + 20 + n, body.n - 20 - n);
	if (link_payload(r->c, r->links[iface], &frame))
		px_capture_ip(r->c, frame, comment_of(r, options));
}

static bool
read_pcapng(struct reader *r, const char **why)
{
	while (r->s.n >= 12) {
		uint32_t type, n;
		struct span body;

		if (memcmp(r->s.p, "\x0a\x0d\x0d\x0a", 4) == 0) { /* a section: its own byte order */
			r->big = memcmp(r->s.p + 8, "\x1a\x2b\x3c\x4d", 4) == 0;
			r->nlinks = 0;
		}
		type = num(r, r->s.p, 4);
		n = num(r, r->s.p + 4, 4);
		if (n < 12 || n % 4 != 0 || n > r->s.n) {
			*why = "a block has a wrong length";
			return false;
		}
		body = span_of(r->s.p + 8, n - 12);
		if (type == 1 && body.n >= 8 && r->nlinks < 32)
			r->links[r->nlinks++] = (uint16_t)num(r, body.p, 2);
		else if (type == 6)
			enhanced_packet(r, body);
		span_eat(&r->s, n);
	}
	*why = "the file ends in the middle of a block";
	return r->s.n == 0;
}

bool
px_capture_read(struct px_capture *c, struct span file, const char **why)
{
	struct reader r = {.s = file, .c = c};

	memset(c, 0, sizeof *c);
	c->end = &c->first;
	*why = "this is neither pcap nor pcapng";
	if (file.n < 24) /* the head of a pcap; a pcapng has more */
		return false;
	if (memcmp(file.p, "\x0a\x0d\x0d\x0a", 4) == 0)
		return read_pcapng(&r, why);
	if (memcmp(file.p, "\xa1\xb2\xc3\xd4", 4) == 0 || memcmp(file.p, "\xa1\xb2\x3c\x4d", 4) == 0)
		r.big = true;
	else if (memcmp(file.p, "\xd4\xc3\xb2\xa1", 4) != 0 && memcmp(file.p, "\x4d\x3c\xb2\xa1", 4) != 0)
		return false;
	return read_pcap(&r, why);
}

void
px_capture_free(struct px_capture *c)
{
	for (struct px_flow *f = c->first, *n; f != NULL; f = n) {
		n = f->nextflow;
		px_buf_free(&f->data[0]);
		px_buf_free(&f->data[1]);
		free(f->comment);
		free(f);
	}
	memset(c, 0, sizeof *c);
}
