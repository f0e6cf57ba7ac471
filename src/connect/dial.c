/* SPDX-License-Identifier: ISC
 * dial.c - a session's connection to the proxy or the target: every address in turn, each with its share of the time.
 * See session.h. */
#include <errno.h>
#include <string.h>

#include "say.h"
#include "session.h"

int64_t
session_connect_deadline(const struct session *s)
{
	int c = s->cfg->connect_s;

	return net_sooner(s->deadline, c > 0 ? net_now() + (int64_t)c * 1000 : 0);
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

/* Of the time that is left, each address but the last gets its share. */
static int64_t
share(int64_t deadline, size_t addresses)
{
	if (deadline == 0 || addresses <= 1)
		return deadline;
	return net_now() + net_left(deadline) / (int64_t)addresses;
}

int
session_dial(struct session *s)
{
	int64_t deadline = session_connect_deadline(s);
	int status = find_addresses(s, deadline), err = 0;
	const struct addrs *list = &s->route.first;
	char text[NET_ADDRSTR];

	if (status != 0)
		return status;
	for (size_t i = 0; i < list->n; i++) {
		say_debug("connecting to %s", net_str(&list->a[i], text));
		s->fd = net_dial(&list->a[i], share(deadline, list->n - i));
		if (s->fd >= 0) {
			net_tune(s->fd);
			return 0;
		}
		err = errno;
		say_error("%s: cannot connect to %s: %s", s->party, net_str(&list->a[i], text),
			err == ETIMEDOUT ? "timed out" : strerror(err));
	}
	say_fatal("Unable to connect to %s host, errno=%d", s->route.direct ? "destination" : "relay", err);
	return deadline != 0 && net_left(deadline) == 0 ? ST_DEADLINE : ST_REACH;
}
