/* SPDX-License-Identifier: ISC
 * wire.c - see wire.h.
 * One thing to know: a capture has no stdin, no exit status and no silence; lines about these match anything. */
#include "wire.h"
#include "self.h"

#include <stdio.h>
#include <stdlib.h>

struct wire {
	const struct px_case *c;
	const struct px_flow *f;
	size_t at[2];	/* used octets of each side */
	size_t message; /* where the proxy's last message began */
	bool tunnel;	/* payload went through */
	struct px_env env;
	struct px_result *res;
	bool stop;
};

static unsigned
side(enum px_actor a)
{
	return a == PX_C ? 0 : 1;
}

static struct px_in
rest(const struct wire *w, unsigned s)
{
	const struct px_buf *b = &w->f->data[s];
	struct px_in in = {
		span_of(b->n == 0 ? (const uint8_t *)"" : b->p + w->at[s], b->n - w->at[s]), true, true};

	return in;
}

static void
find(struct wire *w, const struct px_step *s, unsigned line, enum px_level l, const char *field,
	const char *wanted, const char *got, const char *what)
{
	struct px_finding f = {.line = line,
		.what = (char *)(uintptr_t)what,
		.field = (char *)(uintptr_t)field,
		.wanted = (char *)(uintptr_t)wanted,
		.got = (char *)(uintptr_t)got};
	enum px_verdict v;

	f.level = l != PX_L_NONE ? l : s->level != PX_L_NONE ? s->level : w->c->level;
	v = px_level_verdict(f.level);
	f.outcome = v == PX_FAIL ? PX_O_FAIL : v == PX_LOOSE ? PX_O_LOOSE : PX_O_INFO;
	px_result_add(w->res, &f);
	w->stop = w->stop || v == PX_FAIL;
}

/* `rest` ends where the other side begins to speak. */
static void
one_turn(const struct wire *w, const struct px_item *items, unsigned k, struct px_in *in)
{
	bool has_rest = false;

	for (; items != NULL; items = items->next)
		has_rest = has_rest || (items->kind == PX_FIELD && items->type == PX_REST);
	for (unsigned i = 0; has_rest && i < w->f->nturns[k]; i++)
		if (w->f->turns[k][i] > w->at[k]) {
			in->s.n = w->f->turns[k][i] - w->at[k];
			return;
		}
}

static void
octets(struct wire *w, const struct px_step *s)
{
	struct px_diffs d = {.n = 0};
	unsigned k = side(s->actor);
	struct px_in in = rest(w, k);
	size_t used = 0;
	enum px_match m;

	one_turn(w, s->items, k, &in);
	if (k == 1)
		w->message = w->at[1];
	w->tunnel = w->tunnel || s->kind == PX_PAYLOAD;
	m = s->kind == PX_HTTP ? px_match_head(&w->env, s, in, &used, &d)
			       : px_match_items(&w->env, s->items, in, &used, &d);

	for (unsigned i = 0; i < d.n; i++)
		find(w, s, d.v[i].line, d.v[i].level, d.v[i].name, d.v[i].wanted, d.v[i].got,
			"the octets do not match");
	if (m == PX_M_MORE)
		find(w, s, s->line, PX_L_NONE, "", "a whole line", "fewer octets", "the capture ends before");
	if (m != PX_M_OK)
		w->stop = true;
	w->at[k] += m == PX_M_OK ? used : 0;
	px_diffs_free(&d);
}

static void
oneof(struct wire *w, const struct px_step *s)
{
	unsigned k = side(s->actor);
	struct px_close c = {w->f->fin[k], w->f->rst[k], true};
	size_t used;

	for (const struct px_alt *a = s->alts; a != NULL; a = a->next) {
		struct px_diffs d = {.n = 0};
		struct px_in in = rest(w, k);
		size_t mark = px_env_mark(&w->env);
		enum px_alt_state st;

		one_turn(w, a->items, k, &in);
		st = px_match_alt(&w->env, a, in, c, &used, &d);
		px_diffs_free(&d);
		if (st == PX_A_YES) {
			if (k == 1)
				w->message = w->at[1];
			w->at[k] += used;
			if (a->verdict != PX_PASS)
				find(w, s, a->line,
					a->verdict == PX_FAIL	 ? PX_MUST
					: a->verdict == PX_LOOSE ? PX_ROBUST
								 : PX_INFO,
					"", "", "", a->why != NULL ? a->why : "a discouraged alternative");
			return;
		}
		px_env_back(&w->env, mark);
	}
	find(w, s, s->line, PX_L_NONE, "", "one of the alternatives", "",
		"none of the alternatives is there");
	w->stop = true;
}

static void
skip(struct wire *w, const struct px_step *s, unsigned k)
{
	struct px_buf b = {NULL, 0, 0};
	const char *missing;
	struct span in = rest(w, k).s;
	bool ok = px_expand(&w->env, &s->arg, &b, &missing);
	size_t i;

	for (i = 0; ok && i + b.n <= in.n; i++)
		if (memcmp(in.p + i, b.p, b.n) == 0)
			break;
	if (!ok || i + b.n > in.n || memcmp(in.p + i, b.p, b.n) != 0) {
		find(w, s, s->line, PX_L_NONE, "", "the octets named", "others", "the octets are not there");
		w->stop = true;
	} else {
		w->at[k] += i + b.n;
	}
	px_buf_free(&b);
}

static void
ending(struct wire *w, const struct px_step *s, unsigned k)
{
	bool fin = w->f->fin[k], rst = w->f->rst[k];

	if (s->event == PX_E_FIN ? fin && !rst : s->event == PX_E_RST ? rst : fin || rst)
		return;
	find(w, s, s->line, PX_L_NONE, "", px_event_name(s->event),
		rst   ? "RST"
		: fin ? "FIN"
		      : "neither FIN nor RST",
		"the stream does not end so");
}

/* The next connection to the same port from the same host, when this one holds no further request. */
static void
retry(struct wire *w)
{
	const struct px_flow *n = w->f->nextflow;

	if (w->at[0] < w->f->data[0].n)
		return;
	for (; n != NULL; n = n->nextflow)
		if (n->port[1] == w->f->port[1] && memcmp(n->ip[0], w->f->ip[0], 16) == 0 &&
			memcmp(n->ip[1], w->f->ip[1], 16) == 0)
			break;
	if (n == NULL)
		return;
	w->f = n;
	w->at[0] = w->at[1] = w->message = 0;
}

static void
event(struct wire *w, const struct px_step *s)
{
	switch (s->event) {
	case PX_E_CLOSE:
	case PX_E_FIN:
	case PX_E_RST:
		if (s->actor != PX_T)
			ending(w, s, side(s->actor));
		break;
	case PX_E_RETRY:
		retry(w);
		break;
	case PX_E_SKIP:
		skip(w, s, side(s->actor));
		break;
	default:
		break;
	}
}

static void
steps(struct wire *w, const struct px_step *s)
{
	for (; s != NULL && !w->stop; s = s->next) {
		switch (s->kind) {
		case PX_BYTES:
		case PX_HTTP:
		case PX_PAYLOAD:
			octets(w, s);
			break;
		case PX_ONEOF:
			oneof(w, s);
			break;
		case PX_EVENT:
			event(w, s);
			break;
		case PX_WHEN:
			steps(w, px_when_true(&w->env, s) ? s->body : s->other);
			break;
		default:
			break;
		}
	}
}

/* How many octets behind the last line of the trace belong to the proxy's last message: the rest of an HTTP response,
 * up to the end of its body (RFC 9112 section 6.3).  A body that the capture does not have whole ends with it. */
static size_t
rest_of_response(struct wire *w)
{
	struct px_in in = rest(w, 1);
	size_t head = 0, body = 0, have = w->f->data[1].n - w->message;
	struct px_buf value = {NULL, 0, 0};
	enum px_got got;

	if (have < 5 || memcmp(w->f->data[1].p + w->message, "HTTP/", 5) != 0)
		return 0;
	in.s = span_of(w->f->data[1].p + w->message, have);
	if (!px_head_vars(&w->env, in.s, &head))
		return 0;
	span_eat(&in.s, head);
	in.eof = w->f->fin[1] || w->f->rst[1];
	got = px_body(&w->env, in, &body, &value);
	px_buf_free(&value);
	if (got == PX_GOT_BAD)
		return 0;
	body = got == PX_GOT_MORE ? in.s.n : body;
	return w->message + head + body > w->at[1] ? w->message + head + body - w->at[1] : 0;
}

/* Octets of both sides that neither the trace nor its protocol accounts for.  A tunnel's payload is the user's. */
static size_t
surplus(struct wire *w)
{
	size_t n;

	if (w->tunnel && !w->stop)
		return 0;
	n = rest_of_response(w);
	return rest(w, 0).s.n + rest(w, 1).s.n - n;
}

void
px_wire_match(const struct px_case *c, const struct px_flow *f, const struct px_env *given,
	struct px_result *res, size_t *left)
{
	struct wire w = {.c = c, .f = f, .res = res};

	memset(res, 0, sizeof *res);
	px_case_env(&w.env, c);
	for (size_t i = 0; given != NULL && i < given->n; i++)
		px_env_set(&w.env, given->v[i].name, span_of(given->v[i].p, given->v[i].n));
	px_set_derived(&w.env);
	steps(&w, c->steps);
	*left = surplus(&w);
	res->closed = w.f->rst[1] ? "rst" : w.f->fin[1] ? "fin" : "none";
	px_env_free(&w.env);
}
