/* SPDX-License-Identifier: ISC
 * dial.c - a session's connection to the proxy or the target: the addresses race (RFC 8305 section 5).
 * One thing to know: the next address starts when the one before has failed or is silent for a moment, and the first that
 * answers wins; so a dead address costs a quarter of a second and not its share of the deadline.  See session.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "say.h"
#include "session.h"

#define STAGGER_MS 250 /* RFC 8305 section 5, Connection Attempt Delay */
#define AT_ONCE 1      /* a time that has passed */

struct race {
	const struct addrs *list;
	struct pollfd p[ADDRS_MAX]; /* fd -1: this one has failed, */
	int err[ADDRS_MAX];	    /*   of this */
	size_t begun, running;
	int64_t next; /* when the next attempt is due */
};

int64_t
session_connect_deadline(const struct session *s)
{
	int c = s->cfg->connect_ms;

	return net_sooner(s->deadline, c > 0 ? net_now() + c : 0);
}

static int
find_addresses(struct session *s, int64_t deadline)
{
	const struct config *cfg = s->cfg;
	const char *why;

	if (s->route.first.n > 0)
		return 0;
	if (s->route.direct)
		why = resolve(cfg->host, cfg->port, cfg->has_ns ? &cfg->ns : NULL, deadline, &s->route.first);
	else
		why = resolve(cfg->proxy.host, cfg->proxy.port, NULL, deadline, &s->route.first);
	if (why == NULL)
		return 0;
	say_error("cannot resolve %s: %s", s->party, why);
	say_fatal("Unable to connect to %s host", s->route.direct ? "destination" : "relay");
	return strcmp(why, "timed out") == 0 ? ST_DEADLINE : ST_RESOLVE;
}

static void
begin_next(struct race *r)
{
	const struct net_addr *a = &r->list->a[r->begun];
	char text[NET_ADDRSTR];
	int fd;

	say_debug("connecting to %s", net_str(a, text));
	fd = net_dial_begin(a);
	r->err[r->begun] = fd < 0 ? errno : 0;
	r->p[r->begun++] = (struct pollfd){.fd = fd, .events = POLLOUT};
	r->running += fd >= 0;
	r->next = fd < 0 ? AT_ONCE : net_now() + STAGGER_MS;
}

static void
give_up(struct race *r, size_t i, int err)
{
	close(r->p[i].fd);
	r->p[i].fd = -1;
	r->err[i] = err;
	r->running--;
	r->next = AT_ONCE;
}

/* The attempts that have an outcome.  The winner's number, or -1. */
static int
look(struct race *r)
{
	for (size_t i = 0; i < r->begun; i++) {
		int err = r->p[i].fd < 0 || r->p[i].revents == 0 ? EINPROGRESS : net_dial_outcome(r->p[i].fd);

		if (err == 0)
			return (int)i;
		if (err != EINPROGRESS)
			give_up(r, i, err);
	}
	return -1;
}

/* The number of the first address that answers, -1 if there is none.  The other attempts are left running. */
static int
run_race(struct race *r, int64_t deadline)
{
	int winner = -1;

	while (winner < 0) {
		bool more = r->begun < r->list->n;
		int ready;

		if (more && net_left(r->next) == 0) {
			begin_next(r);
			continue;
		}
		if (r->running == 0)
			break;
		ready = poll(r->p, (nfds_t)r->begun, net_left(net_sooner(deadline, more ? r->next : 0)));
		if (ready > 0)
			winner = look(r);
		else if (ready < 0 ? errno != EINTR : net_left(deadline) == 0)
			break;
	}
	return winner;
}

/* Every attempt but the winner's, with its reason: errors if nobody won. */
static int
tell_losers(const struct session *s, const struct race *r, int winner)
{
	int err = 0;
	char text[NET_ADDRSTR];

	for (size_t i = 0; i < r->begun; i++) {
		if ((int)i == winner)
			continue;
		err = r->p[i].fd >= 0 ? ETIMEDOUT : r->err[i];
		(winner < 0 ? say_error : say_debug)("%s: cannot connect to %s: %s", s->party,
			net_str(&r->list->a[i], text),
			err == ETIMEDOUT && winner >= 0 ? "it did not answer yet"
			: err == ETIMEDOUT		? "timed out"
							: strerror(err));
	}
	return err;
}

int
session_dial(struct session *s)
{
	int64_t deadline = session_connect_deadline(s);
	int status = find_addresses(s, deadline), winner, err;
	struct addrs *list = &s->route.first;
	struct race r = {.list = list, .next = AT_ONCE};

	if (status != 0)
		return status;
	winner = run_race(&r, deadline);
	err = tell_losers(s, &r, winner);
	for (size_t i = 0; i < r.begun; i++)
		if (r.p[i].fd >= 0 && (int)i != winner)
			close(r.p[i].fd);
	if (winner >= 0) {
		s->fd = r.p[winner].fd;
		net_tune(s->fd);
		list->a[0] = list->a[winner]; /* to which we go again, if we have to */
		list->n = 1;
		return 0;
	}
	say_fatal("Unable to connect to %s host, errno=%d", s->route.direct ? "destination" : "relay", err);
	return deadline != 0 && net_left(deadline) == 0 ? ST_DEADLINE : ST_REACH;
}
