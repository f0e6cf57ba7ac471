/* SPDX-License-Identifier: ISC
 * play_act.c - two acts of the runner: C tries again, T connects to the proxy (BIND). */
#include "play.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static bool
has_token(const struct px_env *e, const char *var, const char *token)
{
	struct span v;
	size_t n = strlen(token);

	if (!px_env_get(e, var, &v))
		return false;
	for (size_t i = 0; i + n <= v.n; i++)
		if (strncasecmp((const char *)v.p + i, token, n) == 0)
			return true;
	return false;
}

/* The same connection, or a new one when the proxy closed it or said that it will (RFC 9112 sections 9.3, 9.6). */
void
px_retry(struct px_play *p, const struct px_step *s)
{
	struct span start;
	bool old;

	if (p->how.cast == PX_CAST_CLIENT) {
		p->redial = true;
		return;
	}
	px_pump(p, net_now() + 1);
	old = px_env_get(&p->env, "http.:start", &start) && start.n > 8 &&
	      memcmp(start.p, "HTTP/1.0", 8) == 0 && !has_token(&p->env, "http.connection", "keep-alive") &&
	      !has_token(&p->env, "http.proxy-connection", "keep-alive");
	p->retry = s;
	p->retry_total = p->cp.total;
	if (!px_leg_there(&p->cp) || p->cp.eof || old || has_token(&p->env, "http.connection", "close") ||
		has_token(&p->env, "http.proxy-connection", "close"))
		if (px_dial(p))
			p->retry_total = (size_t)-1;
}

/* "$DSTIP:$DSTPORT": the application server of a BIND connects to where the proxy listens. */
void
px_connect_out(struct px_play *p, const struct px_step *s)
{
	struct px_buf b = {NULL, 0, 0};
	const char *missing = "";
	char *colon, *host;
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
			*ai = NULL;
	struct net_addr to;
	int fd = -1;

	if (p->how.cast == PX_CAST_CLIENT)
		return;
	if (!px_expand(&p->env, &s->arg, &b, &missing)) {
		px_trouble(p, PX_O_ERROR, s->line, "no value for $%s", missing);
		goto out;
	}
	px_put(&b, "", 1);
	host = (char *)b.p;
	colon = strrchr(host, ':');
	if (colon != NULL)
		*colon++ = '\0';
	if (colon == NULL || getaddrinfo(host, colon, &hints, &ai) != 0 || ai->ai_addrlen > sizeof to.ss) {
		px_trouble(p, PX_O_ERROR, s->line, "connect wants ADDRESS:PORT, not \"%s\"", host);
		goto out;
	}
	if (strcmp(host, "0.0.0.0") == 0 ||
		strcmp(host, "::") == 0) { /* "the client replaces it by the proxy's" */
		to = p->proxy;
		net_set_port(&to, (unsigned)strtoul(colon, NULL, 10));
	} else {
		memcpy(&to.ss, ai->ai_addr, ai->ai_addrlen);
		to.len = ai->ai_addrlen;
	}
	px_leg_close(&p->pt, false);
	fd = net_dial(&to, px_until(p, s->within_ms >= 0 ? s->within_ms : 5000));
	if (fd < 0) {
		px_find(p, s->line, px_step_level(p, s, PX_L_NONE), "", "a listener", strerror(errno),
			"nobody accepts at the announced address %s port %s", host, colon);
		p->stop = true;
		goto out;
	}
	net_tune(fd);
	p->wanted = true;
	p->pt.rfd = p->pt.wfd = fd;
	p->pt.eof = p->pt.rst = p->pt.unsent = false;
	p->pt.at = p->pt.in.n = 0;
out:
	if (ai != NULL)
		freeaddrinfo(ai);
	px_buf_free(&b);
}
