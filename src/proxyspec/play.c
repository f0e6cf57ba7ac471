/* SPDX-License-Identifier: ISC
 * play.c - see play.h: connections, the clock, the order of the steps. */
#include "play.h"
#include "self.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_MAX 512u /* octets kept of each direction for reports */

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

static void
keep(struct px_buf *b, const void *p, size_t n)
{
	if (b->n < LOG_MAX)
		px_put(b, p, n < LOG_MAX - b->n ? n : LOG_MAX - b->n);
}

static void
leg_read(struct px_leg *l)
{
	uint8_t room[65536];
	ssize_t n = l->rfd == l->wfd ? net_recv(l->rfd, room, sizeof room) : read(l->rfd, room, sizeof room);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 && errno == ECONNRESET)
		l->rst = true;
	if (n <= 0) {
		l->eof = true;
		l->last = net_now();
		return;
	}
	if (l->at > 1u << 20) { /* a long stream: what was used need not be kept */
		memmove(l->in.p, l->in.p + l->at, l->in.n - l->at);
		l->in.n -= l->at;
		l->at = 0;
	}
	px_put(&l->in, room, (size_t)n);
	keep(&l->seen, room, (size_t)n);
	l->total += (size_t)n;
	l->last = net_now();
}

static void
leg_write(struct px_leg *l)
{
	size_t left = l->out.n - l->sent;
	ssize_t n;

	n = l->rfd == l->wfd ? net_send(l->wfd, l->out.p + l->sent, left)
			     : write(l->wfd, l->out.p + l->sent, left);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		if (errno == ECONNRESET)
			l->rst = l->eof = true;
		l->unsent = true;
		l->out.n = l->sent = 0;
		return;
	}
	keep(&l->said, l->out.p + l->sent, (size_t)n);
	l->said_total += (size_t)n;
	l->sent += (size_t)n;
	if (l->sent == l->out.n)
		l->out.n = l->sent = 0;
}

static void
take(struct px_play *p, int lfd)
{
	struct px_leg *l = p->how.cast == PX_CAST_SERVER ? &p->pt : &p->cp;
	int fd = accept(lfd, NULL, NULL);

	if (fd < 0)
		return;
	net_nonblock(fd, true);
	net_cloexec(fd);
	net_tune(fd);
	if (px_leg_there(l))
		px_leg_close(l, false);
	l->rfd = l->wfd = fd;
	l->eof = l->rst = l->unsent = false;
	l->at = l->in.n = 0;
	l->last = net_now();
	p->redial = false;
}

/* A new connection is taken when there is none, or when the script said that there may be another. */
static bool
taking(const struct px_play *p)
{
	if (p->how.cast == PX_CAST_SERVER)
		return !p->refuse && !px_leg_there(&p->pt) && !p->pt.eof;
	return !px_leg_there(&p->cp) || (p->redial && p->cp.in.n == p->cp.at);
}

void
px_pump(struct px_play *p, int64_t deadline)
{
	struct px_leg *legs[] = {&p->cp, &p->pt, &p->sin, &p->sout, &p->serr};
	struct pollfd f[10];
	struct px_leg *of[10];
	int kind[10]; /* 0 read, 1 write, 2 listener, 3 program */
	nfds_t n = 0;

	for (unsigned i = 0; i < 5; i++) {
		struct px_leg *l = legs[i];

		if (l->rfd >= 0 && !l->eof && !l->hold) {
			f[n] = (struct pollfd){l->rfd, POLLIN, 0};
			of[n] = l;
			kind[n++] = 0;
		}
		if (l->wfd >= 0 && l->out.n > l->sent) {
			f[n] = (struct pollfd){l->wfd, POLLOUT, 0};
			of[n] = l;
			kind[n++] = 1;
		}
	}
	for (unsigned i = 0; i < 2 && taking(p); i++)
		if (p->listen[i] >= 0) {
			f[n] = (struct pollfd){p->listen[i], POLLIN, 0};
			of[n] = NULL;
			kind[n++] = 2;
		}
	if (p->pidfd >= 0 && !p->exited && n < 10) {
		f[n] = (struct pollfd){p->pidfd, POLLIN, 0};
		of[n] = NULL;
		kind[n++] = 3;
	}
	if (poll(f, n, net_left(deadline)) < 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		if (f[i].revents == 0)
			continue;
		if (kind[i] == 0 && of[i]->rfd >= 0)
			leg_read(of[i]);
		else if (kind[i] == 1 && of[i]->out.n > of[i]->sent)
			leg_write(of[i]);
		else if (kind[i] == 2 && taking(p))
			take(p, f[i].fd);
		else if (kind[i] == 3 && waitpid(p->pid, &p->status, WNOHANG) == p->pid)
			p->exited = true;
	}
}

bool
px_dial(struct px_play *p)
{
	struct px_leg *l = &p->cp;
	char text[NET_ADDRSTR];
	int fd;

	px_leg_close(l, false);
	fd = net_dial(&p->proxy, px_until(p, 10000));
	if (fd < 0) {
		px_trouble(p, PX_O_ERROR, 0, "cannot connect to the proxy at %s: %s",
			net_str(&p->proxy, text), strerror(errno));
		return false;
	}
	net_tune(fd);
	l->rfd = l->wfd = fd;
	l->eof = l->rst = l->unsent = false;
	l->at = l->in.n = 0;
	l->last = net_now();
	return true;
}

bool
px_reach(struct px_play *p, struct px_leg *l, int64_t deadline)
{
	while (!px_leg_there(l) && net_now() < deadline) {
		if (p->how.cast == PX_CAST_CLIENT && p->exited)
			break;
		px_pump(p, deadline);
	}
	return px_leg_there(l);
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
	case PX_WHEN:
		px_flush_all(p, s);
		px_play_steps(p, px_when_true(&p->env, s) ? s->body : s->other);
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
	return s->kind != PX_HEADING && s->kind != PX_PAYLOAD;
}

void
px_play_steps(struct px_play *p, const struct px_step *first)
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
				px_play_steps(p, p->retry->next);
			}
			continue;
		}
		s = s->next;
	}
	if (!p->stop)
		px_flush_all(p, NULL);
}
