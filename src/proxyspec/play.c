/* SPDX-License-Identifier: ISC
 * play.c - see play.h: which leg an actor speaks on, and the order of the steps. */
#include "play.h"
#include "self.h"

#include <unistd.h>

static void
leg_init(struct px_leg *l, const char *name)
{
	*l = (struct px_leg){.name = name, .rfd = -1, .wfd = -1};
}

void
px_play_init(struct px_play *p, const struct px_case *c, struct px_how how, struct px_result *res)
{
	memset(p, 0, sizeof *p);
	p->c = c;
	p->how = how;
	p->res = res;
	leg_init(&p->cp, "client - proxy");
	leg_init(&p->pt, "proxy - target");
	leg_init(&p->sin, "stdin");
	leg_init(&p->sout, "stdout");
	leg_init(&p->serr, "stderr");
	p->listen[0] = p->listen[1] = p->pidfd = -1;
}

void
px_leg_close(struct px_leg *l, bool reset)
{
	if (reset && l->wfd >= 0)
		net_reset(l->wfd);
	else if (l->wfd >= 0)
		close(l->wfd);
	if (l->rfd >= 0 && l->rfd != l->wfd)
		close(l->rfd);
	l->rfd = l->wfd = -1;
}

static void
leg_free(struct px_leg *l)
{
	px_leg_close(l, false);
	px_buf_free(&l->in);
	px_buf_free(&l->out);
	px_buf_free(&l->pend);
	px_buf_free(&l->seen);
	px_buf_free(&l->said);
}

void
px_play_free(struct px_play *p)
{
	struct px_leg *legs[] = {&p->cp, &p->pt, &p->sin, &p->sout, &p->serr};

	for (unsigned i = 0; i < 5; i++)
		leg_free(legs[i]);
	for (unsigned i = 0; i < 2; i++)
		if (p->listen[i] >= 0)
			close(p->listen[i]);
	if (p->pidfd >= 0)
		close(p->pidfd);
	px_env_free(&p->env);
}

int
px_ms(const struct px_play *p, int ms)
{
	double v = ms * p->how.scale;

	return v > 86400000 ? 86400000 : (int)v;
}

int64_t
px_until(const struct px_play *p, int ms)
{
	return net_now() + px_ms(p, ms);
}

struct px_leg *
px_out_leg(struct px_play *p, enum px_actor a, bool payload)
{
	if (p->how.cast == PX_CAST_SERVER)
		return a == PX_C ? &p->cp : a == PX_T ? &p->pt : NULL;
	if (payload)
		return a == PX_C ? &p->sin : &p->cp;
	return a == PX_P ? &p->cp : NULL;
}

struct px_leg *
px_in_leg(struct px_play *p, enum px_actor a, bool payload)
{
	if (p->how.cast == PX_CAST_SERVER) {
		if (payload)
			return a == PX_C ? &p->pt : &p->cp;
		return a == PX_P ? &p->cp : a == PX_T ? &p->pt : NULL;
	}
	if (payload)
		return a == PX_C ? &p->cp : &p->sout;
	return a == PX_C || a == PX_T ? &p->cp : NULL;
}

bool
px_is_ours(const struct px_play *p, enum px_actor a)
{
	return a != (p->how.cast == PX_CAST_SERVER ? PX_P : PX_C);
}

static void play_list(struct px_play *, const struct px_step *);

/* A list of steps, behind which the one around it goes on. */
static void
inside(struct px_play *p, const struct px_step *list, const struct px_step *after)
{
	struct px_frame f = {after, p->in};

	p->in = &f;
	play_list(p, list);
	p->in = f.around;
}

static void
one_step(struct px_play *p, const struct px_step *s)
{
	struct px_leg *l;

	switch (s->kind) {
	case PX_BYTES:
	case PX_HTTP:
		if (!px_is_ours(p, s->actor))
			px_expect_octets(p, s);
		else if ((l = px_out_leg(p, s->actor, false)) != NULL && !px_early(p, s))
			px_queue(p, l, s);
		break;
	case PX_ONEOF:
		if (px_is_ours(p, s->actor))
			px_act_oneof(p, s);
		else
			px_expect_oneof(p, s);
		break;
	case PX_EVENT:
		px_event(p, s);
		break;
	case PX_WHEN: /* no message ends here: what stands around and inside is one write */
		inside(p, px_when_true(&p->env, s) ? s->body : s->other, s->next);
		break;
	default:
		break;
	}
}

/* A request on a kept connection that the proxy closed meanwhile (RFC 9112 section 9.5): once more, on a new one. */
bool
px_again(struct px_play *p)
{
	struct px_leg *l = &p->cp;

	if (p->how.cast != PX_CAST_SERVER || p->retry == NULL || p->again || !l->eof ||
		l->total != p->retry_total)
		return false;
	p->again = px_dial(p);
	p->retry_total = (size_t)-1;
	return p->again;
}

static bool
in_list(const struct px_step *from, const struct px_step *to, const struct px_step *what)
{
	for (; from != to; from = from->next)
		if (from == what)
			return true;
	return false;
}

static bool
ends_a_write(const struct px_play *p, const struct px_step *s)
{
	if (s->kind == PX_BYTES || s->kind == PX_HTTP)
		return !px_is_ours(p, s->actor);
	return s->kind != PX_HEADING && s->kind != PX_PAYLOAD && s->kind != PX_WHEN;
}

static void
play_list(struct px_play *p, const struct px_step *first)
{
	const struct px_step *s = first;

	while (s != NULL && !p->stop) {
		if (ends_a_write(p, s))
			px_flush_all(p, s);
		if (p->stop)
			return;
		if (s->kind == PX_PAYLOAD) {
			s = px_payload(p, s);
			continue;
		}
		one_step(p, s);
		if (p->again) {
			p->again = false;
			if (in_list(first, s, p->retry)) {
				s = p->retry->next;
			} else {
				inside(p, p->retry->next, s);
			}
			continue;
		}
		s = s->next;
	}
}

void
px_play_steps(struct px_play *p, const struct px_step *first)
{
	play_list(p, first);
	if (!p->stop)
		px_flush_all(p, NULL);
}
