# SPDX-License-Identifier: ISC
"""Wrong clients for ci/score, beyond those of tests/mutants/catalogue.py.

Most are fine errors: a plain session goes well with them, so that only the case that is about them can notice.  They are
exact replacements as there; those in src/base are made in connect alone."""
import catalogue
from catalogue import C4, C5, CBODY, CH, CHH, CT

RELAY, PUMP, MAIN = "src/base/relay.c", "src/base/pump.c", "src/connect/main.c"
SESSION, SHAKE = "src/connect/session.c", "src/connect/shake.c"
MUTANTS = []


def wrong(name, proto, error, spec, *edits):
    """proto "any": every protocol is asked."""
    MUTANTS.append(catalogue.Mutant(name, "client", proto, error, spec, list(edits)))


# ---- the session and its end -------------------------------------------------------------------------------------

wrong("w-exit-0", "any", "the exit status is 0 whatever happened", "connect(1)",
      (MAIN, "	opts_free(&config);\n	return status;\n", "	opts_free(&config);\n	return 0;\n"))
wrong("w-eof-opens", "any", "a connection that ends too early is taken for an open tunnel", "connect(1)",
      (PUMP, '			fail(p, peer, FAIL_EOF, "the connection ended too early");\n', "			p->want = PEER_OPEN;\n"))
wrong("w-no-deadline", "any", "no deadline ends a handshake", "connect(1)",
      (SESSION, "	if (cfg->wait_ms > 0)\n", "	if (cfg->wait_ms > 99999999)\n"),
      (SESSION, "		.silence_ms = cfg->handshake_ms,\n", ""))
wrong("w-early-lost", "any", "what comes with the end of the handshake is dropped", "GEN",
      (SESSION, "		r->down.n = s->pump.have;\n", "		r->down.n = 0;\n"))
wrong("w-broken-is-0", "any", "a session that is reset ends with status 0", "connect(1)",
      (SESSION, "strerror(r->err));\n		return ST_IO;\n", "strerror(r->err));\n		return ST_OK;\n"))
wrong("w-no-half-close", "any", "the end of the input is not passed on", "TCP",
      (SESSION, "r->half_close = s->cfg->half_close;", "r->half_close = false;"))
wrong("w-input-end-ends-all", "any", "the end of the input ends both directions", "TCP",
      (RELAY, "		if (r->half_close)\n			shutdown(f->to, SHUT_WR);\n", "		shutdown(f->to, SHUT_RDWR);\n"))
wrong("w-target-end-ends-all", "any", "the end of the target's stream ends both directions", "TCP",
      (RELAY, "return r->up.over && (r->down.over || r->down.lost);", "return r->down.over || r->down.lost;"))
wrong("w-target-end-unsaid", "any", "the target's end of stream does not end the output", "TCP",
      (RELAY, "	f->over = true;\n	if (f->lost)\n		return;\n", "	f->over = true;\n	if (f->lost || f != &r->up)\n		return;\n"))
wrong("w-down-7bit", "any", "the highest bit of what comes back is cleared", "GEN",
      (RELAY, "		f->n = (size_t)got;\n", "		f->n = (size_t)got;\n		for (size_t i = 0; i < f->n && f == &r->down; i++)\n"
       "			f->buf[i] &= 0x7f;\n"))
wrong("w-up-7bit", "any", "the highest bit of what is sent is cleared", "GEN",
      (RELAY, "		f->n = (size_t)got;\n", "		f->n = (size_t)got;\n		for (size_t i = 0; i < f->n && f == &r->up; i++)\n"
       "			f->buf[i] &= 0x7f;\n"))
wrong("w-nul-changed", "any", "NUL comes back as a blank", "GEN",
      (RELAY, "		f->n = (size_t)got;\n", "		f->n = (size_t)got;\n		for (size_t i = 0; i < f->n; i++)\n"
       "			f->buf[i] = f->buf[i] == 0 ? ' ' : f->buf[i];\n"))
wrong("w-long-tail-lost", "any", "what is behind the first 60000 octets is lost", "GEN",
      (RELAY, "		f->n = (size_t)got;\n", "		static size_t all;\n\n		f->n = (size_t)got;\n		if ((all += f->n) > 60000)\n"
       "			f->n = 0;\n"))
wrong("w-up-tail-lost", "any", "of what is sent, what is behind the first 60000 octets is lost", "GEN",
      (RELAY, "		f->n = (size_t)got;\n", "		static size_t all;\n\n		f->n = (size_t)got;\n		if (f == &r->up && (all += f->n) > 60000)\n"
       "			f->n = 0;\n"))
wrong("w-line-wanted", "any", "the last octet of an unfinished line is lost", "GEN",
      (RELAY, "		f->n = (size_t)got;\n", "		f->n = (size_t)got;\n		if (f->buf[f->n - 1] != '\\n')\n			f->n--;\n"))
wrong("w-third-lost", "any", "the third piece of each session is lost", "GEN",
      (RELAY, "		f->n = (size_t)got;\n", "		static int all;\n\n		f->n = ++all == 3 ? 0 : (size_t)got;\n"))
wrong("w-silent-half-second", "any", "what is sent waits for half a second", "GEN",
      (RELAY, "	size_t n = f->chunk != 0 && f->n > f->chunk ? f->chunk : f->n;\n",
       "	size_t n = poll(NULL, 0, 500) == 0 && f->chunk != 0 && f->n > f->chunk ? f->chunk : f->n;\n"))
wrong("w-error-on-stdout", "any", "errors are written to standard output", "connect(1)",
      (SHAKE, "	const char *text = c->peer.fail.text, *open = \"\", *close = \"\", *detail = \"\";\n",
       "	const char *text = c->peer.fail.text, *open = \"\", *close = \"\", *detail = \"\";\n\n	puts(text);\n	fflush(stdout);\n"))
wrong("w-window-8k", "any", "the window of the handshake is 8 KiB", "connect(1)",
      (SESSION, "#define WINDOW (64 * 1024)", "#define WINDOW (8 * 1024)"))

# ---- SOCKS4 ------------------------------------------------------------------------------------------------------

wrong("w4-cd-unassigned", "socks4", "a CD that nobody has assigned opens the tunnel", "SOCKS4 §1",
      (C4, "	if (cd != 90) {\n", "	if (cd >= 91 && cd <= 93) {\n"))
wrong("w4-ip6", "socks4", "an IPv6 address is asked for as 0.0.0.1", "SOCKS4 §1",
      (C4, "	if (d->kind == DST_IP6)\n", "	if (d->kind == DST_IP6 && d->port == 0)\n"))
wrong("w4-dst-zero", "socks4", "a reply whose DSTPORT is not 0 is refused", "SOCKS4 §1",
      (C4, "	if (vn == 4)\n", '	if (in->p[2] != 0 || in->p[3] != 0)\n		return client_fail(c, FAIL_PROTOCOL, -1, "DSTPORT");\n	if (vn == 4)\n'))
wrong("w4-vn-4-refused", "socks4", "VN 4 of a reply is refused", "SOCKS4 §1",
      (C4, "vn != 0 && vn != 4", "vn != 0"))
wrong("w4-any-vn", "socks4", "any VN of a reply is taken", "SOCKS4 §1",
      (C4, "!r.lack && vn != 0 && vn != 4", "!r.lack && vn > 255"))
wrong("w4-one-read", "socks4", "a reply that is not whole in one read is refused", "TCP",
      (C4, "	rd_take(&r, 6);\n	if (r.lack)\n", '	rd_take(&r, 6);\n	if (r.lack && in->n > 0)\n'
       '		return client_fail(c, FAIL_PROTOCOL, -1, "short");\n	if (r.lack)\n'),
      (C4, "	cd = rd_u8(&r);\n	if (r.lack)\n", '	cd = rd_u8(&r);\n	if (r.lack && in->n > 0)\n'
       '		return client_fail(c, FAIL_PROTOCOL, -1, "short");\n	if (r.lack)\n'))
wrong("w4-name-over-255", "socks4a", "a name of 256 octets is sent", "SOCKS4A",
      (C4, "strlen(d->host) > 255", "strlen(d->host) > 9999"))

# ---- SOCKS5 ------------------------------------------------------------------------------------------------------

wrong("w5-method-any-ver", "socks5", "any VER of the selection is taken", "RFC 1928 §3",
      (C5, '	if (!r.lack && ver != 5)\n		return bad_version(c, ver, "this is not a SOCKS5 method',
       '	if (!r.lack && ver > 255)\n		return bad_version(c, ver, "this is not a SOCKS5 method'))
wrong("w5-method-any", "socks5", "a method that was not offered is taken for none", "RFC 1928 §3",
      (C5, "	if (!offered(c, method)) {\n", "	if (method > 255) {\n"))
wrong("w5-method-one-read", "socks5", "a selection that is not whole in one read is refused", "TCP",
      (C5, "	method = rd_u8(&r);\n	if (r.lack)\n", '	method = rd_u8(&r);\n	if (r.lack && in->n > 0)\n'
       '		return client_fail(c, FAIL_PROTOCOL, -1, "short");\n	if (r.lack)\n'))
wrong("w5-reply-any-ver", "socks5", "any VER of the reply is taken", "RFC 1928 §6",
      (C5, '	if (!r.lack && ver != 5)\n		return bad_version(c, ver, "this is not a SOCKS5 reply',
       '	if (!r.lack && ver > 255)\n		return bad_version(c, ver, "this is not a SOCKS5 reply'))
wrong("w5-reply-one-read", "socks5", "a reply that is not whole in one read is refused", "TCP",
      (C5, "	rd_take(&r, 2);\n	if (r.lack)\n", '	rd_take(&r, 2);\n	if (r.lack && in->n > 0)\n'
       '		return client_fail(c, FAIL_PROTOCOL, -1, "short");\n	if (r.lack)\n'))
wrong("w5-rep-high", "socks5", "a REP of 9 or more opens the tunnel", "RFC 1928 §6",
      (C5, "	if (rep != 0) {\n", "	if (rep != 0 && rep < 9) {\n"))
wrong("w5-bnd-ip6-short", "socks5", "BND.ADDR of ATYP 4 has 4 octets", "RFC 1928 §5",
      (C5, "		rd_take(r, 16);\n", "		rd_take(r, 4);\n"))
wrong("w5-bnd-ip4-only", "socks5", "BND of another ATYP than 1 is refused", "RFC 1928 §5",
      (C5, "	if (atyp == 1)\n		rd_take(r, 4);\n	else if (atyp == 4)\n", "	if (atyp == 1)\n		rd_take(r, 4);\n	else if (atyp == 4 && r->lack)\n"))
wrong("w5-bnd-wanted", "socks5", "a BND of all zeros is refused", "RFC 1928 §6",
      (C5, "	note_reply(c, span_of(in->p, r.at));\n	span_eat(in, r.at);\n	return PEER_OPEN;\n",
       '	if (in->p[4] == 0 && in->p[r.at - 1] == 0)\n		return client_fail(c, FAIL_PROTOCOL, -1, "BND");\n'
       "	note_reply(c, span_of(in->p, r.at));\n	span_eat(in, r.at);\n	return PEER_OPEN;\n"))
wrong("w5-bnd-loopback", "socks5", "a BND of the loopback is refused", "RFC 1928 §6",
      (C5, "	note_reply(c, span_of(in->p, r.at));\n	span_eat(in, r.at);\n	return PEER_OPEN;\n",
       '	if (in->p[4] == 127 || in->p[4] == 0)\n		return client_fail(c, FAIL_PROTOCOL, -1, "BND");\n'
       "	note_reply(c, span_of(in->p, r.at));\n	span_eat(in, r.at);\n	return PEER_OPEN;\n"))
wrong("w5-any-atyp", "socks5", "an unknown ATYP is taken for a BND without address", "RFC 1928 §5",
      (C5, "		return r->lack;\n", "		return true;\n"))
wrong("w5-rsv-checked", "socks5", "a reply whose RSV is not 0 is refused", "RFC 1928 §6",
      (C5, "	rd_u8(&r);\n	atyp = rd_u8(&r);\n", '	if (rd_u8(&r) != 0)\n		return client_fail(c, FAIL_PROTOCOL, -1, "RSV");\n	atyp = rd_u8(&r);\n'))
wrong("w5-failure-of-10", "socks5", "a refusal is only known when it has ten octets", "RFC 1928 §6",
      (C5, "	if (rep != 0) {\n", "	if (rep != 0 && in->n < 10)\n		return PEER_MORE;\n	if (rep != 0) {\n"))
wrong("w5-name-over-255", "socks5", "a name of 256 octets is sent, its length modulo 256", "RFC 1928 §5",
      (C5, "strlen(c->dst.host) > 255", "strlen(c->dst.host) > 9999"), (C5, "		if (len > 255)\n", "		if (len > 9999)\n"))
wrong("w5-port-one-octet", "socks5", "the high octet of DST.PORT is that of the low one when it is small", "RFC 1928 §4",
      (C5, "	put_u16(out, d->port);\n", "	put_u16(out, d->port < 1024 ? d->port & 255u : d->port);\n"))
wrong("wup-too-long", "userpass", "a password of 256 octets is sent, its length modulo 256", "RFC 1929 §2",
      (C5, "	if (plen > 255)\n", "	if (plen > 9999)\n"), (C5, "	if (ulen > 255)\n", "	if (ulen > 9999)\n"))
wrong("wup-max-127", "userpass", "a name or password of 128 octets is refused", "RFC 1929 §2",
      (C5, "	if (plen > 255)\n", "	if (plen > 127)\n"))
wrong("wup-empty", "userpass", "an empty password is refused", "RFC 1929 §2",
      (C5, "	if (plen > 255)\n", "	if (plen == 0 || plen > 255)\n"))
wrong("wup-ver-checked", "userpass", "a status whose VER is not 1 is refused", "RFC 1929 §2",
      (C5, '		note(c, "VER of the status is not 1, as RFC 1929 says");\n', '		return client_fail(c, FAIL_PROTOCOL, -1, "VER");\n'))
wrong("wup-one-read", "userpass", "a status that is not whole in one read is refused", "TCP",
      (C5, "	status = rd_u8(&r);\n	if (r.lack)\n", '	status = rd_u8(&r);\n	if (r.lack && in->n > 0)\n'
       '		return client_fail(c, FAIL_PROTOCOL, -1, "short");\n	if (r.lack)\n'))
wrong("wup-status-ignored", "userpass", "any STATUS is taken for success", "RFC 1929 §2",
      (C5, "	if (status != 0) {\n", "	if (status > 255) {\n"))
wrong("wup-secret-noted", "userpass", "-d shows the password", "connect(1)",
      (C5, '	note(c, ">>> xx xx xx xx ...");\n', "	note(c, c->pass);\n"))

# ---- HTTP --------------------------------------------------------------------------------------------------------

wrong("wh-200-only", "http", "another 2xx than 200 does not open the tunnel", "RFC 9110 §9.3.6",
      (CH, "		return PEER_OPEN;\n	case 3: {\n", "		if (c->u.http.status != 200)\n			return refuse(c, reason, \"not 200\");\n"
       "		return PEER_OPEN;\n	case 3: {\n"))
wrong("wh-4xx-opens", "http", "a 4xx or 5xx opens the tunnel", "RFC 9110 §9.3.6",
      (CH, "c->u.http.status >= 400 && c->u.http.status != 401 && c->u.http.status != 407", "c->u.http.status >= 600"),
      (CH, "switch (c->u.http.status / 100) {", "switch (c->u.http.status >= 400 && c->u.http.status != 401 && c->u.http.status != 407 ? 2 : c->u.http.status / 100) {"))
wrong("wh-2xx-framed", "http", "a 2xx with a length or coding is refused", "RFC 9110 §9.3.6",
      (CH, "		return PEER_OPEN;\n	case 3: {\n", "		(void)field_get(head, \"Content-Length\", &count);\n		if (count != 0)\n"
       "			return refuse(c, reason, \"length\");\n		(void)field_get(head, \"Transfer-Encoding\", &count);\n"
       "		if (count != 0)\n			return refuse(c, reason, \"coding\");\n		return PEER_OPEN;\n	case 3: {\n"))
wrong("wh-11-only", "http", "another version than 1.1 is refused", "RFC 9112 §2.3",
      (CHH, "	*minor = s.p[7] - '0';\n", "	*minor = s.p[7] - '0';\n	if (*minor != 1)\n		return -1;\n"))
wrong("wh-reason-wanted", "http", "a status line without reason is refused", "RFC 9112 §4",
      (CHH, "	*reason = trim(s);\n	return status;\n", "	*reason = trim(s);\n	return reason->n == 0 ? -1 : status;\n"))
wrong("wh-status-not-digits", "http", "a status may have letters", "RFC 9112 §4",
      (CHH, "		if (s.p[i] < '0' || s.p[i] > '9')\n			return -1;\n", ""))
wrong("wh-two-digits", "http", "a status of two digits is taken", "RFC 9112 §4",
      (CHH, "	if (s.n < 3 || (s.n > 3 && !is_blank(s.p[3])))\n		return -1;\n	for (int i = 0; i < 3; i++) {\n",
       "	if (s.n < 3)\n		return -1;\n	for (int i = 0; i < 3; i++) {\n		if (i == 2 && is_blank(s.p[i]))\n			return status * 10;\n"))
wrong("wh-status-000", "http", "a status below 100 opens the tunnel", "RFC 9110 §15",
      (CH, "	if (c->u.http.status < 100) {\n", "	if (c->u.http.status < 0) {\n"),
      (CH, "switch (c->u.http.status / 100) {", "switch (c->u.http.status < 100 ? 2 : c->u.http.status / 100) {"))
wrong("wh-field-case", "basic", "field names are compared with case", "RFC 9110 §5.1",
      (CHH, "		if (lower(a.p[i]) != lower((uint8_t)b[i]))\n", "		if (a.p[i] != (uint8_t)b[i])\n"))
wrong("wh-one-read", "http", "a head that is not whole in one read is refused", "TCP",
      (CH, "	if (n == 0 && status_possible(*in))\n", "	if (n == 0 && in->n == 0)\n"))
wrong("wh-crlf-only", "http", "a line that ends with LF alone is no line", "RFC 9112 §2.2",
      (CHH, "	if (line.n > 0 && line.p[line.n - 1] == '\\r')\n		line.n--;\n	return line;\n",
       "	if (line.n > 0 && line.p[line.n - 1] == '\\r')\n		line.n--;\n	else if (line.n == 0)\n		line.n++;\n	return line;\n"))
wrong("wh-no-fold", "basic", "a folded line is a field of its own", "RFC 9112 §5.2",
      (CHH, "	while (*at < head.n && (head.p[*at] == ' ' || head.p[*at] == '\\t')) { /* obs-fold */\n",
       "	while (*at > head.n && head.p[*at] == ' ') {\n"))
wrong("wh-head-tail-lost", "http", "what follows the head in its segment is dropped", "RFC 9110 §9.3.6",
      (CH, "	span_eat(in, n);\n	return head_done(c, head, reason, minor);\n",
       "	span_eat(in, c->u.http.status / 100 == 2 ? in->n : n);\n	return head_done(c, head, reason, minor);\n"))
wrong("wh-te-and-cl", "basic", "of both Content-Length and Transfer-Encoding the length counts", "RFC 9112 §6.3",
      (CBODY, "	if (te > 0) {\n", "	if (te > 0 && cl == 0) {\n"))
wrong("wh-bad-length", "basic", "a length ends at the first octet that is no digit", "RFC 9112 §6.3",
      (CBODY, "		if (length.p[i] < '0' || length.p[i] > '9')\n			return false;\n",
       "		if (length.p[i] < '0' || length.p[i] > '9')\n			break;\n"))
wrong("wh-length-ignored", "basic", "the body of a challenge is taken for the next response", "RFC 9112 §6.3",
      (CBODY, "	if (cl != 1 || length.n == 0 || length.n > 9)\n		return false;\n", "	if (length.n < 10000)\n		return true;\n"),
      (CH, "	if (c->u.http.status < 100 &&\n		c->u.http.kept)", "	if (c->u.http.status < -1 &&\n		c->u.http.kept)"))
wrong("wh-chunked-ignored", "basic", "a chunked body is taken for the next response", "RFC 9112 §6.3",
      (CBODY, "		c->u.http.chunked = true;\n", ""),
      (CH, "	if (c->u.http.status < 100 &&\n		c->u.http.kept)", "	if (c->u.http.status < -1 &&\n		c->u.http.kept)"))
wrong("wh-huge-body", "basic", "a body of any length is waited for", "connect(1)",
      (CBODY, "#define BODY_MAX (1024 * 1024)", "#define BODY_MAX (1024ll * 1024 * 1024 * 1024)"),
      (CBODY, "length.n > 9)", "length.n > 18)"))
wrong("wh-close-ignored", "basic", "Connection: close is not looked at", "RFC 9112 §9.3",
      (CH, '	if (field_has(head, "Connection", "close") || field_has(head, "Proxy-Connection", "close"))\n		return false;\n', ""))
wrong("wh-10-persists", "basic", "a connection with an HTTP/1.0 response is kept", "RFC 9112 §9.3",
      (CH, "	if (minor >= 1)\n", "	if (minor >= 0)\n"), (CBODY, "cl == 0 && minor >= 1 && same", "cl == 0 && minor >= 0 && same"))
wrong("wh-never-again", "basic", "after a close no second connection is made", "RFC 9112 §9.3",
      (CH, "	c->u.http.kept = false;\n	client_enter(c, send_request, \"HTTP response\");\n	return PEER_REDIAL;\n",
       "	return client_fail(c, FAIL_AUTH, c->u.http.status, \"closed\");\n"))
wrong("wh-asks-for-ever", "basic", "a second challenge is answered again", "RFC 9110 §15.5.8",
      (CH, "	if (c->u.http.authorize) {\n		client_detail", "	if (c->u.http.authorize && minor > 9) {\n		client_detail"))
wrong("wh-401-refused", "basic", "a 401 is no challenge", "connect(1)",
      (CH, "c->u.http.status >= 400 && c->u.http.status != 401 &&", "c->u.http.status >= 400 &&"))
wrong("wh-first-challenge", "basic", "only the first field with challenges is looked at", "RFC 9110 §11.7.1",
      (CHH, "		if (same_nocase(n, name) && challenge_in_value(v, schemes))\n			found = true;\n",
       "		if (same_nocase(n, name))\n			return challenge_in_value(v, schemes);\n"))
wrong("wh-first-in-field", "basic", "only the first challenge of a field is looked at", "RFC 9110 §11.6.1",
      (CHH, "		skip_item(&v);\n	}\n	return found;\n", "		skip_item(&v);\n		break;\n	}\n	return found;\n"))
wrong("wh-any-word-basic", "basic", "Basic inside another challenge counts", "RFC 9110 §11.6.1",
      (CHH, "	if (n == 0 || (after < v.n && v.p[after] == '='))\n		return false;\n	return n == v.n || is_blank(v.p[n]) || v.p[n] == ',';\n",
       "	return n > 0;\n"), (CHH, "		skip_item(&v);\n	}\n", "		span_eat(&v, v.n > 0);\n	}\n"))
wrong("wh-any-scheme", "basic", "a challenge of any scheme is answered with Basic", "RFC 9110 §11.6.1",
      (CHH, '			if (same_nocase(word, "Basic"))\n', "			if (word.n > 0)\n"))
wrong("wh-colon-in-user", "basic", "a user with a colon is sent", "RFC 7617 §2",
      (CH, "	if (strchr(c->user, ':') != NULL)\n", "	if (strchr(c->user, '\\n') != NULL)\n"))
wrong("wh-control-sent", "basic", "control characters in user and password are sent", "RFC 7617 §2",
      (CH, "	if (!is_word(c->user) || has_control(c->pass))\n", "	if (c->user[0] == 0 && has_control(c->pass))\n"))
wrong("wh-injection", "http", "blanks, CR and LF in the target's name are sent", "RFC 9112 §11.1",
      (CH, "	if (!is_word(c->dst.host) || c->dst.host[0] == '\\0')\n", "	if (c->dst.host[0] == '\\0')\n"))
wrong("wh-no-port-443", "http", "port 443 is left out", "RFC 9110 §9.3.6",
      (CH, "	ob_u8(out, ':');\n	put_port(out, d->port);\n", "	if (d->port == 443)\n		return;\n	ob_u8(out, ':');\n	put_port(out, d->port);\n"))
wrong("wh-host-without-port", "http", "Host has no port", "RFC 9112 §3.2",
      (CH, '		put_authority(out, &c->dst);\n		ob_str(out, "\\r\\nUser', '		ob_str(out, c->dst.host);\n		ob_str(out, "\\r\\nUser'))
wrong("wh-content-length", "http", "the request has Content-Length", "RFC 9110 §9.3.6",
      (CH, '		ob_str(out, "\\r\\nUser-Agent: " USER_AGENT "\\r\\n");\n', '		ob_str(out, "\\r\\nContent-Length: 0\\r\\n");\n'))
wrong("wh-content", "http", "the request has a body", "RFC 9110 §9.3.6",
      (CH, '		ob_str(out, "\\r\\nUser-Agent: " USER_AGENT "\\r\\n");\n',
       '		ob_str(out, "\\r\\nUser-Agent: " USER_AGENT "\\r\\nTransfer-Encoding: chunked\\r\\n");\n'))
wrong("wh-two-agents", "http", "User-Agent has no product in it", "RFC 9110 §10.1.5",
      (CH, '		ob_str(out, "\\r\\nUser-Agent: " USER_AGENT "\\r\\n");\n', '		ob_str(out, "\\r\\nUser-Agent: (c)\\r\\n");\n'))
wrong("wh-preemptive", "basic", "the login name goes with the first request", "RFC 9110 §11.7.2",
      (CH, "	if (c->u.http.authorize) {\n		ob_str(out,", '	if (!c->u.http.authorize)\n'
       '		ob_str(out, "Proxy-Authorization: Basic dTpw\\r\\n");\n	if (c->u.http.authorize) {\n		ob_str(out,'))
wrong("wh-not-http", "http", "what is no status line opens the tunnel", "RFC 9112 §4",
      (CH, "	if (c->u.http.status < 100) {\n", "	if (c->u.http.status < 100)\n		return PEER_OPEN;\n	if (c->u.http.status < 100) {\n"))
wrong("wh-realm-quoted", "basic", "a challenge whose realm is not quoted is none", "RFC 9110 §11.5",
      (CHH, "			if (same_nocase(word, \"Basic\"))\n",
       "			if (same_nocase(word, \"Basic\") && (v.n < 7 || memchr(v.p, '\"', v.n) != NULL))\n"))
wrong("wh-secret-noted", "basic", "-d shows the credentials", "connect(1)",
      ("src/connect/http_note.c", "	while ((n = head_line(s)) != 0) {\n		if (n > 20", "	if (c->pass != NULL)\n		note(c, c->pass);\n	while ((n = head_line(s)) != 0) {\n		if (n > 20"))

# ---- telnet ------------------------------------------------------------------------------------------------------

wrong("wt-unanswered", "telnet", "options are not answered", "RFC 854",
      (CT, "	if (*done & bit)\n		return;\n", "	if ((*done & bit) == 0)\n		return;\n"))
wrong("wt-loop", "telnet", "a repeated request is refused again", "RFC 1143 §2",
      (CT, "	if (*done & bit)\n		return;\n", ""))
wrong("wt-wont-answered", "telnet", "WONT and DONT are answered too", "RFC 854",
      (CT, "	if (out != NULL && (verb == WILL || verb == DO))\n		refuse_option(c, verb, s.p[2], out);\n",
       "	if (out != NULL)\n		refuse_option(c, verb == WONT ? WILL : verb == DONT ? DO : verb, s.p[2], out);\n"))
wrong("wt-iac-is-text", "telnet", "IAC and commands are text", "RFC 854",
      (CT, "		n = ch == IAC ? take_iac(c, *in, out) : 1;\n\n", "		n = 1;\n		(void)take_iac;\n		(void)out;\n"))
wrong("wt-iac-split", "telnet", "a command that is not whole in one read is text", "TCP",
      (CT, "	if (s.n < 2)\n		return 0;\n", "	if (s.n < 2)\n		return 1;\n"),
      (CT, "	if (s.n < 3)\n		return 0;\n", "	if (s.n < 3)\n		return s.n;\n"))
wrong("wt-bad-first", "telnet", "a bad phrase counts before a good one", "connect(1)",
      (CT, "	if (good != NULL) {\n", "	if (good != NULL && bad == NULL) {\n"))
wrong("wt-no-bad-phrase", "telnet", "no phrase of failure is known", "connect(1)",
      (CT, "	if (bad != NULL) {\n", "	if (bad != NULL && bad[0] == 0) {\n"))
wrong("wt-not-connected", "telnet", "every line with \"connect\" is success", "connect(1)",
      (CT, "	good = c->u.tel.good_seen;\n", '	good = find(line, "connect", 0) < line.n && find(line, "connect ", 0) == line.n ? "connect" : c->u.tel.good_seen;\n'))
wrong("wt-any-line", "telnet", "every line after the command is success", "connect(1)",
      (CT, "	if (r != CLIENT_NEXT)\n		return r;\n	return eof ? at_eof(c) : PEER_MORE;\n",
       "	if (r != CLIENT_NEXT)\n		return r;\n	if (c->detail[0] != 0 && find(span_str(c->detail), \"not\", 0) < strlen(c->detail))\n"
       "		return PEER_OPEN;\n	return eof ? at_eof(c) : PEER_MORE;\n"))
wrong("wt-escape-line", "telnet", "the line with the escape character is delivered", "connect(1)",
      (SESSION, '		r->chatter = "Escape character is";\n', "		r->chatter = NULL;\n"))
wrong("wt-one-read", "telnet", "the line of success has to come in one read", "TCP",
      (CT, "	if (r == CLIENT_NEXT)\n		show_last_words(c);\n", "	if (r == CLIENT_NEXT)\n		show_last_words(c);\n	if (out == NULL)\n		c->u.tel.n = 0;\n"))
wrong("wt-long-line", "telnet", "a line has at most 100 octets", "connect(1)",
      (CT, "	c->u.tel.line[c->u.tel.n++] = (char)ch;\n", "	if (c->u.tel.n < 100)\n		c->u.tel.line[c->u.tel.n++] = (char)ch;\n"))
wrong("wt-waits-for-line", "telnet", "the command waits for a line of the proxy", "connect(1)",
      (CT, "	if (c->peer.waited)\n", "	if (c->peer.waited && c->u.tel.total > 0)\n"))
wrong("wt-no-wait", "telnet", "the command is sent at once", "connect(1)",
      (CT, "	if (c->peer.waited)\n", "	if (c->peer.waited || before == 0)\n"))
