/* SPDX-License-Identifier: ISC
 * spec_capture.c - captures: pcap and pcapng, segments out of order, twice and lost; traces against them.
 * Headers are typed from RFC 791, RFC 8200 and RFC 9293; the containers from their descriptions. */
#include "lib/unit.h"
#include "load.h"
#include "pcapng.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static size_t
ip4(uint8_t *b, bool reply, uint32_t seq, uint8_t flags, const char *data)
{
	static const uint8_t head[40] = {
		0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 4, 0x38};
	size_t n = strlen(data);

	memcpy(b, head, sizeof head);
	b[3] = (uint8_t)(40 + n);
	if (reply) {
		b[15] = 2;
		b[19] = 1;
		memcpy(b + 20, "\x04\x38\x9c\x40", 4);
	}
	for (int i = 0; i < 4; i++)
		b[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
	b[32] = 0x50;
	b[33] = flags;
	memcpy(b + 40, data, n);
	return 40 + n;
}

static void
feed(struct px_capture *c, bool reply, uint32_t seq, uint8_t flags, const char *data)
{
	uint8_t b[200];

	px_capture_ip(c, span_of(b, ip4(b, reply, seq, flags, data)), span_of(NULL, 0));
}

static void
begin(struct px_capture *c)
{
	memset(c, 0, sizeof *c);
	c->end = &c->first;
}

START_TEST(segments)
{
	struct px_capture c;

	begin(&c);
	feed(&c, 0, 99, SYN, "");
	feed(&c, 1, 0xfffffffe, SYN | ACK, "");
	feed(&c, 0, 100, ACK, "abc");
	feed(&c, 0, 100, ACK, "abc");	     /* sent again */
	feed(&c, 0, 101, ACK, "bcde");	     /* overlaps */
	feed(&c, 1, 0xffffffff, ACK, "xyz"); /* over the end of the numbers */
	feed(&c, 1, 2, FIN | ACK, "");
	feed(&c, 0, 105, RST, "");
	ck_assert_ptr_null(c.first->nextflow);
	ck_assert_uint_eq(c.first->port[1], 1080);
	ck_assert(span_eq(span_of(c.first->data[0].p, c.first->data[0].n), span_str("abcde")));
	ck_assert(span_eq(span_of(c.first->data[1].p, c.first->data[1].n), span_str("xyz")));
	ck_assert(c.first->fin[1] && c.first->rst[0] && !c.first->fin[0] && !c.first->rst[1]);
	ck_assert_uint_eq(c.gaps, 0);
	feed(&c, 0, 300, SYN, ""); /* the port is used again */
	feed(&c, 0, 301, ACK, "new");
	ck_assert_uint_eq(c.first->nextflow->data[0].n, 3);
	feed(&c, 0, 399, ACK, "lost one before");
	ck_assert_uint_eq(c.gaps, 1);
	ck_assert_uint_eq(c.first->nextflow->data[0].n, 3);
	px_capture_free(&c);
}
END_TEST

START_TEST(broken_packets)
{
	uint8_t b[200];
	size_t n = ip4(b, 0, 1, ACK, "abc");

	for (size_t cut = 0; cut < n; cut++) {
		struct px_capture c;
		uint8_t *p = malloc(cut + 1);

		begin(&c);
		memcpy(p, b, cut);
		px_capture_ip(&c, span_of(p, cut), span_of(NULL, 0));
		px_capture_free(&c);
		free(p);
	}
}
END_TEST

/* One packet in each container and behind each link layer, in both byte orders. */
START_TEST(containers)
{
	static const struct {
		unsigned type, skip;
	} links[] = {{101, 0}, {1, 14}, {113, 16}, {276, 20}, {0, 4}};

	for (size_t i = 0; i < COUNT(links); i++)
		for (int big = 0; big < 2; big++) {
			uint8_t file[400] = {0}, *p = file;
			struct px_capture c;
			const char *why;
			size_t n = ip4(file + 40 + links[i].skip, 0, 1, ACK, "abc") + links[i].skip;

			memcpy(p, big ? "\xa1\xb2\xc3\xd4" : "\xd4\xc3\xb2\xa1", 4);
			p[big ? 22 : 21] = (uint8_t)(links[i].type >> 8);
			p[big ? 23 : 20] = (uint8_t)links[i].type;
			p[big ? 35 : 32] = (uint8_t)n;
			p[big ? 39 : 36] = (uint8_t)n;
			ck_assert(px_capture_read(&c, span_of(file, 40 + n), &why));
			ck_assert_uint_eq(c.packets, 1);
			ck_assert_uint_eq(c.first->data[0].n, 3);
			px_capture_free(&c);
			ck_assert(!px_capture_read(&c, span_of(file, 39 + n), &why));
			px_capture_free(&c);
		}
}
END_TEST

START_TEST(no_capture)
{
	struct px_capture c;
	const char *why = "";

	ck_assert(!px_capture_read(&c, span_str("this is some text that is long enough"), &why));
	ck_assert_str_eq(why, "this is neither pcap nor pcapng");
	px_capture_free(&c);
}
END_TEST

#define TRACE \
	"case: a/b\ntests: both\nneeds: socks5\ngiven: host=127.0.0.1 port=7007\n\n" \
	"C> 050100\nP> VER:u8=5 METHOD:u8={0,2}~0\nwhen $METHOD == 0 {\nC> 05 01 00 " \
	"D:addr5=ip4:$host:$port\n}\nT: accept\n" \
	"P> 05 R:u8=0 00 B:addr5=*~ip4:192.0.2.1:9\nC>> \"ping\"\nT>> \"pong\"\nC: exit 0\nP: close\n"

/* A trace, written as a capture and read back, follows itself; one octet changed, it does not. */
START_TEST(there_and_back)
{
	struct px_arena *a = px_arena_new();
	struct px_errors errs;
	struct px_case *c;
	const char *path = unit_file("t.pcapng", "", 0, 0600), *why = "";
	struct px_pcapng *f = px_pcapng_open(path);
	struct px_self self = {.errs = &errs};
	struct px_capture cap;
	struct px_result r;
	size_t n, left;
	char *file;

	px_errors_init(&errs, a);
	c = px_parse(a, "f.pxt", span_str(TRACE), &errs);
	ck_assert_ptr_nonnull(c);
	px_pcapng_case(f, c, &self);
	px_self_play(&self, c);
	px_pcapng_case_end(f);
	ck_assert(px_pcapng_close(f));
	ck_assert_uint_eq(errs.n, 0);
	file = px_slurp(path, &n);
	ck_assert(px_capture_read(&cap, span_of(file, n), &why));
	ck_assert_ptr_nonnull(strstr(cap.first->comment, "a/b line 6"));
	ck_assert_uint_eq(cap.first->data[0].n, 3 + 10 + 4);
	ck_assert_mem_eq(cap.first->data[0].p, "\5\1\0\5\1\0\1\x7f\0\0\1\x1b\x5fping", 17);
	ck_assert_uint_eq(cap.first->nextflow->data[0].n, 4); /* proxy to target: the payload */
	px_wire_match(c, cap.first, NULL, &r, &left);
	ck_assert_int_eq(r.outcome, PX_O_PASS);
	ck_assert_uint_eq(left, 0);
	ck_assert_str_eq(r.closed, "fin");
	px_result_free(&r);
	for (size_t i = 0; i < cap.first->data[1].n; i++) {
		bool free_to_be = i >= 6 && i < 12; /* BND is not judged */

		cap.first->data[1].p[i] ^= 0x40;
		px_wire_match(c, cap.first, NULL, &r, &left);
		ck_assert_int_eq(r.outcome, free_to_be ? PX_O_PASS : PX_O_FAIL);
		px_result_free(&r);
		cap.first->data[1].p[i] ^= 0x40;
	}
	px_capture_free(&cap);
	free(file);
	px_arena_free(a);
}
END_TEST

#define REFUSAL "case: a/c\ntests: both\nneeds: http\n\nC> \"Q\"\n"
#define HEAD "P> http \"HTTP/1.1 502 No\"\n  *\n"
#define LINE "P> oneof\n | \"HTTP/1.1 407 Y\\r\\n\" -> pass\n | L:line=* -> pass\n"
#define PAYLOAD REFUSAL "P> \"A\"\nC>> \"ping\"\nT>> \"pong\"\n"

/* Octets behind the last line of the trace. */
static const struct {
	const char *trace, *client, *proxy;
	bool fin;
	size_t left;
} more[] = {
	{REFUSAL HEAD, "Q", "HTTP/1.1 502 No\r\n\r\n", true, 0},
	{REFUSAL HEAD, "Q", "HTTP/1.1 502 No\r\nContent-Length: 4\r\n\r\nbody", false, 0},
	{REFUSAL HEAD, "Q", "HTTP/1.1 502 No\r\nContent-Length: 4\r\n\r\nbo", false, 0},
	{REFUSAL HEAD, "Q", "HTTP/1.1 502 No\r\nContent-Length: 4\r\n\r\nbodyX", false, 1},
	{REFUSAL HEAD, "Q", "HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
		false, 0},
	{REFUSAL HEAD, "Q", "HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/", false, 5},
	{REFUSAL HEAD, "Q", "HTTP/1.1 502 No\r\n\r\nto the end", true, 0},
	{REFUSAL HEAD, "QQ", "HTTP/1.1 502 No\r\n\r\n", true, 1},
	{REFUSAL LINE, "Q", "HTTP/1.1 407 Y\r\nContent-Length: 1\r\n\r\nb", true, 0},
	{REFUSAL LINE, "Q", "HTTP/1.1 407 Y\r\nContent-Length: 1\r\n\r\nbHTTP/1.1 200 Y\r\n\r\n", true, 18},
	{REFUSAL LINE, "Q", "SSH-2.0-x\r\nmore", true, 4},
	{REFUSAL LINE, "Q", "HTTP/1.1 200 Y\r\nContent-Length: 1\r\n\r\nb", true, 1},
	{REFUSAL "P> \"A\"\n", "Q", "AB", true, 1},
	{PAYLOAD, "Qping", "Apong", true, 0},
	{PAYLOAD, "Qpingping", "Apong and so on", true, 0},
};

START_TEST(more_than_the_trace)
{
	struct px_arena *a = px_arena_new();
	struct px_errors errs;
	struct px_capture cap;
	struct px_result r;
	struct px_case *c;
	size_t left;

	px_errors_init(&errs, a);
	c = px_parse(a, "f.pxt", span_str(more[_i].trace), &errs);
	ck_assert_msg(c != NULL, "%s", errs.n ? errs.first->text : "");
	begin(&cap);
	feed(&cap, 0, 1, SYN, "");
	feed(&cap, 1, 1, SYN | ACK, "");
	feed(&cap, 0, 2, ACK, more[_i].client);
	feed(&cap, 1, 2, more[_i].fin ? FIN | ACK : ACK, more[_i].proxy);
	px_wire_match(c, cap.first, NULL, &r, &left);
	ck_assert_str_eq(r.n ? r.v[0].what : "", "");
	ck_assert_int_eq(r.outcome, PX_O_PASS);
	ck_assert_uint_eq(left, more[_i].left);
	px_result_free(&r);
	px_capture_free(&cap);
	px_arena_free(a);
}
END_TEST

static void
fill(TCase *tc)
{
	tcase_add_test(tc, segments);
	tcase_add_test(tc, broken_packets);
	tcase_add_test(tc, containers);
	tcase_add_test(tc, no_capture);
	tcase_add_test(tc, there_and_back);
	LOOP(tc, more_than_the_trace, more);
}

int
main(void)
{
	return unit_run("proxyspec captures", fill);
}
