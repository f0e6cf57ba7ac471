/* SPDX-License-Identifier: ISC
 * nvt.c - see nvt.h.
 * The one thing to know: an answer is given only where a state changes or a wish is refused, so no loop can begin
 * (RFC 1143 2). */
#include "nvt.h"

void
nvt_put(struct obuf *out, unsigned verb, unsigned option)
{
	ob_u8(out, IAC);
	ob_u8(out, verb);
	ob_u8(out, option);
}

/* IAC SB option ... IAC SE; a doubled IAC inside is one octet (RFC 855).  Returns the length, 0 if it is not whole; one
 * without an end in the first SB_MAX octets is taken to end there. */
static size_t
subnegotiation(struct srv *s, struct span in)
{
	size_t n = in.n < SB_MAX ? in.n : SB_MAX;

	for (size_t i = 2; i + 1 < n; i++) {
		if (in.p[i] != IAC)
			continue;
		if (in.p[i + 1] == SE)
			return i + 2;
		if (in.p[i + 1] == IAC && srv_bug(s, BUG_TN_SB_IAC))
			return i + 2;
		i++;
	}
	return n == SB_MAX ? n : 0;
}

static struct nvt_unit
unit(struct span *in, enum nvt_kind kind, size_t n)
{
	struct nvt_unit u = {kind, 0, 0, span_of(in->p, n)};

	span_eat(in, n);
	return u;
}

static struct nvt_unit
command(struct srv *s, struct span *in, bool eof)
{
	struct nvt_unit u;
	size_t n;

	if (in->n < 2)
		return unit(in, eof ? NVT_OTHER : NVT_LACKS, eof ? in->n : 0);
	switch (in->p[1]) {
	case IAC: /* the data octet 255 */
		u = unit(in, NVT_OCTET, 2);
		u.value = IAC;
		return u;
	case WILL:
	case WONT:
	case DO:
	case DONT:
		if (in->n < 3)
			return unit(in, eof ? NVT_OTHER : NVT_LACKS, eof ? in->n : 0);
		u = unit(in, NVT_OPTION, 3);
		u.verb = u.octets.p[1];
		u.value = u.octets.p[2];
		return u;
	case SB:
		n = subnegotiation(s, *in);
		if (n == 0)
			return unit(in, eof ? NVT_OTHER : NVT_LACKS, eof ? in->n : 0);
		return unit(in, NVT_OTHER, n);
	default:
		return unit(in, NVT_OTHER, 2);
	}
}

struct nvt_unit
nvt_take(struct srv *s, struct span *in, bool eof)
{
	struct nvt_unit u;
	uint8_t c;

	if (in->n == 0)
		return unit(in, NVT_LACKS, 0);
	c = in->p[0];
	if (c == IAC && !srv_bug(s, BUG_TN_IAC_AS_TEXT))
		return command(s, in, eof);
	if (c == '\n')
		return unit(in, NVT_END, 1);
	if (c == '\r') { /* CR LF ends a line, CR NUL is a CR by itself: that ends it too (RFC 854) */
		if (in->n < 2 && !eof)
			return unit(in, NVT_LACKS, 0);
		if (in->n >= 2 && in->p[1] == '\0' && srv_bug(s, BUG_TN_NUL_KEPT))
			return unit(in, NVT_END, 1);
		return unit(in, NVT_END, in->n >= 2 && (in->p[1] == '\n' || in->p[1] == '\0') ? 2 : 1);
	}
	u = unit(in, NVT_OCTET, 1);
	u.value = c;
	return u;
}

/* The client's DO or DONT about an option that we have or offered. */
static void
ours(struct srv *s, const struct nvt_unit *u, enum tn_opt *state, bool offer, struct obuf *out)
{
	if (u->verb == DO) {
		if (*state == OPT_NO)
			nvt_put(out, offer ? WILL : WONT, u->value);
		else if (srv_bug(s, BUG_TN_ANNOUNCE))
			nvt_put(out, WILL, u->value);
		if (offer || *state != OPT_NO)
			*state = OPT_YES;
		return;
	}
	if (*state == OPT_YES)
		nvt_put(out, WONT, u->value);
	if (*state != OPT_NO && s->u.tn.loops < 8 && srv_bug(s, BUG_TN_ACK_LOOP)) {
		s->u.tn.loops++;
		nvt_put(out, WILL, u->value);
		return;
	}
	*state = OPT_NO;
}

void
nvt_option(struct srv *s, const struct nvt_unit *u, bool offer, struct obuf *out)
{
	if (u->verb == DO || u->verb == DONT) {
		if (u->value == OPTION_ECHO) {
			ours(s, u, &s->u.tn.echo, offer, out);
			return;
		}
		if (u->value == OPTION_SGA) {
			ours(s, u, &s->u.tn.sga, offer, out);
			return;
		}
	}
	if (u->verb == WONT || u->verb == DONT)
		return; /* nothing of it was ever on */
	if (srv_bug(s, BUG_TN_UNANSWERED))
		return;
	if (srv_bug(s, BUG_TN_UNKNOWN_AGREED))
		nvt_put(out, u->verb == DO ? WILL : DO, u->value);
	else
		nvt_put(out, u->verb == DO ? WONT : DONT, u->value);
}
