/* SPDX-License-Identifier: ISC
 * trace.c - the negotiation of a connection as an annotated .pxt file; docs/fakeproxy.1, THE TRACE.
 * The one thing to know: a file is opened for each addition and closed again, so ten thousand traces hold no
 * descriptor; what the roles say comes in as text (note.c), secrets masked there. */
#include "hex.h"
#include "record.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PASS_KEEP 4096 /* octets of each direction of `pass`, with --show-secrets */

struct trace {
	char *path;
	bool tunnel, titled; /* it is open; its heading was written */
	size_t wire_at;	     /* pieces of the tap written so far */
	size_t kept[2];
	uint8_t text[8192]; /* what was said before the target was known: the head names it */
	size_t text_n;
	bool headed;
};

static void
cannot_write(struct conn *c, const char *why)
{
	if (!c->fp->failed)
		fp_complain("cannot write the trace %s: %s", c->trace->path, why);
	c->fp->failed = true;
}

static void
append(struct conn *c, const void *p, size_t n)
{
	int fd = open(c->trace->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	const char *at = p;

	while (fd >= 0 && n != 0) {
		ssize_t r = write(fd, at, n);

		if (r < 0 && errno != EINTR)
			break;
		if (r > 0) {
			at += r;
			n -= (size_t)r;
		}
	}
	if (fd < 0 || n != 0)
		cannot_write(c, strerror(errno));
	if (fd >= 0)
		close(fd);
}

struct trace *
trace_new(struct conn *c)
{
	const char *dir = c->fp->cf->trace_dir, *role = fp_role_name((enum fp_role)c->role);
	size_t n = strlen(dir) + 40;
	struct trace *t = calloc(1, sizeof *t);

	if (t == NULL || (t->path = malloc(n)) == NULL) {
		fp_complain("cannot write the trace %s/%05ld-%s.pxt: out of memory", dir, c->id, role);
		free(t);
		return NULL;
	}
	snprintf(t->path, n, "%s/%05ld-%s.pxt", dir, c->id, role);
	unlink(t->path); /* of an earlier run */
	c->trace = t;
	return t;
}

/* The head, and what was said before it could be written. */
static void
put_head(struct conn *c)
{
	const char *role = fp_role_name((enum fp_role)c->role),
		   *host = c->srv != NULL ? c->srv->dst.host : "";
	struct trace *t = c->trace;
	char head[1024], client[NET_ADDRSTR];
	uint8_t given[FP_NAME * 4 + 40];
	struct obuf o = ob_over(given, sizeof given);

	if (t->headed)
		return;
	t->headed = true;
	snprintf(head, sizeof head,
		"case:  recorded/%s/%05ld\n"
		"title: recorded by fakeproxy, role %s, client %s\n"
		"tests: both\n"
		"needs: %s\n",
		role, c->id, role, net_str(&c->peer, client), role);
	append(c, head, strlen(head));
	if (*host != '\0') {
		ob_str(&o, "given: host=");
		hex_text(&o, span_str(host), 0);
		snprintf(head, sizeof head, " port=%u\n", c->srv->dst.port);
		ob_str(&o, head);
		append(c, given, o.n);
	}
	append(c, "\n", 1);
	append(c, t->text, t->text_n);
}

/* Not yet: the head is not known. */
static bool
keep_text(struct trace *t, const uint8_t *p, size_t n)
{
	if (n > sizeof t->text - t->text_n)
		return false;
	memcpy(t->text + t->text_n, p, n);
	t->text_n += n;
	return true;
}

void
trace_text(struct conn *c, const uint8_t *p, size_t n)
{
	if (c->trace == NULL || n == 0)
		return;
	if (!c->trace->headed && (c->srv == NULL || c->srv->dst.host[0] == '\0') && keep_text(c->trace, p, n))
		return;
	put_head(c);
	append(c, p, n);
}

void
trace_tunnel(struct conn *c)
{
	if (c->trace == NULL)
		return;
	c->trace->tunnel = true;
	put_head(c);
}

/* When there is something below it; what the tap sends late belongs above. */
static void
put_title(struct conn *c)
{
	static const char title[] = "--- tunnel\n";

	if (c->trace->tunnel && !c->trace->titled)
		append(c, title, sizeof title - 1);
	c->trace->titled = true;
}

/* A piece of payload: >> lines, for `pass` > lines. */
void
trace_payload(struct conn *c, enum trace_side side, const uint8_t *p, size_t n)
{
	static const char *const actor[2][2] = {{"C>>", "T>>"}, {"C>", "P>"}};
	bool pass = c->role == ROLE_PASS, show = !pass || c->fp->cf->show_secrets;
	size_t keep = pass ? PASS_KEEP : c->fp->cf->trace_payload, room;
	uint8_t *text;
	struct obuf o;
	char number[64];

	if (c->trace == NULL || c->trace->kept[side] >= keep)
		return;
	room = keep - c->trace->kept[side];
	if (n > room)
		n = room;
	c->trace->kept[side] += n;
	text = malloc(n * 4 + 64);
	if (text == NULL) {
		cannot_write(c, "out of memory");
		return;
	}
	o = ob_over(text, n * 4 + 64);
	put_title(c);
	if (show) {
		ob_str(&o, actor[pass][side]);
		ob_str(&o, " ");
		if (pass)
			hex_spaced(&o, span_of(p, n));
		else
			ob_u8(&o, '"'), hex_text(&o, span_of(p, n), '"'), ob_u8(&o, '"');
		ob_u8(&o, '\n');
	} else {
		snprintf(number, sizeof number, "; %s %zu octets, not shown\n", actor[pass][side], n);
		ob_str(&o, number);
	}
	append(c, text, o.n);
	free(text);
}

/* What the tap made of the messages so far. */
void
trace_wire(struct conn *c)
{
	uint8_t line[2200];
	struct obuf o = ob_over(line, sizeof line);
	struct tap *t = c->tap;
	size_t at;

	if (c->trace == NULL || t == NULL || t->wire_n <= c->trace->wire_at || c->role == ROLE_PASS)
		return;
	at = c->trace->wire_at != 0 ? c->trace->wire_at + 3 : 0; /* " | " */
	ob_str(&o, "; on the wire: ");
	ob_put(&o, t->wire + at, t->wire_n - at);
	ob_u8(&o, '\n');
	trace_text(c, line, o.n);
	c->trace->wire_at = t->wire_n;
}

void
trace_close(struct conn *c)
{
	char line[160];

	if (c->trace == NULL)
		return;
	trace_wire(c);
	put_head(c);
	put_title(c);
	if (c->trace->tunnel) {
		snprintf(line, sizeof line, "; C>> %" PRIu64 " octets, T>> %" PRIu64 " octets\n", c->up.count,
			c->down.count);
		append(c, line, strlen(line));
	}
	snprintf(line, sizeof line, "; closed: %s after %" PRId64 " ms\n", c->how, c->fp->now - c->since);
	append(c, line, strlen(line));
	free(c->trace->path);
	free(c->trace);
	c->trace = NULL;
}
