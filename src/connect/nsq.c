/* SPDX-License-Identifier: ISC
 * nsq.c - asks one given name server for a name's addresses (RFC 1035; the C library builds the question and walks the
 * answer's names).
 * One thing to know: the system's resolver is not touched, so its files, caches and other servers see nothing. */
#include "resolve.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

#define TRIES 3
#define TRY_MS 3000
#define MORE_MS 300
#define ANSWER_MAX 4096

static unsigned
u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Send the question over TCP: two octets of length before each message, RFC 1035 section 4.2.2. */
static ssize_t
ask_tcp(const struct net_addr *ns, const uint8_t *q, size_t n, uint8_t *ans, int64_t deadline)
{
	uint8_t msg[600];
	int fd = net_dial(ns, deadline);
	size_t have = 0, need = 2;
	ssize_t r = -1;

	if (fd < 0)
		return -1;
	msg[0] = (uint8_t)(n >> 8);
	msg[1] = (uint8_t)(n & 0xff);
	memcpy(msg + 2, q, n);
	if (net_send(fd, msg, n + 2) == (ssize_t)n + 2) {
		while (have < need && net_wait(fd, POLLIN, deadline) > 0) {
			r = net_recv(fd, ans + have, need - have);
			if (r <= 0)
				break;
			have += (size_t)r;
			if (have == 2 && need == 2)
				need = 2 + (u16(ans) < ANSWER_MAX - 2 ? u16(ans) : ANSWER_MAX - 2);
		}
	}
	close(fd);
	if (have < need || need == 2)
		return -1;
	memmove(ans, ans + 2, need - 2);
	return (ssize_t)(need - 2);
}

/* Is this an answer to our question?  Same id, a response, the question repeated. */
static bool
answers(const uint8_t *q, size_t qn, const uint8_t *a, ssize_t n)
{
	return n >= (ssize_t)qn && u16(q) == u16(a) && (a[2] & 0x80) != 0 &&
	       memcmp(q + 12, a + 12, qn - 12) == 0;
}

static ssize_t
ask_udp(const struct net_addr *ns, const uint8_t *q, size_t n, uint8_t *ans, int64_t deadline)
{
	int fd = socket(ns->ss.ss_family, SOCK_DGRAM, 0);
	ssize_t r = -1;

	if (fd < 0)
		return -1;
	net_cloexec(fd);
	net_nonblock(fd, true);
	if (connect(fd, (const struct sockaddr *)&ns->ss, ns->len) < 0 || net_send(fd, q, n) < 0) {
		close(fd);
		return -1;
	}
	while (net_wait(fd, POLLIN, deadline) > 0) {
		r = net_recv(fd, ans, ANSWER_MAX);
		if (r < 0 && errno != EAGAIN)
			break;
		if (answers(q, n, ans, r))
			break;
		r = -1;
	}
	close(fd);
	return r;
}

static void
add(struct addrs *out, int type, const uint8_t *data, size_t len, uint16_t port)
{
	if (out->n < ADDRS_MAX && len == (type == ns_t_a ? 4 : 16))
		addr_set(&out->a[out->n++], type == ns_t_a ? 4 : 6, data, port);
}

/* The answer section: name, type, class, ttl, length, data.  Aliases are followed by the server, not here. */
void
nsq_collect(const uint8_t *m, size_t n, int type, uint16_t port, struct addrs *out)
{
	const uint8_t *p = m + 12, *end = m + n;
	unsigned questions = u16(m + 4), count = u16(m + 6);

	for (unsigned i = 0; i < questions + count; i++) {
		int skip = dn_skipname(p, end);
		bool question = i < questions;

		if (skip < 0 || end - p < skip + (question ? 4 : 10))
			return;
		p += skip;
		if (!question) {
			size_t len = u16(p + 8);

			if ((size_t)(end - p) < 10 + len)
				return;
			if ((int)u16(p) == type && u16(p + 2) == ns_c_in)
				add(out, type, p + 10, len, port);
			p += 10 + len;
		} else {
			p += 4;
		}
	}
}

static const char *
ask(const struct net_addr *ns, const char *host, int type, uint16_t port, int64_t deadline, struct addrs *out)
{
	uint8_t q[512], ans[ANSWER_MAX];
	int n = res_mkquery(ns_o_query, host, ns_c_in, type, NULL, 0, NULL, q, sizeof q);
	ssize_t got = -1;

	if (n < 12)
		return "this cannot be asked of a name server";
	/* With an address in hand, the other family is worth a short look only. */
	for (int i = 0; i < (out->n > 0 ? 1 : TRIES) && got < 0; i++) {
		int64_t until = net_now() + (out->n > 0 ? MORE_MS : TRY_MS);

		if (deadline != 0 && deadline < until)
			until = deadline;
		got = ask_udp(ns, q, (size_t)n, ans, until);
		if (deadline != 0 && net_left(deadline) == 0)
			break;
	}
	if (got >= 12 && (ans[2] & 0x02)) { /* TC: it did not fit */
		got = ask_tcp(ns, q, (size_t)n, ans, deadline != 0 ? deadline : net_now() + TRY_MS);
		if (!answers(q, (size_t)n, ans, got))
			got = -1;
	}
	if (got < 12)
		return deadline != 0 && net_left(deadline) == 0 ? "timed out"
								: "the name server does not answer";
	if ((ans[3] & 15) == 3)
		return "the name server says that there is no such name";
	if ((ans[3] & 15) != 0)
		return "the name server refuses or fails";
	nsq_collect(ans, (size_t)got, type, port, out);
	return NULL;
}

const char *
nsq_lookup(const struct net_addr *ns, const char *host, uint16_t port, int64_t deadline, struct addrs *out)
{
	const char *why6, *why4;

	why4 = ask(ns, host, ns_t_a, port, deadline, out);
	if (why4 != NULL)
		return why4;
	why6 = ask(ns, host, ns_t_aaaa, port, deadline, out);
	if (out->n > 0)
		return NULL;
	return why6 != NULL ? why6 : "the name has no address";
}
